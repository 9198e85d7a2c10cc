//! `reeve migrate`

use std::{process::ExitCode, sync::Arc};

use eventlog::{
    moving::{self, Migration, Moved, Step},
    sqlite::DirectoryLock,
};
use indicatif::ProgressBar;
use serde_json::json;

use super::{
    error::CliError,
    print::{Print, count_bar, grouped},
};
use crate::{config::Config, node::Access, place::Place};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Move the log, the people and the list of erasures to another store, and check everything
    ///
    /// The same command goes on where a stopped one ended. The source keeps everything; at the end
    /// it takes no events any more and says where it went.
    Log(LogArgs),
}

#[derive(Debug, clap::Args)]
struct LogArgs {
    /// The store to move from: sqlite:DIR, postgres://… or esdb://…; or postgres or eventstoredb for
    /// what the settings say
    #[arg(long, value_name = "URL")]
    from: Place,
    /// The empty store to move to
    #[arg(long, value_name = "URL", required_unless_present = "abandon")]
    to: Option<Place>,
    /// Copy while the source is written, and close it only for the last moment [default]
    #[arg(long, conflicts_with = "offline")]
    live: bool,
    /// Close the source first; a data directory must not be in use
    #[arg(long)]
    offline: bool,
    /// Give up a migration that has not come to its end: the source takes events again
    #[arg(long, conflicts_with_all = ["to", "live", "offline"])]
    abandon: bool,
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let What::Log(args) = args.what;
    let Some(to) = &args.to else { return abandon(&args.from, &config, print).await };
    // Held to the end: nobody starts to write while an offline migration copies.
    let _held = match &args.from {
        Place::Sqlite(directory) if args.offline && directory.exists() => {
            Some(DirectoryLock::take(directory)?)
        }
        _ => None,
    };
    let source = args.from.open(&config, Access::Read).await?;
    let target = to.open(&config, Access::Write).await?;
    let logs = [Arc::clone(&source.log), Arc::clone(&target.log)];
    let migration = Migration { source, target, live: !args.offline };
    let bar = count_bar(print);
    let moved = migration.run(&|step| show(&bar, step)).await;
    bar.finish_and_clear();
    drop(migration);
    for log in logs {
        log.shutdown().await;
    }
    let moved = moved?;
    print.answer(&moved, || text(&moved, to));
    Ok(ExitCode::SUCCESS)
}

async fn abandon(from: &Place, config: &Config, print: Print) -> Result<ExitCode, CliError> {
    let source = from.open(config, Access::Read).await?;
    let done = moving::abandon(&*source.log).await;
    source.log.shutdown().await;
    done?;
    print.answer(&json!({ "abandoned": true }), || {
        format!("{from} takes events again. What the target holds of it is of no use: empty it.")
    });
    Ok(ExitCode::SUCCESS)
}

fn show(bar: &ProgressBar, step: Step) {
    let (what, done, of) = match step {
        Step::Copying { done, of } => ("copied", done, of),
        Step::Checking { done, of } => ("checked", done, of),
        Step::Closed => return bar.set_message("the source is closed for the switch"),
    };
    bar.set_message(what);
    bar.set_length(of);
    bar.set_position(done);
}

fn text(moved: &Moved, to: &Place) -> String {
    let settings = match to {
        Place::Sqlite(directory) => format!("store = sqlite, data_dir = {}", directory.display()),
        Place::Postgres(_) | Place::ConfiguredPostgres => {
            "store = postgres, database.url = where you moved it".to_owned()
        }
        Place::Cluster(_) | Place::ConfiguredCluster => {
            "store = eventstoredb, eventstore.url = where you moved it, database.url as now"
                .to_owned()
        }
    };
    let next = format!(
        "Now point the settings there ({settings}) and start Reeve again with the same master key. \
         Read models are computed anew at the first start."
    );
    if moved.already {
        return format!("Everything had moved to {to} before. {next}");
    }
    format!(
        "{} events of {} guilds moved to {to} and checked, {} per second; no events were taken for \
         {} ms. {} people, {} erasures, {} checkpoints.\n{next}",
        grouped(moved.events),
        grouped(moved.guilds as u64),
        grouped(moved.events_per_sec),
        grouped(moved.pause_ms),
        grouped(moved.people),
        grouped(moved.erasures as u64),
        grouped(moved.checkpoints as u64),
    )
}
