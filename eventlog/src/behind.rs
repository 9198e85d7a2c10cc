//! Pages of the past, at hand for everybody in this process who reads the log from there.
//!
//! Read models are built beside each other: what the first one reads, the others find here while
//! they are near.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::{
    envelope::Position,
    log::{EventLog, LogError, Page, Slice},
    tail::size,
};

/// So much of the past is kept in memory, and so many pages of it.
const MOST_BYTES: usize = 32 * 1024 * 1024;
const MOST_PAGES: usize = 8;
/// Whoever reads again because of what was in a page gets another one after so long.
const KEPT_FOR: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(crate) struct Behind(Mutex<VecDeque<Asked>>);

#[derive(Debug)]
struct Asked {
    after: Position,
    limit: usize,
    slice: Slice,
    since: Instant,
    /// Read by whoever asks first; the others wait for it.
    page: Arc<OnceCell<Kept>>,
}

/// A page, and its size.
#[derive(Debug)]
struct Kept(Page, usize);

impl Behind {
    /// The same as `read_all` of this log.
    pub async fn read(
        &self,
        log: &dyn EventLog,
        after: Position,
        limit: usize,
        slice: Slice,
    ) -> Result<Page, LogError> {
        let page = self.asked(after, limit, slice);
        let read = async {
            let page = log.read_all(after, limit, slice).await?;
            let bytes = page.events.iter().map(size).sum();
            Ok::<_, LogError>(Kept(page, bytes))
        };
        let Kept(page, _) = page.get_or_try_init(|| read).await?;
        Ok(page.clone())
    }

    fn asked(&self, after: Position, limit: usize, slice: Slice) -> Arc<OnceCell<Kept>> {
        let (mut pages, since) = (self.0.lock(), Instant::now());
        pages.retain(|asked| asked.since + KEPT_FOR > since);
        let same =
            |asked: &&Asked| (asked.after, asked.limit, asked.slice) == (after, limit, slice);
        if let Some(asked) = pages.iter().find(same) {
            return Arc::clone(&asked.page);
        }
        let page = Arc::new(OnceCell::new());
        pages.push_back(Asked { after, limit, slice, since, page: Arc::clone(&page) });
        let mut bytes: usize = pages.iter().map(Asked::bytes).sum();
        while (bytes > MOST_BYTES || pages.len() > MOST_PAGES)
            && let Some(oldest) = pages.pop_front()
        {
            bytes -= oldest.bytes();
        }
        page
    }

    /// Somebody reads at the end of the log, of which this is at hand: who came there from here is
    /// done with these pages.
    pub fn forget(&self, end_begins: Position) {
        let mut pages = self.0.lock();
        let read = pages.back().and_then(|asked| asked.page.get());
        if read.is_some_and(|Kept(page, _)| page.up_to >= end_begins) {
            pages.clear();
        }
    }
}

impl Asked {
    fn bytes(&self) -> usize {
        self.page.get().map_or(0, |Kept(_, bytes)| *bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tail::tests::long;

    async fn page(behind: &Behind, log: &dyn EventLog, after: u64) -> (usize, u64) {
        let page = behind.read(log, Position(after), 10, Slice::ALL).await.unwrap();
        (page.events.len(), page.up_to.0)
    }

    #[tokio::test]
    async fn given_several_who_read_the_past_then_each_page_is_read_once() {
        let (log, behind) = (long(95, 10), Behind::default());
        for after in (0..90).step_by(10) {
            let three = tokio::join!(
                page(&behind, &log, after),
                page(&behind, &log, after),
                page(&behind, &log, after)
            );
            let same = (10, after + 10);
            assert_eq!(three, (same, same, same));
        }
        assert_eq!(log.reads(), 9);
        let others = Slice { index: 1, of: 2 };
        let slice = behind.read(&log, Position(80), 10, others).await.unwrap();
        assert_eq!((slice.events.len(), log.reads()), (7, 10));
    }

    #[tokio::test]
    async fn given_pages_that_are_old_or_too_many_or_done_with_then_they_are_not_kept() {
        let (log, behind) = (long(1_000, MOST_BYTES / 20), Behind::default());
        let kept = || behind.0.lock().len();
        for after in (0..100).step_by(10) {
            page(&behind, &log, after).await;
        }
        assert_eq!((kept(), log.reads()), (2, 10));
        page(&behind, &log, 0).await;
        assert_eq!(log.reads(), 11);
        page(&behind, &log, 0).await;
        assert_eq!(log.reads(), 11);
        behind.0.lock().iter_mut().for_each(|asked| asked.since -= KEPT_FOR);
        page(&behind, &log, 0).await;
        assert_eq!((kept(), log.reads()), (1, 12));
        behind.forget(Position(11));
        assert_eq!(kept(), 1);
        behind.forget(Position(10));
        assert_eq!(kept(), 0);
    }
}
