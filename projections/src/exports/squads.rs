//! Lists of squads and of tiers.

use super::{Audience, Column, Export};

pub static SQUADS: Export = Export {
    name: "squads",
    about: "Every squad, with its role.",
    audience: Audience::Numbers,
    projection: "squads",
    from: "{squads}",
    key: &["squad"],
    columns: &[
        Column::number("squad", "Its number in the community."),
        Column::text("name", "What it is called."),
        Column::text("description", "What is said about it."),
        Column::snowflake("role", "Its role in Discord."),
        Column::truth("active", "Whether it can be joined."),
    ],
    told: None,
};

pub static MEMBERS: Export = Export {
    name: "squad_members",
    about: "Who is in which squad, since when.",
    audience: Audience::Members,
    projection: "squads",
    from: "{squad_members}",
    key: &["person"],
    columns: &[
        Column::person("person", "Who is in it."),
        Column::number("squad", "The squad's number.").filter(),
        Column::moment("since", "Since when.").when(),
    ],
    told: None,
};

pub static TIERS: Export = Export {
    name: "tiers",
    about: "Every tier, with its role and its daily bonus.",
    audience: Audience::Numbers,
    projection: "tiers",
    from: "{tiers}",
    key: &["role"],
    columns: &[
        Column::snowflake("role", "Its role in Discord."),
        Column::text("name", "What it is called."),
        Column::number("daily_bonus", "Bytes that a daily reward is more with it."),
    ],
    told: None,
};

pub static TIER_HOLDERS: Export = Export {
    name: "tier_holders",
    about: "Who holds which tier, until when.",
    audience: Audience::Rewards,
    projection: "tiers",
    from: "{tier_holders}",
    key: &["role", "person"],
    columns: &[
        Column::snowflake("role", "The tier's role.").filter(),
        Column::person("person", "Who holds it."),
        Column::moment("until_at", "Until when.").when(),
    ],
    told: None,
};
