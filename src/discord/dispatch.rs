//! From a request to its answer. Every command, button, form and suggestion comes through here,
//! whatever way it came, and passes the same gates in the same order: is somebody flooding us,
//! blocked, are we under maintenance, is the module on, may this member do it, is it too soon.

use std::sync::Arc;

use super::{
    command::{Found, Suggestion, find},
    ctx::{Asked, Ctx, Form, Pressed, Typing, Way, What},
    custom_id::{BadId, Opened},
    edge::Edge,
    failure::Failure,
    gate,
    options::Given,
    reply::Reply,
    text::{Text, text},
};

/// Discord takes no more.
const MAX_SUGGESTIONS: usize = 25;

const UNKNOWN: Text = text(
    "I do not know this command any more. Wait a minute, then try again.",
    "Diesen Befehl kenne ich nicht mehr. Warte eine Minute und versuch es noch einmal.",
);
const OLD_BUTTON: Text = text(
    "This button no longer works. Use the command again.",
    "Dieser Knopf geht nicht mehr. Nutze den Befehl noch einmal.",
);
const NOT_BY_PREFIX: Text =
    text("This only works as a slash command: {path}", "Das geht nur als Slash-Befehl: {path}");

/// An answer, and what there is to count.
#[derive(Debug)]
pub struct Handled {
    pub said: Said,
    pub outcome: &'static str,
}

#[derive(Debug, PartialEq)]
pub enum Said {
    Reply(Reply),
    Suggestions(Vec<Suggestion>),
}

/// Of what was asked, as metrics and logs name it: only names of ours.
pub fn label(edge: &Edge, asked: &Asked) -> String {
    let known = |group: &str, verb: &str| find(edge.capabilities, group, verb);
    match &asked.what {
        What::Command { group, verb, .. } | What::Typing { group, verb, .. } => {
            known(group, verb).map(|found| found.group.path(found.route))
        }
        What::Press { custom_id, .. } | What::Form { custom_id, .. } => edge
            .signer
            .open(asked.guild, custom_id)
            .ok()
            .map(|opened| format!("{}.{}", opened.capability, opened.verb)),
    }
    .unwrap_or_else(|| "unknown".to_owned())
}

/// Whether only the one who asked will see the answer, as far as can be told before there is one.
pub fn is_private(edge: &Edge, asked: &Asked) -> bool {
    match &asked.what {
        What::Command { group, verb, .. } => {
            find(edge.capabilities, group, verb).is_none_or(|found| found.route.spec.private)
        }
        _ => true,
    }
}

pub async fn handle(edge: Arc<Edge>, asked: Arc<Asked>) -> Handled {
    let ctx = Ctx::new(edge, asked).with_grants().await;
    let answer = match ctx.asked.what.clone() {
        What::Command { group, verb, given } => command(&ctx, &group, &verb, &given).await,
        What::Press { custom_id, values } => press(&ctx, &custom_id, values).await,
        What::Form { custom_id, fields } => form(&ctx, &custom_id, fields).await,
        What::Typing { group, verb, typing } => {
            let suggestions = suggest(&ctx, &group, &verb, typing).await;
            return Handled { said: Said::Suggestions(suggestions), outcome: "suggested" };
        }
    };
    match answer {
        Ok(reply) => Handled { said: Said::Reply(reply), outcome: "done" },
        Err(failure) => {
            let outcome = failure.outcome();
            let reply = failure.tell(ctx.lang(), &label(&ctx.edge, &ctx.asked));
            Handled { said: Said::Reply(reply), outcome }
        }
    }
}

async fn command(ctx: &Ctx, group: &str, verb: &str, given: &Given) -> Result<Reply, Failure> {
    let found = known(ctx, group, verb)?;
    if ctx.asked.way == Way::Message && !found.route.spec.by_prefix {
        let path = found.group.path(found.route);
        return Err(Failure::Refused(ctx.fill(NOT_BY_PREFIX, &[("path", &path)])));
    }
    // Read first, so that a slip of the keyboard costs no waiting time.
    let bad = |bad: super::options::BadOption| Failure::Command(bad.say(ctx.lang()));
    let work = found.route.run(ctx.clone(), given).map_err(bad)?;
    gate::admit(ctx, &found).await?;
    let reply = work.await?;
    Ok(Reply { private: reply.private || found.route.spec.private, ..reply })
}

async fn press(ctx: &Ctx, custom_id: &str, values: Vec<String>) -> Result<Reply, Failure> {
    let opened = open(ctx, custom_id)?;
    let capability = ctx.edge.capabilities.iter().find(|c| c.name == opened.capability);
    let press = capability.and_then(|c| {
        let press = c.presses.iter().find(|press| press.verb == opened.verb)?;
        Some((c, press))
    });
    let Some((capability, press)) = press else {
        return Err(Failure::refused(OLD_BUTTON, ctx.lang()));
    };
    gate::admit_again(ctx, capability, press.verb).await?;
    press.run(ctx.clone(), Pressed { payload: opened.payload, values }).await
}

async fn form(ctx: &Ctx, custom_id: &str, fields: Vec<(String, String)>) -> Result<Reply, Failure> {
    let opened = open(ctx, custom_id)?;
    let capability = ctx.edge.capabilities.iter().find(|c| c.name == opened.capability);
    let submit = capability.and_then(|c| {
        let submit = c.submits.iter().find(|submit| submit.verb == opened.verb)?;
        Some((c, submit))
    });
    let Some((capability, submit)) = submit else {
        return Err(Failure::refused(OLD_BUTTON, ctx.lang()));
    };
    gate::admit_again(ctx, capability, submit.verb).await?;
    submit.run(ctx.clone(), Form { payload: opened.payload, fields }).await
}

/// A suggestion is never an error: whoever may not use the command gets none.
async fn suggest(ctx: &Ctx, group: &str, verb: &str, typing: Typing) -> Vec<Suggestion> {
    let Ok(found) = known(ctx, group, verb) else { return Vec::new() };
    if gate::could(ctx, found.capability, found.route).await.is_err() {
        return Vec::new();
    }
    let mut suggestions = found.route.suggest(ctx.clone(), typing).await;
    suggestions.truncate(MAX_SUGGESTIONS);
    suggestions
}

fn known(ctx: &Ctx, group: &str, verb: &str) -> Result<Found, Failure> {
    find(ctx.edge.capabilities, group, verb)
        .ok_or_else(|| Failure::Command(UNKNOWN.say(ctx.lang()).to_owned()))
}

fn open(ctx: &Ctx, custom_id: &str) -> Result<Opened, Failure> {
    ctx.edge.signer.open(ctx.guild(), custom_id).map_err(|bad| {
        if bad == BadId::Forged {
            metrics::counter!("reeve_discord_forged_buttons_total").increment(1);
            tracing::warn!(guild.id = %ctx.guild(), "a button with a seal that is not ours");
        }
        Failure::refused(OLD_BUTTON, ctx.lang())
    })
}
