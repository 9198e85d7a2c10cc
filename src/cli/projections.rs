//! `reeve projections`

use std::{process::ExitCode, time::Duration};

use domain::GuildId;
use indicatif::{ProgressBar, ProgressStyle};
use projections::{BuildStatus, Status, Verb};
use serde_json::json;

use super::{
    economy::catch_up,
    error::CliError,
    operator::Desk,
    print::{Print, grouped, table},
};
use crate::{
    config::Config,
    node::{Access, Node},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every read model with its lag
    List,
    /// Compute a read model anew beside the live one, then swap; or one guild of it in place
    Rebuild {
        /// Name of the read model
        name: String,
        /// Only this guild
        #[arg(long)]
        guild: Option<GuildId>,
    },
    /// Events that could not be folded; their guilds wait
    DeadLetters,
    /// Try again with a guild that waits; without one, with all that do
    Retry {
        /// Name of the read model
        name: String,
        /// Only this guild
        #[arg(long)]
        guild: Option<GuildId>,
    },
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    match args.what {
        What::List => list(config, print).await,
        What::DeadLetters => dead_letters(config, print).await,
        What::Rebuild { name, guild } => rebuild(config, print, &name, guild).await,
        What::Retry { name, guild } => retry(config, print, &name, guild).await,
    }
}

async fn list(config: Config, print: Print) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let status = Status::new(node.store.clone());
    let builds = status.builds(&*node.log, (node.clock)()).await?;
    print.answer(&json!({ "projections": builds }), || {
        if builds.is_empty() {
            return "No read models yet: they begin with `reeve serve`.".to_owned();
        }
        let head =
            ["NAME", "VERSION", "BUILD", "STATE", "EVENTS", "LAG", "BEHIND", "WAITING GUILDS"];
        let mut lines = vec![table(&head, &builds.iter().map(row).collect::<Vec<_>>())];
        lines.extend(builds.iter().filter_map(|build| {
            build.paused.as_ref().map(|reason| format!("{} waits: {reason}", build.name))
        }));
        lines.join("\n")
    });
    Ok(ExitCode::SUCCESS)
}

fn row(build: &BuildStatus) -> Vec<String> {
    let state = match build.state.as_str() {
        "building" => format!("building {}%", build.percent),
        other => other.to_owned(),
    };
    vec![
        build.name.clone(),
        build.version.to_string(),
        build.build.to_string(),
        state,
        grouped(build.applied),
        grouped(build.lag_events),
        format!("{} s", build.lag_secs),
        grouped(build.parked_guilds),
    ]
}

async fn dead_letters(config: Config, print: Print) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let letters = Status::new(node.store.clone()).dead_letters().await?;
    print.answer(&json!({ "dead_letters": letters }), || {
        if letters.is_empty() {
            return "No dead letters: every event could be folded.".to_owned();
        }
        letters
            .iter()
            .map(|letter| {
                format!(
                    "{}  guild {}  #{}  {}\n  event {}  tried {}×, last {}\n  {}: {}",
                    letter.projection,
                    letter.guild,
                    letter.guild_seq,
                    letter.event_type,
                    letter.event,
                    letter.attempts,
                    letter.at,
                    letter.error_id,
                    letter.error,
                )
            })
            .collect::<Vec<_>>()
            .join("\n")
    });
    Ok(if letters.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn rebuild(
    config: Config,
    print: Print,
    name: &str,
    guild: Option<GuildId>,
) -> Result<ExitCode, CliError> {
    known(name)?;
    let desk = Desk::open(config).await?;
    let verb = if guild.is_some() { Verb::RebuildGuild } else { Verb::Rebuild };
    let bar = progress_bar(print);
    let asked = desk
        .ask(verb, name, guild, None, async |node: &Node| {
            let status = Status::new(node.store.clone());
            let Ok(builds) = status.builds(&*node.log, (node.clock)()).await else { return };
            if let Some(build) = builds.iter().find(|b| b.name == name && b.state == "building") {
                bar.set_position(u64::from(build.percent));
                bar.set_message(format!("{} events", grouped(build.applied)));
            }
        })
        .await;
    bar.finish_and_clear();
    if desk.writes() && asked.is_ok() {
        // A new build may still owe its last events, and nobody else folds them.
        catch_up(&desk.node).await?;
    }
    desk.close().await;
    let answer = asked?;
    print.answer(&json!({ "projection": name, "answer": answer }), || format!("{name}: {answer}"));
    Ok(ExitCode::SUCCESS)
}

async fn retry(
    config: Config,
    print: Print,
    name: &str,
    guild: Option<GuildId>,
) -> Result<ExitCode, CliError> {
    known(name)?;
    let desk = Desk::open(config).await?;
    let guilds = match guild {
        Some(guild) => vec![guild],
        None => Status::new(desk.node.store.clone()).parked(name).await?,
    };
    let mut answers = Vec::new();
    let mut failed = false;
    for guild in guilds {
        let asked = desk.ask(Verb::Retry, name, Some(guild), None, async |_: &Node| {}).await;
        failed |= asked.is_err();
        let text = asked.unwrap_or_else(|error| error.to_string());
        answers.push(json!({ "guild": guild, "answer": text }));
    }
    desk.close().await;
    print.answer(&json!({ "projection": name, "guilds": answers }), || {
        if answers.is_empty() {
            return format!("{name}: no guild waits.");
        }
        let line = |answer: &serde_json::Value| {
            let text = |key| answer[key].as_str().unwrap_or_default().to_owned();
            format!("guild {}: {}", text("guild"), text("answer"))
        };
        answers.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn known(name: &str) -> Result<(), CliError> {
    let names: Vec<_> = projections::registered().iter().map(|p| p.name()).collect();
    if names.contains(&name) {
        return Ok(());
    }
    Err(CliError::Setup(format!("there is no read model {name}; there are {}", names.join(", "))))
}

fn progress_bar(print: Print) -> ProgressBar {
    if print.is_json() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(100);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos:>3}%  {msg}  {eta} left") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
