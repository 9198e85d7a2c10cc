//! `reeve backup`

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use eventlog::{
    backup::{self, Made, Making, Shelf, Sink},
    people::backup as keys,
    system_clock,
};
use serde_json::json;

use super::{
    error::CliError,
    print::{Print, count_bar, grouped},
};
use crate::{
    config::Config,
    node::{Access, Node},
    place::Place,
};

/// Stands for standard output or input.
pub(super) const STREAM: &str = "-";

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// A folder, or - for a tar stream on standard output; one that was cut short is gone on with
    #[arg(long, value_name = "DIR|-")]
    to: Option<PathBuf>,
    /// The store to back up, such as sqlite:DIR, postgres://… or esdb://… [default: the configured one]
    #[arg(long, value_name = "URL")]
    from: Option<Place>,
    /// Also write a key backup to this file, which expires; keep it apart
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Look at everything a backup holds: is it whole, and what was written?
    Verify {
        /// The folder, a tar file, or - for standard input
        backup: PathBuf,
    },
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    if let Some(What::Verify { backup }) = args.what {
        return verify(&backup, print).await;
    }
    let Some(to) = args.to else {
        return Err(CliError::Setup("say where: --to DIR, or --to - for a tar stream".to_owned()));
    };
    if let Some(keys) = &args.keys
        && keys.starts_with(&to)
    {
        return Err(CliError::Setup(
            "keys are kept apart from backups of the log: choose a file outside of the backup"
                .to_owned(),
        ));
    }
    let streams = to == Path::new(STREAM);
    let mut sink = if streams {
        Sink::Tar(Box::new(std::io::BufWriter::new(std::io::stdout())))
    } else {
        Sink::Folder(to.clone())
    };
    let place = args.from.unwrap_or_else(|| Place::configured(&config));
    let side = place.open(&config, Access::Read).await?;
    let now = system_clock()();
    let bar = count_bar(if streams { Print::quiet() } else { print });
    let erasures = side.erasures.as_path();
    let segment = backup::SEGMENT_EVENTS;
    let (people, proofs) = (&side.people, &side.proofs);
    let making = Making { log: &side.log, people, proofs, erasures, now, segment };
    let progress = |done: u64, of: u64| {
        bar.set_length(of.max(done));
        bar.set_position(done);
    };
    let made = backup::make(&making, &mut sink, &progress).await;
    bar.finish_and_clear();
    side.log.shutdown().await;
    let made = made?;
    let keys = match &args.keys {
        // After the events, so that everybody's key is in it.
        Some(file) => Some(back_up_keys(&place, &config, file).await?),
        None => None,
    };
    report(&made, keys, &to, streams, print);
    Ok(ExitCode::SUCCESS)
}

async fn back_up_keys(place: &Place, config: &Config, file: &Path) -> Result<u64, CliError> {
    let node = Node::open(place.installed(config), Access::Read).await?;
    let report = keys::back_up(
        &node.people,
        &node.proofs.records(),
        file,
        node.config.people.key_backup_days,
    )
    .await?;
    node.shutdown().await;
    Ok(report.people)
}

fn report(made: &Made, keys: Option<u64>, to: &Path, streams: bool, print: Print) {
    let mut json = json!(made);
    json["keys"] = json!(keys);
    let text = || {
        let resumed = match made.resumed {
            0 => String::new(),
            events => format!(" ({} of them by an earlier run)", grouped(events)),
        };
        let keys = match keys {
            Some(people) => format!(" Keys of {} people lie apart.", grouped(people)),
            None => " It holds no keys: `reeve people backup-keys` writes those.".to_owned(),
        };
        format!(
            "{} events of {} guilds{resumed} are in {}, {} files, {} bytes.{keys}",
            grouped(made.events),
            grouped(made.guilds),
            if streams { "the stream".to_owned() } else { to.display().to_string() },
            made.files,
            grouped(made.bytes),
        )
    };
    if streams {
        // Standard output is the backup itself.
        let line = if print.is_json() { json.to_string() } else { text() };
        let _ = writeln!(std::io::stderr(), "{line}");
    } else {
        print.answer(&json, text);
    }
}

pub(super) fn shelf(path: &Path) -> Result<Shelf, CliError> {
    if path == Path::new(STREAM) {
        return Ok(Shelf::stream(Box::new(std::io::BufReader::new(std::io::stdin()))));
    }
    if !path.exists() {
        return Err(CliError::Setup(format!("there is no backup {}", path.display())));
    }
    Ok(Shelf::open(path)?)
}

async fn verify(path: &Path, print: Print) -> Result<ExitCode, CliError> {
    let bar = count_bar(print);
    let kept = backup::verify(shelf(path)?, &|done| bar.set_position(done)).await;
    bar.finish_and_clear();
    let kept = kept?;
    print.answer(&kept, || {
        let until = kept.last_at.map_or(String::new(), |at| format!(", the last of {at}"));
        format!(
            "The backup of {} is whole: {} events of {} guilds{until}; every hash was recomputed.",
            kept.made,
            grouped(kept.events),
            grouped(kept.guilds)
        )
    });
    Ok(ExitCode::SUCCESS)
}
