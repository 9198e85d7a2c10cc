//! Experience that members bring along from another bot: added once for each source, however often
//! its file is read.

use domain::{
    Decider as _, GuildId, IdempotencyKey, PersonId, Refusal as _, UserId,
    levels::{Change, Command, Event, LevelSettings, Levels, State, Terms},
};
use eventlog::{StreamId, event_id};

use crate::{ActionError, Actions, Caller, Who};

/// What another bot says that a member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Having {
    Xp(u64),
    /// As much as this level takes here.
    Level(u32),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brought {
    pub xp: u64,
    /// An earlier reading of the same source brought it.
    pub before: bool,
}

impl Having {
    fn xp(self, settings: &LevelSettings) -> Result<u64, ActionError> {
        match self {
            Self::Xp(xp) => Ok(xp),
            Self::Level(level) if level <= LevelSettings::MAX_LEVEL => Ok(settings.sum(level)),
            Self::Level(_) => {
                let most = LevelSettings::MAX_LEVEL;
                Err(ActionError::BadInput(format!("there is no level above {most}")))
            }
        }
    }
}

impl Actions {
    /// Adds what a member brings. `source` names the other bot in a word.
    #[tracing::instrument(name = "levels.bring", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn bring_xp(
        &self,
        guild: GuildId,
        caller: &Caller,
        (source, user, having): (&str, UserId, Having),
    ) -> Result<Brought, ActionError> {
        authorise(caller)?;
        let terms = self.level_terms(guild).await?;
        let person = self.people().person(guild, user).await?;
        let key = key(source, person)?;
        let command = self.brings(person, having, &terms)?;
        let done = self.levels(guild, caller, &key, &command).await?;
        match done.events.first() {
            Some(Event::XpChanged { from, to, .. }) => {
                Ok(Brought { xp: to.saturating_sub(*from), before: done.repeated })
            }
            _ => Err(ActionError::BadInput("this was brought before as something else".to_owned())),
        }
    }

    /// What [`Self::bring_xp`] would answer. Nothing is written.
    pub async fn rehearse_xp(
        &self,
        guild: GuildId,
        caller: &Caller,
        (source, user, having): (&str, UserId, Having),
    ) -> Result<Brought, ActionError> {
        authorise(caller)?;
        let terms = self.level_terms(guild).await?;
        let stream = StreamId::of_guild(Levels::CAPABILITY, guild);
        let person = self.people().find(guild, user).await?;
        if let Some(person) = person
            && let Some(event) =
                self.bus().log().find(event_id(&stream, &key(source, person)?, 0)).await?
            && let Event::XpChanged { from, to, .. } = eventlog::decode(&event)?
        {
            return Ok(Brought { xp: to.saturating_sub(from), before: true });
        }
        // Nobody has this number: they have nothing yet.
        let command = self.brings(person.unwrap_or(PersonId(0)), having, &terms)?;
        let decide = |state: &State, _| Levels::decide(state, &command).map(drop);
        let decided = self.bus().read::<Levels, _>(&stream, decide).await?;
        decided.map_err(|refusal| ActionError::Refused {
            rule: refusal.rule(),
            text: refusal.to_string(),
        })?;
        Ok(Brought { xp: having.xp(&terms.values)?, before: false })
    }

    fn brings(
        &self,
        person: PersonId,
        having: Having,
        terms: &Terms,
    ) -> Result<Command, ActionError> {
        let change = Change::Bring(having.xp(&terms.values)?);
        let (at, terms) = (self.now(), terms.clone());
        Ok(Command::Change { person, change, reason: None, at, terms })
    }
}

/// No Discord id is in it: keys stand in the log in the clear.
fn key(source: &str, person: PersonId) -> Result<IdempotencyKey, ActionError> {
    let key = format!("import/{source}/member/{}", person.0);
    IdempotencyKey::new(key).map_err(|error| ActionError::BadInput(error.to_string()))
}

fn authorise(caller: &Caller) -> Result<(), ActionError> {
    match caller.who {
        Who::Operator | Who::Import => Ok(()),
        Who::Member(_) | Who::Process(_) => Err(ActionError::NotForMembers),
    }
}
