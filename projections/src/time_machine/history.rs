//! One guild's events, found by number and by time.

use std::sync::Arc;

use domain::{GuildId, Moment, Point, Timestamp};
use eventlog::{EventLog, LogError, Recorded};
use tokio::sync::mpsc;

use super::error::TimeError;

/// Events that are read at once.
const PAGE: u64 = 2_000;
/// Pages that are read while one is folded.
const READ_AHEAD: usize = 1;

#[derive(Clone)]
pub(super) struct History {
    log: Arc<dyn EventLog>,
    pub guild: GuildId,
}

impl History {
    pub const fn new(log: Arc<dyn EventLog>, guild: GuildId) -> Self {
        Self { log, guild }
    }

    pub async fn event(&self, seq: u64) -> Result<Option<Recorded>, LogError> {
        let Some(before) = seq.checked_sub(1) else { return Ok(None) };
        let found = self.log.read_guild(self.guild, before, 1).await?.pop();
        Ok(found.filter(|event| event.guild_seq == seq))
    }

    /// At most so many of the events after `seq`, none left out.
    pub async fn after(&self, seq: u64, limit: u64) -> Result<Vec<Recorded>, LogError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let events = self.log.read_guild(self.guild, seq, limit).await?;
        let in_order =
            (seq + 1..).zip(&events).all(|(expected, event)| event.guild_seq == expected);
        if !in_order {
            return Err(LogError::Corrupt(format!(
                "the events of guild {} after #{seq} are not numbered one by one",
                self.guild
            )));
        }
        Ok(events)
    }

    /// The event that the guild had come to at this moment.
    pub async fn at(&self, moment: Moment, now: Timestamp) -> Result<Recorded, TimeError> {
        let guild = self.guild;
        let first = self.event(1).await?.ok_or(TimeError::NoEvents { guild })?;
        match moment.point(now) {
            Point::Seq(0) => Err(TimeError::BeforeFirst { guild, first: first.at }),
            Point::Seq(seq) => {
                if let Some(event) = self.event(seq).await? {
                    return Ok(event);
                }
                let head = self.last(first, |_| true).await?;
                let (at, head) = (head.at, head.guild_seq);
                Err(TimeError::NotYet { guild, asked: seq, head, at })
            }
            Point::Time(time) if time > now => Err(TimeError::Future { asked: time, now }),
            Point::Time(time) if time < first.at => {
                Err(TimeError::BeforeFirst { guild, first: first.at })
            }
            Point::Time(time) => Ok(self.last(first, |event| event.at <= time).await?),
        }
    }

    /// The last event of which this holds; it holds of the first, and of none after one of which
    /// it does not. Doubling steps, then halves.
    async fn last(
        &self,
        first: Recorded,
        holds: impl Fn(&Recorded) -> bool,
    ) -> Result<Recorded, LogError> {
        let mut found = first;
        let mut step = 1_u64;
        let mut beyond = loop {
            let seq = found.guild_seq.saturating_add(step);
            match self.event(seq).await?.filter(&holds) {
                Some(event) => found = event,
                None => break seq,
            }
            step = step.saturating_mul(2);
        };
        while beyond - found.guild_seq > 1 {
            let middle = found.guild_seq + (beyond - found.guild_seq) / 2;
            match self.event(middle).await?.filter(&holds) {
                Some(event) => found = event,
                None => beyond = middle,
            }
        }
        Ok(found)
    }

    /// The events after one and up to another, page by page, read ahead of whoever folds them.
    pub fn pages(&self, after: u64, to: u64) -> mpsc::Receiver<Result<Vec<Recorded>, LogError>> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        let history = self.clone();
        tokio::spawn(async move {
            let mut at = after;
            while at < to {
                let page = history.after(at, PAGE.min(to - at)).await;
                let last = page.as_ref().ok().and_then(|page| page.last());
                let Some(last) = last.map(|event| event.guild_seq) else {
                    let ended = LogError::Corrupt(format!(
                        "the events of guild {} end at #{at}, before #{to}",
                        history.guild
                    ));
                    let _ = sender.send(page.and(Err(ended))).await;
                    return;
                };
                at = last;
                if sender.send(page).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }
}
