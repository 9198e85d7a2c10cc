//! The process that is killed while it carries effects out.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use actions::{Actions, Policy};
use eventlog::{people::MasterKey, sql, system_clock};

use super::child::KEY_VARIABLE;
use crate::{
    cli::bench::{Failed, store::Store},
    config::Secret,
    discord::{
        effects::DiscordHands,
        limits::{Limits, LimitsOptions},
        rest::Rest,
    },
    processes::{Ground, Outbox, Processes, Timers, random_jitter},
};

/// The bot's token: not on the command line, as one should not.
pub(super) const TOKEN_VARIABLE: &str = "REEVE_TORTURE_TOKEN";

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    api: String,
}

/// Works until it is killed.
pub(super) async fn run(args: Args) -> Result<ExitCode, Failed> {
    let master = MasterKey::parse(&std::env::var(KEY_VARIABLE)?)?;
    let store = Store::open(&args.dir, None, None, master).await?;
    let work = sql::open_work(&args.dir)?;
    let clock = system_clock();
    let (bus, read) = (store.bus.clone(), store.read.clone());
    let actions = Actions::new(bus, read, work.clone(), Arc::clone(&clock), Policy::default());
    let limits = Limits::new(LimitsOptions::default());
    let rest = Rest::new(&args.api, Secret::new(std::env::var(TOKEN_VARIABLE)?), limits)?;
    let hands = Arc::new(DiscordHands::new(rest, Arc::clone(&store.people)));
    let ground = Ground {
        log: Arc::clone(&store.log),
        db: work.clone(),
        actions,
        clock: Arc::clone(&clock),
        jitter: random_jitter(),
        slices: 1,
        outbox: Outbox::new(work.clone(), Arc::clone(&clock)),
        timers: Timers::new(work, clock),
    };
    let _running = Processes::start(ground, Vec::new(), Some(hands)).await?;
    loop {
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
}
