//! Why a moment cannot be looked at.

use domain::{GuildId, Timestamp};
use eventlog::LogError;

#[derive(Clone, Debug, thiserror::Error)]
pub enum TimeError {
    #[error("nothing ever happened in guild {guild}: this log has no events of it")]
    NoEvents { guild: GuildId },
    #[error("guild {guild} begins with #1 at {first}; before that there is nothing to look at")]
    BeforeFirst { guild: GuildId, first: Timestamp },
    #[error("{asked} is in the future; it is {now} now")]
    Future { asked: Timestamp, now: Timestamp },
    #[error("guild {guild} has come to #{head} ({at}); #{asked} has not happened yet")]
    NotYet { guild: GuildId, asked: u64, head: u64, at: Timestamp },
    #[error("#{seq} is the guild's last event; there is nothing after it yet")]
    AtTheEnd { seq: u64 },
    #[error("there is no read model {name:?}; there are {known}")]
    UnknownProjection { name: String, known: String },
    #[error("there is no table {name:?}; there are {known}")]
    UnknownTable { name: String, known: String },
    #[error("at most {most} read models can be looked at together")]
    TooManyProjections { most: usize },
    #[error(
        "event #{seq} of guild {guild} cannot be folded into {projection}: {error}; moments before \
         it can be looked at"
    )]
    Poison { guild: GuildId, projection: &'static str, seq: u64, error: LogError },
    #[error("{waiting} others wait for the time machine already; try again in a minute")]
    Busy { waiting: usize },
    #[error("{role} may have {most} views of the past open at once; close one first")]
    Quota { role: &'static str, most: usize },
    #[error("the time machine cannot use its folder: {0}; free space or set data_dir elsewhere")]
    Disk(String),
    #[error("the time machine broke: {0}")]
    Broken(String),
    #[error(transparent)]
    Log(#[from] LogError),
}

impl TimeError {
    /// Whether whoever asked can ask better; the others are faults.
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, Self::Poison { .. } | Self::Disk(_) | Self::Broken(_) | Self::Log(_))
    }
}

impl From<std::io::Error> for TimeError {
    fn from(error: std::io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}
