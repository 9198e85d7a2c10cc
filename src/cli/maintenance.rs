//! `reeve maintenance`

use std::process::ExitCode;

use actions::{Caller, Maintenance};
use projections::Verb;
use serde_json::json;

use super::{error::CliError, operator::Desk, print::Print};
use crate::{
    config::Config,
    node::{Access, Node},
    requests::MaintenanceWanted,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Serve operators only; everybody else is told a notice. What runs by itself goes on
    On {
        /// What people are told, in the place of the usual notice
        #[arg(long)]
        notice: Option<String>,
    },
    /// Serve everybody again
    Off,
    /// Whether it is on, and what people are told
    Status,
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let maintenance = match args.what {
        What::On { notice } => switch(config, true, notice).await?,
        What::Off => switch(config, false, None).await?,
        What::Status => {
            let node = Node::open(config, Access::Read).await?;
            node.actions.maintenance().await?
        }
    };
    let Maintenance { on, notice } = &maintenance;
    print.answer(&json!({ "maintenance": on, "notice": notice }), || {
        if *on {
            format!("Maintenance is on. People are told: {notice}")
        } else {
            "Maintenance is off.".to_owned()
        }
    });
    Ok(ExitCode::SUCCESS)
}

async fn switch(config: Config, on: bool, notice: Option<String>) -> Result<Maintenance, CliError> {
    let desk = Desk::open(config).await?;
    let done = if desk.writes() {
        let key = actions::fresh_key("cli").map_err(|error| CliError::Setup(error.to_string()))?;
        let operator = Caller::operator();
        let actions = &desk.node.actions;
        actions.set_maintenance(&operator, on, notice.as_deref(), &key).await.map_err(Into::into)
    } else {
        let wanted = MaintenanceWanted { on, notice };
        let subject = serde_json::to_string(&wanted).unwrap_or_default();
        let asked = desk.ask(Verb::Maintenance, &subject, None, None, async |_: &Node| {});
        asked.await.map(|notice| Maintenance { on, notice })
    };
    desk.close().await;
    done
}
