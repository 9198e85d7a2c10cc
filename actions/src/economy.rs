//! What someone may do with bytes.

mod awards;
mod boards;
pub(crate) mod daily;
mod history;
mod wallet;
mod what_if;

use domain::{
    Bytes, Decider as _, GuildId, IdempotencyKey, PersonId, Personal, Refusal as _, Timestamp,
    UserId,
    economy::{Command, DailyTrigger, Economy, EconomySettings, Event, Reason, SpendId},
    refusals::{Keep, Rule},
    settings::{Change, InForce, Settings},
};
use eventlog::{CommandError, Decision, StreamId};

pub use awards::{Award, RoleOrder};
pub use boards::{BoardLine, DEFAULT_BOARD, MAX_BOARD, MAX_WEEKS_AGO, WeeklyBoard};
pub use history::{HistoryLine, HistoryPage, MAX_HISTORY_PAGE};
pub use wallet::Wallet;

use crate::{
    ActionError, Actions, Caller, Permission,
    in_force::settings_stream,
    modules::{Module, Offer},
};

pub const MODULE: Module = Module {
    name: "economy",
    title: "Economy",
    about: "A currency of the community: daily rewards, transfers, boards and role rewards.",
    offer: Offer::Standard,
};

pub type SettingsOfEconomy = Settings<EconomySettings>;

/// What a movement of bytes came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub amount: Bytes,
    /// The same request was carried out before; nothing was moved again.
    pub repeated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daily {
    pub amount: Bytes,
    pub streak_days: u32,
    pub tier: Option<String>,
    pub repeated: bool,
}

impl Daily {
    /// Whom an event pays what; none where it pays no daily reward.
    fn paid_by(event: &Event, repeated: bool) -> Option<(PersonId, Self)> {
        let Event::DailyAwarded { to, amount, streak_days, tier, .. } = event else { return None };
        let (amount, streak_days, tier) = (*amount, *streak_days, tier.clone());
        Some((*to, Self { amount, streak_days, tier, repeated }))
    }
}

impl Actions {
    #[tracing::instrument(name = "economy.grant", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn grant_bytes(
        &self,
        guild: GuildId,
        caller: &Caller,
        to: UserId,
        amount: Bytes,
        reason: Option<&str>,
        key: &IdempotencyKey,
    ) -> Result<Moved, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let what = ("bytes grant", Some(to));
        self.authorise_to(what, guild, caller, Permission::ManageEconomy, key).await?;
        let to = self.people().person(guild, to).await?;
        let terms = self.economy_terms(guild).await?;
        let reason = personal(to, reason);
        let command = Command::Grant { to, amount, reason, terms };
        let decision = self.economy(guild, caller, key, command).await?;
        moved(&decision, |event| match event {
            Event::BytesGranted { amount, .. } => Some(*amount),
            _ => None,
        })
    }

    #[tracing::instrument(name = "economy.take", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn take_bytes(
        &self,
        guild: GuildId,
        caller: &Caller,
        from: UserId,
        amount: Bytes,
        reason: Option<&str>,
        key: &IdempotencyKey,
    ) -> Result<Moved, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let what = ("bytes take", Some(from));
        self.authorise_to(what, guild, caller, Permission::ManageEconomy, key).await?;
        let from = self.people().person(guild, from).await?;
        let terms = self.economy_terms(guild).await?;
        let reason = personal(from, reason);
        let command = Command::Take { from, amount, reason, terms };
        let decision = self.economy(guild, caller, key, command).await?;
        moved(&decision, |event| match event {
            Event::BytesTaken { amount, .. } => Some(*amount),
            _ => None,
        })
    }

    /// From one member to another. `at` is when it was asked for.
    #[tracing::instrument(name = "economy.send", level = "debug", skip_all, fields(guild.id = %guild))]
    #[expect(clippy::too_many_arguments, reason = "a transfer is that many facts")]
    pub async fn send_bytes(
        &self,
        guild: GuildId,
        caller: &Caller,
        from: UserId,
        to: UserId,
        amount: Bytes,
        reason: Option<&str>,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Moved, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        if !caller.is(from) {
            return Err(ActionError::NotYourself);
        }
        let from = self.people().person(guild, from).await?;
        let to = self.people().person(guild, to).await?;
        let terms = self.economy_terms(guild).await?;
        let reason = personal(from, reason);
        let policy = terms.version;
        let command = Command::Transfer { from, to, amount, reason, at, terms };
        let decision = self.economy(guild, caller, key, command).await;
        if let Err(ActionError::Refused { rule, .. }) = &decision
            && let Some(rule) = Rule::of(rule)
        {
            let refused = Keep { from, to, amount, at, rule };
            self.keep_transfer(guild, caller, key, policy, refused).await;
        }
        let decision = decision?;
        moved(&decision, |event| match event {
            Event::BytesTransferred { amount, .. } => Some(*amount),
            _ => None,
        })
    }

    /// The day's reward, for the member's first message of the day or for asking.
    #[tracing::instrument(name = "economy.award_daily", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn award_daily(
        &self,
        guild: GuildId,
        caller: &Caller,
        to: UserId,
        trigger: DailyTrigger,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Daily, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        if !caller.is(to) {
            return Err(ActionError::NotYourself);
        }
        let to = self.people().person(guild, to).await?;
        let terms = self.economy_terms(guild).await?;
        let command = Command::AwardDaily { to, trigger, at, terms };
        let decision = self.economy(guild, caller, key, command).await?;
        let daily = |event: &Event| Daily::paid_by(event, decision.repeated);
        let daily = decision.events.iter().find_map(daily);
        daily.map(|(_, daily)| daily).ok_or_else(used_for_something_else)
    }

    /// Takes bytes for something that is still to happen. For processes.
    #[tracing::instrument(name = "economy.spend", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn spend_bytes(
        &self,
        guild: GuildId,
        caller: &Caller,
        (spend, from): (SpendId, PersonId),
        amount: Bytes,
        purpose: &str,
        key: &IdempotencyKey,
    ) -> Result<Moved, ActionError> {
        ours(caller)?;
        let terms = self.economy_terms(guild).await?;
        let purpose = purpose.to_owned();
        let command = Command::Spend { spend, from, amount, purpose, terms };
        let decision = self.economy(guild, caller, key, command).await?;
        moved(&decision, |event| match event {
            Event::BytesSpent { amount, .. } => Some(*amount),
            _ => None,
        })
    }

    /// What was bought happened.
    #[tracing::instrument(name = "economy.settle_spend", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn settle_spend(
        &self,
        guild: GuildId,
        caller: &Caller,
        spend: SpendId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        ours(caller)?;
        self.economy(guild, caller, key, Command::SettleSpend { spend }).await.map(|_| ())
    }

    /// What was bought did not happen: the bytes go back.
    #[tracing::instrument(name = "economy.refund_spend", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn refund_spend(
        &self,
        guild: GuildId,
        caller: &Caller,
        spend: SpendId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        ours(caller)?;
        self.economy(guild, caller, key, Command::RefundSpend { spend }).await.map(|_| ())
    }

    /// The balance as the ledger has it at this moment.
    pub async fn balance(&self, guild: GuildId, user: UserId) -> Result<Bytes, ActionError> {
        let Some(person) = self.people().find(guild, user).await? else { return Ok(Bytes::ZERO) };
        let stream = StreamId::of_guild(Economy::CAPABILITY, guild);
        let read = self.bus().read::<Economy, _>(&stream, |state, _| state.balance(person));
        Ok(read.await?)
    }

    #[tracing::instrument(name = "economy.change_settings", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn change_economy_settings(
        &self,
        guild: GuildId,
        caller: &Caller,
        to: EconomySettings,
        key: &IdempotencyKey,
    ) -> Result<InForce<EconomySettings>, ActionError> {
        let what = ("settings set", None);
        self.authorise_to(what, guild, caller, Permission::ManageEconomy, key).await?;
        let request = self.request(guild, caller, key, None).await?;
        let stream = settings_stream::<EconomySettings>(guild);
        self.bus().execute::<SettingsOfEconomy>(&stream, &Change::To(to), &request).await?;
        self.forget_settings::<EconomySettings>(guild);
        Ok((*self.economy_terms(guild).await?).clone())
    }

    /// Decides something about a guild's ledger.
    pub(crate) async fn economy(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        command: Command,
    ) -> Result<Decision<Event>, ActionError> {
        let terms = match &command {
            Command::Grant { terms, .. }
            | Command::Take { terms, .. }
            | Command::Transfer { terms, .. }
            | Command::AwardDaily { terms, .. }
            | Command::AwardDailyToAll { terms, .. }
            | Command::Spend { terms, .. } => Some(terms),
            Command::SettleSpend { .. } | Command::RefundSpend { .. } => None,
        };
        let policy = terms.map(|terms| terms.version);
        let request = self.request(guild, caller, key, policy).await?;
        let stream = StreamId::of_guild(Economy::CAPABILITY, guild);
        let done = self.bus().execute::<Economy>(&stream, &command, &request).await;
        done.map_err(|error| match (error, terms) {
            // People are told amounts in their own currency.
            (CommandError::Refused(refusal), Some(terms)) => ActionError::Refused {
                rule: refusal.rule(),
                text: refusal.told_in(&terms.values.currency),
            },
            (error, _) => error.into(),
        })
    }
}

/// Spends belong to the process that sells something: a member asks that process, not the ledger.
const fn ours(caller: &Caller) -> Result<(), ActionError> {
    if caller.is_ours() { Ok(()) } else { Err(ActionError::NotForMembers) }
}

fn personal(owner: PersonId, reason: Option<&str>) -> Reason {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty())?;
    Some(Personal::clear(owner, reason.to_owned()))
}

/// What the ledger says was moved; for a repetition, what it moved the first time.
fn moved(
    decision: &Decision<Event>,
    amount: impl Fn(&Event) -> Option<Bytes>,
) -> Result<Moved, ActionError> {
    let amount = decision.events.iter().find_map(amount).ok_or_else(used_for_something_else)?;
    Ok(Moved { amount, repeated: decision.repeated })
}

fn used_for_something_else() -> ActionError {
    ActionError::BadInput("This key was used for something else.".to_owned())
}
