//! Another bot's books become our history: movement by movement, through the same rules of the
//! ledger (no balance below zero, none above the limit), but under no settings of the community:
//! nothing is paid for opening an account, and what was allowed there once is not asked again.

use std::{collections::HashMap, sync::Arc};

use domain::{
    Bytes, Decider as _, GuildId, IdempotencyKey, PersonId, Personal, Timestamp, UserId,
    economy::{Command, Economy, EconomySettings, Event, MAX_REASON_CHARS, State, Terms},
    settings::InForce,
};
use eventlog::{Request, StreamId, event_id};

use crate::{ActionError, Actions, Caller, Who, economy::Moved};

/// One movement as the other bot knew it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    pub what: What,
    pub amount: Bytes,
    pub reason: Option<String>,
    /// Names the row among all of its source, so that it moves bytes once.
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Grant { to: UserId },
    Take { from: UserId },
    Transfer { from: UserId, to: UserId, at: Timestamp },
}

/// Where a movement comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The other bot, in a word.
    pub source: String,
    /// The row there; without one the member has one movement of this source, such as a balance.
    pub row: Option<String>,
}

impl What {
    /// Whose balance it changes.
    pub fn members(self) -> impl Iterator<Item = UserId> {
        let (one, other) = match self {
            Self::Grant { to } => (to, None),
            Self::Take { from } => (from, None),
            Self::Transfer { from, to, .. } => (from, Some(to)),
        };
        std::iter::once(one).chain(other)
    }
}

impl Movement {
    /// Cuts a reason to what fits; answers whether it did.
    pub fn cut_reason(&mut self) -> bool {
        let Some(reason) = &mut self.reason else { return false };
        let Some((at, _)) = reason.char_indices().nth(MAX_REASON_CHARS) else { return false };
        reason.truncate(at);
        true
    }

    /// No Discord id is in it: keys stand in the log in the clear.
    fn key(&self, person: PersonId) -> Result<IdempotencyKey, ActionError> {
        let Origin { source, row } = &self.origin;
        let key = match row {
            None => format!("import/{source}/member/{}", person.0),
            Some(row) => {
                // Of any length, and perhaps made of a user's id.
                let name = format!("reeve.import\n{source}\n{row}");
                let hash = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
                format!("import/{source}/row/{hash}")
            }
        };
        IdempotencyKey::new(key).map_err(|error| ActionError::BadInput(error.to_string()))
    }

    fn command(&self, one: PersonId, other: Option<PersonId>) -> Command {
        let (amount, terms) = (self.amount, no_settings());
        let reason = |owner| {
            let reason = self.reason.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
            Some(Personal::clear(owner, reason.to_owned()))
        };
        match self.what {
            What::Grant { .. } => Command::Grant { to: one, amount, reason: reason(one), terms },
            What::Take { .. } => Command::Take { from: one, amount, reason: reason(one), terms },
            What::Transfer { at, .. } => {
                let to = other.unwrap_or(one);
                Command::Transfer { from: one, to, amount, reason: reason(one), at, terms }
            }
        }
    }
}

impl Actions {
    /// Puts a movement on the books. Repeated, it answers what it moved the first time.
    #[tracing::instrument(name = "economy.import", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn import_movement(
        &self,
        guild: GuildId,
        caller: &Caller,
        movement: &Movement,
    ) -> Result<Moved, ActionError> {
        authorise(caller)?;
        let mut people = Vec::with_capacity(2);
        for user in movement.what.members() {
            people.push(self.people().person(guild, user).await?);
        }
        let key = movement.key(people[0])?;
        let command = movement.command(people[0], people.get(1).copied());
        let request = Request { policy: None, ..self.request(guild, caller, &key, None).await? };
        let stream = stream(guild);
        let decision = self.bus().execute::<Economy>(&stream, &command, &request).await?;
        let amount = decision.events.iter().find_map(amount).ok_or_else(|| {
            ActionError::BadInput("this row was imported before as something else".to_owned())
        })?;
        Ok(Moved { amount, repeated: decision.repeated })
    }

    /// Begins to try movements out: the same rules on a copy of the books, and nothing is written.
    pub async fn rehearse_import(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<Rehearsal, ActionError> {
        authorise(caller)?;
        let stream = stream(guild);
        let read = self.bus().read::<Economy, _>(&stream, |state, _| state.clone());
        let state = read.await?;
        Ok(Rehearsal { guild, state, strangers: HashMap::new() })
    }
}

/// The books of one guild as they would be.
#[derive(Debug)]
pub struct Rehearsal {
    guild: GuildId,
    state: State,
    /// Who has no number yet, with one from the far end.
    strangers: HashMap<UserId, PersonId>,
}

impl Rehearsal {
    /// What [`Actions::import_movement`] would answer.
    pub async fn import(
        &mut self,
        actions: &Actions,
        movement: &Movement,
    ) -> Result<Moved, ActionError> {
        let mut people = Vec::with_capacity(2);
        for user in movement.what.members() {
            people.push(self.person(actions, user).await?);
        }
        let key = movement.key(people[0])?;
        let id = event_id(&stream(self.guild), &key, 0);
        if actions.bus().log().find(id).await?.is_some() {
            return Ok(Moved { amount: movement.amount, repeated: true });
        }
        let command = movement.command(people[0], people.get(1).copied());
        let events = Economy::decide(&self.state, &command).map_err(|refusal| {
            use domain::Refusal as _;
            ActionError::Refused { rule: refusal.rule(), text: refusal.to_string() }
        })?;
        for event in &events {
            Economy::evolve(&mut self.state, event);
        }
        Ok(Moved { amount: movement.amount, repeated: false })
    }

    async fn person(&mut self, actions: &Actions, user: UserId) -> Result<PersonId, ActionError> {
        if let Some(person) = self.strangers.get(&user) {
            return Ok(*person);
        }
        if let Some(person) = actions.people().find(self.guild, user).await? {
            return Ok(person);
        }
        let nth = u32::try_from(self.strangers.len()).unwrap_or(u32::MAX / 2);
        let person = PersonId(u32::MAX - nth);
        self.strangers.insert(user, person);
        Ok(person)
    }
}

fn authorise(caller: &Caller) -> Result<(), ActionError> {
    match caller.who {
        Who::Operator | Who::Import => Ok(()),
        Who::Member(_) | Who::Process(_) => Err(ActionError::NotForMembers),
    }
}

fn stream(guild: GuildId) -> StreamId {
    StreamId::of_guild(Economy::CAPABILITY, guild)
}

fn no_settings() -> Terms {
    let values = EconomySettings {
        starting_balance: Bytes::ZERO,
        max_transfer: Bytes::LIMIT,
        transfer_cooldown_secs: 0,
        ..EconomySettings::default()
    };
    Arc::new(InForce { version: 0, values })
}

fn amount(event: &Event) -> Option<Bytes> {
    match event {
        Event::BytesGranted { amount, .. }
        | Event::BytesTaken { amount, .. }
        | Event::BytesTransferred { amount, .. } => Some(*amount),
        _ => None,
    }
}
