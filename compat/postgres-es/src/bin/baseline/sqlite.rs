//! A file of our own, sqlite-es's stock tables in it, and their history.

use std::path::Path;

use anyhow::Context as _;
use rusqlite::{Connection, params};

use crate::history::{FIRST_GUILD, History};

/// From sqlite-es's first migration, unchanged but for the view's name.
const STOCK_TABLES: &str = "
CREATE TABLE events
(
  aggregate_type text                          NOT NULL,
  aggregate_id   text                          NOT NULL,
  sequence       integer CHECK (sequence >= 0) NOT NULL,
  event_type     text                          NOT NULL,
  event_version  text                          NOT NULL,
  payload        text                          NOT NULL,
  metadata       text                          NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id, sequence)
) STRICT;
CREATE TABLE balances
(
  view_id text                         NOT NULL,
  version integer CHECK (version >= 0) NOT NULL,
  payload text                         NOT NULL,
  PRIMARY KEY (view_id)
) STRICT;";

const FILL: &str = "
INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
WITH RECURSIVE guilds (guild) AS (
    SELECT ?1 UNION ALL SELECT guild + 1 FROM guilds WHERE guild < ?1 + ?2 - 1
)
SELECT 'economy', CAST(guild AS text), sequence, event_type, event_version, payload, '{}'
FROM guilds CROSS JOIN temp.history";

/// Stock tables in a new file, and `aggregates` guilds in them with this history each.
pub fn fill_stock(file: &Path, aggregates: u32, history: &History) -> anyhow::Result<()> {
    let mut connection = Connection::open(file).context("cannot create the SQLite file")?;
    // Nothing is measured here; sqlite-es opens the file with settings of its own.
    connection.pragma_update(None, "synchronous", "OFF")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(STOCK_TABLES)?;
    transaction.execute_batch(
        "CREATE TEMP TABLE history (
             sequence INTEGER PRIMARY KEY, event_type TEXT, event_version TEXT, payload TEXT)",
    )?;
    for (index, payload) in history.payloads.iter().enumerate() {
        transaction.execute(
            "INSERT INTO temp.history VALUES (?, ?, ?, ?)",
            params![index + 1, history.event_types[index], history.event_versions[index], payload],
        )?;
    }
    transaction
        .execute(FILL, params![FIRST_GUILD, aggregates])
        .context("cannot fill the events")?;
    transaction.commit()?;
    connection.execute_batch("ANALYZE")?;
    Ok(())
}
