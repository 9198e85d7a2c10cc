//! Reads of what is kept of members are kept themselves: who looked at what. Nobody waits for it
//! to be written, unless more wait to be written than there is room for; and nothing that was
//! looked at is forgotten silently.

use std::{sync::Arc, time::Duration};

use domain::{
    Actor, Decider as _, GuildId, PersonId, Timestamp, UserId,
    access::{AccessSettings, SeeReads},
    reads::{Command, EVERY_SECS, Reads, Thing, Via},
};
use eventlog::StreamId;
use lru::LruCache;
use parking_lot::Mutex;
use projections::reads::{self, Filter, ReadRow};
use tokio::sync::Semaphore;

use crate::{ActionError, Actions, Caller, Permission, fresh_key};

/// Reads that wait to be written; with so many, the next one waits until there is room.
const ROOM: u32 = 256;
/// Reads of which it is remembered that they were recorded.
const REMEMBERED: usize = 10_000;
/// A page that asks again and again, because something happened, is one read; yet not for ever.
const LONGEST_SECS: i64 = 6 * 60 * 60;
/// Where a read cannot be written, it is tried again after these.
const AGAIN: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(8),
];

/// Who may see who looked.
pub const READERS_OF_READS: &[Permission] = &[Permission::ManageAccess, Permission::ViewAudit];

/// What waits to be written, and what was recorded not long ago.
#[derive(Clone)]
pub(crate) struct Noted {
    room: Arc<Semaphore>,
    recent: Arc<Mutex<LruCache<Sameness, Last>>>,
}

/// Guild, who, and what.
type Sameness = (GuildId, UserId, Thing);

#[derive(Clone, Copy)]
struct Last {
    recorded: Timestamp,
    asked: Timestamp,
}

impl Default for Noted {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(ROOM as usize)),
            recent: Arc::new(Mutex::new(LruCache::unbounded())),
        }
    }
}

impl Noted {
    /// Whether it has to be recorded; the same thing asked for soon after is the same read.
    fn is_new(&self, sameness: &Sameness, at: Timestamp) -> bool {
        let mut recent = self.recent.lock();
        if let Some(last) = recent.get_mut(sameness)
            && at < last.asked.plus_secs(EVERY_SECS)
            && at < last.recorded.plus_secs(LONGEST_SECS)
        {
            last.asked = last.asked.max(at);
            return false;
        }
        recent.put(sameness.clone(), Last { recorded: at, asked: at });
        if recent.len() > REMEMBERED {
            recent.pop_lru();
        }
        true
    }
}

impl Actions {
    /// Keeps that somebody looks at something of others'. What is one's own, and what the bot looks
    /// at by itself, is nobody's business.
    pub async fn note_read(&self, guild: GuildId, caller: &Caller, thing: Thing, via: Via) {
        let Some(user) = caller.user() else { return };
        let at = self.now();
        let sameness = (guild, user, thing);
        if !self.noted.is_new(&sameness, at) {
            return;
        }
        // The one who looks waits here where too many reads are to be written.
        let Ok(place) = Arc::clone(&self.noted.room).acquire_owned().await else { return };
        let (actions, caller) = (self.clone(), caller.clone());
        tokio::spawn(async move {
            let (guild, _, thing) = &sameness;
            let mut waits = AGAIN.into_iter();
            while let Err(error) = actions.write_read(*guild, &caller, thing, via, at).await {
                let Some(wait) = waits.next() else {
                    metrics::counter!("reeve_reads_lost_total").increment(1);
                    tracing::error!(guild.id = %guild, %error, "that somebody looked is not recorded");
                    actions.noted.recent.lock().pop(&sameness);
                    break;
                };
                tokio::time::sleep(wait).await;
            }
            drop(place);
        });
    }

    async fn write_read(
        &self,
        guild: GuildId,
        caller: &Caller,
        thing: &Thing,
        via: Via,
        at: Timestamp,
    ) -> Result<(), ActionError> {
        let key = fresh_key("read").map_err(|error| ActionError::BadInput(error.to_string()))?;
        let request = self.request(guild, caller, &key, None).await?;
        let Actor::Person(who) = request.actor else { return Ok(()) };
        if whom(thing) == Some(who) {
            return Ok(());
        }
        let operator = caller.standing().visits;
        let command = Command { who, operator, thing: thing.clone(), via, at };
        let stream = StreamId::of_guild(Reads::CAPABILITY, guild);
        self.bus().execute::<Reads>(&stream, &command, &request).await?;
        Ok(())
    }

    /// Until every read that was noted is written, or given up.
    pub async fn reads_written(&self) {
        drop(self.noted.room.acquire_many(ROOM).await);
    }

    /// What members learn of those who looked at what is kept of them.
    pub async fn members_see_reads(&self, guild: GuildId) -> Result<SeeReads, ActionError> {
        Ok(self.settings::<AccessSettings>(guild).await?.values.members_see_reads)
    }

    /// Who looked at what is kept of whoever asks, newest first, as far as the community tells.
    pub async fn reads_of_own(
        &self,
        store: &projections::ReadStore,
        guild: GuildId,
        caller: &Caller,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ReadRow>, ActionError> {
        let sees = self.members_see_reads(guild).await?;
        let Some(person) = self.person_of(guild, caller).await? else { return Ok(Vec::new()) };
        if sees == SeeReads::Nothing {
            return Ok(Vec::new());
        }
        let filter = Filter { whom: Some(person), ..Filter::default() };
        let mut rows = reads::page(store, guild, &filter, before, limit).await?;
        if sees == SeeReads::When {
            for row in &mut rows {
                row.who = None;
            }
        }
        Ok(rows)
    }
}

const fn whom(thing: &Thing) -> Option<PersonId> {
    match thing {
        Thing::Case { whom, .. } | Thing::Record { whom } | Thing::History { whom } => Some(*whom),
        Thing::Log { whom } | Thing::List { whom, .. } => *whom,
        Thing::Cases | Thing::File { .. } => None,
    }
}
