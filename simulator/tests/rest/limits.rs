use serde_json::{Value, json};

use crate::place::Place;

#[tokio::test]
async fn given_the_usual_limits_then_headers_count_down_and_the_sixth_message_waits() {
    let place = Place::new().await;
    place.sim.relax_rates(1);
    let path = format!("/channels/{}/messages", place.general);
    let mut bucket = String::new();
    for left in ["4", "3", "2", "1", "0"] {
        let reply = place.post(&path, json!({"content": "x"})).await;
        assert_eq!(reply.header("x-ratelimit-limit"), "5");
        assert_eq!(reply.header("x-ratelimit-remaining"), left);
        assert_eq!(reply.header("x-ratelimit-reset-after"), "5.000");
        bucket = reply.header("x-ratelimit-bucket").to_owned();
        reply.is(200);
    }
    assert_eq!(bucket.len(), 32);
    let reply = place.post(&path, json!({"content": "x"})).await;
    assert_eq!(reply.header("x-ratelimit-scope"), "user");
    assert_eq!(reply.header("x-ratelimit-bucket"), bucket);
    assert_eq!(reply.is(429)["retry_after"], 5.0);
    place.advance(std::time::Duration::from_secs(5));
    place.post(&path, json!({"content": "x"})).await.is(200);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_flood_then_the_bot_is_limited_everywhere_but_its_answers_to_people_are_not() {
    let place = Place::new().await;
    place.sim.relax_rates(1);
    let mut global = 0;
    for number in 0..60 {
        let reply = place.get(&format!("/users/{}", place.maren)).await;
        if reply.status == 429 {
            assert_eq!(reply.header("x-ratelimit-scope"), "global");
            assert_eq!(reply.json()["global"], true);
            global += 1;
        } else {
            assert!(number < 50, "{number}");
        }
    }
    assert_eq!(global, 10);
    // The answer to an interaction is outside of it, and has no bucket of its own.
    let callback = place.post("/interactions/5/token/callback", json!({"type": 5})).await;
    assert_eq!(callback.header("x-ratelimit-bucket"), "");
    callback.refused(404, 10062);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_ten_thousand_invalid_requests_then_the_address_is_turned_away_without_json() {
    let place = Place::new().await;
    {
        let mut rates = place.sim.rest.rates.lock();
        let now = place.sim.clock.now_ms();
        for _ in 0..9_999 {
            rates.answered("127.0.0.1", 401, false, now);
        }
    }
    let forged = [("authorization", "Bot nonsense")];
    place.send("GET", "/users/@me", &Value::Null, &forged).await.refused(401, 0);
    for reply in [
        place.get("/users/@me").await,
        place.send("GET", "/users/@me", &Value::Null, &forged).await,
    ] {
        assert_eq!((reply.status, reply.json()), (429, Value::Null));
        assert_eq!(reply.header("retry-after"), "600");
    }
    place.advance(std::time::Duration::from_mins(11));
    place.get("/users/@me").await.is(200);
}
