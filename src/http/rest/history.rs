//! History itself.

use super::routes::{Part, get};

pub const PART: Part = Part {
    title: "History",
    routes: &[
        get("/guilds/{guild}/events", "events", "What happened, newest first."),
        get("/guilds/{guild}/events/{seq}", "event", "One event, by its number."),
        get("/guilds/{guild}/timeline", "timeline", "How busy stretches of history were."),
    ],
};
