//! A world in a file, so that a simulator can go on where another one ended. What only lives as
//! long as connections do (sessions, interactions, answers for one person's eyes) is not kept, and
//! of each channel only the newest messages.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read, Write},
};

use rand::{SeedableRng as _, rngs::StdRng};
use serde::{Deserialize, Serialize, Serializer};

use super::{
    World, application::Application, channel::Channel, guild::Guild, invite::Invite,
    message::Message, user::User, webhook::Webhook,
};
use crate::{
    limits,
    snowflake::{Id, Mint},
};

/// Raised when the file can no longer be read as it was.
const FORMAT: u32 = 1;
/// Fast; a community of months takes about a megabyte.
const COMPRESSION: i32 = 3;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    #[error(
        "it was written by another version of the simulator (format {0}, this one reads {FORMAT})"
    )]
    Format(u32),
}

#[derive(Serialize)]
struct Outgoing<'a> {
    format: u32,
    last: Option<Id>,
    users: &'a HashMap<Id, User>,
    applications: &'a BTreeMap<Id, Application>,
    guilds: &'a BTreeMap<Id, Guild>,
    channels: &'a HashMap<Id, Channel>,
    webhooks: &'a BTreeMap<Id, Webhook>,
    invites: &'a BTreeMap<String, Invite>,
}

#[derive(Deserialize)]
struct Incoming {
    last: Option<Id>,
    users: HashMap<Id, User>,
    applications: BTreeMap<Id, Application>,
    guilds: BTreeMap<Id, Guild>,
    channels: HashMap<Id, Channel>,
    webhooks: BTreeMap<Id, Webhook>,
    invites: BTreeMap<String, Invite>,
}

#[derive(Deserialize)]
struct Head {
    format: u32,
}

impl World {
    /// The world as a file has it.
    pub fn write_to(&self, out: impl Write) -> io::Result<()> {
        let mut out = zstd::stream::write::Encoder::new(out, COMPRESSION)?;
        let kept = Outgoing {
            format: FORMAT,
            last: self.mint.last(),
            users: &self.users,
            applications: &self.applications,
            guilds: &self.guilds,
            channels: &self.channels,
            webhooks: &self.webhooks,
            invites: &self.invites,
        };
        serde_json::to_writer(&mut out, &kept)?;
        out.finish()?.flush()
    }

    /// Becomes the world of a file; what was here is gone. Bots have to connect anew.
    pub fn read_from(&mut self, from: impl Read) -> Result<(), Unreadable> {
        let text = zstd::stream::decode_all(from)?;
        let Head { format } = serde_json::from_slice(&text)?;
        if format != FORMAT {
            return Err(Unreadable::Format(format));
        }
        let Incoming { last, users, applications, mut guilds, channels, webhooks, invites } =
            serde_json::from_slice(&text)?;
        for guild in guilds.values_mut() {
            let bots = applications.values().filter(|app| guild.members.contains_key(&app.bot));
            guild.apps = bots.map(|app| app.id).collect::<Vec<_>>().into();
        }
        if let Some(last) = last {
            self.mint = Mint::behind(last);
            // No secret of before is given out again.
            self.rng = StdRng::seed_from_u64(last.get());
        }
        self.users = users;
        self.applications = applications;
        self.guilds = guilds;
        self.channels = channels;
        self.webhooks = webhooks;
        self.invites = invites;
        self.interactions.clear();
        self.interactions_by_age.clear();
        self.ephemeral.clear();
        Ok(())
    }
}

/// The newest messages, as they are written into a file.
pub(super) fn newest<S: Serializer>(
    messages: &BTreeMap<Id, Message>,
    out: S,
) -> Result<S::Ok, S::Error> {
    let too_old = messages.len().saturating_sub(limits::MESSAGES_KEPT);
    out.collect_map(messages.iter().skip(too_old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Clock, Options, Shared,
        community::{self, Plan},
        world::message::{Author, NewMessage},
    };

    fn place(seed: u64) -> Shared {
        let clock = Clock::moved_by_hand(1_795_000_000_000);
        Shared::new(Options { seed, clock, ..Options::default() })
    }

    #[test]
    fn given_a_world_in_a_file_then_it_is_the_same_afterwards_and_goes_on_with_fresh_ids() {
        let one = place(7);
        let community = community::found(&mut one.world.lock(), &Plan { seed: 7, members: 12 });
        let community = community.expect("a plan can be carried out");
        let mut before = one.world.lock();
        let general = before.channel_named(community.guild, "general").expect("there is one");
        let author = Author::User(community.members[0]);
        for number in 0..limits::MESSAGES_KEPT + 5 {
            let text = NewMessage::text(format!("message {number}"));
            before.create_message(general, author.clone(), text).expect("it is written");
        }
        let mut file = Vec::new();
        before.write_to(&mut file).expect("memory takes it");

        let other = place(8);
        let mut after = other.world.lock();
        after.read_from(file.as_slice()).expect("it was just written");
        let picture = |world: &World| {
            let guild = world.guild(community.guild).expect("it is there");
            let members = guild.members.keys().map(|user| world.member_json(guild, *user));
            let channels = guild.channels.iter().filter_map(|id| world.channel_json(*id).ok());
            let log = guild.audit_log.iter().map(super::super::audit::Entry::to_json);
            members.chain(channels).chain(log).collect::<Vec<_>>()
        };
        assert_eq!(picture(&before), picture(&after));
        assert_eq!(after.guild(community.guild).expect("it is there").apps.len(), 1);
        let messages = &after.channel(general).expect("it is there").messages;
        assert_eq!(messages.len(), limits::MESSAGES_KEPT);
        let last = messages.values().next_back().map(|message| message.content.clone());
        assert_eq!(last.as_deref(), Some("message 2004"));
        assert!(after.next_id() > before.mint.last().expect("ids were made"));
    }

    #[test]
    fn given_a_file_that_is_cut_or_of_another_format_then_it_says_so_and_nothing_is_lost() {
        let shared = place(1);
        let mut world = shared.world.lock();
        community::found(&mut world, &Plan { seed: 1, members: 3 }).expect("a plan");
        let mut file = Vec::new();
        world.write_to(&mut file).expect("memory takes it");
        let users = world.users.len();
        let cut = world.read_from(&file[..file.len() / 2]);
        assert!(cut.is_err());
        let newer = zstd::encode_all(&br#"{"format":2}"#[..], 1).expect("it is compressed");
        let error = world.read_from(newer.as_slice()).expect_err("another format");
        assert!(error.to_string().contains("format 2"), "{error}");
        assert_eq!(world.users.len(), users);
    }
}
