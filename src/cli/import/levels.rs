//! Experience from a file of another bot, member by member through the action.

mod file;

use std::{collections::HashSet, path::PathBuf, process::ExitCode};

use actions::{
    ActionError, Caller,
    levels::{Brought, Having},
};
use domain::UserId;
use futures::{StreamExt as _, stream};
use serde::Serialize;

use self::file::{Columns, Entry};
use super::{
    Common, Ground, balances, mapping,
    work::{NAMED, Problem},
};
use crate::{
    cli::{
        error::CliError,
        print::{Print, count_bar, grouped},
    },
    config::Config,
};

/// Members under way at a time.
const UNDER_WAY: usize = 256;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file: JSON as MEE6 serves it ({"players": [{"id": …, "xp": …}, …]}, also several pages
    /// of it), {"<user id>": 120, …} or a list of objects; or CSV with a line of names first
    file: PathBuf,
    #[command(flatten)]
    common: Common,
    /// Names the source: a member's XP is added once from each
    #[arg(long, default_value = "levels", value_parser = mapping::source_name)]
    source: String,
    #[command(flatten)]
    columns: Columns,
}

#[derive(Debug, Default, Serialize)]
struct Report {
    dry_run: bool,
    rows: u64,
    imported: u64,
    /// All that was added, together.
    xp: u64,
    /// Imported by an earlier run.
    before: u64,
    empty: u64,
    skipped: u64,
    problems: Vec<Problem>,
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let guild = args
        .common
        .guild
        .ok_or_else(|| CliError::Setup("say --guild: levels belong to one community".to_owned()))?;
    let text = balances::read(&args.file)?;
    let wrong = |problem| CliError::Setup(format!("{}: {problem}", args.file.display()));
    let entries = file::entries(&text, &args.columns).map_err(wrong)?;
    let dry_run = args.common.dry_run;
    let mut report = Report { dry_run, ..Report::default() };
    let wanted = report.sift(entries);

    let ground = Ground::open(config, dry_run).await?;
    let actions = ground.node.actions.clone();
    let bring = |(place, user, having): (String, UserId, Having)| {
        let (actions, source) = (&actions, args.source.as_str());
        async move {
            let (caller, what) = (Caller::import(), (source, user, having));
            let brought = if dry_run {
                actions.rehearse_xp(guild, &caller, what).await
            } else {
                actions.bring_xp(guild, &caller, what).await
            };
            (place, having, brought)
        }
    };
    let bar = count_bar(print);
    let mut brought = stream::iter(wanted).map(bring).buffer_unordered(UNDER_WAY);
    let mut fault = None;
    while let Some((place, having, outcome)) = brought.next().await {
        bar.inc(1);
        if let Err(error) = report.count(place, having, outcome) {
            fault = Some(error);
            break;
        }
    }
    drop(brought);
    bar.finish_and_clear();
    ground.close().await?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    print.answer(&report, || report.told());
    Ok(if report.skipped == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Report {
    /// What can be brought; everything else is counted here.
    fn sift(&mut self, entries: Vec<Entry>) -> Vec<(String, UserId, Having)> {
        let (mut seen, mut wanted) = (HashSet::new(), Vec::new());
        for Entry { place, read } in entries {
            self.rows += 1;
            match read {
                Err(reason) => self.skip(place, reason),
                Ok((user, _)) if !seen.insert(user) => {
                    let reason = "this user is in the file twice; the first one counts";
                    self.skip(place, reason.to_owned());
                }
                Ok((_, Having::Xp(0) | Having::Level(0))) => self.empty += 1,
                Ok((user, having)) => wanted.push((place, user, having)),
            }
        }
        wanted
    }

    fn count(
        &mut self,
        place: String,
        having: Having,
        outcome: Result<Brought, ActionError>,
    ) -> Result<(), CliError> {
        match outcome {
            Ok(Brought { xp, before: true }) => {
                // A level is worth what it takes today; XP is XP.
                if matches!(having, Having::Xp(now) if now != xp) {
                    self.skip(place, format!("it was imported before with {xp} XP"));
                } else {
                    self.before += 1;
                }
            }
            Ok(Brought { xp, before: false }) => {
                self.imported += 1;
                self.xp = self.xp.saturating_add(xp);
            }
            Err(ActionError::Refused { text, .. } | ActionError::BadInput(text)) => {
                self.skip(place, text);
            }
            Err(fault) => return Err(fault.into()),
        }
        Ok(())
    }

    fn skip(&mut self, row: String, reason: String) {
        self.skipped += 1;
        if self.problems.len() < NAMED {
            self.problems.push(Problem { row, reason });
        }
    }

    fn told(&self) -> String {
        let would = if self.dry_run { "would be imported" } else { "imported" };
        let mut lines = vec![format!(
            "{} rows read: {} {would} ({} XP), {} imported before, {} without any XP, {} skipped.",
            grouped(self.rows),
            grouped(self.imported),
            grouped(self.xp),
            grouped(self.before),
            grouped(self.empty),
            grouped(self.skipped),
        )];
        lines.extend(self.problems.iter().map(|one| format!("  {}: {}", one.row, one.reason)));
        let shown = self.problems.len() as u64;
        if self.skipped > shown {
            lines.push(format!("  … and {} more", grouped(self.skipped - shown)));
        }
        lines.push(if self.dry_run {
            "Nothing was written.".to_owned()
        } else {
            "Nobody was told of a level; roles follow with each member's next level.".to_owned()
        });
        lines.join("\n")
    }
}
