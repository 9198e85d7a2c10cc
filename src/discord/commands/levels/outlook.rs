//! What is said before other settings of levels are saved.

use std::fmt::Display;

use actions::{
    levels::{LevelOutlook, OUTLOOK_DAYS},
    settings::Draft,
};
use domain::{
    PersonId, Timestamp,
    levels::outlook::{Lacking, Moved, Outlook, Replayed},
};

use super::{ERASED, count, mention};
use crate::discord::{
    ctx::Ctx,
    failure::Failure,
    reply::Reply,
    text::{Text, text},
};

const QUESTION: Text = text(
    "This is not saved yet. What it would do to the {members} members who have XP:",
    "Das ist noch nicht gespeichert. Was es mit den {members} Mitgliedern machen würde, die XP haben:",
);
const LEVELS: Text = text("Levels, at once", "Level, sofort");
const UP_AND_DOWN: Text = text(
    "{up} would be at a higher level, {down} at a lower one.",
    "{up} wären auf einem höheren Level, {down} auf einem niedrigeren.",
);
const NOBODY: Text = text("Nobody's level changes.", "Niemandes Level ändert sich.");
const LEVEL_MOVED: Text = text("{who}: level {from} → {to}", "{who}: Level {from} → {to}");
const ROLES: Text = text("Roles", "Rollen");
const ROLE_MOVED: Text = text(
    "<@&{role}>: given to {given}, taken from {taken}",
    "<@&{role}>: für {given}, weg von {taken}",
);
const ROLES_LATER: Text = text(
    "Each once the member's level changes next.",
    "Jeweils sobald sich das Level des Mitglieds das nächste Mal ändert.",
);
const REPLAYED: Text = text(
    "Had the last {days} days been paid so",
    "Wären die letzten {days} Tage so bezahlt worden",
);
const PAID: Text = text(
    "{would} XP earned instead of {earned}: {up} members would stand higher on the board, {down} \
     lower. Nothing that was earned is changed.",
    "{would} XP verdient statt {earned}: {up} Mitglieder stünden weiter oben, {down} weiter unten. \
     Was verdient wurde, bleibt, wie es ist.",
);
const PLACE_MOVED: Text = text("{who}: place {from} → {to}", "{who}: Platz {from} → {to}");
const LACKS_PLACES: Text = text(
    "Multipliers of roles and channels are left out: nobody noted who had which role then.",
    "Multiplikatoren von Rollen und Kanälen fehlen darin: Niemand hat notiert, wer damals welche \
     Rolle hatte.",
);
const LACKS_COOLDOWN: Text = text(
    "Messages that earned nothing then for coming too soon are left out.",
    "Nachrichten, die damals zu früh kamen und nichts brachten, fehlen darin.",
);
const LACKS_FLOODS: Text = text(
    "Floods are left out: what earned nothing is not kept.",
    "Fluten fehlen darin: Was nichts brachte, wird nicht aufbewahrt.",
);
const LACKS_EARLIER: Text = text(
    "Much was earned: only what came since {since} is in it.",
    "Es wurde viel verdient: Nur was seit {since} kam, ist darin.",
);

/// The question that is asked before a draft is saved; none where nobody would see any of it.
pub async fn question(ctx: &Ctx, draft: Draft<'_>) -> Result<Option<Reply>, Failure> {
    let outlook = ctx.actions().level_outlook(ctx.guild(), &ctx.caller, draft).await?;
    if outlook.is_nothing() {
        return Ok(None);
    }
    let LevelOutlook { now, replayed } = &outlook;
    let asked = ctx.fill(QUESTION, &[("members", &count(ctx, now.members))]);
    let moved = levels(ctx, now).await?;
    let mut reply = Reply::new(asked).private().field(ctx.say(LEVELS), moved);
    if !now.roles.is_empty() {
        reply = reply.field(ctx.say(ROLES), roles(ctx, now));
    }
    if let Some(replayed) = replayed {
        let name = ctx.fill(REPLAYED, &[("days", &OUTLOOK_DAYS)]);
        reply = reply.field(name, paid(ctx, replayed).await?);
    }
    Ok(Some(reply))
}

async fn levels(ctx: &Ctx, now: &Outlook) -> Result<String, Failure> {
    if now.up == 0 && now.down == 0 {
        return Ok(ctx.say(NOBODY));
    }
    let (up, down) = (count(ctx, now.up), count(ctx, now.down));
    let mut lines = vec![ctx.fill(UP_AND_DOWN, &[("up", &up), ("down", &down)])];
    lines.extend(moved(ctx, LEVEL_MOVED, &now.most).await?);
    Ok(lines.join("\n"))
}

fn roles(ctx: &Ctx, now: &Outlook) -> String {
    let line = |moves: &domain::levels::outlook::RoleMoves| {
        let (given, taken) = (count(ctx, moves.given), count(ctx, moves.taken));
        ctx.fill(ROLE_MOVED, &[("role", &moves.role), ("given", &given), ("taken", &taken)])
    };
    let lines = now.roles.iter().map(line).chain([ctx.say(ROLES_LATER)]);
    lines.collect::<Vec<_>>().join("\n")
}

async fn paid(ctx: &Ctx, replayed: &Replayed) -> Result<String, Failure> {
    let mut lines = vec![in_all(ctx, replayed)];
    lines.extend(moved(ctx, PLACE_MOVED, &replayed.most).await?);
    lines.extend(replayed.lacking.iter().map(|lacking| lacks(ctx, *lacking, replayed.since)));
    Ok(lines.join("\n"))
}

fn in_all(ctx: &Ctx, replayed: &Replayed) -> String {
    let n = |number| count(ctx, number);
    let words: &[(&str, &dyn Display)] = &[
        ("would", &n(replayed.would_earn)),
        ("earned", &n(replayed.earned)),
        ("up", &n(replayed.up)),
        ("down", &n(replayed.down)),
    ];
    ctx.fill(PAID, words)
}

fn lacks(ctx: &Ctx, lacking: Lacking, since: Timestamp) -> String {
    match lacking {
        Lacking::Places => ctx.say(LACKS_PLACES),
        Lacking::WithinCooldown => ctx.say(LACKS_COOLDOWN),
        Lacking::Floods => ctx.say(LACKS_FLOODS),
        Lacking::Earlier => {
            let since = format!("<t:{}:f>", since.as_secs());
            ctx.fill(LACKS_EARLIER, &[("since", &since)])
        }
    }
}

async fn moved(ctx: &Ctx, line: Text, moved: &[Moved]) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for Moved { person, from, to, .. } in moved {
        let who = named(ctx, *person).await?;
        let (from, to) = (count(ctx, *from), count(ctx, *to));
        lines.push(ctx.fill(line, &[("who", &who), ("from", &from), ("to", &to)]));
    }
    Ok(lines)
}

async fn named(ctx: &Ctx, person: PersonId) -> Result<String, Failure> {
    let user = ctx.actions().people().user(ctx.guild(), person).await?;
    Ok(user.map_or_else(|| ctx.say(ERASED), mention))
}
