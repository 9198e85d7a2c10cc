//! That there is always an answer, in time, and in words for people.

use super::{capabilities::ODD, *};

// proves: CMD-09
#[tokio::test(flavor = "multi_thread")]
async fn given_a_command_that_breaks_then_its_own_words_come_and_others_go_on() {
    let house = House::with(&[], ODD).await;
    let ann = house.member(ANN);
    for path in ["/odd boom", "/odd broken"] {
        let asked = ann.asked(house.id(), 2, &Member::command(path, &[]));
        let said = everything(&house, asked).await;
        // A machine under load may have taken so long that an answer was announced first.
        let reply = match &said[..] {
            [Noted::First(First::Reply(reply))] => reply,
            [Noted::First(First::Later { .. }), .., Noted::Then(reply) | Noted::Also(reply)] => {
                reply
            }
            said => panic!("{path}: {said:?}"),
        };
        assert!(reply.private && reply.body.contains("`E-"), "{path}: {}", reply.body);
        assert!(
            !reply.body.contains("secret") && !reply.body.contains("mistake"),
            "{}",
            reply.body
        );
    }
    let unknown = ann.uses("/bytes steal", &[]).await;
    assert!(unknown.body.contains("do not know this command"), "{}", unknown.body);
    assert!(unknown.body.contains("`E-"), "{}", unknown.body);
    assert_eq!(ann.uses("/odd fine", &[]).await.body, "fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_work_that_takes_long_then_it_is_announced_in_time_and_answered_later() {
    let house = House::with(&[], ODD).await;
    let ann = house.member(ANN);
    let slow = |refuse: bool| {
        let options = [("secs", 4, json!(2)), ("refuse", 5, json!(refuse))];
        ann.asked(house.id(), 2, &Member::command("/odd slow", &options))
    };
    let began = std::time::Instant::now();
    let said = everything(&house, slow(false)).await;
    assert!(began.elapsed() >= Duration::from_secs(2));
    let [Noted::First(First::Later { private: false }), Noted::Then(reply)] = &said[..] else {
        panic!("{said:?}")
    };
    assert_eq!(reply.body, "at last");
    // A refusal is for the member alone, whatever was announced.
    let said = everything(&house, slow(true)).await;
    let [Noted::First(First::Later { private: false }), Noted::TakenBack, Noted::Also(reply)] =
        &said[..]
    else {
        panic!("{said:?}")
    };
    assert!(reply.private);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_interaction_that_waited_on_the_way_then_it_is_announced_sooner() {
    let house = House::with(&[], ODD).await;
    let ann = house.member(ANN);
    let options = [("secs", 4, json!(1))];
    let asked = ann.asked(house.id(), 2, &Member::command("/odd slow", &options));
    house.advance(2);
    let said = everything(&house, asked).await;
    assert!(matches!(said[0], Noted::First(First::Later { .. })), "{said:?}");
}

// proves: CMD-08
#[tokio::test(flavor = "multi_thread")]
async fn given_a_cooldown_then_the_second_call_hears_how_long_and_nobody_else_is_affected() {
    let house = House::new().await;
    let (ann, ben) = (house.member(ANN), house.member(BEN));
    assert!(!ann.uses("/bytes read", &[]).await.private);
    let soon = ann.uses("/bytes read", &[]).await;
    assert!(soon.private && soon.body.contains("again in 2"), "{}", soon.body);
    assert!(!ben.uses("/bytes read", &[]).await.private, "another member");
    assert!(!ann.uses("/bytes awards", &[]).await.private, "another command");
    house.advance(3);
    assert!(!ann.uses("/bytes read", &[]).await.private);
}

// proves: GRD-01, GRD-15, CMD-12
#[tokio::test(flavor = "multi_thread")]
async fn given_what_somebody_may_not_use_then_it_is_refused_and_not_in_their_help() {
    let house = House::new().await;
    let (ann, admin) = (house.member(ANN), house.admin());
    for found in crate::discord::command::all(CAPABILITIES) {
        let path = found.group.path(found.route);
        let spec = found.route.spec;
        let given = found.route.options.iter().filter(|opt| opt.required).map(|opt| {
            let value = match opt.kind.number() {
                6 => json!(BEN.to_string()),
                4 => json!(1),
                5 => json!(true),
                7 | 8 => json!("20"),
                _ => json!("economy"),
            };
            (opt.name, opt.kind.number(), value)
        });
        let given: Vec<_> = given.collect();
        house.advance(20);
        let reply = ann.uses(&path, &given).await;
        let barred = spec.permission.is_some() || spec.operators_only;
        let says = reply.body.contains("permission \"") || reply.body.contains("Only an operator");
        assert_eq!(says, barred, "{path}: {}", reply.body);
    }
    house.advance(20);
    let mine = ann.uses("/help", &[]).await.body;
    let theirs = admin.uses("/help", &[]).await.body;
    assert!(mine.contains("/bytes send") && !mine.contains("/settings"), "{mine}");
    assert!(theirs.contains("/settings set") && !theirs.contains("/maintenance"), "{theirs}");
    house.advance(20);
    let hidden = ann.uses("/help", &[said("command", "settings set")]).await;
    assert!(hidden.body.contains("no such command"), "{}", hidden.body);
    let more = admin.uses("/help", &[said("command", "/settings set")]).await;
    assert!(more.body.contains("/settings set setting:economy.daily_amount"), "{}", more.body);
    assert!(ann.types("/help", "command", "send").await.contains(&"bytes send".to_owned()));
    assert!(ann.types("/help", "command", "maintenance").await.is_empty());
    let full = usize::from(theirs.encode_utf16().count() <= crate::discord::reply::MAX_BODY);
    assert_eq!(full, 1, "the help of an administrator fits one answer");
}

// proves: CMD-07
#[tokio::test(flavor = "multi_thread")]
async fn given_a_module_that_is_off_then_its_commands_say_who_can_switch_it_on() {
    let house = House::new().await;
    let (ann, admin) = (house.member(ANN), house.admin());
    let off = admin.uses("/modules off", &[said("module", "economy")]).await;
    assert_eq!(off.body, "**Economy** is off.");
    house.advance(5);
    let refused = ann.uses("/bytes read", &[]).await;
    assert!(refused.body.contains("switched off in this community"), "{}", refused.body);
    assert!(!ann.uses("/help", &[]).await.body.contains("/bytes"));
    assert!(ann.uses("/about", &[]).await.title.starts_with("Reeve"));
    admin.uses("/modules on", &[said("module", "economy")]).await;
    house.advance(5);
    assert!(!ann.uses("/bytes read", &[]).await.private);
    let unknown = admin.uses("/modules on", &[said("module", "nonsense")]).await;
    assert!(unknown.body.contains("economy"), "{}", unknown.body);
}

// proves: GRD-12, GRD-14
#[tokio::test(flavor = "multi_thread")]
async fn given_maintenance_then_only_operators_are_let_in() {
    let house = House::with(&[("REEVE_OPERATORS", "300")], CAPABILITIES).await;
    let (ann, operator) = (house.member(ANN), house.member(300));
    let owner = house.member(OWNER);
    let refused = owner.uses("/maintenance on", &[]).await;
    assert!(refused.body.contains("Only an operator"), "{}", refused.body);
    let on = operator.uses("/maintenance on", &[said("notice", "Back at ten.")]).await;
    assert!(on.body.contains("Back at ten"), "{}", on.body);
    house.advance(5);
    assert_eq!(ann.uses("/bytes read", &[]).await.body, "Back at ten.");
    assert!(!operator.uses("/bytes read", &[]).await.private);
    operator.uses("/maintenance off", &[]).await;
    house.advance(5);
    assert!(!ann.uses("/bytes read", &[]).await.private);
}

// proves: GRD-13
#[tokio::test(flavor = "multi_thread")]
async fn given_a_flood_of_one_member_then_they_are_slowed_down_and_others_are_not() {
    let house = House::with(&[], ODD).await;
    let ann = house.member(ANN);
    let mut refused = 0;
    for _ in 0..40 {
        let reply = ann.uses("/odd fine", &[]).await;
        refused += u32::from(reply.body.contains("too quickly"));
    }
    assert_eq!(refused, 40 - 12);
    assert_eq!(house.member(BEN).uses("/odd fine", &[]).await.body, "fine");
}

// proves: OPS-09
#[tokio::test(flavor = "multi_thread")]
async fn given_a_command_that_is_told_again_after_a_crash_then_what_was_said_stays_true() {
    let house = House::new().await;
    house.grant(ANN, 100).await;
    let ann = house.member(ANN);
    let id = house.id();
    let sends = || {
        let options = [user(BEN), amount(30)];
        Asked { again: true, ..ann.asked(id, 2, &Member::command("/bytes send", &options)) }
    };
    // The process before refused it, because of the flood or of something that has changed since.
    let said = everything_after(&house, sends(), Before::Answered).await;
    assert!(matches!(said[..], [Noted::First(First::Later { .. })]), "{said:?}");
    assert_eq!((house.balance(ANN).await, house.balance(BEN).await), (100, 0));
    // It did nothing yet, or announced an answer: that comes, once, however often it is told.
    let said = everything_after(&house, sends(), Before::Nothing).await;
    let [Noted::First(First::Later { private: false }), Noted::Then(reply)] = &said[..] else {
        panic!("{said:?}")
    };
    assert!(reply.body.contains("30 bytes"), "{}", reply.body);
    let said = everything_after(&house, sends(), Before::Announced).await;
    let [.., Noted::TakenBack, Noted::Also(reply)] = &said[..] else { panic!("{said:?}") };
    assert!(reply.body.contains("was sent already"), "{}", reply.body);
    assert_eq!((house.balance(ANN).await, house.balance(BEN).await), (70, 30));
    // Whoever was let through before the crash is no flood after it, and has not to wait.
    for _ in 0..40 {
        let asked = ann.asked(house.id(), 2, &Member::command("/bytes read", &[]));
        let said = everything(&house, Asked { again: true, ..asked }).await;
        let [Noted::First(_), Noted::Then(reply)] = &said[..] else { panic!("{said:?}") };
        assert!(!reply.private, "{}", reply.body);
    }
    assert!(!ann.uses("/bytes read", &[]).await.body.contains("too quickly"));
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_interaction_that_comes_twice_or_too_late_then_it_is_not_taken() {
    let house = House::new().await;
    let id = house.id();
    assert!(house.edge.is_first(id) && !house.edge.is_first(id));
    house.advance(4);
    assert!(house.edge.age_millis(id) > respond::PATIENCE_MILLIS);
    // A clock of ours that is ahead makes nobody late.
    house.edge.clock_is_ahead(4_000);
    assert!(house.edge.age_millis(id) < respond::PATIENCE_MILLIS);
    assert_eq!(everyone().top_rank, 0);
}
