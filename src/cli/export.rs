//! `reeve export`: a whole list of one community as a file. It is read and written a page at a time,
//! and has its name only once it is whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use actions::exports::{Narrow, WholeList, heads, permissions};
use domain::{GuildId, Moment, Timestamp, UserId};
use indicatif::{ProgressBar, ProgressStyle};
use projections::{
    Visit,
    exports::{self, Export},
};
use serde_json::{Value, json};

use super::{
    economy::only_guild,
    error::CliError,
    print::{Print, grouped, table},
    replay::{progress_bar, show_progress},
};
use crate::{
    config::Config,
    exports::{Format, Writer},
    node::{Access, Node},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which list; --list shows them
    name: Option<String>,
    /// Show what there is, and what can be asked of it
    #[arg(long)]
    list: bool,
    /// The community; may be left out where the store has only one
    #[arg(long)]
    guild: Option<GuildId>,
    /// As it was: #1234 (the event of that number), 2026-11-20T18:04:05Z, 2026-11-20 or "2d ago"
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<Moment>,
    /// What kind of file; the ending of --out says it too
    #[arg(long)]
    format: Option<Format>,
    /// The file to write; it takes the place of one that is there. Without it, standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only rows of this moment and after it
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only rows before this moment
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only rows about this member, by Discord user id
    #[arg(long, value_name = "USER")]
    member: Option<UserId>,
    /// Only rows with this value, such as kind=transfer; may be repeated
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = pair)]
    values: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("write COLUMN=VALUE, such as kind=transfer")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    if args.list {
        list(print);
        return Ok(ExitCode::SUCCESS);
    }
    let export = named(args.name.as_deref())?;
    let format = format(&args)?;
    if args.out.is_none() {
        let why = if print.is_json() {
            Some("with --json, say where the file goes with --out")
        } else if format == Format::Parquet && io::stdout().is_terminal() {
            Some("Parquet is nothing for a terminal: say where the file goes with --out")
        } else {
            None
        };
        if let Some(why) = why {
            return Err(CliError::Setup(why.to_owned()));
        }
    }
    let node = Node::open(config, Access::Read).await?;
    let guild = match args.guild {
        Some(guild) => guild,
        None => only_guild(&node).await?,
    };
    let narrow =
        Narrow { since: args.since, until: args.until, member: args.member, values: args.values };
    let filter = node.actions.narrowed(guild, export, &narrow).await?;
    let past = match args.as_of {
        None | Some(Moment::Now) => None,
        Some(moment) => {
            let bar = progress_bar(print);
            let shown = bar.clone();
            let progress = move |progress| show_progress(&shown, progress);
            let visit = Visit { role: "operator", progress: Arc::new(progress) };
            let machine = node.time_machine()?;
            let view = machine.at(guild, moment, &[export.projection], visit).await?;
            bar.finish_and_clear();
            Some(view)
        }
    };
    let store = past.as_ref().map_or(&node.store, projections::View::store);
    let rows = exports::count(store, guild, export, &filter, u64::from(u32::MAX)).await?;
    let bar = rows_bar(print, rows);
    let list = node.actions.whole_list(store.clone(), guild, export, &filter, true);
    let writer = Writer::new(format, heads(export))?;
    let written = match &args.out {
        None => write(list, writer, &mut io::stdout().lock(), &bar).await,
        Some(out) => write_file(list, writer, out, &bar).await,
    };
    bar.finish_and_clear();
    let Some((rows, bytes)) = ended_early(written, args.out.is_none())? else {
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(out) = &args.out {
        let seq = past.as_ref().map(|view| view.event().guild_seq.to_string());
        let answer = json!({
            "list": export.name, "guild": guild, "as_of": seq, "rows": rows, "bytes": bytes,
            "out": out,
        });
        print.answer(&answer, || {
            format!("{} rows of {} in {}", grouped(rows), export.name, out.display())
        });
    }
    node.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn named(name: Option<&str>) -> Result<&'static Export, CliError> {
    let name = name.ok_or_else(|| {
        CliError::Setup("say which list; reeve export --list shows them".to_owned())
    })?;
    exports::named(name).ok_or_else(|| {
        let known: Vec<_> = exports::registered().iter().map(|export| export.name).collect();
        CliError::Setup(format!("there is no list {name:?}; there are {}", known.join(", ")))
    })
}

fn format(args: &Args) -> Result<Format, CliError> {
    if let Some(format) = args.format {
        return Ok(format);
    }
    let Some(out) = &args.out else { return Ok(Format::Csv) };
    let ending = out.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    Format::of(ending).ok_or_else(|| {
        CliError::Setup(format!(
            "{} does not say what kind of file it is: end it with .csv, .jsonl or .parquet, or \
             say --format",
            out.display()
        ))
    })
}

/// Whoever reads a pipe may have enough of it (`reeve export … | head`), which is no fault.
fn ended_early(
    written: Result<(u64, u64), CliError>,
    to_a_pipe: bool,
) -> Result<Option<(u64, u64)>, CliError> {
    match written {
        Ok(written) => Ok(Some(written)),
        Err(CliError::Fault(text)) if to_a_pipe && text == CLOSED => Ok(None),
        Err(error) => Err(error),
    }
}

const CLOSED: &str = "nobody reads it any more";

/// Rows and bytes that were written.
async fn write(
    mut list: WholeList,
    mut writer: Writer,
    to: &mut impl io::Write,
    bar: &ProgressBar,
) -> Result<(u64, u64), CliError> {
    let (mut rows, mut bytes) = (0, 0);
    let mut put = |piece: &[u8]| {
        bytes += piece.len() as u64;
        to.write_all(piece).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => CliError::Fault(CLOSED.to_owned()),
            _ => CliError::Setup(format!("cannot write: {error}")),
        })
    };
    loop {
        let page = list.next_page().await?;
        if page.is_empty() {
            break;
        }
        rows += page.len() as u64;
        put(&writer.rows(page)?)?;
        bar.set_position(rows);
    }
    put(&writer.end()?)?;
    Ok((rows, bytes))
}

/// Under another name until it is whole, for its owner only.
async fn write_file(
    list: WholeList,
    writer: Writer,
    out: &Path,
    bar: &ProgressBar,
) -> Result<(u64, u64), CliError> {
    let part = unfinished(out);
    let cannot = |error: io::Error| CliError::Setup(format!("{}: {error}", out.display()));
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
    let mut file = io::BufWriter::new(open.map_err(cannot)?);
    let written = write(list, writer, &mut file, bar).await;
    let finish = |file: io::BufWriter<File>| {
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&part, out)
    };
    match written {
        Ok(written) => finish(file).map(|()| written).map_err(cannot),
        Err(error) => {
            let _ = fs::remove_file(&part);
            Err(error)
        }
    }
}

/// `balances.csv.part`
pub(super) fn unfinished(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    out.with_file_name(name)
}

/// Only where somebody looks: indicatif draws on a terminal and nowhere else.
fn rows_bar(print: Print, rows: u64) -> ProgressBar {
    if print.is_json() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(rows);
    let template = "{bar:40} {human_pos} of {human_len} rows  {per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn list(print: Print) {
    let names = |of: &mut dyn Iterator<Item = &'static str>| of.collect::<Vec<_>>();
    let object = |export: &&'static Export| -> Value {
        let columns = heads(export).into_iter().map(|head| head.name).collect::<Vec<_>>();
        let filters =
            names(&mut export.columns.iter().filter(|c| c.is_filter).map(|column| column.name));
        let permissions =
            names(&mut permissions(export.audience).iter().map(|permission| permission.name()));
        json!({
            "name": export.name, "about": export.about, "view": export.view(),
            "columns": columns, "where": filters, "since": export.when().map(|column| column.name),
            "member": export.has_members(), "permissions": permissions,
        })
    };
    let lists: Vec<Value> = exports::registered().iter().map(object).collect();
    print.answer(&json!({ "lists": lists }), || {
        let rows: Vec<_> = exports::registered()
            .iter()
            .map(|export| vec![export.name.to_owned(), export.about.to_owned()])
            .collect();
        format!(
            "{}\n\nColumns and types: docs/analysts/lists.md",
            table(&["list", "what it is"], &rows)
        )
    });
}
