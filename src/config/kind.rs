//! The kinds of values: what each allows, in words and in code.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::secret::{KeyBytes, Secret};

/// What a setting may be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Boolean,
    /// A whole number, bounds included.
    Integer {
        min: u64,
        max: u64,
    },
    /// A whole number with a unit: `250ms`, `5s`, `10m`, `1h`.
    Duration {
        min: Duration,
        max: Duration,
    },
    /// A whole number with a binary unit: `512KiB`, `64MiB`, `1GiB`.
    Size {
        min: u64,
        max: u64,
    },
    Choice(&'static [&'static str]),
    /// Words out of these, at least one, separated by commas.
    Words(&'static [&'static str]),
    /// Any number of lower-case names, separated by commas.
    Names,
    /// Any number of Discord ids, separated by commas.
    Ids,
    /// Any number of places that a browser's page comes from: scheme, host and port, and no path.
    Origins,
    /// Any number of commands with how long somebody waits for the next one: `bytes send=5s`.
    Cooldowns,
    /// An address that starts with one of these schemes. Always read as a [`Secret`].
    Url(&'static [&'static str]),
    /// What somebody signs in with. Always read as a [`Secret`].
    Token,
    /// How many connections to Discord, and which of them.
    Shards,
    Path,
    /// An IP address and a port to listen on.
    Address,
    /// Log levels, for everything and per module.
    LogFilter,
    Key,
    /// One to 32 lower-case letters, digits and underscores.
    Namespace,
}

/// A value that its kind allows.
pub(super) enum Value {
    Boolean(bool),
    /// Also a size, in bytes.
    Integer(u64),
    Duration(Duration),
    /// A choice or a log filter.
    Text(String),
    /// A list.
    Words(Vec<String>),
    Secret(Secret),
    Path(PathBuf),
    Address(SocketAddr),
    Key(KeyBytes),
}

const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
const SIZES: &[(&str, u64)] = &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
/// Discord's largest bots have far fewer.
const MAX_SHARDS: u32 = 65_536;
const MAX_COOLDOWN_SECS: u32 = 30 * 86_400;
/// `ms` before `m` and `s`, so that the longer unit is tried first.
const TIMES: &[(&str, u64)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Kind {
    /// The value that `text` stands for, or nothing when it is not allowed.
    pub(super) fn parse(&self, text: &str) -> Option<Value> {
        Some(match self {
            Self::Boolean => Value::Boolean(text.parse().ok()?),
            Self::Integer { min, max } => Value::Integer(within(text.parse().ok()?, min, max)?),
            Self::Duration { min, max } => {
                let duration = Duration::from_millis(with_unit(text, TIMES)?);
                Value::Duration(within(duration, min, max)?)
            }
            Self::Size { min, max } => Value::Integer(within(with_unit(text, SIZES)?, min, max)?),
            Self::Choice(words) => words.contains(&text).then(|| Value::Text(text.to_owned()))?,
            Self::Words(allowed) => {
                let words = words(text);
                let good = !words.is_empty() && words.iter().all(|w| allowed.contains(&w.as_str()));
                good.then_some(Value::Words(words))?
            }
            Self::Names => {
                let words = words(text);
                words.iter().all(|word| is_name(word)).then_some(Value::Words(words))?
            }
            Self::Ids => {
                let words = words(text);
                words.iter().all(|word| is_id(word)).then_some(Value::Words(words))?
            }
            Self::Origins => {
                let words = words(text);
                words.iter().all(|word| is_origin(word)).then_some(Value::Words(words))?
            }
            Self::Cooldowns => {
                let words = words(text);
                words.iter().all(|word| cooldown(word).is_some()).then_some(Value::Words(words))?
            }
            Self::Url(schemes) => {
                let (scheme, rest) = text.split_once("://")?;
                let good = schemes.contains(&scheme)
                    && !rest.is_empty()
                    && !text.contains(|c: char| c.is_whitespace() || c.is_control());
                good.then(|| Value::Secret(Secret::new(text)))?
            }
            Self::Token => {
                let good = !text.contains(|c: char| c.is_whitespace() || c.is_control());
                good.then(|| Value::Secret(Secret::new(text)))?
            }
            Self::Shards => shards(text).map(|_| Value::Text(text.to_owned()))?,
            Self::Path => (!text.contains('\0')).then(|| Value::Path(PathBuf::from(text)))?,
            Self::Address => Value::Address(text.parse().ok()?),
            // Without the spaces, which the subscriber would take for part of a name.
            Self::LogFilter => is_log_filter(text).then(|| Value::Text(text.replace(' ', "")))?,
            Self::Key => Value::Key(KeyBytes::parse(text)?),
            Self::Namespace => is_namespace(text).then(|| Value::Text(text.to_owned()))?,
        })
    }

    /// What is allowed, as the end of a sentence.
    pub fn allowed(&self) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Duration { min, max } => format!(
                "a duration with its unit (ms, s, m, h, d) from {} to {}",
                in_unit(millis(*min), TIMES),
                in_unit(millis(*max), TIMES)
            ),
            Self::Size { min, max } => format!(
                "a size with its unit (B, KiB, MiB, GiB) from {} to {}",
                in_unit(*min, SIZES),
                in_unit(*max, SIZES)
            ),
            Self::Choice(words) => one_of(words),
            Self::Words(words) => format!("a list of {}, separated by commas", one_of(words)),
            Self::Names => "a list of names in a-z, 0-9, _ and -, separated by commas".to_owned(),
            Self::Url(schemes) => {
                let starts: Vec<String> = schemes.iter().map(|s| format!("{s}://")).collect();
                format!("a URL that starts with {}", one_of(&starts))
            }
            Self::Ids => "a list of Discord ids, separated by commas".to_owned(),
            Self::Origins => {
                "a list of origins such as https://example.org, separated by commas".to_owned()
            }
            Self::Cooldowns => "a list such as help=5s,bytes heap=1m, each at most 30d".to_owned(),
            Self::Token => "a text without spaces".to_owned(),
            Self::Shards => {
                format!("auto, a number from 1 to {MAX_SHARDS}, or some of them such as 0-1/4")
            }
            Self::Path => "a path".to_owned(),
            Self::Address => "an IP address and a port, such as 127.0.0.1:8080".to_owned(),
            Self::LogFilter => format!(
                "levels ({}), alone or per module, such as info,eventlog=debug",
                LEVELS.join(", ")
            ),
            Self::Key => KeyBytes::ALLOWED.to_owned(),
            Self::Namespace => "1 to 32 characters in a-z, 0-9 and _".to_owned(),
        }
    }

    /// Whether `reeve.toml` writes it as an array.
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::Words(_) | Self::Names | Self::Ids | Self::Origins | Self::Cooldowns)
    }
}

fn within<T: PartialOrd>(value: T, min: &T, max: &T) -> Option<T> {
    (*min <= value && value <= *max).then_some(value)
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number, factor)))?;
    // `parse` alone would also take "+5".
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.parse::<u64>().ok()?.checked_mul(*factor)).flatten()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// In the largest unit that divides it.
fn in_unit(amount: u64, units: &[(&str, u64)]) -> String {
    let exact = units.iter().filter(|(_, factor)| amount.is_multiple_of(*factor));
    let (unit, factor) = exact
        .filter(|(_, factor)| amount >= *factor)
        .max_by_key(|(_, factor)| *factor)
        .unwrap_or(&units[1]);
    format!("{}{unit}", amount / factor)
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn is_name(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}

fn is_id(word: &str) -> bool {
    word.parse::<domain::UserId>().is_ok()
}

/// As browsers write it: nothing behind the port, nothing in upper case.
fn is_origin(word: &str) -> bool {
    let host = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b))
    })
}

/// The command's name and the seconds.
pub(super) fn cooldown(text: &str) -> Option<(String, u32)> {
    let (name, length) = text.split_once('=')?;
    let secs = domain::text::parse_duration(length).filter(|secs| *secs <= MAX_COOLDOWN_SECS)?;
    let name = name.trim();
    let allowed = |word: &str| !word.is_empty() && is_name(word);
    name.split(' ').all(allowed).then(|| (name.to_owned(), secs))
}

/// The first and the last shard, and how many there are in all; none for `auto`.
#[expect(clippy::option_option, reason = "not allowed, auto, or these")]
pub(super) fn shards(text: &str) -> Option<Option<(u32, u32, u32)>> {
    if text == "auto" {
        return Some(None);
    }
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| !text.starts_with('+'));
    let (range, all) = match text.split_once('/') {
        Some((range, all)) => (Some(range), number(all)?),
        None => (None, number(text)?),
    };
    let (first, last) = match range.map(|range| range.split_once('-')) {
        None => (0, all.checked_sub(1)?),
        Some(None) => return None,
        Some(Some((first, last))) => (number(first)?, number(last)?),
    };
    let good = (1..=MAX_SHARDS).contains(&all) && first <= last && last < all;
    good.then_some(Some((first, last, all)))
}

fn is_namespace(text: &str) -> bool {
    (1..=32).contains(&text.len()) && is_name(text) && !text.contains('-')
}

/// A bare word that is not a level would be a module at its loudest: "inof" turns everything else
/// off without a word. So a module always names its level.
fn is_log_filter(text: &str) -> bool {
    let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    let is_module = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:-".contains(&b))
    };
    text.split(',').map(str::trim).all(|directive| match directive.split_once('=') {
        Some((module, level)) => is_module(module) && is_level(level),
        None => is_level(directive),
    })
}

fn one_of(words: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        let joint = match at {
            0 => "",
            _ if at + 1 == words.len() => " or ",
            _ => ", ",
        };
        let _ = write!(text, "{joint}{}", word.as_ref());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Kind = Kind::Duration { min: Duration::ZERO, max: Duration::from_mins(1) };
    const SIZE: Kind = Kind::Size { min: 1 << 10, max: 1 << 34 };

    fn refuses(kind: Kind, texts: &[&str]) {
        for text in texts {
            assert!(kind.parse(text).is_none(), "{kind:?} took {text:?}");
        }
    }

    #[test]
    fn given_durations_and_sizes_then_reads_their_units() {
        for (text, expected) in [("250ms", 250), ("5s", 5_000), ("1m", 60_000), ("0s", 0)] {
            let Some(Value::Duration(found)) = MINUTE.parse(text) else { panic!("{text}") };
            assert_eq!(found.as_millis(), expected);
        }
        for (text, expected) in [("1024B", 1 << 10), ("256MiB", 1 << 28), ("16GiB", 1 << 34)] {
            let Some(Value::Integer(found)) = SIZE.parse(text) else { panic!("{text}") };
            assert_eq!(found, expected);
        }
        refuses(MINUTE, &["5", "s", "-5s", "+5s", "1.5s", "5 s", "2m", "5S", "99999999999999999d"]);
        refuses(SIZE, &["64", "64MB", "64mib", "1B", "17GiB", "99999999999999999999GiB"]);
        assert_eq!(MINUTE.allowed(), "a duration with its unit (ms, s, m, h, d) from 0s to 1m");
        assert_eq!(SIZE.allowed(), "a size with its unit (B, KiB, MiB, GiB) from 1KiB to 16GiB");
    }

    // proves: OPS-05
    #[test]
    fn given_log_filter_then_takes_levels_per_module_and_refuses_misspelt_ones() {
        for text in ["info", "off", "INFO", "info,eventlog=debug", "warn, reeve::http=trace"] {
            let Some(Value::Text(filter)) = Kind::LogFilter.parse(text) else { panic!("{text}") };
            tracing_subscriber::EnvFilter::try_new(filter).unwrap();
        }
        refuses(Kind::LogFilter, &["", "inof", "eventlog", "eventlog=loud", "=info", "info,"]);
    }

    #[test]
    fn given_other_kinds_then_refuses_what_they_do_not_allow() {
        refuses(Kind::Boolean, &["", "yes", "1", "True"]);
        refuses(Kind::Integer { min: 1, max: 9 }, &["0", "10", "-1", "1.0", "x"]);
        refuses(Kind::Address, &["8080", "localhost:8080", "127.0.0.1", "127.0.0.1:99999"]);
        refuses(Kind::Words(&["a", "b"]), &["", ",", "a,c"]);
        refuses(Kind::Names, &["Loud", "two words"]);
        refuses(Kind::Ids, &["0", "x", "1,-2", "18446744073709551616"]);
        refuses(
            Kind::Origins,
            &["*", "null", "example.org", "https://", "https://a.b/", "https://A.b", "ftp://a.b"],
        );
        refuses(Kind::Cooldowns, &["help", "help=", "=5s", "Help=5s", "help=31d", "a  b=1s"]);
        assert_eq!(cooldown("bytes send=1m"), Some(("bytes send".to_owned(), 60)));
        refuses(Kind::Token, &["a b", "a\nb"]);
        refuses(Kind::Shards, &["", "0", "-1", "+4", "4/4", "2-1/4", "0-4/4", "65537", "0-/4"]);
        assert_eq!(shards("auto"), Some(None));
        assert_eq!(shards("4"), Some(Some((0, 3, 4))));
        assert_eq!(shards("1-2/4"), Some(Some((1, 2, 4))));
        refuses(Kind::Namespace, &["", "a-b", "A", "a.b", &"x".repeat(33)]);
        refuses(Kind::Url(&["redis", "rediss"]), &["redis", "redis://", "http://x", "redis://a b"]);
        assert_eq!(Kind::Choice(&["a", "b", "c"]).allowed(), "a, b or c");
        assert_eq!(
            Kind::Url(&["redis", "rediss"]).allowed(),
            "a URL that starts with redis:// or rediss://"
        );
    }
}
