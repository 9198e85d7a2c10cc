//! `kill -9` in the middle of the work, and what is left each time. With `--crash-command` the
//! database is crashed instead, and the process must live through it.

use std::{collections::BTreeSet, fmt, process::Command, time::Duration};

use serde::Serialize;
use torture::kills::Kills;

use super::{
    audit::{self, Audit},
    child::{CLUSTER_VARIABLE, KEY_VARIABLE},
    crashes::Crashes,
    work::Progress,
};
use crate::cli::{
    bench::{
        Failed,
        store::{Backend, Ground, Site},
    },
    print::Print,
};

/// One cycle in so many begins to rebuild a projection.
const REBUILD_EVERY: u32 = 5;
/// One cycle in so many is told of.
const TOLD_EVERY: u32 = 25;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Where the log is
    #[arg(long)]
    backend: Backend,
    #[command(flatten)]
    ground: Ground,
    /// How often it is killed
    #[arg(long, default_value_t = 100)]
    cycles: u32,
    /// Another number kills at other moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Crash the database with this shell command instead of killing the process
    #[arg(long, requires = "start_command")]
    crash_command: Option<String>,
    /// Start the database again
    #[arg(long, requires = "crash_command")]
    start_command: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Report {
    pub cycles: u32,
    pub acknowledged: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    /// Balances of the read model that are not what the log comes to.
    pub wrong_balances: u64,
    /// Guilds whose checkpoints are not of what the log holds.
    pub wrong_proofs: u64,
    pub events: u64,
}

impl Report {
    pub const fn is_clean(&self) -> bool {
        self.lost == 0
            && self.duplicated == 0
            && self.reordered == 0
            && self.wrong_balances == 0
            && self.wrong_proofs == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cycles, acknowledged, lost, duplicated, reordered, events, .. } = self;
        let Self { wrong_balances, wrong_proofs, .. } = self;
        write!(
            f,
            "{cycles} cycles, {acknowledged} acknowledged, {events} events: {lost} lost, \
             {duplicated} duplicated, {reordered} reordered, {wrong_balances} wrong balances, \
             {wrong_proofs} wrong proofs"
        )
    }
}

/// What the cycles have come to so far.
struct Run {
    site: Site,
    progress: Progress,
    acknowledged: BTreeSet<u64>,
    audit: Audit,
    report: Report,
}

pub(super) async fn run(args: Args, print: Print) -> Result<Report, Failed> {
    let mut run = Run {
        site: Site::make(args.backend, &args.ground).await?,
        progress: Progress::start(),
        acknowledged: BTreeSet::new(),
        audit: Audit::default(),
        report: Report::default(),
    };
    let result = run.all_cycles(&args, print).await;
    let Run { site, report, .. } = run;
    if result.is_ok() && report.is_clean() {
        site.remove().await?;
    } else {
        eprintln!("torture: what is left is kept: {}", site.keep());
    }
    result.map(|()| report)
}

impl Run {
    async fn all_cycles(&mut self, args: &Args, print: Print) -> Result<(), Failed> {
        let mut crashes = match (&args.crash_command, &args.start_command) {
            (Some(crash), Some(start)) => Some(Crashes::new(args.seed, crash, start)),
            _ => None,
        };
        for cycle in 0..args.cycles {
            let child = self.child(cycle)?;
            let acks = match &mut crashes {
                Some(crashes) => crashes.crash_under(child)?,
                None => kill(cycle, args.seed, child)?,
            };
            self.check(&acks).await.map_err(|error| format!("cycle {cycle}: {error}"))?;
            if (cycle + 1) % TOLD_EVERY == 0 {
                print.note(&self.report.to_string());
            }
        }
        self.check_everything().await
    }

    fn child(&self, cycle: u32) -> Result<Command, Failed> {
        let mut child = Command::new(std::env::current_exe()?);
        child.args(["torture", "child", "--from", &self.progress.to_string(), "--dir"]);
        child.arg(self.site.folder());
        if let Some(url) = self.site.url() {
            child.args(["--url", &url]);
        }
        if cycle % REBUILD_EVERY == REBUILD_EVERY - 1 {
            child.arg("--rebuild");
        }
        child.env(KEY_VARIABLE, self.site.master_key().to_hex());
        if let Some(cluster) = self.site.cluster() {
            child.env(CLUSTER_VARIABLE, cluster.to_string());
        }
        Ok(child)
    }

    async fn check(&mut self, acks: &[u64]) -> Result<(), Failed> {
        for &number in acks {
            self.progress.acknowledged(number);
            self.acknowledged.insert(number);
        }
        let store = self.site.open().await?;
        let wrong = self.audit.wrong_balances(&store).await;
        store.close().await;
        let report = &mut self.report;
        report.cycles += 1;
        report.acknowledged = self.acknowledged.len() as u64;
        report.wrong_balances += wrong?;
        report.lost += self.audit.lost(acks);
        (report.duplicated, report.reordered) = (self.audit.duplicated, self.audit.reordered);
        report.events = self.audit.events();
        Ok(())
    }

    /// At the end once more from the first event: what was there must still be there.
    async fn check_everything(&mut self) -> Result<(), Failed> {
        let store = self.site.open().await?;
        let mut audit = Audit::default();
        let read = audit.read_on(&*store.log).await;
        let wrong_proofs = audit::wrong_proofs(&store).await;
        store.close().await;
        read?;
        let report = &mut self.report;
        report.wrong_proofs = wrong_proofs?;
        report.lost = report.lost.max(audit.lost(&self.acknowledged));
        report.duplicated = report.duplicated.max(audit.duplicated);
        report.reordered = report.reordered.max(audit.reordered);
        Ok(())
    }
}

fn kill(cycle: u32, seed: u64, child: Command) -> Result<Vec<u64>, Failed> {
    let mut child = Some(child);
    let command = |_| child.take().unwrap_or_else(|| Command::new("false"));
    let mut kills = Kills::new(1, seed.wrapping_add(u64::from(cycle)), command)
        .living(Duration::from_millis(5), Duration::from_millis(300));
    let killed = tokio::task::block_in_place(|| kills.next());
    Ok(killed.transpose()?.map(|killed| killed.acks).unwrap_or_default())
}
