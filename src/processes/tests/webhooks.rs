//! Webhooks of a community, told by the real hands over real connections, while steps fail, receivers
//! misbehave and somebody pulls the plug.

use std::{collections::VecDeque, sync::Arc};

use actions::{
    Caller, Permissions, Standing,
    webhooks::{Made, Wanted},
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use domain::{
    GuildId, UserId,
    webhooks::{Kind, Off},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use serde_json::Value;
use sha2::Sha256;
use torture::rough_discord::{RoughDiscord, Roughness};

use super::harness::{Failing, House, eventually, guild};
use crate::processes::{Process, Processes, webhooks::Webhooks};

const ADMIN: u64 = 900;

/// Somebody's program that is told what happens.
struct Receiver {
    origin: String,
    seen: Arc<Seen>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    came: Mutex<Vec<Came>>,
    /// What it answers next; after them, that it took it.
    answers: Mutex<VecDeque<Answer>>,
}

#[derive(Clone, Debug)]
struct Came {
    path: String,
    headers: HeaderMap,
    body: String,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Status(u16),
    /// Not now, but in so many seconds.
    TooMany(u32),
    /// Elsewhere, on this very server.
    Redirect,
    /// Nothing, ever.
    Hangs,
}

impl Receiver {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let app = Router::new().fallback(hear).with_state(Arc::clone(&seen));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { origin, seen, server }
    }

    fn answers(&self, answers: &[Answer]) {
        self.seen.answers.lock().extend(answers.iter().copied());
    }

    fn came(&self) -> Vec<Came> {
        self.seen.came.lock().clone()
    }

    async fn hears(&self, many: usize) -> Vec<Came> {
        eventually(&format!("{many} deliveries come"), async || {
            self.seen.came.lock().len() >= many
        })
        .await;
        self.came()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn hear(
    State(seen): State<Arc<Seen>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    seen.came.lock().push(Came { path: uri.path().to_owned(), headers, body });
    let answer = seen.answers.lock().pop_front();
    match answer {
        None => StatusCode::OK.into_response(),
        Some(Answer::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Answer::TooMany(secs)) => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, secs.to_string())])
                .into_response()
        }
        Some(Answer::Redirect) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response()
        }
        Some(Answer::Hangs) => std::future::pending().await,
    }
}

impl Came {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn id(&self) -> &str {
        self.header("reeve-delivery")
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// As any receiver would check it.
    fn is_signed_with(&self, secret: &str) -> bool {
        let text = format!("{}.{}.{}", self.header("reeve-timestamp"), self.id(), self.body);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        let mac = eventlog::EventHash(mac.finalize().into_bytes().into());
        self.header("reeve-signature") == format!("v1={mac}")
    }
}

fn here() -> GuildId {
    guild(1)
}

fn admin() -> Caller {
    let standing = Standing::with(Permissions::ADMINISTRATOR);
    Caller::member(UserId::new(ADMIN).unwrap(), standing)
}

impl House {
    async fn makes_webhook(&self, origin: &str, kinds: &[Kind]) -> Made {
        let address = format!("{origin}/hook?token=hush");
        let wanted = Wanted { name: "our website", address: Some(&address), kinds };
        let key = actions::fresh_key("webhook").unwrap();
        self.actions.create_webhook(here(), &admin(), &wanted, &key).await.unwrap()
    }

    async fn off(&self) -> Option<Off> {
        let lines = self.actions.webhooks(here(), &admin()).await.unwrap();
        lines[0].off.map(|(why, _)| why)
    }

    async fn tells(&self, process: Arc<dyn Process>) -> (RoughDiscord, Processes) {
        let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
        let hands = self.hands(&discord);
        (discord, self.start(&process, Some(hands)).await)
    }

    async fn effects(&self, kind: &str, state: &str) -> u64 {
        let sql = "SELECT COUNT(*) FROM effects WHERE kind = $1 AND state = $2";
        let rows = self.db.query(sql, &eventlog::values![kind, state]).await.unwrap();
        rows[0].count(0).unwrap()
    }
}

fn webhooks() -> Arc<dyn Process> {
    Arc::new(Webhooks::default())
}

// proves: API-10
#[tokio::test(flavor = "multi_thread")]
async fn given_what_happens_then_a_webhook_hears_what_it_wants_in_order_and_signed() {
    let receiver = Receiver::start().await;
    let house = House::trusting(std::slice::from_ref(&receiver.origin)).await;
    is_told_in_order(&house, &receiver).await;
}

// proves: API-10
#[tokio::test(flavor = "multi_thread")]
async fn given_what_happens_then_a_webhook_hears_of_it_also_on_postgres() {
    let receiver = Receiver::start().await;
    let origins = std::slice::from_ref(&receiver.origin);
    let Some(house) = House::postgres_trusting(origins).await else { return };
    is_told_in_order(&house, &receiver).await;
}

async fn is_told_in_order(house: &House, receiver: &Receiver) {
    let failing: Arc<dyn Process> = Arc::new(Failing::new(webhooks(), 0.02));
    let (_discord, running) = house.tells(failing).await;
    // What was before it is none of its business.
    house.grant(here(), 50).await;
    let made = house.makes_webhook(&receiver.origin, &[Kind::Economy]).await;
    for user in 101..=110 {
        house.grant(here(), user).await;
    }
    // Of another kind, and of another community.
    let (key, by) = (actions::fresh_key("setting").unwrap(), admin());
    let changed = house.actions.change_setting(here(), &by, "economy", "daily_amount", "5", &key);
    changed.await.unwrap();
    house.grant(guild(2), 100).await;
    house.grant(here(), 111).await;
    // Each opens an account and is given something.
    let came = receiver.hears(22).await;
    house.caught_up().await;
    running.shutdown().await;
    let came_after = receiver.came().len();
    assert_eq!((came.len(), came_after), (22, 22), "nothing comes twice, and nothing else");

    let bodies: Vec<_> = came.iter().map(Came::json).collect();
    let seqs: Vec<_> = bodies.iter().map(|body| body["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    for (one, body) in came.iter().zip(&bodies) {
        assert!(one.is_signed_with(&made.secret), "{}", one.body);
        assert!(!one.is_signed_with("reevewh_another"));
        assert_eq!(body["id"], one.id());
        assert_eq!(body["type"], one.header("reeve-event"));
        assert_eq!(body["guild"], here().to_string());
        assert_eq!(one.header("content-type"), "application/json");
        assert_eq!(one.path, "/hook");
    }
    let granted: Vec<_> =
        bodies.iter().filter(|body| body["type"] == "economy.bytes_granted").collect();
    let users: Vec<_> = granted.iter().map(|body| body["about"][0].as_str().unwrap()).collect();
    let wanted: Vec<_> = (101..=111).map(|user: u64| user.to_string()).collect();
    assert_eq!(users, wanted);
    assert_eq!(granted[0]["data"]["to"], "101");
    assert_eq!(granted[0]["by"], serde_json::json!({ "kind": "operator" }));
    let payloads = house.db.query("SELECT payload FROM effects", &[]).await.unwrap();
    for row in &payloads {
        assert!(!row.text(0).unwrap().contains("hush"), "no address is stored in the clear");
    }
    let all = house.log.read_all(eventlog::Position(0), 100_000, eventlog::Slice::ALL).await;
    let told = all.unwrap().events.iter().any(|event| event.payload.contains("hush"));
    assert!(!told, "nor in the log");
}

// proves: API-10
#[tokio::test(flavor = "multi_thread")]
async fn given_answers_that_are_none_then_the_same_delivery_comes_again_before_the_next() {
    let receiver = Receiver::start().await;
    let house = House::trusting(std::slice::from_ref(&receiver.origin)).await;
    let made = house.makes_webhook(&receiver.origin, &[Kind::Economy]).await;
    receiver.answers(&[
        Answer::Status(500),
        Answer::TooMany(1),
        Answer::Redirect,
        Answer::Status(404),
    ]);
    let (_discord, running) = house.tells(webhooks()).await;
    house.grant(here(), 101).await;
    let came = receiver.hears(6).await;
    let ids: Vec<_> = came.iter().map(Came::id).collect();
    assert!(ids[..5].iter().all(|id| *id == ids[0]), "four that failed, and the fifth: {ids:?}");
    assert_ne!(ids[4], ids[5]);
    assert!(came.iter().all(|one| one.path == "/hook"), "nothing was followed elsewhere");
    assert!(came.iter().all(|one| one.is_signed_with(&made.secret)));
    eventually("both are delivered", async || house.effects("deliver", "done").await == 2).await;
    let told = house.outbox.deliveries(here(), made.id, 50).await.unwrap();
    assert_eq!(told.len(), 2);
    assert!(told[0].seq > told[1].seq, "the newest first");
    assert_eq!((told[1].status, told[1].state.as_str()), (Some(200), "done"));
    assert_eq!(house.off().await, None);
    running.shutdown().await;
}

// proves: API-10
#[tokio::test(flavor = "multi_thread")]
async fn given_a_receiver_that_is_gone_then_it_is_switched_off_and_moderators_hear_of_it() {
    let receiver = Receiver::start().await;
    let house = House::trusting(std::slice::from_ref(&receiver.origin)).await;
    let made = house.makes_webhook(&receiver.origin, &[Kind::Economy]).await;
    receiver.answers(&[Answer::Status(410)]);
    let (_discord, running) = house.tells(webhooks()).await;
    house.grant(here(), 101).await;
    eventually("it is off", async || house.off().await == Some(Off::Gone)).await;
    // The second event of that grant waited behind the first.
    eventually("what waited is dropped", async || house.effects("deliver", "dropped").await == 1)
        .await;
    house.grant(here(), 102).await;
    house.caught_up().await;
    let ordered = house.rows("SELECT COUNT(*) FROM effects WHERE kind = 'tell_moderators'").await;
    assert_eq!(ordered, 1, "told once");
    assert_eq!(house.count("webhooks.switched_off").await, 1);
    assert_eq!(receiver.came().len(), 1);

    // Mended, it hears what happens from then on.
    let key = actions::fresh_key("webhook").unwrap();
    house.actions.switch_webhook(here(), &admin(), made.id, true, &key).await.unwrap();
    house.grant(here(), 103).await;
    let came = receiver.hears(3).await;
    let about: Vec<_> = came[1..].iter().map(|one| one.json()["about"][0].clone()).collect();
    assert_eq!(about, ["103", "103"], "nothing of what it missed");
    running.shutdown().await;
}

// proves: API-10
#[tokio::test(flavor = "multi_thread")]
async fn given_a_receiver_that_fails_for_a_day_then_it_is_switched_off() {
    let receiver = Receiver::start().await;
    let house = House::trusting(std::slice::from_ref(&receiver.origin)).await;
    house.makes_webhook(&receiver.origin, &[Kind::Economy]).await;
    receiver.answers(&[Answer::Status(500); 500]);
    let (_discord, running) = house.tells(webhooks()).await;
    house.grant(here(), 101).await;
    receiver.hears(1).await;
    assert_eq!(house.off().await, None, "one fault is none");
    house.pass(80_000);
    house.grant(here(), 102).await;
    eventually("it waits behind the first", async || {
        let waits = "SELECT COUNT(*) FROM effects WHERE state <> 'done'";
        house.rows(waits).await == 4
    })
    .await;
    house.pass(6_500);
    eventually("it is off", async || house.off().await == Some(Off::Failing)).await;
    eventually("what waited less long is dropped", async || {
        house.effects("deliver", "dropped").await == 2
    })
    .await;
    assert_eq!(house.effects("deliver", "dead").await, 2, "each opens an account, too");
    let dead = house.outbox.list(Some("dead"), 10).await.unwrap();
    let why: Vec<_> = dead.iter().filter_map(|one| one.error.as_deref()).collect();
    assert!(why.iter().any(|why| why.contains("at last its receiver answered 500")), "{why:?}");
    let told = "SELECT COUNT(*) FROM effects WHERE kind = 'tell_moderators'";
    assert_eq!(house.rows(told).await, 1);
    running.shutdown().await;
}

// proves: API-10
#[tokio::test(flavor = "multi_thread")]
async fn given_a_kill_while_it_is_sent_then_the_same_delivery_comes_again() {
    let receiver = Receiver::start().await;
    let house = House::trusting(std::slice::from_ref(&receiver.origin)).await;
    house.makes_webhook(&receiver.origin, &[Kind::Economy]).await;
    receiver.answers(&[Answer::Hangs]);
    let (_discord, running) = house.tells(webhooks()).await;
    house.grant(here(), 101).await;
    receiver.hears(1).await;
    // Its tasks end where they are, as those of a killed process do.
    drop(running);
    assert_eq!(house.effects("deliver", "calling").await, 1);
    house.pass(60);
    let (_discord, running) = house.tells(webhooks()).await;
    let came = receiver.hears(3).await;
    assert_eq!(came[0].id(), came[1].id(), "its receiver knows it again");
    assert_eq!(came[0].body, came[1].body);
    assert_ne!(came[1].id(), came[2].id());
    running.shutdown().await;
}

// proves: API-10
#[tokio::test(flavor = "multi_thread")]
async fn given_a_trial_then_it_comes_at_once_and_switches_nothing_off() {
    let receiver = Receiver::start().await;
    let house = House::trusting(std::slice::from_ref(&receiver.origin)).await;
    let made = house.makes_webhook(&receiver.origin, &[Kind::Squads]).await;
    let (_discord, running) = house.tells(webhooks()).await;
    let fresh = || actions::fresh_key("webhook").unwrap();
    let actions = &house.actions;
    actions.switch_webhook(here(), &admin(), made.id, false, &fresh()).await.unwrap();
    actions.test_webhook(here(), &admin(), made.id, &fresh()).await.unwrap();
    let came = receiver.hears(1).await;
    assert_eq!(came[0].header("reeve-event"), "webhook.test");
    assert_eq!(came[0].json()["type"], "webhook.test");
    assert_eq!(came[0].json()["by"]["user"], ADMIN.to_string());
    assert!(came[0].is_signed_with(&made.secret));

    receiver.answers(&[Answer::Status(410)]);
    house.pass(10);
    actions.test_webhook(here(), &admin(), made.id, &fresh()).await.unwrap();
    eventually("it is given up", async || house.effects("try_webhook", "dead").await == 1).await;
    assert_eq!(house.off().await, Some(Off::Asked), "why it is off stays");

    // Another secret signs from then on.
    let turned = actions.turn_webhook_secret(here(), &admin(), made.id, &fresh()).await.unwrap();
    assert_ne!(turned.secret, made.secret);
    house.pass(10);
    actions.test_webhook(here(), &admin(), made.id, &fresh()).await.unwrap();
    let came = receiver.hears(3).await;
    assert!(came[2].is_signed_with(&turned.secret) && !came[2].is_signed_with(&made.secret));
    running.shutdown().await;
}

// proves: API-10
#[tokio::test(flavor = "multi_thread")]
async fn given_somebody_who_is_erased_then_no_delivery_names_them_any_more() {
    let receiver = Receiver::start().await;
    let house = House::trusting(std::slice::from_ref(&receiver.origin)).await;
    house.makes_webhook(&receiver.origin, &[Kind::Economy]).await;
    receiver.answers(&[Answer::TooMany(3_000)]);
    let (_discord, running) = house.tells(webhooks()).await;
    house.grant(here(), 101).await;
    let came = receiver.hears(1).await;
    assert_eq!(came[0].json()["about"], serde_json::json!(["101"]));
    let person = house.person(here(), 101).await;
    house.actions.bus().erase_person(here(), person).await.unwrap();
    let waits = "SELECT COUNT(*) FROM effects WHERE kind = 'deliver' AND limited = 1";
    eventually("it is waited", async || house.rows(waits).await == 1).await;
    house.pass(3_000);
    let came = receiver.hears(3).await;
    assert_eq!(came[0].id(), came[1].id());
    assert_eq!(came[1].json()["about"], serde_json::json!([]));
    assert!(!came[1].body.contains("\"101\""), "{}", came[1].body);

    // Whoever gave the address takes it along.
    let person = house.person(here(), ADMIN).await;
    house.actions.bus().erase_person(here(), person).await.unwrap();
    house.grant(here(), 102).await;
    let off = "SELECT COUNT(*) FROM effects WHERE kind = 'tell_moderators'";
    eventually("it is switched off", async || house.rows(off).await == 1).await;
    assert_eq!(house.off().await, Some(Off::Erased));
    running.shutdown().await;
}

// proves: API-10
#[tokio::test(flavor = "multi_thread")]
async fn given_more_than_a_receiver_takes_then_it_is_switched_off_before_it_is_too_much() {
    let house = House::trusting(&["http://127.0.0.1:9".to_owned()]).await;
    let made = house.makes_webhook("http://127.0.0.1:9", &[Kind::Economy]).await;
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
                INSERT INTO effects (number, id, process, kind, guild, target, route, payload, note, \
                priority, state, unsure, limited, tries, round, next_at, created_at, tell) \
                SELECT i, 'waits-' || i, 'webhooks', 'deliver', $1, $2, 'POST x', '{}', '', 3, \
                'waiting', 0, 0, 0, 0, 0, 0, 0 FROM n";
    let target = format!("webhook/{}", made.id);
    house.db.execute(fill, &eventlog::values![here(), target]).await.unwrap();
    house.db.execute("UPDATE work_counters SET value = 1000", &[]).await.unwrap();
    // Without hands, nothing is sent.
    let running = house.start(&webhooks(), None).await;
    house.grant(here(), 101).await;
    house.caught_up().await;
    assert_eq!(house.off().await, Some(Off::Overrun));
    assert_eq!(house.effects("deliver", "waiting").await, 1_000, "no more were ordered");
    running.shutdown().await;
}
