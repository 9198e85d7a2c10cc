//! Looks whether a guild's whole log is what was signed of it, from the first event on.

use domain::GuildId;
use serde::Serialize;

use super::{
    ProofError, Proofs,
    checkpoint::Signed,
    store::STORED_LEVEL,
    tree::{Frontier, leaf},
};
use crate::log::EventLog;

const EVENTS: usize = 2_000;
const CHECKPOINTS: u64 = 1_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub guild: GuildId,
    pub events: u64,
    pub checkpoints: u64,
    /// What does not fit, in the order of the history; the first stands for all.
    pub problem: Option<String>,
}

/// Recomputes the hash of every event and the root of every checkpoint, and checks every
/// signature; on the way it makes the stored subtrees again. Stops at the first problem and raises
/// the alarm.
pub async fn check(
    proofs: &Proofs,
    log: &dyn EventLog,
    guild: GuildId,
) -> Result<Checked, ProofError> {
    let mut checked = Checked { guild, events: 0, checkpoints: 0, problem: None };
    let mut tree = Frontier::default();
    let mut signed = proofs.after(guild, 0, CHECKPOINTS).await?;
    signed.reverse();
    'log: loop {
        let events = log.read_guild(guild, tree.size(), EVENTS).await?;
        let Some(last) = events.last() else { break };
        let up_to = last.guild_seq;
        let mut nodes = Vec::new();
        for event in &events {
            if event.guild_seq != tree.size() + 1 {
                checked.problem = Some(format!("event {} is missing", tree.size() + 1));
                break 'log;
            }
            if let Err(error) = event.verify() {
                checked.problem = Some(error.to_string());
                break 'log;
            }
            tree.push(leaf(&event.hash), |place, hash| {
                if place.level >= STORED_LEVEL {
                    nodes.push((guild, place, *hash));
                }
            });
            while let Some(next) = signed.pop_if(|next| next.checkpoint.size <= tree.size()) {
                checked.problem = problem_of(&next, &tree);
                if checked.problem.is_some() {
                    break 'log;
                }
                checked.checkpoints += 1;
                if signed.is_empty() {
                    signed = proofs.after(guild, next.checkpoint.size, CHECKPOINTS).await?;
                    signed.reverse();
                }
            }
        }
        checked.events = up_to;
        proofs.store_nodes(&nodes).await?;
    }
    if let Some(missing) = signed.last().filter(|_| checked.problem.is_none()) {
        let size = missing.checkpoint.size;
        checked.problem = Some(format!(
            "the log ends after {} events, and a checkpoint was signed over {size}",
            tree.size()
        ));
    }
    if let Some(problem) = &checked.problem {
        proofs.raise_alarm(guild, problem).await?;
    }
    Ok(checked)
}

fn problem_of(signed: &Signed, tree: &Frontier) -> Option<String> {
    let size = signed.checkpoint.size;
    if !signed.is_genuine() {
        return Some(format!("the signature of the checkpoint over {size} events is not genuine"));
    }
    (signed.checkpoint.root != tree.root())
        .then(|| format!("the first {size} events are not those that were signed"))
}
