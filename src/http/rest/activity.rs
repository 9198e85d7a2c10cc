//! Numbers of what goes on.

use super::routes::{Part, get};

pub const PART: Part = Part {
    title: "Activity",
    routes: &[
        get(
            "/guilds/{guild}/activity/series",
            "activity.series",
            "A metric over time, for charts.",
        ),
        get("/guilds/{guild}/activity/active", "activity.active", "How many were active."),
        get("/guilds/{guild}/activity/week", "activity.week", "By day of the week and hour."),
        get("/guilds/{guild}/activity/cohorts", "activity.cohorts", "Who came when, and stayed."),
        get("/guilds/{guild}/activity/most", "activity.most", "Where or who the most is of."),
        get("/guilds/{guild}/activity/commands", "activity.commands", "Which commands are used."),
        get("/guilds/{guild}/activity/gaps", "activity.gaps", "When nobody looked."),
        get("/guilds/{guild}/activity/anomalies", "activity.anomalies", "Hours that stand out."),
        get("/guilds/{guild}/members/{user}/activity", "activity.member", "What a member did."),
    ],
};
