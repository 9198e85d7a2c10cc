//! Text as it is drawn: what people wrote, without what would break the picture, and cut to the
//! room that there is.

use std::sync::LazyLock;

use skrifa::{
    FontRef, MetadataProvider as _,
    instance::{LocationRef, Size},
    raw::ReadError,
};

use super::{BOLD, REGULAR};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Bold,
}

/// The fonts of the binary, which a test reads.
static FONTS: LazyLock<Result<[FontRef<'static>; 2], ReadError>> =
    LazyLock::new(|| Ok([FontRef::new(REGULAR)?, FontRef::new(BOLD)?]));

fn font(weight: Weight) -> Option<&'static FontRef<'static>> {
    let [regular, bold] = FONTS.as_ref().ok()?;
    Some(if weight == Weight::Bold { bold } else { regular })
}

/// What people wrote, without what has no shape in our fonts (emoji of their own, other scripts),
/// without what turns text around or hides, and without double spaces. Empty where nothing is left.
pub fn drawable(text: &str, weight: Weight) -> String {
    let Some(font) = font(weight) else { return String::new() };
    let shapes = font.charmap();
    let mut drawn = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() {
            if !drawn.is_empty() && !drawn.ends_with(' ') {
                drawn.push(' ');
            }
        } else if !is_hidden(character) && shapes.map(character).is_some() {
            drawn.push(character);
        }
    }
    drawn.truncate(drawn.trim_end().len());
    drawn
}

/// Controls, marks of direction, joiners, and piles of accents: what is no letter by itself.
const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// How wide text is, in pixels, where every letter stands by itself.
pub fn width(text: &str, size: f32, weight: Weight) -> f32 {
    let Some(font) = font(weight) else { return 0.0 };
    let shapes = font.charmap();
    let widths = font.glyph_metrics(Size::new(size), LocationRef::default());
    let of = |character| widths.advance_width(shapes.map(character)?);
    text.chars().map(|character| of(character).unwrap_or(size)).sum()
}

/// Cut to so many pixels, with an ellipsis where something is missing.
pub fn fitting(text: &str, size: f32, weight: Weight, most: f32) -> String {
    if width(text, size, weight) <= most {
        return text.to_owned();
    }
    let room = most - width("…", size, weight);
    let (mut cut, mut used) = (String::new(), 0.0);
    for character in text.chars() {
        used += width(character.encode_utf8(&mut [0; 4]), size, weight);
        if used > room {
            break;
        }
        cut.push(character);
    }
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// Two letters for whoever has no picture.
pub fn initials(name: &str) -> String {
    let letters = |word: &str| word.chars().find(|character| character.is_alphanumeric());
    let mut words = name.split(' ').filter_map(letters);
    let (first, second) = (words.next(), words.next());
    let second =
        second.or_else(|| name.chars().filter(|character| character.is_alphanumeric()).nth(1));
    let both = first.into_iter().chain(second).flat_map(char::to_uppercase);
    both.take(2).collect()
}
