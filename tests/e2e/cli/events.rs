//! `reeve events`

use actions::{Caller, Standing};
use domain::{
    Actor, Bytes, Cause, CorrelationId, EventId, IdempotencyKey, PersonId,
    economy::{Command, Economy, Event},
};
use eventlog::{Request, StreamId};
use reeve::{Access, Node};
use serde_json::{Value, json};

use crate::support::{ANN, BEN, GUILD, House, OTHER_GUILD, Running, block_on, strings};

fn events(house: &House, filter: &[&str]) -> Vec<Value> {
    let answer = house.reeve(&[&["events", "--json"], filter].concat()).ok().json();
    answer["events"].as_array().unwrap().clone()
}

fn types(events: &[Value]) -> Vec<String> {
    strings(&json!(events), "type")
}

#[test]
fn given_filters_then_only_what_matches_is_shown_oldest_first() {
    let house = House::new();
    house.economy(&["grant", ANN, "100", "a prize"]);
    house.economy(&["settings", r#"{"max_transfer": "50"}"#]);
    house.economy(&["send", ANN, BEN, "7"]);
    house.reeve(&["economy", "--guild", OTHER_GUILD, "grant", BEN, "3"]).ok();

    let all = events(&house, &[]);
    let expected = [
        "economy.account_opened",
        "economy.bytes_granted",
        "economy_settings.changed",
        "economy.account_opened",
        "economy.bytes_transferred",
        "economy.account_opened",
        "economy.bytes_granted",
    ];
    assert_eq!(types(&all), expected);
    assert_eq!(events(&house, &["--guild", GUILD]), all[..5]);
    assert_eq!(events(&house, &["--guild", OTHER_GUILD]), all[5..]);
    assert_eq!(events(&house, &["--stream", &format!("economy_settings/{GUILD}")]), all[2..3]);
    assert_eq!(
        types(&events(&house, &["--type", "economy.bytes_"])),
        [expected[1], expected[4], expected[6]]
    );
    assert_eq!(events(&house, &["-n", "2"]), all[5..]);
    assert_eq!(events(&house, &["-n", "1", "--type", "economy_settings"]), all[2..3]);
    assert_eq!(events(&house, &["--since", all[3]["at"].as_str().unwrap()]), all[3..]);
    assert!(events(&house, &["--since", "2999-01-01T00:00:00Z"]).is_empty());

    let granted = &all[1];
    assert_eq!(granted["guild"], GUILD);
    assert_eq!((&granted["guild_seq"], &granted["type_version"]), (&json!(2), &json!(1)));
    assert_eq!(granted["metadata"]["actor"], "operator");
    assert_eq!(granted["metadata"]["policy"], "0");
    assert_eq!(all[4]["metadata"]["policy"], "1", "decided under the changed settings");

    let human = house.reeve(&["events", "--type", "economy.bytes_granted"]).ok();
    let line = human.out.lines().next().unwrap();
    for part in [GUILD, "#2", "economy.bytes_granted", "by operator", "amount=100", "(sealed)"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!human.out.contains("a prize"), "a reason is nobody's business here");
    house.reeve(&["events", "--type", "nothing"]).ok().says("No events match.");
}

#[test]
fn given_a_members_deed_then_it_is_found_by_the_person_number() {
    let house = House::new();
    house.economy(&["grant", ANN, "100"]);
    block_on(async {
        let node = Node::open(house.config(), Access::Write).await.unwrap();
        let (guild, ann) = (GUILD.parse().unwrap(), ANN.parse().unwrap());
        let member = Caller::member(ann, Standing::everyone());
        let key = IdempotencyKey::new("interaction/1").unwrap();
        let at = node.actions.now();
        let ben = BEN.parse().unwrap();
        let sent = node.actions.send_bytes(guild, &member, ann, ben, Bytes(5), None, at, &key);
        sent.await.unwrap();
        node.shutdown().await;
    });
    let by = |person| types(&events(&house, &["--by", person]));
    assert_eq!(by("1"), ["economy.account_opened", "economy.bytes_transferred"]);
    assert!(by("2").is_empty());
}

#[test]
fn given_one_event_then_it_is_shown_with_its_hash_checked() {
    let house = House::new();
    house.economy(&["grant", ANN, "100"]);
    let id = events(&house, &["-n", "1"])[0]["id"].as_str().unwrap().to_owned();
    let shown = house.reeve(&["events", "show", &id]).ok();
    let shown = shown.says("The hash matches").says("No event caused it: it began with a request.");
    assert!(shown.out.contains("\"guild_seq\": 2"), "{}", shown.out);
    assert_eq!(house.reeve(&["events", "show", &id, "--json"]).ok().json()["sound"], true);

    let nobody = "00000000-0000-0000-0000-000000000001";
    house.reeve(&["events", "show", nobody]).exits(1).says("There is no event 00000000");
    house.reeve(&["events", "show", "seven"]).exits(2);

    house.tamper(2, "100", "900");
    house.reeve(&["events", "show", &id]).exits(1).says("does not match its hash");
    assert_eq!(house.reeve(&["events", "show", &id, "--json"]).exits(1).json()["sound"], false);
}

#[test]
fn given_an_event_that_others_led_to_then_the_chain_of_causes_is_shown() {
    let house = House::new();
    let chain: Vec<EventId> = block_on(async {
        let node = Node::open(house.config(), Access::Write).await.unwrap();
        let guild = GUILD.parse().unwrap();
        node.people.person(guild, ANN.parse().unwrap()).await.unwrap();
        let stream = StreamId::of_guild("economy", guild);
        let terms = node.actions.economy_terms(guild).await.unwrap();
        let mut chain = Vec::new();
        for step in 1..=3 {
            let key = IdempotencyKey::new(format!("process/{step}")).unwrap();
            let correlation = CorrelationId(uuid::Uuid::from_u128(7));
            let cause = Cause { correlation, causation: chain.last().copied() };
            let actor = Actor::Process("payday".to_owned());
            let request = Request { actor, cause, key, policy: None };
            let (to, amount, terms) = (PersonId(1), Bytes(step), terms.clone());
            let command = Command::Grant { to, amount, reason: None, terms };
            let done = node.bus().execute::<Economy>(&stream, &command, &request).await.unwrap();
            let granted = |event: &Event| matches!(event, Event::BytesGranted { .. });
            let index = done.events.iter().position(granted).unwrap();
            chain.push(done.recorded[index].id);
        }
        node.shutdown().await;
        chain
    });
    let last = chain[2].to_string();
    let shown = house.reeve(&["events", "show", &last, "--json"]).ok().json();
    let causes = strings(&shown["causes"], "id");
    assert_eq!(causes, [chain[1].to_string(), chain[0].to_string()]);
    let human = house.reeve(&["events", "show", &last]).ok().says("by payday");
    assert_eq!(human.out.lines().filter(|line| line.starts_with("caused by")).count(), 2);
}

#[test]
fn given_a_running_server_then_follow_sees_what_it_writes() {
    let house = House::new();
    house.economy(&["grant", ANN, "100"]);
    let _server = house.serve(&[]);
    let mut people_only = Running::start(house.command(&["events", "--follow", "--json"]));
    let first = people_only.line();
    assert!(first.contains("economy.account_opened"), "{first}");
    people_only.line();
    let mut sentences =
        Running::start(house.command(&["events", "--follow", "-n", "1", "--guild", GUILD]));
    assert!(sentences.line().contains("economy.bytes_granted"));
    house.reeve(&["people", "erase", "--guild", GUILD, "--user", ANN, "--yes"]).ok();
    let erased: Value = serde_json::from_str(&people_only.line()).unwrap();
    assert_eq!(erased["type"], "people.person_erased");
    assert_eq!(erased["metadata"]["actor"], "process:erasure");
    assert!(sentences.line().contains("people.person_erased"));
}

#[test]
fn given_a_reader_that_goes_away_then_nothing_panics() {
    let house = House::new();
    for amount in 1..=5 {
        house.economy(&["grant", ANN, &amount.to_string()]);
    }
    for arguments in
        [&["events"][..], &["economy", "history"], &["completions", "bash"], &["config", "docs"]]
    {
        let mut command = house.command(arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {err}");
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
    }
}
