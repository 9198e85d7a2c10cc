//! What stands behind the question mark, and text that is percent-encoded.

/// `a=1&b=two%20words` as pairs.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

/// Percent-encoding undone; what is not valid stays as it is.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while place < bytes.len() {
        let hex = text.get(place + 1..place + 3).filter(|_| bytes[place] == b'%');
        let hex = hex.filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            plain.push(byte);
            place += 3;
        } else {
            plain.push(bytes[place]);
            place += 1;
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

pub fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_encoded_text_then_it_is_read_as_it_was_meant() {
        let words = "spaces, ümlauts & 100%";
        assert_eq!(decode(&encode(words)), words);
        assert_eq!(decode("100% sure"), "100% sure");
        assert_eq!(decode("%+f%"), "%+f%");
        assert_eq!(decode("%e2%9c"), "\u{fffd}");
        let read = pairs("limit=5&q=a+b%2Bc&&flag");
        let read: Vec<_> = read.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(read, [("limit", "5"), ("q", "a b+c"), ("flag", "")]);
    }
}
