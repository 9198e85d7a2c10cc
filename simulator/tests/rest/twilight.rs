//! A third party's client, which reads strictly: what it cannot decode is wrong.

use simulator::world::interaction::{Kind, NewInteraction};
use twilight_http::{Client, request::AuditLogReason as _};
use twilight_model::{
    channel::message::{AllowedMentions, Embed, MessageFlags},
    guild::Permissions,
    http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType},
    id::Id,
    util::Timestamp,
};

use crate::place::Place;

pub fn client(place: &Place) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .token(place.token.clone())
        .proxy(place.sim.address().to_string(), true)
        .build()
}

#[tokio::test]
async fn given_twilight_as_the_client_then_it_reads_every_answer() {
    let place = Place::new().await;
    let client = client(&place);
    let guild = Id::new(place.guild.get());
    let channel = Id::new(place.general.get());
    let maren = Id::new(place.maren.get());
    let helper = Id::new(place.helper.get());

    let bot = client.gateway().authed().await.expect("asked").model().await.expect("read");
    assert_eq!(bot.session_start_limit.max_concurrency, 1);
    let me = client.current_user().await.expect("asked").model().await.expect("read");
    assert_eq!(me.id.get(), place.app.get());
    let app = client.current_user_application().await.expect("asked").model().await.expect("read");
    assert_eq!(app.name, "Reeve");
    let found = client.guild(guild).await.expect("asked").model().await.expect("read");
    assert_eq!(found.roles.len(), 4);
    let channels = client.guild_channels(guild).await.expect("asked").models().await.expect("read");
    assert_eq!(channels.len(), 1);
    let members =
        client.guild_members(guild).limit(100).await.expect("asked").models().await.expect("read");
    assert_eq!(members.len(), 4);

    let embed = Embed {
        author: None,
        color: Some(0x11_22_33),
        description: Some("Sums".to_owned()),
        flags: None,
        fields: Vec::new(),
        footer: None,
        image: None,
        kind: "rich".to_owned(),
        provider: None,
        thumbnail: None,
        timestamp: None,
        title: None,
        url: None,
        video: None,
    };
    let none = AllowedMentions::default();
    let message = client
        .create_message(channel)
        .content("Hello")
        .embeds(&[embed])
        .allowed_mentions(Some(&none))
        .await
        .expect("asked")
        .model()
        .await
        .expect("read");
    let changed = client.update_message(channel, message.id).content(Some("Bye"));
    assert_eq!(changed.await.expect("asked").model().await.expect("read").content, "Bye");
    let history = client
        .channel_messages(channel)
        .limit(10)
        .await
        .expect("asked")
        .models()
        .await
        .expect("read");
    assert_eq!(history.len(), 1);
    client.delete_message(channel, message.id).reason("spring").await.expect("asked");

    let role = client.create_role(guild).name("Trader").permissions(Permissions::empty());
    let role = role.await.expect("asked").model().await.expect("read");
    client.add_guild_member_role(guild, maren, helper).reason("effect 1").await.expect("asked");
    client.remove_guild_member_role(guild, maren, helper).await.expect("asked");
    client.delete_role(guild, role.id).await.expect("asked");
    let until = Timestamp::from_secs(1_795_300_000).expect("a time");
    let member = client
        .update_guild_member(guild, maren)
        .communication_disabled_until(Some(until))
        .await
        .expect("asked")
        .model()
        .await
        .expect("read");
    assert_eq!(member.communication_disabled_until, Some(until));
    client.create_ban(guild, maren).delete_message_seconds(60).reason("rude").await.expect("asked");
    let bans = client.bans(guild).await.expect("asked").models().await.expect("read");
    assert_eq!(bans[0].reason.as_deref(), Some("rude"));
    client.delete_ban(guild, maren).await.expect("asked");
    let log = client.audit_log(guild).await.expect("asked").model().await.expect("read");
    assert!(log.entries.iter().any(|entry| entry.reason.as_deref() == Some("effect 1")));
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_twilight_then_commands_are_declared_and_interactions_answered() {
    let place = Place::new().await;
    let client = client(&place);
    let interactions = client.interaction(Id::new(place.app.get()));
    let made = interactions
        .create_global_command()
        .chat_input("send", "Give bytes")
        .await
        .expect("asked")
        .model()
        .await
        .expect("read");
    let made = [made];
    let all = interactions.set_global_commands(&made);
    assert_eq!(all.await.expect("asked").models().await.expect("read").len(), 1);
    let (id, token) = {
        let mut world = place.sim.world.lock();
        let new = NewInteraction {
            application: place.app,
            kind: Kind::Command,
            user: place.maren,
            guild: Some(place.guild),
            channel: place.general,
            message: None,
            name: "send".to_owned(),
            data: serde_json::json!({"id": "1", "name": "send", "type": 1}),
        };
        let id = world.create_interaction(new).expect("she may");
        (id, world.interaction(id).expect("it is there").token.clone())
    };
    let data = InteractionResponseData {
        content: Some("Given.".to_owned()),
        flags: Some(MessageFlags::EPHEMERAL),
        ..InteractionResponseData::default()
    };
    let kind = InteractionResponseType::ChannelMessageWithSource;
    let response = InteractionResponse { kind, data: Some(data) };
    interactions.create_response(Id::new(id.get()), &token, &response).await.expect("asked");
    let original = interactions.response(&token).await.expect("asked").model().await.expect("read");
    assert_eq!(original.content, "Given.");
    let changed = interactions.update_response(&token).content(Some("Taken."));
    assert_eq!(changed.await.expect("asked").model().await.expect("read").content, "Taken.");
    let more = interactions.create_followup(&token).content("And more.");
    more.await.expect("asked").model().await.expect("read");
    let again = interactions.create_response(Id::new(id.get()), &token, &response).await;
    let error = again.expect_err("it is answered").to_string();
    assert!(error.contains("400"), "{error}");
    place.nothing_was_wrong();
}
