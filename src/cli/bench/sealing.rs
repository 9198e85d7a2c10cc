//! What sealing adds to a command: the same commands on the same store, in turns without a sealer and
//! with one. Processor time is what counts: rates on a busy machine say little.

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
    /// How often it is measured with a sealer, between two measurements without
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
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
        let (mut without, mut with) =
            (vec![commands::measure(store, backend, shape).await?], Vec::new());
        let mut checkpoints = 0;
        for _ in 0..rounds {
            seal_now(&store.proofs, &store.log).await?;
            let (proofs, log) = (store.proofs.clone(), Arc::clone(&store.log));
            let sealer = Sealer::start(proofs, log, SealerOptions::default());
            // As a node that has been up for a while, it has seen every guild. Both kinds begin after
            // as many commands, since stores grow.
            commands::measure(store, backend, shape).await?;
            let before = store.proofs.status(&*store.log).await?.checkpoints;
            with.push(commands::measure(store, backend, shape).await?);
            checkpoints += store.proofs.status(&*store.log).await?.checkpoints - before;
            sealer.shutdown().await;
            commands::measure(store, backend, shape).await?;
            without.push(commands::measure(store, backend, shape).await?);
        }
        let cpu = |outcome: &commands::Outcome| outcome.cpu_us;
        let rate = |outcome: &commands::Outcome| outcome.commands_per_s;
        // A machine is busy with other things, now more and now less: each beside its neighbours.
        let added = with.iter().zip(without.windows(2)).map(|(with, beside)| {
            (2.0 * with.cpu_us / (beside[0].cpu_us + beside[1].cpu_us) - 1.0) * 100.0
        });
        let tenths = |number: f64| (number * 10.0).round() / 10.0;
        Ok(Outcome {
            backend,
            aggregates: shape.aggregates,
            cpu_us_without: tenths(median(without.iter().map(cpu))),
            cpu_us_with: tenths(median(with.iter().map(cpu))),
            added_percent: tenths(median(added)),
            commands_per_s_without: median(without.iter().map(rate)).round(),
            commands_per_s_with: median(with.iter().map(rate)).round(),
            checkpoints,
        })
    })
    .await
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    let (lower, upper) = (numbers[(numbers.len() - 1) / 2], numbers[numbers.len() / 2]);
    f64::midpoint(lower, upper)
}
