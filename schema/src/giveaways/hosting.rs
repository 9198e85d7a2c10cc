//! What hosts do: create, edit, pause, resume, end, cancel, reroll.

use actions::giveaways::{Changes, Plan, Shown};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::{ChannelId, GiveawayId, IdempotencyKey, RoleId, giveaways::Bonus};

use super::giveaway_id;
use crate::{
    blocks::user_id,
    done::{Done, done, key},
    guild::guild_id,
    scalars::Snowflake,
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// Discord's kinds of channels in which a giveaway can be posted: text and announcements.
const POSTABLE: [u8; 2] = [0, 5];

#[derive(InputObject)]
pub struct GiveawayCreate {
    pub guild: Snowflake,
    /// Where it is posted.
    pub channel: Snowflake,
    pub prize: String,
    /// What is left out comes from the template, else from the settings.
    pub template: Option<String>,
    pub winners: Option<u32>,
    pub duration_secs: Option<u32>,
    pub required_role: Option<Snowflake>,
    pub forbidden_role: Option<Snowflake>,
    /// Gives more chances; with `bonusEntries`.
    pub bonus_role: Option<Snowflake>,
    pub bonus_entries: Option<u32>,
    pub account_days: Option<u32>,
    pub member_days: Option<u32>,
    /// 0: nothing has to be claimed.
    pub claim_secs: Option<u32>,
    pub max_rerolls: Option<u32>,
    /// Names this request; repeating it makes nothing again.
    pub key: String,
}

#[derive(InputObject)]
pub struct GiveawayEdit {
    pub guild: Snowflake,
    pub giveaway: ID,
    pub prize: Option<String>,
    pub winners: Option<u32>,
    /// From now on.
    pub ends_in_secs: Option<u32>,
    pub claim_secs: Option<u32>,
    pub max_rerolls: Option<u32>,
    pub key: String,
}

#[derive(InputObject)]
pub struct GiveawayChoice {
    pub guild: Snowflake,
    pub giveaway: ID,
    pub key: String,
}

#[derive(InputObject)]
pub struct GiveawayReroll {
    pub guild: Snowflake,
    pub giveaway: ID,
    /// Whose prize goes to somebody else.
    pub winner: Snowflake,
    pub reason: String,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct GiveawayDone {
    pub done: Done,
    /// The giveaway that it was about; none where it was refused.
    pub id: Option<ID>,
}

impl GiveawayDone {
    fn of(shown: Result<Shown, Done>) -> Self {
        match shown {
            Ok(shown) => Self { done: Done::of(false), id: Some(ID(shown.id.to_string())) },
            Err(done) => Self { done, id: None },
        }
    }
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "GiveawayMutations")]
impl Mutations {
    /// Makes a giveaway, and has it posted.
    async fn giveaway_create(
        &self,
        ctx: &Context<'_>,
        input: GiveawayCreate,
    ) -> Answer<GiveawayDone> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        scope.require(&[actions::Permission::ManageGiveaways]).await?;
        let key = key(actions, scope.signed_in(), &input.key)?;
        let channel = known_channel(&scope, input.channel).await?;
        let plan = plan(&scope, input).await?;
        let (guild, at) = (scope.guild(), actions.now());
        let asked = actions.create_giveaway(guild, caller, channel, &plan, at, &key).await;
        Ok(GiveawayDone::of(done(asked)?))
    }

    /// Changes one that runs; what is left out stays.
    async fn giveaway_edit(&self, ctx: &Context<'_>, input: GiveawayEdit) -> Answer<GiveawayDone> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller, id) =
            (scope.actions(), scope.caller(), giveaway_id(&input.giveaway)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let GiveawayEdit { prize, winners, ends_in_secs, claim_secs, max_rerolls, .. } = input;
        let changes = Changes { prize, winners, ends_in_secs, claim_secs, max_rerolls };
        let (guild, at) = (scope.guild(), actions.now());
        let asked = actions.edit_giveaway(guild, caller, id, &changes, at, &key).await;
        Ok(GiveawayDone::of(done(asked)?))
    }

    /// Nobody enters, and the end waits.
    async fn giveaway_pause(
        &self,
        ctx: &Context<'_>,
        input: GiveawayChoice,
    ) -> Answer<GiveawayDone> {
        let (scope, id, key) = chosen(ctx, &input).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let asked = actions.pause_giveaway(scope.guild(), caller, id, actions.now(), &key).await;
        Ok(GiveawayDone::of(done(asked)?))
    }

    async fn giveaway_resume(
        &self,
        ctx: &Context<'_>,
        input: GiveawayChoice,
    ) -> Answer<GiveawayDone> {
        let (scope, id, key) = chosen(ctx, &input).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let asked = actions.resume_giveaway(scope.guild(), caller, id, actions.now(), &key).await;
        Ok(GiveawayDone::of(done(asked)?))
    }

    /// Ends it now, and has it drawn.
    async fn giveaway_end(&self, ctx: &Context<'_>, input: GiveawayChoice) -> Answer<GiveawayDone> {
        let (scope, id, key) = chosen(ctx, &input).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let asked = actions.end_giveaway(scope.guild(), caller, id, actions.now(), &key).await;
        Ok(GiveawayDone::of(done(asked)?))
    }

    /// Calls it off; nobody is drawn.
    async fn giveaway_cancel(
        &self,
        ctx: &Context<'_>,
        input: GiveawayChoice,
    ) -> Answer<GiveawayDone> {
        let (scope, id, key) = chosen(ctx, &input).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let asked = actions.cancel_giveaway(scope.guild(), caller, id, actions.now(), &key).await;
        Ok(GiveawayDone::of(done(asked)?))
    }

    /// Gives a winner's prize to somebody else, who is drawn next.
    async fn giveaway_reroll(
        &self,
        ctx: &Context<'_>,
        input: GiveawayReroll,
    ) -> Answer<GiveawayDone> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller, id) =
            (scope.actions(), scope.caller(), giveaway_id(&input.giveaway)?);
        let (key, winner) = (key(actions, scope.signed_in(), &input.key)?, user_id(input.winner)?);
        let (guild, at, reason) = (scope.guild(), actions.now(), input.reason.as_str());
        let asked = actions.reroll_giveaway(guild, caller, id, winner, reason, at, &key).await;
        Ok(GiveawayDone::of(done(asked)?))
    }
}

/// Who asks, which giveaway they mean, and under which key.
async fn chosen(
    ctx: &Context<'_>,
    input: &GiveawayChoice,
) -> Answer<(Scope, GiveawayId, IdempotencyKey)> {
    let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
    let id = giveaway_id(&input.giveaway)?;
    let key = key(scope.actions(), scope.signed_in(), &input.key)?;
    Ok((scope, id, key))
}

/// What Discord makes sure of for commands: the roles are roles of the community.
async fn plan(scope: &Scope, input: GiveawayCreate) -> Answer<Plan> {
    let bonus = match (input.bonus_role, input.bonus_entries) {
        (Some(role), Some(entries)) => {
            Some(Bonus { role: known_role(scope, role).await?, entries })
        }
        (None, None) => None,
        _ => {
            let text = "Name both the role and how many more chances it gives.";
            return Err(Trouble::bad_input(text));
        }
    };
    let required_role = match input.required_role {
        Some(role) => Some(known_role(scope, role).await?),
        None => None,
    };
    let forbidden_role = match input.forbidden_role {
        Some(role) => Some(known_role(scope, role).await?),
        None => None,
    };
    Ok(Plan {
        prize: input.prize,
        winners: input.winners,
        duration_secs: input.duration_secs,
        required_role,
        forbidden_role,
        bonus,
        account_days: input.account_days,
        member_days: input.member_days,
        claim_secs: input.claim_secs,
        max_rerolls: input.max_rerolls,
        template: input.template,
    })
}

async fn known_role(scope: &Scope, role: Snowflake) -> Answer<RoleId> {
    let community = scope.house().directory.community(scope.guild()).await?;
    let roles = community.map(|community| community.roles).unwrap_or_default();
    let found = roles.iter().find(|known| known.id.get() == role.0);
    let found = found.ok_or_else(|| Trouble::bad_input("There is no such role here."))?;
    Ok(found.id)
}

async fn known_channel(scope: &Scope, channel: Snowflake) -> Answer<ChannelId> {
    let community = scope.house().directory.community(scope.guild()).await?;
    let channels = community.map(|community| community.channels).unwrap_or_default();
    let fits =
        |known: &&crate::Channel| known.id.get() == channel.0 && POSTABLE.contains(&known.kind);
    let found = channels.iter().find(fits);
    let text = "Choose a text channel of this community.";
    Ok(found.ok_or_else(|| Trouble::bad_input(text))?.id)
}
