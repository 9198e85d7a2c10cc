//! `reeve effects`: what is to be done in Discord, and what became of it.

use std::process::ExitCode;

use serde_json::json;
use uuid::Uuid;

use super::{
    error::CliError,
    print::{Print, grouped, table},
};
use crate::{
    config::Config,
    node::{Access, Node},
    processes::outbox::Listed,
};

const STATES: [&str; 7] = ["waiting", "calling", "unknown", "done", "dead", "dropped", "untold"];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// What waits and what was given up, the newest first; or what is in one state
    List {
        /// waiting, calling, unknown, done, dead, dropped, or untold (its process could not be
        /// told)
        #[arg(long, value_parser = STATES)]
        state: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=500))]
        limit: u64,
    },
    /// Try again what was given up or dropped; tell again who could not be told
    Retry {
        /// Only this one
        id: Option<Uuid>,
    },
    /// Leave one undone, for good
    Drop {
        /// Which one
        id: Uuid,
    },
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    match args.what {
        What::List { state, limit } => list(&node, print, state.as_deref(), limit).await,
        What::Retry { id } => {
            let retried = node.outbox.retry(id).await?;
            if let (0, Some(id)) = (retried, id) {
                return Err(CliError::Refused(format!(
                    "{id} is not one that was given up or dropped; see `reeve effects list`"
                )));
            }
            print.answer(&json!({ "retried": retried }), || {
                let them = grouped(retried);
                format!("{them} tried again by the running worker, or at its next start")
            });
            Ok(ExitCode::SUCCESS)
        }
        What::Drop { id } => {
            if !node.outbox.drop_one(id).await? {
                return Err(CliError::Refused(format!(
                    "{id} is finished or just being carried out; see `reeve effects list`"
                )));
            }
            print.answer(&json!({ "dropped": id }), || format!("{id} is left undone"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(
    node: &Node,
    print: Print,
    state: Option<&str>,
    limit: u64,
) -> Result<ExitCode, CliError> {
    let counts = node.outbox.counts().await?;
    let effects = node.outbox.list(state, limit).await?;
    print.answer(&json!({ "counts": counts, "effects": effects }), || {
        let mut lines = vec![format!(
            "{} waiting, {} under way, {} unknown, {} done, {} dead, {} dropped",
            grouped(counts.waiting),
            grouped(counts.calling),
            grouped(counts.unknown),
            grouped(counts.done),
            grouped(counts.dead),
            grouped(counts.dropped),
        )];
        if !effects.is_empty() {
            let head = ["EFFECT", "KIND", "GUILD", "TARGET", "STATE", "TRIES", "SINCE", "ERROR"];
            lines.push(table(&head, &effects.iter().map(row).collect::<Vec<_>>()));
        }
        lines.join("\n")
    });
    let needs_you = counts.dead > 0 || counts.untold > 0;
    Ok(if needs_you && state.is_none() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn row(effect: &Listed) -> Vec<String> {
    let error = match (effect.error_code, &effect.error) {
        (Some(code), Some(text)) if code > 0 => format!("{code}: {text}"),
        (_, Some(text)) => text.clone(),
        _ if effect.untold => format!("{} could not be told", effect.process),
        _ => String::new(),
    };
    vec![
        effect.id.clone(),
        effect.kind.clone(),
        effect.guild.to_string(),
        effect.target.clone(),
        effect.state.clone(),
        effect.tries.to_string(),
        effect.created_at.clone(),
        error,
    ]
}
