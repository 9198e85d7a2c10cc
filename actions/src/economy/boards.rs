//! Boards: who has most, and who gained most in a week.

use domain::{Bytes, GuildId, PersonId, UserId, UtcDay};
use projections::economy::{balances, weekly};

use super::MODULE;
use crate::{ActionError, Actions, Caller};

pub const DEFAULT_BOARD: u32 = 10;
pub const MAX_BOARD: u32 = 25;
/// About ten years.
pub const MAX_WEEKS_AGO: u32 = 520;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardLine {
    /// 1, 2, 3 …; who has as much stands in order of first sight.
    pub place: u32,
    /// None where the person was erased.
    pub user: Option<UserId>,
    pub person: PersonId,
    pub amount: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeeklyBoard {
    /// The week's Monday.
    pub week: UtcDay,
    pub lines: Vec<BoardLine>,
}

impl Actions {
    /// Who has most now.
    #[tracing::instrument(name = "economy.board", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn board(
        &self,
        guild: GuildId,
        caller: &Caller,
        limit: Option<u32>,
    ) -> Result<Vec<BoardLine>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let limit = places(limit)?;
        let top = balances::top(self.store(), guild, limit).await?;
        self.lines(guild, top.into_iter().map(|line| (line.person, line.balance))).await
    }

    /// Who gained most in the week at hand, or in one that has passed.
    #[tracing::instrument(name = "economy.weekly_board", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn weekly_board(
        &self,
        guild: GuildId,
        caller: &Caller,
        weeks_ago: u32,
        limit: Option<u32>,
    ) -> Result<WeeklyBoard, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let limit = places(limit)?;
        let weeks = i32::try_from(weeks_ago).ok().filter(|_| weeks_ago <= MAX_WEEKS_AGO);
        let weeks = weeks
            .ok_or_else(|| ActionError::BadInput(format!("weeks_ago: use 0 to {MAX_WEEKS_AGO}")))?;
        let week = UtcDay(self.now().utc_day().0 - 7 * weeks).week_start();
        let top = weekly::top(self.store(), guild, week, limit).await?;
        let lines = self.lines(guild, top.into_iter().map(|line| (line.person, line.gained)));
        Ok(WeeklyBoard { week, lines: lines.await? })
    }

    async fn lines(
        &self,
        guild: GuildId,
        top: impl Iterator<Item = (PersonId, Bytes)> + Send,
    ) -> Result<Vec<BoardLine>, ActionError> {
        let mut lines = Vec::new();
        for ((person, amount), place) in top.zip(1..) {
            let user = self.people().user(guild, person).await?;
            lines.push(BoardLine { place, user, person, amount });
        }
        Ok(lines)
    }
}

fn places(limit: Option<u32>) -> Result<u32, ActionError> {
    let limit = limit.unwrap_or(DEFAULT_BOARD);
    if (1..=MAX_BOARD).contains(&limit) {
        return Ok(limit);
    }
    Err(ActionError::BadInput(format!("limit: use 1 to {MAX_BOARD}")))
}
