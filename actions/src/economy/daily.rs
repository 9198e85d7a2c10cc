//! The daily reward for a message. Almost every message comes from somebody who was paid today
//! already, so that answer comes from memory, without a look at any store.

use std::{collections::HashSet, sync::Arc};

use domain::{
    GuildId, IdempotencyKey, Timestamp, UserId, UtcDay,
    economy::{DailyMode, DailyTrigger},
};
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
    /// Whether memory alone tells that a message at this moment pays this member nothing.
    pub fn was_paid_that_day(&self, guild: GuildId, user: UserId, at: Timestamp) -> bool {
        self.paid_today.knows(guild, user, at.utc_day())
    }

    /// For the member's message at this moment; none where it pays nothing.
    #[tracing::instrument(name = "economy.award_daily_for_message", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn award_daily_for_message(
        &self,
        guild: GuildId,
        user: UserId,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Option<Daily>, ActionError> {
        let day = at.utc_day();
        if self.paid_today.knows(guild, user, day) {
            return Ok(None);
        }
        let terms = self.economy_terms(guild).await?;
        if terms.values.daily != DailyMode::Automatic || !self.module_is_on(guild, &MODULE).await? {
            return Ok(None);
        }
        match self.require_unblocked(guild, user).await {
            Ok(()) => {}
            Err(error) if error.is_fault() => return Err(error),
            Err(_) => return Ok(None),
        }
        // Maintenance keeps people from asking for things; what comes by itself goes on.
        let caller = Caller::process("daily");
        let awarded = self.award_daily(guild, &caller, user, DailyTrigger::Message, at, key).await;
        match awarded {
            Ok(daily) => {
                self.paid_today.add(guild, user, day);
                Ok(Some(daily))
            }
            Err(ActionError::Refused { rule, .. }) => {
                // Not payable for another reason, such as a full account, may be so no more later.
                if rule == "economy.daily_already_paid" {
                    self.paid_today.add(guild, user, day);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
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
