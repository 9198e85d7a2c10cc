//! `/case`: one case, with all that was said and done about it.

use std::fmt::Write as _;

use actions::{
    Permission,
    moderation::{CaseHistory, CaseLine, HistoryEntry, Pardoned},
};
use domain::case::MAX_TEXT_CHARS;
use twilight_model::channel::message::component::ButtonStyle;

use super::{by_whom, case_number, files, kind_name, length, lengths, named, standing};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    confirm::{bind, bound},
    ctx::{Ctx, Pressed, Typing},
    custom_id::{long, short},
    failure::Failure,
    options::{Opt, options},
    reply::{Button, Reply, Tone, cut, plain},
    text::{Text, text},
};

const PAGE: u32 = 8;
const MAX_SHOWN: usize = 300;
/// As Discord is told.
const TEXT_CHARS: i64 = 2_000;
const _: () = assert!(TEXT_CHARS.unsigned_abs() == MAX_TEXT_CHARS as u64, "one limit");

const TITLE: Text = text("Case {case}: {kind}", "Fall {case}: {kind}");
const ABOUT: Text = text("Member", "Mitglied");
const BY: Text = text("By", "Von");
const STANDS: Text = text("Stands", "Stand");
const REASON: Text = text("Reason", "Grund");
const WHEN: Text = text("When", "Wann");
const UNTIL: Text = text("Until", "Bis");
const LED_BY: Text = text("Follows from", "Folgt aus");
const LINKS: Text = text("Belongs to", "Gehört zu");
const APPEAL: Text = text("Appeal", "Einspruch");
const FILES: Text = text("Files", "Dateien");
const HIDDEN: Text = text("This case is hidden.", "Dieser Fall ist verborgen.");
const OBSERVED: Text = text("Done by hand in Discord.", "Von Hand in Discord ausgeführt.");
const BESIDE: Text = text(
    "Notes: {notes}. Evidence: {evidence}. All of it: /case history case:{number}",
    "Notizen: {notes}. Beweise: {evidence}. Alles: /case history case:{number}",
);
const OLDER: Text = text("Older", "Ältere");
const NEWEST: Text = text("Newest", "Neueste");
const ERASED: Text = text("erased", "gelöscht");

const fn which() -> Opt {
    Opt::new(text("case", "fall"), text("Its number", "Seine Nummer")).between(1, u32::MAX as i64)
}

options! {
    pub struct View {
        case: u32 = which(),
    }
}

impl Verb for View {
    const SPEC: Spec = Spec::new(
        text("view", "ansehen"),
        text(
            "Look at a case; members see their own",
            "Sieh einen Fall an; Mitglieder ihre eigenen",
        ),
    )
    .private()
    .examples(&["/case view case:8"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let number = case_number(self.case);
        let history = ctx.actions().case_history(ctx.guild(), &ctx.caller, number, None, 1).await?;
        Ok(shown(&ctx, &history))
    }
}

/// A case with everything there is to know at a glance.
pub(super) fn shown(ctx: &Ctx, history: &CaseHistory) -> Reply {
    let case = &history.case;
    let kind = ctx.say(kind_name(case.kind));
    let mut lines = Vec::new();
    if case.hidden {
        lines.push(ctx.say(HIDDEN));
    }
    if case.observed {
        lines.push(ctx.say(OBSERVED));
    }
    let moment = |at: domain::Timestamp| format!("<t:{}:f>", at.as_secs());
    let reason = case.reason.as_deref().map(plain).unwrap_or_default();
    let links: Vec<_> = history.links.iter().map(ToString::to_string).collect();
    let reply = Reply::new(lines.join("\n"))
        .title(ctx.fill(TITLE, &[("case", &case.number), ("kind", &kind)]))
        .private()
        .field(ctx.say(ABOUT), named(ctx, case.about))
        .field(ctx.say(BY), by_whom(ctx, &case.by))
        .field(ctx.say(STANDS), standing(ctx, case))
        .field(ctx.say(WHEN), moment(case.at))
        .field(ctx.say(UNTIL), case.until.map(moment).unwrap_or_default())
        .field(ctx.say(LED_BY), case.led_by.map(|led| led.to_string()).unwrap_or_default())
        .field(ctx.say(LINKS), links.join(", "))
        .field(ctx.say(APPEAL), appeal(ctx, case))
        .field(ctx.say(REASON), reason)
        .field(ctx.say(FILES), files::shown(ctx, history));
    let tone = if case.active { Tone::Bad } else { Tone::Plain };
    let footer = ctx.fill(
        BESIDE,
        &[("notes", &case.notes), ("evidence", &case.evidence), ("number", &case.number.0)],
    );
    let withheld = case.by == actions::moderation::ByWhom::Withheld;
    Reply { tone, footer: if withheld { String::new() } else { footer }, ..reply }
}

fn appeal(ctx: &Ctx, case: &CaseLine) -> String {
    let known = match case.appeal.as_deref() {
        Some("open") => text("waits for an answer", "wartet auf Antwort"),
        Some("accepted") => text("accepted", "angenommen"),
        Some("refused") => text("refused", "abgelehnt"),
        _ => return String::new(),
    };
    ctx.say(known)
}

options! {
    pub struct History {
        case: u32 = which(),
    }
}

impl Verb for History {
    const SPEC: Spec = Spec::new(
        text("history", "verlauf"),
        text("All that was said and done about a case", "Alles, was zu einem Fall gesagt wurde"),
    )
    .needs(Permission::ViewRecords)
    .private()
    .examples(&["/case history case:8"]);

    async fn run(self, ctx: Ctx) -> Answer {
        page(&ctx, self.case, None).await
    }
}

/// The buttons below a page.
pub async fn turn(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let mut parts = rest.split('.').map(long);
    let number = parts.next().flatten().and_then(|number| u32::try_from(number).ok());
    let number = number.ok_or_else(|| Failure::System("a button names no case".to_owned()))?;
    Ok(page(&ctx, number, parts.next().flatten()).await?.replacing())
}

async fn page(ctx: &Ctx, number: u32, before: Option<u64>) -> Answer {
    let (guild, case) = (ctx.guild(), case_number(number));
    let history = ctx.actions().case_history(guild, &ctx.caller, case, before, PAGE).await?;
    let lines: Vec<_> = history.entries.iter().map(|entry| line(ctx, entry)).collect();
    let kind = ctx.say(kind_name(history.case.kind));
    let title = ctx.fill(TITLE, &[("case", &case), ("kind", &kind)]);
    let mut reply = Reply::new(lines.join("\n")).title(title).private();
    let button = |label: Text, before: Option<u64>| {
        let place = before.map_or_else(String::new, |before| format!(".{}", short(before)));
        let payload = bind(ctx, &format!("{}{place}", short(u64::from(number))));
        let custom_id = ctx.edge.signer.seal(guild, "moderation", "history", &payload)?;
        let (label, style) = (ctx.say(label), ButtonStyle::Secondary);
        Ok::<_, Failure>(Button { label, custom_id, style, disabled: false })
    };
    if before.is_some() {
        reply = reply.button(button(NEWEST, None)?);
    }
    if let Some(next) = history.next {
        reply = reply.button(button(OLDER, Some(next))?);
    }
    Ok(reply)
}

/// `<when> **Reason** by @ann: because`
fn line(ctx: &Ctx, entry: &HistoryEntry) -> String {
    let said = match entry.what.as_str() {
        "opened" => text("Opened", "Eröffnet"),
        "step" => text("Step of the ladder", "Schritt der Eskalation"),
        "applied" => text("Done in Discord", "In Discord ausgeführt"),
        "failed" => text("Discord did not do it", "Discord hat es nicht getan"),
        "expired" => text("Expired", "Abgelaufen"),
        "pardoned" => text("Pardoned", "Begnadigt"),
        "undone" => text("Taken back", "Zurückgenommen"),
        "lifting" => text("Being lifted", "Wird aufgehoben"),
        "lift_failed" => text("Could not be lifted", "Konnte nicht aufgehoben werden"),
        "renewal_failed" => text("Could not be renewed", "Konnte nicht verlängert werden"),
        "retimed" => text("New end", "Neues Ende"),
        "replaced" => text("Replaced", "Ersetzt"),
        "lifted" => text("Lifted", "Aufgehoben"),
        "note" => text("Note", "Notiz"),
        "reason" => text("New reason", "Neuer Grund"),
        "evidence" => text("Evidence", "Beweis"),
        "hidden" => text("Hidden", "Verborgen"),
        "shown" => text("Shown again", "Wieder gezeigt"),
        "linked" => text("Linked", "Verknüpft"),
        "unlinked" => text("No longer linked", "Nicht mehr verknüpft"),
        "status" => text("Status", "Status"),
        "appeal" => text("Appeal", "Einspruch"),
        "decision" => text("Answer to the appeal", "Antwort auf den Einspruch"),
        _ => text("Changed", "Geändert"),
    };
    let mut line = format!("<t:{}:f> **{}**", entry.at.as_secs(), ctx.say(said));
    if !matches!(entry.by, actions::moderation::ByWhom::Unknown) {
        let _ = write!(line, " · {}", by_whom(ctx, &entry.by));
    }
    if let Some(other) = entry.other {
        let _ = write!(line, " · {other}");
    }
    match (entry.what.as_str(), entry.detail.as_deref()) {
        ("retimed", Some(secs)) => {
            let _ = write!(line, " · <t:{secs}:f>");
        }
        // The detail of evidence is its number, which leads to its files.
        ("evidence", _) | (_, None) => {}
        (_, Some(detail)) => {
            let _ = write!(line, " · {detail}");
        }
    }
    if let Some(place) = entry.place {
        let (guild, channel, message) = (ctx.guild(), place.channel, place.message);
        let _ = write!(line, " · https://discord.com/channels/{guild}/{channel}/{message}");
    }
    match (&entry.text, entry.what.as_str()) {
        (Some(text), _) => {
            let _ = write!(line, ": {}", plain(&cut(text, MAX_SHOWN)));
        }
        (None, "note" | "reason" | "evidence" | "appeal") => {
            let _ = write!(line, ": *{}*", ctx.say(ERASED));
        }
        (None, _) => {}
    }
    line
}

fn done(ctx: &Ctx, said: Text, number: u32) -> Reply {
    Reply::good(ctx.fill(said, &[("case", &case_number(number))])).private()
}

options! {
    pub struct Reason {
        case: u32 = which(),
        text: String = Opt::new(
            text("text", "text"),
            text("The new reason; the old one stays on record", "Der neue Grund; der alte bleibt vermerkt"),
        )
        .between(1, TEXT_CHARS),
    }
}

impl Verb for Reason {
    const SPEC: Spec = Spec::new(
        text("reason", "grund"),
        text("Change the reason of a case", "Ändere den Grund eines Falls"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/case reason case:8 text:spam in three channels"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (number, key) = (case_number(self.case), ctx.key()?);
        let (guild, caller) = (ctx.guild(), &ctx.caller);
        ctx.actions().edit_case_reason(guild, caller, number, &self.text, &key).await?;
        let said = text("Case {case} has a new reason.", "Fall {case} hat einen neuen Grund.");
        Ok(done(&ctx, said, self.case))
    }
}

options! {
    pub struct Length {
        case: u32 = which(),
        length: Option<String> = Opt::new(
            text("length", "dauer"),
            text("From now on, such as 2h; for good otherwise", "Ab jetzt, etwa 2h; sonst für immer"),
        )
        .between(1, 30)
        .suggests(),
    }
}

impl Verb for Length {
    const SPEC: Spec = Spec::new(
        text("duration", "dauer"),
        text("Change how long a timeout or ban goes on", "Ändere, wie lange etwas gilt"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/case duration case:8 length:2h"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (number, key) = (case_number(self.case), ctx.key()?);
        let secs = self.length.as_deref().map(|written| length(&ctx, written)).transpose()?;
        let (guild, caller) = (ctx.guild(), &ctx.caller);
        let until = ctx.actions().retime_case(guild, caller, number, secs, &key).await?;
        let said = match until {
            Some(_) => text("Case {case} ends at another time.", "Fall {case} endet anders."),
            None => text("Case {case} goes on for good.", "Fall {case} gilt für immer."),
        };
        let until = until.map(|until| format!("<t:{}:f>", until.as_secs()));
        Ok(done(&ctx, said, self.case).field(ctx.say(UNTIL), until.unwrap_or_default()))
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        lengths(ctx.lang(), &typing.typed)
    }
}

options! {
    pub struct Evidence {
        case: u32 = which(),
        text: String = Opt::new(
            text("text", "text"),
            text("What happened, or a link", "Was geschah, oder ein Link"),
        )
        .between(1, TEXT_CHARS),
    }
}

impl Verb for Evidence {
    const SPEC: Spec = Spec::new(
        text("evidence", "beweis"),
        text("Add evidence to a case", "Füge einem Fall einen Beweis hinzu"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/case evidence case:8 text:posted the link five times"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (number, key) = (case_number(self.case), ctx.key()?);
        let (guild, caller, what) = (ctx.guild(), &ctx.caller, (self.text.as_str(), None));
        ctx.actions().add_evidence(guild, caller, number, what, None, &key).await?;
        let said = text("Case {case} has new evidence.", "Fall {case} hat einen neuen Beweis.");
        Ok(done(&ctx, said, self.case))
    }
}

options! {
    pub struct Remark {
        case: u32 = which(),
        text: String = Opt::new(
            text("text", "text"),
            text("For moderators only", "Nur für die Moderation"),
        )
        .between(1, TEXT_CHARS),
    }
}

impl Verb for Remark {
    const SPEC: Spec = Spec::new(
        text("note", "notiz"),
        text("Add a note to a case, for moderators", "Füge einem Fall eine Notiz hinzu"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/case note case:8 text:spoke with them"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (number, key) = (case_number(self.case), ctx.key()?);
        ctx.actions().add_case_note(ctx.guild(), &ctx.caller, number, &self.text, &key).await?;
        let said = text("Case {case} has a new note.", "Fall {case} hat eine neue Notiz.");
        Ok(done(&ctx, said, self.case))
    }
}

macro_rules! plain_verb {
    ($name:ident, $title:expr, $about:expr, $example:literal,
     |$ctx:ident, $number:ident, $key:ident| $work:expr, $said:expr) => {
        options! {
            pub struct $name {
                case: u32 = which(),
            }
        }

        impl Verb for $name {
            const SPEC: Spec = Spec::new($title, $about)
                .needs(Permission::Moderate)
                .private()
                .examples(&[$example]);

            async fn run(self, $ctx: Ctx) -> Answer {
                let ($number, $key) = (case_number(self.case), $ctx.key()?);
                $work.await?;
                Ok(done(&$ctx, $said, self.case))
            }
        }
    };
}

plain_verb!(
    Hide,
    text("hide", "verbergen"),
    text("Hide a case; all of it is kept", "Verbirg einen Fall; alles bleibt erhalten"),
    "/case hide case:8",
    |ctx, number, key| ctx.actions().hide_case(ctx.guild(), &ctx.caller, number, true, &key),
    text("Case {case} is hidden now.", "Fall {case} ist jetzt verborgen.")
);
plain_verb!(
    Unhide,
    text("unhide", "zeigen"),
    text("Show a hidden case again", "Zeig einen verborgenen Fall wieder"),
    "/case unhide case:8",
    |ctx, number, key| ctx.actions().hide_case(ctx.guild(), &ctx.caller, number, false, &key),
    text("Case {case} is shown again.", "Fall {case} wird wieder gezeigt.")
);
plain_verb!(
    Resolve,
    text("resolve", "erledigen"),
    text("Say that a case is dealt with", "Sag, dass ein Fall erledigt ist"),
    "/case resolve case:8",
    |ctx, number, key| ctx.actions().resolve_case(ctx.guild(), &ctx.caller, number, true, &key),
    text("Case {case} is resolved.", "Fall {case} ist erledigt.")
);
plain_verb!(
    Reopen,
    text("reopen", "öffnen"),
    text("Open a resolved case again", "Öffne einen erledigten Fall wieder"),
    "/case reopen case:8",
    |ctx, number, key| ctx.actions().resolve_case(ctx.guild(), &ctx.caller, number, false, &key),
    text("Case {case} is open again.", "Fall {case} ist wieder offen.")
);

options! {
    pub struct Link {
        case: u32 = which(),
        other: u32 = Opt::new(text("other", "anderer"), text("The other case", "Der andere Fall"))
            .between(1, u32::MAX as i64),
    }
}

impl Verb for Link {
    const SPEC: Spec = Spec::new(
        text("link", "verknüpfen"),
        text("Say that two cases belong together", "Sag, dass zwei Fälle zusammengehören"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/case link case:8 other:5"]);

    async fn run(self, ctx: Ctx) -> Answer {
        link(&ctx, self.case, self.other, true).await
    }
}

options! {
    pub struct Unlink {
        case: u32 = which(),
        other: u32 = Opt::new(text("other", "anderer"), text("The other case", "Der andere Fall"))
            .between(1, u32::MAX as i64),
    }
}

impl Verb for Unlink {
    const SPEC: Spec = Spec::new(
        text("unlink", "trennen"),
        text("Say that two cases do not belong together", "Sag, dass zwei Fälle getrennt sind"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/case unlink case:8 other:5"]);

    async fn run(self, ctx: Ctx) -> Answer {
        link(&ctx, self.case, self.other, false).await
    }
}

async fn link(ctx: &Ctx, one: u32, other: u32, link: bool) -> Answer {
    let (guild, key) = (ctx.guild(), ctx.key()?);
    let both = (case_number(one), case_number(other));
    ctx.actions().link_cases(guild, &ctx.caller, both, link, &key).await?;
    let said = if link {
        text("{case} and {other} belong together now.", "{case} und {other} gehören zusammen.")
    } else {
        text("{case} and {other} are separate now.", "{case} und {other} sind jetzt getrennt.")
    };
    Ok(Reply::good(ctx.fill(said, &[("case", &both.0), ("other", &both.1)])).private())
}

options! {
    pub struct Pardon {
        case: u32 = which(),
        reason: Option<String> = Opt::new(text("reason", "grund"), text("Why", "Warum"))
            .between(1, 1_000),
    }
}

impl Verb for Pardon {
    const SPEC: Spec = Spec::new(
        text("pardon", "begnadigen"),
        text("Take back what a case still means", "Nimm zurück, was ein Fall noch bedeutet"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/case pardon case:8 reason:it was a mistake"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (number, key) = (case_number(self.case), ctx.key()?);
        let (guild, reason) = (ctx.guild(), self.reason.as_deref());
        let pardoned = ctx.actions().pardon_case(guild, &ctx.caller, number, reason, &key).await?;
        Ok(done(&ctx, forgiven(pardoned), self.case))
    }
}

pub(super) const fn forgiven(pardoned: Pardoned) -> Text {
    match pardoned {
        Pardoned::Warning => text("Case {case} no longer counts.", "Fall {case} zählt nicht mehr."),
        Pardoned::Lifting => text(
            "Case {case} is being lifted in Discord.",
            "Fall {case} wird in Discord aufgehoben.",
        ),
        Pardoned::OnRecord => text(
            "Case {case} is pardoned. Nothing of it was in force any more.",
            "Fall {case} ist begnadigt. Davon war nichts mehr in Kraft.",
        ),
    }
}
