//! Work that only one process does at a time. A lease that ran out goes to somebody else under
//! another epoch, and whoever held it before fails at the next transaction.

use domain::Timestamp;
use eventlog::{
    LogError,
    sql::{Db, Tx},
    values,
};

/// Why work cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("another process has taken this work over")]
    NotHeld,
    #[error(transparent)]
    Log(#[from] LogError),
    /// Somebody else's fault that passes.
    #[error("{0}")]
    Later(String),
}

#[derive(Clone, Debug)]
pub struct Lease {
    pub name: String,
    pub owner: String,
    pub epoch: i64,
    secs: i64,
}

impl Lease {
    /// Takes what nobody holds; none where somebody does.
    pub async fn claim(
        db: &Db,
        name: &str,
        owner: &str,
        secs: i64,
        now: Timestamp,
    ) -> Result<Option<Self>, LogError> {
        // One process at a time writes an embedded store: whoever had the lease is gone.
        let free_since = if db.is_sqlite() { Timestamp::from_micros(i64::MAX) } else { now };
        let mut tx = db.begin().await?;
        let make = "INSERT INTO work_leases (name, owner, epoch, lease_until) \
                    VALUES ($1, '', 0, 0) ON CONFLICT (name) DO NOTHING";
        tx.execute(make, &values![name]).await?;
        let claim = "UPDATE work_leases SET owner = $2, epoch = epoch + 1, lease_until = $4 \
                     WHERE name = $1 AND (owner = $2 OR lease_until < $3)";
        let until = now.plus_secs(secs);
        if tx.execute(claim, &values![name, owner, free_since, until]).await? == 0 {
            return Ok(None);
        }
        let select = "SELECT epoch FROM work_leases WHERE name = $1";
        let rows = tx.query(select, &values![name]).await?;
        let epoch = rows.first().map_or(Ok(0), |row| row.int(0))?;
        tx.commit().await?;
        Ok(Some(Self { name: name.to_owned(), owner: owner.to_owned(), epoch, secs }))
    }

    /// Still ours, and for longer: the first thing of every transaction.
    pub async fn hold(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Fault> {
        self.until(tx, now.plus_secs(self.secs)).await
    }

    /// As [`Lease::hold`], in a transaction of its own.
    pub async fn renew(&self, db: &Db, now: Timestamp) -> Result<(), Fault> {
        let mut tx = db.begin().await?;
        self.hold(&mut tx, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lets somebody else begin at once.
    pub async fn release(&self, db: &Db) {
        let release = async {
            let mut tx = db.begin().await?;
            self.until(&mut tx, Timestamp::from_secs(0)).await?;
            tx.commit().await?;
            Ok::<_, Fault>(())
        };
        if let Err(error) = release.await {
            tracing::debug!(lease = self.name, %error, "a lease is left to run out");
        }
    }

    async fn until(&self, tx: &mut Tx, until: Timestamp) -> Result<(), Fault> {
        let sql = "UPDATE work_leases SET lease_until = $4 \
                   WHERE name = $1 AND owner = $2 AND epoch = $3";
        let parameters = values![self.name.as_str(), self.owner.as_str(), self.epoch, until];
        if tx.execute(sql, &parameters).await? == 1 { Ok(()) } else { Err(Fault::NotHeld) }
    }
}
