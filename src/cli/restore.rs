//! `reeve restore`

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
};

use domain::Timestamp;
use eventlog::{
    PeopleError,
    backup::{self, Moment, Restored, Restoring},
    people::{Erasure, Erasures, backup as keys},
    system_clock,
};
use serde_json::json;

use super::{
    backup::shelf,
    error::CliError,
    print::{Print, count_bar, grouped},
};
use crate::{
    config::Config,
    node::{Access, Node, OpenError},
    place::Place,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The backup: a folder, a tar file, or - for a tar stream on standard input
    #[arg(long, value_name = "BACKUP")]
    from: PathBuf,
    /// The empty store to fill, such as sqlite:DIR, postgres://… or esdb://… [default: the configured one]
    #[arg(long, value_name = "URL")]
    to: Option<Place>,
    /// Only what had happened by then, such as 2026-11-20T18:00:00Z, or the first so many events
    #[arg(long, value_name = "TIME|COUNT")]
    at: Option<At>,
    /// The key backup that goes with it; who was erased stays erased
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Further lists of erasures to replay, besides the configured one and the backup's own
    #[arg(long, value_name = "FILE")]
    erasures: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug)]
struct At(Moment);

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let count = text.parse().map_err(|_| "that is more events than there can be")?;
            return Ok(Self(Moment::Events(count)));
        }
        let time: Timestamp = text
            .parse()
            .map_err(|error: domain::InvalidTime| format!("{error}; or say a number of events"))?;
        Ok(Self(Moment::Time(time)))
    }
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let place = args.to.clone().unwrap_or_else(|| Place::configured(&config));
    let also = other_lists(&args, &config)?;
    if args.from.is_file() {
        // A file can be read twice: what is not whole touches no store.
        backup::verify(shelf(&args.from)?, &|_| {}).await?;
    }
    let shelf = shelf(&args.from)?;
    let side = place.open(&config, Access::Write).await?;
    let bar = count_bar(print);
    let restoring = Restoring {
        log: &side.log,
        people: &side.people,
        proofs: &side.proofs,
        now: system_clock()(),
        erasures: &side.erasures,
        also,
        name: place.to_string(),
        until: args.at.map_or(Moment::End, |at| at.0),
    };
    let restored = backup::restore(&restoring, shelf, &|done| bar.set_position(done)).await;
    bar.finish_and_clear();
    side.log.shutdown().await;
    drop(side);
    let restored = restored?;
    let installed = place.installed(&config);
    let keys = match &args.keys {
        Some(file) => Some(put_keys_back(installed.clone(), file).await?),
        None => None,
    };
    let recorded = record_erasures(installed).await?;
    report(&restored, keys, recorded, &place, print);
    Ok(ExitCode::SUCCESS)
}

/// Who was erased since the backup was made stands on the list of this installation.
fn other_lists(args: &Args, config: &Config) -> Result<Vec<Erasure>, CliError> {
    let mut all = Erasures::read(&config.people.erasures_file)?;
    for file in &args.erasures {
        if !file.exists() {
            let file = file.display();
            return Err(CliError::Setup(format!("there is no list of erasures {file}")));
        }
        all.extend(Erasures::read(file)?);
    }
    Ok(all)
}

async fn put_keys_back(config: Config, file: &Path) -> Result<u64, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let report = keys::restore(&node.people, &node.proofs.records(), file).await;
    node.shutdown().await;
    Ok(report?.people)
}

/// The restored log may not know of the last erasures yet. Without the right master key that waits
/// for the first start.
async fn record_erasures(config: Config) -> Result<Option<usize>, CliError> {
    match Node::open(config, Access::Write).await {
        Ok(node) => {
            let recorded = eventlog::finish_erasures(node.bus()).await;
            node.shutdown().await;
            recorded.map(Some).map_err(|error| CliError::Fault(error.to_string()))
        }
        Err(OpenError::Key(_) | OpenError::People(PeopleError::WrongMasterKey)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn report(
    restored: &Restored,
    keys: Option<u64>,
    recorded: Option<usize>,
    place: &Place,
    print: Print,
) {
    let mut json = json!(restored);
    json["keys"] = json!(keys);
    json["erasures_recorded"] = json!(recorded);
    print.answer(&json, || {
        let before = if restored.already { " since an earlier run" } else { "" };
        let mut lines = vec![format!(
            "{} events of {} guilds are in {place}{before} and checked. {} erasures were replayed.",
            grouped(restored.events),
            grouped(restored.guilds as u64),
            grouped(restored.erasures as u64)
        )];
        if restored.left_out > 0 {
            let until = restored.last_at.map_or("nothing".to_owned(), |at| at.to_string());
            lines.push(format!(
                "{} later events were left out; the last one restored is of {until}.",
                grouped(restored.left_out)
            ));
        }
        lines.push(match keys {
            Some(people) => format!("Keys of {} people were put back.", grouped(people)),
            None => "Nobody has a key here: `reeve people restore-keys FILE` puts back those of a \
                     key backup. Until then names and texts cannot be read."
                .to_owned(),
        });
        if recorded.is_none() {
            lines.push(
                "The master key here is not the one of this log: set the right one before you \
                 start Reeve."
                    .to_owned(),
            );
        }
        lines.push("Read models are computed anew at the first start.".to_owned());
        lines.join("\n")
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_a_count() {
        let parse = |text: &str| text.parse::<At>().map(|at| at.0);
        assert_eq!(parse("12"), Ok(Moment::Events(12)));
        let day = Moment::Time("2026-11-20".parse().unwrap());
        assert_eq!(parse("2026-11-20T00:00:00Z"), Ok(day));
        assert!(parse("yesterday").is_err_and(|text| text.contains("2026-11-20T18:04:05Z")));
        assert!(parse("").is_err());
    }
}
