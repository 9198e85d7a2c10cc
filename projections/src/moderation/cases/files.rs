//! Files of messages that are evidence, and what became of their copies. The copies themselves are no
//! part of the log; what is told of a file stays sealed here.

use domain::{
    CaseNumber, EventId, GuildId, PersonId, Personal, Sealed, Timestamp,
    case::{FileOutcome, FileTold, MAX_CASE_FILES},
};
use eventlog::{LogError, sql::Row, values};

use super::read::{event_id, small, strange};
use crate::store::ReadStore;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// The evidence's number within its case, and the file's within its message.
    pub evidence: u32,
    pub file: u32,
    pub at: Timestamp,
    /// The event that told of it.
    pub event: EventId,
    pub owner: PersonId,
    pub told: Personal<FileTold>,
    /// None while it is not known.
    pub outcome: Option<FileOutcome>,
}

impl FileRow {
    fn read(row: &Row) -> Result<Self, LogError> {
        let owner = crate::economy::person(row.int(4)?)?;
        Ok(Self {
            evidence: small(row, 0)?,
            file: small(row, 1)?,
            at: Timestamp::from_micros(row.int(2)?),
            event: event_id(row, 3)?,
            owner,
            told: match row.opt_text(5)? {
                Some(sealed) => Personal::Sealed(Sealed { owner, sealed: sealed.to_owned() }),
                None => Personal::Erased { owner },
            },
            outcome: match row.opt_text(6)? {
                Some(word) => Some(FileOutcome::of_word(word).ok_or_else(|| strange(row, 6))?),
                None => None,
            },
        })
    }
}

/// All files of a case, in their order.
pub async fn files(
    store: &ReadStore,
    guild: GuildId,
    number: CaseNumber,
) -> Result<Vec<FileRow>, LogError> {
    let sql = "SELECT evidence, file, at, event_id, owner, told, outcome FROM case_files \
               WHERE guild = $1 AND number = $2 ORDER BY evidence, file LIMIT $3";
    let rows = store.query(sql, &values![guild, number.0, MAX_CASE_FILES]).await?;
    rows.iter().map(FileRow::read).collect()
}
