//! Identify: READY, guilds, shards, and how often.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use simulator::{Options, Sim, community, gateway::intents};

use super::raw::{EVERYTHING, Raw, another_guild, start, token};

#[tokio::test]
async fn given_an_identify_then_ready_names_the_guilds_and_each_follows_whole() {
    let (sim, community) = start().await;
    let mut raw = Raw::greeted(&sim).await;
    raw.identify(&token(&sim, &community), EVERYTHING).await;
    let ready = raw.next().await;
    assert_eq!((&ready["op"], &ready["s"]), (&json!(0), &json!(1)));
    let d = &ready["d"];
    assert_eq!(d["v"], 10);
    assert_eq!(d["resume_gateway_url"], json!(sim.gateway_url()));
    assert_eq!(d["user"]["bot"], true);
    assert_eq!(d["guilds"], json!([{ "id": community.guild, "unavailable": true }]));
    let guild = raw.event("GUILD_CREATE").await;
    assert_eq!(guild["id"], json!(community.guild));
    assert_eq!(guild["member_count"], 10, "owner, eight members and the bot");
    assert_eq!(guild["members"].as_array().map(Vec::len), Some(10));
    assert!(guild["roles"].as_array().is_some_and(|roles| roles.len() == 6));
    let names: BTreeSet<_> =
        guild["channels"].as_array().into_iter().flatten().map(|c| c["name"].to_string()).collect();
    assert!(names.contains("\"general\"") && names.contains("\"Fireside\""), "{names:?}");
}

#[tokio::test]
async fn given_no_intent_for_presences_then_a_guild_names_the_bot_and_who_is_in_voice() {
    let (sim, community) = start().await;
    let maren = sim.member(community.guild, "maren").expect("she is there");
    maren.joins_voice(sim.channel(community.guild, "Fireside").expect("it is there")).expect("in");
    let mut raw = Raw::greeted(&sim).await;
    raw.identify(&token(&sim, &community), intents::GUILDS).await;
    let guild = raw.event("GUILD_CREATE").await;
    let members = guild["members"].as_array().expect("a list").iter();
    let members: BTreeSet<_> = members.map(|member| member["user"]["id"].to_string()).collect();
    let expected = [community.application, maren.user].map(|id| format!("\"{id}\""));
    assert_eq!(members, expected.into());
    assert_eq!(guild["voice_states"][0]["user_id"], json!(maren.user));
    assert_eq!(guild["presences"], json!([]));
}

#[tokio::test]
async fn given_shards_then_each_hears_of_its_guilds_only_and_the_first_of_direct_messages() {
    let (sim, community) = start().await;
    let shards = 3;
    let mut guilds = vec![community.guild];
    // Ids of one millisecond belong to one shard: found guilds until every shard has one.
    while (0..shards).any(|shard| guilds.iter().all(|guild| guild.shard(shards) != shard)) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        guilds.push(another_guild(&sim, &community, "Another"));
    }
    let token = token(&sim, &community);
    let mut connections = Vec::new();
    for shard in 0..shards {
        let mut raw = Raw::greeted(&sim).await;
        let d = json!({
            "token": token, "properties": {}, "intents": EVERYTHING, "shard": [shard, shards],
        });
        raw.send(&json!({ "op": 2, "d": d })).await;
        let ready = raw.next().await;
        let named: BTreeSet<_> = ready["d"]["guilds"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|guild| guild["id"].as_str().expect("an id").to_owned())
            .collect();
        let mine = guilds.iter().filter(|guild| guild.shard(shards) == shard);
        assert_eq!(named, mine.map(ToString::to_string).collect());
        connections.push(raw);
    }
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let direct = maren.direct(community.application).expect("a channel");
    maren.says(direct, "psst").expect("she may");
    let general = sim.channel(community.guild, "general").expect("it is there");
    maren.says(general, "hello all").expect("she may");
    for (shard, raw) in connections.iter_mut().enumerate() {
        let mine = guilds.iter().find(|guild| guild.shard(shards) as usize == shard);
        let heard = raw.fence(*mine.expect("every shard has one")).await;
        let messages = heard.iter().filter(|event| event["t"] == "MESSAGE_CREATE");
        let texts: Vec<_> = messages.map(|event| event["d"]["content"].clone()).collect();
        let mut expected: Vec<Value> = Vec::new();
        if shard == 0 {
            expected.push(json!("psst"));
        }
        if community.guild.shard(shards) as usize == shard {
            expected.push(json!("hello all"));
        }
        assert_eq!(texts, expected, "shard {shard}");
    }
}

#[tokio::test]
async fn given_two_identifies_of_a_bucket_at_once_then_the_second_is_to_wait() {
    let sim = Sim::start(Options::default()).await.expect("a port is free");
    let community = community::found(&mut sim.world.lock(), &community::Plan::default());
    let community = community.expect("a community is founded");
    sim.world.lock().application_mut(community.application).expect("it is there").max_concurrency =
        2;
    let token = token(&sim, &community);
    for (shard, answer) in [(0, "READY"), (1, "READY"), (2, "wait"), (3, "wait")] {
        let mut raw = Raw::greeted(&sim).await;
        let d = json!({ "token": token, "properties": {}, "intents": 0, "shard": [shard, 4] });
        raw.send(&json!({ "op": 2, "d": d })).await;
        let next = raw.next().await;
        if answer == "wait" {
            assert_eq!((&next["op"], &next["d"]), (&json!(9), &json!(false)), "shard {shard}");
        } else {
            assert_eq!(next["t"], answer, "shard {shard}");
        }
    }
}

#[tokio::test]
async fn given_a_thousand_identifies_in_a_day_then_the_token_is_reset() {
    let (sim, community) = start().await;
    let now = sim.clock.now_ms();
    let used = vec![now; simulator::limits::IDENTIFIES_PER_DAY as usize];
    let before = token(&sim, &community);
    sim.world.lock().application_mut(community.application).expect("it is there").identifies = used;
    let mut raw = Raw::greeted(&sim).await;
    raw.identify(&before, 0).await;
    assert_eq!(raw.closed().await.0, 4004);
    assert_ne!(token(&sim, &community), before);
}

#[tokio::test]
async fn given_presences_faster_than_allowed_then_those_over_the_limit_are_not_taken() {
    let (sim, community) = start().await;
    let (mut raw, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    for number in 0..7 {
        let activity = json!({ "name": format!("round {number}"), "type": 0 });
        let d = json!({ "since": null, "activities": [activity], "status": "idle", "afk": false });
        raw.send(&json!({ "op": 3, "d": d })).await;
    }
    let heard = raw.fence(community.guild).await;
    let updates = heard.iter().filter(|event| event["t"] == "PRESENCE_UPDATE");
    let updates: Vec<_> =
        updates.map(|event| event["d"]["activities"][0]["name"].clone()).collect();
    assert_eq!(updates, ["round 0", "round 1", "round 2", "round 3", "round 4"]);
}
