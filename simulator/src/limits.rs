//! Every number that bounds something that grows: Discord's own, and what the simulator keeps.

use std::time::Duration;

// Discord's own.
pub const MOST_ROLES: usize = 250;
pub const MOST_CHANNELS: usize = 500;
pub const MOST_ACTIVE_THREADS: usize = 1_000;
pub const MOST_OVERWRITES: usize = 1_000;
pub const MOST_PINS: usize = 250;
pub const MOST_REACTIONS: usize = 20;
pub const MOST_WEBHOOKS_IN_CHANNEL: usize = 15;
pub const MOST_INVITES: usize = 1_000;
pub const MOST_FOLLOWUPS: usize = 1_000;
/// How long an interaction waits for its first response.
pub const FIRST_RESPONSE: Duration = Duration::from_secs(3);
/// How long a token of an interaction is good for.
pub const INTERACTION_TOKEN: Duration = Duration::from_mins(15);
/// How long a nonce is remembered where it is enforced.
pub const NONCE_REMEMBERED: Duration = Duration::from_mins(5);
pub const LONGEST_TIMEOUT: Duration = Duration::from_hours(28 * 24);
/// Over so many members a guild is large, unless the client says another number.
pub const LARGE_GUILD: u64 = 50;
/// A client may send so much a minute on one connection.
pub const SENDS_PER_MINUTE: usize = 120;
pub const CLIENT_FRAME_BYTES: usize = 4_096;
pub const MEMBERS_IN_CHUNK: usize = 1_000;
pub const MEMBERS_BY_ID: usize = 100;
/// A full list of members may be asked for once in so long, per guild.
pub const FULL_MEMBER_REQUEST: Duration = Duration::from_secs(30);
pub const IDENTIFIES_PER_DAY: u32 = 1_000;
pub const IDENTIFY_EVERY: Duration = Duration::from_secs(5);
/// A guild on one shard; more than these and Discord wants the bot to shard.
pub const GUILDS_IN_SHARD: usize = 2_500;
pub const AUTOMOD_KEYWORD_RULES: usize = 6;

// What the simulator keeps.
pub const MOST_USERS: usize = 1_000_000;
pub const MOST_GUILDS: usize = 10_000;
pub const MOST_APPLICATIONS: usize = 100;
/// Threads of a guild, asleep or not.
pub const MOST_THREADS: usize = 20_000;
/// The oldest message of a channel makes room for the newest.
pub const MESSAGES_IN_CHANNEL: usize = 10_000;
/// Of a world that is kept in a file, each channel has its newest messages.
pub const MESSAGES_KEPT: usize = 2_000;
pub const MOST_EPHEMERAL: usize = 10_000;
pub const AUDIT_LOG_ENTRIES: usize = 10_000;
/// Interactions that are over make room for new ones.
pub const MOST_INTERACTIONS: usize = 20_000;
/// What of a session is kept after it was sent, for whoever resumes.
pub const REPLAY_EVENTS: usize = 8_192;
pub const REPLAY_BYTES: usize = 32 * 1024 * 1024;
/// What may wait to be sent; a client that is slower loses its session.
pub const QUEUE_EVENTS: usize = 131_072;
pub const QUEUE_BYTES: usize = 256 * 1024 * 1024;
/// How long a session waits for its client to come back.
pub const SESSION_KEPT: Duration = Duration::from_mins(5);
pub const MOST_SESSIONS: usize = 1_000;
pub const MOST_CONNECTIONS: usize = 2_000;
/// How many orders may wait for a connection.
pub const ORDERS: usize = 64;
