//! A moment of a guild's history, as people name one.

use std::{fmt, str::FromStr};

use crate::Timestamp;

/// `#1234`, `2026-11-20T18:04:05Z`, `2d ago` or `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After this event of the guild: its sequence counts 1, 2, 3 …
    Seq(u64),
    At(Timestamp),
    /// So many seconds before now.
    Ago(i64),
    Now,
}

/// A moment once the clock has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    Seq(u64),
    Time(Timestamp),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a moment looks like #1234 (the guild's event of that number), 2026-11-20T18:04:05Z, \
     2026-11-20, 90m ago, 2d ago or now; not {found:?}"
)]
pub struct InvalidMoment {
    found: String,
}

/// No community is older than Discord: further back is a slip of the keyboard.
const MOST_SECS_AGO: i64 = 100 * 365 * 86_400;

impl Moment {
    pub const fn point(self, now: Timestamp) -> Point {
        match self {
            Self::Seq(seq) => Point::Seq(seq),
            Self::At(time) => Point::Time(time),
            Self::Ago(secs) => Point::Time(now.plus_secs(-secs)),
            Self::Now => Point::Time(now),
        }
    }
}

impl FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        let trimmed = text.trim();
        let parse = || {
            if trimmed.eq_ignore_ascii_case("now") {
                return Some(Self::Now);
            }
            if let Some(number) = trimmed.strip_prefix('#').or_else(|| trimmed.strip_prefix("seq:"))
            {
                let digits = number.bytes().all(|byte| byte.is_ascii_digit());
                return digits.then(|| number.parse().ok())?.map(Self::Seq);
            }
            if let Some(length) = trimmed.strip_suffix("ago") {
                return seconds(length.trim()).map(Self::Ago);
            }
            trimmed.parse().ok().map(Self::At)
        };
        parse().ok_or_else(|| InvalidMoment { found: text.chars().take(40).collect() })
    }
}

/// `2d`, `2 days`, `90min`.
fn seconds(length: &str) -> Option<i64> {
    let unit_at = length.find(|c: char| !c.is_ascii_digit())?;
    let count: i64 = length[..unit_at].parse().ok()?;
    let unit = match length[unit_at..].trim() {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 7 * 86_400,
        _ => return None,
    };
    count.checked_mul(unit).filter(|secs| *secs <= MOST_SECS_AGO)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seq(seq) => write!(f, "#{seq}"),
            Self::At(time) => time.fmt(f),
            Self::Ago(secs) => write!(f, "{secs}s ago"),
            Self::Now => f.write_str("now"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_moments_as_people_write_them_then_each_is_understood() {
        let at = |text: &str| Moment::At(text.parse().expect("a time"));
        for (text, expected) in [
            ("#1234", Moment::Seq(1_234)),
            ("seq:7", Moment::Seq(7)),
            ("#0", Moment::Seq(0)),
            ("2026-11-20T18:04:05Z", at("2026-11-20T18:04:05Z")),
            (" 2026-11-20 ", at("2026-11-20")),
            ("2d ago", Moment::Ago(172_800)),
            ("2 days ago", Moment::Ago(172_800)),
            ("90 min ago", Moment::Ago(5_400)),
            ("1week ago", Moment::Ago(604_800)),
            ("0s ago", Moment::Ago(0)),
            ("Now", Moment::Now),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn given_anything_else_then_the_answer_shows_how_a_moment_looks() {
        for bad in [
            "",
            "#",
            "#-1",
            "#+1",
            "1234",
            "yesterday",
            "ago",
            "d ago",
            "2 ago",
            "2y ago",
            "-2d ago",
            "2.5d ago",
            "9999999999999d ago",
            "40000d ago",
            "2026-13-01",
            "#1 ago",
            "٢d ago",
        ] {
            let error = bad.parse::<Moment>().expect_err(bad).to_string();
            assert!(error.contains("2d ago") && error.contains("#1234"), "{error}");
        }
    }

    #[test]
    fn given_the_clock_then_a_moment_is_a_point() {
        let now = Timestamp::from_secs(1_000_000);
        assert_eq!(Moment::Ago(60).point(now), Point::Time(Timestamp::from_secs(999_940)));
        assert_eq!(Moment::Now.point(now), Point::Time(now));
        assert_eq!(Moment::Seq(3).point(now), Point::Seq(3));
    }

    #[test]
    fn given_a_moment_then_its_text_means_the_same() {
        for moment in
            [Moment::Seq(5), Moment::Ago(61), Moment::Now, Moment::At(Timestamp::from_secs(9))]
        {
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }
}
