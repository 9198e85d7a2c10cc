//! Days and hours as a community counts them: in its own time zone, with its summer time.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use domain::{Timestamp, UtcDay};
use projections::activity::Slot;

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
        let days = u64::from(day.0.unsigned_abs());
        let date = NaiveDate::default();
        let date = if day.0 < 0 {
            date.checked_sub_days(Days::new(days))
        } else {
            date.checked_add_days(Days::new(days))
        };
        let midnight = date.unwrap_or_default().and_time(NaiveTime::MIN);
        // No zone leaves out more than a day at once.
        let first = (0..=96).find_map(|quarters| {
            let moment = midnight + chrono::TimeDelta::minutes(15 * quarters);
            self.0.from_local_datetime(&moment).earliest()
        });
        let secs = first.map_or_else(|| midnight.and_utc().timestamp(), |at| at.timestamp());
        Timestamp::from_secs(secs)
    }

    /// The slots of a day: from the first to the one after the last.
    pub fn slots(self, day: UtcDay) -> (Slot, Slot) {
        (Slot::of(self.begins(day)), Slot::of(self.begins(day.next())))
    }

    fn local(self, at: Timestamp) -> DateTime<Tz> {
        let utc = DateTime::from_timestamp(at.as_secs(), 0).unwrap_or_default();
        utc.with_timezone(&self.0)
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
}
