//! Lists of what was logged, and of what was refused. What messages said is in neither.

use super::{Audience, Column, Export};

pub static ENTRIES: Export = Export {
    name: "logs",
    about: "What was logged of the community: deletions, edits, members, roles, channels, voice, \
            invites. What messages said is no part of it.",
    audience: Audience::Logs,
    projection: "log_entries",
    from: "{log_entries}",
    key: &["seq"],
    columns: &[
        Column::number("seq", "The event's number in the community; also the order."),
        Column::moment("at", "When it happened.").when(),
        Column::text("kind", "What happened: `message_deleted`, `member_joined` …").filter(),
        Column::person("person", "Whom it is about; empty where nobody knows."),
        Column::person("by_whom", "Who did it, where that is known."),
        Column::snowflake("channel", "Where it happened.").filter(),
        Column::snowflake("from_channel", "Where somebody came from, of moves in voice."),
        Column::text("messages", "Ids of the messages that it is about, with commas."),
        Column::text("subject", "What else it is about, such as a role or an invite."),
        Column::text("changes", "What was changed from what to what, as JSON."),
        Column::text("event_id", "The event that says so, as the history names it.").of("event"),
    ],
    told: None,
};

pub static REFUSALS: Export = Export {
    name: "refusals",
    about: "What somebody tried and a rule refused.",
    audience: Audience::Logs,
    projection: "refusals",
    from: "{refusals}",
    key: &["seq"],
    columns: &[
        Column::number("seq", "The event's number in the community; also the order."),
        Column::moment("at", "When it was refused.").when(),
        Column::person("who", "Who tried; empty once they were erased."),
        Column::person("whom", "Whom it would have been done to."),
        Column::text("what", "What they tried.").filter(),
        Column::text("rule", "The rule that said no.").filter(),
        Column::number("amount", "How many bytes, of transfers."),
    ],
    told: None,
};
