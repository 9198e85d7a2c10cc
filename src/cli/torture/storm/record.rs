//! What members saw, and what Discord wrote down.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use simulator::{
    Id,
    people::{Answer, Failed as NotDone},
    world::audit::Entry,
};
use tokio::task::JoinHandle;

use super::scene::Scene;
use crate::cli::bench::{Failed, wire::Place};

/// Discord forgets all but the newest entries of its audit log: they are copied before.
const COPY_EVERY: Duration = Duration::from_millis(200);

const SAID_CHARS: usize = 160;

/// What somebody asks for; each is one kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Deed {
    Transfer,
    Warning,
    Giveaway,
    Entry,
    Leaving,
    Claim,
    Campaign,
    Redemption,
    Move,
}

impl Deed {
    pub const ALL: [Self; 9] = [
        Self::Transfer,
        Self::Warning,
        Self::Giveaway,
        Self::Entry,
        Self::Leaving,
        Self::Claim,
        Self::Campaign,
        Self::Redemption,
        Self::Move,
    ];

    /// What the answer says where it is done, and where it had been done before.
    const fn words(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Transfer => (" sent ", &["sent already"]),
            Self::Warning => ("was warned", &[]),
            Self::Giveaway => ("fixed already", &[]),
            Self::Entry => ("You are in.", &["You are in already."]),
            Self::Leaving => ("You are not in any more", &["You are not in."]),
            Self::Claim => ("has claimed", &[]),
            Self::Campaign => ("Its code, which is shown only now", &[]),
            Self::Redemption => ("You get ", &["was redeemed already"]),
            Self::Move => ("You are in **", &["is on its way", "You did not change to"]),
        }
    }
}

/// What a member saw of something that they asked for.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Of the request, as the log has it.
    pub key: String,
    pub deed: Deed,
    /// Whom the event names.
    pub who: Id,
    /// Of a transfer: to whom, and how much.
    pub gift: Option<(Id, i64)>,
    /// Of a claim.
    pub prize: Option<String>,
    pub done: bool,
    /// The beginning of the answer.
    pub said: String,
}

#[derive(Debug, Default)]
pub(super) struct Told {
    pub seen: Vec<Seen>,
    pub unanswered: u64,
}

impl Told {
    pub fn add(&mut self, other: Self) {
        self.seen.extend(other.seen);
        self.unanswered += other.unanswered;
    }

    /// What came of a step that nothing is to be read from.
    pub fn came(&mut self, answer: Result<Answer, NotDone>) -> Option<Answer> {
        match answer {
            Ok(answer) => Some(answer),
            // Dead, or it announced an answer and died before it came.
            Err(NotDone::NoResponse | NotDone::Patience { .. }) => {
                self.unanswered += 1;
                None
            }
            // The button has gone, or so has the member.
            Err(NotDone::Client(_) | NotDone::Refused(_)) => None,
        }
    }

    /// Reads what somebody is told of what they asked for.
    pub fn hears(
        &mut self,
        scene: &Scene,
        deed: Deed,
        who: Id,
        answer: Result<Answer, NotDone>,
    ) -> Result<Option<bool>, Failed> {
        let Some(answer) = self.came(answer) else { return Ok(None) };
        let key = format!("interaction/{}", answer.interaction());
        self.reads(scene, deed, who, key, &answer.all_text())
    }

    pub fn reads(
        &mut self,
        scene: &Scene,
        deed: Deed,
        who: Id,
        key: String,
        text: &str,
    ) -> Result<Option<bool>, Failed> {
        if text.contains("tell the operator this id") {
            return Err(format!("{deed:?} broke: {text}").into());
        }
        // It was taken back for another one that never came.
        if text.is_empty() {
            self.unanswered += 1;
            return Ok(None);
        }
        let (yes, before) = deed.words();
        if before.iter().any(|words| text.contains(words)) {
            return Ok(None);
        }
        let done = text.contains(yes);
        if done {
            scene.done.lock().insert(deed);
        }
        let said = text.chars().take(SAID_CHARS).collect();
        self.seen.push(Seen { key, deed, who, gift: None, prize: None, done, said });
        Ok(Some(done))
    }
}

/// Copies what is written into a community's audit log, until it is over and once more.
pub(super) fn follow(place: &Place, guild: Id, over: Arc<AtomicBool>) -> JoinHandle<Vec<Entry>> {
    let sim = place.sim.clone();
    tokio::spawn(async move {
        let mut copied: Vec<Entry> = Vec::new();
        loop {
            let last = over.load(Ordering::Relaxed);
            if let Ok(guild) = sim.world.lock().guild(guild) {
                let newest = copied.last().map(|entry| entry.id);
                let new = guild.audit_log.iter();
                let new = new.filter(|entry| newest.is_none_or(|newest| entry.id > newest));
                let new: Vec<_> = new.cloned().collect();
                copied.extend(new);
            }
            if last {
                return copied;
            }
            tokio::time::sleep(COPY_EVERY).await;
        }
    })
}
