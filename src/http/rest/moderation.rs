//! Cases and what is done to them, deeds, notes and appeals; what was refused, and the logs.

use super::routes::{Part, get, patch, post, put};

pub const PART: Part = Part {
    title: "Moderation",
    routes: &[
        get("/guilds/{guild}/cases", "moderation.cases", "Cases, newest first."),
        get("/guilds/{guild}/cases/counts", "moderation.caseCounts", "How many there are."),
        get("/guilds/{guild}/cases/{number}", "moderation.case", "One case."),
        get(
            "/guilds/{guild}/members/{user}/record",
            "moderation.record",
            "What is kept of a member.",
        ),
        get("/guilds/{guild}/moderators", "moderation.moderators", "Who did how much."),
        post("/guilds/{guild}/members/{user}/warnings", "warn", "Warns a member."),
        post(
            "/guilds/{guild}/members/{user}/deeds",
            "punish",
            "Times out, kicks or bans, or ends it.",
        ),
        post(
            "/guilds/{guild}/members/{user}/notes",
            "memberNote",
            "Notes something about a member.",
        ),
        patch("/guilds/{guild}/cases/{number}/reason", "caseReason", "Writes another reason."),
        post("/guilds/{guild}/cases/{number}/notes", "caseNote", "Writes a note beside a case."),
        post("/guilds/{guild}/cases/{number}/evidence", "caseEvidence", "Adds evidence."),
        put(
            "/guilds/{guild}/cases/{number}/hidden",
            "caseHide",
            "Hides a case, or shows it again.",
        ),
        put(
            "/guilds/{guild}/cases/{number}/resolved",
            "caseResolve",
            "Resolves or reopens a case.",
        ),
        put("/guilds/{guild}/cases/{number}/links/{other}", "caseLink", "Links two cases, or not."),
        patch(
            "/guilds/{guild}/cases/{number}/end",
            "caseDuration",
            "Gives a punishment another end.",
        ),
        post("/guilds/{guild}/cases/{number}/pardon", "casePardon", "Takes a case back."),
        post("/guilds/{guild}/cases/undo", "casesUndo", "Takes back what one cause did."),
        get("/guilds/{guild}/appeals", "moderation.appeals", "Appeals that wait for an answer."),
        post("/guilds/{guild}/appeals/{number}/answer", "appealDecide", "Answers an appeal."),
        get("/guilds/{guild}/refusals", "refusals", "What was refused to whom."),
        get("/guilds/{guild}/logs", "logs", "What the logs noted."),
    ],
};
