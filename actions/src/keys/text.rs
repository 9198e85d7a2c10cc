//! A key as its owner holds it: `reeve_`, then 60 letters and digits. They say whose community it is
//! of, 256 random bits, and a checksum, so that scanners find a key that lies where it should not,
//! and a mistyped one costs no look at the log.
//!
//! `reeve_` ‖ the community's id in base 62, 11 digits ‖ the random bits in base 62, 43 digits ‖ the
//! first 32 bits of SHA-256 over everything before in base 62, 6 digits.

use domain::{GuildId, digest::Digest};

pub const PREFIX: &str = "reeve_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const GUILD_DIGITS: usize = 11;
const SECRET_DIGITS: usize = 43;
const CHECK_DIGITS: usize = 6;
const LONG: usize = PREFIX.len() + GUILD_DIGITS + SECRET_DIGITS + CHECK_DIGITS;

/// A fresh one.
pub fn fresh(guild: GuildId) -> String {
    of(guild, &rand::random())
}

fn of(guild: GuildId, secret: &[u8; 32]) -> String {
    let mut text = PREFIX.to_owned();
    text.push_str(&digits(&guild.get().to_be_bytes(), GUILD_DIGITS));
    text.push_str(&digits(secret, SECRET_DIGITS));
    let check = check(&text);
    text + &check
}

/// What is kept of it.
pub fn hash(text: &str) -> Digest {
    Digest::of(&[text.as_bytes()])
}

/// The community that it says it is of; none where this is no key of ours.
pub fn guild(text: &str) -> Option<GuildId> {
    if text.len() != LONG || !text.is_ascii() {
        return None;
    }
    let rest = text.strip_prefix(PREFIX)?;
    let (before, given) = text.split_at(LONG - CHECK_DIGITS);
    if check(before) != given || !rest.bytes().all(|digit| DIGITS.contains(&digit)) {
        return None;
    }
    let mut id: u64 = 0;
    for digit in rest.bytes().take(GUILD_DIGITS) {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        id = id.checked_mul(62)?.checked_add(value as u64)?;
    }
    GuildId::new(id).ok()
}

fn check(text: &str) -> String {
    digits(&hash(text).0[..4], CHECK_DIGITS)
}

/// A number of any length in base 62, with zeros before it.
fn digits(number: &[u8], many: usize) -> String {
    let mut rest = number.to_vec();
    let mut text = vec![b'0'; many];
    for place in text.iter_mut().rev() {
        let mut carry: u32 = 0;
        for byte in &mut rest {
            let value = carry * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(0);
            carry = value % 62;
        }
        *place = DIGITS[carry as usize];
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> GuildId {
        GuildId::new(1_107_318_246_137_131_070).unwrap()
    }

    #[test]
    fn given_a_fresh_key_then_it_tells_its_community_and_no_two_are_the_same() {
        let (one, other) = (fresh(place()), fresh(place()));
        assert_ne!(one, other);
        assert_ne!(hash(&one), hash(&other));
        assert_eq!((one.len(), guild(&one)), (LONG, Some(place())));
        let largest = GuildId::new(i64::MAX.cast_unsigned()).unwrap();
        assert_eq!(guild(&fresh(largest)), Some(largest));
    }

    #[test]
    fn given_known_bits_then_the_text_is_the_documented_one() {
        assert_eq!(
            of(place(), &[0xff; 32]),
            "reeve_1JnWogbr2ooyhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp10ww5vP"
        );
        assert_eq!(digits(&[0], 3), "000");
        assert_eq!(digits(&[61], 1), "z");
        assert_eq!(digits(&[62], 2), "10");
    }

    #[test]
    fn given_a_text_that_is_no_key_then_nothing_is_read_from_it() {
        let key = fresh(place());
        let mistyped = |at: usize| {
            let mut bytes = key.clone().into_bytes();
            bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
            String::from_utf8(bytes).unwrap()
        };
        let accented = format!("{}é", &key[..key.len() - 2]);
        let wrong = [mistyped(7), mistyped(30), mistyped(LONG - 1), mistyped(0), accented];
        for wrong in wrong.iter().map(String::as_str).chain(["", "reeve_", &key[1..]]) {
            assert_eq!(guild(wrong), None, "{wrong:?}");
        }
        let spaced = format!("{key} ");
        assert_eq!(guild(&spaced), None);
    }
}
