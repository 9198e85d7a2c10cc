//! `/bytes history`: who gave whom how much, why and when; a page at a time, or as a file.

use std::{fmt::Write as _, time::Duration};

use actions::economy::{HistoryLine, MAX_HISTORY_PAGE};
use domain::UserId;
use twilight_model::channel::message::component::ButtonStyle;

use super::mention;
use crate::discord::{
    command::{Answer, Spec, Verb},
    confirm::{bind, bound},
    ctx::{Ctx, Pressed},
    custom_id::{long, short},
    failure::Failure,
    options::{Opt, options},
    reply::{Button, MAX_FILE_BYTES, Reply, cut, plain},
    text::{Lang, Text, number, text},
};

const PAGE: u32 = 10;
/// Of a file, in all.
const MOST_ROWS: usize = 10_000;
const MAX_REASON_SHOWN: usize = 120;

const TITLE: Text = text("Transactions", "Buchungen");
const NOTHING: Text = text("Nothing yet.", "Noch nichts.");
const NO_MORE: Text = text("Nothing before that.", "Davor nichts.");
const OLDER: Text = text("Older", "Ältere");
const NEWEST: Text = text("Newest", "Neueste");
const FILE: Text = text("{n} transactions, newest first.", "{n} Buchungen, neueste zuerst.");
const CUT: Text = text(
    "The file holds the newest {n} transactions; there are more.",
    "Die Datei enthält die neuesten {n} Buchungen; es gibt mehr.",
);
const NOBODY: Text = text("the community", "die Community");

options! {
    pub struct History {
        user: Option<UserId> = Opt::new(
            text("user", "mitglied"),
            text("Whose; your own otherwise", "Wessen; sonst deine eigenen"),
        ),
        file: Option<bool> = Opt::new(
            text("file", "datei"),
            text("All of them as a file", "Alle als Datei"),
        ),
    }
}

impl Verb for History {
    const SPEC: Spec = Spec::new(
        text("history", "verlauf"),
        text("What you gave and received", "Was du gegeben und bekommen hast"),
    )
    .private()
    .every(Duration::from_secs(3))
    .examples(&["/bytes history", "/bytes history file:True"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let who = self.user.unwrap_or(ctx.user());
        if self.file == Some(true) { file(&ctx, who).await } else { page(&ctx, who, None).await }
    }
}

/// The buttons below a page.
pub async fn turn(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let mut parts = rest.split('.').map(long);
    let who = parts.next().flatten().and_then(|user| UserId::new(user).ok());
    let who = who.ok_or_else(|| Failure::System("a button of ours names nobody".to_owned()))?;
    Ok(page(&ctx, who, parts.next().flatten()).await?.replacing())
}

async fn page(ctx: &Ctx, who: UserId, before: Option<u64>) -> Answer {
    let page = ctx.actions().history(ctx.guild(), &ctx.caller, Some(who), before, PAGE).await?;
    let mut lines = vec![mention(who)];
    lines.extend(page.lines.iter().map(|line| shown(ctx, line)));
    if page.lines.is_empty() {
        lines.push(ctx.say(if before.is_some() { NO_MORE } else { NOTHING }));
    }
    let mut reply = Reply::new(lines.join("\n")).title(ctx.say(TITLE)).private();
    if before.is_some() {
        reply = reply.button(button(ctx, NEWEST, who, None)?);
    }
    if let Some(next) = page.next {
        reply = reply.button(button(ctx, OLDER, who, Some(next))?);
    }
    Ok(reply)
}

fn button(ctx: &Ctx, label: Text, who: UserId, before: Option<u64>) -> Result<Button, Failure> {
    let place = before.map_or_else(String::new, |before| format!(".{}", short(before)));
    let payload = bind(ctx, &format!("{}{place}", short(who.get())));
    let custom_id = ctx.edge.signer.seal(ctx.guild(), "economy", "history", &payload)?;
    Ok(Button { label: ctx.say(label), custom_id, style: ButtonStyle::Secondary, disabled: false })
}

/// `<day> @ann → @ben: 50 (sent) thanks`
fn shown(ctx: &Ctx, line: &HistoryLine) -> String {
    let name = |user: Option<UserId>| user.map_or_else(|| ctx.say(NOBODY), mention);
    let (giver, receiver) = (name(line.giver), name(line.receiver));
    let amount = number(ctx.lang(), line.amount.0);
    let (kind, secs) = (kind(&line.kind, ctx.lang()), line.at.as_secs());
    let mut shown = format!("<t:{secs}:d> {giver} → {receiver}: **{amount}** ({kind})");
    if let Some(reason) = &line.reason {
        let _ = write!(shown, " {}", plain(&cut(reason, MAX_REASON_SHOWN)));
    }
    shown
}

async fn file(ctx: &Ctx, who: UserId) -> Answer {
    let mut csv = String::from("time,kind,giver,receiver,amount,reason\r\n");
    let (mut before, mut count) = (None, 0);
    let whole = 'pages: loop {
        let page = ctx
            .actions()
            .history(ctx.guild(), &ctx.caller, Some(who), before, MAX_HISTORY_PAGE)
            .await?;
        for line in &page.lines {
            let written = row(line);
            if count == MOST_ROWS || csv.len() + written.len() > MAX_FILE_BYTES {
                break 'pages false;
            }
            csv.push_str(&written);
            count += 1;
        }
        match page.next {
            Some(next) => before = Some(next),
            None => break true,
        }
    };
    let n = number(ctx.lang(), i64::try_from(count).unwrap_or(i64::MAX));
    let text = ctx.fill(if whole { FILE } else { CUT }, &[("n", &n)]);
    Ok(Reply::new(text).title(ctx.say(TITLE)).private().file("transactions.csv", csv.into()))
}

fn row(line: &HistoryLine) -> String {
    let id = |user: Option<UserId>| user.map_or_else(String::new, |user| user.to_string());
    let (giver, receiver) = (id(line.giver), id(line.receiver));
    let reason = quoted(line.reason.as_deref().unwrap_or_default());
    format!("{},{},{giver},{receiver},{},{reason}\r\n", line.at, line.kind, line.amount)
}

/// As spreadsheets read it, and so that none takes it for a formula.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn kind(kind: &str, lang: Lang) -> &'static str {
    let known = match kind {
        "start" => text("start", "Start"),
        "grant" => text("granted", "Gutschrift"),
        "take" => text("taken", "Abzug"),
        "transfer" => text("sent", "Sendung"),
        "daily" => text("daily", "täglich"),
        "spend" => text("spent", "Ausgabe"),
        "refund" => text("refund", "Rückgabe"),
        _ => text("other", "anderes"),
    };
    known.say(lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_reasons_then_a_spreadsheet_reads_them_as_text() {
        assert_eq!(quoted("thanks, \"friend\""), "\"thanks, \"\"friend\"\"\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("@here"), "\"'@here\"");
    }
}
