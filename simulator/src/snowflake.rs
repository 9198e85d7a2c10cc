//! Ids as Discord makes them: milliseconds since 2015 in the upper bits, a counter below, so that
//! they are unique and in the order of time.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The first millisecond of 2015, where Discord's time begins.
pub const EPOCH_MS: u64 = 1_420_070_400_000;
const TIME_SHIFT: u32 = 22;
/// How many ids one millisecond has.
const IN_ONE_MS: u64 = 1 << TIME_SHIFT;

/// An id of anything: a user, a guild, a message. On the wire it is a string.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(NonZeroU64);

impl Id {
    /// Nothing where it is zero, which no id is.
    pub const fn new(value: u64) -> Option<Self> {
        match NonZeroU64::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// When it was made.
    pub const fn made_at_ms(self) -> u64 {
        (self.get() >> TIME_SHIFT) + EPOCH_MS
    }

    /// The smallest id that this moment can have, to page by time.
    pub fn first_of(ms: u64) -> Self {
        let value = ms.saturating_sub(EPOCH_MS).max(1) << TIME_SHIFT;
        Self(NonZeroU64::new(value).unwrap_or(NonZeroU64::MIN))
    }

    /// Which of so many shards hears of this guild.
    pub const fn shard(self, shards: u32) -> u32 {
        let shards = if shards == 0 { 1 } else { shards };
        #[expect(clippy::cast_possible_truncation, reason = "it is less than a u32")]
        let shard = ((self.get() >> TIME_SHIFT) % shards as u64) as u32;
        shard
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no snowflake: it takes a whole number over zero")]
pub struct NoSnowflake(String);

impl FromStr for Id {
    type Err = NoSnowflake;

    fn from_str(text: &str) -> Result<Self, NoSnowflake> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = if plain { text.parse().ok() } else { None };
        value.and_then(Self::new).ok_or_else(|| NoSnowflake(text.chars().take(40).collect()))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl de::Visitor<'_> for Either {
            type Value = Id;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a snowflake, as a string or a number")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Id, E> {
                Id::new(value).ok_or_else(|| E::custom("a snowflake is over zero"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_any(Either)
    }
}

/// Makes ids: never the same twice, never smaller than the one before, even where the clock stands
/// still or goes back.
#[derive(Debug, Default)]
pub struct Mint {
    last: u64,
}

impl Mint {
    /// Goes on behind this id.
    pub const fn behind(last: Id) -> Self {
        Self { last: last.get() }
    }

    /// The last id that was made.
    pub fn last(&self) -> Option<Id> {
        Id::new(self.last)
    }

    pub fn next(&mut self, now_ms: u64) -> Id {
        let first = Id::first_of(now_ms).get();
        self.last = first.max(self.last + 1);
        debug_assert!(self.last - first < IN_ONE_MS || self.last > first, "ids run ahead of time");
        Id(NonZeroU64::new(self.last).unwrap_or(NonZeroU64::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn given_a_clock_that_stands_still_or_goes_back_then_ids_are_unique_and_ordered() {
        let mut mint = Mint::default();
        let times = [NOW, NOW, NOW, NOW - 5_000, NOW + 1];
        let ids: Vec<_> = times.iter().map(|now| mint.next(*now)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        assert_eq!(ids[0].made_at_ms(), NOW);
        assert_eq!(ids[4].made_at_ms(), NOW + 1);
    }

    #[test]
    fn given_text_that_is_no_snowflake_then_it_is_refused() {
        for text in ["", "0", "-1", "+5", "1e3", "99999999999999999999", "abc", " 1"] {
            assert!(text.parse::<Id>().is_err(), "{text:?}");
        }
        assert_eq!("175928847299117063".parse::<Id>().map(Id::get), Ok(175_928_847_299_117_063));
    }

    #[test]
    fn given_an_id_on_the_wire_then_it_is_a_string_and_is_read_from_both() {
        let id: Id = serde_json::from_str("\"175928847299117063\"").expect("a string is an id");
        assert_eq!(id, serde_json::from_str("175928847299117063").expect("a number is an id"));
        assert_eq!(serde_json::to_string(&id).expect("an id is text"), "\"175928847299117063\"");
    }

    #[test]
    fn given_shards_then_a_guild_belongs_to_one_as_discord_counts() {
        let id: Id = "197038439483310086".parse().expect("an id");
        assert_eq!(u64::from(id.shard(16)), (197_038_439_483_310_086_u64 >> 22) % 16);
        assert_eq!(id.shard(1), 0);
    }
}
