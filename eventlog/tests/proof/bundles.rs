//! What is exported, `reeve-verify` finds valid, and says of it what is so.

use domain::{Actor, DomainEvent as _, EventType, GuildId, PersonId, people};
use eventlog::{
    StreamId,
    proof::{ProofError, Selection, export},
};
use reeve_verify::{Options, Unreadable};

use crate::given::{PLAIN, Place, erased, guild, happen, on_both, put, valid, verify, verify_with};

const GRANTED: EventType = EventType::new("economy.bytes_granted", 1);

fn granted(to: u32, owner: u32) -> (EventType, String) {
    let reason = format!(r#"{{"owner":{owner},"sealed":"c2VhbGVk"}}"#);
    (GRANTED, format!(r#"{{"bytes_granted":{{"to":{to},"amount":"5","reason":{reason}}}}}"#))
}

/// Five grants, to #1, #2, #3, #1 and #2; then #1 is erased.
async fn grants(place: &Place, guild: GuildId) {
    let economy = StreamId::of_guild("economy", guild);
    for (number, to) in (0..).zip([1, 2, 3, 1, 2]) {
        let actor = if to == 3 { Actor::Person(PersonId(2)) } else { Actor::Operator };
        put(&place.log, &economy, number, actor, &[granted(to, to)], 0).await;
    }
    let people = StreamId::of_guild("people", guild);
    put(&place.log, &people, 0, Actor::Operator, &[erased(PersonId(1))], 0).await;
}

#[test]
fn given_any_range_then_it_is_valid() {
    on_both(async |place| {
        let mut size = 0;
        for grow in [1, 1, 2, 251, 2, 254, 300] {
            happen(&place.log, guild(1), grow).await;
            size += grow as u64;
            place.seal().await;
            for (from, to) in
                [(1, size), (size, size), (1, 1), (size / 2 + 1, size), (size.min(3), size / 2 + 1)]
            {
                let (from, to) = (from.min(to), from.max(to));
                let path = place.file("range");
                let range = Selection::Range { from, to: Some(to) };
                let written = export(&place.proofs, &*place.log, guild(1), &range, None, &path)
                    .await
                    .unwrap();
                assert_eq!((written.events, written.size), (to - from + 1, size));
                assert_eq!(written.bytes, std::fs::metadata(&path).unwrap().len());
                valid(&verify(&path), to - from + 1);
            }
        }
    });
}

#[test]
fn given_an_older_checkpoint_then_the_bundle_proves_that_history_was_added_to() {
    on_both(async |place| {
        let mut notes = Vec::new();
        for grow in [1, 2, 4, 250, 1, 300] {
            happen(&place.log, guild(1), grow).await;
            place.seal().await;
            notes.push(place.proofs.latest(guild(1)).await.unwrap().unwrap());
        }
        let last = notes.last().unwrap().clone();
        let (key, size) = (last.verifier_key(), last.checkpoint.size);
        let path = place.file("since");
        for note in &notes {
            let range = Selection::Range { from: size, to: None };
            let since = note.note();
            export(&place.proofs, &*place.log, guild(1), &range, Some(&since), &path)
                .await
                .unwrap();
            valid(&verify_with(&path, &key, Some(&since)), 1);
            // Without it, a range that passes the older one proves it too.
            let range = Selection::Range { from: 1, to: None };
            export(&place.proofs, &*place.log, guild(1), &range, None, &path).await.unwrap();
            valid(&verify_with(&path, &key, Some(&since)), size);
            let range = Selection::Range { from: note.checkpoint.size + 1, to: None };
            if note.checkpoint.size < size {
                export(&place.proofs, &*place.log, guild(1), &range, None, &path).await.unwrap();
                valid(&verify_with(&path, &key, Some(&since)), size - note.checkpoint.size);
            }
        }
        // One that nothing leads to is not silently passed over.
        let range = Selection::Range { from: size, to: None };
        export(&place.proofs, &*place.log, guild(1), &range, None, &path).await.unwrap();
        let report = verify_with(&path, &key, Some(&notes[0].note()));
        assert!(!report.valid && report.problems[0].contains("--since"), "{report:?}");
    });
}

#[test]
fn given_an_erased_person_then_valid_and_so_many_erased() {
    on_both(async |place| {
        grants(&place, guild(1)).await;
        place.seal().await;
        let path = place.file("bundle");
        let economy = StreamId::of_guild("economy", guild(1));
        for (selection, events, gone) in [
            (Selection::Range { from: 1, to: None }, 6, 2),
            (Selection::Range { from: 2, to: Some(4) }, 3, 1),
            (Selection::Range { from: 2, to: Some(3) }, 2, 0),
            (Selection::Stream(economy), 5, 2),
            (Selection::Person(PersonId(1)), 3, 2),
            (Selection::Person(PersonId(2)), 3, 0),
        ] {
            let written = export(&place.proofs, &*place.log, guild(1), &selection, None, &path)
                .await
                .unwrap();
            assert_eq!(written.events, events, "{selection:?}");
            assert_eq!(written.erased_persons, u64::from(gone > 0), "{selection:?}");
            let report = verify(&path);
            valid(&report, events);
            assert_eq!(report.erased, gone, "{selection:?}");
            let says = report.proves.join("\n");
            assert_eq!(says.contains("people who were erased"), gone > 0, "{says}");
            assert!(says.contains("give the one you know with --key"), "{says}");
        }
    });
}

#[test]
fn given_what_cannot_be_proven_then_the_export_says_why_and_writes_nothing() {
    on_both(async |place| {
        let path = place.file("bundle");
        let refused = async |selection: Selection, since: Option<&str>| {
            let result =
                export(&place.proofs, &*place.log, guild(1), &selection, since, &path).await;
            let Err(ProofError::Refused(text)) = result else { panic!("{result:?}") };
            assert!(!path.exists());
            text
        };
        let range = |from, to| Selection::Range { from, to: Some(to) };
        assert!(refused(range(1, 1), None).await.contains("it has no events"));
        happen(&place.log, guild(1), 5).await;
        happen(&place.log, guild(2), 9).await;
        place.seal().await;
        assert!(refused(range(0, 1), None).await.contains("counted from 1"));
        assert!(refused(range(4, 3), None).await.contains("counted from 1"));
        assert!(refused(range(1, 6), None).await.contains("only 5 events"));
        let nothing = "no sealed event of that kind";
        assert!(refused(Selection::Person(PersonId(9)), None).await.contains(nothing));
        let stream = Selection::Stream(StreamId::part("case", guild(1), "17"));
        assert!(refused(stream, None).await.contains(nothing));
        let strange = Selection::Stream(StreamId::of_guild("test", guild(2)));
        assert!(refused(strange, None).await.contains("not of guild"));

        let all = || range(1, 5);
        assert!(refused(all(), Some("a letter")).await.contains("the older checkpoint is none"));
        let other = place.proofs.latest(guild(2)).await.unwrap().unwrap().note();
        assert!(refused(all(), Some(&other)).await.contains("is one of guild"));
        let nowhere = place.file("no/such/folder");
        let failed = export(&place.proofs, &*place.log, guild(1), &all(), None, &nowhere).await;
        assert!(matches!(failed, Err(ProofError::Write(_))), "{failed:?}");
    });
}

/// What came after the checkpoint is no part of a bundle over it.
#[test]
fn given_events_that_are_not_sealed_then_they_are_left_out() {
    on_both(async |place| {
        grants(&place, guild(1)).await;
        place.seal().await;
        let economy = StreamId::of_guild("economy", guild(1));
        put(
            &place.log,
            &economy,
            5,
            Actor::Operator,
            &[granted(2, 2), (PLAIN, "{}".to_owned())],
            0,
        )
        .await;
        let path = place.file("bundle");
        for (selection, events) in [
            (Selection::Range { from: 1, to: None }, 6),
            (Selection::Stream(economy), 5),
            (Selection::Person(PersonId(2)), 3),
        ] {
            let written = export(&place.proofs, &*place.log, guild(1), &selection, None, &path)
                .await
                .unwrap();
            assert_eq!((written.events, written.size), (events, 6));
            valid(&verify(&path), events);
        }
    });
}

#[test]
fn given_another_key_or_guild_or_history_then_it_is_not_valid() {
    on_both(async |place| {
        happen(&place.log, guild(1), 5).await;
        happen(&place.log, guild(2), 5).await;
        place.seal().await;
        let path = place.file("bundle");
        let all = Selection::Range { from: 1, to: None };
        export(&place.proofs, &*place.log, guild(1), &all, None, &path).await.unwrap();
        let ours = place.proofs.latest(guild(1)).await.unwrap().unwrap();
        let theirs = place.proofs.latest(guild(2)).await.unwrap().unwrap();
        let report = verify_with(&path, &ours.verifier_key(), Some(&ours.note()));
        valid(&report, 5);
        assert!(report.trusted_key);

        let problem = |key: &str, checkpoint: Option<&str>| {
            let report = verify_with(&path, key, checkpoint);
            assert!(!report.valid);
            report.problems[0].clone()
        };
        let key = ours.verifier_key();
        assert!(problem(&theirs.verifier_key(), None).contains("is not signed with this key"));
        let other = problem(&key, Some(&theirs.note()));
        assert!(other.contains("is not signed") || other.contains("one of guild"), "{other}");
        let keys = vec![key.clone(), theirs.verifier_key()];
        let options = Options { keys, checkpoint: Some(theirs.note()) };
        let report = reeve_verify::verify(&path, &options).unwrap();
        assert!(report.problems[0].contains("is one of guild"), "{report:?}");

        happen(&place.log, guild(1), 1).await;
        place.seal().await;
        let newer = place.proofs.latest(guild(1)).await.unwrap().unwrap();
        assert!(problem(&key, Some(&newer.note())).contains("the bundle's only 5"));

        // The same key has signed another history of that guild.
        let mut other = ours.checkpoint.clone();
        other.root[0] ^= 1;
        assert!(problem(&key, Some(&ours.note().replace("\n5\n", "\n4\n"))).contains("forged"));
        let options = Options { keys: vec!["no key".to_owned()], checkpoint: None };
        let unreadable = reeve_verify::verify(&path, &options);
        assert!(matches!(unreadable, Err(Unreadable::Given(_))), "{unreadable:?}");
        let _ = other;
    });
}

/// A person is erased long after: what was exported before says so from then on, exported again.
#[test]
fn given_an_erasure_later_on_then_the_same_events_stay_valid() {
    on_both(async |place| {
        let economy = StreamId::of_guild("economy", guild(1));
        put(&place.log, &economy, 0, Actor::Operator, &[granted(1, 1)], 0).await;
        place.seal().await;
        let (before, after) = (place.file("before"), place.file("after"));
        let first = Selection::Range { from: 1, to: Some(1) };
        export(&place.proofs, &*place.log, guild(1), &first, None, &before).await.unwrap();
        let note = place.proofs.latest(guild(1)).await.unwrap().unwrap();
        let people = StreamId::of_guild("people", guild(1));
        put(&place.log, &people, 0, Actor::Operator, &[erased(PersonId(1))], 0).await;
        place.seal().await;
        let since = note.note();
        export(&place.proofs, &*place.log, guild(1), &first, Some(&since), &after).await.unwrap();
        assert_eq!(verify(&before).erased, 0);
        let report = verify_with(&after, &note.verifier_key(), Some(&since));
        valid(&report, 1);
        assert_eq!(report.erased, 1);
        assert_eq!(
            people::Event::TYPES[0].name,
            "people.person_erased",
            "as the verifiers know it"
        );
    });
}
