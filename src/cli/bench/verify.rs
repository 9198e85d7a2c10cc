//! A guild's whole history exported as a bundle, and the bundle checked as `reeve verify` does.

use std::{fmt, time::Instant};

use eventlog::proof::{Selection, export, seal_now};
use serde::Serialize;

use super::{
    Failed, history,
    memory::own_rss_mb,
    store::{Backend, Ground, on_fresh_store},
};

/// Events that are written as one append.
const AT_A_TIME: u32 = 100;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Events in the bundle
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    events: u32,
    /// Where the log is
    #[arg(long, default_value = "sqlite")]
    backend: Backend,
    #[command(flatten)]
    ground: Ground,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    valid: bool,
    events: u64,
    bundle_mb: u64,
    export_s: f64,
    verify_s: f64,
    events_per_s: f64,
    /// How much memory checking took on top of what was there before.
    verify_rss_mb: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, bundle_mb, export_s, verify_s, events_per_s, verify_rss_mb, .. } = self;
        write!(
            f,
            "{events} events ({bundle_mb} MB) exported in {export_s} s and verified in {verify_s} s \
             ({events_per_s:.0} events/s), with {verify_rss_mb} MB"
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    on_fresh_store(args.backend, &args.ground, async |store| {
        history::fill(&*store.log, 1, args.events, AT_A_TIME, history::lively).await?;
        seal_now(&store.proofs, &store.log).await?;
        let (guild, path) = (history::guild(0)?, store.folder.join("bundle.jsonl"));
        let all = Selection::Range { from: 1, to: None };
        let began = Instant::now();
        let exported = export(&store.proofs, &*store.log, guild, &all, None, &path).await?;
        let export_s = began.elapsed().as_secs_f64();

        let keys = vec![exported.verifier_key];
        let options = reeve_verify::Options { keys, checkpoint: None };
        let (memory, began) = (own_rss_mb(), Instant::now());
        let report = tokio::task::block_in_place(|| reeve_verify::verify(&path, &options))?;
        let took = began.elapsed();
        if !report.valid {
            return Err(format!("the bundle is not valid: {:?}", report.problems).into());
        }
        let hundredths = |secs: f64| (secs * 100.0).round() / 100.0;
        Ok(Outcome {
            valid: report.valid,
            events: report.events,
            bundle_mb: exported.bytes / 1_000_000,
            export_s: hundredths(export_s),
            verify_s: hundredths(took.as_secs_f64()),
            events_per_s: super::per_second(report.events, took),
            verify_rss_mb: hundredths((own_rss_mb() - memory).max(0.0)),
        })
    })
    .await
}
