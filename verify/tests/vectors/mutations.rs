//! A thousand random changes of the good bundles, each of which the verifier must notice. Half of
//! them are made by somebody who also writes a last line that fits.

use std::path::PathBuf;

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use sha2::{Digest as _, Sha256};

use crate::reading::{expected, key, text, trusting, verify};

const MUTATIONS: usize = 1_000;
const SEED: [u8; 32] = [42; 32];
/// The key of the vectors, of no installation.
const SECRET: [u8; 32] = *b"a secret of the test vectors ...";

pub struct Mutation {
    pub what: String,
    pub bundle: Vec<u8>,
}

struct Dice(TestRng);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end as u64).unwrap()
    }
}

fn good() -> Vec<(PathBuf, Vec<u8>)> {
    let good = expected().into_iter().filter(|(_, expected)| expected["valid"] == true);
    good.map(|(path, _)| (path.clone(), std::fs::read(path).unwrap())).collect()
}

pub fn mutations(count: usize) -> Vec<Mutation> {
    let mut dice = Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let good = good();
    let mut made = Vec::new();
    while made.len() < count {
        let (path, bundle) = &good[dice.below(good.len())];
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (what, changed) = if made.len() % 2 == 0 {
            plain(&mut dice, bundle)
        } else {
            repaired(&mut dice, bundle)
        };
        // Two equal lines may have changed places.
        if changed != *bundle {
            made.push(Mutation { what: format!("{name}: {what}"), bundle: changed });
        }
    }
    made
}

/// What happens to a file on its way.
fn plain(dice: &mut Dice, bundle: &[u8]) -> (String, Vec<u8>) {
    let mut changed = bundle.to_vec();
    match dice.below(6) {
        0 => {
            let at = dice.below(changed.len());
            changed.truncate(at);
            (format!("cut after {at}"), changed)
        }
        1 => {
            let (at, byte) = (dice.below(changed.len()), dice.0.next_u64().to_be_bytes()[0]);
            changed.insert(at, byte);
            (format!("byte {byte} put in at {at}"), changed)
        }
        2 => {
            let at = dice.below(changed.len());
            changed.remove(at);
            (format!("byte {at} taken out"), changed)
        }
        3 => {
            let mut lines = lines_of(bundle);
            let what = move_lines(dice, &mut lines, 0);
            (what, joined(&lines))
        }
        _ => {
            let (at, bit) = (dice.below(changed.len()), dice.below(8));
            changed[at] ^= 1 << bit;
            (format!("bit {bit} of byte {at}"), changed)
        }
    }
}

/// What somebody does who knows the format, and writes a last line that fits: signed with a key of
/// their own, or even with the right one. Then there is less that they must not change: what a
/// bundle is about, whom it says to be erased and which of some events it shows is the signer's
/// word. The events themselves are not.
fn repaired(dice: &mut Dice, bundle: &[u8]) -> (String, Vec<u8>) {
    let mut lines = lines_of(bundle);
    lines.pop();
    let insider = dice.below(2) == 0;
    let is_range = lines.iter().any(|line| line.starts_with(b"{\"left\":"));
    let is_event = |line: &Vec<u8>| line.starts_with(b"{\"event\":");
    let events = lines.iter().position(is_event).unwrap();
    let first = if insider { events } else { 0 };
    let what = match dice.below(4) {
        0 if is_range || !insider => move_lines(dice, &mut lines, first),
        1 => forge(dice, &mut lines),
        _ => {
            let line = if insider { 2 } else { 0 };
            let line = line + dice.below(lines.len() - line);
            let (at, bit) = (dice.below(lines[line].len()), dice.below(8));
            lines[line][at] ^= 1 << bit;
            format!("bit {bit} of byte {at} in line {}", line + 1)
        }
    };
    let body = joined(&lines);
    let events = lines.iter().filter(|line| is_event(line)).count();
    let name = text("key.txt").split('+').next().unwrap().to_owned();
    let digest = encode(&Sha256::digest(&body));
    let text = format!("{name}\nbundle of {events} events\n{digest}\n");
    let secret = if insider { SECRET } else { [9; 32] };
    let end = serde_json::json!({ "end": signed(&name, &text, secret) });
    let who = if insider { "the signer" } else { "somebody" };
    (format!("{what}, mended by {who}"), [body, format!("{end}\n").into_bytes()].concat())
}

/// Signed under the id of the right key.
fn signed(name: &str, text: &str, secret: [u8; 32]) -> String {
    let id = u32::from_str_radix(key().split('+').nth(1).unwrap(), 16).unwrap().to_be_bytes();
    let signature = SigningKey::from_bytes(&secret).sign(text.as_bytes()).to_bytes();
    format!("{text}\n\u{2014} {name} {}\n", encode(&[&id[..], &signature].concat()))
}

fn move_lines(dice: &mut Dice, lines: &mut Vec<Vec<u8>>, first: usize) -> String {
    let one = first + dice.below(lines.len() - first);
    let other = first + dice.below(lines.len() - first);
    match dice.below(3) {
        0 => {
            lines.remove(one);
            format!("line {} deleted", one + 1)
        }
        1 => {
            lines.insert(one, lines[other].clone());
            format!("line {} once more before line {}", other + 1, one + 1)
        }
        _ => {
            lines.swap(one, other);
            format!("lines {} and {} exchanged", one + 1, other + 1)
        }
    }
}

/// A checkpoint that was never signed, or by somebody else.
fn forge(dice: &mut Dice, lines: &mut [Vec<u8>]) -> String {
    let note = text("checkpoint.txt");
    let (body, signature) = note.split_once("\n\n").unwrap();
    let mut parts: Vec<String> = body.lines().map(str::to_owned).collect();
    let what = match dice.below(4) {
        0 => {
            parts[1] = (dice.below(1_000) + 20).to_string();
            "another size"
        }
        1 => {
            text("older-checkpoint.txt").lines().nth(2).unwrap().clone_into(&mut parts[2]);
            "another root"
        }
        2 => {
            let other = text("checkpoint-of-another-guild.txt");
            lines[2] = line(&other);
            return "the checkpoint of another guild".to_owned();
        }
        _ => {
            let mut secret = [0; 32];
            dice.0.fill_bytes(&mut secret);
            let body = format!("{body}\n");
            let name = body.lines().next().unwrap();
            lines[2] = line(&signed(name, &body, secret));
            return "signed by another key".to_owned();
        }
    };
    lines[2] = line(&format!("{}\n\n{signature}", parts.join("\n")));
    what.to_owned()
}

fn line(note: &str) -> Vec<u8> {
    format!("{{\"checkpoint\":{}}}", serde_json::to_string(note).unwrap()).into_bytes()
}

fn encode(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

fn lines_of(bundle: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<_> = bundle.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines.pop();
    lines
}

fn joined(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| [&line[..], b"\n"].concat()).collect()
}

#[test]
fn given_a_thousand_mutations_then_every_one_is_caught() {
    for (_, bundle) in good() {
        assert!(verify(&bundle, &trusting()).unwrap().valid, "unchanged, it is valid");
    }
    let mut missed = Vec::new();
    for Mutation { what, bundle } in mutations(MUTATIONS) {
        if verify(&bundle, &trusting()).is_ok_and(|report| report.valid) {
            missed.push(what);
        }
    }
    assert!(missed.is_empty(), "{} were not noticed:\n{}", missed.len(), missed.join("\n"));
}

/// Of a small bundle every single bit, also those of the key inside.
#[test]
fn given_any_single_bit_then_it_counts() {
    let bundle = text("one.jsonl").into_bytes();
    for at in 0..bundle.len() {
        let mut changed = bundle.clone();
        changed[at] ^= 1 << (at % 8);
        let answer = verify(&changed, &trusting());
        assert!(!answer.is_ok_and(|report| report.valid), "byte {at}");
    }
}
