//! Lists of codes. The codes themselves are nowhere: only who made them has seen them.

use super::{Audience, Column, Export};

pub static CAMPAIGNS: Export = Export {
    name: "campaigns",
    about: "Every campaign of codes: what it rewards, and how often it was used.",
    audience: Audience::Rewards,
    projection: "campaigns",
    from: "{campaigns}",
    key: &["campaign"],
    columns: &[
        Column::text("campaign", "Its id."),
        Column::text("name", "What it is called."),
        Column::moment("at", "When it was made.").when(),
        Column::person("creator", "Who made it."),
        Column::text("reward", "`bytes`, `role` or `tier`.").filter(),
        Column::number("amount", "How many bytes, where it gives those."),
        Column::snowflake("role", "Which role, where it gives one or a tier."),
        Column::number("days", "For how many days, of tiers."),
        Column::number("uses_most", "How often all its codes may be used together."),
        Column::number("uses_per_code", "How often each code may be used."),
        Column::number("uses_per_member", "How often each member may use one."),
        Column::moment("from_at", "From when it is open."),
        Column::moment("until_at", "Until when it is open."),
        Column::text(
            "only_for",
            "Ids of roles with a comma between: whoever has one may redeem; empty: everybody.",
        ),
        Column::number("codes", "How many codes it has."),
        Column::number("uses", "How often they were used."),
        Column::number("delivered", "How many rewards were handed over."),
        Column::number("failed", "How many could not be."),
        Column::number("revoked", "How many of its codes were revoked."),
    ],
    told: None,
};

pub static USES: Export = Export {
    name: "code_uses",
    about: "Who used a code of which campaign, and whether they got what it promised.",
    audience: Audience::Rewards,
    projection: "code_uses",
    from: "{code_uses}",
    key: &["campaign", "number"],
    columns: &[
        Column::text("campaign", "The campaign's id.").filter(),
        Column::number("number", "The use's number in it."),
        Column::person("person", "Who used it."),
        Column::moment("at", "When they did.").when(),
        Column::text("state", "`under_way`, `delivered`, or why it failed.").filter(),
    ],
    told: None,
};
