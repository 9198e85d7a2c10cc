//! How often each name, address and browser was tried, in the store.

use domain::Timestamp;
use eventlog::{
    LogError,
    sql::{Db, Tx},
    values,
};

use super::lockout::{Rule, Tries};

/// Things that are remembered; the oldest go first.
const MOST: u64 = 10_000;
/// And so long after the last try: longer than any rule remembers.
const KEPT_SECS: i64 = 2 * 86_400;

/// Something that tries are counted of, under a keyed hash.
#[derive(Clone, Debug)]
pub struct Counted {
    pub rule: Rule,
    pub what: Vec<u8>,
}

/// Counts one more try of all of them; or says from when on one may be made, and counts none.
pub async fn counted(
    tx: &mut Tx,
    things: &[Counted],
    now: Timestamp,
) -> Result<Result<(), Timestamp>, LogError> {
    let mut things: Vec<_> = things.iter().collect();
    // Always in the same order, or two tries could wait for each other.
    things.sort_by(|one, other| one.what.cmp(&other.what));
    let mut after = Vec::new();
    let mut wait: Option<Timestamp> = None;
    for thing in things {
        // Whoever counts the same thing waits here.
        let hold = "INSERT INTO operator_tries (what, many, last_at, until_at) VALUES ($1, 0, $2, 0) \
                    ON CONFLICT (what) DO UPDATE SET what = excluded.what";
        tx.execute(hold, &values![thing.what.as_slice(), now]).await?;
        let sql = "SELECT many, last_at, until_at FROM operator_tries WHERE what = $1";
        let rows = tx.query(sql, &values![thing.what.as_slice()]).await?;
        let before = match rows.first() {
            Some(row) => Some(Tries {
                many: row.int(0)?,
                last_at: Timestamp::from_micros(row.int(1)?),
                until: Timestamp::from_micros(row.int(2)?),
            }),
            None => None,
        };
        match thing.rule.count(before, now) {
            Ok(tries) => after.push((thing, tries)),
            Err(until) => wait = wait.max(Some(until)),
        }
    }
    if let Some(until) = wait {
        return Ok(Err(until));
    }
    for (thing, Tries { many, last_at, until }) in after {
        let sql =
            "UPDATE operator_tries SET many = $2, last_at = $3, until_at = $4 WHERE what = $1";
        tx.execute(sql, &values![thing.what.as_slice(), many, last_at, until]).await?;
    }
    Ok(Ok(()))
}

/// What nobody asks for any more is thrown away. Not in the transaction that counts: two of those
/// could wait for each other.
pub async fn tidied(db: &Db, now: Timestamp) -> Result<(), LogError> {
    let old = "DELETE FROM operator_tries WHERE last_at < $1";
    db.execute(old, &values![now.plus_secs(-KEPT_SECS)]).await?;
    let crowd = "DELETE FROM operator_tries WHERE last_at < (SELECT last_at FROM operator_tries \
                 ORDER BY last_at DESC LIMIT 1 OFFSET $1)";
    db.execute(crowd, &values![MOST]).await?;
    Ok(())
}

/// They signed in.
pub async fn forget(tx: &mut Tx, things: &[Counted]) -> Result<(), LogError> {
    let mut things: Vec<_> = things.iter().collect();
    things.sort_by(|one, other| one.what.cmp(&other.what));
    for thing in things {
        let sql = "DELETE FROM operator_tries WHERE what = $1";
        tx.execute(sql, &values![thing.what.as_slice()]).await?;
    }
    Ok(())
}
