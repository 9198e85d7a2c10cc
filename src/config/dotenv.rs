//! The `.env` file: `KEY=VALUE` lines, `#` comments, an optional `export `, quotes as in a shell.
//! Nothing is expanded. Lines that neither begin with `REEVE_` nor name a setting belong to other
//! tools and are not looked at.

use super::settings::setting_of_variable;

/// A line of ours: its number, and its name and value or what is wrong with it.
pub(super) type Line = (usize, Result<(String, String), &'static str>);

pub(super) fn parse(text: &str) -> Vec<Line> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    numbered
        .map(|(at, line)| (at, line.strip_prefix("export ").map_or(line, str::trim_start)))
        .filter(|(_, line)| is_ours(line))
        .map(|(at, line)| (at, assignment(line)))
        .collect()
}

fn is_ours(line: &str) -> bool {
    let name = line.split('=').next().unwrap_or_default().trim_end();
    line.starts_with("REEVE_") || setting_of_variable(name).is_some()
}

fn assignment(line: &str) -> Result<(String, String), &'static str> {
    let (name, rest) = line.split_once('=').ok_or("is not KEY=VALUE")?;
    let name = name.trim_end();
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err("a variable's name has only letters, digits and _");
    }
    let rest = rest.trim_start();
    let value = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(&rest[1..], quote)?,
        Some('#') => String::new(),
        _ => rest.split_once(" #").map_or(rest, |(value, _)| value).trim_end().to_owned(),
    };
    Ok((name.to_owned(), value))
}

/// Up to the closing quote; after it only a comment may stand.
fn quoted(text: &str, quote: char) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next().ok_or("the quote is not closed on its line")? {
            end if end == quote => break,
            '\\' if quote == '"' => {
                match characters.next().ok_or("the quote is not closed on its line")? {
                    'n' => value.push('\n'),
                    other @ ('"' | '\\' | '$') => value.push(other),
                    other => value.extend(['\\', other]),
                }
            }
            other => value.push(other),
        }
    }
    let rest = characters.as_str().trim_start();
    let clean = rest.is_empty() || rest.starts_with('#');
    clean.then_some(value).ok_or("something stands after the closing quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_usual_lines_then_reads_names_values_and_line_numbers() {
        let text = "\u{feff}REEVE_A=plain # comment\r\n\
                    \n\
                    # REEVE_COMMENT=1\n\
                    export REEVE_B = \"two words # kept\" # comment\n\
                    POSTGRES_PASSWORD='not ours\n\
                    REEVE_C='a\\nb'\n\
                    REEVE_D=\"a\\nb\\\"c\"\n\
                    REEVE_E=postgres://u:p#w@h/d?x=1\n\
                    REEVE_F=\n\
                    REEVE_G= # nothing\n";
        let found: Vec<_> = parse(text)
            .into_iter()
            .map(|(at, line)| {
                let (name, value) = line.unwrap();
                format!("{at} {name}={value}")
            })
            .collect();
        let expected = [
            "1 REEVE_A=plain",
            "4 REEVE_B=two words # kept",
            "6 REEVE_C=a\\nb",
            "7 REEVE_D=a\nb\"c",
            "8 REEVE_E=postgres://u:p#w@h/d?x=1",
            "9 REEVE_F=",
            "10 REEVE_G=",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn given_broken_line_then_says_what_is_wrong_without_quoting_it() {
        let text = "REEVE_A\nREEVE_B='open\nREEVE_C=\"x\" y\nREEVE-D=1\nREEVE_E-F=1\nREEVE_G=\"a\\";
        let wrong: Vec<_> = parse(text).into_iter().map(|(at, l)| (at, l.unwrap_err())).collect();
        let expected = [
            (1, "is not KEY=VALUE"),
            (2, "the quote is not closed on its line"),
            (3, "something stands after the closing quote"),
            (5, "a variable's name has only letters, digits and _"),
            (6, "the quote is not closed on its line"),
        ];
        assert_eq!(wrong, expected);
    }
}
