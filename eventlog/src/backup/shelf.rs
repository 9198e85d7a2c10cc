//! Where a backup's files lie: in a folder, or one after the other in a tar stream.

use std::{
    fs::{File, OpenOptions},
    io::{BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::{
    BackupError, ERASURES, GUILDS, HEADER, MANIFEST, MAX_FILE_BYTES, NUMBERS, SIGNING_KEYS,
    is_segment, is_signed, tar,
};

/// Ends the name of a file that is still being written.
const PARTIAL: &str = ".partial";
/// No folder of a backup holds more.
const MAX_FILES: usize = 10_000_000;

/// Where files are put.
pub enum Sink {
    Folder(PathBuf),
    Tar(Box<dyn Write + Send>),
}

/// Where files are read from.
pub enum Shelf {
    Folder { path: PathBuf, left: std::vec::IntoIter<String> },
    Tar { input: Box<dyn Read + Send>, name: String },
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
            Self::Tar(_) => f.write_str("Tar"),
        }
    }
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Shelf").field(&self.name()).finish()
    }
}

pub(super) fn io_error(place: impl std::fmt::Display, error: &std::io::Error) -> BackupError {
    BackupError::Io { place: place.to_string(), problem: error.to_string() }
}

impl Sink {
    /// A file is there as a whole or not at all, also after a power cut.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        match self {
            Self::Tar(out) => {
                tar::write_file(out, name, bytes).map_err(|error| io_error("the stream", &error))
            }
            Self::Folder(folder) => {
                let (partial, path) = (folder.join(format!("{name}{PARTIAL}")), folder.join(name));
                let write = || {
                    let mut options = OpenOptions::new();
                    let options = options.write(true).create(true).truncate(true).mode(0o600);
                    let mut file = options.open(&partial)?;
                    file.write_all(bytes)?;
                    file.sync_all()?;
                    std::fs::rename(&partial, &path)?;
                    File::open(&*folder)?.sync_all()
                };
                write().map_err(|error| io_error(path.display(), &error))
            }
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), BackupError> {
        match self {
            Self::Tar(out) => tar::write_end(out).map_err(|error| io_error("the stream", &error)),
            Self::Folder(_) => Ok(()),
        }
    }
}

impl Shelf {
    /// A folder, or a file that is a tar stream.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        if !path.is_dir() {
            let file = File::open(path).map_err(|error| io_error(path.display(), &error))?;
            let name = path.display().to_string();
            return Ok(Self::Tar { input: Box::new(BufReader::new(file)), name });
        }
        let names = files(path)?;
        if !names.iter().any(|name| name == HEADER) {
            return Err(BackupError::Refused(format!("{} holds no backup", path.display())));
        }
        if !names.iter().any(|name| name == MANIFEST) {
            return Err(BackupError::CutShort(format!(
                "{} has no {MANIFEST}, which is written last; `reeve backup --to` the same folder \
                 goes on with it",
                path.display()
            )));
        }
        Ok(Self::Folder { path: path.to_owned(), left: names.into_iter() })
    }

    pub fn stream(input: Box<dyn Read + Send>) -> Self {
        Self::Tar { input, name: "the stream".to_owned() }
    }

    pub fn name(&self) -> String {
        match self {
            Self::Folder { path, .. } => path.display().to_string(),
            Self::Tar { name, .. } => name.clone(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<(String, Vec<u8>)>, BackupError> {
        match self {
            Self::Tar { input, name } => tar::read_file(input, MAX_FILE_BYTES)
                .map_err(|error| io_error(format!("the backup {name}"), &error)),
            Self::Folder { path, left } => {
                let Some(name) = left.next() else { return Ok(None) };
                let bytes = read(&path.join(&name))?;
                Ok(Some((name, bytes)))
            }
        }
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, BackupError> {
    let read = || {
        let mut bytes = Vec::new();
        let file = File::open(path)?;
        let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        if read as u64 > MAX_FILE_BYTES {
            return Err(std::io::Error::other("it is larger than any file of a backup"));
        }
        Ok(bytes)
    };
    read().map_err(|error| io_error(path.display(), &error))
}

/// The files of a backup's folder in the order in which they were written; half-written ones are
/// none.
pub(super) fn files(folder: &Path) -> Result<Vec<String>, BackupError> {
    let list = || {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)?.take(MAX_FILES) {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !name.ends_with(PARTIAL) {
                names.push(name);
            }
        }
        Ok(names)
    };
    let mut names = list().map_err(|error| io_error(folder.display(), &error))?;
    let place = |name: &str| match name {
        HEADER => 0,
        name if is_segment(name) => 1,
        NUMBERS => 2,
        ERASURES => 3,
        GUILDS => 4,
        SIGNING_KEYS => 5,
        name if is_signed(name) => 6,
        MANIFEST => 8,
        _ => 7,
    };
    names.sort_by(|one, other| (place(one), one).cmp(&(place(other), other)));
    Ok(names)
}
