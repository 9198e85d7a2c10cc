//! What is held against whoever asks, in whichever community: also for somebody who was banned and
//! is no member any more, so that they can appeal.

use domain::{GuildId, PersonId, Timestamp, UserId, case::Kind};
use projections::moderation::cases::{self, Filter, Order};

use super::{CaseLine, MODULE};
use crate::{ActionError, Actions, Caller, Standing};

/// Cases of one community that are told of, newest first.
pub const MAX_HELD: u32 = 50;
/// Of one case: as many as are ever said of its appeals, and what lies between them.
const ENTRIES: u32 = cases::MAX_ENTRIES;

/// What one community holds against somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub guild: GuildId,
    /// Whether the community shows people what is held against them; else there are no cases here.
    pub shows_record: bool,
    pub takes_appeals: bool,
    /// Newest first.
    pub cases: Vec<HeldCase>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCase {
    pub case: CaseLine,
    /// What they wrote last, and what they were answered.
    pub appeal: Option<Spoken>,
    pub answer: Option<Spoken>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub at: Timestamp,
    /// None where nothing was written, or it was erased.
    pub text: Option<String>,
}

impl Actions {
    /// In which communities there is something against this user.
    pub async fn held_anywhere(&self, user: UserId) -> Result<Vec<Held>, ActionError> {
        let communities = cases::communities(self.store()).await?;
        let mut all = Vec::new();
        for (guild, person) in self.people().find_in(&communities, user).await? {
            let caller = Caller::member(user, Standing::everyone());
            match self.open_to(guild, &caller, Some(&MODULE)).await {
                Ok(()) => all.extend(self.held(guild, person).await?),
                Err(error) if error.is_fault() => return Err(error),
                // Where they are not served, or nobody moderates with us any more.
                Err(_) => {}
            }
        }
        all.sort_by_key(|held| held.guild);
        Ok(all)
    }

    /// None where there is nothing that they may know of.
    async fn held(&self, guild: GuildId, person: PersonId) -> Result<Option<Held>, ActionError> {
        let filter = Filter { person: Some(person), but: vec![Kind::Note], ..Filter::default() };
        let rows =
            cases::page(self.store(), guild, &filter, Order::NewestFirst, None, MAX_HELD).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let terms = self.moderation_terms(guild).await?;
        let (shows_record, takes_appeals) = (terms.values.members_see_record, terms.values.appeals);
        let mut held = Vec::new();
        for row in rows.into_iter().filter(|_| shows_record) {
            let (mut appeal, mut answer) = (None, None);
            if row.appeals > 0 {
                (appeal, answer) = self.spoken_of(guild, &row).await?;
            }
            let case = self.case_line(guild, row, false).await?;
            held.push(HeldCase { case, appeal, answer });
        }
        Ok(Some(Held { guild, shows_record, takes_appeals, cases: held }))
    }

    /// The last appeal against a case, and its answer.
    async fn spoken_of(
        &self,
        guild: GuildId,
        row: &cases::CaseRow,
    ) -> Result<(Option<Spoken>, Option<Spoken>), ActionError> {
        let (mut appeal, mut answer) = (None, None);
        for entry in cases::entries(self.store(), guild, row.number, None, ENTRIES).await? {
            let place = match entry.what.as_str() {
                "decision" => &mut answer,
                "appeal" => &mut appeal,
                _ => continue,
            };
            let is_appeal = entry.what == "appeal";
            if place.is_none() {
                let text = self.text_of_case(guild, entry.event, entry.text).await?;
                *place = Some(Spoken { at: entry.at, text });
            }
            // Newest first: what is older belongs to an appeal before.
            if is_appeal {
                break;
            }
        }
        Ok((appeal, answer))
    }
}
