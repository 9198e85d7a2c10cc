//! Keyframes save time and change nothing: damaged, foreign, too many, or gone.

use std::path::{Path, PathBuf};

use projections::{TimeOptions, economy::transactions};

use super::{at, busy, dump, live, machine, small};
use crate::support::{files_under, on_each_store, on_sqlite};

fn keyframes(folder: &Path) -> Vec<PathBuf> {
    let mut files = files_under(folder);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "keyframe"));
    files
}

#[test]
fn given_damaged_keyframes_then_they_are_dropped_and_made_again() {
    on_sqlite(&async |site| {
        let house = site.open().await;
        let guild = busy(&house, 5, 80).await;
        let machine = machine(site.directory(), &house, small());
        let last = house.history(guild).await.len() as u64;
        let expected = dump(&at(&machine, guild, last).await).await;
        let whole = keyframes(site.directory());
        assert!(whole.len() > 9, "three read models, each with several");
        let mut random = crate::support::Random::of(9);
        for (number, path) in whole.iter().enumerate() {
            let sound = std::fs::read(path).unwrap();
            let mut damaged = sound.clone();
            let place = random.below(u32::try_from(sound.len()).unwrap()) as usize;
            match number % 4 {
                0 => damaged.truncate(place),
                1 => damaged.extend_from_slice(b"more"),
                2 => damaged[place] ^= 1 << random.below(8),
                // One byte of the lengths in the beginning.
                _ => damaged[16 + number % 8] ^= 0x80,
            }
            std::fs::write(path, damaged).unwrap();
            let view = at(&machine, guild, last).await;
            assert_eq!(dump(&view).await, expected, "{number}: byte {place} of {}", path.display());
        }
        // A page that a newer keyframe replaces is not read, so its damage is nobody's.
        let again = keyframes(site.directory());
        assert_eq!(again, whole, "made again");
        machine.forget(guild).unwrap();
        assert_eq!(keyframes(site.directory()), Vec::<PathBuf>::new());
        assert_eq!(dump(&at(&machine, guild, last).await).await, expected);
        house.close().await;
    });
}

#[test]
fn given_every_single_bit_of_a_keyframe_flipped_then_no_view_is_wrong() {
    on_sqlite(&async |site| {
        let house = site.open().await;
        let guild = busy(&house, 6, 30).await;
        let machine = machine(site.directory(), &house, small());
        let expected = dump(&at(&machine, guild, 19).await).await;
        let path = keyframes(site.directory()).pop().unwrap();
        let sound = std::fs::read(&path).unwrap();
        let mut remade = 0;
        for place in (0..sound.len()).step_by(397) {
            let mut damaged = sound.clone();
            damaged[place] ^= 1 << (place % 8);
            std::fs::write(&path, &damaged).unwrap();
            assert_eq!(dump(&at(&machine, guild, 19).await).await, expected, "byte {place}");
            remade += usize::from(std::fs::read(&path).is_ok_and(|now| now != damaged));
        }
        assert!(remade > 10, "the damage was found {remade} times");
        house.close().await;
    });
}

#[test]
fn given_another_history_then_its_keyframes_are_not_used() {
    on_sqlite(&async |site| {
        let (house, other_site) = (site.open().await, crate::support::Site::another());
        let guild = busy(&house, 7, 40).await;
        let folder = site.directory().join("time");
        let here = machine(&folder, &house, small());
        at(&here, guild, 25).await;
        let other = other_site.open().await;
        busy(&other, 8, 40).await;
        let runtime = other.project().await;
        other.caught_up(&["balances", "weekly_gains", "transactions"]).await;
        let there = machine(&folder, &other, small());
        let last = other.history(guild).await.len() as u64;
        let view = at(&there, guild, last).await;
        assert_eq!(dump(&view).await, live(&other, guild, &view).await);
        runtime.shutdown().await;
        other.close().await;
        house.close().await;
    });
}

#[test]
fn given_a_byte_cap_then_keyframes_never_take_more_and_the_least_used_make_room() {
    on_sqlite(&async |site| {
        let house = site.open().await;
        let guild = busy(&house, 11, 60).await;
        let last = house.history(guild).await.len() as u64;
        let free = machine(&site.directory().join("free"), &house, small());
        let expected = dump(&at(&free, guild, last).await).await;
        let wanted = free.keyframe_bytes();
        for share in [0, 3, 2, 1] {
            let cap = wanted * share / 4;
            let options = TimeOptions { keyframe_bytes: cap, ..small() };
            let folder = site.directory().join(format!("cap-{share}"));
            let machine = machine(&folder, &house, options);
            for seq in [last, 9, last - 1, last] {
                let view = at(&machine, guild, seq).await;
                if seq == last {
                    assert_eq!(dump(&view).await, expected, "{share} of 4");
                }
                // Heads and the files that say when a chain was used are small change.
                let taken = machine.keyframe_bytes();
                assert!(taken <= cap + 4 * 1024 * 3, "{taken} of {cap}");
            }
        }
        house.close().await;
    });
}

#[test]
fn given_an_erased_person_then_no_keyframe_and_no_moment_can_tell_what_was_said() {
    const CANARY: &str = "canary-59a1-under-four-eyes";
    on_each_store(async |site| {
        let house = site.open().await;
        let guild = crate::support::guild(1);
        let (erased, other) = (house.somebody(guild, 7).await, house.somebody(guild, 8).await);
        for amount in 1..=20 {
            house.grant(guild, erased, amount, Some(CANARY)).await;
            house.grant(guild, other, amount, Some("may stay")).await;
        }
        let folder = site.directory().join("time");
        let machine = machine(&folder, &house, small());
        let mut view = at(&machine, guild, 30).await;
        let said = |page: Vec<transactions::Transaction>| async {
            let mut clear = Vec::new();
            for transaction in page {
                let recorded = house.log.find(transaction.event).await.unwrap().unwrap();
                let mut event = eventlog::decode::<domain::economy::Event>(&recorded).unwrap();
                house.people.open_event(guild, recorded.id, &mut event).await.unwrap();
                if let domain::economy::Event::BytesGranted { reason: Some(reason), .. } = event {
                    clear.extend(reason.value().cloned());
                }
            }
            clear
        };
        let page = transactions::page(view.store(), guild, Some(erased), None, 100).await.unwrap();
        assert!(said(page).await.iter().all(|text| text == CANARY));
        house.bus.erase_person(guild, erased).await.unwrap();

        view.back().await.unwrap();
        let again = at(&machine, guild, 30).await;
        for view in [&view, &again] {
            let of = |person| transactions::page(view.store(), guild, Some(person), None, 100);
            let page = of(erased).await.unwrap();
            assert!(page.len() > 10);
            assert_eq!(said(page).await, Vec::<String>::new());
            assert!(said(of(other).await.unwrap()).await.len() > 10);
        }
        let files = files_under(&folder);
        assert!(files.len() > 12, "keyframes, and the databases of two views");
        for path in files {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found, "{}", path.display());
        }
        house.close().await;
    });
}
