//! Bytes: what members hold, what moved, and moving them.

use super::routes::{Part, get, post};

pub const PART: Part = Part {
    title: "Economy",
    routes: &[
        get("/guilds/{guild}/economy", "economy", "How many bytes there are, and who holds any."),
        get("/guilds/{guild}/economy/board", "economy.board", "Who has the most."),
        get("/guilds/{guild}/economy/week", "economy.week", "Who received the most in a week."),
        get("/guilds/{guild}/economy/flow", "economy.flow", "What came and went, day by day."),
        get(
            "/guilds/{guild}/economy/supply",
            "economy.supplyByDay",
            "How many there were each day.",
        ),
        get("/guilds/{guild}/members/{user}/account", "economy.account", "What a member has."),
        get("/guilds/{guild}/transactions", "economy.transactions", "What moved, newest first."),
        post("/guilds/{guild}/members/{user}/grants", "bytesGrant", "Gives bytes to a member."),
        post("/guilds/{guild}/members/{user}/takes", "bytesTake", "Takes bytes from a member."),
        post(
            "/guilds/{guild}/members/{user}/transfers",
            "bytesSend",
            "Sends bytes of the key's owner to a member.",
        ),
    ],
};
