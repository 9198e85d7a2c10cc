//! Lists of the economy.

use super::{Audience, Column, Export, Seal};

pub static BALANCES: Export = Export {
    name: "balances",
    about: "What every member has, and what they received, sent and earned so far.",
    audience: Audience::Members,
    projection: "balances",
    from: "{balances}",
    key: &["person"],
    columns: &[
        Column::person("person", "Whose balance it is."),
        Column::number("balance", "Bytes that they have now."),
        Column::number("received", "Bytes that other members sent them."),
        Column::number("sent", "Bytes that they sent to other members."),
        Column::number("earned", "Bytes from daily rewards, grants and the starting balance."),
        Column::truth("erased", "Whether the member was erased; then nobody knows who it was."),
    ],
    told: None,
};

pub static WEEKLY_GAINS: Export = Export {
    name: "weekly_gains",
    about: "What every member gained in each week, Monday to Sunday in UTC.",
    audience: Audience::Members,
    projection: "weekly_gains",
    from: "{weekly_gains}",
    key: &["week", "person"],
    columns: &[
        Column::day("week", "The week's Monday."),
        Column::person("person", "Who gained it."),
        Column::number("gained", "Bytes gained in the week."),
    ],
    told: None,
};

pub static TRANSACTIONS: Export = Export {
    name: "transactions",
    about: "Every movement of bytes: who gave, who received, how much, why and when.",
    audience: Audience::Members,
    projection: "transactions",
    from: "{transactions}",
    key: &["seq"],
    columns: &[
        Column::number("seq", "The event's number in the community; also the order."),
        Column::moment("at", "When it happened.").when(),
        Column::text("kind", "`transfer`, `grant`, `take`, `daily`, `start`, `spend` or `refund`.")
            .filter(),
        Column::person("giver", "Who gave; empty where the bytes came from the community."),
        Column::person("receiver", "Who received; empty where the bytes went to the community."),
        Column::number("amount", "How many bytes."),
        Column::sealed(
            "reason",
            &Seal { owner: "reason_owner", event: "event_id", fields: &["reason"] },
            "What was written with it.",
        ),
        Column::text("event_id", "The event that says so, as the history names it."),
    ],
    told: None,
};
