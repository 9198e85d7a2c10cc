//! `/warn`, `/timeout`, `/kick`, `/ban` and what takes them back.

use actions::{
    Permission,
    moderation::{Against, Ordered, Sentence, Warned},
};
use domain::{
    CaseNumber, UserId,
    moderation::{Deed, MAX_REASON_CHARS, Severity, StepDeed},
};

use super::{bot, in_name_of, length, lengths, mention, subject};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    ctx::{Ctx, Typing},
    failure::Failure,
    options::{Choice, Opt, options},
    reply::{Reply, plain},
    text::{Text, duration, text},
};

/// As Discord is told.
const REASON_CHARS: i64 = 1_000;
const _: () = assert!(REASON_CHARS.unsigned_abs() == MAX_REASON_CHARS as u64, "one limit");

const WARNED: Text = text(
    "{who} was warned. Active warnings: **{active}**.",
    "{who} wurde verwarnt. Aktive Verwarnungen: **{active}**.",
);
const TITLE: Text = text("Case {case}", "Fall {case}");
const REASON: Text = text("Reason", "Grund");
const COUNTS: Text = text("Counts until", "Zählt bis");
const UNTIL: Text = text("Until", "Bis");
const STEP: Text = text("Escalation", "Eskalation");
const STEP_TIMEOUT: Text = text(
    "Active warning {active}: timed out until {until}, case {case}.",
    "Aktive Verwarnung {active}: Timeout bis {until}, Fall {case}.",
);
const STEP_KICK: Text = text(
    "Active warning {active}: kicked, case {case}.",
    "Aktive Verwarnung {active}: gekickt, Fall {case}.",
);
const STEP_BAN: Text = text(
    "Active warning {active}: banned until {until}, case {case}.",
    "Aktive Verwarnung {active}: gebannt bis {until}, Fall {case}.",
);
const STEP_BAN_FOR_GOOD: Text = text(
    "Active warning {active}: banned for good, case {case}.",
    "Aktive Verwarnung {active}: für immer gebannt, Fall {case}.",
);
const STEP_ALREADY: Text = text(
    "Active warning {active}: the next step is under way already.",
    "Aktive Verwarnung {active}: Der nächste Schritt läuft schon.",
);
const TOLD: Text =
    text("They are told in a private message.", "Die Person wird privat benachrichtigt.");
const NOT_TOLD: Text = text("They are not told.", "Die Person wird nicht benachrichtigt.");
const UNDO: Text = text(
    "Take it back with /case pardon case:{number}",
    "Zurücknehmen mit /case pardon case:{number}",
);
const NOTED: Text =
    text("Noted about {who}, for moderators.", "Für die Moderation notiert: {who}.");
const FOR_GOOD: Text = text("for good", "für immer");

const SEVERITIES: &[Choice] = &[
    Choice { value: "minor", title: text("Minor", "Leicht") },
    Choice { value: "major", title: text("Major", "Schwer") },
];

const fn who() -> Opt {
    Opt::new(text("user", "mitglied"), text("Who", "Wer"))
}

const fn why() -> Opt {
    Opt::new(
        text("reason", "grund"),
        text("What for; they are told it", "Wofür; die Person erfährt es"),
    )
    .between(1, REASON_CHARS)
}

const fn instead_of() -> Opt {
    Opt::new(
        text("acting_for", "im_namen_von"),
        text("A moderator in whose name you act", "Ein Moderator, in dessen Namen du handelst"),
    )
}

options! {
    pub struct Warn {
        user: UserId = who(),
        reason: Option<String> = why(),
        severity: Option<String> = Opt::new(
            text("severity", "schwere"),
            text("How grave; minor otherwise", "Wie schwer; sonst leicht"),
        )
        .choices(SEVERITIES),
        acting_for: Option<UserId> = instead_of(),
    }
}

impl Verb for Warn {
    const SPEC: Spec =
        Spec::new(text("warn", "verwarnen"), text("Warn a member", "Verwarne ein Mitglied"))
            .needs(Permission::Moderate)
            .private()
            .examples(&["/warn user:@Tobi reason:spam", "/warn user:@Tobi severity:Major"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let against = Against {
            subject: subject(&ctx, self.user)?,
            bot: bot(&ctx),
            in_name_of: in_name_of(&ctx, self.acting_for)?,
            reason: self.reason.as_deref(),
        };
        let severity = match self.severity.as_deref() {
            Some("major") => Severity::Major,
            _ => Severity::Minor,
        };
        let key = ctx.key()?;
        let warned = ctx.actions().warn(ctx.guild(), &ctx.caller, &against, severity, &key).await?;
        shown_warning(&ctx, self.user, &warned, self.reason.as_deref()).await
    }
}

/// What the moderator reads of a warning, and of what followed from it.
pub(super) async fn shown_warning(
    ctx: &Ctx,
    user: UserId,
    warned: &Warned,
    reason: Option<&str>,
) -> Answer {
    let body = ctx.fill(WARNED, &[("who", &mention(user)), ("active", &warned.active)]);
    let mut reply = case_reply(ctx, warned.case, body, reason);
    if let Some(decays) = warned.decays {
        reply = reply.field(ctx.say(COUNTS), format!("<t:{}:f>", decays.as_secs()));
    }
    if let Some(step) = &warned.step {
        let until = step
            .until
            .map_or_else(|| ctx.say(FOR_GOOD), |until| format!("<t:{}:f>", until.as_secs()));
        let shown = match (step.case, step.deed) {
            (None, _) => STEP_ALREADY,
            (_, StepDeed::Timeout) => STEP_TIMEOUT,
            (_, StepDeed::Kick) => STEP_KICK,
            (_, StepDeed::Ban) if step.until.is_none() => STEP_BAN_FOR_GOOD,
            (_, StepDeed::Ban) => STEP_BAN,
        };
        let case = step.case.map_or_else(String::new, |case| case.to_string());
        let said =
            ctx.fill(shown, &[("active", &warned.active), ("until", &until), ("case", &case)]);
        reply = reply.field(ctx.say(STEP), said);
    }
    let told = tells(ctx).await?;
    Ok(reply.footer(format!("{told} {}", undo(ctx, warned.case))))
}

fn case_reply(ctx: &Ctx, case: CaseNumber, body: String, reason: Option<&str>) -> Reply {
    let reply = Reply::good(body).title(ctx.fill(TITLE, &[("case", &case)])).private();
    match reason {
        Some(reason) => reply.field(ctx.say(REASON), plain(reason)),
        None => reply,
    }
}

async fn tells(ctx: &Ctx) -> Result<String, Failure> {
    let terms = ctx.actions().moderation_terms(ctx.guild()).await?;
    Ok(ctx.say(if terms.values.tell_members { TOLD } else { NOT_TOLD }))
}

fn undo(ctx: &Ctx, case: CaseNumber) -> String {
    ctx.fill(UNDO, &[("number", &case.0)])
}

/// Orders it, and says so. Whether Discord did it is for the case and the log channel to say.
async fn order(
    ctx: &Ctx,
    user: UserId,
    acting_for: Option<UserId>,
    reason: Option<&str>,
    sentence: Sentence,
    said: Text,
) -> Answer {
    let against = Against {
        subject: subject(ctx, user)?,
        bot: bot(ctx),
        in_name_of: in_name_of(ctx, acting_for)?,
        reason,
    };
    let key = ctx.key()?;
    let ordered = ctx.actions().punish(ctx.guild(), &ctx.caller, &against, sentence, &key).await?;
    let Ordered { case, until, .. } = ordered;
    let secs = sentence.duration_secs.unwrap_or_default();
    let body = ctx
        .fill(said, &[("who", &mention(user)), ("length", &duration(ctx.lang(), i64::from(secs)))]);
    let mut reply = case_reply(ctx, case, body, reason);
    if let Some(until) = until {
        reply = reply.field(ctx.say(UNTIL), format!("<t:{}:f>", until.as_secs()));
    }
    let told = tells(ctx).await?;
    let footer = match sentence.deed {
        Deed::Timeout | Deed::Ban => format!("{told} {}", undo(ctx, case)),
        _ => told,
    };
    Ok(reply.footer(footer))
}

const fn plainly(deed: Deed) -> Sentence {
    Sentence { deed, duration_secs: None, delete_secs: None }
}

options! {
    pub struct Timeout {
        user: UserId = who(),
        length: String = Opt::new(
            text("length", "dauer"),
            text("How long, such as 10m, 2h30m, 7d", "Wie lange, etwa 10m, 2h30m, 7d"),
        )
        .between(1, 30)
        .suggests(),
        reason: Option<String> = why(),
        acting_for: Option<UserId> = instead_of(),
    }
}

impl Verb for Timeout {
    const SPEC: Spec = Spec::new(
        text("timeout", "timeout"),
        text("Silence a member for a while", "Lass ein Mitglied eine Weile schweigen"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/timeout user:@Tobi length:1h reason:insults"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let secs = length(&ctx, &self.length)?;
        let sentence = Sentence { duration_secs: Some(secs), ..plainly(Deed::Timeout) };
        let said = text(
            "{who} is being timed out for {length}.",
            "{who} bekommt einen Timeout von {length}.",
        );
        order(&ctx, self.user, self.acting_for, self.reason.as_deref(), sentence, said).await
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        lengths(ctx.lang(), &typing.typed)
    }
}

options! {
    pub struct Untimeout {
        user: UserId = who(),
        reason: Option<String> = why(),
    }
}

impl Verb for Untimeout {
    const SPEC: Spec = Spec::new(
        text("untimeout", "timeout_beenden"),
        text("Let a member speak again", "Lass ein Mitglied wieder sprechen"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/untimeout user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let said = text("{who} may speak again.", "{who} darf wieder sprechen.");
        let sentence = plainly(Deed::EndTimeout);
        order(&ctx, self.user, None, self.reason.as_deref(), sentence, said).await
    }
}

options! {
    pub struct Kick {
        user: UserId = who(),
        reason: Option<String> = why(),
        acting_for: Option<UserId> = instead_of(),
    }
}

impl Verb for Kick {
    const SPEC: Spec = Spec::new(
        text("kick", "kicken"),
        text("Remove a member; they may come back", "Entferne ein Mitglied; es darf wiederkommen"),
    )
    .needs(Permission::Kick)
    .private()
    .examples(&["/kick user:@Tobi reason:advertising"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let said = text("{who} is being kicked.", "{who} wird gekickt.");
        let sentence = plainly(Deed::Kick);
        order(&ctx, self.user, self.acting_for, self.reason.as_deref(), sentence, said).await
    }
}

const fn delete() -> Opt {
    Opt::new(
        text("delete", "löschen"),
        text(
            "Delete their messages of the last hours or days, up to 7d",
            "Lösche ihre Nachrichten der letzten Stunden oder Tage, bis 7d",
        ),
    )
    .between(1, 30)
    .suggests()
}

options! {
    pub struct Ban {
        user: UserId = Opt::new(
            text("user", "mitglied"),
            text("Who; an id works as well", "Wer; eine Id geht auch"),
        ),
        reason: Option<String> = why(),
        length: Option<String> = Opt::new(
            text("length", "dauer"),
            text("How long, such as 7d; for good otherwise", "Wie lange, etwa 7d; sonst für immer"),
        )
        .between(1, 30)
        .suggests(),
        delete: Option<String> = delete(),
        acting_for: Option<UserId> = instead_of(),
    }
}

impl Verb for Ban {
    const SPEC: Spec = Spec::new(
        text("ban", "bannen"),
        text("Ban somebody, here or not", "Banne jemanden, ob hier oder nicht"),
    )
    .needs(Permission::Ban)
    .private()
    .examples(&["/ban user:@Tobi reason:raid delete:1d", "/ban user:@Tobi length:7d"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let parsed = |written: Option<&String>| written.map(|text| length(&ctx, text)).transpose();
        let duration_secs = parsed(self.length.as_ref())?;
        let delete_secs = parsed(self.delete.as_ref())?;
        let sentence = Sentence { deed: Deed::Ban, duration_secs, delete_secs };
        let said = if duration_secs.is_some() {
            text("{who} is being banned for {length}.", "{who} wird für {length} gebannt.")
        } else {
            text("{who} is being banned for good.", "{who} wird für immer gebannt.")
        };
        order(&ctx, self.user, self.acting_for, self.reason.as_deref(), sentence, said).await
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        lengths(ctx.lang(), &typing.typed)
    }
}

options! {
    pub struct Unban {
        user: UserId = Opt::new(
            text("user", "mitglied"),
            text("Who; an id works as well", "Wer; eine Id geht auch"),
        ),
        reason: Option<String> = why(),
    }
}

impl Verb for Unban {
    const SPEC: Spec = Spec::new(
        text("unban", "entbannen"),
        text("Let somebody who is banned come back", "Lass jemanden nach einem Bann zurück"),
    )
    .needs(Permission::Ban)
    .private()
    .examples(&["/unban user:@Tobi reason:appeal"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let said = text("{who} may come back.", "{who} darf zurückkommen.");
        order(&ctx, self.user, None, self.reason.as_deref(), plainly(Deed::Unban), said).await
    }
}

options! {
    pub struct Softban {
        user: UserId = who(),
        reason: Option<String> = why(),
        delete: Option<String> = delete(),
        acting_for: Option<UserId> = instead_of(),
    }
}

impl Verb for Softban {
    const SPEC: Spec = Spec::new(
        text("softban", "softbann"),
        text(
            "Kick a member and delete their messages",
            "Kicke ein Mitglied und lösche seine Nachrichten",
        ),
    )
    .needs(Permission::Ban)
    .private()
    .examples(&["/softban user:@Tobi reason:hacked account delete:1d"]);

    async fn run(self, ctx: Ctx) -> Answer {
        const DAY_SECS: u32 = 24 * 60 * 60;
        let secs = match &self.delete {
            Some(written) => length(&ctx, written)?,
            None => DAY_SECS,
        };
        let sentence = Sentence { delete_secs: Some(secs), ..plainly(Deed::Softban) };
        let said = text(
            "{who} is being kicked, and their messages deleted.",
            "{who} wird gekickt, und die Nachrichten werden gelöscht.",
        );
        order(&ctx, self.user, self.acting_for, self.reason.as_deref(), sentence, said).await
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        lengths(ctx.lang(), &typing.typed)
    }
}

options! {
    pub struct Note {
        user: UserId = who(),
        text: String = Opt::new(
            text("text", "text"),
            text("For moderators only; they are not told", "Nur für die Moderation"),
        )
        .between(1, REASON_CHARS),
    }
}

impl Verb for Note {
    const SPEC: Spec = Spec::new(
        text("note", "notiz"),
        text("Note something about a member, for moderators", "Notiere etwas über ein Mitglied"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/note user:@Tobi text:second account of @Ann"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let target = subject(&ctx, self.user)?.target;
        let key = ctx.key()?;
        let case = ctx.actions().note(ctx.guild(), &ctx.caller, &target, &self.text, &key).await?;
        let body = ctx.fill(NOTED, &[("who", &mention(self.user))]);
        Ok(case_reply(&ctx, case, body, None).footer(ctx.say(NOT_TOLD)))
    }
}
