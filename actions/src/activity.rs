//! What goes on in a community, from what the gateway told to what is recorded of it: who is a
//! person number, what is news, and what it earns (`levels.rs`).

pub mod anomalies;
mod calendar;
pub mod gaps;
mod report;
mod stats;

use std::collections::{BTreeSet, HashMap};

use domain::{
    ChannelId, Decider as _, GuildId, IdempotencyKey, MessageId, PersonId, RoleId, Timestamp,
    UserId,
    activity::{Activity, Blindness, Command, Fact, UseOutcome, What, Written},
    voice::Place,
};
use eventlog::StreamId;

pub use anomalies::{Anomaly, Oddity};
pub use calendar::{Calendar, Every};
pub use report::{Beside, DueReport, Report};
pub use stats::{Cohort, DEFAULT_STATS_DAYS, Day, MAX_STATS_DAYS, Stats};

use crate::{
    ActionError, Actions, Caller,
    modules::{Module, Offer},
};

pub const MODULE: Module = Module {
    name: "activity",
    title: "Activity",
    about: "How much is written and spoken where, who comes and goes, and statistics of it.",
    offer: Offer::Standard,
};

/// The process that records.
pub(crate) const PROCESS: &str = "activity";
/// Facts of one event: with a row for each it stays below the largest event that a log takes.
const CHUNK: usize = 1_200;

/// What was heard of one community in a short time, in the order in which it was told.
#[derive(Debug, Default)]
pub struct Window {
    pub heard: Vec<Heard>,
    pub uses: Vec<Used>,
    /// What the logs want to know.
    pub noticed: Vec<crate::logs::Noticed>,
    /// What changed about members, and when that was told.
    pub members: Vec<(Timestamp, crate::mirror::Change)>,
    /// Before all of that, nothing was heard from one moment to another.
    pub gap: Option<(Timestamp, Timestamp, Blindness)>,
}

/// Something that the gateway told.
#[derive(Clone, Debug)]
pub struct Heard {
    pub seq: u64,
    pub at: Timestamp,
    pub what: Told,
}

#[derive(Clone, Debug)]
pub enum Told {
    Message {
        id: MessageId,
        user: UserId,
        channel: ChannelId,
        roles: Vec<RoleId>,
        how: Written,
        /// The member's messages of the last ten seconds, with this one.
        burst: u32,
    },
    Reaction {
        user: UserId,
        channel: ChannelId,
    },
    Joined(UserId),
    Left(UserId),
    Voice {
        user: UserId,
        roles: Vec<RoleId>,
        place: Option<Place>,
    },
    /// These are in voice now, and nobody else.
    VoiceIs(Vec<(UserId, Vec<RoleId>, Place)>),
}

/// A command that somebody used.
#[derive(Clone, Debug)]
pub struct Used {
    pub interaction: u64,
    pub at: Timestamp,
    pub user: UserId,
    pub command: String,
    pub outcome: UseOutcome,
    pub millis: u32,
}

pub(crate) type People = HashMap<UserId, PersonId>;

impl Actions {
    /// Records what was heard. Nothing of it is recorded twice, however often this is asked, and
    /// what could not be recorded can be told again.
    #[tracing::instrument(name = "activity.record", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn record_activity(
        &self,
        guild: GuildId,
        session: &str,
        window: &Window,
        voice_until: Option<Timestamp>,
    ) -> Result<(), ActionError> {
        let activity = self.module_is_on(guild, &MODULE).await?;
        let levels = self.module_is_on(guild, &crate::levels::MODULE).await?;
        if let Some((from, until, why)) = window.gap {
            self.open_gap(guild, from, until).await?;
            if activity {
                self.activity(guild, &Command::NoteGap { from, until, why }).await?;
            }
            if levels {
                self.skip_levels(guild, from, until).await?;
            }
        }
        let sifted = self.sift(guild, &window.heard).await?;
        let sifted = sifted.as_ref().and_then(|sifted| sifted.heard.as_deref());
        let heard = sifted.unwrap_or(&window.heard);
        let nobody = People::new();
        let people = if activity || levels { self.people_of(guild, window).await? } else { nobody };
        let chunks = heard.chunks(CHUNK);
        // Without facts there may still be uses of commands, or people in voice.
        let chunks = chunks.chain(heard.is_empty().then_some(&[][..]));
        let last = heard.len().div_ceil(CHUNK).max(1);
        for (number, chunk) in (1..).zip(chunks) {
            let uses: &[_] = if number == last { &window.uses } else { &[] };
            let until = voice_until.filter(|_| number == last);
            if activity {
                self.record_facts(guild, session, (chunk, uses), until, &people).await?;
            } else {
                self.forget_voice(guild, session, chunk).await?;
            }
            if levels {
                self.earn_levels(guild, session, chunk, until, &people).await?;
            } else {
                self.forget_level_voice(guild, session, chunk).await?;
            }
        }
        self.note_logs(guild, session, window, people).await?;
        self.copy_changes(guild, &window.members).await
    }

    async fn record_facts(
        &self,
        guild: GuildId,
        session: &str,
        (heard, used): (&[Heard], &[Used]),
        voice_until: Option<Timestamp>,
        people: &People,
    ) -> Result<(), ActionError> {
        let facts: Vec<_> = heard.iter().filter_map(|heard| fact(heard, people)).collect();
        let uses: Vec<_> = used.iter().filter_map(|used| use_of(used, people)).collect();
        if facts.is_empty() && uses.is_empty() && voice_until.is_none() {
            return Ok(());
        }
        let session = session.to_owned();
        self.activity(guild, &Command::Record { session, facts, uses, voice_until }).await
    }

    /// Where nobody looks any more, nobody is known to be in voice.
    async fn forget_voice(
        &self,
        guild: GuildId,
        session: &str,
        heard: &[Heard],
    ) -> Result<(), ActionError> {
        let Some(last) = heard.last() else { return Ok(()) };
        let stream = StreamId::of_guild(Activity::CAPABILITY, guild);
        if self.bus().read::<Activity, _>(&stream, |state, _| state.rooms().is_empty()).await? {
            return Ok(());
        }
        let what = What::VoiceIs { here: Vec::new() };
        let facts = vec![Fact { seq: last.seq, at: last.at, what }];
        let (session, uses) = (session.to_owned(), Vec::new());
        self.activity(guild, &Command::Record { session, facts, uses, voice_until: None }).await
    }

    async fn activity(&self, guild: GuildId, command: &Command) -> Result<(), ActionError> {
        // Facts are known again by their place in a session, not by the key of what records them.
        self.activity_once(guild, command, &self.own_key(PROCESS)).await
    }

    async fn activity_once(
        &self,
        guild: GuildId,
        command: &Command,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let request = self.request(guild, &Caller::process(PROCESS), key, None).await?;
        let stream = StreamId::of_guild(Activity::CAPABILITY, guild);
        self.bus().execute::<Activity>(&stream, command, &request).await?;
        Ok(())
    }

    async fn people_of(&self, guild: GuildId, window: &Window) -> Result<People, ActionError> {
        let mut users: BTreeSet<UserId> = window.uses.iter().map(|used| used.user).collect();
        for heard in &window.heard {
            match &heard.what {
                Told::Message { user, .. }
                | Told::Reaction { user, .. }
                | Told::Joined(user)
                | Told::Left(user)
                | Told::Voice { user, .. } => {
                    users.insert(*user);
                }
                Told::VoiceIs(here) => users.extend(here.iter().map(|(user, ..)| *user)),
            }
        }
        Ok(self.people().persons(guild, users).await?)
    }
}

fn fact(heard: &Heard, people: &People) -> Option<Fact> {
    let person = |user: &UserId| people.get(user).copied();
    let what = match &heard.what {
        Told::Message { id, user, channel, how, .. } => {
            What::Written { id: *id, person: person(user)?, channel: *channel, how: *how }
        }
        Told::Reaction { user, channel } => {
            What::Reacted { person: person(user)?, channel: *channel }
        }
        Told::Joined(user) => What::Joined { person: person(user)? },
        Told::Left(user) => What::Left { person: person(user)? },
        Told::Voice { user, place, .. } => What::Voice { person: person(user)?, place: *place },
        Told::VoiceIs(here) => {
            let here = here.iter().filter_map(|(user, _, place)| Some((person(user)?, *place)));
            What::VoiceIs { here: here.collect() }
        }
    };
    Some(Fact { seq: heard.seq, at: heard.at, what })
}

pub(crate) fn use_of(used: &Used, people: &People) -> Option<domain::activity::Use> {
    Some(domain::activity::Use {
        id: used.interaction,
        at: used.at,
        person: *people.get(&used.user)?,
        command: used.command.clone(),
        outcome: used.outcome,
        millis: used.millis,
    })
}
