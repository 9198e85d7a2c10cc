//! Files of lists: CSV for spreadsheets, JSON lines for programs, Parquet for analysts' tools. Rows
//! go in page by page and bytes come out at once, so that no file is ever in memory as a whole.

mod csv;
mod jsonl;
mod parquet;
#[cfg(test)]
mod tests;

pub use csv::put_text;

use std::io;

use actions::exports::{Cell, Head};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For spreadsheets; no cell is taken for a formula
    Csv,
    /// One JSON object a line
    Jsonl,
    /// For DuckDB, pandas and their like
    Parquet,
}

impl Format {
    pub fn of(word: &str) -> Option<Self> {
        [Self::Csv, Self::Jsonl, Self::Parquet].into_iter().find(|known| known.word() == word)
    }

    /// Also the ending of its files' names.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/jsonl",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// A file that is being written.
#[derive(Debug)]
pub enum Writer {
    Csv(csv::Writer),
    Jsonl(jsonl::Writer),
    Parquet(Box<parquet::Writer>),
}

impl Writer {
    pub fn new(format: Format, heads: Vec<Head>) -> io::Result<Self> {
        Ok(match format {
            Format::Csv => Self::Csv(csv::Writer::new(&heads)),
            Format::Jsonl => Self::Jsonl(jsonl::Writer::new(&heads)),
            Format::Parquet => Self::Parquet(Box::new(parquet::Writer::new(heads)?)),
        })
    }

    /// What of the file is certain after these rows; it may be nothing yet.
    pub fn rows(&mut self, rows: Vec<Vec<Cell>>) -> io::Result<Vec<u8>> {
        match self {
            Self::Csv(writer) => Ok(writer.rows(&rows)),
            Self::Jsonl(writer) => Ok(writer.rows(&rows)),
            Self::Parquet(writer) => writer.rows(rows),
        }
    }

    /// The rest of it.
    pub fn end(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Csv(writer) => Ok(writer.rest()),
            Self::Jsonl(_) => Ok(Vec::new()),
            Self::Parquet(writer) => writer.end(),
        }
    }
}
