//! The logs of a community: from what the gateway told to what is noted of it, and what messages
//! said for as long as that is kept (`archive.rs`).
//!
//! What messages say never goes into the log of events. It is looked up before something is noted,
//! and kept after it: a crash in between is told again by Discord, and comes to the same.

mod archive;
mod look;
mod manage;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    ChannelId, Decider as _, GuildId, MessageId, PersonId, Personal, Timestamp, UserId,
    activity::Use,
    logs::{Command, Difference, Entry, Kind, LogSettings, Logs, Names, Notice, Topic, What},
};
use eventlog::StreamId;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

pub(crate) use archive::{DayKeys, Pages};
pub use archive::{MAX_KEPT_A_DAY, MAX_VERSIONS};
pub use look::{LogFilter, LogLine, LogPage, MAX_LOG_PAGE, Purged};
pub use manage::LogStatus;

use crate::{
    ActionError, Actions, Caller,
    activity::{PROCESS, People, Used, Window, use_of},
    modules::{Module, Offer},
};

pub const MODULE: Module = Module {
    name: "logs",
    title: "Logs",
    about: "Edited and deleted messages, members, roles, channels, voice and invites, noted and \
            posted.",
    offer: Offer::OnRequest,
};

/// Notices of one command: with an event for each it stays below the largest append.
const CHUNK: usize = 300;
/// A change of settings is seen by the path of messages within this time.
const KEEPS_AGE: Duration = Duration::from_secs(2);
/// Communities of which it is remembered whether their messages are kept.
const MAX_KEEPS: usize = 200_000;
/// An edit that is told later than this is no edit: Discord has found a picture to show.
const EDIT_SECS: i64 = 60;

/// Something that the gateway told.
#[derive(Debug)]
pub struct Noticed {
    pub seq: u64,
    pub at: Timestamp,
    pub what: Seen,
}

#[derive(Debug)]
pub enum Seen {
    /// A message, where it is kept what it says.
    Said {
        message: MessageId,
        channel: ChannelId,
        author: UserId,
        said: Arc<Said>,
    },
    Edited {
        message: MessageId,
        channel: ChannelId,
        author: UserId,
        bot: bool,
        /// By Discord's clock.
        edited_at: Timestamp,
        /// What it says now, where that may be read.
        said: Option<Arc<Said>>,
    },
    Deleted {
        message: MessageId,
        channel: ChannelId,
    },
    Purged {
        messages: Vec<MessageId>,
        channel: ChannelId,
    },
    Came(UserId),
    Went(UserId),
    Voice {
        user: UserId,
        channel: Option<ChannelId>,
    },
    /// These are in voice now, and nobody else.
    VoiceIs(Vec<(UserId, ChannelId)>),
    /// As the audit log has it.
    Done(Done),
    DeletedBy {
        by: UserId,
        author: Option<UserId>,
        channel: ChannelId,
        purge: bool,
    },
}

/// What somebody did to a member, a role, a channel or an invite.
#[derive(Debug)]
pub struct Done {
    pub kind: Kind,
    pub by: Option<UserId>,
    pub by_bot: bool,
    pub whom: Option<UserId>,
    pub subject: Option<String>,
    pub changes: Vec<Difference>,
    pub names: Option<Names>,
}

/// What a message says. Never shown: it ends up in no log.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub text: String,
    /// Names of files that came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said(…)")
    }
}

impl Noticed {
    /// How much of the room of a lane it takes, beside plain facts.
    pub fn weight(&self) -> usize {
        const PLAIN_BYTES: usize = 200;
        let bytes = match &self.what {
            Seen::Said { said, .. } | Seen::Edited { said: Some(said), .. } => {
                said.text.len() + said.files.iter().map(String::len).sum::<usize>()
            }
            Seen::Purged { messages, .. } => messages.len() * 8,
            Seen::VoiceIs(here) => here.len() * 16,
            _ => 0,
        };
        1 + bytes / PLAIN_BYTES
    }

    fn each_user(&self, mut user_is: impl FnMut(UserId)) {
        match &self.what {
            Seen::Said { author, .. } | Seen::Edited { author, .. } => user_is(*author),
            Seen::Came(user) | Seen::Went(user) | Seen::Voice { user, .. } => user_is(*user),
            Seen::VoiceIs(here) => here.iter().for_each(|(user, _)| user_is(*user)),
            Seen::Done(done) => done.by.into_iter().chain(done.whom).for_each(user_is),
            Seen::DeletedBy { by, author, .. } => {
                user_is(*by);
                author.iter().copied().for_each(user_is);
            }
            Seen::Deleted { .. } | Seen::Purged { .. } => {}
        }
    }

    /// Messages whose content is of interest.
    fn messages(&self) -> &[MessageId] {
        match &self.what {
            Seen::Edited { message, .. } | Seen::Deleted { message, .. } => {
                std::slice::from_ref(message)
            }
            _ => &[],
        }
    }
}

/// Of which communities messages are kept, as of a moment ago.
#[derive(Clone, Default)]
pub(crate) struct Keeps(Arc<RwLock<HashMap<GuildId, (bool, Instant)>>>);

impl Keeps {
    fn known(&self, guild: GuildId) -> Option<bool> {
        let (keeps, since) = *self.0.read().get(&guild)?;
        (since.elapsed() < KEEPS_AGE).then_some(keeps)
    }

    fn learn(&self, guild: GuildId, keeps: bool) {
        let mut known = self.0.write();
        if known.len() >= MAX_KEEPS {
            known.clear();
        }
        known.insert(guild, (keeps, Instant::now()));
    }
}

impl Actions {
    /// Whether it is kept what messages say in this community. Almost always from memory; where
    /// that fails, nothing is kept.
    pub async fn keeps_messages(&self, guild: GuildId) -> bool {
        if let Some(keeps) = self.keeps.known(guild) {
            return keeps;
        }
        let keeps = match self.log_terms(guild).await {
            Ok(terms) => terms.is_some_and(|terms| terms.values.keeps_messages()),
            Err(error) => {
                tracing::warn!(guild.id = %guild, %error, "it is not known whether messages are kept");
                false
            }
        };
        self.keeps.learn(guild, keeps);
        keeps
    }

    /// Where entries of this topic are posted; nowhere where logs are off.
    pub async fn log_channel(
        &self,
        guild: GuildId,
        topic: Topic,
    ) -> Result<Option<ChannelId>, ActionError> {
        let terms = self.log_terms(guild).await?;
        Ok(terms.and_then(|terms| terms.values.posted_in(topic)))
    }

    /// The settings in force; none where logs are off.
    async fn log_terms(&self, guild: GuildId) -> Result<Option<domain::logs::Terms>, ActionError> {
        if !self.module_is_on(guild, &MODULE).await? {
            return Ok(None);
        }
        self.settings::<LogSettings>(guild).await.map(Some)
    }

    /// Notes what was told. Nothing of it is noted twice, however often this is asked. Of some of
    /// the people it is known already who they are.
    pub(crate) async fn note_logs(
        &self,
        guild: GuildId,
        session: &str,
        window: &Window,
        mut people: People,
    ) -> Result<(), ActionError> {
        let Some(terms) = self.log_terms(guild).await? else { return Ok(()) };
        let uses: &[Used] = if terms.values.notes(Topic::Commands) { &window.uses } else { &[] };
        let mut others = BTreeSet::new();
        let mut user_is = |user| {
            if !people.contains_key(&user) {
                others.insert(user);
            }
        };
        for noticed in &window.noticed {
            noticed.each_user(&mut user_is);
        }
        for used in uses {
            user_is(used.user);
        }
        people.extend(self.people().persons(guild, others).await?);
        for chunk in window.noticed.chunks(CHUNK) {
            self.note_chunk(guild, session, chunk, &terms, &people).await?;
        }
        if !uses.is_empty() {
            let uses = uses.iter().filter_map(|used| use_of(used, &people)).collect();
            self.note_in_logs(guild, session, Vec::new(), uses, &terms).await?;
        }
        Ok(())
    }

    async fn note_chunk(
        &self,
        guild: GuildId,
        session: &str,
        chunk: &[Noticed],
        terms: &domain::logs::Terms,
        people: &People,
    ) -> Result<(), ActionError> {
        let wanted: Vec<_> = chunk.iter().flat_map(Noticed::messages).copied().collect();
        let mut known = self.kept_versions(guild, &wanted).await?;
        let left_out: BTreeSet<PersonId> = self
            .bus()
            .read::<Logs, _>(&stream(guild), |state, _| state.left_out().collect())
            .await?;
        let is_kept = |version: &archive::Version| {
            let channels = &terms.values.left_out_channels;
            terms.values.keeps_messages()
                && !channels.contains(&version.channel)
                && !left_out.contains(&version.person)
        };
        let (mut notices, mut kept) = (Vec::new(), Vec::new());
        for noticed in chunk {
            if let Some(version) = archive::Version::of(noticed, people) {
                let versions = known.entry(version.message).or_default();
                let is_same = versions.last().is_some_and(|last| last.said == version.said);
                if is_same {
                    // Discord found a picture to show, or tells it again.
                    continue;
                }
                if is_kept(&version) && versions.len() < MAX_VERSIONS {
                    kept.push(version.clone());
                }
                versions.push(version);
            }
            notices.extend(notice(noticed, people, &known));
        }
        self.note_in_logs(guild, session, notices, Vec::new(), terms).await?;
        self.keep_versions(guild, kept).await
    }

    async fn note_in_logs(
        &self,
        guild: GuildId,
        session: &str,
        notices: Vec<Notice>,
        uses: Vec<Use>,
        terms: &domain::logs::Terms,
    ) -> Result<(), ActionError> {
        if notices.is_empty() && uses.is_empty() {
            return Ok(());
        }
        let key = self.own_key(PROCESS);
        let request = self.request(guild, &Caller::process(PROCESS), &key, None).await?;
        let (session, terms) = (session.to_owned(), Arc::clone(terms));
        let command = Command::Note { session, notices, uses, terms };
        self.bus().execute::<Logs>(&stream(guild), &command, &request).await?;
        Ok(())
    }
}

fn stream(guild: GuildId) -> StreamId {
    StreamId::of_guild(Logs::CAPABILITY, guild)
}

fn notice(
    noticed: &Noticed,
    people: &People,
    known: &HashMap<MessageId, Vec<archive::Version>>,
) -> Option<Notice> {
    let Noticed { seq, at, ref what } = *noticed;
    let person = |user: &UserId| people.get(user).copied();
    let mut at = at;
    let what = match what {
        Seen::Said { .. } => return None,
        Seen::Edited { message, channel, author, bot, edited_at, .. } => {
            if at.secs_since(*edited_at) > EDIT_SECS {
                return None;
            }
            // What it said before and then is found by this moment.
            at = archive::after_it_was_made(*message, *edited_at);
            let (message, channel, bot) = (*message, *channel, *bot);
            What::Edited { message, channel, author: person(author)?, bot }
        }
        Seen::Deleted { message, channel } => {
            let author = known.get(message).and_then(|versions| Some(versions.last()?.person));
            What::Deleted { message: *message, channel: *channel, author }
        }
        Seen::Purged { messages, channel } => {
            What::Purged { messages: messages.clone(), channel: *channel }
        }
        Seen::Came(user) => What::Came { person: person(user)? },
        Seen::Went(user) => What::Went { person: person(user)? },
        Seen::Voice { user, channel } => What::Voice { person: person(user)?, channel: *channel },
        Seen::VoiceIs(here) => {
            let here = here.iter().filter_map(|(user, channel)| Some((person(user)?, *channel)));
            What::VoiceIs { here: here.collect() }
        }
        Seen::Done(done) => {
            let whom = done.whom.as_ref().and_then(person);
            let names = whom.zip(done.names.clone());
            let entry = Entry {
                person: whom,
                by: done.by.as_ref().and_then(person),
                subject: done.subject.clone(),
                changes: done.changes.clone(),
                names: names.map(|(owner, names)| Personal::clear(owner, names)),
                ..Entry::new(done.kind, at)
            };
            What::Done { entry, by_bot: done.by_bot }
        }
        Seen::DeletedBy { by, author, channel, purge } => {
            let (channel, purge) = (*channel, *purge);
            let author: Option<PersonId> = author.as_ref().and_then(person);
            What::DeletedBy { by: person(by)?, author, channel, purge }
        }
    };
    Some(Notice { seq, at, what })
}
