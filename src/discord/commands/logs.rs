//! `/logs`: what is noted, where it is posted, and looking it through.

use std::time::Duration;

use actions::{
    Permission, Permissions,
    logs::{LogFilter, LogLine, MAX_LOG_PAGE, MODULE, Said},
};
use domain::{
    ChannelId, UserId,
    logs::{Kind, Topic},
};
use twilight_model::{channel::message::component::ButtonStyle, gateway::Intents};

use crate::discord::{
    command::{Answer, Capability, Group, Press, Route, Spec, Verb},
    confirm::{bind, bound},
    ctx::{Ctx, Pressed},
    failure::Failure,
    options::{Choice, Opt, options},
    reply::{Button, Reply, plain},
    text::{Text, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "logs",
    module: Some(&MODULE),
    title: text("Logs", "Protokolle"),
    // What messages say is another intent, which the operator switches on.
    intents: Intents::GUILD_MESSAGES
        .union(Intents::GUILD_VOICE_STATES)
        .union(Intents::GUILD_MODERATION),
    groups: &[Group::new(
        text("logs", "protokoll"),
        text("What happened in this community", "Was in dieser Community geschah"),
        &[
            Route::of::<List>(),
            Route::of::<Status>(),
            Route::of::<Set>(),
            Route::of::<Exclude>(),
            Route::of::<Include>(),
        ],
    )],
    presses: &[Press::new("page", |ctx, pressed| Box::pin(turn(ctx, pressed)))],
    submits: &[],
};

/// Entries on one page of a reply.
const PAGE: u32 = 8;
const _: () = assert!(PAGE <= MAX_LOG_PAGE, "it is one look");
const MAX_SAID_CHARS: usize = 200;

const TOPICS: &[Choice] = &[
    Choice { value: "edits", title: text("edited messages", "geänderte Nachrichten") },
    Choice { value: "deletions", title: text("deleted messages", "gelöschte Nachrichten") },
    Choice { value: "members", title: text("members", "Mitglieder") },
    Choice { value: "roles", title: text("roles", "Rollen") },
    Choice { value: "channels", title: text("channels", "Kanäle") },
    Choice { value: "voice", title: text("voice", "Sprachkanäle") },
    Choice { value: "invites", title: text("invites", "Einladungen") },
    Choice { value: "commands", title: text("commands", "Befehle") },
];

const TITLE: Text = text("Logs", "Protokolle");
const EMPTY: Text = text(
    "Nothing is noted yet. What happens from now on is shown here a few seconds later.",
    "Noch ist nichts notiert. Was ab jetzt geschieht, steht hier wenige Sekunden später.",
);
const NEXT: Text = text("Older", "Ältere");
const ON: Text = text("on", "an");
const OFF: Text = text("off", "aus");
const NOT_POSTED: Text = text("not posted", "nirgends gezeigt");
const KEPT: Text = text("Kept messages", "Aufbewahrte Nachrichten");
const KEPT_DAYS: Text = text("{n}, each for {days} days", "{n}, jede {days} Tage lang");
const LEFT_OUT: Text = text("Left out", "Ausgenommen");
const NOBODY: Text = text("nobody and nothing", "niemand und nichts");
const NO_CONTENT: Text = text(
    "What messages say is not known: the operator of this bot has not switched on \
     `discord.message_content`. Edits and deletions are noted without it.",
    "Was Nachrichten sagen, ist nicht bekannt: Wer diesen Bot betreibt, hat \
     `discord.message_content` nicht eingeschaltet. Änderungen und Löschungen werden ohne notiert.",
);
const NO_AUDIT: Text = text(
    "I may not read the audit log here: who deleted something, and changes of names, roles, \
     channels and invites, are not known. Give me the permission View Audit Log.",
    "Ich darf das Audit-Log hier nicht lesen: Wer etwas gelöscht hat, und Änderungen an Namen, \
     Rollen, Kanälen und Einladungen, sind nicht bekannt. Gib mir das Recht, es einzusehen.",
);
const NOTHING_TO_SET: Text = text(
    "Say what is to change: `on`, `channel`, or both.",
    "Sag, was sich ändern soll: `an`, `kanal`, oder beides.",
);
const SET: Text = text("It is set.", "Es ist eingestellt.");
const EXCLUDED: Text = text(
    "From now on nothing is logged of {who}.",
    "Ab jetzt wird von {who} nichts protokolliert.",
);
const EXCLUDED_ALREADY: Text = text(
    "Nothing was logged of {who} before either.",
    "Von {who} wurde schon vorher nichts protokolliert.",
);
const INCLUDED: Text = text("{who} is logged again.", "{who} wird wieder protokolliert.");
const INCLUDED_ALREADY: Text = text("{who} was not left out.", "{who} war nicht ausgenommen.");
const UNKNOWN: Text = text("somebody", "jemand");
const NOT_KNOWN: Text = text("not known", "nicht bekannt");
const BY: Text = text("by {who}", "durch {who}");

options! {
    pub struct List {
        user: Option<UserId> = Opt::new(
            text("user", "mitglied"),
            text("Whom it is about, or who did it", "Wen es betrifft, oder wer es tat"),
        ),
        topic: Option<String> = Opt::new(
            text("topic", "thema"),
            text("What it is about", "Worum es geht"),
        )
        .choices(TOPICS),
        channel: Option<ChannelId> = Opt::new(
            text("channel", "kanal"),
            text("Where it happened", "Wo es geschah"),
        ),
    }
}

impl Verb for List {
    const SPEC: Spec = Spec::new(
        text("list", "liste"),
        text("Look the logs through, newest first", "Die Protokolle durchsehen, Neues zuerst"),
    )
    .needs(Permission::ViewRecords)
    .private()
    .every(Duration::from_secs(2))
    .examples(&["/logs list", "/logs list user:@Tobi topic:deletions"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let topic = self.topic.as_deref().and_then(Topic::of);
        page(&ctx, Looked { who: self.user, topic, channel: self.channel }, None).await
    }
}

/// What is looked for; the button carries it.
#[derive(Clone, Copy)]
struct Looked {
    who: Option<UserId>,
    topic: Option<Topic>,
    channel: Option<ChannelId>,
}

impl Looked {
    fn written(self, before: u64) -> String {
        let id = |id: Option<u64>| id.unwrap_or_default();
        let topic = self.topic.map_or("", Topic::word);
        let (who, channel) = (self.who.map(UserId::get), self.channel.map(ChannelId::get));
        format!("{}.{topic}.{}.{before}", id(who), id(channel))
    }

    fn read(text: &str) -> Option<(Self, u64)> {
        let mut parts = text.split('.');
        let who = UserId::new(parts.next()?.parse().ok()?).ok();
        let topic = Topic::of(parts.next()?);
        let channel = ChannelId::new(parts.next()?.parse().ok()?).ok();
        Some((Self { who, topic, channel }, parts.next()?.parse().ok()?))
    }
}

async fn turn(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let (looked, before) = match Looked::read(rest) {
        Some((looked, before)) => (looked, Some(before)),
        None => (Looked { who: None, topic: None, channel: None }, None),
    };
    Ok(page(&ctx, looked, before).await?.replacing())
}

async fn page(ctx: &Ctx, looked: Looked, before: Option<u64>) -> Answer {
    let of_topic = |kind: &Kind| Some(kind.topic()) == looked.topic;
    let kinds = Kind::ALL.into_iter().filter(|kind| of_topic(kind)).collect();
    let filter =
        LogFilter { who: looked.who, kinds, channel: looked.channel, ..LogFilter::default() };
    let page = ctx.actions().logs(ctx.guild(), &ctx.caller, &filter, before, PAGE).await?;
    if page.lines.is_empty() {
        return Ok(Reply::new(ctx.say(EMPTY)).title(ctx.say(TITLE)));
    }
    let lines: Vec<_> = page.lines.iter().map(|line| shown(ctx, line)).collect();
    let mut reply = Reply::new(lines.join("\n")).title(ctx.say(TITLE));
    if let Some(next) = page.next {
        let payload = bind(ctx, &looked.written(next));
        let custom_id = ctx.edge.signer.seal(ctx.guild(), "logs", "page", &payload)?;
        let (label, style) = (ctx.say(NEXT), ButtonStyle::Secondary);
        reply = reply.button(Button { label, custom_id, style, disabled: false });
    }
    Ok(reply)
}

fn shown(ctx: &Ctx, line: &LogLine) -> String {
    let who = |user: Option<UserId>| user.map_or_else(|| ctx.say(UNKNOWN), mention);
    let mut text =
        format!("<t:{}:f> **{}**", line.at.as_secs(), line.kind.word().replace('_', " "));
    let about_nobody = line.person.is_none() && line.subject.is_some();
    if !about_nobody && line.kind != Kind::MessagesPurged {
        text = format!("{text} {}", who(line.person));
    }
    if let Some(subject) = &line.subject {
        text = match line.kind.topic() {
            Topic::Roles => format!("{text} <@&{subject}>"),
            Topic::Channels => format!("{text} <#{subject}>"),
            _ => format!("{text} `{}`", plain(subject)),
        };
    }
    if line.kind == Kind::MessagesPurged {
        text = format!("{text} {}", line.messages);
    }
    for channel in line.from.iter().chain(&line.channel) {
        text = format!("{text} <#{channel}>");
    }
    if line.by.is_some() {
        text = format!("{text} {}", ctx.fill(BY, &[("who", &who(line.by))]));
    }
    if let Some(names) = &line.names {
        let name = |name: &Option<String>| plain(name.as_deref().unwrap_or("–"));
        text = format!("{text}\n> {} → {}", name(&names.was), name(&names.is));
    }
    for change in &line.changes {
        let value = |value: &Option<String>| plain(value.as_deref().unwrap_or("–"));
        let (was, is) = (value(&change.was), value(&change.is));
        text = format!("{text}\n> {}: {was} → {is}", plain(&change.field.replace('_', " ")));
    }
    match line.kind {
        Kind::MessageEdited => {
            let (before, after) =
                (said(ctx, line.before.as_deref()), said(ctx, line.after.as_deref()));
            format!("{text}\n> {before}\n> → {after}")
        }
        Kind::MessageDeleted => format!("{text}\n> {}", said(ctx, line.before.as_deref())),
        _ => text,
    }
}

fn said(ctx: &Ctx, said: Option<&Said>) -> String {
    let Some(said) = said else { return format!("*{}*", ctx.say(NOT_KNOWN)) };
    let mut text: String = plain(&said.text).chars().take(MAX_SAID_CHARS).collect();
    for file in &said.files {
        text = format!("{text} `{}`", plain(file));
    }
    text.trim().to_owned()
}

options! {
    pub struct Status {}
}

impl Verb for Status {
    const SPEC: Spec = Spec::new(
        text("status", "stand"),
        text(
            "What is logged, where it is posted, and what is kept",
            "Was protokolliert, wo es gezeigt und was aufbewahrt wird",
        ),
    )
    .needs(Permission::ViewRecords)
    .private()
    .every(Duration::from_secs(2))
    .examples(&["/logs status"]);

    async fn run(self, ctx: Ctx) -> Answer {
        const DAY_SECS: u32 = 86_400;
        let status = ctx.actions().log_status(ctx.guild(), &ctx.caller).await?;
        let topic = |(topic, on, channel): &(Topic, bool, Option<ChannelId>)| {
            let state = ctx.say(if *on { ON } else { OFF });
            let place = match channel {
                Some(channel) => format!("<#{channel}>"),
                None => ctx.say(NOT_POSTED),
            };
            let choice = TOPICS.iter().find(|choice| choice.value == topic.word());
            let name = choice.map_or_else(String::new, |choice| ctx.say(choice.title));
            if *on {
                format!("**{name}**: {state}, {place}")
            } else {
                format!("**{name}**: {state}")
            }
        };
        let mut lines: Vec<_> = status.topics.iter().map(topic).collect();
        if !ctx.edge.reads_content {
            lines.push(ctx.say(NO_CONTENT));
        }
        let ours = ctx.edge.guilds.our_standing(ctx.guild(), ctx.edge.us);
        if ours.is_some_and(|ours| !ours.permissions.has(Permissions::VIEW_AUDIT_LOG)) {
            lines.push(ctx.say(NO_AUDIT));
        }
        let days = status.retention_secs / DAY_SECS;
        let kept = ctx.fill(KEPT_DAYS, &[("n", &status.kept), ("days", &days)]);
        let out = status.left_out_channels.iter().map(|channel| format!("<#{channel}>"));
        let out: Vec<_> = out.chain(status.left_out.iter().copied().map(mention)).collect();
        let out = if out.is_empty() { ctx.say(NOBODY) } else { out.join(", ") };
        Ok(Reply::new(lines.join("\n"))
            .title(ctx.say(TITLE))
            .field(ctx.say(KEPT), kept)
            .field(ctx.say(LEFT_OUT), out))
    }
}

options! {
    pub struct Set {
        on: Option<bool> = Opt::new(text("on", "an"), text("Whether it is logged", "Ob es protokolliert wird")),
        channel: Option<ChannelId> = Opt::new(
            text("channel", "kanal"),
            text("Where it is posted", "Wo es gezeigt wird"),
        ),
        topic: Option<String> = Opt::new(
            text("topic", "thema"),
            text("What; everything otherwise", "Was; sonst alles"),
        )
        .choices(TOPICS),
    }
}

impl Verb for Set {
    const SPEC: Spec = Spec::new(
        text("set", "setzen"),
        text(
            "Say what is logged, and where it is posted",
            "Lege fest, was protokolliert und wo es gezeigt wird",
        ),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/logs set channel:#mod-log", "/logs set topic:voice on:False"]);

    async fn run(self, ctx: Ctx) -> Answer {
        if self.on.is_none() && self.channel.is_none() {
            return Err(Failure::refused(NOTHING_TO_SET, ctx.lang()));
        }
        let topic = self.topic.as_deref().and_then(Topic::of);
        let (guild, key, to) = (ctx.guild(), ctx.key()?, (self.on, self.channel));
        ctx.actions().set_log_topic(guild, &ctx.caller, topic, to, &key).await?;
        Ok(Reply::good(ctx.say(SET)))
    }
}

options! {
    pub struct Exclude {
        user: UserId = Opt::new(text("user", "mitglied"), text("Whom", "Wen")),
    }
}

impl Verb for Exclude {
    const SPEC: Spec = Spec::new(
        text("exclude", "ausnehmen"),
        text("Log nothing of a member", "Von einem Mitglied nichts protokollieren"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/logs exclude user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        leave_out(&ctx, self.user, true).await
    }
}

options! {
    pub struct Include {
        user: UserId = Opt::new(text("user", "mitglied"), text("Whom", "Wen")),
    }
}

impl Verb for Include {
    const SPEC: Spec = Spec::new(
        text("include", "aufnehmen"),
        text("Log a member again", "Ein Mitglied wieder protokollieren"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/logs include user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        leave_out(&ctx, self.user, false).await
    }
}

async fn leave_out(ctx: &Ctx, user: UserId, out: bool) -> Answer {
    let (guild, key) = (ctx.guild(), ctx.key()?);
    let changed = ctx.actions().leave_out_of_logs(guild, &ctx.caller, user, out, &key).await?;
    let said = match (out, changed) {
        (true, true) => EXCLUDED,
        (true, false) => EXCLUDED_ALREADY,
        (false, true) => INCLUDED,
        (false, false) => INCLUDED_ALREADY,
    };
    Ok(Reply::good(ctx.fill(said, &[("who", &mention(user))])))
}

/// Discord shows it as the member's name; it pings nobody.
fn mention(user: UserId) -> String {
    format!("<@{user}>")
}
