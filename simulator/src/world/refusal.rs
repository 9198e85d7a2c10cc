//! How Discord says no: a status, a code and a sentence.

use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Refusal {
    pub status: u16,
    pub code: u32,
    pub message: Cow<'static, str>,
}

impl Refusal {
    const fn known(status: u16, code: u32, message: &'static str) -> Self {
        Self { status, code, message: Cow::Borrowed(message) }
    }

    /// Something in what was sent is wrong, in words of its own.
    pub fn wrong(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 400, code: 50_035, message: message.into() }
    }
}

macro_rules! refusals {
    ($($name:ident = $status:literal $code:literal $message:literal),* $(,)?) => {
        impl Refusal {
            $(pub const $name: Self = Self::known($status, $code, $message);)*
        }
    };
}

refusals! {
    UNAUTHORIZED = 401 0 "401: Unauthorized",
    UNKNOWN_APPLICATION = 404 10_002 "Unknown Application",
    UNKNOWN_CHANNEL = 404 10_003 "Unknown Channel",
    UNKNOWN_GUILD = 404 10_004 "Unknown Guild",
    UNKNOWN_INVITE = 404 10_006 "Unknown Invite",
    UNKNOWN_MEMBER = 404 10_007 "Unknown Member",
    UNKNOWN_MESSAGE = 404 10_008 "Unknown Message",
    UNKNOWN_OVERWRITE = 404 10_009 "Unknown permission overwrite",
    UNKNOWN_ROLE = 404 10_011 "Unknown Role",
    UNKNOWN_USER = 404 10_013 "Unknown User",
    UNKNOWN_EMOJI = 400 10_014 "Unknown Emoji",
    UNKNOWN_WEBHOOK = 404 10_015 "Unknown Webhook",
    UNKNOWN_BAN = 404 10_026 "Unknown Ban",
    UNKNOWN_INTERACTION = 404 10_062 "Unknown interaction",
    UNKNOWN_COMMAND = 404 10_063 "Unknown application command",
    UNKNOWN_VOICE_STATE = 404 10_065 "Unknown Voice State",
    UNKNOWN_AUTOMOD_RULE = 404 10_065 "Unknown auto moderation rule",
    UNKNOWN_THREAD_MEMBER = 404 10_066 "Unknown Thread Member",
    MOST_GUILDS = 400 30_001 "Maximum number of guilds reached (10000)",
    MOST_PINS = 400 30_003 "Maximum number of pins reached for the channel (250)",
    MOST_ROLES = 400 30_005 "Maximum number of guild roles reached (250)",
    MOST_WEBHOOKS = 400 30_007 "Maximum number of webhooks reached (15)",
    MOST_REACTIONS = 400 30_010 "Maximum number of reactions reached (20)",
    MOST_CHANNELS = 400 30_013 "Maximum number of guild channels reached (500)",
    MOST_INVITES = 400 30_016 "Maximum number of invites reached (1000)",
    MOST_AUTOMOD_RULES = 400 30_031 "Maximum number of auto moderation rules reached",
    USER_IS_BANNED = 403 40_007 "The user is banned from this guild.",
    ALREADY_ACKNOWLEDGED = 400 40_060 "Interaction has already been acknowledged.",
    MISSING_ACCESS = 403 50_001 "Missing Access",
    NOT_THIS_DM = 403 50_003 "Cannot execute action on a DM channel",
    NOT_YOUR_MESSAGE = 403 50_005 "Cannot edit a message authored by another user",
    EMPTY_MESSAGE = 400 50_006 "Cannot send an empty message",
    CANNOT_SEND_TO_USER = 403 50_007 "Cannot send messages to this user",
    NOT_A_TEXT_CHANNEL = 400 50_008 "Cannot send messages in a non-text channel",
    MISSING_PERMISSIONS = 403 50_013 "Missing Permissions",
    NOT_ON_SYSTEM_MESSAGE = 403 50_021 "Cannot execute action on a system message",
    NOT_ON_THIS_CHANNEL = 400 50_024 "Cannot execute action on this channel type",
    INVALID_WEBHOOK_TOKEN = 401 50_027 "Invalid Webhook Token provided",
    INVALID_ROLE = 400 50_028 "Invalid Role",
    INVALID_FORM = 400 50_035 "Invalid Form Body",
    THREAD_IS_ARCHIVED = 400 50_083 "Thread is archived",
    NOT_CONNECTED_TO_VOICE = 400 40_032 "Target user is not connected to voice.",
    REACTION_BLOCKED = 403 90_001 "Reaction was blocked",
    MOST_OVERWRITES = 400 30_060 "Maximum number of channel permission overwrites reached (1000)",
    MOST_ACTIVE_THREADS = 400 160_006 "Maximum number of active threads reached",
    BLOCKED_BY_AUTOMOD = 400 200_000 "Message was blocked by automatic moderation",
    THREAD_EXISTS = 400 160_004 "A thread has already been created for this message",
    WORLD_IS_FULL = 400 30_046 "The simulator keeps no more of these",
}
