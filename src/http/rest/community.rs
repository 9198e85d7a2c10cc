//! Whose key this is, the community itself, and what everybody may ask.

use super::routes::{Part, get};

pub const PART: Part = Part {
    title: "Community",
    routes: &[
        get("/me", "Query.viewer", "Whose key this is.").select("userId name avatarUrl"),
        get("/status", "Query.status", "Whether this server is well. Needs no key."),
        get("/guilds/{guild}", "", "The community, and what you may there.").select(
            "id name iconUrl memberCount permissions roles { id name colour position } \
             channels { id name kind }",
        ),
        get("/guilds/{guild}/exports", "exports", "Whole lists that you may have as files."),
    ],
};
