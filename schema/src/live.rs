//! News as they happen. Whoever listens is asked again, before each news and at least once a minute,
//! whether they still may.

use std::{sync::Arc, time::Duration};

use actions::Permission;
use async_graphql::{Context, SimpleObject, Subscription};
use domain::{Decider as _, GuildId, Moment, reads::Reads};
use eventlog::Recorded;
use futures::{Stream, StreamExt as _, stream};
use projections::TimeError;

use crate::{
    guild::guild_id,
    history::Event,
    house::House,
    scalars::{Long, Snowflake, Time},
    scope::{Scope, house},
    trouble::{Answer, Trouble},
    viewer::{SignedIn, viewer},
};

/// Events that are told at once.
const AT_ONCE: usize = 200;
/// No permission is older than this.
const ASK_AGAIN: Duration = Duration::from_secs(50);

#[derive(Debug, Default)]
pub struct News;

#[Subscription]
impl News {
    /// That something happened in a community, and in which capabilities: for asking anew what is
    /// shown. For every member; says nothing of what it was. That somebody looked is no news, or
    /// everybody's pages would be asked for anew whenever one is opened.
    async fn changed(
        &self,
        ctx: &Context<'_>,
        guild: Snowflake,
    ) -> Result<impl Stream<Item = async_graphql::Result<Change>> + use<>, Trouble> {
        let listener = Listener::begin(ctx, guild_id(guild)?, &[]).await?;
        Ok(listener.news().filter_map(|news| async {
            match news {
                Ok((_, events)) => Change::of(&events).map(Ok),
                Err(trouble) => Some(Err(trouble.into())),
            }
        }))
    }

    /// Every event of a community as it happens, with View Audit.
    async fn events(
        &self,
        ctx: &Context<'_>,
        guild: Snowflake,
    ) -> Result<impl Stream<Item = async_graphql::Result<Event>> + use<>, Trouble> {
        let listener = Listener::begin(ctx, guild_id(guild)?, &[Permission::ViewAudit]).await?;
        Ok(listener.news().flat_map(|news| {
            stream::iter(match news {
                Ok((scope, events)) => {
                    events.into_iter().map(|event| Ok(Event::of(&scope, event))).collect()
                }
                Err(trouble) => vec![Err(trouble.into())],
            })
        }))
    }
}

/// What has happened since the last time.
#[derive(SimpleObject)]
pub struct Change {
    /// The number of the last event.
    pub seq: Long,
    pub at: Time,
    /// First parts of the types: `economy`, `moderation` …
    pub capabilities: Vec<String>,
}

impl Change {
    /// None where nothing happened but that somebody looked.
    fn of(events: &[Recorded]) -> Option<Self> {
        let mut capabilities: Vec<_> =
            events.iter().map(|event| event.stream.category().to_owned()).collect();
        capabilities.retain(|capability| capability != Reads::CAPABILITY);
        if capabilities.is_empty() {
            return None;
        }
        capabilities.sort_unstable();
        capabilities.dedup();
        let last = events.last();
        Some(Self {
            seq: Long(last.map_or(0, |event| event.guild_seq.cast_signed())),
            at: Time(last.map_or(domain::Timestamp::from_secs(0), |event| event.at)),
            capabilities,
        })
    }
}

struct Listener {
    house: Arc<House>,
    signed_in: SignedIn,
    guild: GuildId,
    needs: &'static [Permission],
    /// The last event that was told.
    seq: u64,
    watch: tokio::sync::watch::Receiver<eventlog::Position>,
}

impl Listener {
    async fn begin(
        ctx: &Context<'_>,
        guild: GuildId,
        needs: &'static [Permission],
    ) -> Answer<Self> {
        let (house, signed_in) = (Arc::clone(house(ctx)), viewer(ctx)?.clone());
        // Before the last event is looked for, so that none falls between.
        let watch = house.log().watch();
        let seq = match house.time_machine.event_at(guild, Moment::Now).await {
            Ok(event) => event.guild_seq,
            Err(TimeError::NoEvents { .. }) => 0,
            Err(error) => return Err(error.into()),
        };
        let listener = Self { house, signed_in, guild, needs, seq, watch };
        listener.scope().await?;
        Ok(listener)
    }

    /// Whether their session, or their key, still holds.
    async fn still_opens(&self) -> Answer<bool> {
        match &self.signed_in.key {
            None => self.house.accounts.is_signed_in(&self.signed_in).await,
            Some(key) => Ok(self.house.actions.key_by_id(key.guild, key.id).await?.is_some()),
        }
    }

    /// Whether they may listen, at this moment.
    async fn scope(&self) -> Answer<Scope> {
        if !self.still_opens().await? {
            return Err(Trouble::unauthenticated());
        }
        self.signed_in.lets("Subscription", "")?;
        let scope = Scope::of(&self.house, self.signed_in.clone(), self.guild, None).await?;
        let scope = scope.ok_or_else(|| {
            Trouble::forbidden("You are no member of this community, or this bot is not in it.")
        })?;
        if !self.needs.is_empty() {
            scope.require(self.needs).await?;
        }
        Ok(scope)
    }

    /// Stretches of events, none empty; ends with the trouble that ended it.
    fn news(self) -> impl Stream<Item = Answer<(Scope, Vec<Recorded>)>> {
        stream::unfold(Some(self), |listener| async {
            let mut listener = listener?;
            match listener.next().await {
                Ok(news) => Some((Ok(news), Some(listener))),
                Err(trouble) => Some((Err(trouble), None)),
            }
        })
    }

    async fn next(&mut self) -> Answer<(Scope, Vec<Recorded>)> {
        loop {
            self.watch.mark_unchanged();
            let events = self.house.log().read_guild(self.guild, self.seq, AT_ONCE).await?;
            let scope = self.scope().await?;
            if let Some(last) = events.last() {
                self.seq = last.guild_seq;
                return Ok((scope, events));
            }
            let news = tokio::time::timeout(ASK_AGAIN, self.watch.changed()).await;
            if let Ok(Err(_)) = news {
                return Err(Trouble::new(crate::Code::Busy, "This server is being restarted."));
            }
        }
    }
}
