//! `/settings`: what a community decides, field by field. Which fields there are, what they may
//! hold and who may change them comes from the settings themselves.

use std::sync::Arc;

use actions::{
    Actions, Permission,
    settings::{Capability as Configured, Changed, Draft, Shown},
};
use domain::{
    IdempotencyKey,
    settings::{Field, Kind},
};
use twilight_model::gateway::Intents;

use super::levels;
use crate::discord::{
    command::{Answer, Capability, Group, Press, Route, Spec, Suggestion, Verb},
    confirm::{self, Confirmed},
    ctx::{Ctx, Pressed, Typing},
    custom_id::{long, short},
    failure::Failure,
    options::{Opt, Value, options},
    reply::{Reply, plain},
    text::{Text, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "settings",
    module: None,
    title: text("Settings", "Einstellungen"),
    intents: Intents::empty(),
    groups: &[Group::new(
        text("settings", "einstellungen"),
        text("What this community has decided", "Was diese Community festgelegt hat"),
        &[Route::of::<View>(), Route::of::<Set>(), Route::of::<Reset>()],
    )],
    presses: &[
        Press::new("set", |ctx, pressed| Box::pin(set_after_all(ctx, pressed))),
        Press::new("reset", |ctx, pressed| Box::pin(reset_after_all(ctx, pressed))),
    ],
    submits: &[],
};

const TITLE: Text = text("Settings", "Einstellungen");
const TITLE_OF: Text = text("Settings: {title}", "Einstellungen: {title}");
const HOW: Text = text(
    "/settings set changes one, /settings reset brings back what was there at first.",
    "/einstellungen ändern ändert eine, /einstellungen zurücksetzen bringt zurück, was am Anfang galt.",
);
const NO_SUCH: Text = text(
    "There is no setting {name}. Pick one from the list that comes while you type.",
    "Die Einstellung {name} gibt es nicht. Nimm eine aus der Liste, die beim Tippen kommt.",
);
const NOW: Text = text(
    "**{title}** is now `{value}`. It was `{before}`.",
    "**{title}** ist jetzt `{value}`. Vorher: `{before}`.",
);
const SAME: Text = text("That was so already.", "Das war schon so.");
const SURE: Text = text(
    "All settings of **{title}** go back to what they were at first. These would change:",
    "Alle Einstellungen von **{title}** gelten wieder wie am Anfang. Das würde sich ändern:",
);
const NOTHING: Text = text("(nothing)", "(nichts)");

const SETTING: Text = text("setting", "einstellung");

options! {
    pub struct View {
        of: Option<String> = Opt::new(
            text("of", "von"),
            text("Of which part; all of them otherwise", "Von welchem Teil; sonst alle"),
        )
        .between(1, 32)
        .suggests(),
    }
}

impl Verb for View {
    const SPEC: Spec = Spec::new(
        text("view", "zeigen"),
        text("Show what this community has decided", "Zeig, was diese Community festgelegt hat"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/settings view", "/settings view of:economy"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let mut reply = Reply::default().private().footer(ctx.say(HOW));
        let mut parts = Vec::new();
        let wanted = self.of.as_deref();
        for part in Actions::capabilities().filter(|part| wanted.is_none_or(|of| of == part.name)) {
            let view = ctx.actions().settings_of(ctx.guild(), part.name).await?;
            let mut lines = Vec::new();
            if wanted.is_none() {
                lines.push(format!("**{}**", part.title));
            }
            lines.extend(view.fields.iter().map(|shown| line(&ctx, part.name, shown)));
            parts.push(lines.join("\n"));
            reply = reply.title(match wanted {
                Some(_) => ctx.fill(TITLE_OF, &[("title", &part.title)]),
                None => ctx.say(TITLE),
            });
        }
        if parts.is_empty() {
            return Err(no_such(&ctx, wanted.unwrap_or_default()));
        }
        reply.body = parts.join("\n\n");
        Ok(reply)
    }

    async fn suggest(_: Ctx, typing: Typing) -> Vec<Suggestion> {
        let fits = |part: &Configured| fits(part.name, part.title, &typing.typed);
        let parts = Actions::capabilities().filter(fits);
        parts
            .map(|part| Suggestion { title: part.title.to_owned(), value: part.name.to_owned() })
            .collect()
    }
}

options! {
    pub struct Set {
        setting: String = Opt::new(SETTING, text("Which one", "Welche"))
            .between(1, 64)
            .suggests(),
        value: String = Opt::new(
            text("value", "wert"),
            text("What it shall be", "Was sie sein soll"),
        )
        .between(1, 2_000)
        .suggests(),
    }
}

impl Verb for Set {
    const SPEC: Spec =
        Spec::new(text("set", "ändern"), text("Change one setting", "Ändere eine Einstellung"))
            .needs(Permission::ManageSettings)
            .private()
            .examples(&["/settings set setting:economy.daily_amount value:20"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (part, field) = find(&ctx, &self.setting)?;
        let field = field.ok_or_else(|| no_such(&ctx, &self.setting))?;
        let drafted = [(field.name.to_owned(), self.value.clone())];
        if let Some(question) = asked_before(&ctx, part, Draft::Fields(&drafted)).await? {
            let wanted = Wanted { part: part.name, field: field.name, value: self.value };
            ctx.edge.drafts.keep(ctx.asked.id, wanted);
            return confirm::ask(&ctx, "settings", "set", &short(ctx.asked.id), question);
        }
        let wanted = Wanted { part: part.name, field: field.name, value: self.value };
        let key = ctx.key()?;
        set(&ctx, &wanted, &key).await
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        if typing.field == "setting" {
            settings(&typing.typed)
        } else {
            values(&ctx, &typing).await
        }
    }
}

/// What waits for a confirmation.
struct Wanted {
    part: &'static str,
    field: &'static str,
    value: String,
}

async fn set(ctx: &Ctx, wanted: &Wanted, key: &IdempotencyKey) -> Answer {
    let Wanted { part, field, value } = wanted;
    let (guild, caller) = (ctx.guild(), &ctx.caller);
    let changed = ctx.actions().change_setting(guild, caller, part, field, value, key).await?;
    Ok(told(ctx, &changed))
}

async fn set_after_all(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, |ctx, Confirmed { payload, key }| async move {
        let wanted: Option<Arc<Wanted>> =
            long(&payload).and_then(|request| ctx.edge.drafts.of(request));
        match wanted {
            Some(wanted) => set(&ctx, &wanted, &key).await,
            None => Ok(confirm::expired(&ctx)),
        }
    })
    .await
}

/// Where what a change does to members is told first, the question; otherwise it is saved at once.
async fn asked_before(
    ctx: &Ctx,
    part: Configured,
    draft: Draft<'_>,
) -> Result<Option<Reply>, Failure> {
    match part.name {
        "levels" => levels::asked_before(ctx, draft).await,
        _ => Ok(None),
    }
}

options! {
    pub struct Reset {
        setting: String = Opt::new(
            SETTING,
            text("Which one, or a whole part such as economy", "Welche, oder ein ganzer Teil wie economy"),
        )
        .between(1, 64)
        .suggests(),
    }
}

impl Verb for Reset {
    const SPEC: Spec = Spec::new(
        text("reset", "zurücksetzen"),
        text("Bring back what was there at first", "Bring zurück, was am Anfang galt"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/settings reset setting:economy.daily_amount", "/settings reset setting:economy"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (part, field) = find(&ctx, &self.setting)?;
        if let Some(field) = field {
            let draft = Draft::Reset(Some(field.name));
            if let Some(question) = asked_before(&ctx, part, draft).await? {
                let payload = format!("{}.{}", part.name, field.name);
                return confirm::ask(&ctx, "settings", "reset", &payload, question);
            }
            let key = ctx.key()?;
            return reset(&ctx, part, Some(field), &key).await;
        }
        ctx.actions().authorise(ctx.guild(), &ctx.caller, part.permission).await?;
        let view = ctx.actions().settings_of(ctx.guild(), part.name).await?;
        let changed = view.fields.iter().filter(|shown| !shown.is_default);
        let changed: Vec<_> = changed.map(|shown| line(&ctx, part.name, shown)).collect();
        if changed.is_empty() {
            return Ok(Reply::new(ctx.say(SAME)).private());
        }
        let sure = ctx.fill(SURE, &[("title", &part.title)]);
        let body = format!("{sure}\n{}", changed.join("\n"));
        let question = asked_before(&ctx, part, Draft::Reset(None)).await?;
        let mut question = question.unwrap_or_default().private();
        question.body = body;
        confirm::ask(&ctx, "settings", "reset", part.name, question)
    }

    async fn suggest(_: Ctx, typing: Typing) -> Vec<Suggestion> {
        let parts =
            Actions::capabilities().filter(|part| fits(part.name, part.title, &typing.typed));
        let whole = parts.map(|part| Suggestion {
            title: format!("{} (all)", part.title),
            value: part.name.to_owned(),
        });
        whole.chain(settings(&typing.typed)).collect()
    }
}

async fn reset(ctx: &Ctx, part: Configured, field: Option<&Field>, key: &IdempotencyKey) -> Answer {
    let (guild, field) = (ctx.guild(), field.map(|field| field.name));
    let changed = ctx.actions().reset_setting(guild, &ctx.caller, part.name, field, key).await?;
    Ok(told(ctx, &changed))
}

async fn reset_after_all(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, |ctx, Confirmed { payload, key }| async move {
        let (part, field) = find(&ctx, &payload)?;
        reset(&ctx, part, field, &key).await
    })
    .await
}

/// `economy.daily_amount`, or a part alone.
fn find(ctx: &Ctx, name: &str) -> Result<(Configured, Option<&'static Field>), Failure> {
    let (part, field) = name.split_once('.').map_or((name, None), |(p, f)| (p, Some(f)));
    let part = Actions::capabilities().find(|known| known.name == part);
    let part = part.ok_or_else(|| no_such(ctx, name))?;
    let Some(field) = field else { return Ok((part, None)) };
    let field = part.fields.iter().find(|known| known.name == field);
    field.map(|field| (part, Some(field))).ok_or_else(|| no_such(ctx, name))
}

fn no_such(ctx: &Ctx, name: &str) -> Failure {
    Failure::Refused(ctx.fill(NO_SUCH, &[("name", &format!("`{}`", plain(name)))]))
}

/// `Daily amount: 10`, with its name for `/settings set`.
fn line(ctx: &Ctx, part: &str, shown: &Shown) -> String {
    let value = value(ctx, &shown.value.to_string());
    let mark = if shown.is_default { "" } else { " ✎" };
    format!("{} (`{part}.{}`): {value}{mark}", shown.field.title, shown.field.name)
}

/// Roles as people see them; everything else as it was written.
fn value(ctx: &Ctx, text: &str) -> String {
    match text {
        "" => ctx.say(NOTHING),
        roles if roles.contains("<@&") => roles.to_owned(),
        other => format!("`{}`", other.replace('`', "'")),
    }
}

fn told(ctx: &Ctx, changed: &Changed) -> Reply {
    let shown = |shown: &Shown| {
        let text = shown.value.to_string();
        if text.is_empty() { ctx.say(NOTHING) } else { text.replace('`', "'") }
    };
    let lines: Vec<_> = changed
        .fields()
        .map(|(was, is)| {
            let title = is.field.title;
            ctx.fill(NOW, &[("title", &title), ("value", &shown(is)), ("before", &shown(was))])
        })
        .collect();
    if lines.is_empty() {
        return Reply::new(ctx.say(SAME)).private();
    }
    Reply::good(lines.join("\n")).private()
}

fn settings(typed: &str) -> Vec<Suggestion> {
    let all = Actions::capabilities()
        .flat_map(|part| part.fields.iter().map(move |field| (part, field)))
        .map(|(part, field)| Suggestion {
            title: format!("{}: {}", part.title, field.title),
            value: format!("{}.{}", part.name, field.name),
        });
    all.filter(|suggestion| fits(&suggestion.value, &suggestion.title, typed)).collect()
}

/// What it is now, and what it could be where there are few choices.
async fn values(ctx: &Ctx, typing: &Typing) -> Vec<Suggestion> {
    let setting = typing.given.0.iter().find(|(name, _)| name == "setting");
    let Some((_, Value::Text(setting))) = setting else { return Vec::new() };
    let Ok((part, Some(field))) = find(ctx, setting) else { return Vec::new() };
    let words: Vec<String> = match field.kind {
        Kind::Switch => vec!["on".to_owned(), "off".to_owned()],
        Kind::Choice(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        _ => {
            let view = ctx.actions().settings_of(ctx.guild(), part.name).await;
            let now = view.ok().and_then(|view| {
                let shown = view.fields.into_iter().find(|shown| shown.field.name == field.name)?;
                Some(shown.value.to_string())
            });
            // Longer than Discord lets a suggestion be, it would come back cut.
            now.filter(|now| !now.is_empty() && now.len() <= 100).into_iter().collect()
        }
    };
    let mut suggestions: Vec<_> = words
        .into_iter()
        .filter(|word| word.starts_with(&typing.typed.to_lowercase()) || typing.typed.is_empty())
        .map(|word| Suggestion { title: word.clone(), value: word })
        .collect();
    if suggestions.is_empty() && !typing.typed.is_empty() {
        let help = format!("{} — {}", typing.typed, field.kind.allowed());
        suggestions.push(Suggestion { title: help, value: typing.typed.clone() });
    }
    suggestions
}

fn fits(name: &str, title: &str, typed: &str) -> bool {
    let typed = typed.trim().to_lowercase();
    name.contains(&typed) || title.to_lowercase().contains(&typed)
}
