//! Whom this bot does not serve in a community.

use actions::{
    Permission,
    blocks::{BlockLine, Blocked, Scope as Where},
};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use domain::UserId;

use crate::{
    done::{Done, done, key},
    guard::May,
    guild::guild_id,
    people::Person,
    scalars::{Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "BlocksOnGuild")]
impl OnGuild {
    /// Who is blocked here now.
    #[graphql(
        guard = "May(&self.0, &[Permission::ManageAccess])",
        complexity = "20 * child_complexity"
    )]
    async fn blocks(&self) -> Answer<Vec<Block>> {
        if self.0.then().is_some() {
            return Err(Trouble::bad_input("Blocks are shown as they are now; leave asOf out."));
        }
        let guild = self.0.guild();
        let actions = self.0.actions();
        let lines = actions.blocked(Where::Guild(guild), self.0.caller()).await?;
        let mut blocks = Vec::with_capacity(lines.len());
        for line in lines {
            let person = match line.who {
                Some(Blocked::User(user)) => actions.people().find(guild, user).await?,
                _ => None,
            };
            let person = person.map(|number| Person::of(guild, number));
            blocks.push(Block::of(line, person));
        }
        Ok(blocks)
    }
}

#[derive(SimpleObject)]
pub struct Block {
    /// None where they were erased.
    pub person: Option<Person>,
    pub since: Time,
    pub until: Option<Time>,
    pub reason: Option<String>,
}

impl Block {
    fn of(line: BlockLine, person: Option<Person>) -> Self {
        let BlockLine { since, until, reason, .. } = line;
        Self { person, since: Time(since), until: until.map(Time), reason }
    }
}

#[derive(InputObject)]
pub struct BlockPut {
    pub guild: Snowflake,
    pub user: Snowflake,
    pub reason: String,
    /// None for until somebody lifts it.
    pub until: Option<Time>,
    pub key: String,
}

#[derive(InputObject)]
pub struct BlockLift {
    pub guild: Snowflake,
    pub user: Snowflake,
    pub key: String,
}

pub fn user_id(id: Snowflake) -> Answer<UserId> {
    UserId::new(id.0).map_err(|error| Trouble::bad_input(format!("{error}.")))
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "BlocksMutations")]
impl Mutations {
    /// Has this bot not serve somebody in a community.
    async fn block(&self, ctx: &Context<'_>, input: BlockPut) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, place) = (scope.actions(), Where::Guild(scope.guild()));
        let key = key(actions, scope.signed_in(), &input.key)?;
        let who = Blocked::User(user_id(input.user)?);
        let until = input.until.map(|until| until.0);
        let asked = actions.block(place, scope.caller(), who, &input.reason, until, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }

    async fn unblock(&self, ctx: &Context<'_>, input: BlockLift) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, place) = (scope.actions(), Where::Guild(scope.guild()));
        let key = key(actions, scope.signed_in(), &input.key)?;
        let who = Blocked::User(user_id(input.user)?);
        let asked = actions.unblock(place, scope.caller(), who, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }
}
