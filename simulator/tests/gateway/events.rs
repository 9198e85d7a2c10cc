//! Who hears of what: intents, content, and channels that not everybody sees.

use serde_json::{Value, json};
use simulator::{
    Id, Sim,
    community::Community,
    gateway::intents::{self, needed},
    world::message::{Author, NewMessage},
};

use super::raw::{EVERYTHING, Raw, start};

fn kinds(heard: &[Value]) -> Vec<String> {
    heard.iter().map(|event| event["t"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A day in a community: about everything happens that a bot may hear of.
fn live(sim: &Sim, community: &Community) {
    let guild = community.guild;
    let maren = sim.member(guild, "maren").expect("she is there");
    let tobi = sim.member(guild, "tobi").expect("he is there");
    let admin = sim.admin(guild).expect("there is an owner");
    let general = sim.channel(guild, "general").expect("it is there");
    let fireside = sim.channel(guild, "Fireside").expect("it is there");
    let message = maren.says(general, "hello").expect("she may");
    maren.edits(general, message, "hello!").expect("it is hers");
    tobi.reacts(general, message, "👋").expect("he may");
    tobi.types(general).expect("he may");
    let thread = tobi.begins_thread(general, Some(message), "talk").expect("he may");
    tobi.says(thread, "in the thread").expect("he may");
    tobi.joins_voice(fireside).expect("he may");
    tobi.is_seen_as("idle", Vec::new());
    admin.makes_role("Guest", simulator::Permissions::NONE).expect("they may");
    admin.makes_channel("news").expect("they may");
    let emre = sim.member(guild, "emre_new").expect("there is room");
    admin.bans(&emre, "spam").expect("they may");
    admin.unbans(&emre).expect("they may");
    let direct = maren.direct(community.application).expect("a channel");
    let whisper = maren.says(direct, "psst").expect("she may");
    maren.reacts(direct, whisper, "👋").expect("she may");
    admin.deletes(general, message).expect("they may");
    let mut world = sim.world.lock();
    let by = simulator::By::user(community.owner);
    let code = world.create_invite(general, 0, 0, false, &by).expect("there is room");
    world.delete_invite(&code, &by).expect("it is there");
    world.create_webhook(general, "hook", &by).expect("there is room");
    let rule = json!({ "name": "no spam", "trigger_type": 1, "enabled": true, "event_type": 1,
        "trigger_metadata": { "keyword_filter": ["forbidden"] }, "actions": [{ "type": 1 }] });
    let Value::Object(rule) = rule else { unreachable!("it is an object") };
    world.create_automod_rule(guild, rule, &by).expect("there is room");
    drop(world);
    maren_tries(sim, guild, general);
}

fn maren_tries(sim: &Sim, guild: Id, channel: Id) {
    let somebody = sim.member(guild, "celia").expect("there is room");
    let said = somebody.says(channel, "this is forbidden here");
    assert!(said.is_err(), "it is blocked");
}

#[tokio::test]
async fn given_one_intent_then_only_its_events_come_and_all_together_bring_all() {
    let (sim, community) = start().await;
    let (mut all, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    let mut singles = Vec::new();
    for bit in 0..26 {
        let intent = 1 << bit;
        if EVERYTHING & intent != 0 {
            singles.push((intent, Raw::identified(&sim, &community, intent).await.0));
        }
    }
    let (mut none, _) = Raw::identified(&sim, &community, 0).await;
    live(&sim, &community);
    let heard = all.fence(community.guild).await;
    assert!(heard.len() > 25, "{:?}", kinds(&heard));
    for (intent, raw) in &mut singles {
        let told = raw.fence(community.guild).await;
        let expected = heard.iter().filter(|event| {
            let kind = event["t"].as_str().unwrap_or_default();
            let in_guild = !event["d"]["guild_id"].is_null() || kind.starts_with("GUILD_");
            needed(kind, in_guild) & *intent != 0
        });
        let expected: Vec<_> = expected.map(|event| event["t"].clone()).collect();
        let told: Vec<_> = told.iter().map(|event| event["t"].clone()).collect();
        assert_eq!(told, expected, "intent {intent:#x}");
    }
    assert_eq!(none.fence(community.guild).await, Vec::<Value>::new());
    let mut missing = ALL_KINDS.to_vec();
    let named = kinds(&heard);
    missing.retain(|kind| !named.iter().any(|named| named == kind));
    assert_eq!(missing, Vec::<&str>::new(), "every kind was heard once");
}

const ALL_KINDS: [&str; 20] = [
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_REACTION_ADD",
    "TYPING_START",
    "THREAD_CREATE",
    "VOICE_STATE_UPDATE",
    "PRESENCE_UPDATE",
    "GUILD_ROLE_CREATE",
    "CHANNEL_CREATE",
    "GUILD_MEMBER_ADD",
    "GUILD_MEMBER_REMOVE",
    "GUILD_BAN_ADD",
    "GUILD_BAN_REMOVE",
    "GUILD_AUDIT_LOG_ENTRY_CREATE",
    "INVITE_CREATE",
    "INVITE_DELETE",
    "WEBHOOKS_UPDATE",
    "AUTO_MODERATION_RULE_CREATE",
    "AUTO_MODERATION_ACTION_EXECUTION",
];

#[tokio::test]
async fn given_no_intent_for_content_then_it_is_empty_but_for_ones_own_mentions_and_letters() {
    let (sim, community) = start().await;
    let heard = intents::GUILD_MESSAGES | intents::DIRECT_MESSAGES;
    let (mut blind, _) = Raw::identified(&sim, &community, heard).await;
    let (mut sighted, _) =
        Raw::identified(&sim, &community, heard | intents::MESSAGE_CONTENT).await;
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let general = sim.channel(community.guild, "general").expect("it is there");
    let rich = NewMessage {
        embeds: vec![json!({ "title": "a picture", "type": "rich" })],
        ..NewMessage::text("with an embed")
    };
    let first = maren.posts(general, rich).expect("she may");
    maren.replies(general, first, "to myself").expect("she may");
    maren.says(general, &format!("hey <@{}>", community.application)).expect("she may");
    let own = NewMessage::text("the bot's own");
    let bot = Author::User(community.application);
    sim.world.lock().create_message(general, bot, own).expect("it may");
    let direct = maren.direct(community.application).expect("a channel");
    maren.says(direct, "a letter").expect("she may");

    let seen = sighted.fence(community.guild).await;
    let seen: Vec<_> = seen.iter().map(|event| event["d"]["content"].clone()).collect();
    let mention = format!("hey <@{}>", community.application);
    assert_eq!(seen, ["with an embed", "to myself", &mention, "the bot's own", "a letter"]);
    let told = blind.fence(community.guild).await;
    let texts: Vec<_> = told.iter().map(|event| event["d"]["content"].clone()).collect();
    assert_eq!(texts, ["", "", &mention, "the bot's own", "a letter"]);
    assert_eq!(told[0]["d"]["embeds"], json!([]));
    assert_eq!(told[1]["d"]["referenced_message"]["content"], "");
    assert_eq!(told[0]["d"]["author"]["username"], "maren", "only the content is hidden");
}

#[tokio::test]
async fn given_a_channel_that_a_bot_does_not_see_then_it_hears_nothing_of_it() {
    let (sim, community) = start().await;
    let admin = sim.admin(community.guild).expect("there is an owner");
    let room = sim.channel(community.guild, "mod-room").expect("it is there");
    let (mut raw, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    admin.says(room, "the bot's role does not see this").expect("they may");
    let general = sim.channel(community.guild, "general").expect("it is there");
    admin.says(general, "this it sees").expect("they may");
    let heard = raw.fence(community.guild).await;
    let texts: Vec<_> = heard.iter().map(|event| event["d"]["content"].clone()).collect();
    assert_eq!(texts, ["this it sees"]);
}

#[tokio::test]
async fn given_a_bot_that_is_added_and_thrown_out_then_it_hears_of_the_guild_come_and_go() {
    let (sim, community) = start().await;
    let (mut raw, _) = Raw::identified(&sim, &community, intents::GUILDS).await;
    let other = super::raw::another_guild(&sim, &community, "Second Home");
    let created = raw.event("GUILD_CREATE").await;
    assert_eq!((&created["id"], &created["name"]), (&json!(other), &json!("Second Home")));
    // Its own member is told without the intent for members.
    let own = raw.event("GUILD_MEMBER_UPDATE").await;
    assert_eq!(own["user"]["id"], json!(community.application));
    sim.admin(other).expect("an owner").removes_bot(community.application).expect("they may");
    let gone = raw.event("GUILD_DELETE").await;
    assert_eq!(gone["id"], json!(other));
    assert!(gone.get("unavailable").is_none(), "it was thrown out, not cut off");
    let admin = sim.admin(other).expect("an owner");
    admin.makes_channel("without it").expect("they may");
    assert_eq!(raw.fence(community.guild).await, Vec::<Value>::new());
}

#[tokio::test]
async fn given_a_webhook_that_speaks_then_everybody_hears_it_under_its_name() {
    let (sim, community) = start().await;
    let (mut raw, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    let general = sim.channel(community.guild, "general").expect("it is there");
    let (id, secret) = {
        let mut world = sim.world.lock();
        let by = simulator::By::user(community.owner);
        let id = world.create_webhook(general, "Herald", &by).expect("there is room");
        (id, world.webhook(id).expect("it is there").token.clone())
    };
    let path = format!("/api/v10/webhooks/{id}/{secret}?wait=true");
    let body = json!({ "content": "hear ye" });
    let asked = simulator::control::client::ask(sim.address(), "POST", &path, &body).await;
    assert_eq!(asked.expect("it answers").0, 200);
    let heard = raw.event("MESSAGE_CREATE").await;
    assert_eq!((&heard["content"], &heard["webhook_id"]), (&json!("hear ye"), &json!(id)));
    assert_eq!(heard["author"]["username"], "Herald");
    assert!(heard.get("member").is_none(), "a webhook is nobody's member");
}
