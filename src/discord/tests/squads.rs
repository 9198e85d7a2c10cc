//! `/squads`, as members and those who look after squads use it.

use actions::mirror::{Profile, Told};

use super::*;

/// An admin who may bind roles: the owner.
fn owner(house: &House) -> Member<'_> {
    house.member(OWNER)
}

fn role(id: u64) -> (&'static str, u8, Json) {
    ("role", 8, json!(id.to_string()))
}

/// A community where the bot may give the roles 31 to 33; 34 is another bot's, 40 above ours.
pub(super) async fn with_roles() -> House {
    let house = House::new().await;
    let us = UserId::new(US).unwrap();
    let bits = (1_u64 << 5 | 1 << 28).to_string();
    let plain = |id: u64, position: u64| json!({ "id": id.to_string(), "position": position, "permissions": "0" });
    let guild = json!({
        "id": GUILD.to_string(), "owner_id": OWNER.to_string(), "member_count": 3,
        "roles": [
            { "id": GUILD.to_string(), "position": 0, "permissions": "2048" },
            plain(31, 1), plain(32, 2), plain(33, 3),
            { "id": "34", "position": 4, "permissions": "0", "managed": true },
            { "id": "20", "position": 8, "permissions": bits },
            plain(40, 9),
        ],
        "members": [{ "user": { "id": US.to_string() }, "roles": ["20"] }],
    });
    house.edge.guilds.put(serde_json::from_value(guild).unwrap(), us, 0);
    house
}

async fn two_squads() -> House {
    let house = with_roles().await;
    for (name, of) in [("Red", 31), ("Blue", 32)] {
        let about = said("description", "The best");
        let options = [said("name", name), role(of), about];
        let made = owner(&house).uses("/squads create", &options).await;
        assert!(made.body.contains(&format!("**{name}** is there")), "{}", made.body);
    }
    house
}

fn press<'a>(reply: &'a Reply, label: &str) -> &'a str {
    let found = reply.buttons.iter().find(|button| button.label.contains(label));
    &found.unwrap_or_else(|| panic!("no {label} in {reply:?}")).custom_id
}

// proves: SQD-01, SQD-02
#[tokio::test(flavor = "multi_thread")]
async fn given_squads_then_roles_are_checked_and_closed_ones_are_hidden() {
    let house = two_squads().await;
    let owner = owner(&house);
    for (name, of, says) in [
        ("Green", 31, "Another squad has this role"),
        ("blue", 33, "Another squad has this name"),
        ("Green", 34, "gives and takes this role"),
        ("Green", 40, "must be above that role"),
        ("Green", 404, "no such role"),
        ("Green", GUILD, "not the one that everybody has"),
    ] {
        let refused = owner.uses("/squads create", &[said("name", name), role(of)]).await;
        assert!(refused.private && refused.body.contains(says), "{says}: {}", refused.body);
        house.advance(2);
    }
    let member = house.member(ANN).uses("/squads create", &[said("name", "X"), role(33)]).await;
    assert!(member.body.contains("Manage Settings"), "{}", member.body);
    let weak = house.admin().uses("/squads create", &[said("name", "X"), role(33)]).await;
    assert!(weak.body.contains("Manage Roles"), "{}", weak.body);

    let list = house.member(ANN).uses("/squads list", &[]).await;
    assert_eq!(list.body, "**Red** <@&31> — The best\n**Blue** <@&32> — The best");
    let closed = [said("squad", "red"), ("active", 5, json!(false)), said("name", "Crimson")];
    let closed = owner.uses("/squads edit", &closed).await;
    assert!(closed.body.contains("**Crimson**") && closed.body.contains("Nobody can join"));
    house.advance(4);
    let list = house.member(ANN).uses("/squads list", &[]).await;
    assert_eq!(list.body, "**Blue** <@&32> — The best");
    let join = house.member(ANN).uses("/squads join", &[]).await;
    assert_eq!(join.buttons.len(), 1, "{join:?}");
    let unknown = owner.uses("/squads edit", &[said("squad", "Violet")]).await;
    assert!(unknown.body.contains("no squad Violet"), "{}", unknown.body);
    assert_eq!(owner.types("/squads edit", "squad", "cri").await, ["Crimson"]);
}

// proves: SQD-03, SQD-04, SQD-06, CMD-06
#[tokio::test(flavor = "multi_thread")]
async fn given_a_member_then_the_first_squad_is_free_and_changing_is_confirmed_and_paid_once() {
    let house = two_squads().await;
    let processes = house.node.start_processes().await.unwrap();
    let ann = house.member(ANN);
    let choose = ann.uses("/squads join", &[]).await;
    assert!(choose.private && choose.body.contains("Joining is free"), "{}", choose.body);
    assert_eq!(choose.buttons[0].label, "Red", "no cost is shown");
    let red = press(&choose, "Red").to_owned();
    let other = house.member(BEN).presses(&red).await;
    assert!(other.body.contains("Only the person who asked"), "{}", other.body);
    let joined = ann.presses(&red).await;
    assert!(joined.replaces && joined.body.contains("You are in **Red**"), "{joined:?}");
    // Nobody carries roles to Discord here: the move is on its way, and no other is made.
    let again = ann.presses(&red).await;
    assert!(again.body.contains("still on its way") || again.body.contains("already"), "{again:?}");
    let info = house.member(BEN).uses("/squads info", &[user(ANN)]).await;
    assert!(info.body.contains("<@101> is in **Red** since <t:"), "{}", info.body);
    processes.shutdown().await;
}

// proves: SQD-03, CMD-05
#[tokio::test(flavor = "multi_thread")]
async fn given_a_minute_that_has_passed_then_buttons_have_expired_and_change_nothing() {
    let house = two_squads().await;
    let ann = house.member(ANN);
    let choose = ann.uses("/squads join", &[]).await;
    house.advance(61);
    let late = ann.presses(press(&choose, "Red")).await;
    assert!(late.replaces && late.body.contains("expired"), "{late:?}");
    let info = ann.uses("/squads info", &[]).await;
    assert_eq!(info.body, "<@101> is in no squad.");
    let fields: Vec<_> = info.fields.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(fields, ["free", "Red, Blue"]);
    let nowhere = ann.uses("/squads leave", &[]).await;
    assert_eq!(nowhere.body, "You are in no squad.");
}

// proves: SQD-08
#[tokio::test(flavor = "multi_thread")]
async fn given_a_minimum_balance_then_one_below_it_is_told_both_numbers() {
    let house = two_squads().await;
    let set = [said("setting", "squads.minimum_balance"), said("value", "30")];
    let set = house.admin().uses("/settings set", &set).await;
    assert!(set.body.contains("is now `30`"), "{}", set.body);
    house.grant(ANN, 29).await;
    house.advance(3);
    let ann = house.member(ANN);
    let poor = ann.uses("/squads join", &[]).await;
    assert_eq!(poor.body, "For squads you need at least 30 bytes. You have 29.");
    let info = ann.uses("/squads info", &[]).await;
    assert!(info.fields.iter().all(|(name, value)| name != "Can join now" || value.is_empty()));
    house.grant(ANN, 1).await;
    house.advance(4);
    assert_eq!(ann.uses("/squads join", &[]).await.buttons.len(), 2);
}

// proves: SQD-09, SYN-04
#[tokio::test(flavor = "multi_thread")]
async fn given_roles_changed_by_hand_then_they_are_shown_and_repaired_once_that_is_confirmed() {
    let house = two_squads().await;
    let owner = owner(&house);
    let (ann, ben) = (house.member(ANN), house.member(BEN));
    for (member, squad) in [(&ann, "Red"), (&ben, "Blue")] {
        house.advance(61);
        let choose = member.uses("/squads join", &[]).await;
        let joined = member.presses(press(&choose, squad)).await;
        assert!(joined.body.contains("You are in"), "{}", joined.body);
    }
    house.advance(61);
    let early = owner.uses("/squads repair", &[]).await;
    assert!(early.body.contains("/sync start"), "{}", early.body);

    // Ann lost her role, Ben has got Ann's too; both by hand.
    let actions = &house.node.actions;
    let guild = House::guild();
    for user in [ANN, BEN] {
        let (user, key) = (UserId::new(user).unwrap(), fresh_key("given").unwrap());
        let person = actions.people().person(guild, user).await.unwrap();
        let open = squad_move(&house, person).await;
        actions.note_squad_role(guild, person, open, Ok(()), &key).await.unwrap();
    }
    let told = |user, roles: &[u64]| Told {
        user: UserId::new(user).unwrap(),
        profile: Profile { name: "somebody".to_owned(), ..Profile::default() },
        roles: roles.iter().map(|role| domain::RoleId::new(*role).unwrap()).collect(),
        joined_at: None,
        bot: false,
    };
    actions.begin_sync(guild, 2, actions.now()).await.unwrap();
    let page = [told(ANN, &[5]), told(BEN, &[31, 32])];
    actions.copy_page(guild, &page, actions.now()).await.unwrap();
    actions.finish_sync(guild).await.unwrap();

    house.advance(10);
    let refused = ann.uses("/squads repair", &[]).await;
    assert!(refused.body.contains("Manage Settings"), "{}", refused.body);
    let preview = owner.uses("/squads repair", &[]).await;
    assert!(preview.body.contains("get it: **1**"), "{}", preview.body);
    assert!(preview.body.contains(&format!("<@{ANN}> · <@&31>")), "{}", preview.body);
    assert!(preview.body.contains("lose it: **1**"), "{}", preview.body);
    assert!(preview.body.contains(&format!("<@{BEN}> · <@&31>")), "{}", preview.body);
    let repaired = async || written(&house, "squads.roles_repaired").await;
    assert_eq!(repaired().await, 0, "it only shows");
    let done = owner.presses(press(&preview, "Confirm")).await;
    assert!(done.body.contains("given now: **1**"), "{}", done.body);
    assert_eq!(repaired().await, 2);
}

async fn squad_move(house: &House, person: domain::PersonId) -> domain::squads::MoveId {
    let page = house.node.log.read_all(eventlog::Position(0), 10_000, eventlog::Slice::ALL);
    let joined = |recorded: &eventlog::Recorded| match eventlog::decode(recorded).ok()? {
        domain::squads::Event::Joined { person: who, id, .. } if who == person => Some(id),
        _ => None,
    };
    let page = page.await.unwrap();
    let mut of_squads = page.events.iter().filter(|event| event.type_name == "squads.joined");
    of_squads.find_map(joined).unwrap()
}

async fn written(house: &House, name: &str) -> usize {
    let page = house.node.log.read_all(eventlog::Position(0), 10_000, eventlog::Slice::ALL);
    page.await.unwrap().events.iter().filter(|event| event.type_name == name).count()
}
