//! Pictures for Discord: the card of a rank, a board and a chart. Each is made of plain text and
//! numbers as an SVG, and that is painted as a PNG with fonts that lie in the binary.
//!
//! - [`Painter::paint`] takes tens of milliseconds of a processor: never call it on a thread that
//!   others wait on.
//! - What people call themselves is drawn as they wrote it where the fonts can, each name as a text
//!   of its own; what would turn the text around it, or has no shape in the fonts, is left out
//!   (`words.rs`). Nothing is loaded from anywhere.
//! - A picture that was painted lately is not painted again: it is found by its SVG, so it can
//!   never be one of other numbers.
//!
//! To add a picture: a file beside `rank.rs` with what it shows as a struct and `svg()`.

mod board;
mod canvas;
mod chart;
mod rank;
mod words;

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use parking_lot::Mutex;
use resvg::{tiny_skia, usvg};

pub use self::{
    board::{Board, BoardLine, MAX_BOARD_LINES},
    chart::{Chart, MAX_POINTS},
    rank::Rank,
};

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");
const FAMILY: &str = "DejaVu Sans";

/// Pictures that are kept: each some tens of kilobytes.
const KEPT: NonZeroUsize = NonZeroUsize::new(128).expect("it is not zero");
/// Pixels of a picture's longest side.
const MAX_SIDE: u32 = 2_000;

/// Something that can be painted.
pub trait Picture {
    fn svg(&self) -> String;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a picture cannot be painted: {0}")]
pub struct Unpaintable(String);

/// Paints, and remembers what it painted last.
pub struct Painter {
    fonts: Arc<usvg::fontdb::Database>,
    kept: Mutex<LruCache<String, Arc<[u8]>>>,
}

impl std::fmt::Debug for Painter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Painter").field("kept", &self.kept.lock().len()).finish_non_exhaustive()
    }
}

impl Default for Painter {
    fn default() -> Self {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(REGULAR.to_vec());
        fonts.load_font_data(BOLD.to_vec());
        fonts.set_sans_serif_family(FAMILY);
        Self { fonts: Arc::new(fonts), kept: Mutex::new(LruCache::new(KEPT)) }
    }
}

impl Painter {
    /// The picture as a PNG.
    pub fn paint(&self, picture: &impl Picture) -> Result<Arc<[u8]>, Unpaintable> {
        let svg = picture.svg();
        if let Some(painted) = self.kept.lock().get(&svg) {
            return Ok(Arc::clone(painted));
        }
        let painted: Arc<[u8]> = self.painted(&svg)?.into();
        self.kept.lock().put(svg, Arc::clone(&painted));
        Ok(painted)
    }

    fn painted(&self, svg: &str) -> Result<Vec<u8>, Unpaintable> {
        let options = usvg::Options {
            font_family: FAMILY.to_owned(),
            fontdb: Arc::clone(&self.fonts),
            // Nothing is loaded, whatever an SVG says.
            resources_dir: None,
            image_href_resolver: usvg::ImageHrefResolver {
                resolve_data: Box::new(|_, _, _| None),
                resolve_string: Box::new(|_, _| None),
            },
            ..usvg::Options::default()
        };
        let wrong = |problem: String| Unpaintable(problem);
        let tree = usvg::Tree::from_str(svg, &options).map_err(|error| wrong(error.to_string()))?;
        let size = tree.size().to_int_size();
        if size.width() > MAX_SIDE || size.height() > MAX_SIDE {
            return Err(wrong(format!("{} by {} is too large", size.width(), size.height())));
        }
        let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())
            .ok_or_else(|| wrong("it has no size".to_owned()))?;
        resvg::render(&tree, tiny_skia::Transform::default(), &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| wrong(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
