//! Looking through the logs: entries with what messages said, as far as that is kept.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    ChannelId, GuildId, MessageId, PersonId, Personal, PersonalField as _, Timestamp, UserId,
    logs::{Difference, Kind, Names},
    reads::{Thing, Via},
};
use eventlog::PeopleError;
use projections::logs::{self, Filter, Line};

use super::{MODULE, Said, archive::Version};
use crate::{ActionError, Actions, Caller, Permission};

pub const MAX_LOG_PAGE: u32 = 50;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Whom it is about, or who did it.
    pub who: Option<UserId>,
    /// One of these; any where none is named.
    pub kinds: Vec<Kind>,
    pub channel: Option<ChannelId>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// An entry, as somebody reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Of the community: also where the next page begins.
    pub seq: u64,
    pub at: Timestamp,
    pub kind: Kind,
    /// With whose key that is sealed which is written of it: whom it is about, else who did it.
    pub owner: Option<PersonId>,
    /// None where nobody knows, or they were erased.
    pub person: Option<UserId>,
    pub by: Option<UserId>,
    pub channel: Option<ChannelId>,
    pub from: Option<ChannelId>,
    pub message: Option<MessageId>,
    /// How many were deleted at once.
    pub messages: usize,
    pub subject: Option<String>,
    pub changes: Vec<Difference>,
    pub names: Option<Names>,
    /// What a message said before it was changed or deleted.
    pub before: Option<Arc<Said>>,
    /// What it says since.
    pub after: Option<Arc<Said>>,
    /// Of those that were deleted at once.
    pub purged: Vec<Purged>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purged {
    pub owner: PersonId,
    pub author: Option<UserId>,
    pub said: Arc<Said>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    pub lines: Vec<LogLine>,
    /// Where the next page begins; none where this was the last one.
    pub next: Option<u64>,
}

impl Actions {
    /// Newest first.
    #[tracing::instrument(name = "logs.look", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn logs(
        &self,
        guild: GuildId,
        caller: &Caller,
        filter: &LogFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<LogPage, ActionError> {
        self.open_to(guild, caller, None).await?;
        self.require_module(guild, &MODULE).await?;
        self.authorise(guild, caller, Permission::ViewRecords).await?;
        let who = match filter.who {
            None => None,
            // Who was never seen here is in no entry.
            Some(user) => match self.people().find(guild, user).await? {
                Some(person) => Some(person),
                None => return Ok(LogPage { lines: Vec::new(), next: None }),
            },
        };
        self.note_read(guild, caller, Thing::Log { whom: who }, Via::Discord).await;
        let LogFilter { kinds, channel, from, until, .. } = filter.clone();
        let filter = Filter { who, kinds, channel, from, until };
        let limit = limit.clamp(1, MAX_LOG_PAGE);
        let mut lines = logs::page(self.store(), guild, &filter, before, limit + 1).await?;
        let more = lines.len() > limit as usize;
        lines.truncate(limit as usize);
        let next = lines.last().filter(|_| more).map(|line| line.seq);
        Ok(LogPage { lines: self.log_lines(guild, lines).await?, next })
    }

    /// Entries with everything that is known of them now.
    pub async fn log_lines(
        &self,
        guild: GuildId,
        lines: Vec<Line>,
    ) -> Result<Vec<LogLine>, ActionError> {
        let messages: Vec<_> = lines
            .iter()
            .filter(|line| line.kind != Kind::CommandUsed)
            .flat_map(|line| line.messages.iter().copied())
            .collect();
        let kept = self.kept_versions(guild, &messages).await?;
        let mut persons: BTreeSet<PersonId> =
            lines.iter().flat_map(|line| line.person.into_iter().chain(line.by)).collect();
        persons.extend(kept.values().flatten().map(|version| version.person));
        let persons: Vec<_> = persons.into_iter().collect();
        let users = self.people().users(guild, &persons).await?;
        let mut shown = Vec::with_capacity(lines.len());
        for line in lines {
            let names = self.opened_names(guild, &line).await?;
            shown.push(LogLine::of(line, names, &kept, &users));
        }
        Ok(shown)
    }

    async fn opened_names(
        &self,
        guild: GuildId,
        line: &Line,
    ) -> Result<Option<Names>, ActionError> {
        let Some(mut names) = line.names.clone() else { return Ok(None) };
        let key = match self.people().key(guild, names.owner()).await {
            Ok(key) => key,
            Err(PeopleError::NoKey { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let sealed = Personal::sealed(&names);
        let opened = sealed.and_then(|sealed| key.open_field(sealed, line.event, "names"));
        Ok(opened.filter(|bytes| names.open(bytes)).and_then(|_| names.value().cloned()))
    }
}

impl LogLine {
    fn of(
        line: Line,
        names: Option<Names>,
        kept: &HashMap<MessageId, Vec<Version>>,
        users: &HashMap<PersonId, UserId>,
    ) -> Self {
        let user = |person: Option<PersonId>| users.get(&person?).copied();
        let message = line.messages.first().copied();
        let versions = message.and_then(|message| kept.get(&message)).map_or(&[][..], |all| all);
        let said = |version: Option<&Version>| version.and_then(|version| version.said.clone());
        let (mut before, mut after, mut purged) = (None, None, Vec::new());
        match line.kind {
            Kind::MessageEdited => {
                let earlier = versions.iter().rev().find(|version| version.at < line.at);
                before = said(earlier);
                after = said(versions.iter().find(|version| version.at == line.at));
            }
            Kind::MessageDeleted => before = said(versions.last()),
            Kind::MessagesPurged => {
                let all = line.messages.iter().filter_map(|message| kept.get(message)?.last());
                purged = all
                    .filter_map(|version| {
                        let author = user(Some(version.person));
                        let owner = version.person;
                        Some(Purged { owner, author, said: version.said.clone()? })
                    })
                    .collect();
            }
            _ => {}
        }
        Self {
            seq: line.seq,
            at: line.at,
            kind: line.kind,
            owner: line.person.into_iter().chain(line.by).find(|one| users.contains_key(one)),
            person: user(line.person),
            by: user(line.by),
            channel: line.channel,
            from: line.from,
            message: message.filter(|_| line.kind != Kind::CommandUsed),
            messages: line.messages.len(),
            subject: line.subject,
            changes: line.changes,
            names,
            before,
            after,
            purged,
        }
    }
}
