//! Files that are no bundles.

use reeve_verify::{Options, Unreadable};

use crate::reading::{text, verify};

#[test]
fn given_something_else_then_it_is_said_that_it_is_no_bundle() {
    let all = text("all.jsonl");
    for file in
        ["", "\n", "{}", "hello", "{\"reeve_proof\":", "{\"reeve_proof\":x}\n", "\0\0\0", &all[1..]]
    {
        let answer = verify(file.as_bytes(), &Options::default());
        assert!(matches!(answer, Err(Unreadable::NotABundle)), "{file:?}: {answer:?}");
    }
    let nowhere = std::path::Path::new("/nowhere/to/be/found");
    let answer = reeve_verify::verify(nowhere, &Options::default());
    assert!(matches!(answer, Err(Unreadable::Io(_))), "{answer:?}");
}

#[test]
fn given_a_newer_format_then_it_is_named() {
    let newer =
        text("all.jsonl").replacen("{\"reeve_proof\":1,", "{\"reeve_proof\":2,\"x\":[],", 1);
    let answer = verify(newer.as_bytes(), &Options::default());
    assert!(matches!(answer, Err(Unreadable::Newer(2))), "{answer:?}");
}

/// What has no end is not read to the end.
#[test]
fn given_a_line_without_an_end_then_reading_stops() {
    let first = text("all.jsonl").lines().next().unwrap().to_owned() + "\n";
    let mut file = first.into_bytes();
    file.resize(file.len() + 20 * 1024 * 1024, b'x');
    let report = verify(&file, &Options::default()).unwrap();
    assert!(!report.valid, "{report:?}");
}

#[test]
fn given_json_that_is_not_what_it_should_be_then_no_panic() {
    let all = text("all.jsonl");
    let lines: Vec<&str> = all.lines().collect();
    for number in 0..lines.len() {
        for instead in
            ["", "{}", "[]", "null", "{\"event\":{}}", "{\"key\":1}", "{\"left\":[],\"right\":[]}"]
        {
            let mut changed = lines.clone();
            changed[number] = instead;
            let answer = verify((changed.join("\n") + "\n").as_bytes(), &Options::default());
            let same = lines[number] == instead;
            assert!(same || answer.is_err() || !answer.unwrap().valid, "line {number}: {instead}");
        }
    }
    let deep = format!("{{\"reeve_proof\":1,\"guild\":{}1\n", "[".repeat(100_000));
    assert!(verify(deep.as_bytes(), &Options::default()).is_ok_and(|report| !report.valid));
}
