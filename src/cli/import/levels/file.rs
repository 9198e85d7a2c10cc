//! A file of experience: JSON as other bots serve it, or CSV. What is wrong with an entry is said
//! with its place; only a file of which nothing can be read is refused as a whole.

use actions::levels::Having;
use domain::UserId;
use serde_json::{Map, Value};

/// No file may have more.
const MAX_ENTRIES: usize = 1_000_000;
/// Names under which bots keep whose it is, and how much.
const USERS: [&str; 5] = ["id", "user_id", "userid", "discord_id", "user"];
const XPS: [&str; 4] = ["xp", "total_xp", "experience", "exp"];
const LEVELS: [&str; 2] = ["level", "lvl"];

/// Which columns, or fields, hold what.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Columns {
    /// The column that holds the user's id [default: id, user_id, discord_id or user]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The column that holds the XP [default: xp, total_xp, experience or exp]
    #[arg(long, value_name = "NAME", conflicts_with = "level")]
    xp: Option<String>,
    /// The column that holds the level, where there is no XP: so much as it takes here
    #[arg(long, value_name = "NAME")]
    level: Option<String>,
}

/// One entry as it was read.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where a person finds it: `line 12`, `entry 7`.
    pub place: String,
    pub read: Result<(UserId, Having), String>,
}

pub(super) fn entries(text: &str, columns: &Columns) -> Result<Vec<Entry>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let is_json = text.trim_start().starts_with(['{', '[']);
    let entries = if is_json { json(text, columns)? } else { table(text, columns)? };
    if entries.len() > MAX_ENTRIES {
        return Err(format!("it has more than {MAX_ENTRIES} entries; divide it"));
    }
    Ok(entries)
}

/// One document, or several in a row, as pages that were saved one after another.
fn json(text: &str, columns: &Columns) -> Result<Vec<Entry>, String> {
    let mut found = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let document = document.map_err(|error| error.to_string())?;
        gather(document, &mut found);
    }
    let entry = |(number, (user, value)): (usize, (Option<String>, Value))| Entry {
        place: format!("entry {number}"),
        read: of_object(user, &value, columns),
    };
    Ok((1..).zip(found).map(entry).collect())
}

fn gather(value: Value, found: &mut Vec<(Option<String>, Value)>) {
    match value {
        Value::Array(values) => {
            for value in values {
                match value {
                    Value::Object(ref page) if page.contains_key("players") => {
                        gather(value, found);
                    }
                    entry => found.push((None, entry)),
                }
            }
        }
        Value::Object(mut object) => match object.remove("players") {
            Some(players) => gather(players, found),
            None => found.extend(object.into_iter().map(|(user, value)| (Some(user), value))),
        },
        other => found.push((None, other)),
    }
}

fn of_object(
    user: Option<String>,
    value: &Value,
    columns: &Columns,
) -> Result<(UserId, Having), String> {
    let fields = value.as_object();
    let user = match (user, fields) {
        (Some(user), _) => user,
        (None, Some(fields)) => {
            let found = named(fields, columns.user.as_deref(), &USERS);
            plain(found.ok_or("it names no user; say which field does with --user")?)
        }
        (None, None) => return Err("it is no object with a user and XP".to_owned()),
    };
    let Some(fields) = fields else { return had(&user, Some(&plain(value)), None) };
    let xp = named(fields, columns.xp.as_deref(), &XPS).filter(|_| columns.level.is_none());
    let level = named(fields, columns.level.as_deref(), &LEVELS);
    had(&user, xp.map(plain).as_deref(), level.map(plain).as_deref())
}

fn named<'a>(
    fields: &'a Map<String, Value>,
    name: Option<&str>,
    known: &[&str],
) -> Option<&'a Value> {
    match name {
        Some(name) => fields.get(name),
        None => known.iter().find_map(|name| fields.get(*name)),
    }
}

/// A field as text: ids are strings in some files and numbers in others.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Lines of cells between commas, semicolons or tabs, names first.
fn table(text: &str, columns: &Columns) -> Result<Vec<Entry>, String> {
    let mut rows = Rows { rest: text, line: 1, between: ',' };
    let first = text.lines().next().unwrap_or_default();
    let most = [',', ';', '\t'].into_iter().max_by_key(|mark| first.matches(*mark).count());
    rows.between = most.unwrap_or(',');
    let (_, names) = rows.next().ok_or("there is nothing in it")?;
    let names: Vec<_> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    let place = |wanted: Option<&str>, known: &[&str]| match wanted {
        Some(wanted) => {
            let found = names.iter().position(|name| *name == wanted.trim().to_lowercase());
            let all = names.join(", ");
            found.map(Some).ok_or(format!("there is no column {wanted:?}; there are: {all}"))
        }
        None => Ok(known.iter().find_map(|one| names.iter().position(|name| name == one))),
    };
    let user = place(columns.user.as_deref(), &USERS)?
        .ok_or("no column names the user; the first line holds names, or say --user")?;
    let level = place(columns.level.as_deref(), &LEVELS)?;
    let xp = place(columns.xp.as_deref(), &XPS)?.filter(|_| columns.level.is_none());
    if xp.is_none() && level.is_none() {
        return Err("no column holds XP or a level; say which with --xp or --level".to_owned());
    }
    let mut entries = Vec::new();
    for (line, cells) in rows {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let cell = |place: usize| cells.get(place).map(|cell| cell.trim());
        let read = match cell(user) {
            Some(user) => had(user, xp.and_then(cell), level.and_then(cell)),
            None => Err("it has fewer cells than the first line".to_owned()),
        };
        entries.push(Entry { place: format!("line {line}"), read });
        if entries.len() > MAX_ENTRIES {
            break;
        }
    }
    Ok(entries)
}

fn had(user: &str, xp: Option<&str>, level: Option<&str>) -> Result<(UserId, Having), String> {
    let user: UserId = user.trim().parse().map_err(|error: domain::InvalidId| error.to_string())?;
    let having = match (xp.filter(|xp| !xp.is_empty()), level.filter(|level| !level.is_empty())) {
        (Some(xp), _) => Having::Xp(whole(xp)?),
        (None, Some(level)) => {
            let level = u32::try_from(whole(level)?).map_err(|_| "there is no such level")?;
            Having::Level(level)
        }
        (None, None) => return Err("it has neither XP nor a level".to_owned()),
    };
    Ok((user, having))
}

/// A whole number, also where it was stored with an empty fraction.
fn whole(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    whole.parse().map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        format!("XP and levels are whole numbers from 0 on, not {shown:?}")
    })
}

/// Rows with the line that each begins in. A cell between quotes may hold anything.
struct Rows<'a> {
    rest: &'a str,
    line: usize,
    between: char,
}

impl Iterator for Rows<'_> {
    type Item = (usize, Vec<String>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
        let mut characters = self.rest.char_indices().peekable();
        let mut end = self.rest.len();
        while let Some((place, character)) = characters.next() {
            match character {
                '"' if is_quoted && characters.peek().is_some_and(|(_, next)| *next == '"') => {
                    characters.next();
                    cell.push('"');
                }
                '"' if is_quoted || cell.is_empty() => is_quoted = !is_quoted,
                '\n' if !is_quoted => {
                    self.line += 1;
                    end = place + 1;
                    break;
                }
                '\r' if !is_quoted => {}
                other if other == self.between && !is_quoted => {
                    cells.push(std::mem::take(&mut cell));
                }
                other => {
                    self.line += usize::from(other == '\n');
                    cell.push(other);
                }
            }
        }
        cells.push(cell);
        self.rest = &self.rest[end..];
        Some((line, cells))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = Result<(u64, Having), String>;

    fn read(text: &str, columns: &Columns) -> Vec<(String, Read)> {
        let entries = entries(text, columns).unwrap();
        let plain =
            |entry: Entry| (entry.place, entry.read.map(|(user, having)| (user.get(), having)));
        entries.into_iter().map(plain).collect()
    }

    fn good(text: &str, columns: &Columns) -> Vec<(u64, Having)> {
        read(text, columns).into_iter().map(|(_, read)| read.unwrap()).collect()
    }

    #[test]
    fn given_json_of_other_bots_then_every_shape_of_it_is_read() {
        let expected = [(101, Having::Xp(120)), (102, Having::Xp(7))];
        for text in [
            r#"{"players": [{"id": "101", "xp": 120, "level": 1}, {"id": 102, "xp": "7.0"}]}"#,
            r#"[{"players": [{"id": "101", "xp": 120}]}, {"players": [{"id": "102", "xp": 7}]}]"#,
            "{\"players\": [{\"id\": \"101\", \"xp\": 120}]}\n{\"players\": [{\"id\": 102, \"xp\": 7}]}",
            r#"{"101": 120, "102": {"xp": 7}}"#,
            r#"[{"user_id": 101, "total_xp": 120}, {"user": "102", "exp": 7}]"#,
        ] {
            assert_eq!(good(text, &Columns::default()), expected, "{text}");
        }
        let by_level = Columns { level: Some("level".to_owned()), ..Columns::default() };
        let levels = good(r#"[{"id": 101, "xp": 120, "level": 4}]"#, &by_level);
        assert_eq!(levels, [(101, Having::Level(4))]);
        let odd = read(r#"[7, {"xp": 1}, {"id": "x", "xp": 1}, {"id": 5}]"#, &Columns::default());
        let words = ["no object", "names no user", "must be a number", "neither XP nor a level"];
        for ((place, read), (number, word)) in odd.into_iter().zip((1..).zip(words)) {
            assert_eq!(place, format!("entry {number}"));
            assert!(read.as_ref().is_err_and(|reason| reason.contains(word)), "{word}: {read:?}");
        }
        assert!(entries("{\"101\": ", &Columns::default()).is_err());
    }

    #[test]
    fn given_csv_then_columns_are_found_or_named_and_lines_counted() {
        let columns = Columns::default();
        let text = "\u{feff}Name,User_ID,XP\r\n\"a \"\"b\"\",\nc\",101,120\r\n\r\nd,102,7\n";
        let rows = read(text, &columns);
        assert_eq!(rows[0], ("line 2".to_owned(), Ok((101, Having::Xp(120)))));
        assert_eq!(rows[1], ("line 5".to_owned(), Ok((102, Having::Xp(7)))));
        assert_eq!(good("id;level\n101;4", &columns), [(101, Having::Level(4))]);
        let named =
            Columns { user: Some("Wer".to_owned()), xp: Some("punkte".to_owned()), level: None };
        assert_eq!(good("wer\tPunkte\n101\t5\n", &named), [(101, Having::Xp(5))]);
        for (text, columns, says) in [
            ("a,b\n1,2", &columns, "no column names the user"),
            ("id,b\n1,2", &columns, "no column holds XP"),
            ("id,xp\n1,2", &named, "there is no column \"Wer\"; there are: id, xp"),
            ("", &columns, "nothing in it"),
        ] {
            let refused = entries(text, columns).unwrap_err();
            assert!(refused.contains(says), "{says}: {refused}");
        }
        let odd = read("id,xp\n101,-5\n102,1.5\n103\n", &columns);
        for (place, read) in &odd[..2] {
            assert!(read.as_ref().is_err_and(|reason| reason.contains("whole numbers")), "{place}");
        }
        assert!(odd[2].1.as_ref().is_err_and(|reason| reason.contains("neither XP")), "{odd:?}");
    }
}
