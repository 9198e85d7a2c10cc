//! A real read model that is disturbed on its way: events spoilt before it folds them, the store
//! failing after it has written, a wait that does not end. It remembers what it was given.

use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use domain::GuildId;
use eventlog::{LogError, Position, Recorded};
use projections::{AnyProjection, ApplyError, Batch, Folded, Table, Tables};

use super::gate::Gate;

type Which = Box<dyn Fn(&Recorded) -> bool + Send + Sync>;

/// What a test does to a read model while it runs.
pub struct Control {
    spoilt: Mutex<Option<Which>>,
    disregarded: Mutex<Option<Which>>,
    fails: AtomicBool,
    /// Batches that begin at or before this position need a permit of the gate.
    gated_up_to: AtomicU64,
    gate: Gate,
    aside: Mutex<bool>,
    back: Condvar,
    standing_aside: AtomicUsize,
    asked: AtomicUsize,
    writes: AtomicUsize,
    folded: Mutex<Vec<Position>>,
}

impl Control {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            spoilt: Mutex::default(),
            disregarded: Mutex::default(),
            fails: AtomicBool::new(false),
            gated_up_to: AtomicU64::new(0),
            gate: Gate::new(),
            aside: Mutex::default(),
            back: Condvar::new(),
            standing_aside: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            writes: AtomicUsize::new(0),
            folded: Mutex::default(),
        })
    }

    /// These events cannot be folded.
    pub fn spoil(&self, which: impl Fn(&Recorded) -> bool + Send + Sync + 'static) {
        *self.spoilt.lock().unwrap() = Some(Box::new(which));
    }

    /// These events are none of its business.
    pub fn disregard(&self, which: impl Fn(&Recorded) -> bool + Send + Sync + 'static) {
        *self.disregarded.lock().unwrap() = Some(Box::new(which));
    }

    /// The store fails once the rows are written.
    pub fn fail_after_writing(&self) {
        self.fails.store(true, Ordering::SeqCst);
    }

    pub fn mend(&self) {
        *self.spoilt.lock().unwrap() = None;
        self.fails.store(false, Ordering::SeqCst);
    }

    /// What begins at or before `position` waits, its transaction open, until it is let through.
    pub fn close_up_to(&self, position: Position) {
        self.gated_up_to.store(position.0, Ordering::SeqCst);
    }

    pub fn close(&self) {
        self.close_up_to(Position(u64::MAX));
    }

    pub fn let_through(&self, batches: usize) {
        self.gate.let_through(batches);
    }

    pub fn open(&self) {
        self.close_up_to(Position::START);
        self.gate.open();
    }

    /// Batches that wait now.
    pub fn waits(&self) -> usize {
        self.gate.waits()
    }

    /// Its thread stops before it does anything, and holds nothing in the store.
    pub fn stand_aside(&self) {
        *self.aside.lock().unwrap() = true;
    }

    pub fn come_back(&self) {
        *self.aside.lock().unwrap() = false;
        self.back.notify_all();
    }

    pub fn stands_aside(&self) -> bool {
        self.standing_aside.load(Ordering::SeqCst) > 0
    }

    /// How often anybody has asked what it is called, as supervisors do all the time.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// How many batches it has written, taken back or not.
    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Every event that it has folded, taken back or not.
    pub fn folded(&self) -> Vec<Position> {
        self.folded.lock().unwrap().clone()
    }

    fn wait_aside(&self) {
        if !*self.aside.lock().unwrap() {
            return;
        }
        // The other tasks of this thread move to another.
        tokio::task::block_in_place(|| {
            self.standing_aside.fetch_add(1, Ordering::SeqCst);
            let aside = self.aside.lock().unwrap();
            drop(self.back.wait_while(aside, |aside| *aside).unwrap());
            self.standing_aside.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

fn among(which: &Mutex<Option<Which>>, event: &Recorded) -> bool {
    which.lock().unwrap().as_ref().is_some_and(|which| which(event))
}

struct Tampered {
    inner: Box<dyn AnyProjection>,
    control: Arc<Control>,
}

pub fn tampered(inner: Box<dyn AnyProjection>, control: &Arc<Control>) -> Box<dyn AnyProjection> {
    Box::new(Tampered { inner, control: Arc::clone(control) })
}

/// One of the read models that there are.
pub fn registered(name: &str) -> Box<dyn AnyProjection> {
    projections::registered().into_iter().find(|projection| projection.name() == name).unwrap()
}

#[async_trait]
impl AnyProjection for Tampered {
    fn name(&self) -> &'static str {
        self.control.asked.fetch_add(1, Ordering::SeqCst);
        self.inner.name()
    }

    fn version(&self) -> u32 {
        self.inner.version()
    }

    fn tables(&self) -> &'static [Table] {
        self.inner.tables()
    }

    fn follows(&self, event: &Recorded) -> bool {
        self.control.wait_aside();
        self.inner.follows(event) && !among(&self.control.disregarded, event)
    }

    fn indexes(&self) -> &'static [&'static str] {
        self.inner.indexes()
    }

    fn fold(
        &self,
        events: &[Recorded],
        blocked: &(dyn Fn(GuildId) -> bool + Sync),
    ) -> Result<Folded, ApplyError> {
        let control = &self.control;
        let gated_up_to = control.gated_up_to.load(Ordering::SeqCst);
        let gated = events.first().is_some_and(|event| event.position.0 <= gated_up_to);
        let mut events = events.to_vec();
        for event in events.iter_mut().filter(|event| among(&control.spoilt, event)) {
            event.payload = "{}".into();
        }
        events.retain(|event| !among(&control.disregarded, event));
        let folded = self.inner.fold(&events, blocked)?;
        let ours = |event: &&Recorded| self.inner.follows(event) && !blocked(event.guild());
        let positions = events.iter().filter(ours).map(|event| event.position).collect();
        let (count, control) = (folded.events, Arc::clone(control));
        Ok(Folded::new(count, TamperedBatch { folded, gated, positions, control }))
    }
}

struct TamperedBatch {
    folded: Folded,
    gated: bool,
    positions: Vec<Position>,
    control: Arc<Control>,
}

#[async_trait]
impl Batch for TamperedBatch {
    async fn write(self: Box<Self>, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let Self { folded, gated, positions, control } = *self;
        if gated {
            control.gate.pass().await;
        }
        let count = folded.events;
        folded.write(tables).await?;
        control.folded.lock().unwrap().extend(positions);
        control.writes.fetch_add(count.min(1), Ordering::SeqCst);
        if control.fails.load(Ordering::SeqCst) {
            return Err(LogError::DiskFull("as the test wants it".to_owned()));
        }
        Ok(())
    }
}
