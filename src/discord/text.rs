//! What people read, in the languages we speak.
//!
//! A text stands beside what says it, in all languages at once, so that none is forgotten. Whoever
//! speaks another language gets English.

use std::fmt::{Display, Write as _};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    En,
    De,
}

impl Lang {
    /// From Discord's name of a language, such as `de` or `en-GB`.
    pub fn of(locale: &str) -> Self {
        match locale.split('-').next() {
            Some("de") => Self::De,
            _ => Self::En,
        }
    }
}

/// One text in every language. `{name}` stands for something that is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    pub en: &'static str,
    pub de: &'static str,
}

/// English, German.
pub const fn text(en: &'static str, de: &'static str) -> Text {
    Text { en, de }
}

impl Text {
    pub const fn say(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::De => self.de,
        }
    }

    pub fn fill(self, lang: Lang, with: &[(&str, &dyn Display)]) -> String {
        let mut rest = self.say(lang);
        let mut filled = String::with_capacity(rest.len() + 16 * with.len());
        while let Some(start) = rest.find('{') {
            filled.push_str(&rest[..start]);
            let after = &rest[start + 1..];
            let end = after.find('}').unwrap_or(after.len());
            let name = &after[..end];
            if let Some((_, value)) = with.iter().find(|(given, _)| *given == name) {
                let _ = write!(filled, "{value}");
            }
            rest = after.get(end + 1..).unwrap_or_default();
        }
        filled.push_str(rest);
        filled
    }

    /// The names in braces, sorted.
    #[cfg(test)]
    pub fn blanks(self, lang: Lang) -> Vec<&'static str> {
        let parts = self.say(lang).split('{').skip(1);
        let mut names: Vec<_> = parts.filter_map(|part| part.split('}').next()).collect();
        names.sort_unstable();
        names
    }
}

/// 1234567 as people of that language write it.
pub fn number(lang: Lang, number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let gap = match lang {
        Lang::En => ',',
        Lang::De => '.',
    };
    let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 1);
    if number < 0 {
        grouped.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(gap);
        }
        grouped.push(digit);
    }
    grouped
}

/// How long something takes, in its two largest units: `2 h 5 min`.
pub fn duration(lang: Lang, secs: i64) -> String {
    let units = [
        (86_400, text("d", "T")),
        (3_600, text("h", "Std.")),
        (60, text("min", "Min.")),
        (1, text("s", "Sek.")),
    ];
    let mut left = secs.max(0);
    let mut parts = Vec::new();
    for (length, name) in units {
        if left >= length && parts.len() < 2 {
            parts.push(format!("{} {}", left / length, name.say(lang)));
            left %= length;
        }
    }
    if parts.is_empty() {
        parts.push(format!("0 {}", units[3].1.say(lang)));
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_locale_of_discord_then_german_is_german_and_the_rest_english() {
        for (locale, lang) in
            [("de", Lang::De), ("en-US", Lang::En), ("en-GB", Lang::En), ("pt-BR", Lang::En)]
        {
            assert_eq!(Lang::of(locale), lang, "{locale}");
        }
        assert_eq!(Lang::of(""), Lang::En);
    }

    #[test]
    fn given_blanks_then_they_are_filled_and_unknown_ones_vanish() {
        let greeting = text("Hello {name}, {n} new.", "{n} neu, {name}.");
        let with: [(&str, &dyn Display); 2] = [("name", &"Ann"), ("n", &3)];
        assert_eq!(greeting.fill(Lang::En, &with), "Hello Ann, 3 new.");
        assert_eq!(greeting.fill(Lang::De, &with), "3 neu, Ann.");
        assert_eq!(text("{x}!", "{x}!").fill(Lang::En, &[]), "!");
        assert_eq!(text("open {x", "").fill(Lang::En, &[("x", &1)]), "open 1");
        // What is filled in is never read again as a blank.
        assert_eq!(text("{a}", "").fill(Lang::En, &[("a", &"{a}")]), "{a}");
    }

    #[test]
    fn given_numbers_and_durations_then_they_read_as_in_that_language() {
        assert_eq!(number(Lang::En, 1_234_567), "1,234,567");
        assert_eq!(number(Lang::De, -1_234), "-1.234");
        assert_eq!(number(Lang::En, 0), "0");
        assert_eq!(duration(Lang::En, 7_500), "2 h 5 min");
        assert_eq!(duration(Lang::De, 90_061), "1 T 1 Std.");
        assert_eq!(duration(Lang::En, 0), "0 s");
        assert_eq!(duration(Lang::En, -5), "0 s");
    }
}
