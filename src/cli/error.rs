//! How a command ends when it did not do what was asked.

use std::{io::Write as _, process::ExitCode};

use actions::ActionError;
use eventlog::{LogError, PeopleError, backup::BackupError, moving::MoveError, proof::ProofError};
use projections::{TimeError, exports::QueryError};

use crate::{discord::connect::ConnectError, node::OpenError};

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A rule said no.
    #[error("{0}")]
    Refused(String),
    /// What was asked for, or how it is set up, is wrong.
    #[error("{0}")]
    Setup(String),
    /// Something is broken.
    #[error("{0}")]
    Fault(String),
}

impl CliError {
    /// Tells whoever asked, and for a fault also the log, under the same id.
    pub fn report(&self, json: bool) -> ExitCode {
        let (code, kind, id) = match self {
            Self::Refused(_) => (1, "refused", None),
            Self::Setup(_) => (2, "setup", None),
            Self::Fault(_) => (3, "fault", Some(projections::error_id())),
        };
        if let Some(id) = &id {
            tracing::error!(error.id = id, error = %self, "a command failed");
        }
        let place = id.as_ref().map_or(String::new(), |id| format!(" [{id}]"));
        // Whoever closed standard error does not want to know.
        let _ = writeln!(std::io::stderr(), "reeve: {self}{place}");
        if json {
            let object = serde_json::json!({ "error": { "kind": kind, "text": self.to_string(), "id": id } });
            super::print::say(&object.to_string());
        }
        ExitCode::from(code)
    }
}

/// What clap found wrong with the command line, or the help that was asked for.
pub(super) fn report_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let object = serde_json::json!({ "error": { "kind": "usage", "text": text.trim_end(), "id": null } });
        super::print::say(&object.to_string());
    }
    ExitCode::from(2)
}

impl From<LogError> for CliError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Setup(_)
            | LogError::Closed(_)
            | LogError::InUse { .. }
            | LogError::NewerThanBinary { .. } => Self::Setup(error.to_string()),
            _ => Self::Fault(error.to_string()),
        }
    }
}

impl From<PeopleError> for CliError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Store(error) => error.into(),
            PeopleError::WrongMasterKey
            | PeopleError::MasterKeyFormat
            | PeopleError::Erasures { .. }
            | PeopleError::Backup(_) => Self::Setup(error.to_string()),
            _ => Self::Fault(error.to_string()),
        }
    }
}

impl From<MoveError> for CliError {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::Log(error) => error.into(),
            MoveError::People(error) => error.into(),
            MoveError::Refused(text) => Self::Refused(text),
            MoveError::Different(_) => Self::Fault(error.to_string()),
        }
    }
}

impl From<BackupError> for CliError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Log(error) => error.into(),
            BackupError::People(error) => error.into(),
            BackupError::Io { .. } => Self::Setup(error.to_string()),
            BackupError::Refused(_) | BackupError::CutShort(_) | BackupError::Damaged(_) => {
                Self::Refused(error.to_string())
            }
        }
    }
}

impl From<ProofError> for CliError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Log(error) => error.into(),
            ProofError::Key(error) => error.into(),
            ProofError::Refused(text) | ProofError::Contradiction(text) => Self::Refused(text),
            error @ ProofError::Write(_) => Self::Setup(error.to_string()),
        }
    }
}

impl From<OpenError> for CliError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Log(error) => error.into(),
            OpenError::People(error) => error.into(),
            OpenError::Key(text) | OpenError::Configuration(text) => Self::Setup(text),
        }
    }
}

impl From<ActionError> for CliError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Log(error) => error.into(),
            ActionError::People(error) => error.into(),
            ActionError::Contended => Self::Fault(error.to_string()),
            refused => Self::Refused(refused.to_string()),
        }
    }
}

impl From<TimeError> for CliError {
    fn from(error: TimeError) -> Self {
        match error {
            TimeError::Log(error) => error.into(),
            TimeError::UnknownProjection { .. } | TimeError::UnknownTable { .. } => {
                Self::Setup(error.to_string())
            }
            error if error.is_refusal() => Self::Refused(error.to_string()),
            error => Self::Fault(error.to_string()),
        }
    }
}

impl From<QueryError> for CliError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Broken(_) => Self::Fault(error.to_string()),
            QueryError::TooLong(_) => Self::Refused(error.to_string()),
            _ => Self::Setup(error.to_string()),
        }
    }
}

impl From<ConnectError> for CliError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Call { .. } => Self::Fault(error.to_string()),
            error => Self::Setup(error.to_string()),
        }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<Box<dyn std::error::Error + Send + Sync>> for CliError {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<crate::config::RefusedInProduction> for CliError {
    fn from(error: crate::config::RefusedInProduction) -> Self {
        Self::Refused(error.to_string())
    }
}
