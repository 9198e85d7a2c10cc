//! What other capabilities came to in each quarter of an hour: cases by kind, bytes by kind of
//! movement, giveaways. Numbers only; whose they were stands in the read models of those
//! capabilities.

use std::collections::BTreeMap;

use domain::{
    Decider, GuildId, Timestamp,
    case::Kind,
    economy::{self, Economy},
    giveaways::{self, Giveaway},
    moderation::{self, Moderation},
};
use eventlog::{LogError, Recorded, decode, values};

use super::Slot;
use crate::{
    moderation::{kind_of_deed, kind_word},
    projection::{Projection, Table, Tables},
};

#[derive(Debug)]
pub struct Tallies;

/// How often something was, and how many bytes were in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub count: i64,
    pub amount: i64,
}

pub const CASES: &str = "case";
pub const BYTES: &str = "bytes";
pub const GIVEAWAYS: &str = "giveaway";

/// What, which kind of it, when.
type Key = (GuildId, &'static str, &'static str, Slot);

impl Projection for Tallies {
    const NAME: &'static str = "tallies";
    const VERSION: u32 = 2;
    const CATEGORIES: &'static [&'static str] =
        &[Economy::CAPABILITY, Moderation::CAPABILITY, Giveaway::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "tallies",
        create: "CREATE TABLE {tallies} (
            guild  bigint NOT NULL,
            what   text   NOT NULL, -- case, bytes or giveaway
            slot   bigint NOT NULL, -- quarters of an hour since 1970
            kind   text   NOT NULL,
            count  bigint NOT NULL,
            amount bigint NOT NULL, -- of bytes
            PRIMARY KEY (guild, what, slot, kind)
        ) {clustered};",
    }];
    type Batch = BTreeMap<Key, Tally>;

    fn fold(batch: &mut Self::Batch, event: &Recorded) -> Result<(), LogError> {
        let told = match event.stream.category() {
            Economy::CAPABILITY => movement(event)?,
            Moderation::CAPABILITY => case(&decode(event)?),
            _ => giveaway(event)?,
        };
        if let Some((what, kind, at, amount)) = told {
            let tally = batch.entry((event.guild(), what, kind, Slot::of(at))).or_default();
            tally.count += 1;
            tally.amount += amount;
        }
        Ok(())
    }

    async fn write(batch: Self::Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let row = |((guild, what, kind, slot), tally): (Key, Tally)| {
            values![guild, what, slot.0, kind, tally.count, tally.amount]
        };
        let rows: Vec<_> = batch.into_iter().map(row).collect();
        let add = "INSERT INTO {tallies} (guild, what, slot, kind, count, amount) \
                   VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (guild, what, slot, kind) DO UPDATE SET \
                   count = {tallies}.count + excluded.count, \
                   amount = {tallies}.amount + excluded.amount";
        tables.execute_many(add, rows).await
    }
}

type Told = Option<(&'static str, &'static str, Timestamp, i64)>;

/// By the same words as `transactions`.
fn movement(event: &Recorded) -> Result<Told, LogError> {
    use economy::Event;
    let (kind, amount) = match decode::<Event>(event)? {
        Event::AccountOpened { starting: domain::Bytes::ZERO, .. } | Event::SpendSettled { .. } => {
            return Ok(None);
        }
        Event::AccountOpened { starting, .. } => ("start", starting),
        Event::BytesGranted { amount, .. } => ("grant", amount),
        Event::BytesTaken { amount, .. } => ("take", amount),
        Event::BytesTransferred { amount, .. } => ("transfer", amount),
        Event::DailyAwarded { amount, .. } => ("daily", amount),
        Event::BytesSpent { amount, .. } => ("spend", amount),
        Event::SpendRefunded { amount, .. } => ("refund", amount),
    };
    Ok(Some((BYTES, kind, event.at, amount.0)))
}

/// Where a case begins.
fn case(event: &moderation::Event) -> Told {
    use moderation::Event;
    let (kind, at) = match event {
        Event::MemberWarned { at, .. } => (Kind::Warning, *at),
        Event::MemberNoted { at, .. } => (Kind::Note, *at),
        Event::DeedOrdered { deed, at, .. } | Event::DeedObserved { deed, at, .. } => {
            (kind_of_deed(*deed), *at)
        }
        _ => return None,
    };
    Some((CASES, kind_word(kind), at, 0))
}

fn giveaway(event: &Recorded) -> Result<Told, LogError> {
    use giveaways::Event;
    let (kind, at) = match decode::<Event>(event)? {
        Event::Created { at, .. } => ("created", at),
        Event::Entered { at, .. } => ("entered", at),
        Event::WinnerConfirmed { at, .. } => ("won", at),
        Event::PrizeClaimed { at, .. } => ("claimed", at),
        _ => return Ok(None),
    };
    Ok(Some((GIVEAWAYS, kind, at, 0)))
}
