//! A whole story over both wires: a member acts, the bot hears of it through twilight's gateway,
//! and answers through twilight's REST client.

use std::time::Duration;

use serde_json::Value;
use simulator::given;
use twilight_gateway::{
    ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _,
};
use twilight_http::Client;
use twilight_model::{
    channel::message::{
        Component, MessageFlags,
        component::{ActionRow, Button, ButtonStyle},
    },
    http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType},
    id::Id,
};

use crate::{place::Place, twilight::client};

const PATIENCE: Duration = Duration::from_secs(20);

fn data(content: &str) -> InteractionResponseData {
    InteractionResponseData { content: Some(content.to_owned()), ..Default::default() }
}

fn button() -> Component {
    let button = Button {
        id: None,
        custom_id: Some("confirm".to_owned()),
        disabled: false,
        emoji: None,
        label: Some("Confirm".to_owned()),
        style: ButtonStyle::Success,
        url: None,
        sku_id: None,
    };
    Component::ActionRow(ActionRow { id: None, components: vec![Component::Button(button)] })
}

/// A bot that asks back once, and then does it.
async fn bot(mut shard: Shard, client: Client, application: u64) {
    while let Some(event) = shard.next_event(EventTypeFlags::all()).await {
        let Event::InteractionCreate(asked) = event.expect("twilight reads every event") else {
            continue;
        };
        let pressed = asked.message.is_some();
        let (kind, data) = if pressed {
            let done = InteractionResponseData { components: Some(Vec::new()), ..data("Sent.") };
            (InteractionResponseType::UpdateMessage, done)
        } else {
            let question = InteractionResponseData {
                flags: Some(MessageFlags::EPHEMERAL),
                components: Some(vec![button()]),
                ..data("Send 5 bytes?")
            };
            (InteractionResponseType::ChannelMessageWithSource, question)
        };
        let response = InteractionResponse { kind, data: Some(data) };
        let interactions = client.interaction(Id::new(application));
        let answered = interactions.create_response(asked.id, &asked.token, &response).await;
        answered.expect("it is answered");
    }
}

#[tokio::test]
async fn given_a_member_and_a_bot_then_they_talk_over_the_real_wire() {
    let place = Place::new().await;
    let client = client(&place);
    let config = ConfigBuilder::new(place.token.clone(), Intents::GUILDS)
        .proxy_url(place.sim.gateway_url())
        .build();
    let shard = Shard::with_config(ShardId::ONE, config);
    let commands = serde_json::json!([{"name": "send", "description": "Give bytes", "options": [
        {"type": 4, "name": "amount", "description": "How many", "required": true}]}]);
    place.put(&format!("/applications/{}/commands", place.app), commands).await.is(200);
    let running = tokio::spawn(bot(shard, client, place.app.get()));
    let ready = tokio::time::timeout(PATIENCE, place.sim.bot_is_ready(place.app)).await;
    ready.expect("in time").expect("it connects");

    let maren = place.sim.member(place.guild, "maren").expect("she is here");
    let asked = maren.uses(place.general, "/send", given! { amount: 5 });
    let question = tokio::time::timeout(PATIENCE, asked).await.expect("in time").expect("answered");
    assert_eq!(question.text(), "Send 5 bytes?");
    assert!(question.is_ephemeral());
    let done = tokio::time::timeout(PATIENCE, question.presses("Confirm")).await;
    let done = done.expect("in time").expect("answered");
    assert_eq!(done.text(), "Sent.");
    running.abort();
    let seen = place.get(&format!("/channels/{}/messages", place.general)).await.is(200);
    assert_eq!(seen, Value::Array(Vec::new()), "what only she sees is in no history");
    place.nothing_was_wrong();
}
