//! Draws a giveaway again from the numbers that were published about it, as `docs/draw.md` says.
//!
//! It shares no code with what drew, and reads nothing but the bundle: the header, every entry
//! with its weight and tag, and the record of who was left out and drawn, in order.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

type Hash = [u8; 32];

/// More entries than any giveaway can have.
const MAX_ENTRIES: u64 = 1_000_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DrawReport {
    pub valid: bool,
    pub giveaway: String,
    /// Numbers that were given out.
    pub entries: u64,
    /// Those who were drawn, in order.
    pub drawn: Vec<u64>,
    /// Why it is not valid. Reading ends at the first.
    pub problems: Vec<String>,
    /// In words, what this proves and what it does not.
    pub proves: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    reeve_draw: u64,
    giveaway: String,
    commitment: String,
    winners: u64,
    entries: u64,
    root: String,
    message: String,
    seed: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine {
    entry: u64,
    weight: u32,
    tag: String,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum RecordLine {
    Drawn { drawn: u64, k: u32, j: u32, why: String },
    Out { out: u64, why: String },
    NobodyLeft { nobody_left: u32, prizes: u32 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    end: u64,
}

/// Whether a file begins like the bundle of a draw.
pub fn is_draw(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{\"reeve_draw\":")
}

/// Says whether the draw follows from what the bundle shows.
pub fn verify_draw(bytes: &[u8]) -> DrawReport {
    let mut report = DrawReport {
        valid: false,
        giveaway: String::new(),
        entries: 0,
        drawn: Vec::new(),
        problems: Vec::new(),
        proves: Vec::new(),
    };
    match draw_again(bytes, &mut report) {
        Ok(()) => report.valid = true,
        Err(problem) => report.problems.push(problem),
    }
    report
}

fn draw_again(bytes: &[u8], report: &mut DrawReport) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the bundle is no text".to_owned())?;
    let body = text.strip_suffix('\n').ok_or("the bundle was cut: its last line is not whole")?;
    let mut lines = body.split('\n');
    let header: Header = line(lines.next().unwrap_or_default(), "the first line")?;
    if header.reeve_draw != 1 {
        return Err(format!("this bundle has form {}, and 1 is known here", header.reeve_draw));
    }
    if header.entries > MAX_ENTRIES {
        return Err("there are more entries than a giveaway can have".to_owned());
    }
    report.giveaway.clone_from(&header.giveaway);
    report.entries = header.entries;
    let id = id(&header.giveaway)?;
    let (seed, root) = (hash(&header.seed, "the seed")?, hash(&header.root, "the root")?);
    let message: u64 = number(&header.message)?;
    if sha256(&[b"dv1", &id, &seed]) != hash(&header.commitment, "the commitment")? {
        return Err("the seed is not the one that was committed to".to_owned());
    }
    let (mut weights, mut leaves) = (Vec::new(), Vec::new());
    for expected in 1..=header.entries {
        let entry: EntryLine = line(lines.next().unwrap_or_default(), "an entry")?;
        if entry.entry != expected || entry.weight == 0 {
            return Err(format!("entry {expected} is missing, doubled, or has no weight"));
        }
        let number = u32::try_from(entry.entry).map_err(|_| "an entry's number is too large")?;
        let tag = hash(&entry.tag, "a tag")?;
        let (number, weight) = (number.to_be_bytes(), entry.weight.to_be_bytes());
        leaves.push(sha256(&[&[0], &id, &number, &weight, &tag]));
        weights.push(entry.weight);
    }
    if tree(&leaves) != root {
        return Err("the entries are not those of the root: one was altered".to_owned());
    }
    let record: Vec<&str> = lines.collect();
    let (end, record) = record.split_last().ok_or("the bundle was cut: its end is missing")?;
    let EndLine { end } = line(end, "the last line")?;
    if end != record.len() as u64 {
        return Err("the bundle was cut: lines of the record are missing".to_owned());
    }
    let salt = [&message.to_be_bytes()[..], &root].concat();
    let key = hmac(&salt, &[&seed]);
    let mut draw = Draw { key, id, weights, next: 0, winners: header.winners };
    for one in record {
        draw.follow(line(one, "a line of the record")?, &mut report.drawn)?;
    }
    draw.is_whole()?;
    report.proves = vec![
        format!(
            "These {} entries, this seed and this message give exactly these draws, in this order.",
            header.entries
        ),
        format!(
            "Compare with what was posted: commitment {} before, root {} in message {}.",
            header.commitment, header.root, header.message
        ),
        "Why somebody was left out is on record here, and is not proven by it.".to_owned(),
    ];
    Ok(())
}

struct Draw {
    key: Hash,
    id: [u8; 16],
    /// Nothing for who cannot be drawn.
    weights: Vec<u32>,
    next: u32,
    winners: u64,
}

impl Draw {
    fn follow(&mut self, line: RecordLine, drawn: &mut Vec<u64>) -> Result<(), String> {
        match line {
            RecordLine::Out { out, why } => {
                let weight = self.weight(out)?;
                if *weight == 0 {
                    return Err(format!("entry {out} is left out twice, or after it was drawn"));
                }
                if why.is_empty() {
                    return Err(format!("why entry {out} is left out is not said"));
                }
                *weight = 0;
            }
            RecordLine::Drawn { drawn: entry, k, j, why } => {
                let first = u64::from(k) < self.winners;
                if k != self.next || first != (why == "prize") {
                    return Err(format!("pick {k} is not the one that comes next"));
                }
                if self.pick(k) != Some((entry, j)) {
                    return Err(format!("pick {k} is not entry {entry}"));
                }
                *self.weight(entry)? = 0;
                self.next = k.saturating_add(1);
                drawn.push(entry);
            }
            RecordLine::NobodyLeft { nobody_left, prizes } => {
                let somebody = self.weights.iter().any(|weight| *weight > 0);
                if somebody || nobody_left != self.next || prizes == 0 {
                    return Err("the record says that nobody was left, and somebody was".to_owned());
                }
                // The prizes that nobody could be drawn for are no picks any more.
                self.winners = self.winners.min(u64::from(self.next));
            }
        }
        Ok(())
    }

    fn is_whole(&self) -> Result<(), String> {
        if u64::from(self.next) < self.winners {
            return Err("fewer were drawn than there are prizes".to_owned());
        }
        Ok(())
    }

    fn weight(&mut self, entry: u64) -> Result<&mut u32, String> {
        let place = entry.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let weight = place.and_then(|place| self.weights.get_mut(place));
        weight.ok_or_else(|| format!("there is no entry {entry}"))
    }

    /// Entry and try of a pick; none where nobody is left.
    fn pick(&self, k: u32) -> Option<(u64, u32)> {
        let total: u64 = self.weights.iter().map(|weight| u64::from(*weight)).sum();
        if total == 0 {
            return None;
        }
        let whole = u64::try_from((1_u128 << 64) / u128::from(total) * u128::from(total) - 1);
        let largest = whole.ok()?;
        for j in 0..=u32::MAX {
            let hashed = hmac(&self.key, &[&self.id, &k.to_be_bytes(), &j.to_be_bytes()]);
            let x = u64::from_be_bytes(hashed[..8].try_into().ok()?);
            if x > largest {
                continue;
            }
            let mut place = x % total;
            for (entry, weight) in (1..).zip(&self.weights) {
                let weight = u64::from(*weight);
                if place < weight {
                    return Some((entry, j));
                }
                place -= weight;
            }
        }
        None
    }
}

fn line<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|_| format!("{what} is not one: {}", short(text)))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn number(text: &str) -> Result<u64, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let parsed = if plain { text.parse().ok() } else { None };
    parsed.ok_or_else(|| "the message's number is not one".to_owned())
}

fn nibble(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn hash(text: &str, what: &str) -> Result<Hash, String> {
    hex(text.as_bytes()).ok_or_else(|| format!("{what} is not 64 digits of 0-9 and a-f"))
}

/// 8-4-4-4-12 digits.
fn id(text: &str) -> Result<[u8; 16], String> {
    let lengths = text.split('-').map(str::len);
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    let shaped = lengths.eq([8, 4, 4, 4, 12]);
    hex(&digits).filter(|_| shaped).ok_or_else(|| "the giveaway's id is not one".to_owned())
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// RFC 2104, for keys of at most a block.
fn hmac(key: &[u8], parts: &[&[u8]]) -> Hash {
    let mut inner = [0x36_u8; 64];
    let mut outer = [0x5c_u8; 64];
    for ((inner, outer), byte) in inner.iter_mut().zip(&mut outer).zip(key) {
        *inner ^= byte;
        *outer ^= byte;
    }
    let mut within: Vec<&[u8]> = vec![&inner];
    within.extend_from_slice(parts);
    sha256(&[&outer, &sha256(&within)])
}

/// RFC 6962's root, from the leaves' hashes: full subtrees are joined as they come.
fn tree(leaves: &[Hash]) -> Hash {
    let mut full: Vec<(u32, Hash)> = Vec::new();
    for leaf in leaves {
        let (mut level, mut hash) = (0, *leaf);
        while let Some((_, left)) = full.pop_if(|(other, _)| *other == level) {
            hash = sha256(&[&[1], &left, &hash]);
            level += 1;
        }
        full.push((level, hash));
    }
    let Some((_, last)) = full.pop() else { return sha256(&[]) };
    full.iter().rev().fold(last, |right, (_, left)| sha256(&[&[1], left, &right]))
}
