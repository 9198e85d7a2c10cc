//! How the house is built: which crate may know which, and what no file may hold. ARCHITECTURE.md
//! says why.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// From the top down; a crate knows only those after it.
const LAYERS: [&str; 6] = ["reeve", "schema", "actions", "projections", "eventlog", "domain"];
/// They know none of the layers, only the wire and the disk.
const APART: [&str; 5] = ["torture", "simulator", "standin", "verify", "pictures"];
/// What whoever checks a proof may stand on: nothing of what made it.
const UNDER_THE_VERIFIER: [&str; 6] =
    ["base64", "ed25519-dalek", "memchr", "serde", "serde_json", "sha2"];
/// What the domain may stand on: text, ids, error types and a hash, which draws are made of. Nothing that waits, stores, reads a
/// clock or throws dice.
const UNDER_THE_DOMAIN: [&str; 6] =
    ["schemars", "serde", "serde_json", "sha2", "thiserror", "uuid"];
const MOST_LINES: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The manifest of a crate, if there is one yet.
fn manifest(name: &str) -> Option<toml::Table> {
    let folder = if name == "reeve" { root().to_owned() } else { root().join(name) };
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn dependencies(manifest: &toml::Table, table: &str) -> BTreeSet<String> {
    let table = manifest.get(table).and_then(toml::Value::as_table);
    table.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// Every Rust file of ours, with the name of its crate.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<_> = LAYERS.iter().chain(&APART).map(|name| root().join(name)).collect();
    folders.extend(["src", "tests", "benches"].map(|name| root().join(name)));
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a folder can be listed").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("our files are text");
                let name = path.strip_prefix(root()).expect("it lies in the root").to_owned();
                found.push((name, text));
            }
        }
    }
    assert!(found.len() > 100, "only {} files found", found.len());
    found
}

/// Tests, and the suite that backends are tested with.
fn is_for_tests(path: &Path) -> bool {
    let named = |name: &str| path.components().any(|part| part.as_os_str() == name);
    named("tests") || named("tests.rs") || named("contract") || named("contract.rs")
}

/// What of a file is not for tests: up to its own tests, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    (1..).zip(lines.map(|line| line.split("//").next().unwrap_or_default()))
}

#[track_caller]
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn given_the_manifests_then_arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (place, name) in LAYERS.iter().enumerate() {
        let Some(manifest) = manifest(name) else { continue };
        let known = dependencies(&manifest, "dependencies");
        for above in &LAYERS[..=place] {
            if known.contains(*above) {
                wrong.push(format!("{name} knows {above}"));
            }
        }
    }
    for name in APART {
        let Some(manifest) = manifest(name) else { continue };
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let known = dependencies(&manifest, table);
            let known = LAYERS.iter().filter(|layer| known.contains(**layer));
            wrong.extend(known.map(|layer| format!("{name} knows {layer}")));
        }
    }
    none("imports point one way: src → schema → actions → projections → eventlog → domain", &wrong);
    let here = LAYERS.iter().filter(|name| manifest(name).is_some()).count();
    assert!(here >= 5, "only {here} layers were found");
}

#[test]
fn given_the_domain_then_it_knows_no_async_no_sql_no_clock_and_no_dice() {
    let manifest = manifest("domain").expect("there is a domain");
    let allowed = UNDER_THE_DOMAIN.map(str::to_owned).into();
    let known = dependencies(&manifest, "dependencies");
    let strange: Vec<_> = known.difference(&allowed).cloned().collect();
    none("the domain may not depend on", &strange);

    let ambient =
        ["async fn", ".await", "SystemTime", "Instant::now", "new_v4", "now_v7", "rand::"];
    let mut found = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| path.starts_with("domain/src")) {
        if is_for_tests(path) {
            continue;
        }
        for (number, line) in code(text) {
            let in_it = ambient.iter().filter(|word| line.contains(**word));
            found.extend(in_it.map(|word| format!("{}:{number}: {word}", path.display())));
        }
    }
    none("time and fresh ids arrive with the command", &found);
}

#[test]
fn given_the_verifier_then_it_shares_no_code_with_what_it_checks() {
    let manifest = manifest("verify").expect("there is a verifier");
    let allowed = UNDER_THE_VERIFIER.map(str::to_owned).into();
    let known = dependencies(&manifest, "dependencies");
    let strange: Vec<_> = known.difference(&allowed).cloned().collect();
    none("the verifier may not depend on", &strange);
    for table in ["dev-dependencies", "build-dependencies"] {
        let known = dependencies(&manifest, table);
        let ours = LAYERS.iter().filter(|layer| known.contains(**layer));
        let ours: Vec<_> = ours.map(|layer| (*layer).to_owned()).collect();
        none("the verifier is tested without", &ours);
    }
}

#[test]
fn given_our_code_then_nothing_is_silenced_unfinished_or_unwrapped() {
    let allow = ["#[al", "low("].concat();
    let allow_inner = ["#![al", "low("].concat();
    let mut found = Vec::new();
    for (path, text) in &sources() {
        for (number, line) in (1..).zip(text.lines()) {
            if line.contains(&allow) || line.contains(&allow_inner) {
                let what = "use #[expect(…, reason = \"…\")]";
                found.push(format!("{}:{number}: {what}", path.display()));
            }
        }
        if is_for_tests(path) {
            continue;
        }
        let words = [".unwrap()", "todo!(", "unimplemented!(", "dbg!("];
        for (number, line) in code(text) {
            let in_it = words.iter().filter(|word| line.contains(**word));
            found.extend(in_it.map(|word| format!("{}:{number}: {word}", path.display())));
        }
    }
    none("not in our code", &found);
}

#[test]
fn given_our_files_then_none_is_too_long_to_read() {
    let mut long = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !is_for_tests(path)) {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            long.push(format!("{}: {lines} lines", path.display()));
        }
    }
    none(&format!("split by concept what is over {MOST_LINES} lines"), &long);
    let vague = ["utils", "util", "helpers", "helper", "common", "misc"];
    let named_so = |path: &PathBuf| {
        path.iter().any(|part| {
            let stem = Path::new(part).file_stem().unwrap_or_default();
            vague.iter().any(|name| stem == *name)
        })
    };
    let vague: Vec<_> = sources().into_iter().map(|(path, _)| path).filter(named_so).collect();
    assert!(vague.is_empty(), "name the idea: {vague:?}");
}

#[test]
fn given_the_migrations_then_the_code_lists_exactly_the_files() {
    use eventlog::migrate::{
        POSTGRES, SQLITE_LOG, SQLITE_PEOPLE, SQLITE_PROOF, SQLITE_READ, SQLITE_SNAPSHOTS,
        SQLITE_WORK,
    };
    let lists = [
        SQLITE_LOG,
        SQLITE_PEOPLE,
        SQLITE_PROOF,
        SQLITE_READ,
        SQLITE_SNAPSHOTS,
        SQLITE_WORK,
        POSTGRES,
    ];
    let listed: BTreeSet<String> = lists
        .iter()
        .flat_map(|list| list.iter().map(|migration| migration.id.to_owned()))
        .collect();
    let mut files = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for folder in ["sqlite", "postgres", "shared"] {
        for entry in std::fs::read_dir(root().join("migrations").join(folder)).expect("it is there")
        {
            let path = entry.expect("a folder can be listed").path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a plain name");
            let number = stem.split('_').next().unwrap_or_default().to_owned();
            assert!(numbers.insert((folder, number)), "two of one number: {}", path.display());
            files.insert(format!("{folder}/{stem}"));
        }
    }
    assert_eq!(listed, files);
}

/// Names of metrics in a text: what begins with `reeve_`.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let names = text.match_indices("reeve_").map(|(at, _)| {
        let name = text[at..].split(|c| !is_name(c)).next().unwrap_or_default();
        let of_histogram =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        of_histogram.unwrap_or(name).to_owned()
    });
    names.collect()
}

#[test]
fn given_the_dashboard_for_operators_then_every_metric_in_it_is_one_that_is_exported() {
    let mut exported = BTreeSet::new();
    for (path, text) in sources() {
        let counts = !is_for_tests(&path) && !path.starts_with("simulator");
        let literals = code(&text).flat_map(|(_, line)| line.split('"').skip(1).step_by(2));
        let names = literals.filter(|literal| counts && literal.starts_with("reeve_"));
        exported.extend(names.map(str::to_owned));
    }
    let folder = root().join("docs/grafana");
    for (name, least) in [("reeve.json", 30), ("README.md", 5)] {
        let text = std::fs::read_to_string(folder.join(name)).expect("it is there");
        let shown = metrics_in(&text);
        let unknown: Vec<_> = shown.difference(&exported).cloned().collect();
        none(name, &unknown);
        assert!(shown.len() >= least, "{name}: only {} metrics", shown.len());
    }
    let text = std::fs::read_to_string(folder.join("reeve.json")).expect("it is there");
    let dashboard: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let panels = dashboard["panels"].as_array().expect("it has panels");
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64()), "two panels of one id: {panel}");
        let targets = panel["targets"].as_array().map_or(0, Vec::len);
        assert!(panel["type"] == "row" || targets > 0, "nothing is asked: {}", panel["title"]);
    }
}
