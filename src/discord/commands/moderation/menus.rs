//! What moderators find in the menu of a person or a message.

use std::sync::Arc;

use actions::{
    Permission,
    moderation::{Against, Captured},
};
use domain::{
    UserId,
    case::{FileTold, MAX_FILE_NAME_CHARS, MAX_TEXT_CHARS, Place as Stood},
    moderation::Severity,
};

use super::{asked_subject, bot, lists, punish::shown_warning};
use crate::discord::{
    command::{Answer, Spec, Verb},
    confirm::{self, bind, bound},
    ctx::{Ctx, Form, Picked, PickedMessage},
    custom_id::{long, short},
    failure::Failure,
    options::options,
    reply::{Asking, Question, Reply, cut},
    text::{Text, text},
};

const NOT_HERE: Text = text(
    "Open this from the menu of a member or a message.",
    "Öffne das über das Menü eines Mitglieds oder einer Nachricht.",
);
const TITLE: Text = text("Warn a member", "Mitglied verwarnen");
const WHY: Text = text("What for; they are told it", "Wofür; die Person erfährt es");
const BOT: Text = text("Bots cannot be warned.", "Bots kann man nicht verwarnen.");
const FILE: Text = text("[file {name}, {bytes} bytes]", "[Datei {name}, {bytes} Bytes]");

/// As Discord is told.
const REASON_CHARS: u16 = 1_000;

/// Who is to be warned, and for what they wrote.
struct Draft {
    user: UserId,
    message: Option<Arc<PickedMessage>>,
}

options! {
    pub struct Warn {}
}

impl Verb for Warn {
    const SPEC: Spec =
        Spec::new(text("Warn", "Verwarnen"), text("Warn this member", "Verwarne dieses Mitglied"))
            .needs(Permission::Moderate)
            .private()
            .examples(&["Warn"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let Some(Picked::Person(user)) = ctx.asked.picked else {
            return Err(Failure::refused(NOT_HERE, ctx.lang()));
        };
        ask_why(&ctx, Draft { user, message: None })
    }
}

options! {
    pub struct WarnForMessage {}
}

impl Verb for WarnForMessage {
    const SPEC: Spec = Spec::new(
        text("Warn for this message", "Für diese Nachricht verwarnen"),
        text(
            "Warn whoever wrote it, and keep what it says as evidence",
            "Verwarne, wer das schrieb, und behalte den Text als Beweis",
        ),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["Warn for this message"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let Some(Picked::Message(message)) = &ctx.asked.picked else {
            return Err(Failure::refused(NOT_HERE, ctx.lang()));
        };
        if message.is_by_bot {
            return Err(Failure::refused(BOT, ctx.lang()));
        }
        ask_why(&ctx, Draft { user: message.author, message: Some(Arc::clone(message)) })
    }
}

options! {
    pub struct Record {}
}

impl Verb for Record {
    const SPEC: Spec = Spec::new(
        text("Moderation record", "Moderationsakte"),
        text("What there is against this member", "Was gegen dieses Mitglied vorliegt"),
    )
    .needs(Permission::ViewRecords)
    .private()
    .examples(&["Moderation record"]);

    async fn run(self, ctx: Ctx) -> Answer {
        match ctx.asked.picked {
            Some(Picked::Person(user)) => lists::record(&ctx, user).await,
            _ => Err(Failure::refused(NOT_HERE, ctx.lang())),
        }
    }
}

fn ask_why(ctx: &Ctx, draft: Draft) -> Answer {
    ctx.edge.drafts.keep(ctx.asked.id, draft);
    let payload = bind(ctx, &short(ctx.asked.id));
    let custom_id = ctx.edge.signer.seal(ctx.guild(), "moderation", "warn", &payload)?;
    let why = Question { name: "reason", label: ctx.say(WHY), required: true, most: REASON_CHARS };
    Ok(Reply::form(Asking { title: ctx.say(TITLE), custom_id, questions: vec![why] }))
}

/// The form that was sent.
pub async fn warn(ctx: Ctx, form: Form) -> Answer {
    let request = match bound(&ctx, &form.payload) {
        Ok(request) => long(request),
        Err(reply) => return Ok(*reply),
    };
    let draft: Option<Arc<Draft>> = request.and_then(|request| ctx.edge.drafts.of(request));
    let Some(draft) = draft else { return Ok(confirm::expired(&ctx)) };
    let reason = form.fields.into_iter().find(|(name, _)| name == "reason");
    let reason = reason.map(|(_, text)| text).unwrap_or_default();
    let text = draft.message.as_ref().map(|message| evidence(&ctx, message));
    let evidence = draft.message.as_ref().zip(text.as_deref()).map(|(message, text)| Captured {
        text,
        author: message.author,
        place: Stood { channel: message.channel, message: message.id },
        files: &message.files,
    });
    let against = Against {
        subject: asked_subject(&ctx, draft.user).await?,
        bot: bot(&ctx),
        in_name_of: None,
        reason: Some(&reason),
        evidence,
    };
    let (guild, key) = (ctx.guild(), ctx.key()?);
    let warned = ctx.actions().warn(guild, &ctx.caller, &against, Severity::Minor, &key).await?;
    shown_warning(&ctx, draft.user, &warned, Some(&reason)).await
}

/// What the message said, with the names of its files, as far as a case has room.
fn evidence(ctx: &Ctx, message: &PickedMessage) -> String {
    let mut text = message.text.clone();
    for FileTold { name, bytes, .. } in &message.files {
        let name = cut(name, MAX_FILE_NAME_CHARS);
        text = format!("{text}\n{}", ctx.fill(FILE, &[("name", &name), ("bytes", bytes)]));
    }
    let text = text.trim();
    // Stickers and polls leave nothing in words.
    let text = if text.is_empty() { "-" } else { text };
    text.chars().take(MAX_TEXT_CHARS).collect()
}
