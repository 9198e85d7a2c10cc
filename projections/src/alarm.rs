//! Looks at the runners from outside: measures how far they are behind, and raises the alarm when
//! one stands still. It writes nothing and waits for nobody who does.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use eventlog::{Clock, EventLog, LogError, Position};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    runner::{Progress, stopped},
    status::{BuildStatus, Status},
};

/// How often stand-stills are looked for.
const LOOK: Duration = Duration::from_millis(500);
const MEASURE: Duration = Duration::from_secs(5);

/// Projection, build and slice.
pub(crate) type RunnerKey = (&'static str, u32, u16);
pub(crate) type Watched = Arc<Mutex<HashMap<RunnerKey, watch::Receiver<Progress>>>>;

pub(crate) struct Alarm {
    pub names: Vec<&'static str>,
    pub watched: Watched,
    pub log: Arc<dyn EventLog>,
    pub status: Status,
    pub clock: Clock,
    /// How long a projection may have work and make no progress.
    pub patience: Duration,
}

/// Since when a slice has had something to do and has done nothing.
#[derive(Debug, Default)]
struct Stall {
    position: Position,
    since: Option<Instant>,
    told: bool,
}

impl Stall {
    /// For how long it has stood still.
    fn look(&mut self, progress: Progress, head: Position, now: Instant) -> Duration {
        if !progress.held || progress.position >= head {
            self.since = None;
            return Duration::ZERO;
        }
        if progress.position != self.position {
            self.position = progress.position;
            self.since = None;
        }
        now.duration_since(*self.since.get_or_insert(now))
    }
}

impl Alarm {
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut stalls = HashMap::new();
        let mut measured = Instant::now();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stopped(&mut stop) => return,
            }
            self.look(&mut stalls);
            if measured.elapsed() >= MEASURE {
                measured = Instant::now();
                let outcome = tokio::select! {
                    outcome = self.measure() => outcome,
                    () = stopped(&mut stop) => return,
                };
                if let Err(error) = outcome {
                    tracing::warn!(%error, "the lag of projections cannot be measured");
                }
            }
        }
    }

    /// A projection that has something to do and does nothing is an alarm, not a silence.
    fn look(&self, stalls: &mut HashMap<RunnerKey, Stall>) {
        let (head, now) = (*self.log.watch().borrow(), Instant::now());
        let watched = self.watched.lock();
        stalls.retain(|key, _| watched.contains_key(key));
        for (key, progress) in &*watched {
            let stall = stalls.entry(*key).or_default();
            let still = stall.look(*progress.borrow(), head, now);
            let stalled = still > self.patience;
            if stalled && !stall.told {
                let (projection, build, slice) = key;
                tracing::error!(
                    projection,
                    build,
                    slice,
                    stalled_secs = still.as_secs(),
                    "a projection stands still; see `reeve doctor`"
                );
            }
            stall.told = stalled;
        }
        for name in &self.names {
            let stalled = stalls.iter().any(|((of, ..), stall)| of == name && stall.told);
            metrics::gauge!("reeve_projection_stalled", "projection" => *name).set(if stalled {
                1.0
            } else {
                0.0
            });
        }
    }

    async fn measure(&self) -> Result<(), LogError> {
        let builds = self.status.builds(&*self.log, (self.clock)()).await?;
        for name in &self.names {
            for state in ["live", "building"] {
                let build = builds.iter().find(|build| build.name == *name && build.state == state);
                let labels = [("projection", *name), ("state", state)];
                // A build that is gone is behind nothing.
                let set = |gauge: metrics::Gauge, value: fn(&BuildStatus) -> u64| {
                    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
                    gauge.set(build.map_or(0, value) as f64);
                };
                set(metrics::gauge!("reeve_projection_lag_events", &labels), |b| b.lag_events);
                set(metrics::gauge!("reeve_projection_lag_seconds", &labels), |b| {
                    b.lag_secs.unsigned_abs()
                });
                set(metrics::gauge!("reeve_projection_parked_guilds", &labels), |b| {
                    b.parked_guilds
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Position = Position(10);

    struct Slice {
        stall: Stall,
        began: Instant,
    }

    impl Slice {
        fn new() -> Self {
            Self { stall: Stall::default(), began: Instant::now() }
        }

        /// Seconds of standing still, as they are at this second.
        fn at(&mut self, secs: u64, position: u64, held: bool) -> u64 {
            let progress = Progress { position: Position(position), held };
            self.stall.look(progress, HEAD, self.began + Duration::from_secs(secs)).as_secs()
        }
    }

    #[test]
    fn given_work_and_no_progress_then_the_time_counts_from_the_last_progress() {
        let mut slice = Slice::new();
        assert_eq!(slice.at(0, 4, true), 0);
        assert_eq!(slice.at(50, 4, true), 50);
        assert_eq!(slice.at(60, 5, true), 0);
        assert_eq!(slice.at(75, 5, true), 15);
    }

    #[test]
    fn a_quiet_time_is_no_stand_still_when_work_comes() {
        let mut slice = Slice::new();
        assert_eq!(slice.at(0, 10, true), 0);
        let progress = Progress { position: HEAD, held: true };
        let now = slice.began + Duration::from_hours(1);
        assert_eq!(slice.stall.look(progress, Position(11), now), Duration::ZERO);
        let later = now + Duration::from_secs(7);
        assert_eq!(slice.stall.look(progress, Position(11), later), Duration::from_secs(7));
    }

    #[test]
    fn a_slice_that_another_process_holds_is_that_ones_concern() {
        let mut slice = Slice::new();
        assert_eq!(slice.at(0, 4, true), 0);
        assert_eq!(slice.at(30, 4, false), 0);
        assert_eq!(slice.at(60, 4, true), 0, "taken over only now");
        assert_eq!(slice.at(65, 4, true), 5);
    }
}
