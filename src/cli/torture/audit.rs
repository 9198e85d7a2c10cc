//! What the log holds against what was acknowledged, and read models against the log.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Decider as _, GuildId, PersonId,
    economy::{Economy, Event, State},
};
use eventlog::{
    EventLog, LogError, Position, Recorded, Slice, StreamId, decode,
    proof::{self, seal_now},
    system_clock, values,
};
use projections::{Runtime, RuntimeOptions, economy::balances};
use sqlx::AssertSqlSafe;

use super::work::{self, MEMBERS};
use crate::cli::bench::{Failed, store::Store};

pub(super) const PROJECTION: &str = "balances";
const PAGE: usize = 5_000;
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(5);

/// Everything read so far.
#[derive(Debug, Default)]
pub(super) struct Audit {
    position: Position,
    guild_seqs: HashMap<GuildId, u64>,
    versions: HashMap<StreamId, u64>,
    states: HashMap<GuildId, State>,
    done: HashSet<u64>,
    pub duplicated: u64,
    pub reordered: u64,
}

impl Audit {
    pub const fn events(&self) -> u64 {
        self.position.0
    }

    /// Reads what was written since the last time.
    pub async fn read_on(&mut self, log: &dyn EventLog) -> Result<(), Failed> {
        let head = log.head().await?;
        if head < self.position {
            return Err(format!("the log ends at {head:?}, before {:?}", self.position).into());
        }
        loop {
            let page = log.read_all(self.position, PAGE, Slice::ALL).await?;
            if page.events.is_empty() {
                return Ok(());
            }
            for recorded in &page.events {
                self.take(recorded)?;
            }
        }
    }

    fn take(&mut self, recorded: &Recorded) -> Result<(), LogError> {
        let mut in_place = recorded.position.0 == self.position.0 + 1;
        self.position = recorded.position;
        let guild_seq = self.guild_seqs.entry(recorded.guild()).or_default();
        in_place &= recorded.guild_seq == *guild_seq + 1;
        *guild_seq = recorded.guild_seq;
        let version = self.versions.entry(recorded.stream.clone()).or_default();
        in_place &= recorded.version == *version + 1;
        *version = recorded.version;
        self.reordered += u64::from(!in_place);

        // This also checks the event's hash.
        let event: Event = decode(recorded)?;
        Economy::evolve(self.states.entry(recorded.guild()).or_default(), &event);
        // A command's first movement may open accounts: its last event is the command's own.
        if !matches!(event, Event::AccountOpened { .. })
            && let Some(number) = work::number_of(&recorded.metadata()?.key)
        {
            self.duplicated += u64::from(!self.done.insert(number));
        }
        Ok(())
    }

    pub fn lost<'a>(&self, acknowledged: impl IntoIterator<Item = &'a u64>) -> u64 {
        acknowledged.into_iter().filter(|number| !self.done.contains(number)).count() as u64
    }

    /// Reads on, lets the projection catch up and compares it with the fold of the log. What a dead
    /// process had sent may still be committed meanwhile: both are compared at the same event.
    pub async fn wrong_balances(&mut self, store: &Store) -> Result<u64, Failed> {
        loop {
            self.read_on(&*store.log).await?;
            catch_up(store, self.position).await?;
            if positions(store).await? == Some((self.position, self.position)) {
                break;
            }
        }
        let mut wrong = 0;
        for guild in work::guilds() {
            let guild = guild?;
            let rows = balances::top(&store.read, guild, balances::MAX_TOP).await?;
            let shown: HashMap<_, _> = rows.iter().map(|row| (row.person, row.balance)).collect();
            for person in (1..=MEMBERS).map(PersonId) {
                let folded = self.states.get(&guild).map(|state| state.balance(person));
                wrong += u64::from(
                    folded.unwrap_or_default() != shown.get(&person).copied().unwrap_or_default(),
                );
            }
        }
        Ok(wrong)
    }
}

/// Seals what is left, and compares every checkpoint with the whole log; how many guilds it
/// contradicts.
pub(super) async fn wrong_proofs(store: &Store) -> Result<u64, Failed> {
    seal_now(&store.proofs, &store.log).await?;
    let mut wrong = 0;
    for guild in work::guilds() {
        let checked = proof::check(&store.proofs, &*store.log, guild?).await?;
        wrong += u64::from(checked.problem.is_some() || checked.checkpoints == 0);
    }
    Ok(wrong)
}

/// Where the slices that are the least and the most far stand.
async fn positions(store: &Store) -> Result<Option<(Position, Position)>, Failed> {
    let sql = "SELECT MIN(c.position), MAX(c.position) FROM projection_builds b JOIN projection_checkpoints c \
               ON c.name = b.name AND c.build = b.build WHERE b.name = $1 AND b.state = 'live'";
    let rows = store.read.query(sql, &values![PROJECTION]).await?;
    let row = rows.first();
    let read = |column| row.and_then(|row| row.count(column).ok()).map(Position);
    Ok(read(0).zip(read(1)))
}

async fn catch_up(store: &Store, to: Position) -> Result<(), Failed> {
    if let Some(pool) = &store.pool {
        // Whoever held the leases is dead, and we know it.
        for table in ["projection_checkpoints", "proof_sealer"] {
            let sql = AssertSqlSafe(format!("UPDATE {table} SET lease_until = 0"));
            sqlx::query(sql).execute(pool).await?;
        }
    }
    let mut only = projections::registered();
    only.retain(|projection| projection.name() == PROJECTION);
    let (read, log) = (store.read.clone(), Arc::clone(&store.log));
    let options = RuntimeOptions::default();
    let runtime = Runtime::start(only, read, log, system_clock(), options).await?;
    let reached = reach(store, to).await;
    runtime.shutdown().await;
    reached
}

async fn reach(store: &Store, to: Position) -> Result<(), Failed> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if positions(store).await?.is_some_and(|(least, _)| least >= to) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(format!("{PROJECTION} did not catch up within {} s", PATIENCE.as_secs()).into())
}
