//! Who is signed in: themselves, their communities, their sessions.

use actions::keys::Held;
use async_graphql::{Context, Object, SimpleObject};
use domain::{GuildId, UserId};

use crate::{
    house::{Community, Profile, SessionLine},
    moderation,
    scalars::{Snowflake, Time},
    scope::{Scope, house},
    trouble::{Answer, Trouble},
};

/// Communities of one person that are listed.
const MAX_GUILDS: usize = 100;

/// Who asks, as their session says.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: UserId,
    pub session: String,
    pub profile: Profile,
    /// Where they were a member when they signed in.
    pub guilds: Vec<GuildId>,
    /// Where a program asks with a key of theirs; none where they ask themselves.
    pub key: Option<Held>,
}

impl SignedIn {
    /// Of whom a key is, Discord is asked where somebody wants to know.
    async fn profile(&self, ctx: &Context<'_>) -> Profile {
        match &self.key {
            None => self.profile.clone(),
            Some(key) => {
                let found = house(ctx).directory.profiles(key.guild, &[self.user]).await;
                found.get(&self.user).cloned().unwrap_or_default()
            }
        }
    }
}

pub fn viewer<'a>(ctx: &'a Context<'_>) -> Answer<&'a SignedIn> {
    ctx.data_opt::<SignedIn>().ok_or_else(Trouble::unauthenticated)
}

#[derive(Debug, Default)]
pub struct Queries;

#[Object(name = "ViewerQueries")]
impl Queries {
    /// Who is signed in; none where nobody is.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        ctx.data_opt::<SignedIn>().cloned().map(Viewer)
    }
}

pub struct Viewer(SignedIn);

#[Object]
impl Viewer {
    async fn user_id(&self) -> Snowflake {
        Snowflake(self.0.user.get())
    }

    async fn name(&self, ctx: &Context<'_>) -> String {
        self.0.profile(ctx).await.name
    }

    async fn avatar_url(&self, ctx: &Context<'_>) -> Option<String> {
        self.0.profile(ctx).await.avatar_url
    }

    /// Whether they run this installation. That gives no right inside a community.
    async fn is_operator(&self, ctx: &Context<'_>) -> bool {
        house(ctx).actions.is_operator(self.0.user)
    }

    /// Their communities that this bot is in.
    #[graphql(complexity = "20 * child_complexity")]
    async fn guilds(&self, ctx: &Context<'_>) -> Answer<Vec<GuildCard>> {
        let house = house(ctx);
        let mut cards = Vec::new();
        for guild in self.0.guilds.iter().take(MAX_GUILDS) {
            let Ok(Some(community)) = house.directory.community(*guild).await else { continue };
            // One where they are blocked is left out, and so is one they have left.
            let scope = Scope::of(house, self.0.clone(), *guild, None).await;
            if let Ok(Some(scope)) = scope {
                cards.push(GuildCard { scope, community });
            }
        }
        Ok(cards)
    }

    /// Communities that have cases against them, also where they were banned.
    #[graphql(complexity = "50 * child_complexity")]
    async fn punished(&self, ctx: &Context<'_>) -> Answer<Vec<moderation::Punished>> {
        moderation::punished(ctx, &self.0).await
    }

    /// Where they are signed in.
    async fn sessions(&self, ctx: &Context<'_>) -> Answer<Vec<Session>> {
        let sessions = house(ctx).accounts.sessions(self.0.user).await?;
        Ok(sessions.into_iter().map(|line| Session::of(line, &self.0.session)).collect())
    }
}

/// A community in a list of them.
pub struct GuildCard {
    scope: Scope,
    community: Community,
}

#[Object]
impl GuildCard {
    async fn id(&self) -> Snowflake {
        Snowflake(self.scope.guild().get())
    }

    async fn name(&self) -> &str {
        &self.community.name
    }

    async fn icon_url(&self) -> Option<&str> {
        self.community.icon_url.as_deref()
    }

    async fn member_count(&self) -> u32 {
        self.community.members
    }

    /// What they may there.
    async fn permissions(&self) -> Answer<Vec<crate::access::Permission>> {
        crate::access::held(&self.scope).await
    }
}

/// A browser in which somebody is signed in.
#[derive(SimpleObject)]
pub struct Session {
    pub id: String,
    pub began_at: Time,
    pub seen_at: Time,
    pub ends_at: Time,
    /// What the browser said it was.
    pub client: String,
    /// Whether it is the one that asks.
    pub is_this_one: bool,
}

impl Session {
    fn of(line: SessionLine, this: &str) -> Self {
        Self {
            is_this_one: line.id == this,
            id: line.id,
            began_at: Time(line.began_at),
            seen_at: Time(line.seen_at),
            ends_at: Time(line.ends_at),
            client: line.client,
        }
    }
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "ViewerMutations")]
impl Mutations {
    /// Signs a browser out. False where there is no such session of yours.
    async fn session_revoke(&self, ctx: &Context<'_>, id: String) -> Answer<bool> {
        let user = viewer(ctx)?.user;
        house(ctx).accounts.revoke(user, &id).await
    }
}
