//! Discord's rate limits, kept before they are met.
//!
//! - **Per route**: what a route may still do is learnt from the headers of every answer, never
//!   written down here. Until they are known, one call at a time feels its way.
//! - **Global**: 50 requests a second for a bot, in any second however one cuts it. Bulk work stops
//!   short of that, so that what somebody waits for finds room, and what can wait stops far short of it; answers to interactions are outside
//!   of this limit at Discord and here.
//! - **Refusals**: 10,000 answers of 401, 403 or 429 within 10 minutes ban the address; bulk work
//!   stops long before.
//!
//! After a 429 its route (or everything, where Discord says so) waits as long as Discord says, and
//! then one call goes alone: so a limit is never met twice in a row.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// Added to what Discord says, for its clock and the way there.
const MARGIN: Duration = Duration::from_millis(100);
const REFUSALS_WITHIN: Duration = Duration::from_mins(10);
/// Where a call is under way and nothing is known: how soon to look again.
const FEEL: Duration = Duration::from_millis(20);
/// Routes that nobody has used for so long are forgotten.
const FORGET: Duration = Duration::from_mins(10);
const FORGET_ABOVE: usize = 4_096;

/// Who waits for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// The answer to an interaction: outside of the global limit.
    Interaction,
    /// Somebody waits for it.
    Now,
    /// Effects: whenever there is room.
    Bulk,
    /// What can wait for all of that.
    Spare,
}

#[derive(Clone, Copy, Debug)]
pub struct LimitsOptions {
    /// Requests in any second, all together.
    pub global: usize,
    /// How many of them bulk work may make.
    pub bulk: usize,
    /// How many what can wait may make, beside everything else.
    pub spare: usize,
    /// Refusals within ten minutes, from which on bulk work waits.
    pub refusals: usize,
}

impl Default for LimitsOptions {
    fn default() -> Self {
        Self { global: 48, bulk: 36, spare: 18, refusals: 2_000 }
    }
}

/// A route as Discord limits it: `PUT guilds/:/members/:/roles/:` of one guild.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// Without any ids.
    template: String,
    /// The guild, channel or webhook; each has a limit of its own.
    major: String,
}

impl Route {
    /// From a method and a path such as `guilds/1/members/2/roles/3`; `:` stands for any id.
    pub fn of(method: &str, path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let (mut template, mut major) = (method.to_owned(), String::new());
        let mut before = "";
        for (index, part) in path.split('/').enumerate() {
            template.push(if index == 0 { ' ' } else { '/' });
            let is_id = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            if index == 1 && matches!(before, "guilds" | "channels" | "webhooks") {
                major = format!("{before}/{part}");
                template.push(':');
            } else if is_id || part == ":" {
                template.push(':');
            } else {
                template.push_str(part);
            }
            before = part;
        }
        Self { template, major }
    }

    /// From one text: `PUT guilds/1/members/:/roles/:`.
    pub fn parse(text: &str) -> Self {
        let (method, path) = text.split_once(' ').unwrap_or(("GET", text));
        Self::of(method, path)
    }
}

/// What an answer says about the limit of its route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub bucket: Option<String>,
    pub remaining: Option<u32>,
    pub reset_after: Option<Duration>,
}

/// That a limit was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    pub retry_after: Duration,
    /// For everything, not only this route.
    pub global: bool,
}

#[derive(Clone, Debug)]
pub struct Limits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: LimitsOptions,
    state: Mutex<State>,
}

type BucketKey = (String, String);

#[derive(Debug, Default)]
struct State {
    /// When the calls of the last second went out.
    sent: VecDeque<Instant>,
    refused: VecDeque<Instant>,
    closed_until: Option<Instant>,
    /// After a global 429, one call goes alone.
    feeling: bool,
    under_way: usize,
    /// The buckets that routes belong to, as Discord named them.
    names: HashMap<String, String>,
    buckets: HashMap<BucketKey, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    /// None as long as nothing is known.
    remaining: Option<u32>,
    resets: Instant,
    under_way: u32,
    closed_until: Option<Instant>,
    feeling: bool,
    used: Instant,
}

/// Leave to make one call.
#[derive(Debug)]
pub struct Permit {
    limits: Limits,
    key: BucketKey,
    template: String,
    counted: bool,
    answered: bool,
}

impl Limits {
    pub fn new(options: LimitsOptions) -> Self {
        Self(Arc::new(Inner { options, state: Mutex::default() }))
    }

    /// Leave for a call, or how long there is none.
    pub fn try_take(
        &self,
        route: &Route,
        urgency: Urgency,
        now: Instant,
    ) -> Result<Permit, Duration> {
        let mut state = self.0.state.lock();
        let counted = urgency != Urgency::Interaction;
        if counted {
            self.room_for_all(&mut state, urgency, now)?;
        }
        let key = state.key(route);
        let bucket = state.buckets.entry(key.clone()).or_insert_with(|| Bucket::new(now));
        bucket.room(now)?;
        bucket.under_way += 1;
        bucket.used = now;
        if counted {
            state.sent.push_back(now);
            state.under_way += 1;
        }
        drop(state);
        let template = route.template.clone();
        Ok(Permit { limits: self.clone(), key, template, counted, answered: false })
    }

    /// How long there is no leave for a call on this route; none where there is.
    pub fn no_room_for(&self, route: &Route, urgency: Urgency) -> Option<Duration> {
        let now = Instant::now();
        let mut state = self.0.state.lock();
        if urgency != Urgency::Interaction
            && let Err(wait) = self.room_for_all(&mut state, urgency, now)
        {
            return Some(wait);
        }
        let key = state.key(route);
        state.buckets.get_mut(&key)?.room(now).err()
    }

    /// Waits for leave, at most so long; how long it would still be where that is not enough.
    pub async fn take(
        &self,
        route: &Route,
        urgency: Urgency,
        patience: Duration,
    ) -> Result<Permit, Duration> {
        let until = Instant::now() + patience;
        loop {
            match self.try_take(route, urgency, Instant::now()) {
                Ok(permit) => return Ok(permit),
                Err(wait) if Instant::now() + wait > until => return Err(wait),
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    fn room_for_all(
        &self,
        state: &mut State,
        urgency: Urgency,
        now: Instant,
    ) -> Result<(), Duration> {
        let options = &self.0.options;
        if let Some(until) = state.closed_until {
            if until > now {
                return Err(until - now);
            }
            state.closed_until = None;
            state.feeling = true;
        }
        if state.feeling && state.under_way > 0 {
            return Err(FEEL);
        }
        while state.sent.front().is_some_and(|sent| now.duration_since(*sent) >= SECOND + MARGIN) {
            state.sent.pop_front();
        }
        while state.refused.front().is_some_and(|at| now.duration_since(*at) > REFUSALS_WITHIN) {
            state.refused.pop_front();
        }
        let can_wait = matches!(urgency, Urgency::Bulk | Urgency::Spare);
        if can_wait
            && state.refused.len() >= options.refusals
            && let Some(first) = state.refused.front()
        {
            return Err(REFUSALS_WITHIN.saturating_sub(now.duration_since(*first)).max(FEEL));
        }
        let most = match urgency {
            Urgency::Interaction | Urgency::Now => options.global,
            Urgency::Bulk => options.bulk,
            Urgency::Spare => options.spare,
        };
        if state.sent.len() >= most {
            // Room comes when enough of the oldest are a second old.
            let place = state.sent.len() - most;
            let wait = state
                .sent
                .get(place)
                .map_or(FEEL, |sent| (SECOND + MARGIN).saturating_sub(now.duration_since(*sent)));
            return Err(wait.max(Duration::from_millis(1)));
        }
        Ok(())
    }
}

impl State {
    fn key(&self, route: &Route) -> BucketKey {
        let name = self.names.get(&route.template).unwrap_or(&route.template);
        (name.clone(), route.major.clone())
    }

    fn forget(&mut self, now: Instant) {
        if self.buckets.len() > FORGET_ABOVE {
            self.buckets.retain(|_, bucket| {
                bucket.under_way > 0 || now.duration_since(bucket.used) < FORGET
            });
        }
    }
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self {
            remaining: None,
            resets: now,
            under_way: 0,
            closed_until: None,
            feeling: false,
            used: now,
        }
    }

    fn room(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(until) = self.closed_until {
            if until > now {
                return Err(until - now);
            }
            self.closed_until = None;
            self.feeling = true;
        }
        if self.remaining.is_some() && self.resets <= now {
            // A new window, of which nothing is known yet.
            self.remaining = None;
        }
        match self.remaining {
            // Also where a 429 named an earlier time: the window is what it is.
            Some(0) => Err((self.resets - now).max(FEEL)),
            Some(remaining) if !self.feeling && remaining > self.under_way => Ok(()),
            _ if self.under_way == 0 => Ok(()),
            _ => Err(FEEL),
        }
    }
}

impl Permit {
    /// What the answer said.
    pub fn answered(mut self, told: &Told, met: Option<Met>, refused: bool, now: Instant) {
        self.answered = true;
        let limits = self.limits.clone();
        let mut state = limits.0.state.lock();
        if refused || met.is_some() {
            state.refused.push_back(now);
        }
        if let Some(name) = &told.bucket
            && self.key.0 != *name
        {
            // From now on it is found under the name that Discord gave it.
            state.names.insert(self.template.clone(), name.clone());
            if let Some(bucket) = state.buckets.get_mut(&self.key) {
                bucket.under_way = bucket.under_way.saturating_sub(1);
            }
            self.key.0.clone_from(name);
            let bucket = state.buckets.entry(self.key.clone()).or_insert_with(|| Bucket::new(now));
            bucket.under_way += 1;
        }
        if let Some(bucket) = state.buckets.get_mut(&self.key) {
            bucket.used = now;
            if let (Some(remaining), Some(reset_after)) = (told.remaining, told.reset_after) {
                bucket.remaining = Some(remaining);
                bucket.resets = now + reset_after + MARGIN;
            }
            match met {
                Some(met) if !met.global => {
                    bucket.closed_until = Some(now + met.retry_after + MARGIN);
                }
                Some(_) => {}
                None => bucket.feeling = false,
            }
        }
        match met {
            Some(met) if met.global => {
                let until = now + met.retry_after + MARGIN;
                state.closed_until = Some(state.closed_until.map_or(until, |at| at.max(until)));
            }
            _ if self.counted => state.feeling = false,
            _ => {}
        }
        state.forget(now);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limits.0.state.lock();
        if self.counted {
            state.under_way = state.under_way.saturating_sub(1);
        }
        if let Some(bucket) = state.buckets.get_mut(&self.key) {
            bucket.under_way = bucket.under_way.saturating_sub(1);
            // Whether a call without an answer counted at Discord is not known: it did.
            if !self.answered {
                bucket.remaining = bucket.remaining.map(|remaining| remaining.saturating_sub(1));
            }
        }
    }
}

#[cfg(test)]
mod tests;
