//! Lists: the board, who is in, and what happened.

use domain::{GiveawayId, GuildId, Timestamp, UserId, giveaways::Event};
use projections::giveaways::{board, entrants, timeline};

pub use projections::giveaways::board::{Line as BoardLine, Status};

use super::MODULE;
use crate::{ActionError, Actions, Caller, Permission};

pub const MAX_LIST: u32 = 25;
pub const MAX_ENTRANTS_PAGE: u32 = entrants::MAX_PAGE;

/// An entry, for whoever runs giveaways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntrantLine {
    pub entry: u32,
    /// None where the person was erased.
    pub user: Option<UserId>,
    pub weight: u32,
    pub standing: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntrantsPage {
    pub lines: Vec<EntrantLine>,
    /// After which number it goes on; none where that was all.
    pub next: Option<u32>,
}

/// Something that happened in a giveaway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineLine {
    pub seq: u64,
    pub at: Timestamp,
    pub what: String,
    pub entry: Option<u32>,
    pub user: Option<UserId>,
    pub by: Option<UserId>,
    pub why: Option<String>,
    pub number: Option<u64>,
    /// None where nobody gave one, or it cannot be opened any more.
    pub reason: Option<String>,
}

impl Actions {
    /// The newest giveaways of a guild, before `before` where that is given.
    #[tracing::instrument(name = "giveaways.list", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn giveaways(
        &self,
        guild: GuildId,
        caller: &Caller,
        status: Option<Status>,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<BoardLine>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let limit = limit.clamp(1, MAX_LIST);
        Ok(board::page(self.store(), guild, status.as_slice(), before, limit).await?)
    }

    /// Who is in, in order of their numbers. For whoever runs giveaways.
    #[tracing::instrument(name = "giveaways.entrants", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn entrants(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        after: u32,
        limit: u32,
    ) -> Result<EntrantsPage, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.authorise(guild, caller, Permission::ManageGiveaways).await?;
        self.shown_giveaway(guild, id).await?;
        let limit = limit.clamp(1, MAX_ENTRANTS_PAGE);
        // One more says whether there are more.
        let mut rows = entrants::page(self.store(), guild, id, None, after, limit + 1).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| more).map(|row| row.entry);
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            let user = match row.person {
                Some(person) => self.people().user(guild, person).await?,
                None => None,
            };
            let entrants::Entrant { entry, weight, standing, at, .. } = row;
            lines.push(EntrantLine { entry, user, weight, standing, at });
        }
        Ok(EntrantsPage { lines, next })
    }

    /// What happened in a giveaway, oldest first, with reasons opened. For whoever runs giveaways.
    #[tracing::instrument(name = "giveaways.timeline", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn giveaway_timeline(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<TimelineLine>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.authorise(guild, caller, Permission::ManageGiveaways).await?;
        let rows = timeline::page(self.store(), guild, id, after, limit).await?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            let reason = self.reroll_reason(guild, &row).await?;
            let user = async |person| match person {
                Some(person) => self.people().user(guild, person).await,
                None => Ok(None),
            };
            let (who, by) = (user(row.person).await?, user(row.by).await?);
            let timeline::Line { seq, at, what, entry, why, number, .. } = row;
            lines.push(TimelineLine { seq, at, what, entry, user: who, by, why, number, reason });
        }
        Ok(lines)
    }

    /// Opens the reason of a reroll with its owner's key, as the event that it came with has it.
    pub async fn reroll_reason(
        &self,
        guild: GuildId,
        line: &timeline::Line,
    ) -> Result<Option<String>, ActionError> {
        let Some(reason) = line.reason.clone() else { return Ok(None) };
        let (entry, person, by, at) = (0, reason.owner(), reason.owner(), line.at);
        let mut event = Event::WinnerRerolled { entry, person, by, reason, at };
        self.people().open_event(guild, line.event, &mut event).await?;
        let Event::WinnerRerolled { reason, .. } = event else { return Ok(None) };
        Ok(reason.value().cloned())
    }
}
