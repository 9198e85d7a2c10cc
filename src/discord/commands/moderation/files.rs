//! The files of a case's evidence, as `/case view` names them. What they hold is saved from the
//! dashboard.

use actions::moderation::{CaseFile, CaseHistory};
use domain::case::FileOutcome;

use crate::discord::{
    ctx::Ctx,
    reply::{cut, plain},
    text::{Text, text},
};

const MAX_SHOWN: usize = 10;
const MAX_NAME: usize = 60;
const MORE: Text = text("and {more} more", "und {more} weitere");
const ERASED: Text = text("erased", "gelöscht");

/// Each with what became of its copy, and where the copies can be saved from.
pub(super) fn shown(ctx: &Ctx, history: &CaseHistory) -> String {
    let line = |file: &CaseFile| {
        let erased = ctx.say(ERASED);
        let name = file.told.as_ref().map_or(erased, |told| plain(&cut(&told.name, MAX_NAME)));
        format!("{name} · {}", ctx.say(outcome_of(file.outcome)))
    };
    let mut lines: Vec<_> = history.files.iter().take(MAX_SHOWN).map(line).collect();
    let more = history.files.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        lines.push(ctx.fill(MORE, &[("more", &more)]));
    }
    let copied = history.files.iter().any(|file| file.outcome == Some(FileOutcome::Copied));
    if let Some(dashboard) = ctx.actions().dashboard().filter(|_| copied) {
        lines.push(format!("{dashboard}/g/{}/cases/{}", ctx.guild(), history.case.number.0));
    }
    lines.join("\n")
}

const fn outcome_of(outcome: Option<FileOutcome>) -> Text {
    match outcome {
        None => text("being copied", "wird kopiert"),
        Some(FileOutcome::Copied) => text("copied", "kopiert"),
        Some(FileOutcome::Gone) => text("gone before it was copied", "weg, bevor es kopiert war"),
        Some(FileOutcome::TooLarge) => text("too large to be copied", "zu groß zum Kopieren"),
        Some(FileOutcome::NoRoom) => text("no room for a copy", "kein Platz für eine Kopie"),
        Some(FileOutcome::Elsewhere) => text("not on Discord's servers", "nicht bei Discord"),
        Some(FileOutcome::Failed) => {
            text("Discord did not hand it out", "Discord gab es nicht heraus")
        }
    }
}
