//! What someone may do about somebody else's conduct.
//!
//! What people ask for is here and in the files beside; what happens by itself, at its time or
//! because Discord answered, is in `upkeep.rs`.

mod appeals;
mod edit;
pub mod files;
mod log;
mod many;
mod own;
mod punish;
mod undo;
pub mod upkeep;

use domain::{
    CaseNumber, Decider as _, GuildId, IdempotencyKey, PersonId, Personal,
    case::{self, Case},
    moderation::{By, Command, Event, Moderation, ModerationSettings, Reason, Terms},
};
use eventlog::{CommandError, Decision, StreamId};
use projections::moderation::cases::{self, CaseRow};

pub use appeals::Decided;
pub use edit::Pardoned;
pub use files::{CaseFile, FileOf, KeptFile};
pub use log::{
    Activity, ByWhom, CaseFilter, CaseHistory, CaseLine, CasePage, HistoryEntry, MAX_CASES_PAGE,
    Record, Sight,
};
pub use many::{Left, MAX_BATCH_REASON_CHARS, Many, Massban, Plan};
pub use own::{Held, HeldCase, MAX_HELD, Spoken};
pub use punish::{Against, Captured, InNameOf, Ordered, Sentence, Step, Subject, Warned};
pub use undo::{Cause, Preview, Undone};

use crate::{
    ActionError, Actions, Caller, Permission, Who,
    modules::{Module, Offer},
};

pub const MODULE: Module = Module {
    name: "moderation",
    title: "Moderation",
    about: "Warnings, timeouts, kicks and bans, each with a case that can be read and appealed.",
    offer: Offer::Standard,
};

const PROCESS: &str = "moderation";

impl Actions {
    /// The policy in force, with its version.
    pub async fn moderation_terms(&self, guild: GuildId) -> Result<Terms, ActionError> {
        self.settings::<ModerationSettings>(guild).await
    }

    /// Decides something about a guild's moderation.
    async fn moderate(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        command: &Command,
    ) -> Result<Decision<Event>, ActionError> {
        let policy = match command {
            Command::Warn { terms, .. } => Some(terms.version),
            Command::Punish { order, .. } | Command::PunishMany { order, .. } => {
                Some(order.terms.version)
            }
            _ => None,
        };
        let request = self.request(guild, caller, key, policy).await?;
        Ok(self.bus().execute::<Moderation>(&stream(guild), command, &request).await?)
    }

    /// Says something about a case. Whoever comes before the process that opens it, opens it.
    async fn say_of_case(
        &self,
        guild: GuildId,
        caller: &Caller,
        case: &Opening,
        key: &IdempotencyKey,
        command: &case::Command,
    ) -> Result<Decision<case::Event>, ActionError> {
        let number = case.number.0.to_string();
        let stream = StreamId::part(Case::CAPABILITY, guild, &number);
        let open = case::Command::Open {
            case: case.number,
            about: case.about,
            kind: case.kind,
            by: case.by.clone(),
            at: case.at,
        };
        let opens = derived("case", &format!("{number}/open"))?;
        let request = self.request(guild, &Caller::process(PROCESS), &opens, None).await?;
        self.bus().execute::<Case>(&stream, &open, &request).await?;
        let request = self.request(guild, caller, key, None).await?;
        Ok(self.bus().execute::<Case>(&stream, command, &request).await?)
    }

    /// A case as people see it. It may be a moment behind what was decided.
    async fn case_row(&self, guild: GuildId, number: CaseNumber) -> Result<CaseRow, ActionError> {
        if let Some(row) = cases::one(self.store(), guild, number).await? {
            return Ok(row);
        }
        let stream = stream(guild);
        let last = self.bus().read::<Moderation, _>(&stream, |state, _| state.last_case());
        if number.0 == 0 || number > last.await? {
            return Err(no_such_case());
        }
        let text = format!("Case {number} is being written just now. Try again in a moment.");
        Err(refused("moderation.being_written", text))
    }

    /// Who is answerable for what this caller does.
    async fn by(
        &self,
        guild: GuildId,
        caller: &Caller,
        in_name_of: Option<&InNameOf>,
    ) -> Result<By, ActionError> {
        Ok(match &caller.who {
            Who::Member(user) => {
                let moderator = self.people().person(guild, *user).await?;
                match in_name_of {
                    None => By::Member(moderator),
                    Some(other) => {
                        let whom = self.people().person(guild, other.user).await?;
                        By::ActingFor { moderator, whom }
                    }
                }
            }
            Who::Process(name) => By::Rule((*name).to_owned()),
            Who::Operator => By::Rule("operator".to_owned()),
            Who::Import => By::Rule("import".to_owned()),
        })
    }

    /// What everything about a case begins with: the caller may, the case is there.
    async fn handle_case(
        &self,
        what: &str,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        key: &IdempotencyKey,
    ) -> Result<(CaseRow, By), ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.authorise_to((what, None), guild, caller, Permission::Moderate, key).await?;
        let row = self.case_row(guild, number).await?;
        let by = self.by(guild, caller, None).await?;
        Ok((row, by))
    }
}

/// What a case's own stream begins with.
struct Opening {
    number: CaseNumber,
    about: PersonId,
    kind: case::Kind,
    by: By,
    at: domain::Timestamp,
}

impl Opening {
    fn of(row: &CaseRow) -> Self {
        let (number, about, kind) = (row.number, row.person, row.kind);
        Self { number, about, kind, by: row.by.clone(), at: row.at }
    }
}

fn stream(guild: GuildId) -> StreamId {
    StreamId::of_guild(Moderation::CAPABILITY, guild)
}

fn refused(rule: &'static str, text: impl Into<String>) -> ActionError {
    ActionError::Refused { rule, text: text.into() }
}

fn no_such_case() -> ActionError {
    CommandError::Refused(case::Refusal::NoSuchCase).into()
}

/// A key of its own for another step of the same request.
fn derived(key: &str, step: &str) -> Result<IdempotencyKey, ActionError> {
    IdempotencyKey::new(format!("{key}/{step}"))
        .map_err(|error| ActionError::BadInput(error.to_string()))
}

fn used_for_something_else() -> ActionError {
    ActionError::BadInput("This key was used for something else.".to_owned())
}

/// A text about somebody, which goes when they are erased.
fn about(owner: PersonId, text: Option<&str>) -> Reason {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    Some(Personal::clear(owner, text.to_owned()))
}
