//! `/about`: that we are there, how we are, since when.

use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Answer, Capability, Group, Route, Spec, Verb},
    ctx::Ctx,
    options::options,
    reply::Reply,
    text::{Text, duration, number, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "about",
    module: None,
    title: text("About Reeve", "Über Reeve"),
    intents: Intents::empty(),
    groups: &[Group::verb(&[Route::of::<About>()])],
    presses: &[],
    submits: &[],
};

const TITLE: Text = text("Reeve {version}", "Reeve {version}");
const BODY: Text = text(
    "I keep this community's books, and never forget how things came to be.",
    "Ich führe die Bücher dieser Community und vergesse nie, wie etwas zustande kam.",
);
const STATE: Text = text("Discord", "Discord");
const CONNECTED: Text =
    text("{connected} of {shards} connections", "{connected} von {shards} Verbindungen");
const LATENCY: Text = text("Latency", "Antwortzeit");
const UNKNOWN: Text = text("not measured yet", "noch nicht gemessen");
const UP: Text = text("Up for", "Läuft seit");
const GUILDS: Text = text("Communities", "Communitys");
const COMMANDS: Text = text("Commands answered", "Befehle beantwortet");

options! {
    pub struct About {}
}

impl Verb for About {
    const SPEC: Spec = Spec::new(
        text("about", "über"),
        text(
            "How the bot is, and since when it runs",
            "Wie es dem Bot geht und seit wann er läuft",
        ),
    )
    .private()
    .examples(&["/about"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (lang, edge) = (ctx.lang(), &ctx.edge);
        let picture = edge.health.picture();
        let latency = picture
            .latency
            .map_or_else(|| ctx.say(UNKNOWN), |latency| format!("{} ms", latency.as_millis()));
        let (guilds, _) = edge.guilds.count();
        let up = i64::try_from(picture.up.as_secs()).unwrap_or(i64::MAX);
        let commands = edge.health.commands().saturating_add(1).cast_signed();
        let connections: [(&str, &dyn std::fmt::Display); 2] =
            [("connected", &picture.connected), ("shards", &picture.shards)];
        Ok(Reply::new(ctx.say(BODY))
            .title(ctx.fill(TITLE, &[("version", &env!("CARGO_PKG_VERSION"))]))
            .field(ctx.say(STATE), ctx.fill(CONNECTED, &connections))
            .field(ctx.say(LATENCY), latency)
            .field(ctx.say(UP), duration(lang, up))
            .field(ctx.say(GUILDS), number(lang, i64::try_from(guilds).unwrap_or(i64::MAX)))
            .field(ctx.say(COMMANDS), number(lang, commands)))
    }
}
