//! Codes and their campaigns, tiers, squads, levels.

use super::routes::{Part, delete, get, patch, post, put};

const ID: &[(&str, &str)] = &[("campaign", "id")];

pub const PART: Part = Part {
    title: "Rewards and teams",
    routes: &[
        get("/guilds/{guild}/campaigns", "codes.campaigns", "Campaigns of codes, newest first."),
        post(
            "/guilds/{guild}/campaigns",
            "campaignCreate",
            "Makes codes. They are told this once.",
        ),
        get("/guilds/{guild}/campaigns/{campaign}", "codes.campaign", "One campaign.").names(ID),
        patch(
            "/guilds/{guild}/campaigns/{campaign}",
            "campaignLimit",
            "Changes how often and when.",
        ),
        delete("/guilds/{guild}/campaigns/{campaign}", "campaignRevoke", "Ends a campaign."),
        get("/guilds/{guild}/campaigns/{campaign}/uses", "codes.uses", "Who used its codes.")
            .names(ID),
        post("/guilds/{guild}/codes/revoke", "codeRevoke", "Ends one code."),
        get("/guilds/{guild}/tiers", "tiers.list", "Tiers, and how many hold them."),
        put("/guilds/{guild}/tiers/{role}", "tierSet", "Makes a role a tier, or changes it."),
        delete("/guilds/{guild}/tiers/{role}", "tierRemove", "Makes a role no tier any more."),
        get("/guilds/{guild}/tiers/{role}/holders", "tiers.holders", "Who holds a tier."),
        get("/guilds/{guild}/members/{user}/tiers", "tiers.of", "Which tiers a member holds."),
        put(
            "/guilds/{guild}/members/{user}/tiers/{role}",
            "tierGive",
            "Gives a tier for some days.",
        ),
        delete("/guilds/{guild}/members/{user}/tiers/{role}", "tierTake", "Takes a tier away."),
        get("/guilds/{guild}/squads", "squads.list", "Squads."),
        post("/guilds/{guild}/squads", "squadCreate", "Makes a squad."),
        patch("/guilds/{guild}/squads/{squad}", "squadEdit", "Changes a squad."),
        delete("/guilds/{guild}/squads/{squad}", "squadDelete", "Deletes a squad."),
        get("/guilds/{guild}/squads/{squad}/members", "squads.members", "Who is in a squad."),
        get("/guilds/{guild}/members/{user}/squad", "squads.of", "Which squad a member is in."),
        get("/guilds/{guild}/levels/board", "levels.board", "Who has the most experience."),
        get("/guilds/{guild}/levels/curve", "levels.curve", "What each level takes."),
        get("/guilds/{guild}/levels/rewards", "levels.rewards", "Roles of levels."),
        get("/guilds/{guild}/levels/earning", "levels.earning", "What earns how much."),
        get("/guilds/{guild}/members/{user}/level", "levels.member", "A member's level and place."),
    ],
};
