//! A throw-away database as pages: which of them changed.

use std::{fs::File, io, os::unix::fs::FileExt as _};

use rapidhash::v3::rapidhash_v3;

pub(super) const PAGE_BYTES: usize = 4096;
/// Pages that are read or written at once.
pub(super) const AT_ONCE: usize = 256;

/// Tells a damaged page from a whole one. Not a proof against forgers: who can write to the folder
/// of keyframes can write to the read models too.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    rapidhash_v3(bytes)
}

/// The checksum of each page of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pages(pub Vec<u64>);

impl Pages {
    pub fn of(file: &File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut pages = Vec::with_capacity(usize::try_from(length).unwrap_or(0) / PAGE_BYTES);
        let mut buffer = vec![0; AT_ONCE * PAGE_BYTES];
        let mut at = 0;
        while at < length {
            let take = usize::try_from(length - at).unwrap_or(usize::MAX).min(buffer.len());
            file.read_exact_at(&mut buffer[..take], at)?;
            pages.extend(buffer[..take].chunks(PAGE_BYTES).map(checksum));
            at += take as u64;
        }
        Ok(Self(pages))
    }

    /// The numbers, from 0, of pages that are not what they were.
    pub fn changed_since(&self, before: &Self) -> Vec<u32> {
        let differs = |(number, page): (u32, &u64)| {
            let same = before.0.get(number as usize) == Some(page);
            (!same).then_some(number)
        };
        (0..).zip(&self.0).filter_map(differs).collect()
    }

    /// A checksum of the whole database; 0 of none.
    pub fn digest(&self) -> u64 {
        if self.0.is_empty() {
            return 0;
        }
        let bytes: Vec<u8> = self.0.iter().flat_map(|page| page.to_le_bytes()).collect();
        checksum(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_changed_and_an_added_page_then_both_are_named() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&[7; 3 * PAGE_BYTES], 0).unwrap();
        let before = Pages::of(&file).unwrap();
        assert_eq!(before.0.len(), 3);
        file.write_all_at(b"x", PAGE_BYTES as u64 + 5).unwrap();
        file.write_all_at(&[7; PAGE_BYTES], 3 * PAGE_BYTES as u64).unwrap();
        let after = Pages::of(&file).unwrap();
        assert_eq!(after.changed_since(&before), [1, 3]);
        assert_eq!(after.changed_since(&after), Vec::<u32>::new());
        assert_ne!(before.digest(), after.digest());
        assert_eq!(Pages::default().digest(), 0);
    }
}
