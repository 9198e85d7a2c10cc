//! One large giveaway: how fast members enter, what each weighs in memory, how long the draw takes,
//! how long the first answer after a restart, and whether a million picks are fair.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    ChannelId, Decider as _, GiveawayId, GuildId, MessageId, PersonId, Timestamp, Weigh as _,
    digest::Digest,
    giveaways::{Command, Facts, Giveaway, Requirements, Terms, commitment, pick},
};
use eventlog::{Bus, BusOptions, Request, StreamId, snapshots::Snapshots};
use serde::Serialize;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    Failed, per_second,
    store::{Backend, Ground, Store, on_fresh_store},
};

/// As many as members have fingers on buttons at one moment.
const CLIENTS: u32 = 256;
const WINNERS: u32 = 50;
/// A million picks among entries of these weights.
const WEIGHTS: [u32; 10] = [1, 1, 2, 3, 5, 8, 13, 21, 34, 12];
const PICKS: u32 = 1_000_000;
/// χ² with nine degrees of freedom is larger once in a million.
const CHI_LIMIT: f64 = 45.1;
/// How long a snapshot that is being written may take, and how often it is looked for.
const SNAPSHOT_PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(50);

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Where the log is
    #[arg(long)]
    backend: Backend,
    #[command(flatten)]
    ground: Ground,
    /// Members who enter
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=250_000))]
    entrants: u32,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    backend: Backend,
    entrants: u32,
    entries_per_s: f64,
    bytes_per_entrant: usize,
    /// Closing, with the Merkle root over all entries.
    close_ms: f64,
    /// Drawing 50 of them.
    draw_ms: f64,
    /// The first answer of a process that has just been started.
    cold_ms: f64,
    chi_square: f64,
    fair: bool,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries_per_s, bytes_per_entrant, close_ms, draw_ms, cold_ms, .. } = self;
        write!(
            f,
            "{entries_per_s:.0} entries/s; {bytes_per_entrant} bytes an entrant; closed in \
             {close_ms} ms, {WINNERS} drawn in {draw_ms} ms; first answer after a start in \
             {cold_ms} ms; {PICKS} picks: χ² {:.1}, {}",
            self.chi_square,
            if self.fair { "fair" } else { "NOT FAIR" }
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let Args { backend, ground, entrants } = args;
    on_fresh_store(backend, &ground, async |store| measure(store, backend, entrants).await).await
}

fn guild() -> Result<GuildId, Failed> {
    Ok(GuildId::new(1_107_318_246_137_131_070)?)
}

fn stream(id: GiveawayId) -> Result<StreamId, Failed> {
    Ok(StreamId::part(Giveaway::CAPABILITY, guild()?, &id.to_string()))
}

fn request(key: &str) -> Result<Request, Failed> {
    use domain::{Actor, Cause, CorrelationId, IdempotencyKey};
    let cause = Cause { correlation: CorrelationId(Uuid::nil()), causation: None };
    Ok(Request { actor: Actor::Operator, cause, key: IdempotencyKey::new(key)?, policy: None })
}

async fn measure(store: &Store, backend: Backend, entrants: u32) -> Result<Outcome, Failed> {
    let id = GiveawayId(Uuid::from_u128(7));
    let (stream, seed) = (stream(id)?, Digest::of(&[b"bench"]));
    let at = Timestamp::from_secs(1_795_003_200);
    let terms = Terms {
        prize: "A prize".to_owned(),
        winners: WINNERS,
        ends_at: at.plus_secs(3_600),
        requires: Requirements::default(),
        bonus: Vec::new(),
        claim_secs: 300,
        max_rerolls: 3,
    };
    let (by, channel) = (PersonId(1), ChannelId::new(7)?);
    let create = Command::Create { id, by, channel, terms, commitment: commitment(id, &seed), at };
    store.bus.execute::<Giveaway>(&stream, &create, &request("create")?).await?;

    let began = Instant::now();
    enter_all(store, &stream, entrants, at).await?;
    let entries_per_s = per_second(u64::from(entrants), began.elapsed());
    let weight = store.bus.read::<Giveaway, _>(&stream, |state, _| state.weight_bytes()).await?;

    let end = at.plus_secs(3_600);
    let close_ms = timed(store, &stream, &Command::Close { by: None, at: end }, "close").await?;
    let cold_ms = cold(store, &stream).await?;
    let message = MessageId::new(1_310_988_612_345_678_901)?;
    let draw = Command::Draw { message, seed, left_out: Vec::new(), at: end };
    let draw_ms = timed(store, &stream, &draw, "draw").await?;
    let chi_square = chi_square();
    Ok(Outcome {
        backend,
        entrants,
        entries_per_s,
        bytes_per_entrant: weight.div_ceil(usize::try_from(entrants)?),
        close_ms,
        draw_ms,
        cold_ms,
        chi_square,
        fair: chi_square < CHI_LIMIT,
    })
}

async fn enter_all(
    store: &Store,
    stream: &StreamId,
    entrants: u32,
    at: Timestamp,
) -> Result<(), Failed> {
    let mut clients = JoinSet::new();
    for first in 0..CLIENTS {
        let (bus, stream) = (store.bus.clone(), stream.clone());
        clients.spawn(async move {
            for number in (first..entrants).step_by(CLIENTS as usize) {
                let (person, salt) = (PersonId(number + 1), Digest(rand::random()));
                let enter = Command::Enter { person, facts: Facts::default(), salt, at };
                let request = request(&format!("interaction/{number}"))?;
                bus.execute::<Giveaway>(&stream, &enter, &request).await?;
            }
            Ok::<_, Failed>(())
        });
    }
    clients.join_all().await.into_iter().collect()
}

async fn timed(
    store: &Store,
    stream: &StreamId,
    command: &Command,
    key: &str,
) -> Result<f64, Failed> {
    let request = request(key)?;
    let began = Instant::now();
    store.bus.execute::<Giveaway>(stream, command, &request).await?;
    Ok(millis(began.elapsed()))
}

/// Snapshots are written beside the commands: the last one may still be on its way. It leaves out
/// less than makes the next one due, give or take what commands at once count over each other.
async fn snapshot_written(
    store: &Store,
    stream: &StreamId,
    snapshots: &Snapshots,
) -> Result<(), Failed> {
    let head = store.log.stream_head(stream).await?;
    let every = BusOptions::default().snapshot_every;
    let began = Instant::now();
    loop {
        let kept = snapshots.load(&*store.log, stream, Giveaway::SNAPSHOT_VERSION).await?;
        let version = kept.map_or(0, |snapshot| snapshot.version);
        if version + every + every / 10 > head {
            return Ok(());
        }
        if began.elapsed() > SNAPSHOT_PATIENCE {
            return Err(format!("the snapshot holds {version} events of {head} and no more").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A bus that has nothing in memory, as after a start.
async fn cold(store: &Store, stream: &StreamId) -> Result<f64, Failed> {
    let snapshots = match &store.pool {
        Some(pool) => Snapshots::postgres(pool.clone()),
        None => Snapshots::sqlite(&store.folder)?,
    };
    snapshot_written(store, stream, &snapshots).await?;
    let (log, people) = (Arc::clone(&store.log), Arc::clone(&store.people));
    let bus = Bus::new(log, people, Some(snapshots), BusOptions::default());
    let began = Instant::now();
    bus.read::<Giveaway, _>(stream, |state, _| state.entries()).await?;
    Ok(millis(began.elapsed()))
}

fn chi_square() -> f64 {
    let (key, id) = (Digest::of(&[b"fair"]), GiveawayId(Uuid::from_u128(8)));
    let mut wins = [0_u32; WEIGHTS.len()];
    for k in 0..PICKS {
        if let Some(pick) = pick(&key, id, k, &WEIGHTS) {
            wins[pick.place] += 1;
        }
    }
    let total: u32 = WEIGHTS.iter().sum();
    let pairs = WEIGHTS.iter().zip(wins);
    pairs
        .map(|(weight, wins)| {
            let expected = f64::from(PICKS) * f64::from(*weight) / f64::from(total);
            (f64::from(wins) - expected).powi(2) / expected
        })
        .sum()
}

fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 10_000.0).round() / 10.0
}
