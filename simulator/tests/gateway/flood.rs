//! Many messages: all of them, in order, as fast as the client takes them.

use std::{collections::BTreeSet, time::Duration};

use simulator::{flood::Flooded, gateway::intents};

use super::raw::{Raw, start};

#[tokio::test(flavor = "multi_thread")]
async fn given_a_flood_over_many_guilds_then_every_message_arrives_once_and_in_order() {
    const MESSAGES: u64 = 20_000;
    let (sim, community) = start().await;
    let ground = sim.ground(community.application, 50, 10).expect("there is room");
    let heard = intents::GUILD_MESSAGES | intents::MESSAGE_CONTENT;
    let (mut raw, _) = Raw::identified(&sim, &community, heard).await;
    let reading = async {
        let (mut guilds, mut authors, mut last) = (BTreeSet::new(), BTreeSet::new(), 0);
        for _ in 0..MESSAGES {
            let next = raw.next().await;
            assert_eq!(next["t"], "MESSAGE_CREATE");
            let d = &next["d"];
            let id: u64 = d["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            assert!(id > last, "messages come in order");
            last = id;
            guilds.insert(d["guild_id"].to_string());
            authors.insert(d["author"]["id"].to_string());
            assert!(!d["content"].as_str().expect("a text").is_empty());
        }
        (guilds.len(), authors.len())
    };
    let (flooded, (guilds, authors)) = tokio::join!(sim.flood(&ground, MESSAGES), reading);
    let Flooded { messages, took } = flooded.expect("the client reads");
    assert_eq!((messages, guilds, authors), (MESSAGES, 50, 50 * 9));
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test]
async fn given_a_client_that_stops_reading_then_its_session_ends_and_the_world_goes_on() {
    let (sim, community) = start().await;
    let (raw, _) = Raw::identified(&sim, &community, intents::GUILD_MESSAGES).await;
    let session = sim.hub.sessions().pop().expect("it is connected");
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let general = sim.channel(community.guild, "general").expect("it is there");
    let body = bytes::Bytes::from(vec![b'1'; 1024 * 1024]);
    for _ in 0..600 {
        session.push("MESSAGE_CREATE", body.clone());
    }
    assert!(session.is_over(), "what waits is bounded");
    maren.says(general, "life goes on").expect("she may");
    drop(raw);
    let (_, ready) = Raw::identified(&sim, &community, 0).await;
    assert_eq!(ready["t"], "READY");
}
