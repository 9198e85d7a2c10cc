//! Days and hours as a community counts them: in its own time zone, with its summer time.

use chrono::{
    DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeZone as _,
    Timelike as _,
};
use chrono_tz::Tz;
use domain::{Timestamp, UtcDay};
use projections::activity::{
    SLOT_SECS, Slot,
    series::{MAX_SPANS, Segment, Spans},
};

/// How long the spans of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Every {
    Hour,
    Day,
    /// From Monday.
    Week,
    Month,
}

/// Hours of the longest day that there is, with its two changes of the clock.
const MOST_HOURS: usize = 26;

/// A community's calendar.
#[derive(Clone, Copy, Debug)]
pub struct Calendar(Tz);

impl Calendar {
    /// None where no time zone has this name.
    pub fn of(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    pub const fn utc() -> Self {
        Self(Tz::UTC)
    }

    /// The day that this moment lies in.
    pub fn day(self, at: Timestamp) -> UtcDay {
        let day = self.local(at).date_naive();
        UtcDay(day.signed_duration_since(NaiveDate::default()).num_days().try_into().unwrap_or(0))
    }

    /// The day of the week, from Monday at 0, and the hour.
    pub fn hour(self, at: Timestamp) -> (usize, usize) {
        let local = self.local(at);
        (local.weekday().num_days_from_monday() as usize, local.hour() as usize)
    }

    /// When a day begins: with the first moment that is called so. Where midnight is left out for
    /// summer time, that is later; where it comes twice, it is the first.
    pub fn begins(self, day: UtcDay) -> Timestamp {
        self.first_from(date_of(day).and_time(NaiveTime::MIN))
    }

    /// When a day's clock shows an hour for the first time; where that is left out for summer time,
    /// what comes next.
    pub fn at(self, day: UtcDay, hour: u32) -> Timestamp {
        let hour = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or(NaiveTime::MIN);
        self.first_from(date_of(day).and_time(hour))
    }

    fn first_from(self, moment: NaiveDateTime) -> Timestamp {
        // No zone leaves out more than a day at once.
        let first = (0..=96).find_map(|quarters| {
            let moment = moment + chrono::TimeDelta::minutes(15 * quarters);
            self.0.from_local_datetime(&moment).earliest()
        });
        let secs = first.map_or_else(|| moment.and_utc().timestamp(), |at| at.timestamp());
        Timestamp::from_secs(secs)
    }

    /// The slots of a day: from the first to the one after the last.
    pub fn slots(self, day: UtcDay) -> (Slot, Slot) {
        (Slot::of(self.begins(day)), Slot::of(self.begins(day.next())))
    }

    /// From one day to another, both with them, in hours, days, weeks or months; the first and the
    /// last are cut where a week or a month is longer. Where summer time ends, an hour comes twice
    /// and is two spans. None where these would be more than a chart has.
    pub fn spans(self, first: UtcDay, last: UtcDay, every: Every) -> Option<Spans> {
        let days = usize::try_from(i64::from(last.0) - i64::from(first.0) + 1).ok()?;
        let most = match every {
            Every::Hour => MAX_SPANS.div_ceil(MOST_HOURS - 2),
            Every::Day => MAX_SPANS,
            Every::Week => MAX_SPANS * 7,
            Every::Month => MAX_SPANS * 28,
        };
        if days > most {
            return None;
        }
        let mut spans = Vec::new();
        let mut day = first;
        while day <= last {
            let next = UtcDay(every.next(day).0.min(last.next().0));
            let (from, until) = (Slot::of(self.begins(day)), Slot::of(self.begins(next)));
            match every {
                Every::Hour => {
                    let hour = |from: i64| (Slot(from), Slot((from + 4).min(until.0)));
                    spans.extend((from.0..until.0).step_by(4).map(hour));
                }
                Every::Day | Every::Week | Every::Month => spans.push((from, until)),
            }
            day = next;
        }
        Spans::new(spans)
    }

    /// The time from one day to another, both with them, cut where the clock was changed.
    pub fn segments(self, first: UtcDay, last: UtcDay) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::new();
        let mut add = |from: Slot, until: Slot, ahead: i64| match segments.last_mut() {
            Some(segment) if segment.2 == ahead => segment.1 = until,
            _ => segments.push((from, until, ahead)),
        };
        for day in (first.0..=last.0).map(UtcDay) {
            let (from, until) = self.slots(day);
            if self.ahead(from) == self.ahead(until) {
                add(from, until, self.ahead(from));
            } else {
                for slot in from.0..until.0 {
                    add(Slot(slot), Slot(slot + 1), self.ahead(Slot(slot)));
                }
            }
        }
        segments
    }

    /// So many weeks before this one, and this one, each with when it begins and ends.
    pub fn weeks(self, today: UtcDay, before: u32) -> Vec<(UtcDay, (Timestamp, Timestamp))> {
        let this = today.week_start();
        let week = |ago: u32| {
            let week = UtcDay(this.0.saturating_sub_unsigned(7 * ago));
            (week, (self.begins(week), self.begins(UtcDay(week.0 + 7))))
        };
        (0..=before).rev().map(week).collect()
    }

    /// By how many slots the clock is ahead of UTC.
    fn ahead(self, slot: Slot) -> i64 {
        i64::from(self.local(slot.start()).offset().fix().local_minus_utc()).div_euclid(SLOT_SECS)
    }

    fn local(self, at: Timestamp) -> DateTime<Tz> {
        let utc = DateTime::from_timestamp(at.as_secs(), 0).unwrap_or_default();
        utc.with_timezone(&self.0)
    }
}

fn date_of(day: UtcDay) -> NaiveDate {
    let (date, days) = (NaiveDate::default(), Days::new(u64::from(day.0.unsigned_abs())));
    let date = if day.0 < 0 { date.checked_sub_days(days) } else { date.checked_add_days(days) };
    date.unwrap_or_default()
}

impl Every {
    /// The first day of the span after the one that this day lies in.
    fn next(self, day: UtcDay) -> UtcDay {
        match self {
            Self::Hour | Self::Day => day.next(),
            Self::Week => UtcDay(day.week_start().0 + 7),
            Self::Month => UtcDay(day.month_start().0 + 31).month_start(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn day(text: &str) -> UtcDay {
        text.parse().unwrap()
    }

    // proves: ANA-01, ANA-07
    #[test]
    fn given_summer_time_then_days_have_23_or_25_hours_and_none_is_left_out() {
        let berlin = Calendar::of("Europe/Berlin").unwrap();
        let hours = |text: &str| {
            let (from, until) = berlin.slots(day(text));
            (until.0 - from.0) / 4
        };
        assert_eq!(hours("2026-03-28"), 24);
        assert_eq!((hours("2026-03-29"), hours("2026-10-25")), (23, 25));
        assert_eq!(berlin.begins(day("2026-03-29")), at("2026-03-28T23:00:00Z"));
        assert_eq!(berlin.begins(day("2026-03-30")), at("2026-03-29T22:00:00Z"));
        assert_eq!(berlin.day(at("2026-07-01T22:30:00Z")), day("2026-07-02"));
        assert_eq!(berlin.hour(at("2026-07-05T22:30:00Z")), (0, 0), "a Monday has begun");
    }

    #[test]
    fn given_odd_zones_then_days_begin_where_they_do() {
        let kathmandu = Calendar::of("Asia/Kathmandu").unwrap();
        assert_eq!(kathmandu.begins(day("2026-05-02")), at("2026-05-01T18:15:00Z"));
        // Midnight is left out there.
        let santiago = Calendar::of("America/Santiago").unwrap();
        assert_eq!(santiago.begins(day("2026-09-06")), at("2026-09-06T04:00:00Z"));
        assert!(Calendar::of("Europe/Atlantis").is_none());
        for days in (-800..20_000).step_by(97) {
            for calendar in [kathmandu, santiago, Calendar::utc()] {
                let begins = calendar.begins(UtcDay(days));
                assert_eq!(calendar.day(begins), UtcDay(days));
                assert!(calendar.day(begins.plus_secs(-1)) < UtcDay(days));
            }
        }
    }

    // proves: ANA-01, ANA-07
    #[test]
    fn given_any_span_then_charts_leave_nothing_out_and_count_nothing_twice() {
        let zones = ["UTC", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu"];
        let zones = zones.iter().chain(&["Australia/Lord_Howe", "Pacific/Apia"]);
        for zone in zones {
            let calendar = Calendar::of(zone).unwrap();
            for (first, last) in [("2026-03-20", "2026-04-20"), ("2026-10-20", "2026-11-02")] {
                for every in [Every::Hour, Every::Day, Every::Week, Every::Month] {
                    let spans = calendar.spans(day(first), day(last), every).unwrap();
                    let mut next = calendar.slots(day(first)).0;
                    for (from, until) in spans.all() {
                        assert_eq!(*from, next, "{zone} {every:?}");
                        assert!(from < until, "{zone} {every:?}");
                        next = *until;
                    }
                    assert_eq!(next, calendar.slots(day(last)).1, "{zone} {every:?}");
                }
            }
        }
        let berlin = Calendar::of("Europe/Berlin").unwrap();
        let count = |first, last, every| berlin.spans(day(first), day(last), every).unwrap();
        assert_eq!(count("2026-10-25", "2026-10-25", Every::Hour).all().len(), 25);
        assert_eq!(count("2026-03-29", "2026-03-29", Every::Hour).all().len(), 23);
        let months = count("2026-01-31", "2026-03-01", Every::Month);
        let begin = |text| Slot::of(berlin.begins(day(text)));
        let expected = ["2026-01-31", "2026-02-01", "2026-03-01", "2026-03-02"].map(begin);
        assert_eq!(months.all(), expected.windows(2).map(|w| (w[0], w[1])).collect::<Vec<_>>());
        assert_eq!(count("2026-11-18", "2026-11-24", Every::Week).all().len(), 2);
        assert!(berlin.spans(day("2026-01-01"), day("2026-03-01"), Every::Hour).is_none());
        assert!(berlin.spans(day("2026-01-02"), day("2026-01-01"), Every::Day).is_none());
    }

    // proves: ANA-01
    #[test]
    fn given_a_changed_clock_then_each_quarter_lies_in_the_hour_that_it_was() {
        for zone in ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "UTC"] {
            let calendar = Calendar::of(zone).unwrap();
            let (first, last) = (day("2026-03-20"), day("2026-11-10"));
            let segments = calendar.segments(first, last);
            assert!(segments.len() <= 4, "{zone}: {segments:?}");
            let mut next = calendar.slots(first).0;
            for (from, until, ahead) in segments {
                assert_eq!(from, next);
                for slot in from.0..until.0 {
                    let (weekday, hour) = calendar.hour(Slot(slot).start());
                    let found = (slot + ahead + 3 * 96).rem_euclid(672) / 4;
                    assert_eq!(found, i64::try_from(weekday * 24 + hour).unwrap(), "{zone}");
                }
                next = until;
            }
            assert_eq!(next, calendar.slots(last).1);
        }
    }
}
