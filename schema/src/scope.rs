//! One community, as somebody looks at it: who asks, what they may, and at which moment.

use std::{ops::Deref, sync::Arc};

use actions::{Actions, Caller, Permission};
use async_graphql::Context;
use domain::{
    GuildId,
    reads::{Thing, Via},
};
use eventlog::Recorded;
use projections::{ReadStore, View, Visit};
use tokio::sync::{Mutex, OnceCell};

use crate::{
    house::House,
    trouble::{Answer, Trouble},
    viewer::{SignedIn, viewer},
};

/// Views of the past that are kept open for the next question.
const PAST_VIEWS: usize = 12;

pub fn house<'a>(ctx: &'a Context<'_>) -> &'a Arc<House> {
    ctx.data_unchecked::<Arc<House>>()
}

#[derive(Clone)]
pub struct Scope(Arc<Inner>);

struct Inner {
    house: Arc<House>,
    guild: GuildId,
    caller: Caller,
    signed_in: SignedIn,
    /// The event that the community had come to; none for now.
    then: Option<Recorded>,
    may: OnceCell<Vec<Permission>>,
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("guild", &self.0.guild).finish_non_exhaustive()
    }
}

impl Scope {
    /// None where whoever asks is no member, nor an operator who was let in: then nobody tells them
    /// that there is such a community.
    /// Today's permissions count, whichever moment is looked at.
    pub async fn enter(
        ctx: &Context<'_>,
        guild: GuildId,
        as_of: Option<domain::Moment>,
    ) -> Answer<Option<Self>> {
        let house = house(ctx);
        let signed_in = viewer(ctx)?.clone();
        Self::of(house, signed_in, guild, as_of).await
    }

    pub async fn of(
        house: &Arc<House>,
        signed_in: SignedIn,
        guild: GuildId,
        as_of: Option<domain::Moment>,
    ) -> Answer<Option<Self>> {
        // A key is of one community, and of the others it does not even learn that they are there.
        if signed_in.key.as_ref().is_some_and(|key| key.guild != guild) {
            return Ok(None);
        }
        let standing = house.directory.standing(guild, signed_in.user).await?;
        let visiting = house.actions.visiting(guild, signed_in.user, standing.as_ref()).await?;
        let Some(standing) = visiting.or(standing) else { return Ok(None) };
        house.actions.require_unblocked(guild, signed_in.user).await?;
        let standing = house.actions.with_grants(guild, signed_in.user, standing).await?;
        let caller = Caller::member(signed_in.user, standing);
        let caller = match &signed_in.key {
            None => caller,
            Some(key) => caller.through(key.through()),
        };
        let then = match as_of {
            None | Some(domain::Moment::Now) => None,
            Some(moment) => Some(house.time_machine.event_at(guild, moment).await?),
        };
        let house = Arc::clone(house);
        let may = OnceCell::new();
        Ok(Some(Self(Arc::new(Inner { house, guild, caller, signed_in, then, may }))))
    }

    /// For doing something: whoever is no member is told that they may not.
    pub async fn for_doing(ctx: &Context<'_>, guild: GuildId) -> Answer<Self> {
        let scope = Self::enter(ctx, guild, None).await?;
        scope.ok_or_else(|| {
            Trouble::forbidden("You are no member of this community, or this bot is not in it.")
        })
    }

    pub fn guild(&self) -> GuildId {
        self.0.guild
    }

    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }

    pub fn signed_in(&self) -> &SignedIn {
        &self.0.signed_in
    }

    pub fn house(&self) -> &Arc<House> {
        &self.0.house
    }

    pub fn actions(&self) -> &Actions {
        &self.0.house.actions
    }

    pub fn then(&self) -> Option<&Recorded> {
        self.0.then.as_ref()
    }

    /// The number of the last event that is looked at; none for now.
    pub fn until(&self) -> Option<u64> {
        self.0.then.as_ref().map(|event| event.guild_seq)
    }

    /// What whoever asks may here.
    pub async fn permissions(&self) -> Answer<&[Permission]> {
        let find = || self.actions().permissions(self.guild(), self.caller());
        Ok(self.0.may.get_or_try_init(find).await?)
    }

    pub async fn may(&self, any_of: &[Permission]) -> Answer<bool> {
        let held = self.permissions().await?;
        Ok(any_of.iter().any(|permission| held.contains(permission)))
    }

    pub async fn require(&self, any_of: &[Permission]) -> Answer<()> {
        if self.may(any_of).await? {
            return Ok(());
        }
        let names: Vec<_> = any_of.iter().map(|permission| permission.name()).collect();
        let names = names.join(" or ");
        let text = match &self.signed_in().key {
            None => format!("You need the permission {names} for this."),
            Some(_) => format!(
                "This needs the permission {names}: the owner of this key must have it, and the key a \
                 scope for it."
            ),
        };
        Err(Trouble::forbidden(text))
    }

    /// Keeps that whoever asks looks at something of others'.
    pub async fn looks_at(&self, thing: Thing) {
        self.actions().note_read(self.guild(), self.caller(), thing, Via::Dashboard).await;
    }

    /// A read model, now or as it was.
    pub async fn reading(&self, projection: &'static str) -> Answer<Reading> {
        match &self.0.then {
            None => Ok(Reading::Now(self.actions().store().clone())),
            Some(event) => {
                let house = &self.0.house;
                house.past.view(house, event, projection).await.map(Reading::Then)
            }
        }
    }
}

/// What queries run on.
#[derive(Debug)]
pub enum Reading {
    Now(ReadStore),
    Then(Arc<View>),
}

impl Deref for Reading {
    type Target = ReadStore;

    fn deref(&self) -> &ReadStore {
        match self {
            Self::Now(store) => store,
            Self::Then(view) => view.store(),
        }
    }
}

type Key = (GuildId, u64, &'static str);
type Slot = Arc<OnceCell<Arc<View>>>;

/// Moments that were looked at not long ago: a page asks the same moment several times.
#[derive(Debug, Default)]
pub struct PastViews(Mutex<Vec<(Key, Slot)>>);

impl PastViews {
    async fn view(
        &self,
        house: &House,
        event: &Recorded,
        projection: &'static str,
    ) -> Answer<Arc<View>> {
        let key = (event.guild(), event.guild_seq, projection);
        let slot = {
            let mut kept = self.0.lock().await;
            let found = kept.iter().position(|(known, _)| *known == key);
            let entry = match found {
                Some(at) => kept.remove(at),
                None => (key, Slot::default()),
            };
            let slot = Arc::clone(&entry.1);
            kept.push(entry);
            if kept.len() > PAST_VIEWS {
                kept.remove(0);
            }
            slot
        };
        let open = || async {
            let moment = domain::Moment::Seq(event.guild_seq);
            let visit = Visit::of("dashboard");
            let view = house.time_machine.at(event.guild(), moment, &[projection], visit).await?;
            Ok::<_, Trouble>(Arc::new(view))
        };
        slot.get_or_try_init(open).await.map(Arc::clone)
    }
}
