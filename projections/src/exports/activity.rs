//! Lists of what goes on: sums of hours and days, of channels, members and commands.

use super::{Audience, Column, Export};

/// From quarters of an hour since 1970 to microseconds.
macro_rules! quarter {
    ($name:literal, $about:literal) => {
        Column::moment($name, $about).of("slot * 900000000")
    };
}

macro_rules! sums {
    ($slots:literal) => {
        concat!(
            "(SELECT guild, slot / ",
            $slots,
            " * ",
            $slots,
            " AS slot, \
             CAST(SUM(messages) AS bigint) AS messages, CAST(SUM(replies) AS bigint) AS replies, \
             CAST(SUM(attachments) AS bigint) AS attachments, \
             CAST(SUM(reactions) AS bigint) AS reactions, CAST(SUM(joins) AS bigint) AS joins, \
             CAST(SUM(leaves) AS bigint) AS leaves, \
             CAST(SUM(voice_micros) AS bigint) AS voice_micros, \
             CAST(SUM(voice_counted_micros) AS bigint) AS voice_counted_micros, \
             CAST(SUM(commands) AS bigint) AS commands, \
             CAST(SUM(commands_failed) AS bigint) AS commands_failed \
             FROM {activity_slots} GROUP BY guild, slot / ",
            $slots,
            " * ",
            $slots,
            ") AS sums"
        )
    };
}

const VOICE: Column =
    Column::number("voice_seconds", "Seconds that members spent in voice, together.")
        .of("voice_micros / 1000000");

macro_rules! rollup {
    ($($first:expr),+) => {
        &[
            $($first,)+
            Column::number("messages", "Messages that members wrote."),
            Column::number("replies", "Messages that answer another one."),
            Column::number("attachments", "Messages with a file."),
            Column::number("reactions", "Reactions that were added."),
            Column::number("joins", "Members who came."),
            Column::number("leaves", "Members who went."),
            VOICE,
            Column::number(
                "voice_counted_seconds",
                "Of those, seconds with somebody else there, neither muted nor deafened.",
            )
            .of("voice_counted_micros / 1000000"),
            Column::number("commands", "Commands of this bot that were used."),
            Column::number("commands_failed", "Of those, the ones that failed by our fault."),
        ]
    };
}

pub static HOURLY: Export = Export {
    name: "activity_hourly",
    about: "What went on in each hour in which anything went on, in UTC.",
    audience: Audience::Numbers,
    projection: "activity_slots",
    from: sums!("4"),
    key: &["slot"],
    columns: rollup!(quarter!("hour", "When the hour begins.").when()),
    told: None,
};

pub static DAILY: Export = Export {
    name: "activity_daily",
    about: "What went on on each day on which anything went on, in UTC.",
    audience: Audience::Numbers,
    projection: "activity_slots",
    from: sums!("96"),
    key: &["slot"],
    columns: rollup!(
        Column::day("day", "The day.").of("slot / 96"),
        quarter!("begins_at", "When the day begins.").when()
    ),
    told: None,
};

pub static CHANNELS: Export = Export {
    name: "activity_channels",
    about: "What went on in each channel, in quarters of an hour.",
    audience: Audience::Numbers,
    projection: "activity_slots",
    from: "{activity_channels}",
    key: &["channel", "slot"],
    columns: &[
        Column::snowflake("channel", "The channel's id in Discord.").filter(),
        quarter!("quarter", "When the quarter of an hour begins.").when(),
        Column::number("messages", "Messages that members wrote."),
        Column::number("reactions", "Reactions that were added."),
        VOICE,
    ],
    told: None,
};

pub static MEMBERS: Export = Export {
    name: "activity_members",
    about: "What each member did, in quarters of an hour.",
    audience: Audience::Members,
    projection: "activity_members",
    from: "{activity_members}",
    key: &["slot", "person"],
    columns: &[
        quarter!("quarter", "When the quarter of an hour begins.").when(),
        Column::person("person", "Who did it."),
        Column::number("messages", "Messages that they wrote."),
        Column::number("reactions", "Reactions that they added."),
        VOICE,
        Column::number("commands", "Commands of this bot that they used."),
    ],
    told: None,
};

pub static JOINS: Export = Export {
    name: "member_joins",
    about: "When each member came for the first time, and for the last time, as far as this bot \
            has seen it.",
    audience: Audience::Members,
    projection: "activity_members",
    from: "{activity_joins}",
    key: &["person"],
    columns: &[
        Column::person("person", "Who came."),
        Column::moment("first_at", "When they came first.").when(),
        Column::moment("last_at", "When they came last."),
    ],
    told: None,
};

pub static COMMANDS: Export = Export {
    name: "command_uses",
    about: "Who used which command of this bot, with what outcome, in quarters of an hour.",
    audience: Audience::Members,
    projection: "activity_members",
    from: "{command_uses}",
    key: &["slot", "command", "person"],
    columns: &[
        quarter!("quarter", "When the quarter of an hour begins.").when(),
        Column::text("command", "The command, as members write it.").filter(),
        Column::person("person", "Who used it."),
        Column::number("done", "How often it was done."),
        Column::number("refused", "How often a rule said no."),
        Column::number("failed", "How often it failed by our fault."),
        Column::number("millis", "Milliseconds that all of these took together."),
    ],
    told: None,
};

pub static GAPS: Export = Export {
    name: "activity_gaps",
    about: "When this bot was blind: numbers of activity in these spans are too small.",
    audience: Audience::Numbers,
    projection: "activity_slots",
    from: "{activity_gaps}",
    key: &["begin_at"],
    columns: &[
        Column::moment("begin_at", "From when.").when(),
        Column::moment("until_at", "Until when."),
        Column::number(
            "recovered",
            "Messages that were counted afterwards; nothing where none were asked for.",
        ),
        Column::number("unread", "Channels that could not be read afterwards."),
    ],
    told: None,
};

pub static TALLIES: Export = Export {
    name: "tallies",
    about: "Cases, movements of bytes and giveaways by kind, in quarters of an hour.",
    audience: Audience::Numbers,
    projection: "tallies",
    from: "{tallies}",
    key: &["what", "slot", "kind"],
    columns: &[
        Column::text("what", "`case`, `bytes` or `giveaway`.").filter(),
        quarter!("quarter", "When the quarter of an hour begins.").when(),
        Column::text("kind", "Which kind of it: `warning`, `transfer`, `entered` …"),
        Column::number("count", "How many."),
        Column::number("amount", "How many bytes, of movements."),
    ],
    told: None,
};
