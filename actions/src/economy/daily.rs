//! The daily reward for messages. Almost every message comes from somebody who was paid today
//! already, so that answer comes from memory, without a look at any store; the others are paid
//! together with those who wrote in the same seconds.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use domain::{
    Decider as _, GuildId, PersonId, Timestamp, UserId, UtcDay,
    economy::{Command, DailyMode, Economy, Event},
};
use eventlog::StreamId;
use parking_lot::Mutex;

use super::MODULE;
use crate::{ActionError, Actions, Caller, fresh_key};

/// The process that pays.
const PROCESS: &str = "daily";
/// Members of one decision: their events stay far below what a log takes at once.
const AT_ONCE: usize = 250;
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

    fn add(&self, guild: GuildId, user: UserId, day: UtcDay) {
        let mut paid = self.0.lock();
        if day > paid.day {
            paid.day = day;
            paid.who = HashSet::new();
        }
        if day == paid.day && paid.who.len() < REMEMBERED {
            paid.who.insert((guild, user));
        }
    }
}

impl Actions {
    /// Whether a message of this member at this moment may bring the day's reward, as far as
    /// memory tells.
    pub async fn may_be_due(&self, guild: GuildId, user: UserId, at: Timestamp) -> bool {
        !self.paid_today.knows(guild, user, at.utc_day())
            && self.pays_for_messages(guild).await.unwrap_or(true)
    }

    async fn pays_for_messages(&self, guild: GuildId) -> Result<bool, ActionError> {
        let terms = self.economy_terms(guild).await?;
        let wanted = terms.values.daily == DailyMode::Automatic;
        Ok(wanted && self.module_is_on(guild, &MODULE).await?)
    }

    /// Pays those who wrote at these moments and have not had the reward of that day; tells how
    /// many that were. The ledger itself knows whom it has paid, so this may be asked again.
    #[tracing::instrument(name = "economy.award_dailies", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn award_dailies(
        &self,
        guild: GuildId,
        wrote: impl IntoIterator<Item = (UserId, Timestamp)>,
    ) -> Result<usize, ActionError> {
        let mut due = BTreeMap::<UtcDay, BTreeSet<UserId>>::new();
        for (user, at) in wrote {
            let day = at.utc_day();
            if !self.paid_today.knows(guild, user, day) {
                due.entry(day).or_default().insert(user);
            }
        }
        if due.is_empty() || !self.pays_for_messages(guild).await? {
            return Ok(0);
        }
        let mut paid = 0;
        for (day, users) in due {
            let mut unblocked = BTreeSet::new();
            for user in users {
                match self.require_unblocked(guild, user).await {
                    Ok(()) => unblocked.insert(user),
                    Err(error) if error.is_fault() => return Err(error),
                    Err(_) => continue,
                };
            }
            let people: Vec<_> = self.numbered(guild, unblocked).await?.into_iter().collect();
            for some in people.chunks(AT_ONCE) {
                paid += self.pay(guild, day, some).await?;
            }
        }
        Ok(paid)
    }

    async fn pay(
        &self,
        guild: GuildId,
        day: UtcDay,
        people: &[(UserId, PersonId)],
    ) -> Result<usize, ActionError> {
        let to = people.iter().map(|(_, person)| *person).collect();
        let command = Command::AwardDailies { to, day, terms: self.economy_terms(guild).await? };
        let key = fresh_key(PROCESS).map_err(|error| ActionError::BadInput(error.to_string()))?;
        // Maintenance keeps people from asking for things; what comes by itself goes on.
        let decision = match self.economy(guild, &Caller::process(PROCESS), &key, command).await {
            Ok(decision) => decision,
            // The community wants it otherwise since a moment ago.
            Err(ActionError::Refused { .. }) => return Ok(0),
            Err(error) => return Err(error),
        };
        // Who has no room for it may have some later on the same day.
        let stream = StreamId::of_guild(Economy::CAPABILITY, guild);
        let settled = self.bus().read::<Economy, _>(&stream, |state, _| {
            let had = |person| state.wallet(person).is_some_and(|wallet| wallet.last_daily >= day);
            people.iter().filter(|(_, person)| had(*person)).map(|(user, _)| *user).collect()
        });
        let settled: Vec<_> = settled.await?;
        for user in settled {
            self.paid_today.add(guild, user, day);
        }
        let is_reward = |event: &&Event| matches!(event, Event::DailyAwarded { .. });
        Ok(decision.events.iter().filter(is_reward).count())
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
        paid.add(guild, user(1), day(10));
        assert!(paid.knows(guild, user(1), day(10)) && paid.knows(guild, user(1), day(9)));
        assert!(!paid.knows(guild, user(1), day(11)));
        assert!(!paid.knows(GuildId::new(8).unwrap(), user(1), day(10)));
        paid.add(guild, user(2), day(11));
        assert!(!paid.knows(guild, user(1), day(11)));
        paid.add(guild, user(3), day(10));
        assert!(!paid.knows(guild, user(3), day(10)), "a day that is over is not kept");
    }
}
