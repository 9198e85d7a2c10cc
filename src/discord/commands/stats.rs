//! `/stats`: what went on in the last days.

use std::{fmt::Write as _, time::Duration};

use actions::{
    Permission,
    activity::{DEFAULT_STATS_DAYS, Day, MAX_STATS_DAYS, MODULE, Stats},
};
use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Answer, Capability, Group, Route, Spec, Verb},
    ctx::Ctx,
    options::{Choice, Opt, options},
    reply::Reply,
    report,
    text::{Text, number, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "activity",
    module: Some(&MODULE),
    title: text("Activity", "Aktivität"),
    intents: Intents::GUILD_MESSAGES
        .union(Intents::GUILD_MESSAGE_REACTIONS)
        .union(Intents::GUILD_VOICE_STATES),
    groups: &[Group::verb(&[Route::of::<Show>()])],
    presses: &[],
    submits: &[],
};

const _: () = assert!(DEFAULT_STATS_DAYS == 14, "the option's text says so");

const TITLE: Text = text("The last {days} days", "Die letzten {days} Tage");
const ACTIVE: Text = text("Active members", "Aktive Mitglieder");
const ACTIVE_LINE: Text = text(
    "Today {daily} · 7 days {weekly} · 30 days {monthly}",
    "Heute {daily} · 7 Tage {weekly} · 30 Tage {monthly}",
);
const MESSAGES: Text = text("Messages", "Nachrichten");
const VOICE: Text = text("Minutes in voice", "Minuten in Sprachkanälen");
const MEMBERS: Text = text("Came and went", "Gekommen und gegangen");
const COMMANDS: Text = text("Commands", "Befehle");
const CHANNELS: Text = text("Where most was written", "Wo am meisten geschrieben wurde");
const WRITERS: Text = text("Who wrote most", "Wer am meisten schrieb");
const RETENTION: Text = text("Who stayed", "Wer geblieben ist");
const BUSIEST: Text = text("Most is written", "Am meisten geschrieben wird");
const BUSY_HOUR: Text = text("{day}, {hour}:00", "{day}, {hour} Uhr");
const WEEK: [Text; 7] = [
    text("Mondays", "montags"),
    text("Tuesdays", "dienstags"),
    text("Wednesdays", "mittwochs"),
    text("Thursdays", "donnerstags"),
    text("Fridays", "freitags"),
    text("Saturdays", "samstags"),
    text("Sundays", "sonntags"),
];
const COHORT: Text = text(
    "Week of {week}: {came} came, active in the weeks after: {stayed}",
    "Woche vom {week}: {came} kamen, aktiv in den Wochen danach: {stayed}",
);
const GAPS: Text = text(
    "{n} times nothing was heard for a while; numbers of then are not complete.",
    "{n}-mal war eine Weile nichts zu hören; Zahlen von dann sind nicht vollständig.",
);
const MADE_UP: Text = text(
    "{n} messages of then were counted afterwards.",
    "{n} Nachrichten von dann wurden nachträglich gezählt.",
);
const ZONE: Text = text("Days of {zone}", "Tage nach {zone}");
const ERASED: Text = text("an erased member", "ein gelöschtes Mitglied");

options! {
    pub struct Show {
        days: Option<u32> = Opt::new(
            text("days", "tage"),
            text("How many days, 14 otherwise", "Wie viele Tage, sonst 14"),
        )
        .between(1, MAX_STATS_DAYS as i64),
        view: Option<String> = Opt::new(
            text("view", "ansicht"),
            text("How it is shown", "Wie es gezeigt wird"),
        )
        .choices(VIEWS),
    }
}

const REPORT: &str = "report";
const VIEWS: &[Choice] = &[Choice {
    value: REPORT,
    title: text(
        "the report of the week, as it is posted",
        "der Bericht der Woche, wie er gepostet wird",
    ),
}];

impl Verb for Show {
    const SPEC: Spec = Spec::new(
        text("stats", "statistik"),
        text("What went on in this community", "Was in dieser Community los war"),
    )
    .needs(Permission::ViewRecords)
    .private()
    .every(Duration::from_secs(5))
    .examples(&["/stats", "/stats days:90", "/stats view:report"]);

    async fn run(self, ctx: Ctx) -> Answer {
        if self.view.as_deref() == Some(REPORT) {
            let week = ctx.actions().report_now(ctx.guild(), &ctx.caller).await?;
            let (reply, chart) = report::told(ctx.lang(), &week);
            let shows = report::shows(&chart);
            let painted = ctx.edge.studio.paint(chart).await;
            return Ok(reply.picture("report.png", painted, shows));
        }
        let days = self.days.unwrap_or(DEFAULT_STATS_DAYS);
        let stats = ctx.actions().stats(ctx.guild(), &ctx.caller, days).await?;
        let chart = chart(&ctx, &stats);
        let figures = chart.figures.iter().map(|(name, number)| format!("{name}: {number}"));
        let shows = figures.collect::<Vec<_>>().join(", ");
        let painted = ctx.edge.studio.paint(chart).await;
        Ok(told(&ctx, &stats).picture("stats.png", painted, shows))
    }
}

/// Messages and active members, day by day.
fn chart(ctx: &Ctx, stats: &Stats) -> pictures::Chart {
    let n = |count: i64| number(ctx.lang(), count);
    let sum = |pick: &dyn Fn(&Day) -> i64| stats.days.iter().map(pick).sum::<i64>();
    let line = |pick: &dyn Fn(&Day) -> i64| stats.days.iter().map(pick).collect::<Vec<_>>();
    let came = format!("+{} −{}", n(sum(&|day| day.sums.joins)), n(sum(&|day| day.sums.leaves)));
    let day = |place: usize| stats.days.get(place).map_or(String::new(), |day| day.day.to_string());
    let last = stats.days.len().saturating_sub(1);
    // In days of UTC: near enough for a mark in a picture.
    let is_blind = |day: &Day| {
        stats.gaps.iter().any(|gap| (gap.from.utc_day()..=gap.until.utc_day()).contains(&day.day))
    };
    let places = (0..).zip(&stats.days).filter(|(_, day)| is_blind(day));
    pictures::Chart {
        title: ctx.fill(TITLE, &[("days", &stats.days.len())]),
        note: ctx.fill(ZONE, &[("zone", &stats.time_zone)]),
        figures: vec![
            (ctx.say(MESSAGES), n(sum(&|day| day.sums.messages))),
            (ctx.say(ACTIVE), n(stats.monthly.cast_signed())),
            (ctx.say(VOICE), n(sum(&|day| day.sums.voice_micros) / 60_000_000)),
            (ctx.say(MEMBERS), came),
        ],
        first: (ctx.say(MESSAGES), line(&|day| day.sums.messages)),
        second: (ctx.say(ACTIVE), line(&|day| day.active.cast_signed())),
        labels: [day(0), day(last / 2), day(last)],
        gaps: places.map(|(place, _)| place).collect(),
    }
}

fn told(ctx: &Ctx, stats: &Stats) -> Reply {
    let sum = |pick: &dyn Fn(&projections::activity::slots::Sums) -> i64| {
        stats.days.iter().map(|day| pick(&day.sums)).sum::<i64>()
    };
    let n = |count: i64| number(ctx.lang(), count);
    let active = ctx.fill(
        ACTIVE_LINE,
        &[("daily", &stats.daily), ("weekly", &stats.weekly), ("monthly", &stats.monthly)],
    );
    let channels =
        stats.top_channels.iter().map(|(channel, sum)| format!("<#{channel}> {}", n(*sum)));
    let writers = stats.top_members.iter().map(|(user, sum)| {
        let who = user.map_or_else(|| ctx.say(ERASED), |user| format!("<@{user}>"));
        format!("{who} {}", n(*sum))
    });
    let (joins, leaves) = (sum(&|sums| sums.joins), sum(&|sums| sums.leaves));
    let days = stats.days.len();
    let mut reply = Reply::default()
        .title(ctx.fill(TITLE, &[("days", &days)]))
        .field(ctx.say(ACTIVE), active)
        .field(ctx.say(MESSAGES), n(sum(&|sums| sums.messages)))
        .field(ctx.say(VOICE), n(sum(&|sums| sums.voice_micros) / 60_000_000))
        .field(ctx.say(MEMBERS), format!("+{} −{}", n(joins), n(leaves)))
        .field(ctx.say(COMMANDS), n(sum(&|sums| sums.commands)))
        .field(ctx.say(CHANNELS), channels.collect::<Vec<_>>().join("\n"))
        .field(ctx.say(WRITERS), writers.collect::<Vec<_>>().join("\n"))
        .field(ctx.say(BUSIEST), busiest(ctx, stats))
        .field(ctx.say(RETENTION), retention(ctx, stats));
    if !stats.gaps.is_empty() {
        reply.body = ctx.fill(GAPS, &[("n", &stats.gaps.len())]);
        let made_up: i64 =
            stats.gaps.iter().filter_map(|gap| gap.recovered).map(|one| one.messages).sum();
        if made_up > 0 {
            reply.body.push(' ');
            reply.body.push_str(&ctx.fill(MADE_UP, &[("n", &made_up)]));
        }
    }
    reply.footer(ctx.fill(ZONE, &[("zone", &stats.time_zone)]))
}

/// Hours of the week in which most is written, the busiest first.
fn busiest(ctx: &Ctx, stats: &Stats) -> String {
    const SHOWN: usize = 3;
    let hours = stats.heatmap.iter().zip(WEEK).flat_map(|(hours, day)| {
        (0..).zip(hours).map(move |(hour, sum): (u32, &i64)| (*sum, day, hour))
    });
    let mut hours: Vec<_> = hours.filter(|(sum, ..)| *sum > 0).collect();
    hours.sort_by_key(|(sum, ..)| std::cmp::Reverse(*sum));
    let line = |(sum, day, hour): &(i64, Text, u32)| {
        let hour = ctx.fill(BUSY_HOUR, &[("day", &ctx.say(*day)), ("hour", hour)]);
        format!("{hour} · {}", number(ctx.lang(), *sum))
    };
    hours.iter().take(SHOWN).map(line).collect::<Vec<_>>().join("\n")
}

fn retention(ctx: &Ctx, stats: &Stats) -> String {
    let mut lines = String::new();
    for cohort in &stats.cohorts {
        let stayed: Vec<_> = cohort.stayed.iter().map(ToString::to_string).collect();
        let stayed = stayed.join(", ");
        let words: &[(&str, &dyn std::fmt::Display)] =
            &[("week", &cohort.week), ("came", &cohort.came), ("stayed", &stayed)];
        let _ = writeln!(lines, "{}", ctx.fill(COHORT, words));
    }
    lines
}
