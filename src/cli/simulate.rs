//! `reeve simulate`: a local Discord with a small community, for as long as it runs.

use std::{net::SocketAddr, process::ExitCode};

use simulator::{
    Clock, Options, Sim,
    community::{self, Plan},
};
use tokio::signal::unix::{SignalKind, signal};

use super::{error::CliError, print::Print};

/// Where it listens and where `reeve act` looks for it, unless told otherwise.
pub(super) const ADDRESS: &str = "127.0.0.1:4420";
const MOST_MEMBERS: u64 = 100_000;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    reeve simulate --listen 127.0.0.1:4420 --seed 7\n  \
    reeve simulate --json                # one line: api, gateway, token, application_id, guild_id\n  \
    reeve act --as maren says \"good morning\"\n\n\
    Clients connect to what it prints instead of discord.com. Nothing is kept when it ends.")]
pub(super) struct Args {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = ADDRESS)]
    listen: SocketAddr,
    /// What the community and its secrets are made of; the same seed gives the same
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many members the community has beside its owner and the bot
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=MOST_MEMBERS))]
    members: u64,
    /// Let time stand still until POST /sim/clock moves it; begins at these milliseconds since 1970
    #[arg(long, value_name = "MILLISECONDS")]
    clock_from: Option<u64>,
}

pub(super) async fn run(args: Args, print: Print) -> Result<ExitCode, CliError> {
    // It needs no configuration; what goes wrong is said on standard error.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::WARN)
        .try_init();
    let clock = match args.clock_from {
        None => Clock::real(),
        Some(from) if from > simulator::snowflake::EPOCH_MS => Clock::moved_by_hand(from),
        Some(_) => {
            return Err(CliError::Setup("--clock-from: Discord begins in 2015".to_owned()));
        }
    };
    // Before anything is promised, so that a signal is never missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let options = Options { listen: args.listen, seed: args.seed, clock, ..Options::default() };
    let sim = Sim::start(options).await.map_err(|error| {
        CliError::Setup(format!("--listen: cannot listen on {}: {error}", args.listen))
    })?;
    let plan =
        Plan { seed: args.seed, members: usize::try_from(args.members).unwrap_or(usize::MAX) };
    let community = community::found(&mut sim.world.lock(), &plan)
        .map_err(|refusal| CliError::Fault(format!("the community: {refusal}")))?;
    let (token, name) = {
        let world = sim.world.lock();
        let found = |refusal: simulator::Refusal| CliError::Fault(refusal.to_string());
        let token = world.application(community.application).map_err(found)?.token.clone();
        (token, world.guild(community.guild).map_err(found)?.name.clone())
    };
    let ready = serde_json::json!({
        "api": sim.api_url(),
        "gateway": sim.gateway_url(),
        "token": token,
        "application_id": community.application,
        "guild_id": community.guild,
    });
    print.answer(&ready, || {
        format!(
            "A local Discord is running, with the community {name:?}: {} members and a bot.\n  \
             api          {}\n  gateway      {}\n  token        {token}\n  application  {}\n  \
             guild        {}\n\n\
             Connect the bot:     DISCORD_TOKEN={token} DISCORD_API_URL={} reeve serve\n\
             Let a member act:    reeve act --at {} --as maren says \"good morning\"\n\
             Ctrl-C ends it, and nothing is kept.",
            args.members,
            sim.api_url(),
            sim.gateway_url(),
            community.application,
            community.guild,
            sim.api_url(),
            sim.address(),
        )
    });
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    drop(sim);
    Ok(ExitCode::SUCCESS)
}
