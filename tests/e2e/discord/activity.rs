//! What goes on is counted once, whatever happens to us or to the connection, and earns levels.

use serde_json::Value;
use simulator::{gateway::session::Order, given, people::View};

use super::town::{Town, counted};
use crate::support::{House, Server, eventually};

/// The payloads of all events of this type, by their tag.
pub fn recorded(house: &House, kind: &str) -> Vec<Value> {
    let answer = house.reeve(&["events", "--json", "-n", "100000", "--type", kind]).ok().json();
    let events = answer["events"].as_array().unwrap();
    let tag = kind.split('.').nth(1).unwrap();
    events.iter().map(|event| event["payload"][tag].clone()).collect()
}

/// How many messages were counted.
pub fn messages(house: &House) -> u64 {
    let recorded = recorded(house, "activity.recorded");
    let minutes = recorded.iter().flat_map(|one| one["minutes"].as_array().into_iter().flatten());
    let rows = minutes.flat_map(|minute| minute["rows"].as_array().unwrap());
    rows.map(|row| row["messages"].as_u64().unwrap_or(0)).sum()
}

fn heard(bot: &Server, kind: &str, times: u64) {
    eventually(&format!("{times} of {kind} are heard"), || {
        (counted(bot, "reeve_discord_events_total", &format!("\"{kind}\"")) >= times).then_some(())
    });
}

// proves: ANA-01, LVL-08, SYN-07
#[test]
fn given_a_kill_in_the_middle_of_it_then_each_message_is_counted_once() {
    let town = Town::new();
    let (maren, tobi) = (town.member("maren"), town.member("tobi"));
    let bot = town.bot();
    for n in 0..5 {
        maren.says(&format!("before {n}"));
    }
    eventually("the first are recorded", || {
        (counted(&bot, "reeve_activity_facts_total", "") >= 5).then_some(())
    });
    for n in 0..20 {
        tobi.says(&format!("and then {n}"));
    }
    heard(&bot, "MESSAGE_CREATE", 25);
    // Recorded or not: nobody asks.
    bot.kill();
    for n in 0..7 {
        maren.says(&format!("while nobody listens {n}"));
    }
    let bot = town.bot();
    eventually("the session goes on", || bot.logged("the session goes on"));
    tobi.says("and after");
    eventually("all of it is heard", || {
        (counted(&bot, "reeve_discord_events_total", "MESSAGE_CREATE") > 7).then_some(())
    });
    bot.kill();
    let bot = town.bot();
    eventually("the session goes on again", || bot.logged("the session goes on"));
    let (status, _, log) = bot.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(messages(&town.house), 5 + 20 + 7 + 1);
    assert!(!log.contains("while nobody listens"), "what people write is in no log");
    assert!(recorded(&town.house, "activity.observation_gap").is_empty());
}

// proves: ANA-01, ANA-04
#[test]
fn given_a_session_that_is_worth_nothing_then_the_gap_is_told_and_nothing_counts_twice() {
    let town = Town::new();
    let maren = town.member("maren");
    let bot = town.bot();
    for n in 0..3 {
        maren.says(&format!("before {n}"));
    }
    heard(&bot, "MESSAGE_CREATE", 3);
    town.sim.hub.order(None, Order::Invalidate { resumable: false });
    heard(&bot, "READY", 2);
    maren.says("after");
    heard(&bot, "MESSAGE_CREATE", 4);
    let (status, _, log) = bot.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(messages(&town.house), 4);
    let gaps = recorded(&town.house, "activity.observation_gap");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0]["why"], "new_session");
}

// proves: LVL-01, LVL-05, LVL-07, ANA-10
#[test]
fn given_members_who_write_then_they_have_ranks_and_staff_changes_them() {
    let town = Town::new();
    let (maren, tobi, owner) = (town.member("maren"), town.member("tobi"), town.owner());
    let bot = town.bot();
    for n in 0..3 {
        maren.says(&format!("hello {n}"));
    }
    // One message earns in the cooldown: 15 to 25.
    eventually("they are recorded, and who is in voice", || {
        (counted(&bot, "reeve_activity_facts_total", "") >= 4).then_some(())
    });
    town.live(async {
        let shown = maren.uses("/rank", Vec::new()).await;
        let rank = shown.all_text();
        assert!((15..=25).any(|xp| rank.contains(&format!("**{xp} XP**"))), "{rank}");
        has_picture(&shown, "rank.png", "XP");
        let nothing = tobi.uses("/rank", Vec::new()).await;
        assert!(nothing.all_text().contains("no XP yet"), "{nothing:?}");
        assert!(nothing.attachments().is_empty(), "of nothing there is no picture: {nothing:?}");
        let given = given! { user: &tobi.person, amount: 300, reason: "won the quiz" };
        assert!(tobi.tries("/xp give", given).await.is_err(), "it is not shown to members");
        let nothing = given! { user: &tobi.person, amount: 0 };
        let refused = owner.uses("/xp give", nothing).await;
        assert!(
            refused.is_ephemeral() && refused.all_text().contains("other than 0"),
            "{refused:?}"
        );
        let given = given! { user: &tobi.person, amount: 300, reason: "won the quiz" };
        let changed = owner.uses("/xp give", given).await.all_text();
        assert!(changed.contains("300 XP") && changed.contains("level **2**"), "{changed}");
        let set = owner.uses("/xp set", given! { user: &maren.person, amount: 5000 }).await;
        assert!(set.all_text().contains("5,000 XP"), "{}", set.all_text());
        let rank = maren.uses("/rank", Vec::new()).await.all_text();
        assert!(rank.contains("place 1"), "{rank}");
    });
    eventually("the board has caught up", || {
        let board = town.live(tobi.uses("/levels top", Vec::new())).all_text();
        let (maren, tobi) =
            (board.find(&maren.person.mention())?, board.find(&tobi.person.mention())?);
        (maren < tobi).then_some(())
    });
    town.live(async {
        let stats = owner.uses("/stats", Vec::new()).await;
        assert!(stats.is_ephemeral(), "{stats:?}");
        assert!(stats.all_text().contains("Active members"), "{}", stats.all_text());
        has_picture(&stats, "stats.png", "Messages: 3");
        let lene = town.member("lene");
        assert!(lene.tries("/stats", Vec::new()).await.is_err(), "it is not shown to members");
        let zone = given! { setting: "activity.time_zone", value: "Europe/Atlantis" };
        let zone = owner.uses("/settings set", zone).await.all_text();
        assert!(zone.contains("Europe/Berlin"), "{zone}");
        let week = given! { period: "week" };
        let week = tobi.uses("/levels top", week).await.all_text();
        assert!(!week.contains("5,000"), "what staff gives is not earned: {week}");
        let reset = owner.uses("/xp reset", given! { user: &maren.person }).await.all_text();
        assert!(reset.contains("0 XP"), "{reset}");
    });
    let log = bot.stop().2;
    assert!(!log.contains("quiz"), "what people write is in no log");
    let recorded = recorded(&town.house, "activity.recorded");
    let uses: Vec<_> =
        recorded.iter().flat_map(|one| one["uses"].as_array().into_iter().flatten()).collect();
    let refused = |used: &&&Value| used["command"] == "xp give" && used["outcome"] == "refused";
    assert_eq!(uses.iter().filter(refused).count(), 1, "{uses:?}");
    let done = |used: &&&Value| used["command"] == "xp give" && used["outcome"] == "done";
    assert_eq!(uses.iter().filter(done).count(), 1);
}

/// A picture that is shown, and says in words what it shows.
#[track_caller]
fn has_picture(shown: &View, name: &str, words: &str) {
    let files = shown.attachments();
    assert_eq!(files.len(), 1, "{shown:?}");
    assert_eq!(files[0]["filename"], name);
    assert!(files[0]["size"].as_u64().is_some_and(|size| size > 2_000), "{files:?}");
    assert!(files[0]["description"].as_str().is_some_and(|said| said.contains(words)), "{files:?}");
    let image = shown.embeds()[0]["image"]["url"].as_str().unwrap_or_default().to_owned();
    assert!(image.contains(name), "{image}");
}
