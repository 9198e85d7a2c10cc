//! What waits for an answer: open appeals, those that wait longest first.

use domain::{CaseNumber, GuildId};
use eventlog::{LogError, values};

use super::{MAX_PAGE, read::Entry};
use crate::store::ReadStore;

/// An appeal that nobody has answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAppeal {
    pub case: CaseNumber,
    /// What was written, by whom and when; its number orders the queue.
    pub entry: Entry,
}

/// Behind the appeal with the number `after`, where that is given.
pub async fn open_appeals(
    store: &ReadStore,
    guild: GuildId,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<OpenAppeal>, LogError> {
    // Of an appeal that was made before, only the last one is open.
    let sql = "SELECT e.seq, e.at, e.what, e.moderator, e.acting_for, e.rule, e.detail, e.other, \
               e.text_owner, e.text, e.event_id, e.channel, e.message, c.number \
               FROM cases c JOIN case_entries e ON e.guild = c.guild AND e.number = c.number \
               WHERE c.guild = $1 AND c.appeal = 'open' AND e.what = 'appeal' AND e.seq > $2 \
               AND e.seq = (SELECT MAX(l.seq) FROM case_entries l WHERE l.guild = c.guild \
               AND l.number = c.number AND l.what = 'appeal') ORDER BY e.seq LIMIT $3";
    let after = after.map_or(0, u64::cast_signed);
    let rows = store.query(sql, &values![guild, after, limit.clamp(1, MAX_PAGE)]).await?;
    let read = |row: &eventlog::sql::Row| {
        let number = u32::try_from(row.int(13)?)
            .map_err(|_| LogError::Corrupt("a case has a number that none can have".to_owned()))?;
        Ok(OpenAppeal { case: CaseNumber(number), entry: Entry::read(row)? })
    };
    rows.iter().map(read).collect()
}
