//! What a button carries: `1.<capability>.<verb>:<payload>:<seal>`.
//!
//! It means the same after a restart and in every process of this installation. The seal is keyed
//! and bound to the community, so that nobody can make a button of ours, nor carry one elsewhere.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::GuildId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Discord's limit.
pub const MAX_CHARS: usize = 100;
const VERSION: &str = "1";
const SEAL_BYTES: usize = 9;
/// Names the key; whoever changes the form above changes this too.
pub const PURPOSE: &str = "reeve.discord.components.1";

/// Makes and checks what buttons carry.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub capability: String,
    pub verb: String,
    pub payload: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    #[error("this is no button of ours, or one from before a change of keys")]
    Unknown,
    #[error("its seal is not ours")]
    Forged,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a button of {capability}.{verb} would carry {chars} characters")]
pub struct TooLong {
    capability: String,
    verb: String,
    chars: usize,
}

impl Signer {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    pub fn seal(
        &self,
        guild: GuildId,
        capability: &str,
        verb: &str,
        payload: &str,
    ) -> Result<String, TooLong> {
        let open = format!("{VERSION}.{capability}.{verb}:{payload}");
        let sealed = format!("{open}:{}", self.mac(guild, &open));
        let chars = sealed.chars().count();
        if chars > MAX_CHARS {
            let (capability, verb) = (capability.to_owned(), verb.to_owned());
            return Err(TooLong { capability, verb, chars });
        }
        Ok(sealed)
    }

    pub fn open(&self, guild: GuildId, custom_id: &str) -> Result<Opened, BadId> {
        let (open, seal) = custom_id.rsplit_once(':').ok_or(BadId::Unknown)?;
        let (name, payload) = open.split_once(':').ok_or(BadId::Unknown)?;
        let mut name = name.split('.');
        let (Some(VERSION), Some(capability), Some(verb), None) =
            (name.next(), name.next(), name.next(), name.next())
        else {
            return Err(BadId::Unknown);
        };
        let seal = URL_SAFE_NO_PAD.decode(seal).map_err(|_| BadId::Forged)?;
        if seal.len() != SEAL_BYTES {
            return Err(BadId::Forged);
        }
        let mut mac = self.0.clone();
        mac.update(&guild.get().to_be_bytes());
        mac.update(open.as_bytes());
        mac.verify_truncated_left(&seal).map_err(|_| BadId::Forged)?;
        let owned = str::to_owned;
        Ok(Opened { capability: owned(capability), verb: owned(verb), payload: owned(payload) })
    }

    fn mac(&self, guild: GuildId, open: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(&guild.get().to_be_bytes());
        mac.update(open.as_bytes());
        URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..SEAL_BYTES])
    }
}

/// A number in few characters: base 36.
pub fn short(mut number: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    loop {
        digits.push(DIGITS[usize::try_from(number % 36).unwrap_or(0)]);
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

pub fn long(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 36).ok()
}

/// A long id in 22 characters.
pub fn short_uuid(id: uuid::Uuid) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

pub fn long_uuid(text: &str) -> Option<uuid::Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    bytes.try_into().ok().map(uuid::Uuid::from_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guild(id: u64) -> GuildId {
        GuildId::new(id).unwrap()
    }

    fn signer() -> Signer {
        Signer::new(&[7; 32])
    }

    // proves: CMD-04
    #[test]
    fn given_a_button_of_ours_then_another_process_with_the_key_reads_it() {
        let id = signer().seal(guild(5), "economy", "history", "1z.9").unwrap();
        assert!(id.chars().count() <= MAX_CHARS);
        let opened = signer().open(guild(5), &id).unwrap();
        let expected = ("economy", "history", "1z.9");
        assert_eq!((&*opened.capability, &*opened.verb, &*opened.payload), expected);
    }

    // proves: CMD-04
    #[test]
    fn given_any_changed_character_or_another_community_or_key_then_it_is_refused() {
        let id = signer().seal(guild(5), "economy", "history", "1z.9").unwrap();
        assert_eq!(signer().open(guild(6), &id), Err(BadId::Forged));
        assert_eq!(Signer::new(&[8; 32]).open(guild(5), &id), Err(BadId::Forged));
        for at in 0..id.len() {
            let mut changed = id.clone().into_bytes();
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(signer().open(guild(5), &changed).is_err(), "{changed}");
        }
        for bad in ["", ":", "::", "1.economy.history", "2.economy.history:x:AAAA", "1.a.b.c:x:y"] {
            assert!(signer().open(guild(5), bad).is_err(), "{bad}");
        }
        for end in 0..id.len() {
            assert!(signer().open(guild(5), &id[..end]).is_err(), "{}", &id[..end]);
        }
    }

    #[test]
    fn given_a_payload_that_does_not_fit_then_it_is_no_button() {
        let error = signer().seal(guild(5), "economy", "history", &"x".repeat(80)).unwrap_err();
        assert!(error.to_string().contains("economy.history"), "{error}");
    }

    #[test]
    fn given_numbers_then_their_short_form_reads_back() {
        for number in [0, 35, 36, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(long(&short(number)), Some(number));
        }
        let id = uuid::Uuid::from_u128(7);
        assert_eq!((long_uuid(&short_uuid(id)), short_uuid(id).len()), (Some(id), 22));
        assert_eq!((long_uuid(""), long_uuid("AAAA"), long_uuid("?")), (None, None, None));
        assert!(short(u64::MAX).len() <= 13);
        assert_eq!((long(""), long("-1"), long("z z")), (None, None, None));
    }
}
