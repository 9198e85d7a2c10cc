//! Keys to the API: which somebody has here, making one, revoking one.

pub mod gate;

use actions::{
    Permission,
    keys::{KeyLine, Wanted},
};
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use domain::{KeyId, keys::Scope as Known};

use crate::{
    done::{Done, DoneStatus, Refusal, done, key},
    guild::guild_id,
    people::Person,
    scalars::{Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// What a key is for. It never may more than its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Known")]
pub enum KeyScope {
    Read,
    Records,
    Audit,
    Economy,
    Moderation,
    Giveaways,
    Squads,
    Settings,
    Access,
    Keys,
}

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "KeysOnGuild")]
impl OnGuild {
    /// Your keys to the API here, newest first; everybody's with Manage Access.
    #[graphql(complexity = "20 * child_complexity")]
    async fn keys(&self, #[graphql(default)] everybodys: bool) -> Answer<Vec<ApiKey>> {
        let scope = &self.0;
        if scope.then().is_some() {
            return Err(Trouble::bad_input("Keys are shown as they are now; leave asOf out."));
        }
        if everybodys {
            scope.require(&[Permission::ManageAccess]).await?;
        }
        let lines = scope.actions().keys(scope.guild(), scope.caller(), everybodys).await?;
        Ok(lines.into_iter().map(|line| ApiKey::of(scope, line)).collect())
    }

    /// What a key can be for, and what that lets it do.
    async fn key_scopes(&self) -> Vec<KeyScopeLine> {
        let line = |scope: Known| KeyScopeLine {
            scope: scope.into(),
            word: scope.word(),
            about: scope.about(),
        };
        Known::ALL.into_iter().map(line).collect()
    }
}

#[derive(SimpleObject)]
pub struct KeyScopeLine {
    pub scope: KeyScope,
    /// As the documents write it.
    pub word: &'static str,
    pub about: &'static str,
}

/// A key to the API. What opens is told once, when it is made.
#[derive(SimpleObject)]
pub struct ApiKey {
    pub id: String,
    pub owner: Person,
    /// None where it cannot be opened any more.
    pub name: Option<String>,
    pub scopes: Vec<KeyScope>,
    pub made_at: Time,
    pub ends_at: Time,
    /// To the minute; none where it never was.
    pub used_at: Option<Time>,
}

impl ApiKey {
    fn of(scope: &Scope, line: KeyLine) -> Self {
        let KeyLine { id, owner, name, scopes, made_at, ends_at, used_at } = line;
        Self {
            id: id.to_string(),
            owner: Person::of(scope.guild(), owner),
            name,
            scopes: scopes.into_iter().map(KeyScope::from).collect(),
            made_at: Time(made_at),
            ends_at: Time(ends_at),
            used_at: used_at.map(Time),
        }
    }
}

#[derive(InputObject)]
pub struct KeyCreate {
    pub guild: Snowflake,
    /// So that you know it again.
    pub name: String,
    pub scopes: Vec<KeyScope>,
    /// An hour to a year from now.
    pub ends_at: Time,
    pub key: String,
}

#[derive(InputObject)]
pub struct KeyRevoke {
    pub guild: Snowflake,
    pub id: String,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct KeyMade {
    pub status: DoneStatus,
    pub refusal: Option<Refusal>,
    pub id: Option<String>,
    /// The key itself. It is told this once, and cannot be told again.
    pub secret: Option<String>,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "KeysMutations")]
impl Mutations {
    /// Makes a key to the API, for yourself.
    async fn key_create(&self, ctx: &Context<'_>, input: KeyCreate) -> Answer<KeyMade> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let scopes: Vec<_> = input.scopes.into_iter().map(Known::from).collect();
        let wanted = Wanted { name: &input.name, scopes: &scopes, ends_at: input.ends_at.0 };
        let made = actions.create_key(scope.guild(), scope.caller(), &wanted, &key).await;
        Ok(match done(made)? {
            Ok(made) => {
                let Done { status, refusal } = Done::of(made.secret.is_none());
                KeyMade { status, refusal, id: Some(made.id.to_string()), secret: made.secret }
            }
            Err(Done { status, refusal }) => KeyMade { status, refusal, id: None, secret: None },
        })
    }

    /// Revokes a key of yours, or anybody's with Manage Access. It opens nothing from then on.
    async fn key_revoke(&self, ctx: &Context<'_>, input: KeyRevoke) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let actions = scope.actions();
        let key = key(actions, scope.signed_in(), &input.key)?;
        let id = uuid::Uuid::try_parse(&input.id)
            .map_err(|_| Trouble::bad_input("id: this is no id of a key."))?;
        let revoked = actions.revoke_key(scope.guild(), scope.caller(), KeyId(id), &key).await;
        Ok(done(revoked)?.map_or_else(|done| done, |()| Done::of(false)))
    }
}
