//! The recording VFS as SQLite and the recorder's owner see it.

use std::{error::Error, path::Path};

use rusqlite::{Connection, OpenFlags};
use torture::{
    Operation, Recorder, RecorderError,
    power_cut::{Disk, Survivors, Weather},
};

type Outcome = Result<(), Box<dyn Error>>;

fn open(path: &Path, vfs: &str) -> rusqlite::Result<Connection> {
    Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs)
}

/// Replays everything recorded with nothing lost, and compares it with the real files.
fn assert_matches_disk(recorder: &Recorder, dir: &Path) -> Outcome {
    let journal = recorder.stop();
    let mut disk = Disk::default();
    disk.replay(&journal, journal.operations().len());
    let weather = Weather { survivors: Survivors::All, shuffled: false, stale_holes: false };
    let image = disk.crash(weather, &mut rand::rng());
    let mut real = Vec::new();
    for entry in dir.read_dir()? {
        let name = entry?.file_name();
        if !name.to_string_lossy().ends_with("-shm") {
            real.push(name.clone());
            let recorded = image.files.get(Path::new(&name)).ok_or("not recorded")?;
            assert!(*recorded == std::fs::read(dir.join(&name))?, "{} differs", name.display());
        }
    }
    assert_eq!(real.len(), image.files.len());
    Ok(())
}

fn fill(db: &Connection, rows: u32) -> rusqlite::Result<()> {
    db.execute_batch("CREATE TABLE IF NOT EXISTS t (n INTEGER, body BLOB)")?;
    for n in 0..rows {
        db.execute("INSERT INTO t VALUES (?1, zeroblob(?1 * 50))", [n])?;
    }
    Ok(())
}

#[test]
fn given_a_workload_then_the_journal_replays_to_the_very_files() -> Outcome {
    for (vfs, pragmas) in [
        ("replay-wal", "PRAGMA journal_mode = WAL"),
        ("replay-small", "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 5"),
        ("replay-delete", "PRAGMA journal_mode = DELETE"),
        ("replay-truncate", "PRAGMA journal_mode = TRUNCATE"),
        ("replay-persist", "PRAGMA journal_mode = PERSIST"),
        ("replay-mmap", "PRAGMA mmap_size = 10000000; PRAGMA journal_mode = WAL"),
        ("replay-vacuum", "PRAGMA auto_vacuum = FULL; PRAGMA journal_mode = WAL"),
        ("replay-exclusive", "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL"),
    ] {
        let dir = tempfile::tempdir()?;
        let recorder = Recorder::register(vfs, dir.path())?;
        let db = open(&dir.path().join("t.db"), vfs)?;
        db.execute_batch(pragmas)?;
        fill(&db, 100)?;
        db.execute_batch("DELETE FROM t WHERE n % 2; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
        fill(&db, 10)?;
        assert_matches_disk(&recorder, dir.path()).map_err(|error| format!("{vfs}: {error}"))?;
    }
    Ok(())
}

#[test]
fn given_a_chunk_size_then_the_growth_it_causes_is_recorded() -> Outcome {
    let dir = tempfile::tempdir()?;
    let recorder = Recorder::register("chunks", dir.path())?;
    let db = open(&dir.path().join("t.db"), "chunks")?;
    set_chunk_size(&db, 64 << 10);
    fill(&db, 50)?;
    assert!(dir.path().join("t.db").metadata()?.len() % (64 << 10) == 0);
    assert_matches_disk(&recorder, dir.path())
}

#[expect(unsafe_code, reason = "the chunk size has no pragma")]
fn set_chunk_size(db: &Connection, mut bytes: std::ffi::c_int) {
    let code = rusqlite::ffi::SQLITE_FCNTL_CHUNK_SIZE;
    // SAFETY: the handle is open, and the control reads one int.
    let code = unsafe {
        let argument = (&raw mut bytes).cast();
        rusqlite::ffi::sqlite3_file_control(db.handle(), std::ptr::null(), code, argument)
    };
    assert_eq!(code, rusqlite::ffi::SQLITE_OK);
}

#[test]
fn given_a_database_from_before_then_it_is_adopted_and_kept() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("t.db");
    fill(&Connection::open(&path)?, 20)?;
    let recorder = Recorder::register("adopted", dir.path())?;
    let db = open(&path, "adopted")?;
    fill(&db, 5)?;
    assert_matches_disk(&recorder, dir.path())
}

#[test]
fn given_a_file_outside_the_root_then_it_works_unrecorded() -> Outcome {
    let (root, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let recorder = Recorder::register("outside", root.path())?;
    fill(&open(&other.path().join("t.db"), "outside")?, 5)?;
    recorder.mark(3);
    assert_eq!(recorder.stop().operations(), [Operation::Mark(3)]);
    Ok(())
}

#[test]
fn given_a_dropped_recorder_then_open_connections_go_on_and_the_name_is_free() -> Outcome {
    let dir = tempfile::tempdir()?;
    let recorder = Recorder::register("dropped", dir.path())?;
    let taken = Recorder::register("dropped", dir.path());
    assert!(matches!(taken, Err(RecorderError::NameTaken(_))));
    let db = open(&dir.path().join("t.db"), "dropped")?;
    drop(recorder);
    db.execute_batch("PRAGMA journal_mode = WAL")?; // opens another file of the old VFS
    fill(&db, 5)?;
    drop(db);
    assert!(open(&dir.path().join("t.db"), "dropped").is_err());
    Recorder::register("dropped", dir.path())?;
    Ok(())
}

#[test]
fn given_bad_arguments_then_registration_says_which() {
    let missing = Recorder::register("missing", Path::new("/nonexistent/anywhere"));
    assert!(matches!(missing, Err(RecorderError::Root(_))));
    let nul = Recorder::register("a\0b", Path::new("/"));
    assert!(matches!(nul, Err(RecorderError::BadName(_))));
}
