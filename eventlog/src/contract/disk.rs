//! A disk that is soon full.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A small tmpfs, most of it taken by a ballast that can be thrown off. Unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    mounted: tempfile::TempDir,
}

impl SmallDisk {
    /// None, and a printed word, where this user may not mount.
    pub fn mount(kib: u32, ballast_kib: u32) -> Option<Self> {
        let mounted = tempfile::TempDir::with_prefix("reeve-disk-").unwrap();
        let options = format!("size={kib}k");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(mounted.path())
            .output();
        if !mount.as_ref().is_ok_and(|mount| mount.status.success()) {
            println!("skipped: a small tmpfs cannot be mounted here: {mount:?}");
            return None;
        }
        let disk = Self { mounted };
        std::fs::write(disk.ballast(), vec![7; ballast_kib as usize * 1024]).unwrap();
        Some(disk)
    }

    pub fn path(&self) -> &Path {
        self.mounted.path()
    }

    /// There is room again.
    pub fn throw_off_ballast(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, should something still be open on it.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
