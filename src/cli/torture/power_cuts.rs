//! Power cuts under the embedded log: the real writer works on a recording file system, and every
//! image that a disk may hold afterwards must open and hold what was acknowledged.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use eventlog::{
    Appended, EventLog as _, Position, Slice,
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions, Synchronous, log_path},
};
use rusqlite::Connection;
use serde::Serialize;
use tokio::{runtime::Handle, task::JoinSet};
use torture::{PowerCuts, Recorder, Verdict};

use crate::cli::bench::{Failed, history};

/// The log is opened, written and shut so many times, so that shutting is tortured too.
const SITTINGS: u32 = 3;
const CLIENTS: u32 = 8;
const APPENDS: u32 = 25;
const PAGE: usize = 1_000;
/// In memory, where there is such a place: images are written and thrown away by the thousand.
const SCRATCH: &str = "/dev/shm";

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Images of the disk to make and open
    #[arg(long, default_value_t = 2_000)]
    images: u32,
    /// SQLite's `synchronous`; anything but full loses something, which must be seen
    #[arg(long, default_value = "full")]
    sync: Sync,
    /// Another number cuts at other moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where images are made [default: /dev/shm, or $TMPDIR]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Keep images that lost something in this folder
    #[arg(long)]
    keep: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Sync {
    Full,
    Normal,
    Off,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub images: u32,
    pub acknowledged: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    pub corrupt: u32,
    pub operations: usize,
    pub syncs: usize,
    #[serde(skip)]
    first_failure: Option<String>,
}

impl Report {
    pub const fn is_clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.reordered == 0 && self.corrupt == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, acknowledged, lost, duplicated, reordered, corrupt, .. } = self;
        let Self { operations, syncs, first_failure, .. } = self;
        write!(
            f,
            "{images} images of {operations} writes and {syncs} syncs, {acknowledged} \
             acknowledged: {lost} lost, {duplicated} duplicated, {reordered} reordered, {corrupt} \
             corrupt"
        )?;
        first_failure.as_ref().map_or(Ok(()), |failure| write!(f, "\nfirst: {failure}"))
    }
}

pub(super) fn run(args: &Args) -> Result<Report, Failed> {
    let shm = Path::new(SCRATCH);
    let scratch = match &args.dir {
        Some(dir) => dir.clone(),
        None if shm.is_dir() => shm.to_owned(),
        None => std::env::temp_dir(),
    };
    let mut cuts = PowerCuts::new(args.images, args.seed).scratch_in(scratch);
    if let Some(keep) = &args.keep {
        cuts = cuts.keep_failed_in(keep);
    }
    let synchronous = match args.sync {
        Sync::Full => Synchronous::Full,
        Sync::Normal => Synchronous::Normal,
        Sync::Off => Synchronous::Off,
    };
    let here = Handle::current();
    let found = tokio::task::block_in_place(|| {
        cuts.run(
            |dir, vfs, recorder| here.block_on(work(dir, vfs, recorder, synchronous)),
            |image, acknowledged| here.block_on(judge(image, acknowledged)),
        )
    })?;
    Ok(Report {
        images: found.images,
        acknowledged: found.acknowledged,
        lost: found.lost,
        duplicated: found.duplicated,
        reordered: found.reordered,
        corrupt: found.corrupt,
        operations: found.operations,
        syncs: found.syncs,
        first_failure: found.failures.into_iter().next().map(|failure| format!("{failure:?}")),
    })
}

/// Clients append concurrently, so that commits hold one event or several, small and large.
async fn work(
    directory: &Path,
    vfs: &str,
    recorder: &Recorder,
    synchronous: Synchronous,
) -> Result<(), Failed> {
    for sitting in 0..SITTINGS {
        let vfs = Some(vfs.to_owned());
        let log =
            Arc::new(open(directory, SqliteOptions { vfs, synchronous, ..Default::default() })?);
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            clients.spawn(append_some(Arc::clone(&log), recorder.clone(), sitting, client));
        }
        clients.join_all().await.into_iter().collect::<Result<(), Failed>>()?;
        log.shutdown().await;
    }
    Ok(())
}

async fn append_some(
    log: Arc<SqliteLog>,
    recorder: Recorder,
    sitting: u32,
    client: u32,
) -> Result<(), Failed> {
    for nth in sitting * APPENDS..(sitting + 1) * APPENDS {
        let event = history::with_reason(usize::try_from((nth + client) % 5)? * 2_500);
        let number = u64::from(client * SITTINGS * APPENDS + nth);
        let append = history::append(client, nth.into(), std::iter::once(event), number)?;
        match log.appender().append(append).await? {
            // Positions become durable in order: whoever is told of one is promised all before it.
            Appended::Written(recorded) => {
                for event in &recorded {
                    recorder.mark(event.position.0);
                }
            }
            other => return Err(format!("an append was not written: {other:?}").into()),
        }
    }
    Ok(())
}

fn open(directory: &Path, options: SqliteOptions) -> Result<SqliteLog, Failed> {
    Ok(SqliteLog::open(directory, Arc::new(DirectoryLock::take(directory)?), options)?)
}

/// Opens an image as any process would, and compares.
async fn judge(image: &Path, acknowledged: u64) -> Result<Verdict, Failed> {
    let synchronous = Synchronous::Off; // the image is thrown away anyhow
    let log = open(image, SqliteOptions { synchronous, ..Default::default() })?;
    let found = positions(&log).await;
    log.shutdown().await;
    drop(log);
    let connection = Connection::open(log_path(image))?;
    let integrity: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if integrity != "ok" {
        return Err(integrity.into());
    }
    Ok(Verdict::of(1..=acknowledged, found?))
}

/// The positions in the log, in its order, after each event's hash was checked.
async fn positions(log: &SqliteLog) -> Result<Vec<u64>, Failed> {
    let (mut found, mut after) = (Vec::new(), Position::START);
    loop {
        let page = log.read_all(after, PAGE, Slice::ALL).await?;
        let Some(last) = page.events.last() else { break };
        after = last.position;
        for event in &page.events {
            event.verify()?;
            found.push(event.position.0);
        }
    }
    if found.iter().zip(1..).any(|(found, position)| *found != position) {
        return Err(format!("there is a gap in the positions: {found:?}").into());
    }
    Ok(found)
}
