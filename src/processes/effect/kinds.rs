//! How each kind of effect is treated: what goes first, what happens when nobody knows whether it
//! was carried out, how often it is tried, and which of Discord's refusals mean that it is done.

use serde::Serialize;

/// Which goes first where Discord has not room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Punishments, and taking them back.
    Urgent,
    /// What a member gets or loses.
    Member,
    Message,
    Notice,
}

impl Priority {
    const ALL: [Self; 4] = [Self::Urgent, Self::Member, Self::Message, Self::Notice];

    pub fn of_column(number: i64) -> Self {
        usize::try_from(number).ok().and_then(|n| Self::ALL.get(n).copied()).unwrap_or(Self::Notice)
    }
}

/// What happens when nobody knows whether a call was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenUnknown {
    /// Doing it twice comes to the same.
    Repeat,
    /// Look first whether it happened. For so many seconds after the first call a repetition is
    /// harmless, because Discord refuses the second of two equal nonces.
    ReadWorld { harmless_secs: i64 },
    /// Leave it: missing is better than twice.
    Drop,
}

/// Which way a call goes. What waits on one never holds up the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Discord,
    /// To receivers of communities' own, of which one that does not answer says nothing about the
    /// others.
    Webhooks,
}

impl Way {
    pub const ALL: [Self; 2] = [Self::Discord, Self::Webhooks];

    /// As the store is asked for what goes this way. The second is how the index of deliveries says
    /// it, too.
    pub const fn in_sql(self) -> &'static str {
        match self {
            Self::Discord => "kind NOT IN ('deliver', 'try_webhook')",
            Self::Webhooks => "kind IN ('deliver', 'try_webhook')",
        }
    }
}

/// How a kind of effect is treated.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    pub priority: Priority,
    pub when_unknown: WhenUnknown,
    /// Calls without a clear answer, until it is given up.
    pub tries: u32,
    /// It is of no use later than this.
    pub patience_secs: i64,
    /// Discord's refusals that say that nothing is left to be done.
    pub done_already: &'static [u64],
    pub way: Way,
    /// The pauses between two tries grow to this.
    pub longest_pause_secs: u64,
}

const DAY_SECS: i64 = 86_400;
/// Discord says "the past few minutes".
const NONCE_SECS: i64 = 100;
/// With the pauses between them more than an hour.
const TRIES: u32 = 25;
const PAUSE_SECS: u64 = 300;

/// Why an effect was refused: Discord's error codes that somebody here knows, and one of ours.
pub mod code {
    /// Whom it was about has been erased.
    pub const ERASED: u64 = 1;
    /// Also ours: what was to be told is not in the log.
    pub const NO_EVENT: u64 = 2;
    /// What HTTP says of a receiver that is gone for good.
    pub const RECEIVER_GONE: u64 = 410;
    pub const UNKNOWN_CHANNEL: u64 = 10_003;
    pub const UNKNOWN_MEMBER: u64 = 10_007;
    pub const UNKNOWN_MESSAGE: u64 = 10_008;
    pub const UNKNOWN_ROLE: u64 = 10_011;
    pub const UNKNOWN_USER: u64 = 10_013;
    pub const UNKNOWN_BAN: u64 = 10_026;
    /// Not one of those who were to be banned at once could be.
    pub const NOBODY_BANNED: u64 = 500_000;
    pub const MISSING_ACCESS: u64 = 50_001;
    /// Members may refuse private messages.
    pub const REFUSES_MESSAGES: u64 = 50_007;
    pub const MISSING_PERMISSIONS: u64 = 50_013;
    /// Nor may a bot write to somebody whom it meets nowhere.
    pub const NOWHERE_MET: u64 = 50_278;
}

pub(super) const GIVE_ROLE: Kind = Kind {
    name: "give_role",
    priority: Priority::Member,
    when_unknown: WhenUnknown::Repeat,
    tries: TRIES,
    patience_secs: 2 * DAY_SECS,
    done_already: &[],
    way: Way::Discord,
    longest_pause_secs: PAUSE_SECS,
};
pub(super) const TAKE_ROLE: Kind = Kind {
    name: "take_role",
    // Who left has no roles, and nobody has a role that was deleted.
    done_already: &[code::UNKNOWN_MEMBER, code::UNKNOWN_ROLE],
    ..GIVE_ROLE
};
pub(super) const SEND_MESSAGE: Kind = Kind {
    name: "send_message",
    priority: Priority::Message,
    when_unknown: WhenUnknown::ReadWorld { harmless_secs: NONCE_SECS },
    tries: TRIES,
    patience_secs: DAY_SECS,
    done_already: &[],
    way: Way::Discord,
    longest_pause_secs: PAUSE_SECS,
};
pub(super) const EDIT_MESSAGE: Kind =
    Kind { name: "edit_message", when_unknown: WhenUnknown::Repeat, ..SEND_MESSAGE };
pub(super) const DIRECT_MESSAGE: Kind = Kind { name: "direct_message", ..SEND_MESSAGE };
pub(super) const POST_NOTICE: Kind = Kind {
    name: "post_notice",
    priority: Priority::Notice,
    when_unknown: WhenUnknown::Drop,
    tries: 10,
    patience_secs: 3_600,
    done_already: &[],
    way: Way::Discord,
    longest_pause_secs: PAUSE_SECS,
};
pub(super) const POST_ENTRIES: Kind = Kind { name: "post_entries", ..POST_NOTICE };
pub(super) const PRIVATE_NOTICE: Kind = Kind {
    name: "private_notice",
    done_already: &[code::REFUSES_MESSAGES, code::NOWHERE_MET],
    ..POST_NOTICE
};
pub(super) const FAREWELL: Kind = Kind {
    name: "farewell",
    priority: Priority::Urgent,
    // A ban waits for it.
    patience_secs: 10,
    ..PRIVATE_NOTICE
};
pub(super) const TELL_MODERATORS: Kind = Kind { name: "tell_moderators", ..POST_NOTICE };

/// Punishments leave their effect's id in Discord's audit log, so that it can be looked for.
pub(super) const KICK: Kind = Kind {
    name: "kick",
    priority: Priority::Urgent,
    when_unknown: WhenUnknown::ReadWorld { harmless_secs: 0 },
    tries: TRIES,
    patience_secs: 2 * DAY_SECS,
    done_already: &[],
    way: Way::Discord,
    longest_pause_secs: PAUSE_SECS,
};
pub(super) const TIMEOUT: Kind = Kind { name: "timeout", ..KICK };
pub(super) const END_TIMEOUT: Kind = Kind { name: "end_timeout", ..KICK };
pub(super) const BAN: Kind = Kind { name: "ban", ..KICK };
pub(super) const UNBAN: Kind = Kind { name: "unban", done_already: &[code::UNKNOWN_BAN], ..KICK };
pub(super) const SOFTBAN: Kind = Kind { name: "softban", ..KICK };
/// Whoever is banned already counts as missed the second time, and is banned singly.
pub(super) const BULK_BAN: Kind =
    Kind { name: "bulk_ban", when_unknown: WhenUnknown::Repeat, ..KICK };

pub(super) const CALL_MEMBER: Kind =
    Kind { name: "call_member", priority: Priority::Member, ..SEND_MESSAGE };
pub(super) const REFRESH_MESSAGE: Kind = Kind {
    name: "refresh_message",
    priority: Priority::Notice,
    when_unknown: WhenUnknown::Drop,
    tries: 3,
    patience_secs: 30,
    done_already: &[],
    way: Way::Discord,
    longest_pause_secs: PAUSE_SECS,
};
pub(super) const LOOK_AT_MEMBER: Kind = Kind { name: "look_at_member", ..GIVE_ROLE };

/// Discord's addresses of files are good for a day.
pub(super) const COPY_FILE: Kind = Kind {
    name: "copy_file",
    priority: Priority::Notice,
    when_unknown: WhenUnknown::Repeat,
    tries: TRIES,
    patience_secs: DAY_SECS,
    done_already: &[],
    way: Way::Discord,
    longest_pause_secs: PAUSE_SECS,
};

/// A receiver that is away for a night hears of it in the morning.
pub(super) const DELIVER: Kind = Kind {
    name: "deliver",
    priority: Priority::Notice,
    when_unknown: WhenUnknown::Repeat,
    // More than a day has room for.
    tries: 200,
    patience_secs: DAY_SECS,
    done_already: &[],
    way: Way::Webhooks,
    longest_pause_secs: 3_600,
};
/// Somebody sits there and waits for it.
pub(super) const TRY_WEBHOOK: Kind =
    Kind { name: "try_webhook", tries: 1, patience_secs: 60, ..DELIVER };

/// Every kind there is.
pub const KINDS: [Kind; 23] = [
    GIVE_ROLE,
    TAKE_ROLE,
    SEND_MESSAGE,
    EDIT_MESSAGE,
    DIRECT_MESSAGE,
    POST_NOTICE,
    POST_ENTRIES,
    PRIVATE_NOTICE,
    FAREWELL,
    TELL_MODERATORS,
    TIMEOUT,
    END_TIMEOUT,
    KICK,
    BAN,
    UNBAN,
    SOFTBAN,
    BULK_BAN,
    CALL_MEMBER,
    REFRESH_MESSAGE,
    LOOK_AT_MEMBER,
    COPY_FILE,
    DELIVER,
    TRY_WEBHOOK,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_every_kind_then_the_store_is_asked_for_it_on_its_own_way() {
        for kind in KINDS {
            let named = Way::Webhooks.in_sql().contains(&format!("'{}'", kind.name));
            assert_eq!(named, kind.way == Way::Webhooks, "{}", kind.name);
        }
        let listed = |way: Way| way.in_sql().split_once('(').map(|(_, list)| list);
        assert_eq!(listed(Way::Discord), listed(Way::Webhooks), "one is all but the other");
    }
}
