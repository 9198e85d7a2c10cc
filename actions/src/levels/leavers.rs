//! Who has experience and is no member any more, by our copy of who is (`mirror.rs`): of a member
//! who left nothing is lost, but a community may want its boards without them.
//!
//! Nobody is gone of whom it is not known: without a copy everybody is shown. While all members are
//! being compared, only those count as gone of whom it was told.

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{GuildId, PersonId, UtcDay};
use eventlog::{LogError, values};
use lru::LruCache;
use parking_lot::Mutex;
use projections::{
    ReadStore,
    levels::{
        periods::{self, Period},
        ranks::{self, Ranked},
    },
};

use crate::{ActionError, Actions};

/// So long it is not asked again who is there.
const LASTS: Duration = Duration::from_secs(30);
const COMMUNITIES: NonZeroUsize = NonZeroUsize::new(256).expect("it is not zero");
/// Lines that are read at once on the way past those who are gone.
const CHUNK: u32 = 500;

/// Those who are gone, with what they have.
#[derive(Clone, Debug, Default)]
pub struct Gone(Arc<HashMap<PersonId, u64>>);

#[derive(Clone)]
pub(crate) struct Cache(Arc<Mutex<LruCache<GuildId, (Instant, Gone)>>>);

impl Default for Cache {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(COMMUNITIES))))
    }
}

impl Gone {
    pub fn has(&self, person: PersonId) -> bool {
        self.0.contains_key(&person)
    }

    /// How many of them stand before somebody who has so much.
    fn before(&self, person: PersonId, xp: u64) -> u64 {
        let stands_before =
            |(other, has): &(&PersonId, &u64)| **has > xp || (**has == xp && **other < person);
        let others = self.0.iter().filter(|(other, _)| **other != person);
        others.filter(stands_before).count() as u64
    }
}

impl Actions {
    /// Nobody, where the community shows everybody.
    pub async fn hidden_leavers(&self, guild: GuildId) -> Result<Gone, ActionError> {
        if !self.level_terms(guild).await?.values.hide_leavers {
            return Ok(Gone::default());
        }
        let known = self.leavers.0.lock().get(&guild).cloned();
        if let Some((at, gone)) = known
            && at.elapsed() < LASTS
        {
            return Ok(gone);
        }
        let gone = self.find_leavers(guild).await?;
        self.leavers.0.lock().put(guild, (Instant::now(), gone.clone()));
        Ok(gone)
    }

    async fn find_leavers(&self, guild: GuildId) -> Result<Gone, ActionError> {
        let select = "SELECT person, here FROM mirror_members WHERE guild = $1";
        let (mut here, mut left) = (HashSet::new(), HashSet::new());
        for row in self.work.query(select, &values![guild]).await? {
            let person = PersonId(u32::try_from(row.int(0)?).unwrap_or(u32::MAX));
            if row.int(1)? != 0 {
                here.insert(person)
            } else {
                left.insert(person)
            };
        }
        let select = "SELECT COUNT(*) FROM mirror_syncs WHERE guild = $1 AND state = 'done'";
        let synced = self.work.query(select, &values![guild]).await?;
        let is_whole = synced.first().map_or(Ok(0), |row| row.count(0))? > 0;
        let is_gone = |person| left.contains(&person) || (is_whole && !here.contains(&person));
        let all = ranks::all(self.store(), guild).await?;
        let gone = all.into_iter().filter(|one| is_gone(one.person));
        Ok(Gone(Arc::new(gone.map(|one| (one.person, one.xp)).collect())))
    }

    /// A board from a place on, without those who are gone: of all time, or of the period that a
    /// day lies in. The one order that slash commands and pages show.
    pub async fn level_top(
        &self,
        store: &ReadStore,
        guild: GuildId,
        period: Option<(Period, UtcDay)>,
        gone: &Gone,
        (after, limit): (u32, u32),
    ) -> Result<Vec<Ranked>, ActionError> {
        if gone.0.is_empty() {
            return Ok(page(store, guild, period, (after, limit)).await?);
        }
        let (mut lines, mut left_out, mut from) = (Vec::new(), after, 0);
        while lines.len() < limit as usize {
            let chunk = page(store, guild, period, (from, CHUNK)).await?;
            let read = chunk.len();
            from = from.saturating_add(u32::try_from(read).unwrap_or(u32::MAX));
            for one in chunk.into_iter().filter(|one| !gone.has(one.person)) {
                if left_out > 0 {
                    left_out -= 1;
                } else if lines.len() < limit as usize {
                    lines.push(one);
                }
            }
            if read < CHUNK as usize {
                break;
            }
        }
        Ok(lines)
    }

    /// How many stand before somebody who has so much, and how many there are.
    pub async fn level_before(
        &self,
        store: &ReadStore,
        guild: GuildId,
        gone: &Gone,
        (person, xp): (PersonId, u64),
    ) -> Result<(u64, u64), ActionError> {
        let (before, of) = ranks::before(store, guild, person, xp).await?;
        let missing = gone.0.len() as u64 - u64::from(gone.has(person));
        let before = before.saturating_sub(gone.before(person, xp));
        Ok((before, of.saturating_sub(missing)))
    }
}

async fn page(
    store: &ReadStore,
    guild: GuildId,
    period: Option<(Period, UtcDay)>,
    (after, limit): (u32, u32),
) -> Result<Vec<Ranked>, LogError> {
    match period {
        None => ranks::top(store, guild, after, limit).await,
        Some(period) => periods::top(store, guild, period, after, limit).await,
    }
}
