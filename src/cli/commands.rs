//! `reeve commands`: what Discord is told of our commands.

use std::process::ExitCode;

use domain::GuildId;
use serde_json::json;

use super::{error::CliError, print::Print};
use crate::{
    config::Config,
    discord::{commands::CAPABILITIES, connect, deploy, documents, registration},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Tell Discord of the commands, where what it has differs
    Deploy {
        /// Only in this community, at once; otherwise everywhere
        #[arg(long)]
        guild: Option<GuildId>,
        /// Remove them there instead
        #[arg(long)]
        remove: bool,
    },
    /// Print docs/commands.md
    Docs,
}

impl Args {
    /// Whether it can be done without settings and Discord.
    pub const fn needs_no_settings(&self) -> bool {
        matches!(self.what, What::Docs)
    }

    pub fn print_reference() -> ExitCode {
        super::print::say(documents::reference(CAPABILITIES).trim_end());
        ExitCode::SUCCESS
    }
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let What::Deploy { guild, remove } = args.what else { return Ok(Args::print_reference()) };
    let http = connect::client(&config.discord).map_err(CliError::from)?;
    let identity = connect::identity(&http).await?;
    let commands = if remove { Vec::new() } else { registration::commands(CAPABILITIES) };
    let deployed =
        deploy::deploy(&http, identity.application, guild, &commands).await.map_err(|problem| {
            CliError::Fault(format!("Discord did not take the commands: {problem}"))
        })?;
    let place = guild.map_or("everywhere".to_owned(), |guild| format!("in community {guild}"));
    let object = json!({
        "commands": deployed.commands,
        "changed": deployed.changed,
        "guild": guild,
    });
    print.answer(&object, || match (deployed.changed, remove) {
        (false, _) => format!("Discord has exactly these already, {place}; nothing was sent."),
        (true, true) => format!("The commands are gone {place}."),
        (true, false) => format!("{} commands are in place {place}.", deployed.commands),
    });
    Ok(ExitCode::SUCCESS)
}
