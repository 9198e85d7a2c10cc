//! What Discord is told about our commands, made from their declarations.

use serde_json::{Map, Value as Json, json};

use super::{
    command::{Capability, Group, Place, Route},
    options::{Choice, Kind, Opt},
    text::Text,
};

/// All commands in Discord's form, by name.
pub fn commands(capabilities: &[Capability]) -> Vec<Json> {
    let mut commands: Vec<_> =
        capabilities.iter().flat_map(|capability| capability.groups).map(command).collect();
    commands.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
    commands
}

fn command(group: &Group) -> Json {
    let mut json = if group.place == Place::Typed {
        named(group.name.en, group.name, group.about)
    } else {
        // What is found in a menu has no description.
        let mut json = Map::new();
        json.insert("name".to_owned(), json!(group.name.en));
        localise(&mut json, "name_localizations", group.name);
        json.insert("description".to_owned(), json!(""));
        json
    };
    json.insert("type".to_owned(), json!(group.place.number()));
    // In communities only: everything we do belongs to one.
    json.insert("contexts".to_owned(), json!([0]));
    json.insert("integration_types".to_owned(), json!([0]));
    json.insert("default_member_permissions".to_owned(), permissions(group));
    let options: Vec<_> = if group.is_verb {
        group.verbs.iter().flat_map(|route| route.options).map(option).collect()
    } else {
        group.verbs.iter().map(subcommand).collect()
    };
    if group.place == Place::Typed {
        json.insert("options".to_owned(), Json::Array(options));
    }
    Json::Object(json)
}

/// Who sees the command before a community decides itself: everybody where one verb is for
/// everybody, otherwise whom Discord's own permission lets.
fn permissions(group: &Group) -> Json {
    if group.verbs.iter().all(|route| route.spec.operators_only) {
        // Administrators only, in Discord's words.
        return json!("0");
    }
    let needed = group.verbs.iter().map(|route| route.spec.permission.map(|p| p.discord().0));
    match needed.reduce(|all, one| all.filter(|_| one == all)).flatten() {
        Some(bits) => json!(bits.to_string()),
        None => Json::Null,
    }
}

fn subcommand(route: &Route) -> Json {
    let mut json = named(route.spec.name.en, route.spec.name, route.spec.about);
    json.insert("type".to_owned(), json!(1));
    let options: Vec<_> = route.options.iter().map(option).collect();
    json.insert("options".to_owned(), Json::Array(options));
    Json::Object(json)
}

fn option(opt: &Opt) -> Json {
    let mut json = named(opt.name, opt.title, opt.about);
    json.insert("type".to_owned(), json!(opt.kind.number()));
    json.insert("required".to_owned(), json!(opt.required));
    let (least, most) = match opt.kind {
        Kind::Integer => ("min_value", "max_value"),
        _ => ("min_length", "max_length"),
    };
    for (name, limit) in [(least, opt.least), (most, opt.most)] {
        if let Some(limit) = limit {
            json.insert(name.to_owned(), json!(limit));
        }
    }
    if opt.suggests {
        json.insert("autocomplete".to_owned(), json!(true));
    }
    if !opt.choices.is_empty() {
        let choices: Vec<_> = opt.choices.iter().map(choice).collect();
        json.insert("choices".to_owned(), Json::Array(choices));
    }
    Json::Object(json)
}

fn choice(choice: &Choice) -> Json {
    let mut json = Map::new();
    json.insert("name".to_owned(), json!(choice.title.en));
    json.insert("value".to_owned(), json!(choice.value));
    localise(&mut json, "name_localizations", choice.title);
    Json::Object(json)
}

fn named(name: &str, title: Text, about: Text) -> Map<String, Json> {
    let mut json = Map::new();
    json.insert("name".to_owned(), json!(name));
    localise(&mut json, "name_localizations", title);
    json.insert("description".to_owned(), json!(about.en));
    localise(&mut json, "description_localizations", about);
    json
}

fn localise(json: &mut Map<String, Json>, field: &str, text: Text) {
    if text.de != text.en {
        json.insert(field.to_owned(), json!({ "de": text.de }));
    }
}

/// Whether what Discord has is what we would tell it.
pub fn are_the_same(ours: &[Json], theirs: &[Json]) -> bool {
    let sorted = |commands: &[Json]| {
        let mut commands: Vec<_> = commands.iter().map(essence).collect();
        commands.sort_by_key(|command| command["name"].to_string());
        commands
    };
    sorted(ours) == sorted(theirs)
}

/// The fields that we set, in one form: what is off or empty is as good as absent, and whole
/// numbers are the same with and without a fraction.
pub fn essence(value: &Json) -> Json {
    const OURS: [&str; 17] = [
        "name",
        "name_localizations",
        "description",
        "description_localizations",
        "type",
        "contexts",
        "integration_types",
        "default_member_permissions",
        "options",
        "required",
        "min_value",
        "max_value",
        "min_length",
        "max_length",
        "autocomplete",
        "choices",
        "nsfw",
    ];
    let kept = |name: &str| OURS.contains(&name) || ["value", "de"].contains(&name);
    match value {
        Json::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| kept(name));
            let fields = fields.map(|(name, value)| (name.clone(), essence(value)));
            Json::Object(fields.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Json::Array(values) => Json::Array(values.iter().map(essence).collect()),
        Json::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Array(values) => values.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use twilight_model::application::command::{Command, CommandType};

    use super::*;
    use crate::discord::commands::CAPABILITIES;

    /// As Discord gives them back: with ids, versions and defaults of its own.
    fn returned(commands: &[Json]) -> Vec<Json> {
        fn add(value: &mut Json) {
            if let Json::Object(fields) = value {
                for field in ["required", "autocomplete"] {
                    if fields.get(field) == Some(&Json::Bool(false)) {
                        fields.remove(field);
                    }
                }
                for limit in ["min_value", "max_value"] {
                    if let Some(number) = fields.get(limit).and_then(Json::as_f64) {
                        fields.insert(limit.to_owned(), json!(number));
                    }
                }
                if let Some(Json::Array(options)) = fields.get_mut("options") {
                    options.iter_mut().for_each(add);
                }
            }
        }
        let mut commands: Vec<_> = commands.iter().rev().cloned().collect();
        for (number, command) in commands.iter_mut().enumerate() {
            add(command);
            command["id"] = json!((1_000 + number).to_string());
            command["application_id"] = json!("9");
            command["version"] = json!("77");
            command["nsfw"] = json!(false);
            command["dm_permission"] = json!(false);
        }
        commands
    }

    // proves: CMD-01
    #[test]
    fn given_our_declarations_then_discord_takes_every_command() {
        let commands = commands(CAPABILITIES);
        assert!(commands.len() >= 5, "{}", commands.len());
        for mut json in commands {
            assert!(json.get("default_member_permissions").is_some(), "{json}");
            assert_eq!(json["contexts"], json!([0]));
            json["version"] = json!("1");
            let command: Command = serde_json::from_value(json).unwrap();
            twilight_validate::command::command(&command).unwrap();
            for (place, texts) in [("name", &command.name_localizations)] {
                let typed = command.kind == CommandType::ChatInput;
                for text in texts.iter().filter(|_| typed).flat_map(|texts| texts.values()) {
                    twilight_validate::command::chat_input_name(text)
                        .unwrap_or_else(|error| panic!("{place} {text}: {error}"));
                }
            }
        }
    }

    // proves: CMD-02
    #[test]
    fn given_what_discord_gives_back_then_it_is_the_same_until_something_changes() {
        let ours = commands(CAPABILITIES);
        let theirs = returned(&ours);
        assert!(are_the_same(&ours, &theirs));
        assert!(!are_the_same(&ours, &theirs[1..]), "one is missing");
        let mut more = theirs.clone();
        more.push(json!({ "name": "old", "description": "x", "type": 1 }));
        assert!(!are_the_same(&ours, &more), "one is left over");
        let fields: Vec<_> = theirs[0].as_object().unwrap().keys().cloned().collect();
        for field in ["name", "description", "default_member_permissions", "options"] {
            let mut changed = theirs.clone();
            assert!(fields.iter().any(|known| known == field), "{field}");
            changed[0][field] = json!("other");
            assert!(!are_the_same(&ours, &changed), "{field}");
        }
        let mut limited = theirs;
        let options = limited.iter_mut().find(|one| one["name"] == "bytes").unwrap();
        options["options"][0]["options"][0]["description"] = json!("other");
        assert!(!are_the_same(&ours, &limited), "deep inside");
    }
}
