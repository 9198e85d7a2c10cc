//! What entrants may do: enter, leave, look at their receipt, claim.

use domain::{
    GiveawayId, GuildId, IdempotencyKey, PersonId, RoleId, Timestamp, UserId,
    digest::Digest,
    giveaways::{Command, Event, Facts, Giveaway, leaf as leaf_of},
};
use projections::giveaways::entrants;

use super::{MODULE, seeds::salt, stream};
use crate::{ActionError, Actions, Caller};

const DAY_SECS: i64 = 86_400;

/// What Discord told of a member who enters.
#[derive(Clone, Debug)]
pub struct Entrance {
    pub user: UserId,
    pub roles: Vec<RoleId>,
    /// When they came to the community; none where Discord did not say.
    pub joined_at: Option<Timestamp>,
    /// When they pressed the button.
    pub at: Timestamp,
}

/// What an entrant holds, to find their entry among the published ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub entry: u32,
    /// Their number in the community, which is part of the tag.
    pub person: PersonId,
    /// Their chances.
    pub weight: u32,
    /// Their own secret, and what is published of it; none for a moment after they entered.
    pub secret: Option<Secret>,
    /// Whether they were in before.
    pub already: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret {
    pub salt: Digest,
    pub tag: Digest,
}

impl Secret {
    fn of(person: PersonId, salt: Digest) -> Self {
        Self { salt, tag: Digest::of(&[&salt.0, &person.0.to_be_bytes()]) }
    }
}

impl Actions {
    /// Puts a member in. Pressed again, it answers what they have.
    #[tracing::instrument(name = "giveaways.enter", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn enter_giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        entrance: Entrance,
        key: &IdempotencyKey,
    ) -> Result<Receipt, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        if !caller.is(entrance.user) {
            return Err(ActionError::NotYourself);
        }
        let person = self.people().person(guild, entrance.user).await?;
        let facts = facts(&entrance);
        let command = Command::Enter { person, facts, salt: salt(), at: entrance.at };
        let decision = self.decide_giveaway(guild, id, caller, key, &command).await?;
        for event in &decision.events {
            if let Event::Entered { entry, weight, salt, .. } = event {
                let secret = Some(Secret::of(person, *salt));
                let already = decision.repeated;
                return Ok(Receipt { entry: *entry, person, weight: *weight, secret, already });
            }
        }
        let receipt = self.receipt(guild, id, entrance.user).await?;
        receipt.ok_or_else(|| ActionError::BadInput("This key was used for something else.".into()))
    }

    /// Takes a member out, as long as it runs. Their number stays theirs.
    #[tracing::instrument(name = "giveaways.leave", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn leave_giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        user: UserId,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<bool, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        if !caller.is(user) {
            return Err(ActionError::NotYourself);
        }
        let Some(person) = self.people().find(guild, user).await? else { return Ok(false) };
        let command = Command::Leave { person, at };
        let decision = self.decide_giveaway(guild, id, caller, key, &command).await?;
        Ok(!decision.events.is_empty())
    }

    /// What a member holds; none where they are not in.
    #[tracing::instrument(name = "giveaways.receipt", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn giveaway_receipt(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        user: UserId,
    ) -> Result<Option<Receipt>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        if !caller.is(user) {
            return Err(ActionError::NotYourself);
        }
        self.shown_giveaway(guild, id).await?;
        self.receipt(guild, id, user).await
    }

    /// The number comes from the giveaway itself, the salt from a read model: that may be a moment
    /// behind.
    async fn receipt(
        &self,
        guild: GuildId,
        id: GiveawayId,
        user: UserId,
    ) -> Result<Option<Receipt>, ActionError> {
        let Some(person) = self.people().find(guild, user).await? else { return Ok(None) };
        let stream = stream(guild, id);
        let read = self.bus().read::<Giveaway, _>(&stream, |state, _| state.held_by(person));
        let Some((entry, weight, leaf)) = read.await? else { return Ok(None) };
        let row = entrants::entry(self.store(), guild, id, entry).await?;
        let salt = row.and_then(|row| row.salt);
        // Somebody who left and came back has another salt than the row may still hold.
        let fits = |salt: &Digest| leaf_of(id, entry, weight, person, salt) == leaf;
        let secret = salt.filter(fits).map(|salt| Secret::of(person, salt));
        Ok(Some(Receipt { entry, person, weight, secret, already: true }))
    }

    /// A winner takes the prize.
    #[tracing::instrument(name = "giveaways.claim", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn claim_prize(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        user: UserId,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        if !caller.is(user) {
            return Err(ActionError::NotYourself);
        }
        let person = self.people().person(guild, user).await?;
        let command = Command::Claim { person, at };
        self.decide_giveaway(guild, id, caller, key, &command).await.map(drop)
    }
}

/// What is known of whoever enters. Whom this bot does not serve does not come so far.
fn facts(entrance: &Entrance) -> Facts {
    let days = |since: Timestamp| {
        let secs = (entrance.at.as_secs() - since.as_secs()).max(0);
        u32::try_from(secs / DAY_SECS).unwrap_or(u32::MAX)
    };
    Facts {
        roles: entrance.roles.clone(),
        level: 0,
        account_days: days(Timestamp::of_snowflake(entrance.user.get())),
        member_days: entrance.joined_at.map_or(0, days),
        blocked: false,
    }
}
