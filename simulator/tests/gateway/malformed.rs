//! Whatever a client sends, the server lives.

use futures::SinkExt as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use super::raw::{EVERYTHING, Raw, start, token};

#[tokio::test]
async fn given_frames_of_rubbish_then_each_connection_closes_and_the_server_serves_on() {
    let (sim, community) = start().await;
    let token = token(&sim, &community);
    let seed = 42;
    let mut dice = StdRng::seed_from_u64(seed);
    let valid = json!({ "op": 2, "d": {
        "token": token, "properties": { "os": "x" }, "intents": 1, "shard": [0, 1],
        "presence": { "status": "online", "activities": [], "since": null, "afk": false },
    } });
    let valid = valid.to_string();
    for round in 0..150 {
        let mut raw = Raw::greeted(&sim).await;
        let frame = match round % 3 {
            0 => {
                let bytes: Vec<u8> =
                    (0..dice.random_range(0..3_000)).map(|_| dice.random()).collect();
                Message::binary(bytes)
            }
            1 => {
                // A valid frame with one byte changed.
                let mut bytes = valid.clone().into_bytes();
                let place = dice.random_range(0..bytes.len());
                bytes[place] = dice.random_range(b' '..=b'~');
                Message::binary(bytes)
            }
            _ => {
                let end = dice.random_range(0..valid.len());
                Message::text(&valid[..end])
            }
        };
        raw.stream.send(frame).await.expect("it is connected");
        match raw.frame().await {
            // The change was harmless.
            Some(Message::Text(_)) => assert_eq!(round % 3, 1, "seed {seed}, round {round}"),
            Some(Message::Close(Some(frame))) => {
                let code = u16::from(frame.code);
                assert!((4000..=4014).contains(&code), "seed {seed}, round {round}: {code}");
            }
            other => panic!("seed {seed}, round {round}: {other:?}"),
        }
    }
    let (_, ready) = Raw::identified(&sim, &community, EVERYTHING).await;
    assert_eq!(ready["d"]["guilds"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn given_frames_too_large_or_bytes_that_are_no_websocket_then_the_server_serves_on() {
    let (sim, community) = start().await;
    let mut raw = Raw::greeted(&sim).await;
    // More than is read at all: the connection ends, with or without a word.
    let _ = raw.stream.send(Message::text("x".repeat(2_000_000))).await;
    while let Some(frame) = raw.frame().await {
        assert!(!matches!(frame, Message::Text(_)), "{frame:?}");
    }
    let mut plain = tokio::net::TcpStream::connect(sim.address()).await.expect("it listens");
    plain.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc").await.expect("it is connected");
    drop(plain);
    let (_, ready) = Raw::identified(&sim, &community, 0).await;
    assert_eq!(ready["t"], "READY");
}

#[tokio::test]
async fn given_deeply_nested_json_then_it_is_a_decode_error() {
    let (sim, _) = start().await;
    let mut raw = Raw::greeted(&sim).await;
    raw.send_text(&format!("{{\"op\":1,\"d\":{}{}}}", "[".repeat(1_900), "]".repeat(1_900))).await;
    assert_eq!(raw.closed().await.0, 4002);
}
