//! The command line: one file per subcommand.
//!
//! Answers go to standard output, log lines to standard error. With `--json` the last line of
//! standard output is one JSON object. Exit codes: 0 done; 1 a rule refused it or a check found
//! a problem; 2 the command line or the configuration is wrong; 3 a fault, with an error id that
//! the log names too.

mod act;
mod backup;
mod bench;
mod block;
mod commands;
mod config_command;
mod demo;
mod doctor;
mod economy;
mod effects;
mod error;
mod events;
mod export;
mod giveaway;
mod import;
mod maintenance;
mod migrate;
mod operator;
mod operators;
mod people;
mod print;
mod processes;
mod projections;
mod proof;
mod query;
mod replay;
mod restore;
mod serve;
mod simulate;
mod torture;
mod verify;
mod what_if;

use std::{path::Path, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};

use self::error::CliError;
use crate::{
    config::{Config, ConfigArgs, process_environment},
    telemetry::Telemetry,
};

#[derive(Debug, Parser)]
#[command(
    name = "reeve",
    version,
    about = "An event-sourced platform for Discord communities",
    after_help = "Exit codes: 0 done, 1 refused or a problem was found, 2 wrong usage or \
                  configuration, 3 a fault (with an error id).\nSettings: docs/configuration.md, \
                  or `reeve config docs`."
)]
struct Cli {
    /// Print one JSON object as the last line
    #[arg(long, global = true)]
    json: bool,

    #[command(flatten)]
    config: ConfigArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run Reeve until it is told to stop
    Serve(serve::Args),
    /// A living community on a local Discord, to look at and to join in
    Demo(demo::Args),
    /// Run a local Discord to try, test and measure bots on
    Simulate(simulate::Args),
    /// Let a member of a running simulator do something
    Act(act::Args),
    /// Look at the log: what happened, who did it, and why
    Events(events::Args),
    /// Read models: how far they are, rebuild them, see what could not be folded
    Projections(projections::Args),
    /// What is to be done in Discord: what waits, what was given up, try it again
    Effects(effects::Args),
    /// What follows from what happened: how far each process is, and what waits for you
    Processes(processes::Args),
    /// The people registry: who a number stands for, erasures, key backups
    People(people::Args),
    /// Balances, boards, transactions and settings of a community
    Economy(economy::Args),
    /// Giveaways of a community, and the bundles of their draws
    Giveaway(giveaway::Args),
    /// Maintenance: only operators are served, and everybody else is told so
    Maintenance(maintenance::Args),
    /// Users and communities that are not served
    Block(block::Args),
    /// Operators who sign in on the dashboard without Discord: a name, a password, an authenticator
    Operator(operators::Args),
    /// A community's read models as they were at any moment, and what each event changed
    Replay(replay::Args),
    /// Write a whole list of a community to a file: CSV, JSON lines or Parquet
    Export(export::Args),
    /// Ask a community's lists in SQL, now or as they were
    Query(query::Args),
    /// What a community's economy would have come to under other settings
    WhatIf(what_if::Args),
    /// Write a backup while everything runs, or look whether one is whole
    Backup(backup::Args),
    /// Fill an empty store from a backup, up to any moment
    Restore(restore::Args),
    /// Move to another store
    Migrate(migrate::Args),
    /// Take over what another bot has kept
    Import(import::Args),
    /// The signed history of a community: keys, checkpoints, bundles that anybody can check
    Proof(proof::Args),
    /// Check a proof bundle or the draw of a giveaway, offline
    Verify(verify::Args),
    /// What Discord is told of our commands: deploy them, print their reference
    Commands(commands::Args),
    /// Check everything and say what to do
    Doctor(doctor::Args),
    /// Show the settings in effect, or describe all of them
    Config(config_command::Args),
    /// Measure how fast this machine runs it
    Bench(bench::Args),
    /// Kill it and cut its power on purpose, and see whether anything is lost
    Torture(torture::Args),
    /// Print a completion script for your shell
    Completions {
        /// The shell it is for
        shell: clap_complete::Shell,
    },
}

pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return error::report_usage(&usage),
    };
    let json = cli.json;
    match run(cli) {
        Ok(code) => code,
        Err(error) => error.report(json),
    }
}

fn run(mut cli: Cli) -> Result<ExitCode, CliError> {
    if let Command::Serve(args) = &cli.command {
        args.apply(&mut cli.config);
    }
    let other_settings = match &cli.command {
        Command::WhatIf(_) => what_if::take_changes(&mut cli.config),
        _ => Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Setup(format!("cannot start: {error}")))?;
    match cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "reeve", &mut script);
            print::say(String::from_utf8_lossy(&script).trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Bench(args) => return Ok(runtime.block_on(bench::run(args))?),
        Command::Torture(args) => return Ok(runtime.block_on(torture::run(args))?),
        // They need neither a store nor settings.
        Command::Simulate(args) => {
            return runtime.block_on(simulate::run(args, print::Print::new(cli.json)));
        }
        Command::Act(args) => {
            return runtime.block_on(act::run(args, print::Print::new(cli.json)));
        }
        Command::Verify(args) => return verify::run(&args, print::Print::new(cli.json)),
        _ => {}
    }
    if let Command::Config(args) = &cli.command
        && args.needs_no_settings()
    {
        return Ok(args.print_reference());
    }
    if let Command::Commands(args) = &cli.command
        && args.needs_no_settings()
    {
        return Ok(commands::Args::print_reference());
    }
    let mut config = load(&cli.config)?;
    if let Command::Demo(_) = &cli.command {
        demo::hush(&mut config);
    }
    let telemetry =
        Telemetry::start(&config).map_err(|error| CliError::Setup(error.to_string()))?;
    let print = print::Print::new(cli.json);
    let metrics = telemetry.metrics.clone();
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => serve::run(args, config, metrics).await,
            Command::Demo(args) => demo::run(args, config, metrics, print).await,
            Command::Events(args) => events::run(args, config, print).await,
            Command::Projections(args) => projections::run(args, config, print).await,
            Command::People(args) => people::run(args, config, print).await,
            Command::Effects(args) => effects::run(args, config, print).await,
            Command::Processes(args) => processes::run(args, config, print).await,
            Command::Economy(args) => economy::run(args, config, print).await,
            Command::Giveaway(args) => giveaway::run(args, config, print).await,
            Command::Maintenance(args) => maintenance::run(args, config, print).await,
            Command::Block(args) => block::run(args, config, print).await,
            Command::Operator(args) => operators::run(args, config, print).await,
            Command::Replay(args) => replay::run(args, config, print).await,
            Command::Export(args) => export::run(args, config, print).await,
            Command::Query(args) => query::run(args, config, print).await,
            Command::WhatIf(args) => what_if::run(args, other_settings, config, print).await,
            Command::Backup(args) => backup::run(args, config, print).await,
            Command::Restore(args) => restore::run(args, config, print).await,
            Command::Migrate(args) => migrate::run(args, config, print).await,
            Command::Import(args) => Box::pin(import::run(args, config, print)).await,
            Command::Proof(args) => Box::pin(proof::run(args, config, print)).await,
            Command::Commands(args) => commands::run(args, config, print).await,
            Command::Doctor(args) => doctor::run(args, config, print).await,
            Command::Config(_) => Ok(config_command::show(&config, print)),
            Command::Bench(_)
            | Command::Torture(_)
            | Command::Verify(_)
            | Command::Simulate(_)
            | Command::Act(_)
            | Command::Completions { .. } => Ok(ExitCode::SUCCESS),
        }
    });
    telemetry.shutdown();
    // A reader that waits for new events must not hold the process.
    runtime.shutdown_background();
    result
}

fn load(args: &ConfigArgs) -> Result<Config, CliError> {
    let here = std::env::current_dir().unwrap_or_else(|_| Path::new(".").to_owned());
    Config::load(args, process_environment(), &here)
        .map_err(|errors| CliError::Setup(errors.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_argument_says_what_it_is() {
        let mut root = Cli::command();
        root.build();
        let mut commands = vec![&root];
        let mut silent = Vec::new();
        while let Some(command) = commands.pop() {
            let name = command.get_name();
            let without = command.get_arguments().filter(|arg| arg.get_help().is_none());
            silent.extend(without.map(|arg| format!("{name} {}", arg.get_id())));
            let made_by_clap = |command: &&clap::Command| command.get_name() == "help";
            let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
            commands.extend(shown.filter(|command| !made_by_clap(command)));
        }
        assert!(silent.is_empty(), "{silent:?}");
    }

    /// Clap hands a global flag's value down and up again, and panics where it means another type
    /// there.
    #[test]
    fn no_subcommand_uses_the_name_of_a_global_flag_for_something_else() {
        let mut root = Cli::command();
        root.build();
        let globals: Vec<_> = root.get_arguments().filter(|arg| arg.is_global_set()).collect();
        let mut commands: Vec<_> = root.get_subcommands().collect();
        while let Some(command) = commands.pop() {
            for arg in command.get_arguments() {
                let global = globals.iter().find(|global| global.get_id() == arg.get_id());
                let same = global.is_none_or(|global| {
                    global.get_value_parser().type_id() == arg.get_value_parser().type_id()
                });
                assert!(same, "{} --{}", command.get_name(), arg.get_id());
            }
            commands.extend(command.get_subcommands());
        }
    }
}
