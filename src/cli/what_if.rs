//! `reeve what-if`: a community's economy under other settings than it had.

use std::process::ExitCode;

use actions::Caller;
use domain::{
    GuildId, Moment,
    economy::what_if::{Changes, Line, Outcome, Pair, Refused},
};
use serde_json::json;

use super::{
    economy::{name, only_guild},
    error::CliError,
    print::{Print, grouped, table},
};
use crate::{
    config::{Config, ConfigArgs, SETTINGS},
    node::{Access, Node},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "What to change is said with --set, which may be repeated:\n  \
                  daily.amount=200, daily.mode=command, starting_balance=50, max_transfer=500,\n  \
                  transfer_cooldown_secs=3600, tiers.CHAR.multiplier=3, tiers.CHAR.from_days=5,\n  \
                  tiers='[{\"from_days\": 7, \"name\": \"WEEK\", \"multiplier\": 2}]'\n\n\
                  Nothing is written. Of refused transfers some are kept; those are tried again, \
                  and what\nwould be newly allowed among them is shown. The answer lists what it \
                  lacks.")]
pub(super) struct Args {
    /// The community; may be left out where the store has only one
    #[arg(long)]
    guild: Option<GuildId>,
    /// Only up to this moment: #1234, 2026-11-20T18:04:05Z, "2d ago"
    #[arg(long, value_name = "MOMENT", default_value = "now")]
    at: Moment,
}

/// `--set` is the flag of every command for its configuration; here it names the community's
/// settings too. What is no setting of the configuration is meant for the community.
pub(super) fn take_changes(config: &mut ConfigArgs) -> Vec<String> {
    let is_ours = |text: &str| {
        let key = text.split('=').next().unwrap_or_default().trim();
        SETTINGS.iter().any(|setting| setting.key == key)
    };
    let (ours, others) =
        std::mem::take(&mut config.set).into_iter().partition(|setting| is_ours(setting.expose()));
    config.set = ours;
    others.into_iter().map(|setting: crate::config::Secret| setting.expose().to_owned()).collect()
}

pub(super) async fn run(
    args: Args,
    changes: Vec<String>,
    config: Config,
    print: Print,
) -> Result<ExitCode, CliError> {
    let wrong = |error: &dyn std::fmt::Display| CliError::Setup(error.to_string());
    let parsed = Changes::parse(changes.iter().map(String::as_str)).map_err(|e| wrong(&e))?;
    if parsed.is_empty() {
        return Err(wrong(&"say what to change, such as --set daily.amount=200"));
    }
    let node = Node::open(config, Access::Read).await?;
    let guild = match args.guild {
        Some(guild) => guild,
        None => only_guild(&node).await?,
    };
    let event = node.time_machine()?.event_at(guild, args.at).await?;
    let outcome =
        node.actions.economy_what_if(guild, &Caller::operator(), parsed, event.guild_seq).await?;
    let head = format!(
        "Guild {guild} up to its event #{}, had {} been so all along:",
        event.guild_seq,
        changes.join(", ")
    );
    let json = json!({
        "guild": guild, "seq": event.guild_seq.to_string(), "at": event.at, "changes": changes,
        "what_if": outcome,
    });
    let text = if print.is_json() { String::new() } else { text(&node, guild, &outcome).await? };
    print.answer(&json, || format!("{head}\n\n{text}"));
    node.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

async fn text(node: &Node, guild: GuildId, outcome: &Outcome) -> Result<String, CliError> {
    let sums = [
        ("supply", outcome.supply),
        ("daily rewards", outcome.daily_rewards),
        ("starting balances", outcome.starting_balances),
    ];
    let sums: Vec<Vec<String>> = sums.map(|(name, pair)| pair_row(name.to_owned(), pair)).into();
    let mut parts = vec![table(&["", "AS IT WAS", "UNDER THESE", "DIFFERENCE"], &sums)];
    for (title, lines) in [("RICHEST", &outcome.top), ("MOST CHANGED", &outcome.most_changed)] {
        if !lines.is_empty() {
            let rows = member_rows(node, guild, lines).await?;
            parts.push(table(&[title, "AS IT WAS", "UNDER THESE", "DIFFERENCE"], &rows));
        }
    }
    let transfers = &outcome.transfers;
    let mut said = vec![format!(
        "{} transfers of {} were made; {}.",
        grouped(transfers.recorded),
        grouped(transfers.recorded_amount.0),
        would_be_refused(&transfers.refused)
    )];
    for refused in &transfers.examples {
        said.push(format!(
            "  #{}  {}  {} to {}, {}: {}",
            refused.seq,
            &refused.at.to_string()[..19],
            name(node, guild, refused.from).await?,
            name(node, guild, refused.to).await?,
            grouped(refused.amount.0),
            refused.text
        ));
    }
    let more = transfers.refused.count - transfers.examples.len() as u64;
    if more > 0 {
        said.push(format!("  and {} more", grouped(more)));
    }
    let allowed = &transfers.newly_allowed;
    said.push(format!(
        "{} refused transfers were kept; {} of them ({} in all) would have been allowed.",
        grouped(allowed.of),
        grouped(allowed.count),
        grouped(allowed.amount.0)
    ));
    for transfer in &allowed.examples {
        said.push(format!(
            "  #{}  {}  {} to {}, {}",
            transfer.seq,
            &transfer.at.to_string()[..19],
            name(node, guild, transfer.from).await?,
            name(node, guild, transfer.to).await?,
            grouped(transfer.amount.0)
        ));
    }
    for (kind, refused) in &outcome.refused {
        said.push(format!("{}: {}.", kind.replace('_', " "), would_be_refused(refused)));
    }
    parts.push(said.join("\n"));
    let lacking = outcome.facts_lacking.iter().map(|fact| format!("- {fact}"));
    parts.push(format!("What this answer lacks:\n{}", lacking.collect::<Vec<_>>().join("\n")));
    Ok(parts.join("\n\n"))
}

fn would_be_refused(refused: &Refused) -> String {
    if refused.count == 0 {
        return "none would have been refused".to_owned();
    }
    let rules = refused.by_rule.iter().map(|(rule, count)| format!("{rule} {}", grouped(*count)));
    let rules = rules.collect::<Vec<_>>().join(", ");
    let (count, amount) = (grouped(refused.count), grouped(refused.amount.0));
    format!("{count} of them ({amount} in all) would have been refused: {rules}")
}

async fn member_rows(
    node: &Node,
    guild: GuildId,
    lines: &[Line],
) -> Result<Vec<Vec<String>>, CliError> {
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        rows.push(pair_row(name(node, guild, line.person).await?, line.balance));
    }
    Ok(rows)
}

fn pair_row(name: String, pair: Pair) -> Vec<String> {
    let difference = pair.other.0.saturating_sub(pair.recorded.0);
    vec![name, grouped(pair.recorded.0), grouped(pair.other.0), grouped(difference)]
}
