//! Another process of the same installation, inside this one: threads, connections and a log of
//! its own. Killed, it is gone without a word.

use std::sync::Arc;

use eventlog::{EventLog, postgres};
use projections::{AnyProjection, ReadStore, Runtime, RuntimeOptions};

use super::{House, Site, TestClock, open_postgres};

pub struct Process(Option<tokio::runtime::Runtime>);

impl Process {
    /// On SQLite it shares the log of `house`, which only one process may hold.
    pub async fn start(
        site: &Site,
        house: &House,
        clock: &TestClock,
        projections: Vec<Box<dyn AnyProjection>>,
        options: RuntimeOptions,
    ) -> Self {
        let threads = super::threads();
        let (log, clock) = (Arc::clone(&house.log), clock.clone());
        let (directory, url) = (site.directory().to_owned(), site.url().map(str::to_owned));
        let started = threads.spawn(async move {
            let (log, store): (Arc<dyn EventLog>, _) = match url {
                None => (log, ReadStore::sqlite(&directory).unwrap()),
                Some(url) => {
                    let pool = postgres::pool(&url, 12).unwrap();
                    let log = open_postgres(&pool, clock.clock()).await;
                    (log, ReadStore::postgres(pool))
                }
            };
            let runtime = Runtime::start(projections, store, log, clock.clock(), options).await;
            // It never hears that it ends.
            std::mem::forget(runtime.unwrap());
        });
        started.await.unwrap();
        Self(Some(threads))
    }

    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
