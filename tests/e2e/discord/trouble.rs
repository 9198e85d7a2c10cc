//! When Discord, a member or the operator does something odd.

use simulator::{
    faults::{Fault, Rule},
    given,
};

use super::town::{Town, counted, is_connected};
use crate::support::eventually;

// proves: CMD-09
#[test]
fn given_answers_that_discord_loses_or_refuses_at_first_then_the_member_sees_one() {
    let town = Town::new();
    let (maren, tobi) = (town.member("maren"), town.member("tobi"));
    town.grant(&maren, 100);
    let _bot = town.bot();
    for (amount, fault) in [
        (1, Fault::ServerError { status: 503, after: false }),
        (2, Fault::ServerError { status: 500, after: true }),
        (3, Fault::LostAnswer),
    ] {
        town.sim.faults.add(Rule::next(1, fault).on("callback")).unwrap();
        let answer = town.live(async {
            let read = maren.uses("/bytes read", given! { user: &tobi.person }).await;
            read.all_text()
        });
        assert!(answer.contains("bytes"), "{amount}: {answer}");
    }
}

// proves: CMD-04, CMD-05
#[test]
fn given_forged_and_old_buttons_then_a_polite_answer_and_no_change() {
    let town = Town::new();
    let (owner, maren) = (town.owner(), town.member("maren"));
    let bot = town.bot();
    town.live(async {
        let set = given! { setting: "economy.daily_amount", value: "25" };
        owner.uses("/settings set", set).await;
        let question = owner.uses("/settings reset", given! { setting: "economy" }).await;
        let (place, message) = (question.channel(), question.message().unwrap());
        let real = question.button("Confirm").unwrap().custom_id.unwrap();
        let mut forged = real.clone();
        forged.truncate(real.len() - 2);
        for custom_id in [forged.as_str(), "1.settings.reset:x:AAAAAAAAAAAA", "hello"] {
            let answer = owner.person.forges_press(place, message, custom_id).await.unwrap();
            assert!(answer.is_ephemeral(), "{custom_id}");
            assert!(answer.all_text().contains("no longer works"), "{}", answer.all_text());
        }
        // The real one, in the wrong hands.
        let stolen = maren.person.forges_press(place, message, &real).await;
        if let Ok(stolen) = stolen {
            assert!(stolen.all_text().contains("Only the person"), "{}", stolen.all_text());
        }
        let view = owner.uses("/settings view", given! { of: "economy" }).await;
        assert!(view.all_text().contains("25"), "{}", view.all_text());
    });
    assert!(counted(&bot, "reeve_discord_forged_buttons_total", "") >= 1);
}

#[test]
fn given_a_token_that_is_wrong_then_one_line_says_so_and_it_stops() {
    let town = Town::new();
    let house = crate::support::House::new()
        .with("DISCORD_TOKEN", "MTIz.not-the.token")
        .with("DISCORD_API_URL", &town.sim.origin());
    let mut server = house.serve(&[]);
    assert_eq!(server.ended().code(), Some(2), "{}", server.log());
    let log = server.log();
    assert!(log.contains("reeve: Discord refused the token"), "{log}");
    assert!(log.contains("DISCORD_TOKEN") && !log.contains("not-the"), "{log}");
}

// proves: CMD-03
#[test]
fn given_prefix_commands_without_the_intent_then_it_says_what_to_do_and_stops() {
    let town = Town::new();
    let application = town.community.application;
    town.sim.world.lock().applications.get_mut(&application).unwrap().privileged = 0;
    let mut server = town.house.serve(&["--set", "discord.prefix_commands=true"]);
    assert_eq!(server.ended().code(), Some(2), "{}", server.log());
    let log = server.log();
    assert!(log.contains("Discord refused an intent"), "{log}");
    assert!(log.contains("discord.prefix_commands = false"), "{log}");
    // Without them, none of it is needed.
    drop(town.bot());
}

// proves: CMD-03
#[test]
fn given_a_community_that_wants_a_prefix_then_it_works_within_its_limit() {
    let town = Town::new();
    let (owner, maren) = (town.owner(), town.member("maren"));
    let bot = town.house.serve(&["--set", "discord.prefix_commands=true"]);
    is_connected(&bot);
    maren.says("!bytes read");
    town.live(async {
        for (setting, value) in [
            ("commands.prefix_commands", "on"),
            ("commands.prefix", "?"),
            ("commands.prefix_per_minute", "2"),
        ] {
            owner.uses("/settings set", given! { setting: setting, value: value }).await;
        }
        for _ in 0..4 {
            maren.says("?bytes read");
        }
        let told = |view: &simulator::people::View| view.all_text().contains("**10 bytes**");
        town.sim.message_in(maren.place, told).await.unwrap();
    });
    eventually("what is too much is ignored", || {
        (counted(&bot, "reeve_discord_prefix_ignored_total", "") >= 2).then_some(())
    });
    assert!(counted(&bot, "reeve_discord_commands_total", "/bytes read") <= 2);
}

// proves: CMD-02
#[test]
fn given_a_redeployment_then_nothing_is_made_anew() {
    let town = Town::new();
    let commands = || {
        let world = town.sim.world.lock();
        let application = world.application(town.community.application).unwrap();
        let mut ids: Vec<_> =
            application.commands.iter().map(|c| (c.name.clone(), c.id, c.version)).collect();
        ids.sort();
        ids
    };
    let first = town.house.reeve(&["commands", "deploy", "--json"]).ok().json();
    assert_eq!(first["changed"], true);
    let before = commands();
    assert!(before.len() >= 6, "{before:?}");
    let again = town.house.reeve(&["commands", "deploy", "--json"]).ok().json();
    assert_eq!(again["changed"], false);
    let bot = town.bot();
    assert_eq!(commands(), before, "a start makes nothing anew either");
    drop(bot);
    let guild = town.community.guild.to_string();
    let own = ["commands", "deploy", "--guild", &guild, "--json"];
    assert_eq!(town.house.reeve(&own).ok().json()["changed"], true);
    assert_eq!(town.house.reeve(&own).ok().json()["changed"], false);
    let remove = ["commands", "deploy", "--guild", &guild, "--remove", "--json"];
    assert_eq!(town.house.reeve(&remove).ok().json()["changed"], true);
    assert_eq!(commands(), before);
    let without = crate::support::House::new();
    without.reeve(&["commands", "deploy"]).exits(2).says("DISCORD_TOKEN");
}
