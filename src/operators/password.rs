//! Operators' passwords: hashed with Argon2id, on a thread of its own, at most two at a time. What a
//! hash was made with lies beside it, so that more can be asked of new ones.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, task};

use crate::http::same;

/// More than twice the work that OWASP asks for at least (19 MiB, twice): an operator signs in once
/// a day, and waits a fraction of a second.
const MEMORY_KIB: u32 = 46 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Hashes that are computed at the same time: each takes its memory and a core.
const AT_ONCE: usize = 2;
static ROOM: Semaphore = Semaphore::const_new(AT_ONCE);

pub const SHORTEST: usize = 12;
pub const LONGEST: usize = 256;

/// Why a password is none; none where it is one.
pub fn problem(password: &str, name: &str) -> Option<String> {
    let letters = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&letters) {
        return Some(format!("use a password of {SHORTEST} to {LONGEST} characters"));
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 5 || password.to_lowercase().contains(&name.to_lowercase()) {
        let text =
            "use a password with at least five different characters, without your name in it";
        return Some(text.to_owned());
    }
    None
}

/// A password's hash, with what it was made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hashed {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; SALT_BYTES],
    hash: [u8; HASH_BYTES],
}

#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub struct Failed(String);

impl Hashed {
    pub async fn of(password: &str) -> Result<Self, Failed> {
        let salt = rand::random();
        let made = Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt,
            hash: [0; HASH_BYTES],
        };
        let hash = made.computed(password).await?;
        Ok(Self { hash, ..made })
    }

    /// Nobody's: it takes as long to find that out as with somebody's.
    pub fn nobodys() -> Self {
        Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: rand::random(),
            hash: rand::random(),
        }
    }

    pub async fn is_of(&self, password: &str) -> Result<bool, Failed> {
        Ok(same(&self.computed(password).await?, &self.hash))
    }

    async fn computed(&self, password: &str) -> Result<[u8; HASH_BYTES], Failed> {
        let failed = |error: &dyn std::fmt::Display| Failed(error.to_string());
        let room = ROOM.acquire().await.map_err(|error| failed(&error))?;
        let (made, password) = (self.clone(), password.to_owned());
        let work = task::spawn_blocking(move || {
            let params = Params::new(made.memory_kib, made.passes, made.lanes, Some(HASH_BYTES))?;
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let mut hash = [0; HASH_BYTES];
            argon.hash_password_into(password.as_bytes(), &made.salt, &mut hash)?;
            // Not before it is done, also where nobody waits for it any more.
            drop(room);
            Ok::<_, argon2::Error>(hash)
        });
        let done = work.await.map_err(|error| failed(&error))?;
        done.map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn given_a_password_then_only_it_opens_and_two_hashes_of_it_differ() {
        let (one, two) = tokio::join!(Hashed::of("correct horse"), Hashed::of("correct horse"));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_ne!((one.salt, one.hash), (two.salt, two.hash));
        assert!(one.is_of("correct horse").await.unwrap());
        assert!(!one.is_of("correct horsf").await.unwrap());
        assert!(!Hashed::nobodys().is_of("correct horse").await.unwrap());
        assert!(one.memory_kib >= 19 * 1024 && one.passes >= 2, "what OWASP asks for");
    }

    #[test]
    fn given_a_weak_password_then_it_says_what_is_wrong() {
        for weak in ["", "short", "aaaaaaaaaaaaaaaa", "my name is Ada!!", &"x1y2z".repeat(60)] {
            assert!(problem(weak, "ada").is_some(), "{weak}");
        }
        assert_eq!(problem("correct horse", "ada"), None);
    }
}
