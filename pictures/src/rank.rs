//! The card of `/rank`: who, which place and level, and how far to the next.

use super::{
    Picture,
    canvas::{Anchor, Canvas, Look},
    words::{Weight, drawable, initials},
};

/// All texts as they are shown, in the reader's language.
#[derive(Clone, Debug, Default)]
pub struct Rank {
    /// As the member is called; they chose it.
    pub name: String,
    /// In place of a name of which nothing can be drawn.
    pub nameless: String,
    /// `Rank #7 of 48,213 · Level 31`.
    pub standing: String,
    /// `18,420 / 21,000 XP`.
    pub progress: String,
    /// Of the next level: between 0 and 1.
    pub share: f32,
    /// What else there is to say: `+2,310 XP this week`.
    pub note: String,
}

const WIDTH: u32 = 900;
const HEIGHT: u32 = 260;
const LEFT: f32 = 246.0;
const ROOM: f32 = 606.0;
/// Of that, what stands at the right.
const PROGRESS_ROOM: f32 = 230.0;

impl Picture for Rank {
    fn svg(&self) -> String {
        let mut name = drawable(&self.name, Weight::Bold);
        if name.is_empty() {
            name.clone_from(&self.nameless);
        }
        let mut canvas = Canvas::card(WIDTH, HEIGHT);
        canvas.initials((130.0, 130.0), 82.0, &initials(&name));
        canvas.text((LEFT, 96.0), &name, Look::plain(40.0, ROOM).bold());
        let standing = Look::plain(22.0, ROOM - PROGRESS_ROOM - 16.0);
        canvas.text((LEFT, 138.0), &self.standing, standing);
        let progress = Look::plain(22.0, PROGRESS_ROOM).at(Anchor::End);
        canvas.text((LEFT + ROOM, 138.0), &self.progress, progress);
        canvas.bar((LEFT, 162.0), (ROOM, 26.0), self.share);
        canvas.text((LEFT, 224.0), &self.note, Look::plain(18.0, ROOM));
        canvas.svg()
    }
}
