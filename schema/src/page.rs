//! Lists, page by page: newest first, `first` at most so many, `after` an opaque cursor.

use async_graphql::{
    OutputType,
    connection::{Connection, CursorType, Edge},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::trouble::{Answer, Trouble};

pub const DEFAULT_PAGE: u32 = 20;
pub const MAX_PAGE: u32 = 100;

/// Where a page ended: a number that the list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub u64);

impl CursorType for Cursor {
    type Error = &'static str;

    fn decode_cursor(text: &str) -> Result<Self, Self::Error> {
        const WRONG: &str = "this is no cursor of this list; take one from pageInfo";
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| WRONG)?;
        let text = String::from_utf8(bytes).map_err(|_| WRONG)?;
        text.strip_prefix('@').and_then(|number| number.parse().ok()).map(Self).ok_or(WRONG)
    }

    fn encode_cursor(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(format!("@{}", self.0))
    }
}

pub type List<T> = Connection<Cursor, T>;

/// What was asked for: how many, before which number.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub first: u32,
    pub before: Option<u64>,
}

impl Asked {
    pub fn read(first: Option<i32>, after: Option<&str>) -> Answer<Self> {
        let first = u32::try_from(first.unwrap_or(DEFAULT_PAGE.cast_signed())).unwrap_or(0);
        if !(1..=MAX_PAGE).contains(&first) {
            return Err(Trouble::bad_input(format!("first: use 1 to {MAX_PAGE}.")));
        }
        let before = after.map(Cursor::decode_cursor).transpose();
        let before = before.map_err(|problem| Trouble::bad_input(format!("after: {problem}.")))?;
        Ok(Self { first, before: before.map(|cursor| cursor.0) })
    }

    /// One more than is shown tells whether there is a next page.
    pub const fn wanted(self) -> u32 {
        self.first + 1
    }

    /// The page of what was read by [`Asked::wanted`].
    pub fn page<T: OutputType>(self, mut rows: Vec<T>, number: impl Fn(&T) -> u64) -> List<T> {
        let more = rows.len() > self.first as usize;
        rows.truncate(self.first as usize);
        let mut list = Connection::new(self.before.is_some(), more);
        list.edges.extend(rows.into_iter().map(|row| Edge::new(Cursor(number(&row)), row)));
        list
    }
}

/// What a list costs: as often what one line costs as there are lines.
pub fn cost(first: Option<i32>, child: usize) -> usize {
    let first = first.unwrap_or(DEFAULT_PAGE.cast_signed()).clamp(1, MAX_PAGE.cast_signed());
    usize::try_from(first).unwrap_or(1).saturating_mul(child).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_cursor_then_it_comes_back_and_anything_else_is_refused() {
        for number in [0, 1, 20, u64::MAX] {
            let text = Cursor(number).encode_cursor();
            assert_eq!(Cursor::decode_cursor(&text), Ok(Cursor(number)));
        }
        for bad in ["", "@1", "AAAA", "%%%", "QDE=", "QC0x", "💥"] {
            assert!(Asked::read(Some(1), Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn given_a_page_that_is_too_large_or_too_small_then_it_is_refused() {
        for bad in [0, -1, 101, i32::MAX, i32::MIN] {
            assert!(Asked::read(Some(bad), None).is_err(), "{bad}");
        }
        assert_eq!(Asked::read(None, None).unwrap().first, DEFAULT_PAGE);
        assert_eq!(cost(Some(i32::MAX), 10), 1_001);
    }
}
