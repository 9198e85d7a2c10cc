//! `/cases`, `/record` and `/moderator`: what happened, to whom, and by whom.

use std::fmt::Write as _;

use actions::{
    Permission,
    moderation::{CaseFilter, CaseLine},
};
use domain::{CaseNumber, UserId, case::Kind, moderation::SanctionKind};
use projections::moderation::{KINDS, STATUSES, kind_of, status_of};
use twilight_model::channel::message::component::ButtonStyle;

use super::{by_whom, kind_name, mention, named, standing};
use crate::discord::{
    command::{Answer, Spec, Verb},
    confirm::{bind, bound},
    ctx::{Ctx, Pressed},
    custom_id::{long, short},
    failure::Failure,
    options::{Choice, Opt, options},
    reply::{Button, Reply, cut, plain},
    text::{Text, number, text},
};

const PAGE: u32 = 10;
const MAX_REASON_SHOWN: usize = 80;
const MAX_MODERATORS: usize = 20;

const TITLE: Text = text("Cases", "Fälle");
const NOTHING: Text = text("No such cases.", "Keine solchen Fälle.");
const OLDER: Text = text("Older", "Ältere");
const NEWEST: Text = text("Newest", "Neueste");
const RECORD: Text =
    text("{who} has **{active}** active warnings.", "{who} hat **{active}** aktive Verwarnungen.");
const CLEAN: Text = text("There is nothing against {who}.", "Gegen {who} liegt nichts vor.");
const IN_FORCE: Text = text("In force", "In Kraft");
const IN_ALL: Text = text("In all", "Insgesamt");
const NO_ACTIVITY: Text =
    text("Nobody has made a case yet.", "Noch niemand hat einen Fall angelegt.");
const ACTIVITY: Text = text("What moderators did", "Was die Moderation tat");
const LAST: Text = text("last", "zuletzt");
const FOR_GOOD: Text = text("for good", "für immer");
const NEWEST_CASES: Text = text("Newest", "Neueste");

const KIND_CHOICES: &[Choice] = &[
    Choice { value: "warning", title: text("Warning", "Verwarnung") },
    Choice { value: "note", title: text("Note", "Notiz") },
    Choice { value: "timeout", title: text("Timeout", "Timeout") },
    Choice { value: "untimeout", title: text("End of a timeout", "Ende eines Timeouts") },
    Choice { value: "kick", title: text("Kick", "Kick") },
    Choice { value: "ban", title: text("Ban", "Bann") },
    Choice { value: "unban", title: text("Unban", "Entbannung") },
    Choice { value: "softban", title: text("Softban", "Softbann") },
];
const STATUS_CHOICES: &[Choice] = &[
    Choice { value: "open", title: text("Open", "Offen") },
    Choice { value: "resolved", title: text("Resolved", "Erledigt") },
    Choice { value: "expired", title: text("Expired", "Abgelaufen") },
    Choice { value: "failed", title: text("Failed", "Gescheitert") },
    Choice { value: "revoked", title: text("Taken back", "Zurückgenommen") },
    Choice { value: "pardoned", title: text("Pardoned", "Begnadigt") },
];

options! {
    pub struct Cases {
        user: Option<UserId> = Opt::new(text("user", "mitglied"), text("About whom", "Über wen")),
        moderator: Option<UserId> = Opt::new(text("moderator", "moderator"), text("By whom", "Von wem")),
        kind: Option<String> = Opt::new(text("kind", "art"), text("Of which kind", "Welcher Art"))
            .choices(KIND_CHOICES),
        status: Option<String> = Opt::new(text("status", "status"), text("How they stand", "Wie sie stehen"))
            .choices(STATUS_CHOICES),
        active: Option<bool> = Opt::new(
            text("active", "aktiv"),
            text("Only what counts or is in force", "Nur was zählt oder in Kraft ist"),
        ),
        batch_of: Option<u32> = Opt::new(
            text("batch_of", "zusammen_mit"),
            text("Those that were ordered together with this case", "Zusammen mit diesem Fall angeordnete"),
        )
        .between(1, u32::MAX as i64),
        appeals: Option<bool> = Opt::new(
            text("appeals", "einsprüche"),
            text("Only those with an open appeal", "Nur die mit offenem Einspruch"),
        ),
        hidden: Option<bool> = Opt::new(
            text("hidden", "verborgene"),
            text("Hidden ones as well", "Auch verborgene"),
        ),
    }
}

impl Verb for Cases {
    const SPEC: Spec = Spec::new(
        text("cases", "fälle"),
        text("Cases of this community, newest first", "Fälle dieser Community, neueste zuerst"),
    )
    .needs(Permission::ViewRecords)
    .private()
    .examples(&["/cases", "/cases user:@Tobi active:True", "/cases moderator:@Ann kind:Ban"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let filter = CaseFilter {
            about: self.user,
            moderator: self.moderator,
            rule: None,
            kind: self.kind.as_deref().and_then(kind_of),
            status: self.status.as_deref().and_then(status_of),
            active: self.active == Some(true),
            batch_of: self.batch_of.map(CaseNumber),
            appeal_open: self.appeals == Some(true),
            hidden_too: self.hidden == Some(true),
        };
        page(&ctx, &filter, None).await
    }
}

/// The buttons below a page.
pub async fn turn(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let unreadable = || Failure::System("a button of ours names no filter".to_owned());
    let (filter, after) = read_filter(rest).ok_or_else(unreadable)?;
    Ok(page(&ctx, &filter, after).await?.replacing())
}

async fn page(ctx: &Ctx, filter: &CaseFilter, after: Option<CaseNumber>) -> Answer {
    let page = ctx.actions().cases(ctx.guild(), &ctx.caller, filter, after, PAGE).await?;
    let mut lines: Vec<_> = page.lines.iter().map(|case| shown(ctx, case)).collect();
    if lines.is_empty() {
        lines.push(ctx.say(NOTHING));
    }
    let mut reply = Reply::new(lines.join("\n")).title(ctx.say(TITLE)).private();
    if after.is_some() {
        reply = reply.button(button(ctx, NEWEST, filter, None)?);
    }
    if let Some(next) = page.next {
        reply = reply.button(button(ctx, OLDER, filter, Some(next))?);
    }
    Ok(reply)
}

fn button(
    ctx: &Ctx,
    label: Text,
    filter: &CaseFilter,
    after: Option<CaseNumber>,
) -> Result<Button, Failure> {
    let payload = bind(ctx, &written_filter(filter, after));
    let custom_id = ctx.edge.signer.seal(ctx.guild(), "moderation", "cases", &payload)?;
    Ok(Button { label: ctx.say(label), custom_id, style: ButtonStyle::Secondary, disabled: false })
}

/// In few characters: `<about>.<moderator>.<kind, status, switches>.<batch>.<after>`.
fn written_filter(filter: &CaseFilter, after: Option<CaseNumber>) -> String {
    let user = |user: Option<UserId>| user.map_or_else(String::new, |user| short(user.get()));
    let case =
        |case: Option<CaseNumber>| case.map_or_else(String::new, |case| short(u64::from(case.0)));
    let kind = filter.kind.and_then(|kind| KINDS.iter().position(|(known, _)| *known == kind));
    let status = filter.status.and_then(|s| STATUSES.iter().position(|known| *known == s));
    let place = |place: Option<usize>| place.map_or(0, |place| place as u64 + 1);
    let switches = u64::from(filter.active)
        | u64::from(filter.appeal_open) << 1
        | u64::from(filter.hidden_too) << 2;
    let small = (place(kind) * 16 + place(status)) * 8 + switches;
    format!(
        "{}.{}.{}.{}.{}",
        user(filter.about),
        user(filter.moderator),
        short(small),
        case(filter.batch_of),
        case(after)
    )
}

fn read_filter(written: &str) -> Option<(CaseFilter, Option<CaseNumber>)> {
    let parts: Vec<_> = written.split('.').collect();
    let [about, moderator, small, batch_of, after] = parts[..] else { return None };
    let user = |text: &str| long(text).and_then(|user| UserId::new(user).ok());
    let case = |text: &str| long(text).and_then(|n| u32::try_from(n).ok()).map(CaseNumber);
    let small = long(small)?;
    let place = |place: u64| usize::try_from(place).ok()?.checked_sub(1);
    let filter = CaseFilter {
        about: user(about),
        moderator: user(moderator),
        rule: None,
        kind: place(small / 128).and_then(|place| KINDS.get(place)).map(|(kind, _)| *kind),
        status: place(small / 8 % 16).and_then(|place| STATUSES.get(place)).copied(),
        active: small & 1 != 0,
        batch_of: case(batch_of),
        appeal_open: small & 2 != 0,
        hidden_too: small & 4 != 0,
    };
    Some((filter, case(after)))
}

/// `**#8** Warning · @tobi · by @ann · <day> · counts · spam`
fn shown(ctx: &Ctx, case: &CaseLine) -> String {
    let mut line = format!(
        "**{}** {} · {} · {} · <t:{}:d> · {}",
        case.number,
        ctx.say(kind_name(case.kind)),
        named(ctx, case.about),
        by_whom(ctx, &case.by),
        case.at.as_secs(),
        standing(ctx, case),
    );
    if let Some(reason) = &case.reason {
        let _ = write!(line, " · {}", plain(&cut(reason, MAX_REASON_SHOWN)));
    }
    if case.hidden { format!("~~{line}~~") } else { line }
}

options! {
    pub struct Record {
        user: Option<UserId> = Opt::new(
            text("user", "mitglied"),
            text("Whose; your own otherwise", "Wessen; sonst deine eigene"),
        ),
    }
}

impl Verb for Record {
    const SPEC: Spec = Spec::new(
        text("record", "akte"),
        text("What there is against a member", "Was gegen ein Mitglied vorliegt"),
    )
    .private()
    .examples(&["/record", "/record user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let who = self.user.unwrap_or(ctx.user());
        let record = ctx.actions().record(ctx.guild(), &ctx.caller, who).await?;
        let clean =
            record.counts.is_empty() && record.in_force.is_empty() && record.active_warnings == 0;
        if clean {
            return Ok(Reply::new(ctx.fill(CLEAN, &[("who", &mention(who))])).private());
        }
        let with: [(&str, &dyn std::fmt::Display); 2] =
            [("who", &mention(who)), ("active", &record.active_warnings)];
        let in_force = record.in_force.iter().map(|held| {
            let kind = match held.kind {
                SanctionKind::Timeout => Kind::Timeout,
                SanctionKind::Ban => Kind::Ban,
            };
            let until = held
                .until
                .map_or_else(|| ctx.say(FOR_GOOD), |until| format!("<t:{}:f>", until.as_secs()));
            format!("{} {} · {until}", ctx.say(kind_name(kind)), held.case)
        });
        let in_force: Vec<_> = in_force.collect();
        let counts = record.counts.iter().map(|counts| {
            let all = i64::try_from(counts.all).unwrap_or(i64::MAX);
            format!("{}: {}", ctx.say(kind_name(counts.kind)), number(ctx.lang(), all))
        });
        let counts: Vec<_> = counts.collect();
        let recent: Vec<_> = record.recent.iter().map(|case| shown(&ctx, case)).collect();
        Ok(Reply::new(ctx.fill(RECORD, &with))
            .private()
            .field(ctx.say(IN_FORCE), in_force.join("\n"))
            .field(ctx.say(IN_ALL), counts.join("\n"))
            .field(ctx.say(NEWEST_CASES), recent.join("\n")))
    }
}

options! {
    pub struct Moderator {
        user: Option<UserId> = Opt::new(
            text("user", "mitglied"),
            text("Which one; all otherwise", "Wer; sonst alle"),
        ),
    }
}

impl Verb for Moderator {
    const SPEC: Spec = Spec::new(
        text("moderator", "moderator"),
        text("Who made how many cases, of which kind", "Wer wie viele Fälle anlegte"),
    )
    .needs(Permission::ViewRecords)
    .private()
    .examples(&["/moderator", "/moderator user:@Ann"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let activity =
            ctx.actions().moderator_activity(ctx.guild(), &ctx.caller, self.user).await?;
        if activity.is_empty() {
            return Ok(Reply::new(ctx.say(NO_ACTIVITY)).private());
        }
        let lines = activity.iter().take(MAX_MODERATORS).map(|one| {
            let kinds = one.kinds.iter().map(|(kind, cases)| {
                let cases = i64::try_from(*cases).unwrap_or(i64::MAX);
                format!("{} {}", ctx.say(kind_name(*kind)), number(ctx.lang(), cases))
            });
            let kinds: Vec<_> = kinds.collect();
            let cases = i64::try_from(one.cases).unwrap_or(i64::MAX);
            format!(
                "{}: **{}** ({}), {} <t:{}:R>",
                named(&ctx, one.moderator),
                number(ctx.lang(), cases),
                kinds.join(", "),
                ctx.say(LAST),
                one.last_at.as_secs(),
            )
        });
        let lines: Vec<_> = lines.collect();
        Ok(Reply::new(lines.join("\n")).title(ctx.say(ACTIVITY)).private())
    }
}

#[cfg(test)]
mod tests {
    use domain::case::Status;

    use super::*;

    #[test]
    fn given_any_filter_then_a_button_carries_it_and_fits() {
        let user = UserId::new(i64::MAX as u64).unwrap();
        let all = CaseFilter {
            about: Some(user),
            moderator: Some(user),
            rule: None,
            kind: Some(Kind::Softban),
            status: Some(Status::Pardoned),
            active: true,
            batch_of: Some(CaseNumber(u32::MAX)),
            appeal_open: true,
            hidden_too: true,
        };
        let last = Some(CaseNumber(u32::MAX));
        for (filter, after) in [
            (all.clone(), last),
            (CaseFilter::default(), None),
            (CaseFilter { kind: Some(Kind::Warning), ..CaseFilter::default() }, None),
            (CaseFilter { status: Some(Status::Open), ..CaseFilter::default() }, last),
        ] {
            let written = written_filter(&filter, after);
            assert_eq!(read_filter(&written), Some((filter, after)), "{written}");
        }
        // Name, person, seal and the separators between them take the rest.
        let rest = "1.moderation.cases:".len() + 13 + 1 + 1 + 12;
        let most = crate::discord::custom_id::MAX_CHARS - rest;
        assert!(written_filter(&all, last).len() <= most, "{}", written_filter(&all, last));
        assert_eq!(read_filter("x"), None);
    }
}
