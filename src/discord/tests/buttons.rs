//! Buttons: bound to a person, for a time, once; and what strangers' buttons hear.

use std::sync::atomic::Ordering;

use super::{
    capabilities::{DONE, ODD},
    *,
};

// proves: CMD-05, CMD-06
#[tokio::test(flavor = "multi_thread")]
async fn given_a_question_then_it_is_done_once_by_the_one_who_asked_and_in_time() {
    let house = House::with(&[], ODD).await;
    let (ann, ben) = (house.member(ANN), house.member(BEN));
    let asks = || async {
        let question = ann.uses("/odd sure", &[]).await;
        assert!(question.body.contains("Really everything?"));
        let [yes, no] = &question.buttons[..] else { panic!("{question:?}") };
        (yes.custom_id.clone(), no.custom_id.clone())
    };
    let done = || DONE.load(Ordering::SeqCst);
    let before = done();

    let (yes, _) = asks().await;
    let other = ben.presses(&yes).await;
    assert!(
        other.private && !other.replaces && other.body.contains("Only the person"),
        "{other:?}"
    );
    // A double click, as quick as can be.
    let (one, two) = tokio::join!(ann.presses(&yes), ann.presses(&yes));
    let did = [&one, &two].iter().filter(|reply| reply.body == "did everything").count();
    assert_eq!((did, done() - before), (1, 1), "{one:?} {two:?}");
    assert!(one.replaces || two.replaces, "the buttons vanish");

    let (yes, no) = asks().await;
    house.advance(20);
    assert!(ann.presses(&no).await.body.contains("Nothing was changed"));
    assert!(ann.presses(&yes).await.body.contains("answered already"));

    let (yes, no) = asks().await;
    house.advance(61);
    assert!(ann.presses(&yes).await.body.contains("expired"));
    assert!(ann.presses(&no).await.body.contains("expired"));
    assert_eq!(done() - before, 1);
}

// proves: CMD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_buttons_that_are_not_ours_then_the_answer_is_polite_and_nothing_happens() {
    let house = House::with(&[], ODD).await;
    let ann = house.member(ANN);
    let question = ann.uses("/odd sure", &[]).await;
    let mut forged = question.buttons[0].custom_id.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    let gone = house.edge.signer.seal(House::guild(), "gone", "away", "1").unwrap();
    let long = "x".repeat(100);
    for custom_id in [forged.as_str(), gone.as_str(), "", "1.odd.sure:x:y", long.as_str()] {
        let reply = ann.presses(custom_id).await;
        assert!(reply.private && reply.body.contains("no longer works"), "{custom_id}: {reply:?}");
    }
    // Another process with the same keys reads it: a restart.
    let again = Edge::new(
        house.node.actions.clone(),
        UserId::new(US).unwrap(),
        ODD,
        Health::default(),
        false,
    );
    let opened = again.signer.open(House::guild(), &question.buttons[0].custom_id).unwrap();
    assert_eq!((opened.capability.as_str(), opened.verb.as_str()), ("odd", "sure"));
}

// proves: CMD-05, CMD-06
#[tokio::test(flavor = "multi_thread")]
async fn given_settings_that_were_changed_then_a_reset_shows_what_it_means_and_asks() {
    let house = House::new().await;
    let admin = house.admin();
    let change = [said("setting", "economy.daily_amount"), said("value", "25")];
    let changed = admin.uses("/settings set", &change).await;
    assert_eq!(changed.body, "**Daily amount** is now `25`. It was `10`.");
    house.advance(3);
    let all = [said("setting", "economy")];
    let question = admin.uses("/settings reset", &all).await;
    assert!(
        question.body.contains("economy.daily_amount") && question.body.contains("25"),
        "{question:?}"
    );
    let read = || async {
        house.advance(3);
        admin.uses("/settings view", &[said("of", "economy")]).await.body
    };
    assert!(read().await.contains("`25`"), "asking changes nothing");
    let done = admin.presses(&question.buttons[0].custom_id).await;
    assert_eq!(done.body, "**Daily amount** is now `10`. It was `25`.");
    assert!(!read().await.contains("`25`"));
    let nothing = admin.uses("/settings reset", &all).await;
    assert!(nothing.buttons.is_empty() && nothing.body.contains("so already"), "{nothing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_settings_then_bad_input_says_what_to_do_and_typing_suggests() {
    let house = House::new().await;
    let admin = house.admin();
    for (setting, value, says) in [
        ("economy.daily_amount", "-1", "daily_amount: use 0 to 1,000,000"),
        ("economy.daily_amount", "lots", "daily_amount: use 0 to 1,000,000"),
        ("economy.nonsense", "1", "no"),
        ("nonsense", "1", "`nonsense`"),
        ("access.admin_roles", "20", "Manage Access"),
    ] {
        house.advance(2);
        let set = [said("setting", setting), said("value", value)];
        let reply = admin.uses("/settings set", &set).await;
        assert!(reply.private && reply.body.contains(says), "{setting}: {}", reply.body);
    }
    let fields = admin.types("/settings set", "setting", "daily").await;
    assert!(fields.contains(&"economy.daily_amount".to_owned()), "{fields:?}");
    assert!(house.member(ANN).types("/settings set", "setting", "daily").await.is_empty());
    assert!(admin.types("/settings view", "of", "").await.contains(&"economy".to_owned()));
}
