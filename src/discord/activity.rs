//! What goes on, kept in memory for a few seconds and then recorded all at once: no message waits
//! for a store.
//!
//! Each shard has a lane. A place in its session counts as done when everything up to there is
//! recorded, so after a crash Discord tells again what was lost with the memory; what it tells
//! twice is recognised by the aggregates themselves. What a lane holds is limited: where the store
//! does not take it, the connection waits, and Discord with it.

pub mod told;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use actions::{
    activity::{Heard, Told, Used, Window},
    logs::Noticed,
    mirror::Change,
};
use domain::{GuildId, Timestamp, UserId, activity::Blindness, digest::Digest};
use futures::StreamExt as _;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::{
    edge::Edge,
    sessions::{Progress, Recording},
};
use crate::processes::Trouble;

/// What is heard is recorded within this time.
const FLUSH_EVERY: Duration = Duration::from_secs(4);
/// And what is not so long ago, where the clock is played and runs faster than time.
const LONGEST_SECS: i64 = 60 * 60;
/// So much is recorded at once, whatever the time.
const FLUSH_AT: usize = 5_000;
/// So much is held at most, about 150 bytes each: whoever uses a command in the middle of a flood has
/// three seconds, and must not wait until the store has taken all that was written before.
const MAX_HELD: usize = 200_000;
/// What is known of a member takes as much room as so many facts.
const MEMBER_WEIGHT: usize = 4;
/// Communities whose activity is recorded at the same time.
const AT_ONCE: usize = 128;
/// How often the time of those who are in voice is recorded.
const VOICE_EVERY_SECS: i64 = 60;
/// A burst is what one member writes within this time.
const BURST_SECS: u32 = 10;
const MAX_BURSTS: usize = 100_000;
/// Waits between tries. Where the store is out, the last comes again and again.
const AGAIN: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
];
/// Tries once we were told to stop; Discord tells again what could not be recorded.
const LAST_TRIES: usize = 3;

/// What one shard has heard.
#[derive(Debug, Default)]
pub struct Lane {
    held: Mutex<Held>,
    /// There is much, or somebody waits for it.
    due: Notify,
    room: Notify,
    hurry: AtomicBool,
    /// Something could not be recorded at the end: nothing after it is.
    left: AtomicBool,
    /// The last moment at which Discord certainly told us all there was; in microseconds.
    alive: AtomicI64,
}

#[derive(Debug, Default)]
struct Held {
    session: Arc<str>,
    batches: VecDeque<Batch>,
    facts: usize,
    talking: HashMap<GuildId, Talking>,
    bursts: HashMap<(GuildId, UserId), Burst>,
}

/// What a member has written since a second.
#[derive(Clone, Copy, Debug)]
struct Burst {
    since: u32,
    messages: u32,
}

/// Who is in voice in a community, as far as this lane heard.
#[derive(Debug, Default)]
struct Talking {
    who: HashSet<UserId>,
    told: Option<Timestamp>,
}

/// What is recorded together.
#[derive(Debug, Default)]
struct Batch {
    session: Arc<str>,
    windows: HashMap<GuildId, Window>,
    /// Of the first fact, and of each command.
    recording: Vec<Recording>,
    /// When the first fact was.
    since: Option<Timestamp>,
    voice_until: HashMap<GuildId, Timestamp>,
}

impl Lane {
    /// A session's own name goes nowhere: whoever has it could go on with it.
    pub fn session_is(&self, session: &str) {
        let mut digest = Digest::of(&[session.as_bytes()]).to_string();
        digest.truncate(16);
        self.held.lock().session = digest.into();
    }

    /// Keeps a fact; waits where there is no room.
    pub async fn hear(&self, progress: &Arc<Progress>, guild: GuildId, heard: Heard) {
        let Heard { seq, at, .. } = heard;
        self.keep(progress, (seq, at), 1, |held| {
            held.note_voice(guild, &heard.what);
            held.batch().windows.entry(guild).or_default().heard.push(heard);
        })
        .await;
    }

    /// The same for the logs.
    pub async fn notice(&self, progress: &Arc<Progress>, guild: GuildId, noticed: Noticed) {
        let (place, weight) = ((noticed.seq, noticed.at), noticed.weight());
        self.keep(progress, place, weight, |held| {
            held.batch().windows.entry(guild).or_default().noticed.push(noticed);
        })
        .await;
    }

    /// The same for who is there.
    pub async fn member(
        &self,
        progress: &Arc<Progress>,
        guild: GuildId,
        place: (u64, Timestamp),
        change: Change,
    ) {
        self.keep(progress, place, MEMBER_WEIGHT, |held| {
            held.batch().windows.entry(guild).or_default().members.push((place.1, change));
        })
        .await;
    }

    async fn keep(
        &self,
        progress: &Arc<Progress>,
        (seq, at): (u64, Timestamp),
        weight: usize,
        put: impl FnOnce(&mut Held),
    ) {
        loop {
            let room = self.room.notified();
            if self.held.lock().facts < MAX_HELD {
                break;
            }
            self.due.notify_one();
            room.await;
        }
        let mut held = self.held.lock();
        held.facts += weight;
        let is_much = held.facts >= FLUSH_AT;
        put(&mut held);
        let batch = held.batch();
        let since = *batch.since.get_or_insert_with(|| {
            batch.recording.push(progress.record(seq));
            at
        });
        drop(held);
        let is_long = at.secs_since(since) >= LONGEST_SECS;
        if is_much || is_long || self.hurry.load(Ordering::Relaxed) {
            self.due.notify_one();
        }
    }

    /// The use of a command, once it was answered.
    pub fn used(&self, guild: GuildId, used: Used, recording: Recording) {
        let mut held = self.held.lock();
        let batch = held.batch();
        batch.recording.push(recording);
        batch.windows.entry(guild).or_default().uses.push(used);
        drop(held);
        if self.hurry.load(Ordering::Relaxed) {
            self.due.notify_one();
        }
    }

    /// Nothing was heard of these in this time. The session's place stays before it until that is
    /// recorded.
    pub fn was_blind(
        &self,
        guilds: &[GuildId],
        (from, until): (Timestamp, Timestamp),
        why: Blindness,
        recording: Recording,
    ) {
        let mut held = self.held.lock();
        // What was heard before is recorded before.
        let session = Arc::clone(&held.session);
        let mut batch = Batch { session, recording: vec![recording], ..Batch::default() };
        for guild in guilds {
            let gap = Some((from, until, why));
            batch.windows.insert(*guild, Window { gap, ..Window::default() });
        }
        held.batches.push_back(batch);
        drop(held);
        // Until then the place of a new session is not saved.
        self.due.notify_one();
    }

    /// How many messages this member has written in the last seconds, with this one.
    pub fn burst(&self, guild: GuildId, user: UserId, at: Timestamp) -> u32 {
        let now = u32::try_from(at.as_secs()).unwrap_or(0);
        let is_over = |burst: &Burst| now.saturating_sub(burst.since) > BURST_SECS;
        let mut held = self.held.lock();
        let bursts = &mut held.bursts;
        if bursts.len() == bursts.capacity() {
            bursts.retain(|_, burst| !is_over(burst));
            if bursts.len() >= MAX_BURSTS {
                bursts.clear();
            }
        }
        let burst = bursts.entry((guild, user)).or_insert(Burst { since: now, messages: 0 });
        if is_over(burst) {
            *burst = Burst { since: now, messages: 0 };
        }
        burst.messages += 1;
        burst.messages
    }

    /// Discord has told us everything up to this moment.
    pub fn is_alive(&self, at: Timestamp) {
        self.alive.fetch_max(at.as_micros(), Ordering::Relaxed);
    }

    pub fn alive(&self) -> Option<Timestamp> {
        let micros = self.alive.load(Ordering::Relaxed);
        (micros > 0).then(|| Timestamp::from_micros(micros))
    }

    /// Records at once, and whatever else comes.
    pub fn hurry(&self) {
        self.hurry.store(true, Ordering::Relaxed);
        self.due.notify_one();
    }

    fn take(&self) -> Option<Batch> {
        let mut held = self.held.lock();
        if let Some(alive) = self.alive()
            && held.batches.len() <= 1
        {
            held.tell_of_voice(alive);
        }
        let batch = held.batches.pop_front()?;
        held.facts -= batch.windows.values().map(weight).sum::<usize>();
        drop(held);
        self.room.notify_waiters();
        Some(batch)
    }
}

/// How much of a lane's room it takes.
fn weight(window: &Window) -> usize {
    let noticed = window.noticed.iter().map(Noticed::weight).sum::<usize>();
    window.heard.len() + noticed + window.members.len() * MEMBER_WEIGHT
}

impl Held {
    /// What is heard now goes here: into the last batch, where it is of the session at hand.
    fn batch(&mut self) -> &mut Batch {
        let fits = self.batches.back().is_some_and(|batch| batch.session == self.session);
        if !fits {
            let session = Arc::clone(&self.session);
            self.batches.push_back(Batch { session, ..Batch::default() });
        }
        self.batches.back_mut().expect("there is one now")
    }

    fn note_voice(&mut self, guild: GuildId, told: &Told) {
        match told {
            Told::Voice { user, place: Some(_), .. } => {
                self.talking.entry(guild).or_default().who.insert(*user);
            }
            Told::Voice { user, place: None, .. } => {
                if let Some(talking) = self.talking.get_mut(&guild) {
                    talking.who.remove(user);
                }
            }
            Told::VoiceIs(here) => {
                let who = here.iter().map(|(user, ..)| *user).collect();
                self.talking.entry(guild).or_default().who = who;
            }
            Told::Message { .. } | Told::Reaction { .. } | Told::Joined(_) | Told::Left(_) => {}
        }
    }

    /// Where people are in voice, now and then, how long.
    fn tell_of_voice(&mut self, alive: Timestamp) {
        self.talking.retain(|_, talking| !talking.who.is_empty());
        let mut due = Vec::new();
        for (guild, talking) in &mut self.talking {
            let told = *talking.told.get_or_insert(alive);
            if alive.secs_since(told) >= VOICE_EVERY_SECS {
                talking.told = Some(alive);
                due.push(*guild);
            }
        }
        if due.is_empty() {
            return;
        }
        let batch = self.batch();
        for guild in due {
            batch.windows.entry(guild).or_default();
            batch.voice_until.insert(guild, alive);
        }
    }
}

/// Records what a lane hears, for as long as it lives.
pub async fn keep_recording(lane: Arc<Lane>, edge: Arc<Edge>, stop: watch::Receiver<bool>) {
    loop {
        // Either is as good.
        let _ = tokio::time::timeout(FLUSH_EVERY, lane.due.notified()).await;
        while let Some(batch) = lane.take() {
            if lane.left.load(Ordering::Relaxed) {
                // Or what was left before would look as if it had been recorded.
                batch.recording.into_iter().for_each(Recording::leave);
            } else if !record(&edge, batch, &stop).await {
                lane.left.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// False where something of it is to be told again.
async fn record(edge: &Edge, batch: Batch, stop: &watch::Receiver<bool>) -> bool {
    let Batch { session, windows, recording, voice_until, .. } = batch;
    let session = &*session;
    let voice_until = &voice_until;
    let each = futures::stream::iter(windows).map(|(guild, window)| async move {
        let until = voice_until.get(&guild).copied();
        record_of(edge, guild, session, &window, until, stop).await
    });
    let recorded: Vec<bool> = each.buffer_unordered(AT_ONCE).collect().await;
    let all = !recorded.contains(&false);
    if !all {
        recording.into_iter().for_each(Recording::leave);
    }
    all
}

/// False where it could not be recorded, and is to be told again.
async fn record_of(
    edge: &Edge,
    guild: GuildId,
    session: &str,
    window: &Window,
    voice_until: Option<Timestamp>,
    stop: &watch::Receiver<bool>,
) -> bool {
    let facts = window.heard.len() + window.uses.len() + window.noticed.len();
    let mut tries = 0;
    loop {
        let recorded = edge.actions.record_activity(guild, session, window, voice_until).await;
        let Err(error) = recorded else {
            metrics::counter!("reeve_activity_facts_total").increment(facts as u64);
            if window.gap.is_some()
                && let Some(gaps) = edge.gaps.get()
            {
                gaps.noted();
            }
            return true;
        };
        let id = projections::error_id();
        let text = error.to_string();
        let passes = matches!(Trouble::from(error), Trouble::Later(_));
        tries += 1;
        if *stop.borrow() && tries >= LAST_TRIES {
            tracing::warn!(error.id = id, guild.id = %guild, error = text, "activity is not recorded; it is told again at the next start");
            return false;
        }
        if !passes && tries > AGAIN.len() {
            metrics::counter!("reeve_activity_lost_facts_total").increment(facts as u64);
            tracing::error!(error.id = id, guild.id = %guild, error = text, facts, "activity cannot be recorded");
            return true;
        }
        tracing::warn!(guild.id = %guild, error = text, "activity waits to be recorded");
        let wait = tokio::time::sleep(AGAIN[(tries - 1).min(AGAIN.len() - 1)]);
        let mut stop = stop.clone();
        tokio::select! {
            () = wait => {}
            () = super::shard::told(&mut stop) => tokio::task::yield_now().await,
        }
    }
}

#[cfg(test)]
mod tests;
