//! SHA-256, and HMAC over it: what draws and codes are made of. As text: 64 hexadecimal digits.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::InvalidId;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

const BLOCK: usize = 64;

impl Digest {
    /// Of these parts, one after the other. Whoever joins parts of changing length says how long
    /// they are.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// HMAC-SHA-256 (RFC 2104).
    pub fn keyed(key: &[u8], parts: &[&[u8]]) -> Self {
        let mut block = [0_u8; BLOCK];
        if key.len() > BLOCK {
            block[..32].copy_from_slice(&Self::of(&[key]).0);
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let inner = block.map(|byte| byte ^ 0x36);
        let outer = block.map(|byte| byte ^ 0x5c);
        let mut hash = Sha256::new();
        hash.update(inner);
        for part in parts {
            hash.update(part);
        }
        let inside: [u8; 32] = hash.finalize().into();
        Self::of(&[&outer, &inside])
    }

    /// The first 64 bits, as a number.
    pub fn first_u64(&self) -> u64 {
        self.0[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// The root of a Merkle tree over these leaves' hashes, as RFC 6962 makes it: a node is
/// SHA-256(1 ‖ left ‖ right), the left side is the largest power of two that leaves something.
pub fn merkle_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(&[]),
        [one] => *one,
        many => {
            let left = many.len().next_power_of_two() / 2;
            let (left, right) = many.split_at(left);
            Digest::of(&[&[1], &merkle_root(left).0, &merkle_root(right).0])
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId::new("a digest", "64 digits of 0-9 and a-f", text);
        let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 64 || !text.bytes().all(lower) {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (byte, place) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[place..place + 2], 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            crate::text::parsed(deserializer)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

impl JsonSchema for Digest {
    fn schema_name() -> Cow<'static, str> {
        "Digest".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, cases 2 and 6 (a key longer than a block), and RFC 6962's empty tree.
    #[test]
    fn given_published_vectors_then_hashes_are_theirs() {
        let jefe = Digest::keyed(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(jefe.to_string(), expected);
        let long = Digest::keyed(
            &[0xaa; 131],
            &[b"Test Using Larger Than Block-Size Key - Hash Key First"],
        );
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_eq!(long.to_string(), expected);
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(merkle_root(&[]).to_string(), empty);
        assert_eq!(jefe.first_u64(), 0x5bdc_c146_bf60_754e);
    }

    #[test]
    fn given_leaves_then_the_tree_leans_to_the_left() {
        let leaf = |number: u8| Digest::of(&[&[0, number]]);
        let node = |left: Digest, right: Digest| Digest::of(&[&[1], &left.0, &right.0]);
        let [a, b, c] = [1, 2, 3].map(leaf);
        assert_eq!(merkle_root(&[a]), a);
        assert_eq!(merkle_root(&[a, b, c]), node(node(a, b), c));
    }

    #[test]
    fn given_text_then_only_a_digest_reads() {
        let digest = Digest::of(&[b"reeve"]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for bad in ["", "ab", &"g".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
