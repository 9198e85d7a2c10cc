//! What happened to the files, in one global order.

use std::path::PathBuf;

/// One file from its creation to its deletion: an inode, not a name. A file that is deleted and
/// created again under the same name gets a new id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// One step of the journal. Paths are relative to the recorder's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// The file was there, durable, before the recording first met it.
    Adopt { file: FileId, path: PathBuf, bytes: Vec<u8> },
    /// A name was created. It survives a power cut for certain once the file or its directory has
    /// been synced.
    Create { file: FileId, path: PathBuf },
    /// Bytes were handed to the operating system.
    Write { file: FileId, offset: usize, bytes: Vec<u8> },
    /// The file's size was set, downwards or upwards.
    Truncate { file: FileId, size: usize },
    /// A sync of the file returned. It vouches for the operations before index `covers` of the
    /// journal: those that had completed when the sync began.
    Sync { file: FileId, flags: i32, covers: usize },
    /// A sync of a directory returned: names created and deleted in it before index `covers` are
    /// durable.
    SyncDirectory { directory: PathBuf, covers: usize },
    /// A name was deleted.
    Delete { path: PathBuf },
    /// The application's own word: everything up to this number has been promised to somebody.
    Mark(u64),
}

impl Operation {
    /// What it weighs in memory beyond its own size.
    pub(crate) fn payload(&self) -> usize {
        match self {
            Self::Adopt { bytes, .. } | Self::Write { bytes, .. } => bytes.len(),
            _ => 0,
        }
    }
}

/// A finished recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    operations: Vec<Operation>,
}

impl Journal {
    pub fn new(operations: Vec<Operation>) -> Self {
        Self { operations }
    }

    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The highest mark, 0 when there is none.
    pub fn acknowledged(&self) -> u64 {
        self.highest_mark().unwrap_or(0)
    }

    /// Whether anything was written at all: a recording without a write proves nothing.
    pub fn has_writes(&self) -> bool {
        self.operations.iter().any(|operation| matches!(operation, Operation::Write { .. }))
    }

    /// Number of completed file syncs.
    pub fn syncs(&self) -> usize {
        self.operations.iter().filter(|o| matches!(o, Operation::Sync { .. })).count()
    }

    fn highest_mark(&self) -> Option<u64> {
        self.operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::Mark(mark) => Some(*mark),
                _ => None,
            })
            .max()
    }
}
