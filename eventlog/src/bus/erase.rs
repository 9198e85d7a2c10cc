//! Erasing a person, in steps of which each survives a crash on its own.
//!
//! 1. The list of erasures names the person. From here on it will happen: opening the registry
//!    destroys whoever is listed, also after a restore.
//! 2. The log says that the person was erased, so that projections drop what they derived.
//! 3. The registry's row and the key are destroyed, and with them everything sealed.
//!
//! [`finish_erasures`] makes up for step 2 at every start.

use domain::{
    Actor, Cause, CorrelationId, GuildId, IdempotencyKey, PersonId,
    people::{Erase, Event, Never},
};

use super::{Bus, CommandError, Decision, Request};
use crate::{
    envelope::{StreamId, event_id},
    log::LogError,
    people::PeopleError,
};

const PROCESS: &str = "erasure";

impl Bus {
    /// Erases a person for good. Repeating it does what is left to do.
    pub async fn erase_person(
        &self,
        guild: GuildId,
        person: PersonId,
    ) -> Result<Decision<Event>, CommandError<Never>> {
        let people = self.people();
        if !people.erasures().contains(guild, person)? {
            if !people.is_here(guild, person).await? {
                return Err(PeopleError::NoKey { guild, person }.into());
            }
            people.list_erasure(guild, person)?;
        }
        let decision = self.record_erasure(guild, person).await?;
        people.destroy(guild, person).await?;
        Ok(decision)
    }

    async fn record_erasure(
        &self,
        guild: GuildId,
        person: PersonId,
    ) -> Result<Decision<Event>, CommandError<Never>> {
        use domain::{Decider as _, people::People};
        let stream = StreamId::of_guild(People::CAPABILITY, guild);
        let key = IdempotencyKey::new(format!("erase/{}", person.0))
            .map_err(|error| LogError::Setup(error.to_string()))?;
        let correlation = CorrelationId(event_id(&stream, &key, 0).0);
        let request = Request {
            actor: Actor::Process(PROCESS.to_owned()),
            cause: Cause { correlation, causation: None },
            key,
            policy: None,
        };
        self.execute::<People>(&stream, &Erase { person }, &request).await
    }
}

/// Tells the log of erasures that a crash, or a restore of an older log, has kept from it.
/// Answers how many there were.
pub async fn finish_erasures(bus: &Bus) -> Result<usize, CommandError<Never>> {
    let mut finished = 0;
    for erasure in bus.people().erasures().all()? {
        let decision = bus.record_erasure(erasure.guild, erasure.person).await?;
        if !decision.repeated && !decision.recorded.is_empty() {
            finished += 1;
        }
    }
    Ok(finished)
}
