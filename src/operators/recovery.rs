//! Recovery codes: each signs in once in the place of an authenticator's code. They are random and
//! long, so a keyed hash of each is enough to keep.

/// How many there are of one operator.
pub const MANY: usize = 10;
const LETTERS: usize = 16;
/// Without those that look alike on paper; 32 of them, so that all are as likely.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

pub fn fresh() -> Vec<String> {
    (0..MANY).map(|_| code(rand::random())).collect()
}

fn code(bytes: [u8; LETTERS]) -> String {
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    let four = |part: &[u8]| part.iter().map(letter).collect::<String>();
    bytes.chunks(4).map(four).collect::<Vec<_>>().join("-")
}

/// What stands for a code however it was typed; none where it cannot be one.
pub fn plain(typed: &str) -> Option<String> {
    let kept = |letter: &char| !letter.is_whitespace() && *letter != '-';
    let plain: String = typed.to_lowercase().chars().filter(kept).collect();
    let is_one = plain.len() == LETTERS && plain.bytes().all(|byte| ALPHABET.contains(&byte));
    is_one.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_codes_then_there_are_ten_different_ones_that_are_read_however_they_are_typed() {
        let mut codes = fresh();
        for code in &codes {
            assert_eq!(code.len(), 19, "{code}");
            let plain = plain(code).unwrap();
            assert_eq!(super::plain(&code.to_uppercase().replace('-', " ")), Some(plain));
        }
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), MANY);
        for wrong in ["", "123456", "abcd-efgh-jkmn", "abcd-efgh-jkmn-pq1l"] {
            assert_eq!(plain(wrong), None, "{wrong}");
        }
    }
}
