use serde_json::{Value, json};

use crate::place::Place;

fn send() -> Value {
    json!({"name": "send", "description": "Give bytes", "default_member_permissions": null,
        "name_localizations": {"de": "geben"}, "options": [
        {"type": 6, "name": "user", "description": "To whom", "required": true},
        {"type": 4, "name": "amount", "description": "How many", "required": true, "min_value": 1},
        {"type": 3, "name": "why", "description": "Why", "max_length": 100, "autocomplete": true},
    ]})
}

#[tokio::test]
async fn given_the_same_commands_again_then_ids_and_versions_stay_and_only_changes_get_new_ones() {
    let place = Place::new().await;
    for path in [
        format!("/applications/{}/commands", place.app),
        format!("/applications/{}/guilds/{}/commands", place.app, place.guild),
    ] {
        let mut all = json!([send(), {"name": "Report", "type": 3}]);
        let first = place.put(&path, all.clone()).await.is(200);
        assert_eq!(first.as_array().map(Vec::len), Some(2));
        assert_eq!(place.put(&path, all.clone()).await.is(200), first, "nothing changed");
        all[0]["description"] = "Give bytes away".into();
        let changed = place.put(&path, all).await.is(200);
        assert_eq!(changed[0]["id"], first[0]["id"]);
        assert_ne!(changed[0]["version"], first[0]["version"]);
        assert_eq!(changed[1], first[1]);
        let listed = place.get(&path).await.is(200);
        assert_eq!(listed[0].get("name_localizations"), None);
        let listed = place.get(&format!("{path}?with_localizations=true")).await.is(200);
        assert_eq!(listed[0]["name_localizations"]["de"], "geben");
        let one = format!("{path}/{}", first[0]["id"].as_str().expect("an id"));
        place.get(&one).await.is(200);
        assert_eq!(
            place.patch(&one, json!({"description": "d"})).await.is(200)["description"],
            "d"
        );
        place.delete(&one).await.is(204);
        place.get(&one).await.refused(404, 10063);
        assert_eq!(place.put(&path, json!([])).await.is(200), json!([]));
    }
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_command_of_the_same_name_then_it_is_replaced_and_not_new() {
    let place = Place::new().await;
    let path = format!("/applications/{}/commands", place.app);
    let first = place.post(&path, send()).await.is(201);
    assert_eq!(place.post(&path, send()).await.is(200)["id"], first["id"]);
    let bare = json!({"name": "x", "description": "x", "default_member_permissions": "32"});
    assert_eq!(place.post(&path, bare).await.is(201)["default_member_permissions"], "32");
    let permissions =
        format!("/applications/{}/guilds/{}/commands/permissions", place.app, place.guild);
    assert_eq!(place.get(&permissions).await.is(200), json!([]));
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_more_commands_than_there_may_be_then_the_next_is_refused_and_so_is_the_201st_of_a_day()
 {
    let place = Place::new().await;
    let path = format!("/applications/{}/commands", place.app);
    let named = |number: usize| json!({"name": format!("c{number}"), "description": "d"});
    let hundred: Vec<_> = (0..100).map(named).collect();
    place.put(&path, json!(hundred)).await.is(200);
    place.post(&path, named(100)).await.refused(400, 30032);
    let others: Vec<_> = (100..200).map(named).collect();
    place.put(&path, json!(others)).await.is(200);
    place.put(&path, json!([named(200)])).await.refused(400, 30034);
    place.advance(std::time::Duration::from_hours(24));
    place.put(&path, json!([named(200)])).await.is(200);
    let others = format!("/applications/{}/commands", place.guild);
    place.get(&others).await.refused(403, 20012);
    place.nothing_was_wrong();
}
