//! Lists of levels.

use super::{Audience, Column, Export};

pub static RANKS: Export = Export {
    name: "levels",
    about: "Every member's experience. Which level that is follows from the community's curve.",
    audience: Audience::Members,
    projection: "level_ranks",
    from: "{level_ranks}",
    key: &["person"],
    columns: &[
        Column::person("person", "Whose experience it is."),
        Column::number("xp", "Experience that they have."),
    ],
    told: None,
};

pub static PERIODS: Export = Export {
    name: "level_periods",
    about: "What experience every member gained in each day, week and month.",
    audience: Audience::Members,
    projection: "level_periods",
    from: "{level_periods}",
    key: &["period", "start", "person"],
    columns: &[
        Column::number("period", "1 for a day, 7 for a week, 30 for a month.").filter(),
        Column::day("first_day", "The first day of it.").of("start"),
        Column::person("person", "Who gained it."),
        Column::number("xp", "Experience gained in it."),
    ],
    told: None,
};
