//! Giveaways, who takes part, and their draws.

use super::routes::{Part, delete, get, patch, post};

const ID: &[(&str, &str)] = &[("giveaway", "id")];

pub const PART: Part = Part {
    title: "Giveaways",
    routes: &[
        get("/guilds/{guild}/giveaways", "giveaways.list", "Giveaways, newest first."),
        post("/guilds/{guild}/giveaways", "giveawayCreate", "Makes a giveaway."),
        get(
            "/guilds/{guild}/giveaways/templates",
            "giveaways.templates",
            "What they can begin from.",
        ),
        get("/guilds/{guild}/giveaways/{giveaway}", "giveaways.one", "One giveaway.").names(ID),
        patch("/guilds/{guild}/giveaways/{giveaway}", "giveawayEdit", "Changes a giveaway."),
        delete("/guilds/{guild}/giveaways/{giveaway}", "giveawayCancel", "Cancels a giveaway."),
        get("/guilds/{guild}/giveaways/{giveaway}/winners", "giveaways.winners", "Who was drawn.")
            .names(ID),
        get(
            "/guilds/{guild}/giveaways/{giveaway}/entrants",
            "giveaways.entrants",
            "Who takes part.",
        )
        .names(ID),
        get(
            "/guilds/{guild}/giveaways/{giveaway}/standings",
            "giveaways.standings",
            "How many entries stand how.",
        )
        .names(ID),
        get(
            "/guilds/{guild}/giveaways/{giveaway}/timeline",
            "giveaways.timeline",
            "What happened.",
        )
        .names(ID),
        get("/guilds/{guild}/giveaways/{giveaway}/receipt", "giveaways.receipt", "Your own entry.")
            .names(ID),
        post(
            "/guilds/{guild}/giveaways/{giveaway}/pause",
            "giveawayPause",
            "Takes no more entries.",
        ),
        post(
            "/guilds/{guild}/giveaways/{giveaway}/resume",
            "giveawayResume",
            "Takes entries again.",
        ),
        post("/guilds/{guild}/giveaways/{giveaway}/draw", "giveawayEnd", "Ends it now, and draws."),
        post(
            "/guilds/{guild}/giveaways/{giveaway}/rerolls",
            "giveawayReroll",
            "Draws a prize again.",
        ),
        get(
            "/guilds/{guild}/members/{user}/entries",
            "giveaways.entriesOf",
            "What a member entered.",
        ),
        get("/draws/{giveaway}", "Query.draw", "A draw, for everybody to check. Needs no key."),
    ],
};
