//! What other libraries than twilight do in their own way.

use serde_json::{Value, json};
use simulator::{control::client::ask, world::response::Callback};

use super::raw::{EVERYTHING, Raw, declare, start, token};

/// discord.js writes `%40original`.
#[tokio::test]
async fn given_an_encoded_sign_in_the_path_then_the_deferred_answer_is_found() {
    let (sim, community) = start().await;
    declare(&sim, &community);
    let (mut raw, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let general = sim.channel(community.guild, "general").expect("it is there");
    let options = simulator::given! { user: "tobi", amount: 5 };
    let answering = async {
        let interaction = raw.event("INTERACTION_CREATE").await;
        let id = interaction["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let secret = interaction["token"].as_str().expect("a token");
        let later = Callback::Defer { ephemeral: true };
        sim.world.lock().answer_interaction(id, secret, later).expect("it is in time");
        let app = community.application;
        let path = format!("/api/v10/webhooks/{app}/{secret}/messages/%40original");
        let edit = json!({ "content": "sent" });
        let (status, message) =
            ask(sim.address(), "PATCH", &path, &edit).await.expect("it answers");
        assert_eq!((status, &message["content"]), (200, &json!("sent")));
    };
    let (answer, ()) = tokio::join!(maren.uses(general, "/bytes send", options), answering);
    assert_eq!(answer.expect("it is answered").text(), "sent");
}

/// Some leave out the version and the encoding; serenity sends an object for `since`.
#[tokio::test]
async fn given_a_plain_address_and_a_strange_presence_then_it_connects_all_the_same() {
    let (sim, community) = start().await;
    let mut raw = Raw::connect(&sim, "").await;
    assert_eq!(raw.next().await["op"], 10);
    let presence = json!({
        "status": "idle", "afk": false, "activities": [], "since": { "secs_since_epoch": 1 },
    });
    let d = json!({
        "token": format!("Bot {}", token(&sim, &community)), "intents": 0, "presence": presence,
        "properties": { "os": "linux", "browser": "x", "device": "x" }, "large_threshold": 250,
        "compress": false, "shard": [0, 1], "capabilities": 0,
    });
    raw.send(&json!({ "op": 2, "d": d })).await;
    assert_eq!(raw.next().await["t"], "READY");
    let d = json!({ "status": "online", "afk": false, "activities": [], "since": {} });
    raw.send(&json!({ "op": 3, "d": d })).await;
    assert_eq!(raw.fence(community.guild).await, Vec::<Value>::new());
}
