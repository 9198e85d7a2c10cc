//! Who may do what to whom: each refusal in words, without a case, and on record.

use super::*;

type Attempt = (&'static str, Vec<(&'static str, u8, Json)>);

fn attempts(target: u64) -> Vec<Attempt> {
    vec![
        ("/warn", vec![user(target)]),
        ("/timeout", vec![user(target), said("length", "1h")]),
        ("/untimeout", vec![user(target)]),
        ("/kick", vec![user(target)]),
        ("/ban", vec![user(target)]),
        ("/unban", vec![user(target)]),
        ("/softban", vec![user(target)]),
    ]
}

/// Every refusal that is kept: who, whom, what, and the rule.
async fn kept(house: &House) -> Vec<(u64, u64, String, String)> {
    let people = &house.node.people;
    let name = async |person| people.user(House::guild(), person).await.unwrap().unwrap().get();
    let mut kept = Vec::new();
    for event in written(house, "refusals").await {
        let domain::refusals::Event::ActionRefused { who, whom, what, rule, .. } =
            eventlog::decode(&event).unwrap()
        else {
            panic!("{event:?}")
        };
        kept.push((name(who).await, name(whom.unwrap()).await, what, rule));
    }
    kept
}

// proves: GRD-01, GRD-02, GRD-04, GRD-05, GRD-06
#[tokio::test(flavor = "multi_thread")]
async fn given_whom_one_may_not_touch_then_nothing_is_done_and_every_attempt_is_on_record() {
    let house = moderated().await;
    let bob = bob(&house);
    let nobody = house.member(ANN);
    let equal: Option<&[&str]> = Some(&["30"]);
    let above: Option<&[&str]> = Some(&["40"]);
    let mut expected = Vec::new();
    for (who, target, roles, rule, says) in [
        (&bob, BOB, equal, "guard.yourself", "to yourself"),
        (&bob, US, Some(["20"].as_slice()), "guard.bot_itself", "to itself"),
        (&bob, OWNER, MEMBER, "guard.owner", "the owner of this community"),
        (&bob, 410, equal, "guard.rank", "must be above theirs"),
        (&bob, 411, above, "guard.rank", "must be above theirs"),
        (&nobody, TOM, MEMBER, "guard.permission", "You need the permission"),
    ] {
        for (path, options) in attempts(target) {
            let reply = who.does(path, &options, &[(target, roles)]).await;
            assert!(reply.private && reply.body.contains(says), "{path} {rule}: {}", reply.body);
            let what = path.trim_start_matches('/').to_owned();
            expected.push((who.user, target, what, rule.to_owned()));
        }
    }
    assert_eq!(decided(&house).await, [""; 0], "no case, and nothing for Discord to do");
    assert_eq!(kept(&house).await, expected);
}

// proves: GRD-03, GRD-06
#[tokio::test(flavor = "multi_thread")]
async fn given_a_bot_that_lacks_a_permission_or_stands_too_low_then_the_answer_names_it() {
    let house = House::new().await;
    community(&house, 0);
    let bob = bob(&house);
    let rest = |path: &str| match path {
        "/timeout" | "/untimeout" => "\"Timeout Members\"",
        "/kick" => "\"Kick Members\"",
        _ => "\"Ban Members\"",
    };
    for (path, options) in attempts(TOM).into_iter().filter(|(path, _)| *path != "/warn") {
        let reply = bob.does(path, &options, &[(TOM, MEMBER)]).await;
        let says = format!("missing the permission {}", rest(path));
        assert!(reply.private && reply.body.contains(&says), "{path}: {}", reply.body);
    }
    community(&house, MODERATES);
    let owner = house.member(OWNER);
    let above = (412, Some(["40"].as_slice()));
    let reply = owner.does("/kick", &[user(412)], &[above]).await;
    assert!(reply.body.contains("Move its role up"), "{}", reply.body);
    assert_eq!(decided(&house).await, [""; 0]);
    let kept = kept(&house).await;
    assert_eq!(kept.len(), 7, "{kept:?}");
    assert!(kept[..6].iter().all(|(.., rule)| rule == "guard.bot_permission"), "{kept:?}");
    assert_eq!(kept[6].3, "guard.bot_rank");
    // The same without anything that Discord would have to do is possible.
    let warned = bob.does("/warn", &[user(TOM)], &[(TOM, MEMBER)]).await;
    assert_eq!(warned.title, "Case #1");
}

// proves: MOD-02, MOD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_somebody_who_is_not_here_or_an_administrator_then_only_what_can_be_is_done() {
    let house = moderated().await;
    let bob = bob(&house);
    for (path, options) in attempts(TOM) {
        let reply = bob.does(path, &options, &[(TOM, None)]).await;
        let possible = ["/warn", "/ban", "/unban"].contains(&path);
        assert_eq!(reply.title.starts_with("Case #"), possible, "{path}: {reply:?}");
        assert_eq!(reply.body.contains("no member of this community"), !possible, "{path}");
    }
    let administrator = (420, Some(["50"].as_slice()));
    let options = [user(420), said("length", "1h")];
    let reply = bob.does("/timeout", &options, &[administrator]).await;
    assert!(reply.body.contains("nobody time out an administrator"), "{}", reply.body);
    // Whoever Discord did not tell of is not acted on: their rank is not known.
    let reply = bob.does("/ban", &[user(421)], &[]).await;
    assert!(reply.body.contains("did not say who that is"), "{}", reply.body);
}

// proves: GRD-01
#[tokio::test(flavor = "multi_thread")]
async fn given_a_moderator_who_may_only_time_out_then_they_neither_kick_nor_ban() {
    let house = moderated().await;
    let helper = Member { permissions: 1 << 40, roles: &["30"], ..house.member(310) };
    for (path, options) in attempts(TOM) {
        let reply = helper.does(path, &options, &[(TOM, MEMBER)]).await;
        let (allowed, says) = match path {
            "/kick" => (false, "\"Kick\" for this: \"Kick Members\""),
            "/ban" | "/unban" | "/softban" => (false, "\"Ban\" for this: \"Ban Members\""),
            _ => (true, ""),
        };
        assert_eq!(reply.title.starts_with("Case #"), allowed, "{path}: {reply:?}");
        assert!(reply.body.contains(says), "{path}: {}", reply.body);
    }
}
