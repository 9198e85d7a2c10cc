#![expect(
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    reason = "tables of cases read best in one piece, each case written where it stands"
)]

use super::*;

/// The codes that a refusal names, with their places.
fn codes(refusal: &Refusal) -> Vec<String> {
    fn walk(value: &Value, path: &str, found: &mut Vec<String>) {
        let Some(fields) = value.as_object() else { return };
        for (key, inner) in fields {
            if key == "_errors" {
                let all = inner.as_array().into_iter().flatten();
                let all = all.filter_map(|error| error["code"].as_str());
                found.extend(all.map(|code| format!("{}: {code}", path.trim_start_matches('.'))));
            } else {
                walk(inner, &format!("{path}.{key}"), found);
            }
        }
    }
    let mut found = Vec::new();
    walk(refusal.errors.as_ref().unwrap_or(&Value::Null), "", &mut found);
    found
}

#[track_caller]
fn refused_with<T: std::fmt::Debug>(result: Result<T, Refusal>, expected: &str) {
    match result {
        Ok(made) => panic!("it was taken, expected {expected}: {made:?}"),
        Err(refusal) => {
            let found = codes(&refusal);
            assert!(found.iter().any(|code| code == expected), "{expected} not in {found:?}");
        }
    }
}

fn text(length: usize) -> String {
    "x".repeat(length)
}

fn row(inner: &Value) -> Value {
    json!({"components": [{"type": 1, "components": inner}]})
}

fn button(custom_id: &str) -> Value {
    json!({"type": 2, "style": 1, "label": "Go", "custom_id": custom_id})
}

fn options(count: usize) -> Vec<Value> {
    (0..count).map(|number| json!({"label": "l", "value": number.to_string()})).collect()
}

#[test]
fn given_messages_just_within_discords_limits_then_they_are_taken() {
    let fields = vec![json!({"name": text(100), "value": text(100)}); 25];
    let embed = json!({"title": text(256), "description": text(700), "fields": fields});
    let buttons: Vec<_> = (0..5).map(|number| button(&number.to_string())).collect();
    let select =
        json!({"type": 3, "custom_id": text(100), "options": options(25), "max_values": 25});
    for body in [
        json!({"content": text(2000)}),
        json!({"content": "é".repeat(2000)}),
        json!({"embeds": [embed]}),
        json!({"content": "x", "nonce": text(25), "enforce_nonce": true}),
        json!({"content": "x", "nonce": 17}),
        row(&json!(buttons)),
        row(&json!([select])),
        json!({"flags": 1 << 15, "components": [{"type": 10, "content": text(4000)}]}),
        json!({"content": "x", "allowed_mentions": {"parse": ["roles"], "users": ["5"]}}),
        json!({"content": "x", "message_reference": {"message_id": "5", "fail_if_not_exists": false}}),
    ] {
        message::create(&body, 0).unwrap_or_else(|refusal| panic!("{body}: {refusal:?}"));
    }
}

#[test]
fn given_messages_beyond_discords_limits_then_each_fault_is_named() {
    let link =
        json!({"type": 2, "style": 5, "label": "Go", "url": "https://a.example", "custom_id": "x"});
    let long_text = |count: usize| vec![json!({"type": 10, "content": text(1500)}); count];
    let six: Vec<_> = (0..6).map(|number| button(&number.to_string())).collect();
    let select = |more: Value| {
        let mut select = json!({"type": 3, "custom_id": "s", "options": options(3)});
        for (key, value) in more.as_object().expect("an object") {
            select[key] = value.clone();
        }
        row(&json!([select]))
    };
    let twice = json!([{"label": "a", "value": "1"}, {"label": "b", "value": "1"}]);
    let cases = [
        (json!({"content": text(2001)}), "content: BASE_TYPE_MAX_LENGTH"),
        (json!({"content": 5}), "content: STRING_TYPE_CONVERT"),
        (json!({"content": "x", "tts": "yes"}), "tts: BOOLEAN_TYPE_CONVERT"),
        (json!({"content": "x", "nonce": text(26)}), "nonce: BASE_TYPE_MAX_LENGTH"),
        (json!({"embeds": vec![json!({"title": "t"}); 11]}), "embeds: BASE_TYPE_MAX_LENGTH"),
        (json!({"embeds": "x"}), "embeds: LIST_TYPE_CONVERT"),
        (json!({"embeds": [5]}), "embeds.0: MODEL_TYPE_CONVERT"),
        (json!({"embeds": [{"title": text(257)}]}), "embeds.0.title: BASE_TYPE_MAX_LENGTH"),
        (
            json!({"embeds": [{"description": text(4097)}]}),
            "embeds.0.description: BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"embeds": [{"footer": {"text": text(2049)}}]}),
            "embeds.0.footer.text: BASE_TYPE_BAD_LENGTH",
        ),
        (json!({"embeds": [{"footer": {}}]}), "embeds.0.footer.text: BASE_TYPE_REQUIRED"),
        (
            json!({"embeds": [{"author": {"name": text(257)}}]}),
            "embeds.0.author.name: BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"embeds": [{"fields": vec![json!({"name": "n", "value": "v"}); 26]}]}),
            "embeds.0.fields: BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"embeds": [{"fields": [{"name": "n", "value": text(1025)}]}]}),
            "embeds.0.fields.0.value: BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"embeds": [{"title": "t", "color": 0x100_0000}]}),
            "embeds.0.color: NUMBER_TYPE_MAX",
        ),
        (
            json!({"embeds": [{"title": "t", "url": "ftp://x"}]}),
            "embeds.0.url: URL_TYPE_INVALID_SCHEME",
        ),
        (
            json!({"embeds": [{"title": "t", "url": "nowhere"}]}),
            "embeds.0.url: URL_TYPE_INVALID_URL",
        ),
        (
            json!({"embeds": [{"title": "t", "timestamp": "soon"}]}),
            "embeds.0.timestamp: DATE_TIME_TYPE_PARSE",
        ),
        (
            json!({"embeds": [{"description": text(4000)}, {"description": text(2001)}]}),
            "embeds.1: MAX_EMBED_SIZE_EXCEEDED",
        ),
        (row(&json!(six)), "components.0.components: BASE_TYPE_BAD_LENGTH"),
        (
            row(&json!([button("a"), button("a")])),
            "components.0.components.1.custom_id: COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            row(&json!([button(&text(101))])),
            "components.0.components.0.custom_id: BASE_TYPE_BAD_LENGTH",
        ),
        (
            row(&json!([{"type": 2, "style": 1, "label": "x"}])),
            "components.0.components.0.custom_id: BASE_TYPE_REQUIRED",
        ),
        (
            row(&json!([{"type": 2, "style": 1, "label": text(81), "custom_id": "x"}])),
            "components.0.components.0.label: BASE_TYPE_MAX_LENGTH",
        ),
        (
            row(&json!([{"type": 2, "style": 9, "label": "x", "custom_id": "x"}])),
            "components.0.components.0.style: BASE_TYPE_CHOICES",
        ),
        (
            row(&json!([link])),
            "components.0.components.0.custom_id: BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
        ),
        (
            row(&json!([{"type": 4, "custom_id": "x", "style": 1}])),
            "components.0.components.0.type: UNION_TYPE_CHOICES",
        ),
        (json!({"components": [button("x")]}), "components.0.type: UNION_TYPE_CHOICES"),
        (
            select(json!({"options": options(26)})),
            "components.0.components.0.options: BASE_TYPE_BAD_LENGTH",
        ),
        (
            select(json!({"options": twice})),
            "components.0.components.0.options.1.value: SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        ),
        (
            select(json!({"min_values": 3, "max_values": 2})),
            "components.0.components.0.min_values: SELECT_COMPONENT_MIN_VALUES_GREATER_THAN_MAX",
        ),
        (
            select(json!({"max_values": 4})),
            "components.0.components.0.max_values: SELECT_COMPONENT_MAX_VALUES_EXCEEDED",
        ),
        (
            json!({"flags": 1 << 15, "content": "x", "components": long_text(1)}),
            "content: MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        ),
        (
            json!({"flags": 1 << 15, "components": long_text(3)}),
            "components: COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
        ),
        (
            json!({"flags": 1 << 15, "components": vec![json!({"type": 14}); 41]}),
            "components: BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"flags": 1 << 15, "components": vec![json!({"type": 17, "components": [{"type": 14}]}); 21]}),
            "components: COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
        ),
        (
            json!({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["5"]}}),
            "allowed_mentions: MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        (
            json!({"content": "x", "allowed_mentions": {"parse": ["all"]}}),
            "allowed_mentions.parse.0: BASE_TYPE_CHOICES",
        ),
        (
            json!({"content": "x", "message_reference": {}}),
            "message_reference.message_id: BASE_TYPE_REQUIRED",
        ),
        (
            json!({"content": "x", "attachments": [{"id": 0}]}),
            "attachments.0: ATTACHMENT_DATA_NOT_FOUND",
        ),
        (json!({"content": "x", "poll": {"question": {"text": "?"}}}), "poll: POLL_NOT_SUPPORTED"),
        (
            json!({"message_reference": {"type": 1, "message_id": "5", "channel_id": "6"}}),
            "message_reference.type: FORWARD_NOT_SUPPORTED",
        ),
        (json!([]), ": MODEL_TYPE_CONVERT"),
    ];
    for (body, expected) in cases {
        refused_with(message::create(&body, 0), expected);
    }
    assert_eq!(message::create(&json!({"content": "  "}), 0).expect_err("it is empty").code, 50006);
    let sticker = json!({"sticker_ids": ["5"]});
    assert_eq!(message::create(&sticker, 0).expect_err("there are none").code, 50081);
    assert!(message::create(&json!({}), 1).is_ok(), "a file alone is a message");
    refused_with(message::create(&json!({}), 11), "attachments: BASE_TYPE_MAX_LENGTH");
}

#[test]
fn given_an_edit_then_what_is_not_said_stays_and_null_clears() {
    let edit =
        message::edit(&json!({"content": null, "components": []}), 0).expect("it is an edit");
    assert_eq!((edit.content.as_deref(), edit.embeds), (Some(""), None));
    assert_eq!(edit.components.map(|list| list.len()), Some(0));
    let nothing = message::edit(&json!({}), 0).expect("it is an edit");
    assert!(nothing.content.is_none() && nothing.components.is_none() && nothing.files.is_none());
}

fn command(more: Value) -> Value {
    let mut body = json!({"name": "send", "description": "Give bytes"});
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

fn option(more: Value) -> Value {
    let mut option = json!({"type": 3, "name": "why", "description": "d"});
    for (key, value) in more.as_object().expect("an object") {
        option[key] = value.clone();
    }
    command(json!({"options": [option]}))
}

#[test]
fn given_commands_as_discord_takes_them_then_they_are_whole() {
    for name in ["send", "my-bytes", "über", "送る", "नमस्ते", "l'heure", "a_1"] {
        let made = super::command::create(&command(json!({"name": name})));
        let made = made.unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
        assert_eq!(made["type"], 1);
        assert_eq!(made["default_member_permissions"], Value::Null);
    }
    let menu = json!({"name": "Report Message", "type": 3});
    assert!(super::command::create(&menu).is_ok());
    let nested =
        command(json!({"options": [{"type": 2, "name": "g", "description": "d", "options": [
        {"type": 1, "name": "s", "description": "d", "options": [
            {"type": 6, "name": "u", "description": "d", "required": true}]}]}]}));
    assert!(super::command::create(&nested).is_ok());
}

#[test]
fn given_commands_that_discord_refuses_then_each_fault_is_named() {
    let choice = |name: &str, value: Value| json!({"name": name, "value": value});
    let many = |count: usize| -> Vec<Value> {
        (0..count).map(|number| choice(&number.to_string(), json!(number.to_string()))).collect()
    };
    let late = json!({"options": [
        {"type": 3, "name": "a", "description": "d"},
        {"type": 3, "name": "b", "description": "d", "required": true}]});
    let twice = json!({"options": [
        {"type": 3, "name": "a", "description": "d"}, {"type": 3, "name": "a", "description": "d"}]});
    let mixed = json!({"options": [
        {"type": 1, "name": "a", "description": "d"}, {"type": 3, "name": "b", "description": "d"}]});
    let deep = json!({"options": [{"type": 1, "name": "a", "description": "d", "options": [
        {"type": 1, "name": "b", "description": "d"}]}]});
    let large: Vec<_> = (0..25)
        .map(|number| json!({"type": 3, "name": format!("o{number}"), "description": text(100),
            "choices": (0..3).map(|n| choice(&format!("{n}{}", text(90)), json!(text(30)))).collect::<Vec<_>>()}))
        .collect();
    let cases = [
        (command(json!({"name": "Send"})), "name: APPLICATION_COMMAND_INVALID_NAME"),
        (command(json!({"name": "two words"})), "name: APPLICATION_COMMAND_INVALID_NAME"),
        (command(json!({"name": text(33)})), "name: BASE_TYPE_BAD_LENGTH"),
        (json!({"name": "x"}), "description: BASE_TYPE_REQUIRED"),
        (command(json!({"description": text(101)})), "description: BASE_TYPE_BAD_LENGTH"),
        (
            json!({"name": "X", "type": 2, "description": "d"}),
            "description: APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED",
        ),
        (
            command(json!({"name_localizations": {"xx": "a"}})),
            "name_localizations.xx: BASE_TYPE_CHOICES",
        ),
        (
            command(json!({"name_localizations": {"de": "Groß"}})),
            "name_localizations.de: APPLICATION_COMMAND_INVALID_NAME",
        ),
        (command(late), "options.1: APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"),
        (command(twice), "options.1.name: APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED"),
        (command(mixed), "options: APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
        (command(deep), "options.0.options: APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
        (command(json!({"options": vec![json!({}); 26]})), "options: BASE_TYPE_MAX_LENGTH"),
        (option(json!({"type": 12})), "options.0.type: BASE_TYPE_CHOICES"),
        (option(json!({"choices": many(26)})), "options.0.choices: BASE_TYPE_MAX_LENGTH"),
        (
            option(json!({"type": 4, "choices": [choice("a", json!("a"))]})),
            "options.0.choices.0.value: NUMBER_TYPE_COERCE",
        ),
        (
            option(json!({"choices": many(2), "autocomplete": true})),
            "options.0: APPLICATION_COMMAND_AUTOCOMPLETE_NOT_ALLOWED",
        ),
        (
            option(json!({"type": 6, "autocomplete": true})),
            "options.0.autocomplete: APPLICATION_COMMAND_AUTOCOMPLETE_NOT_ALLOWED",
        ),
        (
            option(json!({"min_length": 9, "max_length": 8})),
            "options.0.min_length: APPLICATION_COMMAND_OPTIONS_RANGE_INVALID",
        ),
        (
            option(json!({"type": 4, "min_value": 9, "max_value": 8})),
            "options.0.min_value: APPLICATION_COMMAND_OPTIONS_RANGE_INVALID",
        ),
        (command(json!({"options": large})), ": APPLICATION_COMMAND_TOO_LARGE"),
        (command(json!({"contexts": [7]})), "contexts.0: BASE_TYPE_CHOICES"),
    ];
    for (body, expected) in cases {
        refused_with(super::command::create(&body), expected);
    }
    let same = json!([command(json!({})), command(json!({}))]);
    refused_with(super::command::bulk(&same), "1.name: APPLICATION_COMMANDS_DUPLICATE_NAME");
    refused_with(super::command::bulk(&json!({})), ": LIST_TYPE_CONVERT");
    let menus: Vec<_> = (0..16).map(|n| json!({"name": n.to_string(), "type": 2})).collect();
    assert_eq!(super::command::bulk(&json!(menus)).expect_err("one too many").code, 30032);
}

#[test]
fn given_modals_then_titles_fields_and_inputs_have_their_limits() {
    let answer = |data: Value| interaction::answer(&json!({"type": 9, "data": data}), 2, false, 0);
    let input = |id: &str| json!({"type": 18, "label": "L", "component": {"type": 4, "custom_id": id, "style": 1}});
    let modal = |title: &str, fields: Vec<Value>| json!({"custom_id": "m", "title": title, "components": fields});
    let five: Vec<_> = (0..5).map(|number| input(&number.to_string())).collect();
    assert!(answer(modal(&text(45), five.clone())).is_ok());
    let old =
        json!({"type": 1, "components": [{"type": 4, "custom_id": "a", "style": 2, "label": "L"}]});
    assert!(answer(modal("t", vec![old])).is_ok());
    let six = [five, vec![input("5")]].concat();
    let upside = json!({"type": 18, "label": "L", "component":
        {"type": 4, "custom_id": "a", "style": 1, "min_length": 5, "max_length": 4}});
    let cases = [
        (modal(&text(46), vec![input("a")]), "data.title: BASE_TYPE_BAD_LENGTH"),
        (modal("t", six), "data.components: BASE_TYPE_BAD_LENGTH"),
        (modal("t", vec![]), "data.components: BASE_TYPE_BAD_LENGTH"),
        (
            modal("t", vec![input("a"), input("a")]),
            "data.components.1.component.custom_id: COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (modal("t", vec![button("x")]), "data.components.0.type: UNION_TYPE_CHOICES"),
        (
            modal("t", vec![upside]),
            "data.components.0.component.min_length: TEXT_INPUT_MIN_LENGTH_GREATER_THAN_MAX",
        ),
        (json!({"title": "t"}), "data.custom_id: BASE_TYPE_REQUIRED"),
    ];
    for (data, expected) in cases {
        refused_with(answer(data), expected);
    }
}

#[test]
fn given_each_kind_of_interaction_then_only_its_answers_are_taken() {
    let taken = |kind: i64, asked: u8, on_message: bool| {
        let modal = json!({"custom_id": "m", "title": "t", "components": [
            {"type": 18, "label": "L", "component": {"type": 4, "custom_id": "i", "style": 1}}]});
        let data = match kind {
            4 | 7 => json!({"content": "x"}),
            8 => json!({"choices": []}),
            9 => modal,
            _ => json!({}),
        };
        interaction::answer(&json!({"type": kind, "data": data}), asked, on_message, 0).is_ok()
    };
    let kinds = [1, 4, 5, 6, 7, 8, 9, 12];
    for (asked, on_message, answers) in [
        (2, false, vec![4, 5, 9, 12]),
        (3, true, vec![4, 5, 6, 7, 9, 12]),
        (4, false, vec![8]),
        (5, false, vec![4, 5, 12]),
        (5, true, vec![4, 5, 6, 7, 12]),
    ] {
        let found: Vec<_> =
            kinds.into_iter().filter(|kind| taken(*kind, asked, on_message)).collect();
        assert_eq!(found, answers, "{asked} {on_message}");
    }
}

#[test]
fn given_members_roles_channels_and_webhooks_then_their_bounds_hold() {
    let now = 1_795_253_400_000;
    refused_with(member::change(&json!({"nick": text(33)}), now), "nick: BASE_TYPE_MAX_LENGTH");
    let day = |days: u64| crate::clock::timestamp(now + days * 86_400_000);
    let timeout =
        |until: String| member::change(&json!({"communication_disabled_until": until}), now);
    assert!(timeout(day(28)).is_ok());
    refused_with(timeout(day(29)), "communication_disabled_until: TIMEOUT_OUT_OF_RANGE");
    refused_with(timeout("soon".to_owned()), "communication_disabled_until: DATE_TIME_TYPE_PARSE");
    assert_eq!(member::ban(&json!({"delete_message_seconds": 604_800})).ok(), Some(604_800));
    refused_with(
        member::ban(&json!({"delete_message_seconds": 604_801})),
        "delete_message_seconds: NUMBER_TYPE_MAX",
    );
    refused_with(member::bulk_ban(&json!({})), "user_ids: BASE_TYPE_REQUIRED");
    refused_with(role::role(&json!({"name": text(101)})), "name: BASE_TYPE_BAD_LENGTH");
    refused_with(role::role(&json!({"permissions": "all"})), "permissions: NUMBER_TYPE_COERCE");
    refused_with(channel::create(&json!({"name": text(101)})), "name: BASE_TYPE_BAD_LENGTH");
    refused_with(channel::create(&json!({"name": "x", "type": 1})), "type: BASE_TYPE_CHOICES");
    refused_with(
        channel::create(&json!({"name": "x", "rate_limit_per_user": 21_601})),
        "rate_limit_per_user: NUMBER_TYPE_MAX",
    );
    refused_with(
        channel::thread(&json!({"name": "x", "auto_archive_duration": 5}), true),
        "auto_archive_duration: BASE_TYPE_CHOICES",
    );
    for name in ["Discord", "my clyde", "everyone"] {
        assert!(webhook::create(&json!({"name": name})).is_err(), "{name}");
    }
    refused_with(
        webhook::create(&json!({"name": "x", "avatar": "http://x"})),
        "avatar: IMAGE_INVALID",
    );
}

#[test]
fn given_automod_rules_then_words_patterns_and_actions_have_their_limits() {
    let rule = |metadata: Value, actions: Value| {
        automod::create(&json!({
            "name": "r", "event_type": 1, "trigger_type": 1, "trigger_metadata": metadata,
            "actions": actions,
        }))
    };
    let block = json!([{"type": 1}]);
    let words = |count: usize| vec!["w"; count];
    assert!(rule(json!({"keyword_filter": words(1000)}), block.clone()).is_ok());
    let at = "trigger_metadata";
    refused_with(
        rule(json!({"keyword_filter": words(1001)}), block.clone()),
        &format!("{at}.keyword_filter: BASE_TYPE_MAX_LENGTH"),
    );
    refused_with(
        rule(json!({"keyword_filter": [text(61)]}), block.clone()),
        &format!("{at}.keyword_filter.0: BASE_TYPE_BAD_LENGTH"),
    );
    refused_with(
        rule(json!({"regex_patterns": words(11)}), block.clone()),
        &format!("{at}.regex_patterns: BASE_TYPE_MAX_LENGTH"),
    );
    refused_with(
        rule(json!({"regex_patterns": [text(261)]}), block),
        &format!("{at}.regex_patterns.0: BASE_TYPE_BAD_LENGTH"),
    );
    refused_with(rule(json!({}), json!([{"type": 2}])), "actions.0.metadata: BASE_TYPE_REQUIRED");
    refused_with(rule(json!({}), json!([])), "actions: BASE_TYPE_BAD_LENGTH");
    let long = json!([{"type": 3, "metadata": {"duration_seconds": 2_419_201}}]);
    refused_with(rule(json!({}), long), "actions.0.metadata.duration_seconds: NUMBER_TYPE_MAX");
}

#[test]
fn given_more_faults_than_anybody_reads_then_only_the_first_are_told() {
    let embeds: Vec<_> =
        (0..10).map(|_| json!({"fields": vec![json!({"name": "", "value": ""}); 25]})).collect();
    let refusal = message::create(&json!({"embeds": embeds}), 0).expect_err("all are empty");
    assert_eq!(codes(&refusal).len(), MOST_PROBLEMS);
}
