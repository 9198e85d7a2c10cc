//! A client of raw frames, which can say what no library would.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use simulator::{
    By, Id, Options, Permissions, Sim,
    community::{self, Community, Plan},
    gateway::intents,
};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

pub const PATIENCE: Duration = Duration::from_secs(20);
pub const EVERYTHING: u64 = intents::ALL;

/// A simulator with a small community, whose clients may identify as often as they like.
pub async fn start() -> (Sim, Community) {
    start_with(Options::default()).await
}

pub async fn start_with(options: Options) -> (Sim, Community) {
    let options = Options { identify_every: Duration::ZERO, ..options };
    let sim = Sim::start(options).await.expect("a port is free");
    let community = community::found(&mut sim.world.lock(), &Plan { seed: 1, members: 8 });
    (sim, community.expect("a community is founded"))
}

pub fn token(sim: &Sim, community: &Community) -> String {
    sim.world.lock().application(community.application).expect("it is there").token.clone()
}

/// Another guild of the same application.
pub fn another_guild(sim: &Sim, community: &Community, name: &str) -> Id {
    let mut world = sim.world.lock();
    let guild = world.create_guild(name, community.owner).expect("there is room");
    let by = By::user(community.owner);
    world
        .add_bot(guild, community.application, Permissions::of_everyone(), &by)
        .expect("the bot may come");
    guild
}

/// Commands of the application: `/bytes send`.
pub fn declare(sim: &Sim, community: &Community) {
    let command = json!({ "name": "bytes", "description": "Bytes", "options": [
        { "type": 1, "name": "send", "description": "Send", "options": [
            { "type": 6, "name": "user", "description": "To whom", "required": true },
            { "type": 4, "name": "amount", "description": "How many", "required": true,
              "min_value": 1 },
        ] },
    ] });
    let command = command.as_object().expect("an object").clone();
    let mut world = sim.world.lock();
    world.put_command(community.application, None, command).expect("it is there");
}

pub struct Raw {
    pub stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The last number of an event.
    pub seq: u64,
}

impl Raw {
    pub async fn connect(sim: &Sim, query: &str) -> Self {
        let url = format!("{}/?{query}", sim.gateway_url());
        let (stream, _) = tokio_tungstenite::connect_async(url).await.expect("it listens");
        Self { stream, seq: 0 }
    }

    /// Connected, and greeted.
    pub async fn greeted(sim: &Sim) -> Self {
        let mut raw = Self::connect(sim, "v=10&encoding=json").await;
        assert_eq!(raw.next().await["op"], 10);
        raw
    }

    /// Connected and identified; has read READY and the guilds.
    pub async fn identified(sim: &Sim, community: &Community, intents: u64) -> (Self, Value) {
        let mut raw = Self::greeted(sim).await;
        raw.identify(&token(sim, community), intents).await;
        let ready = raw.next().await;
        assert_eq!(ready["t"], "READY", "{ready}");
        if intents & intents::GUILDS != 0 {
            let guilds = ready["d"]["guilds"].as_array().expect("a list").len();
            for _ in 0..guilds {
                assert_eq!(raw.next().await["t"], "GUILD_CREATE");
            }
        }
        (raw, ready)
    }

    pub async fn identify(&mut self, token: &str, intents: u64) {
        let d = json!({ "token": token, "intents": intents, "properties": {} });
        self.send(&json!({ "op": 2, "d": d })).await;
    }

    pub async fn send(&mut self, payload: &Value) {
        self.send_text(&payload.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("it is connected");
    }

    /// The next frame, whatever it is; nothing when the connection is gone.
    pub async fn frame(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(PATIENCE, self.stream.next()).await;
        next.expect("a frame comes in time").and_then(Result::ok)
    }

    /// The next payload.
    pub async fn next(&mut self) -> Value {
        match self.frame().await {
            Some(Message::Text(text)) => {
                let value: Value = serde_json::from_str(&text).expect("it is JSON");
                if let Some(seq) = value["s"].as_u64() {
                    assert_eq!(seq, self.seq + 1, "events are counted without a gap");
                    self.seq = seq;
                }
                value
            }
            other => panic!("a payload was expected, not {other:?}"),
        }
    }

    /// The next event of that kind; those before it are passed over.
    pub async fn event(&mut self, kind: &str) -> Value {
        loop {
            let next = self.next().await;
            if next["t"] == kind {
                return next["d"].clone();
            }
        }
    }

    /// The code and the reason with which it is closed.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.frame().await {
                Some(Message::Close(Some(frame))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Message::Close(None)) | None => panic!("it was closed without a code"),
                Some(_) => {}
            }
        }
    }

    /// Everything that was for this connection up to now. An empty list of members, asked for by
    /// this, goes through the same queue and comes after it.
    pub async fn fence(&mut self, guild: Id) -> Vec<Value> {
        let nonce = format!("fence{}", self.seq);
        let d = json!({ "guild_id": guild, "user_ids": [], "nonce": nonce });
        self.send(&json!({ "op": 8, "d": d })).await;
        let mut before = Vec::new();
        loop {
            let next = self.next().await;
            if next["d"]["nonce"] == json!(nonce) {
                return before;
            }
            before.push(next);
        }
    }
}
