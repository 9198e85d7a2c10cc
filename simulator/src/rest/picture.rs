//! Pictures for avatars and icons that nobody drew: a mirrored pattern that looks the same for the
//! same text, as a PNG.

use std::io::Write as _;

use flate2::{Compression, Crc, write::ZlibEncoder};
use sha2::{Digest as _, Sha256};

const CELLS: usize = 8;
pub const SIZES: [usize; 9] = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
/// Larger ones are sent in this size, which is enough for every screen here.
const LARGEST: usize = 512;

/// A PNG of about `size` pixels each way.
pub fn png(seed: &str, size: usize) -> Vec<u8> {
    let digest = Sha256::digest(seed.as_bytes());
    let size = size.clamp(SIZES[0], LARGEST);
    let (back, front) = colors(digest[0], digest[1]);
    // A row of the pattern is four cells and their mirror image.
    let is_set = |x: usize, y: usize| {
        let x = if x < CELLS / 2 { x } else { CELLS - 1 - x };
        digest[2 + y] >> x & 1 == 1
    };
    let mut rows = Vec::with_capacity(size * (size + 1));
    for y in 0..size {
        // Each row begins with how it was filtered: not at all.
        rows.push(0);
        let row = (0..size).map(|x| u8::from(is_set(x * CELLS / size, y * CELLS / size)));
        rows.extend(row);
    }
    let side = u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes();
    let mut header = Vec::with_capacity(13);
    header.extend(side);
    header.extend(side);
    // Eight bits a pixel, each the place of a color in the palette.
    header.extend([8, 3, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"PLTE", &[back, front].concat());
    chunk(&mut file, *b"IDAT", &deflated(&rows));
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory cannot fail")
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    file.extend(length.to_be_bytes());
    let mut crc = Crc::new();
    crc.update(&kind);
    crc.update(data);
    file.extend(kind);
    file.extend(data);
    file.extend(crc.sum().to_be_bytes());
}

/// A dark ground and a light figure, of a hue each.
fn colors(ground: u8, figure: u8) -> ([u8; 3], [u8; 3]) {
    let hue = |seed: u8, low: u8, span: u8| {
        let third = u16::from(seed) * 3;
        let part = |shift: u16| {
            let place = (third + shift * 256) % 768;
            let near = place.min(768 - place).min(255);
            low + u8::try_from(u16::from(span) * (255 - near) / 255).unwrap_or(span)
        };
        [part(0), part(1), part(2)]
    };
    (hue(ground, 30, 60), hue(figure, 140, 110))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn given_a_name_then_its_picture_is_a_png_that_decodes_and_stays_the_same() {
        let file = png("maren", 64);
        assert_eq!(file[..8], *b"\x89PNG\r\n\x1a\n");
        assert_eq!(file, png("maren", 64));
        assert_ne!(file, png("tobi", 64));
        let mut place = 8;
        let mut kinds = Vec::new();
        let mut pixels = Vec::new();
        while place < file.len() {
            let length = u32::from_be_bytes(file[place..place + 4].try_into().expect("four"));
            let end = place + 8 + usize::try_from(length).expect("small");
            let mut crc = Crc::new();
            crc.update(&file[place + 4..end]);
            assert_eq!(file[end..end + 4], crc.sum().to_be_bytes());
            if file[place + 4..place + 8] == *b"IDAT" {
                let mut decoder = flate2::read::ZlibDecoder::new(&file[place + 8..end]);
                decoder.read_to_end(&mut pixels).expect("it is deflated");
            }
            kinds.push(String::from_utf8_lossy(&file[place + 4..place + 8]).into_owned());
            place = end + 4;
        }
        assert_eq!(kinds, ["IHDR", "PLTE", "IDAT", "IEND"]);
        assert_eq!(pixels.len(), 64 * 65);
        let row = &pixels[1..65];
        let mirrored: Vec<_> = row.iter().rev().copied().collect();
        assert_eq!(row, mirrored);
    }
}
