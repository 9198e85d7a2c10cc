//! Processes, timers and effects: what stands still and what waits for a person.

use eventlog::LogError;

use super::Finding;
use crate::{node::Node, processes::status};

/// An effect or a timer that waits for so long is worth a warning.
const LATE_SECS: i64 = 300;
/// Events that a process may be behind before that is worth a warning.
const LAG: u64 = 5_000;

pub(super) async fn checks(node: &Node) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (check, found) in [
        ("processes", processes(node).await),
        ("timers", timers(node).await),
        ("effects", effects(node).await),
    ] {
        match found {
            Ok(found) => findings.extend(found),
            Err(error) => findings.push(Finding::problem(check, error.to_string())),
        }
    }
    findings
}

async fn processes(node: &Node) -> Result<Vec<Finding>, LogError> {
    const CHECK: &str = "processes";
    let mut findings = Vec::new();
    let known = status::processes(&node.work, &*node.log).await?;
    for process in &known {
        if let Some(reason) = &process.paused {
            findings.push(Finding::problem(CHECK, format!("{} waits: {reason}", process.name)));
        } else if process.lag_events > LAG {
            let text = format!(
                "{} is {} events behind; is a worker running?",
                process.name, process.lag_events
            );
            findings.push(Finding::warning(CHECK, text));
        }
    }
    findings.extend(status::parked(&node.work).await?.iter().map(|one| {
        Finding::problem(
            CHECK,
            format!(
                "{}: guild {} waits at #{} ({}): {}. Mend the cause, then `reeve processes retry \
                 {} --guild {}`",
                one.process,
                one.guild,
                one.guild_seq,
                one.error_id,
                one.error,
                one.process,
                one.guild
            ),
        )
    }));
    if known.is_empty() {
        findings.push(Finding::ok(CHECK, "none has run yet; `reeve serve` begins them"));
    } else if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "up to date"));
    }
    Ok(findings)
}

async fn timers(node: &Node) -> Result<Vec<Finding>, LogError> {
    const CHECK: &str = "timers";
    let counts = status::timers(&node.work, (node.clock)()).await?;
    let mut findings = Vec::new();
    if counts.dead > 0 {
        let text = format!(
            "{} could not fire; see `reeve processes list`, mend the cause, then `reeve processes \
             retry`",
            counts.dead
        );
        findings.push(Finding::problem(CHECK, text));
    }
    if counts.overdue_secs > LATE_SECS {
        let text = format!("one is {} s late; is a worker running?", counts.overdue_secs);
        findings.push(Finding::warning(CHECK, text));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{} wait for their time", counts.waiting)));
    }
    Ok(findings)
}

async fn effects(node: &Node) -> Result<Vec<Finding>, LogError> {
    const CHECK: &str = "effects";
    let counts = node.outbox.counts().await?;
    let mut findings = Vec::new();
    if counts.dead + counts.untold > 0 {
        let text = format!(
            "{} were given up; see `reeve effects list`, mend the cause, then `reeve effects \
             retry`, or `reeve effects drop`",
            counts.dead + counts.untold
        );
        findings.push(Finding::warning(CHECK, text));
    }
    if counts.oldest_waiting_secs > LATE_SECS {
        let text = format!(
            "{} wait for Discord, the oldest for {} s; is a worker with DISCORD_TOKEN running?",
            counts.waiting + counts.unknown,
            counts.oldest_waiting_secs
        );
        findings.push(Finding::warning(CHECK, text));
    }
    if findings.is_empty() {
        let waiting = counts.waiting + counts.calling + counts.unknown;
        findings.push(Finding::ok(CHECK, format!("{waiting} wait, none was given up")));
    }
    Ok(findings)
}
