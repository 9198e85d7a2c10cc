//! One case: everything that is said about it, and how it stands.
//!
//! Whether a warning counts and what is in force is decided by [`crate::moderation`]; a process
//! tells the case what came of that, so that all of one case can be read in one place.
//!
//! Rules:
//! - A case is opened once, for a member, with what it is.
//! - Notes and evidence are added and never changed or removed; each has a number. A reason that is
//!   edited stays on record as it was.
//! - The files of a message that is evidence come with it, at most [`MAX_FILES`] of one message and
//!   [`MAX_CASE_FILES`] of a case; what is beyond is left out, and holds nothing up. What became of the
//!   copy of each is said once.
//! - Hiding a case keeps all of it, with who hid it; it can be shown again.
//! - A case is open, resolved, expired, failed, revoked or pardoned. A resolved one can be opened
//!   again; a pardon may come after all but a revocation; failed, revoked and pardoned are final.
//! - Only the member whom it is about appeals, at most [`MAX_APPEALS`] times, one appeal at a time,
//!   and not against a revoked or pardoned case. Nobody decides on their own appeal.
//! - Everything has who did it. Repeating what is so already changes nothing.
//!
//! Memory: under 2 KiB a case, whatever is said about it: texts are not held, only their number.

mod events;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use events::Event;

use crate::{
    CaseNumber, ChannelId, Decider, MessageId, PersonId, Personal, Timestamp, Weigh, moderation::By,
};

pub const MAX_TEXT_CHARS: usize = 2_000;
pub const MAX_NOTES: u32 = 500;
pub const MAX_EVIDENCE: u32 = 50;
/// Of one message: Discord takes no more.
pub const MAX_FILES: u32 = 10;
pub const MAX_CASE_FILES: u32 = 50;
pub const MAX_FILE_NAME_CHARS: usize = 100;
pub const MAX_LINKS: usize = 50;
pub const MAX_APPEALS: u32 = 3;

#[derive(Debug)]
pub struct Case;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    about: Option<PersonId>,
    status: Status,
    hidden: bool,
    notes: u32,
    evidence: u32,
    /// Files in all, and of which copies it is not known yet what became of them: by the evidence's
    /// number and the file's.
    files: u32,
    copying: BTreeSet<(u32, u32)>,
    links: BTreeSet<CaseNumber>,
    appeals: u32,
    appeal_open: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Open,
    /// Dealt with, as a moderator says.
    Resolved,
    /// Its time is over.
    Expired,
    /// Discord did not do what was ordered.
    Failed,
    /// Taken back as if it had not been.
    Revoked,
    /// It was so, and it is forgiven.
    Pardoned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Warning,
    Note,
    Timeout,
    EndTimeout,
    Kick,
    Ban,
    Unban,
    Softban,
}

/// Where a message stood whose text was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    pub channel: ChannelId,
    pub message: MessageId,
}

/// A file of a message, as Discord told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileTold {
    pub name: String,
    pub bytes: u64,
    /// Where Discord keeps it, for about a day.
    pub url: String,
}

/// What became of the copy of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileOutcome {
    Copied,
    /// Discord had it no longer, or whoever wrote it was erased.
    Gone,
    TooLarge,
    /// The case or the community keeps as much as it may.
    NoRoom,
    /// It stands on no server of Discord's.
    Elsewhere,
    /// Discord did not hand it out, whatever we tried.
    Failed,
}

#[derive(Clone, Debug)]
pub enum Command {
    Open {
        case: CaseNumber,
        about: PersonId,
        kind: Kind,
        by: By,
        at: Timestamp,
    },
    Note {
        by: By,
        text: Personal<String>,
        at: Timestamp,
    },
    EditReason {
        by: By,
        text: Personal<String>,
        at: Timestamp,
    },
    /// Evidence of a message belongs to whoever wrote it.
    AddEvidence {
        by: By,
        text: Personal<String>,
        place: Option<Place>,
        files: Vec<Personal<FileTold>>,
        at: Timestamp,
    },
    SettleFile {
        evidence: u32,
        file: u32,
        outcome: FileOutcome,
        at: Timestamp,
    },
    SetEnd {
        by: By,
        until: Option<Timestamp>,
        at: Timestamp,
    },
    Hide {
        by: By,
        at: Timestamp,
    },
    Show {
        by: By,
        at: Timestamp,
    },
    Link {
        case: CaseNumber,
        other: CaseNumber,
        by: By,
        at: Timestamp,
    },
    Unlink {
        other: CaseNumber,
        by: By,
        at: Timestamp,
    },
    SetStatus {
        to: Status,
        by: By,
        at: Timestamp,
    },
    Appeal {
        who: PersonId,
        text: Personal<String>,
        at: Timestamp,
    },
    DecideAppeal {
        by: By,
        accepted: bool,
        text: Option<Personal<String>>,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such case here.")]
    NoSuchCase,
    #[error("This case is about somebody else already.")]
    OpenedOtherwise,
    #[error("Write 1 to {MAX_TEXT_CHARS} characters.")]
    TextInvalid,
    #[error("This case has {MAX_NOTES} notes, which is the most.")]
    TooManyNotes,
    #[error("This case has {MAX_EVIDENCE} pieces of evidence, which is the most.")]
    TooMuchEvidence,
    #[error("This case is linked to {MAX_LINKS} others, which is the most.")]
    TooManyLinks,
    #[error("A case cannot be linked to itself.")]
    LinkToItself,
    #[error("This case is {from}, it cannot become {to}.")]
    WrongStatus { from: &'static str, to: &'static str },
    #[error("Only the member whom a case is about can appeal against it.")]
    NotYourCase,
    #[error("This case is {status}: there is nothing to appeal against.")]
    NothingToAppeal { status: &'static str },
    #[error("Your appeal is being looked at. Wait for the answer.")]
    AppealOpen,
    #[error("You have appealed {MAX_APPEALS} times, which is the most.")]
    TooManyAppeals,
    #[error("There is no open appeal here.")]
    NoAppeal,
    #[error("You cannot decide on a case that is about yourself.")]
    OwnCase,
}

impl FileOutcome {
    pub const ALL: [Self; 6] =
        [Self::Copied, Self::Gone, Self::TooLarge, Self::NoRoom, Self::Elsewhere, Self::Failed];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Gone => "gone",
            Self::TooLarge => "too_large",
            Self::NoRoom => "no_room",
            Self::Elsewhere => "elsewhere",
            Self::Failed => "failed",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

impl Status {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Revoked => "revoked",
            Self::Pardoned => "pardoned",
        }
    }

    const fn may_become(self, to: Self) -> bool {
        match (self, to) {
            (Self::Open, _)
            | (Self::Resolved | Self::Expired, Self::Pardoned | Self::Revoked)
            // A case that was called resolved may still run out.
            | (Self::Resolved, Self::Open | Self::Expired) => true,
            _ => false,
        }
    }
}

impl Decider for Case {
    const CAPABILITY: &'static str = "case";
    const SNAPSHOT_VERSION: u32 = 2;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        let Command::Open { case, about, kind, by, at } = command else {
            let about = state.about.ok_or(Refusal::NoSuchCase)?;
            if let Command::AddEvidence { by, text, place, files, at } = command {
                return state.add_evidence((by, *at), (text, *place), files);
            }
            return Ok(state.decide(about, command)?.into_iter().collect());
        };
        match state.about {
            Some(known) if known == *about => Ok(Vec::new()),
            Some(_) => Err(Refusal::OpenedOtherwise),
            None => {
                let (case, about, kind, by) = (*case, *about, *kind, by.clone());
                Ok(vec![Event::Opened { case, about, kind, by, at: *at }])
            }
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Opened { about, .. } => state.about = Some(*about),
            Event::NoteAdded { number, .. } => state.notes = *number,
            Event::EvidenceAdded { number, .. } => state.evidence = *number,
            Event::FileAttached { evidence, file, .. } => {
                state.files += 1;
                state.copying.insert((*evidence, *file));
            }
            Event::FileSettled { evidence, file, .. } => {
                state.copying.remove(&(*evidence, *file));
            }
            Event::Hidden { .. } => state.hidden = true,
            Event::Shown { .. } => state.hidden = false,
            Event::Linked { other, .. } => {
                state.links.insert(*other);
            }
            Event::Unlinked { other, .. } => {
                state.links.remove(other);
            }
            Event::StatusChanged { to, .. } => state.status = *to,
            Event::Appealed { number, .. } => {
                state.appeals = *number;
                state.appeal_open = true;
            }
            Event::AppealDecided { .. } => state.appeal_open = false,
            Event::ReasonEdited { .. } | Event::EndSet { .. } => {}
        }
    }
}

impl State {
    pub fn status(&self) -> Status {
        self.status
    }

    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// The evidence, and as many of its files as there is room for.
    fn add_evidence(
        &self,
        (by, at): (&By, Timestamp),
        (text, place): (&Personal<String>, Option<Place>),
        files: &[Personal<FileTold>],
    ) -> Result<Vec<Event>, Refusal> {
        check_text(text)?;
        let number = next(self.evidence, MAX_EVIDENCE).ok_or(Refusal::TooMuchEvidence)?;
        let (by, text) = (by.clone(), text.clone());
        let mut events = vec![Event::EvidenceAdded { number, by, text, place, at }];
        let room = MAX_FILES.min(MAX_CASE_FILES.saturating_sub(self.files)) as usize;
        for (file, told) in (1..).zip(files.iter().take(room)) {
            events.push(Event::FileAttached { evidence: number, file, told: told.clone(), at });
        }
        Ok(events)
    }

    fn decide(&self, about: PersonId, command: &Command) -> Result<Option<Event>, Refusal> {
        Ok(match command {
            Command::Open { .. } | Command::AddEvidence { .. } => None,
            Command::Note { by, text, at } => {
                check_text(text)?;
                let number = next(self.notes, MAX_NOTES).ok_or(Refusal::TooManyNotes)?;
                let (by, text) = (by.clone(), text.clone());
                Some(Event::NoteAdded { number, by, text, at: *at })
            }
            Command::EditReason { by, text, at } => {
                check_text(text)?;
                own(by, about)?;
                Some(Event::ReasonEdited { by: by.clone(), text: text.clone(), at: *at })
            }
            Command::SettleFile { evidence, file, outcome, at } => {
                let (evidence, file, outcome, at) = (*evidence, *file, *outcome, *at);
                let event = || Event::FileSettled { evidence, file, outcome, at };
                self.copying.contains(&(evidence, file)).then(event)
            }
            Command::SetEnd { by, until, at } => {
                own(by, about)?;
                Some(Event::EndSet { by: by.clone(), until: *until, at: *at })
            }
            Command::Hide { by, at } => {
                own(by, about)?;
                (!self.hidden).then(|| Event::Hidden { by: by.clone(), at: *at })
            }
            Command::Show { by, at } => {
                own(by, about)?;
                self.hidden.then(|| Event::Shown { by: by.clone(), at: *at })
            }
            Command::Link { case, other, by, at } => {
                if case == other {
                    return Err(Refusal::LinkToItself);
                }
                let known = self.links.contains(other);
                if !known && self.links.len() >= MAX_LINKS {
                    return Err(Refusal::TooManyLinks);
                }
                (!known).then(|| Event::Linked { other: *other, by: by.clone(), at: *at })
            }
            Command::Unlink { other, by, at } => {
                let event = || Event::Unlinked { other: *other, by: by.clone(), at: *at };
                self.links.contains(other).then(event)
            }
            Command::SetStatus { to, by, at } => {
                let (from, to) = (self.status, *to);
                if from == to {
                    return Ok(None);
                }
                own(by, about)?;
                if !from.may_become(to) {
                    return Err(Refusal::WrongStatus { from: from.word(), to: to.word() });
                }
                Some(Event::StatusChanged { from, to, by: by.clone(), at: *at })
            }
            Command::Appeal { who, text, at } => {
                if *who != about {
                    return Err(Refusal::NotYourCase);
                }
                if matches!(self.status, Status::Failed | Status::Revoked | Status::Pardoned) {
                    return Err(Refusal::NothingToAppeal { status: self.status.word() });
                }
                if self.appeal_open {
                    return Err(Refusal::AppealOpen);
                }
                check_text(text)?;
                let number = next(self.appeals, MAX_APPEALS).ok_or(Refusal::TooManyAppeals)?;
                Some(Event::Appealed { number, who: *who, text: text.clone(), at: *at })
            }
            Command::DecideAppeal { by, accepted, text, at } => {
                if !self.appeal_open {
                    return Err(Refusal::NoAppeal);
                }
                own(by, about)?;
                text.as_ref().map_or(Ok(()), check_text)?;
                let (number, by, text) = (self.appeals, by.clone(), text.clone());
                Some(Event::AppealDecided { number, by, accepted: *accepted, text, at: *at })
            }
        })
    }
}

fn next(number: u32, most: u32) -> Option<u32> {
    number.checked_add(1).filter(|number| *number <= most)
}

fn own(by: &By, about: PersonId) -> Result<(), Refusal> {
    if by.member() == Some(about) { Err(Refusal::OwnCase) } else { Ok(()) }
}

fn check_text(text: &Personal<String>) -> Result<(), Refusal> {
    let chars = text.value().map_or(0, |text| text.chars().count());
    if (1..=MAX_TEXT_CHARS).contains(&chars) { Ok(()) } else { Err(Refusal::TextInvalid) }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let links = self.links.len() * 2 * size_of::<CaseNumber>();
        size_of::<Self>() + links + self.copying.len() * 2 * size_of::<(u32, u32)>()
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchCase => "case.no_such_case",
            Self::OpenedOtherwise => "case.opened_otherwise",
            Self::TextInvalid => "case.text_invalid",
            Self::TooManyNotes => "case.too_many_notes",
            Self::TooMuchEvidence => "case.too_much_evidence",
            Self::TooManyLinks => "case.too_many_links",
            Self::LinkToItself => "case.link_to_itself",
            Self::WrongStatus { .. } => "case.wrong_status",
            Self::NotYourCase => "case.not_your_case",
            Self::NothingToAppeal { .. } => "case.nothing_to_appeal",
            Self::AppealOpen => "case.appeal_open",
            Self::TooManyAppeals => "case.too_many_appeals",
            Self::NoAppeal => "case.no_appeal",
            Self::OwnCase => "case.own_case",
        }
    }
}
