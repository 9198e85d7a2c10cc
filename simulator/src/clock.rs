//! What time it is in the simulated Discord: the real time, or a time that only moves when somebody
//! moves it.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

/// Handed around by cloning; all clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Real,
    Moved(watch::Sender<u64>),
}

impl Clock {
    pub fn real() -> Self {
        Self(Arc::new(Kind::Real))
    }

    /// Stands still at this moment until somebody calls [`Self::advance`].
    pub fn moved_by_hand(start_ms: u64) -> Self {
        Self(Arc::new(Kind::Moved(watch::Sender::new(start_ms))))
    }

    pub fn is_real(&self) -> bool {
        matches!(*self.0, Kind::Real)
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        match &*self.0 {
            Kind::Real => real_now_ms(),
            Kind::Moved(now) => *now.borrow(),
        }
    }

    /// Moves a clock that is moved by hand. A real one cannot be moved, and says so by `false`.
    pub fn advance(&self, by: Duration) -> bool {
        match &*self.0 {
            Kind::Real => false,
            Kind::Moved(now) => {
                let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
                now.send_modify(|now| *now = now.saturating_add(by));
                true
            }
        }
    }

    /// Comes back when it is that late, or later.
    pub async fn until(&self, ms: u64) {
        match &*self.0 {
            Kind::Real => {
                let left = ms.saturating_sub(real_now_ms());
                tokio::time::sleep(Duration::from_millis(left)).await;
            }
            Kind::Moved(now) => {
                // The sender lives as long as this clock, so waiting cannot fail.
                let _ = now.subscribe().wait_for(|now| *now >= ms).await;
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the real time")]
fn real_now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A moment as Discord writes it: `2026-11-21T09:30:00.123000+00:00`.
pub fn timestamp(ms: u64) -> String {
    let (days, of_day) = (ms / 86_400_000, ms % 86_400_000);
    let (year, month, day) = date(days);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1_000 % 60, of_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}000+00:00")
}

/// Reads a moment as clients write it: with `Z` or an offset, with or without a fraction.
pub fn read_timestamp(text: &str) -> Option<u64> {
    let (date_part, rest) = text.split_once(['T', ' '])?;
    let mut numbers = date_part.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let zone = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, offset) = rest.split_at(zone);
    let mut parts = time.splitn(3, ':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let minute: i64 = parts.next()?.parse().ok()?;
    let (second, fraction) = match parts.next() {
        Some(second) => second.split_once('.').unwrap_or((second, "")),
        None => ("0", ""),
    };
    let second: i64 = second.parse().ok()?;
    let mut milli = 0;
    for place in [100, 10, 1].into_iter().zip(fraction.bytes()) {
        milli += place.0 * i64::from(place.1.checked_sub(b'0').filter(|digit| *digit <= 9)?);
    }
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !in_range {
        return None;
    }
    let offset_ms = read_offset(offset)?;
    let ms = days_since_1970(year, month, day) * 86_400_000
        + hour * 3_600_000
        + minute * 60_000
        + second * 1_000
        + milli
        - offset_ms;
    u64::try_from(ms).ok()
}

fn read_offset(text: &str) -> Option<i64> {
    let sign = match text.bytes().next() {
        None | Some(b'Z' | b'z') => return Some(0),
        Some(b'+') => 1,
        _ => -1,
    };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let value: i64 = digits.get(..4)?.parse().ok()?;
    Some(sign * ((value / 100) * 3_600_000 + (value % 100) * 60_000))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days of the Gregorian calendar, counted in years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1;
    days - 719_468
}

fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_moments_then_they_are_written_and_read_alike() {
        let known = [
            (0, "1970-01-01T00:00:00.000000+00:00"),
            (951_782_400_123, "2000-02-29T00:00:00.123000+00:00"),
            (1_795_253_400_007, "2026-11-21T09:30:00.007000+00:00"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999000+00:00"),
        ];
        for (ms, text) in known {
            assert_eq!(timestamp(ms), text);
            assert_eq!(read_timestamp(text), Some(ms));
        }
        for day in 0..60_000 {
            let ms = day * 86_400_000 + 12_345_678;
            assert_eq!(read_timestamp(&timestamp(ms)), Some(ms));
        }
    }

    #[test]
    fn given_a_moment_in_another_zone_or_none_at_all_then_it_is_read_or_refused() {
        let moment = read_timestamp("2026-11-21T09:30:00Z");
        assert!(moment.is_some());
        assert_eq!(read_timestamp("2026-11-21T10:30:00.000+01:00"), moment);
        assert_eq!(read_timestamp("2026-11-21T04:00:00-0530"), moment);
        for text in ["", "soon", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-21T25:00"]
        {
            assert_eq!(read_timestamp(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn given_a_clock_moved_by_hand_then_who_waits_for_later_wakes_when_it_is_moved() {
        let clock = Clock::moved_by_hand(1_000);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.until(4_000).await;
                clock.now_ms()
            }
        });
        assert!(clock.advance(Duration::from_secs(1)));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(2));
        assert_eq!(waiting.await.expect("the waiter ends"), 4_000);
        assert!(!Clock::real().advance(Duration::from_secs(1)));
    }
}
