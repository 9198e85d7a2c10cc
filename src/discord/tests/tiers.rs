//! `/tiers`, as members and those who give them use it.

use super::{squads::with_roles, *};

fn role(id: u64) -> (&'static str, u8, Json) {
    ("role", 8, json!(id.to_string()))
}

// proves: COD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_a_tier_then_it_is_given_for_days_shown_and_taken() {
    let house = with_roles().await;
    let projections = house.node.start_projections().await.unwrap();
    let owner = house.member(OWNER);
    let none = house.member(ANN).uses("/tiers list", &[]).await;
    assert_eq!(none.body, "There are no tiers here.");
    let give = [user(ANN), role(31), ("days", 4, json!(30))];
    let early = owner.uses("/tiers give", &give).await;
    assert!(early.body.contains("No tier has this role"), "{}", early.body);
    let set = [role(31), said("name", "VIP"), ("daily_bonus", 4, json!(5))];
    let refused = house.member(ANN).uses("/tiers set", &set).await;
    assert!(refused.private && refused.body.contains("Manage Economy"), "{}", refused.body);
    let set = owner.uses("/tiers set", &set).await;
    assert_eq!(set.body, "**VIP** is the tier of <@&31>.");
    let too_high = owner.uses("/tiers set", &[role(40), said("name", "Gold")]).await;
    assert!(too_high.body.contains("must be above that role"), "{}", too_high.body);
    house.advance(6);
    let list = house.member(ANN).uses("/tiers list", &[]).await;
    assert_eq!(list.body, "**VIP** <@&31> — 5 bytes more with each daily reward");

    let first = owner.uses("/tiers give", &give).await;
    assert!(first.body.starts_with("<@101> holds <@&31> until <t:"), "{}", first.body);
    let shown = house.member(BEN).uses("/tiers show", &[user(ANN)]).await;
    assert!(shown.body.contains("**VIP** <@&31> until <t:"), "{}", shown.body);
    assert!(shown.body.contains("on its way"), "{}", shown.body);
    let nothing = house.member(BEN).uses("/tiers show", &[]).await;
    assert!(nothing.body.contains("holds no tier") || nothing.body.contains("again in"));
    let more = owner.uses("/tiers give", &give).await;
    assert_ne!(more.body, first.body, "extended");
    let holders = loop {
        house.advance(11);
        let holders = owner.uses("/tiers holders", &[role(31)]).await;
        if holders.body.contains("<@101>") {
            break holders;
        }
        a_moment().await;
    };
    assert!(holders.private && holders.body.starts_with("<@&31>"), "{}", holders.body);
    let taken = owner.uses("/tiers take", &[user(ANN), role(31)]).await;
    assert_eq!(taken.body, "<@101> no longer holds <@&31>.");
    house.advance(11);
    let again = owner.uses("/tiers take", &[user(ANN), role(31)]).await;
    assert_eq!(again.body, "They do not hold this tier.");

    let code = [said("name", "Trial"), role(31), ("days", 4, json!(7)), said("code", "TRIAL")];
    let code = owner.uses("/codes create", &code).await;
    assert!(code.body.contains("<@&31> for 7 days"), "{}", code.body);
    let redeemed = house.member(BEN).uses("/redeem", &[said("code", "trial")]).await;
    assert!(redeemed.body.contains("7 days of <@&31>"), "{}", redeemed.body);
    let removed = owner.uses("/tiers remove", &[role(31)]).await;
    assert!(removed.body.contains("no tier any more"), "{}", removed.body);
    projections.shutdown().await;
}
