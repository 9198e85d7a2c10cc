//! The time machine on one guild with a long history: jumps to moments that nobody has open, steps
//! of one event both ways, and what the keyframes cost to make.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::Moment;
use eventlog::system_clock;
use projections::{TimeMachine, TimeOptions, View, Visit};
use serde::Serialize;

use super::{
    Failed, history,
    memory::{own_rss_mb, peak_rss_mb},
    store::{Backend, Ground, Store, on_fresh_store},
};

/// Events that one append of the history carries.
const AT_A_TIME: u32 = 200;
const JUMPS: u64 = 20;
const STEPS: u64 = 200;
/// Steps back from one moment: past everything that the view can undo, so that what lies before
/// it has to be made ready as well.
const LONG_WAY: u64 = 4_500;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// sqlite or postgres (as the setting of that name)
    #[arg(long, default_value = "sqlite", value_parser = clap::builder::EnumValueParser::<Backend>::new())]
    backend: Backend,
    #[command(flatten)]
    ground: Ground,
    /// How many events the guild has
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    events: u32,
    /// Of which read models; all that there are, if none is named
    #[arg(long)]
    projection: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    backend: Backend,
    events: u64,
    projections: usize,
    /// The first look at the last moment, when there is no keyframe yet.
    first_build_ms: f64,
    keyframe_mb: f64,
    /// Jumps to moments that nobody has open, from keyframes: the slowest, and the middle one.
    cold_jump_ms: f64,
    jump_ms: f64,
    /// One event, forward and back: the slowest of all, and the middle ones.
    warm_step_ms: f64,
    forward_ms: f64,
    back_ms: f64,
    /// Before the first look, at the end, and at most.
    rss_before_mb: f64,
    rss_mb: f64,
    peak_rss_mb: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} events, {} read models", self.events, self.projections)?;
        let Self { first_build_ms, keyframe_mb, cold_jump_ms, jump_ms, .. } = self;
        writeln!(f, "without keyframes  {first_build_ms:.0} ms, then {keyframe_mb} MB of them")?;
        writeln!(f, "jump               {cold_jump_ms} ms at most, {jump_ms} ms in the middle")?;
        let Self { warm_step_ms, forward_ms, back_ms, .. } = self;
        writeln!(
            f,
            "step               {warm_step_ms} ms at most; forward {forward_ms} ms and back \
             {back_ms} ms in the middle"
        )?;
        let Self { rss_before_mb, rss_mb, peak_rss_mb, .. } = self;
        write!(
            f,
            "memory             {rss_mb} MB, {rss_before_mb} MB before, {peak_rss_mb} MB at most"
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    on_fresh_store(args.backend, &args.ground, async |store| {
        history::fill(&*store.log, 1, args.events, AT_A_TIME, history::lively).await?;
        store.analyze().await?;
        measure(store, &args).await
    })
    .await
}

async fn measure(store: &Store, args: &Args) -> Result<Outcome, Failed> {
    let guild = history::guild(0)?;
    let events = u64::from(args.events);
    let folder = store.folder.join("time-machine");
    let open = || {
        let (log, options) = (Arc::clone(&store.log), TimeOptions::default());
        TimeMachine::open(&folder, log, system_clock(), projections::registered(), options)
    };
    let first = open()?;
    let chosen: Vec<&str> = match args.projection.as_slice() {
        [] => first.projections(),
        named => named.iter().map(String::as_str).collect(),
    };
    let look = async |machine: &TimeMachine, seq: u64| -> Result<(View, Duration), Failed> {
        let began = Instant::now();
        let view = machine.at(guild, Moment::Seq(seq), &chosen, Visit::of("operator")).await?;
        Ok((view, began.elapsed()))
    };
    let rss_before_mb = own_rss_mb();
    let (view, first_build) = look(&first, events).await?;
    drop(view);
    drop(first);

    // As after a restart: nothing but the files is left.
    let machine = open()?;
    let keyframe_bytes = machine.keyframe_bytes();
    let mut jumps = Vec::new();
    for jump in 0..JUMPS {
        // Moments all over the history, the last one among them, none where a keyframe is.
        let seq = events - (jump * events / JUMPS + jump * 937) % (events - 1);
        jumps.push(look(&machine, seq).await?.1);
    }
    let (mut view, _) = look(&machine, events - STEPS).await?;
    let (mut forward, mut back) = (Vec::new(), Vec::new());
    for _ in 0..STEPS {
        let began = Instant::now();
        view.forward().await?;
        forward.push(began.elapsed());
    }
    for _ in 0..LONG_WAY.min(events - 1) {
        let began = Instant::now();
        view.back().await?;
        back.push(began.elapsed());
    }
    let rss_mb = own_rss_mb();
    let slowest_step = forward.iter().chain(&back).max().copied().unwrap_or_default();
    Ok(Outcome {
        backend: args.backend,
        events,
        projections: chosen.len(),
        first_build_ms: ms(first_build),
        keyframe_mb: mb(keyframe_bytes),
        cold_jump_ms: ms(jumps.iter().max().copied().unwrap_or_default()),
        jump_ms: ms(middle(&mut jumps)),
        warm_step_ms: ms(slowest_step),
        forward_ms: ms(middle(&mut forward)),
        back_ms: ms(middle(&mut back)),
        rss_before_mb,
        rss_mb,
        peak_rss_mb: peak_rss_mb(),
    })
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "a size in megabytes")]
fn mb(bytes: u64) -> f64 {
    (bytes as f64 / 104_857.6).round() / 10.0
}
