//! The daily reward for a message. Almost every message comes from somebody who was paid today
//! already, so that answer comes from memory, without a look at any store.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{
    Decider as _, GuildId, IdempotencyKey, PersonId, Timestamp, UserId, UtcDay,
    economy::{Command, DailyMode, Economy, Event},
};
use eventlog::StreamId;
use parking_lot::Mutex;

use super::{Daily, MODULE};
use crate::{ActionError, Actions, Caller};

/// Members of whom it is remembered that they were paid today; of more the ledger is asked.
const REMEMBERED: usize = 500_000;

/// Who was paid on the last day that somebody was paid on.
#[derive(Clone)]
pub(crate) struct PaidToday(Arc<Mutex<Paid>>);

struct Paid {
    day: UtcDay,
    who: HashSet<(GuildId, UserId)>,
}

impl Default for PaidToday {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Paid { day: UtcDay::NEVER, who: HashSet::new() })))
    }
}

impl PaidToday {
    /// Also of an earlier day: a message that arrives late has had its chance.
    fn knows(&self, guild: GuildId, user: UserId, day: UtcDay) -> bool {
        let paid = self.0.lock();
        day <= paid.day && paid.who.contains(&(guild, user))
    }

    fn add(&self, guild: GuildId, day: UtcDay, users: impl IntoIterator<Item = UserId>) {
        let mut paid = self.0.lock();
        if day > paid.day {
            paid.day = day;
            paid.who = HashSet::new();
        }
        if day == paid.day {
            let room = REMEMBERED.saturating_sub(paid.who.len());
            paid.who.extend(users.into_iter().take(room).map(|user| (guild, user)));
        }
    }
}

impl Actions {
    /// Whether memory alone tells that a message at this moment pays this member nothing.
    pub fn was_paid_that_day(&self, guild: GuildId, user: UserId, at: Timestamp) -> bool {
        self.paid_today.knows(guild, user, at.utc_day())
    }

    /// For messages of these members on one day; whom it paid. Who was paid before, is blocked, or
    /// has no room for more is left out.
    #[tracing::instrument(name = "economy.award_daily_for_messages", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn award_daily_for_messages(
        &self,
        guild: GuildId,
        day: UtcDay,
        mut users: Vec<UserId>,
        key: &IdempotencyKey,
    ) -> Result<Vec<(UserId, Daily)>, ActionError> {
        users.retain(|user| !self.paid_today.knows(guild, *user, day));
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let terms = self.economy_terms(guild).await?;
        if terms.values.daily != DailyMode::Automatic || !self.module_is_on(guild, &MODULE).await? {
            return Ok(Vec::new());
        }
        let users = self.unblocked(guild, users).await?;
        let persons = self.people().persons(guild, users).await?;
        let to = persons.values().copied().collect();
        let command = Command::AwardDailyToAll { to, day, terms };
        // Maintenance keeps people from asking for things; what comes by itself goes on.
        let caller = Caller::process("daily");
        let decision = match self.economy(guild, &caller, key, command).await {
            Err(ActionError::Refused { .. }) => return Ok(Vec::new()),
            decision => decision?,
        };
        let paid = |event: &Event| Daily::paid_by(event, decision.repeated);
        let paid: HashMap<PersonId, Daily> = decision.events.iter().filter_map(paid).collect();
        let settled = if paid.len() < persons.len() {
            self.paid_by(guild, day, &persons).await?
        } else {
            persons.keys().copied().collect()
        };
        self.paid_today.add(guild, day, settled);
        let paid = persons
            .into_iter()
            .filter_map(|(user, person)| Some((user, paid.get(&person)?.clone())));
        Ok(paid.collect())
    }

    /// Whom of these the ledger has paid by the end of this day. Who is not among them has no room
    /// for more, which may be otherwise at the next message.
    async fn paid_by(
        &self,
        guild: GuildId,
        day: UtcDay,
        persons: &HashMap<UserId, PersonId>,
    ) -> Result<Vec<UserId>, ActionError> {
        let stream = StreamId::of_guild(Economy::CAPABILITY, guild);
        let read = self.bus().read::<Economy, _>(&stream, |state, _| {
            let is_paid = |person| state.wallet(person).is_some_and(|has| has.last_daily >= day);
            let paid = persons.iter().filter(|(_, person)| is_paid(**person));
            paid.map(|(user, _)| *user).collect()
        });
        Ok(read.await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_days_that_pass_then_only_the_last_one_is_remembered() {
        let paid = PaidToday::default();
        let (guild, user) = (GuildId::new(7).unwrap(), |id| UserId::new(id).unwrap());
        let day = |number| UtcDay(number);
        assert!(!paid.knows(guild, user(1), day(10)));
        paid.add(guild, day(10), [user(1)]);
        assert!(paid.knows(guild, user(1), day(10)) && paid.knows(guild, user(1), day(9)));
        assert!(!paid.knows(guild, user(1), day(11)));
        assert!(!paid.knows(GuildId::new(8).unwrap(), user(1), day(10)));
        paid.add(guild, day(11), [user(2)]);
        assert!(!paid.knows(guild, user(1), day(11)));
        paid.add(guild, day(10), [user(3)]);
        assert!(!paid.knows(guild, user(3), day(10)), "a day that is over is not kept");
    }
}
