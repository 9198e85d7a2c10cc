//! What a store that came back from a crash owes, and what it delivered.

use std::collections::HashSet;

/// Counts of broken promises; all zero is what durability means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Acknowledged, but not there.
    pub lost: u64,
    /// There more than once: each further copy counts.
    pub duplicated: u64,
    /// Directly after a greater one.
    pub reordered: u64,
}

impl Verdict {
    /// Compares the numbers acknowledged (in any order) with the numbers found, in the order they
    /// were found. What was found without an acknowledgement is no fault: the crash may have come
    /// between commit and answer.
    pub fn of(
        acknowledged: impl IntoIterator<Item = u64>,
        found: impl IntoIterator<Item = u64>,
    ) -> Self {
        let mut seen = HashSet::new();
        let mut verdict = Self::default();
        let mut previous = None;
        for number in found {
            verdict.duplicated += u64::from(!seen.insert(number));
            verdict.reordered += u64::from(previous.is_some_and(|previous| previous > number));
            previous = Some(number);
        }
        let lost = acknowledged.into_iter().filter(|number| !seen.contains(number)).count();
        verdict.lost = lost as u64;
        verdict
    }

    pub fn is_clean(self) -> bool {
        self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_all_acknowledged_and_more_then_clean() {
        assert!(Verdict::of([1, 2, 3], [1, 2, 3, 4]).is_clean());
        assert!(Verdict::of([], []).is_clean());
    }

    #[test]
    fn given_missing_repeated_and_swapped_numbers_then_each_is_counted() {
        let verdict = Verdict::of([1, 2, 3, 4, 5], [1, 3, 2, 2, 5]);
        assert_eq!(verdict, Verdict { lost: 1, duplicated: 1, reordered: 1 });
    }
}
