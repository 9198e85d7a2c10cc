//! A guild's economy: one ledger of bytes for all its members.
//!
//! Rules:
//! - A balance is the sum of its ledger, never below zero and never above [`Bytes::LIMIT`].
//!   One guild's bytes are of no use in another.
//! - A member's account opens at its first movement, with the guild's starting balance, once.
//! - A transfer moves both sides in one event: at least 1, at most the guild's maximum, never to
//!   oneself, and not again before the sender's cooldown is over.
//! - The daily reward is paid once per member and UTC day. Days in a row make a streak; a missed
//!   day starts it anew at 1; the streak's tier multiplies the amount.
//! - A spend takes bytes for something that is still to happen. It is settled when that happened
//!   and refunded when it did not: one of the two, once.
//! - Every input has an idempotency key; the log keeps one from being stored twice.
//! - What a member received from others, and what daily rewards came to, is counted for good:
//!   spending takes nothing of it away.
//!
//! Memory: about 75 bytes a member at 100,000 members, at most [`MAX_BYTES_PER_MEMBER`].

mod refusal;
mod settings;
#[cfg(test)]
mod tests;
pub mod what_if;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use refusal::Refusal;
pub use settings::{DailyMode, EconomySettings, RoleReward, StreakTier};

use crate::{
    Bytes, Decider, DomainEvent, EventType, PersonId, Personal, PersonalField, Timestamp, UtcDay,
    Weigh, settings::InForce,
};

pub const MAX_REASON_CHARS: usize = 300;
pub const MAX_PURPOSE_CHARS: usize = 64;
/// Spends that are neither settled nor refunded yet; a saga that leaks them is found here.
pub const MAX_OPEN_SPENDS: usize = 10_000;
pub const MAX_BYTES_PER_MEMBER: usize = 136;

#[derive(Debug)]
pub struct Economy;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    accounts: HashMap<PersonId, Account>,
    open_spends: HashMap<SpendId, (PersonId, Bytes)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Account {
    balance: Bytes,
    last_sent: Timestamp,
    last_daily: UtcDay,
    streak_days: u32,
    received: Bytes,
    sent: Bytes,
    rewarded: Bytes,
}

/// What the ledger says of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wallet {
    pub balance: Bytes,
    /// From other members, ever.
    pub received: Bytes,
    /// To other members, ever.
    pub sent: Bytes,
    /// Daily rewards, ever.
    pub rewarded: Bytes,
    /// Days in a row, as of the last reward.
    pub streak_days: u32,
    pub last_daily: UtcDay,
}

/// Names one spend, chosen by whoever spends.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SpendId(#[schemars(with = "String")] pub Uuid);

/// The guild's settings as the decision found them.
pub type Terms = Arc<InForce<EconomySettings>>;
pub type Reason = Option<Personal<String>>;

#[derive(Clone, Debug)]
pub enum Command {
    Grant {
        to: PersonId,
        amount: Bytes,
        reason: Reason,
        terms: Terms,
    },
    Take {
        from: PersonId,
        amount: Bytes,
        reason: Reason,
        terms: Terms,
    },
    Transfer {
        from: PersonId,
        to: PersonId,
        amount: Bytes,
        reason: Reason,
        at: Timestamp,
        terms: Terms,
    },
    AwardDaily {
        to: PersonId,
        trigger: DailyTrigger,
        at: Timestamp,
        terms: Terms,
    },
    /// For messages of one day. Who was paid that day, or cannot be, is left out.
    AwardDailyToAll {
        to: Vec<PersonId>,
        day: UtcDay,
        terms: Terms,
    },
    Spend {
        spend: SpendId,
        from: PersonId,
        amount: Bytes,
        purpose: String,
        terms: Terms,
    },
    SettleSpend {
        spend: SpendId,
    },
    RefundSpend {
        spend: SpendId,
    },
}

/// What asked for the day's reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DailyTrigger {
    Message,
    Request,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    AccountOpened {
        person: PersonId,
        starting: Bytes,
    },
    BytesGranted {
        to: PersonId,
        amount: Bytes,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Reason,
    },
    BytesTaken {
        from: PersonId,
        amount: Bytes,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Reason,
    },
    BytesTransferred {
        from: PersonId,
        to: PersonId,
        amount: Bytes,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Reason,
        at: Timestamp,
    },
    DailyAwarded {
        to: PersonId,
        day: UtcDay,
        streak_days: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tier: Option<String>,
        amount: Bytes,
    },
    BytesSpent {
        spend: SpendId,
        from: PersonId,
        amount: Bytes,
        purpose: String,
    },
    SpendSettled {
        spend: SpendId,
    },
    SpendRefunded {
        spend: SpendId,
        to: PersonId,
        amount: Bytes,
    },
}

impl Decider for Economy {
    const CAPABILITY: &'static str = "economy";
    const SNAPSHOT_VERSION: u32 = 2;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Grant { to, amount, reason, terms } => {
                let amount = checked_amount(*amount, Bytes::LIMIT)?;
                check_reason(reason.as_ref())?;
                let (mut events, balance) = state.open(*to, terms);
                balance.plus(amount).ok_or(Refusal::BalanceLimit)?;
                events.push(Event::BytesGranted { to: *to, amount, reason: reason.clone() });
                Ok(events)
            }
            Command::Take { from, amount, reason, terms } => {
                let amount = checked_amount(*amount, Bytes::LIMIT)?;
                check_reason(reason.as_ref())?;
                let (mut events, balance) = state.open(*from, terms);
                enough(balance, amount)?;
                events.push(Event::BytesTaken { from: *from, amount, reason: reason.clone() });
                Ok(events)
            }
            Command::Transfer { from, to, amount, reason, at, terms } => {
                if from == to {
                    return Err(Refusal::SelfTransfer);
                }
                let amount = checked_amount(*amount, terms.values.max_transfer)?;
                check_reason(reason.as_ref())?;
                state.check_cooldown(*from, *at, &terms.values)?;
                let (mut events, balance) = state.open(*from, terms);
                enough(balance, amount)?;
                let (receiver_opened, receiver_balance) = state.open(*to, terms);
                receiver_balance.plus(amount).ok_or(Refusal::BalanceLimit)?;
                events.extend(receiver_opened);
                events.push(Event::BytesTransferred {
                    from: *from,
                    to: *to,
                    amount,
                    reason: reason.clone(),
                    at: *at,
                });
                Ok(events)
            }
            Command::AwardDaily { to, trigger, at, terms } => {
                check_trigger(terms.values.daily, *trigger)?;
                state.award_daily(*to, *at, terms)
            }
            Command::AwardDailyToAll { to, day, terms } => {
                check_trigger(terms.values.daily, DailyTrigger::Message)?;
                let each: BTreeSet<_> = to.iter().copied().collect();
                let paid = each
                    .into_iter()
                    .filter_map(|to| state.award_daily(to, day.start(), terms).ok());
                Ok(paid.flatten().collect())
            }
            Command::Spend { spend, from, amount, purpose, terms } => {
                let amount = checked_amount(*amount, Bytes::LIMIT)?;
                if !(1..=MAX_PURPOSE_CHARS).contains(&purpose.chars().count()) {
                    return Err(Refusal::PurposeInvalid);
                }
                if state.open_spends.contains_key(spend) {
                    return Err(Refusal::SpendExists);
                }
                if state.open_spends.len() >= MAX_OPEN_SPENDS {
                    return Err(Refusal::TooManyOpenSpends);
                }
                let (mut events, balance) = state.open(*from, terms);
                enough(balance, amount)?;
                let (spend, purpose) = (*spend, purpose.clone());
                events.push(Event::BytesSpent { spend, from: *from, amount, purpose });
                Ok(events)
            }
            Command::SettleSpend { spend } => {
                state.open_spends.get(spend).ok_or(Refusal::SpendNotOpen)?;
                Ok(vec![Event::SpendSettled { spend: *spend }])
            }
            Command::RefundSpend { spend } => {
                let &(to, amount) = state.open_spends.get(spend).ok_or(Refusal::SpendNotOpen)?;
                // Never refused, not even at the balance limit: these bytes are the member's own.
                Ok(vec![Event::SpendRefunded { spend: *spend, to, amount }])
            }
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::AccountOpened { person, starting } => {
                state.account(*person).balance = *starting;
            }
            Event::BytesGranted { to, amount, .. } => state.add(*to, *amount),
            Event::BytesTaken { from, amount, .. } => state.add(*from, -*amount),
            Event::BytesTransferred { from, to, amount, at, .. } => {
                state.add(*from, -*amount);
                state.add(*to, *amount);
                let sender = state.account(*from);
                sender.sent = sum(sender.sent, *amount);
                sender.last_sent = sender.last_sent.max(*at);
                let receiver = state.account(*to);
                receiver.received = sum(receiver.received, *amount);
            }
            Event::DailyAwarded { to, day, streak_days, amount, .. } => {
                state.add(*to, *amount);
                let account = state.account(*to);
                account.last_daily = *day;
                account.streak_days = *streak_days;
                account.rewarded = sum(account.rewarded, *amount);
            }
            Event::BytesSpent { spend, from, amount, .. } => {
                state.add(*from, -*amount);
                state.open_spends.insert(*spend, (*from, *amount));
            }
            Event::SpendSettled { spend } => {
                state.open_spends.remove(spend);
            }
            Event::SpendRefunded { spend, to, amount } => {
                state.open_spends.remove(spend);
                state.add(*to, *amount);
            }
        }
    }
}

impl State {
    pub fn balance(&self, person: PersonId) -> Bytes {
        self.accounts.get(&person).map_or(Bytes::ZERO, |account| account.balance)
    }

    /// None where the account is not open.
    pub fn wallet(&self, person: PersonId) -> Option<Wallet> {
        let account = self.accounts.get(&person)?;
        Some(Wallet {
            balance: account.balance,
            received: account.received,
            sent: account.sent,
            rewarded: account.rewarded,
            streak_days: account.streak_days,
            last_daily: account.last_daily,
        })
    }

    /// The event that opens this person's account, where it is not open yet, and the balance
    /// that the account has then.
    fn open(&self, person: PersonId, terms: &Terms) -> (Vec<Event>, Bytes) {
        if let Some(account) = self.accounts.get(&person) {
            return (Vec::with_capacity(1), account.balance);
        }
        let starting = terms.values.starting_balance;
        (vec![Event::AccountOpened { person, starting }], starting)
    }

    fn check_cooldown(
        &self,
        sender: PersonId,
        at: Timestamp,
        settings: &EconomySettings,
    ) -> Result<(), Refusal> {
        let last_sent = self.accounts.get(&sender).map_or(Timestamp::NEVER, |a| a.last_sent);
        let cooldown_secs = i64::from(settings.transfer_cooldown_secs);
        let free_at = last_sent.plus_secs(cooldown_secs);
        if last_sent != Timestamp::NEVER && cooldown_secs > 0 && at < free_at {
            return Err(Refusal::Cooldown { wait_secs: free_at.secs_since(at) });
        }
        Ok(())
    }

    fn award_daily(
        &self,
        to: PersonId,
        at: Timestamp,
        terms: &Terms,
    ) -> Result<Vec<Event>, Refusal> {
        let day = at.utc_day();
        let (last_daily, streak_before) =
            self.accounts.get(&to).map_or((UtcDay::NEVER, 0), |a| (a.last_daily, a.streak_days));
        // A message of an earlier day that arrives late has had its chance as well.
        if day <= last_daily {
            let wait_secs = last_daily.next().start().secs_since(at);
            return Err(Refusal::DailyAlreadyPaid { wait_secs });
        }
        let consecutive = last_daily != UtcDay::NEVER && last_daily.next() == day;
        let streak_days = if consecutive { streak_before.saturating_add(1) } else { 1 };
        let tier = terms.values.tier(streak_days);
        let amount = terms
            .values
            .daily_amount
            .times(tier.map_or(1, |tier| tier.multiplier))
            .ok_or(Refusal::BalanceLimit)?;
        let (mut events, balance) = self.open(to, terms);
        balance.plus(amount).ok_or(Refusal::BalanceLimit)?;
        let tier = tier.map(|tier| tier.name.clone());
        events.push(Event::DailyAwarded { to, day, streak_days, tier, amount });
        Ok(events)
    }

    fn account(&mut self, person: PersonId) -> &mut Account {
        self.accounts.entry(person).or_insert(Account {
            balance: Bytes::ZERO,
            last_sent: Timestamp::NEVER,
            last_daily: UtcDay::NEVER,
            streak_days: 0,
            received: Bytes::ZERO,
            sent: Bytes::ZERO,
            rewarded: Bytes::ZERO,
        })
    }

    fn add(&mut self, person: PersonId, amount: Bytes) {
        let balance = &mut self.account(person).balance;
        *balance = sum(*balance, amount);
    }
}

impl Wallet {
    /// What counts towards role rewards.
    pub fn received_for_rewards(&self, settings: &EconomySettings) -> Bytes {
        if settings.received_counts_daily {
            sum(self.received, self.rewarded)
        } else {
            self.received
        }
    }
}

/// The rules held when the event was decided; folding must not panic on any history.
const fn sum(one: Bytes, other: Bytes) -> Bytes {
    Bytes(one.0.saturating_add(other.0))
}

fn checked_amount(amount: Bytes, max: Bytes) -> Result<Bytes, Refusal> {
    if !amount.is_positive() {
        return Err(Refusal::AmountTooSmall);
    }
    if amount > max {
        return Err(Refusal::AmountTooLarge { max });
    }
    Ok(amount)
}

const fn check_trigger(mode: DailyMode, trigger: DailyTrigger) -> Result<(), Refusal> {
    match (mode, trigger) {
        (DailyMode::Off, _) => Err(Refusal::DailyOff),
        (DailyMode::Automatic, DailyTrigger::Request) => Err(Refusal::DailyIsAutomatic),
        (DailyMode::Command, DailyTrigger::Message) => Err(Refusal::DailyMustBeRequested),
        (DailyMode::Automatic, DailyTrigger::Message)
        | (DailyMode::Command, DailyTrigger::Request) => Ok(()),
    }
}

fn check_reason(reason: Option<&Personal<String>>) -> Result<(), Refusal> {
    let chars = reason.and_then(Personal::value).map_or(0, |text| text.chars().count());
    if chars > MAX_REASON_CHARS { Err(Refusal::ReasonTooLong) } else { Ok(()) }
}

fn enough(balance: Bytes, needed: Bytes) -> Result<(), Refusal> {
    if balance < needed { Err(Refusal::NotEnough { balance, needed }) } else { Ok(()) }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("economy.account_opened", 1),
        EventType::new("economy.bytes_granted", 1),
        EventType::new("economy.bytes_taken", 1),
        EventType::new("economy.bytes_transferred", 1),
        EventType::new("economy.daily_awarded", 1),
        EventType::new("economy.bytes_spent", 1),
        EventType::new("economy.spend_settled", 1),
        EventType::new("economy.spend_refunded", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::AccountOpened { .. } => 0,
            Self::BytesGranted { .. } => 1,
            Self::BytesTaken { .. } => 2,
            Self::BytesTransferred { .. } => 3,
            Self::DailyAwarded { .. } => 4,
            Self::BytesSpent { .. } => 5,
            Self::SpendSettled { .. } => 6,
            Self::SpendRefunded { .. } => 7,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        match self {
            Self::BytesGranted { reason, .. }
            | Self::BytesTaken { reason, .. }
            | Self::BytesTransferred { reason, .. } => {
                if let Some(reason) = reason {
                    visit("reason", reason);
                }
            }
            Self::AccountOpened { .. }
            | Self::DailyAwarded { .. }
            | Self::BytesSpent { .. }
            | Self::SpendSettled { .. }
            | Self::SpendRefunded { .. } => {}
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        // A hash table's buckets, each with one byte of control.
        size_of::<Self>()
            + self.accounts.capacity() * 8 / 7 * (size_of::<(PersonId, Account)>() + 1)
            + self.open_spends.capacity() * 8 / 7 * (size_of::<(SpendId, PersonId, Bytes)>() + 1)
    }
}
