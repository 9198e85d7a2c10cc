//! What a client sends: an operation and its data, read without trust.

use serde::Deserialize;
use serde_json::Value;

use super::close::Close;
use crate::{limits, snowflake::Id};

pub(super) const HEARTBEAT: u64 = 1;
pub(super) const IDENTIFY: u64 = 2;
pub(super) const PRESENCE: u64 = 3;
pub(super) const VOICE: u64 = 4;
pub(super) const RESUME: u64 = 6;
pub(super) const REQUEST_MEMBERS: u64 = 8;
pub(super) const REQUEST_SOUNDS: u64 = 31;

#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    pub op: u64,
    #[serde(default)]
    pub d: Value,
}

impl Payload {
    pub fn read(frame: &[u8]) -> Result<Self, Close> {
        if frame.len() > limits::CLIENT_FRAME_BYTES {
            return Err(Close::DECODE_ERROR);
        }
        serde_json::from_slice(frame).map_err(|_| Close::DECODE_ERROR)
    }

    /// Its data, as this operation has it.
    pub fn data<T: serde::de::DeserializeOwned>(self) -> Result<T, Close> {
        serde_json::from_value(self.d).map_err(|_| Close::DECODE_ERROR)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Identify {
    pub token: String,
    /// Discord wants it; what it says is not used.
    #[serde(rename = "properties")]
    pub _properties: serde_json::Map<String, Value>,
    #[serde(default)]
    pub compress: bool,
    pub large_threshold: Option<u64>,
    pub shard: Option<Vec<u64>>,
    pub presence: Option<Value>,
    pub intents: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Resume {
    pub token: String,
    pub session_id: String,
    pub seq: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct RequestMembers {
    pub guild_id: OneOrMore<Id>,
    pub query: Option<String>,
    pub limit: Option<u64>,
    #[serde(default)]
    pub presences: bool,
    pub user_ids: Option<OneOrMore<Id>>,
    pub nonce: Option<String>,
}

/// Discord takes one as well as a list of one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    pub fn into_list(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Voice {
    pub guild_id: Id,
    pub channel_id: Option<Id>,
    #[serde(default)]
    pub self_mute: bool,
    #[serde(default)]
    pub self_deaf: bool,
}

/// How a client wants to be seen. `since` is a number or null; some libraries send an object.
#[derive(Debug, Deserialize)]
pub(super) struct Presence {
    pub status: String,
    #[serde(default)]
    pub activities: Vec<Value>,
}

impl Presence {
    pub fn is_valid(&self) -> bool {
        ["online", "dnd", "idle", "invisible", "offline"].contains(&self.status.as_str())
    }
}
