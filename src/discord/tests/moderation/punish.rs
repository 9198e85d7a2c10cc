//! What moderators do, and what they are told of it.

use domain::moderation::{By, Deed, Event};

use super::*;

const DAY: u32 = 86_400;

// proves: MOD-01, MOD-11
#[tokio::test(flavor = "multi_thread")]
async fn given_three_warnings_then_the_third_times_out_and_the_answer_says_so() {
    let house = moderated().await;
    let bob = bob(&house);
    let told = [(TOM, MEMBER)];
    let first = bob.does("/warn", &[user(TOM), said("reason", "spam, *again*")], &told).await;
    assert_eq!((first.title.as_str(), first.private), ("Case #1", true));
    assert_eq!(first.body, "<@400> was warned. Active warnings: **1**.");
    assert_eq!(field(&first, "Reason"), "spam, \\*again\\*");
    assert!(field(&first, "Counts until").starts_with("<t:"), "{first:?}");
    assert!(first.footer.contains("told in a private message"), "{}", first.footer);
    assert!(first.footer.contains("/case pardon case:1"), "{}", first.footer);

    let major = [user(TOM), said("severity", "major")];
    let second = bob.does("/warn", &major, &told).await;
    assert_eq!(field(&second, "Counts until"), "", "a major one does not decay by itself");
    let third = bob.does("/warn", &[user(TOM)], &told).await;
    let escalation = field(&third, "Escalation");
    assert!(escalation.starts_with("Active warning 3: timed out until <t:"), "{escalation}");
    assert!(escalation.ends_with("case #4."), "{escalation}");
    let warned = "member_warned";
    let expected = [warned, warned, warned, "ladder_step_taken", "deed_ordered"];
    assert_eq!(decided(&house).await[..5], expected);

    let german = Member { locale: "de", ..bob }.does("/warn", &[user(ANN)], &[(ANN, MEMBER)]).await;
    assert_eq!(german.body, "<@101> wurde verwarnt. Aktive Verwarnungen: **1**.");
}

// proves: MOD-01, CMD-11
#[tokio::test(flavor = "multi_thread")]
async fn given_the_same_request_twice_then_there_is_one_case() {
    let house = moderated().await;
    let bob = bob(&house);
    let (id, data) = bob.asks("/warn", &[user(TOM)], &[(TOM, MEMBER)]);
    let (one, two) =
        tokio::join!(bob.reply(bob.asked(id, 2, &data)), bob.reply(bob.asked(id, 2, &data)));
    assert_eq!((one.title.as_str(), two.title.as_str()), ("Case #1", "Case #1"));
    assert_eq!(decided(&house).await, ["member_warned"]);
}

// proves: MOD-02, MOD-03, MOD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_each_punishment_then_its_order_says_what_was_asked_for() {
    let house = moderated().await;
    let bob = bob(&house);
    let here = |id| (id, MEMBER);
    let day = |text| ("delete", 3, json!(text));
    for (path, options, told, says) in [
        (
            "/timeout",
            vec![user(401), said("length", "2h30m")],
            here(401),
            "<@401> is being timed out for 2 h 30 min.",
        ),
        ("/untimeout", vec![user(402)], here(402), "<@402> may speak again."),
        ("/kick", vec![user(403), said("reason", "bye")], here(403), "<@403> is being kicked."),
        ("/ban", vec![user(404), day("1d")], here(404), "<@404> is being banned for good."),
        (
            "/ban",
            vec![user(405), said("length", "2w")],
            (405, None),
            "<@405> is being banned for 14 d.",
        ),
        ("/unban", vec![user(406)], (406, None), "<@406> may come back."),
        (
            "/softban",
            vec![user(407)],
            here(407),
            "<@407> is being kicked, and their messages deleted.",
        ),
    ] {
        let reply = bob.does(path, &options, &[told]).await;
        assert_eq!(reply.body, says, "{path}: {reply:?}");
        assert!(reply.private && reply.title.starts_with("Case #"), "{path}: {reply:?}");
    }
    let mut ordered = Vec::new();
    for event in written(&house, Moderation::CAPABILITY).await {
        let Event::DeedOrdered { case, deed, until, delete_secs, at, .. } =
            eventlog::decode(&event).unwrap()
        else {
            continue;
        };
        ordered.push((case.0, deed, until.map(|until| until.secs_since(at)), delete_secs));
    }
    let expected = [
        (1, Deed::Timeout, Some(9_000), None),
        (2, Deed::EndTimeout, None, None),
        (3, Deed::Kick, None, None),
        (4, Deed::Ban, None, Some(DAY)),
        (5, Deed::Ban, Some(14 * i64::from(DAY)), None),
        (6, Deed::Unban, None, None),
        (7, Deed::Softban, None, Some(DAY)),
    ];
    assert_eq!(ordered, expected);
}

// proves: MOD-02
#[tokio::test(flavor = "multi_thread")]
async fn given_lengths_that_cannot_be_then_the_answer_says_what_can() {
    let house = moderated().await;
    let bob = bob(&house);
    for (length, says) in [
        ("soon", "Write it like `10m`"),
        ("5", "from 1 minute to 5 years"),
        ("0", "from 1 minute to 5 years"),
        ("300w", "from 1 minute to 5 years"),
    ] {
        let options = [user(TOM), said("length", length)];
        let reply = bob.does("/timeout", &options, &[(TOM, MEMBER)]).await;
        assert!(reply.private && reply.body.contains(says), "{length}: {}", reply.body);
    }
    let options = [user(TOM), said("delete", "8d")];
    let reply = bob.does("/ban", &options, &[(TOM, MEMBER)]).await;
    assert!(reply.body.contains("at most 7 days"), "{}", reply.body);
    assert_eq!(decided(&house).await, [""; 0]);
    assert_eq!(bob.types("/timeout", "length", "").await[..3], ["10m", "1h", "6h"]);
    assert_eq!(bob.types("/timeout", "length", "3").await, ["3m", "3h", "3d", "3w"]);
    assert_eq!(bob.types("/timeout", "length", "1h30m").await, ["1h30m"]);
    assert_eq!(bob.types("/timeout", "length", "nonsense").await, [""; 0]);
}

// proves: MOD-01
#[tokio::test(flavor = "multi_thread")]
async fn given_somebody_who_acts_for_a_moderator_then_both_are_on_record() {
    let house = moderated().await;
    let bob = bob(&house);
    let acting = |whom: u64| ("acting_for", 6, json!(whom.to_string()));
    let moderator: Told<'_> = (ZOE, Some(&["30"]));
    let warned = bob.does("/warn", &[user(TOM), acting(ZOE)], &[(TOM, MEMBER), moderator]).await;
    assert_eq!(warned.title, "Case #1");
    let event = written(&house, Moderation::CAPABILITY).await.remove(0);
    let Event::MemberWarned { by: By::ActingFor { moderator, whom }, .. } =
        eventlog::decode(&event).unwrap()
    else {
        panic!("{event:?}")
    };
    let people = &house.node.people;
    let name = async |person| people.user(House::guild(), person).await.unwrap().unwrap().get();
    assert_eq!((name(moderator).await, name(whom).await), (BOB, ZOE));
    for (whom, told, says) in [
        (ANN, (ANN, MEMBER), "does not have the permission \"Moderate\""),
        (ZOE, (ZOE, None), "does not have the permission \"Moderate\""),
        (BOB, (BOB, Some(["30"].as_slice())), "not for yourself"),
    ] {
        let reply = bob.does("/warn", &[user(TOM), acting(whom)], &[(TOM, MEMBER), told]).await;
        assert!(reply.body.contains(says), "{whom}: {}", reply.body);
    }
    assert_eq!(decided(&house).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_note_then_it_is_a_case_that_counts_for_nothing() {
    let house = moderated().await;
    let bob = bob(&house);
    let note = [user(TOM), said("text", "second account?")];
    let noted = bob.does("/note", &note, &[(TOM, MEMBER)]).await;
    assert_eq!(noted.body, "Noted about <@400>, for moderators.");
    assert_eq!(noted.title, "Case #1");
    let warned = bob.does("/warn", &[user(TOM)], &[(TOM, MEMBER)]).await;
    assert_eq!(warned.title, "Case #2");
    assert!(warned.body.contains("**1**"), "{}", warned.body);
    let own = [user(BOB), said("text", "x")];
    let own = bob.does("/note", &own, &[(BOB, Some(&["30"]))]).await;
    assert_eq!(own.body, "You cannot do this to yourself.");
}
