//! What goes wrong on request: by chance, from a seed, or for the next so many times. One place for
//! the gateway and for REST.

use parking_lot::Mutex;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::{Deserialize, Serialize};

/// How many rules may stand at once.
pub const MOST_RULES: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// REST: 429, of the route, of everything, or of a resource that others use too.
    RateLimited {
        retry_after_ms: u64,
        #[serde(default)]
        global: bool,
        #[serde(default)]
        shared: bool,
    },
    /// REST: 500, 502 or 503; where `after` is set, what was asked for has happened.
    ServerError {
        status: u16,
        #[serde(default)]
        after: bool,
    },
    /// REST: it happened, and the connection drops before the answer.
    LostAnswer,
    /// REST: the answer takes that long.
    Slow { ms: u64 },
    /// REST: half of the answer.
    Truncated,
    /// Gateway: an event is never sent.
    DropEvent,
    /// Gateway: an event has its number, and is never sent, also not when a session goes on.
    LoseEvent,
    /// Gateway: an event is sent twice.
    DuplicateEvent,
    /// Gateway: an event is sent later, after others.
    DelayEvent { ms: u64 },
}

impl Fault {
    pub const fn is_of_gateway(&self) -> bool {
        matches!(
            self,
            Self::DropEvent | Self::LoseEvent | Self::DuplicateEvent | Self::DelayEvent { .. }
        )
    }
}

/// A fault, and when it strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    #[serde(flatten)]
    pub fault: Fault,
    /// Only where the route (`POST /channels/1/messages`) or the event (`MESSAGE_CREATE`) holds
    /// this text; everywhere where it is empty.
    #[serde(default)]
    pub on: String,
    /// How often, from 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// How many times at most; nothing: again and again.
    #[serde(default)]
    pub times: Option<u64>,
}

const fn always() -> f64 {
    1.0
}

impl Rule {
    /// Strikes the next so many times.
    pub fn next(times: u64, fault: Fault) -> Self {
        Self { fault, on: String::new(), probability: 1.0, times: Some(times) }
    }

    /// Strikes by chance, for as long as it stands.
    pub fn by_chance(probability: f64, fault: Fault) -> Self {
        Self { fault, on: String::new(), probability, times: None }
    }

    /// Only there.
    pub fn on(mut self, what: &str) -> Self {
        what.clone_into(&mut self.on);
        self
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("a probability is from 0 to 1")]
    Probability,
    #[error("a server's error has a status from 500 to 599")]
    Status,
    #[error("at most {MOST_RULES} faults may stand at once; take some away first")]
    TooMany,
}

#[derive(Debug)]
pub struct Faults(Mutex<State>);

#[derive(Debug)]
struct State {
    rng: StdRng,
    rules: Vec<Rule>,
    struck: u64,
}

impl Faults {
    pub fn new(seed: u64) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        Self(Mutex::new(State { rng, rules: Vec::new(), struck: 0 }))
    }

    pub fn add(&self, rule: Rule) -> Result<(), RuleError> {
        if !(0.0..=1.0).contains(&rule.probability) {
            return Err(RuleError::Probability);
        }
        if let Fault::ServerError { status, .. } = rule.fault
            && !(500..600).contains(&status)
        {
            return Err(RuleError::Status);
        }
        let mut state = self.0.lock();
        if state.rules.len() >= MOST_RULES {
            return Err(RuleError::TooMany);
        }
        state.rules.push(rule);
        Ok(())
    }

    /// Everything works again.
    pub fn clear(&self) {
        self.0.lock().rules.clear();
    }

    pub fn rules(&self) -> Vec<Rule> {
        self.0.lock().rules.clone()
    }

    /// How often something went wrong so far.
    pub fn struck(&self) -> u64 {
        self.0.lock().struck
    }

    /// What happens to a request, named as `POST /channels/1/messages`.
    pub fn of_request(&self, route: &str) -> Option<Fault> {
        self.draw(route, |fault| !fault.is_of_gateway())
    }

    /// What happens to an event, named as `MESSAGE_CREATE`.
    pub fn of_event(&self, kind: &str) -> Option<Fault> {
        self.draw(kind, Fault::is_of_gateway)
    }

    /// The first rule that strikes.
    fn draw(&self, place: &str, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let state = &mut *self.0.lock();
        let rng = &mut state.rng;
        let strikes = |rule: &Rule| {
            fits(&rule.fault)
                && place.contains(&rule.on)
                && (rule.probability >= 1.0 || rng.random_bool(rule.probability))
        };
        let found = state.rules.iter().position(strikes)?;
        let rule = &mut state.rules[found];
        let fault = rule.fault;
        if let Some(times) = &mut rule.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                state.rules.remove(found);
            }
        }
        state.struck += 1;
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_fault_for_the_next_two_then_the_third_is_spared() {
        let faults = Faults::new(1);
        faults.add(Rule::next(2, Fault::LostAnswer).on("/messages")).expect("it is a rule");
        assert_eq!(faults.of_request("GET /users/@me"), None);
        assert_eq!(faults.of_event("MESSAGE_CREATE"), None);
        let struck: Vec<_> =
            (0..3).map(|_| faults.of_request("POST /channels/1/messages").is_some()).collect();
        assert_eq!(struck, [true, true, false]);
        assert_eq!(faults.struck(), 2);
    }

    #[test]
    fn given_the_same_seed_then_chance_falls_alike_and_about_as_often_as_said() {
        let drops = |seed| -> Vec<bool> {
            let faults = Faults::new(seed);
            faults.add(Rule::by_chance(0.2, Fault::DropEvent)).expect("it is a rule");
            (0..2_000).map(|_| faults.of_event("MESSAGE_CREATE").is_some()).collect()
        };
        assert_eq!(drops(7), drops(7));
        assert_ne!(drops(7), drops(8));
        let count = drops(7).iter().filter(|dropped| **dropped).count();
        assert!((300..500).contains(&count), "{count} of 2,000");
    }

    #[test]
    fn given_a_rule_that_makes_no_sense_then_it_is_refused() {
        let faults = Faults::new(1);
        let often = Rule::by_chance(1.5, Fault::DropEvent);
        assert_eq!(faults.add(often), Err(RuleError::Probability));
        let fine = Rule::next(1, Fault::ServerError { status: 404, after: false });
        assert_eq!(faults.add(fine), Err(RuleError::Status));
    }

    #[test]
    fn given_a_rule_as_json_then_only_the_fault_must_be_named() {
        let rule: Rule = serde_json::from_str(r#"{"fault":"slow","ms":50}"#).expect("a rule");
        assert_eq!(rule, Rule { times: None, ..Rule::next(1, Fault::Slow { ms: 50 }) });
    }
}
