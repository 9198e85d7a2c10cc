//! The stretches of time of a chart.

use std::fmt::Write as _;

use super::Slot;

/// Points of one chart.
pub const MAX_SPANS: usize = 800;

/// Stretches of time that numbers are asked for, each from a slot up to another. They may overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spans {
    all: Vec<(Slot, Slot)>,
    /// None begins before the one before is over.
    follow_each_other: bool,
}

impl Spans {
    /// None where there are none, or too many.
    pub fn new(spans: Vec<(Slot, Slot)>) -> Option<Self> {
        let follow_each_other = spans.windows(2).all(|pair| pair[0].1 <= pair[1].0);
        (1..=MAX_SPANS).contains(&spans.len()).then_some(Self { all: spans, follow_each_other })
    }

    pub fn all(&self) -> &[(Slot, Slot)] {
        &self.all
    }

    /// From the first slot to the one after the last.
    pub fn whole(&self) -> (Slot, Slot) {
        let from = self.all.iter().map(|(from, _)| *from).min();
        let until = self.all.iter().map(|(_, until)| *until).max();
        (from.unwrap_or(Slot(0)), until.unwrap_or(Slot(0)))
    }

    /// Hands over which of them have this slot.
    pub(super) fn around(&self, slot: Slot, mut each: impl FnMut(usize)) {
        let first = if self.follow_each_other {
            self.all.partition_point(|(_, until)| *until <= slot)
        } else {
            0
        };
        for (place, (since, until)) in self.all.iter().enumerate().skip(first) {
            if self.follow_each_other && slot < *since {
                break;
            }
            if *since <= slot && slot < *until {
                each(place);
            }
        }
    }

    /// As a table that rows are joined to: numbers that we made, nothing from outside.
    pub(super) fn table(&self) -> String {
        let mut sql = String::from("WITH spans (place, since, until) AS (VALUES ");
        for (place, (since, until)) in self.all.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}({place}, {}, {})", since.0, until.0);
        }
        sql.push_str(") ");
        sql
    }
}
