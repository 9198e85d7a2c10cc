//! Reads a list page by page, in the order of its key. Only one page is ever in memory, and where the
//! next begins is found by that key, so that the last page costs what the first one does.

use std::fmt::Write as _;

use domain::{GuildId, PersonId, Timestamp};
use eventlog::{
    LogError,
    sql::{Row, Value},
    values,
};

use super::{Column, Export, Kind};
use crate::store::ReadStore;

/// Rows of one page.
pub const PAGE: u32 = 2_000;
/// Values of one column that a filter names.
pub const MOST_VALUES: usize = 50;

/// Which rows; all of them where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// In any of the columns that hold members.
    pub member: Option<PersonId>,
    /// Who looks, where that is a member: they are not told everything about themselves.
    pub viewer: Option<PersonId>,
    /// Columns, and the values that they may have.
    pub values: Vec<(&'static Column, Vec<Value>)>,
}

/// A list of one community, from its beginning to its end.
#[derive(Debug)]
pub struct Reader {
    store: ReadStore,
    export: &'static Export,
    sql: String,
    /// The guild, the limit and what the filter asks for; then where the last page ended.
    parameters: Vec<Value>,
    asked: usize,
    key_columns: usize,
    is_over: bool,
}

impl Reader {
    pub fn new(store: ReadStore, guild: GuildId, export: &'static Export, filter: &Filter) -> Self {
        let mut columns: Vec<&str> = export.columns.iter().map(|column| column.of).collect();
        columns.extend(seals(export));
        columns.extend(export.key);
        let (asked, mut parameters) = asked(export, guild, filter);
        parameters.insert(1, PAGE.into());
        let sql = format!(
            "SELECT {} FROM {} WHERE guild = $1{asked}",
            columns.join(", "),
            plain(export.from)
        );
        let asked = parameters.len();
        let key_columns = export.key.len();
        Self { store, export, sql, parameters, asked, key_columns, is_over: false }
    }

    pub const fn export(&self) -> &'static Export {
        self.export
    }

    /// The next rows: a value for each column, then owner and event for each that is sealed. Empty
    /// at the end.
    pub async fn next_page(&mut self) -> Result<Vec<Row>, LogError> {
        if self.is_over {
            return Ok(Vec::new());
        }
        let key = self.export.key.join(", ");
        let after = if self.parameters.len() == self.asked {
            String::new()
        } else {
            let places: Vec<_> =
                (1..=self.key_columns).map(|at| format!("${}", self.asked + at)).collect();
            format!(" AND ({key}) > ({})", places.join(", "))
        };
        let sql = format!("{}{after} ORDER BY {key} LIMIT $2", self.sql);
        let mut rows = self.store.query(&sql, &self.parameters).await?;
        self.is_over = rows.len() < PAGE as usize;
        for row in &mut rows {
            let at = row.0.len() - self.key_columns;
            let key = row.0.split_off(at);
            self.parameters.truncate(self.asked);
            self.parameters.extend(key);
        }
        Ok(rows)
    }
}

/// How many rows that would be; no more than one more than `most` are counted.
pub async fn count(
    store: &ReadStore,
    guild: GuildId,
    export: &Export,
    filter: &Filter,
    most: u64,
) -> Result<u64, LogError> {
    let (asked, mut parameters) = asked(export, guild, filter);
    parameters.insert(1, (most + 1).into());
    let sql = format!(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {} WHERE guild = $1{asked} LIMIT $2) AS found",
        plain(export.from)
    );
    store.query(&sql, &parameters).await?.first().map_or(Ok(0), |row| row.count(0))
}

/// What the filter says, behind `$1` (the guild) and `$2`, and what it says it about.
fn asked(export: &Export, guild: GuildId, filter: &Filter) -> (String, Vec<Value>) {
    let mut sql = String::new();
    let mut parameters = values![guild].to_vec();
    // `$2` is put in between by whoever asks.
    let mut place = |value: Value| {
        parameters.push(value);
        parameters.len() + 1
    };
    if let Some(when) = export.when() {
        for (compare, moment) in [(">=", filter.since), ("<", filter.until)] {
            if let Some(moment) = moment {
                let at = place(moment.into());
                let _ = write!(sql, " AND {} {compare} ${at}", when.of);
            }
        }
    }
    if let Some(member) = filter.member {
        let at = place(member.into());
        let of: Vec<_> = export
            .columns
            .iter()
            .filter(|column| column.kind == Kind::Person)
            .map(|column| format!("{} = ${at}", column.of))
            .collect();
        let _ =
            write!(sql, " AND ({})", if of.is_empty() { "1 = 0".into() } else { of.join(" OR ") });
    }
    if let (Some(told), Some(viewer)) = (export.told, filter.viewer) {
        let at = place(viewer.into());
        let _ = write!(sql, " AND {}", told.replace("{viewer}", &format!("${at}")));
    }
    for (column, values) in &filter.values {
        let values = values.iter().take(MOST_VALUES).cloned();
        let places: Vec<_> = values.map(|value| format!("${}", place(value))).collect();
        let _ = write!(sql, " AND {} IN ({})", column.of, places.join(", "));
    }
    (sql, parameters)
}

fn seals(export: &Export) -> impl Iterator<Item = &'static str> {
    export.columns.iter().flat_map(|column| match column.kind {
        Kind::Sealed(seal) => vec![seal.owner, seal.event],
        _ => Vec::new(),
    })
}

/// The plain names are views of the live build.
fn plain(from: &str) -> String {
    from.replace(['{', '}'], "")
}
