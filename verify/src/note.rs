//! Signed notes and checkpoints, as C2SP describes them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::tree::Hash;

const ED25519: u8 = 1;
/// No note may be longer.
const MAX_BYTES: usize = 16 * 1024;
const MAX_SIGNATURES: usize = 16;

/// `name+hash+base64`
#[derive(Clone, Debug)]
pub struct Key {
    name: String,
    id: [u8; 4],
    public: VerifyingKey,
}

#[derive(Clone, Debug)]
pub struct Checkpoint {
    pub guild: u64,
    pub size: u64,
    pub root: Hash,
}

impl Key {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '+');
        let (name, id, data) = (parts.next()?, parts.next()?, parts.next()?);
        let data = STANDARD.decode(data).ok()?;
        let (kind, bytes) = data.split_first()?;
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        let expected = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', ED25519])
            .chain_update(bytes)
            .finalize();
        let expected: [u8; 4] = expected[..4].try_into().ok()?;
        let hex = format!("{:08x}", u32::from_be_bytes(expected));
        if *kind != ED25519 || id != hex || name.is_empty() || name.contains(char::is_whitespace) {
            return None;
        }
        let public = VerifyingKey::from_bytes(&bytes).ok()?;
        Some(Self { name: name.to_owned(), id: expected, public })
    }
}

/// Reads a checkpoint of which one of the keys has made a signature; the problem, otherwise.
pub fn open(note: &str, keys: &[Key]) -> Result<Checkpoint, String> {
    let text = signed_text(note, keys)?;
    let shape = "is damaged: its first lines are not reeve/<guild>, a number and a root";
    parse(&text).ok_or_else(|| shape.to_owned())
}

/// The text of a note that one of the keys has signed, under the name in the text's first line;
/// the problem, otherwise.
pub fn signed_text(note: &str, keys: &[Key]) -> Result<String, String> {
    let bad = |what: &str| Err(format!("is damaged: {what}"));
    if note.len() > MAX_BYTES {
        return bad("it is too long");
    }
    let Some((text, signatures)) = note.rsplit_once("\n\n") else {
        return bad("it has no signature");
    };
    if !signatures.ends_with('\n') || signatures.lines().count() > MAX_SIGNATURES {
        return bad("its signatures do not end as they should");
    }
    let text = format!("{text}\n");
    let name = text.lines().next().unwrap_or_default();
    let mut signed = false;
    for line in signatures.lines() {
        let signature = line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' '));
        let Some((signer, signature)) = signature else {
            return bad("a signature line is not one");
        };
        let Some(bytes) = STANDARD.decode(signature).ok().filter(|bytes| bytes.len() > 4) else {
            return bad("a signature is not base64");
        };
        let (id, bytes) = bytes.split_at(4);
        let known = |key: &&Key| key.name == signer && signer == name && key.id == id;
        for key in keys.iter().filter(known) {
            let signature = Signature::from_slice(bytes).ok();
            let genuine = signature.is_some_and(|signature| {
                key.public.verify_strict(text.as_bytes(), &signature).is_ok()
            });
            if !genuine {
                return Err("has a signature that is not genuine: it was forged".to_owned());
            }
            signed = true;
        }
    }
    if signed { Ok(text) } else { Err("is not signed with this key".to_owned()) }
}

fn parse(text: &str) -> Option<Checkpoint> {
    let mut lines = text.lines();
    let guild = number(lines.next()?.strip_prefix("reeve/")?)?;
    let size = number(lines.next()?)?;
    let root = hash(lines.next()?)?;
    lines.next().is_none().then_some(Checkpoint { guild, size, root })
}

/// Digits as they are printed: no sign, no zero before others.
pub fn number(text: &str) -> Option<u64> {
    let printed =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    printed.then(|| text.parse().ok()).flatten()
}

pub fn hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}
