//! Who is signed in: themselves, their communities, their sessions.

use actions::keys::Held;
use async_graphql::{Context, Data, Object, Request, SimpleObject};
use domain::{GuildId, UserId};
use uuid::Uuid;

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

/// An operator who signed in by a name of this installation's, without Discord. They run it, and no
/// community knows them: whatever is asked of one is refused.
#[derive(Clone, Debug)]
pub struct OperatorSignedIn {
    pub id: Uuid,
    pub name: String,
    pub session: String,
}

/// Who a session is of.
#[derive(Clone, Debug)]
pub enum Identity {
    Person(SignedIn),
    Operator(OperatorSignedIn),
}

/// Whose sessions are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    Person(UserId),
    Operator(Uuid),
}

impl Identity {
    /// A question in their name.
    pub fn asks(self, question: Request) -> Request {
        match self {
            Self::Person(who) => question.data(who),
            Self::Operator(who) => question.data(who),
        }
    }

    /// What is told over this connection, is told to them.
    pub fn listens(self, data: &mut Data) {
        match self {
            Self::Person(who) => data.insert(who),
            Self::Operator(who) => data.insert(who),
        }
    }

    /// Whom communities know.
    pub fn person(self) -> Answer<SignedIn> {
        match self {
            Self::Person(who) => Ok(who),
            Self::Operator(_) => Err(without_discord()),
        }
    }

    fn of(ctx: &Context<'_>) -> Option<Self> {
        let person = ctx.data_opt::<SignedIn>().cloned().map(Self::Person);
        person.or_else(|| ctx.data_opt::<OperatorSignedIn>().cloned().map(Self::Operator))
    }

    const fn account(&self) -> Account {
        match self {
            Self::Person(who) => Account::Person(who.user),
            Self::Operator(who) => Account::Operator(who.id),
        }
    }

    fn session(&self) -> &str {
        match self {
            Self::Person(who) => &who.session,
            Self::Operator(who) => &who.session,
        }
    }
}

pub fn without_discord() -> Trouble {
    Trouble::forbidden(
        "You are signed in as an operator, without Discord, and no community knows you. Sign in with \
         Discord for this.",
    )
}

/// Whom communities know; an operator without Discord is nobody to them.
pub fn viewer<'a>(ctx: &'a Context<'_>) -> Answer<&'a SignedIn> {
    ctx.data_opt::<SignedIn>().ok_or_else(|| match ctx.data_opt::<OperatorSignedIn>() {
        Some(_) => without_discord(),
        None => Trouble::unauthenticated(),
    })
}

#[derive(Debug, Default)]
pub struct Queries;

#[Object(name = "ViewerQueries")]
impl Queries {
    /// Who is signed in; none where nobody is.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        Identity::of(ctx).map(Viewer)
    }
}

pub struct Viewer(Identity);

#[Object]
impl Viewer {
    /// At Discord; none for an operator who signed in without it.
    async fn user_id(&self) -> Option<Snowflake> {
        match &self.0 {
            Identity::Person(who) => Some(Snowflake(who.user.get())),
            Identity::Operator(_) => None,
        }
    }

    async fn name(&self, ctx: &Context<'_>) -> String {
        match &self.0 {
            Identity::Person(who) => who.profile(ctx).await.name,
            Identity::Operator(who) => who.name.clone(),
        }
    }

    async fn avatar_url(&self, ctx: &Context<'_>) -> Option<String> {
        match &self.0 {
            Identity::Person(who) => who.profile(ctx).await.avatar_url,
            Identity::Operator(_) => None,
        }
    }

    /// Whether they run this installation. That gives no right inside a community.
    async fn is_operator(&self, ctx: &Context<'_>) -> bool {
        match &self.0 {
            Identity::Person(who) => house(ctx).actions.is_operator(who.user),
            Identity::Operator(_) => true,
        }
    }

    /// Their communities that this bot is in.
    #[graphql(complexity = "20 * child_complexity")]
    async fn guilds(&self, ctx: &Context<'_>) -> Answer<Vec<GuildCard>> {
        let house = house(ctx);
        let mut cards = Vec::new();
        let Identity::Person(who) = &self.0 else { return Ok(cards) };
        for guild in who.guilds.iter().take(MAX_GUILDS) {
            let Ok(Some(community)) = house.directory.community(*guild).await else { continue };
            // One where they are blocked is left out, and so is one they have left.
            let scope = Scope::of(house, who.clone(), *guild, None).await;
            if let Ok(Some(scope)) = scope {
                cards.push(GuildCard { scope, community });
            }
        }
        Ok(cards)
    }

    /// Communities that have cases against them, also where they were banned.
    #[graphql(complexity = "50 * child_complexity")]
    async fn punished(&self, ctx: &Context<'_>) -> Answer<Vec<moderation::Punished>> {
        match &self.0 {
            Identity::Person(who) => moderation::punished(ctx, who).await,
            Identity::Operator(_) => Ok(Vec::new()),
        }
    }

    /// Where they are signed in.
    async fn sessions(&self, ctx: &Context<'_>) -> Answer<Vec<Session>> {
        let sessions = house(ctx).accounts.sessions(self.0.account()).await?;
        Ok(sessions.into_iter().map(|line| Session::of(line, self.0.session())).collect())
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
        let who = Identity::of(ctx).ok_or_else(Trouble::unauthenticated)?;
        house(ctx).accounts.revoke(who.account(), &id).await
    }
}
