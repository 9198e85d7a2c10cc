//! Where throw-away databases lie: a folder of this process, in one that all processes share.
//! What a process that died left behind is removed by the next.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::error::TimeError;

const LOCK: &str = "lock";

pub(super) struct Scratch {
    folder: PathBuf,
    next: AtomicU64,
    /// Held as long as the process lives.
    _lock: File,
}

/// A file of its own; gone when this is dropped.
pub(super) struct Place {
    pub path: PathBuf,
    _scratch: Arc<Scratch>,
}

impl Scratch {
    pub fn open(parent: &Path) -> Result<Arc<Self>, TimeError> {
        make_folder(parent)?;
        // One at a time, so that nobody sweeps away a folder that is just being made.
        let door = File::create(parent.join(LOCK))?;
        door.lock()?;
        for entry in fs::read_dir(parent)?.flatten() {
            let lock = entry.path().join(LOCK);
            let abandoned = File::open(&lock).is_ok_and(|lock| lock.try_lock().is_ok());
            if abandoned && let Err(error) = fs::remove_dir_all(entry.path()) {
                tracing::warn!(%error, "what a dead process left of the time machine stays");
            }
        }
        let folder = parent.join(uuid::Uuid::new_v4().simple().to_string());
        make_folder(&folder)?;
        let lock = File::create(folder.join(LOCK))?;
        lock.lock()?;
        Ok(Arc::new(Self { folder, next: AtomicU64::new(0), _lock: lock }))
    }

    pub fn place(self: &Arc<Self>) -> Place {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Place { path: self.folder.join(format!("{number}.db")), _scratch: Arc::clone(self) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// For its owner only.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_dead_process_then_the_next_removes_what_it_left_and_nothing_else() {
        let parent = tempfile::TempDir::new().unwrap();
        let alive = Scratch::open(parent.path()).unwrap();
        let place = alive.place();
        fs::write(&place.path, "in use").unwrap();
        let dead = parent.path().join("dead");
        make_folder(&dead).unwrap();
        File::create(dead.join(LOCK)).unwrap();
        fs::write(dead.join("0.db"), "left").unwrap();

        let next = Scratch::open(parent.path()).unwrap();
        assert!(!dead.exists());
        assert!(place.path.exists());
        let path = place.path.clone();
        drop(place);
        assert!(!path.exists());
        let folder = next.folder.clone();
        drop(next);
        assert!(!folder.exists());
    }
}
