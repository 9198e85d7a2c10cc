//! How codes are written. Case, spaces and dashes do not matter, and letters that look like digits
//! are those digits, so that a code that is read out or copied by hand is found.

use domain::{CampaignId, digest::Digest};

use crate::ActionError;

const MIN_CHARS: usize = 4;
const MAX_CHARS: usize = 32;
/// Of a code that is made here: 60 bits.
const MADE_CHARS: usize = 12;
const GROUP: usize = 4;
/// Without letters that look like others.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// What the community's keys are for; whoever changes the forms below changes these.
pub(super) const HASHED: &str = "reeve.codes.hashed.1";
pub(super) const MADE: &str = "reeve.codes.made.1";

/// As it is hashed.
pub(super) fn tidy(code: &str) -> Result<String, ActionError> {
    let significant = code.chars().filter(|c| !matches!(c, '-' | ' '));
    let tidy: String = significant.take(MAX_CHARS + 1).map(same).collect();
    let fits = (MIN_CHARS..=MAX_CHARS).contains(&tidy.len());
    if fits && tidy.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(tidy);
    }
    Err(ActionError::Refused {
        rule: "codes.text_invalid",
        text: format!(
            "A code has {MIN_CHARS} to {MAX_CHARS} letters from A to Z and digits; dashes and \
             spaces do not count."
        ),
    })
}

fn same(character: char) -> char {
    match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

/// One of the codes of a campaign, the same however often it is made.
pub(super) fn made(key: &[u8; 32], campaign: CampaignId, number: u32) -> String {
    let digest = Digest::keyed(key, &[campaign.0.as_bytes(), &number.to_be_bytes()]);
    let mut bits = digest.first_u64();
    let mut code = String::with_capacity(MADE_CHARS);
    for _ in 0..MADE_CHARS {
        code.push(char::from(ALPHABET[usize::try_from(bits % 32).unwrap_or(0)]));
        bits /= 32;
    }
    code
}

/// As people are shown it: `7KQ2-M9XD-R4TB`. What somebody chose stays as short as it is.
pub(super) fn grouped(code: &str) -> String {
    if code.len() != MADE_CHARS {
        return code.to_owned();
    }
    let groups: Vec<_> =
        (0..code.len()).step_by(GROUP).filter_map(|at| code.get(at..at + GROUP)).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn given_a_code_as_people_write_it_then_it_is_the_same_code() {
        let tidied = tidy("welcome-2026").unwrap();
        for written in ["WELCOME2026", "We1c0me 2O26", "--welcome  2026"] {
            assert_eq!(tidy(written).unwrap(), tidied);
        }
        for bad in ["", "abc", "a-b-c", &"x".repeat(33), "straße-1", "code!", "ab\ncd"] {
            assert!(tidy(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn given_a_campaign_then_its_codes_differ_are_made_again_and_read_back() {
        let campaign = CampaignId(uuid::Uuid::from_u128(7));
        let code = |key: u8, number| made(&[key; 32], campaign, number);
        let codes: HashSet<_> = (0..1_000).map(|number| code(1, number)).collect();
        assert_eq!(codes.len(), 1_000);
        assert_eq!(code(1, 5), code(1, 5));
        assert_ne!(code(1, 5), code(2, 5), "without the key nobody makes them");
        let shown = grouped(&code(1, 5));
        assert_eq!((shown.len(), tidy(&shown).unwrap()), (14, code(1, 5)));
        assert_eq!(grouped("WELC0ME"), "WELC0ME");
    }
}
