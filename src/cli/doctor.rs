//! `reeve doctor`: checks everything and says what to do.

mod checks;
mod cluster;
mod work;

use std::process::ExitCode;

use serde::Serialize;

use super::{error::CliError, print::Print};
use crate::{
    config::{Config, Store},
    node::{Access, Node},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only whether the store answers: for container health checks
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Read the whole log and check every hash and every sequence
    #[arg(long)]
    full: bool,
}

/// What one check found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    state: State,
    /// What was found, and what to do about it.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    Warning,
    Problem,
}

impl Finding {
    fn new(check: &'static str, state: State, text: impl Into<String>) -> Self {
        Self { check, state, text: text.into() }
    }

    fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(check, State::Ok, text)
    }

    fn warning(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(check, State::Warning, text)
    }

    fn problem(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(check, State::Problem, text)
    }
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let mut findings = vec![Finding::ok("configuration", "sound")];
    if !args.quick {
        findings.extend(checks::before_opening(&config));
    }
    // Asked before the log is opened, because they say why it cannot be.
    let mut cluster = Vec::new();
    if config.store == Store::Eventstoredb && !args.quick {
        cluster = cluster::checks(&config).await;
    }
    match Node::open(config, Access::Read).await {
        Err(error) => {
            findings.push(Finding::problem("store", error.to_string()));
            findings.extend(cluster);
        }
        Ok(node) if args.quick => findings.push(checks::log_answers(&node).await),
        Ok(node) => {
            findings.extend(checks::all(&node, args.full, print).await);
            findings.extend(work::checks(&node).await);
            findings.extend(cluster);
        }
    }
    let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok);
    let healthy = worst < State::Problem;
    print.answer(&serde_json::json!({ "healthy": healthy, "findings": findings }), || {
        let sign = |state| match state {
            State::Ok => "ok      ",
            State::Warning => "warning ",
            State::Problem => "PROBLEM ",
        };
        let mut lines: Vec<String> = findings
            .iter()
            .map(|finding| {
                format!("{} {:<14} {}", sign(finding.state), finding.check, finding.text)
            })
            .collect();
        lines.push(match worst {
            State::Ok => "\nEverything is in order.".to_owned(),
            State::Warning => "\nIt works; look at the warnings.".to_owned(),
            State::Problem => "\nSomething needs you: see PROBLEM above.".to_owned(),
        });
        lines.join("\n")
    });
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
