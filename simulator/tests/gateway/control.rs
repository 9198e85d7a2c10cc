//! The simulator's own routes, as a test in another language uses them.

use serde_json::{Value, json};
use simulator::{
    Clock, Options, Sim,
    control::client::ask,
    world::{message::NewMessage, response::Callback},
};

use super::raw::{EVERYTHING, Raw, declare, start, start_with};

async fn call(sim: &Sim, method: &str, path: &str, body: Value) -> (u16, Value) {
    ask(sim.address(), method, path, &body).await.expect("it answers")
}

async fn act(sim: &Sim, member: &str, mut body: Value) -> (u16, Value) {
    body["member"] = json!(member);
    call(sim, "POST", "/sim/act", body).await
}

#[tokio::test]
async fn given_the_routes_then_a_story_can_be_told_in_json() {
    let (sim, community) = start().await;
    let (status, state) = call(&sim, "GET", "/sim", Value::Null).await;
    assert_eq!((status, &state["guilds"][0]["id"]), (200, &json!(community.guild)));
    let path = format!("/sim/guilds/{}", community.guild);
    let (_, guild) = call(&sim, "GET", &path, Value::Null).await;
    let names = guild["members"].as_array().expect("a list").iter();
    let names: Vec<_> = names.map(|member| member["username"].clone()).collect();
    assert!(names.contains(&json!("maren")) && names.contains(&json!("Reeve")), "{names:?}");

    let (mut raw, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    let said = act(&sim, "maren", json!({ "verb": "says", "text": "hello" })).await;
    let message = said.1["message"].clone();
    assert_eq!(raw.event("MESSAGE_CREATE").await["id"], message);
    let react = json!({ "verb": "reacts", "message": message, "emoji": "👋" });
    assert_eq!(act(&sim, "tobi", react).await.0, 200);
    assert_eq!(raw.event("MESSAGE_REACTION_ADD").await["emoji"]["name"], "👋");
    let path = format!("{path}/channels/general/messages");
    let (_, messages) = call(&sim, "GET", &path, Value::Null).await;
    assert_eq!(messages["messages"][0]["reactions"][0]["count"], 1);

    declare(&sim, &community);
    let options = json!({ "user": "tobi", "amount": 5 });
    let uses = json!({ "verb": "uses", "command": "/bytes send", "options": options });
    let answering = async {
        let interaction = raw.event("INTERACTION_CREATE").await;
        let id = interaction["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let token = interaction["token"].as_str().expect("a token");
        let answer = Callback::Message(NewMessage { flags: 64, ..NewMessage::text("sent 5") });
        sim.world.lock().answer_interaction(id, token, answer).expect("it is in time");
    };
    let (answer, ()) = tokio::join!(act(&sim, "maren", uses), answering);
    let answer = &answer.1["answer"];
    assert_eq!((&answer["text"], &answer["ephemeral"]), (&json!("sent 5"), &json!(true)));
}

#[tokio::test]
async fn given_what_makes_no_sense_then_the_routes_say_what_is_wrong() {
    let (sim, community) = start().await;
    let wrong = [
        ("/sim/act", json!({}), 400, "member"),
        ("/sim/act", json!({ "member": "maren" }), 400, "verb"),
        ("/sim/act", json!({ "member": "maren", "verb": "dances" }), 400, "dances"),
        ("/sim/act", json!({ "member": "MAREN!", "verb": "joins" }), 400, "username"),
        (
            "/sim/act",
            json!({ "member": "x1", "verb": "joins", "guild": "5" }),
            404,
            "Unknown Guild",
        ),
        (
            "/sim/act",
            json!({ "member": "maren", "verb": "uses", "command": "/x" }),
            422,
            "no command",
        ),
        ("/sim/faults", json!({ "fault": "earthquake" }), 400, "earthquake"),
        ("/sim/faults", json!({ "fault": "drop_event", "probability": 7 }), 400, "0 to 1"),
        ("/sim/gateway", json!({ "order": "explode" }), 400, "none of"),
        ("/sim/gateway", json!({ "order": "close", "code": 7 }), 400, "close code"),
        ("/sim/clock", json!({ "ms": 5 }), 400, "real time"),
        ("/sim/guilds/x/bots", json!({ "application": "1" }), 400, "snowflake"),
    ];
    for (path, body, status, says) in wrong {
        let (answered, said) = call(&sim, "POST", path, body.clone()).await;
        let why = said["error"].as_str().unwrap_or_default();
        assert_eq!(answered, status, "{path} {body}: {why}");
        assert!(why.contains(says), "{path} {body}: {why}");
    }
    let leaves = json!({ "verb": "leaves" });
    let owner = act(&sim, "astrid", leaves).await;
    assert_eq!(
        (owner.0, &owner.1["error"]),
        (422, &json!("a client would not send this: an owner cannot leave their own guild"))
    );
    assert!(sim.world.lock().member(community.guild, community.owner).is_ok());
}

#[tokio::test]
async fn given_faults_orders_a_clock_and_another_application_then_each_takes_effect() {
    let clock = Clock::moved_by_hand(1_795_000_000_000);
    let (sim, community) = start_with(Options { clock, ..Options::default() }).await;
    let rule = json!({ "fault": "drop_event", "on": "MESSAGE_CREATE", "times": 1 });
    assert_eq!(call(&sim, "POST", "/sim/faults", rule).await.0, 200);
    let (mut raw, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    for text in ["lost", "found"] {
        act(&sim, "maren", json!({ "verb": "says", "text": text })).await;
    }
    assert_eq!(raw.event("MESSAGE_CREATE").await["content"], "found");
    let (_, faults) = call(&sim, "GET", "/sim/faults", Value::Null).await;
    assert_eq!(faults, json!({ "faults": [], "struck": 1 }));
    let slow = json!({ "fault": "slow", "ms": 5 });
    let (_, faults) = call(&sim, "POST", "/sim/faults", slow).await;
    assert_eq!(faults["faults"].as_array().map(Vec::len), Some(1));
    call(&sim, "DELETE", "/sim/faults", Value::Null).await;
    assert!(sim.faults.rules().is_empty());

    let (_, now) = call(&sim, "POST", "/sim/clock", json!({ "ms": 60_000 })).await;
    assert_eq!(now["now_ms"], 1_795_000_060_000_u64);
    let (_, told) = call(&sim, "POST", "/sim/gateway", json!({ "order": "reconnect" })).await;
    assert_eq!(told["connections"], 1);
    assert_eq!(raw.next().await["op"], 7);
    let (_, sessions) = call(&sim, "GET", "/sim/sessions", Value::Null).await;
    assert_eq!(sessions["sessions"][0]["connected"], true);

    let new = json!({ "name": "Other", "privileged_intents": 0 });
    let (_, other) = call(&sim, "POST", "/sim/applications", new).await;
    let path = format!("/sim/guilds/{}/bots", community.guild);
    let body = json!({ "application": other["id"], "permissions": "1024" });
    assert_eq!(call(&sim, "POST", &path, body).await.0, 200);
    let mut raw = Raw::greeted(&sim).await;
    raw.identify(other["token"].as_str().expect("a token"), 1).await;
    assert_eq!(raw.next().await["d"]["guilds"][0]["id"], json!(community.guild));
}
