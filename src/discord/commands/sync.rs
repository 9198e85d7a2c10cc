//! `/sync` and `/names`: whether what we know of members, roles and channels is what Discord knows,
//! and what somebody was called before.

use std::time::Duration;

use actions::{Permission, mirror::SyncState};
use domain::UserId;
use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Answer, Capability, Group, Route, Spec, Verb},
    ctx::Ctx,
    failure::Failure,
    options::{Opt, options},
    reply::{Reply, plain},
    text::{Text, number, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "sync",
    module: None,
    title: text("Members", "Mitglieder"),
    // Members are another intent, which the operator switches on.
    intents: Intents::empty(),
    groups: &[
        Group::new(
            text("sync", "abgleich"),
            text("Compare members with Discord", "Mitglieder mit Discord abgleichen"),
            &[Route::of::<Start>(), Route::of::<Status>()],
        ),
        Group::verb(&[Route::of::<Names>()]),
    ],
    presses: &[],
    submits: &[],
};

const NOT_HEARD: Text = text(
    "I do not hear of members: the operator of this bot has not switched on \
     `discord.member_events`.",
    "Ich höre nichts von Mitgliedern: Wer diesen Bot betreibt, hat `discord.member_events` nicht \
     eingeschaltet.",
);
const BEGUN: Text = text(
    "All members are compared now, a hundred at a time. `/sync status` says how far it is.",
    "Alle Mitglieder werden jetzt abgeglichen, hundert auf einmal. `/abgleich stand` sagt, wie weit \
     es ist.",
);
const PLACES_BEGUN: Text =
    text("Roles and channels are compared now.", "Rollen und Kanäle werden jetzt abgeglichen.");
const PLACES: Text = text(
    "Roles and channels compared {when}: {added} were not known, {changed} differed, {gone} were \
     deleted; all of it is repaired.",
    "Rollen und Kanäle abgeglichen {when}: {added} waren nicht bekannt, {changed} anders, {gone} \
     waren gelöscht; alles ist berichtigt.",
);
const NEVER: Text = text(
    "Members were never compared. `/sync start` does.",
    "Mitglieder wurden noch nie abgeglichen. `/abgleich start` tut es.",
);
const RUNNING: Text = text(
    "Under way: {seen} of about {expected} members. So far {added} were not known and {changed} \
     differed; both are repaired.",
    "Läuft: {seen} von etwa {expected} Mitgliedern. Bisher waren {added} nicht bekannt und \
     {changed} anders; beides ist berichtigt.",
);
const DONE: Text = text(
    "Done {when}: {seen} members compared. {added} were not known, {changed} differed, {gone} had \
     left; all of it is repaired.",
    "Fertig {when}: {seen} Mitglieder abgeglichen. {added} waren nicht bekannt, {changed} anders, \
     {gone} waren gegangen; alles ist berichtigt.",
);
const FAILED: Text = text(
    "It ended early after {seen} members: {problem}. `/sync start` begins anew.",
    "Es endete vorzeitig nach {seen} Mitgliedern: {problem}. `/abgleich start` beginnt von vorn.",
);
const NO_NAMES: Text =
    text("No former names of {who} are known.", "Frühere Namen von {who} sind nicht bekannt.");
const FORMER: Text = text("until {when}: {names}", "bis {when}: {names}");

options! {
    pub struct Start {}
}

impl Verb for Start {
    const SPEC: Spec = Spec::new(
        text("start", "start"),
        text("Compare all members now", "Jetzt alle Mitglieder abgleichen"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .every(Duration::from_mins(1))
    .examples(&["/sync start"]);

    async fn run(self, ctx: Ctx) -> Answer {
        ctx.actions().may_sync(ctx.guild(), &ctx.caller).await?;
        if let Some(places) = ctx.edge.made_of.get() {
            places.compare(ctx.guild()).await;
        }
        let Some(mirror) = ctx.edge.mirror.get() else {
            let said = format!("{}\n{}", ctx.say(PLACES_BEGUN), ctx.say(NOT_HEARD));
            return Ok(Reply::new(said));
        };
        mirror.compare(ctx.guild());
        Ok(Reply::good(format!("{}\n{}", ctx.say(BEGUN), ctx.say(PLACES_BEGUN))))
    }
}

options! {
    pub struct Status {}
}

impl Verb for Status {
    const SPEC: Spec = Spec::new(
        text("status", "stand"),
        text("What the last comparison found", "Was der letzte Abgleich ergab"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .every(Duration::from_secs(2))
    .examples(&["/sync status"]);

    async fn run(self, ctx: Ctx) -> Answer {
        ctx.actions().may_sync(ctx.guild(), &ctx.caller).await?;
        let places = places(&ctx).await?;
        if ctx.edge.mirror.get().is_none() {
            return Ok(Reply::new(format!("{}{places}", ctx.say(NOT_HEARD))));
        }
        let Some(sync) = ctx.actions().sync_of(ctx.guild()).await? else {
            return Ok(Reply::new(format!("{}{places}", ctx.say(NEVER))));
        };
        let n = |count: u64| number(ctx.lang(), i64::try_from(count).unwrap_or(i64::MAX));
        let when = sync.finished_at.unwrap_or(sync.began_at);
        let when = format!("<t:{}:R>", when.as_secs());
        let (text, problem) = match &sync.state {
            SyncState::Running => (RUNNING, String::new()),
            SyncState::Done => (DONE, String::new()),
            SyncState::Failed(problem) => (FAILED, plain(problem)),
        };
        let words: [(&str, &dyn std::fmt::Display); 7] = [
            ("seen", &n(sync.seen)),
            ("expected", &n(sync.expected)),
            ("added", &n(sync.added)),
            ("changed", &n(sync.changed)),
            ("gone", &n(sync.gone)),
            ("when", &when),
            ("problem", &problem),
        ];
        Ok(Reply::new(format!("{}{places}", ctx.fill(text, &words))))
    }
}

/// What the last comparison of roles and channels found, as a line of its own; nothing where nobody
/// asked for one.
async fn places(ctx: &Ctx) -> Result<String, Failure> {
    let Some(found) = ctx.actions().places_compared(ctx.guild()).await? else {
        return Ok(String::new());
    };
    let n = |count: u64| number(ctx.lang(), i64::try_from(count).unwrap_or(i64::MAX));
    let when = format!("<t:{}:R>", found.at.as_secs());
    let words: [(&str, &dyn std::fmt::Display); 4] = [
        ("when", &when),
        ("added", &n(found.added)),
        ("changed", &n(found.changed)),
        ("gone", &n(found.gone)),
    ];
    Ok(format!("\n{}", ctx.fill(PLACES, &words)))
}

options! {
    pub struct Names {
        user: UserId = Opt::new(text("user", "mitglied"), text("Whose", "Wessen")),
    }
}

impl Verb for Names {
    const SPEC: Spec = Spec::new(
        text("names", "namen"),
        text("What a member was called before", "Wie ein Mitglied früher hieß"),
    )
    .needs(Permission::ViewRecords)
    .private()
    .every(Duration::from_secs(2))
    .examples(&["/names user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let former = ctx.actions().former_names(ctx.guild(), &ctx.caller, self.user).await?;
        let who = format!("<@{}>", self.user);
        if former.is_empty() {
            return Ok(Reply::new(ctx.fill(NO_NAMES, &[("who", &who)])));
        }
        let line = |former: &actions::mirror::Former| {
            let profile = &former.profile;
            let names = [Some(&profile.name), profile.display.as_ref(), profile.nick.as_ref()];
            let names: Vec<_> = names.into_iter().flatten().map(|name| plain(name)).collect();
            let (names, when) = (names.join(" · "), format!("<t:{}:f>", former.until.as_secs()));
            ctx.fill(FORMER, &[("when", &when), ("names", &names)])
        };
        let lines: Vec<_> = former.iter().map(line).collect();
        Ok(Reply::new(format!("{who}\n{}", lines.join("\n"))))
    }
}
