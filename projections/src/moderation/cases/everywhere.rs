//! Cases of all communities, for whoever runs the installation, and in which communities there are
//! any. Nothing else looks over the border between communities.

use std::fmt::Write as _;

use domain::{
    CaseNumber, GuildId, Timestamp,
    case::{Kind, Status},
};
use eventlog::{
    LogError,
    sql::{Row, Value},
    values,
};

use super::{
    super::kind_word,
    MAX_PAGE,
    read::{COLUMNS, CaseRow, is_active},
};
use crate::store::ReadStore;

/// Communities with cases that are looked through for somebody.
pub const MAX_COMMUNITIES: u32 = 5_000;

/// Which cases; all where nothing is said, also hidden ones.
#[derive(Clone, Debug, Default)]
pub struct Wide {
    pub guild: Option<GuildId>,
    pub kind: Option<Kind>,
    pub status: Option<Status>,
    /// What still counts or is in force at that moment.
    pub active: Option<Timestamp>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseSomewhere {
    pub guild: GuildId,
    pub case: CaseRow,
}

/// The last case of the page before. Cases of one batch have the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    pub at: Timestamp,
    pub guild: GuildId,
    pub number: CaseNumber,
}

fn community(row: &Row, column: usize) -> Result<GuildId, LogError> {
    GuildId::from_i64(row.int(column)?)
        .map_err(|_| LogError::Corrupt("a case belongs to no community".to_owned()))
}

/// Newest first.
pub async fn everywhere(
    store: &ReadStore,
    wanted: &Wide,
    behind: Option<Behind>,
    limit: u32,
) -> Result<Vec<CaseSomewhere>, LogError> {
    let mut sql = format!("SELECT {COLUMNS}, guild FROM cases WHERE 1 = 1");
    let mut parameters: Vec<Value> = Vec::new();
    let mut and = |condition: &str, value: Value| {
        parameters.push(value);
        let _ = write!(sql, " AND {condition} ${}", parameters.len());
    };
    if let Some(guild) = wanted.guild {
        and("guild =", guild.into());
    }
    if let Some(kind) = wanted.kind {
        and("kind =", kind_word(kind).into());
    }
    if let Some(status) = wanted.status {
        and("status =", status.word().into());
    }
    if let Some(since) = wanted.since {
        and("at >=", since.into());
    }
    if let Some(until) = wanted.until {
        and("at <=", until.into());
    }
    if let Some(at) = wanted.active {
        parameters.push(at.into());
        let _ = write!(sql, " AND {}", is_active(parameters.len()));
    }
    if let Some(Behind { at, guild, number }) = behind {
        let first = parameters.len() + 1;
        parameters.extend(values![at, guild, number.0]);
        let (guild, number) = (first + 1, first + 2);
        let _ = write!(
            sql,
            " AND (at < ${first} OR (at = ${first} AND (guild < ${guild} OR (guild = ${guild} \
             AND number < ${number}))))"
        );
    }
    parameters.push(limit.clamp(1, MAX_PAGE).into());
    let _ = write!(sql, " ORDER BY at DESC, guild DESC, number DESC LIMIT ${}", parameters.len());
    let rows = store.query(&sql, &parameters).await?;
    let read =
        |row: &Row| Ok(CaseSomewhere { case: CaseRow::read(row)?, guild: community(row, 23)? });
    rows.iter().map(read).collect()
}

/// The communities that have cases, at most [`MAX_COMMUNITIES`]: from one to the next by the index,
/// whatever number of cases each has.
pub async fn communities(store: &ReadStore) -> Result<Vec<GuildId>, LogError> {
    let sql = "WITH RECURSIVE one(guild) AS (SELECT MIN(guild) FROM cases UNION ALL \
               SELECT (SELECT MIN(c.guild) FROM cases c WHERE c.guild > one.guild) FROM one \
               WHERE one.guild IS NOT NULL) \
               SELECT guild FROM one WHERE guild IS NOT NULL LIMIT $1";
    let rows = store.query(sql, &values![MAX_COMMUNITIES]).await?;
    rows.iter().map(|row| community(row, 0)).collect()
}
