//! `reeve torture`: kills it, crashes its database and cuts its power, again and again, and counts
//! what was acknowledged and is not there, is there twice, or stands in the wrong place.

mod audit;
mod child;
mod crashes;
mod kills;
mod power_cuts;
mod work;

use std::process::ExitCode;

use super::{bench::Failed, print::Print};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print one JSON object as the last line
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Kill a process under load (or crash PostgreSQL under it), and check what is left
    Kills(kills::Args),
    /// Cut the power of an embedded log on paper, and check what the disk may hold
    PowerCuts(power_cuts::Args),
    /// The process that `kills` kills
    #[command(hide = true)]
    Child(child::Args),
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failed> {
    let print = Print::new(args.json);
    let clean = match args.what {
        What::Child(args) => return child::run(args).await,
        What::Kills(args) => {
            let report = kills::run(args, print).await?;
            print.answer(&report, || report.to_string());
            report.is_clean()
        }
        What::PowerCuts(args) => {
            let report = power_cuts::run(&args)?;
            print.answer(&report, || report.to_string());
            report.is_clean()
        }
    };
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
