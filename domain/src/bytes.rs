//! The currency. One byte is the smallest amount; there are no fractions.

use std::{borrow::Cow, fmt, ops::Neg, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of the guild's currency. Arithmetic is checked; JSON carries it as a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bytes(pub i64);

impl Bytes {
    pub const ZERO: Self = Self(0);
    /// No balance and no single amount may pass this. It keeps every sum that one guild can
    /// reach (all members at the limit) far inside 64 bits.
    pub const LIMIT: Self = Self(1_000_000_000_000);

    /// The sum, unless it leaves `0..=LIMIT`.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self).filter(|sum| (Self::ZERO..=Self::LIMIT).contains(sum))
    }

    pub fn times(self, factor: u32) -> Option<Self> {
        let product = self.0.checked_mul(i64::from(factor)).map(Self)?;
        (Self::ZERO..=Self::LIMIT).contains(&product).then_some(product)
    }

    pub fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl Neg for Bytes {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Bytes {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&self.0)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            crate::text::parsed(deserializer)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

impl JsonSchema for Bytes {
    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^-?[0-9]{1,13}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_stop_at_zero_and_at_the_limit() {
        assert_eq!(Bytes(3).plus(Bytes(-3)), Some(Bytes::ZERO));
        assert_eq!(Bytes(3).plus(Bytes(-4)), None);
        assert_eq!(Bytes::LIMIT.plus(Bytes(1)), None);
        assert_eq!(Bytes(i64::MAX).plus(Bytes(1)), None);
        assert_eq!(Bytes(10).times(256), Some(Bytes(2560)));
        assert_eq!(Bytes::LIMIT.times(2), None);
    }
}
