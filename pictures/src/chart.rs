//! A chart of days: a filled line, a second line beside it, and where nobody looked.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{
    Picture,
    canvas::{Anchor, Canvas, FIRST, GAP, LINE, Look, MUTED, SECOND},
};

/// All texts as they are shown, in the reader's language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    pub title: String,
    pub note: String,
    /// Names and numbers above the chart, at most four.
    pub figures: Vec<(String, String)>,
    /// What the lines are called, and one number for each point.
    pub first: (String, Vec<i64>),
    pub second: (String, Vec<i64>),
    /// Below the first point, the one in the middle and the last.
    pub labels: [String; 3],
    /// Points at which numbers are not complete.
    pub gaps: Vec<usize>,
}

/// Points that can still be told apart.
pub const MAX_POINTS: usize = 400;
const MAX_FIGURES: usize = 4;
const WIDTH: u32 = 900;
const HEIGHT: u32 = 460;
const LEFT: f32 = 92.0;
const RIGHT: f32 = 860.0;
const TOP: f32 = 206.0;
const BOTTOM: f32 = 396.0;
const LINES: u8 = 4;

impl Picture for Chart {
    fn svg(&self) -> String {
        let mut canvas = Canvas::card(WIDTH, HEIGHT);
        canvas.text((40.0, 56.0), &self.title, Look::plain(28.0, 480.0).bold());
        canvas.text((860.0, 54.0), &self.note, Look::plain(17.0, 320.0).at(Anchor::End));
        let mut x = 40.0;
        for (name, number) in self.figures.iter().take(MAX_FIGURES) {
            canvas.text((x, 92.0), name, Look::plain(17.0, 196.0));
            canvas.text((x, 128.0), number, Look::plain(30.0, 196.0).bold());
            x += 208.0;
        }
        self.legend(&mut canvas);
        let top = top_of(&[&self.first.1, &self.second.1]);
        grid(&mut canvas, top);
        let points = self.first.1.len().min(MAX_POINTS);
        for gap in self.gaps.iter().filter(|gap| **gap < points) {
            let (x, width) = (place(*gap, points), ((RIGHT - LEFT) / real(points)).max(3.0));
            canvas.put(format_args!(
                "<rect x=\"{:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{}\" fill=\"{GAP}\" \
                 fill-opacity=\"0.18\"/>",
                (x - width / 2.0).max(LEFT),
                BOTTOM - TOP
            ));
        }
        let first = path(&self.first.1[..points], top);
        if points > 1 {
            canvas.put(format_args!(
                "<path d=\"{first} L{RIGHT} {BOTTOM} L{LEFT} {BOTTOM} Z\" fill=\"url(#under)\"/>"
            ));
        }
        line(&mut canvas, &first, FIRST);
        let second = self.second.1.len().min(points);
        line(&mut canvas, &path(&self.second.1[..second], top), SECOND);
        let [begin, middle, end] = &self.labels;
        let below = |anchor| Look::plain(16.0, 220.0).at(anchor);
        canvas.text((LEFT, 428.0), begin, below(Anchor::Start));
        canvas.text((f32::midpoint(LEFT, RIGHT), 428.0), middle, below(Anchor::Middle));
        canvas.text((RIGHT, 428.0), end, below(Anchor::End));
        canvas.svg()
    }
}

impl Chart {
    fn legend(&self, canvas: &mut Canvas) {
        let mut x = LEFT;
        for (name, colour) in [(&self.first.0, FIRST), (&self.second.0, SECOND)] {
            if name.is_empty() {
                continue;
            }
            canvas.put(format_args!(
                "<rect x=\"{x:.1}\" y=\"164\" width=\"14\" height=\"14\" rx=\"4\" fill=\"{colour}\"/>"
            ));
            let look = Look::plain(17.0, 240.0);
            canvas.text((x + 24.0, 177.0), name, look);
            x += 56.0 + super::words::width(name, look.size, look.weight).min(look.room);
        }
    }
}

/// A round number that nothing is above.
fn top_of(lines: &[&[i64]]) -> i64 {
    let most = lines.iter().flat_map(|line| line.iter()).copied().max().unwrap_or(0).max(4);
    let mut step = 1_i64;
    while step <= most / 40 {
        step *= 10;
    }
    // Whose quarters are whole numbers.
    let rounded = [4, 8, 12, 20, 40].into_iter().filter_map(|times| step.checked_mul(times));
    rounded.filter(|top| *top >= most).min().unwrap_or(most)
}

fn grid(canvas: &mut Canvas, top: i64) {
    for number in 0..=LINES {
        let y = BOTTOM - (BOTTOM - TOP) * f32::from(number) / f32::from(LINES);
        canvas.put(format_args!(
            "<path d=\"M{LEFT} {y:.1} H{RIGHT}\" stroke=\"{LINE}\" stroke-width=\"1\"/>"
        ));
        let look = Look::plain(15.0, 64.0).colour(MUTED).at(Anchor::End);
        canvas.text((LEFT - 12.0, y + 5.0), &short(top / 4 * i64::from(number)), look);
    }
}

/// A number that fits beside a line: `1.2k`.
fn short(number: i64) -> String {
    for (size, letter) in [(1_000_000_000, 'G'), (1_000_000, 'M'), (1_000, 'k')] {
        if number >= size {
            let (whole, tenth) = (number / size, number % size / (size / 10));
            return if tenth == 0 || whole >= 100 {
                format!("{whole}{letter}")
            } else {
                format!("{whole}.{tenth}{letter}")
            };
        }
    }
    number.to_string()
}

fn real(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

fn place(point: usize, points: usize) -> f32 {
    if points < 2 { LEFT } else { LEFT + (RIGHT - LEFT) * real(point) / real(points - 1) }
}

fn path(values: &[i64], top: i64) -> String {
    let mut path = String::new();
    for (point, value) in values.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a pixel is far coarser")]
        let share = *value as f32 / top.max(1) as f32;
        let y = BOTTOM - (BOTTOM - TOP) * share.clamp(0.0, 1.0);
        let letter = if point == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{letter}{:.1} {y:.1} ", place(point, values.len()));
    }
    path
}

fn line(canvas: &mut Canvas, path: &str, colour: &str) {
    if !path.is_empty() {
        canvas.put(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"3\" \
             stroke-linejoin=\"round\" stroke-linecap=\"round\"/>"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_any_number_then_the_chart_ends_above_it_at_a_round_one() {
        for (most, top) in [(0, 4), (4, 4), (5, 8), (39, 40), (41, 80), (1_699, 2_000)] {
            assert_eq!(top_of(&[&[most], &[]]), top, "{most}");
        }
        assert_eq!(top_of(&[&[i64::MAX, i64::MIN]]), i64::MAX);
        let shown = [0, 999, 1_000, 1_500, 120_000, 2_000_000, i64::MAX].map(short);
        let expected = ["0", "999", "1k", "1.5k", "120k", "2M", "9223372036G"];
        assert_eq!(shown, expected);
    }
}
