//! The contract suite on the embedded backend, and what only a file can suffer.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use eventlog::{
    Appended, EventLog, Follower, LogError, Position, Slice,
    contract::{
        Backend as _, Keys, Options, SqliteBackend,
        appending::{all, put, written},
        disk::SmallDisk,
        given::{House, append, eventually, guild, key, new_key, request, soon, stream},
        kills,
        notes::{Notes, write},
        people::user,
    },
    sqlite::SqliteLog,
};

eventlog::contract_suite!(SqliteBackend);

const PLAIN: &str = r#"{"happened":{}}"#;

// proves: SYN-07, OPS-17
#[test]
fn given_kill_9_then_everything_acknowledged_is_there_once_in_order() {
    kills::survive::<SqliteBackend>(
        "given_kill_9_then_everything_acknowledged_is_there_once_in_order",
    );
}

#[test]
fn given_a_second_process_on_the_directory_then_in_use_with_the_firsts_number() {
    const HELD: &str = "REEVE_HELD_DIRECTORY";
    let name = "given_a_second_process_on_the_directory_then_in_use_with_the_firsts_number";
    if let Ok(directory) = std::env::var(HELD) {
        eventlog::contract::run(|_: SqliteBackend| hold(directory));
        return;
    }
    eventlog::contract::run(async |store: SqliteBackend| {
        let mut first = Command::new(std::env::current_exe().unwrap());
        first.args([name, "--exact", "--nocapture", "--test-threads=2"]);
        first.env(HELD, store.name()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut first = Holder(first.spawn().unwrap());
        let mut lines = BufReader::new(first.0.stdout.take().unwrap()).lines();
        assert!(lines.by_ref().any(|line| line.unwrap() == "holds"));

        let error = store.open(Options::default()).await.unwrap_err();
        assert!(matches!(error, LogError::InUse { .. }), "{error:?}");
        let process = format!("(process {})", first.0.id());
        assert!(error.to_string().contains(&process), "{error}");
        assert!(error.to_string().contains(&store.name()), "{error}");

        // Reading beside it is allowed, and goes on as it writes.
        let beside: Arc<dyn EventLog> = Arc::new(SqliteLog::read_only(store.directory()).unwrap());
        let mut follower = Follower::new(Arc::clone(&beside), Position::START, Slice::ALL);
        assert_eq!(follower.next(10).await.unwrap().events.len(), 1);
        first.0.stdin.as_mut().unwrap().write_all(b"another\n").unwrap();
        let page = soon("what it writes", follower.next(10)).await.unwrap();
        assert_eq!(page.events.len(), 1);
        let refused = beside.appender().append(append(&stream(1), 2, &new_key(), &[PLAIN])).await;
        assert!(matches!(refused, Err(LogError::ShuttingDown)), "{refused:?}");

        // Gone without a word, it holds nothing any more.
        drop(first);
        let log = store.open(Options::default()).await.unwrap();
        assert_eq!(all(&log).await.len(), 2);
        log.shutdown().await;
        drop(log);
        // And it can be read when nobody writes.
        let alone: Arc<dyn EventLog> = Arc::new(SqliteLog::read_only(store.directory()).unwrap());
        assert_eq!(all(&alone).await.len(), 2);
    });
}

struct Holder(Child);

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The other process: it appends one event, and another one whenever it is told to.
async fn hold(directory: String) {
    let log = SqliteBackend::named(&directory).open(Options::default()).await.unwrap();
    let mut version = 0;
    written(put(&log, append(&stream(1), version, &new_key(), &[PLAIN])).await);
    println!("\nholds");
    let mut line = String::new();
    while std::io::stdin().read_line(&mut line).unwrap() > 0 {
        version += 1;
        written(put(&log, append(&stream(1), version, &new_key(), &[PLAIN])).await);
    }
}

#[test]
fn given_no_log_in_the_directory_then_reading_says_what_to_start() {
    eventlog::contract::run(async |store: SqliteBackend| {
        let error = SqliteLog::read_only(store.directory()).unwrap_err();
        assert!(error.to_string().contains("reeve serve"), "{error}");
    });
}

#[test]
fn given_a_file_that_is_no_database_then_corrupt() {
    eventlog::contract::run(async |store: SqliteBackend| {
        std::fs::write(store.directory().join("log.db"), "once upon a time ".repeat(1000)).unwrap();
        let error = store.open(Options::default()).await.unwrap_err();
        assert!(matches!(error, LogError::Corrupt(_)), "{error:?}");
        let error = SqliteLog::read_only(store.directory()).unwrap_err();
        assert!(matches!(error, LogError::Corrupt(_)), "{error:?}");
    });
}

// proves: SYN-07
#[test]
fn given_a_full_disk_then_it_says_so_and_nothing_is_lost_and_it_goes_on_with_room() {
    let Some(disk) = SmallDisk::mount(4096, 2048) else { return };
    eventlog::contract::run(async |_: SqliteBackend| {
        let house = House::new(SqliteBackend::at(disk.path())).await;
        let notes = eventlog::StreamId::of_guild("notes", guild(1));
        let text = "x".repeat(20_000);
        let ask = async |number: usize| {
            let request = request(&key(&number.to_string()));
            house.bus.execute::<Notes>(&notes, &write(text.as_str()), &request).await
        };
        let mut acknowledged = Vec::new();
        let full = loop {
            match ask(acknowledged.len()).await {
                Ok(decision) => acknowledged.extend(decision.recorded),
                Err(error) => break error,
            }
        };
        assert!(acknowledged.len() > 20, "{}", acknowledged.len());
        let eventlog::CommandError::Log(LogError::DiskFull(_)) = &full else { panic!("{full:?}") };
        assert!(full.to_string().contains("free some space"), "{full}");
        // Many at once, all of which stand on each other: all are told.
        let refused = futures::future::join_all((0..20).map(|n| ask(1000 + n))).await;
        for answer in refused {
            let told =
                matches!(&answer, Err(eventlog::CommandError::Log(LogError::DiskFull(_))) | Ok(_));
            assert!(told, "{answer:?}");
            acknowledged.extend(answer.into_iter().flat_map(|decision| decision.recorded));
        }
        assert_eq!(all(&house.log).await, acknowledged);
        disk.throw_off_ballast();
        // The command that failed, repeated.
        let decision = ask(acknowledged.len()).await.unwrap();
        assert!(!decision.repeated);
        acknowledged.extend(decision.recorded);
        assert_eq!(all(&house.log).await, acknowledged);
        let house = house.restarted().await;
        assert_eq!(all(&house.log).await, acknowledged);
        house.log.shutdown().await;
    });
}

// proves: SYN-07
#[test]
fn given_a_sync_that_fails_then_nothing_more_is_written_until_a_restart_and_nothing_is_lost() {
    const STORE: &str = "REEVE_SYNC_STORE";
    const FAILS_WHILE: &str = "REEVE_SYNC_FAILS_WHILE";
    let name =
        "given_a_sync_that_fails_then_nothing_more_is_written_until_a_restart_and_nothing_is_lost";
    if let (Ok(store), Ok(switch)) = (std::env::var(STORE), std::env::var(FAILS_WHILE)) {
        eventlog::contract::run(|_: SqliteBackend| write_on_a_dying_disk(store, switch));
        return;
    }
    eventlog::contract::run(async |store: SqliteBackend| {
        let beside = tempfile::TempDir::with_prefix("reeve-sync-").unwrap();
        let library = beside.path().join("fail_sync.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sqlite/fail_sync.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([library.as_path(), Path::new(source)])
            .arg("-ldl")
            .status();
        if !compiled.is_ok_and(|status| status.success()) {
            println!("skipped: no C compiler here");
            return;
        }
        let child = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture", "--test-threads=2"])
            .env(STORE, store.name())
            .env(FAILS_WHILE, beside.path().join("failing"))
            .env("LD_PRELOAD", &library)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{said}\n{}", String::from_utf8_lossy(&child.stderr));
        assert!(said.contains("the disk failed"), "the other process did not get that far: {said}");

        // The restart: everything acknowledged is there, and what failed is there once at most.
        let log = store.open(Options::default()).await.unwrap();
        let before = all(&log).await.len() as u64;
        assert!((10..=11).contains(&before), "{before}");
        let again = put(&log, append(&stream(1), 10, &key("10"), &[PLAIN])).await;
        assert!(
            matches!((&again, before), (Appended::Written(_), 10) | (Appended::Duplicate, 11)),
            "{again:?} on {before}"
        );
        let events = all(&log).await;
        let found: Vec<_> = events.iter().map(|event| (event.version, event.id)).collect();
        let ids = (0..=10).map(|n| eventlog::event_id(&stream(1), &key(&n.to_string()), 0));
        assert_eq!(found, (1..).zip(ids).collect::<Vec<_>>());
    });
}

async fn write_on_a_dying_disk(store: String, switch: String) {
    let log = SqliteBackend::named(&store).open(Options::default()).await.unwrap();
    let ask = async |number: u64| {
        let append = append(&stream(1), number, &key(&number.to_string()), &[PLAIN]);
        log.appender().append(append).await
    };
    for number in 0..10 {
        written(ask(number).await.unwrap());
    }
    std::fs::write(&switch, "").unwrap();
    let failed = ask(10).await.unwrap_err();
    assert!(matches!(failed, LogError::DiskFailed(_)), "{failed:?}");
    // A sync that succeeds after one that failed proves nothing: the pages may be gone.
    std::fs::remove_file(&switch).unwrap();
    for number in [10, 11] {
        let refused = ask(number).await.unwrap_err();
        assert!(matches!(refused, LogError::DiskFailed(_)), "{refused:?}");
    }
    assert!(failed.to_string().contains("until the process is restarted"), "{failed}");
    assert_eq!(all(&log).await.len(), 10, "reading goes on");
    println!("\n{failed}");
    log.shutdown().await;
}

fn copy(directory: &Path, from: &str, to: &str) {
    for end in ["", "-wal", "-shm"] {
        let (from, to) = (format!("{from}{end}"), format!("{to}{end}"));
        let _ = std::fs::remove_file(directory.join(&to));
        if directory.join(&from).exists() {
            std::fs::copy(directory.join(&from), directory.join(&to)).unwrap();
        }
    }
}

#[test]
fn given_an_older_registry_put_back_then_the_erased_stay_erased() {
    eventlog::contract::run(async |store: SqliteBackend| {
        let directory = store.directory().to_owned();
        let house = House::new(store).await;
        let ann = house.people.person(guild(1), user(1)).await.unwrap();
        copy(&directory, "people.db", "kept");
        let ben = house.people.person(guild(1), user(2)).await.unwrap();
        for person in [ann, ben] {
            house.bus.erase_person(guild(1), person).await.unwrap();
        }
        let House { store, log, people, bus } = house;
        log.shutdown().await;
        drop((log, people, bus));
        copy(&directory, "kept", "people.db");
        // It is what it was: the key could be had without the list of erasures.
        assert_eq!(store.stored_secrets(guild(1)).await.len(), 3);
        let people = store.people(Keys::default()).await.unwrap();
        assert_eq!(people.user(guild(1), ann).await.unwrap(), None);
        assert_eq!(people.find(guild(1), user(1)).await.unwrap(), None);
        assert!(store.stored_secrets(guild(1)).await.is_empty());
        // Ben was not yet in the copy; his number is nobody else's even so.
        assert_eq!(people.person(guild(1), user(3)).await.unwrap().0, ben.0 + 1);
    });
}

#[test]
fn given_a_crash_between_delete_and_sweep_then_the_next_start_sweeps() {
    eventlog::contract::run(async |store: SqliteBackend| {
        let people = store.people(Keys::default()).await.unwrap();
        for number in 1..=20 {
            people.person(guild(1), user(number)).await.unwrap();
        }
        drop(people);
        let secrets = store.stored_secrets(guild(1)).await;
        let found = async || {
            let remains = store.everything_stored().await;
            let holds = |bytes: &[u8], secret: &Vec<u8>| {
                bytes.windows(secret.len()).any(|window| window == secret)
            };
            secrets
                .iter()
                .filter(|secret| remains.iter().any(|remains| holds(&remains.bytes, secret)))
                .count()
        };
        // What a crash leaves: rows deleted and committed, their bytes still there, and the note
        // that they are to be swept.
        let shell = rusqlite::Connection::open(store.directory().join("people.db")).unwrap();
        shell
            .execute_batch(
                "PRAGMA secure_delete = OFF; BEGIN; DELETE FROM people WHERE person <= 10; \
                 INSERT INTO people_meta (key, value) VALUES ('sweep', x'01'); COMMIT",
            )
            .unwrap();
        drop(shell);
        assert!(found().await > 40, "{}", found().await);
        let people = store.people(Keys::default()).await.unwrap();
        assert_eq!(people.count().await.unwrap(), 10);
        assert_eq!(found().await, 30);
    });
}

#[test]
fn given_a_log_that_is_dropped_without_shutdown_then_what_was_accepted_is_written() {
    eventlog::contract::run(async |store: SqliteBackend| {
        let log = store.open(Options::default()).await.unwrap();
        let mut pending = Vec::new();
        for version in 0..50 {
            let place = log.appender().reserve().await.unwrap();
            pending.push(place.fill(append(&stream(1), version, &new_key(), &[PLAIN])));
        }
        drop(log);
        for pending in pending {
            assert!(matches!(pending.outcome().await.unwrap(), Appended::Written(_)));
        }
        // Its writer lets go of the directory by itself.
        eventually("the directory is free", async || store.open(Options::default()).await.is_ok())
            .await;
    });
}
