//! What became of something that was asked for. A rule that said no is an answer, not an error:
//! people read it where they asked.

use std::fmt::Display;

use actions::{ActionError, Actions};
use async_graphql::{Enum, SimpleObject};
use domain::IdempotencyKey;
use uuid::Uuid;

use crate::{
    trouble::{Answer, Trouble},
    viewer::{OperatorSignedIn, SignedIn},
};

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
/// lies in the log, so that nothing of it can be read back, but for which key to the API asked.
pub fn key(actions: &Actions, who: &SignedIn, key: &str) -> Answer<IdempotencyKey> {
    let id = own(actions, &who.user, key)?;
    let ours = match &who.key {
        None => format!("web/{id}"),
        Some(through) => format!("api/{}/{id}", through.id),
    };
    IdempotencyKey::new(ours).map_err(|error| Trouble::fault(&error))
}

/// The same for an operator without Discord. The log says which of them asked, as it does of keys to
/// the API: the event itself only knows that it was one.
pub fn operators_key(
    actions: &Actions,
    who: &OperatorSignedIn,
    key: &str,
) -> Answer<IdempotencyKey> {
    let ours = format!("operator/{}/{}", who.id, own(actions, &who.id, key)?);
    IdempotencyKey::new(ours).map_err(|error| Trouble::fault(&error))
}

fn own(actions: &Actions, who: &dyn Display, key: &str) -> Answer<Uuid> {
    // The same bounds as everywhere.
    IdempotencyKey::new(key).map_err(|error| Trouble::bad_input(format!("key: {error}.")))?;
    let secret = actions.people().key_for("keys of requests over HTTP");
    let mut space = [0; 16];
    space.copy_from_slice(&secret[..16]);
    Ok(Uuid::new_v5(&Uuid::from_bytes(space), format!("{who}/{key}").as_bytes()))
}

/// Which key to the API asked, as `key` wrote it.
pub fn through_key(key: &str) -> Option<&str> {
    Some(key.strip_prefix("api/")?.split_once('/')?.0)
}
