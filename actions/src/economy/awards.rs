//! Roles for what a member has received: ordered when they are due, given by a process of effects,
//! and noted when that came to something.

use domain::{
    Bytes, Decider as _, GuildId, IdempotencyKey, PersonId, RoleId, UserId,
    awards::{AwardState, Awards, Command, Event, Outcome},
    economy::{Economy, Terms},
};
use eventlog::{Decision, StreamId};

use super::MODULE;
use crate::{ActionError, Actions, Caller};

/// The process that orders roles and notes what came of it.
const PROCESS: &str = "awards";

/// A role that somebody is to be given now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleOrder {
    pub person: PersonId,
    pub role: RoleId,
    /// Its outcome is noted with it.
    pub attempt: u32,
}

/// How it stands with one role reward and one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Award {
    pub role: RoleId,
    /// What has to be received for it.
    pub at: Bytes,
    pub earned: bool,
    /// None where it was never ordered.
    pub state: Option<AwardState>,
}

impl Actions {
    /// After a movement: orders the roles that became due to this person. Cheap where the
    /// community has no role rewards.
    #[tracing::instrument(name = "awards.order_due", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn order_due_awards(
        &self,
        guild: GuildId,
        person: PersonId,
        key: &IdempotencyKey,
    ) -> Result<Vec<RoleOrder>, ActionError> {
        let terms = self.economy_terms(guild).await?;
        if terms.values.role_rewards.is_empty() || !self.module_is_on(guild, &MODULE).await? {
            return Ok(Vec::new());
        }
        let received = self.received(guild, person, &terms).await?;
        let command = Command::OrderDue { person, received, terms };
        let decision = self.award(guild, &Caller::process(PROCESS), key, &command).await?;
        Ok(orders(&decision))
    }

    /// Looks at what this member has earned, and orders what they do not have; `has` are the roles
    /// they have now. Asking again does nothing while an order is under way.
    #[tracing::instrument(name = "awards.check", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn check_awards(
        &self,
        guild: GuildId,
        caller: &Caller,
        user: UserId,
        has: &[RoleId],
        key: &IdempotencyKey,
    ) -> Result<Vec<Award>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let terms = self.economy_terms(guild).await?;
        let Some(person) = self.people().find(guild, user).await? else {
            return self.awards(guild, None, &terms).await;
        };
        if !terms.values.role_rewards.is_empty() {
            let received = self.received(guild, person, &terms).await?;
            let has = has.to_vec();
            let command = Command::Check { person, received, has, terms: terms.clone() };
            self.award(guild, caller, key, &command).await?;
        }
        self.awards(guild, Some(person), &terms).await
    }

    /// What an order came to. Of an order that is not open any more nothing changes.
    #[tracing::instrument(name = "awards.note", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn note_award_outcome(
        &self,
        guild: GuildId,
        order: RoleOrder,
        outcome: Outcome,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let RoleOrder { person, role, attempt } = order;
        let command = Command::Note { person, role, attempt, outcome };
        self.award(guild, &Caller::process(PROCESS), key, &command).await.map(drop)
    }

    /// Every role reward of the community, lowest first, and how this person stands with it.
    pub(super) async fn awards(
        &self,
        guild: GuildId,
        person: Option<PersonId>,
        terms: &Terms,
    ) -> Result<Vec<Award>, ActionError> {
        let mut rewards = terms.values.role_rewards.clone();
        rewards.sort_by_key(|reward| (reward.at, reward.role));
        let Some(person) = person else {
            let none = |reward: &domain::economy::RoleReward| Award {
                role: reward.role,
                at: reward.at,
                earned: false,
                state: None,
            };
            return Ok(rewards.iter().map(none).collect());
        };
        if rewards.is_empty() {
            return Ok(Vec::new());
        }
        let received = self.received(guild, person, terms).await?;
        let stream = StreamId::of_guild(Awards::CAPABILITY, guild);
        let read = self.bus().read::<Awards, _>(&stream, |state, _| {
            let award = |reward: &domain::economy::RoleReward| Award {
                role: reward.role,
                at: reward.at,
                earned: reward.at <= received,
                state: state.award(person, reward.role).map(|award| award.state),
            };
            rewards.iter().map(award).collect()
        });
        Ok(read.await?)
    }

    async fn received(
        &self,
        guild: GuildId,
        person: PersonId,
        terms: &Terms,
    ) -> Result<Bytes, ActionError> {
        let stream = StreamId::of_guild(Economy::CAPABILITY, guild);
        let read = self.bus().read::<Economy, _>(&stream, |state, _| {
            let wallet = state.wallet(person);
            wallet.map_or(Bytes::ZERO, |wallet| wallet.received_for_rewards(&terms.values))
        });
        Ok(read.await?)
    }

    async fn award(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        command: &Command,
    ) -> Result<Decision<Event>, ActionError> {
        let policy = match command {
            Command::OrderDue { terms, .. } | Command::Check { terms, .. } => Some(terms.version),
            Command::Note { .. } => None,
        };
        let request = self.request(guild, caller, key, policy).await?;
        let stream = StreamId::of_guild(Awards::CAPABILITY, guild);
        Ok(self.bus().execute::<Awards>(&stream, command, &request).await?)
    }
}

fn orders(decision: &Decision<Event>) -> Vec<RoleOrder> {
    let order = |event: &Event| match *event {
        Event::RoleOrdered { person, role, attempt, .. } => {
            Some(RoleOrder { person, role, attempt })
        }
        Event::RoleGiven { .. } | Event::RoleFailed { .. } => None,
    };
    decision.events.iter().filter_map(order).collect()
}
