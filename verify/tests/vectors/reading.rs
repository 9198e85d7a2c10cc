//! The vectors, and asking this verifier.

use std::path::{Path, PathBuf};

use reeve_verify::{Options, Report, Unreadable};
use serde_json::Value;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/proof-vectors")
}

pub fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

pub fn key() -> String {
    text("key.txt").trim().to_owned()
}

/// The bundles with what is expected of each.
pub fn expected() -> Vec<(PathBuf, Value)> {
    let all: Vec<_> = text("expected.jsonl")
        .lines()
        .map(|line| {
            let expected: Value = serde_json::from_str(line).unwrap();
            (folder().join(expected["bundle"].as_str().unwrap()), expected)
        })
        .collect();
    assert!(all.len() >= 15, "{all:?}");
    all
}

pub fn trusting() -> Options {
    Options { keys: vec![key()], checkpoint: None }
}

pub fn verify(bundle: &[u8], options: &Options) -> Result<Report, Unreadable> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bundle).unwrap();
    reeve_verify::verify(file.path(), options)
}

#[test]
fn given_the_vectors_then_each_is_as_expected() {
    for (path, expected) in expected() {
        let report = reeve_verify::verify(&path, &trusting()).unwrap();
        assert_eq!(report.valid, expected["valid"], "{expected}: {:?}", report.problems);
        assert_eq!(report.problems.is_empty(), report.valid);
        assert_eq!(report.trusted_key, report.valid);
        if report.valid {
            assert_eq!(report.events, expected["events"], "{expected}");
            assert_eq!(report.erased, expected["erased"], "{expected}");
            assert_eq!(report.size, 19);
        }
    }
}

/// Whoever signs a bundle with a key of their own finds believers only among those who have none.
#[test]
fn given_no_trusted_key_then_only_the_bundles_own_is_asked_and_the_answer_says_so() {
    let bundle = text("wrong-signed-by-another.jsonl");
    let report = verify(bundle.as_bytes(), &Options::default()).unwrap();
    assert!(report.valid && !report.trusted_key);
    assert!(report.proves.join(" ").contains("whoever makes a bundle can make a key"));
    let report = verify(bundle.as_bytes(), &trusting()).unwrap();
    assert_eq!(report.problems, ["the checkpoint is not signed with this key"]);
}

#[test]
fn given_a_kept_checkpoint_then_the_bundle_must_be_of_its_history() {
    let with = |bundle: &str, checkpoint: String| {
        let options = Options { checkpoint: Some(checkpoint), ..trusting() };
        verify(text(bundle).as_bytes(), &options).unwrap()
    };
    for (bundle, checkpoint) in [
        ("all.jsonl", "checkpoint.txt"),
        ("all.jsonl", "older-checkpoint.txt"),
        ("range.jsonl", "older-checkpoint.txt"),
        ("since.jsonl", "older-checkpoint.txt"),
        ("person.jsonl", "older-checkpoint.txt"),
        ("stream.jsonl", "checkpoint.txt"),
    ] {
        let report = with(bundle, text(checkpoint));
        assert!(report.valid, "{bundle} {checkpoint}: {:?}", report.problems);
        assert!(report.proves.join(" ").contains("the checkpoint that you gave"));
    }
    for (bundle, checkpoint, problem) in [
        ("one.jsonl", text("older-checkpoint.txt"), "export it again with --since"),
        ("stream.jsonl", text("older-checkpoint.txt"), "export it again with --since"),
        ("all.jsonl", text("checkpoint-of-another-guild.txt"), "is not signed with this key"),
        ("all.jsonl", text("older-checkpoint.txt").replace("\n12\n", "\n13\n"), "forged"),
        ("all.jsonl", "no checkpoint".to_owned(), "it has no signature"),
        ("all.jsonl", "x".repeat(20_000), "too long"),
    ] {
        let report = with(bundle, checkpoint);
        assert!(!report.valid && report.problems[0].contains(problem), "{:?}", report.problems);
    }
}

#[test]
fn given_each_kind_of_forgery_then_the_problem_is_named() {
    for (name, problem) in [
        ("altered", "not those that were signed"),
        ("left-out", "is not the next one"),
        ("swapped", "is not the next one"),
        ("doubled", "is not the next one"),
        ("of-another-guild", "is not signed with this key"),
        ("cut", "the bundle was cut"),
        ("without-its-end", "the last line is not whole"),
        ("one-bit", "not those that were signed"),
        ("longer", "something follows the last line"),
    ] {
        let report = verify(text(&format!("wrong-{name}.jsonl")).as_bytes(), &trusting()).unwrap();
        let found = report.problems.join(" ");
        assert!(found.contains(problem), "{name}: {found}");
    }
}
