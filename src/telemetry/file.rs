//! A log file that never grows past its size: `reeve.log`, `reeve.log.1`, `reeve.log.2` …

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use tracing_subscriber::fmt::MakeWriter;

/// One file being written and a bounded number of full ones.
#[derive(Clone, Debug)]
pub struct Rotating(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: File,
    written: u64,
    size: u64,
    count: usize,
}

impl Rotating {
    /// Keeps at most `count` files of about `size` bytes.
    pub fn open(path: &Path, size: u64, count: usize) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let written = file.metadata()?.len();
        Ok(Self(Arc::new(Mutex::new(Inner { path: path.to_owned(), file, written, size, count }))))
    }
}

impl Inner {
    fn numbered(&self, number: usize) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }

    fn rotate(&mut self) -> io::Result<()> {
        let oldest = self.count.saturating_sub(1);
        for number in (1..=oldest).rev() {
            let from = if number == 1 { self.path.clone() } else { self.numbered(number - 1) };
            if from.exists() {
                std::fs::rename(from, self.numbered(number))?;
            }
        }
        let open = OpenOptions::new().create(true).write(true).truncate(true).open(&self.path);
        self.file = open?;
        self.written = 0;
        Ok(())
    }
}

impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.lock();
        if inner.written > 0 && inner.written + line.len() as u64 > inner.size {
            inner.rotate()?;
        }
        inner.file.write_all(line)?;
        inner.written += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().file.flush()
    }
}

impl<'a> MakeWriter<'a> for Rotating {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: OPS-05
    #[test]
    fn given_full_log_file_then_rotates_and_keeps_the_configured_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reeve.log");
        let mut log = Rotating::open(&path, 100, 3).unwrap();
        for line in 0..20 {
            writeln!(log, "line {line:>4} {}", "x".repeat(30)).unwrap();
        }
        let mut files: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, ["reeve.log", "reeve.log.1", "reeve.log.2"]);
        assert!(std::fs::read_to_string(&path).unwrap().contains("line   19"));
        assert!(std::fs::metadata(&path).unwrap().len() <= 100);
    }
}
