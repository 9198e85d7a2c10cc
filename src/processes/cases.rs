//! Opens the record of every case, and tells it what moderation decided about it.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | a new number: open `case/{guild}/{number}` | the key opens once; it may be open already, by whoever wrote something about it first | never | the event comes again |
//! | something became of it: its status | the key says it once | what a person settled otherwise stays so | the event comes again |
//!
//! It begins at the start of the log: every case that has a number has its record.

use async_trait::async_trait;
use domain::{
    CaseNumber, PersonId,
    case::{Kind, Status},
    moderation::{By, Deed, EndReason, Event},
};
use eventlog::Recorded;

use super::{Begin, Process, Reaction, Trouble};

/// Who says it where nobody does.
const RULE: &str = "moderation";

#[derive(Debug)]
pub struct Cases;

/// What an event means for its case.
enum Word {
    Opens(PersonId, Kind, By),
    Becomes(Status, By),
}

#[async_trait]
impl Process for Cases {
    fn name(&self) -> &'static str {
        "cases"
    }

    fn begins(&self) -> Begin {
        Begin::Start
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(
            type_name,
            "moderation.member_warned"
                | "moderation.member_noted"
                | "moderation.deed_ordered"
                | "moderation.deed_observed"
                | "moderation.deed_failed"
                | "moderation.warning_decayed"
                | "moderation.warning_pardoned"
                | "moderation.sanction_ended"
        )
    }

    async fn react(&self, recorded: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        let Some((case, word)) = word(&eventlog::decode(recorded)?) else { return Ok(()) };
        let (guild, at) = (reaction.guild(), recorded.at);
        let (actions, key) = (reaction.actions(), reaction.key(&format!("case/{}", case.0))?);
        match word {
            Word::Opens(about, kind, by) => {
                actions.open_case(guild, (case, about), (kind, by), at, &key).await?;
            }
            Word::Becomes(status, by) => {
                actions.close_case(guild, case, (status, by), at, &key).await?;
            }
        }
        Ok(())
    }
}

fn word(event: &Event) -> Option<(CaseNumber, Word)> {
    let rule = || By::Rule(RULE.to_owned());
    Some(match event {
        Event::MemberWarned { case, person, by, .. } => {
            (*case, Word::Opens(*person, Kind::Warning, by.clone()))
        }
        Event::MemberNoted { case, person, by, .. } => {
            (*case, Word::Opens(*person, Kind::Note, by.clone()))
        }
        Event::DeedOrdered { case, person, deed, by, .. }
        | Event::DeedObserved { case, person, deed, by, .. } => {
            (*case, Word::Opens(*person, kind(*deed), by.clone()))
        }
        Event::DeedFailed { case, .. } => (*case, Word::Becomes(Status::Failed, rule())),
        Event::WarningDecayed { case, .. } => (*case, Word::Becomes(Status::Expired, rule())),
        Event::WarningPardoned { case, by, undo, .. } => {
            let status = if undo.is_some() { Status::Revoked } else { Status::Pardoned };
            (*case, Word::Becomes(status, by.clone()))
        }
        Event::SanctionEnded { case, why, .. } => (*case, Word::Becomes(ended(*why), rule())),
        _ => return None,
    })
}

pub(super) const fn kind(deed: Deed) -> Kind {
    match deed {
        Deed::Timeout => Kind::Timeout,
        Deed::EndTimeout => Kind::EndTimeout,
        Deed::Kick => Kind::Kick,
        Deed::Ban => Kind::Ban,
        Deed::Unban => Kind::Unban,
        Deed::Softban => Kind::Softban,
    }
}

const fn ended(why: EndReason) -> Status {
    match why {
        EndReason::Expired => Status::Expired,
        EndReason::Pardoned => Status::Pardoned,
        EndReason::Undone(_) => Status::Revoked,
        // Something newer stands in its place, or has ended it.
        EndReason::ReplacedBy(_) | EndReason::LiftedBy(_) => Status::Resolved,
    }
}
