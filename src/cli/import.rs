//! `reeve import`

mod balances;
mod ledger;
mod levels;
mod mapping;
mod moments;
mod work;

use std::{path::PathBuf, process::ExitCode};

use domain::GuildId;
use eventlog::sqlite::log_path;
use projections::Runtime;
use serde_json::json;

use self::work::{Report, Work};
use super::{
    economy::catch_up,
    error::CliError,
    print::{Print, grouped},
};
use crate::{
    config::{Config, Store},
    node::{Access, Node},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Balances from a JSON file: {"<user id>": 120, …}, {"<user id>": {"balance": 120}, …} or a
    /// list of objects
    Balances(balances::Args),
    /// Movements from a table in SQLite or PostgreSQL, as a mapping file describes it
    Ledger(ledger::Args),
    /// Experience from a JSON or CSV file, such as MEE6's: it is added to what members have
    Levels(levels::Args),
}

/// What every import can be told.
#[derive(Debug, clap::Args)]
struct Common {
    /// The community they belong to
    #[arg(long)]
    guild: Option<GuildId>,
    /// Try everything out and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let (common, rows, codes) = match args.what {
        What::Balances(args) => {
            let guild = args.common.guild.ok_or_else(|| {
                CliError::Setup("say --guild: balances belong to one community".to_owned())
            })?;
            let codes = args.codes.as_deref().map(balances::count_codes).transpose()?;
            let rows = balances::rows(&args, guild)?;
            (args.common, rows, codes)
        }
        What::Ledger(args) => {
            let rows = ledger::rows(&args)?;
            (args.common, rows, None)
        }
        What::Levels(args) => return levels::run(args, config, print).await,
    };
    let ground = Ground::open(config, common.dry_run).await?;
    let mut work = Work::new(ground.node.actions.clone(), common.dry_run, print);
    let worked = work.all(rows).await;
    ground.close().await?;
    let report = worked?;
    show(&report, codes.as_ref(), print);
    Ok(if report.skipped == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The store that an import is written to, or tried out on.
struct Ground {
    node: Node,
    runtime: Option<Runtime>,
    _stage: Option<Stage>,
}

impl Ground {
    async fn open(config: Config, dry_run: bool) -> Result<Self, CliError> {
        let stage = dry_run.then(|| Stage::of(&config)).flatten();
        let (config, access) = match &stage {
            Some(stage) => (stage.config(config), Access::Write),
            None if dry_run => (config, Access::Read),
            None => (config, Access::Write),
        };
        let node = Node::open(config, access).await?;
        let runtime = if dry_run { None } else { Some(node.start_projections().await?) };
        Ok(Self { node, runtime, _stage: stage })
    }

    async fn close(self) -> Result<(), CliError> {
        if let Some(runtime) = self.runtime {
            // Folded at once, so that the next command sees it.
            catch_up(&self.node).await?;
            runtime.shutdown().await;
        }
        self.node.shutdown().await;
        Ok(())
    }
}

/// Where there is no store yet, what would be is tried out in a folder that goes afterwards.
struct Stage(PathBuf);

impl Stage {
    fn of(config: &Config) -> Option<Self> {
        let is_new = config.store == Store::Sqlite && !log_path(&config.data_dir).exists();
        let name = format!("reeve-rehearsal-{}", uuid::Uuid::new_v4().simple());
        is_new.then(|| Self(std::env::temp_dir().join(name)))
    }

    fn config(&self, mut config: Config) -> Config {
        config.data_dir.clone_from(&self.0);
        config.people.erasures_file = self.0.join("erasures.jsonl");
        if !config.master_key_file.exists() {
            config.master_key_file = self.0.join("master.key");
        }
        config
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn show(report: &Report, codes: Option<&(PathBuf, usize)>, print: Print) {
    let mut json = json!(report);
    json["codes_kept_for_later"] = json!(codes.map(|(_, count)| count));
    print.answer(&json, || {
        let would = if report.dry_run { "would be imported" } else { "imported" };
        let mut lines = vec![format!(
            "{} rows read: {} {would} ({} bytes), {} imported before, {} without anything to move, \
             {} skipped.",
            grouped(report.rows),
            grouped(report.imported),
            grouped(report.bytes),
            grouped(report.before),
            grouped(report.empty),
            grouped(report.skipped),
        )];
        if report.reasons_cut > 0 {
            lines.push(format!("{} reasons were too long and cut.", grouped(report.reasons_cut)));
        }
        lines.extend(report.problems.iter().map(|one| format!("  {}: {}", one.row, one.reason)));
        let shown = report.problems.len() as u64;
        if report.skipped > shown {
            lines.push(format!("  … and {} more", grouped(report.skipped - shown)));
        }
        if let Some((file, count)) = codes {
            lines.push(format!(
                "{count} codes in {} are kept for later: not imported. Reeve has no codes yet; keep \
                 the file.",
                file.display()
            ));
        }
        if report.dry_run {
            lines.push("Nothing was written.".to_owned());
        }
        lines.join("\n")
    });
}
