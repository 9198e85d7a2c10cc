//! Lists of giveaways. Salts are in none: they are their entrants' secrets.

use super::{Audience, Column, Export, Seal};

pub static GIVEAWAYS: Export = Export {
    name: "giveaways",
    about: "Every giveaway: its terms, how it stands, and what its draw was made from.",
    audience: Audience::Giveaways,
    projection: "giveaways",
    from: "{giveaways}",
    key: &["giveaway"],
    columns: &[
        Column::text("giveaway", "Its id."),
        Column::moment("made_at", "When it was made.").when(),
        Column::moment("ends_at", "When it ends, or ended."),
        Column::text("status", "`open`, `paused`, `closed`, `drawn`, `cancelled` or `failed`.")
            .filter(),
        Column::number("entries", "How many are in."),
        Column::snowflake("channel", "The channel that it was posted in."),
        Column::snowflake("message", "The message that it is; empty until it was posted."),
        Column::text("terms", "Prize, winners and requirements, as JSON."),
        Column::text("commitment", "What was committed to before anybody entered."),
        Column::text("root", "The root over all entries; empty until it was closed."),
        Column::snowflake("drawn_from", "The message that the draw was made from."),
    ],
    told: None,
};

pub static ENTRANTS: Export = Export {
    name: "giveaway_entrants",
    about: "Who entered which giveaway, with which weight.",
    audience: Audience::Giveaways,
    projection: "giveaway_entrants",
    from: "{giveaway_entrants}",
    key: &["giveaway", "entry"],
    columns: &[
        Column::text("giveaway", "The giveaway's id.").filter(),
        Column::number("entry", "The entry's number in it."),
        Column::person("person", "Who entered; empty once they were erased."),
        Column::number("weight", "How many lots they have."),
        Column::text("standing", "How the entry stands.").filter(),
        Column::moment("at", "When they entered.").when(),
    ],
    told: None,
};

pub static TIMELINE: Export = Export {
    name: "giveaway_timeline",
    about: "What happened in each giveaway: draws, claims, rerolls, and who did them.",
    audience: Audience::Giveaways,
    projection: "giveaway_timeline",
    from: "{giveaway_timeline}",
    key: &["giveaway", "seq"],
    columns: &[
        Column::text("giveaway", "The giveaway's id.").filter(),
        Column::number("seq", "The event's number in the community; also the order."),
        Column::moment("at", "When it happened.").when(),
        Column::text("what", "What happened."),
        Column::number("entry", "The entry that it is about."),
        Column::person("person", "Whose entry that is; empty once they were erased."),
        Column::person("done_by", "Who did it; empty where nobody did."),
        Column::text("why", "Why, in a word."),
        Column::number("number", "Which pick it was, or how many there were."),
        Column::sealed(
            "reason",
            &Seal { owner: "reason_owner", event: "event_id", fields: &["reason"] },
            "The reason that was given.",
        ),
        Column::text("event_id", "The event that says so, as the history names it."),
    ],
    told: None,
};
