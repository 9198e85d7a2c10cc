//! Marks beside a log: which log it is, and whether it takes events.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    envelope::Recorded,
    log::{EventLog, LogError},
};

/// What a database calls an append to a closed log.
pub(crate) const CLOSED_CODE: &str = "RV001";

/// A line of the log's own table of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Names this log, whatever it is reached by.
    LogId,
    /// It is being moved, or has moved: a [`Closed`].
    Closed,
    /// It is being filled from elsewhere: a [`Filling`].
    Filling,
    /// It was filled from a backup, and that came to its end.
    Restored,
}

impl Mark {
    pub const fn key(self) -> &'static str {
        match self {
            Self::LogId => "log_id",
            Self::Closed => "closed",
            Self::Filling => "filling",
            Self::Restored => "restored",
        }
    }
}

/// On a log that takes no events any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Where it goes, without any password.
    pub to: String,
    pub to_log: String,
    /// Everything has arrived there and was checked.
    pub done: bool,
}

/// On a log that is not complete yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filling {
    pub by: FilledBy,
    /// The log it is filled from, or the backup.
    pub from_id: String,
    /// The same for people, without any password.
    pub from: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilledBy {
    Migration,
    Restore,
}

/// What somebody is told who appends to a log with this mark, given as `<key> <text>`.
pub(crate) fn closed(mark: &str) -> LogError {
    let (key, text) = mark.split_once(' ').unwrap_or((mark, ""));
    if key == Mark::Closed.key()
        && let Ok(Closed { to, done, .. }) = serde_json::from_str(text)
    {
        return LogError::Closed(if done {
            format!("this log has moved to {to}; point store and its URL there (docs/moving.md)")
        } else {
            format!(
                "this log is being moved to {to} and takes no events meanwhile; try again once it \
                 has moved. If the migration was stopped, start it again, or give it up with \
                 `reeve migrate log --abandon`"
            )
        });
    }
    if key == Mark::Filling.key()
        && let Ok(Filling { by, from, .. }) = serde_json::from_str(text)
    {
        let what = match by {
            FilledBy::Migration => "`reeve migrate log`",
            FilledBy::Restore => "`reeve restore`",
        };
        return LogError::Closed(format!(
            "this log is being filled from {from} and is not complete; wait for {what}, or start \
             it again with the same words to go on"
        ));
    }
    LogError::Closed("this log takes no events at the moment".to_owned())
}

/// Refuses a log that may not be written, before somebody's command does.
pub async fn refuse_when_closed(log: &dyn EventLog) -> Result<(), LogError> {
    for mark in [Mark::Closed, Mark::Filling] {
        if let Some(text) = log.mark(mark).await? {
            return Err(closed(&format!("{} {text}", mark.key())));
        }
    }
    Ok(())
}

/// The log's name, given at first sight.
pub async fn log_id(log: &dyn EventLog) -> Result<String, LogError> {
    if let Some(id) = log.mark(Mark::LogId).await? {
        return Ok(id);
    }
    let id = Uuid::new_v4().to_string();
    log.set_mark(Mark::LogId, Some(&id)).await?;
    Ok(id)
}

pub(crate) async fn read<T: for<'a> Deserialize<'a>>(
    log: &dyn EventLog,
    mark: Mark,
) -> Result<Option<T>, LogError> {
    let Some(text) = log.mark(mark).await? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        LogError::Setup(format!(
            "the mark {} of this log was made by another version of reeve: {error}",
            mark.key()
        ))
    })
}

pub(crate) async fn set(
    log: &dyn EventLog,
    mark: Mark,
    to: &impl Serialize,
) -> Result<(), LogError> {
    let text = serde_json::to_string(to).map_err(|error| LogError::Setup(error.to_string()))?;
    log.set_mark(mark, Some(&text)).await
}

/// Refuses to take one event for another.
pub(crate) fn same(there: &Recorded, event: &Recorded) -> Result<(), LogError> {
    if there.hash == event.hash {
        return Ok(());
    }
    Err(event.corrupt("the target holds another event of this id"))
}
