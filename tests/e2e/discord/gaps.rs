//! What was written while nobody listened is counted afterwards, once.

use simulator::{
    By,
    faults::{Fault, Rule},
    world::thread::NewThread,
};

use super::{
    activity::{messages, recorded},
    town::{Town, counted, patiently},
};
use crate::support::{Server, eventually};

/// Every message of a person that there is anywhere in the town, as the simulator has them.
fn written(town: &Town) -> u64 {
    let world = town.sim.world.lock();
    let guild = world.guild(town.community.guild).unwrap();
    let places = guild.channels.iter().chain(&guild.threads);
    let people = places.flat_map(|place| world.channel(*place).unwrap().messages.values());
    let by_people = people.filter(|message| {
        let author = world.message_wire(message, false);
        author["author"]["bot"] != true && matches!(author["type"].as_u64(), Some(0 | 19))
    });
    by_people.count() as u64
}

fn is_recorded(bot: &Server, facts: u64) {
    eventually("what was said is recorded", || {
        (counted(bot, "reeve_activity_facts_total", "") >= facts).then_some(())
    });
}

/// The session of before is worth nothing at the next start.
fn forget_session(town: &Town) {
    let store = town.house.shell("work.db");
    assert_eq!(store.execute("UPDATE gateway_sessions SET session = 'gone'", ()).unwrap(), 1);
}

/// Every gap is, as the process writes it down.
fn made_up(town: &Town) {
    patiently("what was missed is made up for", || {
        let store = town.house.shell("work.db");
        let sql = "SELECT COUNT(*), SUM(state = 'done') FROM gaps";
        let counted = store.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?)));
        let (all, done): (i64, Option<i64>) = counted.ok()?;
        (all > 0 && done == Some(all)).then_some(())
    });
}

// proves: ANA-01, LVL-08, SYN-07
#[test]
fn given_a_session_that_is_worth_nothing_then_what_was_written_meanwhile_is_counted_once() {
    let town = Town::new();
    let (maren, tobi, owner) = (town.member("maren"), town.member("tobi"), town.owner());
    let general = town.sim.channel(town.community.guild, "general").unwrap();
    let before = written(&town);
    let bot = town.bot();
    for n in 0..3 {
        maren.says(&format!("before {n}"));
    }
    is_recorded(&bot, 3);
    bot.kill();
    forget_session(&town);
    for n in 0..4 {
        maren.says(&format!("canary {n}"));
    }
    // More than Discord tells at once.
    for n in 0..130 {
        tobi.person.says(general, &format!("canary of general {n}")).unwrap();
    }
    let thread = {
        let mut world = town.sim.world.lock();
        let by = By::user(owner.person.user);
        world.create_thread(general, None, NewThread::public("aside"), &by).unwrap()
    };
    for n in 0..5 {
        tobi.person.says(thread, &format!("canary aside {n}")).unwrap();
    }
    let bot = town.bot();
    // These are told live, and stand in the same channels.
    maren.says("after");
    tobi.person.says(general, "after in general").unwrap();
    tobi.person.says(thread, "after aside").unwrap();
    made_up(&town);
    maren.says("much later");
    is_recorded(&bot, 4);
    let (status, _, log) = bot.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("canary"), "what people write is in no log");
    assert_eq!(written(&town) - before, 3 + 4 + 130 + 5 + 3 + 1);
    assert_eq!(messages(&town.house), 3 + 4 + 130 + 5 + 3 + 1);
    let recovered = recorded(&town.house, "activity.gap_recovered");
    assert_eq!(recovered.len(), 1, "{recovered:?}");
    let recovered = &recovered[0];
    assert!(recovered["messages"].as_u64().is_some_and(|n| n >= 4 + 130 + 5), "{recovered}");
    assert!(recovered["channels"].as_u64().is_some_and(|n| n >= 3), "{recovered}");
}

// proves: ANA-01, LVL-08
#[test]
fn given_a_hole_in_a_session_that_goes_on_then_what_fell_into_it_is_counted_once() {
    let town = Town::new();
    let (maren, tobi) = (town.member("maren"), town.member("tobi"));
    let bot = town.bot();
    maren.says("before");
    is_recorded(&bot, 1);
    town.sim.faults.add(Rule::next(3, Fault::LoseEvent).on("MESSAGE_CREATE")).unwrap();
    for n in 0..3 {
        maren.says(&format!("lost {n}"));
    }
    tobi.says("and this tells of the hole");
    made_up(&town);
    assert_eq!(counted(&bot, "reeve_discord_holes_total", ""), 1);
    let (status, _, log) = bot.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(messages(&town.house), 1 + 3 + 1);
    let recovered = recorded(&town.house, "activity.gap_recovered");
    assert_eq!(recovered.len(), 1, "{recovered:?}");
    assert_eq!(recovered[0]["messages"], 3, "{recovered:?}");
}

// proves: ANA-01, LVL-08, SYN-07
#[test]
fn given_a_kill_while_it_is_read_then_it_goes_on_and_each_message_is_counted_once() {
    let town = Town::new();
    let (maren, tobi) = (town.member("maren"), town.member("tobi"));
    let general = town.sim.channel(town.community.guild, "general").unwrap();
    let bot = town.bot();
    maren.says("before");
    is_recorded(&bot, 1);
    bot.kill();
    forget_session(&town);
    for n in 0..250 {
        tobi.person.says(general, &format!("while nobody listens {n}")).unwrap();
    }
    for n in 0..5 {
        maren.says(&format!("and there {n}"));
    }
    let bot = town.bot();
    // Three pages of one channel, and one of the other: it hangs in the middle of them.
    let read = || town.sim.faults.struck();
    let slow = Rule::by_chance(1.0, Fault::Slow { ms: 1_500 }).on("GET /channels/");
    town.sim.faults.add(slow).unwrap();
    patiently("a page was read", || {
        (counted(&bot, "reeve_discord_gap_pages_total", "") >= 1).then_some(())
    });
    assert!(read() >= 1);
    bot.kill();
    town.sim.faults.clear();
    maren.says("in between");
    let bot = town.bot();
    maren.says("after");
    made_up(&town);
    let (status, _, log) = bot.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(messages(&town.house), 1 + 250 + 5 + 2);
    // Another one where the session's place had not been saved yet.
    assert!(!recorded(&town.house, "activity.gap_recovered").is_empty());
}
