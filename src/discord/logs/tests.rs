use serde_json::json;

use super::*;

fn us() -> UserId {
    UserId::new(99).unwrap()
}

fn read_as(name: &str, data: &Json) -> Option<Seen> {
    let frame = json!({ "t": name, "s": 3, "op": 0, "d": data }).to_string();
    seen(name, &frame, us(), true).unwrap().map(|(_, seen)| seen)
}

fn done(more: &Json) -> Option<Done> {
    let mut entry =
        json!({ "guild_id": "10", "action_type": 31, "user_id": "5", "target_id": "6" });
    for (field, value) in more.as_object().unwrap() {
        entry[field] = value.clone();
    }
    match read_as("GUILD_AUDIT_LOG_ENTRY_CREATE", &entry) {
        Some(Seen::Done(done)) => Some(done),
        other => {
            assert!(other.is_none(), "{other:?}");
            None
        }
    }
}

fn text(difference: &Difference) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_default();
    format!("{}: {} > {}", difference.field, value(&difference.was), value(&difference.is))
}

// proves: LOG-02
#[test]
fn given_a_message_of_which_discord_has_found_a_picture_then_nobody_edited_it() {
    let message = json!({
        "id": "1", "channel_id": "2", "guild_id": "3", "author": { "id": "4" },
        "content": "new", "edited_timestamp": "2026-11-21T12:00:00.000000+00:00",
    });
    let seen = read_as("MESSAGE_UPDATE", &message);
    let Some(Seen::Edited { said: Some(said), bot: false, .. }) = seen else { panic!("{seen:?}") };
    assert_eq!(said.text, "new");
    for (field, value) in [("edited_timestamp", Json::Null), ("webhook_id", json!("9"))] {
        let mut other = message.clone();
        other[field] = value;
        assert!(read_as("MESSAGE_UPDATE", &other).is_none(), "{field}");
    }
    let frame = json!({ "t": "MESSAGE_UPDATE", "s": 3, "op": 0, "d": message }).to_string();
    let seen = super::seen("MESSAGE_UPDATE", &frame, us(), false).unwrap();
    let Some((_, Seen::Edited { said: None, .. })) = seen else { panic!("{seen:?}") };
}

// proves: LOG-05, LOG-06
#[test]
fn given_the_audit_log_then_what_was_one_thing_and_is_another_is_told() {
    let changes = json!([
        { "key": "name", "old_value": "Old", "new_value": "New" },
        { "key": "color", "new_value": 255 },
    ]);
    let role = done(&json!({ "changes": changes })).unwrap();
    assert_eq!((role.kind, role.subject.as_deref()), (Kind::RoleUpdated, Some("6")));
    let told: Vec<_> = role.changes.iter().map(text).collect();
    assert_eq!(told, ["name: Old > New", "color:  > 255"]);
    for (number, kind) in [
        (10, Kind::ChannelCreated),
        (11, Kind::ChannelUpdated),
        (12, Kind::ChannelDeleted),
        (30, Kind::RoleCreated),
        (32, Kind::RoleDeleted),
    ] {
        assert_eq!(done(&json!({ "action_type": number })).unwrap().kind, kind);
    }
    let overwrite = json!({
        "action_type": 14, "options": { "id": "7", "type": "0", "role_name": "Guests" },
        "changes": [{ "key": "deny", "old_value": "0", "new_value": "1024" }],
    });
    let told: Vec<_> = done(&overwrite).unwrap().changes.iter().map(text).collect();
    assert_eq!(told, ["permissions_of:  > Guests", "deny: 0 > 1024"]);
    assert!(done(&json!({ "action_type": 1 })).is_none());
    assert!(done(&json!({ "user_id": "99" })).unwrap().by_bot, "we did it");
}

// proves: LOG-04
#[test]
fn given_changes_of_a_member_then_names_and_roles_are_told_and_a_timeout_is_not() {
    let nick = json!([{ "key": "nick", "new_value": "Lene" }]);
    let renamed = done(&json!({ "action_type": 24, "changes": nick })).unwrap();
    assert_eq!((renamed.kind, renamed.whom), (Kind::MemberRenamed, UserId::new(6).ok()));
    assert!(renamed.changes.is_empty(), "a name is nobody else's to read");
    assert_eq!(renamed.names.unwrap().is.as_deref(), Some("Lene"));
    let silence = json!([{ "key": "communication_disabled_until", "new_value": "x" }]);
    assert!(done(&json!({ "action_type": 24, "changes": silence })).is_none());
    let given = json!([{ "key": "$add", "new_value": [{ "id": "8", "name": "x" }] }]);
    let roles = done(&json!({ "action_type": 25, "changes": given })).unwrap();
    assert_eq!(roles.changes.iter().map(text).collect::<Vec<_>>(), ["$add:  > <@&8>"]);
    assert_eq!(roles.subject, None);
}

#[test]
fn given_hostile_texts_then_they_are_cut_and_hold_no_lines_of_their_own() {
    let long = "x\n".repeat(1_000);
    let changes: Vec<_> =
        (0..50).map(|n| json!({ "key": format!("k{n}"), "new_value": long })).collect();
    let role = done(&json!({ "changes": changes })).unwrap();
    assert_eq!(role.changes.len(), MAX_CHANGES);
    let is = role.changes[0].is.as_deref().unwrap();
    assert!(is.chars().count() == MAX_TEXT_CHARS && !is.contains('\n'), "{is}");
}
