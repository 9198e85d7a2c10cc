//! The report of a week, as it is posted and as `/stats view:report` shows it: nobody's name is in
//! it. Each number stands beside that of the week before.

use actions::activity::{Anomaly, Beside, Oddity, Report};

use super::{
    reply::Reply,
    text::{Lang, Text, number, text},
};

const TITLE: Text = text("The week from {first} to {last}", "Die Woche vom {first} bis {last}");
const MESSAGES: Text = text("Messages", "Nachrichten");
const ACTIVE: Text = text("Active members", "Aktive Mitglieder");
const VOICE: Text = text("Minutes in voice", "Minuten in Sprachkanälen");
const JOINS: Text = text("Came", "Gekommen");
const LEAVES: Text = text("Went", "Gegangen");
const COMMANDS: Text = text("Commands", "Befehle");
const CHANNELS: Text = text("Where most was written", "Wo am meisten geschrieben wurde");
const ODD: Text = text("What stood out", "Was auffiel");
const BESIDE: Text = text("**{now}** ({change})", "**{now}** ({change})");
const AS_BEFORE: Text = text("as the week before", "wie in der Woche davor");
const MORE: Text = text("{percent} % more", "{percent} % mehr");
const LESS: Text = text("{percent} % less", "{percent} % weniger");
const NONE_BEFORE: Text = text("none the week before", "in der Woche davor nichts");
const SURGE: Text = text(
    "{when}: {count} joins, where {usual} are usual",
    "{when}: {count} Beitritte, wo {usual} üblich sind",
);
const SILENCE: Text = text(
    "{when} to {until}: {count} messages, where {usual} are usual",
    "{when} bis {until}: {count} Nachrichten, wo {usual} üblich sind",
);
const GAPS: Text = text(
    "{n} times nothing was heard for a while; numbers of then are not complete.",
    "{n}-mal war eine Weile nichts zu hören; Zahlen von dann sind nicht vollständig.",
);
const MADE_UP: Text = text(
    "{n} messages of then were counted afterwards.",
    "{n} Nachrichten von dann wurden nachträglich gezählt.",
);
const NOTHING: Text =
    text("Nothing was heard in this week.", "In dieser Woche war nichts zu hören.");
const ZONE: Text = text("Days of {zone}", "Tage nach {zone}");

const MAX_ODD: usize = 5;

/// What it says, and the picture beside it.
pub fn told(lang: Lang, report: &Report) -> (Reply, pictures::Chart) {
    let beside = |beside: Beside| compared(lang, beside);
    let (first, last) = (report.first, report.last);
    let channels = report.top_channels.iter();
    let channels = channels.map(|(channel, sum)| format!("<#{channel}> {}", number(lang, *sum)));
    let mut reply = Reply::default()
        .title(TITLE.fill(lang, &[("first", &first), ("last", &last)]))
        .field(MESSAGES.say(lang), beside(report.messages))
        .field(ACTIVE.say(lang), beside(report.active))
        .field(VOICE.say(lang), beside(report.voice_minutes))
        .field(JOINS.say(lang), beside(report.joins))
        .field(LEAVES.say(lang), beside(report.leaves))
        .field(COMMANDS.say(lang), beside(report.commands))
        .field(CHANNELS.say(lang), channels.collect::<Vec<_>>().join("\n"));
    let odd = report.anomalies.iter().rev().take(MAX_ODD).map(|one| stood_out(lang, one));
    let odd: Vec<_> = odd.collect();
    if !odd.is_empty() {
        reply = reply.field(ODD.say(lang), odd.join("\n"));
    }
    if !report.gaps.is_empty() {
        reply.body = GAPS.fill(lang, &[("n", &report.gaps.len())]);
        let made_up: i64 =
            report.gaps.iter().filter_map(|gap| gap.recovered).map(|one| one.messages).sum();
        if made_up > 0 {
            reply.body.push(' ');
            reply.body.push_str(&MADE_UP.fill(lang, &[("n", &made_up)]));
        }
    } else if report.messages.now == 0 && report.active.now == 0 {
        NOTHING.say(lang).clone_into(&mut reply.body);
    }
    let zone = ZONE.fill(lang, &[("zone", &report.time_zone)]);
    (reply.footer(zone), chart(lang, report))
}

/// The same in one line, for whoever does not see the picture.
pub fn shows(chart: &pictures::Chart) -> String {
    let figures = chart.figures.iter().map(|(name, number)| format!("{name}: {number}"));
    figures.collect::<Vec<_>>().join(", ")
}

fn compared(lang: Lang, Beside { now, before }: Beside) -> String {
    let change = if now == before {
        AS_BEFORE.say(lang).to_owned()
    } else if before == 0 {
        NONE_BEFORE.say(lang).to_owned()
    } else {
        let percent = (now - before).abs().saturating_mul(100) / before.abs();
        let line = if now > before { MORE } else { LESS };
        line.fill(lang, &[("percent", &number(lang, percent))])
    };
    BESIDE.fill(lang, &[("now", &number(lang, now)), ("change", &change)])
}

fn stood_out(lang: Lang, anomaly: &Anomaly) -> String {
    let moment = |at: domain::Timestamp| format!("<t:{}:f>", at.as_secs());
    let line = match anomaly.what {
        Oddity::Joins => SURGE,
        Oddity::Silence => SILENCE,
    };
    line.fill(
        lang,
        &[
            ("when", &moment(anomaly.from)),
            ("until", &moment(anomaly.until)),
            ("count", &number(lang, anomaly.count)),
            ("usual", &number(lang, anomaly.usual)),
        ],
    )
}

fn chart(lang: Lang, report: &Report) -> pictures::Chart {
    let n = |count: i64| number(lang, count);
    let days: Vec<_> = report.days().collect();
    let label = |place: usize| days.get(place).map_or(String::new(), ToString::to_string);
    // In days of UTC: near enough for a mark in a picture.
    let is_blind = |day: &domain::UtcDay| {
        report.gaps.iter().any(|gap| (gap.from.utc_day()..=gap.until.utc_day()).contains(day))
    };
    let gaps = days.iter().enumerate().filter(|(_, day)| is_blind(day));
    pictures::Chart {
        title: TITLE.fill(lang, &[("first", &report.first), ("last", &report.last)]),
        note: ZONE.fill(lang, &[("zone", &report.time_zone)]),
        figures: vec![
            (MESSAGES.say(lang).to_owned(), n(report.messages.now)),
            (ACTIVE.say(lang).to_owned(), n(report.active.now)),
            (VOICE.say(lang).to_owned(), n(report.voice_minutes.now)),
            (COMMANDS.say(lang).to_owned(), n(report.commands.now)),
        ],
        first: (MESSAGES.say(lang).to_owned(), report.messages_by_day.clone()),
        second: (ACTIVE.say(lang).to_owned(), report.active_by_day.clone()),
        labels: [label(0), label(days.len() / 2), label(days.len().saturating_sub(1))],
        gaps: gaps.map(|(place, _)| place).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_two_weeks_then_each_number_stands_beside_the_one_before() {
        let said = |now, before| compared(Lang::En, Beside { now, before });
        assert_eq!(said(1_200, 800), "**1,200** (50 % more)");
        assert_eq!(said(600, 800), "**600** (25 % less)");
        assert_eq!(said(0, 0), "**0** (as the week before)");
        assert_eq!(said(7, 0), "**7** (none the week before)");
        assert_eq!(compared(Lang::De, Beside { now: 0, before: 4 }), "**0** (100 % weniger)");
    }
}
