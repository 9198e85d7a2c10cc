//! twilight as the client: a strict decoder that knows nothing of the simulator.

use std::time::Duration;

use serde_json::json;
use simulator::{
    By, Permissions, Sim,
    community::Community,
    gateway::session::Order,
    given,
    world::{
        channel::{ChannelEdit, Kind},
        guild::GuildEdit,
        message::{Author, MessageEdit, NewMessage},
        response::Callback,
        role::RoleEdit,
    },
};
use twilight_gateway::{
    Config, ConfigBuilder, Event, EventTypeFlags, Intents, Session, Shard, ShardId, StreamExt as _,
};

use twilight_model::application::interaction::{
    InteractionData,
    InteractionType::{ApplicationCommand, MessageComponent, ModalSubmit},
};

use super::raw::{PATIENCE, start, token};

fn config(sim: &Sim, community: &Community) -> ConfigBuilder {
    // Somebody else of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ConfigBuilder::new(token(sim, community), Intents::all()).proxy_url(sim.gateway_url())
}

fn shard(config: Config) -> Shard {
    Shard::with_config(ShardId::ONE, config)
}

/// The next event; one that twilight cannot read fails the test, with what it says.
async fn next(shard: &mut Shard) -> Event {
    let next = tokio::time::timeout(PATIENCE, shard.next_event(EventTypeFlags::all())).await;
    let next = next.expect("an event comes in time").expect("the shard goes on");
    next.unwrap_or_else(|error| panic!("twilight cannot read it: {error:?}"))
}

/// The events up to a message of that content.
async fn until_message(shard: &mut Shard, content: &str) -> Vec<Event> {
    let mut seen = Vec::new();
    loop {
        let event = next(shard).await;
        let found = matches!(&event, Event::MessageCreate(message) if message.content == content);
        seen.push(event);
        if found {
            return seen;
        }
    }
}

fn say(sim: &Sim, community: &Community, text: &str) {
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let general = sim.channel(community.guild, "general").expect("it is there");
    maren.says(general, text).expect("she may");
}

#[tokio::test]
async fn given_twilight_then_it_connects_compressed_and_hears_of_messages() {
    let (sim, community) = start().await;
    let mut shard = shard(config(&sim, &community).build());
    loop {
        match next(&mut shard).await {
            Event::Ready(ready) => assert_eq!(ready.guilds.len(), 1),
            Event::GuildCreate(_) => break,
            _ => {}
        }
    }
    assert!(shard.state().is_identified());
    say(&sim, &community, "good morning");
    until_message(&mut shard, "good morning").await;
    sim.bot_is_ready(community.application).await.expect("it is connected");
}

#[tokio::test]
async fn given_twilight_then_it_resumes_after_a_cut_a_reconnect_and_in_another_process() {
    let (sim, community) = start().await;
    let mut shard = shard(config(&sim, &community).build());
    say(&sim, &community, "before");
    while !matches!(next(&mut shard).await, Event::GuildCreate(_)) {}
    for order in [Order::Cut, Order::Reconnect, Order::Close(4000)] {
        sim.hub.order(None, order);
        let said = format!("during {order:?}");
        say(&sim, &community, &said);
        let seen = until_message(&mut shard, &said).await;
        let anew = seen.iter().any(|event| matches!(event, Event::Ready(_)));
        assert!(!anew, "{order:?}: it resumed");
    }
    let session: Session = shard.session().expect("it has one").clone();
    drop(shard);
    say(&sim, &community, "while nobody listened");
    let again = config(&sim, &community).session(session).resume_url(sim.gateway_url()).build();
    let mut again = self::shard(again);
    let seen = until_message(&mut again, "while nobody listened").await;
    assert!(!seen.iter().any(|event| matches!(event, Event::Ready(_))), "it resumed");
}

#[tokio::test]
async fn given_an_invalid_session_then_twilight_begins_anew() {
    let (sim, community) = start().await;
    let mut shard = shard(config(&sim, &community).build());
    while !matches!(next(&mut shard).await, Event::GuildCreate(_)) {}
    sim.hub.order(None, Order::Invalidate { resumable: false });
    while !matches!(next(&mut shard).await, Event::Ready(_)) {}
    say(&sim, &community, "welcome back");
    until_message(&mut shard, "welcome back").await;
}

#[tokio::test]
async fn given_a_zombie_then_twilight_notices_and_resumes() {
    let heartbeat = Duration::from_millis(400);
    let options = simulator::Options { heartbeat, ..simulator::Options::default() };
    let (sim, community) = super::raw::start_with(options).await;
    let mut shard = shard(config(&sim, &community).build());
    while !matches!(next(&mut shard).await, Event::GuildCreate(_)) {}
    sim.hub.order(None, Order::Zombie);
    say(&sim, &community, "into the silence");
    let seen = until_message(&mut shard, "into the silence").await;
    assert!(!seen.iter().any(|event| matches!(event, Event::Ready(_))), "it resumed");
}

/// Everything that a guild can tell of is done once, and twilight reads all of it. An event that it
/// cannot read fails the test in `next`; one it does not know arrives as unknown.
#[tokio::test]
async fn given_everything_that_can_happen_then_twilight_reads_every_event() {
    let (sim, community) = start().await;
    let mut shard = shard(config(&sim, &community).build());
    while !matches!(next(&mut shard).await, Event::GuildCreate(_)) {}
    let guild = community.guild;
    let admin = sim.admin(guild).expect("there is an owner");
    let (maren, tobi) =
        (sim.member(guild, "maren").expect("there"), sim.member(guild, "tobi").expect("there"));
    let general = sim.channel(guild, "general").expect("it is there");
    let message = maren.says(general, &format!("hello {}", tobi.mention())).expect("she may");
    tobi.replies(general, message, "hello yourself").expect("he may");
    maren.edits(general, message, "hello @everyone").expect("she may");
    tobi.reacts(general, message, "👍").expect("he may");
    tobi.unreacts(general, message, "👍").expect("he may");
    tobi.types(general).expect("he may");
    tobi.is_seen_as("dnd", vec![json!({ "name": "chess", "type": 0, "created_at": 1 })]);
    let thread = tobi.begins_thread(general, Some(message), "talk").expect("he may");
    maren.says(thread, "in here").expect("she may");
    maren.joins_voice(sim.channel(guild, "Fireside").expect("there")).expect("she may");
    maren.mutes_themselves(true).expect("she is in it");
    admin
        .moves_in_voice(&maren, Some(sim.channel(guild, "Workbench").expect("there")))
        .expect("ok");
    maren.leaves_voice().expect("she was in it");
    admin.times_out(&tobi, Duration::from_mins(1), "cool down").expect("they may");
    admin.times_out(&tobi, Duration::ZERO, "").expect("they may");
    let guest = admin.makes_role("Guest", Permissions::NONE).expect("they may");
    admin.gives_role(&tobi, guest).expect("they may");
    maren.calls_themselves(Some("Mar")).expect("she may");
    let emre = sim.member(guild, "somebody_new").expect("there is room");
    admin.kicks(&emre, "not today").expect("they may");
    admin.bans_and_deletes(&tobi, Duration::from_mins(10), "spam").expect("they may");
    admin.unbans(&tobi).expect("they may");
    tobi.joins().expect("he may again");
    let direct = maren.direct(community.application).expect("a channel");
    maren.says(direct, "psst").expect("she may");
    {
        let mut world = sim.world.lock();
        let by = By::because(community.owner, "housekeeping");
        let more = world.create_message(
            general,
            Author::User(community.application),
            NewMessage {
                embeds: vec![json!({ "type": "rich", "title": "a title", "color": 5 })],
                components: vec![json!({ "type": 1, "id": 1, "components": [{
                    "type": 2, "id": 2, "style": 1, "label": "Press", "custom_id": "press",
                }] })],
                nonce: Some(json!("n-1")),
                ..NewMessage::default()
            },
        );
        let more = more.expect("it may");
        world.pin_message(general, more, &by).expect("it is there");
        world.unpin_message(general, more, &by).expect("it is there");
        let edit = MessageEdit { content: Some("edited".into()), ..MessageEdit::default() };
        world.edit_message(general, more, edit).expect("it is there");
        let emoji = simulator::world::reaction::read_emoji("🎉");
        world.add_reaction(general, more, maren.user, &emoji).expect("it is there");
        world.clear_reactions(general, more, Some(&emoji)).expect("it is there");
        world.clear_reactions(general, more, None).expect("it is there");
        let two = [more, message];
        world.bulk_delete_messages(general, &two, &by).expect("they are there");
        world.edit_role(guild, guest, RoleEdit::named("Visitor"), &by).expect("it is there");
        world.move_roles(guild, &[(guest, 3)], &by).expect("it is there");
        world.delete_role(guild, guest, &by).expect("it is there");
        for kind in
            [Kind::Text, Kind::Voice, Kind::Category, Kind::Announcement, Kind::Forum, Kind::Stage]
        {
            let made = world.create_channel(guild, kind, "made", None, &by).expect("room");
            let edit = ChannelEdit { name: Some("named".into()), ..ChannelEdit::default() };
            world.edit_channel(made, edit, &by).expect("it is there");
            world.delete_channel(made, &by).expect("it is there");
        }
        let ideas = world.channel_named(guild, "ideas").expect("it is there");
        let new = simulator::world::thread::NewThread::public("an idea");
        let first = NewMessage::text("what if");
        let (post, _) = world.create_post(ideas, new, first, &by).expect("it may");
        world.add_thread_member(post, maren.user).expect("it is there");
        world.remove_thread_member(post, maren.user).expect("she is in it");
        let asleep = ChannelEdit { archived: Some(true), ..ChannelEdit::default() };
        world.edit_channel(post, asleep, &by).expect("it is there");
        world.delete_channel(post, &by).expect("it is there");
        let code = world.create_invite(general, 3_600, 5, true, &by).expect("there is room");
        world.delete_invite(&code, &by).expect("it is there");
        let hook = world.create_webhook(general, "hook", &by).expect("there is room");
        let as_hook = Author::Webhook { id: hook, name: "Herald".into(), avatar: None };
        world.create_message(general, as_hook, NewMessage::text("hear")).expect("it may");
        world.delete_webhook(hook, &by).expect("it is there");
        let edit = GuildEdit { name: Some("Renamed".into()), ..GuildEdit::default() };
        world.edit_guild(guild, edit, &by).expect("it is there");
        let rule = json!({
            "name": "words", "event_type": 1, "trigger_type": 1, "enabled": true,
            "trigger_metadata": { "keyword_filter": ["badword"], "allow_list": [], "regex_patterns": [] },
            "actions": [{ "type": 1, "metadata": {} }],
        });
        let rule = rule.as_object().expect("an object").clone();
        let rule = world.create_automod_rule(guild, rule, &by).expect("there is room");
        world.edit_automod_rule(guild, rule, serde_json::Map::new(), &by).expect("it is there");
    }
    let lene = sim.member(guild, "lene").expect("there is room");
    lene.says(general, "a badword here").expect_err("it is blocked");
    let second = super::raw::another_guild(&sim, &community, "Second");
    sim.world.lock().delete_guild(second).expect("it is there");
    say(&sim, &community, "the end");
    let seen = until_message(&mut shard, "the end").await;
    assert!(seen.len() > 90, "{}", seen.len());
}

#[tokio::test]
async fn given_interactions_of_every_kind_then_twilight_reads_them() {
    let (sim, community) = start().await;
    let mut shard = shard(config(&sim, &community).build());
    while !matches!(next(&mut shard).await, Event::GuildCreate(_)) {}
    super::raw::declare(&sim, &community);
    let general = sim.channel(community.guild, "general").expect("it is there");
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let tobi = sim.member(community.guild, "tobi").expect("he is there");
    let story = tokio::spawn(async move {
        let given = given! { user: &tobi, amount: 5 };
        let sent = maren.uses(general, "/bytes send", given).await?;
        let done = sent.presses("Confirm").await?;
        let form = done.presses("Confirm").await?;
        form.submits(given! { why: "because" }).await
    });
    let mut kinds = Vec::new();
    while kinds.len() < 4 {
        let Event::InteractionCreate(interaction) = next(&mut shard).await else { continue };
        let interaction = interaction.0;
        assert!(interaction.data.is_some() && interaction.member.is_some());
        kinds.push(interaction.kind);
        let button = json!({ "type": 1, "id": 1, "components": [
            { "type": 2, "id": 2, "style": 3, "label": "Confirm", "custom_id": "yes" },
        ] });
        let message = NewMessage { components: vec![button], flags: 64, ..NewMessage::text("?") };
        let callback = match &interaction.data {
            Some(InteractionData::ApplicationCommand(command)) => {
                assert_eq!(command.name, "bytes");
                assert!(command.resolved.as_ref().is_some_and(|named| named.users.len() == 1));
                Callback::Message(message)
            }
            Some(InteractionData::MessageComponent(_)) if kinds.len() == 2 => {
                Callback::Update(MessageEdit {
                    content: Some("sure?".into()),
                    ..MessageEdit::default()
                })
            }
            Some(InteractionData::MessageComponent(_)) => Callback::Modal(json!({
                "custom_id": "form", "title": "Why?", "components": [
                    { "type": 1, "components": [
                        { "type": 4, "custom_id": "why", "label": "Why", "style": 1 },
                    ] },
                ],
            })),
            _ => Callback::Message(NewMessage::text("thanks")),
        };
        let id = simulator::Id::new(interaction.id.get()).expect("an id");
        let answered = sim.world.lock().answer_interaction(id, &interaction.token, callback);
        answered.expect("it is in time");
    }
    let last = story.await.expect("the story ends").expect("it went well");
    assert_eq!(last.text(), "thanks");
    assert_eq!(kinds, [ApplicationCommand, MessageComponent, MessageComponent, ModalSubmit]);
}

#[tokio::test]
async fn given_autocomplete_menus_lists_and_letters_then_twilight_reads_them_too() {
    let (sim, community) = start().await;
    let mut shard = shard(config(&sim, &community).build());
    while !matches!(next(&mut shard).await, Event::GuildCreate(_)) {}
    let declare = |command: serde_json::Value| {
        let command = command.as_object().expect("an object").clone();
        sim.world.lock().put_command(community.application, None, command).expect("declared");
    };
    let every_option = [(3, "text"), (4, "whole"), (5, "flag"), (7, "channel"), (8, "role")];
    let every_option = every_option.into_iter().chain([(9, "anybody"), (10, "part"), (11, "file")]);
    let every_option: Vec<_> = every_option
        .map(|(kind, name)| {
            json!({ "type": kind, "name": name, "description": "x", "autocomplete": kind == 3 })
        })
        .collect();
    declare(json!({ "name": "all", "description": "x", "options": every_option }));
    declare(json!({ "name": "Report", "type": 3 }));
    declare(json!({ "name": "Balance", "type": 2 }));
    let general = sim.channel(community.guild, "general").expect("it is there");
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let tobi = sim.member(community.guild, "tobi").expect("he is there");
    let message = tobi.says(general, "hm").expect("he may");
    let direct = maren.direct(community.application).expect("a channel");
    let story = tokio::spawn(async move {
        maren.autocompletes(general, "/all", given! { text: "a" }, "text").await?;
        let file = json!({ "id": "7", "filename": "a.txt", "size": 3, "content_type": "text/plain",
            "url": "http://127.0.0.1/a.txt", "proxy_url": "http://127.0.0.1/a.txt" });
        let mut options = given! {
            text: "a", whole: 1, flag: true, channel: "#general", role: "Regular",
            anybody: "tobi", part: 2.5,
        };
        options.push(("file".to_owned(), simulator::people::Given::File(file)));
        let shown = maren.uses(general, "/all", options).await?;
        shown.selects("who", &["tobi"]).await?;
        maren.uses_on_message(general, "Report", message).await?;
        maren.uses_on_user(general, "Balance", &tobi).await?;
        maren.uses(direct, "/all", given! {}).await
    });
    for number in 0..6 {
        let interaction = loop {
            if let Event::InteractionCreate(interaction) = next(&mut shard).await {
                break interaction.0;
            }
        };
        if let Some(InteractionData::ApplicationCommand(command)) = &interaction.data {
            assert_eq!(command.options.len(), [1, 8, 0, 0, 0, 0][number], "{number}");
        }
        assert_eq!(interaction.is_dm(), number == 5);
        let list = json!({ "type": 1, "id": 1, "components": [
            { "type": 5, "id": 2, "custom_id": "who", "min_values": 1, "max_values": 1 },
        ] });
        let callback = if number == 0 {
            Callback::Choices(vec![json!({ "name": "a", "value": "a" })])
        } else {
            Callback::Message(NewMessage { components: vec![list], ..NewMessage::text("?") })
        };
        let id = simulator::Id::new(interaction.id.get()).expect("an id");
        let answered = sim.world.lock().answer_interaction(id, &interaction.token, callback);
        answered.expect("it is in time");
    }
    let last = story.await.expect("the story ends").expect("it went well");
    assert_eq!(last.text(), "?");
}
