//! The rebuild as one would write it by hand, as an upper bound: read 1,000 events by position,
//! decode them, fold them in memory, write the balances and the checkpoint, commit.
//!
//! It reads a table of Reeve's shape, made by Reeve's own migration.

mod on_postgres;
mod on_sqlite;

use std::{collections::HashMap, path::PathBuf, time::Instant};

use compat_postgres_es::movements;
use domain::{Bytes, PersonId, economy::Event};
use serde::Serialize;

use crate::{history::History, per_second};

const BATCH: u32 = 1_000;
/// As long as those that Reeve writes.
const METADATA: &str = r#"{"actor":"person:17","correlation":"0193a1c0-7d3e-7c44-9a53-5f0d6f1f2a01","key":"interaction/1310988612345678901","policy":"3"}"#;
const RECORDED_AT: i64 = 1_795_000_000_000_000;

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("store").required(true))]
pub struct Args {
    #[arg(long, group = "store")]
    url: Option<String>,
    /// A file that does not exist yet; it is removed afterwards.
    #[arg(long, group = "store")]
    sqlite_file: Option<PathBuf>,
    #[arg(long, default_value_t = 200_000)]
    events: u32,
    #[arg(long, default_value_t = 100)]
    aggregates: u32,
    #[arg(long, default_value_t = 50)]
    members: u32,
}

#[derive(Debug, Serialize)]
pub struct Outcome {
    store: &'static str,
    events_per_s: f64,
    events: u64,
    rows: u64,
}

/// Runs a rebuild over events whose positions are 1, 2, 3 … round the guilds.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    anyhow::ensure!(args.aggregates > 0 && args.members > 0, "nothing to rebuild");
    let history = History::new(args.events.div_ceil(args.aggregates), args.members)?;
    match (&args.url, &args.sqlite_file) {
        (Some(url), _) => on_postgres::run(url, &history, args.aggregates).await,
        (None, Some(file)) => on_sqlite::run(file, &history, args.aggregates),
        (None, None) => unreachable!("clap requires one of them"),
    }
}

/// Changes of balances within one batch, by guild and person.
#[derive(Debug, Default)]
struct Fold(HashMap<(i64, PersonId), Bytes>);

impl Fold {
    fn add(&mut self, guild: i64, payload: &str) -> anyhow::Result<()> {
        let event: Event = serde_json::from_str(payload)?;
        for (person, Bytes(amount)) in movements(&event) {
            let Bytes(change) = self.0.entry((guild, person)).or_default();
            *change += amount;
        }
        Ok(())
    }

    /// In the order of the table's key.
    fn drain_sorted(&mut self) -> Vec<(i64, i64, i64)> {
        let mut rows: Vec<_> = self
            .0
            .drain()
            .map(|((guild, person), change)| (guild, i64::from(person.0), change.0))
            .collect();
        rows.sort_unstable();
        rows
    }
}

fn outcome(store: &'static str, events: u64, rows: u64, began: Instant) -> Outcome {
    Outcome { store, events_per_s: per_second(events, began.elapsed()), events, rows }
}
