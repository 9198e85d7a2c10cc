//! From a log or a backup into another log, page by page.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Tally;
use crate::{
    envelope::{Position, Recorded},
    log::{EventLog, LogError, Slice},
};

/// Events of a page while they are small, and its size when they are not. The first one says which.
const PAGE: usize = 8_000;
const FIRST_PAGE: usize = 1_000;
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// Pages that are read ahead.
const AHEAD: usize = 2;

/// Reads a log from one position to another.
#[derive(Debug)]
pub struct Pages {
    log: Arc<dyn EventLog>,
    after: Position,
    until: Position,
    size: usize,
}

impl Pages {
    /// `until` is in it.
    pub fn new(log: Arc<dyn EventLog>, after: Position, until: Position) -> Self {
        Self { log, after, until, size: FIRST_PAGE }
    }

    /// The next events; none at the end.
    pub async fn next(&mut self) -> Result<Vec<Recorded>, LogError> {
        while self.after < self.until {
            let page = self.log.read_all(self.after, self.size, Slice::ALL).await?;
            if page.up_to <= self.after {
                break;
            }
            self.after = page.up_to;
            let mut events = page.events;
            events.retain(|event| event.position <= self.until);
            if !events.is_empty() {
                let bytes: usize = events.iter().map(|e| e.payload.len() + e.metadata.len()).sum();
                let each = (bytes / events.len()).max(1);
                self.size = (PAGE_BYTES / each).clamp(16, PAGE);
                return Ok(events);
            }
        }
        Ok(Vec::new())
    }

    /// Reads on while the pages before are worked on.
    pub fn ahead(mut self) -> mpsc::Receiver<Result<Vec<Recorded>, LogError>> {
        let (pages, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            loop {
                let page = self.next().await;
                let at_end = page.as_ref().is_ok_and(Vec::is_empty);
                let failed = page.is_err();
                if at_end || pages.send(page).await.is_err() || failed {
                    break;
                }
            }
        });
        receiver
    }
}

/// Fills a log in the order of the source, and goes on where a killed one ended: what is in the
/// target already is the only memory of that.
#[derive(Debug)]
pub struct Filler {
    target: Arc<dyn EventLog>,
    pub tally: Tally,
    /// The last page that was found in the target, as long as pages are. The import that was
    /// killed may have left it in part, so it goes in again.
    found: Option<Vec<Recorded>>,
    resuming: bool,
}

impl Filler {
    pub async fn new(target: Arc<dyn EventLog>) -> Result<Self, LogError> {
        let resuming = target.head().await? > Position::START;
        Ok(Self { target, tally: Tally::default(), found: None, resuming })
    }

    pub async fn take(&mut self, page: Vec<Recorded>) -> Result<(), LogError> {
        for event in &page {
            self.tally.count(event)?;
        }
        if self.resuming
            && let Some(last) = page.last()
        {
            if self.target.find(last.id).await?.is_some() {
                self.found = Some(page);
                return Ok(());
            }
            self.finish().await?;
        }
        self.target.import(&page).await
    }

    /// The source has no more.
    pub async fn finish(&mut self) -> Result<(), LogError> {
        self.resuming = false;
        match self.found.take() {
            Some(page) => self.target.import(&page).await,
            None => Ok(()),
        }
    }
}

/// Reads a log back and recomputes every hash, adding to what was counted before.
pub async fn check(
    log: &Arc<dyn EventLog>,
    after: Position,
    tally: &mut Tally,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Position, LogError> {
    let head = log.head().await?;
    let mut pages = Pages::new(Arc::clone(log), after, head).ahead();
    while let Some(page) = pages.recv().await {
        let page = page?;
        crate::sql::off_the_workers(|| page.iter().try_for_each(|event| tally.check(event)))?;
        progress(tally.events);
    }
    Ok(head)
}
