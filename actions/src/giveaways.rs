//! What someone may do with giveaways.
//!
//! What hosts ask for is here, what entrants ask for in `entering.rs`; what happens by itself, at
//! its time or because Discord answered, is in `upkeep.rs`.

mod bundle;
mod entering;
mod lists;
mod seeds;
mod templates;
mod upkeep;

use domain::{
    ChannelId, Decider as _, GiveawayId, GuildId, IdempotencyKey, MessageId, PersonId, Personal,
    Refusal as _, RoleId, Timestamp, UserId,
    digest::Digest,
    giveaways::{
        Bonus, Command, Event, Giveaway, GiveawaySettings, Phase, Refusal, Requirements, State,
        Terms, Winner, commitment,
    },
};
use eventlog::{Decision, StreamId};
use uuid::Uuid;

pub use bundle::DrawBundle;
pub use entering::{Entrance, Receipt};
pub use lists::{
    BoardLine, EntrantLine, EntrantsPage, MAX_ENTRANTS_PAGE, MAX_LIST, Status, TimelineLine,
};
pub use upkeep::Seen;

use crate::{
    ActionError, Actions, Caller, Permission,
    modules::{Module, Offer},
};

pub const MODULE: Module = Module {
    name: "giveaways",
    title: "Giveaways",
    about: "Prizes drawn among members who enter, in a way that anybody can check.",
    offer: Offer::Standard,
};

/// What somebody wants to give away. What is none comes from the template, else from the settings.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub prize: String,
    pub winners: Option<u32>,
    pub duration_secs: Option<u32>,
    pub required_role: Option<RoleId>,
    pub forbidden_role: Option<RoleId>,
    pub bonus: Option<Bonus>,
    pub account_days: Option<u32>,
    pub member_days: Option<u32>,
    pub claim_secs: Option<u32>,
    pub max_rerolls: Option<u32>,
    pub template: Option<String>,
}

/// What is to be different; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub prize: Option<String>,
    pub winners: Option<u32>,
    /// From now on.
    pub ends_in_secs: Option<u32>,
    pub claim_secs: Option<u32>,
    pub max_rerolls: Option<u32>,
}

/// A giveaway as it is at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub id: GiveawayId,
    pub terms: Terms,
    pub phase: Phase,
    pub channel: Option<ChannelId>,
    pub message: Option<MessageId>,
    pub commitment: Digest,
    /// Of all entries, once it is closed.
    pub root: Option<Digest>,
    /// Numbers that were given out.
    pub entries: usize,
    /// How many are in.
    pub standing: usize,
    /// Their chances together.
    pub weight: u64,
    /// Everybody who was drawn, in order.
    pub winners: Vec<Winner>,
    /// Who made it.
    pub host: PersonId,
}

impl Shown {
    fn of(id: GiveawayId, state: &State) -> Option<Self> {
        Some(Self {
            id,
            terms: state.terms()?.clone(),
            phase: state.phase(),
            channel: state.channel(),
            message: state.message(),
            commitment: state.commitment()?,
            root: state.root(),
            entries: state.entries(),
            standing: state.standing(),
            weight: state.weight(),
            winners: state.winners().to_vec(),
            host: state.host()?,
        })
    }
}

impl Actions {
    /// Makes a giveaway; a process posts it in the channel.
    #[tracing::instrument(name = "giveaways.create", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn create_giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        channel: ChannelId,
        plan: &Plan,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Shown, ActionError> {
        let by = self.host(guild, caller, "giveaway create", key).await?;
        let settings = self.settings::<GiveawaySettings>(guild).await?;
        let terms = terms(plan, &settings.values, at)?;
        // The same request makes the same giveaway.
        let name = format!("reeve.giveaway/{guild}/{}", key.as_str());
        let id = GiveawayId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()));
        let commitment = commitment(id, &self.giveaway_seed(guild, id));
        let command = Command::Create { id, by, channel, terms, commitment, at };
        self.decide_giveaway(guild, id, caller, key, &command).await?;
        self.shown_giveaway(guild, id).await
    }

    /// Changes what is given, as long as it runs.
    #[tracing::instrument(name = "giveaways.edit", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn edit_giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        changes: &Changes,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Shown, ActionError> {
        let by = self.host(guild, caller, "giveaway edit", key).await?;
        let mut terms = self.shown_giveaway(guild, id).await?.terms;
        if let Some(prize) = &changes.prize {
            prize.trim().clone_into(&mut terms.prize);
        }
        terms.winners = changes.winners.unwrap_or(terms.winners);
        terms.claim_secs = changes.claim_secs.unwrap_or(terms.claim_secs);
        terms.max_rerolls = changes.max_rerolls.unwrap_or(terms.max_rerolls);
        if let Some(secs) = changes.ends_in_secs {
            terms.ends_at = at.plus_secs(i64::from(secs));
        }
        let command = Command::Edit { by, terms, at };
        self.decide_giveaway(guild, id, caller, key, &command).await?;
        self.shown_giveaway(guild, id).await
    }

    /// Nobody enters while it is paused, and its end waits.
    #[tracing::instrument(name = "giveaways.pause", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn pause_giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Shown, ActionError> {
        let by = self.host(guild, caller, "giveaway pause", key).await?;
        self.decide_giveaway(guild, id, caller, key, &Command::Pause { by, at }).await?;
        self.shown_giveaway(guild, id).await
    }

    #[tracing::instrument(name = "giveaways.resume", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn resume_giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Shown, ActionError> {
        let by = self.host(guild, caller, "giveaway resume", key).await?;
        self.decide_giveaway(guild, id, caller, key, &Command::Resume { by, at }).await?;
        self.shown_giveaway(guild, id).await
    }

    /// Ends it now; a process posts the close and draws.
    #[tracing::instrument(name = "giveaways.end", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn end_giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Shown, ActionError> {
        let by = self.host(guild, caller, "giveaway end", key).await?;
        let command = Command::Close { by: Some(by), at };
        self.decide_giveaway(guild, id, caller, key, &command).await?;
        self.shown_giveaway(guild, id).await
    }

    /// Calls it off; nobody is drawn.
    #[tracing::instrument(name = "giveaways.cancel", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn cancel_giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Shown, ActionError> {
        let by = self.host(guild, caller, "giveaway cancel", key).await?;
        self.decide_giveaway(guild, id, caller, key, &Command::Cancel { by, at }).await?;
        self.shown_giveaway(guild, id).await
    }

    /// Gives a winner's prize to somebody else, who is drawn next.
    #[tracing::instrument(name = "giveaways.reroll", level = "debug", skip_all, fields(guild.id = %guild))]
    #[expect(clippy::too_many_arguments, reason = "a reroll is that many facts")]
    pub async fn reroll_giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
        winner: UserId,
        reason: &str,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Shown, ActionError> {
        let by = self.host(guild, caller, "giveaway reroll", key).await?;
        let person = self.people().find(guild, winner).await?;
        let shown = self.shown_giveaway(guild, id).await?;
        let won = shown.winners.iter().find(|winner| Some(winner.person) == person);
        let Winner { entry, person, .. } = *won.ok_or_else(no_prize)?;
        let reason = Personal::clear(person, reason.trim().to_owned());
        let command = Command::Reroll { entry, by, reason, at };
        match self.decide_giveaway(guild, id, caller, key, &command).await {
            // Somebody had it, and has it no more.
            Err(ActionError::Refused { rule, .. }) if rule == Refusal::NotTheWinner.rule() => {
                Err(no_prize())
            }
            Err(error) => Err(error),
            Ok(_) => self.shown_giveaway(guild, id).await,
        }
    }

    /// A giveaway as it is now, for whoever may use the module.
    pub async fn giveaway(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: GiveawayId,
    ) -> Result<Shown, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.shown_giveaway(guild, id).await
    }

    /// A giveaway as it is now, for processes.
    pub async fn shown_giveaway(
        &self,
        guild: GuildId,
        id: GiveawayId,
    ) -> Result<Shown, ActionError> {
        let stream = stream(guild, id);
        let read = self.bus().read::<Giveaway, _>(&stream, |state, _| Shown::of(id, state));
        read.await?.ok_or_else(|| {
            let refusal = Refusal::NoSuchGiveaway;
            ActionError::Refused { rule: refusal.rule(), text: refusal.to_string() }
        })
    }

    /// Lets those through who may run giveaways; answers who it is.
    async fn host(
        &self,
        guild: GuildId,
        caller: &Caller,
        what: &str,
        key: &IdempotencyKey,
    ) -> Result<PersonId, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let permission = Permission::ManageGiveaways;
        self.authorise_to((what, None), guild, caller, permission, key).await?;
        let user = caller.user().ok_or_else(|| {
            ActionError::BadInput("A giveaway is run by a member of the community.".to_owned())
        })?;
        Ok(self.people().person(guild, user).await?)
    }

    async fn decide_giveaway(
        &self,
        guild: GuildId,
        id: GiveawayId,
        caller: &Caller,
        key: &IdempotencyKey,
        command: &Command,
    ) -> Result<Decision<Event>, ActionError> {
        let request = self.request(guild, caller, key, None).await?;
        Ok(self.bus().execute::<Giveaway>(&stream(guild, id), command, &request).await?)
    }
}

fn no_prize() -> ActionError {
    let text = "This member has no prize of this giveaway.";
    ActionError::Refused { rule: "giveaway.no_prize", text: text.to_owned() }
}

fn stream(guild: GuildId, id: GiveawayId) -> StreamId {
    StreamId::part(Giveaway::CAPABILITY, guild, &id.to_string())
}

/// The rules of a giveaway, from what was said, a template and the settings, in this order.
fn terms(plan: &Plan, settings: &GiveawaySettings, at: Timestamp) -> Result<Terms, ActionError> {
    let template = match &plan.template {
        None => None,
        Some(name) => Some(settings.template(name).ok_or_else(|| templates::unknown(settings))?),
    };
    let duration = plan.duration_secs.or(template.map(|template| template.duration_secs));
    let duration = duration.ok_or_else(|| {
        ActionError::BadInput("Say how long it runs, or name a template.".to_owned())
    })?;
    let base = template.map(|template| settings.requires(template)).unwrap_or_default();
    let bonus = template.map(|template| settings.bonus(template)).unwrap_or_default();
    let requires = Requirements {
        all_of: plan.required_role.map_or(base.all_of, |role| vec![role]),
        none_of: plan.forbidden_role.map_or(base.none_of, |role| vec![role]),
        account_days: plan.account_days.unwrap_or(base.account_days),
        member_days: plan.member_days.unwrap_or(base.member_days),
        ..base
    };
    let claim = plan.claim_secs.or(template.map(|template| template.claim_secs));
    Ok(Terms {
        prize: plan.prize.trim().to_owned(),
        winners: plan.winners.or(template.map(|template| template.winners)).unwrap_or(1),
        ends_at: at.plus_secs(i64::from(duration)),
        requires,
        bonus: plan.bonus.map_or(bonus, |bonus| vec![bonus]),
        claim_secs: claim.unwrap_or(settings.claim_secs),
        max_rerolls: plan.max_rerolls.unwrap_or(settings.max_rerolls),
    })
}
