//! Counting: every process that follows the log gives the same event the same numbers.
//!
//! Position, guild sequence and time are functions of the server's one order of all events, and the
//! hash is a function of those and of the event. So nobody has to agree on anything before an append.

use std::collections::{HashMap, HashSet};

use domain::GuildId;
use parking_lot::Mutex;
use sqlx::PgConnection;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    index::{self, Checkpoint},
    names::Draft,
};
use crate::{
    envelope::{Position, Recorded},
    heads::Heads,
    log::LogError,
};

/// An event that somebody of this process waits for, and which append wrote it.
pub(super) type Seen = (Recorded, Uuid);

/// Those who wait for their events to be counted.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<HashMap<domain::EventId, mpsc::UnboundedSender<Seen>>>);

impl Waiting {
    pub fn expect(&self, ids: &[domain::EventId], sender: &mpsc::UnboundedSender<Seen>) {
        let mut waiting = self.0.lock();
        waiting.extend(ids.iter().map(|id| (*id, sender.clone())));
    }

    pub fn forget(&self, ids: &[domain::EventId]) {
        let mut waiting = self.0.lock();
        for id in ids {
            waiting.remove(id);
        }
    }

    fn tell(&self, event: &Recorded, append: Uuid) {
        if let Some(sender) = self.0.lock().remove(&event.id) {
            let _ = sender.send((event.clone(), append));
        }
    }
}

/// Where the count is.
#[derive(Debug)]
pub(super) struct Count {
    pub at: Checkpoint,
    heads: Heads,
}

impl Count {
    pub fn from(at: Checkpoint) -> Self {
        Self { at, heads: Heads::new(at.position, at.last_at) }
    }

    /// Counts events in the server's order and enters them into the index. Those that were counted
    /// before are passed over. Whoever waits for one is told last.
    pub async fn take(
        &mut self,
        connection: &mut PgConnection,
        drafts: Vec<Draft>,
        waiting: &Waiting,
        counted_to: impl FnOnce(&Checkpoint),
    ) -> Result<(), LogError> {
        let fresh: Vec<Draft> = drafts
            .into_iter()
            .filter(|draft| !self.at.has_seen(draft.commit, draft.prepare))
            .collect();
        let Some(last) = fresh.last() else { return Ok(()) };
        let (commit, prepare) = (last.commit, last.prepare);
        self.learn_guilds(connection, &fresh).await?;
        let appends: Vec<Uuid> = fresh.iter().map(|draft| draft.append).collect();
        let mut counted = Vec::with_capacity(fresh.len());
        let mut guilds: HashMap<GuildId, u64> = HashMap::new();
        let mut at = self.at;
        for draft in fresh {
            draft.check_seal()?;
            let guild = draft.guild();
            let before = guilds.get(&guild).copied().or_else(|| self.heads.guild(guild));
            let guild_seq = before.unwrap_or(0) + 1;
            at.position += 1;
            let Draft { mut entry, kept, commit, prepare, .. } = draft;
            entry.position = Position(at.position);
            entry.guild_seq = guild_seq;
            if kept.is_none() {
                entry.at = entry.at.max(at.last_at);
            }
            let event = Recorded::new(entry);
            if let Some((seq, hash)) = kept
                && (seq != guild_seq || hash != event.hash.to_string())
            {
                return Err(event.corrupt(&format!(
                    "it was event {seq} of its guild in the log it comes from, and is {guild_seq} here"
                )));
            }
            at.last_at = at.last_at.max(event.at);
            guilds.insert(guild, guild_seq);
            counted.push((event, commit, prepare));
        }
        (at.commit, at.prepare) = (commit, prepare);
        let head = index::enter(connection, self.at.position, &counted).await?;
        if head < self.at.position {
            return Err(LogError::Unavailable(
                "the index in PostgreSQL has lost its end and is made anew from there".to_owned(),
            ));
        }
        self.at = at;
        for (guild, head) in guilds {
            self.heads.learn_guild(guild, head);
        }
        counted_to(&self.at);
        for ((event, ..), append) in counted.iter().zip(appends) {
            waiting.tell(event, append);
        }
        Ok(())
    }

    /// Others may have entered more than was counted here, so the index is asked for the past.
    async fn learn_guilds(
        &mut self,
        connection: &mut PgConnection,
        fresh: &[Draft],
    ) -> Result<(), LogError> {
        let unknown: HashSet<GuildId> =
            fresh.iter().map(Draft::guild).filter(|g| self.heads.guild(*g).is_none()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let unknown: Vec<GuildId> = unknown.into_iter().collect();
        let heads = index::guild_heads(connection, &unknown, self.at.position).await?;
        for (guild, head) in unknown.into_iter().zip(heads) {
            self.heads.learn_guild(guild, head);
        }
        Ok(())
    }
}
