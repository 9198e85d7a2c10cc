//! Who may, until when, and who looked: reads by staff, roles for a time, and an operator who breaks
//! the glass, from Discord's slash commands to the browser of whoever keeps watch.

use serde_json::{Value, json};
use simulator::given;

use super::{
    dashboard::{Browser, opened, town},
    town::{Town, patiently},
};

fn of<'a>(answer: &'a Value, field: &str) -> &'a Value {
    &answer["data"]["guild"][field]
}

#[test]
fn given_staff_who_look_in_discord_and_in_a_browser_then_the_access_log_and_its_file_say_so() {
    let (town, server) = town();
    let guild = town.community.guild;
    let (owner, lene) = (town.owner(), town.member("lene"));
    let mut browser = Browser::at(&server);
    browser.signs_in(owner.person.user);
    let member = lene.person.user;
    let warned = browser.ask(&format!(
        "mutation {{ warn(input: {{guild: \"{guild}\", user: \"{member}\", reason: \"spam\", \
         key: \"once\"}}) {{ number }} }}"
    ));
    assert_eq!(warned.json()["data"]["warn"]["number"], 1, "{}", warned.body);
    patiently("the case is there", || {
        let view = town.live(owner.uses("/case view", given! { case: 1 })).all_text();
        view.contains("spam").then_some(())
    });
    // The same again, at once, in the browser: no second line. The member's own look: none.
    let case =
        format!("{{ guild(id: \"{guild}\") {{ moderation {{ case(number: 1) {{ number }} }} }} }}");
    for _ in 0..3 {
        assert_eq!(browser.ask(&case).json()["data"]["guild"]["moderation"]["case"]["number"], 1);
    }
    town.live(lene.uses("/case view", given! { case: 1 }));
    let record = format!(
        "{{ guild(id: \"{guild}\") {{ moderation {{ record(user: \"{member}\") {{ counts {{ all }} }} }} }} }}"
    );
    browser.ask(&record);
    let list = browser.get(&format!("/api/v1/guilds/{guild}/exports/cases"));
    assert_eq!(list.status, 200, "{}", list.body);

    let reads = format!(
        "{{ guild(id: \"{guild}\") {{ reads {{ nodes {{ what via list case who {{ userId }} }} }} }} }}"
    );
    let nodes = patiently("all three are told", || {
        let answer = browser.ask(&reads).json();
        let nodes = of(&answer, "reads")["nodes"].as_array().unwrap().clone();
        (nodes.len() >= 3).then_some(nodes)
    });
    let told: Vec<_> = nodes.iter().map(|node| (&node["what"], &node["via"])).collect();
    assert_eq!(nodes.len(), 3, "{nodes:?}");
    for expected in [
        (&json!("CASE_OPENED"), &json!("DISCORD")),
        (&json!("RECORD_OPENED"), &json!("DASHBOARD")),
        (&json!("LIST_TAKEN"), &json!("DOWNLOAD")),
    ] {
        assert!(told.contains(&expected), "{expected:?} is not in {told:?}");
    }
    let by = owner.person.user.to_string();
    assert!(nodes.iter().all(|node| node["who"]["userId"] == by.as_str()), "{nodes:?}");
    let file = browser.get(&format!("/api/v1/guilds/{guild}/exports/reads"));
    assert_eq!(file.header("x-export-rows"), Some("3"), "{}", file.body);

    // Nobody else has it, and the member learns when, and not by whom.
    let mut theirs = Browser::at(&server);
    theirs.signs_in(member);
    assert_eq!(theirs.ask(&reads).code(), "FORBIDDEN");
    assert_eq!(theirs.get(&format!("/api/v1/guilds/{guild}/exports/reads")).status, 403);
    let yours = format!(
        "{{ guild(id: \"{guild}\") {{ readsOfYours {{ nodes {{ what who {{ userId }} }} }} }} }}"
    );
    let answer = theirs.ask(&yours).json();
    let lines = of(&answer, "readsOfYours")["nodes"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line["who"] == Value::Null), "{lines:?}");
}

#[test]
fn given_somebody_made_moderator_for_a_time_then_slash_commands_open_to_them_until_it_is_taken_back()
 {
    let (town, server) = town();
    let guild = town.community.guild;
    let (pavel, lene) = (town.member("pavel"), town.member("lene"));
    let mut browser = Browser::at(&server);
    browser.signs_in(town.owner().person.user);
    let warned = browser.ask(&format!(
        "mutation {{ warn(input: {{guild: \"{guild}\", user: \"{}\", reason: \"spam\", \
         key: \"once\"}}) {{ number }} }}",
        lene.person.user
    ));
    assert_eq!(warned.json()["data"]["warn"]["number"], 1, "{}", warned.body);
    let case = || town.live(pavel.uses("/case view", given! { case: 1 })).all_text();
    let refused = || case().contains("no such case").then_some(());
    patiently("the case is written, and not told of to them", refused);
    let user = pavel.person.user;
    let asked = |browser: &mut Browser, what: &str, rest: &str| {
        let answer = browser.ask(&format!(
            "mutation {{ {what}(input: {{guild: \"{guild}\", user: \"{user}\", role: MODERATOR, \
             key: \"{what}\"{rest}}}) {{ status refusal {{ text }} }} }}"
        ));
        answer.json()["data"][what].clone()
    };
    let until = eventlog::system_clock()().plus_secs(3_600);
    let rest = format!(", until: \"{until}\", reason: \"stands in\"");
    assert_eq!(asked(&mut browser, "grantGive", &rest)["status"], "DONE");
    patiently("they may look", || case().contains("spam").then_some(()));
    assert_eq!(asked(&mut browser, "grantTake", "")["status"], "DONE");
    patiently("they may not any more", || case().contains("no such case").then_some(()));
}

#[test]
fn given_an_operator_then_nothing_of_a_community_is_theirs_until_they_break_the_glass() {
    let mut town = Town::new();
    let operator = town.member("lene").person.user;
    town.house.set("REEVE_OPERATORS", &operator.to_string());
    town.sim.world.lock().remove_member(town.community.guild, operator).unwrap();
    let (town, server) = opened(town);
    let guild = town.community.guild;
    let (mut ops, mut owner) = (Browser::at(&server), Browser::at(&server));
    ops.signs_in(operator);
    owner.signs_in(town.owner().person.user);
    let seen = format!("{{ guild(id: \"{guild}\") {{ eventCount permissions }} }}");
    assert_eq!(ops.ask(&seen).json()["data"]["guild"], Value::Null);
    let begin = |reason: &str, key: &str| {
        format!(
            "mutation {{ visitBegin(input: {{guild: \"{guild}\", reason: \"{reason}\", key: \
             \"{key}\"}}) {{ done {{ status refusal {{ rule }} }} until }} }}"
        )
    };
    let why = "a member reports that bytes were lost";
    assert_eq!(owner.ask(&begin(why, "not theirs")).code(), "FORBIDDEN");
    let wordless = ops.ask(&begin("look", "wordless")).json()["data"]["visitBegin"].clone();
    assert_eq!(wordless["done"]["refusal"]["rule"], "visits.reason_invalid");
    assert_eq!(ops.ask(&seen).json()["data"]["guild"], Value::Null);
    let begun = ops.ask(&begin(why, "once")).json()["data"]["visitBegin"].clone();
    assert_eq!(begun["done"]["status"], "DONE", "{begun}");

    // Inside they may what an admin role may; not say who may what. And it is seen.
    let inside = ops.ask(&seen).json();
    let held = of(&inside, "permissions").to_string();
    assert!(held.contains("VIEW_AUDIT") && !held.contains("MANAGE_ACCESS"), "{held}");
    let visits = format!(
        "{{ guild(id: \"{guild}\") {{ visits {{ lasts isYours reason operator {{ userId }} }} }} }}"
    );
    let answer = owner.ask(&visits).json();
    let expected = json!([{
        "lasts": true, "isYours": false, "reason": why,
        "operator": { "userId": operator.to_string() },
    }]);
    assert_eq!(*of(&answer, "visits"), expected);
    ops.ask(&format!(
        "{{ guild(id: \"{guild}\") {{ moderation {{ cases {{ nodes {{ number }} }} }} }} }}"
    ));
    let reads = format!(
        "{{ guild(id: \"{guild}\") {{ reads(operators: true) {{ nodes {{ what byOperator }} }} }} }}"
    );
    let read = patiently("what they looked at", || {
        of(&owner.ask(&reads).json(), "reads")["nodes"].get(0).cloned()
    });
    assert_eq!(read, json!({ "what": "CASES_BROWSED", "byOperator": true }));

    // The community ends it, and then it is over at once.
    let end = format!(
        "mutation {{ visitEnd(input: {{guild: \"{guild}\", operator: \"{operator}\", key: \"out\"}}) \
         {{ status }} }}"
    );
    assert_eq!(owner.ask(&end).json()["data"]["visitEnd"]["status"], "DONE");
    assert_eq!(ops.ask(&seen).json()["data"]["guild"], Value::Null);
    assert_eq!(of(&owner.ask(&visits).json(), "visits")[0]["lasts"], false);
    let told = owner.ask(&format!(
        "{{ guild(id: \"{guild}\") {{ events(filter: {{types: [\"visits.\"]}}) {{ nodes {{ type }} }} }} }}"
    ));
    let kinds = of(&told.json(), "events")["nodes"].clone();
    assert_eq!(kinds, json!([{ "type": "visits.ended" }, { "type": "visits.begun" }]));
}
