//! Key backups: the registry's rows, keys still wrapped, in a file that is of no use after its
//! expiry. Log backups hold no keys, so what a person was is only ever as old as this.

use std::{
    collections::HashSet,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{GuildId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{People, PeopleError, Row};
use crate::proof::{Records, SigningKey};

const PAGE: usize = 1000;
const MAX_HEADER_BYTES: u64 = 4096;

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    reeve_key_backup: u32,
    made: Timestamp,
    expires: Timestamp,
    /// Tells whether the master key at hand is the one that wrapped these.
    check: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    guild: GuildId,
    person: PersonId,
    user_tag: String,
    sealed_user: String,
    wrapped_key: String,
    created_at: Timestamp,
}

/// A line that holds no person's key: one that signs checkpoints.
#[derive(Debug, Serialize, Deserialize)]
struct SigningLine {
    signs: SigningKey,
}

/// What a backup or restore did.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub people: u64,
    /// Left out because they were erased, or present already.
    pub skipped: u64,
    pub expires: Timestamp,
}

/// Writes all keys to `path`. A half-written file never takes that name.
pub async fn back_up(
    people: &People,
    proofs: &Records,
    path: &Path,
    days: u32,
) -> Result<Report, PeopleError> {
    let made = people.now();
    let expires = made.plus_secs(i64::from(days) * 86_400);
    let check = STANDARD.encode(people.master().check_value());
    let header = Header { reeve_key_backup: 1, made, expires, check };
    let partial = path.with_extension("partial");
    let failed = |error: std::io::Error| {
        PeopleError::Backup(format!("cannot write the key backup {}: {error}", path.display()))
    };
    let mut file = File::create(&partial).map_err(failed)?;
    write_line(&mut file, &header).map_err(failed)?;
    for signs in proofs.keys().await? {
        write_line(&mut file, &SigningLine { signs }).map_err(failed)?;
    }
    let mut count = 0;
    let mut after = (i64::MIN, i64::MIN);
    loop {
        let rows = people.rows_after(after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = (last.guild.as_i64(), i64::from(last.person.0));
        for row in &rows {
            write_line(&mut file, &line(row)).map_err(failed)?;
            count += 1;
        }
    }
    let finish = || {
        file.sync_all()?;
        std::fs::rename(&partial, path)?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    };
    finish().map_err(failed)?;
    Ok(Report { people: count, skipped: 0, expires })
}

/// Puts back what is missing. Who was erased stays erased.
pub async fn restore(
    people: &People,
    proofs: &Records,
    path: &Path,
) -> Result<Report, PeopleError> {
    let bad =
        |problem: &str| PeopleError::Backup(format!("the key backup {} {problem}", path.display()));
    let text =
        std::fs::read_to_string(path).map_err(|error| bad(&format!("cannot be read: {error}")))?;
    let mut lines = text.lines();
    let header: Header = lines
        .next()
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| bad("does not begin like one"))?;
    if header.expires <= people.now() {
        return Err(bad(&format!(
            "expired at {}; people erased since must stay erased",
            header.expires
        )));
    }
    if header.check != STANDARD.encode(people.master().check_value()) {
        return Err(bad("was made with another master key; set that one as REEVE_MASTER_KEY"));
    }
    let mut report = Report { people: 0, skipped: 0, expires: header.expires };
    let erased = erased(people)?;
    for (index, text) in lines.enumerate() {
        if let Ok(SigningLine { signs }) = serde_json::from_str(text) {
            proofs.add_keys(&[signs]).await?;
            continue;
        }
        let row = serde_json::from_str(text)
            .ok()
            .and_then(|line| row(&line))
            .ok_or_else(|| bad(&format!("is damaged at line {}", index + 2)))?;
        if !erased.contains(&(row.guild, row.person)) && people.restore_row(&row).await? {
            report.people += 1;
        } else {
            report.skipped += 1;
        }
    }
    // Somebody may have been erased meanwhile.
    for (guild, person) in self::erased(people)?.difference(&erased) {
        people.destroy(*guild, *person).await?;
    }
    Ok(report)
}

fn erased(people: &People) -> Result<HashSet<(GuildId, PersonId)>, PeopleError> {
    Ok(people.erasures().all()?.iter().map(|erasure| (erasure.guild, erasure.person)).collect())
}

/// Deletes the key backups of a directory that have expired; answers how many.
pub fn prune(directory: &Path, now: Timestamp) -> std::io::Result<usize> {
    let mut pruned = 0;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let mut line = String::new();
        let read = File::open(&path)
            .and_then(|file| BufReader::new(file).take(MAX_HEADER_BYTES).read_line(&mut line));
        let header = read.ok().and_then(|_| serde_json::from_str::<Header>(&line).ok());
        if header.is_some_and(|header| header.expires <= now) {
            std::fs::remove_file(&path)?;
            pruned += 1;
        }
    }
    Ok(pruned)
}

fn write_line(file: &mut File, value: &impl Serialize) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    file.write_all(&text)
}

fn line(row: &Row) -> Line {
    Line {
        guild: row.guild,
        person: row.person,
        user_tag: STANDARD.encode(&row.user_tag),
        sealed_user: STANDARD.encode(&row.sealed_user),
        wrapped_key: STANDARD.encode(&row.wrapped_key),
        created_at: row.created_at,
    }
}

fn row(line: &Line) -> Option<Row> {
    Some(Row {
        guild: line.guild,
        person: line.person,
        user_tag: STANDARD.decode(&line.user_tag).ok()?,
        sealed_user: STANDARD.decode(&line.sealed_user).ok()?,
        wrapped_key: STANDARD.decode(&line.wrapped_key).ok()?,
        created_at: line.created_at,
    })
}
