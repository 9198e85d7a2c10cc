//! The file: frames of events, each with its length and a checksum before it. What was acknowledged
//! is synced; what a crash cut off in the middle is dropped when the file is opened.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
};

use prost::Message;

use crate::log::Stored;

const NAME: &str = "standin.log";
/// Length and checksum, before every frame.
const HEADER: usize = 12;

#[derive(Debug)]
pub struct File(fs::File);

/// What one sync made durable, as a whole or not at all.
#[derive(Clone, PartialEq, Eq, Message)]
struct Frame {
    #[prost(message, repeated, tag = "1")]
    events: Vec<Stored>,
}

impl File {
    pub fn open(folder: &Path) -> io::Result<(Self, Vec<Stored>)> {
        fs::create_dir_all(folder)?;
        let path = folder.join(NAME);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (events, whole) = read(&bytes);
        file.set_len(whole as u64)?;
        file.seek(io::SeekFrom::End(0))?;
        file.sync_all()?;
        Ok((Self(file), events))
    }

    pub fn append(&mut self, events: Vec<Stored>) -> io::Result<()> {
        let frame = Frame { events }.encode_to_vec();
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(HEADER + frame.len());
        bytes.extend(length.to_be_bytes());
        bytes.extend(checksum(&frame).to_be_bytes());
        bytes.extend(frame);
        self.0.write_all(&bytes)?;
        self.0.sync_data()
    }
}

/// The events of all whole frames, and where the last of these ends.
fn read(bytes: &[u8]) -> (Vec<Stored>, usize) {
    let mut events = Vec::new();
    let mut at = 0;
    while let Some((frame, length)) = next(&bytes[at..]) {
        events.extend(frame.events);
        at += length;
    }
    (events, at)
}

fn next(bytes: &[u8]) -> Option<(Frame, usize)> {
    let length = usize::try_from(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?)).ok()?;
    let sum = u64::from_be_bytes(bytes.get(4..HEADER)?.try_into().ok()?);
    let body = bytes.get(HEADER..HEADER.checked_add(length)?)?;
    (checksum(body) == sum).then_some(())?;
    Some((Frame::decode(body).ok()?, HEADER + length))
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
