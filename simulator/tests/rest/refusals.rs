use serde_json::{Value, json};

use crate::place::Place;

#[tokio::test]
async fn given_no_token_or_a_wrong_one_then_nothing_is_told() {
    let place = Place::new().await;
    for value in ["Bot nonsense", "nonsense", "Bearer nonsense", "Bot "] {
        let headers = [("authorization", value)];
        let body = place.send("GET", "/users/@me", &Value::Null, &headers).await.refused(401, 0);
        assert_eq!(body["message"], "401: Unauthorized");
    }
    let bare = [("authorization", place.token.as_str())];
    place.send("GET", "/users/@me", &Value::Null, &bare).await.refused(401, 0);
    let new = place.sim.world.lock().reset_token(place.app).expect("it is there");
    place.get("/users/@me").await.refused(401, 0);
    let fresh = format!("Bot {new}");
    place.send("GET", "/users/@me", &Value::Null, &[("authorization", &fresh)]).await.is(200);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_ids_of_nothing_then_each_kind_has_its_own_code() {
    let place = Place::new().await;
    let (guild, channel) = (place.guild, place.general);
    for (path, code) in [
        ("/channels/99".to_owned(), 10003),
        ("/guilds/99".to_owned(), 10004),
        ("/invites/nothing".to_owned(), 10006),
        (format!("/guilds/{guild}/members/99"), 10013),
        (
            format!(
                "/guilds/{guild}/members/{}",
                place.sim.world.lock().add_user("stranger", None).expect("fine")
            ),
            10007,
        ),
        (format!("/channels/{channel}/messages/99"), 10008),
        (format!("/guilds/{guild}/roles/99"), 10011),
        ("/users/99".to_owned(), 10013),
        ("/webhooks/99".to_owned(), 10015),
        (format!("/guilds/{guild}/bans/99"), 10026),
        (format!("/applications/{}/commands/99", place.app), 10063),
        (format!("/guilds/{guild}/voice-states/99"), 10065),
    ] {
        let body = place.get(&path).await.refused(404, code);
        assert_eq!(
            body["message"].as_str().map(|text| text.starts_with("Unknown")),
            Some(true),
            "{path}"
        );
    }
    let body = place.get("/channels/abc").await.refused(400, 50035);
    assert_eq!(body["errors"]["channel_id"]["_errors"][0]["code"], "NUMBER_TYPE_COERCE");
    let other =
        place.sim.world.lock().create_guild("Elsewhere", place.owner).expect("there is room");
    place.get(&format!("/guilds/{other}")).await.refused(403, 50001);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_bodies_and_routes_that_make_no_sense_then_they_are_refused_in_json() {
    let place = Place::new().await;
    let path = format!("/api/v10/channels/{}/messages", place.general);
    let authorization = format!("Bot {}", place.token);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let broken = place.raw("POST", &path, &headers, b"{\"content\":").await.expect("an answer");
    broken.refused(400, 50109);
    let text = place.raw("POST", &path, &headers, b"[1,2]").await.expect("an answer");
    text.refused(400, 50035);
    place.post("/channels", json!({})).await.refused(404, 0);
    place.put("/users/@me", json!({})).await.refused(405, 0);
    let large = vec![b' '; 12 << 20];
    // The answer may come before all of it was taken, and then the connection is closed.
    if let Some(reply) = place.raw("POST", &path, &headers, &large).await {
        reply.refused(413, 40005);
    }
    let long = "x".repeat(513);
    let role = format!("/guilds/{}/members/{}/roles/{}", place.guild, place.maren, place.helper);
    let reply = place.send("PUT", &role, &Value::Null, &[("x-audit-log-reason", &long)]).await;
    assert!(reply.refused(400, 50035)["errors"]["reason"].is_object());
    let done = place.put(&role, Value::Null).await;
    assert_eq!(done.header("content-type"), "", "204 has no body and no type");
    done.is(204);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_form_with_many_faults_then_each_is_named_where_it_is() {
    let place = Place::new().await;
    let body = json!({
        "content": "x".repeat(2001),
        "embeds": [{"title": "t".repeat(257), "fields": [{"name": "", "value": "v"}]}],
        "nonce": "n".repeat(26),
    });
    let path = format!("/channels/{}/messages", place.general);
    let errors = place.post(&path, body).await.refused(400, 50035)["errors"].clone();
    let code = |pointer: &str| errors.pointer(&format!("{pointer}/_errors/0/code")).cloned();
    assert_eq!(code("/content"), Some("BASE_TYPE_MAX_LENGTH".into()));
    assert_eq!(code("/embeds/0/title"), Some("BASE_TYPE_MAX_LENGTH".into()));
    assert_eq!(code("/embeds/0/fields/0/name"), Some("BASE_TYPE_REQUIRED".into()));
    assert_eq!(code("/nonce"), Some("BASE_TYPE_MAX_LENGTH".into()));
    place.post(&path, json!({})).await.refused(400, 50006);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_an_encoded_at_sign_in_an_address_then_it_is_understood() {
    let place = Place::new().await;
    let plain = place.get("/users/@me").await.is(200);
    assert_eq!(place.get("/users/%40me").await.is(200), plain);
}

#[tokio::test]
async fn given_a_request_as_discord_does_not_describe_it_then_the_judge_says_so() {
    let place = Place::new().await;
    place.get("/users/@me?mood=good").await.is(200);
    let body = json!({"content": "x", "attachments": [], "sticker_ids": null, "tts": null});
    place.post(&format!("/channels/{}/messages", place.general), body).await.is(200);
    let violations = place.sim.violations();
    if place.is_judged() {
        assert_eq!(violations.len(), 1, "{violations:?}");
        assert!(violations[0].to_string().contains("\"mood\""), "{}", violations[0]);
    } else {
        assert!(violations.is_empty());
    }
}

/// The path with its parameters filled in.
fn filled(place: &Place, template: &str, garbage: Option<&str>) -> String {
    let known = [
        ("{guild_id}", place.guild.to_string()),
        ("{channel_id}", place.general.to_string()),
        ("{application_id}", place.app.to_string()),
        ("{user_id}", place.maren.to_string()),
        ("{role_id}", place.helper.to_string()),
        ("{overwrite_id}", place.helper.to_string()),
        ("{emoji_name}", "%F0%9F%91%8D".to_owned()),
    ];
    let mut path = template.to_owned();
    for (name, value) in known {
        path = path.replace(name, garbage.unwrap_or(&value));
    }
    while let Some((before, rest)) = path.split_once('{') {
        let after = rest.split_once('}').expect("it is closed").1;
        path = format!("{before}{}{after}", garbage.unwrap_or("99"));
    }
    path
}

#[tokio::test]
async fn given_any_body_on_any_route_then_it_is_answered_and_never_by_a_server_that_failed() {
    let deep =
        (0..60).fold(json!({"type": 1}), |inner, _| json!({"components": [inner], "type": 1}));
    let mistyped = json!({
        "name": 5, "content": {}, "embeds": {}, "components": 7, "flags": "x", "type": "x",
        "permissions": [], "user_ids": "x", "messages": {}, "roles": 1, "nick": [], "data": 5,
        "actions": "x", "trigger_metadata": 5, "options": 5, "choices": 5, "recipient_id": {},
        "attachments": 5, "message_reference": 5, "allowed_mentions": 5, "avatar": 5,
        "communication_disabled_until": 5, "channel_id": "x", "trigger_type": 99,
    });
    let long = json!({
        "name": "x".repeat(4096), "content": "x".repeat(4096), "reason": "\u{0}\u{202e}",
        "description": "\u{1f600}".repeat(4096), "nonce": -1, "type": -1, "flags": -1,
    });
    let place = Place::new().await;
    let mut asked = 0;
    for (method, template) in simulator::rest::routes() {
        for body in [
            json!(null),
            json!({}),
            json!([]),
            json!([5]),
            json!("x"),
            mistyped.clone(),
            long.clone(),
            deep.clone(),
        ] {
            // Whoever leaves or deletes the channel has nothing left to test with.
            let last = method == "DELETE"
                && ["/channels/{channel_id}", "/users/@me/guilds/{guild_id}"].contains(&template);
            for garbage in [None, Some("abc"), Some("18446744073709551616"), Some("%00%ff")] {
                if last && garbage.is_none() {
                    continue;
                }
                let path = filled(&place, template, garbage);
                let reply = place.send(method, &path, &body, &[]).await;
                assert!(reply.status < 500, "{method} {path} {body}: {reply:?}");
                let json = reply.status == 204 || !reply.json().is_null();
                assert!(json, "{method} {path} {body}: {reply:?}");
                asked += 1;
            }
        }
    }
    assert!(asked > 3000, "{asked}");
    let failed: Vec<_> = place
        .sim
        .violations()
        .iter()
        .map(ToString::to_string)
        .filter(|violation| violation.contains("response"))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
