//! The log of a community: what happened, with what messages said as long as that is kept.

use actions::{
    Permission,
    logs::{LogLine, Said},
};
use async_graphql::{Enum, InputObject, Object, SimpleObject};
use domain::{
    ChannelId,
    logs::{Kind, Names},
    reads::Thing,
};
use projections::logs::{self, Filter, Line};

use crate::{
    blocks::user_id,
    guard::May,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

#[derive(Debug)]
pub struct OnGuild(pub Scope);

/// What an entry of the log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub enum LogKind {
    MessageEdited,
    MessageDeleted,
    MessagesPurged,
    MemberJoined,
    MemberLeft,
    MemberRenamed,
    MemberRoles,
    RoleCreated,
    RoleUpdated,
    RoleDeleted,
    ChannelCreated,
    ChannelUpdated,
    ChannelDeleted,
    VoiceJoined,
    VoiceLeft,
    VoiceMoved,
    InviteCreated,
    InviteDeleted,
    CommandUsed,
}

/// Which entries; all of them where nothing is said.
#[derive(Debug, Default, InputObject)]
pub struct LogFilter {
    /// Whom it is about, or who did it.
    user: Option<Snowflake>,
    /// One of these.
    kinds: Option<Vec<LogKind>>,
    /// Where it happened.
    channel: Option<Snowflake>,
    /// From this moment on.
    from: Option<Time>,
    /// Before this moment.
    until: Option<Time>,
}

#[Object(name = "LogsOnGuild")]
impl OnGuild {
    /// What was logged here, newest first.
    #[graphql(
        guard = "May(&self.0, &[Permission::ViewRecords, Permission::ViewAudit])",
        complexity = "cost(first, child_complexity)"
    )]
    async fn logs(
        &self,
        filter: Option<LogFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<LogEntry>> {
        let asked = Asked::read(first, after.as_deref())?;
        let LogFilter { user, kinds, channel, from, until } = filter.unwrap_or_default();
        let (guild, mut who) = (self.0.guild(), None);
        if let Some(user) = user {
            who = self.0.actions().people().find(guild, user_id(user)?).await?;
            if who.is_none() {
                return Ok(asked.page(Vec::new(), |_| 0));
            }
        }
        let channel = channel.map(|id| id.0.to_string().parse::<ChannelId>());
        let channel =
            channel.transpose().map_err(|_| Trouble::bad_input("channel: this is no id."))?;
        let kinds = kinds.unwrap_or_default().into_iter().map(Kind::from).collect();
        let (from, until) = (from.map(|from| from.0), until.map(|until| until.0));
        let filter = Filter { who, kinds, channel, from, until };
        self.0.looks_at(Thing::Log { whom: who }).await;
        let store = self.0.reading("log_entries").await?;
        let rows = logs::page(&store, guild, &filter, asked.before, asked.wanted()).await?;
        let lines = self.0.actions().log_lines(guild, rows.clone()).await?;
        let entry = |(row, line)| LogEntry { scope: self.0.clone(), row, line };
        let entries = rows.into_iter().zip(lines).map(entry);
        Ok(asked.page(entries.collect(), |entry| entry.row.seq))
    }
}

pub struct LogEntry {
    scope: Scope,
    row: Line,
    line: LogLine,
}

/// What was one thing and is another.
#[derive(SimpleObject)]
pub struct LogDifference {
    field: String,
    was: Option<String>,
    is: Option<String>,
}

/// What a member was called in the community; none for the name of the account.
#[derive(SimpleObject)]
pub struct LogNames {
    was: Option<String>,
    is: Option<String>,
}

/// What a message said.
#[derive(SimpleObject)]
pub struct LogMessage {
    /// Who wrote it, where several are shown.
    author: Option<Person>,
    text: String,
    /// Names of files that came with it.
    files: Vec<String>,
}

impl From<&Said> for LogMessage {
    fn from(said: &Said) -> Self {
        Self { author: None, text: said.text.clone(), files: said.files.clone() }
    }
}

impl From<Names> for LogNames {
    fn from(names: Names) -> Self {
        Self { was: names.was, is: names.is }
    }
}

#[Object]
impl LogEntry {
    /// The event's number in the community.
    async fn seq(&self) -> Long {
        Long(self.row.seq.cast_signed())
    }

    async fn at(&self) -> Time {
        Time(self.row.at)
    }

    async fn kind(&self) -> LogKind {
        self.row.kind.into()
    }

    /// Whom it is about; none where nobody knows, or once they were erased.
    async fn person(&self) -> Option<Person> {
        self.row.person.map(|number| Person::of(self.scope.guild(), number))
    }

    /// Who did it, where that is said.
    async fn by(&self) -> Option<Person> {
        self.row.by.map(|number| Person::of(self.scope.guild(), number))
    }

    async fn channel(&self) -> Option<Snowflake> {
        self.row.channel.map(|channel| Snowflake(channel.get()))
    }

    /// Where somebody in voice was before.
    async fn from(&self) -> Option<Snowflake> {
        self.row.from.map(|channel| Snowflake(channel.get()))
    }

    async fn message(&self) -> Option<Snowflake> {
        self.line.message.map(|message| Snowflake(message.get()))
    }

    /// How many messages were deleted at once.
    async fn messages(&self) -> u32 {
        u32::try_from(self.line.messages).unwrap_or(u32::MAX)
    }

    /// A role's id, a channel's, an invite's code, or the name of a command.
    async fn subject(&self) -> Option<&str> {
        self.row.subject.as_deref()
    }

    async fn changes(&self) -> Vec<LogDifference> {
        let changes = self.row.changes.iter().cloned();
        changes.map(|one| LogDifference { field: one.field, was: one.was, is: one.is }).collect()
    }

    async fn names(&self) -> Option<LogNames> {
        self.line.names.clone().map(LogNames::from)
    }

    /// What a message said before it was changed or deleted; none where that is not kept.
    async fn before(&self) -> Option<LogMessage> {
        self.line.before.as_deref().map(LogMessage::from)
    }

    /// What it says since.
    async fn after(&self) -> Option<LogMessage> {
        self.line.after.as_deref().map(LogMessage::from)
    }

    /// What those said that were deleted at once, as far as that is kept.
    async fn purged(&self) -> Vec<LogMessage> {
        let guild = self.scope.guild();
        let shown = self.line.purged.iter().map(|one| LogMessage {
            author: Some(Person::of(guild, one.owner)),
            ..(&*one.said).into()
        });
        shown.collect()
    }
}
