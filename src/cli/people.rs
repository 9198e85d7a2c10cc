//! `reeve people`

use std::{path::PathBuf, process::ExitCode};

use domain::{GuildId, PersonId, UserId};
use eventlog::{CommandError, PeopleError, people::backup};
use projections::{Verb, economy::balances};
use serde_json::json;

use super::{economy::catch_up, error::CliError, operator::Desk, print::Print};
use crate::{
    config::Config,
    node::{Access, Node},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// What is known of a member
    Show(Who),
    /// Erase a member: their key and everything sealed with it are gone for good
    Erase {
        #[command(flatten)]
        who: Who,
        /// Do it; without this it only says what would be erased
        #[arg(long)]
        yes: bool,
    },
    /// Write all keys, still wrapped, to a file that expires
    BackupKeys {
        /// The file; expired key backups beside it are deleted
        file: PathBuf,
    },
    /// Put back keys that are missing; who was erased stays erased
    RestoreKeys {
        /// The file that `backup-keys` wrote
        file: PathBuf,
    },
    /// The list of erasures
    Erasures,
}

#[derive(Debug, clap::Args)]
struct Who {
    /// The community
    #[arg(long)]
    guild: GuildId,
    /// The Discord user id
    #[arg(long, required_unless_present = "person", conflicts_with = "person")]
    user: Option<UserId>,
    /// The person number
    #[arg(long)]
    person: Option<u32>,
}

impl Who {
    async fn person(&self, node: &Node) -> Result<PersonId, CliError> {
        if let Some(number) = self.person {
            return Ok(PersonId(number));
        }
        let user = self.user.ok_or_else(|| CliError::Setup("say --user or --person".to_owned()))?;
        node.people.find(self.guild, user).await?.ok_or_else(|| {
            CliError::Refused(format!(
                "User {user} was never seen in guild {}, or was erased.",
                self.guild
            ))
        })
    }
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    match args.what {
        What::Show(who) => show(config, print, &who).await,
        What::Erase { who, yes } => erase(config, print, &who, yes).await,
        What::Erasures => erasures(config, print).await,
        What::BackupKeys { file } => back_up(config, print, file).await,
        What::RestoreKeys { file } => {
            let node = Node::open(config, Access::Read).await?;
            let report = backup::restore(&node.people, &node.proofs.records(), &file).await?;
            print.answer(&report, || {
                format!("{} keys put back, {} left as they were.", report.people, report.skipped)
            });
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn show(config: Config, print: Print, who: &Who) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let person = who.person(&node).await?;
    let user = node.people.user(who.guild, person).await?;
    let erased = node.people.erasures().contains(who.guild, person)?;
    let balance = balances::of(&node.store, who.guild, person).await.ok().flatten();
    let json = json!({
        "guild": who.guild, "person": person, "user": user, "erased": erased, "balance": balance,
    });
    print.answer(&json, || {
        let who_it_is = match (user, erased) {
            (Some(user), _) => format!("Discord user {user}"),
            (None, true) => "erased; nobody can say who this was".to_owned(),
            (None, false) => "never seen here".to_owned(),
        };
        let balance = balance.as_ref().map_or(String::new(), |balance| {
            format!(
                "\nbalance {}, received {}, sent {}, earned {}",
                balance.balance, balance.received, balance.sent, balance.earned
            )
        });
        format!("Person {person} of guild {}: {who_it_is}{balance}", who.guild)
    });
    Ok(ExitCode::SUCCESS)
}

async fn erase(config: Config, print: Print, who: &Who, yes: bool) -> Result<ExitCode, CliError> {
    if !yes {
        let node = Node::open(config, Access::Read).await?;
        let person = who.person(&node).await?;
        let json = json!({ "guild": who.guild, "person": person, "erased": false });
        print.answer(&json, || {
            format!(
                "This would erase person {person} of guild {}: who it is, and every text that \
                 belongs to them, in the log, in read models and in backups. Amounts and counts \
                 stay. It cannot be undone. Say --yes to do it.",
                who.guild
            )
        });
        return Ok(ExitCode::SUCCESS);
    }
    let desk = Desk::open(config).await?;
    let person = who.person(&desk.node).await?;
    let erased = if desk.writes() {
        desk.node.bus().erase_person(who.guild, person).await.map(drop).map_err(|error| match error
        {
            CommandError::People(unknown @ PeopleError::NoKey { .. }) => {
                CliError::Refused(unknown.to_string())
            }
            error => CliError::Fault(error.to_string()),
        })
    } else {
        desk.ask(Verb::Erase, "", Some(who.guild), Some(person), async |_: &Node| {})
            .await
            .map(drop)
    };
    if desk.writes() && erased.is_ok() {
        // Folded at once, so that the next command sees it.
        catch_up(&desk.node).await?;
    }
    desk.close().await;
    erased?;
    let json = json!({ "guild": who.guild, "person": person, "erased": true });
    print.answer(&json, || format!("Person {person} of guild {} is erased.", who.guild));
    Ok(ExitCode::SUCCESS)
}

async fn erasures(config: Config, print: Print) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let all = node.people.erasures().all()?;
    print.answer(&json!({ "erasures": all }), || {
        if all.is_empty() {
            return "Nobody was erased.".to_owned();
        }
        let line = |erasure: &eventlog::people::Erasure| {
            format!("{}  guild {}  person {}", erasure.at, erasure.guild, erasure.person)
        };
        all.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(ExitCode::SUCCESS)
}

async fn back_up(config: Config, print: Print, file: PathBuf) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let days = node.config.people.key_backup_days;
    let report = backup::back_up(&node.people, &node.proofs.records(), &file, days).await?;
    let pruned = match file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => backup::prune(parent, (node.clock)())?,
        None => 0,
    };
    let json = json!({ "people": report.people, "expires": report.expires, "pruned": pruned });
    print.answer(&json, || {
        format!(
            "{} keys written to {}; of no use after {}. Expired backups deleted: {pruned}.",
            report.people,
            file.display(),
            report.expires
        )
    });
    Ok(ExitCode::SUCCESS)
}
