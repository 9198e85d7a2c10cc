//! The bare loop that one client on SQLite is compared with: insert one row, commit, synced.

use std::{
    fmt,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};
use serde::Serialize;

use super::{
    Failed,
    latency::Latencies,
    store::{Folder, Ground},
};

const PAYLOAD: &str = r#"{"bytes_granted":{"to":17,"amount":1}}"#;
const METADATA: &str = r#"{"actor":{"person":17},"cause":{"correlation":"0193a1c0-7d3e-7c44-9a53-5f0d6f1f2a01"},"key":"interaction/1310988612345678901","policy":3}"#;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub ground: Ground,
    /// How long it is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub commits_per_s: f64,
    pub p50_us: u64,
    pub p99_us: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commits_per_s, p50_us, p99_us } = self;
        write!(f, "{commits_per_s:.0} commits/s; p50 {p50_us} µs, p99 {p99_us} µs")
    }
}

/// Rows as large as an event, in a table without indexes.
pub(super) fn run(args: &Args) -> Result<Outcome, Failed> {
    let folder = Folder::make_in(&args.ground.dir())?;
    let connection = Connection::open(folder.path().join("bare.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE rows (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, \
         event_type TEXT NOT NULL, payload TEXT NOT NULL, metadata TEXT NOT NULL, \
         id BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
    )?;
    let mut insert = connection.prepare(
        "INSERT INTO rows (stream, event_type, payload, metadata, id, hash) \
         VALUES ('economy/1107318246137131070', 'economy.bytes_granted', ?1, ?2, ?3, ?4)",
    )?;
    let mut latencies = Latencies::default();
    let began = Instant::now();
    let window = Duration::from_secs(args.seconds);
    while began.elapsed() < window {
        let one = Instant::now();
        insert.execute(params![PAYLOAD, METADATA, [7_u8; 16], [7_u8; 32]])?;
        latencies.record(one.elapsed());
    }
    Ok(Outcome {
        commits_per_s: super::per_second(latencies.count(), began.elapsed()),
        p50_us: latencies.percentile(50),
        p99_us: latencies.percentile(99),
    })
}
