use base64::Engine as _;
use serde_json::{Value, json};
use simulator::rest::oauth::challenge_of;

use crate::place::{Place, Reply};

const BACK: &str = "https://reeve.example/callback";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn post(place: &Place, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut all = vec![FORM];
    all.extend(headers);
    place.raw("POST", path, &all, body.as_bytes()).await.expect("an answer")
}

async fn place() -> (Place, String) {
    let place = Place::new().await;
    let secret = {
        let mut world = place.sim.world.lock();
        let app = world.application_mut(place.app).expect("it is there");
        app.redirect_uris.push(BACK.to_owned());
        app.client_secret.clone()
    };
    (place, secret)
}

fn asked(place: &Place, verifier: &str) -> String {
    format!(
        "client_id={}&response_type=code&redirect_uri=https%3A%2F%2Freeve.example%2Fcallback&\
         scope=identify%20guilds&state=s%26t&code_challenge={}&code_challenge_method=S256",
        place.app,
        challenge_of(verifier)
    )
}

#[tokio::test]
async fn given_somebody_who_agrees_then_the_application_acts_for_them_until_it_is_revoked() {
    let (place, secret) = place().await;
    let verifier = "v".repeat(43);
    let question = asked(&place, &verifier);
    let page =
        place.raw("GET", &format!("/oauth2/authorize?{question}"), &[], &[]).await.expect("a page");
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert_eq!(page.status, 200);
    for part in ["maren", "see your name and picture", "<code>guilds</code>", "Deny"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Under what they are, the highest first.
    let order =
        ["label=\"Owner\"", ">owner<", "label=\"admin\"", ">tobi<", "label=\"Member\"", ">maren<"];
    let places: Vec<_> = order.iter().map(|part| text.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}: {text}");
    let body = format!("{question}&user_id={}&decision=authorize", place.maren);
    let reply = post(&place, "/oauth2/authorize", &[], &body).await;
    assert_eq!(reply.status, 303);
    let location = reply.header("location").to_owned();
    assert!(location.starts_with(BACK) && location.ends_with("&state=s%26t"), "{location}");
    let code =
        location.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");

    let exchange = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={BACK}&client_id={}&\
         client_secret={secret}&code_verifier={verifier}",
        place.app
    );
    let tokens = post(&place, "/api/v10/oauth2/token", &[], &exchange).await.is(200);
    assert_eq!(
        (&tokens["token_type"], &tokens["scope"]),
        (&json!("Bearer"), &json!("identify guilds"))
    );
    let again = post(&place, "/api/oauth2/token", &[], &exchange).await.is(400);
    assert_eq!(again["error"], "invalid_grant", "a code is used once");

    let bearer = format!("Bearer {}", tokens["access_token"].as_str().expect("a token"));
    let headers = [("authorization", bearer.as_str())];
    let me = place.send("GET", "/users/@me", &Value::Null, &headers).await.is(200);
    assert_eq!(me["id"], json!(place.maren));
    assert_eq!(me.get("email"), None, "that was not granted");
    let guilds = place.send("GET", "/users/@me/guilds", &Value::Null, &headers).await.is(200);
    assert_eq!(guilds[0]["id"], json!(place.guild));
    let path = format!("/users/@me/guilds/{}/member", place.guild);
    place.send("GET", &path, &Value::Null, &headers).await.refused(403, 50026);
    place.send("GET", "/oauth2/@me", &Value::Null, &headers).await.is(200);
    let path = format!("/guilds/{}", place.guild);
    place.send("GET", &path, &Value::Null, &headers).await.refused(401, 0);

    let refresh = tokens["refresh_token"].as_str().expect("a token");
    let body = format!("grant_type=refresh_token&refresh_token={refresh}");
    let basic = base64::prelude::BASE64_STANDARD.encode(format!("{}:{secret}", place.app));
    let basic = format!("Basic {basic}");
    let headers = [("authorization", basic.as_str())];
    let fresh = post(&place, "/api/oauth2/token", &headers, &body).await.is(200);
    post(&place, "/api/oauth2/token", &headers, &body).await.is(400);
    let old = [("authorization", bearer.as_str())];
    place.send("GET", "/users/@me", &Value::Null, &old).await.refused(401, 0);
    let bearer = format!("Bearer {}", fresh["access_token"].as_str().expect("a token"));
    let new = [("authorization", bearer.as_str())];
    place.send("GET", "/users/@me", &Value::Null, &new).await.is(200);
    let body = format!("token={}", fresh["access_token"].as_str().expect("a token"));
    post(&place, "/api/oauth2/token/revoke", &headers, &body).await.is(200);
    place.send("GET", "/users/@me", &Value::Null, &new).await.refused(401, 0);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_question_that_is_wrong_then_nobody_is_sent_where_they_must_not_go() {
    let (place, _) = place().await;
    let question = asked(&place, &"v".repeat(43));
    let show = async |question: String| {
        let path = format!("/oauth2/authorize?{question}");
        place.raw("GET", &path, &[], &[]).await.expect("an answer")
    };
    let elsewhere = question.replace("reeve.example", "evil.example");
    for wrong in [elsewhere, question.replace("client_id=", "client_id=9")] {
        let reply = show(wrong).await;
        assert_eq!((reply.status, reply.header("location")), (400, ""));
    }
    for (from, to, error) in [
        ("identify", "everything", "invalid_scope"),
        ("response_type=code", "response_type=token", "unsupported_response_type"),
        ("S256", "plain", "invalid_request"),
    ] {
        let reply = show(question.replace(from, to)).await;
        assert!(reply.header("location").contains(&format!("error={error}")), "{reply:?}");
    }
    let body = format!("{question}&user_id={}&decision=deny", place.maren);
    let reply = post(&place, "/oauth2/authorize", &[], &body).await;
    assert!(reply.header("location").contains("error=access_denied"), "{reply:?}");
    let foreign = [("origin", "https://evil.example")];
    let body = body.replace("deny", "authorize");
    assert_eq!(post(&place, "/oauth2/authorize", &foreign, &body).await.status, 400);
}

#[tokio::test]
async fn given_a_code_in_the_wrong_hands_then_it_buys_nothing() {
    let (place, secret) = place().await;
    let verifier = "v".repeat(43);
    let agree = async || {
        let question = asked(&place, &verifier);
        let body = format!("{question}&user_id={}&decision=authorize", place.maren);
        let reply = post(&place, "/oauth2/authorize", &[], &body).await;
        let location = reply.header("location").to_owned();
        let code = location.split("code=").nth(1).and_then(|rest| rest.split('&').next());
        code.expect("a code").to_owned()
    };
    let buy = async |code: String, secret: &str, verifier: &str, back: &str| {
        let body = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={back}&client_id={}&\
             client_secret={secret}&code_verifier={verifier}",
            place.app
        );
        let reply = post(&place, "/api/oauth2/token", &[], &body).await;
        (reply.status, reply.json()["error"].clone())
    };
    let code = agree().await;
    assert_eq!(buy(code, "guessed", &verifier, BACK).await, (401, json!("invalid_client")));
    let code = agree().await;
    let other = "w".repeat(43);
    assert_eq!(buy(code, &secret, &other, BACK).await, (400, json!("invalid_grant")));
    let code = agree().await;
    assert_eq!(
        buy(code, &secret, &verifier, "https://a.example").await,
        (400, json!("invalid_grant"))
    );
    let code = agree().await;
    place.advance(std::time::Duration::from_mins(2));
    assert_eq!(buy(code, &secret, &verifier, BACK).await, (400, json!("invalid_grant")));
}

#[tokio::test]
async fn given_pictures_then_the_cdn_draws_them() {
    let place = Place::new().await;
    for path in ["/avatars/1/abc.png?size=64", "/embed/avatars/3.png", "/icons/1/abc.png"] {
        let reply = place.raw("GET", path, &[], &[]).await.expect("an answer");
        assert_eq!((reply.status, reply.header("content-type")), (200, "image/png"), "{path}");
        assert!(reply.body.starts_with(b"\x89PNG"));
    }
    assert_eq!(
        place.raw("GET", "/avatars/1/a.gif", &[], &[]).await.expect("an answer").status,
        415
    );
    assert_eq!(
        place.raw("GET", "/avatars/1/a.png?size=7", &[], &[]).await.expect("an answer").status,
        400
    );
}

/// Somebody grants these scopes; the access token.
async fn granted(place: &Place, secret: &str, user: simulator::Id, scopes: &str) -> String {
    let question = format!(
        "client_id={}&response_type=code&redirect_uri={BACK}&scope={}",
        place.app,
        scopes.replace(' ', "%20")
    );
    let body = format!("{question}&user_id={user}&decision=authorize");
    let reply = post(place, "/oauth2/authorize", &[], &body).await;
    let code = reply.header("location").split("code=").nth(1).expect("a code").to_owned();
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={BACK}&client_id={}&\
         client_secret={secret}",
        place.app
    );
    let tokens = post(place, "/api/oauth2/token", &[], &body).await.is(200);
    tokens["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn given_a_stranger_who_allows_it_then_the_bot_brings_them_in_and_nobody_else() {
    let (place, secret) = place().await;
    let stranger = place.sim.world.lock().add_user("stranger", None).expect("the name is fine");
    let token = granted(&place, &secret, stranger, "identify guilds.join").await;
    let path = format!("/guilds/{}/members/{stranger}", place.guild);
    let body = json!({"access_token": token});
    place.put(&path, body.clone()).await.is(201);
    place.put(&path, body.clone()).await.is(204);
    let other = place.sim.world.lock().add_user("other", None).expect("the name is fine");
    let path = format!("/guilds/{}/members/{other}", place.guild);
    place.put(&path, body).await.refused(400, 50025);
    let token = granted(&place, &secret, other, "identify").await;
    place.put(&path, json!({"access_token": token})).await.refused(400, 50025);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_an_owner_then_they_say_who_uses_a_command_and_a_member_or_a_bot_may_not() {
    let (place, secret) = place().await;
    let commands = format!("/applications/{}/guilds/{}/commands", place.app, place.guild);
    let body = json!({"name": "send", "description": "d"});
    let made = place.post(&commands, body).await.is(201);
    let one = format!("{commands}/{}/permissions", made["id"].as_str().expect("an id"));
    let body = json!({"permissions": [{"id": place.helper, "type": 1, "permission": false}]});
    place.get(&one).await.refused(404, 10066);
    place.put(&one, body.clone()).await.refused(403, 20001);
    let scopes = "identify applications.commands.permissions.update";
    for (user, status) in [(place.maren, 403), (place.owner, 200)] {
        let bearer = format!("Bearer {}", granted(&place, &secret, user, scopes).await);
        let headers = [("authorization", bearer.as_str())];
        place.send("PUT", &one, &body, &headers).await.is(status);
    }
    assert_eq!(place.get(&one).await.is(200)["permissions"], body["permissions"]);
    place.get(&format!("{commands}/permissions")).await.is(200);
    place.nothing_was_wrong();
}
