//! `reeve bench`: how fast it is on this machine. Everything is measured on fresh stores, which
//! are removed afterwards.

mod all;
mod analytics;
mod bare_insert;
mod batch;
mod commands;
mod dashboard;
mod gateway;
mod giveaways;
pub(in crate::cli) mod history;
mod interactions;
mod latency;
mod memory;
mod metrics;
mod moving;
mod rebuild;
mod replay;
mod sealing;
pub(in crate::cli) mod store;
pub(in crate::cli) mod town;
mod verify;
mod warnings;
pub(in crate::cli) mod wire;

use std::{error::Error, fmt::Display, process::ExitCode, time::Duration};

use serde::Serialize;

use super::print::Print;

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
    /// Everything, beside the stock stores, as a table
    All(all::Args),
    /// Commands per second through the command bus, each durable before it is answered
    Commands(commands::Args),
    /// Events per second of a durable rebuild of the balances from nothing
    Rebuild(rebuild::Args),
    /// The same by hand, in batches of 1,000: as fast as it can be
    Batch(rebuild::Args),
    /// A year of a large community: its numbers built from nothing, and every kind of chart
    Analytics(analytics::Args),
    /// Jumps and steps of the time machine in one guild with a long history
    Replay(replay::Args),
    /// Events per second of a migration, a backup and a restore, everything checked
    Moving(moving::Args),
    /// What sealing adds to the cost of a command: the same commands with and without, in turns
    Sealing(sealing::Args),
    /// Events per second of a proof bundle that is checked offline
    Verify(verify::Args),
    /// One large giveaway: entries per second, memory, the draw, a cold start, a million picks
    Giveaways(giveaways::Args),
    /// What a stream of messages costs: our bot as a process, or any other client
    Gateway(gateway::Args),
    /// What the dashboard waits for: the overview, the event list, a change until it is seen
    Dashboard(dashboard::Args),
    /// How long members wait for the first response, also under a flood
    Interactions(interactions::Args),
    /// Many warnings in one community at the same moment, and whether each is numbered
    Warnings(warnings::Args),
    /// Commits per second of a bare SQLite loop: insert one row, commit
    BareInsert(bare_insert::Args),
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failed> {
    metrics::install()?;
    let print = Print::new(args.json);
    match args.what {
        What::All(args) => all::run(args, print).await?,
        What::Commands(args) => answer(print, &commands::run(args).await?),
        What::Rebuild(args) => answer(print, &rebuild::run(args).await?),
        What::Batch(args) => answer(print, &batch::run(args).await?),
        What::Analytics(args) => answer(print, &analytics::run(args).await?),
        What::Replay(args) => answer(print, &replay::run(args).await?),
        What::Moving(args) => answer(print, &moving::run(args).await?),
        What::Sealing(args) => answer(print, &sealing::run(args).await?),
        What::Verify(args) => answer(print, &verify::run(args).await?),
        What::Giveaways(args) => answer(print, &giveaways::run(args).await?),
        What::Gateway(args) => answer(print, &gateway::run(args).await?),
        What::Dashboard(args) => answer(print, &dashboard::run(args).await?),
        What::Interactions(args) => {
            let outcome = interactions::run(args).await?;
            answer(print, &outcome);
            if !outcome.is_good() {
                return Ok(ExitCode::FAILURE);
            }
        }
        What::Warnings(args) => {
            let outcome = warnings::run(args).await?;
            answer(print, &outcome);
            if !outcome.is_good() {
                return Ok(ExitCode::FAILURE);
            }
        }
        What::BareInsert(args) => answer(print, &bare_insert::run(&args)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(print: Print, outcome: &(impl Serialize + Display)) {
    print.answer(outcome, || outcome.to_string());
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn per_second(count: u64, elapsed: Duration) -> f64 {
    (count as f64 / elapsed.as_secs_f64()).round()
}
