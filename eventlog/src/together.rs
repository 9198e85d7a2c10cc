//! Small writes that come at the same moment, in one transaction. Twenty read models and processes
//! hear of each event, most of them only to say that they have seen it; each commit of its own would
//! wait for the disk.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{
    log::LogError,
    sql::{Db, Value},
};

/// Whoever comes while one transaction is committed waits, and the first of them writes for all.
#[derive(Clone, Debug)]
pub struct Together(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    db: Db,
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Waiting {
    sql: &'static str,
    parameters: Vec<Value>,
    answer: oneshot::Sender<Result<u64, LogError>>,
}

impl Together {
    pub fn new(db: Db) -> Self {
        Self(Arc::new(Shared {
            db,
            waiting: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }))
    }

    /// How many rows one statement changed, once that is committed. Its rows must be nobody else's,
    /// and what it changes must be right whatever the others do: an error is everybody's.
    pub async fn execute(
        &self,
        sql: &'static str,
        parameters: Vec<Value>,
    ) -> Result<u64, LogError> {
        let (answer, mut answered) = oneshot::channel();
        self.0.waiting.lock().push(Waiting { sql, parameters, answer });
        let turn = self.0.turn.lock().await;
        match answered.try_recv() {
            Ok(outcome) => return outcome,
            // Whoever wrote for us was stopped.
            Err(oneshot::error::TryRecvError::Closed) => return Err(stopped()),
            Err(oneshot::error::TryRecvError::Empty) => {}
        }
        let mut all = std::mem::take(&mut *self.0.waiting.lock());
        // Rows are locked in one order, so that nobody waits in a circle with others who lock several.
        all.sort_by(|one, other| (one.sql, &one.parameters).cmp(&(other.sql, &other.parameters)));
        match self.write(&all).await {
            Ok(counts) => {
                for (waiting, count) in all.into_iter().zip(counts) {
                    let _ = waiting.answer.send(Ok(count));
                }
            }
            Err(error) => {
                for waiting in all {
                    let _ = waiting.answer.send(Err(error.clone()));
                }
            }
        }
        drop(turn);
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    async fn write(&self, all: &[Waiting]) -> Result<Vec<u64>, LogError> {
        let mut tx = self.0.db.begin().await?;
        let mut counts = Vec::with_capacity(all.len());
        for Waiting { sql, parameters, .. } in all {
            counts.push(tx.execute(sql, parameters).await?);
        }
        tx.commit().await?;
        Ok(counts)
    }
}

fn stopped() -> LogError {
    LogError::Unavailable("whoever was writing was stopped".to_owned())
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

    /// What becomes of statements that come while another transaction is committed.
    async fn meanwhile(
        together: &Together,
        statements: Vec<(&'static str, i64)>,
    ) -> Vec<Result<u64, LogError>> {
        let (turn, many) = (together.0.turn.lock().await, statements.len());
        let mut all = Vec::new();
        for (sql, name) in statements {
            let together = together.clone();
            all.push(tokio::spawn(
                async move { together.execute(sql, values![name].to_vec()).await },
            ));
        }
        while together.0.waiting.lock().len() < many {
            tokio::task::yield_now().await;
        }
        drop(turn);
        let outcomes = futures::future::join_all(all).await;
        outcomes.into_iter().map(Result::unwrap).collect()
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
        assert_eq!(db.commits().unwrap() - before, 1);
        let rows = db.query("SELECT COUNT(*) FROM counters WHERE n = 1", &[]).await.unwrap();
        assert_eq!(rows[0].int(0).unwrap(), 20);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn given_one_that_fails_then_nothing_is_written_and_the_next_go_on() {
        let directory = tempfile::tempdir().unwrap();
        let together = Together::new(counters(directory.path()).await);
        let broken = "UPDATE nothing SET n = $1";
        let outcomes = meanwhile(&together, vec![(ADD, 1), (broken, 2), (ADD, 3)]).await;
        assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
        let rows = together.0.db.query("SELECT name FROM counters WHERE n > 0", &[]).await.unwrap();
        assert!(rows.is_empty());
        assert_eq!(together.execute(ADD, values![5_i64].to_vec()).await.unwrap(), 1);
    }
}
