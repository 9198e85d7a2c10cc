//! Values that GraphQL does not know. Whatever can be larger than 53 bits is text.

use std::{fmt::Display, str::FromStr};

use async_graphql::{InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};

macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub $inner);

        $(#[$doc])*
        #[Scalar]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                parsed(&value, $name)
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.to_string())
            }
        }
    )+};
}

scalars! {
    /// An id of Discord's, as text.
    Snowflake(u64);
    /// A whole number that may have 64 bits, as text.
    Long(i64);
    /// A moment in UTC: `2026-11-20T18:04:05Z`.
    Time(domain::Timestamp);
    /// A day in UTC: `2026-11-20`.
    Day(domain::UtcDay);
    /// An event's id.
    EventId(uuid::Uuid);
}

/// A moment of a community: `#1234` (after the event of that number), `2026-11-20T18:04:05Z`,
/// `2026-11-20`, `2d ago` or `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub domain::Moment);

/// A moment of a community: `#1234` (after the event of that number), `2026-11-20T18:04:05Z`,
/// `2026-11-20`, `2d ago` or `now`.
#[Scalar]
impl ScalarType for Moment {
    fn parse(value: Value) -> InputValueResult<Self> {
        parsed(&value, Moment)
    }

    fn to_value(&self) -> Value {
        Value::String(match self.0 {
            domain::Moment::Seq(seq) => format!("#{seq}"),
            domain::Moment::At(time) => time.to_string(),
            domain::Moment::Ago(secs) => format!("{secs}s ago"),
            domain::Moment::Now => "now".to_owned(),
        })
    }
}

/// Whole numbers are also taken without quotes.
fn parsed<T: FromStr<Err: Display>, S: ScalarType + InputType>(
    value: &Value,
    made: fn(T) -> S,
) -> InputValueResult<S> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => {
            return Err(InputValueError::custom(format!("this is written as text, not {other}")));
        }
    };
    text.parse().map(made).map_err(|error: T::Err| InputValueError::custom(error))
}
