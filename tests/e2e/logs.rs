//! Logs that tests fill and look at, without the binary.

use std::{path::Path, sync::Arc};

use eventlog::{
    Appended, EventLog, Position, Recorded, Slice,
    contract::{
        TestDatabase,
        given::{append, new_key, stream},
    },
    postgres::{PostgresLog, ServerOptions},
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
};

use crate::support::block_on;

pub const PLAIN: &str = r#"{"happened":{"what":"something that takes a little room"}}"#;

/// A log in this directory with so many events of seven guilds.
pub fn fill(directory: &Path, events: u64) {
    block_on(async {
        let log = open(directory);
        let payloads = [PLAIN; 100];
        for number in 0..events / 100 {
            let (guild, expected) = (1 + number % 7, number / 7 * 100);
            let append = append(&stream(guild), expected, &new_key(), &payloads);
            let outcome = log.appender().append(append).await.unwrap();
            assert!(matches!(outcome, Appended::Written(_)), "{outcome:?}");
        }
        log.shutdown().await;
    });
}

pub fn open(directory: &Path) -> SqliteLog {
    let lock = Arc::new(DirectoryLock::take(directory).unwrap());
    SqliteLog::open(directory, lock, SqliteOptions::default()).unwrap()
}

/// Everything that a move keeps of what is in it.
pub fn in_directory(directory: &Path) -> Vec<Recorded> {
    block_on(read(&SqliteLog::read_only(directory).unwrap()))
}

pub fn in_database(database: &TestDatabase) -> Vec<Recorded> {
    block_on(async {
        let log = PostgresLog::open(database.pool(2), ServerOptions::default()).await.unwrap();
        let events = read(&log).await;
        log.shutdown().await;
        events
    })
}

async fn read(log: &dyn EventLog) -> Vec<Recorded> {
    let (mut all, mut after) = (Vec::new(), Position::START);
    loop {
        let page = log.read_all(after, 5_000, Slice::ALL).await.unwrap();
        if page.up_to <= after {
            return all;
        }
        after = page.up_to;
        all.extend(page.events.into_iter().map(|event| event.placed(Position::START)));
    }
}
