//! Lists that somebody can want whole, and take elsewhere: every one has a stable name, documented
//! columns, somebody who may have it, and a reader that holds one page at a time.
//!
//! One registry serves everything: files (`reeve export`, HTTP), the views `analyst_…` of both
//! stores, snapshots and `reeve query`, and `docs/analysts/`. A name or a column that stands here is
//! a promise: it may get company, at the end, but it stays and means what it meant.
//!
//! Each list is made of one read model, so that a new build of that takes its views along. Texts
//! that are sealed are no part of views: only who may read them has them opened, in a file.
//!
//! To add a list: an [`Export`] in the file of its capability below, and its name in
//! `REGISTERED`; then refresh `docs/analysts/` with
//! `REEVE_TEST_UPDATE=1 cargo nextest run -p projections analysts`.

mod activity;
mod codes;
mod columns;
mod documents;
mod economy;
mod giveaways;
mod levels;
mod logs;
mod moderation;
mod query;
mod read;
mod reads;
mod squads;
pub(crate) mod views;

use crate::projection::AnyProjection;

pub(crate) use self::views::Snapshot;
pub use self::{
    columns::{Column, Kind, Seal},
    documents::pages,
    query::{Cell, Limits, QueryError, Question, ask},
    read::{Filter, PAGE, Reader, count},
};

/// Who may have a list. What a permission is called is known above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Sums and counts, without saying who.
    Numbers,
    /// What members have and did, counted.
    Members,
    /// Records of members: cases.
    Records,
    /// What was logged of a community, and what was refused.
    Logs,
    /// Who entered which giveaway, and what happened in it.
    Giveaways,
    /// Codes, and what they were used for; who holds a tier.
    Rewards,
    /// Who looked at what.
    Access,
}

/// A list that can be had whole.
#[derive(Debug)]
pub struct Export {
    pub name: &'static str,
    pub about: &'static str,
    pub audience: Audience,
    /// The read model whose tables it is made of.
    pub projection: &'static str,
    /// What stands behind `FROM`; `{name}` is a table of the read model. It has a column `guild`.
    pub from: &'static str,
    /// Columns of that which, after the guild, tell rows apart and put them in order.
    pub key: &'static [&'static str],
    pub columns: &'static [Column],
    /// Which rows whoever looks may see; `{viewer}` is their number. All where there is none.
    pub told: Option<&'static str>,
}

impl Export {
    /// `analyst_balances`
    pub fn view(&self) -> String {
        format!("analyst_{}", self.name)
    }

    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The moment that `since` and `until` are about.
    pub fn when(&self) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.is_when)
    }

    /// Whether rows are about members, whom one can ask for.
    pub fn has_members(&self) -> bool {
        self.columns.iter().any(|column| column.kind == Kind::Person)
    }

    /// Whether somebody looks into records of others with it.
    pub fn is_sensitive(&self) -> bool {
        matches!(self.audience, Audience::Records | Audience::Logs)
    }
}

/// Every list. A new one adds its line here.
static REGISTERED: &[&Export] = &[
    &economy::BALANCES,
    &economy::WEEKLY_GAINS,
    &economy::TRANSACTIONS,
    &activity::HOURLY,
    &activity::DAILY,
    &activity::CHANNELS,
    &activity::MEMBERS,
    &activity::JOINS,
    &activity::COMMANDS,
    &activity::GAPS,
    &activity::TALLIES,
    &levels::RANKS,
    &levels::PERIODS,
    &logs::ENTRIES,
    &logs::REFUSALS,
    &reads::READS,
    &moderation::CASES,
    &moderation::ENTRIES,
    &moderation::MODERATORS,
    &giveaways::GIVEAWAYS,
    &giveaways::ENTRANTS,
    &giveaways::TIMELINE,
    &codes::CAMPAIGNS,
    &codes::USES,
    &squads::SQUADS,
    &squads::MEMBERS,
    &squads::TIERS,
    &squads::TIER_HOLDERS,
];

pub fn registered() -> &'static [&'static Export] {
    REGISTERED
}

pub fn named(name: &str) -> Option<&'static Export> {
    registered().iter().copied().find(|export| export.name == name)
}

/// Those that are made of a read model.
fn made_of(projection: &dyn AnyProjection) -> impl Iterator<Item = &'static Export> {
    let name = projection.name();
    registered().iter().copied().filter(move |export| export.projection == name)
}
