//! What a disk may hold when the power fails.
//!
//! The model, for a cut after the first `cut` operations of a [`Journal`]:
//!
//! - **Content.** Whatever a completed sync of a file vouches for is durable. Each later write to
//!   the file is kept, dropped, or torn: some of its 512-byte sectors reach the disk, not
//!   necessarily the first ones, and the file may have grown to the write's full length all the
//!   same. Each later truncation is kept or dropped. What survives may be applied in any order,
//!   also where it overlaps. A hole left by a dropped write reads as zeros or as what was on the
//!   disk before.
//! - **Names.** A creation is durable once the file, or its directory, has been synced; a deletion
//!   once its directory has been. Until then the name may stand for any file it stood for since.
//! - **Promises.** A mark is put after the commit has returned, so every mark before the cut must
//!   be honoured by the image.
//!
//! Harsher than a disk: overlapping unsynced writes may be reordered (a page cache would not), and
//! two files' writes survive independently. Kinder than some disks: a sync never lies, bytes next
//! to a write are never damaged (SQLite's "powersafe overwrite", its own default assumption), and
//! a sector is whole.
//!
//! Journals and seeds determine images. A journal differs from run to run all the same: SQLite
//! salts its WAL.

mod disk;
mod image;
mod weather;

use std::{io, path::Path};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use crate::journal::Journal;
pub use disk::Disk;
pub use image::Image;
pub use weather::{Survivors, Weather};

/// One crash: where, in what weather, and what is left.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerCut {
    /// Its number within its run; with the run's seed it determines the image.
    pub number: u32,
    /// How many operations of the journal happened before the power failed.
    pub cut: usize,
    /// The highest mark among them, 0 without any: the image must honour it.
    pub acknowledged: u64,
    pub weather: Weather,
    pub image: Image,
}

/// Cuts the power once and writes what is left into `dir`.
pub fn cut_power(journal: &Journal, rng: &mut impl Rng, dir: &Path) -> io::Result<PowerCut> {
    let cut = rng.random_range(0..=journal.operations().len());
    let mut disk = Disk::default();
    disk.replay(journal, cut);
    let power_cut = crash(&disk, 0, cut, rng);
    power_cut.image.write_to(dir)?;
    Ok(power_cut)
}

fn crash(disk: &Disk<'_>, number: u32, cut: usize, rng: &mut impl Rng) -> PowerCut {
    let weather = Weather::draw(rng);
    let image = disk.crash(weather, rng);
    PowerCut { number, cut, acknowledged: disk.acknowledged(), weather, image }
}

/// Many crashes of one journal, in the order of their cuts, so that the journal is walked once.
#[derive(Debug)]
pub struct CrashImages<'j> {
    journal: &'j Journal,
    disk: Disk<'j>,
    /// Latest cut first.
    due: Vec<(usize, u32, StdRng)>,
}

impl<'j> CrashImages<'j> {
    pub fn new(journal: &'j Journal, images: u32, seed: u64) -> Self {
        let mut due: Vec<_> = (0..images)
            .map(|number| {
                let mut rng = rng_of(seed, number);
                (rng.random_range(0..=journal.operations().len()), number, rng)
            })
            .collect();
        due.sort_by_key(|(cut, number, _)| std::cmp::Reverse((*cut, *number)));
        Self { journal, disk: Disk::default(), due }
    }
}

impl Iterator for CrashImages<'_> {
    type Item = PowerCut;

    fn next(&mut self) -> Option<PowerCut> {
        let (cut, number, mut rng) = self.due.pop()?;
        self.disk.replay(self.journal, cut);
        Some(crash(&self.disk, number, cut, &mut rng))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.due.len(), Some(self.due.len()))
    }
}

/// Every image has its own generator, so it does not depend on how many others there are.
fn rng_of(seed: u64, number: u32) -> StdRng {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    StdRng::seed_from_u64(seed ^ (u64::from(number) + 1).wrapping_mul(GOLDEN))
}
