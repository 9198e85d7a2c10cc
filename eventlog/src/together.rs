//! Small writes that come at the same moment, in one transaction. Twenty read models and processes
//! hear of each event, most of them only to say that they have seen it; each commit of its own would
//! wait for the disk.

use std::sync::Arc;

use crate::{
    log::LogError,
    sql::{Db, Value},
    turns::Turns,
};

/// Statements of one transaction.
const MOST_AT_ONCE: usize = 1_000;

#[derive(Clone, Debug)]
pub struct Together(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    db: Db,
    turns: Turns<Statement, u64>,
}

type Statement = (&'static str, Vec<Value>);

impl Together {
    pub fn new(db: Db) -> Self {
        Self(Arc::new(Shared { db, turns: Turns::new(MOST_AT_ONCE) }))
    }

    /// How many rows one statement changed, once that is committed. Its rows must be nobody else's,
    /// and what it changes must be right whatever the others do.
    pub async fn execute(
        &self,
        sql: &'static str,
        parameters: Vec<Value>,
    ) -> Result<u64, LogError> {
        self.0.turns.take(((sql, parameters), 1), |all| self.write(all)).await
    }

    async fn write(&self, all: Vec<Arc<Statement>>) -> Result<Vec<u64>, LogError> {
        // Rows are locked in one order, so that nobody waits in a circle with others who lock several.
        let mut order: Vec<_> = (0..all.len()).collect();
        order.sort_by_key(|at| &all[*at]);
        let mut tx = self.0.db.begin().await?;
        let mut counts = vec![0; all.len()];
        for at in order {
            let (sql, parameters) = &*all[at];
            counts[at] = tx.execute(sql, parameters).await?;
        }
        tx.commit().await?;
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sql::Durability, values};

    const ADD: &str = "UPDATE counters SET n = n + 1 WHERE name = $1";

    async fn counters(directory: &std::path::Path) -> Db {
        let db = Db::open_sqlite(&directory.join("a.db"), Durability::Full).unwrap();
        db.run_script("CREATE TABLE counters (name bigint PRIMARY KEY, n bigint NOT NULL)")
            .await
            .unwrap();
        for name in 0..20_i64 {
            let insert = "INSERT INTO counters (name, n) VALUES ($1, 0)";
            db.execute(insert, &values![name]).await.unwrap();
        }
        db
    }

    /// What becomes of statements that come while another transaction is open.
    async fn meanwhile(
        together: &Together,
        statements: Vec<(&'static str, i64)>,
    ) -> Vec<Result<u64, LogError>> {
        let open = together.0.db.begin().await.unwrap();
        let execute = |(sql, name)| Box::pin(together.execute(sql, values![name].to_vec()));
        let mut all: Vec<_> = statements.into_iter().map(execute).collect();
        for one in &mut all {
            assert!(futures::poll!(one).is_pending());
        }
        drop(open);
        futures::future::join_all(all).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn given_many_at_once_then_each_is_committed_in_one_transaction() {
        let directory = tempfile::tempdir().unwrap();
        let db = counters(directory.path()).await;
        let together = Together::new(db.clone());
        let before = db.commits().unwrap();
        let mut all: Vec<_> = (0..20).map(|name| (ADD, name)).collect();
        all.push((ADD, 99));
        let counts = meanwhile(&together, all).await.into_iter().map(Result::unwrap);
        assert_eq!(counts.collect::<Vec<_>>(), [vec![1; 20], vec![0]].concat());
        assert_eq!(db.commits().unwrap() - before, 2, "the first, and all who came meanwhile");
        let rows = db.query("SELECT COUNT(*) FROM counters WHERE n = 1", &[]).await.unwrap();
        assert_eq!(rows[0].int(0).unwrap(), 20);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn given_one_that_fails_then_the_others_are_written_without_it() {
        let directory = tempfile::tempdir().unwrap();
        let together = Together::new(counters(directory.path()).await);
        let broken = "UPDATE nothing SET n = $1";
        let all = vec![(ADD, 1), (broken, 2), (ADD, 3), (ADD, 4)];
        let outcomes = meanwhile(&together, all).await;
        assert_eq!(outcomes.iter().flatten().count(), 3, "{outcomes:?}");
        assert!(outcomes[1].is_err());
        let rows = together.0.db.query("SELECT name FROM counters WHERE n = 1", &[]).await.unwrap();
        assert_eq!(rows.len(), 3);
    }
}
