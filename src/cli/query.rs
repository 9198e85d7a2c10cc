//! `reeve query`: SQL over a snapshot of one community's lists, now or as they were. Nothing can be
//! changed by a question.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use domain::{GuildId, Moment};
use projections::{
    View, Visit,
    exports::{self, Cell, Export, Limits, Question},
};
use serde_json::{Map, Value, json};

use super::{
    economy::only_guild,
    error::CliError,
    export::unfinished,
    print::{Print, table},
    replay::{progress_bar, show_progress},
};
use crate::{
    config::Config,
    exports::put_text,
    node::{Access, Node},
};

const MOST_ROWS: i64 = 10_000_000;
const MOST_SECONDS: i64 = 3_600;
/// Whole numbers up to here are exact in every program that reads JSON.
const EXACT: u64 = 1 << 53;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For spreadsheets
    Csv,
    /// One JSON object a line
    Jsonl,
    /// One JSON array
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The question, such as "SELECT kind, count(*) FROM analyst_cases GROUP BY kind"
    sql: Option<String>,
    /// The community; may be left out where the store has only one
    #[arg(long)]
    guild: Option<GuildId>,
    /// The moment: #1234 (the event of that number), 2026-11-20T18:04:05Z, 2026-11-20, "2d ago" or now
    #[arg(long, value_name = "MOMENT", default_value = "now")]
    as_of: Moment,
    /// How the answer is written
    #[arg(long, default_value = "table")]
    format: Format,
    /// Most rows of the answer
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=MOST_ROWS))]
    rows: u32,
    /// Most seconds that it may take
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=MOST_SECONDS))]
    seconds: u32,
    /// Also write all lists to this SQLite file, for DuckDB, sqlite3 and their like
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let question = args.sql.as_deref().map(Question::read).transpose()?;
    if question.is_none() && args.snapshot.is_none() {
        let text = "ask something in SQL, or say --snapshot FILE; docs/analysts/ has both";
        return Err(CliError::Setup(text.to_owned()));
    }
    let node = Node::open(config, Access::Read).await?;
    let guild = match args.guild {
        Some(guild) => guild,
        None => only_guild(&node).await?,
    };
    let needs: Vec<&'static Export> = match (&args.snapshot, &question) {
        (None, Some(question)) => question.needs.clone(),
        _ => exports::registered().to_vec(),
    };
    let view = open(&node, guild, args.as_of, &needs, print).await?;
    if let Some(out) = &args.snapshot {
        write_snapshot(&view, out, &needs).await?;
        if question.is_none() {
            let seq = view.event().guild_seq;
            let answer = json!({ "guild": guild, "seq": seq.to_string(), "out": out });
            print.answer(&answer, || {
                format!("All lists of guild {guild} after its event #{seq} in {}", out.display())
            });
        }
    }
    if let Some(question) = question {
        let limits =
            Limits { rows: args.rows.into(), time: Duration::from_secs(args.seconds.into()) };
        let asking = if let Some(out) = &args.snapshot {
            ask(out, &question, limits, args.format, print)
        } else {
            let file = view.snapshot_to_ask(&needs).await?;
            ask(file.path(), &question, limits, args.format, print)
        };
        asking?;
    }
    node.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Only the read models that are needed, as they were.
async fn open(
    node: &Node,
    guild: GuildId,
    moment: Moment,
    needs: &[&'static Export],
    print: Print,
) -> Result<View, CliError> {
    let mut projections: Vec<_> = needs.iter().map(|export| export.projection).collect();
    projections.sort_unstable();
    projections.dedup();
    let bar = progress_bar(print);
    let shown = bar.clone();
    let progress = move |progress| show_progress(&shown, progress);
    let visit = Visit { role: "operator", progress: Arc::new(progress) };
    let view = node.time_machine()?.at(guild, moment, &projections, visit).await?;
    bar.finish_and_clear();
    Ok(view)
}

/// Under another name until it is whole, for its owner only.
async fn write_snapshot(
    view: &View,
    out: &Path,
    lists: &[&'static Export],
) -> Result<(), CliError> {
    let cannot = |error: io::Error| CliError::Setup(format!("{}: {error}", out.display()));
    let part = unfinished(out);
    let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
    drop(made.map_err(cannot)?);
    let written = view.snapshot(&part, lists).await;
    let finish = || {
        File::open(&part)?.sync_all()?;
        fs::rename(&part, out)
    };
    if let Err(error) = written {
        let _ = fs::remove_file(&part);
        return Err(error.into());
    }
    finish().map_err(cannot)
}

fn ask(
    snapshot: &Path,
    question: &Question,
    limits: Limits,
    format: Format,
    print: Print,
) -> Result<(), CliError> {
    let format = if print.is_json() { None } else { Some(format) };
    let mut answer = Answer { format, columns: Vec::new(), rows: Vec::new(), told: 0 };
    let mut told = |columns: &[String], row: Option<Vec<Cell>>| answer.hear(columns, row);
    let (count, more) = exports::ask(snapshot, question, limits, &mut told)?;
    answer.end(print, count, more);
    Ok(())
}

/// What was heard so far; of formats that need no look at the whole, nothing is kept.
struct Answer {
    /// None for the one object of `--json`.
    format: Option<Format>,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
    told: u64,
}

impl Answer {
    /// False where nobody reads it any more.
    fn hear(&mut self, columns: &[String], row: Option<Vec<Cell>>) -> bool {
        let Some(row) = row else {
            columns.clone_into(&mut self.columns);
            return match self.format {
                Some(Format::Csv) => {
                    say(&csv_line(columns.iter().map(|name| Cell::Text(name.clone()))))
                }
                _ => true,
            };
        };
        self.told += 1;
        match self.format {
            None | Some(Format::Table) => {
                self.rows.push(row);
                true
            }
            Some(Format::Csv) => say(&csv_line(row.into_iter())),
            Some(Format::Jsonl) => say(&format!("{}\n", object(columns, &row))),
            Some(Format::Json) => {
                let before = if self.told == 1 { "[\n" } else { ",\n" };
                say(&format!("{before}{}", object(columns, &row)))
            }
        }
    }

    fn end(self, print: Print, count: u64, more: bool) {
        match self.format {
            None => {
                let rows: Vec<Value> =
                    self.rows.iter().map(|row| row.iter().map(json_cell).collect()).collect();
                let answer = json!({ "columns": self.columns, "rows": rows, "more": more });
                print.answer(&answer, String::new);
            }
            Some(Format::Table) => {
                let head: Vec<&str> = self.columns.iter().map(String::as_str).collect();
                let rows: Vec<Vec<String>> =
                    self.rows.iter().map(|row| row.iter().map(shown).collect()).collect();
                say(&format!("{}\n", table(&head, &rows)));
            }
            Some(Format::Json) => {
                say(if count == 0 { "[]\n" } else { "\n]\n" });
            }
            Some(Format::Csv | Format::Jsonl) => {}
        }
        if more && self.format.is_some() {
            let text = format!("reeve: these are the first {count} rows; there are more (--rows)");
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
}

fn say(text: &str) -> bool {
    io::stdout().write_all(text.as_bytes()).is_ok()
}

fn csv_line(cells: impl Iterator<Item = Cell>) -> String {
    let mut line = String::new();
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            line.push(',');
        }
        match cell {
            Cell::Text(text) => put_text(&mut line, &text),
            Cell::Null => {}
            other => line.push_str(&shown(&other)),
        }
    }
    line + "\r\n"
}

fn object(columns: &[String], row: &[Cell]) -> Value {
    let fields = columns.iter().cloned().zip(row.iter().map(json_cell));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn json_cell(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) if number.unsigned_abs() <= EXACT => Value::from(*number),
        Cell::Real(number) => Value::from(*number),
        other => Value::from(shown(other)),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Int(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Bytes(bytes) => hexadecimal(bytes),
    }
}
