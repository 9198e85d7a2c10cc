//! `docs/event-hash.md` says what the code does.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    every_golden_event,
    stored::{Stored, hashed_bytes, repository},
};

/// The blocks of one language in the document.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(repository().join("docs/event-hash.md")).unwrap();
    let blocks = text.split("```").skip(1).step_by(2);
    blocks
        .filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'))
        .map(str::to_owned)
        .collect()
}

fn block(language: &str) -> String {
    let mut blocks = blocks(language);
    assert_eq!(blocks.len(), 1, "{language}");
    blocks.remove(0)
}

#[test]
fn given_the_documents_event_then_its_bytes_and_its_hash_are_as_written_there() {
    let event: Stored = serde_json::from_str(&block("json")).unwrap();
    event.recorded().verify().unwrap();
    let hex: String = block("hex").split_whitespace().collect();
    let written = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let bytes: Vec<_> = written.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    assert_eq!(bytes, hashed_bytes(&event));
    assert_eq!(event.hash, event.clone().hashed().hash);
    // Times are signed.
    let before_1970 = Stored { recorded_at: "-1".to_owned(), ..event }.hashed();
    before_1970.recorded().verify().unwrap();
}

fn python_script() -> PathBuf {
    let name = format!("event-hash-{}.py", std::process::id());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, block("python")).unwrap();
    path
}

#[test]
fn given_python_then_the_documents_script_agrees_with_every_golden_event() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return;
    }
    let script = python_script();
    let events = every_golden_event();
    let mut paths: Vec<_> = fs::read_dir(repository().join("schema/events/golden"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let output = Command::new("python3").arg(&script).args(&paths).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.trim(), format!("{} events are what was written", events.len()));

    let (_, _, mut altered) = events.into_iter().next().unwrap();
    altered.payload = altered.payload.replace("100", "101");
    assert_ne!(altered.hash, altered.clone().hashed().hash);
    let path = script.with_extension("json");
    fs::write(&path, serde_json::to_string(&[altered]).unwrap()).unwrap();
    paths.push(path.clone());
    let output = Command::new("python3").arg(&script).args(&paths).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(&path.display().to_string()), "{said}");
    fs::remove_file(path).unwrap();
    fs::remove_file(script).unwrap();
}
