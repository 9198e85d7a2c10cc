//! Ranks and boards: who has most, and who earned most in a day, week or month.

use domain::{GuildId, PersonId, UserId};
pub use projections::levels::periods::Period;

use super::MODULE;
use crate::{ActionError, Actions, Caller};

pub const MAX_LEVEL_BOARD: u32 = 10;
/// Nobody turns so many pages.
const MAX_PAGE: u32 = 1_000;

/// How somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// None for who has nothing yet.
    pub place: Option<u64>,
    pub of: u64,
    pub xp: u64,
    pub level: u32,
    /// Of what the next level takes, and how much that is.
    pub into: u64,
    pub step: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelLine {
    pub place: u32,
    /// None where the person was erased.
    pub user: Option<UserId>,
    pub person: PersonId,
    pub xp: u64,
    /// Only on the board of all time.
    pub level: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelBoard {
    pub lines: Vec<LevelLine>,
    pub more: bool,
}

impl Actions {
    #[tracing::instrument(name = "levels.rank", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn level_rank(
        &self,
        guild: GuildId,
        caller: &Caller,
        user: UserId,
    ) -> Result<Rank, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let terms = self.level_terms(guild).await?;
        let person = self.people().find(guild, user).await?;
        // What somebody just earned is there; others may be a moment behind.
        let xp = match person {
            Some(person) => self.xp(guild, person).await?,
            None => 0,
        };
        let gone = self.hidden_leavers(guild).await?;
        let who = (person.unwrap_or(PersonId(0)), xp);
        let (before, of) = self.level_before(self.store(), guild, &gone, who).await?;
        let place = (xp > 0).then_some(before + 1);
        let (level, into, step) = terms.values.progress(xp);
        Ok(Rank { place, of: of.max(place.unwrap_or(0)), xp, level, into, step })
    }

    /// A page of the board of all time, or of the period at hand; the first is 0.
    #[tracing::instrument(name = "levels.board", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn level_board(
        &self,
        guild: GuildId,
        caller: &Caller,
        period: Option<Period>,
        page: u32,
    ) -> Result<LevelBoard, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        if page > MAX_PAGE {
            return Err(ActionError::BadInput(format!("page: use 1 to {}", MAX_PAGE + 1)));
        }
        let (after, limit) = (page * MAX_LEVEL_BOARD, MAX_LEVEL_BOARD + 1);
        let gone = self.hidden_leavers(guild).await?;
        let of = period.map(|period| (period, self.now().utc_day()));
        let mut ranked = self.level_top(self.store(), guild, of, &gone, (after, limit)).await?;
        let more = ranked.len() > MAX_LEVEL_BOARD as usize;
        ranked.truncate(MAX_LEVEL_BOARD as usize);
        let terms = self.level_terms(guild).await?;
        let mut lines = Vec::new();
        for (one, place) in ranked.into_iter().zip(after + 1..) {
            let user = self.people().user(guild, one.person).await?;
            let level = period.is_none().then(|| terms.values.level(one.xp));
            lines.push(LevelLine { place, user, person: one.person, xp: one.xp, level });
        }
        Ok(LevelBoard { lines, more })
    }
}
