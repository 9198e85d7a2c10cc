//! Who looked at what: reads of what is kept of members, by those whose office it is to look.
//!
//! Rules:
//! - The same reader and the same thing is recorded once in [`EVERY_SECS`].
//! - Of one reader at most [`MOST_OF_ONE_A_DAY`] things are recorded one by one in a UTC day; that
//!   they looked at still more is recorded once in [`EVERY_SECS`]. Nobody fills a log by looking.
//! - Who looks at their own is no reader, and looking at this list is not recorded: or it would
//!   grow by being read.
//!
//! Memory: what was read in the last [`EVERY_SECS`], at most [`MOST_OF_ONE_A_DAY`] of one reader.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    CaseNumber, Decider, DomainEvent, EventType, PersonId, Timestamp, UtcDay, Weigh, people::Never,
};

pub const EVERY_SECS: i64 = 15 * 60;
pub const MOST_OF_ONE_A_DAY: u32 = 1_000;
/// Of the name of a list.
pub const MAX_NAME_CHARS: usize = 60;
/// Reads that are remembered before those that are over are forgotten.
const FORGET_FROM: usize = 1_024;

#[derive(Debug)]
pub struct Reads;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    day: UtcDay,
    /// By reader and thing, hashed.
    last: HashMap<u64, Timestamp>,
    of_one: HashMap<PersonId, u32>,
}

/// Where somebody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Dashboard,
    Discord,
    /// A file that was taken along.
    Download,
}

/// What somebody looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Thing {
    Case {
        case: CaseNumber,
        whom: PersonId,
    },
    /// Everything there is against somebody.
    Record {
        whom: PersonId,
    },
    /// The list of everybody's cases, or of their appeals.
    Cases,
    /// The log, with what messages said; of one member or of all.
    Log {
        whom: Option<PersonId>,
    },
    /// A file that is evidence.
    File {
        case: CaseNumber,
        evidence: u32,
        file: u32,
    },
    /// A whole list as a file.
    List {
        list: String,
        whom: Option<PersonId>,
    },
    /// The history, searched for what one member did.
    History {
        whom: PersonId,
    },
}

/// Keep that somebody looked just now.
#[derive(Clone, Debug)]
pub struct Command {
    pub who: PersonId,
    /// Whether they run this bot, and were let in.
    pub operator: bool,
    pub thing: Thing,
    pub via: Via,
    pub at: Timestamp,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $kind:literal { $($field:ident: $type:ty),* },)+) => {
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Event {
            $($(#[$doc])* $name {
                who: PersonId,
                /// Whether they run this bot, and were let in.
                #[serde(default, skip_serializing_if = "is_false")]
                operator: bool,
                $($field: $type,)*
                via: Via,
                at: Timestamp,
            },)+
        }

        impl Event {
            /// Who looked, where, and when.
            pub const fn by(&self) -> (PersonId, Via, Timestamp) {
                match self {
                    $(Self::$name { who, via, at, .. } => (*who, *via, *at),)+
                }
            }

            /// Whether they run this bot, and were let in.
            pub const fn is_by_operator(&self) -> bool {
                match self {
                    $(Self::$name { operator, .. } => *operator,)+
                }
            }
        }

        impl DomainEvent for Event {
            const TYPES: &'static [EventType] = &[$(EventType::new($kind, 1)),+];

            fn event_type(&self) -> EventType {
                EventType::new(match self { $(Self::$name { .. } => $kind,)+ }, 1)
            }
        }
    };
}

events! {
    CaseOpened = "reads.case_opened" { case: CaseNumber, whom: PersonId },
    RecordOpened = "reads.record_opened" { whom: PersonId },
    CasesBrowsed = "reads.cases_browsed" {},
    LogRead = "reads.log_read" {},
    /// The log, of one member only.
    LogSearched = "reads.log_searched" { whom: PersonId },
    FileOpened = "reads.file_opened" { case: CaseNumber, evidence: u32, file: u32 },
    ListTaken = "reads.list_taken" { list: String },
    /// What a list says of one member.
    ListSearched = "reads.list_searched" { list: String, whom: PersonId },
    HistorySearched = "reads.history_searched" { whom: PersonId },
    /// More than are recorded one by one.
    ManyOpened = "reads.many_opened" {},
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Command {
    fn event(&self) -> Event {
        let Self { who, operator, via, at, .. } = *self;
        match &self.thing {
            Thing::Case { case, whom } => {
                Event::CaseOpened { who, operator, case: *case, whom: *whom, via, at }
            }
            Thing::Record { whom } => Event::RecordOpened { who, operator, whom: *whom, via, at },
            Thing::Cases => Event::CasesBrowsed { who, operator, via, at },
            Thing::Log { whom: None } => Event::LogRead { who, operator, via, at },
            Thing::Log { whom: Some(whom) } => {
                Event::LogSearched { who, operator, whom: *whom, via, at }
            }
            Thing::File { case, evidence, file } => {
                let (case, evidence, file) = (*case, *evidence, *file);
                Event::FileOpened { who, operator, case, evidence, file, via, at }
            }
            Thing::List { list, whom } => {
                let list = list.chars().take(MAX_NAME_CHARS).collect();
                match *whom {
                    None => Event::ListTaken { who, operator, list, via, at },
                    Some(whom) => Event::ListSearched { who, operator, list, whom, via, at },
                }
            }
            Thing::History { whom } => {
                Event::HistorySearched { who, operator, whom: *whom, via, at }
            }
        }
    }
}

impl Event {
    /// Whom it was about.
    pub const fn whom(&self) -> Option<PersonId> {
        match self {
            Self::CaseOpened { whom, .. }
            | Self::RecordOpened { whom, .. }
            | Self::LogSearched { whom, .. }
            | Self::ListSearched { whom, .. }
            | Self::HistorySearched { whom, .. } => Some(*whom),
            _ => None,
        }
    }

    pub const fn case(&self) -> Option<CaseNumber> {
        match self {
            Self::CaseOpened { case, .. } | Self::FileOpened { case, .. } => Some(*case),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<&str> {
        match self {
            Self::ListTaken { list, .. } | Self::ListSearched { list, .. } => Some(list),
            _ => None,
        }
    }

    /// What repetitions have in common, by FNV-1a: the same on every machine, so that a snapshot
    /// can be taken along. Where somebody looked makes no difference.
    fn sameness(&self) -> u64 {
        let number = |person: Option<PersonId>| person.map_or(0, |person| u64::from(person.0) + 1);
        let (evidence, file) = match self {
            Self::FileOpened { evidence, file, .. } => (*evidence, *file),
            _ => (0, 0),
        };
        let numbers = [
            number(Some(self.by().0)),
            number(self.whom()),
            self.case().map_or(0, |case| u64::from(case.0)),
            evidence.into(),
            file.into(),
        ];
        let kind = self.event_type().name;
        let texts = kind.bytes().chain(*b"\n").chain(self.list().unwrap_or_default().bytes());
        let bytes = numbers.into_iter().flat_map(u64::to_be_bytes).chain(texts);
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }
}

impl Default for State {
    fn default() -> Self {
        Self { day: UtcDay::NEVER, last: HashMap::new(), of_one: HashMap::new() }
    }
}

impl State {
    fn was_recorded(&self, event: &Event) -> bool {
        let at = event.by().2;
        self.last.get(&event.sameness()).is_some_and(|last| at < last.plus_secs(EVERY_SECS))
    }

    fn forget_before(&mut self, at: Timestamp) {
        self.last.retain(|_, last| at < last.plus_secs(EVERY_SECS));
    }
}

impl Decider for Reads {
    const CAPABILITY: &'static str = "reads";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Never;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Never> {
        let read = command.event();
        let Command { who, operator, via, at, .. } = *command;
        let today = if at.utc_day() > state.day { 0 } else { state.of(who) };
        let event = if today < MOST_OF_ONE_A_DAY || state.was_recorded(&read) {
            read
        } else {
            Event::ManyOpened { who, operator, via, at }
        };
        Ok(if state.was_recorded(&event) { Vec::new() } else { vec![event] })
    }

    fn evolve(state: &mut State, event: &Event) {
        let (who, _, at) = event.by();
        if at.utc_day() > state.day {
            state.day = at.utc_day();
            state.of_one.clear();
            state.forget_before(at);
        } else if state.last.len() >= FORGET_FROM {
            state.forget_before(at);
        }
        state.last.insert(event.sameness(), at);
        *state.of_one.entry(who).or_default() += 1;
    }
}

impl State {
    fn of(&self, who: PersonId) -> u32 {
        self.of_one.get(&who).copied().unwrap_or(0)
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let entries = self.last.capacity() + self.of_one.capacity();
        size_of::<Self>() + entries * 8 / 7 * (size_of::<(u64, Timestamp)>() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: PersonId = PersonId(7);
    const BEN: PersonId = PersonId(9);

    fn noon() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn look(who: PersonId, thing: Thing, at: Timestamp) -> Command {
        Command { who, operator: false, thing, via: Via::Dashboard, at }
    }

    fn record(whom: u32) -> Thing {
        Thing::Record { whom: PersonId(whom) }
    }

    /// What was recorded.
    fn keep(state: &mut State, command: &Command) -> Option<&'static str> {
        let events = Reads::decide(state, command).unwrap();
        for event in &events {
            Reads::evolve(state, event);
        }
        events.first().map(|event| event.event_type().name)
    }

    #[test]
    fn given_somebody_who_looks_again_and_again_then_one_in_a_quarter_of_an_hour_is_recorded() {
        let mut state = State::default();
        let recorded: Vec<i64> = (0..2_000)
            .filter(|secs| {
                let at = noon().plus_secs(*secs);
                keep(&mut state, &look(ANN, record(9), at)).is_some()
            })
            .collect();
        assert_eq!(recorded, [0, 900, 1_800]);
    }

    #[test]
    fn given_other_readers_and_other_things_then_each_is_recorded() {
        let mut state = State::default();
        let case = |case| Thing::Case { case: CaseNumber(case), whom: BEN };
        let file = |file| Thing::File { case: CaseNumber(1), evidence: 2, file };
        let list = |list: &str, whom| Thing::List { list: list.to_owned(), whom };
        for (thing, kind) in [
            (case(1), "reads.case_opened"),
            (case(2), "reads.case_opened"),
            (record(9), "reads.record_opened"),
            (record(8), "reads.record_opened"),
            (Thing::Cases, "reads.cases_browsed"),
            (Thing::Log { whom: None }, "reads.log_read"),
            (Thing::Log { whom: Some(BEN) }, "reads.log_searched"),
            (file(1), "reads.file_opened"),
            (file(2), "reads.file_opened"),
            (list("cases", None), "reads.list_taken"),
            (list("logs", None), "reads.list_taken"),
            (list("logs", Some(BEN)), "reads.list_searched"),
            (Thing::History { whom: BEN }, "reads.history_searched"),
        ] {
            for who in [ANN, BEN] {
                let look = look(who, thing.clone(), noon());
                assert_eq!(keep(&mut state, &look), Some(kind), "{thing:?}");
                assert_eq!(keep(&mut state, &look), None, "{thing:?}, again");
                let elsewhere = Command { via: Via::Discord, ..look };
                assert_eq!(keep(&mut state, &elsewhere), None, "{thing:?}, elsewhere");
            }
        }
    }

    #[test]
    fn given_somebody_who_opens_everything_then_the_rest_of_the_day_is_told_in_few_words() {
        let mut state = State::default();
        let mut many = 0;
        for number in 0..5_000_u32 {
            let at = noon().plus_secs(i64::from(number) / 10);
            match keep(&mut state, &look(ANN, record(100 + number), at)) {
                Some("reads.record_opened") => assert!(number < MOST_OF_ONE_A_DAY),
                Some("reads.many_opened") => many += 1,
                other => assert_eq!(other, None),
            }
        }
        assert_eq!(many, 1, "in eight minutes");
        let later = noon().plus_secs(3_600);
        let last = look(ANN, record(9_000), later);
        assert_eq!(keep(&mut state, &last), Some("reads.many_opened"));
        let other = look(BEN, record(9_000), later);
        assert_eq!(keep(&mut state, &other), Some("reads.record_opened"), "another reader");
        let tomorrow = noon().plus_secs(86_400);
        let next = look(ANN, record(9_000), tomorrow);
        assert_eq!(keep(&mut state, &next), Some("reads.record_opened"), "another day");
        assert_eq!(state.last.len(), 1, "what is over is forgotten");
        assert!(state.weight_bytes() < 128 * 1024);
    }

    #[test]
    fn given_many_reads_in_one_day_then_those_that_are_over_make_room() {
        let mut state = State::default();
        for number in 0..40_000_u32 {
            let at = noon().plus_secs(i64::from(number));
            keep(&mut state, &look(PersonId(1 + number % 60), record(100 + number), at));
        }
        assert!(state.last.len() <= FORGET_FROM, "{}", state.last.len());
    }
}
