//! A guild's moderation: case numbers, warnings that count, and what is in force against whom.
//!
//! Rules:
//! - Every action is a case with a number: 1, 2, 3 … without gap or duplicate, whatever becomes of
//!   the action.
//! - Ordering a punishment, what Discord said to it, and its end are events of their own. Only what
//!   Discord carried out is in force; what failed never looks like a punishment.
//! - A warning counts until it decays or is pardoned. How long was decided when it was given, by
//!   the policy in force then, whose version the event names.
//! - A warning takes the highest step of the ladder that the member's active warnings reach, unless
//!   that step or a higher one was taken before: each step is taken once. Decay takes no step and
//!   gives none back; pardoning the warning that took a step gives that step back. Where the guild
//!   wants it, a member without any active warning begins at the foot again.
//! - Of one kind (timeout, ban) at most one punishment of a member is in force. It is known by its
//!   case's number, and so is everything that ends or renews it: the end of an older case does
//!   nothing to a newer one.
//! - Nothing that ends by itself asks who ordered it, or what that person may do today.
//! - A timeout longer than Discord allows is renewed before it lapses there.
//! - While a punishment of a member is under way the same one is not ordered again, and none is
//!   ordered while an older one of its kind is being lifted: two calls cannot overtake each other.
//! - What was done by hand in Discord is a case as well, once for each entry of its audit log.
//! - Nobody punishes, warns or pardons themselves, nor acts for themselves or for their target.
//! - A batch is ordered as a whole or not at all; who is punished already is left out of it.
//! - Undoing takes back what is still in force or counts, by events; nothing is removed.
//!
//! Memory: at most [`MAX_BYTES_PER_MEMBER`] for each member with a warning that counts and a
//! timeout in force, at 100,000 of them. It grows with active warnings and open punishments, not
//! with cases.

mod apply;
mod decide;
mod due;
mod events;
mod refusal;
mod settings;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use apply::covered;
pub use due::{Due, DueKind};
pub use events::{EndReason, Event, LiftReason, Origin};
pub use refusal::Refusal;
pub use settings::{LadderStep, ModerationSettings, StepDeed};

use crate::{
    AuditLogId, BatchId, CaseNumber, Decider, PersonId, Personal, Timestamp, Weigh,
    settings::InForce,
};

pub const MAX_REASON_CHARS: usize = 1_000;
pub const MAX_RULE_CHARS: usize = 100;
pub const MIN_DURATION_SECS: u32 = 60;
pub const MAX_DURATION_SECS: u32 = 5 * 365 * 24 * 60 * 60;
/// Of messages that a ban deletes: Discord's limit.
pub const MAX_DELETE_SECS: u32 = 7 * 24 * 60 * 60;
/// How far ahead Discord takes the end of a timeout: 28 days, less what clocks may differ.
pub const DISCORD_TIMEOUT_SECS: u32 = 28 * 24 * 60 * 60 - 5 * 60;
/// So long before a timeout lapses in Discord it may be renewed.
pub const RENEW_AHEAD_SECS: i64 = 24 * 60 * 60;
pub const MAX_ACTIVE_WARNINGS: usize = 10_000;
/// Orders of which Discord's answer is not known yet.
pub const MAX_OPEN_ORDERS: usize = 20_000;
/// Members in one batch, and cases in one undoing: Discord bans as many in one call.
pub const MAX_BATCH: usize = 200;
/// Entries of the audit log that are remembered as seen; older ones count as seen.
pub const SEEN_AUDIT_ENTRIES: usize = 5_000;
pub const MAX_BYTES_PER_MEMBER: usize = 304;

#[derive(Debug)]
pub struct Moderation;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    last_case: u32,
    members: HashMap<PersonId, Record>,
    orders: BTreeMap<(PersonId, CaseNumber), Order>,
    audit: BTreeSet<AuditLogId>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Record {
    warnings: Vec<Warning>,
    /// Steps of the ladder that were taken, and by which warning.
    steps: Vec<(u32, CaseNumber)>,
    /// In force; at most one of a kind.
    sanctions: Vec<Sanction>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Warning {
    case: CaseNumber,
    decays: Option<Timestamp>,
}

/// A punishment in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanction {
    pub case: CaseNumber,
    pub kind: SanctionKind,
    /// None: for good.
    pub until: Option<Timestamp>,
    /// Until when Discord keeps it up by itself, where that is not for good.
    pub covered_until: Option<Timestamp>,
    work: Option<Work>,
    attempts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Work {
    Renewal { covered_until: Timestamp },
    Lift(LiftReason),
}

/// A punishment of which Discord's answer is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Order {
    deed: Deed,
    until: Option<Timestamp>,
    covered_until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Minor,
    Major,
}

/// What is done in Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    Timeout,
    EndTimeout,
    Kick,
    Ban,
    Unban,
    /// A ban that deletes messages, and an unban.
    Softban,
}

/// What stays in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SanctionKind {
    Timeout,
    Ban,
}

/// Who is answerable for a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Member(PersonId),
    /// Somebody acts in the name of another moderator; both are on record.
    ActingFor {
        moderator: PersonId,
        whom: PersonId,
    },
    /// A rule of ours by its name, such as `ladder`.
    Rule(String),
    /// Discord did not say who.
    Unknown,
}

/// Which call to Discord an outcome belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Deed,
    Renewal { attempt: u32 },
    Lift { attempt: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Applied,
    Failed(Failure),
}

/// Why Discord did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The member has left.
    MemberGone,
    /// The bot lacks the permission, or stands below the member.
    NotAllowed,
    /// Discord could not be reached, or refused for another reason, until it was given up.
    Unavailable,
}

pub type Reason = Option<Personal<String>>;
pub type Terms = Arc<InForce<ModerationSettings>>;

#[derive(Clone, Debug)]
pub enum Command {
    Warn {
        person: PersonId,
        by: By,
        severity: Severity,
        reason: Reason,
        at: Timestamp,
        terms: Terms,
    },
    Note {
        person: PersonId,
        by: By,
        text: Personal<String>,
        at: Timestamp,
    },
    Punish {
        target: Target,
        order: Punishment,
    },
    /// The same for many, at most [`MAX_BATCH`].
    PunishMany {
        batch: BatchId,
        targets: Vec<Target>,
        order: Punishment,
    },
    /// Discord's answer to an order.
    Report {
        case: CaseNumber,
        person: PersonId,
        stage: Stage,
        outcome: Outcome,
        at: Timestamp,
    },
    /// Somebody did it by hand.
    Observe {
        entry: AuditEntry,
        at: Timestamp,
    },
    /// A warning's time may be over.
    Decay {
        case: CaseNumber,
        person: PersonId,
        at: Timestamp,
    },
    /// A punishment's time may be over.
    Expire {
        case: CaseNumber,
        person: PersonId,
        at: Timestamp,
    },
    /// A timeout may be about to lapse in Discord.
    Renew {
        case: CaseNumber,
        person: PersonId,
        at: Timestamp,
    },
    /// Another end for what is in force, counted from now; none: for good.
    Retime {
        case: CaseNumber,
        person: PersonId,
        by: By,
        duration_secs: Option<u32>,
        at: Timestamp,
    },
    Pardon {
        case: CaseNumber,
        person: PersonId,
        by: By,
        reason: Reason,
        at: Timestamp,
    },
    /// Takes back what these cases still mean.
    Undo {
        undo: BatchId,
        cases: Vec<(CaseNumber, PersonId)>,
        by: By,
        at: Timestamp,
    },
}

#[derive(Clone, Debug)]
pub struct Target {
    pub person: PersonId,
    pub reason: Reason,
}

#[derive(Clone, Debug)]
pub struct Punishment {
    pub deed: Deed,
    pub by: By,
    pub duration_secs: Option<u32>,
    /// Messages of so many seconds before are deleted.
    pub delete_secs: Option<u32>,
    pub at: Timestamp,
    pub terms: Terms,
}

/// What Discord's audit log says.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    pub id: AuditLogId,
    pub deed: Deed,
    pub person: PersonId,
    pub by: By,
    pub reason: Reason,
    pub until: Option<Timestamp>,
}

impl Decider for Moderation {
    const CAPABILITY: &'static str = "moderation";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        state.decide(command)
    }

    fn evolve(state: &mut State, event: &Event) {
        state.apply(event);
    }
}

impl State {
    /// The number of the newest case.
    pub fn last_case(&self) -> CaseNumber {
        CaseNumber(self.last_case)
    }

    pub fn active_warnings(&self, person: PersonId, at: Timestamp) -> usize {
        self.members.get(&person).map_or(0, |record| record.active(at))
    }

    /// What is in force against somebody.
    pub fn sanctions(&self, person: PersonId) -> &[Sanction] {
        self.members.get(&person).map_or(&[], |record| &record.sanctions)
    }

    /// The order of the same deed against somebody that is still under way.
    fn under_way(&self, person: PersonId, deed: Deed) -> Option<CaseNumber> {
        let all = (person, CaseNumber(0))..=(person, CaseNumber(u32::MAX));
        let mut orders = self.orders.range(all);
        orders.find(|(_, order)| order.deed == deed).map(|((_, case), _)| *case)
    }

    fn sanction(&self, person: PersonId, kind: SanctionKind) -> Option<&Sanction> {
        self.sanctions(person).iter().find(|sanction| sanction.kind == kind)
    }

    fn sanction_of_case(&self, person: PersonId, case: CaseNumber) -> Option<&Sanction> {
        self.sanctions(person).iter().find(|sanction| sanction.case == case)
    }
}

impl Record {
    fn active(&self, at: Timestamp) -> usize {
        self.warnings.iter().filter(|warning| warning.counts(at)).count()
    }

    fn highest_step(&self) -> u32 {
        self.steps.iter().map(|(at, _)| *at).max().unwrap_or(0)
    }

    fn is_empty(&self) -> bool {
        self.warnings.is_empty() && self.steps.is_empty() && self.sanctions.is_empty()
    }
}

impl Warning {
    fn counts(&self, at: Timestamp) -> bool {
        self.decays.is_none_or(|decays| at < decays)
    }
}

impl Deed {
    /// What it puts in force.
    pub const fn opens(self) -> Option<SanctionKind> {
        match self {
            Self::Timeout => Some(SanctionKind::Timeout),
            Self::Ban => Some(SanctionKind::Ban),
            Self::EndTimeout | Self::Kick | Self::Unban | Self::Softban => None,
        }
    }

    /// What it ends.
    pub const fn ends(self) -> Option<SanctionKind> {
        match self {
            Self::EndTimeout => Some(SanctionKind::Timeout),
            Self::Unban | Self::Softban => Some(SanctionKind::Ban),
            Self::Timeout | Self::Kick | Self::Ban => None,
        }
    }
}

impl SanctionKind {
    const fn deed(self) -> Deed {
        match self {
            Self::Timeout => Deed::Timeout,
            Self::Ban => Deed::Ban,
        }
    }
}

impl By {
    /// Whose hand it was.
    pub fn member(&self) -> Option<PersonId> {
        match self {
            Self::Member(person) | Self::ActingFor { moderator: person, .. } => Some(*person),
            Self::Rule(_) | Self::Unknown => None,
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        // A hash table's buckets, each with one byte of control; trees are half full at worst.
        let heap = |record: &Record| {
            record.warnings.capacity() * size_of::<Warning>()
                + record.steps.capacity() * size_of::<(u32, CaseNumber)>()
                + record.sanctions.capacity() * size_of::<Sanction>()
        };
        size_of::<Self>()
            + self.members.capacity() * 8 / 7 * (size_of::<(PersonId, Record)>() + 1)
            + self.members.values().map(heap).sum::<usize>()
            + self.orders.len() * 2 * size_of::<((PersonId, CaseNumber), Order)>()
            + self.audit.len() * 2 * size_of::<AuditLogId>()
    }
}
