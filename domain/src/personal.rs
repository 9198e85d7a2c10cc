//! Free text and names that belong to a person.
//!
//! Clear in a command, sealed with that person's key in an event, erased when the key is gone.
//! A clear value cannot be serialised: what was not sealed cannot be stored by mistake.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser};

use crate::PersonId;

/// A value that belongs to `owner`.
#[derive(Clone, PartialEq, Eq)]
pub enum Personal<T> {
    Clear {
        owner: PersonId,
        value: T,
    },
    Sealed(Sealed),
    /// The owner's key was destroyed, and the value with it.
    Erased {
        owner: PersonId,
    },
}

/// A sealed value: nonce, ciphertext and tag, in URL-safe base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    pub owner: PersonId,
    pub sealed: String,
}

impl<T> Personal<T> {
    pub fn clear(owner: PersonId, value: T) -> Self {
        Self::Clear { owner, value }
    }

    pub fn owner(&self) -> PersonId {
        match self {
            Self::Clear { owner, .. } | Self::Erased { owner } => *owner,
            Self::Sealed(sealed) => sealed.owner,
        }
    }

    /// The value, where it is clear.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Clear { value, .. } => Some(value),
            Self::Sealed(_) | Self::Erased { .. } => None,
        }
    }
}

/// Debug never shows the value: commands and events end up in logs.
impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self {
            Self::Clear { .. } => "clear",
            Self::Sealed(_) => "sealed",
            Self::Erased { .. } => "erased",
        };
        write!(f, "Personal({}, {state})", self.owner())
    }
}

impl<T> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sealed(sealed) => sealed.serialize(serializer),
            Self::Clear { .. } => Err(ser::Error::custom("personal data must be sealed first")),
            Self::Erased { .. } => Err(ser::Error::custom("erased data cannot be written again")),
        }
    }
}

impl<'de, T> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Sealed::deserialize(deserializer).map(Self::Sealed)
    }
}

impl<T> JsonSchema for Personal<T> {
    fn schema_name() -> Cow<'static, str> {
        "Personal".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "owner": { "type": "integer", "minimum": 0 },
                "sealed": { "type": "string" }
            },
            "required": ["owner", "sealed"],
            "additionalProperties": false
        })
    }
}

/// A [`Personal`] of any type, as whoever holds the keys sees it.
pub trait PersonalField {
    fn owner(&self) -> PersonId;
    /// The clear value's plain bytes; none where it is sealed or erased.
    fn clear_bytes(&self) -> Option<Vec<u8>>;
    fn sealed(&self) -> Option<&Sealed>;
    fn seal(&mut self, sealed: Sealed);
    /// Takes the opened bytes; false where they are not a value of this type.
    fn open(&mut self, bytes: &[u8]) -> bool;
    fn erase(&mut self);
}

impl<T: Serialize + DeserializeOwned> PersonalField for Personal<T> {
    fn owner(&self) -> PersonId {
        Personal::owner(self)
    }

    fn clear_bytes(&self) -> Option<Vec<u8>> {
        self.value().and_then(|value| serde_json::to_vec(value).ok())
    }

    fn sealed(&self) -> Option<&Sealed> {
        if let Self::Sealed(sealed) = self { Some(sealed) } else { None }
    }

    fn seal(&mut self, sealed: Sealed) {
        *self = Self::Sealed(sealed);
    }

    fn open(&mut self, bytes: &[u8]) -> bool {
        let owner = self.owner();
        match serde_json::from_slice(bytes) {
            Ok(value) => {
                *self = Self::Clear { owner, value };
                true
            }
            Err(_) => false,
        }
    }

    fn erase(&mut self) {
        *self = Self::Erased { owner: self.owner() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_personal_data_cannot_be_serialised_nor_printed() {
        let note = Personal::clear(PersonId(7), "grandmother's address".to_owned());
        assert!(serde_json::to_string(&note).is_err());
        assert_eq!(format!("{note:?}"), "Personal(#7, clear)");
    }

    #[test]
    fn sealed_data_survives_json_as_it_is() {
        let json = r#"{"owner":7,"sealed":"AAAA"}"#;
        let note: Personal<String> = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&note).unwrap(), json);
    }
}
