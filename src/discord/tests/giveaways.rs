//! Giveaways, as members use them; what Discord does in between is in `processes/tests`.

use domain::GiveawayId;
use uuid::Uuid;

use super::*;
use crate::{discord::custom_id::short_uuid, processes::giveaways::CAPABILITY};

/// A giveaway that was just made, by its newest event.
async fn made(house: &House, options: &[(&str, u8, Json)]) -> GiveawayId {
    let told = house.admin().uses("/giveaway create", options).await;
    assert!(told.private && told.footer.contains("fixed already"), "{}", told.body);
    let events = house.node.log.read_guild(House::guild(), 0, 10_000).await.unwrap();
    let made = events.iter().rev().find(|event| event.type_name == "giveaway.created").unwrap();
    let name = made.stream.aggregate_id();
    GiveawayId(Uuid::parse_str(name.split_once('/').unwrap().1).unwrap())
}

fn button(house: &House, verb: &str, id: GiveawayId) -> String {
    house.edge.signer.seal(House::guild(), CAPABILITY, verb, &short_uuid(id.0)).unwrap()
}

async fn entries(house: &House, id: GiveawayId) -> usize {
    house.node.actions.shown_giveaway(House::guild(), id).await.unwrap().entries
}

// proves: GIV-06
#[tokio::test(flavor = "multi_thread")]
async fn given_a_hundred_clicks_of_one_member_at_once_then_there_is_one_entry() {
    let house = House::new().await;
    let id = made(&house, &[said("prize", "A bench"), said("duration", "1h")]).await;
    let enter = button(&house, "enter", id);
    let ann = house.member(ANN);
    let clicks = (0..100).map(|_| ann.presses(&enter));
    let told = futures::future::join_all(clicks).await;
    assert!(told.iter().all(|reply| reply.private));
    let first = told.iter().filter(|reply| reply.body == "You are in.").count();
    assert_eq!((first, entries(&house, id).await), (1, 1));
    let told = house.member(BEN).presses(&enter).await;
    assert_eq!(told.fields[0], ("Your entry".to_owned(), "2".to_owned()));
}

// proves: GIV-04, GIV-05
#[tokio::test(flavor = "multi_thread")]
async fn given_requirements_then_each_refusal_says_what_is_missing() {
    let house = House::new().await;
    let days = |name: &'static str, days: i64| (name, 4, json!(days));
    let prize = || said("prize", "A bench");
    let id = made(&house, &[prize(), said("duration", "1h"), days("account_days", 30)]).await;
    // Made by Discord's clock ten days ago.
    let young = {
        let millis = house.now.lock().plus_secs(-10 * 86_400).as_micros() / 1_000;
        (millis.unsigned_abs() - domain::DISCORD_EPOCH_MILLIS) << 22 | 7
    };
    let refused = house.member(young).presses(&button(&house, "enter", id)).await;
    assert_eq!(refused.body, "Your Discord account must be 30 days old to take part.");
    let old = house.member(ANN).presses(&button(&house, "enter", id)).await;
    assert_eq!(old.body, "You are in.");
    let id = made(&house, &[prize(), said("duration", "1h"), days("member_days", 7)]).await;
    let refused = house.member(ANN).presses(&button(&house, "enter", id)).await;
    assert_eq!(refused.body, "You must have been a member here for 7 days to take part.");
    let (actions, key) = (&house.node.actions, fresh_key("block").unwrap());
    let scope = actions::blocks::Scope::Guild(House::guild());
    let blocked = actions::blocks::Blocked::User(UserId::new(BEN).unwrap());
    actions.block(scope, &Caller::operator(), blocked, "spam", None, &key).await.unwrap();
    house.advance(3);
    let refused = house.member(BEN).presses(&button(&house, "enter", id)).await;
    assert!(refused.body.contains("blocked"), "{}", refused.body);
    assert_eq!(entries(&house, id).await, 0);
}

// proves: GIV-01, GIV-11
#[tokio::test(flavor = "multi_thread")]
async fn given_bad_options_or_no_permission_then_nothing_is_made() {
    let house = House::new().await;
    let admin = house.admin();
    let prize = || said("prize", "A bench");
    for (options, says) in [
        (vec![prize()], "how long"),
        (vec![prize(), said("duration", "soon")], "length of time"),
        (vec![prize(), said("duration", "5s")], "10 seconds to 365 days"),
        (vec![prize(), said("duration", "1h"), ("winners", 4, json!(51))], "from 1 to 50"),
        (vec![prize(), said("duration", "1h"), ("bonus_entries", 4, json!(3))], "both the role"),
        (vec![prize(), said("template", "nothing")], "no template"),
        (vec![said("duration", "1h")], "`prize` is missing"),
    ] {
        house.advance(2);
        let refused = admin.uses("/giveaway create", &options).await;
        assert!(refused.private && refused.body.contains(says), "{says}: {}", refused.body);
    }
    let refused = house.member(ANN).uses("/giveaway create", &[prize()]).await;
    assert!(refused.body.contains("Manage Giveaways"), "{}", refused.body);
    let id = made(&house, &[prize(), said("duration", "1h")]).await;
    for command in ["edit", "pause", "resume", "end", "cancel", "entrants", "log"] {
        let path = format!("/giveaway {command}");
        let named = [said("giveaway", &id.to_string())];
        let refused = house.member(BEN).uses(&path, &named).await;
        assert!(refused.body.contains("Manage Giveaways"), "{path}: {}", refused.body);
    }
    house.advance(20);
    let unknown = [said("giveaway", &Uuid::from_u128(1).to_string())];
    let refused = admin.uses("/giveaway end", &unknown).await;
    assert_eq!(refused.body, "There is no such giveaway here.");
    let refused = admin.uses("/giveaway end", &[said("giveaway", "nothing")]).await;
    assert_eq!(refused.body, "Choose a giveaway from the suggestions.");
    let early = admin.uses("/giveaway verify", &[said("giveaway", &id.to_string())]).await;
    assert_eq!(early.body, "This giveaway has not been drawn yet.");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_role_that_may_run_giveaways_then_its_members_do_and_nothing_else() {
    let house = House::new().await;
    let key = fresh_key("set").unwrap();
    let (actions, operator) = (&house.node.actions, Caller::operator());
    let set =
        actions.change_setting(House::guild(), &operator, "access", "giveaway_roles", "55", &key);
    set.await.unwrap();
    let options = [said("prize", "A bench"), said("duration", "1h")];
    let role = domain::RoleId::new(55).unwrap();
    let ann = house.member(ANN);
    let asks = async |path: &str, options: &[(&str, u8, Json)]| {
        let mut asked = ann.asked(house.id(), 2, &Member::command(path, options));
        asked.standing.roles = vec![role];
        ann.reply(asked).await
    };
    let told = asks("/giveaway create", &options).await;
    assert!(told.body.starts_with("**A bench** is posted in <#11>"), "{}", told.body);
    let refused = asks("/settings set", &[said("setting", "economy.daily"), said("value", "off")]);
    assert!(refused.await.body.contains("Manage Settings"));
}
