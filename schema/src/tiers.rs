//! Tiers: roles with benefits that members hold for a time.

use actions::{Permission, tiers as rules};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use domain::{Bytes, RoleId, UserId};
use projections::tiers;

use crate::{
    blocks::user_id,
    done::{Done, done, key},
    guard::May,
    guild::guild_id,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    squads::role_facts,
    trouble::{Answer, Trouble},
};

/// Who sees who holds what.
const STAFF: &[Permission] = &[Permission::ManageEconomy, Permission::ViewAudit];

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "TiersOnGuild")]
impl OnGuild {
    async fn tiers(&self) -> Answer<Tiers> {
        // Members are refused where it is off; staff looks back at what was.
        if !self.0.may(STAFF).await? {
            self.0.actions().require_module(self.0.guild(), &rules::MODULE).await?;
        }
        Ok(Tiers(self.0.clone()))
    }
}

pub struct Tiers(Scope);

#[Object]
impl Tiers {
    /// All of them, by name.
    #[graphql(complexity = "20 * child_complexity")]
    async fn list(&self) -> Answer<Vec<Tier>> {
        let store = self.0.reading("tiers").await?;
        let lines = tiers::all(&store, self.0.guild()).await?;
        Ok(lines.into_iter().map(Tier::of).collect())
    }

    /// Who holds one until when, the earliest end first.
    #[graphql(guard = "May(&self.0, STAFF)", complexity = "cost(first, child_complexity)")]
    async fn holders(
        &self,
        role: Snowflake,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<TierHolder>> {
        let asked = Asked::read(first, after.as_deref())?;
        let (guild, role) = (self.0.guild(), role_id(role)?);
        let skip = u32::try_from(asked.before.unwrap_or(0)).unwrap_or(u32::MAX);
        let store = self.0.reading("tiers").await?;
        let rows = tiers::holders(&store, guild, role, skip, asked.wanted()).await?;
        let line = |((number, until), place): (_, u32)| TierHolder {
            place: skip.saturating_add(place),
            person: Person::of(guild, number),
            until: Time(until),
        };
        let rows = rows.into_iter().zip(1..).map(line).collect();
        Ok(asked.page(rows, |row: &TierHolder| u64::from(row.place)))
    }

    /// Which a member holds. Your own you may always see; others' with Manage Economy, View
    /// Records or View Audit.
    #[graphql(complexity = "20 * child_complexity")]
    async fn of(&self, user: Snowflake) -> Answer<Vec<TierOf>> {
        let user = user_id(user)?;
        if user != self.0.signed_in().user {
            let needs =
                &[Permission::ManageEconomy, Permission::ViewRecords, Permission::ViewAudit];
            self.0.require(needs).await?;
        }
        let guild = self.0.guild();
        let Some(person) = self.0.actions().people().find(guild, user).await? else {
            return Ok(Vec::new());
        };
        let store = self.0.reading("tiers").await?;
        let held = tiers::of_person(&store, guild, person).await?;
        let lines = tiers::all(&store, guild).await?;
        let line = |(role, until): (RoleId, _)| TierOf {
            role: Snowflake(role.get()),
            name: lines.iter().find(|line| line.role == role).map(|line| line.name.clone()),
            until: Time(until),
        };
        Ok(held.into_iter().map(line).collect())
    }
}

fn role_id(role: Snowflake) -> Answer<RoleId> {
    RoleId::new(role.0).map_err(|error| Trouble::bad_input(format!("{error}.")))
}

#[derive(SimpleObject)]
pub struct Tier {
    pub role: Snowflake,
    pub name: String,
    /// On top of the daily reward.
    pub daily_bonus: Long,
    pub holders: Long,
}

impl Tier {
    fn of(line: tiers::Line) -> Self {
        Self {
            role: Snowflake(line.role.get()),
            name: line.name,
            daily_bonus: Long(line.daily_bonus.0),
            holders: Long(line.holders.cast_signed()),
        }
    }
}

#[derive(SimpleObject)]
pub struct TierHolder {
    /// 1, 2, 3 … in this order.
    pub place: u32,
    pub person: Person,
    pub until: Time,
}

/// A tier that a member holds.
#[derive(SimpleObject)]
pub struct TierOf {
    pub role: Snowflake,
    /// None where the tier was removed since.
    pub name: Option<String>,
    pub until: Time,
}

#[derive(InputObject)]
pub struct TierSet {
    pub guild: Snowflake,
    pub role: Snowflake,
    pub name: String,
    pub daily_bonus: Option<Long>,
    pub key: String,
}

#[derive(InputObject)]
pub struct TierRemove {
    pub guild: Snowflake,
    pub role: Snowflake,
    pub key: String,
}

#[derive(InputObject)]
pub struct TierGive {
    pub guild: Snowflake,
    pub user: Snowflake,
    pub role: Snowflake,
    /// Added to what they have left where they hold it.
    pub days: u32,
    pub key: String,
}

#[derive(InputObject)]
pub struct TierTake {
    pub guild: Snowflake,
    pub user: Snowflake,
    pub role: Snowflake,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct TierGiven {
    pub done: Done,
    pub until: Option<Time>,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "TiersMutations")]
impl Mutations {
    /// Makes a role a tier, or changes its name and benefits.
    async fn tier_set(&self, ctx: &Context<'_>, input: TierSet) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        scope.require(&[Permission::ManageEconomy]).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let role = match role_facts(&scope, input.role).await? {
            Ok(role) => role,
            Err(done) => return Ok(done),
        };
        let bonus = input.daily_bonus.map_or(Bytes::ZERO, |bonus| Bytes(bonus.0));
        let asked = actions.set_tier(scope.guild(), caller, role, &input.name, bonus, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }

    /// The role is no tier any more; whoever holds it keeps it until its end.
    async fn tier_remove(&self, ctx: &Context<'_>, input: TierRemove) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller, role) = (scope.actions(), scope.caller(), role_id(input.role)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let asked = actions.remove_tier(scope.guild(), caller, role, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }

    async fn tier_give(&self, ctx: &Context<'_>, input: TierGive) -> Answer<TierGiven> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        scope.require(&[Permission::ManageEconomy]).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let user = member(&scope, input.user).await?;
        let role = match role_facts(&scope, input.role).await? {
            Ok(role) => role,
            Err(done) => return Ok(TierGiven { done, until: None }),
        };
        let asked = actions.give_tier(scope.guild(), caller, (user, role), input.days, &key).await;
        Ok(match done(asked)? {
            Ok(until) => TierGiven { done: Done::of(false), until: Some(Time(until)) },
            Err(done) => TierGiven { done, until: None },
        })
    }

    async fn tier_take(&self, ctx: &Context<'_>, input: TierTake) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let of = (user_id(input.user)?, role_id(input.role)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let asked = actions.take_tier(scope.guild(), caller, of, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }
}

/// Somebody who is a member now: what Discord makes sure of for commands.
async fn member(scope: &Scope, user: Snowflake) -> Answer<UserId> {
    let user = user_id(user)?;
    let standing = scope.house().directory.standing(scope.guild(), user).await?;
    standing.ok_or_else(|| Trouble::bad_input("This is no member of the community."))?;
    Ok(user)
}
