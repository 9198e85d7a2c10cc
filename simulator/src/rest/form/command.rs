//! Application commands, as strictly as Discord reads them: names, options, choices, and the whole
//! command's size.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Form;
use crate::rest::refusal::Refusal;

pub const CHAT: i64 = 1;
pub const MOST_CHAT: usize = 100;
pub const MOST_ON_USERS: usize = 15;
pub const MOST_ON_MESSAGES: usize = 15;
const MOST_OPTIONS: usize = 25;
const MOST_CHOICES: usize = 25;
const MOST_CHARACTERS: usize = 8000;
const NAME: usize = 32;
const DESCRIPTION: usize = 100;
const CHOICE: usize = 100;
/// Whole numbers that every client can hold.
const SAFE: i64 = 1 << 53;

const SUBCOMMAND: i64 = 1;
const GROUP: i64 = 2;
const STRING: i64 = 3;
const INTEGER: i64 = 4;
const CHANNEL: i64 = 7;
const NUMBER: i64 = 10;
const ATTACHMENT: i64 = 11;

const LOCALES: [&str; 34] = [
    "ar", "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu",
    "nl", "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi",
    "th", "zh-CN", "ja", "zh-TW", "ko", "he",
];

/// How many commands of a kind there may be.
pub fn most_of(kind: i64) -> usize {
    match kind {
        CHAT => MOST_CHAT,
        2 => MOST_ON_USERS,
        _ => MOST_ON_MESSAGES,
    }
}

/// A new command, with every field that Discord shows.
pub fn create(body: &Value) -> Result<Map<String, Value>, Refusal> {
    super::read(body, whole)
}

/// Those fields of a command that are to change.
pub fn edit(body: &Value, kind: i64) -> Result<Map<String, Value>, Refusal> {
    super::read(body, |form| {
        if !form.is_object() {
            return Map::new();
        }
        let mut command = Map::new();
        fields(form, kind, &mut command);
        size(form, &command);
        command
    })
}

/// All commands of a scope at once: names unique in each kind.
pub fn bulk(body: &Value) -> Result<Vec<Map<String, Value>>, Refusal> {
    let most = MOST_CHAT + MOST_ON_USERS + MOST_ON_MESSAGES;
    if !body.is_array() {
        let message = "Only iterables may be used in a ListType";
        return Err(super::refused("", "LIST_TYPE_CONVERT", message));
    }
    let wrapped = json!({"c": body});
    let read = super::read(&wrapped, |form| {
        let items = form.objects("c", 0..=most).unwrap_or_default();
        let mut names = BTreeSet::new();
        let mut commands = Vec::with_capacity(items.len());
        for item in &items {
            let command = whole(item);
            let kind = command.get("type").and_then(Value::as_i64).unwrap_or(CHAT);
            let name = command.get("name").and_then(Value::as_str).unwrap_or_default();
            if !names.insert((kind, name.to_owned())) {
                let message = "Application command names must be unique";
                item.refuse("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
            }
            commands.push(command);
        }
        commands
    });
    // Discord counts the commands from the top of the body, not under a name.
    let commands = read.map_err(|mut refusal| {
        let inner = refusal.errors.as_mut().and_then(|errors| errors.get_mut("c"));
        refusal.errors = inner.map(Value::take).or(refusal.errors);
        refusal
    })?;
    for kind in 1..=3 {
        let of_kind = |command: &&Map<String, Value>| command["type"] == kind;
        if commands.iter().filter(of_kind).count() > most_of(kind) {
            return Err(too_many(kind));
        }
    }
    Ok(commands)
}

pub fn too_many(kind: i64) -> Refusal {
    let most = most_of(kind);
    let mut refusal = crate::rest::refusal::TOO_MANY_COMMANDS;
    refusal.message = format!("Maximum number of application commands reached ({most}).").into();
    refusal
}

fn whole(form: &Form<'_>) -> Map<String, Value> {
    if !form.is_object() || !form.require("name") {
        return Map::new();
    }
    let kind = form.choice("type", &[1, 2, 3]).unwrap_or(CHAT);
    let mut command = Map::new();
    for (field, value) in [
        ("name_localizations", Value::Null),
        ("description", "".into()),
        ("description_localizations", Value::Null),
        ("default_member_permissions", Value::Null),
        ("nsfw", false.into()),
    ] {
        command.insert(field.into(), value);
    }
    command.insert("type".into(), kind.into());
    if kind == CHAT {
        form.require("description");
    }
    fields(form, kind, &mut command);
    size(form, &command);
    command
}

fn fields(form: &Form<'_>, kind: i64, command: &mut Map<String, Value>) {
    if let Some(found) = name(form, "name", kind != CHAT) {
        command.insert("name".into(), found.into());
    }
    if kind == CHAT {
        if let Some(text) = form.text("description", 1..=DESCRIPTION) {
            command.insert("description".into(), text.into());
        }
    } else if form.text("description", 0..=DESCRIPTION).is_some_and(|text| !text.is_empty()) {
        let message = "Context menu commands cannot have description";
        form.refuse("description", "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED", message);
    }
    localizations(form, command, kind != CHAT);
    if form.says("default_member_permissions") {
        let bits = form.permissions("default_member_permissions");
        let bits = bits.map(|bits| bits.to_string());
        command.insert("default_member_permissions".into(), json!(bits));
    }
    for field in ["nsfw", "dm_permission"] {
        if let Some(on) = form.boolean(field) {
            command.insert(field.into(), on.into());
        }
    }
    for (field, most) in [("contexts", 2), ("integration_types", 1)] {
        let Some(items) = form.list(field, 1..=3) else { continue };
        let mut numbers = BTreeSet::new();
        for item in &items {
            match item.value().as_i64() {
                Some(number) if (0..=most).contains(&number) => {
                    numbers.insert(number);
                }
                _ => {
                    let listed: Vec<_> = (0..=most).map(|number| number.to_string()).collect();
                    let message = format!("Value must be one of {{{}}}.", listed.join(", "));
                    item.refuse("", "BASE_TYPE_CHOICES", message);
                }
            }
        }
        command.insert(field.into(), json!(numbers));
    }
    if let Some(items) = form.objects("options", 0..=MOST_OPTIONS) {
        if kind != CHAT && !items.is_empty() {
            let message = "Context menu commands cannot have options";
            form.refuse("options", "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED", message);
        }
        let options = options(form, &items, 0);
        if options.is_empty() {
            command.remove("options");
        } else {
            command.insert("options".into(), options.into());
        }
    }
}

/// A name as people type it: lower-case letters of any script, digits, `-`, `_` and `'`. What is in
/// a context menu may have capitals and spaces.
fn name(form: &Form<'_>, field: &str, in_menu: bool) -> Option<String> {
    let text = form.text(field, 1..=NAME)?;
    if in_menu {
        return Some(text.to_owned());
    }
    if is_name(text) {
        return Some(text.to_owned());
    }
    form.refuse(field, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    None
}

fn is_name(text: &str) -> bool {
    let allowed = |letter: char| {
        letter.is_alphanumeric()
            || "-_'".contains(letter)
            // The vowel signs of Devanagari and Thai belong to their letters.
            || ('\u{900}'..='\u{97f}').contains(&letter)
            || ('\u{e00}'..='\u{e7f}').contains(&letter)
    };
    text.chars().all(allowed) && text.to_lowercase() == text
}

fn localizations(form: &Form<'_>, into: &mut Map<String, Value>, in_menu: bool) {
    for (field, is_name_field) in
        [("name_localizations", true), ("description_localizations", false)]
    {
        let Some(object) = form.object(field) else {
            if form.clears(field) {
                into.insert(field.into(), Value::Null);
            }
            continue;
        };
        let mut found = Map::new();
        for locale in object.value().as_object().map(Map::keys).into_iter().flatten() {
            if !LOCALES.contains(&locale.as_str()) {
                let message = format!("Value must be one of {{{}}}.", LOCALES.join(", "));
                object.refuse(locale, "BASE_TYPE_CHOICES", message);
                continue;
            }
            let text = if is_name_field {
                name(&object, locale, in_menu)
            } else {
                object.text(locale, 1..=DESCRIPTION).map(str::to_owned)
            };
            if let Some(text) = text {
                found.insert(locale.clone(), text.into());
            }
        }
        into.insert(field.into(), found.into());
    }
}

/// `depth` is how many subcommands and groups are above.
fn options(parent: &Form<'_>, items: &[Form<'_>], depth: usize) -> Vec<Value> {
    let mut names = BTreeSet::new();
    let mut optional_before = false;
    let mut branches = 0;
    let mut options = Vec::with_capacity(items.len());
    for item in items {
        item.require("type");
        let kind = item.choice("type", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).unwrap_or(STRING);
        let mut option = Map::new();
        option.insert("type".into(), kind.into());
        if item.require("name")
            && let Some(name) = name(item, "name", false)
        {
            if !names.insert(name.clone()) {
                let message = "Option names must be unique";
                item.refuse("name", "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED", message);
            }
            option.insert("name".into(), name.into());
        }
        if let Some(text) = item.required_text("description", 1..=DESCRIPTION) {
            option.insert("description".into(), text.into());
        }
        localizations(item, &mut option, false);
        if kind <= GROUP {
            branches += 1;
            branch(item, kind, depth, &mut option);
        } else {
            let required = item.boolean("required").unwrap_or(false);
            if required && optional_before {
                let message = "Required options must be placed before non-required options";
                item.refuse("", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
            }
            optional_before |= !required;
            if required {
                option.insert("required".into(), true.into());
            }
            leaf(item, kind, &mut option);
        }
        options.push(option.into());
    }
    if branches > 0 && branches < items.len() {
        let message = "Sub-commands and sub-command groups cannot be mixed with other options";
        parent.refuse("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
    }
    options
}

fn branch(item: &Form<'_>, kind: i64, depth: usize, option: &mut Map<String, Value>) {
    let too_deep = if kind == GROUP { depth > 0 } else { depth > 1 };
    if too_deep {
        let message = "Sub-commands cannot be nested this deep";
        item.refuse("type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
        return;
    }
    let inner = item.objects("options", 0..=MOST_OPTIONS).unwrap_or_default();
    if kind == GROUP {
        for inner in &inner {
            if inner.value()["type"] != SUBCOMMAND {
                let message = "Only sub-commands may be in a sub-command group";
                inner.refuse("type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
            }
        }
    } else if inner.iter().any(|inner| inner.value()["type"].as_i64().is_some_and(|k| k <= GROUP)) {
        let message = "A sub-command cannot hold sub-commands";
        item.refuse("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
        return;
    }
    let inner = options(item, &inner, depth + 1);
    if !inner.is_empty() {
        option.insert("options".into(), inner.into());
    }
}

fn leaf(item: &Form<'_>, kind: i64, option: &mut Map<String, Value>) {
    let takes_choices = [STRING, INTEGER, NUMBER].contains(&kind);
    let autocompletes = item.boolean("autocomplete").unwrap_or(false);
    if autocompletes {
        option.insert("autocomplete".into(), true.into());
    }
    if let Some(items) = item.objects("choices", 0..=MOST_CHOICES)
        && !items.is_empty()
    {
        if !takes_choices {
            let message = "Choices are only for strings, integers and numbers";
            item.refuse("choices", "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", message);
        }
        if autocompletes {
            let message = "Autocomplete is not allowed when choices are set";
            item.refuse("", "APPLICATION_COMMAND_AUTOCOMPLETE_NOT_ALLOWED", message);
        }
        option.insert("choices".into(), choices(&items, kind).into());
    }
    if autocompletes && !takes_choices {
        let message = "Autocomplete is only for strings, integers and numbers";
        item.refuse("autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_NOT_ALLOWED", message);
    }
    match kind {
        STRING => {
            let least = item.integer("min_length", 0..=6000);
            let most = item.integer("max_length", 1..=6000);
            if least.zip(most).is_some_and(|(least, most)| least > most) {
                let message = "min_length must be less than or equal to max_length";
                item.refuse("min_length", "APPLICATION_COMMAND_OPTIONS_RANGE_INVALID", message);
            }
            for (field, value) in [("min_length", least), ("max_length", most)] {
                if let Some(value) = value {
                    option.insert(field.into(), value.into());
                }
            }
        }
        INTEGER => {
            let least = item.integer("min_value", -SAFE..=SAFE);
            let most = item.integer("max_value", -SAFE..=SAFE);
            range(item, least.zip(most).is_some_and(|(least, most)| least > most));
            for (field, value) in [("min_value", least), ("max_value", most)] {
                if let Some(value) = value {
                    option.insert(field.into(), value.into());
                }
            }
        }
        NUMBER => {
            let least = item.number("min_value");
            let most = item.number("max_value");
            range(item, least.zip(most).is_some_and(|(least, most)| least > most));
            for (field, value) in [("min_value", least), ("max_value", most)] {
                if let Some(value) = value {
                    option.insert(field.into(), value.into());
                }
            }
        }
        CHANNEL => {
            if let Some(kinds) = item.list("channel_types", 0..=20) {
                let kinds: Vec<_> = kinds.iter().map(|kind| kind.value().clone()).collect();
                option.insert("channel_types".into(), kinds.into());
            }
        }
        _ => debug_assert!(kind <= ATTACHMENT),
    }
}

fn range(item: &Form<'_>, upside_down: bool) {
    if upside_down {
        let message = "min_value must be less than or equal to max_value";
        item.refuse("min_value", "APPLICATION_COMMAND_OPTIONS_RANGE_INVALID", message);
    }
}

fn choices(items: &[Form<'_>], kind: i64) -> Vec<Value> {
    let mut names = BTreeSet::new();
    let mut choices = Vec::with_capacity(items.len());
    for item in items {
        let mut choice = Map::new();
        if let Some(name) = item.required_text("name", 1..=CHOICE) {
            if !names.insert(name) {
                let message = "Choice names must be unique";
                item.refuse("name", "APPLICATION_COMMAND_OPTIONS_CHOICES_DUPLICATED", message);
            }
            choice.insert("name".into(), name.into());
        }
        localizations_of_choice(item, &mut choice);
        if item.require("value") {
            match kind {
                STRING => drop(item.text("value", 1..=CHOICE)),
                INTEGER => drop(item.integer("value", -SAFE..=SAFE)),
                _ => drop(item.number("value")),
            }
            choice.insert("value".into(), item.value()["value"].clone());
        }
        choices.push(choice.into());
    }
    choices
}

fn localizations_of_choice(item: &Form<'_>, choice: &mut Map<String, Value>) {
    if let Some(object) = item.object("name_localizations") {
        choice.insert("name_localizations".into(), object.value().clone());
    }
}

/// Names, descriptions and values, with the longest translation of each.
fn size(form: &Form<'_>, command: &Map<String, Value>) {
    let characters = characters(command);
    if characters > MOST_CHARACTERS {
        let message = format!("Command exceeds maximum size ({MOST_CHARACTERS})");
        form.refuse("", "APPLICATION_COMMAND_TOO_LARGE", message);
    }
}

fn characters(part: &Map<String, Value>) -> usize {
    let count = |value: Option<&Value>| {
        value.and_then(Value::as_str).map_or(0, |text| text.chars().count())
    };
    let longest = |field: &str, translations: &str| {
        let translated = part.get(translations).and_then(Value::as_object);
        let translated = translated.map(Map::values).into_iter().flatten();
        translated.map(|text| count(Some(text))).fold(count(part.get(field)), usize::max)
    };
    let own = longest("name", "name_localizations")
        + longest("description", "description_localizations")
        + count(part.get("value"));
    let lists = ["options", "choices"].into_iter().filter_map(|field| part.get(field)?.as_array());
    let inner = lists.flatten().filter_map(Value::as_object).map(characters);
    own + inner.sum::<usize>()
}
