//! Compression, each way, as a client unpacks it.

use flate2::{Decompress, FlushDecompress};
use serde_json::{Value, json};
use simulator::gateway::intents;
use tokio_tungstenite::tungstenite::Message;
use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};

use super::raw::{EVERYTHING, Raw, start, token};

enum Unpack {
    Zlib(Decompress),
    Zstd(Decoder<'static>),
}

impl Unpack {
    fn unpack(&mut self, frame: &[u8]) -> Value {
        let mut out = Vec::with_capacity(1024 * 1024);
        match self {
            Self::Zlib(stream) => {
                let done = stream.decompress_vec(frame, &mut out, FlushDecompress::Sync);
                done.expect("it is zlib");
            }
            Self::Zstd(stream) => {
                let mut input = InBuffer::around(frame);
                while input.pos() < frame.len() {
                    let place = out.len();
                    let mut output = OutBuffer::around_pos(&mut out, place);
                    stream.run(&mut input, &mut output).expect("it is zstd");
                }
            }
        }
        serde_json::from_slice(&out).expect("it is JSON")
    }
}

#[tokio::test]
async fn given_a_compressed_stream_then_every_frame_is_part_of_it() {
    let (sim, community) = start().await;
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let general = sim.channel(community.guild, "general").expect("it is there");
    let decoder = Decoder::new().expect("there is memory");
    let kinds = [
        ("zlib-stream", Unpack::Zlib(Decompress::new(true))),
        ("zstd-stream", Unpack::Zstd(decoder)),
    ];
    for (name, mut unpack) in kinds {
        let mut raw = Raw::connect(&sim, &format!("v=10&encoding=json&compress={name}")).await;
        let mut next = async |raw: &mut Raw| match raw.frame().await {
            Some(Message::Binary(frame)) => {
                if name == "zlib-stream" {
                    assert!(frame.ends_with(&[0, 0, 0xff, 0xff]));
                }
                unpack.unpack(&frame)
            }
            other => panic!("a binary frame was expected, not {other:?}"),
        };
        assert_eq!(next(&mut raw).await["op"], 10);
        raw.identify(&token(&sim, &community), EVERYTHING).await;
        assert_eq!(next(&mut raw).await["t"], "READY");
        assert_eq!(next(&mut raw).await["t"], "GUILD_CREATE");
        for number in 0..200 {
            maren.says(general, &format!("message {number}")).expect("she may");
        }
        for number in 0..200 {
            assert_eq!(next(&mut raw).await["d"]["content"], format!("message {number}"));
        }
        raw.send(&json!({ "op": 1, "d": 3 })).await;
        assert_eq!(next(&mut raw).await["op"], 11);
    }
}

#[tokio::test]
async fn given_compress_in_the_identify_then_each_payload_is_packed_by_itself() {
    let (sim, community) = start().await;
    let mut raw = Raw::greeted(&sim).await;
    let d = json!({
        "token": token(&sim, &community), "properties": {}, "compress": true,
        "intents": intents::GUILDS,
    });
    raw.send(&json!({ "op": 2, "d": d })).await;
    for expected in ["READY", "GUILD_CREATE"] {
        let Some(Message::Binary(frame)) = raw.frame().await else { panic!("it is packed") };
        let payload: Value =
            serde_json::from_reader(flate2::read::ZlibDecoder::new(&frame[..])).expect("zlib");
        assert_eq!(payload["t"], expected);
    }
}
