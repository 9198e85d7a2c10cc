//! What a process does about one thing: commands at once, rows with its checkpoint.

use actions::{ActionError, Actions, Caller};
use domain::{GuildId, IdempotencyKey, Timestamp};
use eventlog::{
    LogError, People, PeopleError,
    sql::{Db, Value},
};
use uuid::Uuid;

use super::{
    effect::{self, Deed, effect_id},
    timers::{NewTimer, Timed, Timers},
};

/// Why a step did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It passes: the same step is tried again.
    #[error("{0}")]
    Later(String),
    /// It does not: the guild (the timer, the outcome) waits for a person.
    #[error("{0}")]
    Poison(String),
}

impl From<LogError> for Trouble {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(_)
            | LogError::OutcomeUnknown(_)
            | LogError::DiskFull(_)
            | LogError::DiskFailed(_)
            | LogError::Closed(_)
            | LogError::ShuttingDown => Self::Later(error.to_string()),
            _ => Self::Poison(error.to_string()),
        }
    }
}

impl From<PeopleError> for Trouble {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Store(error) => error.into(),
            error => Self::Poison(error.to_string()),
        }
    }
}

impl From<ActionError> for Trouble {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Log(error) => error.into(),
            ActionError::People(error) => error.into(),
            ActionError::Contended => Self::Later(error.to_string()),
            refused => Self::Poison(refused.to_string()),
        }
    }
}

/// What a process orders, to be written together with its checkpoint.
#[derive(Debug, Default)]
pub(super) struct Orders {
    pub effects: Vec<Ordered>,
    pub timers: Vec<Timed>,
    /// Of tables that are the process's own.
    pub rows: Vec<(&'static str, Vec<Value>)>,
}

impl Orders {
    pub const fn is_empty(&self) -> bool {
        self.effects.is_empty() && self.timers.is_empty() && self.rows.is_empty()
    }

    pub fn append(&mut self, mut other: Self) {
        self.effects.append(&mut other.effects);
        for timed in other.timers {
            // What many events in a row set to the same moment is written once.
            if !self.timers.last().is_some_and(|last| timed.is_the_same_as(last)) {
                self.timers.push(timed);
            }
        }
        self.rows.append(&mut other.rows);
    }
}

/// An effect on its way to the outbox, sealed.
#[derive(Clone, Debug)]
pub struct Ordered {
    pub id: Uuid,
    pub process: &'static str,
    pub guild: GuildId,
    pub deed: Deed,
    pub note: String,
}

/// One thing that a process reacts to: an event, a timer that fired, or what became of an effect.
/// The same thing may come again after a crash: then the same steps have the same keys and ids.
#[derive(Debug)]
pub struct Reaction {
    process: &'static str,
    guild: GuildId,
    /// `event/<id>`, `timer/<id>` or `effect/<id>/<round>`.
    source: String,
    actions: Actions,
    timers: Timers,
    pub(super) orders: Orders,
}

impl Reaction {
    pub(super) fn new(
        process: &'static str,
        guild: GuildId,
        source: String,
        actions: &Actions,
        timers: &Timers,
    ) -> Self {
        let (actions, timers) = (actions.clone(), timers.clone());
        Self { process, guild, source, actions, timers, orders: Orders::default() }
    }

    pub const fn guild(&self) -> GuildId {
        self.guild
    }

    pub const fn actions(&self) -> &Actions {
        &self.actions
    }

    pub fn people(&self) -> &People {
        self.actions.people()
    }

    pub fn now(&self) -> Timestamp {
        self.actions.now()
    }

    pub fn caller(&self) -> Caller {
        Caller::process(self.process)
    }

    /// The key of the command that this step gives.
    pub fn key(&self, step: &str) -> Result<IdempotencyKey, Trouble> {
        let key = format!("process/{}/{}/{step}", self.process, self.source);
        IdempotencyKey::new(key).map_err(|error| Trouble::Poison(error.to_string()))
    }

    /// Orders something to be done in Discord; answers its id. The note comes back with the
    /// outcome.
    pub async fn effect(
        &mut self,
        step: &str,
        mut deed: Deed,
        note: &str,
    ) -> Result<Uuid, Trouble> {
        let id = effect_id(self.process, &self.source, step);
        deed.seal(self.actions.people(), self.guild, id).await?;
        // Refused here, where it is still known who ordered it.
        effect::encode(&deed)?;
        let (process, guild, note) = (self.process, self.guild, note.to_owned());
        self.orders.effects.push(Ordered { id, process, guild, deed, note });
        Ok(id)
    }

    /// The same under a name instead of the step: ordered again by whatever reaction, it is left as
    /// it is.
    pub async fn effect_once(
        &mut self,
        name: &str,
        mut deed: Deed,
        note: &str,
    ) -> Result<Uuid, Trouble> {
        let id = effect_id(self.process, &self.guild.to_string(), name);
        deed.seal(self.actions.people(), self.guild, id).await?;
        effect::encode(&deed)?;
        let (process, guild, note) = (self.process, self.guild, note.to_owned());
        self.orders.effects.push(Ordered { id, process, guild, deed, note });
        Ok(id)
    }

    /// Writes to a table of the process's own, together with its checkpoint.
    pub fn row(&mut self, sql: &'static str, parameters: &[Value]) {
        self.orders.rows.push((sql, parameters.to_vec()));
    }

    /// Where those tables are: what was written by reactions that are finished.
    pub const fn rows(&self) -> &Db {
        &self.timers.db
    }

    /// Sets a timer of this guild; one that stood under this kind and key is replaced.
    pub async fn set_timer(
        &mut self,
        kind: &'static str,
        key: &str,
        due: Timestamp,
        payload: &serde_json::Value,
    ) -> Result<(), Trouble> {
        let source = format!("{}/{}", self.process, self.source);
        let timer = NewTimer::new(self.process, kind, self.guild, key, due, payload, &source)
            .map_err(Trouble::Poison)?;
        if let Some(problem) = self.timers.is_full(kind, self.guild).await? {
            return Err(Trouble::Poison(problem));
        }
        self.orders.timers.push(Timed::Set(timer));
        Ok(())
    }

    /// The same, unless the one that stands there is due sooner.
    pub async fn set_timer_no_later(
        &mut self,
        kind: &'static str,
        key: &str,
        due: Timestamp,
    ) -> Result<(), Trouble> {
        self.set_timer(kind, key, due, &serde_json::Value::Null).await?;
        if let Some(Timed::Set(timer)) = self.orders.timers.pop() {
            self.orders.timers.push(Timed::Sooner(timer));
        }
        Ok(())
    }

    pub fn cancel_timer(&mut self, kind: &'static str, key: &str) {
        let (guild, key) = (self.guild, key.to_owned());
        self.orders.timers.push(Timed::Cancel { kind, guild, key });
    }
}
