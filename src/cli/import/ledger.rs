//! Movements from a table of another bot's database.

use std::path::{Path, PathBuf};

use actions::import::{Movement, Origin, What};
use domain::{Bytes, GuildId, Timestamp, UserId};
use eventlog::system_clock;
use rusqlite::OpenFlags;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use tokio::sync::mpsc;

use super::{
    Common,
    mapping::{self, Kind, Mapping},
    moments,
    work::{MAX_ROWS, Read, Row, Rows},
};
use crate::{cli::error::CliError, config::Secret};

/// Rows that are read ahead.
const AHEAD: usize = 1_000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The database: sqlite:FILE or postgres://…; it is only read
    #[arg(long, value_name = "URL")]
    from: From,
    /// What the columns mean; docs/moving.md shows one
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Clone, Debug)]
enum From {
    Sqlite(PathBuf),
    Postgres(Secret),
}

impl std::str::FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", file)) if !file.is_empty() => {
                Ok(Self::Sqlite(PathBuf::from(file.strip_prefix("//").unwrap_or(file))))
            }
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(Secret::new(text))),
            _ => Err("a ledger is in sqlite:FILE or postgres://…".to_owned()),
        }
    }
}

/// The columns of a row as text, in the order of [`Mapping::wanted`].
type Cells = [Option<String>; 8];

struct Reading {
    mapping: Mapping,
    guild: Option<GuildId>,
    now: Timestamp,
    rows: mpsc::Sender<Result<Row, CliError>>,
    count: u64,
}

pub(super) fn rows(args: &Args) -> Result<Rows, CliError> {
    let mapping = Mapping::read(&args.mapping)?;
    if args.common.guild.is_none() && mapping.columns.guild.is_none() {
        return Err(CliError::Setup(
            "say --guild, or map the column that names the community (columns.guild)".to_owned(),
        ));
    }
    let (sender, receiver) = mpsc::channel(AHEAD);
    let (guild, now) = (args.common.guild, system_clock()());
    let mut reading = Reading { mapping, guild, now, rows: sender, count: 0 };
    match args.from.clone() {
        From::Sqlite(file) => {
            if !file.is_file() {
                return Err(CliError::Setup(format!("there is no database {}", file.display())));
            }
            tokio::task::spawn_blocking(move || {
                if let Err(error) = reading.sqlite(&file) {
                    let _ = reading.rows.blocking_send(Err(error));
                }
            });
        }
        From::Postgres(url) => {
            tokio::spawn(async move {
                if let Err(error) = reading.postgres(&url).await {
                    let _ = reading.rows.send(Err(error)).await;
                }
            });
        }
    }
    Ok(receiver)
}

impl Reading {
    fn sqlite(&mut self, file: &Path) -> Result<(), CliError> {
        let wrong = |error: rusqlite::Error| {
            CliError::Setup(format!("{} cannot be read: {error}", file.display()))
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(file, flags).map_err(wrong)?;
        // Otherwise a column that is not there would be read as its own name, for every row.
        let words = rusqlite::config::DbConfig::SQLITE_DBCONFIG_DQS_DML;
        connection.set_db_config(words, false).map_err(wrong)?;
        let sql = self.mapping.select();
        let mut statement = connection.prepare(&sql).map_err(wrong)?;
        let mut rows = statement.query([]).map_err(wrong)?;
        while let Some(row) = rows.next().map_err(wrong)? {
            let mut cells = Cells::default();
            for (at, cell) in cells.iter_mut().enumerate() {
                *cell = row.get(at).map_err(wrong)?;
            }
            let row = self.row(&cells)?;
            if self.rows.blocking_send(Ok(row)).is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn postgres(&mut self, url: &Secret) -> Result<(), CliError> {
        let wrong = |error: sqlx::Error| {
            CliError::Setup(format!("the ledger's database cannot be read: {error}"))
        };
        let mut connection = PgConnection::connect(url.expose()).await.map_err(wrong)?;
        let mut tx = connection.begin().await.map_err(wrong)?;
        sqlx::raw_sql("SET TRANSACTION READ ONLY").execute(&mut *tx).await.map_err(wrong)?;
        // The names in it come from the mapping file and are quoted.
        let cursor = format!("DECLARE ledger CURSOR FOR {}", self.mapping.select());
        sqlx::raw_sql(AssertSqlSafe(cursor)).execute(&mut *tx).await.map_err(wrong)?;
        loop {
            let page =
                sqlx::query("FETCH 1000 FROM ledger").fetch_all(&mut *tx).await.map_err(wrong)?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                let mut cells = Cells::default();
                for (at, cell) in cells.iter_mut().enumerate() {
                    *cell = row.try_get(at).map_err(wrong)?;
                }
                let row = self.row(&cells)?;
                if self.rows.send(Ok(row)).await.is_err() {
                    return Ok(());
                }
            }
        }
    }

    fn row(&mut self, cells: &Cells) -> Result<Row, CliError> {
        self.count += 1;
        if self.count > MAX_ROWS {
            return Err(CliError::Setup(format!("the ledger has more than {MAX_ROWS} rows")));
        }
        let id = cells[0].as_deref().map(|id| id.chars().take(60).collect::<String>());
        let place = id.map_or(format!("row number {}", self.count), |id| format!("row {id}"));
        let read = match self.movement(cells) {
            Ok(Some((guild, movement))) => Read::Movement(guild, movement),
            Ok(None) => Read::Empty,
            Err(reason) => Read::Bad(reason),
        };
        Ok(Row { place, read })
    }

    fn movement(&self, cells: &Cells) -> Result<Option<(GuildId, Movement)>, String> {
        let [id, user, from, amount, time, kind, reason, guild] = cells;
        let id = id.as_deref().ok_or("it has no id")?;
        let guild = match (guild, self.guild) {
            (Some(guild), wanted) => {
                let guild = snowflake::<GuildId>(guild)?;
                if wanted.is_some_and(|wanted| wanted != guild) {
                    return Ok(None);
                }
                guild
            }
            (None, Some(guild)) if self.mapping.columns.guild.is_none() => guild,
            (None, _) => return Err("it names no community".to_owned()),
        };
        let at = match time {
            Some(time) => moments::parse(time)?,
            None if self.mapping.columns.time.is_some() => {
                return Err("it has no time".to_owned());
            }
            None => self.now,
        };
        if at > self.now {
            return Err(format!("its time {at} has not come yet"));
        }
        let amount = mapping::amount(amount.as_deref().ok_or("it has no amount")?)?;
        let Some(kind) = self.kind(kind.as_deref(), from.is_some(), amount)? else {
            return Ok(None);
        };
        if amount == Bytes::ZERO {
            return Ok(None);
        }
        // Some ledgers write what was taken as a negative number, others do not.
        let amount = if kind == Kind::Take && !amount.is_positive() { -amount } else { amount };
        let user = snowflake::<UserId>(user.as_deref().ok_or("it names no user")?)?;
        let what = match kind {
            Kind::Grant => What::Grant { to: user },
            Kind::Take => What::Take { from: user },
            Kind::Transfer => {
                let from = from.as_deref().ok_or("it says not who gave")?;
                What::Transfer { from: snowflake(from)?, to: user, at }
            }
            Kind::Skip => return Ok(None),
        };
        let origin = Origin { source: self.mapping.source.clone(), row: Some(id.to_owned()) };
        let movement = Movement { what, amount, reason: reason.clone(), origin };
        Ok(Some((guild, movement)))
    }

    /// None where it is no movement.
    fn kind(
        &self,
        kind: Option<&str>,
        has_giver: bool,
        amount: Bytes,
    ) -> Result<Option<Kind>, String> {
        if self.mapping.columns.kind.is_none() {
            return Ok(Some(match (has_giver, amount.is_positive()) {
                (true, _) => Kind::Transfer,
                (false, true) => Kind::Grant,
                (false, false) => Kind::Take,
            }));
        }
        let kind = kind.ok_or("it has no kind")?;
        match self.mapping.kinds.get(kind) {
            Some(Kind::Skip) => Ok(None),
            Some(kind) => Ok(Some(*kind)),
            None => {
                let shown: String = kind.chars().take(40).collect();
                Err(format!("[kinds] does not say what {shown:?} is"))
            }
        }
    }
}

fn snowflake<T: std::str::FromStr<Err = domain::InvalidId>>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|error: domain::InvalidId| error.to_string())
}
