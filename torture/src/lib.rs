//! Torture for whatever claims to be durable.
//!
//! Three instruments, none of which knows what it tortures:
//!
//! - [`PowerCuts`] runs a workload on SQLite through a [recording VFS](recorder), then pulls the
//!   plug a few thousand times *on paper*: every image is what a disk may hold when the power
//!   fails at a random moment, with unsynced writes dropped, torn or reordered. A check of yours
//!   opens each image with the ordinary VFS and compares it with what had been acknowledged.
//! - [`Kills`](kills::Kills) starts a child again and again, reads `ack <n>` lines from it and
//!   ends it with SIGKILL in the middle of its work.
//! - [`RoughDiscord`](rough_discord::RoughDiscord) is a Discord that answers wrongly on purpose, and
//!   remembers what really happened.
//!
//! ```no_run
//! use rusqlite::{Connection, OpenFlags};
//! use torture::{PowerCuts, Verdict};
//!
//! let report = PowerCuts::new(300, 42).run(
//!     |dir, vfs, recorder| -> Result<(), rusqlite::Error> {
//!         let db = Connection::open_with_flags_and_vfs(
//!             dir.join("log.db"),
//!             OpenFlags::default(),
//!             vfs,
//!         )?;
//!         db.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE log (n INTEGER)")?;
//!         for n in 1..=100u64 {
//!             db.execute("INSERT INTO log VALUES (?1)", [n.cast_signed()])?;
//!             recorder.mark(n); // after the commit has returned, as a caller would be told
//!         }
//!         Ok(())
//!     },
//!     |image, acknowledged| -> Result<Verdict, rusqlite::Error> {
//!         let db = Connection::open(image.join("log.db"))?;
//!         let mut rows = db.prepare("SELECT n FROM log ORDER BY rowid")?;
//!         let found = rows
//!             .query_map([], |row| row.get::<_, i64>(0).map(i64::cast_unsigned))?
//!             .collect::<Result<Vec<_>, _>>()?;
//!         Ok(Verdict::of(1..=acknowledged, found))
//!     },
//! )?;
//! assert!(report.is_clean());
//! # Ok::<(), torture::TortureError>(())
//! ```
//!
//! Where to look: [`journal`] is what is recorded, [`recorder`] records it, [`power_cut`] turns a
//! journal into images, [`runner`] joins the three, [`verdict`] counts what an image lost.
//!
//! What the model assumes, and where it is harsher or kinder than a disk, stands in
//! [`power_cut`]. `unsafe` lives in `recorder::vfs` and `recorder::file` (and in one test, which
//! sets a chunk size).

pub mod journal;
pub mod kills;
pub mod power_cut;
pub mod recorder;
pub mod rough_discord;
pub mod runner;
pub mod verdict;

pub use journal::{FileId, Journal, Operation};
pub use power_cut::{CrashImages, PowerCut};
pub use recorder::{Recorder, RecorderError};
pub use runner::{Failure, PowerCuts, Report, TortureError};
pub use verdict::Verdict;
