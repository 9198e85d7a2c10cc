//! `docs/proof-vectors/`: bundles that are the same every time, for whoever writes a verifier.
//! `REEVE_TEST_UPDATE=1` makes them again.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Actor, EventType, GuildId, PersonId, Timestamp};
use ed25519_dalek::SigningKey;
use eventlog::{
    Clock, EventLog, StreamId,
    contract::{Backend as _, Options, SqliteBackend},
    people::MasterKey,
    proof::{Proofs, Selection, export, seal_now, signed_note},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::given::{erased, put, verify_with};

const GUILD: u64 = 1_107_318_246_137_131_070;
const OTHER_GUILD: u64 = 1_100_000_000_000_000_078;
/// Of no installation.
const SECRET: [u8; 32] = *b"a secret of the test vectors ...";
const SEALED: &str = "3q2-7wABAgMEBQYHp1VdK9Zr0yqkTn8oQ2mJxwS4uF6hLbCeRtYvGdHsNiPaMfEzXg";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/proof-vectors")
}

struct Vectors {
    log: Arc<dyn EventLog>,
    proofs: Proofs,
    out: tempfile::TempDir,
    expected: Vec<Value>,
}

fn granted(to: u32, n: u32) -> (EventType, String) {
    let reason = format!(r#"{{"owner":{to},"sealed":"{SEALED}"}}"#);
    let payload = format!(r#"{{"bytes_granted":{{"to":{to},"amount":"{n}","reason":{reason}}}}}"#);
    (EventType::new("economy.bytes_granted", 1), payload)
}

/// Twelve grants to three people, some with a person who gave them.
async fn grants(log: &Arc<dyn EventLog>, guild: GuildId) {
    let economy = StreamId::of_guild("economy", guild);
    for n in 0..6_u32 {
        let id = (u128::from(guild.get()) << 64) + u128::from(n) * 16;
        let actor = if n % 2 == 0 { Actor::Operator } else { Actor::Person(PersonId(n % 3 + 1)) };
        let events = [granted(n % 3 + 1, 10), granted(3, n)];
        put(log, &economy, u64::from(n) * 2, actor, &events, id).await;
    }
}

/// Two cases with words of any alphabet, an erasure, and grants after it: 19 events in all.
async fn the_rest(log: &Arc<dyn EventLog>, guild: GuildId) {
    let mut id = (u128::from(guild.get()) << 64) + 1_000;
    for (number, words) in [("17", "größer, 更大 \\\"quoted\\\" \\n"), ("18", "\\u0000 <&> 🏰")]
    {
        let case = StreamId::part("case", guild, number);
        let opened = format!(r#"{{"opened":{{"person":2,"note":"{words}"}}}}"#);
        let noted = r#"{"noted":{ "spaces" : [1, 2.50, null] }}"#.to_owned();
        let events = [("case.opened", 1, opened), ("case.noted", 2, noted)];
        for (version, (name, number, payload)) in (0..).zip(events) {
            let actor = Actor::Process("escalation".to_owned());
            let event = (EventType::new(name, number), payload);
            put(log, &case, version, actor, &[event], id).await;
            id += 16;
        }
    }
    let people = StreamId::of_guild("people", guild);
    let process = Actor::Process("erasure".to_owned());
    put(log, &people, 0, process, &[erased(PersonId(1))], id).await;
    let economy = StreamId::of_guild("economy", guild);
    put(log, &economy, 12, Actor::Import, &[granted(2, 99), granted(1, 7)], id + 16).await;
}

impl Vectors {
    async fn make(&mut self) {
        let guild = GuildId::new(GUILD).unwrap();
        let other = GuildId::new(OTHER_GUILD).unwrap();
        grants(&self.log, guild).await;
        grants(&self.log, other).await;
        seal_now(&self.proofs, &self.log).await.unwrap();
        let older = self.proofs.latest(guild).await.unwrap().unwrap().note();
        the_rest(&self.log, guild).await;
        the_rest(&self.log, other).await;
        seal_now(&self.proofs, &self.log).await.unwrap();
        let signed = self.proofs.latest(guild).await.unwrap().unwrap();
        self.write("key.txt", &format!("{}\n", signed.verifier_key()));
        self.write("checkpoint.txt", &signed.note());
        self.write("older-checkpoint.txt", &older);
        let note = self.proofs.latest(other).await.unwrap().unwrap().note();
        self.write("checkpoint-of-another-guild.txt", &note);
        self.good(guild, &older).await;
        self.bad(guild, &note).await;
        let lines: Vec<_> = self.expected.iter().map(Value::to_string).collect();
        self.write("expected.jsonl", &format!("{}\n", lines.join("\n")));
    }

    async fn good(&mut self, guild: GuildId, older: &str) {
        let economy = StreamId::of_guild("economy", guild);
        let case = StreamId::part("case", guild, "17");
        for (name, selection, since, events, erased) in [
            ("all", Selection::Range { from: 1, to: None }, None, 19, 3),
            ("range", Selection::Range { from: 6, to: Some(13) }, None, 8, 1),
            ("one", Selection::Range { from: 19, to: Some(19) }, None, 1, 1),
            ("since", Selection::Range { from: 13, to: None }, Some(older), 7, 1),
            ("stream", Selection::Stream(economy), None, 14, 3),
            ("case", Selection::Stream(case), None, 2, 0),
            ("person", Selection::Person(PersonId(2)), Some(older), 6, 0),
        ] {
            let path = self.out.path().join(format!("{name}.jsonl"));
            export(&self.proofs, &*self.log, guild, &selection, since, &path).await.unwrap();
            self.expected.push(json!({
                "bundle": format!("{name}.jsonl"), "valid": true, "events": events, "erased": erased,
            }));
        }
    }

    async fn bad(&mut self, guild: GuildId, other_note: &str) {
        let all = std::fs::read_to_string(self.out.path().join("all.jsonl")).unwrap();
        let lines: Vec<String> = all.lines().map(str::to_owned).collect();
        let last = lines.len() - 2;
        let changed = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = lines.clone();
            change(&mut lines);
            repaired(&lines, SECRET)
        };
        let note = serde_json::to_string(other_note).unwrap();
        let other_key = SigningKey::from_bytes(&[3; 32]);
        let forged = self.proofs.latest(guild).await.unwrap().unwrap().checkpoint.sign(&other_key);
        self.wrong("altered", &changed(&|l| l[last] = l[last].replace(r#"\"7\""#, r#"\"8\""#)));
        self.wrong("left-out", &changed(&|l| drop(l.remove(last - 3))));
        self.wrong("swapped", &changed(&|l| l.swap(last - 3, last - 4)));
        self.wrong("doubled", &changed(&|l| l.insert(last, l[last].clone())));
        self.wrong("of-another-guild", &changed(&|l| l[2] = format!(r#"{{"checkpoint":{note}}}"#)));
        let mut others = lines.clone();
        others[1] = json!({ "key": forged.verifier_key() }).to_string();
        others[2] = json!({ "checkpoint": forged.note() }).to_string();
        self.wrong("signed-by-another", &repaired(&others, other_key.to_bytes()));
        self.wrong("cut", &all[..all.len() / 2]);
        self.wrong("without-its-end", all.trim_end());
        self.wrong("one-bit", &all.replacen("operator", "opdrator", 1));
        self.wrong("longer", &format!("{all}\n"));
    }

    fn wrong(&mut self, name: &str, bundle: &str) {
        let name = format!("wrong-{name}.jsonl");
        self.write(&name, bundle);
        self.expected.push(json!({ "bundle": name, "valid": false }));
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.out.path().join(name), text).unwrap();
    }
}

/// With a last line that fits, signed even, as the holder of a key would forge a bundle.
fn repaired(lines: &[String], secret: [u8; 32]) -> String {
    let body = lines[..lines.len() - 1].join("\n") + "\n";
    let events = lines.iter().filter(|line| line.starts_with("{\"event\":")).count();
    let digest = STANDARD.encode(Sha256::digest(body.as_bytes()));
    let text = format!("reeve/{GUILD}\nbundle of {events} events\n{digest}\n");
    let guild = GuildId::new(GUILD).unwrap();
    let note = signed_note(guild, &text, &SigningKey::from_bytes(&secret));
    format!("{body}{}\n", json!({ "end": note }))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vectors_in_the_documents_are_what_is_written_today() {
    let store = SqliteBackend::fresh().await.unwrap();
    let clock: Clock = Arc::new(|| Timestamp::from_micros(1_795_197_845_000_001));
    let options = Options { clock: Arc::clone(&clock), ..Options::default() };
    let log = store.open(options).await.unwrap();
    let master = MasterKey::generate().unwrap();
    let proofs = Proofs::sqlite(store.directory(), master, None, clock).unwrap();
    proofs.use_secret(SECRET).await.unwrap();
    let out = tempfile::TempDir::with_prefix("reeve-vectors-").unwrap();
    let mut vectors = Vectors { log, proofs, out, expected: Vec::new() };
    vectors.make().await;

    let names = |folder: &Path| -> BTreeSet<String> {
        let Ok(files) = std::fs::read_dir(folder) else { return BTreeSet::new() };
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    let made = names(vectors.out.path());
    if std::env::var_os("REEVE_TEST_UPDATE").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for name in &made {
            std::fs::copy(vectors.out.path().join(name), folder().join(name)).unwrap();
        }
    }
    assert_eq!(names(&folder()), made, "REEVE_TEST_UPDATE=1 makes them again");
    for name in made {
        let read = |folder: &Path| std::fs::read_to_string(folder.join(&name)).unwrap();
        let same = read(&folder()) == read(vectors.out.path());
        assert!(same, "{name} is stale: bundles are written in another way than they were");
    }
    let key = std::fs::read_to_string(folder().join("key.txt")).unwrap();
    for expected in vectors.expected {
        let path = folder().join(expected["bundle"].as_str().unwrap());
        let report = verify_with(&path, key.trim(), None);
        assert_eq!(report.valid, expected["valid"], "{expected}: {:?}", report.problems);
        if report.valid {
            let found = json!([report.events, report.erased]);
            assert_eq!(found, json!([expected["events"], expected["erased"]]), "{expected}");
        }
    }
}
