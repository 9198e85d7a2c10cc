//! The edge from a request to its answer, without a wire: real store, real actions, and a mouth
//! that writes down what it says.

mod answers;
mod buttons;
mod capabilities;
mod codes;
mod economy;
mod giveaways;
mod levels;
mod moderation;
mod squads;
mod tiers;

use std::{sync::Arc, time::Duration};

use actions::{Caller, Standing, fresh_key};
use async_trait::async_trait;
use domain::{Bytes, GuildId, Timestamp, UserId};
use eventlog::Clock;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

use super::{
    command::Capability,
    commands::CAPABILITIES,
    ctx::Asked,
    dispatch::{self, Said},
    edge::Edge,
    health::Health,
    mouth::{First, Heard, Mouth},
    reply::Reply,
    respond, wire,
};
use crate::{
    config::{Config, ConfigArgs},
    node::{Access, Node},
};

const GUILD: u64 = 1_107_318_246_137_131_070;
const OWNER: u64 = 100;
const ANN: u64 = 101;
const BEN: u64 = 102;
const US: u64 = 999;
/// Discord's permission to manage a community.
const MANAGE_GUILD: u64 = 1 << 5;

/// A community with our edge in it, on a clock of its own.
struct House {
    node: Node,
    edge: Arc<Edge>,
    now: Arc<Mutex<Timestamp>>,
    ids: Mutex<u64>,
    _directory: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with(&[], CAPABILITIES).await
    }

    async fn with(settings: &[(&str, &str)], capabilities: &'static [Capability]) -> Self {
        let directory = tempfile::TempDir::with_prefix("reeve-edge-").unwrap();
        let data = directory.path().join("data").display().to_string();
        let mut variables = vec![("REEVE_DATA_DIR".to_owned(), data)];
        variables.extend(settings.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let config = Config::load(&ConfigArgs::default(), variables, directory.path()).unwrap();
        let now = Arc::new(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap()));
        let told = Arc::clone(&now);
        let clock: Clock = Arc::new(move || *told.lock());
        std::fs::create_dir_all(&config.data_dir).unwrap();
        let node = Node::open_with_clock(config, Access::Write, clock).await.unwrap();
        let us = UserId::new(US).unwrap();
        let edge = Edge::new(node.actions.clone(), us, capabilities, Health::default(), true);
        let edge = Arc::new(edge);
        let guild = json!({
            "id": GUILD.to_string(), "owner_id": OWNER.to_string(), "member_count": 3,
            "roles": [
                { "id": GUILD.to_string(), "position": 0, "permissions": "2048" },
                { "id": "20", "position": 3, "permissions": MANAGE_GUILD.to_string() },
            ],
            "members": [{ "user": { "id": US.to_string() }, "roles": ["20"] }],
        });
        edge.guilds.put(serde_json::from_value(guild).unwrap(), us, 0);
        Self { node, edge, now, ids: Mutex::new(0), _directory: directory }
    }

    fn guild() -> GuildId {
        GuildId::new(GUILD).unwrap()
    }

    fn advance(&self, secs: i64) {
        let mut now = self.now.lock();
        *now = now.plus_secs(secs);
    }

    /// An id that Discord would give at this moment.
    fn id(&self) -> u64 {
        let mut ids = self.ids.lock();
        *ids += 1;
        let millis = self.now.lock().as_micros() / 1_000;
        let since = millis.unsigned_abs() - domain::DISCORD_EPOCH_MILLIS;
        (since << 22) | (*ids & 0x3f_ffff)
    }

    fn member(&self, user: u64) -> Member<'_> {
        Member { house: self, user, permissions: 0, roles: &[], locale: "en-US" }
    }

    /// A member with Discord's permission to manage the community.
    fn admin(&self) -> Member<'_> {
        Member { permissions: MANAGE_GUILD, ..self.member(200) }
    }

    async fn grant(&self, user: u64, amount: i64) {
        let user = UserId::new(user).unwrap();
        let key = fresh_key("test").unwrap();
        let (actions, guild) = (&self.node.actions, Self::guild());
        actions
            .grant_bytes(guild, &Caller::operator(), user, Bytes(amount), None, &key)
            .await
            .unwrap();
    }

    async fn balance(&self, user: u64) -> i64 {
        let user = UserId::new(user).unwrap();
        self.node.actions.balance(Self::guild(), user).await.unwrap().0
    }
}

struct Member<'a> {
    house: &'a House,
    user: u64,
    permissions: u64,
    roles: &'static [&'static str],
    locale: &'static str,
}

impl Member<'_> {
    fn german(self) -> Self {
        Self { locale: "de", ..self }
    }

    fn asked(&self, id: u64, kind: u8, data: &Json) -> Asked {
        let interaction = json!({
            "id": id.to_string(), "application_id": "9", "type": kind, "token": "t0ken",
            "guild_id": GUILD.to_string(), "channel_id": "11", "locale": self.locale,
            "member": {
                "user": { "id": self.user.to_string() }, "roles": self.roles,
                "permissions": self.permissions.to_string(),
            },
            "data": data,
        });
        let interaction: wire::Interaction = serde_json::from_value(interaction).unwrap();
        Asked::read(interaction, &self.house.edge.guilds).unwrap()
    }

    /// `/bytes send` with options as Discord types them.
    fn command(path: &str, options: &[(&str, u8, Json)]) -> Json {
        let options: Vec<_> = options
            .iter()
            .map(|(name, kind, value)| json!({ "name": name, "type": kind, "value": value }))
            .collect();
        let named = path.trim_start_matches('/');
        // What is found in a menu has its spaces in its name.
        match named.split_once(' ').filter(|_| path.starts_with('/')) {
            None => json!({ "name": named, "options": options }),
            Some((group, verb)) => json!({
                "name": group, "options": [{ "name": verb, "type": 1, "options": options }],
            }),
        }
    }

    async fn uses(&self, path: &str, options: &[(&str, u8, Json)]) -> Reply {
        self.uses_as(self.house.id(), path, options).await
    }

    async fn uses_as(&self, id: u64, path: &str, options: &[(&str, u8, Json)]) -> Reply {
        let asked = self.asked(id, 2, &Self::command(path, options));
        self.reply(asked).await
    }

    async fn presses(&self, custom_id: &str) -> Reply {
        let data = json!({ "custom_id": custom_id, "component_type": 2 });
        self.reply(self.asked(self.house.id(), 3, &data)).await
    }

    async fn types(&self, path: &str, field: &str, typed: &str) -> Vec<String> {
        let mut data = Self::command(path, &[(field, 3, json!(typed))]);
        let options = &mut data["options"];
        let option = if options[0]["options"].is_array() {
            &mut options[0]["options"][0]
        } else {
            &mut options[0]
        };
        option["focused"] = json!(true);
        let asked = self.asked(self.house.id(), 4, &data);
        let handled = dispatch::handle(Arc::clone(&self.house.edge), Arc::new(asked)).await;
        let Said::Suggestions(suggestions) = handled.said else { panic!("{handled:?}") };
        suggestions.into_iter().map(|suggestion| suggestion.value).collect()
    }

    async fn reply(&self, asked: Asked) -> Reply {
        let handled = dispatch::handle(Arc::clone(&self.house.edge), Arc::new(asked)).await;
        let Said::Reply(reply) = handled.said else { panic!("{handled:?}") };
        reply
    }
}

fn user(id: u64) -> (&'static str, u8, Json) {
    ("user", 6, json!(id.to_string()))
}

fn amount(amount: i64) -> (&'static str, u8, Json) {
    ("amount", 4, json!(amount))
}

fn said(option: &'static str, text: &str) -> (&'static str, u8, Json) {
    (option, 3, json!(text))
}

/// What was said, in order.
#[derive(Debug, Default)]
struct Notes {
    said: Mutex<Vec<Noted>>,
    before: Before,
}

/// What a process before this one has said to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Before {
    #[default]
    Nothing,
    /// That an answer comes.
    Announced,
    Answered,
}

#[derive(Clone, Debug, PartialEq)]
enum Noted {
    First(First),
    Then(Reply),
    Also(Reply),
    TakenBack,
}

#[async_trait]
impl Mouth for Notes {
    async fn first(&self, first: First) -> Heard {
        self.said.lock().push(Noted::First(first));
        if self.before == Before::Nothing { Heard::Yes } else { Heard::Before }
    }

    async fn owes(&self) -> bool {
        self.before == Before::Announced
    }

    async fn then(&self, reply: &Reply) -> Heard {
        self.said.lock().push(Noted::Then(reply.clone()));
        Heard::Yes
    }

    async fn also(&self, reply: &Reply) -> Heard {
        self.said.lock().push(Noted::Also(reply.clone()));
        Heard::Yes
    }

    async fn take_back(&self) -> Heard {
        self.said.lock().push(Noted::TakenBack);
        Heard::Yes
    }
}

/// Everything that one request makes us say.
async fn everything(house: &House, asked: Asked) -> Vec<Noted> {
    everything_after(house, asked, Before::Nothing).await
}

async fn everything_after(house: &House, asked: Asked, before: Before) -> Vec<Noted> {
    let notes = Notes { before, ..Notes::default() };
    respond::respond(Arc::clone(&house.edge), asked, &notes).await;
    notes.said.into_inner()
}

/// Until the runtime has nothing else to do.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

fn everyone() -> Standing {
    Standing::everyone()
}
