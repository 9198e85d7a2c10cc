//! The power-cut model on journals written by hand, where every possible image can be named.

use std::{collections::BTreeSet, path::Path};

use torture::{CrashImages, FileId, Journal, Operation};

const A: FileId = FileId(0);
const B: FileId = FileId(1);

fn create(file: FileId) -> Operation {
    Operation::Create { file, path: "a".into() }
}

fn write(file: FileId, offset: usize, bytes: &[u8]) -> Operation {
    Operation::Write { file, offset, bytes: bytes.to_vec() }
}

fn sync(file: FileId, covers: usize) -> Operation {
    Operation::Sync { file, flags: 2, covers }
}

fn sync_directory(covers: usize) -> Operation {
    Operation::SyncDirectory { directory: "".into(), covers }
}

fn delete() -> Operation {
    Operation::Delete { path: "a".into() }
}

/// Every content that file `a` has in thousands of crashes after the last operation; `None` where
/// it is missing.
fn seen(operations: Vec<Operation>) -> BTreeSet<Option<Vec<u8>>> {
    let end = operations.len();
    CrashImages::new(&Journal::new(operations), 4_000, 7)
        .filter(|crash| crash.cut == end)
        .map(|crash| crash.image.files.get(Path::new("a")).cloned())
        .collect()
}

fn all<const N: usize>(contents: [Option<&str>; N]) -> BTreeSet<Option<Vec<u8>>> {
    contents.into_iter().map(|content| content.map(|text| text.as_bytes().to_vec())).collect()
}

#[test]
fn given_a_synced_write_then_it_is_always_there() {
    let operations = vec![create(A), write(A, 0, b"one"), sync(A, 2)];
    assert_eq!(seen(operations), all([Some("one")]));
}

#[test]
fn given_an_unsynced_overwrite_then_old_and_new_are_seen() {
    let operations = vec![create(A), write(A, 0, b"old"), sync(A, 2), write(A, 0, b"new")];
    assert_eq!(seen(operations), all([Some("old"), Some("new")]));
}

#[test]
fn given_a_write_while_a_sync_ran_then_the_sync_does_not_save_it() {
    let operations = vec![create(A), write(A, 0, b"old"), write(A, 0, b"new"), sync(A, 2)];
    assert_eq!(seen(operations), all([Some("old"), Some("new")]));
}

#[test]
fn given_an_unsynced_truncation_then_it_may_be_undone_or_overtake_a_write() {
    let truncate = Operation::Truncate { file: A, size: 1 };
    let operations =
        vec![create(A), write(A, 0, b"old"), sync(A, 2), truncate, write(A, 0, b"NEW")];
    let contents = seen(operations);
    assert!(contents.is_superset(&all([Some("old"), Some("o"), Some("NEW"), Some("N")])));
    // The rest: the file kept the write's length but not its bytes.
    assert!(contents.iter().flatten().all(|content| content[0] == b'o' || content[0] == b'N'));
}

#[test]
fn given_an_unsynced_file_then_its_name_may_be_missing() {
    let operations = vec![create(A), write(A, 0, b"one")];
    assert!(seen(operations).is_superset(&all([None, Some(""), Some("one")])));
    let operations = vec![create(A), write(A, 0, b"one"), sync_directory(1)];
    assert!(!seen(operations).contains(&None));
}

#[test]
fn given_an_unsynced_deletion_then_the_file_may_be_back() {
    let mut operations = vec![create(A), write(A, 0, b"one"), sync(A, 2), delete()];
    assert_eq!(seen(operations.clone()), all([None, Some("one")]));
    operations.push(sync_directory(4));
    assert_eq!(seen(operations), all([None]));
}

#[test]
fn given_a_recreated_file_then_the_name_may_stand_for_the_old_one_until_a_sync() {
    let mut operations =
        vec![create(A), write(A, 0, b"one"), sync(A, 2), delete(), create(B), write(B, 0, b"two")];
    assert!(seen(operations.clone()).is_superset(&all([None, Some("one"), Some("two")])));
    operations.push(sync(B, 6));
    assert_eq!(seen(operations), all([Some("two")]));
}

#[test]
fn given_a_file_from_before_the_recording_then_it_is_durable() {
    let path = "a".into();
    let adopt = Operation::Adopt { file: A, path, bytes: b"before".to_vec() };
    assert_eq!(seen(vec![adopt]), all([Some("before")]));
}

#[test]
fn given_a_torn_write_then_whole_sectors_survive_in_any_combination() {
    // Four sectors touched: the write begins and ends in the middle of one.
    let operations =
        vec![create(A), write(A, 0, &[b'.'; 2048]), sync(A, 2), write(A, 500, &[b'x'; 1500])];
    let patterns: BTreeSet<String> = seen(operations)
        .into_iter()
        .flatten()
        .map(|content| {
            assert_eq!(content.len(), 2048);
            assert!(content[..500].iter().chain(&content[2000..]).all(|byte| *byte == b'.'));
            let mut runs = [500..512, 512..1024, 1024..1536, 1536..2000]
                .map(|sector| content[sector].to_vec());
            for run in &mut runs {
                run.dedup();
                assert_eq!(run.len(), 1, "a sector is whole");
            }
            String::from_utf8_lossy(&runs.concat()).into_owned()
        })
        .collect();
    assert_eq!(patterns.len(), 16, "{patterns:?}");
}

#[test]
fn given_appended_writes_then_holes_are_zeros_or_stale_bytes() {
    let operations =
        vec![create(A), sync(A, 1), write(A, 0, &[b'1'; 512]), write(A, 512, &[b'2'; 512])];
    let contents: BTreeSet<Vec<u8>> = seen(operations).into_iter().flatten().collect();
    let holes: Vec<_> = contents
        .iter()
        .filter(|content| content.len() == 1024 && content.ends_with(b"2"))
        .map(|content| &content[..512])
        .filter(|first| *first != [b'1'; 512])
        .collect();
    assert!(holes.iter().any(|hole| **hole == [0; 512]));
    assert!(holes.iter().any(|hole| hole.iter().any(|byte| *byte != 0)));
    assert!(contents.iter().any(|content| content.len() == 512), "a prefix");
}

#[test]
fn given_marks_then_a_cut_acknowledges_those_before_it() {
    let operations = vec![create(A), Operation::Mark(5), write(A, 0, b"x"), Operation::Mark(9)];
    let journal = Journal::new(operations);
    for crash in CrashImages::new(&journal, 200, 3) {
        let expected = [0, 0, 5, 5, 9][crash.cut];
        assert_eq!(crash.acknowledged, expected, "cut at {}", crash.cut);
    }
}

#[test]
fn given_the_same_seed_then_each_number_has_the_same_image_however_many_there_are() {
    let operations = vec![
        create(A),
        write(A, 0, &[b'1'; 1024]),
        write(A, 1024, &[b'2'; 1024]),
        sync(A, 2),
        write(A, 2048, &[b'3'; 1024]),
    ];
    let journal = Journal::new(operations);
    let by_number = |images, seed| {
        let mut crashes: Vec<_> = CrashImages::new(&journal, images, seed).collect();
        crashes.sort_by_key(|crash| crash.number);
        crashes
    };
    assert_eq!(by_number(100, 1), by_number(100, 1));
    assert_eq!(by_number(100, 1)[..50], by_number(50, 1));
    assert_ne!(by_number(100, 1), by_number(100, 2));
}
