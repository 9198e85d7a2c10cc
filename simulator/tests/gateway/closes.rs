//! Close codes, each as Discord gives it.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Options, gateway::intents};

use super::raw::{Raw, start, start_with, token};

fn identify(d: &Value) -> Value {
    json!({ "op": 2, "d": d })
}

#[tokio::test]
async fn given_what_no_client_may_send_then_the_connection_closes_with_discords_code() {
    let (sim, community) = start().await;
    let token = token(&sim, &community);
    let long = "a".repeat(5_000);
    let before = [
        (4001, json!({ "op": 42, "d": null })),
        (4001, json!({ "op": 0, "d": {} })),
        (4002, json!("hello")),
        (4002, json!([])),
        (4002, json!({ "d": 1 })),
        (4002, json!({ "op": -1 })),
        (4002, json!({ "op": 1, "d": "five" })),
        (4002, json!({ "op": 1, "d": long })),
        (4002, identify(&json!({ "intents": 1 }))),
        (4002, identify(&json!({ "token": 5, "intents": 1, "properties": {} }))),
        (4002, json!({ "op": 6, "d": { "token": token } })),
        (4003, json!({ "op": 3, "d": { "status": "online", "activities": [] } })),
        (4003, json!({ "op": 8, "d": { "guild_id": "1", "query": "", "limit": 0 } })),
        (4003, json!({ "op": 4, "d": { "guild_id": "1", "channel_id": null } })),
        (4004, identify(&json!({ "token": "x.y.z", "intents": 1, "properties": {} }))),
        (4004, json!({ "op": 6, "d": { "token": "x", "session_id": "s", "seq": 1 } })),
        (4013, identify(&json!({ "token": token, "properties": {} }))),
        (4013, identify(&json!({ "token": token, "properties": {}, "intents": 1_u64 << 40 }))),
        (4013, identify(&json!({ "token": token, "properties": {}, "intents": "all" }))),
    ];
    for (code, payload) in before {
        let mut raw = Raw::greeted(&sim).await;
        raw.send(&payload).await;
        assert_eq!(raw.closed().await.0, code, "{payload}");
    }
    for shard in [json!([1, 1]), json!([0]), json!([0, 0]), json!([1, 2, 3])] {
        let mut raw = Raw::greeted(&sim).await;
        let d = json!({ "token": token, "properties": {}, "intents": 1, "shard": shard });
        raw.send(&identify(&d)).await;
        assert_eq!(raw.closed().await, (4010, "Invalid shard.".to_owned()), "{shard}");
    }
}

#[tokio::test]
async fn given_an_address_that_asks_for_something_else_then_it_says_so_and_closes() {
    let (sim, _) = start().await;
    let wrong = [
        ("v=9&encoding=json", 4012, "Invalid API version"),
        ("v=six", 4012, "Invalid API version"),
        ("v=10&encoding=etf", 4002, "encoding=json"),
        ("v=10&encoding=json&compress=brotli", 4002, "zlib-stream or zstd-stream"),
    ];
    for (query, code, says) in wrong {
        let closed = Raw::connect(&sim, query).await.closed().await;
        assert_eq!(closed.0, code, "{query}");
        assert!(closed.1.contains(says), "{query}: {}", closed.1);
    }
}

#[tokio::test]
async fn given_a_session_then_identifying_again_closes_it() {
    let (sim, community) = start().await;
    let (mut raw, _) = Raw::identified(&sim, &community, 0).await;
    raw.identify(&token(&sim, &community), 0).await;
    assert_eq!(raw.closed().await.0, 4005);
}

#[tokio::test]
async fn given_privileged_intents_that_are_not_switched_on_then_they_are_disallowed() {
    let (sim, community) = start().await;
    sim.world.lock().application_mut(community.application).expect("it is there").privileged =
        intents::GUILD_MEMBERS;
    let mut raw = Raw::greeted(&sim).await;
    raw.identify(&token(&sim, &community), intents::MESSAGE_CONTENT).await;
    assert_eq!(raw.closed().await, (4014, "Disallowed intent(s).".to_owned()));
    let (_, ready) = Raw::identified(&sim, &community, intents::GUILD_MEMBERS).await;
    assert_eq!(ready["d"]["application"]["flags"], 1 << 15);
}

#[tokio::test]
async fn given_more_than_120_frames_in_a_minute_then_it_is_rate_limited() {
    let (sim, community) = start().await;
    let (mut raw, _) = Raw::identified(&sim, &community, 0).await;
    // One was the identify.
    for _ in 0..119 {
        raw.send(&json!({ "op": 1, "d": null })).await;
    }
    for _ in 0..119 {
        assert_eq!(raw.next().await["op"], 11);
    }
    raw.send(&json!({ "op": 1, "d": null })).await;
    assert_eq!(raw.closed().await.0, 4008);
}

#[tokio::test]
async fn given_heartbeats_then_they_are_answered_and_without_them_the_session_times_out() {
    let heartbeat = Duration::from_millis(200);
    let (sim, community) = start_with(Options { heartbeat, ..Options::default() }).await;
    let mut raw = Raw::connect(&sim, "v=10&encoding=json").await;
    assert_eq!(raw.next().await["d"]["heartbeat_interval"], 200);
    raw.identify(&token(&sim, &community), 0).await;
    assert_eq!(raw.next().await["t"], "READY");
    let begun = std::time::Instant::now();
    raw.send(&json!({ "op": 1, "d": 1 })).await;
    assert_eq!(raw.next().await["op"], 11);
    assert_eq!(raw.closed().await, (4009, "Session timed out.".to_owned()));
    assert!(begun.elapsed() >= heartbeat, "it was given its time");
}

#[tokio::test]
async fn given_more_guilds_than_a_shard_takes_then_sharding_is_required() {
    let (sim, community) = start().await;
    for number in 0..simulator::limits::GUILDS_IN_SHARD {
        super::raw::another_guild(&sim, &community, &format!("Guild {number}"));
    }
    let token = token(&sim, &community);
    let mut raw = Raw::greeted(&sim).await;
    raw.identify(&token, 0).await;
    assert_eq!(raw.closed().await.0, 4011);
    let mut raw = Raw::greeted(&sim).await;
    let d = json!({ "token": token, "properties": {}, "intents": 0, "shard": [1, 2] });
    raw.send(&identify(&d)).await;
    assert_eq!(raw.next().await["d"]["shard"], json!([1, 2]));
}

#[tokio::test]
async fn given_a_new_token_then_the_old_one_is_closed_and_worth_nothing() {
    let (sim, community) = start().await;
    let old = token(&sim, &community);
    let (mut raw, ready) = Raw::identified(&sim, &community, 0).await;
    sim.world.lock().reset_token(community.application).expect("it is there");
    assert_eq!(raw.closed().await.0, 4004);
    let session = &ready["d"]["session_id"];
    for payload in [
        json!({ "op": 6, "d": { "token": old, "session_id": session, "seq": 1 } }),
        identify(&json!({ "token": old, "intents": 0, "properties": {} })),
    ] {
        let mut raw = Raw::greeted(&sim).await;
        raw.send(&payload).await;
        assert_eq!(raw.closed().await.0, 4004);
    }
}
