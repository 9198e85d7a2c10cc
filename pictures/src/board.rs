//! The board of `/levels top`: a line for each member, with their place, what they are called and
//! how much they have beside the first.

use super::{
    Picture,
    canvas::{Anchor, Canvas, FIRST, GAP, Look, MUTED, SECOND, TEXT},
    words::{Weight, drawable, initials},
};

/// All texts as they are shown, in the reader's language.
#[derive(Clone, Debug, Default)]
pub struct Board {
    pub title: String,
    pub note: String,
    /// In place of a name of which nothing can be drawn.
    pub nameless: String,
    pub lines: Vec<BoardLine>,
}

#[derive(Clone, Debug, Default)]
pub struct BoardLine {
    pub place: u32,
    /// As the member is called; they chose it.
    pub name: String,
    /// `Level 31`, where there is one.
    pub standing: String,
    /// `18,420 XP`.
    pub amount: String,
    /// Of what the first has: between 0 and 1.
    pub share: f32,
}

/// Lines of one picture.
pub const MAX_BOARD_LINES: usize = 10;
const WIDTH: u32 = 900;
const HEAD: f32 = 92.0;
const ROW: f32 = 62.0;
const FOOT: f32 = 22.0;
const PLACE: f32 = 74.0;
const CIRCLE: f32 = 116.0;
const NAME: f32 = 154.0;
const RIGHT: f32 = 860.0;
const STANDING: f32 = 640.0;

impl Picture for Board {
    fn svg(&self) -> String {
        let lines = &self.lines[..self.lines.len().min(MAX_BOARD_LINES)];
        let rows = u16::try_from(lines.len()).unwrap_or_default();
        let height = HEAD + ROW * f32::from(rows.max(1)) + FOOT;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few hundred pixels"
        )]
        let mut canvas = Canvas::card(WIDTH, height as u32);
        canvas.text((40.0, 58.0), &self.title, Look::plain(28.0, 520.0).bold());
        canvas.text((RIGHT, 56.0), &self.note, Look::plain(17.0, 280.0).at(Anchor::End));
        let mut top = HEAD;
        for line in lines {
            self.line(&mut canvas, line, top);
            top += ROW;
        }
        canvas.svg()
    }
}

impl Board {
    fn line(&self, canvas: &mut Canvas, line: &BoardLine, top: f32) {
        let mut name = drawable(&line.name, Weight::Bold);
        if name.is_empty() {
            name.clone_from(&self.nameless);
        }
        let base = top + 31.0;
        let colour = match line.place {
            1 => GAP,
            2 => TEXT,
            3 => SECOND,
            _ => MUTED,
        };
        let place = Look::plain(24.0, 60.0).bold().colour(colour).at(Anchor::End);
        canvas.text((PLACE, base), &line.place.to_string(), place);
        canvas.initials((CIRCLE, top + 26.0), 20.0, &initials(&name));
        canvas.text((NAME, base - 3.0), &name, Look::plain(22.0, 350.0).bold());
        let standing = Look::plain(18.0, 120.0).at(Anchor::End);
        canvas.text((STANDING, base - 3.0), &line.standing, standing);
        let amount = Look::plain(20.0, 196.0).bold().colour(FIRST).at(Anchor::End);
        canvas.text((RIGHT, base - 3.0), &line.amount, amount);
        canvas.bar((NAME, base + 9.0), (RIGHT - NAME, 6.0), line.share);
    }
}
