//! Times as other bots store them.

use domain::Timestamp;

/// RFC 3339, `2024-01-31 10:00:00` with or without a fraction and an offset in whole hours, or
/// seconds, milliseconds or microseconds since 1970. Without an offset it is UTC.
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let number = text.strip_prefix('-').unwrap_or(text);
    let parsed = if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok().and_then(since_1970)
    } else {
        moment(text)
    };
    parsed.ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        format!("a time looks like 2024-01-31T10:00:00Z or 1706695200, not {shown:?}")
    })
}

fn since_1970(number: i64) -> Option<Timestamp> {
    let micros = match number.unsigned_abs() {
        0..100_000_000_000 => number.checked_mul(1_000_000)?,
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000)?,
        _ => number,
    };
    Some(Timestamp::from_micros(micros))
}

fn moment(text: &str) -> Option<Timestamp> {
    if !text.is_ascii() || text.len() < 10 {
        return None;
    }
    let (local, offset_secs) = match text[10..].find(['+', '-', 'Z']) {
        None => (text, 0),
        Some(at) => {
            let (local, offset) = text.split_at(10 + at);
            (local, offset_secs(offset)?)
        }
    };
    let local = match local.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{}", &fraction[..fraction.len().min(6)]),
        None => local.to_owned(),
    };
    let utc = if local.len() == 10 { local } else { format!("{local}Z") };
    Some(utc.parse::<Timestamp>().ok()?.plus_secs(-offset_secs))
}

/// `Z`, `+00`, `-05:00`, `+0530`
fn offset_secs(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = (if text.starts_with('-') { -1 } else { 1 }, &text[1..]);
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 =
        digits.get(2..).filter(|m| !m.is_empty()).map_or(Some(0), |m| m.parse().ok())?;
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_other_stores_are_understood() {
        for text in [
            "2024-01-31T10:00:00Z",
            "2024-01-31 10:00:00",
            "2024-01-31 10:00:00.000000000",
            "2024-01-31 10:00:00+00",
            "2024-01-31 12:00:00+02:00",
            "2024-01-31 04:30:00.0-0530",
            "1706695200",
            "1706695200000",
            "1706695200000000",
        ] {
            let parsed = parse(text).unwrap().to_string();
            assert_eq!(parsed, "2024-01-31T10:00:00.000000Z", "{text}");
        }
        assert_eq!(parse("2024-01-31").unwrap().to_string(), "2024-01-31T00:00:00.000000Z");
        for bad in ["", "now", "31.01.2024", "2024-01-31 10:00:00+99", "2024-13-01", "1e9"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
