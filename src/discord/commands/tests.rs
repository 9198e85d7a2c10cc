//! What holds for all commands.

use std::collections::BTreeSet;

use super::CAPABILITIES;
use crate::discord::{
    command::{all, find, intents},
    text::{Lang, Text},
};

/// Words of the house that no member should have to know.
const INTERNAL: [&str; 12] = [
    "aggregate",
    "projection",
    "snowflake",
    "payload",
    "idempotency",
    "stream",
    "shard",
    "interaction",
    "null",
    "guild",
    "custom id",
    "enum",
];

fn texts() -> Vec<(String, Text)> {
    let mut texts = Vec::new();
    for found in all(CAPABILITIES) {
        let path = found.group.path(found.route);
        texts.push((path.clone(), found.capability.title));
        texts.push((path.clone(), found.group.about));
        texts.push((path.clone(), found.route.spec.about));
        for opt in found.route.options {
            texts.push((format!("{path} {}", opt.name), opt.about));
            texts.extend(opt.choices.iter().map(|c| (format!("{path} {}", opt.name), c.title)));
        }
    }
    texts
}

// proves: CMD-13
#[test]
fn given_every_text_of_a_command_then_it_is_said_in_both_languages_and_in_plain_words() {
    for (place, text) in texts() {
        assert!(!text.en.is_empty() && !text.de.is_empty(), "{place}");
        assert_eq!(text.blanks(Lang::En), text.blanks(Lang::De), "{place}");
        for lang in [Lang::En, Lang::De] {
            let said = text.say(lang).to_lowercase();
            let strange: Vec<_> = INTERNAL.iter().filter(|word| said.contains(**word)).collect();
            assert!(strange.is_empty(), "{place}: {strange:?} in {said:?}");
            assert!(said.chars().count() <= 100, "{place}: {said}");
        }
    }
}

/// Every text in the sources of the edge, also those that are made on the way.
// proves: CMD-13
#[test]
fn given_every_text_in_the_sources_then_its_blanks_are_the_same_in_both_languages() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/discord");
    let mut folders = vec![folder];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let source =
                source.split("#[cfg(test)]").next().unwrap_or_default().replace("\\\n", "");
            // The function of that name, and none that ends so.
            for (at, _) in source.match_indices("text(") {
                if source[..at].ends_with(|c: char| c.is_alphanumeric() || "_.".contains(c)) {
                    continue;
                }
                let part = &source[at + "text(".len()..];
                let mut quoted = part.split('"').skip(1).step_by(2);
                let (Some(en), Some(de)) = (quoted.next(), quoted.next()) else { continue };
                // Two texts and nothing between them but a comma.
                let comma = part.split('"').nth(2).is_some_and(|between| between.trim() == ",");
                if !part.trim_start().starts_with('"') || !comma {
                    continue;
                }
                seen += 1;
                let blanks = |text: &str| -> BTreeSet<String> {
                    let names = text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
                    names.map(str::to_owned).collect()
                };
                assert_eq!(blanks(en), blanks(de), "{}: {en:?}, {de:?}", path.display());
            }
        }
    }
    assert!(seen > 80, "only {seen} texts were found");
}

#[test]
fn given_our_commands_then_names_are_found_and_nothing_is_declared_twice() {
    let mut paths = BTreeSet::new();
    for found in all(CAPABILITIES) {
        let path = found.group.path(found.route);
        let verb = if found.group.is_verb { "" } else { found.route.spec.name.en };
        let again = find(CAPABILITIES, found.group.name.en, verb).unwrap();
        assert_eq!(again.group.path(again.route), path);
        assert!(paths.insert(path.clone()), "{path} twice");
        assert!(!found.route.spec.examples.is_empty(), "{path} has no example");
        for example in found.route.spec.examples {
            assert!(example.starts_with(&path), "{example}");
        }
    }
    let names: BTreeSet<_> = CAPABILITIES.iter().map(|capability| capability.name).collect();
    assert_eq!(names.len(), CAPABILITIES.len());
    assert!(find(CAPABILITIES, "bytes", "").is_none());
    assert!(find(CAPABILITIES, "help", "x").is_none());
}

// proves: CMD-01
#[test]
fn given_our_capabilities_then_no_privileged_intent_is_asked_for() {
    use twilight_gateway::Intents;
    let privileged = Intents::GUILD_MEMBERS | Intents::GUILD_PRESENCES | Intents::MESSAGE_CONTENT;
    assert!((intents(CAPABILITIES) & privileged).is_empty());
    assert!(intents(CAPABILITIES).contains(Intents::GUILDS | Intents::GUILD_MESSAGES));
}
