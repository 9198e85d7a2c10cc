//! Tiers: who makes them, who holds one until when, and what comes with it.

use domain::{
    Bytes, Decider as _, GuildId, IdempotencyKey, PersonId, Personal, RoleId, Timestamp, UserId,
    economy,
    tiers::{Command, Event, Failure, Giver, RoleState, Tier, Tiers},
};
use eventlog::{Decision, PeopleError, StreamId};
use projections::tiers;

use crate::{
    ActionError, Actions, Caller, Permission, RoleFacts,
    modules::{Module, Offer},
};

pub const MODULE: Module = Module {
    name: "tiers",
    title: "Tiers",
    about: "Roles with benefits that members hold for a time, given by hand or for a code.",
    offer: Offer::Standard,
};

pub const MAX_PAGE: u32 = 50;
const PROCESS: &str = "tiers";
const BONUS: &str = "Tier bonus";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierLine {
    pub role: RoleId,
    pub name: String,
    pub daily_bonus: Bytes,
}

/// A tier that a member holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLine {
    pub role: RoleId,
    /// None where the tier was removed since.
    pub name: Option<String>,
    pub until: Timestamp,
    pub state: RoleState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderPage {
    /// Whose end comes first stands first. None where the person was erased.
    pub lines: Vec<(Option<UserId>, Timestamp)>,
    pub more: bool,
}

/// A role that somebody is to be given now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierOrder {
    pub person: PersonId,
    pub role: RoleId,
    /// Its outcome is noted with it.
    pub attempt: u32,
}

impl Actions {
    /// Makes a role a tier, or changes its name and benefits.
    #[tracing::instrument(name = "tiers.set", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn set_tier(
        &self,
        guild: GuildId,
        caller: &Caller,
        role: RoleFacts,
        name: &str,
        daily_bonus: Bytes,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let by = self.manage_tiers(guild, caller, ("tiers set", None), key).await?;
        role.may_be_bound_by(caller)?;
        let (role, name, at) = (role.role, name.trim().to_owned(), self.now());
        let command = Command::Set { role, name, daily_bonus, by, at };
        self.tier(guild, caller, key, &command).await.map(drop)
    }

    #[tracing::instrument(name = "tiers.remove", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn remove_tier(
        &self,
        guild: GuildId,
        caller: &Caller,
        role: RoleId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let by = self.manage_tiers(guild, caller, ("tiers remove", None), key).await?;
        let command = Command::Remove { role, by, at: self.now() };
        self.tier(guild, caller, key, &command).await.map(drop)
    }

    /// Answers until when the member holds it now.
    #[tracing::instrument(name = "tiers.give", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn give_tier(
        &self,
        guild: GuildId,
        caller: &Caller,
        (user, role): (UserId, RoleFacts),
        days: u32,
        key: &IdempotencyKey,
    ) -> Result<Timestamp, ActionError> {
        let by = self.manage_tiers(guild, caller, ("tiers give", Some(user)), key).await?;
        role.may_be_bound_by(caller)?;
        let person = self.people().person(guild, user).await?;
        let (by, at) = (Giver::Member(by), self.now());
        let command = Command::Grant { person, role: role.role, days, by, at };
        let decision = self.tier(guild, caller, key, &command).await?;
        let until = decision.events.iter().find_map(|event| match event {
            Event::Granted { until, .. } => Some(*until),
            _ => None,
        });
        until.ok_or_else(|| ActionError::BadInput("This key was used already.".to_owned()))
    }

    #[tracing::instrument(name = "tiers.take", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn take_tier(
        &self,
        guild: GuildId,
        caller: &Caller,
        (user, role): (UserId, RoleId),
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let by = self.manage_tiers(guild, caller, ("tiers take", Some(user)), key).await?;
        let person = self.people().person(guild, user).await?;
        let command = Command::Take { person, role, by, at: self.now() };
        self.tier(guild, caller, key, &command).await.map(drop)
    }

    /// Every tier of the community, and what comes with it.
    #[tracing::instrument(name = "tiers.list", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn tiers(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<Vec<TierLine>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let line = |(role, tier): (RoleId, &Tier)| {
            let Tier { name, daily_bonus } = tier.clone();
            TierLine { role, name, daily_bonus }
        };
        let of = stream(guild);
        let read = self
            .bus()
            .read::<Tiers, _>(&of, |state, _| state.tiers().map(line).collect::<Vec<_>>());
        Ok(read.await?)
    }

    /// What a member holds. A role that they should have and have not is ordered again; `has` are
    /// the roles they have now.
    #[tracing::instrument(name = "tiers.check", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn check_tiers(
        &self,
        guild: GuildId,
        caller: &Caller,
        user: UserId,
        has: &[RoleId],
        key: &IdempotencyKey,
    ) -> Result<Vec<HeldLine>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let Some(person) = self.people().find(guild, user).await? else { return Ok(Vec::new()) };
        let at = self.now();
        let command = Command::Check { person, has: has.to_vec(), at };
        self.tier(guild, caller, key, &command).await?;
        let of = stream(guild);
        let read = self.bus().read::<Tiers, _>(&of, |state, _| {
            let named = |role| state.tiers().find(|(of, _)| *of == role);
            let held = state.held_by(person).filter(|(_, held)| held.until > at);
            let line = |(role, held): (RoleId, domain::tiers::Holding)| HeldLine {
                role,
                name: named(role).map(|(_, tier)| tier.name.clone()),
                until: held.until,
                state: held.role,
            };
            held.map(line).collect::<Vec<_>>()
        });
        let mut lines = read.await?;
        lines.sort_by_key(|line| (line.until, line.role));
        Ok(lines)
    }

    /// Who holds a tier, and until when.
    #[tracing::instrument(name = "tiers.holders", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn tier_holders(
        &self,
        guild: GuildId,
        caller: &Caller,
        role: RoleId,
        skip: u32,
        limit: u32,
    ) -> Result<HolderPage, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.authorise(guild, caller, Permission::ManageEconomy).await?;
        let limit = limit.clamp(1, MAX_PAGE);
        // One more tells whether there is a next page.
        let mut page = tiers::holders(self.store(), guild, role, skip, limit + 1).await?;
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let mut lines = Vec::with_capacity(page.len());
        for (person, until) in page {
            lines.push((self.people().user(guild, person).await?, until));
        }
        Ok(HolderPage { lines, more })
    }

    /// For a code. The key is the use's own: it is granted once.
    #[tracing::instrument(name = "tiers.grant", level = "debug", skip_all, fields(guild.id = %guild))]
    pub(crate) async fn grant_tier(
        &self,
        guild: GuildId,
        (person, role): (PersonId, RoleId),
        days: u32,
        by: Giver,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = Command::Grant { person, role, days, by, at: self.now() };
        self.tier(guild, &Caller::process(PROCESS), key, &command).await.map(drop)
    }

    pub(crate) async fn is_tier(&self, guild: GuildId, role: RoleId) -> Result<bool, ActionError> {
        let of = stream(guild);
        let read = self.bus().read::<Tiers, _>(&of, |state, _| state.is_tier(role));
        Ok(read.await?)
    }

    /// The time of a grant has come: ends it, unless it was extended since.
    #[tracing::instrument(name = "tiers.expire", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn expire_tier(
        &self,
        guild: GuildId,
        (person, role): (PersonId, RoleId),
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = Command::Expire { person, role, at: self.now() };
        self.tier(guild, &Caller::process(PROCESS), key, &command).await.map(drop)
    }

    /// What a role came to. Of an order that is not open any more nothing changes.
    #[tracing::instrument(name = "tiers.note", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn note_tier_role(
        &self,
        guild: GuildId,
        order: TierOrder,
        given: Result<(), Failure>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let TierOrder { person, role, attempt } = order;
        let command = Command::Note { person, role, attempt, given, at: self.now() };
        self.tier(guild, &Caller::process(PROCESS), key, &command).await.map(drop)
    }

    /// What a tier adds to a daily reward of that moment. A full account gets none.
    #[tracing::instrument(name = "tiers.bonus", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn pay_tier_bonus(
        &self,
        guild: GuildId,
        to: PersonId,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        if !self.module_is_on(guild, &MODULE).await? {
            return Ok(());
        }
        let of = stream(guild);
        let read = self.bus().read::<Tiers, _>(&of, |state, _| state.daily_bonus(to, at));
        let amount = read.await?;
        if !amount.is_positive() {
            return Ok(());
        }
        let terms = self.economy_terms(guild).await?;
        let reason = Some(Personal::clear(to, BONUS.to_owned()));
        let grant = economy::Command::Grant { to, amount, reason, terms };
        match self.economy(guild, &Caller::process(PROCESS), key, grant).await {
            // Erased meanwhile, or no room for it.
            Ok(_)
            | Err(ActionError::People(PeopleError::NoKey { .. }) | ActionError::Refused { .. }) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Who may make tiers and give them; answers whose name stands on it.
    async fn manage_tiers(
        &self,
        guild: GuildId,
        caller: &Caller,
        what: (&str, Option<UserId>),
        key: &IdempotencyKey,
    ) -> Result<PersonId, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.authorise_to(what, guild, caller, Permission::ManageEconomy, key).await?;
        let user = caller.user().ok_or(ActionError::NotYourself)?;
        Ok(self.people().person(guild, user).await?)
    }

    /// Decides something about a guild's tiers.
    async fn tier(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        command: &Command,
    ) -> Result<Decision<Event>, ActionError> {
        let request = self.request(guild, caller, key, None).await?;
        Ok(self.bus().execute::<Tiers>(&stream(guild), command, &request).await?)
    }
}

fn stream(guild: GuildId) -> StreamId {
    StreamId::of_guild(Tiers::CAPABILITY, guild)
}
