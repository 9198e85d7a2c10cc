//! Roles of ours that a community gives to one person for a time: who has which until when, who
//! gave it and why; giving and taking back.

use actions::{
    Permission,
    grants::{GrantLine, Wish},
};
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use domain::grants::Role;

use crate::{
    blocks::user_id,
    done::{Done, done, key},
    guard::May,
    guild::guild_id,
    people::Person,
    scalars::{Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// What a community can have somebody be for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "GrantedRole", remote = "Role")]
pub enum GrantedRole {
    /// May everything but say who may what.
    Admin,
    Moderator,
    /// Runs giveaways.
    Host,
    /// Reads everything and changes nothing.
    Auditor,
    /// Looks at numbers.
    Analyst,
}

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "GrantsOnGuild")]
impl OnGuild {
    /// Who was made what for a time, as it holds now; what ends first comes first.
    #[graphql(
        guard = "May(&self.0, &[Permission::ManageAccess, Permission::ViewAudit])",
        complexity = "20 * child_complexity"
    )]
    async fn grants(&self) -> Answer<Vec<Grant>> {
        if self.0.then().is_some() {
            return Err(Trouble::bad_input("Grants are shown as they are now; leave asOf out."));
        }
        let lines = self.0.actions().granted_roles(self.0.guild(), self.0.caller()).await?;
        Ok(lines.into_iter().map(|line| Grant::of(&self.0, line)).collect())
    }
}

#[derive(SimpleObject)]
pub struct Grant {
    pub person: Person,
    pub role: GrantedRole,
    pub since: Time,
    pub until: Time,
    /// None where an operator of this bot gave it.
    pub by: Option<Person>,
    /// None where it was erased.
    pub reason: Option<String>,
}

impl Grant {
    fn of(scope: &Scope, line: GrantLine) -> Self {
        let of = |number| Person::of(scope.guild(), number);
        Self {
            person: of(line.person),
            role: line.role.into(),
            since: Time(line.since),
            until: Time(line.until),
            by: line.by.map(of),
            reason: line.reason,
        }
    }
}

#[derive(InputObject)]
pub struct GrantGive {
    pub guild: Snowflake,
    pub user: Snowflake,
    pub role: GrantedRole,
    /// At most 366 days away.
    pub until: Time,
    pub reason: String,
    pub key: String,
}

#[derive(InputObject)]
pub struct GrantTake {
    pub guild: Snowflake,
    pub user: Snowflake,
    pub role: GrantedRole,
    pub key: String,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "GrantsMutations")]
impl Mutations {
    /// Makes somebody something for a time; where they are that already, moves the end.
    async fn grant_give(&self, ctx: &Context<'_>, input: GrantGive) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let wish = Wish {
            whom: user_id(input.user)?,
            role: input.role.into(),
            until: input.until.0,
            reason: &input.reason,
        };
        let asked = actions.give_role(scope.guild(), scope.caller(), wish, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }

    /// Takes it back before its end.
    async fn grant_take(&self, ctx: &Context<'_>, input: GrantTake) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let (whom, role) = (user_id(input.user)?, input.role.into());
        let asked = actions.take_role_back(scope.guild(), scope.caller(), whom, role, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }
}
