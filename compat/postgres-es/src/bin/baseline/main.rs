//! What Reeve is measured against, on the same machine and in the same run: stock postgres-es and
//! sqlite-es under the stock `CqrsFramework`, and a batch written by hand.
//!
//! Everything is made in a schema or folder of its own and removed afterwards. Progress goes to
//! standard error; the last line of standard output is the result.

mod batch;
mod commands;
mod history;
mod postgres;
mod rebuild;
mod sqlite;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;

#[derive(Debug, Parser)]
#[command(about = "The baseline of Reeve's benchmark")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print the result as one JSON object on one line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Commands per second: load an aggregate, decide, append one event with a version check.
    Commands(commands::Args),
    /// Events per second of a durable rebuild of the balances by `QueryReplay`.
    Rebuild(rebuild::Args),
    /// Events per second of the same rebuild written by hand, in batches of 1,000.
    Batch(batch::Args),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum Backend {
    PostgresEs,
    SqliteEs,
}

/// Which stock store, and where.
#[derive(Debug, Args)]
struct Store {
    #[arg(long)]
    backend: Backend,
    /// PostgreSQL, for postgres-es.
    #[arg(long, env = "REEVE_TEST_DATABASE_URL", hide_env_values = true)]
    url: Option<String>,
    /// Folder for sqlite-es; a temporary one unless given.
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Store {
    fn url(&self) -> anyhow::Result<&str> {
        self.url.as_deref().context("postgres-es needs --url (or REEVE_TEST_DATABASE_URL)")
    }

    fn folder(&self) -> anyhow::Result<tempfile::TempDir> {
        match &self.dir {
            Some(dir) => tempfile::tempdir_in(dir),
            None => tempfile::tempdir(),
        }
        .context("cannot make a folder for SQLite")
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.command {
        Command::Commands(args) => print(&commands::run(args).await?, cli.json),
        Command::Rebuild(args) => print(&rebuild::run(args).await?, cli.json),
        Command::Batch(args) => print(&batch::run(args).await?, cli.json),
    }
}

fn print(result: &impl Serialize, json: bool) -> anyhow::Result<()> {
    let text =
        if json { serde_json::to_string(result) } else { serde_json::to_string_pretty(result) };
    println!("{}", text?);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn per_second(count: u64, elapsed: std::time::Duration) -> f64 {
    (count as f64 / elapsed.as_secs_f64()).round()
}
