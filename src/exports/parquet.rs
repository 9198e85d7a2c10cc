//! Parquet, a group of rows at a time, pressed with Snappy. Moments are microseconds in UTC and days
//! are dates, as analysts' tools know them.

use std::{io, mem, sync::Arc};

use actions::exports::{Cell, Head, Holds};
use parquet::{
    basic::Compression,
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::parser::parse_message_type,
};

/// Rows of one group; so many are in memory.
const GROUP: usize = 50_000;
/// Bytes of texts after which a group ends earlier.
const GROUP_TEXT: usize = 16 << 20;

#[derive(Debug)]
pub struct Writer {
    heads: Vec<Head>,
    file: SerializedFileWriter<Vec<u8>>,
    rows: Vec<Vec<Cell>>,
    text: usize,
}

impl Writer {
    pub fn new(heads: Vec<Head>) -> io::Result<Self> {
        let columns: String = heads.iter().map(column).collect();
        let schema = parse_message_type(&format!("message list {{ {columns}}}")).map_err(broken)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("reeve ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))
            .map_err(broken)?;
        Ok(Self { heads, file, rows: Vec::new(), text: 0 })
    }

    pub fn rows(&mut self, rows: Vec<Vec<Cell>>) -> io::Result<Vec<u8>> {
        let bytes = |cell: &Cell| if let Cell::Text(text) = cell { text.len() } else { 0 };
        self.text += rows.iter().flatten().map(bytes).sum::<usize>();
        self.rows.extend(rows);
        if self.rows.len() >= GROUP || self.text >= GROUP_TEXT {
            self.group()?;
        }
        Ok(mem::take(self.file.inner_mut()))
    }

    pub fn end(mut self) -> io::Result<Vec<u8>> {
        if !self.rows.is_empty() {
            self.group()?;
        }
        self.file.into_inner().map_err(broken)
    }

    fn group(&mut self) -> io::Result<()> {
        let (rows, heads) = (mem::take(&mut self.rows), &self.heads);
        self.text = 0;
        let mut group = self.file.next_row_group().map_err(broken)?;
        for (place, head) in heads.iter().enumerate() {
            let column = group.next_column().map_err(broken)?;
            let column = column.ok_or_else(|| io::Error::other("a column is missing"))?;
            write(column, head.holds, rows.iter().map(|row| &row[place])).map_err(broken)?;
        }
        group.close().map_err(broken)?;
        Ok(())
    }
}

/// Names of ours are small letters and underscores.
fn column(head: &Head) -> String {
    let kind = match head.holds {
        Holds::Number => return format!("optional int64 {}; ", head.name),
        Holds::Truth => return format!("optional boolean {}; ", head.name),
        Holds::Moment => ("int64", "TIMESTAMP(MICROS,true)"),
        Holds::Day => ("int32", "DATE"),
        Holds::Text => ("byte_array", "STRING"),
    };
    format!("optional {} {} ({}); ", kind.0, head.name, kind.1)
}

fn write<'a>(
    mut column: SerializedColumnWriter<'_>,
    holds: Holds,
    cells: impl Iterator<Item = &'a Cell>,
) -> Result<(), ParquetError> {
    match holds {
        Holds::Number | Holds::Moment => put::<Int64Type>(&mut column, cells, |cell| match cell {
            Cell::Number(number) => Some(*number),
            Cell::Moment(moment) => Some(moment.as_micros()),
            _ => None,
        })?,
        Holds::Truth => put::<BoolType>(&mut column, cells, |cell| match cell {
            Cell::Truth(truth) => Some(*truth),
            _ => None,
        })?,
        Holds::Day => put::<Int32Type>(&mut column, cells, |cell| match cell {
            Cell::Day(day) => Some(day.0),
            _ => None,
        })?,
        Holds::Text => put::<ByteArrayType>(&mut column, cells, |cell| match cell {
            Cell::Text(text) => Some(ByteArray::from(text.as_str())),
            _ => None,
        })?,
    }
    column.close()
}

/// What is empty has no value, and the level 0.
fn put<'a, T: DataType>(
    column: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = &'a Cell>,
    of: impl Fn(&Cell) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        let value = of(cell);
        levels.push(i16::from(value.is_some()));
        values.extend(value);
    }
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn broken(error: ParquetError) -> io::Error {
    io::Error::other(format!("Parquet: {error}"))
}
