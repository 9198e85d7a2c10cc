//! `docs/commands.md`, made from the declarations.

use std::fmt::Write as _;

use super::{
    command::{Capability, Found, all},
    options::Opt,
    text::{Lang, duration},
};

const INTRODUCTION: &str = "\
# Commands

<!-- Made from src/discord/commands/ by `reeve commands docs`. Change them there. -->

Type `/` in Discord and pick one; `/help` lists those that you may use where you are. Options in
`[brackets]` can be left out. Every text comes in English and German, by the language that your
Discord speaks.
";

pub fn reference(capabilities: &'static [Capability]) -> String {
    let mut text = INTRODUCTION.to_owned();
    for capability in capabilities.iter().filter(|capability| !capability.groups.is_empty()) {
        let _ = write!(text, "\n## {}\n", capability.title.en);
        if let Some(module) = capability.module {
            let _ = write!(text, "\nModule `{}`. {}\n", module.name, module.about);
        }
        let own = all(capabilities).filter(|found| found.capability.name == capability.name);
        own.for_each(|found| command(&mut text, &found));
    }
    text
}

fn command(text: &mut String, found: &Found) {
    let spec = found.route.spec;
    let _ = write!(text, "\n### `{}`\n\n{}.\n", usage(found), spec.about.en);
    let mut facts = Vec::new();
    if spec.operators_only {
        facts.push("for operators of this installation".to_owned());
    }
    if let Some(permission) = spec.permission {
        facts.push(format!("needs {} ({} in Discord)", permission.name(), permission.discord()));
    }
    if !spec.cooldown.is_zero() {
        let secs = i64::try_from(spec.cooldown.as_secs()).unwrap_or(i64::MAX);
        facts.push(format!("once in {} for each member", duration(Lang::En, secs)));
    }
    if spec.private {
        facts.push("only you see the answer".to_owned());
    }
    if !facts.is_empty() {
        let _ = write!(text, "\n*{}.*\n", sentence(&facts.join("; ")));
    }
    if !found.route.options.is_empty() {
        text.push_str("\n| Option | What it is |\n|---|---|\n");
        for opt in found.route.options {
            let _ = writeln!(text, "| `{}` | {} |", opt.name, explained(opt));
        }
    }
    if !spec.examples.is_empty() {
        let _ = write!(text, "\n```\n{}\n```\n", spec.examples.join("\n"));
    }
}

/// `/bytes send user amount [reason]`
pub fn usage(found: &Found) -> String {
    let mut usage = found.group.path(found.route);
    for opt in found.route.options {
        let _ = if opt.required {
            write!(usage, " {}", opt.name)
        } else {
            write!(usage, " [{}]", opt.name)
        };
    }
    usage
}

fn explained(opt: &Opt) -> String {
    let mut text = format!("{}: {}", opt.about.en, opt.kind.in_words().en);
    match (opt.least, opt.most) {
        (Some(least), Some(most)) => {
            let _ = write!(text, ", {least} to {most}");
            if opt.kind == super::options::Kind::Text {
                text.push_str(" characters");
            }
        }
        (None, Some(most)) => {
            let _ = write!(text, ", at most {most}");
        }
        _ => {}
    }
    if !opt.choices.is_empty() {
        let values: Vec<_> = opt.choices.iter().map(|choice| choice.title.en).collect();
        let _ = write!(text, " ({})", values.join(", "));
    }
    text
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + characters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::commands::CAPABILITIES;

    #[test]
    fn given_the_declarations_then_the_document_in_the_repository_says_the_same() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
        let made = reference(CAPABILITIES);
        if std::env::var_os("REEVE_TEST_UPDATE").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == made,
            "docs/commands.md is stale: run `reeve commands docs > docs/commands.md`"
        );
    }
}
