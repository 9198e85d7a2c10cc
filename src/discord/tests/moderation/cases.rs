//! Cases: looked at, changed, appealed against, and found again.

use super::*;

// proves: MOD-06, MOD-07, MOD-09
#[tokio::test(flavor = "multi_thread")]
async fn given_a_case_then_moderators_read_and_change_it_and_nothing_is_lost() {
    let house = moderated().await;
    let runtime = house.node.start_projections().await.unwrap();
    let bob = bob(&house);
    let told = [(TOM, MEMBER)];
    bob.does("/warn", &[user(TOM), said("reason", "spam")], &told).await;
    bob.does("/warn", &[user(ANN), said("reason", "insults")], &[(ANN, MEMBER)]).await;
    let view = bob.until("/case view", &[case(1)], |reply| reply.title == "Case #1: Warning").await;
    assert!(view.private);
    assert_eq!((field(&view, "Member"), field(&view, "By")), ("<@400>".into(), "<@301>".into()));
    assert_eq!((field(&view, "Stands"), field(&view, "Reason")), ("counts".into(), "spam".into()));

    let zoe = zoe(&house);
    for (path, options, says) in [
        ("/case reason", vec![case(1), said("text", "scam links")], "Case #1 has a new reason."),
        ("/case note", vec![case(1), said("text", "spoke with him")], "Case #1 has a new note."),
        ("/case evidence", vec![case(1), said("text", "five times")], "Case #1 has new evidence."),
        ("/case link", vec![case(1), ("other", 4, json!(2))], "#1 and #2 belong together now."),
        ("/case hide", vec![case(1)], "Case #1 is hidden now."),
        ("/case resolve", vec![case(1)], "Case #1 is resolved."),
    ] {
        let reply = zoe.until(path, &options, |reply| !reply.body.contains("in a moment")).await;
        assert_eq!(reply.body, says, "{path}");
    }
    let history =
        bob.until("/case history", &[case(1)], |reply| reply.body.contains("resolved")).await;
    let lines: Vec<_> = history.body.lines().collect();
    let expected = [
        "**Status** · <@302> · resolved",
        "**Hidden** · <@302>",
        "**Linked** · <@302> · #2",
        "**Evidence** · <@302>: five times",
        "**Note** · <@302>: spoke with him",
        "**New reason** · <@302>: scam links",
        "**Opened** · <@301>: spam",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.ends_with(expected), "{line} is not {expected}");
    }
    let view = bob.does("/case view", &[case(1)], &[]).await;
    assert_eq!(field(&view, "Reason"), "scam links");
    assert_eq!(field(&view, "Belongs to"), "#2");
    assert!(view.body.contains("hidden"), "{view:?}");
    assert!(view.footer.contains("Notes: 1. Evidence: 1."), "{}", view.footer);

    let cases = bob.does("/cases", &[], &[]).await;
    assert!(cases.body.starts_with("**#2** Warning · <@101> · <@301>"), "{}", cases.body);
    assert_eq!(cases.body.lines().count(), 1, "the hidden one is not listed");
    let all = bob.does("/cases", &[yes("hidden")], &[]).await;
    assert_eq!(all.body.lines().count(), 2, "{}", all.body);
    let shown = bob.does("/case unhide", &[case(1)], &[]).await;
    assert_eq!(shown.body, "Case #1 is shown again.");
    let open = bob.does("/case reopen", &[case(1)], &[]).await;
    assert_eq!(open.body, "Case #1 is open again.");
    let apart = [case(1), ("other", 4, json!(2))];
    let apart = bob.does("/case unlink", &apart, &[]).await;
    assert_eq!(apart.body, "#1 and #2 are separate now.");
    let none = |reply: &Reply| field(reply, "Belongs to").is_empty();
    bob.until("/case view", &[case(2)], none).await;
    for number in [0, 3, 4_000_000_000] {
        let reply = bob.does("/case view", &[case(number)], &[]).await;
        let says = if number == 0 { "must be from 1" } else { "no such case" };
        assert!(reply.private && reply.body.contains(says), "{number}: {}", reply.body);
    }
    runtime.shutdown().await;
}

// proves: MOD-09
#[tokio::test(flavor = "multi_thread")]
async fn given_many_cases_then_filters_and_pages_find_each_and_moderators_are_counted() {
    let house = moderated().await;
    let runtime = house.node.start_projections().await.unwrap();
    let (bob, zoe) = (bob(&house), zoe(&house));
    for target in 500..512 {
        bob.does("/warn", &[user(target)], &[(target, MEMBER)]).await;
    }
    zoe.does("/ban", &[user(512)], &[(512, None)]).await;
    zoe.does("/note", &[user(500), said("text", "a note")], &[(500, MEMBER)]).await;
    let full = |reply: &Reply| reply.body.starts_with("**#14**");
    let page = bob.until("/cases", &[], full).await;
    assert_eq!(page.body.lines().count(), 10);
    let older = bob.presses(&page.buttons[0].custom_id).await;
    assert!(older.replaces && older.body.starts_with("**#4**"), "{older:?}");
    assert_eq!(older.body.lines().count(), 4);
    let newest = bob.presses(&older.buttons[0].custom_id).await;
    assert_eq!(newest.body, page.body);
    let other = house.member(ANN).presses(&page.buttons[0].custom_id).await;
    assert!(other.body.contains("Only the person who asked"), "{}", other.body);

    let kind = |kind: &str| ("kind", 3, json!(kind));
    let moderator = |id: u64| ("moderator", 6, json!(id.to_string()));
    for (options, found) in [
        (vec![user(500)], vec!["#14", "#1"]),
        (vec![user(500), yes("active")], vec!["#1"]),
        (vec![user(777)], vec![]),
        (vec![kind("ban")], vec!["#13"]),
        (vec![moderator(ZOE)], vec!["#14", "#13"]),
        (vec![moderator(ZOE), kind("note")], vec!["#14"]),
        (vec![("status", 3, json!("pardoned"))], vec![]),
        (vec![yes("appeals")], vec![]),
    ] {
        house.advance(11);
        let reply = bob.does("/cases", &options, &[]).await;
        let numbers: Vec<_> =
            reply.body.lines().filter_map(|line| line.split("**").nth(1)).collect();
        assert_eq!(numbers, found, "{options:?}");
    }
    let alone = bob.does("/cases", &[("batch_of", 4, json!(13))], &[]).await;
    assert!(alone.body.contains("not ordered with others"), "{}", alone.body);

    let counted = |reply: &Reply| reply.body.lines().count() == 2;
    let activity = bob.until("/moderator", &[], counted).await;
    let lines: Vec<_> = activity.body.lines().collect();
    assert!(lines[0].starts_with("<@301>: **12** (Warning 12)"), "{lines:?}");
    assert!(lines[1].starts_with("<@302>: **2** (Ban 1, Note 1)"), "{lines:?}");
    let one = bob.does("/moderator", &[user(ZOE)], &[]).await;
    assert_eq!(one.body, lines[1]);
    for path in ["/cases", "/moderator"] {
        let refused = house.member(ANN).does(path, &[], &[]).await;
        assert!(refused.body.contains("View Records"), "{path}: {}", refused.body);
    }
    runtime.shutdown().await;
}

// proves: MOD-09, MOD-15
#[tokio::test(flavor = "multi_thread")]
async fn given_a_member_then_they_see_what_is_held_against_them_and_no_more() {
    let house = moderated().await;
    let runtime = house.node.start_projections().await.unwrap();
    let (bob, tom) = (bob(&house), house.member(TOM));
    let told = [(TOM, MEMBER)];
    assert_eq!(tom.does("/record", &[], &[]).await.body, "There is nothing against <@400>.");
    bob.does("/warn", &[user(TOM), said("reason", "spam")], &told).await;
    bob.does("/note", &[user(TOM), said("text", "watch him")], &told).await;
    bob.does("/warn", &[user(ANN)], &[(ANN, MEMBER)]).await;
    bob.until("/cases", &[], |reply| reply.body.starts_with("**#3**")).await;
    let record = tom.does("/record", &[], &[]).await;
    assert_eq!(record.body, "<@400> has **1** active warnings.");
    assert_eq!(field(&record, "In all"), "Warning: 1");
    let newest = field(&record, "Newest");
    assert!(newest.contains("#1") && newest.contains("the moderators"), "{newest}");
    let view = tom.does("/case view", &[case(1)], &[]).await;
    assert_eq!(field(&view, "Reason"), "spam");
    assert_eq!(field(&view, "By"), "the moderators");
    assert_eq!(view.footer, "");
    for (number, says) in [(2, "no such case"), (3, "no such case"), (9, "no such case")] {
        let reply = tom.does("/case view", &[case(number)], &[]).await;
        assert!(reply.body.contains(says), "{number}: {}", reply.body);
    }
    let record = bob.does("/record", &[user(TOM)], &[]).await;
    assert_eq!(field(&record, "In all"), "Note: 1\nWarning: 1");
    let other = tom.does("/record", &[user(ANN)], &[]).await;
    assert!(other.body.contains("View Records"), "{}", other.body);
    let off = [said("setting", "moderation.members_see_record"), said("value", "off")];
    let off = house.admin().uses("/settings set", &off).await;
    assert!(off.body.contains("is now"), "{}", off.body);
    house.advance(3);
    for path in ["/record", "/case view"] {
        let options = if path == "/record" { vec![] } else { vec![case(1)] };
        let reply = tom.does(path, &options, &[]).await;
        assert!(reply.body.contains("does not show members"), "{path}: {}", reply.body);
    }
    runtime.shutdown().await;
}

// proves: MOD-15
#[tokio::test(flavor = "multi_thread")]
async fn given_an_appeal_then_it_is_answered_once_and_accepting_it_pardons() {
    let house = moderated().await;
    let runtime = house.node.start_projections().await.unwrap();
    let (bob, zoe, tom) = (bob(&house), zoe(&house), house.member(TOM));
    for reason in ["spam", "more spam"] {
        bob.does("/warn", &[user(TOM), said("reason", reason)], &[(TOM, MEMBER)]).await;
    }
    bob.until("/cases", &[], |reply| reply.body.starts_with("**#2**")).await;
    // Members wait a while between two appeals.
    let appeals = async |who: &Member<'_>, number, text: &str| {
        house.advance(31);
        who.does("/appeal", &[case(number), said("text", text)], &[]).await
    };
    let appealed = appeals(&tom, 1, "that was my brother").await;
    assert!(appealed.body.contains("against case #1 is with the moderators"), "{appealed:?}");
    let again = appeals(&tom, 1, "really").await;
    assert!(again.body.contains("Wait for the answer"), "{}", again.body);
    let other = appeals(&house.member(ANN), 1, "he is nice").await;
    assert_eq!(other.body, "There is no such case here.", "somebody else's is none for them");
    let open = |reply: &Reply| reply.body.contains("**#1**");
    let list = bob.until("/cases", &[yes("appeals")], open).await;
    assert_eq!(list.body.lines().count(), 1, "{}", list.body);

    let answer = |number, accept: bool| [case(number), ("accept", 5, json!(accept))];
    let none = zoe.does("/case answer", &answer(2, true), &[]).await;
    assert_eq!(none.body, "There is no open appeal here.");
    let accepted = zoe.does("/case answer", &answer(1, true), &[]).await;
    assert_eq!(accepted.body, "Case #1 no longer counts.");
    let twice = zoe.does("/case answer", &answer(1, true), &[]).await;
    assert_eq!(twice.body, "There is no open appeal here.");
    let pardoned = |reply: &Reply| field(reply, "Stands") == "pardoned";
    let view = bob.until("/case view", &[case(1)], pardoned).await;
    assert_eq!(field(&view, "Appeal"), "accepted");
    assert!(tom.does("/record", &[], &[]).await.body.contains("**1** active"));

    appeals(&tom, 2, "and this one?").await;
    let refused = zoe.does("/case answer", &answer(2, false), &[]).await;
    assert_eq!(refused.body, "The appeal against case #2 is refused.");
    assert!(tom.does("/record", &[], &[]).await.body.contains("**1** active"));
    let off = [said("setting", "moderation.appeals"), said("value", "off")];
    house.admin().uses("/settings set", &off).await;
    let closed = appeals(&tom, 2, "again").await;
    assert!(closed.body.contains("takes no appeals"), "{}", closed.body);
    runtime.shutdown().await;
}

// proves: MOD-07
#[tokio::test(flavor = "multi_thread")]
async fn given_a_pardon_then_the_warning_no_longer_counts_and_the_ladder_gives_its_step_back() {
    let house = moderated().await;
    let runtime = house.node.start_projections().await.unwrap();
    let bob = bob(&house);
    let told = [(TOM, MEMBER)];
    for _ in 0..3 {
        bob.does("/warn", &[user(TOM)], &told).await;
    }
    bob.until("/cases", &[], |reply| reply.body.starts_with("**#4**")).await;
    let early = [case(4), said("length", "2h")];
    let early = bob.does("/case duration", &early, &[]).await;
    assert!(early.body.contains("no longer in force"), "{}", early.body);
    let pardoned = bob.does("/case pardon", &[case(3), said("reason", "mistaken")], &[]).await;
    assert_eq!(pardoned.body, "Case #3 no longer counts.");
    assert!(bob.does("/record", &[user(TOM)], &[]).await.body.contains("**2** active"));
    let own = house.member(TOM);
    let own = Member { permissions: MODERATES, ..own }.does("/case pardon", &[case(1)], &[]).await;
    assert_eq!(own.body, "You cannot do that to yourself.");
    let refused = house.member(ANN).does("/case pardon", &[case(1)], &[]).await;
    assert!(refused.body.contains("\"Moderate\""), "{}", refused.body);
    runtime.shutdown().await;
}
