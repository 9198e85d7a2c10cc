//! Moderation without a command of ours: what was ordered is done, and what was done by hand is
//! recorded.

use std::time::Duration;

use actions::{Caller, fresh_key};
use domain::{
    Actor, Cause, CorrelationId, Decider as _, Personal,
    moderation::{By, Command, Deed, Moderation, Punishment, Target},
};
use eventlog::{Request, StreamId};
use reeve::{Access, Node};
use serde_json::Value;
use simulator::{
    faults::{Fault, Rule},
    gateway::session::Order,
};

use super::town::{Someone, Town};
use crate::support::eventually;

/// What is in the log of these types, the oldest first.
fn events(town: &Town, type_name: &str) -> Vec<Value> {
    let listed = town.house.reeve(&["events", "--json", "--type", type_name]).ok().json();
    listed["events"].as_array().unwrap().clone()
}

fn becomes(town: &Town, type_name: &str, number: usize) -> Vec<Value> {
    let what = format!("{number} times {type_name}");
    eventually(&what, || {
        let events = events(town, type_name);
        (events.len() >= number).then_some(events)
    })
}

// proves: MOD-06
#[test]
fn given_moderators_who_act_by_hand_then_each_entry_is_one_case_also_after_a_hole() {
    const ENTRY: &str = "GUILD_AUDIT_LOG_ENTRY_CREATE";
    let town = Town::new();
    let (owner, lene, pavel) = (town.owner(), town.member("lene"), town.member("pavel"));
    let bot = town.bot();
    town.sim.faults.add(Rule::next(1, Fault::DuplicateEvent).on(ENTRY)).unwrap();
    owner.person.times_out(&lene.person, Duration::from_hours(1), "shouting").unwrap();
    becomes(&town, "moderation.deed_observed", 1);
    owner.person.times_out(&lene.person, Duration::ZERO, "").unwrap();
    owner.person.bans(&lene.person, "again and again").unwrap();
    becomes(&town, "moderation.deed_observed", 3);
    becomes(&town, "moderation.sanction_ended", 1);

    // What Discord never told is found when the session is a new one.
    town.sim.faults.add(Rule::next(1, Fault::DropEvent).on(ENTRY)).unwrap();
    owner.person.kicks(&pavel.person, "spam").unwrap();
    town.sim.hub.order(None, Order::Invalidate { resumable: false });
    let seen = becomes(&town, "moderation.deed_observed", 4);
    becomes(&town, "case.opened", 4);
    let log = bot.stop().2;
    assert!(!log.contains("spam") && !log.contains("again and again"), "no reasons in logs");

    // What happened while nobody was there, too; and nothing is noted twice.
    owner.person.unbans(&lene.person).unwrap();
    let bot = town.bot();
    let seen_later = becomes(&town, "moderation.deed_observed", 5);
    assert_eq!(seen_later[..4], seen[..]);
    becomes(&town, "case.opened", 5);
    drop(bot);
    assert_eq!(events(&town, "moderation.deed_observed").len(), 5);
}

/// As a command will order it, while the bot is away.
fn order_a_ban(town: &Town, target: &Someone, channel: simulator::Id) {
    let guild = town.community.guild.to_string().parse().unwrap();
    let (owner, config) = (town.owner(), town.house.config());
    let user = |one: &Someone| one.person.user.to_string().parse().unwrap();
    let (target, owner) = (user(target), user(&owner));
    town.live(async {
        let node = Node::open(config, Access::Write).await.unwrap();
        let key = fresh_key("settings").unwrap();
        let operator = Caller::operator();
        let channel = channel.to_string();
        let set = node.actions.change_setting(
            guild,
            &operator,
            "moderation",
            "log_channel",
            &channel,
            &key,
        );
        set.await.unwrap();
        let (person, by) = (
            node.people.person(guild, target).await.unwrap(),
            node.people.person(guild, owner).await.unwrap(),
        );
        let order = Punishment {
            deed: Deed::Ban,
            by: By::Member(by),
            duration_secs: None,
            delete_secs: None,
            at: (node.clock)(),
            terms: node.actions.moderation_terms(guild).await.unwrap(),
        };
        let reason = Some(Personal::clear(person, "sells things".to_owned()));
        let command = Command::Punish { target: Target { person, reason }, order };
        let request = Request {
            actor: Actor::Operator,
            cause: Cause { correlation: CorrelationId(uuid::Uuid::new_v4()), causation: None },
            key: fresh_key("order").unwrap(),
            policy: None,
        };
        let stream = StreamId::of_guild(Moderation::CAPABILITY, guild);
        node.bus().execute::<Moderation>(&stream, &command, &request).await.unwrap();
        node.shutdown().await;
    });
}

// proves: MOD-04, MOD-08
#[test]
fn given_a_ban_that_was_ordered_then_it_is_done_told_recorded_and_posted() {
    let town = Town::new();
    let lene = town.member("lene");
    lene.person.takes_direct_messages(true).unwrap();
    let log = town.owner().person.makes_channel("case-log").unwrap();
    // Posts begin with what is new when the bot first runs.
    let bot = town.bot();
    eventually("posts have begun", || {
        let listed = town.house.reeve(&["processes", "list", "--json"]).ok().json();
        let processes = listed["processes"].as_array()?;
        processes.iter().any(|process| process["name"] == "case_posts").then_some(())
    });
    bot.stop();
    order_a_ban(&town, &lene, log);
    let bot = town.bot();
    becomes(&town, "moderation.deed_applied", 1);
    assert!(!lene.person.is_member());
    let us = {
        let world = town.sim.world.lock();
        world.application(town.community.application).unwrap().bot
    };
    let (_, told) = town.live(async {
        let direct = lene.person.direct(us).unwrap();
        town.sim.message_in(direct, |view| view.all_text().contains("banned")).await.unwrap()
    });
    assert!(told.all_text().contains("sells things"), "{}", told.all_text());
    town.live(async {
        let posted = |view: &simulator::people::View| {
            let text = view.all_text();
            text.contains("Case #1: ban") && text.contains("sells things")
        };
        town.sim.message_in(log, posted).await.unwrap();
    });
    becomes(&town, "case.opened", 1);
    assert_eq!(events(&town, "moderation.deed_observed").len(), 0, "its own ban is no second case");
    let log = bot.stop().2;
    assert!(!log.contains("sells things"), "no reasons in logs");
}
