//! `reeve replay`: read models of one community as they were at any moment.

use std::{process::ExitCode, sync::Arc};

use domain::{GuildId, Moment, Timestamp, UtcDay};
use eventlog::sql;
use indicatif::{ProgressBar, ProgressStyle};
use projections::{
    View, Visit,
    time_machine::{Change, Progress, Rows, Step},
};
use serde_json::{Map, Value, json};

use super::{
    economy::only_guild,
    error::CliError,
    events::{object, sentence},
    print::{Print, table},
};
use crate::{
    config::Config,
    node::{Access, Node},
};

const DEFAULT_ROWS: u32 = 20;
const MOST_ROWS: u32 = 10_000;
const MOST_STEPS: i64 = 1_000;
/// Longer texts, which are mostly sealed ones, are cut in tables.
const CELL: usize = 24;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The community; may be left out where the store has only one
    #[arg(long)]
    guild: Option<GuildId>,
    /// The moment: #1234 (the event of that number), 2026-11-20T18:04:05Z, 2026-11-20, "2d ago" or now
    #[arg(long, value_name = "MOMENT", default_value = "now")]
    at: Moment,
    /// Only this table; may be repeated. Read models of others are not built
    #[arg(long = "table", value_name = "NAME")]
    tables: Vec<String>,
    /// How many rows of each table
    #[arg(long, default_value_t = DEFAULT_ROWS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_ROWS)))]
    rows: u32,
    /// Go so many events on (+1) or back (-1) from there, and show what each of them changed
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-MOST_STEPS..=MOST_STEPS))]
    step: Option<i64>,
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let guild = match args.guild {
        Some(guild) => guild,
        None => only_guild(&node).await?,
    };
    let machine = node.time_machine()?;
    let mut projections = Vec::new();
    for table in &args.tables {
        projections.push(machine.projection_of(table)?);
    }
    if projections.is_empty() {
        projections = machine.projections();
    }
    let bar = progress_bar(print);
    let shown = bar.clone();
    let progress = move |progress| show_progress(&shown, progress);
    let visit = Visit { role: "operator", progress: Arc::new(progress) };
    let mut view = machine.at(guild, args.at, &projections, visit).await?;
    bar.finish_and_clear();
    let steps = walk(&mut view, args.step.unwrap_or(0)).await?;
    let mut shown = Vec::new();
    for table in view.tables() {
        if args.tables.is_empty() || args.tables.iter().any(|wanted| wanted == table) {
            shown.push(view.rows(table, args.rows).await?);
        }
    }
    let back = args.step.is_some_and(|step| step < 0);
    print.answer(&answer(&view, &shown, &steps, back), || text(&view, &shown, &steps, back));
    node.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

async fn walk(view: &mut View, steps: i64) -> Result<Vec<Step>, CliError> {
    let mut walked = Vec::new();
    for _ in 0..steps.unsigned_abs() {
        walked.push(if steps > 0 { view.forward().await? } else { view.back().await? });
    }
    Ok(walked)
}

fn answer(view: &View, shown: &[Rows], steps: &[Step], back: bool) -> Value {
    let tables: Map<String, Value> = shown
        .iter()
        .map(|rows| {
            let objects: Vec<Value> =
                rows.rows.iter().map(|row| row_object(&rows.columns, &row.0)).collect();
            let total = rows.total.to_string();
            (rows.table.to_owned(), json!({ "total": total, "rows": objects }))
        })
        .collect();
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| {
            let changes: Vec<Value> = step
                .changes
                .iter()
                .map(|Change { table, columns, before, after }| {
                    let side = |row: &Option<Vec<sql::Value>>| {
                        row.as_ref().map(|row| row_object(columns, row))
                    };
                    json!({ "table": table, "before": side(before), "after": side(after) })
                })
                .collect();
            let event = object(&step.event);
            json!({ "undone": back, "event": event, "changes": changes })
        })
        .collect();
    let event = view.event();
    json!({
        "guild": event.guild(),
        "seq": event.guild_seq.to_string(),
        "at": event.at,
        "event": object(event),
        "tables": tables,
        "steps": steps,
    })
}

fn row_object(columns: &[String], row: &[sql::Value]) -> Value {
    let fields = columns.iter().zip(row).filter(|(name, _)| *name != "guild");
    let object: Map<String, Value> = fields
        .map(|(name, value)| (name.clone(), cell(name, value).map_or(Value::Null, Value::String)))
        .collect();
    object.into()
}

/// As people write it; 64-bit numbers are texts in JSON too. Columns of read models mean the same
/// by the same name: `at` is a moment and `week` a day.
fn cell(name: &str, value: &sql::Value) -> Option<String> {
    match value {
        sql::Value::Int(Some(micros)) if name == "at" => {
            Some(Timestamp::from_micros(*micros).to_string())
        }
        sql::Value::Int(Some(days)) if name == "week" => {
            Some(i32::try_from(*days).map_or_else(|_| days.to_string(), |d| UtcDay(d).to_string()))
        }
        sql::Value::Int(number) => number.map(|number| number.to_string()),
        sql::Value::Text(text) => text.clone(),
        sql::Value::Blob(bytes) => bytes.as_ref().map(|bytes| format!("{} bytes", bytes.len())),
    }
}

fn text(view: &View, shown: &[Rows], steps: &[Step], back: bool) -> String {
    let event = view.event();
    let mut lines = vec![format!(
        "Guild {} after its event #{}, {}:",
        event.guild(),
        event.guild_seq,
        &event.at.to_string()[..19]
    )];
    lines.push(format!("  {}", sentence(event)));
    for step in steps {
        lines.push(String::new());
        let word = if back { "back over" } else { "on to" };
        lines.push(format!("{word}  {}", sentence(&step.event)));
        lines.extend(step.changes.iter().map(|change| format!("  {}", change_line(change))));
        if step.changes.is_empty() {
            lines.push("  changed none of these tables".to_owned());
        }
    }
    for rows in shown {
        lines.push(String::new());
        let more = if rows.total > rows.rows.len() as u64 {
            format!(", the first {} of {} rows; more with --rows", rows.rows.len(), rows.total)
        } else {
            String::new()
        };
        lines.push(format!("{}{more}", rows.table.to_uppercase()));
        if rows.rows.is_empty() {
            lines.push("(empty)".to_owned());
            continue;
        }
        let kept = |name: &&String| *name != "guild";
        let head: Vec<&str> = rows.columns.iter().filter(kept).map(String::as_str).collect();
        let body: Vec<Vec<String>> = rows
            .rows
            .iter()
            .map(|row| {
                let cells = rows.columns.iter().zip(&row.0).filter(|(name, _)| kept(name));
                cells.map(|(name, value)| short(name, value)).collect()
            })
            .collect();
        lines.push(table(&head, &body));
    }
    lines.join("\n")
}

fn short(name: &str, value: &sql::Value) -> String {
    let text = cell(name, value).unwrap_or_else(|| "-".to_owned());
    if name == "at" {
        text.chars().take(19).collect()
    } else if text.chars().count() > CELL {
        format!("{}…", text.chars().take(CELL - 1).collect::<String>())
    } else {
        text
    }
}

/// `balances  person=3  balance 25 → 35  earned 25 → 35`
fn change_line(change: &Change) -> String {
    let mut parts = vec![change.table.to_owned()];
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            for ((name, before), after) in change.columns.iter().zip(before).zip(after) {
                match name.as_str() {
                    "guild" => {}
                    "person" | "week" if before == after => {
                        parts.push(format!("{name}={}", short(name, after)));
                    }
                    _ if before == after => {}
                    _ => parts.push(format!(
                        "{name} {} → {}",
                        short(name, before),
                        short(name, after)
                    )),
                }
            }
        }
        (before, after) => {
            parts.push(if after.is_some() { "new".to_owned() } else { "gone".to_owned() });
            let row = after.as_ref().or(before.as_ref()).into_iter().flatten();
            let cells = change.columns.iter().zip(row).filter(|(name, _)| *name != "guild");
            parts.extend(cells.map(|(name, value)| format!("{name}={}", short(name, value))));
        }
    }
    parts.join("  ")
}

pub(super) fn show_progress(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Waiting { ahead } => bar.set_message(format!("{ahead} before this")),
        Progress::Folding { projection, done, of } => {
            bar.set_length(of);
            bar.set_position(done);
            bar.set_message(projection);
        }
    }
}

/// Only where somebody looks: indicatif draws on a terminal and nowhere else.
pub(super) fn progress_bar(print: Print) -> ProgressBar {
    if print.is_json() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} events  {msg}") {
        bar.set_style(style);
    }
    bar
}
