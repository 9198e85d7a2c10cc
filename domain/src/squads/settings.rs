//! What a guild decides about its squads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bytes, EventType,
    settings::{Configurable, Field, FieldValue, Kind},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SquadSettings {
    /// Of every join but the first.
    pub switch_cost: Bytes,
    /// Whoever has less neither joins nor leaves.
    pub minimum_balance: Bytes,
}

impl Default for SquadSettings {
    fn default() -> Self {
        Self { switch_cost: Bytes(50), minimum_balance: Bytes::ZERO }
    }
}

const AMOUNT: Kind = Kind::Amount { min: Bytes::ZERO, max: Bytes(1_000_000) };
const FIELDS: &[Field] = &[
    Field {
        name: "switch_cost",
        title: "Switch cost",
        help: "What a member pays to join another squad, also after leaving one. The first join \
               is free.",
        kind: AMOUNT,
    },
    Field {
        name: "minimum_balance",
        title: "Minimum balance",
        help: "Members who have less can neither join nor leave a squad.",
        kind: AMOUNT,
    },
];

impl Configurable for SquadSettings {
    const CAPABILITY: &'static str = "squads_settings";
    const TYPES: &'static [EventType] = &[EventType::new("squads_settings.changed", 1)];

    fn fields() -> &'static [Field] {
        FIELDS
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        match field {
            "switch_cost" => Some(FieldValue::Amount(self.switch_cost)),
            "minimum_balance" => Some(FieldValue::Amount(self.minimum_balance)),
            _ => None,
        }
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        match (field, value) {
            ("switch_cost", FieldValue::Amount(amount)) => self.switch_cost = amount,
            ("minimum_balance", FieldValue::Amount(amount)) => self.minimum_balance = amount,
            _ => return false,
        }
        true
    }

    fn weight_bytes(&self) -> usize {
        0
    }
}
