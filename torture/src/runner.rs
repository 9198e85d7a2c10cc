//! Workload, journal, images, check: one run and its report.

use std::{
    error::Error,
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;
use thiserror::Error;

use crate::{
    power_cut::{CrashImages, PowerCut},
    recorder::{Recorder, RecorderError},
    verdict::Verdict,
};

/// A report describes this many failures; the counts cover all.
const DESCRIBED_FAILURES: usize = 20;

#[derive(Debug, Error)]
pub enum TortureError {
    #[error(transparent)]
    Recorder(#[from] RecorderError),
    #[error("the workload failed before any power cut")]
    Workload(#[source] Box<dyn Error + Send + Sync>),
    #[error("the workload wrote nothing through the recording VFS")]
    NothingRecorded,
    #[error("the workload acknowledged nothing, so no image could fail")]
    NothingAcknowledged,
    #[error("cannot prepare an image")]
    Image(#[from] io::Error),
}

/// A run to be: how many cuts, and where.
#[derive(Debug, Clone)]
pub struct PowerCuts {
    images: u32,
    seed: u64,
    scratch: PathBuf,
    keep_failed: Option<PathBuf>,
}

/// What became of all images.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub images: u32,
    /// Acknowledgements which had to be honoured, summed over the images.
    pub acknowledged: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    /// Images which the check could not open or found damaged.
    pub corrupt: u32,
    /// The first few images which broke a promise.
    pub failures: Vec<Failure>,
    /// Size of the journal, and how many syncs are in it.
    pub operations: usize,
    pub syncs: usize,
}

#[derive(Debug, Clone)]
pub struct Failure {
    pub number: u32,
    pub cut: usize,
    pub acknowledged: u64,
    pub what: String,
}

impl PowerCuts {
    pub fn new(images: u32, seed: u64) -> Self {
        Self { images, seed, scratch: std::env::temp_dir(), keep_failed: None }
    }

    /// Where the workload and the images live while the run lasts; a tmpfs makes checks faster.
    pub fn scratch_in(mut self, dir: impl Into<PathBuf>) -> Self {
        self.scratch = dir.into();
        self
    }

    /// Keeps each described failure's image, as the crash left it, in `dir/<number>`.
    pub fn keep_failed_in(mut self, dir: impl Into<PathBuf>) -> Self {
        self.keep_failed = Some(dir.into());
        self
    }

    /// Runs the workload once, then checks every image of it.
    ///
    /// The workload gets an empty directory, the name of the VFS to open its connections with, and
    /// the recorder to mark acknowledgements on. The recording ends when it returns; let it close
    /// its connections first if closing is to be tortured too.
    ///
    /// The check gets a directory with the files a crash left, and the highest mark they must
    /// honour. It opens them with the ordinary VFS. An error means the image is corrupt.
    pub fn run<W, WE, C, CE>(&self, workload: W, mut check: C) -> Result<Report, TortureError>
    where
        W: FnOnce(&Path, &str, &Recorder) -> Result<(), WE>,
        WE: Into<Box<dyn Error + Send + Sync>>,
        C: FnMut(&Path, u64) -> Result<Verdict, CE>,
        CE: Display,
    {
        let scratch = TempDir::with_prefix_in("torture-", &self.scratch)?;
        let live = scratch.path().join("live");
        fs::create_dir(&live)?;
        let recorder = Recorder::register(&unique_vfs_name(), &live)?;
        workload(&live, recorder.vfs_name(), &recorder)
            .map_err(|error| TortureError::Workload(error.into()))?;
        let journal = recorder.stop();
        if !journal.has_writes() {
            return Err(TortureError::NothingRecorded);
        }
        if journal.acknowledged() == 0 {
            return Err(TortureError::NothingAcknowledged);
        }

        let mut report = Report {
            operations: journal.operations().len(),
            syncs: journal.syncs(),
            ..Report::default()
        };
        let dir = scratch.path().join("image");
        for power_cut in CrashImages::new(&journal, self.images, self.seed) {
            fs::create_dir(&dir)?;
            power_cut.image.write_to(&dir)?;
            let outcome = check(&dir, power_cut.acknowledged);
            if let Some(failure) = report.count(&power_cut, outcome)
                && report.failures.len() < DESCRIBED_FAILURES
            {
                report.failures.push(failure);
                if let Some(keep) = &self.keep_failed {
                    power_cut.image.write_to(&keep.join(power_cut.number.to_string()))?;
                }
            }
            fs::remove_dir_all(&dir)?;
        }
        Ok(report)
    }
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.reordered == 0 && self.corrupt == 0
    }

    fn count<E: Display>(
        &mut self,
        power_cut: &PowerCut,
        outcome: Result<Verdict, E>,
    ) -> Option<Failure> {
        self.images += 1;
        self.acknowledged += power_cut.acknowledged;
        let what = match outcome {
            Ok(verdict) if verdict.is_clean() => return None,
            Ok(verdict) => {
                self.lost += verdict.lost;
                self.duplicated += verdict.duplicated;
                self.reordered += verdict.reordered;
                format!("{verdict:?} in {:?}", power_cut.weather)
            }
            Err(error) => {
                self.corrupt += 1;
                format!("{error} in {:?}", power_cut.weather)
            }
        };
        let PowerCut { number, cut, acknowledged, .. } = *power_cut;
        Some(Failure { number, cut, acknowledged, what })
    }
}

/// VFS names are global to the process, and runs may overlap.
fn unique_vfs_name() -> String {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    format!("torture-{}", RUNS.fetch_add(1, Ordering::Relaxed))
}
