//! Where requests come from and how many were refused, for operators: in memory, of the addresses that
//! were seen last, and for a day.

use std::{net::IpAddr, num::NonZeroUsize, sync::Arc};

use axum::http::StatusCode;
use domain::Timestamp;
use lru::LruCache;
use parking_lot::Mutex;
use schema::CallerLine;

/// Addresses that are remembered.
const MOST: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");
/// And for so long after the last request.
const KEPT_SECS: i64 = 86_400;

#[derive(Clone, Debug)]
pub struct Callers(Arc<Mutex<LruCache<IpAddr, Line>>>);

#[derive(Clone, Copy, Debug)]
struct Line {
    requests: u64,
    refused: u64,
    too_many: u64,
    last_at: Timestamp,
}

impl Default for Callers {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(MOST))))
    }
}

impl Callers {
    pub fn note(&self, address: IpAddr, status: StatusCode, now: Timestamp) {
        let mut all = self.0.lock();
        let fresh = || Line { requests: 0, refused: 0, too_many: 0, last_at: now };
        let line = all.get_or_insert_mut(address, fresh);
        if now.secs_since(line.last_at) > KEPT_SECS {
            *line = fresh();
        }
        line.requests += 1;
        line.last_at = now;
        match status {
            StatusCode::TOO_MANY_REQUESTS => line.too_many += 1,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => line.refused += 1,
            _ => {}
        }
    }

    /// Those that asked last, first.
    pub fn lines(&self, now: Timestamp) -> Vec<CallerLine> {
        let all = self.0.lock();
        let kept = all.iter().filter(|(_, line)| now.secs_since(line.last_at) <= KEPT_SECS);
        let line = |(address, line): (&IpAddr, &Line)| CallerLine {
            address: address.to_string(),
            requests: line.requests,
            refused: line.refused,
            too_many: line.too_many,
            last_at: line.last_at,
        };
        kept.map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: API-08
    #[test]
    fn given_requests_then_each_address_has_its_line_for_a_day_and_no_more_than_fit() {
        let (callers, noon) = (Callers::default(), Timestamp::from_secs(1_795_003_200));
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        for status in [200, 200, 401, 403, 429] {
            callers.note(address(1), StatusCode::from_u16(status).unwrap(), noon);
        }
        let lines = callers.lines(noon);
        let CallerLine { requests, refused, too_many, .. } = &lines[0];
        assert_eq!((lines.len(), *requests, *refused, *too_many), (1, 5, 2, 1));
        assert!(callers.lines(noon.plus_secs(KEPT_SECS + 1)).is_empty());
        callers.note(address(1), StatusCode::OK, noon.plus_secs(KEPT_SECS + 1));
        assert_eq!(callers.lines(noon.plus_secs(KEPT_SECS + 1))[0].requests, 1, "it begins anew");
        for number in 2..2_000 {
            callers.note(address(number), StatusCode::OK, noon);
        }
        let lines = callers.lines(noon);
        assert_eq!((lines.len(), lines[0].address.as_str()), (MOST.get(), "0.0.7.207"));
    }
}
