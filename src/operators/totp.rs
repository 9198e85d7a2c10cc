//! One-time codes (RFC 6238): six digits of an authenticator's, made of a secret and the time in
//! steps of half a minute, with HMAC-SHA-1 as all of them do.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::http::same;

const STEP_SECS: i64 = 30;
const DIGITS: usize = 6;
/// Clocks may be a step apart.
const APART: i64 = 1;
pub const SECRET_BYTES: usize = 20;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What codes are made of.
pub type Secret = [u8; SECRET_BYTES];

pub fn fresh() -> Secret {
    rand::random()
}

/// The number of a step, before it is cut to digits.
fn number(secret: &[u8], step: i64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("any length is a key");
    mac.update(&step.to_be_bytes());
    let bytes = mac.finalize().into_bytes();
    let at = usize::from(bytes[19] & 0x0f);
    let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    u32::from_be_bytes(four) & 0x7fff_ffff
}

/// The code of that moment.
pub fn code(secret: &Secret, now_secs: i64) -> String {
    of_step(secret, now_secs.div_euclid(STEP_SECS))
}

fn of_step(secret: &Secret, step: i64) -> String {
    format!("{:0DIGITS$}", number(secret, step) % 1_000_000)
}

/// The step that a code is of; none where it is wrong, or of a step that was used or passed over:
/// each code works once. Takes as long whichever it is.
pub fn step(secret: &Secret, given: &str, now_secs: i64, last_step: i64) -> Option<i64> {
    let now = now_secs.div_euclid(STEP_SECS);
    let mut found = None;
    for step in now - APART..=now + APART {
        if same(of_step(secret, step).as_bytes(), given.as_bytes()) {
            found = Some(step);
        }
    }
    found.filter(|step| *step > last_step)
}

/// As people type it where they cannot scan.
pub fn text(secret: &Secret) -> String {
    let mut bits = 0_u16;
    let mut have = 0;
    let mut text = String::with_capacity(SECRET_BYTES * 8 / 5);
    for byte in secret {
        bits = (bits << 8) | u16::from(*byte);
        have += 8;
        while have >= 5 {
            have -= 5;
            text.push(char::from(BASE32[usize::from((bits >> have) & 31)]));
        }
    }
    text
}

/// The address that an authenticator takes.
pub fn address(name: &str, secret: &Secret) -> String {
    let secret = text(secret);
    format!(
        "otpauth://totp/Reeve:{name}?secret={secret}&issuer=Reeve&algorithm=SHA1&digits={DIGITS}\
         &period={STEP_SECS}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &Secret = b"12345678901234567890";

    #[test]
    fn given_the_moments_of_rfc_6238_then_the_codes_are_its() {
        for (secs, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(number(SECRET, secs / STEP_SECS) % 100_000_000, code, "{secs}");
        }
        assert_eq!(code(SECRET, 1_111_111_109), "081804", "zeros in front stay");
    }

    #[test]
    fn given_a_code_then_it_is_good_for_its_step_and_those_beside_it_and_only_once() {
        let now = 1_234_567_890;
        let of = |secs: i64| code(SECRET, now + secs);
        let here = now / STEP_SECS;
        assert_eq!(step(SECRET, &of(0), now, 0), Some(here));
        assert_eq!(step(SECRET, &of(-30), now, 0), Some(here - 1));
        assert_eq!(step(SECRET, &of(30), now, 0), Some(here + 1));
        for (wrong, why) in [(of(-60), "two steps ago"), (of(60), "two steps on")] {
            assert_eq!(step(SECRET, &wrong, now, 0), None, "{why}");
        }
        assert_eq!(step(SECRET, &of(0), now, here), None, "used");
        assert_eq!(step(SECRET, &of(-30), now, here), None, "passed over");
        assert_eq!(step(SECRET, &of(30), now, here), Some(here + 1));
        for wrong in ["", "00000", "0000000", "abcdef", "００５９２４"] {
            assert_eq!(step(SECRET, wrong, now, 0), None, "{wrong:?}");
        }
    }

    #[test]
    fn given_a_secret_then_its_address_is_what_authenticators_take() {
        assert_eq!(text(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let address = address("ada", SECRET);
        assert!(address.starts_with("otpauth://totp/Reeve:ada?secret=GEZDGNBV"), "{address}");
        assert!(address.ends_with("&issuer=Reeve&algorithm=SHA1&digits=6&period=30"), "{address}");
    }
}
