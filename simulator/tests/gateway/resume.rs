//! Sessions that outlive their connections.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{Sim, community::Community, gateway::session::Order};

use super::raw::{EVERYTHING, Raw, start, token};

async fn resume(sim: &Sim, community: &Community, session: &Value, seq: u64) -> Raw {
    let mut raw = Raw::greeted(sim).await;
    let d = json!({ "token": token(sim, community), "session_id": session, "seq": seq });
    raw.send(&json!({ "op": 6, "d": d })).await;
    raw.seq = seq;
    raw
}

fn say(sim: &Sim, community: &Community, texts: &[&str]) {
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let general = sim.channel(community.guild, "general").expect("it is there");
    for text in texts {
        maren.says(general, text).expect("she may");
    }
}

#[tokio::test]
async fn given_a_lost_connection_then_resuming_replays_what_was_missed_in_order() {
    let (sim, community) = start().await;
    let (mut raw, ready) = Raw::identified(&sim, &community, EVERYTHING).await;
    let session = ready["d"]["session_id"].clone();
    say(&sim, &community, &["one", "two"]);
    assert_eq!(raw.event("MESSAGE_CREATE").await["content"], "one");
    let seen = raw.seq;
    drop(raw);
    say(&sim, &community, &["three"]);
    // What was sent and not seen comes again too.
    let mut raw = resume(&sim, &community, &session, seen).await;
    for text in ["two", "three"] {
        let next = raw.next().await;
        assert_eq!((&next["t"], &next["d"]["content"]), (&json!("MESSAGE_CREATE"), &json!(text)));
    }
    assert_eq!(raw.next().await["t"], "RESUMED");
    say(&sim, &community, &["four"]);
    assert_eq!(raw.next().await["d"]["content"], "four");
}

#[tokio::test]
async fn given_two_connections_for_one_session_then_the_later_has_it() {
    let (sim, community) = start().await;
    let (mut first, ready) = Raw::identified(&sim, &community, EVERYTHING).await;
    let session = ready["d"]["session_id"].clone();
    let mut second = resume(&sim, &community, &session, first.seq).await;
    assert_eq!(second.next().await["t"], "RESUMED");
    assert_eq!(first.closed().await.0, 4000);
    say(&sim, &community, &["to the second"]);
    assert_eq!(second.next().await["d"]["content"], "to the second");
}

#[tokio::test]
async fn given_what_the_session_never_said_or_has_forgotten_then_it_cannot_be_resumed() {
    let (sim, community) = start().await;
    let (raw, ready) = Raw::identified(&sim, &community, EVERYTHING).await;
    let session = ready["d"]["session_id"].clone();
    let mut ahead = resume(&sim, &community, &session, raw.seq + 5).await;
    assert_eq!(ahead.closed().await.0, 4007);
    let mut unknown = resume(&sim, &community, &json!("nobody's"), 1).await;
    let answer = unknown.next().await;
    assert_eq!((&answer["op"], &answer["d"]), (&json!(9), &json!(false)));
    // On the same connection it may begin anew.
    unknown.seq = 0;
    unknown.identify(&token(&sim, &community), 0).await;
    assert_eq!(unknown.next().await["t"], "READY");
    // A flood waits for whoever is connected, and these would not read it.
    drop((raw, unknown));

    let (mut raw, ready) = Raw::identified(&sim, &community, EVERYTHING).await;
    let session = ready["d"]["session_id"].clone();
    let seen = raw.seq;
    let ground = simulator::flood::Ground::of(&sim, community.application, community.guild);
    let count = simulator::limits::REPLAY_EVENTS as u64 + 100;
    let reading = async {
        for _ in 0..count {
            raw.next().await;
        }
    };
    let (flooded, ()) = tokio::join!(sim.flood(&ground, count), reading);
    assert_eq!(flooded.expect("the client reads").messages, count);
    drop(raw);
    let mut late = resume(&sim, &community, &session, seen).await;
    let answer = late.next().await;
    assert_eq!((&answer["op"], &answer["d"]), (&json!(9), &json!(false)));
}

#[tokio::test]
async fn given_a_reconnect_then_the_client_is_asked_and_later_closed_and_may_resume() {
    let (sim, community) = start().await;
    let (mut raw, ready) = Raw::identified(&sim, &community, EVERYTHING).await;
    assert_eq!(sim.hub.order(Some(community.application), Order::Reconnect), 1);
    assert_eq!(raw.next().await["op"], 7);
    let seen = raw.seq;
    let mut again = resume(&sim, &community, &ready["d"]["session_id"], seen).await;
    assert_eq!(again.next().await["t"], "RESUMED");
    assert_eq!(raw.closed().await.0, 4000);
}

#[tokio::test]
async fn given_an_invalid_session_then_it_says_whether_it_can_be_resumed() {
    let (sim, community) = start().await;
    let (mut raw, ready) = Raw::identified(&sim, &community, EVERYTHING).await;
    let session = &ready["d"]["session_id"];
    sim.hub.order(None, Order::Invalidate { resumable: true });
    let told = raw.next().await;
    assert_eq!((&told["op"], &told["d"]), (&json!(9), &json!(true)));
    let mut again = resume(&sim, &community, session, raw.seq).await;
    assert_eq!(again.next().await["t"], "RESUMED");
    sim.hub.order(None, Order::Invalidate { resumable: false });
    assert_eq!(again.next().await["d"], json!(false));
    let mut gone = resume(&sim, &community, session, again.seq).await;
    let told = gone.next().await;
    assert_eq!((&told["op"], &told["d"]), (&json!(9), &json!(false)));
}

#[tokio::test]
async fn given_a_zombie_then_it_says_nothing_and_a_resume_brings_what_it_kept_back() {
    let (sim, community) = start().await;
    let (mut raw, ready) = Raw::identified(&sim, &community, EVERYTHING).await;
    sim.hub.order(None, Order::Zombie);
    let seen = raw.seq;
    // The order is obeyed by the connection's own task; a heartbeat that is answered came before.
    let begun = Instant::now();
    loop {
        raw.send(&json!({ "op": 1, "d": seen })).await;
        let answer = tokio::time::timeout(Duration::from_millis(300), raw.next()).await;
        let Ok(answer) = answer else { break };
        assert_eq!(answer["op"], 11);
        assert!(begun.elapsed() < Duration::from_secs(10), "it still answers");
    }
    say(&sim, &community, &["unheard"]);
    let quiet = tokio::time::timeout(Duration::from_millis(100), raw.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    let mut again = resume(&sim, &community, &ready["d"]["session_id"], seen).await;
    assert_eq!(again.next().await["d"]["content"], "unheard");
    assert_eq!(again.next().await["t"], "RESUMED");
}

#[tokio::test]
async fn given_a_cut_then_the_connection_is_gone_without_a_word() {
    let (sim, community) = start().await;
    let (mut raw, _) = Raw::identified(&sim, &community, 0).await;
    sim.hub.order(None, Order::Cut);
    assert!(!matches!(
        raw.frame().await,
        Some(
            tokio_tungstenite::tungstenite::Message::Text(_)
                | tokio_tungstenite::tungstenite::Message::Close(Some(_))
        )
    ));
}
