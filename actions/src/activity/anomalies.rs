//! Hours that are not like others: so many joins as in a raid, or sudden silence.
//!
//! An hour is held against the same hour of the week in the eight weeks before it, by the
//! community's clock: against their median *m*, and the median *d* of how far they are from it, at
//! least 1. Few odd weeks move neither.
//!
//! - A surge of joins: at least [`LEAST_JOINS`], and more than *m* + 9 *d* (six standard deviations
//!   where numbers are spread as they mostly are).
//! - Silence: at most a tenth of *m* messages and less than *m* − 4.5 *d*, where *m* is at least
//!   [`LEAST_USUAL`], for two hours or longer.
//!
//! Hours in which nobody looked for a while are held against nothing, and nothing against them:
//! a gap of observation is never silence. Nor is what lies behind the last thing that was heard: it
//! may become a gap yet.

use std::collections::VecDeque;

use domain::{GuildId, Timestamp, UtcDay};
use projections::{
    ReadStore,
    activity::{
        Slot,
        slots::{self, MAX_GAPS},
    },
};

use super::calendar::Calendar;
use crate::ActionError;

/// Days of which hours are judged at once, up to the last that was asked for.
pub const MAX_ANOMALY_DAYS: i32 = 92;
const WEEKS: usize = 8;
/// With fewer weeks nobody knows yet what is usual.
const LEAST_WEEKS: usize = 3;
const LEAST_JOINS: i64 = 10;
const LEAST_USUAL: i64 = 12;
const LEAST_SILENT_HOURS: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// So many came at once.
    Joins,
    /// Hardly anybody wrote, where many do.
    Silence,
}

/// A stretch of hours that are not like others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anomaly {
    pub what: Oddity,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Joins, or messages, in that time; and how many there usually are.
    pub count: i64,
    pub usual: i64,
}

/// One hour of a community.
#[derive(Clone, Copy, Debug)]
struct Hour {
    from: Slot,
    until: Slot,
    /// From Monday's first at 0.
    of_week: usize,
    joins: i64,
    messages: i64,
    /// Nobody looked in all of it, or it may yet turn out that nobody did.
    is_blind: bool,
    is_asked: bool,
}

/// What stands out in these days, the oldest first.
pub async fn anomalies(
    store: &ReadStore,
    guild: GuildId,
    calendar: Calendar,
    (first, last): (UtcDay, UtcDay),
) -> Result<Vec<Anomaly>, ActionError> {
    let first = UtcDay(first.0.max(last.0.saturating_sub(MAX_ANOMALY_DAYS - 1)));
    let begin = UtcDay(first.0.saturating_sub(7 * i32::try_from(WEEKS).unwrap_or(0)));
    let (from, until) = (calendar.slots(begin).0, calendar.slots(last).1);
    let told = slots::between(store, guild, from, until).await?;
    let gaps = slots::gaps(store, guild, from, until).await?;
    let gaps: Vec<_> = gaps.iter().map(|gap| (gap.from, gap.until)).collect();
    let (Some((heard_from, _)), Some((heard_until, _))) = (told.first(), told.last()) else {
        return Ok(Vec::new());
    };
    let mut hours = Vec::new();
    for day in (begin.0..=last.0).map(UtcDay) {
        let (from, until) = calendar.slots(day);
        for slot in (from.0..until.0).step_by(4) {
            let (from, until) = (Slot(slot), Slot((slot + 4).min(until.0)));
            // Before the first thing that is known of, and behind the last, nothing is known.
            if until <= *heard_from || until > *heard_until {
                continue;
            }
            let (day_of_week, hour) = calendar.hour(from.start());
            let of_week = day_of_week * 24 + hour;
            let is_asked = day >= first;
            let is_blind = is_blind(&gaps, from, until);
            hours.push(Hour { from, until, of_week, joins: 0, messages: 0, is_blind, is_asked });
        }
    }
    let mut told = told.into_iter().peekable();
    for hour in &mut hours {
        while let Some((_, sums)) = told.next_if(|(slot, _)| *slot < hour.until) {
            hour.joins += sums.joins;
            hour.messages += sums.messages;
        }
    }
    Ok(marked(&hours))
}

/// Of many gaps only the first are told: behind those, nothing is known.
fn is_blind(gaps: &[(Timestamp, Timestamp)], from: Slot, until: Slot) -> bool {
    let (from, until) = (from.start(), until.start());
    let is_within = |(begin, end): &(Timestamp, Timestamp)| *begin < until && *end > from;
    let is_behind =
        gaps.len() >= MAX_GAPS as usize && gaps.last().is_some_and(|(begin, _)| *begin < until);
    is_behind || gaps.iter().any(is_within)
}

fn marked(hours: &[Hour]) -> Vec<Anomaly> {
    let mut weeks = vec![VecDeque::<(i64, i64)>::with_capacity(WEEKS); 7 * 24];
    let (mut found, mut silent) = (Vec::new(), Vec::new());
    for hour in hours {
        let before = &mut weeks[hour.of_week % (7 * 24)];
        let usual = (before.len() >= LEAST_WEEKS && !hour.is_blind && hour.is_asked).then(|| {
            (Usual::of(before.iter().map(|b| b.0)), Usual::of(before.iter().map(|b| b.1)))
        });
        if !hour.is_blind {
            if before.len() == WEEKS {
                before.pop_front();
            }
            before.push_back((hour.joins, hour.messages));
        }
        let (mut is_surge, mut is_silent) = (None, None);
        if let Some((joins, messages)) = usual {
            is_surge = joins.is_far_below(hour.joins).then_some(joins.median);
            is_silent = messages.is_far_above(hour.messages).then_some(messages.median);
        }
        if let Some(median) = is_surge {
            longer(&mut found, Oddity::Joins, hour, hour.joins, median);
        }
        match is_silent {
            Some(median) => silent.push((*hour, median)),
            None => end_silence(&mut silent, &mut found),
        }
    }
    end_silence(&mut silent, &mut found);
    found.sort_by_key(|anomaly| anomaly.from);
    found
}

fn end_silence(silent: &mut Vec<(Hour, i64)>, found: &mut Vec<Anomaly>) {
    let hours = std::mem::take(silent);
    if hours.len() >= LEAST_SILENT_HOURS {
        for (hour, median) in &hours {
            longer(found, Oddity::Silence, hour, hour.messages, *median);
        }
    }
}

/// One hour more of the one before, or the first of another.
fn longer(found: &mut Vec<Anomaly>, what: Oddity, hour: &Hour, count: i64, usual: i64) {
    let (from, until) = (hour.from.start(), hour.until.start());
    let before = found.iter_mut().rev().find(|anomaly| anomaly.what == what);
    match before.filter(|anomaly| anomaly.until == from) {
        Some(anomaly) => {
            anomaly.until = until;
            anomaly.count += count;
            anomaly.usual += usual;
        }
        None => found.push(Anomaly { what, from, until, count, usual }),
    }
}

/// What an hour mostly comes to, and how far from it.
#[derive(Clone, Copy, Debug)]
struct Usual {
    median: i64,
    deviation: i64,
}

impl Usual {
    fn of(counts: impl Iterator<Item = i64>) -> Self {
        let mut counts: Vec<_> = counts.collect();
        let median = middle(&mut counts);
        let mut off: Vec<_> = counts.iter().map(|count| (count - median).abs()).collect();
        Self { median, deviation: middle(&mut off).max(1) }
    }

    const fn is_far_below(self, joins: i64) -> bool {
        joins >= LEAST_JOINS && joins > self.median + 9 * self.deviation
    }

    const fn is_far_above(self, messages: i64) -> bool {
        self.median >= LEAST_USUAL
            && messages * 10 <= self.median
            && 2 * messages < 2 * self.median - 9 * self.deviation
    }
}

/// Of an even number the lower one.
fn middle(counts: &mut [i64]) -> i64 {
    counts.sort_unstable();
    counts.get(counts.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten weeks of a community that writes 40 messages in each hour, and has a join in every third.
    fn plain_weeks() -> Vec<Hour> {
        let hour = |n: i64| Hour {
            from: Slot(4 * n),
            until: Slot(4 * n + 4),
            of_week: usize::try_from(n).unwrap() % (7 * 24),
            joins: i64::from(n % 3 == 0),
            messages: 36 + (n * 577) % 9,
            is_blind: false,
            is_asked: n >= 8 * 7 * 24,
        };
        (0..10 * 7 * 24).map(hour).collect()
    }

    fn told(hours: &[Hour]) -> Vec<(Oddity, i64, i64)> {
        let at = |at: Timestamp| at.as_secs() / 3_600;
        let found = marked(hours).into_iter();
        found.map(|one| (one.what, at(one.from), at(one.until))).collect()
    }

    #[test]
    fn given_weeks_as_all_others_then_nothing_stands_out() {
        assert_eq!(told(&plain_weeks()), []);
        // One odd week before does not make the usual odd.
        let mut hours = plain_weeks();
        for hour in &mut hours[700..868] {
            (hour.joins, hour.messages) = (500, 0);
        }
        assert_eq!(told(&hours), []);
    }

    #[test]
    fn given_a_raid_and_a_silence_then_both_are_marked_as_long_as_they_last() {
        let mut hours = plain_weeks();
        for hour in &mut hours[1_500..1_502] {
            hour.joins = 60;
        }
        for hour in &mut hours[1_550..1_555] {
            hour.messages = 2;
        }
        // Not far enough, and not long enough.
        hours[1_600].joins = 9;
        hours[1_610].messages = 0;
        hours[1_620].messages = 12;
        hours[1_621].messages = 12;
        let expected = [(Oddity::Joins, 1_500, 1_502), (Oddity::Silence, 1_550, 1_555)];
        assert_eq!(told(&hours), expected);
        let raid = marked(&hours)[0];
        assert_eq!((raid.count, raid.usual < 3), (120, true));
    }

    #[test]
    fn given_any_silence_in_which_nobody_looked_then_it_is_none() {
        for (from, until) in [(1_400, 1_450), (1_500, 1_501), (1_344, 1_680)] {
            let mut hours = plain_weeks();
            for hour in &mut hours[from..until] {
                (hour.messages, hour.is_blind) = (0, true);
            }
            assert_eq!(told(&hours), [], "{from} to {until}");
        }
        // Hours of which nobody knew are no measure of others either.
        let mut hours = plain_weeks();
        for hour in &mut hours[200..1_300] {
            (hour.messages, hour.joins, hour.is_blind) = (0, 0, true);
        }
        for hour in &mut hours[1_400..1_403] {
            hour.messages = 0;
        }
        assert_eq!(told(&hours), [], "with one week nobody knows what is usual");
    }

    #[test]
    fn given_gaps_then_every_hour_that_they_touch_is_blind() {
        let at = |slot: i64, secs: i64| Slot(slot).start().plus_secs(secs);
        let gaps = [(at(8, 10), at(8, 20)), (at(16, 0), at(20, 1))];
        let blind = |slot: i64| is_blind(&gaps, Slot(slot), Slot(slot + 4));
        let all: Vec<_> = (0..7).map(|hour| blind(4 * hour)).collect();
        assert_eq!(all, [false, false, true, false, true, true, false]);
        let many = vec![gaps[0]; MAX_GAPS as usize];
        assert!(!is_blind(&many, Slot(0), Slot(4)) && is_blind(&many, Slot(400), Slot(404)));
    }
}
