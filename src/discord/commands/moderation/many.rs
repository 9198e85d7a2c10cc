//! `/massban`: many at once, each looked at before the first is banned.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use actions::{
    Permission,
    moderation::{Left, MAX_BATCH_REASON_CHARS, Massban as Order, Subject},
};
use domain::{UserId, moderation::MAX_BATCH};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{asked_subject, bot, length, lengths, mention};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    confirm::{self, Confirmed},
    ctx::{Ctx, Pressed, Typing},
    custom_id::{long, short},
    failure::Failure,
    options::{Opt, options},
    reply::Reply,
    text::{Text, number, text},
};

/// Members asked for at the same time, and how long for all of them: the question that follows
/// has to be answered within a minute of the command.
const AT_ONCE: usize = 8;
const WITHIN: Duration = Duration::from_secs(40);
const LEFT_SHOWN: usize = 10;

const REASON_CHARS: i64 = 500;
const _: () = assert!(REASON_CHARS.unsigned_abs() == MAX_BATCH_REASON_CHARS as u64, "one limit");

const NOT_AN_ID: Text = text(
    "`{word}` is no user. Write ids or mentions, with spaces between them.",
    "`{word}` ist kein Mitglied. Schreib Ids oder Erwähnungen mit Leerzeichen dazwischen.",
);
const TOO_MANY: Text =
    text("Name 1 to {most} users at a time.", "Nenne 1 bis {most} Mitglieder auf einmal.");
const SLOW: Text = text(
    "Discord takes too long to say who they are. Name fewer at a time.",
    "Discord braucht zu lange, um zu sagen, wer das ist. Nenne weniger auf einmal.",
);
const QUESTION: Text = text("Ban **{n}** users?", "**{n}** Mitglieder bannen?");
const NOBODY: Text = text("Nobody of them can be banned.", "Niemand davon kann gebannt werden.");
const LEFT_OUT: Text = text("Left out: {n}", "Ausgelassen: {n}");
const MORE: Text = text("and {n} more", "und {n} weitere");
const DONE: Text = text(
    "**{n}** users are being banned: cases {first} to {last}.",
    "**{n}** Mitglieder werden gebannt: Fälle {first} bis {last}.",
);
const HOW: Text = text(
    "How each went: /cases batch_of:{number}. Take it back: /undo batch_of:{number}",
    "Wie es ausging: /cases batch_of:{number}. Zurücknehmen: /undo batch_of:{number}",
);

options! {
    pub struct Massban {
        users: String = Opt::new(
            text("users", "mitglieder"),
            text("Ids or mentions, at most 200", "Ids oder Erwähnungen, höchstens 200"),
        )
        .between(1, 6_000),
        reason: Option<String> = Opt::new(text("reason", "grund"), text("What for", "Wofür"))
            .between(1, REASON_CHARS),
        length: Option<String> = Opt::new(
            text("length", "dauer"),
            text("How long, such as 7d; for good otherwise", "Wie lange, etwa 7d; sonst für immer"),
        )
        .between(1, 30)
        .suggests(),
        delete: Option<String> = Opt::new(
            text("delete", "löschen"),
            text("Delete their messages of this time, up to 7d", "Lösche ihre Nachrichten, bis 7d"),
        )
        .between(1, 30)
        .suggests(),
    }
}

/// What waits for a confirmation.
struct Draft {
    subjects: Vec<Subject>,
    reason: Option<String>,
    duration_secs: Option<u32>,
    delete_secs: Option<u32>,
}

impl Draft {
    fn order(&self, ctx: &Ctx) -> Order<'_> {
        Order {
            subjects: &self.subjects,
            bot: bot(ctx),
            reason: self.reason.as_deref(),
            duration_secs: self.duration_secs,
            delete_secs: self.delete_secs,
        }
    }
}

impl Verb for Massban {
    const SPEC: Spec = Spec::new(
        text("massban", "massenbann"),
        text(
            "Ban many at once, such as after a raid",
            "Banne viele auf einmal, etwa nach einem Raid",
        ),
    )
    .needs(Permission::Ban)
    .private()
    .every(Duration::from_secs(5))
    .examples(&["/massban users:123456789012345678 234567890123456789 reason:raid delete:1d"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let users = users(&ctx, &self.users)?;
        let parsed = |written: Option<&String>| written.map(|text| length(&ctx, text)).transpose();
        let (duration_secs, delete_secs) =
            (parsed(self.length.as_ref())?, parsed(self.delete.as_ref())?);
        let asked = stream::iter(users).map(|user| asked_subject(&ctx, user)).buffered(AT_ONCE);
        let subjects = tokio::time::timeout(WITHIN, asked.try_collect::<Vec<_>>()).await;
        let subjects = subjects.map_err(|_| Failure::refused(SLOW, ctx.lang()))??;
        let draft = Draft { subjects, reason: self.reason, duration_secs, delete_secs };
        let (guild, key) = (ctx.guild(), ctx.key()?);
        let order = draft.order(&ctx);
        let plan = ctx.actions().plan_massban(guild, &ctx.caller, &order, &key).await?;
        let n = shown(&ctx, plan.banned.len());
        let left = left(&ctx, &plan.left);
        if plan.banned.is_empty() {
            return Ok(with_left(&ctx, Reply::bad(ctx.say(NOBODY)), &plan.left, left));
        }
        let question = Reply::new(ctx.fill(QUESTION, &[("n", &n)])).private();
        ctx.edge.drafts.keep(ctx.asked.id, draft);
        let question = with_left(&ctx, question, &plan.left, left);
        confirm::ask(&ctx, "moderation", "massban", &short(ctx.asked.id), question)
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        lengths(ctx.lang(), &typing.typed)
    }
}

/// Each once, in the order in which they were written.
fn users(ctx: &Ctx, written: &str) -> Result<Vec<UserId>, Failure> {
    let mut users = Vec::new();
    for word in written.split([' ', ',', ';', '\n', '\t']).filter(|word| !word.is_empty()) {
        let bare = word.trim_start_matches("<@").trim_start_matches('!').trim_end_matches('>');
        let user = bare.parse::<UserId>().map_err(|_| {
            let word = crate::discord::reply::cut(word, 40).replace('`', "");
            Failure::Refused(ctx.fill(NOT_AN_ID, &[("word", &word)]))
        })?;
        if !users.contains(&user) {
            users.push(user);
        }
        if users.len() > MAX_BATCH {
            break;
        }
    }
    if (1..=MAX_BATCH).contains(&users.len()) {
        return Ok(users);
    }
    Err(Failure::Refused(ctx.fill(TOO_MANY, &[("most", &MAX_BATCH)])))
}

fn shown(ctx: &Ctx, count: usize) -> String {
    number(ctx.lang(), i64::try_from(count).unwrap_or(i64::MAX))
}

fn left(ctx: &Ctx, left: &[Left]) -> String {
    let mut text = String::new();
    for one in left.iter().take(LEFT_SHOWN) {
        let _ = writeln!(text, "{}: {}", mention(one.user), one.why);
    }
    if left.len() > LEFT_SHOWN {
        text.push_str(&ctx.fill(MORE, &[("n", &shown(ctx, left.len() - LEFT_SHOWN))]));
    }
    text
}

fn with_left(ctx: &Ctx, reply: Reply, left: &[Left], text: String) -> Reply {
    reply.field(ctx.fill(LEFT_OUT, &[("n", &shown(ctx, left.len()))]), text)
}

/// The button that confirms it.
pub async fn confirmed(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, massban).await
}

async fn massban(ctx: Ctx, confirmed: Confirmed) -> Answer {
    let draft: Option<Arc<Draft>> =
        long(&confirmed.payload).and_then(|request| ctx.edge.drafts.of(request));
    let Some(draft) = draft else { return Ok(confirm::expired(&ctx)) };
    let (guild, key) = (ctx.guild(), &confirmed.key);
    let done = ctx.actions().massban(guild, &ctx.caller, &draft.order(&ctx), key).await?;
    let (Some((_, first)), Some((_, last))) = (done.ordered.first(), done.ordered.last()) else {
        return Ok(Reply::bad(ctx.say(NOBODY)));
    };
    let n = shown(&ctx, done.ordered.len());
    let said = ctx.fill(DONE, &[("n", &n), ("first", first), ("last", last)]);
    let left = left(&ctx, &done.left);
    let reply = Reply::good(said).private().footer(ctx.fill(HOW, &[("number", &first.0)]));
    Ok(with_left(&ctx, reply, &done.left, left))
}
