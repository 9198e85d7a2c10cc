//! `reeve bench`: how fast it is on this machine. Everything is measured on fresh stores, which
//! are removed afterwards.

mod bare_insert;
mod batch;
mod commands;
mod history;
mod latency;
mod memory;
mod metrics;
mod rebuild;
pub(in crate::cli) mod store;

use std::{error::Error, process::ExitCode, time::Duration};

use serde::Serialize;

pub(in crate::cli) type Failed = Box<dyn Error + Send + Sync>;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print one JSON object as the last line
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Commands per second through the command bus, each durable before it is answered
    Commands(commands::Args),
    /// Events per second of a durable rebuild of the balances from nothing
    Rebuild(rebuild::Args),
    /// The same by hand, in batches of 1,000: as fast as it can be
    Batch(rebuild::Args),
    /// Commits per second of a bare SQLite loop: insert one row, commit
    BareInsert(bare_insert::Args),
}

/// What was measured, for people; its serde form is for programs.
trait Report: Serialize {
    fn text(&self) -> String;
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failed> {
    metrics::install()?;
    let Args { json, what } = args;
    match what {
        What::Commands(args) => print(&commands::run(args).await?, json),
        What::Rebuild(args) => print(&rebuild::run(args).await?, json),
        What::Batch(args) => print(&batch::run(args).await?, json),
        What::BareInsert(args) => print(&bare_insert::run(&args)?, json),
    }
}

fn print(report: &impl Report, json: bool) -> Result<ExitCode, Failed> {
    if json {
        println!("{}", serde_json::to_string(report)?);
    } else {
        println!("{}", report.text());
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn per_second(count: u64, elapsed: Duration) -> f64 {
    (count as f64 / elapsed.as_secs_f64()).round()
}
