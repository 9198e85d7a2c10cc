//! How far what Discord's gateway tells of a community has been taken in.
//!
//! Rules:
//! - A session of the gateway counts what it tells. After a crash it tells again what was not yet
//!   recorded: what is at or below the mark of the same session was taken in, and is no news.
//! - Another session counts anew. What it tells may have been told by the one before too (two
//!   processes at the time of a handover, say), so there a message is news only where Discord made
//!   it after every message that was taken in, and anything else where it came later.

use serde::{Deserialize, Serialize};

use crate::{MessageId, Timestamp};

/// Where in a session something was told. `session` is a digest: whoever has the session's own
/// name could go on with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    session: String,
    seq: u64,
    newest: Option<MessageId>,
    at: Option<Timestamp>,
}

/// What is told, as far as its newness goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub seq: u64,
    /// Where it is a message.
    pub message: Option<MessageId>,
    pub at: Timestamp,
}

impl Mark {
    pub fn is_news(&self, session: &str, told: &Told) -> bool {
        if session == self.session {
            return told.seq > self.seq;
        }
        match told.message {
            Some(message) => self.newest.is_none_or(|newest| message > newest),
            None => self.at.is_none_or(|at| told.at > at),
        }
    }

    pub const fn newest(&self) -> Option<MessageId> {
        self.newest
    }

    /// Everything up to here was taken in.
    pub fn advance(
        &mut self,
        session: &str,
        seq: u64,
        newest: Option<MessageId>,
        at: Option<Timestamp>,
    ) {
        if session == self.session {
            self.seq = self.seq.max(seq);
        } else {
            session.clone_into(&mut self.session);
            self.seq = seq;
        }
        self.newest = self.newest.max(newest);
        self.at = self.at.max(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(seq: u64, id: u64) -> Told {
        let at = Timestamp::from_secs(seq.cast_signed());
        Told { seq, message: Some(MessageId::new(id).unwrap()), at }
    }

    // proves: LVL-08
    #[test]
    fn given_one_session_then_news_is_what_comes_after_the_mark() {
        let mut mark = Mark::default();
        assert!(mark.is_news("a", &message(1, 10)));
        mark.advance("a", 5, MessageId::new(50).ok(), None);
        assert!(!mark.is_news("a", &message(5, 60)) && mark.is_news("a", &message(6, 40)));
        mark.advance("a", 3, None, None);
        assert!(!mark.is_news("a", &message(4, 60)), "a mark never goes back");
    }

    // proves: LVL-08, OPS-13
    #[test]
    fn given_another_session_then_what_both_tell_is_news_once() {
        let mut mark = Mark::default();
        mark.advance("a", 900, MessageId::new(50).ok(), Some(Timestamp::from_secs(7)));
        assert!(!mark.is_news("b", &message(1, 50)) && mark.is_news("b", &message(2, 51)));
        let voice = |at| Told { seq: 3, message: None, at: Timestamp::from_secs(at) };
        assert!(!mark.is_news("b", &voice(7)) && mark.is_news("b", &voice(8)));
    }
}
