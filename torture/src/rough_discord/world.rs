//! What there is: roles that members have, and messages in channels.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Call;

const BOT: &str = "900000000000000001";
const DISCORD_EPOCH_MILLIS: u64 = 1_420_070_400_000;

#[derive(Debug, Default)]
pub(super) struct World {
    roles: HashSet<(u64, u64, u64)>,
    channels: HashMap<u64, BTreeMap<u64, Message>>,
    /// The channel between the bot and a user.
    direct: HashMap<u64, u64>,
    nonces: HashMap<(u64, String), (u64, Instant)>,
    pub reasons: Vec<String>,
    last_id: u64,
    forgot_nonces: bool,
}

#[derive(Clone, Debug)]
struct Message {
    body: Value,
    nonce: Option<String>,
}

type Said = (StatusCode, Option<Value>);

impl World {
    pub fn answer(&mut self, call: &Call, nonces: Duration) -> Said {
        let parts = call.parts();
        let number = |place: usize| parts.get(place).and_then(|part| part.parse::<u64>().ok());
        match (call.method.clone(), parts.as_slice()) {
            (Method::GET, ["users", "@me"]) => {
                (StatusCode::OK, Some(json!({ "id": BOT, "username": "reeve", "bot": true })))
            }
            (Method::POST, ["users", "@me", "channels"]) => {
                let user = call.json()["recipient_id"].as_str().and_then(|id| id.parse().ok());
                let Some(user) = user else { return invalid() };
                let fresh = self.fresh_id();
                let channel = *self.direct.entry(user).or_insert(fresh);
                (StatusCode::OK, Some(json!({ "id": channel.to_string(), "type": 1 })))
            }
            (Method::GET, ["guilds", _, "members", _]) => {
                let (Some(guild), Some(user)) = (number(1), number(3)) else { return invalid() };
                let of = self.roles.iter().filter(|(g, u, _)| (*g, *u) == (guild, user));
                let roles: Vec<_> = of.map(|(_, _, role)| role.to_string()).collect();
                (StatusCode::OK, Some(json!({ "roles": roles })))
            }
            (method, ["guilds", _, "members", _, "roles", _]) => {
                let (Some(guild), Some(user), Some(role)) = (number(1), number(3), number(5))
                else {
                    return invalid();
                };
                let reason = call.headers.get("x-audit-log-reason");
                self.reasons.extend(reason.and_then(|r| r.to_str().ok()).map(str::to_owned));
                self.set_role(guild, user, role, method == Method::PUT);
                (StatusCode::NO_CONTENT, None)
            }
            (Method::POST, ["channels", _, "messages"]) => {
                let Some(channel) = number(1) else { return invalid() };
                self.create(channel, &call.json(), nonces)
            }
            (Method::PATCH, ["channels", _, "messages", _]) => {
                let (Some(channel), Some(id)) = (number(1), number(3)) else { return invalid() };
                let Some(message) =
                    self.channels.get_mut(&channel).and_then(|messages| messages.get_mut(&id))
                else {
                    let unknown = json!({ "code": 10_008, "message": "Unknown Message" });
                    return (StatusCode::NOT_FOUND, Some(unknown));
                };
                message.body["content"] = call.json()["content"].clone();
                (StatusCode::OK, Some(message.body.clone()))
            }
            (Method::GET, ["channels", _, "messages"]) => {
                let Some(channel) = number(1) else { return invalid() };
                let after = call.query("after").unwrap_or(0);
                let limit = call.query("limit").unwrap_or(50);
                let mut found: Vec<Value> = self
                    .channels
                    .get(&channel)
                    .into_iter()
                    .flat_map(|messages| messages.range(after + 1..))
                    .take(usize::try_from(limit).unwrap_or(50))
                    .map(|(_, message)| message.body.clone())
                    .collect();
                found.reverse();
                (StatusCode::OK, Some(found.into()))
            }
            _ => (StatusCode::NOT_FOUND, Some(json!({ "code": 0, "message": "404: Not Found" }))),
        }
    }

    fn create(&mut self, channel: u64, body: &Value, nonces: Duration) -> Said {
        // Whoever pings more than one member by an effect has made a mistake.
        let mentions = &body["allowed_mentions"];
        let called = mentions["users"].as_array().map_or(0, Vec::len);
        if mentions["parse"] != json!([]) || !mentions["roles"].is_null() || called > 1 {
            return invalid();
        }
        let nonce = body["nonce"].as_str().filter(|_| body["enforce_nonce"] == true);
        if let Some(nonce) = nonce
            && let Some((id, at)) = self.nonces.get(&(channel, nonce.to_owned()))
            && at.elapsed() < nonces
            && let Some(same) = self.channels.get(&channel).and_then(|all| all.get(id))
        {
            return (StatusCode::OK, Some(same.body.clone()));
        }
        let id = self.fresh_id();
        let mut message = json!({
            "id": id.to_string(), "channel_id": channel.to_string(), "type": 0,
            "author": { "id": BOT }, "content": body["content"], "embeds": body["embeds"],
        });
        if !self.forgot_nonces {
            message["nonce"] = body["nonce"].clone();
        }
        let nonce = nonce.map(str::to_owned);
        if let Some(nonce) = &nonce {
            self.nonces.insert((channel, nonce.clone()), (id, Instant::now()));
        }
        let kept = Message { body: message.clone(), nonce };
        self.channels.entry(channel).or_default().insert(id, kept);
        (StatusCode::OK, Some(message))
    }

    pub fn forget_nonces(&mut self) {
        self.forgot_nonces = true;
        self.nonces.clear();
        for message in self.channels.values_mut().flat_map(BTreeMap::values_mut) {
            message.body["nonce"] = Value::Null;
        }
    }

    pub fn has_role(&self, guild: u64, user: u64, role: u64) -> bool {
        self.roles.contains(&(guild, user, role))
    }

    pub fn set_role(&mut self, guild: u64, user: u64, role: u64, has: bool) {
        if has {
            self.roles.insert((guild, user, role));
        } else {
            self.roles.remove(&(guild, user, role));
        }
    }

    pub fn messages_with(&self, nonce: &str) -> usize {
        let all = self.channels.values().flat_map(BTreeMap::values);
        all.filter(|message| message.nonce.as_deref() == Some(nonce)).count()
    }

    pub fn texts(&self, channel: u64) -> Vec<String> {
        let messages = self.channels.get(&channel).into_iter().flat_map(BTreeMap::values);
        messages.map(|m| m.body["content"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Ids carry their time, as Discord's do.
    #[expect(clippy::disallowed_methods, reason = "Discord has a clock of its own")]
    fn fresh_id(&mut self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(0);
        let id = millis.saturating_sub(DISCORD_EPOCH_MILLIS) << 22;
        self.last_id = id.max(self.last_id + 1);
        self.last_id
    }
}

fn invalid() -> Said {
    let body = json!({ "code": 50_035, "message": "Invalid Form Body" });
    (StatusCode::BAD_REQUEST, Some(body))
}
