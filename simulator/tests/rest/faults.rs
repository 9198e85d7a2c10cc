use serde_json::{Value, json};
use simulator::faults::{Fault, Rule};

use crate::place::Place;

fn said(place: &Place) -> usize {
    place.sim.world.lock().channel(place.general).expect("it is there").messages.len()
}

fn next(place: &Place, fault: Fault) {
    let rule = Rule::next(1, fault).on(&format!("POST /channels/{}/messages", place.general));
    place.sim.faults.add(rule).expect("it is a rule");
}

#[tokio::test]
async fn given_a_server_that_fails_then_the_effect_has_happened_only_where_it_was_told_so() {
    let place = Place::new().await;
    let path = format!("/channels/{}/messages", place.general);
    for (status, after, told) in [(500, false, 0), (502, false, 0), (503, true, 1)] {
        next(&place, Fault::ServerError { status, after });
        let before = said(&place);
        place.post(&path, json!({"content": "x"})).await.refused(status, 0);
        assert_eq!(said(&place) - before, told, "{status}");
    }
    place.get("/users/@me").await.is(200);
    place.post(&path, json!({"content": "x"})).await.is(200);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_lost_answer_then_the_connection_closes_with_nothing_and_the_message_is_there() {
    let place = Place::new().await;
    next(&place, Fault::LostAnswer);
    let authorization = format!("Bot {}", place.token);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let path = format!("/api/v10/channels/{}/messages", place.general);
    let body = br#"{"content":"x"}"#;
    assert!(place.raw("POST", &path, &headers, body).await.is_none());
    assert_eq!(said(&place), 1);
    assert!(place.raw("POST", &path, &headers, body).await.is_some());
}

#[tokio::test]
async fn given_half_an_answer_then_it_is_no_json() {
    let place = Place::new().await;
    next(&place, Fault::Truncated);
    let path = format!("/channels/{}/messages", place.general);
    let reply = place.post(&path, json!({"content": "x"})).await;
    assert_eq!((reply.status, reply.json()), (200, Value::Null));
    assert!(!reply.body.is_empty());
    assert_eq!(said(&place), 1);
}

#[tokio::test]
async fn given_a_slow_answer_then_it_comes_when_its_time_has_come() {
    let place = Place::new().await;
    next(&place, Fault::Slow { ms: 5_000 });
    let path = format!("/channels/{}/messages", place.general);
    let waiting = place.post(&path, json!({"content": "x"}));
    tokio::pin!(waiting);
    // It has happened when the message is there; the answer has not come.
    while said(&place) == 0 {
        tokio::select! {
            biased;
            reply = &mut waiting => panic!("it came at once: {reply:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    place.advance(std::time::Duration::from_secs(6));
    waiting.await.is(200);
}

#[tokio::test]
async fn given_a_limit_by_fault_then_it_says_how_long_and_of_what() {
    let place = Place::new().await;
    let path = format!("/channels/{}/messages", place.general);
    let cases = [(false, false, "user"), (true, false, "global"), (false, true, "shared")];
    for (global, shared, scope) in cases {
        next(&place, Fault::RateLimited { retry_after_ms: 1_500, global, shared });
        let reply = place.post(&path, json!({"content": "x"})).await;
        assert_eq!(reply.header("retry-after"), "2");
        assert_eq!(reply.header("x-ratelimit-scope"), scope);
        assert_eq!(reply.header("x-ratelimit-global") == "true", global);
        assert_eq!(reply.header("x-ratelimit-bucket").is_empty(), global);
        let body = reply.is(429);
        assert_eq!((&body["retry_after"], &body["global"]), (&json!(1.5), &json!(global)));
        assert_eq!(said(&place), 0);
        if scope == "user" {
            // The bucket is empty for others too, until it fills.
            place.post(&path, json!({"content": "x"})).await.is(429);
            place.advance(std::time::Duration::from_secs(6));
        }
    }
    place.nothing_was_wrong();
}
