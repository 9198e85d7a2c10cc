//! Brings pages from the write-ahead log into the database, beside the writer: its commits do not
//! wait for that. Only the writer can begin the write-ahead log anew, so the last few pages of a
//! round are left to its own checkpoint.

use std::{
    path::Path,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use rusqlite::Connection;

use super::{SqliteOptions, connect, from_sqlite};
use crate::log::LogError;

/// Events between two rounds.
const EVERY: u64 = 8_000;
/// A round ends when so few pages are left.
const FEW_PAGES: i64 = 500;
/// A busy writer adds pages while others are brought in, fewer each time.
const MOST_PASSES: usize = 5;

pub(super) struct Checkpointer {
    since: u64,
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    pub fn start(path: &Path, options: &SqliteOptions) -> Result<Self, LogError> {
        let connection = connect(path, options)?;
        let (wake, woken) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("log-checkpoint".to_owned())
            .spawn(move || run(&connection, &woken))
            .map_err(|error| LogError::Setup(format!("cannot start a thread: {error}")))?;
        Ok(Self { since: 0, wake, thread })
    }

    pub fn wrote(&mut self, events: u64) {
        self.since += events;
        if self.since >= EVERY {
            self.since = 0;
            // One that is at work already will see these too.
            let (Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(()))) =
                self.wake.try_send(());
        }
    }

    pub fn stop(self) {
        drop(self.wake);
        let _ = self.thread.join();
    }
}

fn run(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        for _ in 0..MOST_PASSES {
            match pass(connection) {
                Ok(left) if left > FEW_PAGES => {}
                Ok(_) => break,
                Err(error) => {
                    // The writer meets the same disk and says so.
                    tracing::debug!(error = %from_sqlite(&error), "no checkpoint");
                    break;
                }
            }
        }
    }
}

/// The pages that are left.
fn pass(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
}
