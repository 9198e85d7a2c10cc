//! Experience and levels: what is earned, what staff may do to it, and what members see of it.

mod boards;
mod brought;
pub(crate) mod leavers;
mod outlook;

use domain::{
    Decider as _, GuildId, IdempotencyKey, PersonId, Personal, RoleId, Timestamp, UserId,
    levels::{Change, Command, Event, Fact, LevelSettings, Levels, RoleFailure, Terms, What},
};
use eventlog::{Decision, StreamId};

pub use boards::{LevelBoard, LevelLine, MAX_LEVEL_BOARD, Period, Rank};
pub use brought::{Brought, Having};
pub use leavers::Gone;
pub use outlook::{LevelOutlook, OUTLOOK_DAYS};

use crate::{
    ActionError, Actions, Caller, Permission,
    activity::{Heard, PROCESS as RECORDER, People, Told},
    modules::{Module, Offer},
};

pub const MODULE: Module = Module {
    name: "levels",
    title: "Levels",
    about: "Experience for writing and for being together in voice, ranks, and roles for levels.",
    offer: Offer::Standard,
};

/// The process that gives roles and tells of levels.
const PROCESS: &str = "levels";

/// What a change of somebody's experience came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    pub xp: u64,
    pub level: u32,
    pub repeated: bool,
}

impl Actions {
    /// Gives, takes, sets or resets a member's experience.
    #[tracing::instrument(name = "levels.change", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn change_xp(
        &self,
        guild: GuildId,
        caller: &Caller,
        user: UserId,
        change: Change,
        reason: Option<&str>,
        key: &IdempotencyKey,
    ) -> Result<Changed, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let what = ("xp", Some(user));
        self.authorise_to(what, guild, caller, Permission::ManageSettings, key).await?;
        let person = self.people().person(guild, user).await?;
        let terms = self.level_terms(guild).await?;
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| Personal::clear(person, reason.to_owned()));
        let at = self.now();
        let command = Command::Change { person, change, reason, at, terms: terms.clone() };
        let done = self.levels(guild, caller, key, &command).await?;
        let xp = match done.events.first() {
            Some(Event::XpChanged { to, .. }) => *to,
            Some(_) => {
                return Err(ActionError::BadInput(
                    "This key was used for something else.".to_owned(),
                ));
            }
            // As it was before.
            None => self.xp(guild, person).await?,
        };
        Ok(Changed { xp, level: terms.values.level(xp), repeated: done.repeated })
    }

    /// What the ledger has of this person at this moment.
    pub async fn xp(&self, guild: GuildId, person: PersonId) -> Result<u64, ActionError> {
        let stream = StreamId::of_guild(Levels::CAPABILITY, guild);
        Ok(self.bus().read::<Levels, _>(&stream, |state, _| state.xp(person)).await?)
    }

    /// The rules of levels in force.
    pub async fn level_terms(&self, guild: GuildId) -> Result<Terms, ActionError> {
        self.settings::<LevelSettings>(guild).await
    }

    /// What an order of a role came to. Of an order that is not open any more nothing changes.
    #[tracing::instrument(name = "levels.note_role", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn note_level_role(
        &self,
        guild: GuildId,
        (person, role, attempt): (PersonId, RoleId, u32),
        failed: Option<RoleFailure>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = Command::NoteRole { person, role, attempt, failed };
        self.levels(guild, &Caller::process(PROCESS), key, &command).await.map(drop)
    }

    pub(crate) async fn earn_levels(
        &self,
        guild: GuildId,
        session: &str,
        heard: &[Heard],
        voice_until: Option<Timestamp>,
        people: &People,
    ) -> Result<(), ActionError> {
        let terms = self.level_terms(guild).await?;
        let facts: Vec<_> =
            heard.iter().filter_map(|heard| fact(heard, people, &terms.values)).collect();
        if facts.is_empty() && voice_until.is_none() {
            return Ok(());
        }
        let session = session.to_owned();
        self.earned(guild, &Command::Earn { session, facts, voice_until, terms }).await
    }

    pub(crate) async fn skip_levels(
        &self,
        guild: GuildId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<(), ActionError> {
        let terms = self.level_terms(guild).await?;
        self.earned(guild, &Command::Skip { from, until, terms }).await
    }

    /// Where levels are off, nobody is known to be in voice.
    pub(crate) async fn forget_level_voice(
        &self,
        guild: GuildId,
        session: &str,
        heard: &[Heard],
    ) -> Result<(), ActionError> {
        let Some(last) = heard.last() else { return Ok(()) };
        let stream = StreamId::of_guild(Levels::CAPABILITY, guild);
        if self.bus().read::<Levels, _>(&stream, |state, _| state.nobody_in_voice()).await? {
            return Ok(());
        }
        let what = What::VoiceIs { here: Vec::new() };
        let facts = vec![Fact { seq: last.seq, at: last.at, what }];
        let terms = self.level_terms(guild).await?;
        let session = session.to_owned();
        self.earned(guild, &Command::Earn { session, facts, voice_until: None, terms }).await
    }

    /// What was read only after a gap, in the order in which it was written.
    pub(crate) async fn earn_late(
        &self,
        guild: GuildId,
        gap: Timestamp,
        heard: &[Heard],
        people: &People,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let terms = self.level_terms(guild).await?;
        let facts = heard.iter().filter_map(|heard| fact(heard, people, &terms.values)).collect();
        let command = Command::Recover { gap, facts, terms };
        self.levels(guild, &Caller::process(RECORDER), key, &command).await.map(drop)
    }

    async fn earned(&self, guild: GuildId, command: &Command) -> Result<(), ActionError> {
        let key = self.own_key(RECORDER);
        self.levels(guild, &Caller::process(RECORDER), &key, command).await.map(drop)
    }

    async fn levels(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        command: &Command,
    ) -> Result<Decision<Event>, ActionError> {
        let policy = match command {
            Command::Earn { terms, .. }
            | Command::Recover { terms, .. }
            | Command::Skip { terms, .. }
            | Command::Change { terms, .. } => Some(terms.version),
            Command::NoteRole { .. } => None,
        };
        let request = self.request(guild, caller, key, policy).await?;
        let stream = StreamId::of_guild(Levels::CAPABILITY, guild);
        Ok(self.bus().execute::<Levels>(&stream, command, &request).await?)
    }
}

/// What of something heard can earn, with what multiplies it.
fn fact(heard: &Heard, people: &People, settings: &LevelSettings) -> Option<Fact> {
    let person = |user: &UserId| people.get(user).copied();
    let what = match &heard.what {
        Told::Message { id, user, channel, roles, burst, .. } => What::Written {
            id: *id,
            person: person(user)?,
            channel: *channel,
            percent: settings.percent(roles, *channel),
            flood: settings.flood_messages > 0 && *burst > settings.flood_messages,
        },
        Told::Voice { user, roles, place } => {
            let place = place.map(|place| (place, settings.percent(roles, place.channel)));
            What::Voice { person: person(user)?, place }
        }
        Told::VoiceIs(here) => {
            let here = here.iter().filter_map(|(user, roles, place)| {
                Some((person(user)?, *place, settings.percent(roles, place.channel)))
            });
            What::VoiceIs { here: here.collect() }
        }
        Told::Reaction { .. } | Told::Joined(_) | Told::Left(_) => return None,
    };
    Some(Fact { seq: heard.seq, at: heard.at, what })
}
