//! `/undo`: what one moderator, one rule or one batch did, or what was done in a time, is taken back.

use std::sync::Arc;

use actions::{
    Permission,
    moderation::{Cause, Preview},
};
use domain::{CaseNumber, UserId, moderation::MAX_RULE_CHARS};

use super::{length, lengths};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    confirm::{self, Confirmed},
    ctx::{Ctx, Pressed, Typing},
    custom_id::{long, short},
    options::{Opt, options},
    reply::Reply,
    text::{Text, number, text},
};

const RULE_CHARS: i64 = 100;
const _: () = assert!(RULE_CHARS.unsigned_abs() == MAX_RULE_CHARS as u64, "one limit");

const NOTHING: Text = text(
    "There is nothing to take back: nothing of it counts or is in force any more.",
    "Es gibt nichts zurückzunehmen: Davon zählt nichts mehr und nichts ist mehr in Kraft.",
);
const QUESTION: Text = text(
    "Take back **{n}** cases: {warnings} warnings, {timeouts} timeouts, {bans} bans?",
    "**{n}** Fälle zurücknehmen: {warnings} Verwarnungen, {timeouts} Timeouts, {bans} Banne?",
);
const STEPS: Text = text(
    "At most {step} at a time, the oldest first; the command can be used again.",
    "Höchstens {step} auf einmal, die ältesten zuerst; der Befehl geht noch einmal.",
);
const DONE: Text = text(
    "**{n}** cases were taken back; what Discord has to lift is being lifted.",
    "**{n}** Fälle sind zurückgenommen; was Discord aufheben muss, wird aufgehoben.",
);
const LEFT: Text = text(
    "**{left}** are left. Use the command again.",
    "**{left}** sind übrig. Nutze den Befehl noch einmal.",
);

options! {
    pub struct Undo {
        moderator: Option<UserId> = Opt::new(
            text("moderator", "moderator"),
            text("What this moderator did", "Was dieser Moderator tat"),
        ),
        rule: Option<String> = Opt::new(
            text("rule", "regel"),
            text("What this rule did, such as ladder", "Was diese Regel tat, etwa ladder"),
        )
        .between(1, RULE_CHARS),
        batch_of: Option<u32> = Opt::new(
            text("batch_of", "zusammen_mit"),
            text("What was ordered together with this case", "Was zusammen mit diesem Fall kam"),
        )
        .between(1, u32::MAX as i64),
        since: Option<String> = Opt::new(
            text("since", "seit"),
            text("Only of so long ago and later, such as 2h", "Nur aus dieser Zeit, etwa 2h"),
        )
        .between(1, 30)
        .suggests(),
        before: Option<String> = Opt::new(
            text("before", "vor"),
            text("Only of so long ago and earlier, such as 1h", "Nur von davor, etwa 1h"),
        )
        .between(1, 30)
        .suggests(),
    }
}

impl Verb for Undo {
    const SPEC: Spec = Spec::new(
        text("undo", "rückgängig"),
        text("Take back many cases by what caused them", "Nimm viele Fälle nach Ursache zurück"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/undo moderator:@Ann since:2h", "/undo rule:ladder", "/undo batch_of:17"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let ago = |written: Option<&String>| {
            let secs = written.map(|written| length(&ctx, written)).transpose()?;
            Ok::<_, crate::discord::failure::Failure>(
                secs.map(|secs| ctx.actions().now().plus_secs(-i64::from(secs))),
            )
        };
        let cause = Cause {
            rule: self.rule.clone(),
            moderator: self.moderator,
            batch_of: self.batch_of.map(CaseNumber),
            since: ago(self.since.as_ref())?,
            until: ago(self.before.as_ref())?,
        };
        let (guild, key) = (ctx.guild(), ctx.key()?);
        let preview = ctx.actions().preview_undo(guild, &ctx.caller, &cause, &key).await?;
        if preview.all() == 0 {
            return Ok(Reply::bad(ctx.say(NOTHING)));
        }
        let question = Reply::new(question(&ctx, &preview)).private();
        ctx.edge.drafts.keep(ctx.asked.id, cause);
        confirm::ask(&ctx, "moderation", "undo", &short(ctx.asked.id), question)
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        lengths(ctx.lang(), &typing.typed)
    }
}

fn question(ctx: &Ctx, preview: &Preview) -> String {
    let shown = |n: u64| number(ctx.lang(), i64::try_from(n).unwrap_or(i64::MAX));
    let said = ctx.fill(
        QUESTION,
        &[
            ("n", &shown(preview.all())),
            ("warnings", &shown(preview.warnings)),
            ("timeouts", &shown(preview.timeouts)),
            ("bans", &shown(preview.bans)),
        ],
    );
    if preview.step < preview.all() {
        format!("{said}\n{}", ctx.fill(STEPS, &[("step", &shown(preview.step))]))
    } else {
        said
    }
}

/// The button that confirms it.
pub async fn confirmed(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, undo).await
}

async fn undo(ctx: Ctx, confirmed: Confirmed) -> Answer {
    let cause: Option<Arc<Cause>> =
        long(&confirmed.payload).and_then(|request| ctx.edge.drafts.of(request));
    let Some(cause) = cause else { return Ok(confirm::expired(&ctx)) };
    let (guild, key) = (ctx.guild(), &confirmed.key);
    let undone = ctx.actions().undo_cases(guild, &ctx.caller, &cause, key).await?;
    let cases = i64::try_from(undone.cases).unwrap_or(i64::MAX);
    let mut said = ctx.fill(DONE, &[("n", &number(ctx.lang(), cases))]);
    if undone.left > 0 {
        let left = number(ctx.lang(), i64::try_from(undone.left).unwrap_or(i64::MAX));
        said = format!("{said}\n{}", ctx.fill(LEFT, &[("left", &left)]));
    }
    Ok(Reply::good(said).private())
}
