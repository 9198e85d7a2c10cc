//! What those do who may manage the economy: make codes, limit them, revoke them.

use actions::{
    Permission,
    codes::{NewCampaign, Wanted},
};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use domain::{
    Bytes, RoleId,
    campaign::{Limits, Reward},
};

use super::campaign_id;
use crate::{
    done::{Done, done, key},
    guild::guild_id,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    squads::role_facts,
    trouble::{Answer, Trouble},
};

#[derive(InputObject)]
pub struct CampaignCreate {
    pub guild: Snowflake,
    pub name: String,
    /// What a code gives: either bytes, or a role, which is a tier's where `days` are given.
    pub bytes: Option<Long>,
    pub role: Option<Snowflake>,
    pub days: Option<u32>,
    /// Your own code; otherwise `count` are made.
    pub code: Option<String>,
    /// How many are made; 1 otherwise.
    pub count: Option<u32>,
    /// Of all codes together; none for no limit.
    pub uses: Option<u32>,
    pub uses_per_code: Option<u32>,
    /// 1 where it is left out.
    pub uses_per_member: Option<u32>,
    pub starts: Option<Time>,
    pub ends: Option<Time>,
    /// Whoever has one of these roles may redeem; everybody where it is left out.
    pub only_for: Option<Vec<Snowflake>>,
    /// Names this request; repeating it makes nothing again.
    pub key: String,
}

#[derive(InputObject)]
pub struct CampaignLimit {
    pub guild: Snowflake,
    pub campaign: ID,
    /// What is left out stays; `null` takes the limit away.
    pub uses: MaybeUndefined<u32>,
    pub uses_per_code: MaybeUndefined<u32>,
    pub uses_per_member: Option<u32>,
    pub starts: MaybeUndefined<Time>,
    pub ends: MaybeUndefined<Time>,
    /// Whoever has one of these roles may redeem; none: everybody.
    pub only_for: Option<Vec<Snowflake>>,
    pub key: String,
}

#[derive(InputObject)]
pub struct CampaignRevoke {
    pub guild: Snowflake,
    pub campaign: ID,
    pub key: String,
}

#[derive(InputObject)]
pub struct CodeRevoke {
    pub guild: Snowflake,
    /// As it was written when it was made.
    pub code: String,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct CampaignMade {
    pub done: Done,
    pub id: Option<ID>,
    /// In the clear, this once: nobody can look them up later.
    pub codes: Vec<String>,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "CodesMutations")]
impl Mutations {
    /// Makes codes with one reward.
    async fn campaign_create(
        &self,
        ctx: &Context<'_>,
        input: CampaignCreate,
    ) -> Answer<CampaignMade> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        scope.require(&[Permission::ManageEconomy]).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let new = match new_campaign(&scope, input).await? {
            Ok(new) => new,
            Err(done) => return Ok(CampaignMade { done, id: None, codes: Vec::new() }),
        };
        let made = done(actions.create_campaign(scope.guild(), caller, new, &key).await)?;
        Ok(match made {
            Ok(made) => CampaignMade {
                done: Done::of(false),
                id: Some(ID(made.campaign.to_string())),
                codes: made.codes,
            },
            Err(done) => CampaignMade { done, id: None, codes: Vec::new() },
        })
    }

    /// Other limits for a campaign that runs.
    async fn campaign_limit(&self, ctx: &Context<'_>, input: CampaignLimit) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller, id) =
            (scope.actions(), scope.caller(), campaign_id(&input.campaign)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let only_for = input.only_for.as_deref().map(roles).transpose()?;
        let change = |limits: &mut Limits| {
            let CampaignLimit { uses, uses_per_code, uses_per_member, starts, ends, .. } = input;
            limits.roles = only_for.unwrap_or_else(|| std::mem::take(&mut limits.roles));
            uses.update_to(&mut limits.uses);
            uses_per_code.update_to(&mut limits.uses_per_code);
            limits.uses_per_member = uses_per_member.unwrap_or(limits.uses_per_member);
            starts.map_value(|time| time.0).update_to(&mut limits.from);
            ends.map_value(|time| time.0).update_to(&mut limits.until);
        };
        let asked = actions.limit_campaign(scope.guild(), caller, id, change, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |_| Done::of(false)))
    }

    /// Every code of a campaign is no longer valid; what was redeemed stays.
    async fn campaign_revoke(&self, ctx: &Context<'_>, input: CampaignRevoke) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller, id) =
            (scope.actions(), scope.caller(), campaign_id(&input.campaign)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let asked = actions.revoke_campaign(scope.guild(), caller, id, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }

    /// One code, and no other of its campaign.
    async fn code_revoke(&self, ctx: &Context<'_>, input: CodeRevoke) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let asked = actions.revoke_code(scope.guild(), caller, &input.code, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }
}

fn roles(given: &[Snowflake]) -> Answer<Vec<RoleId>> {
    let role = |role: &Snowflake| {
        RoleId::new(role.0).map_err(|error| Trouble::bad_input(format!("{error}.")))
    };
    given.iter().map(role).collect()
}

/// What is to be made, or the rule that says no to its role.
async fn new_campaign(scope: &Scope, input: CampaignCreate) -> Answer<Result<NewCampaign, Done>> {
    let role = match input.role {
        None => None,
        Some(role) => match role_facts(scope, role).await? {
            Ok(facts) => Some(facts),
            Err(done) => return Ok(Err(done)),
        },
    };
    let reward = match (input.bytes, role, input.days) {
        (Some(amount), None, None) => Reward::Bytes { amount: Bytes(amount.0) },
        (None, Some(facts), None) => Reward::Role { role: facts.role },
        (None, Some(facts), Some(days)) => Reward::Tier { role: facts.role, days },
        _ => {
            let text = "Say what the code gives: either bytes, or a role, with days if it ends.";
            return Err(Trouble::bad_input(text));
        }
    };
    let codes = match (input.code, input.count) {
        (Some(code), None) => Wanted::Given(code),
        (None, count) => Wanted::Made(count.unwrap_or(1)),
        (Some(_), Some(_)) => {
            let text = "Give either your own code, or how many are made.";
            return Err(Trouble::bad_input(text));
        }
    };
    let limits = Limits {
        uses: input.uses,
        uses_per_code: input.uses_per_code,
        uses_per_member: input.uses_per_member.unwrap_or(1),
        from: input.starts.map(|time| time.0),
        until: input.ends.map(|time| time.0),
        roles: roles(&input.only_for.unwrap_or_default())?,
    };
    let name = input.name.trim().to_owned();
    Ok(Ok(NewCampaign { name, reward, role, limits, codes }))
}
