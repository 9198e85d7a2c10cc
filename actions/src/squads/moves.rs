//! What happens to a move by itself: it is paid, settled or refunded, and Discord's answer noted.
//! Only the process of squads asks for this; each step has a key made of the move.

use domain::{
    Bytes, GuildId, IdempotencyKey, PersonId, Refusal as _, Timestamp,
    economy::{self, SpendId},
    squads::{Command, Event, Failure, MoveId, Progress, SquadId, Squads},
};

use super::stream;
use crate::{ActionError, Actions, Caller};

const PROCESS: &str = "squads";
const PURPOSE: &str = "squad";

impl Actions {
    /// Takes what a move costs, and makes the move; or refuses it where the ledger will not. A move
    /// that does not wait for that is left alone.
    #[tracing::instrument(name = "squads.pay", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn pay_for_move(
        &self,
        guild: GuildId,
        person: PersonId,
        id: MoveId,
        cost: Bytes,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let squads = stream(guild);
        let read = self.bus().read::<Squads, _>(&squads, |state, _| state.progress(person, id));
        if read.await? != Progress::Begun {
            return Ok(());
        }
        let caller = Caller::process(PROCESS);
        let spend = (SpendId(id.0), person);
        let spent = self.spend_bytes(guild, &caller, spend, cost, PURPOSE, &of(id, "spend")?).await;
        let paid = match spent {
            Ok(_) => true,
            Err(error) if error.is_fault() => return Err(error),
            Err(_) => false,
        };
        let command = Command::Paid { person, id, paid, at: self.now() };
        self.squad(guild, &caller, key, &command).await.map(drop)
    }

    /// The move was made in full: what was paid is spent.
    #[tracing::instrument(name = "squads.settle", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn settle_move(&self, guild: GuildId, id: MoveId) -> Result<(), ActionError> {
        let caller = Caller::process(PROCESS);
        let key = of(id, "settle")?;
        not_open(self.settle_spend(guild, &caller, SpendId(id.0), &key).await)
    }

    /// The move was not made: what was paid goes back, where it was.
    #[tracing::instrument(name = "squads.refund", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn refund_move(&self, guild: GuildId, id: MoveId) -> Result<(), ActionError> {
        let caller = Caller::process(PROCESS);
        let key = of(id, "refund")?;
        not_open(self.refund_spend(guild, &caller, SpendId(id.0), &key).await)
    }

    /// What became of a move's role.
    #[tracing::instrument(name = "squads.note", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn note_squad_role(
        &self,
        guild: GuildId,
        person: PersonId,
        id: MoveId,
        given: Result<(), Failure>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = Command::NoteRole { person, id, given, at: self.now() };
        self.squad(guild, &Caller::process(PROCESS), key, &command).await.map(drop)
    }

    /// Lets the next members of a deleted squad go.
    #[tracing::instrument(name = "squads.release", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn release_squad(
        &self,
        guild: GuildId,
        squad: SquadId,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Vec<Event>, ActionError> {
        let command = Command::Release { squad, at };
        let decision = self.squad(guild, &Caller::process(PROCESS), key, &command).await?;
        Ok(decision.events)
    }
}

/// Names a step of a move in the ledger, for good.
fn of(id: MoveId, step: &str) -> Result<IdempotencyKey, ActionError> {
    let key = IdempotencyKey::new(format!("squads/{id}/{step}"));
    key.map_err(|error| ActionError::BadInput(error.to_string()))
}

/// A spend that is not open was settled or refunded before, or never taken.
fn not_open(done: Result<(), ActionError>) -> Result<(), ActionError> {
    match done {
        Err(ActionError::Refused { rule, .. }) if rule == economy::Refusal::SpendNotOpen.rule() => {
            Ok(())
        }
        done => done,
    }
}
