//! `reeve migrate`, `reeve backup` and `reeve restore`

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use eventlog::{
    Appended, EventLog as _, LogError,
    contract::given::{append, new_key, stream},
};
use serde_json::{Value, json};

use crate::{
    logs::{self, PLAIN},
    support::{ANN, BEN, GUILD, House, block_on, database, eventually},
};

fn from_data(house: &House) -> String {
    format!("sqlite:{}", house.data().display())
}

fn fresh(house: &House, name: &str) -> (PathBuf, String) {
    let directory = house.root().join(name);
    let place = format!("sqlite:{}", directory.display());
    (directory, place)
}

fn community() -> House {
    let house = House::new();
    house.economy(&["grant", ANN, "500", "for the feast"]);
    house.economy(&["send", ANN, BEN, "40", "a debt"]);
    house.economy(&["take", BEN, "15", "a fine"]);
    house
}

/// Starts it again and again and kills it; answers how often until it came to its end.
fn killed_until_done(house: &House, arguments: &[&str], longest: Duration) -> u32 {
    let mut dice = 88_172_645_463_325_252_u64;
    for kills in 0.. {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        // Longer and longer, so that it comes to its end at some time.
        let most = longest * kills * kills / 144 + Duration::from_millis(60);
        let life = most * u32::try_from(dice % 1_000).unwrap() / 1_000;
        let mut command = house.command(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(life);
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(kills < 200, "it never comes to its end");
            continue;
        }
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "after {kills} kills: {text}");
        return kills;
    }
    unreachable!("the loop has no end")
}

// proves: SYN-07, SYN-08
#[test]
fn given_kill_9_at_any_moment_of_a_migration_then_it_goes_on_and_the_source_is_unharmed() {
    let Some(database) = database() else { return };
    let house = House::new();
    logs::fill(&house.data(), 21_000);
    let before = logs::in_directory(&house.data());
    let migrate = |from: &str, to: &str| {
        let arguments = ["migrate", "log", "--from", from, "--to", to, "--json"];
        killed_until_done(&house, &arguments, Duration::from_secs(4))
    };
    let kills = migrate(&from_data(&house), &database.url());
    assert!(kills > 2, "{kills} kills");
    assert_eq!(logs::in_directory(&house.data()), before);
    assert_eq!(logs::in_database(&database), before);

    // From there to another database, and back into a directory.
    let Some(second) = crate::support::database() else { return };
    let kills = migrate(&database.url(), &second.url());
    assert!(kills > 2, "{kills} kills");
    assert_eq!(logs::in_database(&second), before);
    let (directory, back) = fresh(&house, "back");
    let kills = migrate(&second.url(), &back);
    assert!(kills > 2, "{kills} kills");
    assert_eq!(logs::in_directory(&directory), before);
    assert_eq!(logs::in_database(&database), before);
}

// proves: SYN-07, SYN-08
#[test]
fn given_kill_9_at_any_moment_of_a_backup_or_restore_then_it_goes_on_and_nothing_is_harmed() {
    let house = House::new();
    logs::fill(&house.data(), 63_000);
    let before = logs::in_directory(&house.data());
    let backup = ["backup", "--to", "backup"];
    let kills = killed_until_done(&house, &backup, Duration::from_secs(3));
    assert!(kills > 2, "{kills} kills");
    assert_eq!(logs::in_directory(&house.data()), before);
    let whole = house.reeve(&["backup", "verify", "backup", "--json"]).ok().json();
    assert_eq!(whole["events"], before.len());

    let (directory, to) = fresh(&house, "restored");
    let restore = ["restore", "--from", "backup", "--to", &to];
    let kills = killed_until_done(&house, &restore, Duration::from_secs(4));
    assert!(kills > 2, "{kills} kills");
    assert_eq!(logs::in_directory(&directory), before);
    // Ended for good, it takes events: nothing marks it as incomplete.
    let key = format!("master_key_file={}", house.data().join("master.key").display());
    let grant = ["--set", &key, "economy", "--guild", GUILD, "grant", ANN, "5"];
    house.reeve(&[&["--data-dir", "restored"], &grant[..]].concat()).ok();
}

#[test]
fn given_a_restore_that_did_not_end_then_the_store_says_that_it_is_not_complete() {
    let house = House::new();
    logs::fill(&house.data(), 700);
    house.reeve(&["backup", "--to", "backup"]).ok();
    std::fs::remove_file(house.root().join("backup/guilds.jsonl")).unwrap();
    let (_, to) = fresh(&house, "restored");
    let damaged = house.reeve(&["restore", "--from", "backup", "--to", &to]).exits(1);
    damaged.says("guilds.jsonl is missing").says("is marked as incomplete");
    let grant = ["--data-dir", "restored", "economy", "--guild", GUILD, "grant", ANN, "5"];
    house.reeve(&grant).exits(2).says("is being filled from").says("`reeve restore`");
    house.reeve(&["--data-dir", "restored", "backup", "--to", "another"]).exits(1);
}

// proves: SYN-07, SYN-08
#[test]
fn given_a_writer_in_another_process_then_a_live_migration_loses_nothing_it_was_told() {
    let Some(database) = database() else { return };
    let house = House::new();
    logs::fill(&house.data(), 14_000);
    let from = from_data(&house);
    let url = database.url();
    let offline = ["migrate", "log", "--offline", "--from", &from, "--to", &url];
    let live = ["migrate", "log", "--live", "--from", &from, "--to", &url, "--json"];
    let (acknowledged, moved) = block_on(async {
        let log = logs::open(&house.data());
        let mut acknowledged = Vec::new();
        let write = async |acknowledged: &mut Vec<_>| {
            let version = acknowledged.len() as u64;
            let append = append(&stream(99), version, &new_key(), &[PLAIN]);
            match log.appender().append(append).await {
                Ok(Appended::Written(events)) => {
                    acknowledged.extend(events.into_iter().map(|event| event.id));
                    true
                }
                Err(LogError::Closed(text)) => {
                    assert!(text.contains("mov"), "{text}");
                    false
                }
                other => panic!("{other:?}"),
            }
        };
        assert!(write(&mut acknowledged).await);
        house.reeve(&offline).exits(2).says("is in use by another reeve process");
        let mut command = house.command(&live);
        let mut migration = command.stdout(Stdio::piped()).spawn().unwrap();
        while write(&mut acknowledged).await {}
        let status = eventually("the migration's end", || migration.try_wait().unwrap());
        assert!(status.success());
        let out = migration.wait_with_output().unwrap().stdout;
        log.shutdown().await;
        let moved: Value = serde_json::from_slice(&out).unwrap();
        (acknowledged, moved)
    });
    let there = logs::in_database(&database);
    assert_eq!(there, logs::in_directory(&house.data()));
    let theirs = there.iter().filter(|event| event.stream == stream(99)).map(|event| event.id);
    assert_eq!(theirs.collect::<Vec<_>>(), acknowledged);
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    assert_eq!(moved["events"], there.len());
    assert!(moved["pause_ms"].as_u64().unwrap() < 5_000, "{moved}");
}

#[test]
fn given_a_community_then_it_lives_on_where_it_moved_and_the_old_place_says_where_that_is() {
    let Some(database) = database() else { return };
    let house = community();
    let people = ["people", "erase", "--guild", GUILD, "--user", BEN, "--yes"];
    house.reeve(&people).ok();
    let url = database.url();
    let from = from_data(&house);
    let key = house.reeve(&["proof", "key", "--guild", GUILD]).ok().out;
    let kept = house.reeve(&["proof", "checkpoint", "--guild", GUILD]).ok().out;
    std::fs::write(house.root().join("kept"), kept).unwrap();
    let moved = house.reeve(&["migrate", "log", "--from", &from, "--to", &url]).ok();
    assert!(!moved.out.contains("reeve@"), "no user of a database is printed: {}", moved.out);
    let moved = moved.says("moved to postgres://").says("same master key");
    moved.says("store = postgres");
    house.reeve(&["migrate", "log", "--from", &from, "--to", &url]).ok().says("had moved");

    let text = house.reeve(&["economy", "--guild", GUILD, "grant", ANN, "1"]).exits(2);
    text.says("this log has moved to postgres://");
    house.reeve(&["doctor"]).exits(1).says("this log has moved to postgres://");
    house.reeve(&["serve"]).exits(2).says("this log has moved to postgres://");
    house.reeve(&["migrate", "log", "--from", &from, "--abandon"]).exits(1).says("for good");

    let there = |arguments: &[&str]| {
        let store = ["--store", "postgres", "--database-url", &url];
        house.reeve(&[&store, arguments].concat())
    };
    there(&["economy", "--guild", GUILD, "grant", ANN, "1"]).ok();
    there(&["economy", "--guild", GUILD, "read", ANN]).ok().says("101 has 461 bytes");
    there(&["economy", "--guild", GUILD, "history"]).ok().says("for the feast").says("(erased)");
    there(&["economy", "--guild", GUILD, "grant", BEN, "3"]).ok();
    let ben = there(&["people", "show", "--guild", GUILD, "--user", BEN, "--json"]).ok().json();
    assert_eq!(ben["person"], 3, "a number is never given twice");
    there(&["doctor", "--full"]).ok();

    // The same key signs on, and what was handed out before the move is part of the same history.
    assert_eq!(there(&["proof", "key", "--guild", GUILD]).ok().out, key);
    there(&["proof", "checkpoint", "--guild", GUILD]).ok();
    let since = ["proof", "export", "--guild", GUILD, "--since", "kept", "--out", "bundle"];
    there(&since).ok();
    house.reeve(&["verify", "bundle", "--key", key.trim()]).ok().says("it was only added to");
}

#[test]
fn given_a_migration_that_cannot_be_then_it_says_why_and_changes_nothing() {
    let house = community();
    let before = logs::in_directory(&house.data());
    let from = from_data(&house);
    let (other, to) = fresh(&house, "other");
    logs::fill(&other, 700);
    let migrate =
        |from: &str, to: &str| house.reeve(&["migrate", "log", "--from", from, "--to", to]);
    migrate(&from, &to).exits(1).says("is not empty: it holds 700 events");
    migrate(&from, &from).exits(1).says("the same log");
    migrate(&from, "mysql://x").exits(2).says("a store is sqlite:DIR, postgres://");
    migrate(&from, "postgres").exits(2).says("REEVE_DATABASE_URL");
    migrate(&from, "sqlite:").exits(2).says("sqlite:DIR");
    migrate("sqlite:absent", &fresh(&house, "new").1).exits(2).says("there is no log in absent");
    let (_, gone) = fresh(&house, "gone");
    migrate(&from, "postgres://127.0.0.1:1/nothing").exits(3).says("not reachable");
    let both = ["migrate", "log", "--from", &from, "--to", &gone, "--live", "--offline"];
    house.reeve(&both).exits(2).says("cannot be used with");
    house.reeve(&["migrate", "log", "--from", &from]).exits(2).says("--to");
    house.reeve(&["migrate", "log", "--from", &from, "--abandon"]).exits(1).says("no migration");
    let newer = house.root().join("newer");
    std::fs::create_dir(&newer).unwrap();
    drop(logs::open(&newer));
    let shell = || rusqlite::Connection::open(newer.join("log.db")).unwrap();
    shell().execute("UPDATE log_meta SET value = '999' WHERE key = 'contract'", []).unwrap();
    let to = format!("sqlite:{}", newer.display());
    eventually("the directory is free", || {
        let answer = migrate(&from, &to);
        (!answer.err.contains("in use")).then_some(answer)
    })
    .exits(2)
    .says("written by a newer reeve (contract 999");
    assert_eq!(logs::in_directory(&house.data()), before);
    house.economy(&["grant", ANN, "1"]);
}

/// Its keys are put back, its erasures stay, its read models come by themselves.
fn restored_community_works(house: &House, store: &[&str]) {
    let there = |arguments: &[&str]| house.reeve(&[store, arguments].concat()).ok();
    there(&["economy", "--guild", GUILD, "grant", ANN, "1"]);
    there(&["economy", "--guild", GUILD, "read", ANN]).says("101 has 461 bytes");
    let history = there(&["economy", "--guild", GUILD, "history", "--json"]).json();
    let reasons: Vec<_> =
        history["transactions"].as_array().unwrap().iter().map(|line| &line["reason"]).collect();
    assert_eq!(json!(reasons), json!([null, "(erased)", "a debt", "for the feast"]));
    there(&["doctor", "--full"]);
}

// proves: SYN-08
#[test]
fn given_a_backup_then_it_restores_anywhere_with_keys_apart_and_erasures_replayed() {
    let house = community();
    let inside = ["backup", "--to", "backup", "--keys", "backup/keys"];
    house.reeve(&inside).exits(2).says("keys are kept apart");
    house.reeve(&["backup", "--to", "backup", "--keys", "keys.backup"]).ok().says("2 people");
    // Erased after the backup was made.
    house.reeve(&["people", "erase", "--guild", GUILD, "--user", BEN, "--yes"]).ok();
    house.reeve(&["backup", "verify", "backup"]).ok().says("is whole");
    let stream = house.command(&["backup", "--to", "-"]).output().unwrap();
    assert!(stream.status.success());
    std::fs::write(house.root().join("backup.tar"), &stream.stdout).unwrap();
    let verified = house.reeve(&["backup", "verify", "backup.tar", "--json"]).ok().json();
    assert_eq!(verified["erasures"], 1);

    let key = house.data().join("master.key");
    let key = ["--set", &format!("master_key_file={}", key.display())].map(str::to_owned);
    let key: Vec<_> = key.iter().map(String::as_str).collect();
    let (_, to) = fresh(&house, "restored");
    let restore = ["restore", "--from", "backup", "--to", &to, "--keys", "keys.backup"];
    let restored = house.reeve(&restore).ok();
    restored.says("1 erasures were replayed").says("Keys of 1 people were put back");
    restored_community_works(&house, &[&["--data-dir", "restored"], &*key].concat());

    if let Some(database) = database() {
        let url = database.url();
        let store = ["--store", "postgres", "--database-url", &url, "--data-dir", "elsewhere"];
        let store = [&store, &*key].concat();
        let restore = ["restore", "--from", "backup.tar", "--keys", "keys.backup"];
        let to = ["--to", "postgres"];
        house.reeve(&[&store, &restore[..], &to].concat()).ok();
        restored_community_works(&house, &store);
        let again = house.reeve(&[&store, &restore[..]].concat()).exits(1);
        again.says("was restored from this backup before");
    }

    let (_, to) = fresh(&house, "streamed");
    let mut child = house
        .command(&["restore", "--from", "-", "--to", &to])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &stream.stdout).unwrap();
    assert!(child.wait().unwrap().success());
    let nobody = [&["--data-dir", "streamed"], &*key].concat();
    let history = [&nobody[..], &["economy", "--guild", GUILD, "grant", ANN, "1"]].concat();
    house.reeve(&history).ok();
    let ann = [&nobody[..], &["people", "show", "--guild", GUILD, "--user", ANN]].concat();
    house.reeve(&ann).ok().says("#3");
}

#[test]
fn given_a_moment_then_only_what_had_happened_is_restored() {
    let house = House::new();
    house.economy(&["grant", ANN, "100"]);
    let events = house.reeve(&["events", "--json"]).ok().json();
    let at = events["events"][1]["at"].as_str().unwrap().to_owned();
    house.economy(&["grant", ANN, "20"]);
    house.economy(&["grant", ANN, "3"]);
    house.reeve(&["backup", "--to", "backup"]).ok();
    let key = house.data().join("master.key");
    let key = format!("master_key_file={}", key.display());
    for (name, at, events, left_out, balance) in [
        ("time", at.as_str(), 2, 2, 100),
        ("count", "3", 3, 1, 120),
        ("all", "2100-01-01", 4, 0, 123),
        ("none", "2020-01-01T00:00:00Z", 0, 4, 0),
    ] {
        let (directory, to) = fresh(&house, name);
        let restore = ["restore", "--from", "backup", "--to", &to, "--at", at, "--json"];
        let restored = house.reeve(&restore).ok().json();
        assert_eq!(
            (&restored["events"], &restored["left_out"]),
            (&json!(events), &json!(left_out))
        );
        assert_eq!(logs::in_directory(&directory), logs::in_directory(&house.data())[..events]);
        let heap = ["--data-dir", name, "--set", &key, "economy", "--guild", GUILD, "settings"];
        house.reeve(&heap).ok();
        if balance > 0 {
            let grant = ["--data-dir", name, "--set", &key, "economy", "--guild", GUILD];
            // Its own person number is not given again, so this is somebody new.
            house.reeve(&[&grant[..], &["grant", ANN, "1"]].concat()).ok();
            let heap = house.reeve(&[&grant[..], &["heap", "--json"]].concat()).ok().json();
            assert_eq!(heap["supply"], (balance + 1).to_string());
        }
    }
    let wrong = ["restore", "--from", "backup", "--to", "sqlite:x", "--at", "tomorrow"];
    house.reeve(&wrong).exits(2).says("2026-11-20T18:04:05Z");
}

/// Changes a copy of the backup and says what is said of it.
fn spoiled(house: &House, how: impl FnOnce(&Path)) -> crate::support::Answer {
    let copy = house.root().join("spoiled");
    let _ = std::fs::remove_dir_all(&copy);
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(house.root().join("backup")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    how(&copy);
    let verified = house.reeve(&["backup", "verify", "spoiled"]).exits(1);
    let (directory, to) = fresh(house, "refused");
    let restored = house.reeve(&["restore", "--from", "spoiled", "--to", &to]).exits(1);
    let _ = std::fs::remove_dir_all(directory);
    let words = |text: &str| text.split(';').next().unwrap_or_default().trim().to_owned();
    assert_eq!(words(&restored.err), words(&verified.err));
    verified
}

#[test]
fn given_a_backup_that_is_not_what_was_written_then_it_is_recognised() {
    let house = community();
    house.reeve(&["people", "erase", "--guild", GUILD, "--user", BEN, "--yes"]).ok();
    house.reeve(&["proof", "checkpoint", "--guild", GUILD]).ok();
    house.reeve(&["backup", "--to", "backup"]).ok();
    let names: Vec<String> = std::fs::read_dir(house.root().join("backup"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 8, "{names:?}");
    for name in &names {
        let path = |folder: &Path| folder.join(name);
        let size = std::fs::metadata(house.root().join("backup").join(name)).unwrap().len();
        let places = [0, size / 3, size / 2, size - 2];
        for place in places {
            spoiled(&house, |folder| {
                let mut bytes = std::fs::read(path(folder)).unwrap();
                bytes[usize::try_from(place).unwrap()] ^= 4;
                std::fs::write(path(folder), bytes).unwrap();
            });
        }
        spoiled(&house, |folder| std::fs::remove_file(path(folder)).unwrap());
        spoiled(&house, |folder| {
            let bytes = std::fs::read(path(folder)).unwrap();
            std::fs::write(path(folder), &bytes[..bytes.len() / 2]).unwrap();
        });
    }
    let gone = |name: &str| {
        let name = name.to_owned();
        spoiled(&house, move |folder| std::fs::remove_file(folder.join(name)).unwrap())
    };
    gone("manifest.json").says("cut short");
    gone("backup.json").says("holds no backup");
    spoiled(&house, |folder| std::fs::write(folder.join("more.txt"), "x").unwrap())
        .says("is no file of a backup");
    let newer = |field: &'static str| {
        spoiled(&house, move |folder| {
            let text = std::fs::read_to_string(folder.join("backup.json")).unwrap();
            let mut header: Value = serde_json::from_str(&text).unwrap();
            header[field] = json!(99);
            std::fs::write(folder.join("backup.json"), header.to_string()).unwrap();
        })
    };
    newer("contract").says("made by a newer reeve (contract 99");
    newer("reeve_backup").says("made by a newer reeve (format 99");

    let stream = house.command(&["backup", "--to", "-"]).output().unwrap().stdout;
    std::fs::write(house.root().join("cut.tar"), &stream[..stream.len() - 3_000]).unwrap();
    house.reeve(&["backup", "verify", "cut.tar"]).exits(1).says("cut short");
    let (directory, to) = fresh(&house, "untouched");
    house.reeve(&["restore", "--from", "cut.tar", "--to", &to]).exits(1).says("cut short");
    assert!(!directory.exists(), "a file is read before a store is touched");
    std::fs::write(house.root().join("text.tar"), "no tar at all ".repeat(100)).unwrap();
    house.reeve(&["backup", "verify", "text.tar"]).exits(2).says("no tar stream");
    house.reeve(&["backup", "verify", "absent"]).exits(2).says("there is no backup absent");
}

#[test]
fn given_a_place_that_is_taken_then_no_backup_goes_there_and_no_restore() {
    let house = community();
    house.reeve(&["backup"]).exits(2).says("say where");
    house.reeve(&["backup", "--to", "backup"]).ok();
    house.reeve(&["backup", "--to", "backup"]).exits(1).says("holds a finished backup");
    std::fs::create_dir(house.root().join("mine")).unwrap();
    std::fs::write(house.root().join("mine/notes.txt"), "mine").unwrap();
    house.reeve(&["backup", "--to", "mine"]).exits(1).says("is not empty and holds no backup");
    assert_eq!(std::fs::read_to_string(house.root().join("mine/notes.txt")).unwrap(), "mine");

    house.reeve(&["restore", "--from", "backup"]).exits(1).says("is not empty: it holds");
    house.reeve(&["restore", "--from", "absent"]).exits(2).says("there is no backup absent");
    let missing = ["restore", "--from", "backup", "--to", "sqlite:new", "--erasures", "absent"];
    house.reeve(&missing).exits(2).says("there is no list of erasures absent");
    // A backup is made beside a running server; nothing is restored under it.
    let server = house.serve(&[]);
    house.reeve(&["backup", "--to", "beside"]).ok();
    house.reeve(&["backup", "verify", "beside"]).ok();
    house.reeve(&["restore", "--from", "backup"]).exits(2).says("is in use by another reeve");
    drop(server);

    // A backup that was begun of one log does not go on with another.
    let manifest = house.root().join("backup/manifest.json");
    std::fs::remove_file(manifest).unwrap();
    let (other, from) = fresh(&house, "other");
    logs::fill(&other, 700);
    let mixed = house.reeve(&["backup", "--to", "backup", "--from", &from]).exits(1);
    mixed.says("the beginning of another log's backup");
    house.reeve(&["backup", "--to", "backup"]).ok();
    house.reeve(&["backup", "verify", "backup"]).ok();
}
