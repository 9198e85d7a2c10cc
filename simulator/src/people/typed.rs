//! Commands as they are typed: `/bytes send user:@tobi amount:5`.

use super::{Answer, Failed, Filled, Given, Person};
use crate::snowflake::Id;

/// A command and its options, out of one line. A value reaches to the next `name:`; quotation marks
/// around it keep a colon in it.
pub fn read(line: &str) -> (String, Filled) {
    let mut path = Vec::new();
    let mut filled: Filled = Vec::new();
    for word in words(line) {
        match word.split_once(':').filter(|(name, _)| is_name(name)) {
            Some((name, value)) => filled.push((name.to_owned(), Given::from(unquoted(value)))),
            None => match filled.last_mut() {
                Some((_, Given::Text(value))) => {
                    value.push(' ');
                    value.push_str(unquoted(&word));
                }
                _ => path.push(word),
            },
        }
    }
    (path.join(" "), filled)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "-_".contains(letter))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// Words of a line; what is between quotation marks is one.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '"' => {
                quoted = !quoted;
                word.push(letter);
            }
            letter if letter.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            letter => word.push(letter),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

impl Person {
    /// Uses a command as it is typed.
    pub async fn uses_typed(&self, channel: Id, line: &str) -> Result<Answer, Failed> {
        let (command, filled) = read(line);
        self.uses(channel, &command, filled).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_typed_command_then_its_options_reach_to_the_next_name() {
        let (command, filled) = read("/warn user:@tobi reason:spam in the  hall rounds:3");
        assert_eq!(command, "/warn");
        let expected = [("user", "@tobi"), ("reason", "spam in the hall"), ("rounds", "3")];
        let expected = expected.map(|(name, value)| (name.to_owned(), Given::from(value)));
        assert_eq!(filled, expected);
    }

    #[test]
    fn given_quotation_marks_then_colons_and_spaces_belong_to_the_value() {
        let (command, filled) = read(r#"/note add text:"see: the log" by:me"#);
        assert_eq!(command, "/note add");
        assert_eq!(filled[0], ("text".to_owned(), Given::from("see: the log")));
        assert_eq!(filled[1], ("by".to_owned(), Given::from("me")));
        assert_eq!(read("/ping"), ("/ping".to_owned(), vec![]));
        assert_eq!(read("").0, "");
    }
}
