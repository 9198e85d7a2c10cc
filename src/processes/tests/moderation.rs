//! Punishments, from the order to Discord and back, and their time.

use std::{sync::Arc, time::Duration};

use domain::moderation::{Command, Deed};
use rand::RngExt as _;
use simulator::{
    faults::{Fault, Rule},
    world::audit,
};

use super::{
    court::Court,
    harness::{Failing, eventually},
};
use crate::processes::{Process, moderation::Moderation};

const ORDERED: &str = "moderation.deed_ordered";
const APPLIED: &str = "moderation.deed_applied";
const FAILED: &str = "moderation.deed_failed";
const ENDED: &str = "moderation.sanction_ended";

// proves: MOD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_a_ban_that_was_ordered_then_the_member_hears_it_first_and_it_is_in_force() {
    // However slow this machine is, a farewell is in time while no time passes.
    let court = Court::still().await;
    let running = court.start().await;
    let lene = court.member(0);
    let case = court.punish(Deed::Ban, &lene, None).await;
    court.becomes(APPLIED, 1).await;
    assert!(court.is_banned(&lene));
    let letters = court.letters(&lene);
    assert_eq!(letters.len(), 1, "{letters:?}");
    let name = court.sim.world.lock().guild(court.community.guild).unwrap().name.clone();
    assert!(letters[0].contains(&name), "{letters:?}");
    assert!(letters[0].contains("spam & \\*noise\\*") && letters[0].contains("#1"), "{letters:?}");
    assert!(letters[0].contains("appeal"), "{letters:?}");
    let reasons = court.reasons(audit::MEMBER_BAN_ADD, Some(&lene));
    assert!(reasons[0].contains(&format!("Case {case}: spam & *noise*")), "{reasons:?}");
    let listed = court.house.outbox.list(Some("done"), 10).await.unwrap();
    let ban = listed.iter().find(|effect| effect.kind == "ban").unwrap();
    assert!(reasons[0].contains(&ban.id), "{reasons:?}");
    running.shutdown().await;
}

// proves: MOD-02, MOD-03
#[tokio::test(flavor = "multi_thread")]
async fn given_every_punishment_then_lost_answers_do_not_do_it_twice() {
    let court = Court::running().await;
    let running = court.start().await;
    let faults = [
        Fault::LostAnswer,
        Fault::ServerError { status: 502, after: true },
        Fault::ServerError { status: 503, after: false },
    ];
    for (round, fault) in faults.into_iter().enumerate() {
        let [lene, pavel, aiko, bram] = [0, 1, 2, 3].map(|place| court.member(4 * round + place));
        for (on, deed, person, secs) in [
            ("bans", Deed::Ban, &lene, None),
            ("members", Deed::Kick, &pavel, None),
            ("members", Deed::Timeout, &aiko, Some(3_600)),
            ("bans", Deed::Softban, &bram, None),
            ("bans", Deed::Unban, &lene, None),
            ("members", Deed::EndTimeout, &aiko, None),
        ] {
            court.sim.faults.add(Rule::next(1, fault).on(on)).unwrap();
            let before = court.house.count(APPLIED).await;
            court.punish(deed, person, secs).await;
            court.becomes(APPLIED, before + 1).await;
            court.sim.faults.clear();
        }
        let done = |action, person| court.reasons(action, Some(person)).len();
        assert_eq!((court.bans(&lene), done(audit::MEMBER_BAN_REMOVE, &lene)), (1, 1), "{fault:?}");
        assert_eq!(done(audit::MEMBER_KICK, &pavel), 1, "{fault:?}");
        assert_eq!(done(audit::MEMBER_UPDATE, &aiko), 2, "set and ended: {fault:?}");
        assert_eq!(court.silenced_until(&aiko), None);
        assert_eq!((court.bans(&bram), done(audit::MEMBER_BAN_REMOVE, &bram)), (1, 1), "{fault:?}");
        assert!(!court.is_banned(&bram) && !bram.is_member());
        for person in [&lene, &pavel, &bram] {
            assert!(court.letters(person).len() <= 1, "{fault:?}");
        }
    }
    assert_eq!(court.house.count(FAILED).await, 0);
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_kill_between_the_two_calls_of_a_softban_then_the_second_is_made() {
    let court = Court::running().await;
    let lene = court.member(0);
    court.punish(Deed::Softban, &lene, None).await;
    // Ordered, and then left as somebody does who is killed after the first call.
    let process: Arc<dyn Process> = Arc::new(Moderation);
    let ordering = court.house.start(&process, None).await;
    court.house.caught_up().await;
    ordering.shutdown().await;
    let listed = court.house.outbox.list(None, 10).await.unwrap();
    let softban = listed.iter().find(|effect| effect.kind == "softban").unwrap();
    let reason = format!("killed (reeve moderation {})", softban.id);
    let by = simulator::By::because(court.bot(), reason);
    court.sim.world.lock().ban(court.community.guild, lene.user, 0, &by).unwrap();
    let killed = "UPDATE effects SET state = 'calling', tries = 1, first_call_at = created_at \
                  WHERE kind = 'softban'";
    court.house.db.execute(killed, &[]).await.unwrap();
    let running = court.start().await;
    court.becomes(APPLIED, 1).await;
    assert!(!court.is_banned(&lene));
    assert_eq!(court.bans(&lene), 1);
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_kick_of_unknown_outcome_then_whoever_came_back_is_not_kicked_again() {
    let court = Court::running().await;
    let lene = court.member(0);
    court.punish(Deed::Kick, &lene, None).await;
    let process: Arc<dyn Process> = Arc::new(Moderation);
    let ordering = court.house.start(&process, None).await;
    court.house.caught_up().await;
    ordering.shutdown().await;
    let listed = court.house.outbox.list(None, 10).await.unwrap();
    let kick = listed.iter().find(|effect| effect.kind == "kick").unwrap();
    let by = simulator::By::because(court.bot(), format!("(reeve moderation {})", kick.id));
    court.sim.world.lock().kick(court.community.guild, lene.user, &by).unwrap();
    lene.joins().unwrap();
    let killed = "UPDATE effects SET state = 'calling', tries = 1, first_call_at = created_at \
                  WHERE kind = 'kick'";
    court.house.db.execute(killed, &[]).await.unwrap();
    let running = court.start().await;
    court.becomes(APPLIED, 1).await;
    assert!(lene.is_member());
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_somebody_above_the_bot_or_gone_then_the_case_says_why_it_failed() {
    let court = Court::running().await;
    let running = court.start().await;
    let admin = court.sim.person(court.community.guild, court.community.members[0]);
    court.punish(Deed::Timeout, &admin, Some(600)).await;
    court.becomes(FAILED, 1).await;
    let lene = court.member(0);
    lene.leaves().unwrap();
    court.punish(Deed::Kick, &lene, None).await;
    court.becomes(FAILED, 2).await;
    let why = why_failed(&court).await;
    assert_eq!(why, ["not_allowed", "member_gone"]);
    assert_eq!(court.house.count(APPLIED).await, 0);
    // Who is not here can be banned.
    court.punish(Deed::Ban, &lene, None).await;
    court.becomes(APPLIED, 1).await;
    running.shutdown().await;
}

async fn why_failed(court: &Court) -> Vec<String> {
    let page = court.house.log.read_all(eventlog::Position(0), 1_000, eventlog::Slice::ALL).await;
    let failed = page.unwrap().events.into_iter().filter(|event| event.type_name == FAILED);
    failed
        .map(|event| {
            let json: serde_json::Value = serde_json::from_str(&event.payload).unwrap();
            let said = json.as_object().unwrap().values().next().unwrap();
            said["why"].as_str().or(json["why"].as_str()).unwrap().to_owned()
        })
        .collect()
}

// proves: MOD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_a_temporary_ban_then_it_ends_at_its_time_also_after_a_restart() {
    ends_at_its_time(&Court::running().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_temporary_ban_then_it_ends_at_its_time_also_on_postgres() {
    let Some(court) = Court::postgres().await else { return };
    ends_at_its_time(&court).await;
}

async fn ends_at_its_time(court: &Court) {
    let running = court.start().await;
    let lene = court.member(0);
    court.punish(Deed::Ban, &lene, Some(3_600)).await;
    court.becomes(APPLIED, 1).await;
    court.house.caught_up().await;
    running.shutdown().await;
    court.house.pass(3_000);
    let running = court.start().await;
    court.house.caught_up().await;
    assert!(court.is_banned(&lene), "not before its time");
    court.house.pass(601);
    court.becomes(ENDED, 1).await;
    assert!(!court.is_banned(&lene));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_lift_that_is_refused_then_it_is_asked_for_again_until_it_works() {
    let court = Court::running().await;
    let running = court.start().await;
    let lene = court.member(0);
    court.punish(Deed::Ban, &lene, Some(60)).await;
    court.becomes(APPLIED, 1).await;
    court.the_bot_may_not(simulator::Permissions::BAN_MEMBERS.0);
    court.house.pass(61);
    court.becomes("moderation.lift_failed", 1).await;
    court.house.caught_up().await;
    assert!(court.is_banned(&lene));
    court.the_bot_may_not(0);
    court.house.pass(120);
    court.becomes(ENDED, 1).await;
    assert!(!court.is_banned(&lene));
    assert_eq!(court.house.count("moderation.lift_ordered").await, 2);
    running.shutdown().await;
}

// proves: MOD-03, MOD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_a_ban_that_discord_refuses_then_the_member_hears_that_it_did_not_happen() {
    let court = Court::still().await;
    let running = court.start().await;
    let lene = court.member(0);
    court.the_bot_may_not(simulator::Permissions::BAN_MEMBERS.0);
    court.punish(Deed::Ban, &lene, None).await;
    court.becomes(FAILED, 1).await;
    eventually("the member is told twice", async || court.letters(&lene).len() > 1).await;
    let letters = court.letters(&lene);
    assert!(!court.is_banned(&lene) && letters.len() == 2, "{letters:?}");
    assert!(letters[0].contains("You are being banned"), "{letters:?}");
    assert!(letters[1].contains("You are still a member of"), "{letters:?}");
    running.shutdown().await;
}

// proves: MOD-02
#[tokio::test(flavor = "multi_thread")]
async fn given_a_timeout_of_forty_days_then_it_is_renewed_before_it_lapses_and_ends_in_time() {
    const DAY: u64 = 86_400;
    let court = Court::still().await;
    let running = court.start().await;
    let lene = court.member(0);
    let began = court.sim.clock.now_ms();
    court.punish(Deed::Timeout, &lene, Some(40 * 86_400)).await;
    court.becomes(APPLIED, 1).await;
    let first = court.silenced_until(&lene).unwrap() - began;
    assert!(first > 27 * DAY * 1_000 && first < 28 * DAY * 1_000, "{first}");
    court.house.caught_up().await;
    court.pass(27 * DAY);
    court.becomes("moderation.renewal_applied", 1).await;
    assert_eq!(court.silenced_until(&lene), Some(began + 40 * DAY * 1_000));
    court.house.caught_up().await;
    court.pass(13 * DAY + 1);
    court.becomes(ENDED, 1).await;
    assert_eq!(court.house.count("moderation.renewal_ordered").await, 1);
    running.shutdown().await;
}

// proves: MOD-10
#[tokio::test(flavor = "multi_thread")]
async fn given_a_minor_warning_then_the_member_is_told_and_it_decays_at_its_time() {
    let court = Court::running().await;
    let running = court.start().await;
    let lene = court.member(0);
    court.warn(&lene).await;
    eventually("the member is told", async || court.letters(&lene).len() == 1).await;
    assert!(court.letters(&lene)[0].contains("be kind"));
    court.house.caught_up().await;
    court.house.pass(30 * 86_400 + 1);
    court.becomes("moderation.warning_decayed", 1).await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_many_who_are_banned_at_once_then_one_call_and_each_has_an_outcome() {
    let court = Court::running().await;
    let running = court.start().await;
    let mut people: Vec<_> = (0..5).map(|place| court.member(place)).collect();
    people.push(court.sim.person(court.community.guild, court.community.members[0]));
    court.punish_many(Deed::Ban, &people).await;
    court.becomes(APPLIED, 5).await;
    court.becomes(FAILED, 1).await;
    assert_eq!(why_failed(&court).await, ["not_allowed"]);
    for person in &people[..5] {
        assert!(court.is_banned(person));
        assert!(court.letters(person).is_empty(), "not in a batch");
    }
    let listed = court.house.outbox.list(Some("done"), 50).await.unwrap();
    let kinds: Vec<_> = listed.iter().map(|effect| effect.kind.as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "bulk_ban").count(), 1, "{kinds:?}");
    assert!(!kinds.contains(&"ban"), "{kinds:?}");
    running.shutdown().await;
}

/// Discord wants the right to manage the community for bulk bans.
#[tokio::test(flavor = "multi_thread")]
async fn given_a_bulk_ban_that_the_bot_may_not_make_then_each_is_banned_singly() {
    let court = Court::running().await;
    court.the_bot_may_not(simulator::Permissions::MANAGE_GUILD.0);
    let running = court.start().await;
    let people: Vec<_> = (0..3).map(|place| court.member(place)).collect();
    court.punish_many(Deed::Ban, &people).await;
    court.becomes(APPLIED, 3).await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_somebody_who_takes_no_messages_then_they_are_banned_all_the_same() {
    let court = Court::running().await;
    let running = court.start().await;
    let lene = court.member(0);
    lene.takes_direct_messages(false).unwrap();
    court.punish(Deed::Ban, &lene, None).await;
    court.becomes(APPLIED, 1).await;
    assert!(court.is_banned(&lene) && court.letters(&lene).is_empty());
    let dead = "SELECT COUNT(*) FROM effects WHERE state = 'dead'";
    assert_eq!(court.house.rows(dead).await, 0, "that is nobody's trouble");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_lift_that_waits_while_a_newer_ban_is_made_by_hand_then_it_is_not_made() {
    use actions::moderation::upkeep::ByHand;
    let court = Court::running().await;
    let running = court.start().await;
    let (lene, astrid) = (court.member(0), court.sim.admin(court.community.guild).unwrap());
    court.punish(Deed::Ban, &lene, Some(60)).await;
    court.becomes(APPLIED, 1).await;
    court.house.caught_up().await;
    running.shutdown().await;
    // Its time is over while nothing reaches Discord, and a moderator bans anew by hand.
    court.house.pass(61);
    let process: Arc<dyn Process> = Arc::new(Moderation);
    let deaf = court.house.start(&process, None).await;
    eventually("the lift waits", async || {
        let lifts = "SELECT COUNT(*) FROM effects WHERE kind = 'unban' AND state = 'waiting'";
        court.house.rows(lifts).await == 1
    })
    .await;
    deaf.shutdown().await;
    for (deed, id) in [(Deed::Unban, 1_000), (Deed::Ban, 1_001)] {
        match deed {
            Deed::Unban => astrid.unbans(&lene).unwrap(),
            _ => astrid.bans(&lene, "for good this time").unwrap(),
        }
        let by_hand = ByHand {
            entry: domain::AuditLogId::new(id).unwrap(),
            deed,
            whom: lene.user.to_string().parse().unwrap(),
            who: Some(astrid.user.to_string().parse().unwrap()),
            reason: None,
            until: None,
            at: court.house.now(),
        };
        let seen = court.house.actions.observe_by_hand(court.guild(), &by_hand).await.unwrap();
        assert!(seen);
        let again = court.house.actions.observe_by_hand(court.guild(), &by_hand).await.unwrap();
        assert!(!again, "once for each entry");
    }
    let running = court.start().await;
    eventually("the lift is dropped", async || {
        court.house.rows("SELECT COUNT(*) FROM effects WHERE state = 'dropped'").await == 1
    })
    .await;
    assert!(court.is_banned(&lene));
    running.shutdown().await;
}

/// Every step fails now and then, Discord too, and whoever runs it is killed again and again.
#[tokio::test(flavor = "multi_thread")]
async fn given_failures_and_kills_then_everybody_is_punished_once() {
    let court = Court::running().await;
    let failing = || {
        let process: Arc<dyn Process> = Arc::new(Failing::new(Arc::new(Moderation), 0.05));
        vec![process]
    };
    court.sim.faults.add(Rule::by_chance(0.1, Fault::LostAnswer).on("guilds")).unwrap();
    let mut dice = rand::rng();
    let mut running = court.start_with(failing()).await;
    let people: Vec<_> = (0..20).map(|place| court.member(place)).collect();
    for (place, person) in people.iter().enumerate() {
        let deed = if place % 2 == 0 { Deed::Ban } else { Deed::Kick };
        court.punish(deed, person, None).await;
        if place % 5 == 4 {
            tokio::time::sleep(Duration::from_millis(dice.random_range(5..150))).await;
            drop(running);
            court.house.pass(1);
            running = court.start_with(failing()).await;
        }
    }
    court.sim.faults.clear();
    eventually("all is answered", async || {
        court.house.pass(2);
        court.house.count(APPLIED).await + court.house.count(FAILED).await >= 20
    })
    .await;
    running.shutdown().await;
    assert_eq!((court.house.count(ORDERED).await, court.house.count(APPLIED).await), (20, 20));
    for (place, person) in people.iter().enumerate() {
        let action = if place % 2 == 0 { audit::MEMBER_BAN_ADD } else { audit::MEMBER_KICK };
        assert_eq!(court.reasons(action, Some(person)).len(), 1);
        assert!(court.letters(person).len() <= 1);
    }
    assert_eq!(court.house.rows("SELECT COUNT(*) FROM process_blocked").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_process_that_begins_anew_then_nothing_is_done_twice_and_time_is_kept() {
    let court = Court::running().await;
    let running = court.start().await;
    let (lene, pavel) = (court.member(0), court.member(1));
    court.punish(Deed::Ban, &lene, Some(3_600)).await;
    court.punish(Deed::Kick, &pavel, None).await;
    court.becomes(APPLIED, 2).await;
    court.house.caught_up().await;
    running.shutdown().await;
    pavel.joins().unwrap();
    // As after a move to another installation: the log is there, and nothing else.
    for table in ["effects", "timers", "process_checkpoints"] {
        court.house.db.execute(&format!("DELETE FROM {table}"), &[]).await.unwrap();
    }
    let running = court.start().await;
    court.house.caught_up().await;
    assert_eq!(court.house.rows("SELECT COUNT(*) FROM effects").await, 0);
    assert!(pavel.is_member());
    court.house.pass(3_601);
    court.becomes(ENDED, 1).await;
    assert!(!court.is_banned(&lene));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_order_whose_moderator_is_none_any_more_then_it_ends_all_the_same() {
    let court = Court::running().await;
    let running = court.start().await;
    let lene = court.member(0);
    let case = court.punish(Deed::Timeout, &lene, Some(3_600)).await;
    court.becomes(APPLIED, 1).await;
    let person = court.number_of(&lene).await;
    let pardon = Command::Pardon {
        case,
        person,
        by: court.moderator().await,
        reason: None,
        at: court.house.now(),
    };
    // Whoever ordered it has nothing to do with how it ends.
    court.decide(&pardon).await;
    court.becomes(ENDED, 1).await;
    assert_eq!(court.silenced_until(&lene), None);
    running.shutdown().await;
}
