//! `reeve giveaway`: the board, and the bundles of draws that anybody can check.

use std::{path::PathBuf, process::ExitCode};

use actions::{Caller, giveaways::Status};
use domain::{GiveawayId, GuildId};
use serde_json::{Value, json};

use super::{
    error::CliError,
    print::{Print, table},
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
    /// The newest giveaways of a community, and how they stand
    List {
        /// The community
        #[arg(long)]
        guild: GuildId,
        /// How many at most
        #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=25))]
        limit: u32,
    },
    /// Write everything that somebody needs to draw again, for `reeve verify`
    Bundle {
        /// The community
        #[arg(long)]
        guild: GuildId,
        /// Which one, as the list shows it
        giveaway: uuid::Uuid,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    match args.what {
        What::List { guild, limit } => list(&node, print, guild, limit).await?,
        What::Bundle { guild, giveaway, out } => {
            bundle(&node, print, (guild, GiveawayId(giveaway)), out).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(node: &Node, print: Print, guild: GuildId, limit: u32) -> Result<(), CliError> {
    let operator = Caller::operator();
    let lines = node.actions.giveaways(guild, &operator, None, None, limit).await?;
    let status = |status: Status| status.word();
    let objects: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!({
                "giveaway": line.giveaway, "status": status(line.status), "prize": line.terms.prize,
                "winners": line.terms.winners, "entries": line.entries.to_string(),
                "ends_at": line.ends_at, "channel": line.channel, "message": line.message,
            })
        })
        .collect();
    print.answer(&json!({ "guild": guild, "giveaways": objects }), || {
        let rows = lines.iter().map(|line| {
            vec![
                line.giveaway.to_string(),
                status(line.status).to_owned(),
                line.entries.to_string(),
                line.ends_at.to_string(),
                line.terms.prize.clone(),
            ]
        });
        table(&["giveaway", "status", "entries", "ends", "prize"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

async fn bundle(
    node: &Node,
    print: Print,
    (guild, id): (GuildId, GiveawayId),
    out: PathBuf,
) -> Result<(), CliError> {
    let text = node.actions.draw_bundle(guild, &Caller::operator(), id).await?;
    std::fs::write(&out, &text)
        .map_err(|error| CliError::Setup(format!("{}: {error}", out.display())))?;
    let bytes = text.len();
    print.answer(&json!({ "giveaway": id, "bytes": bytes, "out": out }), || {
        format!(
            "{bytes} bytes in {}. Anybody can check it: reeve verify {}",
            out.display(),
            out.display()
        )
    });
    Ok(())
}
