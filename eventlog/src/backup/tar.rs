//! As much of the tar format (ustar) as a backup needs: plain files, one after the other.

use std::io::{self, ErrorKind, Read, Write};

const BLOCK: usize = 512;
const NAME: std::ops::Range<usize> = 0..100;
const SIZE: std::ops::Range<usize> = 124..136;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const KIND: usize = 156;

pub(super) fn write_file(out: &mut dyn Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = [0_u8; BLOCK];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(NAME.start, name.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(SIZE.start, format!("{:011o}\0", bytes.len()).as_bytes());
    put(136, b"00000000000\0");
    put(CHECKSUM.start, b"        ");
    put(KIND, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.write_all(&header)?;
    out.write_all(bytes)?;
    out.write_all(&[0; BLOCK][..(BLOCK - bytes.len() % BLOCK) % BLOCK])
}

/// Two empty blocks say that this is all.
pub(super) fn write_end(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])?;
    out.flush()
}

/// The next file. None at the end, wherever the stream ends: whether anything is missing is for the
/// manifest to say.
pub(super) fn read_file(input: &mut dyn Read, most: u64) -> io::Result<Option<(String, Vec<u8>)>> {
    let bad = |text: &str| io::Error::new(ErrorKind::InvalidData, text.to_owned());
    let mut header = [0_u8; BLOCK];
    match input.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    if header == [0; BLOCK] {
        return Ok(None);
    }
    let sum = header
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(if CHECKSUM.contains(&at) { b' ' } else { *byte }));
    if octal(&header[CHECKSUM]) != Some(u64::from(sum.sum::<u32>())) {
        return Err(bad("it is no tar stream, or damaged"));
    }
    if header[KIND] != b'0' && header[KIND] != 0 {
        return Err(bad("it holds something that is no plain file"));
    }
    let name = header[NAME].split(|byte| *byte == 0).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).trim_start_matches("./").to_owned();
    let size = octal(&header[SIZE]).ok_or_else(|| bad("a file has no size"))?;
    if size > most {
        return Err(bad("it holds a file that is larger than any of a backup"));
    }
    let mut bytes = Vec::new();
    input.take(size).read_to_end(&mut bytes)?;
    let whole = bytes.len() as u64 == size;
    let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    if !whole || io::copy(&mut input.take(padding), &mut io::sink())? != padding {
        return Ok(None);
    }
    Ok(Some((name, bytes)))
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches([' ', '\0']), 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, bytes) in files {
            write_file(&mut out, name, bytes).unwrap();
        }
        write_end(&mut out).unwrap();
        out
    }

    #[test]
    fn given_files_of_any_size_then_they_come_back() {
        let long = vec![7; 1000];
        let files: [(&str, &[u8]); 4] =
            [("a.json", b""), ("b", b"x"), ("c", &long[..512]), ("d", &long)];
        let bytes = written(&files);
        let mut input = bytes.as_slice();
        for (name, bytes) in files {
            let found = read_file(&mut input, 1_000).unwrap().unwrap();
            assert_eq!((found.0.as_str(), found.1.as_slice()), (name, bytes));
        }
        assert!(read_file(&mut input, 1_000).unwrap().is_none());
        assert!(read_file(&mut bytes.as_slice(), 1_000).unwrap().is_some());
        assert!(read_file(&mut written(&[("d", &long)]).as_slice(), 999).is_err());
    }

    #[test]
    fn given_a_stream_that_was_cut_then_the_file_is_not_there() {
        let bytes = written(&[("a", &[1; 700])]);
        for length in [1, 511, 512, 600, 1_211, 1_500] {
            assert!(read_file(&mut &bytes[..length], 1_000).unwrap().is_none(), "{length}");
        }
        let mut damaged = bytes;
        damaged[3] ^= 1;
        assert!(read_file(&mut damaged.as_slice(), 1_000).is_err());
    }

    #[test]
    fn given_tar_itself_then_it_reads_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.tar"), written(&[("a.txt", b"hello\n")])).unwrap();
        let tar = std::process::Command::new("tar")
            .args(["-xf", "x.tar"])
            .current_dir(folder.path())
            .status();
        let Ok(status) = tar else { return };
        assert!(status.success());
        assert_eq!(std::fs::read(folder.path().join("a.txt")).unwrap(), b"hello\n");
    }
}
