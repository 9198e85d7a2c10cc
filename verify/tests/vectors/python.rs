//! `docs/verify.py`, the second verifier, finds what this one finds.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    mutations::{Mutation, mutations},
    reading::{expected, key},
};

/// It takes some milliseconds for each, so not all of them.
const MUTATIONS: usize = 300;

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify.py")
}

/// Its answers; none where there is no Python, which `make test` installs.
fn ask(bundles: &[PathBuf]) -> Option<Vec<Value>> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3; scripts/install python3 brings it");
        return None;
    }
    let output = Command::new("python3")
        .arg(script())
        .args(["--key", &key()])
        .args(bundles)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let all_valid = answers.iter().all(|answer| answer["valid"] == true);
    assert_eq!(output.status.success(), all_valid, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(answers.len(), bundles.len());
    Some(answers)
}

#[test]
fn given_the_vectors_then_python_finds_the_same() {
    let expected = expected();
    let paths: Vec<_> = expected.iter().map(|(path, _)| path.clone()).collect();
    for ((_, expected), answer) in expected.iter().zip(ask(&paths).into_iter().flatten()) {
        assert_eq!(answer["valid"], expected["valid"], "{expected}: {answer}");
        if answer["valid"] == true {
            assert_eq!(answer["events"], expected["events"], "{expected}");
            assert_eq!(answer["erased"], expected["erased"], "{expected}");
        }
    }
}

#[test]
fn given_mutations_then_python_catches_every_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    let mutations = mutations(MUTATIONS);
    for (number, Mutation { bundle, .. }) in mutations.iter().enumerate() {
        let path = folder.path().join(number.to_string());
        std::fs::write(&path, bundle).unwrap();
        paths.push(path);
    }
    let answers = ask(&paths).into_iter().flatten();
    let missed: Vec<_> = mutations
        .iter()
        .zip(answers)
        .filter(|(_, answer)| answer["valid"] == true)
        .map(|(mutation, _)| mutation.what.clone())
        .collect();
    assert!(missed.is_empty(), "{} were not noticed:\n{}", missed.len(), missed.join("\n"));
}
