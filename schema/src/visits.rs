//! Visits of operators in a community that is not theirs: breaking the glass, ending it, and who
//! was there, for whoever keeps watch.

use actions::{Caller, Permission, Standing, visits::VisitLine};
use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::{
    blocks::user_id,
    done::{Done, done, key},
    guard::{May, Operator, operator},
    guild::guild_id,
    people::Person,
    scalars::{Snowflake, Time},
    scope::{Scope, house},
    trouble::{Answer, Trouble},
};

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "VisitsOnGuild")]
impl OnGuild {
    /// Operators of this bot who were let in here, and why; newest first, those that are over too.
    #[graphql(
        guard = "May(&self.0, &[Permission::ManageAccess, Permission::ViewAudit])",
        complexity = "20 * child_complexity"
    )]
    async fn visits(&self) -> Answer<Vec<Visit>> {
        if self.0.then().is_some() {
            return Err(Trouble::bad_input("Visits are shown as they are now; leave asOf out."));
        }
        let (guild, actions) = (self.0.guild(), self.0.actions());
        let own = actions.person_of(guild, self.0.caller()).await?;
        let lines = actions.visits(guild, self.0.caller()).await?;
        let visit = |line: VisitLine| Visit {
            operator: Person::of(guild, line.operator),
            since: Time(line.since),
            until: Time(line.until),
            lasts: line.lasts,
            is_yours: Some(line.operator) == own,
            reason: line.reason,
        };
        Ok(lines.into_iter().map(visit).collect())
    }
}

/// That an operator was let in.
#[derive(SimpleObject)]
pub struct Visit {
    pub operator: Person,
    pub since: Time,
    /// When it ended, or ends by itself.
    pub until: Time,
    pub lasts: bool,
    pub is_yours: bool,
    /// None once the operator was erased.
    pub reason: Option<String>,
}

#[derive(InputObject)]
pub struct VisitBegin {
    pub guild: Snowflake,
    /// 10 to 300 characters; the community reads it.
    pub reason: String,
    pub key: String,
}

#[derive(InputObject)]
pub struct VisitEnd {
    pub guild: Snowflake,
    /// Whose visit; your own where it is left out.
    pub operator: Option<Snowflake>,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct VisitBegun {
    pub done: Done,
    pub until: Option<Time>,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "VisitsMutations")]
impl Mutations {
    /// Lets you, who run this installation, into a community for an hour. It is told there who you
    /// are and why.
    #[graphql(guard = "Operator")]
    async fn visit_begin(&self, ctx: &Context<'_>, input: VisitBegin) -> Answer<VisitBegun> {
        let (house, who) = (house(ctx), operator(ctx)?.person()?);
        let guild = guild_id(input.guild)?;
        if house.directory.community(guild).await?.is_none() {
            return Err(Trouble::not_found("This bot is in no such community."));
        }
        let key = key(&house.actions, who, &input.key)?;
        let caller = Caller::member(who.user, Standing::everyone());
        let asked = house.actions.begin_visit(guild, &caller, &input.reason, &key).await;
        Ok(match done(asked)? {
            Ok(until) => VisitBegun { done: Done::of(false), until: Some(Time(until)) },
            Err(done) => VisitBegun { done, until: None },
        })
    }

    /// Ends a visit at once: your own, or with Manage Access anybody's.
    async fn visit_end(&self, ctx: &Context<'_>, input: VisitEnd) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, user) = (scope.actions(), scope.signed_in().user);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let whose = input.operator.map(user_id).transpose()?.unwrap_or(user);
        let asked = actions.end_visit(scope.guild(), scope.caller(), whose, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }
}
