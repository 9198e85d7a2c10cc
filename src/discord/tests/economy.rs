//! The economy's commands, as members use them.

use super::*;

// proves: ECO-04, ECO-06
#[tokio::test(flavor = "multi_thread")]
async fn given_a_transfer_then_both_read_it_at_once_and_a_repetition_moves_nothing() {
    let house = House::new().await;
    house.grant(ANN, 100).await;
    let (ann, ben) = (house.member(ANN), house.member(BEN));
    let id = house.id();
    let options = [user(BEN), amount(30), said("reason", "for *you*")];
    let sent = ann.uses_as(id, "/bytes send", &options).await;
    assert_eq!(sent.body, "<@101> sent <@102> **30 bytes**.");
    assert_eq!(sent.fields, [("Reason".to_owned(), "for \\*you\\*".to_owned())]);
    assert!(!sent.private);
    assert_eq!((house.balance(ANN).await, house.balance(BEN).await), (70, 30));
    let read = ben.uses("/bytes read", &[]).await;
    assert_eq!(read.body, "<@102> has **30 bytes**.");
    assert_eq!(read.fields[0], ("Received".to_owned(), "30".to_owned()));
    house.advance(5);
    let again = ann.uses_as(id, "/bytes send", &options).await;
    assert!(again.body.contains("already"), "{}", again.body);
    assert_eq!(house.balance(ANN).await, 70);
}

// proves: ECO-04, ECO-05
#[tokio::test(flavor = "multi_thread")]
async fn given_what_a_rule_forbids_then_its_words_are_told_to_the_member_alone() {
    let house = House::new().await;
    house.grant(ANN, 5_000).await;
    let ann = house.member(ANN);
    for (options, says) in [
        (vec![user(ANN), amount(5)], "yourself"),
        (vec![user(BEN), amount(2_000)], "1,000"),
        (vec![user(BEN), amount(0)], "`amount` must be from 1"),
        (vec![user(BEN)], "`amount` is missing"),
        (vec![amount(5)], "`user` is missing"),
        (vec![user(BEN), amount(5), said("reason", &"x".repeat(4_096))], "300 characters"),
    ] {
        let refused = ann.uses("/bytes send", &options).await;
        assert!(refused.private && refused.body.contains(says), "{says}: {}", refused.body);
    }
    assert_eq!(house.balance(ANN).await, 5_000);
    let german = house.member(ANN).german().uses("/bytes send", &[user(BEN)]).await;
    assert!(german.body.contains("`betrag` fehlt"), "{}", german.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_bot_then_it_is_sent_nothing() {
    let house = House::new().await;
    house.grant(ANN, 100).await;
    let ann = house.member(ANN);
    let mut data = Member::command("/bytes send", &[user(US), amount(5)]);
    data["resolved"] = json!({ "users": { "999": { "id": "999", "bot": true } } });
    let refused = ann.reply(ann.asked(house.id(), 2, &data)).await;
    assert_eq!(refused.body, "Bots have no account.");
    assert_eq!(house.balance(ANN).await, 100);
}

// proves: ECO-02, ECO-03
#[tokio::test(flavor = "multi_thread")]
async fn given_a_community_that_pays_on_request_then_daily_pays_once_a_day() {
    let house = House::new().await;
    let ann = house.member(ANN);
    let automatic = ann.uses("/bytes daily", &[]).await;
    assert!(automatic.body.contains("first message"), "{}", automatic.body);
    let set = [said("setting", "economy.daily"), said("value", "command")];
    let set = house.admin().uses("/settings set", &set).await;
    assert!(set.body.contains("is now `command`"), "{}", set.body);
    house.advance(3);
    let paid = ann.uses("/bytes daily", &[]).await;
    assert_eq!(
        (paid.body.as_str(), paid.footer.as_str()),
        ("Here are your **10 bytes** for today.", "Days in a row: 1")
    );
    house.advance(11);
    let again = ann.uses("/bytes daily", &[]).await;
    assert!(again.private && again.body.contains("paid"), "{}", again.body);
    assert_eq!(house.balance(ANN).await, 10);
}

// proves: ECO-01
#[tokio::test(flavor = "multi_thread")]
async fn given_another_currency_then_every_text_calls_it_so() {
    let house = House::new().await;
    house.grant(ANN, 100).await;
    let set = [said("setting", "economy.currency"), said("value", "*coins*")];
    house.admin().uses("/settings set", &set).await;
    house.advance(3);
    let ann = house.member(ANN);
    let sent = ann.uses("/bytes send", &[user(BEN), amount(5)]).await;
    assert!(sent.body.ends_with("**5 \\*coins\\***."), "{}", sent.body);
    assert!(ann.uses("/bytes read", &[]).await.body.contains("\\*coins\\*"));
}

// proves: ECO-08, ECO-11, ECO-12
#[tokio::test(flavor = "multi_thread")]
async fn given_movements_then_boards_and_history_show_them_and_pages_turn() {
    let house = House::new().await;
    for (member, bytes) in [(ANN, 50), (BEN, 80), (103, 50)] {
        house.grant(member, bytes).await;
    }
    for _ in 0..15 {
        house.grant(ANN, 1).await;
    }
    let runtime = house.node.start_projections().await.unwrap();
    let ann = house.member(ANN);
    let full = |reply: &Reply| reply.body.lines().count() == 3;
    let board = loop {
        house.advance(6);
        let board = house.member(500).uses("/bytes heap", &[]).await;
        if full(&board) && board.body.contains("— 65") {
            break board;
        }
        a_moment().await;
    };
    let expected = "1. <@102> — 80\n2. <@101> — 65\n3. <@103> — 50";
    assert_eq!(board.body, expected);
    house.advance(6);
    let limit = ("limit", 4, json!(1));
    let first = ann.uses("/bytes heap", std::slice::from_ref(&limit)).await;
    assert_eq!(first.body, "1. <@102> — 80");
    house.advance(6);
    let refused = ann.uses("/bytes heap", &[("limit", 4, json!(26))]).await;
    assert!(refused.body.contains("from 1 to 25"), "{}", refused.body);
    house.advance(6);
    let week = ann.uses("/bytes heap", &[("weeks_ago", 4, json!(0))]).await;
    assert!(week.body.starts_with("1. <@102> — 80"), "{}", week.body);
    house.advance(6);
    let past = ann.uses("/bytes heap", &[("weeks_ago", 4, json!(5))]).await;
    assert_eq!(past.body, "Nobody gained any in that week.");

    house.advance(6);
    // Another read model than the board's, which may be behind it.
    let page = loop {
        house.advance(6);
        let page = ann.uses("/bytes history", &[]).await;
        if page.body.lines().count() == 1 + 10 {
            break page;
        }
        a_moment().await;
    };
    assert!(page.private);
    let older = &page.buttons[0];
    assert_eq!(older.label, "Older");
    let next = ann.presses(&older.custom_id).await;
    assert!(next.replaces);
    assert_eq!(next.body.lines().count(), 1 + 6);
    assert_eq!(next.buttons.len(), 1, "there is nothing older");
    let newest = ann.presses(&next.buttons[0].custom_id).await;
    assert_eq!(newest.body, page.body);
    let other = house.member(BEN).presses(&older.custom_id).await;
    assert!(other.body.contains("Only the person who asked"), "{}", other.body);

    house.advance(6);
    let refused = ann.uses("/bytes history", &[user(BEN)]).await;
    assert!(refused.body.contains("View Records"), "{}", refused.body);
    house.advance(6);
    let file = ann.uses("/bytes history", &[("file", 5, json!(true))]).await.file.unwrap();
    let csv = String::from_utf8(file.bytes).unwrap();
    assert_eq!(csv.lines().count(), 1 + 16);
    assert!(csv.lines().nth(1).unwrap().contains(",grant,,101,1,"), "{csv}");
    runtime.shutdown().await;
}

// proves: ECO-07
#[tokio::test(flavor = "multi_thread")]
async fn given_role_rewards_then_awards_orders_each_once() {
    let house = House::new().await;
    house.grant(ANN, 100).await;
    assert!(house.member(BEN).uses("/bytes awards", &[]).await.body.contains("no roles"));
    let set = [said("setting", "economy.role_rewards"), said("value", "30:77")];
    let set = house.admin().uses("/settings set", &set).await;
    assert!(set.body.contains("is now"), "{}", set.body);
    house.advance(11);
    house.member(ANN).uses("/bytes send", &[user(BEN), amount(40)]).await;
    for _ in 0..2 {
        house.advance(11);
        let awards = house.member(BEN).uses("/bytes awards", &[]).await;
        assert_eq!(awards.body, "<@102>\n<@&77> (30): earned, it is on its way");
    }
    house.advance(11);
    let none = house.member(ANN).uses("/bytes awards", &[]).await;
    assert!(none.body.ends_with("not yet"), "{}", none.body);
}
