//! What the table of authorization needs of giveaways, codes, squads and tiers: one of each, and
//! what their operations are asked with.

use actions::{
    BotStanding, Caller, Permissions, RoleFacts, Standing,
    codes::{NewCampaign, Wanted},
    giveaways::{Entrance, Plan},
};
use domain::{
    Bytes, ChannelId, IdempotencyKey, RoleId, UserId,
    campaign::{Limits, Reward},
    squads::SquadId,
};
use uuid::Uuid;

use crate::house::{CHANNEL, House, guild, user};

const HOST: u64 = 200;

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::new(name).unwrap()
}

/// Ids follow from the request that made something.
fn giveaway() -> Uuid {
    let name = format!("reeve.giveaway/{}/the-giveaway", guild());
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

fn campaign() -> Uuid {
    let name = format!("reeve.campaign/{}/the-campaign", guild());
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// One of each, with these members in what can be entered.
pub async fn prepared(house: &House, members: &[u64]) {
    let (actions, host) = (&house.actions, Caller::member(user(HOST), Standing::owner()));
    let (channel, at) = (ChannelId::new(CHANNEL).unwrap(), actions.now());
    let plan = Plan { prize: "A bench".to_owned(), duration_secs: Some(3_600), ..Plan::default() };
    let once = key("the-giveaway");
    let made = actions.create_giveaway(guild(), &host, channel, &plan, at, &once).await.unwrap();
    assert_eq!(made.id.0, giveaway());
    let bot = BotStanding { permissions: Permissions::MANAGE_ROLES, top_rank: 10 };
    let role =
        |number| RoleFacts { role: RoleId::new(number).unwrap(), rank: 3, managed: false, bot };
    let once = key("the-squad");
    actions.create_squad(guild(), &host, ("Red", ""), role(501), &once).await.unwrap();
    let once = key("the-tier");
    actions.set_tier(guild(), &host, role(502), "Gold", Bytes::ZERO, &once).await.unwrap();
    for member in members {
        let who: UserId = user(*member);
        let caller = Caller::member(who, Standing::everyone());
        let entrance = Entrance { user: who, roles: Vec::new(), joined_at: None, at };
        let fresh = || actions::fresh_key("test").unwrap();
        actions.enter_giveaway(guild(), &caller, made.id, entrance, &fresh()).await.unwrap();
        let squad = SquadId(1);
        actions.join_squad(guild(), &caller, squad, Bytes::ZERO, at, &fresh()).await.unwrap();
    }
    let limits = Limits {
        uses: None,
        uses_per_code: None,
        uses_per_member: 1,
        from: None,
        until: None,
        roles: Vec::new(),
    };
    let new = NewCampaign {
        name: "Spring".to_owned(),
        reward: Reward::Bytes { amount: Bytes(5) },
        role: None,
        limits,
        codes: Wanted::Given("the-code".to_owned()),
    };
    let made = actions.create_campaign(guild(), &host, new, &key("the-campaign")).await.unwrap();
    assert_eq!(made.campaign.0, campaign());
}

/// What an operation is asked with, where it is one of these.
pub fn arguments(operation: &str, key: &str) -> Option<String> {
    let (giveaway, campaign) = (giveaway(), campaign());
    let input = |rest: &str| format!("(input: {{guild: \"{}\", key: \"{key}\"{rest}}})", guild());
    let of_giveaway = |rest: &str| input(&format!(", giveaway: \"{giveaway}\"{rest}"));
    let of_campaign = |rest: &str| input(&format!(", campaign: \"{campaign}\"{rest}"));
    Some(match operation {
        "Query.draw" => format!("(giveaway: \"{giveaway}\")"),
        "Giveaways.one"
        | "Giveaways.winners"
        | "Giveaways.standings"
        | "Giveaways.entrants"
        | "Giveaways.timeline"
        | "Giveaways.receipt" => format!("(id: \"{giveaway}\")"),
        "Giveaways.entriesOf" | "Squads.of" | "Tiers.of" => "(user: \"777\")".to_owned(),
        "Codes.campaign" | "Codes.uses" => format!("(id: \"{campaign}\")"),
        "Squads.members" => "(squad: 1)".to_owned(),
        "Tiers.holders" => "(role: \"502\")".to_owned(),
        "Mutation.giveawayCreate" => {
            input(&format!(", channel: \"{CHANNEL}\", prize: \"x\", durationSecs: 60"))
        }
        "Mutation.giveawayEdit" => of_giveaway(", prize: \"A lamp\""),
        "Mutation.giveawayPause"
        | "Mutation.giveawayResume"
        | "Mutation.giveawayEnd"
        | "Mutation.giveawayCancel" => of_giveaway(""),
        "Mutation.giveawayReroll" => of_giveaway(", winner: \"777\", reason: \"x\""),
        "Mutation.campaignCreate" => input(", name: \"x\", bytes: \"1\""),
        "Mutation.campaignLimit" => of_campaign(", usesPerMember: 2"),
        "Mutation.campaignRevoke" => of_campaign(""),
        "Mutation.codeRevoke" => input(", code: \"the-code\""),
        "Mutation.squadCreate" => input(", name: \"x\", role: \"503\""),
        "Mutation.squadEdit" => input(", squad: 1, active: false"),
        "Mutation.squadDelete" => input(", squad: 2"),
        "Mutation.tierSet" => input(", role: \"504\", name: \"x\""),
        "Mutation.tierRemove" => input(", role: \"505\""),
        "Mutation.tierGive" => input(", user: \"105\", role: \"502\", days: 1"),
        "Mutation.tierTake" => input(", user: \"105\", role: \"502\""),
        _ => return None,
    })
}
