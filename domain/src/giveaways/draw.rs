//! How winners are drawn, so that anyone can check it. Nothing here is secret but the seed before
//! the draw. Numbers are big-endian; ‖ joins.
//!
//! - Commitment: C = SHA-256("dv1" ‖ id ‖ seed), published when the giveaway is made. `id` is the
//!   giveaway's 16 bytes, `seed` has 32.
//! - An entry's tag is SHA-256(salt ‖ person), its leaf SHA-256(0 ‖ id ‖ number ‖ weight ‖ tag),
//!   with 4 bytes each for person, number and weight. Whoever has the salt of an entry finds it
//!   among the published tags; nobody else learns whose it is.
//! - R is the Merkle root over all leaves in order of number ([`crate::digest::merkle_root`]),
//!   published when the giveaway closes, with the number of entries and their weight.
//! - m is the id of the message that published it, in 8 bytes. The key is
//!   HMAC-SHA-256(key: m ‖ R, seed), which is HKDF-Extract with the salt m ‖ R.
//! - Pick k = 0, 1, 2 …: W is the weight of those who can still be drawn. For j = 0, 1, 2 … let x
//!   be the first 64 bits of HMAC-SHA-256(key, id ‖ k ‖ j), with 4 bytes each for k and j; an x of
//!   ⌊2⁶⁴ / W⌋ · W or more is thrown away, so that no place is likelier than another. With the
//!   first that is not, the entries are laid side by side in order of number, each as wide as its
//!   weight; the one that covers place x mod W, counted from zero, is drawn.

use crate::{GiveawayId, MessageId, PersonId, digest::Digest};

const VERSION: &[u8] = b"dv1";

/// One pick, and how often it had to be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Counted from zero.
    pub place: usize,
    pub j: u32,
}

pub fn commitment(id: GiveawayId, seed: &Digest) -> Digest {
    Digest::of(&[VERSION, id.0.as_bytes(), &seed.0])
}

pub fn leaf(id: GiveawayId, number: u32, weight: u32, person: PersonId, salt: &Digest) -> Digest {
    let tag = Digest::of(&[&salt.0, &person.0.to_be_bytes()]);
    let (number, weight) = (number.to_be_bytes(), weight.to_be_bytes());
    Digest::of(&[&[0], id.0.as_bytes(), &number, &weight, &tag.0])
}

pub fn extract(message: MessageId, root: &Digest, seed: &Digest) -> Digest {
    let mut salt = [0; 40];
    salt[..8].copy_from_slice(&message.get().to_be_bytes());
    salt[8..].copy_from_slice(&root.0);
    Digest::keyed(&salt, &[&seed.0])
}

/// None where nobody is left.
pub fn pick(key: &Digest, id: GiveawayId, k: u32, weights: &[u32]) -> Option<Pick> {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    if total == 0 {
        return None;
    }
    let fair = fair_below(total);
    // At worst every second x is thrown away: nobody sees the last j.
    (0..=u32::MAX).find_map(|j| {
        let drawn = Digest::keyed(&key.0, &[id.0.as_bytes(), &k.to_be_bytes(), &j.to_be_bytes()]);
        let x = drawn.first_u64();
        let fits = u128::from(x) < fair;
        fits.then(|| at(weights, x % total).map(|place| Pick { place, j }))?
    })
}

/// The largest multiple of `total` up to 2⁶⁴.
const fn fair_below(total: u64) -> u128 {
    let all = 1_u128 << 64;
    all - all % (total as u128)
}

/// Which weight covers this place.
fn at(weights: &[u32], mut left: u64) -> Option<usize> {
    weights.iter().position(|weight| {
        let weight = u64::from(*weight);
        let here = left < weight;
        left = left.saturating_sub(weight);
        here
    })
}

#[cfg(test)]
mod tests;
