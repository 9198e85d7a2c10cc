//! Many at once: banned after a look at each, taken back by what caused it; and menus.

use std::collections::HashMap;

use domain::RoleId;

use super::*;
use crate::discord::{failure::Failure, members::Members};

/// Who is in the community, with their roles: what Discord would answer.
struct Roster(HashMap<u64, Vec<u64>>);

#[async_trait]
impl Members for Roster {
    async fn roles(&self, _: GuildId, user: UserId) -> Result<Option<Vec<RoleId>>, Failure> {
        let roles = self.0.get(&user.get());
        Ok(roles.map(|roles| roles.iter().map(|role| RoleId::new(*role).unwrap()).collect()))
    }
}

fn knows(house: &House, members: &[(u64, &[u64])]) {
    let roster = members.iter().map(|(user, roles)| (*user, roles.to_vec())).collect();
    assert!(house.edge.members.set(Arc::new(Roster(roster))).is_ok());
}

// proves: MOD-04, GRD-02, CMD-05
#[tokio::test(flavor = "multi_thread")]
async fn given_a_raid_then_a_massban_shows_whom_it_hits_and_is_done_once_after_a_confirmation() {
    let house = moderated().await;
    let runtime = house.node.start_projections().await.unwrap();
    let bob = bob(&house);
    knows(&house, &[(600, &[]), (601, &[40]), (602, &[]), (BOB, &[30])]);
    let users = "600 <@602>,<@!601> 700 600 301 100";
    let options = [said("users", users), said("reason", "raid"), said("delete", "1d")];
    let question = bob.does("/massban", &options, &[]).await;
    assert_eq!((question.body.as_str(), question.private), ("Ban **3** users?", true));
    let left = field(&question, "Left out: 3");
    for says in ["<@601>: Your highest role", "<@301>: You cannot", "<@100>: Nobody can"] {
        assert!(left.contains(says), "{left}");
    }
    assert_eq!(decided(&house).await, [""; 0], "nothing is done before it is confirmed");
    let [yes, no] = &question.buttons[..] else { panic!("{question:?}") };
    assert!(question.footer.contains("60 seconds"), "{}", question.footer);
    let other = zoe(&house).presses(&yes.custom_id).await;
    assert!(other.body.contains("Only the person who asked"), "{}", other.body);
    let done = bob.presses(&yes.custom_id).await;
    assert_eq!(done.body, "**3** users are being banned: cases #1 to #3.");
    assert!(done.replaces && done.footer.contains("/undo batch_of:1"), "{done:?}");
    let again = bob.presses(&no.custom_id).await;
    assert!(again.body.contains("answered already"), "{}", again.body);
    assert_eq!(decided(&house).await, ["deed_ordered"; 3]);
    let outcomes = |reply: &Reply| reply.body.lines().count() == 3;
    let list = bob.until("/cases", &[("batch_of", 4, json!(2))], outcomes).await;
    assert!(list.body.contains("**#1** Ban · <@600>"), "{}", list.body);

    let twice = bob.does("/massban", &options, &[]).await;
    let twice = bob.presses(&twice.buttons[0].custom_id).await;
    assert!(twice.body.contains("punished so already"), "{}", twice.body);
    let late = bob.does("/massban", &[said("users", "800")], &[]).await;
    house.advance(61);
    let late = bob.presses(&late.buttons[0].custom_id).await;
    assert!(late.body.contains("expired"), "{}", late.body);
    let many: Vec<_> = (1_000..1_201).map(|user: u64| user.to_string()).collect();
    for (users, says) in [
        ("tobi", "`tobi` is no user"),
        ("123 @everyone", "`@everyone` is no user"),
        (many.join(" ").as_str(), "Name 1 to 200 users"),
        (" , ", "Name 1 to 200 users"),
        ("301 100", "Nobody of them can be banned"),
    ] {
        let reply = bob.does("/massban", &[said("users", users)], &[]).await;
        assert!(reply.private && reply.body.contains(says), "{says}: {}", reply.body);
    }
    let refused = house.member(ANN).does("/massban", &options, &[]).await;
    assert!(refused.body.contains("\"Ban\""), "{}", refused.body);
    assert_eq!(decided(&house).await.len(), 3);
    runtime.shutdown().await;
}

// proves: MOD-07, CMD-05
#[tokio::test(flavor = "multi_thread")]
async fn given_what_a_moderator_did_then_undo_counts_it_asks_and_takes_it_back() {
    let house = moderated().await;
    let runtime = house.node.start_projections().await.unwrap();
    let (bob, admin) = (bob(&house), house.admin());
    for target in [500, 501, 502] {
        bob.does("/warn", &[user(target)], &[(target, MEMBER)]).await;
    }
    zoe(&house).does("/warn", &[user(500)], &[(500, MEMBER)]).await;
    bob.until("/cases", &[], |reply| reply.body.starts_with("**#4**")).await;
    let by = ("moderator", 6, json!(BOB.to_string()));
    let question = admin.does("/undo", std::slice::from_ref(&by), &[]).await;
    let expected = "Take back **3** cases: 3 warnings, 0 timeouts, 0 bans?";
    assert_eq!((question.body.as_str(), question.private), (expected, true));
    assert!(!decided(&house).await.contains(&"warning_pardoned".to_owned()));
    let done = admin.presses(&question.buttons[0].custom_id).await;
    assert!(done.body.starts_with("**3** cases were taken back"), "{}", done.body);
    let over = [by.clone(), yes("active")];
    bob.until("/cases", &over, |reply| reply.body == "No such cases.").await;
    let nothing = admin.does("/undo", std::slice::from_ref(&by), &[]).await;
    assert!(nothing.body.contains("nothing to take back"), "{}", nothing.body);
    let record = bob.does("/record", &[user(500)], &[]).await;
    assert!(record.body.contains("**1** active"), "{}", record.body);
    for (options, says) in [
        (vec![], "Say what to take back"),
        (vec![said("since", "soon")], "Write it like"),
        (vec![("batch_of", 4, json!(1))], "not ordered with others"),
        (vec![said("rule", "ladder")], "nothing to take back"),
        (vec![said("before", "365d")], "nothing to take back"),
    ] {
        let reply = admin.does("/undo", &options, &[]).await;
        assert!(reply.body.contains(says), "{options:?}: {}", reply.body);
    }
    let recent = admin.does("/undo", &[said("since", "2h")], &[]).await;
    assert!(recent.body.contains("**1** cases"), "{}", recent.body);
    let refused = bob.does("/undo", &[by], &[]).await;
    assert!(refused.body.contains("Manage Settings"), "{}", refused.body);
    runtime.shutdown().await;
}

fn picked_person(name: &str, target: u64) -> Json {
    let (mut users, mut members) = (json!({}), json!({}));
    users[target.to_string()] = json!({ "id": target.to_string() });
    members[target.to_string()] = json!({ "roles": [] });
    json!({
        "name": name, "type": 2, "target_id": target.to_string(),
        "resolved": { "users": users, "members": members },
    })
}

fn picked_message(author: u64, bot: bool) -> Json {
    json!({
        "name": "Warn for this message", "type": 3, "target_id": "9001",
        "resolved": { "messages": { "9001": {
            "id": "9001", "channel_id": "11", "content": "buy *cheap* gold",
            "author": { "id": author.to_string(), "bot": bot },
            "attachments": [{ "filename": "gold.png", "size": 12345, "url": "https://x.test/" }],
        }}},
    })
}

async fn sends(member: &Member<'_>, custom_id: &str, reason: &str) -> Reply {
    member.house.advance(11);
    let data = json!({ "custom_id": custom_id, "components": [
        { "type": 18, "component": { "type": 4, "custom_id": "reason", "value": reason } },
    ]});
    member.reply(member.asked(member.house.id(), 5, &data)).await
}

// proves: MOD-01
#[tokio::test(flavor = "multi_thread")]
async fn given_a_message_then_its_menu_asks_why_warns_its_author_and_keeps_it_as_evidence() {
    let house = moderated().await;
    let runtime = house.node.start_projections().await.unwrap();
    let bob = bob(&house);
    knows(&house, &[(TOM, &[]), (ZOE, &[30])]);
    house.advance(11);
    let opens = async |data: &Json| bob.reply(bob.asked(house.id(), 2, data)).await;
    let form = opens(&picked_message(TOM, false)).await.form.expect("a form");
    assert_eq!((form.title.as_str(), form.questions[0].name), ("Warn a member", "reason"));
    let asked = bob.asked(house.id(), 2, &picked_message(TOM, false));
    assert!(!format!("{asked:?}").contains("gold"), "what people write is never shown");
    let warned = sends(&bob, &form.custom_id, "scam").await;
    assert_eq!(warned.body, "<@400> was warned. Active warnings: **1**.");
    let kept = |reply: &Reply| reply.body.contains("Evidence");
    let history = bob.until("/case history", &[case(1)], kept).await;
    let evidence = history.body.lines().next().unwrap();
    assert!(evidence.contains("buy \\*cheap\\* gold"), "{evidence}");
    assert!(evidence.contains("gold.png, 12345 bytes"), "{evidence}");
    let place = format!("https://discord.com/channels/{GUILD}/11/9001");
    assert!(evidence.contains(&place), "{evidence}");
    for event in written(&house, "case").await {
        assert!(!event.payload.contains("gold"), "it is sealed: {}", event.payload);
    }

    let bot = opens(&picked_message(777, true)).await;
    assert!(bot.private && bot.body.contains("Bots cannot be warned"), "{}", bot.body);
    let equal = opens(&picked_message(ZOE, false)).await.form.expect("a form");
    let equal = sends(&bob, &equal.custom_id, "x").await;
    assert!(equal.body.contains("must be above theirs"), "{}", equal.body);
    let form = opens(&picked_message(TOM, false)).await.form.expect("a form");
    let stranger = sends(&zoe(&house), &form.custom_id, "x").await;
    assert!(stranger.body.contains("Only the person who asked"), "{}", stranger.body);
    let nobody = house.member(ANN);
    let refused = nobody.reply(nobody.asked(house.id(), 2, &picked_message(TOM, false))).await;
    assert!(refused.form.is_none() && refused.body.contains("\"Moderate\""), "{refused:?}");
    assert_eq!(decided(&house).await, ["member_warned"]);
    runtime.shutdown().await;
}

// proves: MOD-01, MOD-09
#[tokio::test(flavor = "multi_thread")]
async fn given_a_member_then_their_menu_warns_them_and_shows_their_record() {
    let house = moderated().await;
    let runtime = house.node.start_projections().await.unwrap();
    let bob = bob(&house);
    knows(&house, &[(TOM, &[])]);
    let opens = async |name: &str| {
        house.advance(11);
        bob.reply(bob.asked(house.id(), 2, &picked_person(name, TOM))).await
    };
    let clean = opens("Moderation record").await;
    assert_eq!(clean.body, "There is nothing against <@400>.");
    let form = opens("Warn").await.form.expect("a form");
    let warned = sends(&bob, &form.custom_id, "spam").await;
    assert_eq!((warned.title.as_str(), field(&warned, "Reason").as_str()), ("Case #1", "spam"));
    let record = opens("Moderation record").await;
    assert_eq!(record.body, "<@400> has **1** active warnings.");
    let elsewhere = bob.does("Warn", &[], &[]).await;
    assert!(elsewhere.body.contains("from the menu of a member"), "{}", elsewhere.body);
    // A restart forgets what a form was about; nobody is warned for nothing.
    let form = opens("Warn").await.form.expect("a form");
    let again = House { edge: Arc::new(fresh_edge(&house)), ..house };
    let bob = super::bob(&again);
    let late = sends(&bob, &form.custom_id, "spam").await;
    assert!(late.body.contains("expired"), "{}", late.body);
    assert_eq!(decided(&again).await, ["member_warned"]);
    runtime.shutdown().await;
}

fn fresh_edge(house: &House) -> Edge {
    let us = UserId::new(US).unwrap();
    Edge::new(house.node.actions.clone(), us, CAPABILITIES, Health::default(), true)
}
