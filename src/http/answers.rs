//! Answers that are told again: dashboards and programs ask the same of a community many times, and
//! most of the time nothing has happened since. An answer holds for whoever got it, until anything is
//! written, and for a second at most: so far may names and roles at Discord be behind.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use async_graphql::parser::{
    parse_query,
    types::{DocumentOperations, OperationType, Selection},
};
use axum::body::Bytes;
use parking_lot::Mutex;
use schema::{SignedIn, Written};

const HOLDS: Duration = Duration::from_secs(1);
const MOST: usize = 128;
/// Larger questions and answers are not kept.
const MOST_ASKED_BYTES: usize = 8 * 1024;
const MOST_TOLD_BYTES: usize = 64 * 1024;

/// Who asks, and what: nobody is told what was found for somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    who: String,
    body: Bytes,
}

/// A question, and what there was when it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    question: Question,
    written: Written,
    done: u64,
    at: Instant,
}

#[derive(Debug)]
struct Kept {
    asked: Asked,
    told: Bytes,
}

#[derive(Debug, Default)]
pub struct Answers {
    kept: Mutex<HashMap<Question, Kept>>,
    /// What was done over HTTP, also where no event came of it.
    done: AtomicU64,
}

impl Answers {
    /// Somebody did something: nothing that was told before is told again.
    pub fn done(&self) {
        self.done.fetch_add(1, Ordering::AcqRel);
    }

    /// None where the answer cannot be told again.
    pub fn asked(&self, who: &SignedIn, body: &Bytes, written: Option<Written>) -> Option<Asked> {
        let SignedIn { user, session, key, .. } = who;
        let question = Question { who: format!("{user} {session} {key:?}"), body: body.clone() };
        let done = self.done.load(Ordering::Acquire);
        let fits = body.len() <= MOST_ASKED_BYTES;
        fits.then_some(Asked { question, written: written?, done, at: Instant::now() })
    }

    /// What was told before, if it still holds.
    pub fn told(&self, now: &Asked) -> Option<Bytes> {
        let all = self.kept.lock();
        let kept = all.get(&now.question)?;
        let then = &kept.asked;
        let holds = then.written == now.written
            && then.done == now.done
            && now.at.duration_since(then.at) < HOLDS;
        holds.then(|| kept.told.clone())
    }

    pub fn keep(&self, asked: Asked, told: Bytes) {
        if told.len() > MOST_TOLD_BYTES {
            return;
        }
        let mut all = self.kept.lock();
        // What people wrote stays in memory no longer than it may be told.
        all.retain(|_, kept| asked.at.saturating_duration_since(kept.asked.at) < HOLDS);
        if all.len() < MOST {
            all.insert(asked.question.clone(), Kept { asked, told });
        }
    }
}

/// What a text in GraphQL is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Something of communities, and nothing else.
    Communities,
    /// What is told of sessions and of the installation may change without anything being written.
    Other,
    /// Doing something; or nobody knows without carrying it out.
    Deeds,
}

impl After {
    pub fn of(query: &str) -> Self {
        let Ok(document) = parse_query(query) else { return Self::Deeds };
        let mut operations = document.operations.iter().map(|(_, operation)| &operation.node);
        if operations.any(|operation| operation.ty != OperationType::Query) {
            return Self::Deeds;
        }
        let is_guild = |selection: &Selection| match selection {
            Selection::Field(field) => field.node.name.node == "guild",
            _ => false,
        };
        match &document.operations {
            DocumentOperations::Single(asks)
                if asks.node.selection_set.node.items.iter().all(|item| is_guild(&item.node)) =>
            {
                Self::Communities
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{GuildId, UserId};
    use eventlog::Position;

    use super::*;

    const QUESTION: Bytes = Bytes::from_static(b"{\"query\":\"{ guild(id: 1) { name } }\"}");
    const ANSWER: Bytes = Bytes::from_static(b"{\"data\":{}}");

    fn someone(user: u64, session: &str) -> SignedIn {
        SignedIn {
            user: UserId::new(user).unwrap(),
            session: session.to_owned(),
            profile: schema::Profile::default(),
            guilds: vec![GuildId::new(1).unwrap()],
            key: None,
        }
    }

    const fn written(head: u64, commits: u64) -> Written {
        Written { head: Position(head), commits }
    }

    /// What somebody was told when there were seven events.
    fn told_once() -> (Answers, SignedIn) {
        let (answers, who) = (Answers::default(), someone(1, "a"));
        let asked = answers.asked(&who, &QUESTION, Some(written(7, 70))).unwrap();
        assert_eq!(answers.told(&asked), None);
        answers.keep(asked, ANSWER);
        (answers, who)
    }

    fn told(answers: &Answers, who: &SignedIn, written: Written) -> Option<Bytes> {
        answers.told(&answers.asked(who, &QUESTION, Some(written)).unwrap())
    }

    #[test]
    fn the_same_is_told_again_to_whoever_asked_it_and_to_nobody_else() {
        let (answers, who) = told_once();
        assert_eq!(told(&answers, &who, written(7, 70)), Some(ANSWER));
        for other in [someone(2, "a"), someone(1, "b")] {
            assert_eq!(told(&answers, &other, written(7, 70)), None);
        }
        let other = Bytes::from_static(b"{\"query\":\"{ guild(id: 2) { name } }\"}");
        let other = answers.asked(&who, &other, Some(written(7, 70))).unwrap();
        assert_eq!(answers.told(&other), None);
    }

    #[test]
    fn nothing_is_told_again_once_anything_was_written_or_done_or_a_second_is_over() {
        let (answers, who) = told_once();
        assert_eq!(told(&answers, &who, written(8, 70)), None);
        assert_eq!(told(&answers, &who, written(7, 71)), None);
        let mut later = answers.asked(&who, &QUESTION, Some(written(7, 70))).unwrap();
        later.at += HOLDS;
        assert_eq!(answers.told(&later), None);
        answers.done();
        assert_eq!(told(&answers, &who, written(7, 70)), None);
    }

    #[test]
    fn nothing_is_kept_where_others_write_too_nor_what_is_large() {
        let (answers, who) = (Answers::default(), someone(1, "a"));
        assert!(answers.asked(&who, &QUESTION, None).is_none());
        let large = Bytes::from(vec![b' '; MOST_ASKED_BYTES + 1]);
        assert!(answers.asked(&who, &large, Some(written(7, 70))).is_none());
        let asked = answers.asked(&who, &QUESTION, Some(written(7, 70))).unwrap();
        answers.keep(asked, Bytes::from(vec![b' '; MOST_TOLD_BYTES + 1]));
        assert_eq!(told(&answers, &who, written(7, 70)), None);
    }

    #[test]
    fn only_questions_about_communities_are_answered_again() {
        let of_communities = |text| After::of(text) == After::Communities;
        assert!(of_communities("query ($guild: Snowflake!) { guild(id: $guild) { name } }"));
        assert!(of_communities("{ one: guild(id: 1) { name } guild(id: 2) { name } }"));
        for other in [
            "{ viewer { sessions { id } } }",
            "{ guild(id: 1) { name } viewer { name } }",
            "{ ...all } fragment all on Query { guild(id: 1) { name } }",
            "query a { guild(id: 1) { name } } query b { viewer { name } }",
        ] {
            assert_eq!(After::of(other), After::Other, "{other}");
        }
    }

    #[test]
    fn deeds_and_what_nobody_understands_end_what_was_kept() {
        for deed in [
            "mutation { guild(id: 1) { name } }",
            "query a { viewer { name } } mutation b { guild(id: 1) { name } }",
            "{ guild(id: 1) { name }",
            "",
        ] {
            assert_eq!(After::of(deed), After::Deeds, "{deed}");
        }
    }
}
