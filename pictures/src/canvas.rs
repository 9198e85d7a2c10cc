//! An SVG as it grows: shapes and texts in our few colours, with everything that comes from
//! outside escaped.

use std::fmt::{self, Display, Write as _};

use super::{
    FAMILY,
    words::{Weight, fitting},
};

/// The colours of the dashboard when it is dark; Discord mostly is.
pub const CARD: &str = "#12141b";
pub const RAISED: &str = "#242835";
pub const LINE: &str = "#2a2e3a";
pub const TEXT: &str = "#eceef4";
pub const MUTED: &str = "#a2abbd";
pub const FIRST: &str = "#8f95ff";
pub const SECOND: &str = "#48d39a";
pub const SOFT: &str = "#262a55";
pub const GAP: &str = "#f2b950";

#[derive(Debug)]
pub struct Canvas(String);

/// Where a text stands, from its left, its middle or its right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub size: f32,
    pub weight: Weight,
    pub colour: &'static str,
    pub anchor: Anchor,
    /// Room in pixels; what is longer is cut.
    pub room: f32,
}

impl Look {
    pub const fn plain(size: f32, room: f32) -> Self {
        let (weight, anchor) = (Weight::Regular, Anchor::Start);
        Self { size, weight, colour: MUTED, anchor, room }
    }

    pub const fn bold(self) -> Self {
        Self { weight: Weight::Bold, colour: TEXT, ..self }
    }

    pub const fn colour(self, colour: &'static str) -> Self {
        Self { colour, ..self }
    }

    pub const fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

impl Canvas {
    /// A card with round corners, empty.
    pub fn card(width: u32, height: u32) -> Self {
        let mut canvas = Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\"><defs><linearGradient id=\"bar\">\
             <stop offset=\"0\" stop-color=\"{FIRST}\"/><stop offset=\"1\" stop-color=\"{SECOND}\"/>\
             </linearGradient><linearGradient id=\"under\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\">\
             <stop offset=\"0\" stop-color=\"{FIRST}\" stop-opacity=\"0.35\"/>\
             <stop offset=\"1\" stop-color=\"{FIRST}\" stop-opacity=\"0.02\"/></linearGradient></defs>"
        ));
        canvas.put(format_args!(
            "<rect width=\"{width}\" height=\"{height}\" rx=\"24\" fill=\"{CARD}\"/>"
        ));
        canvas
    }

    pub fn put(&mut self, shape: fmt::Arguments<'_>) {
        // Writing to text cannot fail.
        let _ = self.0.write_fmt(shape);
    }

    /// A text that may come from outside.
    pub fn text(&mut self, (x, y): (f32, f32), text: &str, look: Look) {
        let text = fitting(text, look.size, look.weight, look.room);
        let weight = if look.weight == Weight::Bold { "bold" } else { "normal" };
        let anchor = match look.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let Look { size, colour, .. } = look;
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-family=\"{FAMILY}\" font-size=\"{size}\" \
             font-weight=\"{weight}\" fill=\"{colour}\" text-anchor=\"{anchor}\">{}</text>",
            Escaped(&text)
        ));
    }

    /// A bar of which a share, between 0 and 1, is full.
    pub fn bar(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), share: f32) {
        let radius = height / 2.0;
        self.put(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" \
             fill=\"{RAISED}\"/>"
        ));
        let share = share.clamp(0.0, 1.0);
        if share > 0.0 {
            // Never narrower than its round ends.
            let full = (width * share).max(height);
            self.put(format_args!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{full:.1}\" height=\"{height}\" rx=\"{radius}\" \
                 fill=\"url(#bar)\"/>"
            ));
        }
    }

    /// Two letters in a circle.
    pub fn initials(&mut self, (x, y): (f32, f32), radius: f32, letters: &str) {
        self.put(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{SOFT}\"/>"));
        let size = radius * 0.82;
        let look = Look::plain(size, radius * 2.0).bold().colour(FIRST).at(Anchor::Middle);
        self.text((x, y + size * 0.36), letters, look);
    }

    pub fn svg(mut self) -> String {
        self.0.push_str("</svg>");
        self.0
    }
}

/// Text that can be nothing but text.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Not allowed in XML at all.
                '\u{0}'..='\u{8}'
                | '\u{b}'
                | '\u{c}'
                | '\u{e}'..='\u{1f}'
                | '\u{fffe}'
                | '\u{ffff}' => f.write_char(' ')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
