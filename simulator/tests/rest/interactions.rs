use std::time::Duration;

use serde_json::{Value, json};
use simulator::{
    Id,
    world::interaction::{Kind, NewInteraction},
};

use crate::place::Place;

/// Somebody did something; its id and token.
fn happens(place: &Place, kind: Kind, message: Option<Id>) -> (Id, String) {
    let mut world = place.sim.world.lock();
    let new = NewInteraction {
        application: place.app,
        kind,
        user: place.maren,
        guild: Some(place.guild),
        channel: place.general,
        message,
        name: "send".to_owned(),
        data: json!({"id": "1", "name": "send", "type": 1}),
    };
    let id = world.create_interaction(new).expect("she may");
    let token = world.interaction(id).expect("it is there").token.clone();
    (id, token)
}

async fn answer(place: &Place, (id, token): &(Id, String), body: Value) -> crate::place::Reply {
    place.post(&format!("/interactions/{id}/{token}/callback"), body).await
}

#[tokio::test]
async fn given_a_command_then_it_is_answered_once_and_followed_up_while_the_token_lives() {
    let place = Place::new().await;
    let asked = happens(&place, Kind::Command, None);
    let path = format!("/interactions/{}/{}/callback?with_response=1", asked.0, asked.1);
    let body = json!({"type": 4, "data": {"content": "You gave 5 bytes."}});
    let made = place.post(&path, body.clone()).await.is(200);
    assert_eq!(made["resource"]["message"]["content"], "You gave 5 bytes.");
    assert_eq!(made["interaction"]["response_message_ephemeral"], false);
    answer(&place, &asked, body).await.refused(400, 40060);

    let hook = format!("/webhooks/{}/{}", place.app, asked.1);
    let original = format!("{hook}/messages/@original");
    assert_eq!(place.get(&original).await.is(200)["content"], "You gave 5 bytes.");
    let changed = place.patch(&original, json!({"content": "You gave 6."})).await.is(200);
    assert_eq!(changed["content"], "You gave 6.");
    let body = json!({"content": "Only you see this.", "flags": 64});
    let more = place.post(&hook, body).await.is(200);
    assert_eq!(more["flags"], 64);
    let one = format!("{hook}/messages/{}", more["id"].as_str().expect("an id"));
    place.patch(&one, json!({"content": "still"})).await.is(200);
    place.get(&one).await.is(200);
    place.delete(&one).await.is(204);
    place.delete(&original).await.is(204);
    place.get(&original).await.refused(404, 10008);
    place.advance(Duration::from_mins(16));
    place.post(&hook, json!({"content": "late"})).await.refused(401, 50027);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_three_seconds_without_an_answer_then_it_is_too_late() {
    let place = Place::new().await;
    let asked = happens(&place, Kind::Command, None);
    place.advance(Duration::from_secs(4));
    answer(&place, &asked, json!({"type": 5})).await.refused(404, 10062);
    let asked = happens(&place, Kind::Command, None);
    let forged = (asked.0, "nonsense".to_owned());
    answer(&place, &forged, json!({"type": 5})).await.refused(404, 10062);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_deferred_answer_then_its_message_loads_until_it_is_edited() {
    let place = Place::new().await;
    let asked = happens(&place, Kind::Command, None);
    answer(&place, &asked, json!({"type": 5, "data": {"flags": 64}})).await.is(204);
    let original = format!("/webhooks/{}/{}/messages/@original", place.app, asked.1);
    assert_eq!(place.get(&original).await.is(200)["flags"], 64 | 128);
    let done = place.patch(&original, json!({"content": "Done."})).await.is(200);
    assert_eq!((&done["flags"], &done["content"]), (&json!(64), &json!("Done.")));
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_button_then_its_message_is_changed_and_a_form_may_open_but_not_from_a_form() {
    let place = Place::new().await;
    let button = json!([{"type": 1, "components": [
        {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}]);
    let path = format!("/channels/{}/messages", place.general);
    let body = json!({"content": "Go?", "components": button});
    let message = place.post(&path, body).await.is(200);
    let message: Id = message["id"].as_str().expect("an id").parse().expect("an id");

    let pressed = happens(&place, Kind::Component, Some(message));
    let body = json!({"type": 7, "data": {"content": "Gone.", "components": []}});
    answer(&place, &pressed, body).await.is(204);
    let shown = place.get(&format!("{path}/{message}")).await.is(200);
    assert_eq!((&shown["content"], &shown["components"]), (&json!("Gone."), &json!([])));
    let pressed = happens(&place, Kind::Component, Some(message));
    answer(&place, &pressed, json!({"type": 6})).await.is(204);

    let modal = json!({"type": 9, "data": {"custom_id": "why", "title": "Why?", "components": [
        {"type": 18, "label": "Reason", "component": {"type": 4, "custom_id": "r", "style": 2}}]}});
    let pressed = happens(&place, Kind::Component, Some(message));
    answer(&place, &pressed, modal.clone()).await.is(204);
    let submitted = happens(&place, Kind::Modal, Some(message));
    let body = answer(&place, &submitted, modal).await.refused(400, 50035);
    assert_eq!(body["errors"]["type"]["_errors"][0]["code"], "BASE_TYPE_CHOICES");
    answer(&place, &submitted, json!({"type": 6})).await.is(204);
    let alone = happens(&place, Kind::Modal, None);
    answer(&place, &alone, json!({"type": 7, "data": {}})).await.refused(400, 50035);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_somebody_who_types_then_only_choices_answer_and_at_most_25() {
    let place = Place::new().await;
    let asked = happens(&place, Kind::Autocomplete, None);
    answer(&place, &asked, json!({"type": 4, "data": {"content": "x"}})).await.refused(400, 50035);
    let choice = |number: u32| json!({"name": number.to_string(), "value": number.to_string()});
    let many: Vec<_> = (0..26).map(choice).collect();
    let body = json!({"type": 8, "data": {"choices": many}});
    let refused = answer(&place, &asked, body).await.refused(400, 50035);
    assert!(refused["errors"]["data"]["choices"]["_errors"].is_array(), "{refused}");
    let body = json!({"type": 8, "data": {"choices": [choice(1)]}});
    answer(&place, &asked, body).await.is(204);
    place.nothing_was_wrong();
}
