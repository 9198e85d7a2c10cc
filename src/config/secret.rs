//! Values that nothing may print: their `Debug` and `Serialize` give a mask, and their memory is
//! cleared when they are dropped.

use std::fmt;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use thiserror::Error;

/// What stands in the place of a secret that is set.
pub const MASK: &str = "•••• (set)";

/// Text that must not be shown: a password, a token, an address that may hold one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Hand it to what connects; never to a log line or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        // Keeps the compiler from dropping the write as dead.
        black_box(&bytes);
    }
}

/// A key of 32 bytes that wraps the data keys of people.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyBytes([u8; 32]);

/// Why a key file could not be used. Names the file, never its content.
#[derive(Debug, Error)]
pub enum KeyFileError {
    #[error("master_key_file (REEVE_MASTER_KEY_FILE): cannot read {}", .path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error(
        "master_key_file (REEVE_MASTER_KEY_FILE): {} does not hold a key; allowed: {}",
        .path.display(),
        KeyBytes::ALLOWED
    )]
    NotAKey { path: PathBuf },
}

impl KeyBytes {
    pub const ALLOWED: &str = "64 hexadecimal characters, or base64 of 32 bytes";

    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// From 64 hexadecimal characters or standard base64, with or without its `=`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.len() {
            64 => from_hex(text),
            43 | 44 => from_base64(text),
            _ => None,
        }
        .map(Self)
    }

    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let text = std::fs::read_to_string(path)
            .map(Secret::new)
            .map_err(|source| KeyFileError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(text.expose()).ok_or_else(|| KeyFileError::NotAKey { path: path.to_owned() })
    }

    /// The form to write into a key file.
    pub fn to_hex(&self) -> Secret {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        Secret(self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
    }
}

impl Drop for KeyBytes {
    fn drop(&mut self) {
        self.0.fill(0);
        black_box(&self.0);
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

fn from_base64(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_suffix('=').unwrap_or(text);
    if text.len() != 43 {
        return None;
    }
    let mut bytes = Vec::with_capacity(32);
    let (mut bits, mut held) = (0_u32, 0);
    for character in text.bytes() {
        let six = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    // Two bits are left over; an encoder writes them as zero.
    if bits != 0 { None } else { bytes.try_into().ok() }
}

macro_rules! masked {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(MASK)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(MASK)
            }
        }
    )+};
}
masked!(Secret, KeyBytes);

#[cfg(test)]
mod tests {
    use super::*;

    const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn counting() -> [u8; 32] {
        std::array::from_fn(|at| u8::try_from(at).unwrap())
    }

    #[test]
    fn given_hex_or_base64_then_reads_the_same_key() {
        let hex = KeyBytes::new(counting()).to_hex();
        assert_eq!(hex.expose().len(), 64);
        for text in
            [hex.expose(), &hex.expose().to_uppercase(), BASE64, BASE64.trim_end_matches('=')]
        {
            assert_eq!(KeyBytes::parse(text).unwrap().expose(), &counting(), "{text}");
        }
    }

    #[test]
    fn given_text_that_is_no_key_then_refuses_it() {
        let wrong_digit = "g".repeat(64);
        let short = "ab".repeat(31);
        let left_over_bits = BASE64.replace("8=", "9=");
        let url_alphabet = BASE64.replace('8', "_");
        for text in ["", &wrong_digit, &short, &left_over_bits, &url_alphabet, &"é".repeat(32)] {
            assert!(KeyBytes::parse(text).is_none(), "{text}");
        }
    }

    // proves: OPS-11
    #[test]
    fn given_secret_then_debug_and_json_show_a_mask() {
        let shown = format!("{:?} {:?}", Secret::new("hunter2"), KeyBytes::new([7; 32]));
        assert_eq!(shown, format!("{MASK} {MASK}"));
        assert_eq!(serde_json::to_string(&Secret::new("hunter2")).unwrap(), format!("\"{MASK}\""));
    }

    #[test]
    fn given_key_file_then_reads_it_and_errors_never_quote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(KeyBytes::read(&path).unwrap_err().to_string().contains("master.key"));
        std::fs::write(&path, format!("{BASE64}\n")).unwrap();
        assert_eq!(KeyBytes::read(&path).unwrap().expose(), &counting());
        std::fs::write(&path, "hunter2").unwrap();
        let error = KeyBytes::read(&path).unwrap_err();
        assert!(error.to_string().contains(KeyBytes::ALLOWED));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
