//! Permissions by name, and how Discord computes what somebody may do in a channel.

use std::{fmt, ops};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::snowflake::Id;

/// A set of permissions; on the wire a number in a string.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Permissions(pub u64);

macro_rules! permissions {
    ($($name:ident = $bit:literal),* $(,)?) => {
        impl Permissions {
            $(pub const $name: Self = Self(1 << $bit);)*
            /// Every permission with its name.
            pub const NAMES: &[(&str, Self)] = &[$((stringify!($name), Self::$name)),*];
        }
    };
}

permissions! {
    CREATE_INSTANT_INVITE = 0,
    KICK_MEMBERS = 1,
    BAN_MEMBERS = 2,
    ADMINISTRATOR = 3,
    MANAGE_CHANNELS = 4,
    MANAGE_GUILD = 5,
    ADD_REACTIONS = 6,
    VIEW_AUDIT_LOG = 7,
    PRIORITY_SPEAKER = 8,
    STREAM = 9,
    VIEW_CHANNEL = 10,
    SEND_MESSAGES = 11,
    SEND_TTS_MESSAGES = 12,
    MANAGE_MESSAGES = 13,
    EMBED_LINKS = 14,
    ATTACH_FILES = 15,
    READ_MESSAGE_HISTORY = 16,
    MENTION_EVERYONE = 17,
    USE_EXTERNAL_EMOJIS = 18,
    VIEW_GUILD_INSIGHTS = 19,
    CONNECT = 20,
    SPEAK = 21,
    MUTE_MEMBERS = 22,
    DEAFEN_MEMBERS = 23,
    MOVE_MEMBERS = 24,
    USE_VAD = 25,
    CHANGE_NICKNAME = 26,
    MANAGE_NICKNAMES = 27,
    MANAGE_ROLES = 28,
    MANAGE_WEBHOOKS = 29,
    MANAGE_GUILD_EXPRESSIONS = 30,
    USE_APPLICATION_COMMANDS = 31,
    REQUEST_TO_SPEAK = 32,
    MANAGE_EVENTS = 33,
    MANAGE_THREADS = 34,
    CREATE_PUBLIC_THREADS = 35,
    CREATE_PRIVATE_THREADS = 36,
    USE_EXTERNAL_STICKERS = 37,
    SEND_MESSAGES_IN_THREADS = 38,
    USE_EMBEDDED_ACTIVITIES = 39,
    MODERATE_MEMBERS = 40,
    VIEW_CREATOR_MONETIZATION_ANALYTICS = 41,
    USE_SOUNDBOARD = 42,
    CREATE_GUILD_EXPRESSIONS = 43,
    CREATE_EVENTS = 44,
    USE_EXTERNAL_SOUNDS = 45,
    SEND_VOICE_MESSAGES = 46,
    SEND_POLLS = 49,
    USE_EXTERNAL_APPS = 50,
    PIN_MESSAGES = 51,
    BYPASS_SLOWMODE = 52,
}

impl Permissions {
    pub const NONE: Self = Self(0);

    /// Every permission there is.
    pub fn all() -> Self {
        Self::NAMES.iter().fold(Self::NONE, |all, (_, one)| all | *one)
    }

    /// What everybody may do in a guild that was just made.
    pub fn of_everyone() -> Self {
        Self::CREATE_INSTANT_INVITE
            | Self::ADD_REACTIONS
            | Self::STREAM
            | Self::VIEW_CHANNEL
            | Self::SEND_MESSAGES
            | Self::EMBED_LINKS
            | Self::ATTACH_FILES
            | Self::READ_MESSAGE_HISTORY
            | Self::USE_EXTERNAL_EMOJIS
            | Self::CONNECT
            | Self::SPEAK
            | Self::USE_VAD
            | Self::CHANGE_NICKNAME
            | Self::USE_APPLICATION_COMMANDS
            | Self::REQUEST_TO_SPEAK
            | Self::CREATE_PUBLIC_THREADS
            | Self::CREATE_PRIVATE_THREADS
            | Self::SEND_MESSAGES_IN_THREADS
            | Self::USE_EMBEDDED_ACTIVITIES
            | Self::SEND_VOICE_MESSAGES
            | Self::SEND_POLLS
    }

    /// What is left to somebody in timeout.
    pub fn of_timed_out() -> Self {
        Self::VIEW_CHANNEL | Self::READ_MESSAGE_HISTORY
    }

    /// What goes with the right to send messages.
    fn of_senders() -> Self {
        Self::MENTION_EVERYONE | Self::SEND_TTS_MESSAGES | Self::ATTACH_FILES | Self::EMBED_LINKS
    }

    pub const fn has(self, all_of: Self) -> bool {
        self.0 & all_of.0 == all_of.0
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, bits)| *bits)
    }

    /// Reads them off the wire: a number, or a number in a string.
    pub fn read(value: &serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::String(text) => text.parse().ok().map(Self),
            other => other.as_u64().map(Self),
        }
    }
}

impl ops::BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl ops::BitOrAssign for Permissions {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl ops::BitAnd for Permissions {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl ops::Sub for Permissions {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(_, one)| self.has(*one)).map(|(name, _)| name);
        out.debug_set().entries(names).finish()
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(|_| de::Error::custom("permissions are a number as text"))
    }
}

/// Whom an overwrite is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverwriteOf {
    Role,
    Member,
}

/// What a channel takes from or gives to a role or a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overwrite {
    pub id: Id,
    pub of: OverwriteOf,
    pub allow: Permissions,
    pub deny: Permissions,
}

/// Whose permissions are computed. The roles do not name @everyone, whose id is the guild's.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    pub guild: Id,
    pub user: Id,
    pub is_owner: bool,
    pub is_timed_out: bool,
    pub everyone: Permissions,
    pub roles: &'a [(Id, Permissions)],
}

impl Holder<'_> {
    /// In the guild, before any channel.
    pub fn in_guild(&self) -> Permissions {
        let sum = self.roles.iter().fold(self.everyone, |sum, (_, one)| sum | *one);
        if self.is_owner || sum.has(Permissions::ADMINISTRATOR) {
            return Permissions::all();
        }
        if self.is_timed_out { sum & Permissions::of_timed_out() } else { sum }
    }

    /// In a channel with these overwrites.
    pub fn in_channel(&self, overwrites: &[Overwrite]) -> Permissions {
        let base = self.roles.iter().fold(self.everyone, |sum, (_, one)| sum | *one);
        if self.is_owner || base.has(Permissions::ADMINISTRATOR) {
            return Permissions::all();
        }
        let mut sum = base;
        let of = |of: OverwriteOf, id: Id| {
            overwrites.iter().find(move |overwrite| overwrite.of == of && overwrite.id == id)
        };
        if let Some(everyone) = of(OverwriteOf::Role, self.guild) {
            sum = (sum - everyone.deny) | everyone.allow;
        }
        let (mut allow, mut deny) = (Permissions::NONE, Permissions::NONE);
        for (role, _) in self.roles {
            if let Some(overwrite) = of(OverwriteOf::Role, *role) {
                allow |= overwrite.allow;
                deny |= overwrite.deny;
            }
        }
        sum = (sum - deny) | allow;
        if let Some(member) = of(OverwriteOf::Member, self.user) {
            sum = (sum - member.deny) | member.allow;
        }
        if !sum.has(Permissions::VIEW_CHANNEL) {
            return Permissions::NONE;
        }
        if !sum.has(Permissions::SEND_MESSAGES) {
            sum = sum - Permissions::of_senders();
        }
        if self.is_timed_out { sum & Permissions::of_timed_out() } else { sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(value: u64) -> Id {
        Id::new(value).expect("not zero")
    }

    fn overwrite(of: OverwriteOf, on: u64, allow: Permissions, deny: Permissions) -> Overwrite {
        Overwrite { id: id(on), of, allow, deny }
    }

    const GUILD: u64 = 1;
    const USER: u64 = 7;

    fn holder(roles: &[(Id, Permissions)]) -> Holder<'_> {
        Holder {
            guild: id(GUILD),
            user: id(USER),
            is_owner: false,
            is_timed_out: false,
            everyone: Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES,
            roles,
        }
    }

    #[test]
    fn given_overwrites_then_members_go_before_roles_and_roles_before_everyone() {
        use OverwriteOf::{Member, Role};
        let (send, none) = (Permissions::SEND_MESSAGES, Permissions::NONE);
        let roles = [(id(2), none), (id(3), none)];
        let holder = holder(&roles);
        let deny_all = overwrite(Role, GUILD, none, send);
        assert!(!holder.in_channel(&[deny_all]).has(send));
        let allow_role = overwrite(Role, 3, send, none);
        let deny_role = overwrite(Role, 2, none, send);
        assert!(holder.in_channel(&[deny_all, deny_role, allow_role]).has(send));
        let deny_me = overwrite(Member, USER, none, send);
        assert!(!holder.in_channel(&[deny_all, allow_role, deny_me]).has(send));
        let not_me = overwrite(Member, USER + 1, none, send);
        assert!(holder.in_channel(&[not_me]).has(send));
    }

    #[test]
    fn given_no_sight_of_a_channel_then_nothing_is_allowed_in_it() {
        let deny =
            overwrite(OverwriteOf::Role, GUILD, Permissions::NONE, Permissions::VIEW_CHANNEL);
        assert_eq!(holder(&[]).in_channel(&[deny]), Permissions::NONE);
    }

    #[test]
    fn given_an_administrator_or_the_owner_then_overwrites_and_timeouts_do_not_count() {
        let deny = overwrite(OverwriteOf::Role, GUILD, Permissions::NONE, Permissions::all());
        let admin = [(id(2), Permissions::ADMINISTRATOR)];
        let mut holder = holder(&admin);
        holder.is_timed_out = true;
        assert_eq!(holder.in_channel(&[deny]), Permissions::all());
        holder.roles = &[];
        assert_eq!(holder.in_channel(&[deny]), Permissions::NONE);
        holder.is_owner = true;
        assert_eq!(holder.in_channel(&[deny]), Permissions::all());
        assert_eq!(holder.in_guild(), Permissions::all());
    }

    #[test]
    fn given_a_timeout_then_only_looking_is_left() {
        let roles = [(id(2), Permissions::MANAGE_MESSAGES)];
        let mut holder = holder(&roles);
        holder.is_timed_out = true;
        assert_eq!(holder.in_guild(), Permissions::VIEW_CHANNEL);
        assert_eq!(holder.in_channel(&[]), Permissions::VIEW_CHANNEL);
    }

    #[test]
    fn given_nobody_may_send_then_nobody_may_attach_or_mention_everyone() {
        let mention = Permissions::MENTION_EVERYONE | Permissions::ATTACH_FILES;
        let roles = [(id(2), mention)];
        let holder = holder(&roles);
        assert!(holder.in_channel(&[]).has(mention));
        let deny =
            overwrite(OverwriteOf::Role, GUILD, Permissions::NONE, Permissions::SEND_MESSAGES);
        assert_eq!(holder.in_channel(&[deny]), Permissions::VIEW_CHANNEL);
    }
}
