//! Backups: made while the log is written, of any backend, for any backend.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::Timestamp;

use super::{
    Backend, Keys, Options,
    appending::{all, put, written},
    given::{append, eventually, guild, new_key, stream},
    moving::{
        PLAIN, community, events_of, history, kept, knows_its_people, open, seal, side, side_of,
        sqlite, stopped_after,
    },
};
use crate::{
    backup::{self, Making, Moment, Restoring, Shelf, Sink},
    people::backup as keys,
};

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::TempDir::with_prefix("reeve-backup-").unwrap();
    Place { path: folder.path().join("backup"), _folder: folder }
}

async fn back_up<B: Backend>(store: &B, sink: &mut Sink, step: &(dyn Fn() + Sync)) -> backup::Made {
    let side = side(store).await;
    let now = Timestamp::from_secs(1_795_132_800);
    let making = Making {
        log: &side.log,
        people: &side.people,
        proofs: &side.proofs,
        erasures: &side.erasures,
        now,
        segment: 250,
    };
    let made = backup::make(&making, sink, &|_, _| step()).await.unwrap();
    side.log.shutdown().await;
    made
}

async fn restore<B: Backend>(
    store: &B,
    shelf: Shelf,
    until: Moment,
) -> Result<backup::Restored, backup::BackupError> {
    let side = side(store).await;
    let restoring = Restoring {
        log: &side.log,
        people: &side.people,
        proofs: &side.proofs,
        now: Timestamp::from_secs(1_795_132_800),
        erasures: &side.erasures,
        also: Vec::new(),
        name: side.name.clone(),
        until,
    };
    let restored = backup::restore(&restoring, shelf, &|_| {}).await;
    side.log.shutdown().await;
    restored
}

// proves: SYN-08
pub async fn given_a_backup_then_every_backend_restores_it_as_it_was<B: Backend>(store: B) {
    let (store, events) = community(store).await;
    let place = place();
    let keys_file = place.path.with_extension("keys");
    let made = back_up(&store, &mut Sink::Folder(place.path.clone()), &|| {}).await;
    assert_eq!((made.events, made.resumed), (events.len() as u64, 0));
    let people = store.people(Keys::default()).await.unwrap();
    keys::back_up(&people, &store.proofs().records(), &keys_file, 30).await.unwrap();
    drop(people);

    // Nothing that is a key or finds a person lies in it.
    let secrets = store.stored_secrets(guild(1)).await;
    assert!(!secrets.is_empty());
    for file in std::fs::read_dir(&place.path).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in &secrets {
            assert!(memchr::memmem::find(&bytes, secret).is_none());
        }
    }

    for other in [true, false] {
        let Some(fresh) = B::fresh().await else { return };
        let home = sqlite().await;
        let shelf = Shelf::open(&place.path).unwrap();
        let restored = if other {
            restore(&home, shelf, Moment::End).await
        } else {
            restore(&fresh, shelf, Moment::End).await
        };
        assert_eq!(restored.unwrap().erasures, 1);
        if other {
            assert_eq!(kept(&events_of(&home).await), kept(&events));
            continue;
        }
        assert_eq!(kept(&events_of(&fresh).await), kept(&events));
        let people = fresh.people(Keys::default()).await.unwrap();
        assert_eq!(people.count().await.unwrap(), 0, "nobody without a key backup");
        let report = keys::restore(&people, &fresh.proofs().records(), &keys_file).await.unwrap();
        assert_eq!(report.people, 3);
        drop(people);
        knows_its_people(&fresh).await;
        let again = restore(&fresh, Shelf::open(&place.path).unwrap(), Moment::End).await;
        assert!(again.unwrap().already);
        // It is whole: it takes events, and a second restore is refused.
        let log = open(&fresh).await;
        written(put(&log, append(&stream(9), 0, &new_key(), &[PLAIN])).await);
        log.shutdown().await;
        drop(log);
        let again = restore(&fresh, Shelf::open(&place.path).unwrap(), Moment::End).await;
        assert!(again.unwrap_err().to_string().contains("was restored from this backup before"));
    }
}

// proves: SYN-08
pub async fn given_writers_during_a_backup_then_it_is_a_beginning_of_the_history<B: Backend>(
    store: B,
) {
    history(&store, 30).await;
    let log = open(&store).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (10..14).map(|writer| {
        let (log, stop) = (Arc::clone(&log), Arc::clone(&stop));
        tokio::spawn(async move {
            for version in 0.. {
                written(put(&log, append(&stream(writer), version, &new_key(), &[PLAIN])).await);
                if stop.load(Ordering::SeqCst) {
                    break;
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let before = log.head().await.unwrap();
    eventually("events", async || log.head().await.unwrap() > before).await;
    let place = place();
    let side = side_of(&store, store.beside(&log).await).await;
    let making = Making {
        log: &side.log,
        people: &side.people,
        proofs: &side.proofs,
        erasures: &side.erasures,
        now: Timestamp::from_secs(1_795_132_800),
        segment: 250,
    };
    let mut sink = Sink::Folder(place.path.clone());
    let made = backup::make(&making, &mut sink, &|_, _| {}).await.unwrap();
    let after = log.head().await.unwrap();
    eventually("more events", async || log.head().await.unwrap() > after).await;
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let home = sqlite().await;
    restore(&home, Shelf::open(&place.path).unwrap(), Moment::End).await.unwrap();
    let (restored, all) = (kept(&events_of(&home).await), kept(&all(&log).await));
    assert_eq!(restored.len() as u64, made.events);
    assert!(restored.len() > 3_000 && restored.len() < all.len(), "{}", restored.len());
    assert_eq!(restored, all[..restored.len()]);
}

// proves: SYN-08
pub async fn given_a_backup_that_stops_at_any_step_then_the_next_one_finishes_it<B: Backend>(
    store: B,
) {
    let events = history(&store, 90).await;
    let all = events.len() as u64;
    let (mut cut_short, mut gone_on) = (0, 0);
    for steps in 1.. {
        let place = place();
        let folder = || Sink::Folder(place.path.clone());
        let run = async |step: &(dyn Fn() + Sync)| back_up(&store, &mut folder(), step).await;
        let finished = stopped_after(steps, run).await;
        // A backup that was dropped half-way may still hold its log for a moment.
        let free = async || match store.open(Options::default()).await {
            Ok(log) => {
                log.shutdown().await;
                true
            }
            Err(_) => false,
        };
        eventually("the log is free", free).await;
        if let Err(error) = Shelf::open(&place.path) {
            assert!(error.to_string().contains("cut short"), "{error}");
            cut_short += 1;
            // Of the last segment half is there: it is written again.
            let segments = || {
                let names =
                    std::fs::read_dir(&place.path).unwrap().map(|file| file.unwrap().path());
                let mut names: Vec<_> =
                    names.filter(|p| p.to_string_lossy().contains("events-")).collect();
                names.sort();
                names
            };
            if let Some(last) = segments().last() {
                let text = std::fs::read(last).unwrap();
                std::fs::write(last, &text[..text.len() / 2]).unwrap();
            }
            let whole = segments().len().saturating_sub(1) as u64 * 250;
            let made = back_up(&store, &mut folder(), &|| {}).await;
            assert_eq!((made.events, made.resumed), (all, whole));
            gone_on += whole;
        }
        let whole = backup::verify(Shelf::open(&place.path).unwrap(), &|_| {}).await.unwrap();
        assert_eq!(whole.events, all);
        if finished.is_some() {
            assert!(cut_short > 1 && gone_on > 0, "{cut_short} {gone_on}");
            return;
        }
    }
}

// proves: SYN-08
pub async fn given_a_backup_of_a_sealed_log_then_the_same_key_goes_on_signing<B: Backend>(
    store: B,
) {
    let (store, events) = community(store).await;
    seal(&store).await;
    let before = store.proofs();
    let (key, signed) = (before.key().await.unwrap(), before.latest(guild(1)).await.unwrap());
    let signed = signed.unwrap();
    let place = place();
    let file = place.path.with_extension("keys");
    back_up(&store, &mut Sink::Folder(place.path.clone()), &|| {}).await;
    let people = store.people(Keys::default()).await.unwrap();
    keys::back_up(&people, &before.records(), &file, 30).await.unwrap();
    drop(people);

    let cut = Moment::Events(events.len() as u64 - 1);
    for (until, with_keys) in [(Moment::End, true), (Moment::End, false), (cut, true)] {
        let home = sqlite().await;
        let restored = restore(&home, Shelf::open(&place.path).unwrap(), until).await.unwrap();
        assert_eq!(restored.backup.checkpoints, 1);
        if with_keys {
            let people = home.people(Keys::default()).await.unwrap();
            keys::restore(&people, &home.proofs().records(), &file).await.unwrap();
        }
        let log = open(&home).await;
        written(put(&log, append(&stream(9), 0, &new_key(), &[PLAIN])).await);
        log.shutdown().await;
        drop(log);
        seal(&home).await;
        let proofs = home.proofs();
        assert!(proofs.alarms().await.unwrap().is_empty());
        let keys = proofs.keys().await.unwrap();
        assert_eq!(keys[0].public_key, key.public_key, "what was signed can still be checked");
        let goes_on = until == Moment::End && with_keys;
        assert_eq!(keys.len(), if goes_on { 1 } else { 2 }, "{until:?} {with_keys}");
        if until == Moment::End {
            let size = signed.checkpoint.size;
            assert_eq!(proofs.of_size(guild(1), size).await.unwrap(), Some(signed.clone()));
        }
    }
}
