//! Latencies in buckets that grow with the value, each at most 1/32 wide.

use std::time::Duration;

const FINE_BITS: u32 = 5;
const FINE: u64 = 1 << FINE_BITS;

/// Counts by microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    counts: Vec<u64>,
    total: u64,
}

impl Latencies {
    pub fn record(&mut self, took: Duration) {
        let bucket = bucket(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.total += 1;
    }

    pub fn add(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    pub const fn count(&self) -> u64 {
        self.total
    }

    /// The same in milliseconds, to a tenth.
    #[expect(clippy::cast_precision_loss, reason = "microseconds of seconds")]
    pub fn ms(&self, percent: u64) -> f64 {
        (self.percentile(percent) as f64 / 100.0).round() / 10.0
    }

    /// The latency that so many in a hundred do not exceed, in microseconds.
    pub fn percentile(&self, percent: u64) -> u64 {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return value(bucket);
            }
        }
        0
    }
}

/// Below 32 a bucket is one microsecond; above, each doubling has 32.
#[expect(clippy::cast_possible_truncation, reason = "there are fewer than 2,000 buckets")]
const fn bucket(micros: u64) -> usize {
    if micros < FINE {
        return micros as usize;
    }
    let doubling = micros.ilog2() - FINE_BITS;
    ((doubling as u64 + 1) * FINE + (micros >> doubling) - FINE) as usize
}

/// The middle of a bucket.
const fn value(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < FINE {
        return bucket;
    }
    let doubling = bucket / FINE - 1;
    ((bucket % FINE + FINE) << doubling) + (1 << doubling) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_buckets_near_them() {
        for micros in (0..5_000).chain([99_999, 1_234_567, 60_000_000]) {
            let found = value(bucket(micros));
            assert!(found.abs_diff(micros) * 32 <= micros, "{micros} became {found}");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_values() {
        let mut all = Latencies::default();
        for half in 0..2 {
            let mut latencies = Latencies::default();
            (1..=50).for_each(|n| latencies.record(Duration::from_micros(half * 50 + n)));
            all.add(&latencies);
        }
        assert_eq!((all.count(), all.percentile(50), all.percentile(0)), (100, 50, 1));
        assert!(all.percentile(99).abs_diff(99) <= 3);
    }
}
