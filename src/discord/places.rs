//! What each community is made of, copied: its name, its roles, its channels. Discord tells of all of
//! it when a session begins, and of each change since; `/sync` has it asked for and compared. Threads
//! are not copied: there is no end of them, and no list shows them.
//!
//! One after another in the order in which it was told, and a session's saved place stays before what
//! is not written yet.

use std::{sync::Arc, time::Duration};

use actions::{
    ActionError,
    mirror::places::{Change, Differences, Kind, Place, Sign},
};
use domain::{ChannelId, GuildId, RoleId, Timestamp, UserId};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::mpsc;

use super::{connect::Http, edge::Edge, learn::ask, sessions::Working, wire::Dispatch};

/// What waits to be written; beyond it the connection waits, and Discord with it.
const WAITING: usize = 1_000;
/// Waits between tries. A change that is given up is told again with the next session.
const AGAIN: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
];

/// Where it is told.
#[derive(Clone, Debug)]
pub struct Places(mpsc::Sender<Asked>);

#[derive(Debug)]
enum Asked {
    Told { guild: GuildId, changes: Vec<Change>, at: Timestamp, working: Working },
    Compare(GuildId),
}

#[derive(Deserialize)]
struct Guild {
    id: GuildId,
    #[serde(default)]
    unavailable: bool,
    #[serde(default)]
    name: String,
    #[serde(default)]
    icon: Option<String>,
    #[serde(default)]
    owner_id: Option<UserId>,
    #[serde(default)]
    roles: Option<Vec<Role>>,
    #[serde(default)]
    channels: Option<Vec<Channel>>,
}

#[derive(Deserialize)]
struct Role {
    id: RoleId,
    #[serde(default)]
    name: String,
    #[serde(default)]
    color: u32,
    #[serde(default)]
    position: i64,
}

#[derive(Deserialize)]
struct Channel {
    id: ChannelId,
    #[serde(default)]
    guild_id: Option<GuildId>,
    #[serde(default)]
    name: Option<String>,
    #[serde(rename = "type", default)]
    kind: u8,
    #[serde(default)]
    position: i64,
    #[serde(default)]
    parent_id: Option<ChannelId>,
}

#[derive(Deserialize)]
struct RoleChange {
    guild_id: GuildId,
    role: Role,
}

#[derive(Deserialize)]
struct RoleGone {
    guild_id: GuildId,
    role_id: RoleId,
}

impl Places {
    /// Ends when nobody tells it anything any more.
    pub fn start(edge: &Arc<Edge>, http: &Http) -> Self {
        let (ask, asked) = mpsc::channel(WAITING);
        tokio::spawn(work(Arc::clone(edge), Arc::clone(http), asked));
        Self(ask)
    }

    pub(super) async fn told(
        &self,
        guild: GuildId,
        changes: Vec<Change>,
        at: Timestamp,
        working: Working,
    ) {
        let _ = self.0.send(Asked::Told { guild, changes, at, working }).await;
    }

    /// Everything is asked for and compared, after what was told before.
    pub async fn compare(&self, guild: GuildId) {
        let _ = self.0.send(Asked::Compare(guild)).await;
    }
}

/// Before anything is read: most of what Discord tells is about something else.
pub(super) fn are_told_by(name: &str) -> bool {
    name.starts_with("CHANNEL_")
        || name.starts_with("GUILD_ROLE_")
        || matches!(name, "GUILD_CREATE" | "GUILD_UPDATE")
}

/// What Discord tells of what a community is made of; none where it is about something else.
pub(super) fn told(name: &str, json: &str) -> Result<Option<(GuildId, Vec<Change>)>, ()> {
    Ok(match name {
        "GUILD_CREATE" | "GUILD_UPDATE" => {
            let guild: Guild = read(json)?;
            (!guild.unavailable).then(|| (guild.id, guild.changes()))
        }
        "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => {
            let RoleChange { guild_id, role } = read(json)?;
            Some((guild_id, vec![Change::Is(role.place())]))
        }
        "GUILD_ROLE_DELETE" => {
            let RoleGone { guild_id, role_id } = read(json)?;
            Some((guild_id, vec![Change::Gone(Kind::Role, role_id.get())]))
        }
        "CHANNEL_CREATE" | "CHANNEL_UPDATE" => {
            let channel: Channel = read(json)?;
            channel.guild_id.map(|guild| (guild, vec![Change::Is(channel.place())]))
        }
        "CHANNEL_DELETE" => {
            let channel: Channel = read(json)?;
            let gone = vec![Change::Gone(Kind::Channel, channel.id.get())];
            channel.guild_id.map(|guild| (guild, gone))
        }
        _ => None,
    })
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, ()> {
    serde_json::from_str::<Dispatch<T>>(json).map(|dispatch| dispatch.d).map_err(|_| ())
}

impl Guild {
    fn changes(self) -> Vec<Change> {
        let Self { name, icon, owner_id, roles, channels, .. } = self;
        let mut changes = vec![Change::Sign(Sign { name, icon, owner: owner_id })];
        let roles = roles.map(|roles| roles.into_iter().map(Role::place).collect());
        changes.extend(roles.map(|roles| Change::All(Kind::Role, roles)));
        let channels = channels.map(|channels| channels.iter().map(Channel::place).collect());
        changes.extend(channels.map(|channels| Change::All(Kind::Channel, channels)));
        changes
    }
}

impl Role {
    fn place(self) -> Place {
        let Self { id, name, color, position } = self;
        let id = id.get();
        Place { kind: Kind::Role, id, name, colour: color, position, sort: 0, parent: None }
    }
}

impl Channel {
    fn place(&self) -> Place {
        Place {
            kind: Kind::Channel,
            id: self.id.get(),
            name: self.name.clone().unwrap_or_default(),
            colour: 0,
            position: self.position,
            sort: self.kind,
            parent: self.parent_id.map(ChannelId::get),
        }
    }
}

async fn work(edge: Arc<Edge>, http: Http, mut asked: mpsc::Receiver<Asked>) {
    while let Some(asked) = asked.recv().await {
        let (guild, done) = match asked {
            Asked::Told { guild, changes, at, working } => {
                let done = copy(&edge, guild, &changes, at).await.map(drop);
                drop(working);
                (guild, done.map_err(|error| error.to_string()))
            }
            Asked::Compare(guild) => (guild, compare(&edge, &http, guild).await),
        };
        if let Err(problem) = done {
            tracing::warn!(guild.id = %guild, problem, "roles and channels are not copied");
        }
    }
}

async fn copy(
    edge: &Edge,
    guild: GuildId,
    changes: &[Change],
    at: Timestamp,
) -> Result<Differences, ActionError> {
    let mut waits = AGAIN.iter();
    loop {
        match (edge.actions.copy_places(guild, changes, at).await, waits.next()) {
            (Err(error), Some(wait)) => {
                tracing::warn!(guild.id = %guild, %error, "what a community is made of waits");
                tokio::time::sleep(*wait).await;
            }
            (done, _) => return done,
        }
    }
}

async fn compare(edge: &Edge, http: &Http, guild: GuildId) -> Result<(), String> {
    // What is told of a change meanwhile is newer.
    let at = edge.discord_now();
    let mut told: Guild = ask(http, format!("guilds/{guild}")).await?;
    told.channels = Some(ask(http, format!("guilds/{guild}/channels")).await?);
    let changes = told.changes();
    let found = copy(edge, guild, &changes, at).await.map_err(|error| error.to_string())?;
    let noted = edge.actions.note_places_compared(guild, found).await;
    noted.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told_of(name: &str, d: &serde_json::Value) -> Option<(GuildId, Vec<Change>)> {
        told(name, &json!({ "op": 0, "s": 1, "t": name, "d": d }).to_string()).unwrap()
    }

    // proves: SYN-01
    #[test]
    fn given_what_discord_tells_then_roles_channels_and_the_sign_are_read_from_it() {
        let guild = json!({
            "id": "10", "name": "Mill", "icon": "a1", "owner_id": "5",
            "roles": [{ "id": "10", "name": "@everyone", "position": 0 }],
            "channels": [{ "id": "20", "name": "general", "type": 0, "parent_id": "19" }],
        });
        let (_, changes) = told_of("GUILD_CREATE", &guild).unwrap();
        let [Change::Sign(sign), Change::All(Kind::Role, roles), Change::All(_, channels)] =
            &changes[..]
        else {
            panic!("{changes:?}")
        };
        assert_eq!((sign.name.as_str(), roles.len()), ("Mill", 1));
        assert_eq!((channels[0].name.as_str(), channels[0].parent), ("general", Some(19)));
        // Of channels a change of the community says nothing: they are as they were.
        let (_, changes) =
            told_of("GUILD_UPDATE", &json!({ "id": "10", "name": "Mill", "roles": [] })).unwrap();
        assert_eq!(changes.len(), 2);
        assert!(told_of("GUILD_CREATE", &json!({ "id": "10", "unavailable": true })).is_none());
        assert!(told_of("CHANNEL_UPDATE", &json!({ "id": "7", "type": 1 })).is_none(), "direct");
        assert!(told_of("TYPING_START", &json!({})).is_none());
        assert!(told("CHANNEL_DELETE", "{}").is_err());
    }
}
