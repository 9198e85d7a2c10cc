//! The process that is killed: clients that send commands through the real bus, beside the
//! projection runtime and the sealer. It says `ack <n>` when command *n* was answered.

use std::{io::Write as _, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use domain::economy::{Economy, Terms};
use eventlog::{
    Bus, CommandError,
    people::MasterKey,
    proof::{Sealer, SealerOptions},
    system_clock,
};
use projections::{Runtime, RuntimeOptions, Verb};

use super::work::{self, CLIENTS, Order, Progress};
use crate::cli::bench::{Failed, store::Store};

/// The key of the registry, in hexadecimal: not on the command line, as one should not.
pub(super) const KEY_VARIABLE: &str = "REEVE_TORTURE_KEY";
/// The EventStoreDB server, for the same reason.
pub(super) const CLUSTER_VARIABLE: &str = "REEVE_TORTURE_EVENTSTORE";
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    url: Option<String>,
    #[arg(long)]
    from: Progress,
    /// Begin to rebuild a projection
    #[arg(long)]
    rebuild: bool,
}

/// Works until it is killed.
pub(super) async fn run(args: Args) -> Result<ExitCode, Failed> {
    let master = MasterKey::parse(&std::env::var(KEY_VARIABLE)?)?;
    let cluster = std::env::var(CLUSTER_VARIABLE).ok();
    let cluster = cluster.map(|words| words.parse()).transpose()?;
    let store = Store::open(&args.dir, args.url.as_deref(), cluster.as_ref(), master).await?;
    work::register(&store.people).await?;
    let runtime = Runtime::start(
        projections::registered(),
        store.read.clone(),
        Arc::clone(&store.log),
        system_clock(),
        RuntimeOptions::default(),
    )
    .await?;
    let _sealer =
        Sealer::start(store.proofs.clone(), Arc::clone(&store.log), SealerOptions::default());
    if args.rebuild {
        let now = system_clock()();
        runtime.requests().ask(Verb::Rebuild, super::audit::PROJECTION, None, None, now).await?;
    }
    let mut clients = tokio::task::JoinSet::new();
    for first in args.from.clients() {
        clients.spawn(send_on(store.bus.clone(), *first, work::terms()));
    }
    // They go on for ever, so the first to end has failed.
    match clients.join_next().await {
        Some(ended) => Err(ended?.err().unwrap_or_else(|| "a client ended".into())),
        None => Err("there are no clients".into()),
    }
}

async fn send_on(bus: Bus, first: u64, terms: Terms) -> Result<(), Failed> {
    let step = usize::try_from(CLIENTS)?;
    for number in (first..).step_by(step) {
        let order = Order::numbered(number, &terms)?;
        loop {
            let sent = bus.execute::<Economy>(&order.stream, &order.command, &order.request).await;
            match sent {
                Ok(_) => break,
                // Whether it was written is found out by asking again.
                Err(CommandError::Log(_) | CommandError::People(_)) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(format!("command {number}: {error}").into()),
            }
        }
        // One write, so that no two clients' lines mix.
        std::io::stdout().write_all(format!("ack {number}\n").as_bytes())?;
    }
    Ok(())
}
