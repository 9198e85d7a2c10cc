//! The stock stores, run by a program of their own (`compat/postgres-es`).

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::cli::bench::{
    Failed,
    commands::Shape,
    store::{Backend, Ground},
};

/// The stock store reads a whole aggregate for every command, so a hot one is made to stay short.
const RENEW_AFTER: &str = "100";

#[derive(Debug)]
pub(super) struct Baseline {
    program: PathBuf,
    url: String,
    dir: PathBuf,
}

impl Baseline {
    pub fn find(program: PathBuf, ground: &Ground) -> Result<Option<Self>, Failed> {
        if !program.exists() {
            return Ok(None);
        }
        Ok(Some(Self { program, url: ground.url()?, dir: ground.dir() }))
    }

    pub fn commands(&self, backend: Backend, shape: Shape) -> Result<f64, Failed> {
        let renew_after = if shape.aggregates == 1 { RENEW_AFTER } else { "0" };
        let mut command = self.command("commands", backend);
        command
            .args(["--clients", &shape.clients.to_string()])
            .args(["--aggregates", &shape.aggregates.to_string()])
            .args(["--history", &shape.history.to_string()])
            .args(["--seconds", &shape.seconds.to_string()])
            .args(["--renew-after", renew_after]);
        number(command, "commands_per_s")
    }

    pub fn rebuild(&self, backend: Backend, seconds: u64) -> Result<f64, Failed> {
        let mut command = self.command("rebuild", backend);
        command.args(["--seconds", &seconds.to_string()]);
        number(command, "events_per_s")
    }

    fn command(&self, what: &str, backend: Backend) -> Command {
        let mut command = Command::new(&self.program);
        command.args([what, "--json", "--backend"]);
        match backend {
            Backend::Sqlite => command.arg("sqlite-es").arg("--dir").arg(&self.dir),
            // There is no stock store for EventStoreDB; it is measured beside none.
            Backend::Postgres | Backend::Eventstoredb => {
                command.args(["postgres-es", "--url", &self.url])
            }
        };
        command
    }
}

/// A number of the object on the last line.
fn number(mut command: Command, name: &str) -> Result<f64, Failed> {
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap_or_default())
        .map_err(|error| format!("the baseline did not say what it measured: {error}"))?;
    last[name].as_f64().ok_or_else(|| format!("the baseline did not say {name}").into())
}
