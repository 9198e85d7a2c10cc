//! The journal while it is being written, shared by all connections of one recorder.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::{Mutex, MutexGuard};

use crate::journal::{FileId, Journal, Operation};

/// A recording lives in memory. Past this size the VFS reports a full disk to the workload.
const MAX_JOURNAL_BYTES: usize = 256 << 20;

#[derive(Debug, Default)]
pub(super) struct Tape {
    reel: Mutex<Reel>,
}

#[derive(Debug, Default)]
pub(super) struct Reel {
    operations: Vec<Operation>,
    payload_bytes: usize,
    names: HashMap<PathBuf, FileId>,
    files: u32,
    stopped: bool,
}

impl Tape {
    pub(super) fn mark(&self, mark: u64) {
        self.reel.lock().push(Operation::Mark(mark));
    }

    pub(super) fn stop(&self) -> Journal {
        let mut reel = self.reel.lock();
        reel.stopped = true;
        Journal::new(std::mem::take(&mut reel.operations))
    }

    /// Held while a name is really opened or deleted, so that both happen in the recorded order.
    pub(super) fn lock(&self) -> MutexGuard<'_, Reel> {
        self.reel.lock()
    }
}

impl Reel {
    fn push(&mut self, operation: Operation) {
        if !self.stopped {
            self.payload_bytes += operation.payload();
            self.operations.push(operation);
        }
    }

    pub(super) fn known(&self, path: &Path) -> Option<FileId> {
        self.names.get(path).copied()
    }

    pub(super) fn created(&mut self, path: PathBuf) -> FileId {
        let file = self.name(&path);
        self.push(Operation::Create { file, path });
        file
    }

    pub(super) fn adopted(&mut self, path: PathBuf, bytes: Vec<u8>) -> FileId {
        let file = self.name(&path);
        self.push(Operation::Adopt { file, path, bytes });
        file
    }

    pub(super) fn deleted(&mut self, path: PathBuf, directory_synced: bool) {
        if self.names.remove(&path).is_some() {
            let directory = directory_of(&path);
            self.push(Operation::Delete { path });
            if directory_synced {
                let covers = self.operations.len();
                self.push(Operation::SyncDirectory { directory, covers });
            }
        }
    }

    fn name(&mut self, path: &Path) -> FileId {
        let file = FileId(self.files);
        self.files += 1;
        self.names.insert(path.to_owned(), file);
        file
    }
}

/// What one open handle records.
#[derive(Debug)]
pub(super) struct FileTape {
    tape: Arc<Tape>,
    file: FileId,
    directory: PathBuf,
    /// SQLite's unix VFS syncs the directory once, with the first sync of a journal or WAL which
    /// it has opened for creation.
    directory_sync_due: AtomicBool,
}

impl FileTape {
    pub(super) fn new(
        tape: Arc<Tape>,
        file: FileId,
        path: &Path,
        directory_sync_due: bool,
    ) -> Self {
        let directory_sync_due = AtomicBool::new(directory_sync_due);
        Self { tape, file, directory: directory_of(path), directory_sync_due }
    }

    pub(super) fn has_room_for(&self, len: usize) -> bool {
        let reel = self.tape.reel.lock();
        reel.stopped || reel.payload_bytes + len <= MAX_JOURNAL_BYTES
    }

    pub(super) fn wrote(&self, offset: usize, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.tape.reel.lock().push(Operation::Write { file: self.file, offset, bytes });
    }

    pub(super) fn resized(&self, size: usize) {
        self.tape.reel.lock().push(Operation::Truncate { file: self.file, size });
    }

    /// The position up to which a sync which begins now may vouch.
    pub(super) fn sync_begins(&self) -> usize {
        self.tape.reel.lock().operations.len()
    }

    pub(super) fn synced(&self, flags: i32, covers: usize) {
        let mut reel = self.tape.reel.lock();
        reel.push(Operation::Sync { file: self.file, flags, covers });
        if self.directory_sync_due.swap(false, Ordering::Relaxed) {
            let directory = self.directory.clone();
            reel.push(Operation::SyncDirectory { directory, covers });
        }
    }
}

fn directory_of(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_write_during_a_sync_then_the_sync_does_not_vouch_for_it() {
        let tape = Arc::new(Tape::default());
        let path = PathBuf::from("log.db-wal");
        let file = tape.lock().created(path.clone());
        let handle = FileTape::new(Arc::clone(&tape), file, &path, true);
        handle.wrote(0, b"before");
        let begun = handle.sync_begins();
        handle.wrote(6, b"during");
        handle.synced(2, begun);
        handle.synced(2, handle.sync_begins());

        let journal = tape.stop();
        handle.wrote(12, b"after the recording");
        assert_eq!(
            journal.operations()[3..],
            [
                Operation::Sync { file, flags: 2, covers: 2 },
                Operation::SyncDirectory { directory: PathBuf::new(), covers: 2 },
                Operation::Sync { file, flags: 2, covers: 5 },
            ]
        );
        assert_eq!(tape.stop().operations(), []);
    }

    #[test]
    fn given_a_full_journal_then_there_is_no_room() {
        let tape = Arc::new(Tape::default());
        let path = PathBuf::from("log.db");
        let file = tape.lock().created(path.clone());
        let handle = FileTape::new(tape, file, &path, false);
        assert!(handle.has_room_for(MAX_JOURNAL_BYTES));
        handle.wrote(0, b"x");
        assert!(!handle.has_room_for(MAX_JOURNAL_BYTES));
    }
}
