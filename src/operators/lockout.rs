//! How often somebody may try to be an operator. A pure rule: what was tried before and the moment
//! say whether the next try counts, and when the one after it will.
//!
//! A try is counted before it is judged, so that many at once are no more than many in turn. What
//! comes before its time is refused without being looked at, and prolongs nothing: whoever knocks
//! all day keeps nobody out for longer than the rule's longest wait. Browsers in which an operator
//! signed in before are counted by themselves, so that strangers do not keep those waiting at all.

use domain::Timestamp;

/// How patient we are with one name, address or browser.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Tries that cost no wait.
    pub free: i64,
    /// The wait after the first that does; each next one is twice as long.
    pub first_secs: i64,
    pub longest_secs: i64,
    /// After so long without a try it begins anew.
    pub forgotten_secs: i64,
}

/// One name from one address.
pub const PAIR: Rule = Rule { free: 5, first_secs: 15, longest_secs: 300, forgotten_secs: 86_400 };
/// One name, wherever from.
pub const NAME: Rule = Rule { free: 30, first_secs: 5, longest_secs: 60, forgotten_secs: 3_600 };
/// One address, whatever name. Behind a proxy it is everybody's.
pub const ADDRESS: Rule = Rule { free: 20, first_secs: 5, longest_secs: 60, forgotten_secs: 3_600 };
/// A browser in which that operator signed in before.
pub const BROWSER: Rule =
    Rule { free: 5, first_secs: 15, longest_secs: 300, forgotten_secs: 86_400 };

/// What was tried so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    pub many: i64,
    pub last_at: Timestamp,
    /// The next one counts from then.
    pub until: Timestamp,
}

impl Rule {
    /// The tries with this one; or from when on one may be made.
    pub fn count(&self, before: Option<Tries>, now: Timestamp) -> Result<Tries, Timestamp> {
        let before = before.filter(|tries| now.secs_since(tries.last_at) < self.forgotten_secs);
        if let Some(tries) = before
            && now < tries.until
        {
            return Err(tries.until);
        }
        let many = before.map_or(0, |tries| tries.many).saturating_add(1);
        Ok(Tries { many, last_at: now, until: now.plus_secs(self.wait(many)) })
    }

    fn wait(&self, many: i64) -> i64 {
        let beyond = many - self.free;
        if beyond < 0 {
            return 0;
        }
        let doubled = u32::try_from(beyond).ok().and_then(|beyond| 1_i64.checked_shl(beyond));
        let secs = doubled.and_then(|times| self.first_secs.checked_mul(times));
        secs.filter(|secs| *secs > 0).unwrap_or(i64::MAX).min(self.longest_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_secs(1_795_003_200);
    const RULE: Rule = Rule { free: 3, first_secs: 10, longest_secs: 60, forgotten_secs: 3_600 };

    /// Tries at the first moment that it may, again and again: the waits between.
    fn waits(rule: Rule, many: usize) -> Vec<i64> {
        let (mut now, mut before, mut waits) = (NOON, None, Vec::new());
        for _ in 0..many {
            let tries = rule.count(before, now).unwrap();
            waits.push(tries.until.secs_since(now));
            (now, before) = (tries.until, Some(tries));
        }
        waits
    }

    #[test]
    fn given_wrong_tries_then_the_wait_grows_to_the_longest_and_no_further() {
        assert_eq!(waits(RULE, 8), [0, 0, 10, 20, 40, 60, 60, 60]);
        assert_eq!(*waits(PAIR, 200).last().unwrap(), PAIR.longest_secs, "nothing overflows");
    }

    #[test]
    fn given_a_try_before_its_time_then_it_is_refused_and_prolongs_nothing() {
        let third = Tries { many: 3, last_at: NOON, until: NOON.plus_secs(10) };
        for secs in 0..10 {
            assert_eq!(RULE.count(Some(third), NOON.plus_secs(secs)), Err(third.until));
        }
        let fourth = RULE.count(Some(third), third.until).unwrap();
        assert_eq!((fourth.many, fourth.until), (4, NOON.plus_secs(30)));
    }

    #[test]
    fn given_a_quiet_hour_then_it_begins_anew() {
        let many = Tries { many: 50, last_at: NOON, until: NOON.plus_secs(60) };
        let almost = RULE.count(Some(many), NOON.plus_secs(3_599)).unwrap();
        assert_eq!(almost.many, 51);
        let anew = RULE.count(Some(many), NOON.plus_secs(3_600)).unwrap();
        assert_eq!((anew.many, anew.until), (1, NOON.plus_secs(3_600)));
        assert_eq!(RULE.count(None, NOON).unwrap().many, 1);
    }

    /// Others cannot keep an operator out for long: at every moment the wait of a name, of an
    /// address and of both ends within minutes.
    #[test]
    fn given_whoever_knocks_all_day_then_nobody_waits_longer_than_minutes() {
        for rule in [PAIR, NAME, ADDRESS, BROWSER] {
            assert!(
                rule.longest_secs <= 300 && rule.longest_secs < rule.forgotten_secs,
                "{rule:?}"
            );
            assert!(waits(rule, 500).into_iter().all(|wait| wait <= rule.longest_secs));
        }
        const { assert!(NAME.longest_secs <= 60, "strangers know names") };
    }
}
