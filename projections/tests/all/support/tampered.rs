//! A real read model that is disturbed on its way: events spoilt before it folds them, the store
//! refusing after it has written, a wait that does not end.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use domain::GuildId;
use eventlog::{LogError, Recorded};
use projections::{AnyProjection, ApplyError, Table, Tables};
use tokio::sync::Semaphore;

type Spoils = Box<dyn Fn(&Recorded) -> bool + Send + Sync>;

/// What a test does to a read model while it runs.
pub struct Control {
    spoils: Mutex<Option<Spoils>>,
    refuses: AtomicBool,
    /// Batches that may go through; unlimited until a test closes it.
    gate: Semaphore,
    gated: AtomicBool,
    writes: AtomicUsize,
}

/// Out of which a batch is never short of permits.
const OPEN: usize = 1_000_000;

impl Control {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            spoils: Mutex::default(),
            refuses: AtomicBool::new(false),
            gate: Semaphore::new(0),
            gated: AtomicBool::new(false),
            writes: AtomicUsize::new(0),
        })
    }

    /// These events cannot be folded.
    pub fn spoil(&self, which: impl Fn(&Recorded) -> bool + Send + Sync + 'static) {
        *self.spoils.lock().unwrap() = Some(Box::new(which));
    }

    pub fn mend(&self) {
        *self.spoils.lock().unwrap() = None;
        self.refuses.store(false, Ordering::SeqCst);
    }

    /// The store fails once the rows are written.
    pub fn refuse_after_writing(&self) {
        self.refuses.store(true, Ordering::SeqCst);
    }

    /// Nothing goes through any more but what is let through.
    pub fn close(&self) {
        self.gated.store(true, Ordering::SeqCst);
    }

    pub fn let_through(&self, batches: usize) {
        self.gate.add_permits(batches);
    }

    pub fn open(&self) {
        self.gated.store(false, Ordering::SeqCst);
        self.gate.add_permits(OPEN);
    }

    /// How many times the inner read model has written, taken back or not.
    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    fn spoilt(&self, event: &Recorded) -> bool {
        self.spoils.lock().unwrap().as_ref().is_some_and(|spoils| spoils(event))
    }
}

struct Tampered {
    inner: Box<dyn AnyProjection>,
    control: Arc<Control>,
}

pub fn tampered(inner: Box<dyn AnyProjection>, control: &Arc<Control>) -> Box<dyn AnyProjection> {
    Box::new(Tampered { inner, control: Arc::clone(control) })
}

#[async_trait]
impl AnyProjection for Tampered {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn version(&self) -> u32 {
        self.inner.version()
    }

    fn tables(&self) -> &'static [Table] {
        self.inner.tables()
    }

    fn follows(&self, event: &Recorded) -> bool {
        self.inner.follows(event)
    }

    async fn apply(
        &self,
        events: &[Recorded],
        blocked: &(dyn Fn(GuildId) -> bool + Sync),
        tables: &mut Tables<'_>,
    ) -> Result<usize, ApplyError> {
        let mut events = events.to_vec();
        for event in events.iter_mut().filter(|event| self.control.spoilt(event)) {
            event.payload = "{}".into();
        }
        if self.control.gated.load(Ordering::SeqCst) {
            self.control.gate.acquire().await.unwrap().forget();
        }
        let folded = self.inner.apply(&events, blocked, tables).await?;
        self.control.writes.fetch_add(1, Ordering::SeqCst);
        if self.control.refuses.load(Ordering::SeqCst) {
            return Err(ApplyError::Store(LogError::DiskFull("as the test wants it".to_owned())));
        }
        Ok(folded)
    }
}
