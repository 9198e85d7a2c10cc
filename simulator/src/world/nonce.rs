//! Nonces: the same message sent twice within minutes is one message, where the sender asks for it.

use serde_json::Value;

use super::{World, message::Author};
use crate::{limits, snowflake::Id};

impl World {
    /// The message that was written with this nonce by this author a moment ago.
    pub(super) fn message_with_nonce(
        &self,
        channel: Id,
        author: &Author,
        nonce: &Value,
    ) -> Option<Id> {
        let remembered = u64::try_from(limits::NONCE_REMEMBERED.as_millis()).unwrap_or(u64::MAX);
        let since = Id::first_of(self.now_ms().saturating_sub(remembered));
        let text = |nonce: &Value| match nonce {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let nonce = text(nonce);
        let recent = self.channels.get(&channel)?.messages.range(since..);
        let mut recent = recent.map(|(_, message)| message);
        let known = recent.find(|message| {
            message.author == *author
                && message.nonce.as_ref().is_some_and(|known| text(known) == nonce)
        });
        known.map(|message| message.id)
    }
}
