//! A SQLite VFS which does everything the default one does, and writes down what it did.
//!
//! Only database, journal and WAL files below the recorder's root are recorded. The `-shm` file is
//! not: SQLite rebuilds it after a crash. Temporary files are not: SQLite never reads them again.
//!
//! Two orders matter and are kept under concurrency: a write enters the journal after it has
//! happened, and a sync vouches only for what was in the journal when it began. So the journal
//! never promises more than the disk did.

mod file;
mod tape;
mod vfs;

use std::{path::Path, sync::Arc};

use thiserror::Error;

use crate::journal::Journal;
use tape::Tape;
use vfs::Registration;

#[derive(Debug, Error)]
pub enum RecorderError {
    #[error("the recorder's directory cannot be resolved")]
    Root(#[source] std::io::Error),
    #[error("a VFS name holds no NUL byte: {0:?}")]
    BadName(String),
    #[error("a SQLite VFS named {0:?} is registered already")]
    NameTaken(String),
    #[error("SQLite has no default VFS to wrap")]
    NoDefaultVfs,
    #[error("SQLite refused the VFS (code {0})")]
    Refused(i32),
}

/// A running recording; clones share it. The VFS is unregistered when the last clone goes;
/// connections which are still open then keep working.
#[derive(Debug, Clone)]
pub struct Recorder {
    tape: Arc<Tape>,
    registration: Arc<Registration>,
}

impl Recorder {
    /// Registers a VFS under `vfs_name` which records the database files below `root`.
    pub fn register(vfs_name: &str, root: &Path) -> Result<Self, RecorderError> {
        let root = root.canonicalize().map_err(RecorderError::Root)?;
        let tape = Arc::new(Tape::default());
        let registration = Arc::new(Registration::new(vfs_name, root, &tape)?);
        Ok(Self { tape, registration })
    }

    /// The name to open connections with.
    pub fn vfs_name(&self) -> &str {
        self.registration.name()
    }

    /// Notes that everything up to `mark` has been acknowledged. Call it where the caller would be
    /// told: after the commit has returned, never before.
    pub fn mark(&self, mark: u64) {
        self.tape.mark(mark);
    }

    /// Ends the recording and hands it out. What connections do from here on is not recorded.
    pub fn stop(&self) -> Journal {
        self.tape.stop()
    }
}
