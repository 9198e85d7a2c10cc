//! `/help`: what you may use here, and how. What you may not use is not listed.

use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Answer, Capability, Found, Group, Route, Spec, Suggestion, Verb, all},
    ctx::{Ctx, Typing},
    documents::usage,
    failure::Failure,
    gate,
    options::{Opt, options},
    reply::Reply,
    text::{Lang, Text, duration, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "help",
    module: None,
    title: text("Help", "Hilfe"),
    intents: Intents::empty(),
    groups: &[Group::verb(&[Route::of::<Help>()])],
    presses: &[],
    submits: &[],
};

const TITLE: Text = text("What you can do here", "Was du hier tun kannst");
const MORE: Text = text(
    "/help command:… tells more about one of them.",
    "/help befehl:… sagt mehr über einen davon.",
);
const NO_SUCH: Text = text(
    "There is no such command that you may use here. /help lists those that you may.",
    "So einen Befehl, den du hier nutzen darfst, gibt es nicht. /help zeigt die, die du darfst.",
);
const OPTIONAL: Text = text("can be left out", "kann wegbleiben");
const EXAMPLES: Text = text("Examples", "Beispiele");
const ONCE_IN: Text = text("Once in {time}.", "Einmal in {time}.");
const PRIVATE: Text = text("Only you see the answer.", "Nur du siehst die Antwort.");

options! {
    pub struct Help {
        command: Option<String> = Opt::new(
            text("command", "befehl"),
            text("The command to tell more about", "Der Befehl, zu dem du mehr wissen willst"),
        )
        .between(1, 100)
        .suggests(),
    }
}

impl Verb for Help {
    const SPEC: Spec = Spec::new(
        text("help", "hilfe"),
        text("What you can do here, and how", "Was du hier tun kannst, und wie"),
    )
    .private()
    .examples(&["/help", "/help command:bytes send"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let mine = usable(&ctx).await;
        let Some(asked) = self.command else { return Ok(list(&ctx, &mine)) };
        let asked = plain_path(&asked);
        let found = mine.iter().find(|found| plain_path(&found.group.path(found.route)) == asked);
        match found {
            Some(found) => Ok(details(ctx.lang(), found)),
            None => Err(Failure::refused(NO_SUCH, ctx.lang())),
        }
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        let typed = plain_path(&typing.typed);
        let paths = usable(&ctx).await.into_iter().map(|found| found.group.path(found.route));
        let fitting = paths.filter(|path| plain_path(path).contains(&typed));
        fitting.map(|path| Suggestion { value: plain_path(&path), title: path }).collect()
    }
}

/// Without the slash, in small letters.
fn plain_path(path: &str) -> String {
    path.trim().trim_start_matches('/').to_lowercase()
}

/// What this member may use in this community.
pub async fn usable(ctx: &Ctx) -> Vec<Found> {
    let mut usable = Vec::new();
    for found in all(ctx.edge.capabilities) {
        if gate::could(ctx, found.capability, found.route).await.is_ok() {
            usable.push(found);
        }
    }
    usable
}

fn list(ctx: &Ctx, usable: &[Found]) -> Reply {
    let lang = ctx.lang();
    let mut reply = Reply::default().title(ctx.say(TITLE)).footer(ctx.say(MORE));
    let mut lines: Vec<String> = Vec::new();
    let mut heading = "";
    for found in usable {
        let title = found.capability.title.say(lang);
        if title != heading {
            heading = title;
            lines.push(format!("{}**{title}**", if lines.is_empty() { "" } else { "\n" }));
        }
        let path = found.group.path(found.route);
        lines.push(format!("`{path}` {}", found.route.spec.about.say(lang)));
    }
    reply.body = lines.join("\n");
    reply
}

fn details(lang: Lang, found: &Found) -> Reply {
    let spec = found.route.spec;
    let mut lines = vec![format!("{}.", spec.about.say(lang))];
    if !found.route.options.is_empty() {
        lines.push(String::new());
    }
    for opt in found.route.options {
        let optional =
            if opt.required { String::new() } else { format!(" ({})", OPTIONAL.say(lang)) };
        lines.push(format!("`{}`{optional}: {}", opt.title.say(lang), opt.about.say(lang)));
    }
    if !spec.examples.is_empty() {
        lines.push(format!("\n**{}**", EXAMPLES.say(lang)));
        lines.extend(spec.examples.iter().map(|example| format!("`{example}`")));
    }
    let mut notes = Vec::new();
    if !spec.cooldown.is_zero() {
        let secs = i64::try_from(spec.cooldown.as_secs()).unwrap_or(i64::MAX);
        notes.push(ONCE_IN.fill(lang, &[("time", &duration(lang, secs))]));
    }
    if spec.private {
        notes.push(PRIVATE.say(lang).to_owned());
    }
    Reply::new(lines.join("\n")).title(usage(found)).footer(notes.join(" "))
}
