//! `reeve processes`: how far each is, and what waits for a person.

use std::process::ExitCode;

use domain::GuildId;
use serde_json::json;

use super::{
    error::CliError,
    print::{Print, grouped, table},
};
use crate::{
    config::Config,
    node::{Access, Node},
    processes::{registered, status},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every process with its lag, guilds that wait, timers that could not fire
    List,
    /// Try again with a guild that waits (without one, with all that do), and with timers that
    /// could not fire
    Retry {
        /// Name of the process
        name: String,
        /// Only this guild
        #[arg(long)]
        guild: Option<GuildId>,
    },
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    match args.what {
        What::List => list(&node, print).await,
        What::Retry { name, guild } => retry(&node, print, &name, guild).await,
    }
}

async fn list(node: &Node, print: Print) -> Result<ExitCode, CliError> {
    let processes = status::processes(&node.work, &*node.log).await?;
    let parked = status::parked(&node.work).await?;
    let timers = status::timers(&node.work, (node.clock)()).await?;
    let dead_timers = status::dead_timers(&node.work).await?;
    let answer = json!({
        "processes": processes, "parked": parked, "timers": timers, "dead_timers": dead_timers,
    });
    print.answer(&answer, || {
        if processes.is_empty() {
            return "No process has run yet: they begin with `reeve serve`.".to_owned();
        }
        let rows: Vec<_> = processes
            .iter()
            .map(|process| {
                vec![
                    process.name.clone(),
                    grouped(process.events),
                    grouped(process.lag_events),
                    grouped(process.parked_guilds),
                ]
            })
            .collect();
        let mut lines = vec![table(&["NAME", "EVENTS", "LAG", "WAITING GUILDS"], &rows)];
        lines.extend(processes.iter().filter_map(|process| {
            process.paused.as_ref().map(|reason| format!("{} waits: {reason}", process.name))
        }));
        lines.extend(parked.iter().map(|one| {
            format!(
                "{}  guild {}  #{}  {}\n  tried {}×, since {}\n  {}: {}",
                one.process,
                one.guild,
                one.guild_seq,
                one.event_type,
                one.tries,
                one.since,
                one.error_id,
                one.error
            )
        }));
        lines.push(format!("{} timers wait", grouped(timers.waiting)));
        lines.extend(dead_timers.iter().map(|timer| {
            format!(
                "{}  guild {}  {} {} of {}\n  {}",
                timer.process, timer.guild, timer.kind, timer.key, timer.due, timer.error
            )
        }));
        lines.join("\n")
    });
    let needs_you = !parked.is_empty() || !dead_timers.is_empty();
    Ok(if needs_you { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn retry(
    node: &Node,
    print: Print,
    name: &str,
    guild: Option<GuildId>,
) -> Result<ExitCode, CliError> {
    let names: Vec<_> = registered().iter().map(|process| process.name()).collect();
    if !names.contains(&name) {
        let known = names.join(", ");
        return Err(CliError::Setup(format!("there is no process {name}; there are {known}")));
    }
    let guilds = status::ask_retry(&node.work, name, guild).await?;
    let timers = match guild {
        None => status::revive_timers(&node.work, name, (node.clock)()).await?,
        Some(_) => 0,
    };
    print.answer(&json!({ "process": name, "guilds": guilds, "timers": timers }), || {
        format!(
            "{name}: {} guilds and {} timers are tried again by the running worker, or at its \
             next start",
            grouped(guilds),
            grouped(timers)
        )
    });
    Ok(ExitCode::SUCCESS)
}
