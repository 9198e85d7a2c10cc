//! What there is to look at: the board, who is in, what happened, and the proof of a draw.

use std::{fmt::Write as _, time::Duration};

use actions::{
    Permission,
    giveaways::{BoardLine, MAX_LIST, Status, TimelineLine},
};
use domain::{GiveawayId, UserId};
use twilight_model::channel::message::component::ButtonStyle;

use super::{WHICH, WHICH_ABOUT, chosen, status, suggest};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    confirm::{bind, bound},
    ctx::{Ctx, Pressed, Typing},
    custom_id::{long, long_uuid, short, short_uuid},
    failure::Failure,
    options::{Choice, Opt, options},
    reply::{Button, MAX_FILE_BYTES, Reply, cut, plain},
    text::{Text, number, text},
};

const PAGE: u32 = 20;
const LOG_PAGE: u32 = 40;
const MAX_PRIZE_SHOWN: usize = 80;
const MAX_REASON_SHOWN: usize = 120;

const TITLE: Text = text("Giveaways", "Verlosungen");
const NONE: Text = text("There are none.", "Es gibt keine.");
const LINE: Text = text(
    "**{prize}** — {status}, winners {winners}, entries {entries}, <t:{ends}:R>{place}",
    "**{prize}** — {status}, Gewinne {winners}, Teilnahmen {entries}, <t:{ends}:R>{place}",
);
const ENTRANTS: Text = text("Entrants", "Teilnehmende");
const NOBODY: Text = text("Nobody has entered.", "Niemand hat mitgemacht.");
const MORE: Text = text("More", "Mehr");
const FIRST: Text = text("First", "Anfang");
const ERASED: Text = text("somebody who was erased", "jemand, der gelöscht wurde");
const LOG: Text = text("What happened", "Was geschah");
const VERIFIED: Text = text(
    "The draw was repeated from the published numbers, and came to the same.\nEntries: {n}",
    "Die Ziehung wurde aus den veröffentlichten Zahlen wiederholt, mit demselben Ergebnis.\n\
     Teilnahmen: {n}",
);
const NOT_VERIFIED: Text = text(
    "The draw does not follow from the published numbers: {problem}",
    "Die Ziehung folgt nicht aus den veröffentlichten Zahlen: {problem}",
);
const FILE: Text = text(
    "Check it yourself with this file: reeve verify, or docs/verify_draw.py.",
    "Prüf es selbst mit dieser Datei: reeve verify, oder docs/verify_draw.py.",
);
const TOO_LONG: Text = text(
    "The list is too long to send. The operator writes it with `reeve giveaway bundle`.",
    "Die Liste ist zu lang zum Senden. Der Betreiber schreibt sie mit `reeve giveaway bundle`.",
);

const STATUSES: &[Choice] = &[
    Choice { value: "open", title: text("Open", "Offen") },
    Choice { value: "paused", title: text("Paused", "Pausiert") },
    Choice { value: "closed", title: text("Being drawn", "Wird gezogen") },
    Choice { value: "drawn", title: text("Drawn", "Gezogen") },
    Choice { value: "cancelled", title: text("Called off", "Abgesagt") },
    Choice { value: "failed", title: text("Could not be posted", "Nicht veröffentlicht") },
];

options! {
    pub struct List {
        status: Option<String> = Opt::new(
            text("status", "stand"),
            text("How it stands; all of them otherwise", "Wie sie steht; sonst alle"),
        )
        .choices(STATUSES),
    }
}

impl Verb for List {
    const SPEC: Spec = Spec::new(
        text("list", "liste"),
        text("The newest giveaways, and how they stand", "Die neuesten Verlosungen"),
    )
    .private()
    .every(Duration::from_secs(2))
    .examples(&["/giveaway list", "/giveaway list status:Open"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let wanted = self.status.as_deref().and_then(Status::of);
        let lines =
            ctx.actions().giveaways(ctx.guild(), &ctx.caller, wanted, None, MAX_LIST).await?;
        if lines.is_empty() {
            return Ok(Reply::new(ctx.say(NONE)).title(ctx.say(TITLE)).private());
        }
        let lines: Vec<_> = lines.iter().map(|one| line(&ctx, one)).collect();
        Ok(Reply::new(lines.join("\n")).title(ctx.say(TITLE)).private())
    }
}

fn line(ctx: &Ctx, line: &BoardLine) -> String {
    let place = match (line.channel, line.message) {
        (Some(channel), Some(message)) => {
            format!(" https://discord.com/channels/{}/{channel}/{message}", ctx.guild())
        }
        _ => String::new(),
    };
    let entries = number(ctx.lang(), i64::try_from(line.entries).unwrap_or(i64::MAX));
    ctx.fill(
        LINE,
        &[
            ("prize", &plain(&cut(&line.terms.prize, MAX_PRIZE_SHOWN))),
            ("status", &ctx.say(status(line.status))),
            ("winners", &line.terms.winners),
            ("entries", &entries),
            ("ends", &line.ends_at.as_secs()),
            ("place", &place),
        ],
    )
}

options! {
    pub struct Entrants {
        giveaway: String = Opt::new(WHICH, WHICH_ABOUT).between(1, 100).suggests(),
    }
}

impl Verb for Entrants {
    const SPEC: Spec = Spec::new(
        text("entrants", "teilnehmende"),
        text("Who is in, and what became of each", "Wer dabei ist, und was daraus wurde"),
    )
    .needs(Permission::ManageGiveaways)
    .private()
    .every(Duration::from_secs(2))
    .examples(&["/giveaway entrants giveaway:Nitro"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let id = chosen(&ctx, &self.giveaway)?;
        entrants(&ctx, id, 0).await
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing, &Status::ALL).await
    }
}

/// The buttons below a page of entrants.
pub async fn turn(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let (id, after) = rest.split_once('.').unwrap_or((rest, "0"));
    let id = long_uuid(id).map(GiveawayId);
    let id = id.ok_or_else(|| Failure::System("a button names no giveaway".to_owned()))?;
    let after = long(after).and_then(|after| u32::try_from(after).ok()).unwrap_or(0);
    Ok(entrants(&ctx, id, after).await?.replacing())
}

async fn entrants(ctx: &Ctx, id: GiveawayId, after: u32) -> Answer {
    let page = ctx.actions().entrants(ctx.guild(), &ctx.caller, id, after, PAGE).await?;
    let lines: Vec<_> = page
        .lines
        .iter()
        .map(|line| {
            let who = who(ctx, line.user);
            let chances =
                if line.weight > 1 { format!(" ×{}", line.weight) } else { String::new() };
            let standing = if line.standing == "in" {
                String::new()
            } else {
                format!(" ({})", line.standing.replace('_', " "))
            };
            format!("{}. {who}{chances}{standing}", line.entry)
        })
        .collect();
    let body = if lines.is_empty() { ctx.say(NOBODY) } else { lines.join("\n") };
    let mut reply = Reply::new(body).title(ctx.say(ENTRANTS)).private();
    if after > 0 {
        reply = reply.button(button(ctx, FIRST, id, 0)?);
    }
    if let Some(next) = page.next {
        reply = reply.button(button(ctx, MORE, id, next)?);
    }
    Ok(reply)
}

fn button(ctx: &Ctx, label: Text, id: GiveawayId, after: u32) -> Result<Button, Failure> {
    let place = format!("{}.{}", short_uuid(id.0), short(u64::from(after)));
    let payload = bind(ctx, &place);
    let custom_id = ctx.edge.signer.seal(ctx.guild(), super::NAME, "entrants", &payload)?;
    Ok(Button { label: ctx.say(label), custom_id, style: ButtonStyle::Secondary, disabled: false })
}

fn who(ctx: &Ctx, user: Option<UserId>) -> String {
    user.map_or_else(|| ctx.say(ERASED), |user| format!("<@{user}>"))
}

options! {
    pub struct Log {
        giveaway: String = Opt::new(WHICH, WHICH_ABOUT).between(1, 100).suggests(),
    }
}

impl Verb for Log {
    const SPEC: Spec = Spec::new(
        text("log", "protokoll"),
        text("Everything that happened in a giveaway", "Alles, was in einer Verlosung geschah"),
    )
    .needs(Permission::ManageGiveaways)
    .private()
    .every(Duration::from_secs(2))
    .examples(&["/giveaway log giveaway:Nitro"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let id = chosen(&ctx, &self.giveaway)?;
        let happened =
            ctx.actions().giveaway_timeline(ctx.guild(), &ctx.caller, id, 0, LOG_PAGE).await?;
        let lines: Vec<_> = happened.iter().map(|line| entry(&ctx, line)).collect();
        let body = if lines.is_empty() { ctx.say(NONE) } else { lines.join("\n") };
        Ok(Reply::new(body).title(ctx.say(LOG)).private())
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing, &Status::ALL).await
    }
}

/// `<time> drawn: entry 4 @ann (prize) by @ben`
fn entry(ctx: &Ctx, line: &TimelineLine) -> String {
    let mut shown = format!("<t:{}:T> {}", line.at.as_secs(), line.what.replace('_', " "));
    if let Some(entry) = line.entry {
        let _ = write!(shown, " #{entry} {}", who(ctx, line.user));
    }
    if let Some(why) = &line.why {
        let _ = write!(shown, " ({})", why.replace('_', " "));
    }
    if let Some(by) = line.by {
        let _ = write!(shown, " ← <@{by}>");
    }
    if let Some(reason) = &line.reason {
        let _ = write!(shown, ": {}", plain(&cut(reason, MAX_REASON_SHOWN)));
    }
    shown
}

options! {
    pub struct Verify {
        giveaway: String = Opt::new(WHICH, WHICH_ABOUT).between(1, 100).suggests(),
    }
}

impl Verb for Verify {
    const SPEC: Spec = Spec::new(
        text("verify", "prüfen"),
        text("Draw again from what was published", "Zieh aus dem Veröffentlichten noch einmal"),
    )
    .private()
    .every(Duration::from_secs(10))
    .examples(&["/giveaway verify giveaway:Nitro"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let id = chosen(&ctx, &self.giveaway)?;
        let bundle = ctx.actions().draw_bundle(ctx.guild(), &ctx.caller, id).await?;
        let report = reeve_verify::verify_draw(bundle.as_bytes());
        let reply = match report.problems.first() {
            None => {
                let n = i64::try_from(report.entries).unwrap_or(i64::MAX);
                Reply::good(ctx.fill(VERIFIED, &[("n", &number(ctx.lang(), n))]))
            }
            Some(problem) => Reply::bad(ctx.fill(NOT_VERIFIED, &[("problem", problem)])),
        };
        let reply = reply.private();
        if bundle.len() > MAX_FILE_BYTES {
            return Ok(reply.footer(ctx.say(TOO_LONG)));
        }
        Ok(reply.footer(ctx.say(FILE)).file("draw.jsonl", bundle.into_bytes()))
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing, &[Status::Drawn]).await
    }
}
