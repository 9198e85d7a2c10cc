//! What became of something that was asked for. A rule that said no is an answer, not an error:
//! people read it where they asked.

use actions::{ActionError, Actions};
use async_graphql::{Enum, SimpleObject};
use domain::{IdempotencyKey, UserId};

use crate::trouble::{Answer, Trouble};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DoneStatus {
    Done,
    /// The same key was carried out before; nothing happened again.
    Repeated,
    Refused,
}

/// The rule that said no.
#[derive(Clone, Debug, SimpleObject)]
pub struct Refusal {
    /// Its stable name.
    pub rule: Option<String>,
    /// As it is told to people.
    pub text: String,
}

#[derive(Clone, Debug, SimpleObject)]
pub struct Done {
    pub status: DoneStatus,
    pub refusal: Option<Refusal>,
}

impl Done {
    pub const fn of(repeated: bool) -> Self {
        let status = if repeated { DoneStatus::Repeated } else { DoneStatus::Done };
        Self { status, refusal: None }
    }
}

/// What was done, or the refusal; who may not, and what is broken, is an error.
pub fn done<T>(outcome: Result<T, ActionError>) -> Answer<Result<T, Done>> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(error) => {
            let trouble = Trouble::from(error);
            if trouble.code != crate::Code::Refused {
                return Err(trouble);
            }
            let refusal = Refusal { rule: trouble.rule.map(str::to_owned), text: trouble.text };
            Ok(Err(Done { status: DoneStatus::Refused, refusal: Some(refusal) }))
        }
    }
}

/// The client's key, made this person's own: nobody can repeat what somebody else asked for. It
/// lies in the log, so that nothing of it can be read back.
pub fn key(actions: &Actions, user: UserId, key: &str) -> Answer<IdempotencyKey> {
    // The same bounds as everywhere.
    IdempotencyKey::new(key).map_err(|error| Trouble::bad_input(format!("key: {error}.")))?;
    let secret = actions.people().key_for("keys of requests over HTTP");
    let mut space = [0; 16];
    space.copy_from_slice(&secret[..16]);
    let name = format!("{user}/{key}");
    let id = uuid::Uuid::new_v5(&uuid::Uuid::from_bytes(space), name.as_bytes());
    IdempotencyKey::new(format!("web/{id}")).map_err(|error| Trouble::fault(&error))
}
