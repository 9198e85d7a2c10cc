//! Moving a log from one backend to another: ids, versions, guild sequences, times and hashes stay.
//!
//! [`migrate`] copies while the source is written, closes the source for a moment, copies the
//! rest, compares everything and leaves the source closed with a word where it went. Whatever kills
//! it, the source holds everything, and starting it again goes on: the memory of how far it came is
//! what the target holds.

mod feed;
mod marks;
mod migrate;
mod tally;

pub(crate) use self::marks::{CLOSED_CODE, closed, read, same, set};
pub use self::{
    feed::{Filler, Pages, check},
    marks::{Closed, FilledBy, Filling, Mark, log_id, refuse_when_closed},
    migrate::{Migration, MoveError, Moved, Side, Step, abandon},
    tally::{GuildTally, Tally},
};
