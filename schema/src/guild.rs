//! A community: what it is called, who is there to do what, and the moment that is looked at.

use std::collections::HashSet;

use actions::mirror::places;
use async_graphql::{Context, Object, SimpleObject};
use domain::GuildId;

use crate::{
    Guild,
    house::{self, Community},
    scalars::{EventId, Long, Moment, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

#[derive(Debug, Default)]
pub struct Queries;

pub fn guild_id(id: Snowflake) -> Answer<GuildId> {
    GuildId::new(id.0).map_err(|error| Trouble::bad_input(format!("{error}.")))
}

#[Object(name = "GuildQueries")]
impl Queries {
    /// A community, now or as it was; none where you are no member, or this bot is not there. What
    /// you may see of the past, you may by what you are today.
    async fn guild(
        &self,
        ctx: &Context<'_>,
        id: Snowflake,
        as_of: Option<Moment>,
    ) -> Answer<Option<Guild>> {
        let scope = Scope::enter(ctx, guild_id(id)?, as_of.map(|moment| moment.0)).await?;
        Ok(scope.map(|scope| Guild::of(&scope)))
    }
}

#[derive(Debug)]
pub struct OnGuild(pub Scope);

impl OnGuild {
    async fn community(&self) -> Answer<Community> {
        let community = self.0.house().directory.community(self.0.guild()).await?;
        community.ok_or_else(|| Trouble::not_found("This bot is not in this community any more."))
    }
}

#[Object(name = "GuildOnGuild")]
impl OnGuild {
    async fn id(&self) -> Snowflake {
        Snowflake(self.0.guild().get())
    }

    async fn name(&self) -> Answer<String> {
        Ok(self.community().await?.name)
    }

    async fn icon_url(&self) -> Answer<Option<String>> {
        Ok(self.community().await?.icon_url)
    }

    async fn member_count(&self) -> Answer<u32> {
        Ok(self.community().await?.members)
    }

    /// As Discord has them now, highest first; with `gone` also those that were deleted, behind them.
    async fn roles(&self, #[graphql(default)] gone: bool) -> Answer<Vec<Role>> {
        let mut roles: Vec<_> = self.community().await?.roles.into_iter().map(Role::of).collect();
        if gone && let Some(places) = self.0.actions().places(self.0.guild()).await? {
            let here: HashSet<_> = roles.iter().map(|role| role.id.0).collect();
            let gone = places.roles.into_iter().filter(|role| !here.contains(&role.id.get()));
            roles.extend(gone.filter(|role| role.is_gone).map(Role::was));
        }
        Ok(roles)
    }

    /// As Discord has them now; with `gone` also those that were deleted, behind them.
    async fn channels(&self, #[graphql(default)] gone: bool) -> Answer<Vec<Channel>> {
        let channels = self.community().await?.channels;
        let mut channels: Vec<_> = channels.into_iter().map(Channel::of).collect();
        if gone && let Some(places) = self.0.actions().places(self.0.guild()).await? {
            let here: HashSet<_> = channels.iter().map(|channel| channel.id.0).collect();
            let gone = places.channels.into_iter().filter(|one| !here.contains(&one.id.get()));
            channels.extend(gone.filter(|channel| channel.is_gone).map(Channel::was));
        }
        Ok(channels)
    }

    /// The moment that is looked at; none for now.
    async fn as_of(&self) -> Option<AsOf> {
        self.0.then().map(|event| AsOf {
            seq: Long(event.guild_seq.cast_signed()),
            at: Time(event.at),
            event: EventId(event.id.0),
        })
    }
}

/// A moment of the past: after an event.
#[derive(SimpleObject)]
pub struct AsOf {
    /// The event's number in the community.
    pub seq: Long,
    pub at: Time,
    pub event: EventId,
}

#[derive(SimpleObject)]
pub struct Role {
    pub id: Snowflake,
    pub name: String,
    /// As `#5865f2`; none where it has none of its own.
    pub colour: Option<String>,
    pub position: u32,
    /// It was deleted; this is what it was called.
    pub gone: bool,
}

impl Role {
    fn of(role: house::Role) -> Self {
        let house::Role { id, name, colour, position } = role;
        Self { id: Snowflake(id.get()), name, colour, position: position.into(), gone: false }
    }

    fn was(role: places::Role) -> Self {
        let places::Role { id, name, colour, position, is_gone } = role;
        let colour = house::colour(colour);
        Self { id: Snowflake(id.get()), name, colour, position: position.into(), gone: is_gone }
    }
}

#[derive(SimpleObject)]
pub struct Channel {
    pub id: Snowflake,
    pub name: String,
    /// Discord's number of its kind.
    pub kind: u32,
    /// It was deleted; this is what it was called.
    pub gone: bool,
}

impl Channel {
    fn of(channel: house::Channel) -> Self {
        let house::Channel { id, name, kind } = channel;
        Self { id: Snowflake(id.get()), name, kind: kind.into(), gone: false }
    }

    fn was(channel: places::Channel) -> Self {
        let places::Channel { id, name, sort, is_gone } = channel;
        Self { id: Snowflake(id.get()), name, kind: sort.into(), gone: is_gone }
    }
}
