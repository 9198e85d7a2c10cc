//! Every id is a type of its own, checked where it is parsed.
//! Snowflakes are 64-bit and therefore strings in JSON.

use std::{borrow::Cow, fmt, ops::RangeInclusive, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

/// The first moment of 2015, from which Discord's ids count.
pub const DISCORD_EPOCH_MILLIS: u64 = 1_420_070_400_000;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {expected}, not {found:?}")]
pub struct InvalidId {
    what: &'static str,
    expected: &'static str,
    found: String,
}

impl InvalidId {
    pub(crate) fn new(what: &'static str, expected: &'static str, found: &str) -> Self {
        Self { what, expected, found: found.chars().take(40).collect() }
    }
}

macro_rules! snowflake {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u64);

        impl $name {
            /// Discord's snowflakes are positive and fit a signed 64-bit column.
            pub fn new(raw: u64) -> Result<Self, InvalidId> {
                if raw == 0 || raw > i64::MAX as u64 {
                    return Err(InvalidId {
                        what: $what,
                        expected: "a number from 1 to 9223372036854775807",
                        found: raw.to_string(),
                    });
                }
                Ok(Self(raw))
            }

            pub const fn get(self) -> u64 {
                self.0
            }

            /// As SQL stores it.
            #[expect(clippy::cast_possible_wrap, reason = "checked when it was made")]
            pub const fn as_i64(self) -> i64 {
                self.0 as i64
            }

            pub fn from_i64(raw: i64) -> Result<Self, InvalidId> {
                Self::new(u64::try_from(raw).unwrap_or(0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                let raw = if digits { text.parse().ok() } else { None };
                Self::new(raw.unwrap_or(0)).map_err(|invalid| InvalidId {
                    found: text.chars().take(40).collect(),
                    ..invalid
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text::parsed(deserializer)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": "^[0-9]{1,19}$" })
            }
        }
    };
}

snowflake!(
    /// A community (Discord calls it a guild).
    GuildId, "a guild id"
);
snowflake!(
    /// A Discord account. Never inside an event: there a member is a [`PersonId`].
    UserId, "a user id"
);
snowflake!(
    /// A role of a guild.
    RoleId, "a role id"
);
snowflake!(
    /// A channel or thread of a guild.
    ChannelId, "a channel id"
);
snowflake!(
    /// A message in a channel.
    MessageId, "a message id"
);

snowflake!(
    /// An entry of a guild's audit log.
    AuditLogId, "an audit-log id"
);

macro_rules! fresh_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(#[schemars(with = "String")] pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

fresh_id!(
    /// Many punishments ordered at once, or taken back at once.
    BatchId
);
fresh_id!(
    /// One giveaway, and its draw.
    GiveawayId
);
fresh_id!(
    /// A set of codes with one reward.
    CampaignId
);
fresh_id!(
    /// A key to the API; it is not what opens.
    KeyId
);
fresh_id!(
    /// An address of a community's own to which it is told what happens.
    WebhookId
);

/// A case's number inside one guild: 1, 2, 3 … without a gap.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct CaseNumber(pub u32);

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl GuildId {
    /// Where that lies which belongs to no guild but to the whole installation. Discord's clock
    /// stood at zero then: no guild was ever made with this id.
    pub const PLATFORM: Self = Self(1);
}

/// A member's number inside one guild: 1, 2, 3 … in order of first sight. It says nothing about
/// who that is; only the people registry knows, until the person is erased.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct PersonId(pub u32);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Identity of one event: derived from its stream, its idempotency key and its index, so that
/// the same command can never be stored twice.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct EventId(#[schemars(with = "String")] pub Uuid);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Ties together everything that one request led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CorrelationId(pub Uuid);

/// Names one intention: an interaction's id, a message's id, a process's step. A stream accepts a
/// key once; repeating it returns what it did the first time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    pub const MAX_BYTES: usize = 128;

    pub fn new(key: impl Into<String>) -> Result<Self, InvalidId> {
        let key = key.into();
        if key.is_empty() || key.len() > Self::MAX_BYTES || key.chars().any(char::is_control) {
            return Err(InvalidId {
                what: "an idempotency key",
                expected: "1 to 128 bytes without control characters",
                found: key.chars().take(40).collect(),
            });
        }
        Ok(Self(key))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When what it names began, in milliseconds since 1970: Discord's ids carry their time. Only
    /// for placing things near each other, never for a decision: the key may be anybody's text.
    pub fn began_millis(&self) -> Option<u64> {
        /// 17 digits are from 2015 on.
        const SNOWFLAKE_DIGITS: RangeInclusive<usize> = 17..=19;
        let digits = |part: &&str| {
            SNOWFLAKE_DIGITS.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        };
        let snowflake: u64 = self.0.split('/').find(digits)?.parse().ok()?;
        Some((snowflake >> 22) + DISCORD_EPOCH_MILLIS)
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for IdempotencyKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_text_that_is_no_snowflake_then_says_what_is_expected() {
        for bad in ["", "0", "-1", "12a", "9223372036854775808", "99999999999999999999", " 1"] {
            let error = bad.parse::<GuildId>().unwrap_err().to_string();
            assert!(error.starts_with("a guild id must be a number"), "{bad}: {error}");
        }
    }

    #[test]
    fn snowflakes_are_strings_in_json() {
        let id: GuildId = "1107318246137131070".parse().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"1107318246137131070\"");
        assert!(serde_json::from_str::<GuildId>("1107318246137131070").is_err());
    }

    #[test]
    fn idempotency_keys_have_a_limit() {
        assert!(IdempotencyKey::new("k".repeat(129)).is_err());
        assert!(IdempotencyKey::new("").is_err());
        assert!(IdempotencyKey::new("a\nb").is_err());
        assert!(IdempotencyKey::new("interaction/1107318246137131070").is_ok());
    }

    #[test]
    fn given_a_key_named_by_discord_then_it_tells_when_that_began() {
        let began = |key: &str| IdempotencyKey::new(key).unwrap().began_millis();
        // The example of Discord's own documentation.
        assert_eq!(began("interaction/175928847299117063"), Some(1_462_015_105_796));
        assert_eq!(began("message/175928847299117063/award"), Some(1_462_015_105_796));
        for without in ["demo/17", "import/99999999999999999999", "175928847299117o63", "a/b"] {
            assert_eq!(began(without), None, "{without}");
        }
    }
}
