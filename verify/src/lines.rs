//! Reading a file line by line, and what its last line must say of all before.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// No line may be longer: an event of 256 KiB with the longest escapes, and its metadata.
const MAX_LINE_BYTES: u64 = 8 * 1024 * 1024;
/// Lines that are checked together.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How the last line begins.
const END: &[u8] = b"{\"end\":";

pub struct Lines {
    file: BufReader<File>,
    pub digest: Sha256,
    /// The line that was read and not yet taken.
    next: Vec<u8>,
    number: u64,
}

/// Lines one after the other, and where each begins and ends.
#[derive(Default)]
pub struct Batch {
    pub bytes: Vec<u8>,
    pub lines: Vec<std::ops::Range<usize>>,
    /// The number of the first line in the file.
    pub first: u64,
}

impl Lines {
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = BufReader::with_capacity(1 << 18, File::open(path)?);
        let mut lines = Self { file, digest: Sha256::new(), next: Vec::new(), number: 0 };
        lines.advance()?;
        Ok(lines)
    }

    fn advance(&mut self) -> std::io::Result<()> {
        self.next.clear();
        self.number += 1;
        (&mut self.file).take(MAX_LINE_BYTES).read_until(b'\n', &mut self.next)?;
        Ok(())
    }

    /// The next line without its end, unless it is cut.
    pub fn peek(&self) -> Option<&[u8]> {
        self.next.strip_suffix(b"\n")
    }

    pub fn is_end(&self) -> bool {
        self.next.starts_with(END)
    }

    /// Which line of the file comes next.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Takes the next line, which counts for the last one.
    pub fn take(&mut self) -> std::io::Result<Vec<u8>> {
        self.digest.update(&self.next);
        let line = self.next.clone();
        self.advance()?;
        Ok(line)
    }

    /// Many lines, up to the last one. Their digest is the caller's to make.
    pub fn batch(&mut self) -> std::io::Result<Batch> {
        let mut batch = Batch { first: self.number, ..Batch::default() };
        while !self.is_end() && self.peek().is_some() && batch.bytes.len() < BATCH_BYTES {
            let begin = batch.bytes.len();
            batch.bytes.extend_from_slice(&self.next);
            batch.lines.push(begin..batch.bytes.len() - 1);
            self.advance()?;
        }
        Ok(batch)
    }

    /// Takes the last line, of which the digest is not, and what must be all of the file; answers
    /// the note in it.
    pub fn end(&mut self) -> std::io::Result<Result<String, String>> {
        if self.next.is_empty() {
            return Ok(Err("the bundle was cut: its last line is missing".to_owned()));
        }
        if !self.is_end() {
            return Ok(Err(format!("line {} is not whole, or too long", self.number)));
        }
        let note = serde_json::from_slice::<EndLine>(&self.next).map(|line| line.end);
        let note = note.ok().filter(|note| {
            let quoted = serde_json::to_string(note).unwrap_or_default();
            self.next == format!("{{\"end\":{quoted}}}\n").as_bytes()
        });
        let Some(note) = note else {
            return Ok(Err("the last line is not whole".to_owned()));
        };
        self.advance()?;
        Ok(if self.next.is_empty() {
            Ok(note)
        } else {
            Err("something follows the last line".to_owned())
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    end: String,
}
