//! Settings over GraphQL: what is shown, changed, looked back at and taken back.

use serde_json::{Value, json};

use crate::house::{House, guild};

async fn ask(house: &House, question: &str) -> Value {
    let admin = house.admin();
    House::answered(house.ask(Some(&admin), question).await)
}

async fn change(house: &House, key: &str, over: &str, fields: &[(&str, &str)]) -> Value {
    let fields = fields
        .iter()
        .map(|(name, text)| format!("{{name: \"{name}\", text: \"{text}\"}}"))
        .collect::<Vec<_>>()
        .concat();
    let question = format!(
        "mutation {{ settingsChange(input: {{guild: \"{}\", capability: \"economy\", \
         fields: [{fields}], key: \"{key}\"{over}}}) {{ done {{ status refusal {{ rule text }} }} \
         changes {{ name before after }} settings {{ version }} }} }}",
        guild()
    );
    ask(house, &question).await["settingsChange"].clone()
}

async fn shown(house: &House, as_of: &str) -> Value {
    let question = format!(
        "{{ guild(id: \"{}\"{as_of}) {{ settingsOf(capability: \"economy\") {{ version canChange \
         fields {{ name kind bounds text value isDefault }} \
         versions {{ nodes {{ version seq by {{ kind person {{ name }} }} \
         changes {{ name before after }} }} }} }} }} }}",
        guild()
    );
    ask(house, &question).await["guild"]["settingsOf"].clone()
}

fn text<'a>(shown: &'a Value, name: &str) -> &'a Value {
    let fields = shown["fields"].as_array().unwrap();
    &fields.iter().find(|field| field["name"] == name).unwrap()["text"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_changes_then_history_shows_them_and_each_can_be_taken_back() {
    let house = House::new().await;
    let before = shown(&house, "").await;
    assert_eq!(before["version"], 0);
    let done = change(&house, "a", "", &[("currency", "beans"), ("daily_amount", "7")]).await;
    assert_eq!(done["done"]["status"], "DONE");
    let names: Vec<_> =
        done["changes"].as_array().unwrap().iter().map(|change| &change["name"]).collect();
    assert_eq!(names, ["currency", "daily_amount"], "two fields, one change");
    change(&house, "b", "", &[("currency", "pearls")]).await;

    let now = shown(&house, "").await;
    assert_eq!((&now["version"], text(&now, "currency")), (&json!(2), &json!("pearls")));
    let versions = now["versions"]["nodes"].as_array().unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(
        versions[0]["changes"],
        json!([
            { "name": "currency", "before": "beans", "after": "pearls" }
        ])
    );
    assert_eq!(versions[0]["by"]["person"]["name"], "User 200");

    // As it was after the first of them.
    let seq = versions[1]["seq"].as_str().unwrap();
    let then = shown(&house, &format!(", asOf: \"#{seq}\"")).await;
    assert_eq!((&then["version"], text(&then, "currency")), (&json!(1), &json!("beans")));
    assert_eq!(then["canChange"], false, "nobody changes the past");
    assert_eq!(then["versions"]["nodes"].as_array().unwrap().len(), 1);

    let revert = |version: u32| {
        format!(
            "mutation {{ settingsRevert(input: {{guild: \"{}\", capability: \"economy\", \
             version: {version}, key: \"back-{version}\"}}) {{ done {{ status }} }} }}",
            guild()
        )
    };
    ask(&house, &revert(1)).await;
    assert_eq!(text(&shown(&house, "").await, "currency"), "beans");
    ask(&house, &revert(0)).await;
    let back = shown(&house, "").await;
    assert_eq!(text(&back, "currency"), text(&before, "currency"));
    assert_eq!(back["version"], 4, "taking back is a change like any other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_change_over_what_somebody_else_has_changed_then_it_is_refused() {
    let house = House::new().await;
    change(&house, "a", "", &[("currency", "beans")]).await;
    let stale = change(&house, "b", ", over: 0", &[("daily_amount", "9")]).await;
    assert_eq!(stale["done"]["status"], "REFUSED");
    assert_eq!(stale["done"]["refusal"]["rule"], "settings.stale");
    let fresh = change(&house, "c", ", over: 1", &[("daily_amount", "9")]).await;
    assert_eq!(
        (&fresh["done"]["status"], &fresh["settings"]["version"]),
        (&json!("DONE"), &json!(2))
    );
}
