//! `reeve torture`: kills it, crashes its database and cuts its power, again and again, and counts
//! what was acknowledged and is not there, is there twice, or stands in the wrong place.
//! `reeve torture effects` does the same to what is to be done in Discord, and `reeve torture storm`
//! to the whole bot while members use it.

mod audit;
mod child;
mod crashes;
mod effects;
mod kills;
mod power_cuts;
mod sender;
mod storm;
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
    /// Order effects from a Discord that misbehaves, kill their sender, and see what became of them
    Effects(effects::Args),
    /// Kill the bot in a storm of all that members do, and see whether every answer was true
    Storm(storm::Args),
    /// The process that `kills` kills
    #[command(hide = true)]
    Child(child::Args),
    /// The process that `effects` kills
    #[command(hide = true)]
    Sender(sender::Args),
}

pub(super) async fn run(args: Args) -> Result<ExitCode, Failed> {
    let print = Print::new(args.json);
    let clean = match args.what {
        What::Child(args) => return child::run(args).await,
        What::Sender(args) => return sender::run(args).await,
        What::Effects(args) => {
            let report = effects::run(args, print).await?;
            print.answer(&report, || report.to_string());
            report.is_clean()
        }
        What::Storm(args) => {
            let report = storm::run(args, print).await?;
            print.answer(&report, || report.to_string());
            report.is_clean()
        }
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
