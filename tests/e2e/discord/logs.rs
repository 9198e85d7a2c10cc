//! Logs, from what happens in a community to its log channel and `/logs`.

use serde_json::Value;
use simulator::{
    By, Id, given,
    world::{member::MemberEdit, role::RoleEdit},
};

use super::town::{Town, counted, is_connected, patiently};
use crate::support::{House, Server, eventually};

const FIRST: &str = "the mill burns at noon";
const SECOND: &str = "the mill does not burn";

/// With everything that logs can hear.
fn bot(town: &Town) -> Server {
    let all = ["--set", "discord.message_content=true", "--set", "discord.member_events=true"];
    let bot = town.house.serve(&all);
    is_connected(&bot);
    bot
}

/// What the log channel says, in order.
fn posted(town: &Town, channel: Id) -> String {
    let world = town.sim.world.lock();
    let Some(channel) = world.channels.get(&channel) else { return String::new() };
    let said = channel.messages.values();
    said.map(|message| serde_json::to_string(&message.embeds).unwrap()).collect()
}

fn noted(house: &House) -> Vec<Value> {
    let answer = house.reeve(&["events", "--json", "-n", "100000", "--type", "logs.noted"]);
    let answer = answer.ok().json();
    let events = answer["events"].as_array().unwrap();
    events.iter().map(|event| event["payload"]["noted"]["entry"].clone()).collect()
}

fn kinds(house: &House) -> Vec<String> {
    noted(house).iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
}

fn switched_on(town: &Town) {
    let owner = town.owner();
    town.live(async {
        let off = owner.uses("/logs status", Vec::new()).await.all_text();
        assert!(off.contains("Logs is switched off"), "{off}");
        owner.uses("/modules on", given! { module: "logs" }).await;
    });
}

// proves: LOG-01, LOG-02, LOG-03, LOG-04, LOG-05, LOG-06
#[test]
fn given_what_happens_then_each_of_it_is_noted_posted_and_shown_with_what_was_said() {
    let town = Town::new();
    let (owner, maren, tobi) = (town.owner(), town.member("maren"), town.member("tobi"));
    let bot = bot(&town);
    switched_on(&town);
    let log = owner.person.makes_channel("server-log").unwrap();
    town.live(async {
        let set = owner.uses("/logs set", given! { channel: log }).await;
        assert!(set.is_ephemeral() && set.all_text().contains("It is set"), "{set:?}");
        // Maren moderates; Lene does not, and is not even shown it, or refused.
        if let Ok(refused) = town.member("lene").tries("/logs list", Vec::new()).await {
            let text = refused.all_text();
            assert!(refused.is_ephemeral() && text.contains("View Records"), "{text}");
        }
        let nothing = owner.uses("/logs set", Vec::new()).await.all_text();
        assert!(nothing.contains("Say what is to change"), "{nothing}");
        let status = owner.uses("/logs status", Vec::new()).await.all_text();
        assert!(status.contains(&format!("<#{log}>")) && status.contains("30 days"), "{status}");
        assert!(!status.contains("message_content"), "what messages say is heard: {status}");
    });
    let message = maren.says(FIRST);
    maren.person.edits(maren.place, message, SECOND).unwrap();
    owner.person.deletes(maren.place, message).unwrap();
    let many: Vec<_> = (0..5).map(|n| tobi.says(&format!("spam {n}"))).collect();
    let (guild, by) = (town.community.guild, By::user(owner.person.user));
    {
        let mut world = town.sim.world.lock();
        world.bulk_delete_messages(tobi.place, &many, &by).unwrap();
        let edit = MemberEdit { nick: Some(Some("Millie".into())), ..MemberEdit::default() };
        world.edit_member(guild, maren.person.user, edit, &by).unwrap();
        let role = world.create_role(guild, RoleEdit::named("Millers"), &by).unwrap();
        world.add_member_role(guild, tobi.person.user, role, &by).unwrap();
        world.delete_role(guild, role, &by).unwrap();
    }
    let place = owner.person.makes_channel("mill").unwrap();
    owner.person.deletes_channel(place).unwrap();
    tobi.person.leaves().unwrap();
    eventually("all of it is posted", || {
        let posts = posted(&town, log);
        let all = [
            FIRST,
            SECOND,
            "spam 0",
            "spam 4",
            "5 messages",
            "Millie",
            "Millers",
            "mill",
            "Member left",
            "Message deleted",
            "Role deleted",
            "Channel deleted",
        ];
        all.iter().all(|one| posts.contains(one)).then_some(())
    });
    let posts = posted(&town, log);
    assert!(posts.contains(&format!("by {}", owner.person.mention())), "{posts}");
    patiently("the list shows what was said", || {
        let list = given! { user: &maren.person, topic: "deletions" };
        let list = town.live(owner.uses("/logs list", list)).all_text();
        (list.contains(SECOND) && !list.contains("spam")).then_some(())
    });
    let edits = town.live(owner.uses("/logs list", given! { topic: "edits" })).all_text();
    assert!(edits.contains(FIRST) && edits.contains(SECOND), "{edits}");
    let (status, _, told) = bot.stop();
    assert_eq!(status.code(), Some(0), "{told}");
    assert!(!told.contains("burn") && !told.contains("Millie"), "what people write is in no log");
    for kind in [
        "message_edited",
        "message_deleted",
        "messages_purged",
        "member_renamed",
        "member_roles",
        "member_left",
        "role_created",
        "role_deleted",
    ] {
        let times = kinds(&town.house).iter().filter(|noted| *noted == kind).count();
        assert_eq!(times, 1, "{kind}: {:?}", kinds(&town.house));
    }
    let all = serde_json::to_string(&noted(&town.house)).unwrap();
    assert!(!all.contains("burn") && !all.contains("Millie"), "{all}");
}

// proves: LOG-01, SYN-07
#[test]
fn given_a_kill_then_everything_is_noted_once_after_it() {
    let town = Town::new();
    let (maren, tobi) = (town.member("maren"), town.member("tobi"));
    let running = bot(&town);
    switched_on(&town);
    let messages: Vec<_> = (0..6).map(|n| maren.says(&format!("before {n}"))).collect();
    maren.person.deletes(maren.place, messages[0]).unwrap();
    eventually("the first is noted", || {
        let deleted = |kind: &String| kind == "message_deleted";
        (kinds(&town.house).iter().filter(|kind| deleted(kind)).count() == 1).then_some(())
    });
    maren.person.deletes(maren.place, messages[1]).unwrap();
    tobi.person.leaves().unwrap();
    eventually("they are heard", || {
        (counted(&running, "reeve_discord_events_total", "GUILD_MEMBER_REMOVE") >= 1).then_some(())
    });
    // Noted or not: nobody asks.
    running.kill();
    for message in &messages[2..5] {
        maren.person.deletes(maren.place, *message).unwrap();
    }
    for _ in 0..2 {
        let again = bot(&town);
        eventually("the session goes on", || again.logged("the session goes on"));
        again.kill();
    }
    let last = bot(&town);
    eventually("the session goes on", || last.logged("the session goes on"));
    let (status, _, told) = last.stop();
    assert_eq!(status.code(), Some(0), "{told}");
    let kinds = kinds(&town.house);
    let times = |kind: &str| kinds.iter().filter(|noted| *noted == kind).count();
    assert_eq!((times("message_deleted"), times("member_left")), (5, 1), "{kinds:?}");
    assert!(
        noted(&town.house).iter().all(|entry| !entry["person"].is_null()),
        "whose it was is known"
    );
}

// proves: LOG-02, LOG-07, LOG-08
#[test]
fn given_no_leave_to_read_messages_then_the_log_says_what_it_cannot_know() {
    let town = Town::new();
    let (owner, maren) = (town.owner(), town.member("maren"));
    let bot = town.bot();
    switched_on(&town);
    let log = owner.person.makes_channel("server-log").unwrap();
    town.live(async {
        owner.uses("/logs set", given! { channel: log }).await;
        owner.uses("/logs set", given! { topic: "commands", on: true }).await;
        let status = owner.uses("/logs status", Vec::new()).await.all_text();
        assert!(status.contains("discord.message_content"), "{status}");
    });
    let message = maren.says(FIRST);
    maren.person.edits(maren.place, message, SECOND).unwrap();
    maren.person.deletes(maren.place, message).unwrap();
    let voice = town.sim.channel(town.community.guild, "Fireside").unwrap();
    maren.person.joins_voice(voice).unwrap();
    maren.person.leaves_voice().unwrap();
    eventually("it is posted", || {
        let posts = posted(&town, log);
        let unknown = posts.contains("what it said is not known");
        let whose = posts.contains("Somebody who is not known");
        let all = ["/logs set", "Message edited", "Joined voice", "Left voice"];
        (unknown && whose && all.iter().all(|one| posts.contains(one))).then_some(())
    });
    assert!(!posted(&town, log).contains("burn"));
    drop(bot);
}

// proves: LOG-03
#[test]
fn given_a_log_channel_that_is_gone_then_no_entry_is_lost_and_those_who_run_it_hear_of_it() {
    let town = Town::new();
    let (owner, maren) = (town.owner(), town.member("maren"));
    let bot = bot(&town);
    switched_on(&town);
    let log = owner.person.makes_channel("server-log").unwrap();
    town.live(owner.uses("/logs set", given! { channel: log }));
    owner.person.deletes_channel(log).unwrap();
    let message = maren.says(FIRST);
    maren.person.deletes(maren.place, message).unwrap();
    eventually("those who run it hear of it", || {
        let world = town.sim.world.lock();
        let all = world.channels.values().flat_map(|channel| channel.messages.values());
        let told = format!("<#{log}> is gone");
        all.into_iter().any(|message| message.content.contains(&told)).then_some(())
    });
    patiently("the list has it", || {
        let list = town.live(owner.uses("/logs list", Vec::new())).all_text();
        list.contains(FIRST).then_some(())
    });
    drop(bot);
}
