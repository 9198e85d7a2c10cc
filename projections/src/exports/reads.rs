//! The list of who looked at what.

use super::{Audience, Column, Export};

pub static READS: Export = Export {
    name: "reads",
    about: "Who of the staff looked at what is kept of members.",
    audience: Audience::Access,
    projection: "reads",
    from: "{reads}",
    key: &["seq"],
    columns: &[
        Column::number("seq", "The event's number in the community; also the order."),
        Column::moment("at", "When they looked.").when(),
        Column::truth("operator", "Whether they run this bot, and were let in."),
        Column::person("who", "Who looked; empty once they were erased."),
        Column::person("whom", "Whom it was about; empty where it was about nobody alone."),
        Column::text("what", "What they did: `case_opened`, `record_opened` …").filter(),
        Column::text("detail", "The number of the case, or the name of the list."),
        Column::text("via", "Where: `dashboard`, `discord` or `download`.").filter(),
    ],
    told: None,
};
