//! What sealing adds to a command: the same commands on the same store, without a
//! sealer, with one, and without it again. Processor time is what counts: rates on a busy machine say little.

use std::{fmt, sync::Arc};

use eventlog::proof::{Sealer, SealerOptions, seal_now};
use serde::Serialize;

use super::{
    Failed,
    commands::{self, Shape},
    store::{Backend, Ground, on_fresh_store},
};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Where the log is
    #[arg(long)]
    backend: Backend,
    #[command(flatten)]
    ground: Ground,
    #[command(flatten)]
    shape: Shape,
    /// Half of how often each of the two is measured
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    backend: Backend,
    aggregates: u32,
    /// Processor time for each command, in microseconds.
    cpu_us_without: f64,
    cpu_us_with: f64,
    added_percent: f64,
    commands_per_s_without: f64,
    commands_per_s_with: f64,
    checkpoints: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu_us_without, cpu_us_with, added_percent, checkpoints, .. } = self;
        write!(
            f,
            "a command takes {cpu_us_without} µs of processor time without sealing and \
             {cpu_us_with} µs with it: {added_percent}% more; {checkpoints} checkpoints\n{:.0} \
             commands/s without, {:.0} with",
            self.commands_per_s_without, self.commands_per_s_with
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let Args { backend, ground, shape, rounds } = args;
    on_fresh_store(backend, &ground, async |store| {
        commands::prepare(store, shape).await?;
        seal_now(&store.proofs, &store.log).await?;
        // Half of the measurements without come before those with, and half after: stores grow.
        let mut without = Vec::new();
        let mut with = Vec::new();
        for _ in 0..rounds {
            without.push(commands::measure(store, backend, shape).await?);
        }
        seal_now(&store.proofs, &store.log).await?;
        let (proofs, log) = (store.proofs.clone(), Arc::clone(&store.log));
        let sealer = Sealer::start(proofs, log, SealerOptions::default());
        // As a node that has been up for a while, it has seen every guild.
        commands::measure(store, backend, shape).await?;
        let before = store.proofs.status(&*store.log).await?.checkpoints;
        for _ in 0..rounds * 2 {
            with.push(commands::measure(store, backend, shape).await?);
        }
        let checkpoints = store.proofs.status(&*store.log).await?.checkpoints - before;
        sealer.shutdown().await;
        for _ in 0..rounds {
            without.push(commands::measure(store, backend, shape).await?);
        }
        let mean = |of: fn(&commands::Outcome) -> f64, outcomes: &[commands::Outcome]| {
            outcomes.iter().map(of).sum::<f64>() / f64::from(rounds * 2)
        };
        let cpu_without = mean(|outcome| outcome.cpu_us, &without);
        let cpu_with = mean(|outcome| outcome.cpu_us, &with);
        let tenths = |number: f64| (number * 10.0).round() / 10.0;
        Ok(Outcome {
            backend,
            aggregates: shape.aggregates,
            cpu_us_without: tenths(cpu_without),
            cpu_us_with: tenths(cpu_with),
            added_percent: tenths((cpu_with / cpu_without - 1.0) * 100.0),
            commands_per_s_without: mean(|outcome| outcome.commands_per_s, &without).round(),
            commands_per_s_with: mean(|outcome| outcome.commands_per_s, &with).round(),
            checkpoints,
        })
    })
    .await
}
