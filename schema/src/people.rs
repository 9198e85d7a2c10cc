//! People: a number in events, a name on pages. Names are looked up for a whole page at once.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    Context, Enum, Object, SimpleObject,
    dataloader::{DataLoader, HashMapCache, Loader},
};
use domain::{Actor, GuildId, PersonId, UserId};

use crate::{
    house::{House, Profile},
    scalars::Snowflake,
    trouble::{Answer, Trouble},
};

/// A member of a community, of now or of before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    pub guild: GuildId,
    pub number: PersonId,
}

impl Person {
    pub const fn of(guild: GuildId, number: PersonId) -> Self {
        Self { guild, number }
    }

    async fn known(self, ctx: &Context<'_>) -> Answer<Option<Known>> {
        let loader = ctx.data_unchecked::<DataLoader<ByNumber, HashMapCache>>();
        loader.load_one((self.guild, self.number)).await
    }

    pub async fn name_in(self, ctx: &Context<'_>) -> Answer<Option<String>> {
        Ok(self.known(ctx).await?.and_then(|known| known.profile).map(|profile| profile.name))
    }
}

#[Object]
impl Person {
    /// Their number in this community's events: 1, 2, 3 … in order of first sight.
    async fn number(&self) -> u32 {
        self.number.0
    }

    /// Discord's id; none once they were erased.
    async fn user_id(&self, ctx: &Context<'_>) -> Answer<Option<Snowflake>> {
        Ok(self.known(ctx).await?.map(|known| Snowflake(known.user.get())))
    }

    /// As people see it in the community; none where they were erased, or Discord does not know
    /// them any more.
    async fn name(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        self.name_in(ctx).await
    }

    async fn avatar_url(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        let profile = self.known(ctx).await?.and_then(|known| known.profile);
        Ok(profile.and_then(|profile| profile.avatar_url))
    }

    /// Whether they asked to be forgotten.
    async fn erased(&self, ctx: &Context<'_>) -> Answer<bool> {
        Ok(self.known(ctx).await?.is_none())
    }
}

#[derive(Clone, Debug)]
pub struct Known {
    pub user: UserId,
    pub profile: Option<Profile>,
}

/// Finds who numbers stand for.
#[derive(Debug)]
pub struct ByNumber(Arc<House>);

impl Loader<(GuildId, PersonId)> for ByNumber {
    type Value = Known;
    type Error = Trouble;

    async fn load(
        &self,
        keys: &[(GuildId, PersonId)],
    ) -> Result<HashMap<(GuildId, PersonId), Known>, Trouble> {
        let mut by_guild: HashMap<GuildId, Vec<PersonId>> = HashMap::new();
        for (guild, person) in keys {
            by_guild.entry(*guild).or_default().push(*person);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for (guild, persons) in by_guild {
            let users = self.0.actions.people().users(guild, &persons).await?;
            let ids: Vec<_> = users.values().copied().collect();
            let profiles = self.0.directory.profiles(guild, &ids).await;
            for (person, user) in users {
                let profile = profiles.get(&user).cloned();
                found.insert((guild, person), Known { user, profile });
            }
        }
        Ok(found)
    }
}

/// The look-up that one request uses: what it has found it does not ask again.
pub fn request_people(house: Arc<House>) -> DataLoader<ByNumber, HashMapCache> {
    DataLoader::with_cache(ByNumber(house), tokio::spawn, HashMapCache::default())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ActorKind {
    /// A member of the community.
    Person,
    /// A rule or timer of the bot's.
    Process,
    /// Somebody at the console of this installation.
    Operator,
    /// History brought from elsewhere.
    Import,
}

/// Who is answerable for an event.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "Actor")]
pub struct ActorLine {
    pub kind: ActorKind,
    pub person: Option<Person>,
    /// The name of the rule or timer.
    pub process: Option<String>,
}

impl ActorLine {
    pub fn of(guild: GuildId, actor: &Actor) -> Self {
        let plain = |kind| Self { kind, person: None, process: None };
        match actor {
            Actor::Person(number) => {
                Self { person: Some(Person::of(guild, *number)), ..plain(ActorKind::Person) }
            }
            Actor::Process(name) => {
                Self { process: Some(name.clone()), ..plain(ActorKind::Process) }
            }
            Actor::Operator => plain(ActorKind::Operator),
            Actor::Import => plain(ActorKind::Import),
        }
    }
}
