use serde_json::{Value, json};
use simulator::world::message::{Author, NewMessage};

use crate::place::Place;

#[tokio::test]
async fn given_a_message_then_it_is_read_edited_pinned_reacted_to_and_deleted() {
    let place = Place::new().await;
    let messages = format!("/channels/{}/messages", place.general);
    let body = json!({
        "content": format!("Hello <@{}>", place.maren),
        "embeds": [{"title": "Rules", "fields": [{"name": "1", "value": "Be kind."}]}],
        "components": [{"type": 1, "components": [
            {"type": 2, "style": 1, "label": "Agree", "custom_id": "agree"},
            {"type": 2, "style": 5, "label": "Read", "url": "https://example.org"},
        ]}],
        "allowed_mentions": {"parse": []},
    });
    let made = place.post(&messages, body).await.is(200);
    assert_eq!(made["mentions"], json!([]), "nobody was to be woken");
    let one = format!("{messages}/{}", made["id"].as_str().expect("an id"));
    assert_eq!(place.get(&one).await.is(200)["content"], made["content"]);

    assert!(
        place.get(&one).await.is(200).get("reactions").is_none(),
        "a list or nothing, never null"
    );

    let edited = place.patch(&one, json!({"content": "Hello"})).await.is(200);
    assert_eq!(edited["content"], "Hello");
    assert!(edited["edited_timestamp"].is_string());
    assert_eq!(edited["embeds"][0]["title"], "Rules", "what is not said stays");

    let pin = format!("{messages}/pins/{}", made["id"].as_str().expect("an id"));
    place.put(&pin, Value::Null).await.is(204);
    let pins = place.get(&format!("{messages}/pins")).await.is(200);
    assert_eq!(pins["items"][0]["message"]["id"], made["id"]);
    assert_eq!(
        place.get(&format!("/channels/{}/pins", place.general)).await.is(200)[0]["id"],
        made["id"]
    );
    place.delete(&pin).await.is(204);

    let wave = format!("{one}/reactions/%F0%9F%91%8B");
    place.put(&format!("{wave}/@me"), Value::Null).await.is(204);
    place
        .sim
        .world
        .lock()
        .add_reaction(
            place.general,
            made["id"].as_str().expect("an id").parse().expect("an id"),
            place.maren,
            &json!({"id": null, "name": "👋"}),
        )
        .expect("she reacts");
    let shown = place.get(&one).await.is(200);
    assert_eq!(
        (&shown["reactions"][0]["count"], &shown["reactions"][0]["me"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(place.get(&wave).await.is(200).as_array().map(Vec::len), Some(2));
    place.delete(&format!("{wave}/{}", place.maren)).await.is(204);
    place.delete(&format!("{wave}/@me")).await.is(204);
    place.delete(&format!("{one}/reactions")).await.is(204);
    place.put(&format!("{one}/reactions/wave/@me"), Value::Null).await.refused(400, 10014);

    place.delete(&one).await.is(204);
    place.get(&one).await.refused(404, 10008);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_pages_of_messages_then_each_way_to_ask_gives_those_from_the_newest_on() {
    let place = Place::new().await;
    let ids: Vec<_> = {
        let mut world = place.sim.world.lock();
        let mut say = |number: usize| {
            let author = Author::User(place.maren);
            world.create_message(place.general, author, NewMessage::text(number.to_string()))
        };
        (0..10).map(|number| say(number).expect("she may write")).collect()
    };
    let read = async |asked: String| -> Vec<String> {
        let found =
            place.get(&format!("/channels/{}/messages?{asked}", place.general)).await.is(200);
        let found = found.as_array().expect("a list").iter();
        found.map(|message| message["content"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(read("limit=3".to_owned()).await, ["9", "8", "7"]);
    assert_eq!(read(format!("limit=3&before={}", ids[5])).await, ["4", "3", "2"]);
    assert_eq!(read(format!("limit=3&after={}", ids[5])).await, ["8", "7", "6"]);
    assert_eq!(read(format!("limit=5&around={}", ids[5])).await, ["7", "6", "5", "4", "3"]);
    let path = format!("/channels/{}/messages?limit=101", place.general);
    assert!(place.get(&path).await.refused(400, 50035)["errors"]["limit"]["_errors"].is_array());
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_nonce_that_is_enforced_then_a_second_message_is_the_first_for_some_minutes() {
    let place = Place::new().await;
    let messages = format!("/channels/{}/messages", place.general);
    let body = json!({"content": "once", "nonce": "effect-1", "enforce_nonce": true});
    let first = place.post(&messages, body.clone()).await.is(200);
    assert_eq!(first["nonce"], "effect-1");
    assert_eq!(place.post(&messages, body.clone()).await.is(200)["id"], first["id"]);
    place.advance(std::time::Duration::from_mins(10));
    assert_ne!(place.post(&messages, body).await.is(200)["id"], first["id"]);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_files_beside_a_message_then_they_are_kept_under_an_address_that_expires() {
    let place = Place::new().await;
    let body = "--edge\r\ncontent-disposition: form-data; name=\"payload_json\"\r\n\
        content-type: application/json\r\n\r\n{\"content\":\"see\",\"attachments\":[{\"id\":0,\
        \"description\":\"a list\"}],\"embeds\":[{\"title\":\"t\",\"image\":{\"url\":\
        \"attachment://list.txt\"}}]}\r\n--edge\r\ncontent-disposition: form-data; \
        name=\"files[0]\"; filename=\"list.txt\"\r\ncontent-type: text/plain\r\n\r\n\
        one two\r\n--edge--\r\n";
    let authorization = format!("Bot {}", place.token);
    let headers = [
        ("content-type", "multipart/form-data; boundary=edge"),
        ("authorization", authorization.as_str()),
    ];
    let path = format!("/api/v10/channels/{}/messages", place.general);
    let made =
        place.raw("POST", &path, &headers, body.as_bytes()).await.expect("an answer").is(200);
    let file = &made["attachments"][0];
    assert_eq!((&file["filename"], &file["size"]), (&json!("list.txt"), &json!(7)));
    assert_eq!(file["description"], "a list");
    assert_eq!(made["embeds"][0]["image"]["url"], file["url"]);
    let url = file["url"].as_str().expect("an address");
    let path = url.strip_prefix(&place.sim.origin()).expect("it is here").to_owned();
    let got = place.raw("GET", &path, &[], &[]).await.expect("an answer");
    assert_eq!((got.status, got.body.as_slice()), (200, b"one two".as_slice()));
    let forged = path.replace("&hm=", "&hm=0");
    assert_eq!(place.raw("GET", &forged, &[], &[]).await.expect("an answer").status, 404);
    place.advance(std::time::Duration::from_hours(25));
    assert_eq!(place.raw("GET", &path, &[], &[]).await.expect("an answer").status, 404);
    // Whoever reads the message again gets a fresh address.
    let one =
        format!("/channels/{}/messages/{}", place.general, made["id"].as_str().expect("an id"));
    let again = place.get(&one).await.is(200);
    let url = again["attachments"][0]["url"].as_str().expect("an address");
    let path = url.strip_prefix(&place.sim.origin()).expect("it is here").to_owned();
    assert_eq!(place.raw("GET", &path, &[], &[]).await.expect("an answer").status, 200);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_layout_components_then_the_message_keeps_them_and_never_turns_back() {
    let place = Place::new().await;
    let messages = format!("/channels/{}/messages", place.general);
    let body = json!({"flags": 1 << 15, "components": [{"type": 17, "accent_color": 255, "components": [
        {"type": 10, "content": "# The heap"},
        {"type": 9, "components": [{"type": 10, "content": "Take"}],
         "accessory": {"type": 2, "style": 2, "label": "Take", "custom_id": "take"}},
        {"type": 14, "divider": false, "spacing": 2},
        {"type": 12, "items": [{"media": {"url": "https://example.org/a.png"}}]},
        {"type": 1, "components": [{"type": 3, "custom_id": "pick", "options": [
            {"label": "A", "value": "a"}, {"label": "B", "value": "b", "description": "b"}]}]},
    ]}]});
    let made = place.post(&messages, body).await.is(200);
    assert_eq!(made["flags"], 1 << 15);
    let one = format!("{messages}/{}", made["id"].as_str().expect("an id"));
    place.patch(&one, json!({"content": "text"})).await.refused(400, 50035);
    let changed = json!({"components": [{"type": 10, "content": "Closed."}]});
    assert_eq!(place.patch(&one, changed).await.is(200)["flags"], 1 << 15);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_many_messages_then_they_go_at_once_if_they_are_young_and_between_two_and_a_hundred()
{
    let place = Place::new().await;
    let path = format!("/channels/{}/messages/bulk-delete", place.general);
    let say = |place: &Place| {
        let mut world = place.sim.world.lock();
        let new = NewMessage::text("hello");
        world.create_message(place.general, Author::User(place.maren), new).expect("she may")
    };
    let old = say(&place);
    place.advance(std::time::Duration::from_hours(24 * 15));
    let young = [say(&place), say(&place)];
    place.post(&path, json!({"messages": [young[0]]})).await.refused(400, 50016);
    place.post(&path, json!({"messages": [young[0], young[0]]})).await.refused(400, 50016);
    place.post(&path, json!({"messages": [young[0], old]})).await.refused(400, 50034);
    place.post(&path, json!({"messages": young})).await.is(204);
    assert_eq!(
        place.sim.world.lock().channel(place.general).expect("it is there").messages.len(),
        1
    );
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_direct_messages_then_only_who_takes_them_gets_them() {
    let place = Place::new().await;
    let open = json!({"recipient_id": place.maren});
    let channel = place.post("/users/@me/channels", open.clone()).await.is(200);
    let again = place.post("/users/@me/channels", open).await.is(200);
    assert_eq!(channel["id"], again["id"]);
    let messages = format!("/channels/{}/messages", channel["id"].as_str().expect("an id"));
    place.post(&messages, json!({"content": "for you"})).await.is(200);
    place.sim.world.lock().user_mut(place.maren).expect("she is here").takes_direct_messages =
        false;
    place.post(&messages, json!({"content": "again"})).await.refused(403, 50007);
    place.post("/users/@me/channels", json!({"recipient_id": "99"})).await.refused(400, 50033);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_webhook_then_whoever_has_its_token_speaks_through_it() {
    let place = Place::new().await;
    let made = place
        .post(&format!("/channels/{}/webhooks", place.general), json!({"name": "Crier"}))
        .await
        .is(200);
    let token = made["token"].as_str().expect("a token");
    let path = format!("/webhooks/{}/{token}", made["id"].as_str().expect("an id"));
    place.post(&path, json!({"content": "hear"})).await.is(204);
    let body = json!({"content": "hear", "username": "The Crier"});
    let said = place.post(&format!("{path}?wait=true"), body).await.is(200);
    assert_eq!(said["author"]["username"], "The Crier");
    assert_eq!(said["webhook_id"], made["id"]);
    let one = format!("{path}/messages/{}", said["id"].as_str().expect("an id"));
    assert_eq!(place.patch(&one, json!({"content": "ye"})).await.is(200)["content"], "ye");
    place.get(&one).await.is(200);
    place.delete(&one).await.is(204);
    place.get(&one).await.refused(404, 10008);
    let forged = format!("/webhooks/{}/nonsense", made["id"].as_str().expect("an id"));
    place.post(&forged, json!({"content": "x"})).await.refused(401, 50027);
    place.get(&format!("/guilds/{}/webhooks", place.guild)).await.is(200);
    place.get(&format!("/channels/{}/webhooks", place.general)).await.is(200);
    let own = format!("/webhooks/{}", made["id"].as_str().expect("an id"));
    place.patch(&own, json!({"name": "Herald"})).await.is(200);
    place.patch(&own, json!({"name": "Discord"})).await.refused(400, 50035);
    assert_eq!(place.get(&path).await.is(200)["name"], "Herald");
    place.delete(&own).await.is(204);
    place.get(&own).await.refused(404, 10015);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_threads_then_they_are_begun_joined_archived_and_listed() {
    let place = Place::new().await;
    let message = {
        let mut world = place.sim.world.lock();
        let author = Author::User(place.maren);
        world.create_message(place.general, author, NewMessage::text("hm?")).expect("she may")
    };
    let here = format!("/channels/{}", place.general);
    let path = format!("{here}/messages/{message}/threads");
    let thread = place.post(&path, json!({"name": "About that"})).await.is(201);
    place.post(&path, json!({"name": "Again"})).await.refused(400, 160_004);
    let one = format!("/channels/{}", thread["id"].as_str().expect("an id"));
    place.post(&format!("{here}/threads"), json!({"name": "Aside", "type": 11})).await.is(201);
    place.post(&format!("{here}/threads"), json!({"name": "Quiet", "type": 12})).await.is(201);
    place.put(&format!("{one}/thread-members/{}", place.maren), Value::Null).await.is(204);
    assert_eq!(
        place.get(&format!("{one}/thread-members")).await.is(200).as_array().map(Vec::len),
        Some(2)
    );
    place.get(&format!("{one}/thread-members/{}?with_member=true", place.maren)).await.is(200);
    place.delete(&format!("{one}/thread-members/{}", place.maren)).await.is(204);
    place.delete(&format!("{one}/thread-members/@me")).await.is(204);
    place.put(&format!("{one}/thread-members/@me"), Value::Null).await.is(204);
    place.post(&format!("{one}/messages"), json!({"content": "so"})).await.is(200);
    let active = place.get(&format!("/guilds/{}/threads/active", place.guild)).await.is(200);
    assert_eq!(active["threads"].as_array().map(Vec::len), Some(3));
    place.patch(&one, json!({"archived": true, "locked": true})).await.is(200);
    let archived = place.get(&format!("{here}/threads/archived/public")).await.is(200);
    assert_eq!(archived["threads"][0]["id"], thread["id"]);
    place.get(&format!("{here}/threads/archived/private")).await.is(200);
    place.delete(&one).await.is(200);
    place.get(&one).await.refused(404, 10003);
    place.nothing_was_wrong();
}
