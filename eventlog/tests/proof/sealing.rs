//! Who seals, when, and with which key.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::GuildId;
use eventlog::{
    contract::given::eventually,
    people::MasterKey,
    proof::{ProofError, Sealer, SealerOptions, Witness, seal_now},
};

use crate::given::{Place, guild, happen, on_both};

/// Keeps what it was told.
#[derive(Default)]
struct Channel(Mutex<Vec<(GuildId, u64, String)>>);

impl Witness for Channel {
    fn sealed(&self, guild: GuildId, size: u64, note: &str) {
        self.0.lock().unwrap().push((guild, size, note.to_owned()));
    }
}

fn sealer(place: &Place, options: SealerOptions) -> Sealer {
    Sealer::start(place.proofs.clone(), Arc::clone(&place.log), options)
}

#[test]
fn given_events_then_a_checkpoint_over_all_of_them_follows_by_itself() {
    on_both(async |place| {
        let channel = Arc::new(Channel::default());
        let witness = Some(Arc::clone(&channel) as Arc<dyn Witness>);
        let running = sealer(&place, SealerOptions { witness, ..SealerOptions::default() });
        for (count, total) in [(1, 1), (2, 3), (700, 703)] {
            happen(&place.log, guild(1), count).await;
            happen(&place.log, guild(2), 1).await;
            eventually("both guilds sealed", async || {
                place.size(guild(1)).await == total
                    && place.proofs.latest(guild(2)).await.unwrap().is_some()
            })
            .await;
        }
        running.shutdown().await;
        let latest = place.proofs.latest(guild(1)).await.unwrap().unwrap();
        assert!(latest.is_genuine());
        let told = channel.0.lock().unwrap().clone();
        assert!(told.contains(&(guild(1), 703, latest.note())), "{told:?}");
        for number in [1, 2] {
            let checked =
                eventlog::proof::check(&place.proofs, &*place.log, guild(number)).await.unwrap();
            assert_eq!(checked.problem, None);
            assert!(checked.checkpoints >= 1);
        }
        let status = place.proofs.status(&*place.log).await.unwrap();
        assert_eq!((status.lag_events, status.alarms.len()), (0, 0));
    });
}

#[test]
fn given_a_shutdown_then_nothing_is_left_unsealed() {
    on_both(async |place| {
        let running = sealer(&place, SealerOptions::default());
        happen(&place.log, guild(1), 40).await;
        running.shutdown().await;
        assert_eq!(place.size(guild(1)).await, 40);
        // Another one goes on from there.
        let running = sealer(&place, SealerOptions::default());
        happen(&place.log, guild(1), 5).await;
        running.shutdown().await;
        assert_eq!(place.size(guild(1)).await, 45);
    });
}

/// With many busy guilds and few signatures, the one that is far behind does not wait.
#[test]
fn given_more_guilds_than_may_be_signed_then_256_events_are_sealed_before_their_turn() {
    on_both(async |place| {
        for number in 1..=30 {
            happen(&place.log, guild(number), 1).await;
        }
        happen(&place.log, guild(99), 256).await;
        let options = SealerOptions {
            checkpoints_per_second: 2,
            events_per_checkpoint: 10_000,
            ..SealerOptions::default()
        };
        let running = sealer(&place, options);
        eventually("the busy guild", async || place.size(guild(99)).await == 256).await;
        let mut sealed = 0;
        for number in 1..=30 {
            sealed += place.size(guild(number)).await;
        }
        assert!(sealed < 30, "all were signed at once: the limit limits nothing");
        running.shutdown().await;
        for number in 1..=30 {
            assert_eq!(place.size(guild(number)).await, 1);
        }
    });
}

#[test]
fn given_two_processes_then_one_seals_and_the_other_takes_over() {
    on_both(async |place| {
        if matches!(place.store, crate::given::Store::Sqlite(_)) {
            return; // Its directory belongs to one process.
        }
        let first = sealer(&place, SealerOptions::default());
        happen(&place.log, guild(1), 3).await;
        eventually("the first seals", async || place.size(guild(1)).await == 3).await;
        let refused = seal_now(&place.proofs, &place.log).await;
        assert!(matches!(refused, Err(ProofError::Refused(_))), "{refused:?}");
        let second = sealer(&place, SealerOptions::default());
        first.shutdown().await;
        happen(&place.log, guild(1), 3).await;
        eventually("the second seals", async || place.size(guild(1)).await == 6).await;
        second.shutdown().await;
        let checked = eventlog::proof::check(&place.proofs, &*place.log, guild(1)).await.unwrap();
        assert_eq!(checked.problem, None);
    });
}

#[test]
fn given_a_new_key_then_it_signs_and_the_old_signatures_stay_genuine() {
    on_both(async |place| {
        happen(&place.log, guild(1), 3).await;
        place.seal().await;
        let old = place.proofs.latest(guild(1)).await.unwrap().unwrap();
        let key = place.proofs.rotate_key().await.unwrap();
        assert_ne!(key.public_key, old.public_key);
        happen(&place.log, guild(1), 3).await;
        place.seal().await;
        let new = place.proofs.latest(guild(1)).await.unwrap().unwrap();
        assert_eq!(new.public_key, key.public_key);
        let kept = place.proofs.of_size(guild(1), 3).await.unwrap().unwrap();
        assert_eq!(kept, old);
        assert!(kept.is_genuine() && new.is_genuine());
        let keys = place.proofs.keys().await.unwrap();
        assert_eq!(keys.len(), 2);
        assert!(keys[0].retired_at.is_some() && keys[1].retired_at.is_none());
    });
}

/// A sealer that is running learns of it, too.
#[test]
fn given_a_new_key_beside_a_running_sealer_then_it_signs_with_it() {
    on_both(async |place| {
        let running = sealer(&place, SealerOptions::default());
        happen(&place.log, guild(1), 1).await;
        eventually("the first", async || place.size(guild(1)).await == 1).await;
        let key = place.proofs.rotate_key().await.unwrap();
        let began = Instant::now();
        let mut count = 1;
        loop {
            happen(&place.log, guild(1), 1).await;
            count += 1;
            eventually("the next", async || place.size(guild(1)).await == count).await;
            let latest = place.proofs.latest(guild(1)).await.unwrap().unwrap();
            if latest.public_key == key.public_key {
                break;
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "it signs with the old key for ever"
            );
        }
        running.shutdown().await;
    });
}

#[test]
fn given_a_change_of_the_master_key_then_the_signing_key_is_wrapped_anew() {
    on_both(async |place| {
        let key = place.proofs.key().await.unwrap();
        let new = MasterKey::generate().unwrap();
        let without = place.with_master(new.clone(), None);
        assert!(without.key().await.unwrap_err().to_string().contains("master key"));
        let changed = place.with_master(new.clone(), Some(place.master.clone()));
        assert_eq!(changed.key().await.unwrap(), key);
        // From now on the new one is enough.
        assert_eq!(place.with_master(new, None).key().await.unwrap(), key);
    });
}
