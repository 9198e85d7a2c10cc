//! Giveaways over GraphQL: run by hosts, seen by members, checked by anybody.

use std::sync::atomic::Ordering;

use actions::{
    Caller, Permissions, Standing,
    giveaways::{Entrance, Seen},
};
use domain::{GiveawayId, MessageId, UserId};
use schema::SignedIn;
use serde_json::{Value, json};

use crate::house::{CHANNEL, House, MODERATOR_ROLE, code, guild, signed_in, user};

fn key() -> domain::IdempotencyKey {
    actions::fresh_key("test").unwrap()
}

async fn of_guild(house: &House, who: &SignedIn, as_of: &str, inner: &str) -> Value {
    let question = format!("{{ guild(id: \"{}\"{as_of}) {{ giveaways {{ {inner} }} }} }}", guild());
    let answer = House::answered(house.ask(Some(who), question.as_str()).await);
    answer["guild"]["giveaways"].clone()
}

async fn does(house: &House, who: &SignedIn, name: &str, input: &str) -> Value {
    let (guild, rest) = (guild(), "{ done { status refusal { rule text } } id }");
    let question = format!("mutation {{ {name}(input: {{guild: \"{guild}\", {input}}}) {rest} }}");
    House::answered(house.ask(Some(who), question.as_str()).await)[name].clone()
}

async fn created(house: &House, host: &SignedIn, key: &str, more: &str) -> String {
    let input = format!(
        "channel: \"{CHANNEL}\", prize: \"A bench\", durationSecs: 3600, key: \"{key}\"{more}"
    );
    let made = does(house, host, "giveawayCreate", &input).await;
    assert_eq!(made["done"]["status"], "DONE", "{made}");
    made["id"].as_str().unwrap().to_owned()
}

fn id_of(id: &str) -> GiveawayId {
    GiveawayId(uuid::Uuid::parse_str(id).unwrap())
}

async fn enters(house: &House, id: &str, who: UserId) {
    let at = house.actions.now();
    let entrance = Entrance { user: who, roles: Vec::new(), joined_at: None, at };
    let caller = Caller::member(who, Standing::everyone());
    let key = key();
    let entered = house.actions.enter_giveaway(guild(), &caller, id_of(id), entrance, &key);
    entered.await.unwrap();
}

/// What the processes do after the end.
async fn drawn(house: &House, id: &str) {
    let (id, message) = (id_of(id), MessageId::new(77).unwrap());
    house.actions.draw_giveaway(guild(), id, message, &key()).await.unwrap();
    for winner in house.actions.shown_giveaway(guild(), id).await.unwrap().winners {
        let seen = Seen::Member { roles: Vec::new() };
        house.actions.settle_candidate(guild(), id, winner.entry, &seen, &key()).await.unwrap();
    }
}

// proves: GIV-17
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_host_then_they_make_change_pause_end_and_reroll_and_nobody_else_does() {
    let house = House::new().await;
    let (host, member) = (house.admin(), house.member(103));
    let id = created(&house, &host, "one", ", winners: 1").await;
    assert_eq!(created(&house, &host, "one", ", winners: 1").await, id, "the same request");
    let of = format!("giveaway: \"{id}\"");
    for (verb, input) in [
        ("giveawayCreate", format!("channel: \"{CHANNEL}\", prize: \"x\", durationSecs: 60")),
        ("giveawayEdit", format!("{of}, prize: \"x\"")),
        ("giveawayPause", of.clone()),
        ("giveawayEnd", of.clone()),
        ("giveawayCancel", of.clone()),
        ("giveawayReroll", format!("{of}, winner: \"101\", reason: \"x\"")),
    ] {
        let (guild, rest) = (guild(), "{ done { status } }");
        let question = format!(
            "mutation {{ {verb}(input: {{guild: \"{guild}\", {input}, key: \"no\"}}) {rest} }}"
        );
        let refused = house.ask(Some(&member), question.as_str()).await;
        assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"), "{verb}");
    }
    let say = |verb: &'static str, rest: &str| {
        let input = format!("{of}, key: \"{verb}\"{rest}");
        let (house, host) = (&house, &host);
        async move { does(house, host, verb, &input).await["done"].clone() }
    };
    assert_eq!(say("giveawayEdit", ", prize: \" A lamp \", winners: 2").await["status"], "DONE");
    assert_eq!(say("giveawayPause", "").await["status"], "DONE");
    assert_eq!(say("giveawayResume", "").await["status"], "DONE");
    for number in 101..=105 {
        enters(&house, &id, user(number)).await;
    }
    let early = say("giveawayReroll", ", winner: \"101\", reason: \"x\"").await;
    assert_eq!(early["refusal"]["rule"], "giveaway.no_prize");
    assert_eq!(say("giveawayEnd", "").await["status"], "DONE");
    assert_eq!(say("giveawayCancel", "").await["status"], "DONE", "until it is drawn");
    let other = created(&house, &host, "two", "").await;
    for number in 101..=105 {
        enters(&house, &other, user(number)).await;
    }
    does(&house, &host, "giveawayEnd", &format!("giveaway: \"{other}\", key: \"e\"")).await;
    drawn(&house, &other).await;
    house.caught_up().await;

    let shown =
        of_guild(&house, &member, "", "list { nodes { id prize state winnerCount } }").await;
    let lines = shown["list"]["nodes"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    let one = lines.iter().find(|line| line["id"] == id.as_str()).unwrap();
    assert_eq!((&one["prize"], &one["winnerCount"]), (&json!("A lamp"), &json!(2)));
    assert_eq!(one["state"], "CANCELLED");
    let over = of_guild(&house, &member, "", "list(states: [DRAWN]) { nodes { id } }").await;
    assert_eq!(over["list"]["nodes"], json!([{ "id": other }]));

    // The winner's prize goes on, once, with its reason, also when the answer was lost.
    let inner = format!("winners(id: \"{other}\") {{ entry state why person {{ userId }} }}");
    let won = of_guild(&house, &member, "", &inner).await["winners"][0].clone();
    let winner = won["person"]["userId"].as_str().unwrap().to_owned();
    let input = format!(
        "giveaway: \"{other}\", winner: \"{winner}\", reason: \"asked for it\", key: \"r\""
    );
    for _ in 0..2 {
        let done = does(&house, &host, "giveawayReroll", &input).await["done"].clone();
        assert_eq!(done["status"], "DONE", "{done}");
    }
    house.caught_up().await;
    let winners = of_guild(&house, &member, "", &inner).await["winners"].clone();
    let states: Vec<_> = winners.as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["rerolled", "drawn"]);
    let steps = format!("timeline(id: \"{other}\", first: 50) {{ nodes {{ what reason }} }}");
    let told = of_guild(&house, &host, "", &steps).await["timeline"]["nodes"].clone();
    assert!(
        told.as_array().unwrap().contains(&json!({ "what": "rerolled", "reason": "asked for it" }))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_entrants_then_hosts_see_who_numbers_add_up_and_members_see_their_own() {
    let house = House::new().await;
    let (host, member) = (house.admin(), house.member(103));
    let moderator = house.joins(104, Permissions::NONE, &[MODERATOR_ROLE]);
    let id = created(&house, &host, "one", ", winners: 2").await;
    for number in 101..=109 {
        enters(&house, &id, user(number)).await;
    }
    house.caught_up().await;
    let head = format!(", asOf: \"{}\"", {
        let question = format!("{{ guild(id: \"{}\") {{ eventCount }} }}", guild());
        let answer = House::answered(house.ask(Some(&host), question.as_str()).await);
        format!("#{}", answer["guild"]["eventCount"].as_str().unwrap())
    });
    does(&house, &host, "giveawayEnd", &format!("giveaway: \"{id}\", key: \"e\"")).await;
    drawn(&house, &id).await;
    house.caught_up().await;

    let standings = format!("standings(id: \"{id}\") {{ standing count }}");
    let now = of_guild(&house, &host, "", &standings).await["standings"].clone();
    assert_eq!(
        now,
        json!([{ "standing": "in", "count": "7" }, { "standing": "to_claim", "count": "2" }])
    );
    // At a moment of the past nobody was drawn, and it still ran.
    let both = format!("{standings} one(id: \"{id}\") {{ state seed }}");
    let then = of_guild(&house, &host, &head, &both).await;
    assert_eq!(then["standings"], json!([{ "standing": "in", "count": "9" }]));
    assert_eq!(then["one"], json!({ "state": "OPEN", "seed": null }));

    // Page by page, each once.
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let inner = format!(
            "entrants(id: \"{id}\", first: 4{after}) {{ nodes {{ entry person {{ userId name }} }} \
             pageInfo {{ hasNextPage endCursor }} }}"
        );
        let page = of_guild(&house, &host, "", &inner).await["entrants"].clone();
        for node in page["nodes"].as_array().unwrap() {
            seen.push(node["entry"].as_u64().unwrap());
            let name = node["person"]["name"].as_str().unwrap();
            assert!(name.starts_with("User "), "{name}");
        }
        if page["pageInfo"]["hasNextPage"] != true {
            break;
        }
        after = format!(", after: {}", page["pageInfo"]["endCursor"]);
    }
    assert_eq!(seen, (1..=9).collect::<Vec<_>>());
    let some = format!("entrants(id: \"{id}\", standing: \"to_claim\") {{ nodes {{ entry }} }}");
    let some = of_guild(&house, &host, "", &some).await;
    assert_eq!(some["entrants"]["nodes"].as_array().unwrap().len(), 2);

    // A member holds their own receipt, and reads nobody else's list.
    let inner = format!(
        "receipt(id: \"{id}\") {{ entry salt tag }} entriesOf(user: \"103\") {{ giveaway {{ prize }} }}"
    );
    let own = of_guild(&house, &member, "", &inner).await;
    assert_eq!(own["receipt"]["entry"], 3);
    assert_eq!(own["receipt"]["salt"].as_str().unwrap().len(), 64);
    assert_eq!(own["entriesOf"], json!([{ "giveaway": { "prize": "A bench" } }]));
    let stranger = house.member(300);
    assert_eq!(
        of_guild(&house, &stranger, "", &inner.replace("103", "300")).await["receipt"],
        Value::Null
    );
    let of_other = "entriesOf(user: \"105\") { entry }";
    let question = format!("{{ guild(id: \"{}\") {{ giveaways {{ {of_other} }} }} }}", guild());
    let refused = house.ask(Some(&member), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
    assert_eq!(
        of_guild(&house, &moderator, "", of_other).await["entriesOf"],
        json!([{ "entry": 5 }])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_the_address_of_a_draw_then_anybody_sees_what_its_bundle_says_and_no_name() {
    let house = House::new().await;
    let host = house.admin();
    let id = created(&house, &host, "one", ", winners: 2").await;
    for number in 101..=106 {
        enters(&house, &id, user(number)).await;
    }
    house.caught_up().await;
    let question = format!(
        "{{ draw(giveaway: \"{id}\") {{ state winnerCount entries commitment root message seed \
         picks {{ k entry why state }} }} }}"
    );
    let before = House::answered(house.ask(None, question.as_str()).await)["draw"].clone();
    assert_eq!((&before["state"], &before["seed"]), (&json!("OPEN"), &Value::Null));
    assert_eq!(before["picks"], json!([]));
    let early = house.actions.public_draw_bundle(id_of(&id)).await.unwrap_err();
    assert_eq!(early.rule(), Some("giveaway.not_drawn"));

    does(&house, &host, "giveawayEnd", &format!("giveaway: \"{id}\", key: \"e\"")).await;
    drawn(&house, &id).await;
    house.caught_up().await;
    let stranger = signed_in(999);
    for who in [None, Some(&stranger)] {
        let draw = House::answered(house.ask(who, question.as_str()).await)["draw"].clone();
        assert_eq!((&draw["entries"], &draw["message"]), (&json!("6"), &json!("77")));
        assert_eq!(draw["picks"].as_array().unwrap().len(), 2);
        // It is what the bundle says.
        let bundle = house.actions.public_draw_bundle(id_of(&id)).await.unwrap().unwrap();
        let bundle: String = bundle.pieces().collect();
        let header: Value = serde_json::from_str(bundle.lines().next().unwrap()).unwrap();
        for name in ["commitment", "root", "seed", "message"] {
            assert_eq!(header[name], draw[name], "{name}");
        }
        assert_eq!(bundle.lines().count(), 1 + 6 + 2 + 1);
        assert!(!bundle.contains("User") && !bundle.contains("bench"), "{bundle}");
    }
    // Nobody is named, whatever is asked.
    let named = format!("{{ draw(giveaway: \"{id}\") {{ picks {{ person {{ name }} }} }} }}");
    assert!(!house.ask(None, named.as_str()).await.errors.is_empty());
    let nothing = "{ draw(giveaway: \"0193690f-79bd-84f6-9419-69ed78770e3f\") { id } }";
    assert_eq!(House::answered(house.ask(None, nothing).await)["draw"], Value::Null);
    // Where the community switched giveaways off, its draws are not shown.
    let (operator, key) = (Caller::operator(), key());
    let off = house.actions.switch_module(guild(), &operator, "giveaways", false, &key);
    off.await.unwrap();
    assert_eq!(House::answered(house.ask(None, question.as_str()).await)["draw"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_role_or_channel_that_is_not_here_then_a_giveaway_says_so() {
    let house = House::new().await;
    let host = house.admin();
    house.now.fetch_add(60, Ordering::SeqCst);
    for wrong in [
        "channel: \"999\", prize: \"x\", durationSecs: 60".to_owned(),
        format!("channel: \"{CHANNEL}\", prize: \"x\", durationSecs: 60, requiredRole: \"999\""),
        format!("channel: \"{CHANNEL}\", prize: \"x\", durationSecs: 60, bonusRole: \"501\""),
        format!("channel: \"{CHANNEL}\", prize: \"x\""),
    ] {
        let question = format!(
            "mutation {{ giveawayCreate(input: {{guild: \"{}\", {wrong}, key: \"k\"}}) {{ id }} }}",
            guild()
        );
        let refused = house.ask(Some(&host), question.as_str()).await;
        assert_eq!(code(&refused).as_deref(), Some("BAD_INPUT"), "{wrong}");
    }
    let input = format!("channel: \"{CHANNEL}\", prize: \" \", durationSecs: 60, key: \"k\"");
    let empty = does(&house, &host, "giveawayCreate", &input).await["done"].clone();
    assert_eq!(empty["status"], "REFUSED");
    assert!(empty["refusal"]["text"].as_str().unwrap().contains("Name the prize"), "{empty}");
}
