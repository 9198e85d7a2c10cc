//! A signed statement of how long a guild's history is and what is in it, in the signed-note and
//! checkpoint formats of C2SP, so that the tools of others read it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::GuildId;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::tree::Hash;

/// The kind of signature that a signed note calls Ed25519.
const ED25519: u8 = 1;
/// No note that is read may be longer.
const MAX_NOTE_BYTES: usize = 16 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub guild: GuildId,
    /// How many events the tree holds: the guild sequence of the last.
    pub size: u64,
    pub root: Hash,
}

/// A checkpoint with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub checkpoint: Checkpoint,
    pub public_key: [u8; 32],
    pub signature: [u8; 64],
}

/// The name of a guild's log, which is also the name under which the key signs for it.
pub fn origin(guild: GuildId) -> String {
    format!("reeve/{guild}")
}

fn key_id(name: &str, public_key: &[u8; 32]) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(public_key)
        .finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// `name+hash+base64`: what whoever checks a guild's bundles keeps.
pub fn verifier_key(guild: GuildId, public_key: &[u8; 32]) -> String {
    let name = origin(guild);
    let id = u32::from_be_bytes(key_id(&name, public_key));
    format!("{name}+{id:08x}+{}", STANDARD.encode([[ED25519].as_slice(), public_key].concat()))
}

/// A text whose first line is the guild's name, signed under that name.
pub fn signed_note(guild: GuildId, text: &str, key: &SigningKey) -> String {
    let signature = key.sign(text.as_bytes()).to_bytes();
    note_of(guild, text, &key.verifying_key().to_bytes(), &signature)
}

fn note_of(guild: GuildId, text: &str, public_key: &[u8; 32], signature: &[u8; 64]) -> String {
    let name = origin(guild);
    let id = key_id(&name, public_key);
    let signature = STANDARD.encode([id.as_slice(), signature].concat());
    format!("{text}\n\u{2014} {name} {signature}\n")
}

impl Checkpoint {
    /// The bytes that are signed.
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", origin(self.guild), self.size, STANDARD.encode(self.root))
    }

    pub fn sign(self, key: &SigningKey) -> Signed {
        let signature = key.sign(self.body().as_bytes()).to_bytes();
        Signed { public_key: key.verifying_key().to_bytes(), signature, checkpoint: self }
    }
}

impl Signed {
    /// As it is handed out.
    pub fn note(&self) -> String {
        let Checkpoint { guild, .. } = self.checkpoint;
        note_of(guild, &self.checkpoint.body(), &self.public_key, &self.signature)
    }

    pub fn is_genuine(&self) -> bool {
        VerifyingKey::from_bytes(&self.public_key).is_ok_and(|key| {
            let signature = Signature::from_bytes(&self.signature);
            key.verify_strict(self.checkpoint.body().as_bytes(), &signature).is_ok()
        })
    }

    pub fn verifier_key(&self) -> String {
        verifier_key(self.checkpoint.guild, &self.public_key)
    }
}

/// What a note says, without asking who signed it.
pub fn read(note: &str) -> Option<Checkpoint> {
    if note.len() > MAX_NOTE_BYTES {
        return None;
    }
    let (text, _) = note.split_once("\n\n")?;
    let mut lines = text.lines();
    let guild = lines.next()?.strip_prefix("reeve/")?.parse().ok()?;
    let size = lines.next()?.parse().ok()?;
    let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
    let checkpoint = Checkpoint { guild, size, root };
    (checkpoint.body().trim_end() == text).then_some(checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> Signed {
        let guild = GuildId::new(1_107_318_246_137_131_070).unwrap();
        Checkpoint { guild, size: 42, root: [7; 32] }.sign(&SigningKey::from_bytes(&[9; 32]))
    }

    #[test]
    fn a_note_says_what_was_signed() {
        let signed = signed();
        assert!(signed.is_genuine());
        assert_eq!(read(&signed.note()), Some(signed.checkpoint.clone()));
        let mut forged = signed;
        forged.checkpoint.size += 1;
        assert!(!forged.is_genuine());
    }

    #[test]
    fn what_is_no_checkpoint_is_not_read_as_one() {
        let note = signed().note();
        for (from, to) in [("reeve/", "other/"), ("42", "042"), ("42", "x"), ("\n\n", "\n")] {
            assert_eq!(read(&note.replace(from, to)), None, "{from:?} {to:?}");
        }
        assert_eq!(read(&"x".repeat(MAX_NOTE_BYTES + 1)), None);
    }

    /// The same key under the names of two guilds: what one guild trusts says nothing of another.
    #[test]
    fn verifier_keys_name_their_guild() {
        let mut signed = signed();
        let key = signed.verifier_key();
        assert!(key.starts_with("reeve/1107318246137131070+"), "{key}");
        signed.checkpoint.guild = GuildId::new(8).unwrap();
        assert_ne!(key.split('+').nth(1), signed.verifier_key().split('+').nth(1));
    }
}
