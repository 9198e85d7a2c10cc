//! Values as text: numbers and waiting times as people write them, and values that are text in
//! JSON, read without an intermediate allocation.

use std::{fmt, fmt::Display, marker::PhantomData, str::FromStr};

use serde::{Deserializer, de};

pub(crate) fn parsed<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    struct Text<T>(PhantomData<T>);

    impl<T: FromStr<Err: Display>> de::Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text(PhantomData))
}

/// With a comma between the thousands.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const UNITS: [(&str, u32); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// A length of time in full, as [`parse_duration`] reads it: `1d 12h`.
pub fn duration(secs: u32) -> String {
    if secs == 0 {
        return "0s".to_owned();
    }
    let mut rest = secs;
    let mut parts = Vec::new();
    for (unit, length) in UNITS {
        if rest >= length {
            parts.push(format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    parts.join(" ")
}

/// `90s`, `5m`, `1d 12h`, `2 days`, `2w`; a bare number is seconds.
pub fn parse_duration(text: &str) -> Option<u32> {
    let mut rest = text.trim();
    if let Ok(secs) = rest.parse::<u32>() {
        return Some(secs);
    }
    let mut total = 0_u32;
    let mut smallest = u32::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u32 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let length = match rest[..letters].to_ascii_lowercase().as_str() {
            "w" | "week" | "weeks" => 604_800,
            "d" | "day" | "days" => 86_400,
            "h" | "hour" | "hours" => 3_600,
            "m" | "min" | "minute" | "minutes" => 60,
            "s" | "sec" | "second" | "seconds" => 1,
            _ => return None,
        };
        // Largest first, each once: "5m 2h" is more likely a slip than a wish.
        if length >= smallest {
            return None;
        }
        smallest = length;
        total = total.checked_add(number.checked_mul(length)?)?;
        rest = rest[letters..].trim_start();
    }
    (smallest < u32::MAX).then_some(total)
}

/// A waiting time as people say it: the two largest units.
#[derive(Clone, Copy, Debug)]
pub struct Wait(pub i64);

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0;
        let (days, hours, minutes) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{secs} s"),
            (0, 0, _) => write!(f, "{minutes} min {} s", secs % 60),
            (0, _, _) => write!(f, "{hours} h {minutes} min"),
            _ => write!(f, "{days} d {hours} h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_lengths_of_time_as_people_write_them_then_they_are_read_and_written_back() {
        for (text, secs, back) in [
            ("90s", 90, "1m 30s"),
            ("1d 12h", 129_600, "1d 12h"),
            ("1d12h", 129_600, "1d 12h"),
            ("2 days", 172_800, "2d"),
            ("2w", 1_209_600, "14d"),
            ("1 week 2d", 777_600, "9d"),
            ("5 MIN", 300, "5m"),
            ("0", 0, "0s"),
            ("86400", 86_400, "1d"),
        ] {
            assert_eq!(parse_duration(text), Some(secs), "{text}");
            assert_eq!(duration(secs), back);
            assert_eq!(parse_duration(back), Some(secs));
        }
        for bad in ["", "h", "1x", "5m 2h", "1d 1d", "-5s", "1.5h", "99999999999d", "50000d 1h"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(grouped(i64::MIN), "-9,223,372,036,854,775,808");
    }
}
