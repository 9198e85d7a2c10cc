//! How frames are written: as text, each compressed by itself, or all as one compressed stream.

use std::io;

use axum::extract::ws::{Message, Utf8Bytes};
use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};
use zstd::stream::raw::{Encoder, InBuffer, Operation as _, OutBuffer};

use super::session::Numbered;

/// Fast is enough: the other end is on this machine.
const ZSTD_LEVEL: i32 = 1;
/// By how much a full buffer grows.
const ROOM: usize = 4_096;

pub(super) enum Coding {
    Text,
    /// Every frame by itself, where Identify asked for it.
    ZlibEach,
    ZlibStream(Compress),
    ZstdStream(Encoder<'static>),
}

impl std::fmt::Debug for Coding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Text => "Text",
            Self::ZlibEach => "ZlibEach",
            Self::ZlibStream(_) => "ZlibStream",
            Self::ZstdStream(_) => "ZstdStream",
        })
    }
}

impl Coding {
    /// As the address asks for it; nothing where it asks for something else.
    pub fn named(compress: Option<&str>) -> Option<Self> {
        match compress {
            None | Some("" | "false") => Some(Self::Text),
            Some("zlib-stream") => Some(Self::ZlibStream(zlib())),
            Some("zstd-stream") => Encoder::new(ZSTD_LEVEL).ok().map(Self::ZstdStream),
            Some(_) => None,
        }
    }

    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text)
    }

    /// A frame that is no event.
    pub fn control(&mut self, text: String) -> io::Result<Message> {
        match self {
            Self::Text => Ok(Message::Text(text.into())),
            _ => self.pack(&[text.as_bytes()]),
        }
    }

    /// An event, with its number put before what was written once for everybody.
    pub fn event(&mut self, event: &Numbered) -> io::Result<Message> {
        let head = format!("{{\"t\":\"{}\",\"s\":{},\"op\":0,\"d\":", event.kind, event.seq);
        self.pack(&[head.as_bytes(), &event.body, b"}"])
    }

    fn pack(&mut self, parts: &[&[u8]]) -> io::Result<Message> {
        let length = parts.iter().map(|part| part.len()).sum();
        match self {
            Self::Text => {
                let mut text = Vec::with_capacity(length);
                for part in parts {
                    text.extend_from_slice(part);
                }
                let text = Utf8Bytes::try_from(Bytes::from(text));
                text.map(Message::Text).map_err(io::Error::other)
            }
            Self::ZlibEach => {
                let mut fresh = zlib();
                let mut out = Vec::with_capacity(length / 2 + ROOM);
                for part in parts {
                    deflate(&mut fresh, part, FlushCompress::None, &mut out)?;
                }
                deflate(&mut fresh, &[], FlushCompress::Finish, &mut out)?;
                Ok(Message::Binary(out.into()))
            }
            Self::ZlibStream(stream) => {
                let mut out = Vec::with_capacity(length / 2 + ROOM);
                for part in parts {
                    deflate(stream, part, FlushCompress::None, &mut out)?;
                }
                deflate(stream, &[], FlushCompress::Sync, &mut out)?;
                Ok(Message::Binary(out.into()))
            }
            Self::ZstdStream(stream) => {
                let mut out = Vec::with_capacity(length / 2 + ROOM);
                for part in parts {
                    squeeze(stream, part, &mut out)?;
                }
                flush(stream, &mut out)?;
                Ok(Message::Binary(out.into()))
            }
        }
    }
}

fn zlib() -> Compress {
    Compress::new(Compression::fast(), true)
}

/// Compresses all of the input; with a flush, until everything has come out.
fn deflate(
    stream: &mut Compress,
    mut input: &[u8],
    flush: FlushCompress,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    loop {
        if out.capacity() - out.len() < 64 {
            out.reserve(ROOM);
        }
        let before = stream.total_in();
        let status = stream.compress_vec(input, out, flush).map_err(io::Error::other)?;
        let taken = usize::try_from(stream.total_in() - before).map_err(io::Error::other)?;
        input = &input[taken..];
        let full = out.len() == out.capacity();
        if status == Status::StreamEnd || (input.is_empty() && !full) {
            return Ok(());
        }
    }
}

fn squeeze(stream: &mut Encoder<'static>, part: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let mut input = InBuffer::around(part);
    while input.pos() < part.len() {
        out.reserve(ROOM);
        let place = out.len();
        let mut output = OutBuffer::around_pos(out, place);
        stream.run(&mut input, &mut output)?;
    }
    Ok(())
}

fn flush(stream: &mut Encoder<'static>, out: &mut Vec<u8>) -> io::Result<()> {
    loop {
        out.reserve(ROOM);
        let place = out.len();
        let mut output = OutBuffer::around_pos(out, place);
        if stream.flush(&mut output)? == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn events() -> Vec<Numbered> {
        let bodies = ["{}".to_owned(), format!("\"{}\"", "bytes ".repeat(20_000)), "[1,2]".into()];
        let event = |(seq, body): (u64, String)| Numbered {
            seq,
            kind: "MESSAGE_CREATE",
            body: body.into(),
        };
        (1..).zip(bodies).map(event).collect()
    }

    fn text(event: &Numbered) -> String {
        let body = std::str::from_utf8(&event.body).expect("JSON is text");
        format!("{{\"t\":\"MESSAGE_CREATE\",\"s\":{},\"op\":0,\"d\":{body}}}", event.seq)
    }

    #[test]
    fn given_plain_text_then_the_number_stands_before_the_body() {
        for event in events() {
            let message = Coding::Text.event(&event).expect("it is text");
            assert_eq!(message.into_text().expect("it is text").as_str(), text(&event));
        }
    }

    #[test]
    fn given_a_zlib_stream_then_every_frame_ends_with_its_mark_and_can_be_read() {
        let mut coding = Coding::named(Some("zlib-stream")).expect("it is known");
        let mut stream = flate2::Decompress::new(true);
        for event in events() {
            let frame = coding.event(&event).expect("it compresses").into_data();
            assert!(frame.ends_with(&[0, 0, 0xff, 0xff]));
            let mut out = Vec::with_capacity(200_000);
            stream
                .decompress_vec(&frame, &mut out, flate2::FlushDecompress::Sync)
                .expect("it is zlib");
            assert_eq!(String::from_utf8(out).expect("it is text"), text(&event));
        }
    }

    #[test]
    fn given_a_zstd_stream_then_every_frame_can_be_read() {
        let mut coding = Coding::named(Some("zstd-stream")).expect("it is known");
        let mut stream = zstd::stream::raw::Decoder::new().expect("there is memory");
        for event in events() {
            let frame = coding.event(&event).expect("it compresses").into_data();
            let mut out = Vec::with_capacity(200_000);
            let mut input = InBuffer::around(frame.as_ref());
            while input.pos() < frame.len() {
                let place = out.len();
                let mut output = OutBuffer::around_pos(&mut out, place);
                stream.run(&mut input, &mut output).expect("it is zstd");
            }
            assert_eq!(String::from_utf8(out).expect("it is text"), text(&event));
        }
    }

    #[test]
    fn given_every_frame_by_itself_then_each_is_a_whole() {
        for event in events() {
            let frame = Coding::ZlibEach.event(&event).expect("it compresses").into_data();
            let mut out = String::new();
            let read = flate2::read::ZlibDecoder::new(frame.as_ref()).read_to_string(&mut out);
            read.expect("it is zlib");
            assert_eq!(out, text(&event));
        }
        assert!(Coding::named(Some("brotli")).is_none());
    }
}
