//! Draws of giveaways: what both verifiers find in them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use reeve_verify::{is_draw, verify_draw};
use serde_json::Value;

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The bundles with what is expected of each.
fn expected() -> Vec<(PathBuf, Value)> {
    let folder = documents().join("draw-vectors");
    let expected = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    let all: Vec<_> = expected
        .lines()
        .map(|line| {
            let expected: Value = serde_json::from_str(line).unwrap();
            (folder.join(expected["bundle"].as_str().unwrap()), expected)
        })
        .collect();
    assert!(all.len() >= 16, "{all:?}");
    all
}

#[test]
fn given_the_draws_in_the_documents_then_each_is_as_expected() {
    for (path, expected) in expected() {
        let bytes = std::fs::read(&path).unwrap();
        assert!(is_draw(&bytes));
        let report = verify_draw(&bytes);
        assert_eq!(report.valid, expected["valid"], "{expected}: {:?}", report.problems);
        assert_eq!(report.problems.is_empty(), report.valid);
        assert_eq!(report.proves.is_empty(), !report.valid);
        if report.valid {
            assert_eq!(serde_json::json!(report.drawn), expected["drawn"], "{expected}");
        }
    }
}

/// Every byte of a draw counts: changed, it is not valid, or says the same in another way.
#[test]
fn given_any_character_changed_then_it_is_noticed() {
    let bundle = std::fs::read(documents().join("draw-vectors/weighted.jsonl")).unwrap();
    let good = verify_draw(&bundle);
    assert!(good.valid);
    let mut free = Vec::new();
    for place in 0..bundle.len() {
        let mut changed = bundle.clone();
        changed[place] = match changed[place] {
            b'0'..=b'8' | b'a'..=b'e' => changed[place] + 1,
            b'9' => b'0',
            b'"' => b'x',
            _ => b'z',
        };
        let report = verify_draw(&changed);
        if report.valid {
            free.push(place);
        }
    }
    // Why somebody was left out or drawn again is told, and proven by nothing: words may differ.
    let text = String::from_utf8(bundle).unwrap();
    let is_a_reason = |place: &usize| {
        let line = text[..*place].rfind('\n').map_or(0, |start| start + 1);
        let why = text[line..].find("\"why\":\"").map(|at| line + at + 7);
        why.is_some_and(|why| why <= *place)
    };
    let unnoticed: Vec<_> = free.iter().filter(|place| !is_a_reason(place)).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

#[test]
fn given_the_draws_in_the_documents_then_python_finds_the_same() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3; scripts/install python3 brings it");
        return;
    }
    let expected = expected();
    let output = Command::new("python3")
        .arg(documents().join("verify_draw.py"))
        .args(expected.iter().map(|(path, _)| path))
        .output()
        .unwrap();
    assert!(!output.status.success(), "some of them are wrong");
    let said = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), expected.len());
    for ((_, expected), answer) in expected.iter().zip(answers) {
        assert_eq!(answer["valid"], expected["valid"], "{expected}: {answer}");
        if answer["valid"] == true {
            assert_eq!(answer["drawn"], expected["drawn"], "{expected}");
        }
    }
}
