//! GraphQL: what the dashboard reads and does. One file per capability; types are made of
//! read-model rows, mutations go through `actions`, the same place as slash commands.
//!
//! - [`build`] makes the schema over a [`House`]: actions, the time machine, and what the edge knows
//!   of Discord ([`Directory`]), of what is under way ([`Operations`]) and of who is signed in
//!   ([`Accounts`]).
//! - Everything of a community hangs on `guild(id, asOf)`, whose [`Scope`] knows who asks and which
//!   moment they look at. Who may see a field is said beside it, by a guard of `guard`; who may do
//!   something is decided by the action.
//! - What a question may cost is bounded by [`Limits`]; every answer that went wrong carries a code,
//!   and a fault the id under which an operator finds it (`trouble`).
//!
//! To add a capability: a file with `OnGuild` (its fields of a guild) and `Mutations`, and its line
//! in [`Guild`], in [`Mutation`], and where it has live news in [`Subscription`]; then refresh
//! `schema/schema.graphql` with `REEVE_TEST_UPDATE=1 cargo nextest run -p schema sdl`, and say in
//! `schema/authorization.txt` who may do it.

mod abuse;
mod access;
mod activity;
mod blocks;
mod codes;
mod done;
mod economy;
mod exports;
mod giveaways;
mod grants;
mod guard;
mod guild;
mod history;
mod house;
mod keys;
mod levels;
mod live;
mod logs;
mod moderation;
mod modules;
mod operations;
mod page;
mod people;
mod reads;
mod refusals;
mod scalars;
mod scope;
mod sentence;
mod settings;
mod squads;
mod tiers;
mod trouble;
mod viewer;
mod visits;
mod webhooks;

use std::sync::Arc;

use async_graphql::{
    MergedObject, MergedSubscription, Schema,
    extensions::apollo_persisted_queries::{ApolloPersistedQueries, LruCacheStorage},
};

pub use abuse::Limits;
pub use house::{
    Accounts, CallerLine, Channel, Community, Delivery, Directory, Effect, EffectCounts, House,
    Operations, ParkedGuild, ProcessLine, Profile, Role, SessionLine, Unknown, Written, colour,
};
pub use keys::gate::{Needs, needs};
pub use people::request_people;
pub use scope::Scope;
pub use trouble::{Code, Trouble};
pub use viewer::{Account, Identity, OperatorSignedIn, SignedIn};

/// Everything of one community. A capability adds its line here.
#[derive(Debug, MergedObject)]
pub struct Guild(
    guild::OnGuild,
    economy::OnGuild,
    moderation::OnGuild,
    settings::OnGuild,
    modules::OnGuild,
    access::OnGuild,
    keys::OnGuild,
    webhooks::OnGuild,
    blocks::OnGuild,
    refusals::OnGuild,
    reads::OnGuild,
    grants::OnGuild,
    visits::OnGuild,
    logs::OnGuild,
    history::OnGuild,
    activity::OnGuild,
    levels::OnGuild,
    giveaways::OnGuild,
    codes::OnGuild,
    squads::OnGuild,
    tiers::OnGuild,
    exports::OnGuild,
);

impl Guild {
    fn of(scope: &Scope) -> Self {
        Self(
            guild::OnGuild(scope.clone()),
            economy::OnGuild(scope.clone()),
            moderation::OnGuild(scope.clone()),
            settings::OnGuild(scope.clone()),
            modules::OnGuild(scope.clone()),
            access::OnGuild(scope.clone()),
            keys::OnGuild(scope.clone()),
            webhooks::OnGuild(scope.clone()),
            blocks::OnGuild(scope.clone()),
            refusals::OnGuild(scope.clone()),
            reads::OnGuild(scope.clone()),
            grants::OnGuild(scope.clone()),
            visits::OnGuild(scope.clone()),
            logs::OnGuild(scope.clone()),
            history::OnGuild(scope.clone()),
            activity::OnGuild(scope.clone()),
            levels::OnGuild(scope.clone()),
            giveaways::OnGuild(scope.clone()),
            codes::OnGuild(scope.clone()),
            squads::OnGuild(scope.clone()),
            tiers::OnGuild(scope.clone()),
            exports::OnGuild(scope.clone()),
        )
    }
}

#[derive(Debug, MergedObject, Default)]
pub struct Query(viewer::Queries, guild::Queries, operations::Queries, giveaways::Queries);

/// What can be done. A capability adds its line here.
#[derive(Debug, MergedObject, Default)]
pub struct Mutation(
    viewer::Mutations,
    economy::Mutations,
    moderation::Mutations,
    settings::Mutations,
    modules::Mutations,
    blocks::Mutations,
    keys::Mutations,
    webhooks::Mutations,
    grants::Mutations,
    visits::Mutations,
    operations::Mutations,
    giveaways::Mutations,
    codes::Mutations,
    squads::Mutations,
    tiers::Mutations,
);

/// What is told as it happens. A capability with news of its own adds its line here.
#[derive(Debug, MergedSubscription, Default)]
pub struct Subscription(live::News);

pub type ReeveSchema = Schema<Query, Mutation, Subscription>;

/// The schema, ready to answer.
pub fn build(house: Arc<House>) -> ReeveSchema {
    let limits = house.limits;
    let mut builder = Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .limit_depth(limits.depth)
        .limit_complexity(limits.complexity)
        .limit_recursive_depth(limits.recursion)
        .limit_directives(limits.directives)
        .extension(abuse::AliasLimit { most: limits.aliases })
        .extension(keys::gate::Gate)
        .extension(ApolloPersistedQueries::new(LruCacheStorage::new(limits.persisted)))
        .data(house);
    if !limits.introspection {
        builder = builder.disable_introspection().disable_suggestions();
    }
    builder.finish()
}

/// The schema as text, for clients and for `schema/schema.graphql`.
pub fn sdl() -> String {
    let schema =
        Schema::build(Query::default(), Mutation::default(), Subscription::default()).finish();
    schema.sdl()
}
