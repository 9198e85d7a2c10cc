//! Cases of all communities, for operators: what was done where, to whom and by whom. What people
//! wrote is not told: acting inside a community is another thing than seeing that it has trouble.
//! Each community whose cases are shown has it in its access log.

use std::collections::{BTreeMap, BTreeSet};

use actions::{Caller, Standing};
use async_graphql::{
    Context, InputObject, SimpleObject,
    connection::{Connection, CursorType, Edge},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    CaseNumber, GuildId, Timestamp,
    reads::{Thing, Via},
};
use futures::{StreamExt as _, stream};
use projections::moderation::cases::{self, Behind, CaseSomewhere, Wide};

use super::case::{CaseKind, CaseStatus};
use crate::{
    guard::operator,
    guild::guild_id,
    page::Asked,
    people::Person,
    scalars::{Snowflake, Time},
    scope::house,
    trouble::{Answer, Trouble},
};

/// Communities whose names are asked for at once.
const AT_ONCE: usize = 8;

/// Which cases: all that is named must hold.
#[derive(InputObject, Default)]
pub struct EverywhereFilter {
    pub guild: Option<Snowflake>,
    pub kind: Option<CaseKind>,
    pub status: Option<CaseStatus>,
    /// Only what counts or is in force.
    pub active: Option<bool>,
    pub since: Option<Time>,
    pub until: Option<Time>,
}

/// A case of some community.
#[derive(Clone, SimpleObject)]
#[graphql(name = "CaseSomewhere")]
pub struct Everywhere {
    pub guild: Snowflake,
    /// None where this bot has left it, or Discord does not tell.
    pub guild_name: Option<String>,
    pub number: u32,
    pub kind: CaseKind,
    /// About whom.
    pub person: Person,
    /// Whose hand it was; none where it was a rule's, or Discord did not say.
    pub moderator: Option<Person>,
    pub at: Time,
    pub until: Option<Time>,
    /// `counts`, `under_way`, `in_force`, `done`, `failed` or `over`.
    pub standing: String,
    pub active: bool,
    pub status: CaseStatus,
    /// `open`, `accepted` or `refused`: the last appeal.
    pub appeal: Option<String>,
}

/// The last case of a page. One moment has many cases.
pub struct Last(Behind);

impl CursorType for Last {
    type Error = &'static str;

    fn decode_cursor(text: &str) -> Result<Self, Self::Error> {
        const WRONG: &str = "this is no cursor of this list; take one from pageInfo";
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| WRONG)?;
        let text = String::from_utf8(bytes).map_err(|_| WRONG)?;
        let mut parts = text.split('/');
        let mut part = || parts.next().ok_or(WRONG);
        let at = part()?.parse().map_err(|_| WRONG)?;
        let guild = part()?.parse().map_err(|_| WRONG)?;
        let number = part()?.parse().map_err(|_| WRONG)?;
        Ok(Self(Behind {
            at: Timestamp::from_micros(at),
            guild: GuildId::new(guild).map_err(|_| WRONG)?,
            number: CaseNumber(number),
        }))
    }

    fn encode_cursor(&self) -> String {
        let Behind { at, guild, number } = self.0;
        BASE64_URL_SAFE_NO_PAD.encode(format!("{}/{guild}/{}", at.as_micros(), number.0))
    }
}

pub async fn list(
    ctx: &Context<'_>,
    filter: EverywhereFilter,
    first: Option<i32>,
    after: Option<String>,
) -> Answer<Connection<Last, Everywhere>> {
    let Asked { first, .. } = Asked::read(first, None)?;
    let behind = after.as_deref().map(Last::decode_cursor).transpose();
    let behind = behind.map_err(|problem| Trouble::bad_input(format!("after: {problem}.")))?;
    let house = house(ctx);
    let now = house.actions.now();
    let wanted = Wide {
        guild: filter.guild.map(guild_id).transpose()?,
        kind: filter.kind.map(Into::into),
        status: filter.status.map(Into::into),
        active: (filter.active == Some(true)).then_some(now),
        since: filter.since.map(|since| since.0),
        until: filter.until.map(|until| until.0),
    };
    let store = house.actions.store();
    let began = behind.is_some();
    let mut rows = cases::everywhere(store, &wanted, behind.map(|last| last.0), first + 1).await?;
    let more = rows.len() > first as usize;
    rows.truncate(first as usize);
    noted(ctx, &rows).await?;
    let names = names(ctx, &rows).await;
    let mut list = Connection::new(began, more);
    list.edges.extend(rows.into_iter().map(|CaseSomewhere { guild, case }| {
        let last = Last(Behind { at: case.at, guild, number: case.number });
        let line = Everywhere {
            guild: Snowflake(guild.get()),
            guild_name: names.get(&guild).cloned(),
            number: case.number.0,
            kind: case.kind.into(),
            person: Person::of(guild, case.person),
            moderator: case.by.member().map(|number| Person::of(guild, number)),
            at: Time(case.at),
            until: case.until.map(Time),
            active: case.is_active(now),
            standing: case.standing,
            status: case.status.into(),
            appeal: case.appeal,
        };
        Edge::new(last, line)
    }));
    Ok(list)
}

/// Each community whose cases are shown can see that an operator looked.
async fn noted(ctx: &Context<'_>, rows: &[CaseSomewhere]) -> Answer<()> {
    let standing = Standing { visits: true, ..Standing::everyone() };
    let caller = Caller::member(operator(ctx)?.person()?.user, standing);
    let guilds: BTreeSet<GuildId> = rows.iter().map(|row| row.guild).collect();
    for guild in guilds {
        house(ctx).actions.note_read(guild, &caller, Thing::Cases, Via::Dashboard).await;
    }
    Ok(())
}

/// Of the communities of one page, each asked for once.
async fn names(ctx: &Context<'_>, rows: &[CaseSomewhere]) -> BTreeMap<GuildId, String> {
    let directory = &house(ctx).directory;
    let guilds: BTreeSet<GuildId> = rows.iter().map(|row| row.guild).collect();
    let ask = |guild: GuildId| async move {
        let community = directory.community(guild).await.ok().flatten();
        community.map(|community| (guild, community.name))
    };
    let asked = stream::iter(guilds.into_iter().map(ask)).buffer_unordered(AT_ONCE);
    asked.filter_map(|found| async { found }).collect().await
}
