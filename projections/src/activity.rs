//! What people see of activity: sums of each quarter of an hour, per community, channel, member
//! and command. A quarter is fine enough for the days and hours of every time zone. `series`
//! makes charts of them.

pub mod cohorts;
mod days;
pub mod members;
pub mod series;
pub mod slots;
mod spans;
pub mod tallies;

use domain::{Timestamp, voice::Stretch};

/// A quarter of an hour, counted since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Slot(pub i64);

pub const SLOT_SECS: i64 = 15 * 60;
const SLOT_MICROS: i64 = SLOT_SECS * 1_000_000;

impl Slot {
    pub const fn of(at: Timestamp) -> Self {
        Self(at.as_micros().div_euclid(SLOT_MICROS))
    }

    pub const fn start(self) -> Timestamp {
        Timestamp::from_secs(self.0 * SLOT_SECS)
    }
}

/// How much of a stretch lies in each slot, in microseconds. No stretch is so long that this
/// matters: it ends with every minute or so that is recorded.
fn in_slots(stretch: &Stretch) -> impl Iterator<Item = (Slot, i64)> {
    let (from, until) = (stretch.from.as_micros(), stretch.until.as_micros());
    let first = Slot::of(stretch.from).0;
    let last = (until - 1).max(from).div_euclid(SLOT_MICROS);
    (first..=last).map(move |slot| {
        let (start, end) = (slot * SLOT_MICROS, (slot + 1) * SLOT_MICROS);
        (Slot(slot), (until.min(end) - from.max(start)).max(0))
    })
}
