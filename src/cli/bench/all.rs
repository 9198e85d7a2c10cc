//! Everything for the table: ours, the stock stores and what is written by hand, in turns and in
//! one run, because only ratios of one run on one machine say anything.

mod baseline;
mod idle;
mod table;

use std::path::PathBuf;

use super::{
    Failed, bare_insert, batch,
    commands::{self, Shape},
    rebuild::{self, Size},
    store::{Backend, Ground, Site, Store},
};
use crate::cli::print::{Print, say};
use baseline::Baseline;
use table::{Samples, Table};

/// Where `scripts/bench` builds it.
const BASELINE: &str = "target/compat/release/baseline";
const GUILDS: u32 = 10_000;
/// Clients and aggregates.
const SHAPES: [(u32, u32); 4] = [(64, GUILDS), (64, 1), (1, GUILDS), (1, 1)];
const BACKENDS: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    ground: Ground,
    /// The program that runs the stock stores [default: target/compat/release/baseline]
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// How long each measurement takes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How often each is made; the medians count
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Events of the rebuild
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..))]
    events: u32,
    /// One short round: to see that it works
    #[arg(long)]
    quick: bool,
}

pub(super) async fn run(mut args: Args, print: Print) -> Result<(), Failed> {
    if args.quick {
        (args.seconds, args.rounds, args.events) = (1, 1, 50_000);
    }
    let mut samples = Samples::default();
    let path = args.baseline.clone().unwrap_or_else(|| BASELINE.into());
    let baseline = Baseline::find(path, &args.ground)?;
    if baseline.is_none() {
        eprintln!("bench: there is no {BASELINE}: nothing to compare with; see scripts/bench");
    }
    commands_per_s(&args, baseline.as_ref(), &mut samples).await?;
    rebuilds_per_s(&args, baseline.as_ref(), &mut samples).await?;
    if let Some(megabytes) = idle::rss_mb(&args.ground.dir()).await? {
        samples.add("idle memory", megabytes);
    }
    let table = Table::of(&samples);
    print.note(&table.markdown());
    say(&serde_json::to_string(&table)?);
    Ok(())
}

/// The two stores, each open and filled for the whole run.
async fn commands_per_s(
    args: &Args,
    baseline: Option<&Baseline>,
    samples: &mut Samples,
) -> Result<(), Failed> {
    let mut sites = Vec::new();
    for backend in BACKENDS {
        sites.push((backend, Site::make(backend, &args.ground).await?));
    }
    let result = async {
        let mut stores = Vec::new();
        for (backend, site) in &sites {
            eprintln!("bench: filling {}", backend.name());
            let store = site.open().await?;
            commands::prepare(&store, shape(args, 64, GUILDS, true)).await?;
            stores.push((*backend, store));
        }
        for round in 1..=args.rounds {
            eprintln!("bench: commands, round {round} of {}", args.rounds);
            one_round(args, baseline, &stores, samples).await?;
        }
        for (_, store) in stores {
            store.close().await;
        }
        Ok(())
    };
    let result = result.await;
    for (_, site) in sites {
        site.remove().await?;
    }
    result
}

async fn one_round(
    args: &Args,
    baseline: Option<&Baseline>,
    stores: &[(Backend, Store)],
    samples: &mut Samples,
) -> Result<(), Failed> {
    for (clients, aggregates) in SHAPES {
        for (backend, store) in stores {
            let shape = shape(args, clients, aggregates, false);
            let ours = commands::measure(store, *backend, shape).await?;
            let name = format!("{} {clients} {aggregates}", backend.name());
            samples.add(&format!("{name} p99"), f64::from(u32::try_from(ours.p99_us)?) / 1_000.0);
            samples.add(&name, ours.commands_per_s);
            if let Some(baseline) = baseline {
                let theirs = baseline.commands(*backend, shape)?;
                samples.add(&format!("stock {name}"), theirs);
            }
            if *backend == Backend::Sqlite && clients == 1 {
                let (ground, seconds) = (args.ground.clone(), args.seconds.min(3));
                let bare = bare_insert::run(&bare_insert::Args { ground, seconds })?;
                samples.add(&format!("bare {aggregates}"), bare.commits_per_s);
            }
        }
    }
    for (backend, store) in stores {
        let sealed = shape(args, 64, GUILDS, true);
        let ours = commands::measure(store, *backend, sealed).await?;
        samples.add(&format!("{} sealed", backend.name()), ours.commands_per_s);
    }
    Ok(())
}

fn shape(args: &Args, clients: u32, aggregates: u32, sealed: bool) -> Shape {
    Shape { clients, aggregates, seconds: args.seconds, sealed, history: 50 }
}

async fn rebuilds_per_s(
    args: &Args,
    baseline: Option<&Baseline>,
    samples: &mut Samples,
) -> Result<(), Failed> {
    for backend in BACKENDS {
        let site = Site::make(backend, &args.ground).await?;
        let result = async {
            eprintln!("bench: rebuilds on {}", backend.name());
            let store = site.open().await?;
            rebuild::fill(&store, Size { events: args.events, guilds: 100 }).await?;
            for _ in 0..args.rounds {
                let ours = rebuild::rebuild(&store, backend).await?;
                samples.add(&format!("{} rebuild", backend.name()), ours.events_per_s);
                rebuild::forget(&store).await?;
                let by_hand = batch::build(&store, backend).await?;
                samples.add(&format!("{} by hand", backend.name()), by_hand.events_per_s);
                if let Some(baseline) = baseline {
                    let theirs = baseline.rebuild(backend, args.seconds)?;
                    samples.add(&format!("stock {} rebuild", backend.name()), theirs);
                }
            }
            store.close().await;
            Ok(())
        };
        let result: Result<(), Failed> = result.await;
        site.remove().await?;
        result?;
    }
    Ok(())
}
