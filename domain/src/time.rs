//! Moments and UTC days. The clock itself is an argument: see `Timestamp` in commands.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::DISCORD_EPOCH_MILLIS;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Microseconds since 1970 in UTC. RFC 3339 in JSON and on screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// Days since 1970-01-01 in UTC. `2026-11-20` in JSON and on screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UtcDay(pub i32);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time looks like {expected}, not {found:?}")]
pub struct InvalidTime {
    expected: &'static str,
    found: String,
}

impl Timestamp {
    /// Before everything: what "never yet" means where a state keeps the last time of something.
    pub const NEVER: Self = Self(i64::MIN);

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * MICROS_PER_SECOND)
    }

    /// When Discord made what has this id: it stands in the id.
    pub const fn of_snowflake(id: u64) -> Self {
        let millis = (id >> 22) + DISCORD_EPOCH_MILLIS;
        Self(millis.cast_signed().saturating_mul(1_000))
    }

    /// The first id that Discord could give at this moment.
    pub const fn first_snowflake(self) -> u64 {
        let millis = (self.0 / 1_000).saturating_sub(DISCORD_EPOCH_MILLIS.cast_signed());
        if millis < 0 { 0 } else { millis.cast_unsigned() << 22 }
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    pub fn utc_day(self) -> UtcDay {
        UtcDay(i32::try_from(self.0.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MIN))
    }

    pub const fn plus_secs(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(MICROS_PER_SECOND)))
    }

    /// Seconds from `earlier` to this moment, rounded up; zero when `earlier` is later.
    pub const fn secs_since(self, earlier: Self) -> i64 {
        let micros = self.0.saturating_sub(earlier.0);
        if micros <= 0 { 0 } else { (micros - 1) / MICROS_PER_SECOND + 1 }
    }
}

impl UtcDay {
    pub const NEVER: Self = Self(i32::MIN);

    pub const fn start(self) -> Timestamp {
        Timestamp((self.0 as i64).saturating_mul(MICROS_PER_DAY))
    }

    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The Monday of this day's ISO week: weekly boards begin at Monday 00:00 UTC.
    pub const fn week_start(self) -> Self {
        // 1970-01-01 was a Thursday: three days after a Monday.
        Self(self.0 - (self.0 + 3).rem_euclid(7))
    }

    /// Howard Hinnant's civil-from-days, over 400-year eras.
    /// The first of its month.
    pub fn month_start(self) -> Self {
        let (_, _, day) = self.civil();
        Self(self.0 - i32::try_from(day - 1).unwrap_or(0))
    }

    fn civil(self) -> (i64, i64, i64) {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    fn from_civil(year: i64, month: i64, day: i64) -> Option<Self> {
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted.rem_euclid(400);
        let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let made = Self(i32::try_from(era * 146_097 + day_of_era - 719_468).ok()?);
        (made.civil() == (year, month, day)).then_some(made)
    }
}

impl fmt::Display for UtcDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let secs = micros / MICROS_PER_SECOND;
        let (hour, minute, second) = (secs / 3600, secs / 60 % 60, secs % 60);
        let fraction = micros % MICROS_PER_SECOND;
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z", self.utc_day())
    }
}

impl FromStr for UtcDay {
    type Err = InvalidTime;
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let parse = || {
            let [year, month, day] = fixed_numbers(text, [(0, 4), (5, 2), (8, 2)])?;
            (text.len() == 10 && &text[4..5] == "-" && &text[7..8] == "-").then_some(())?;
            Self::from_civil(year, month, day)
        };
        parse().ok_or_else(|| InvalidTime { expected: "2026-11-20", found: excerpt(text) })
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTime;
    /// RFC 3339 in UTC (`…Z`), with up to six digits of fraction; a bare day is its first moment.
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let parse = || {
            let day: UtcDay = text.get(..10)?.parse().ok()?;
            let Some(clock) = text[10..].strip_prefix(['T', ' ']) else {
                return (text.len() == 10).then_some(day.start());
            };
            let clock = clock.strip_suffix('Z')?;
            let [hour, minute, second] = fixed_numbers(clock, [(0, 2), (3, 2), (6, 2)])?;
            let valid = hour < 24 && minute < 60 && second < 60;
            (valid && &clock[2..3] == ":" && &clock[5..6] == ":").then_some(())?;
            let fraction = match clock[8..].strip_prefix('.') {
                None if clock.len() == 8 => 0,
                Some(digits)
                    if (1..=6).contains(&digits.len())
                        && digits.bytes().all(|b| b.is_ascii_digit()) =>
                {
                    format!("{digits:0<6}").parse::<i64>().ok()?
                }
                _ => return None,
            };
            let secs = hour * 3600 + minute * 60 + second;
            Some(Self(day.start().0 + secs * MICROS_PER_SECOND + fraction))
        };
        parse()
            .ok_or_else(|| InvalidTime { expected: "2026-11-20T18:04:05Z", found: excerpt(text) })
    }
}

/// Unsigned numbers at fixed places; none unless all of them are ASCII digits.
fn fixed_numbers<const N: usize>(text: &str, places: [(usize, usize); N]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    if !text.is_ascii() {
        return None;
    }
    for (number, (start, length)) in numbers.iter_mut().zip(places) {
        let digits = text.get(start..start + length)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
        *number = digits.parse().ok()?;
    }
    Some(numbers)
}

fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

macro_rules! as_text_in_json {
    ($name:ident, $raw:ty, $format:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    crate::text::parsed(deserializer)
                } else {
                    <$raw>::deserialize(deserializer).map(Self)
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format })
            }
        }
    };
}

as_text_in_json!(Timestamp, i64, "date-time");
as_text_in_json!(UtcDay, i32, "date");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn given_an_id_then_it_tells_when_it_was_made() {
        // The example of Discord's own documentation.
        let made = Timestamp::of_snowflake(175_928_847_299_117_063);
        assert_eq!(made.to_string(), "2016-04-30T11:18:25.796000Z");
        assert_eq!(made.first_snowflake(), 175_928_847_299_117_063 >> 22 << 22);
        assert_eq!(Timestamp::from_secs(0).first_snowflake(), 0, "before there was a Discord");
    }

    #[test]
    fn known_moments_read_as_written() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_795_132_799, "2026-11-19T23:59:59.000000Z"),
            (-1, "1969-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(Timestamp::from_secs(secs).to_string(), text);
            assert_eq!(text.parse::<Timestamp>().unwrap(), Timestamp::from_secs(secs));
        }
        assert_eq!("2026-11-20".parse::<Timestamp>().unwrap().as_secs(), 1_795_132_800);
    }

    #[test]
    fn weeks_begin_on_monday() {
        let friday: UtcDay = "2026-11-20".parse().unwrap();
        assert_eq!(friday.week_start().to_string(), "2026-11-16");
        assert_eq!(friday.week_start().week_start(), friday.week_start());
    }

    #[test]
    fn given_text_that_is_no_time_then_shows_an_example() {
        for bad in ["", "now", "2026-13-01", "2026-02-30T00:00:00Z", "2026-11-20T24:00:00Z", "٢"] {
            let error = bad.parse::<Timestamp>().unwrap_err().to_string();
            assert!(error.contains("2026-11-20T18:04:05Z"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_survives_its_text(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000) {
            let moment = Timestamp::from_micros(micros);
            prop_assert_eq!(moment.to_string().parse::<Timestamp>().unwrap(), moment);
        }
    }
}
