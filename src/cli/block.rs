//! `reeve block`

use std::process::ExitCode;

use actions::{
    Caller,
    blocks::{BlockLine, Blocked, Scope},
};
use domain::{GuildId, Timestamp, UserId};
use projections::Verb;
use serde_json::json;

use super::{error::CliError, operator::Desk, print::Print};
use crate::{
    config::Config,
    node::{Access, Node},
    requests::BlockWanted,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Serve a user or a community no longer; blocking again replaces reason and end
    Add {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        place: Place,
        /// Why; sealed in the log
        #[arg(long)]
        reason: String,
        /// How long, such as 12h or 30d; without it, until it is lifted
        #[arg(long = "for", value_name = "DURATION")]
        length: Option<String>,
    },
    /// Lift a block
    Lift {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        place: Place,
    },
    /// The blocks in force, with their reasons
    List {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Who {
    /// The Discord user id
    #[arg(long)]
    user: Option<UserId>,
    /// The id of a whole community
    #[arg(long, conflicts_with = "guild")]
    community: Option<GuildId>,
}

#[derive(Debug, clap::Args)]
struct Place {
    /// Only in this community; without it, everywhere
    #[arg(long)]
    guild: Option<GuildId>,
}

impl Who {
    fn blocked(&self) -> Result<Blocked, CliError> {
        match (self.user, self.community) {
            (Some(user), None) => Ok(Blocked::User(user)),
            (None, Some(guild)) => Ok(Blocked::Guild(guild)),
            _ => Err(CliError::Setup("say --user or --community".to_owned())),
        }
    }
}

impl Place {
    fn scope(&self) -> Scope {
        self.guild.map_or(Scope::Platform, Scope::Guild)
    }
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    match args.what {
        What::Add { who, place, reason, length } => {
            add(config, print, who.blocked()?, place.scope(), &reason, length.as_deref()).await
        }
        What::Lift { who, place } => lift(config, print, who.blocked()?, place.scope()).await,
        What::List { place } => list(config, print, place.scope()).await,
    }
}

async fn add(
    config: Config,
    print: Print,
    who: Blocked,
    scope: Scope,
    reason: &str,
    length: Option<&str>,
) -> Result<ExitCode, CliError> {
    let secs = length.map(domain::text::parse_duration);
    if secs == Some(None) {
        let text = "--for: use a length of time with its unit, such as 12h or 30d";
        return Err(CliError::Setup(text.to_owned()));
    }
    let desk = Desk::open(config).await?;
    let until = secs.flatten().map(|secs| (desk.node.clock)().plus_secs(i64::from(secs)));
    let done = if desk.writes() {
        let key = actions::fresh_key("cli").map_err(|error| CliError::Setup(error.to_string()))?;
        let operator = Caller::operator();
        let blocking = desk.node.actions.block(scope, &operator, who, reason, until, &key);
        blocking.await.map_err(Into::into)
    } else {
        ask(&desk, Verb::Block, scope, who, Some(reason), until).await
    };
    desk.close().await;
    done?;
    print.answer(&json!({ "blocked": shown(Some(who)), "until": until }), || {
        let end = until.map_or("until it is lifted".to_owned(), |until| format!("until {until}"));
        format!("{} is blocked {end}.", shown(Some(who)))
    });
    Ok(ExitCode::SUCCESS)
}

async fn lift(
    config: Config,
    print: Print,
    who: Blocked,
    scope: Scope,
) -> Result<ExitCode, CliError> {
    let desk = Desk::open(config).await?;
    let done = if desk.writes() {
        let key = actions::fresh_key("cli").map_err(|error| CliError::Setup(error.to_string()))?;
        let operator = Caller::operator();
        desk.node.actions.unblock(scope, &operator, who, &key).await.map_err(Into::into)
    } else {
        ask(&desk, Verb::Unblock, scope, who, None, None).await
    };
    desk.close().await;
    done?;
    print.answer(&json!({ "lifted": shown(Some(who)) }), || {
        format!("{} is not blocked any more.", shown(Some(who)))
    });
    Ok(ExitCode::SUCCESS)
}

async fn list(config: Config, print: Print, scope: Scope) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let lines = node.actions.blocked(scope, &Caller::operator()).await?;
    let json = |line: &BlockLine| {
        json!({
            "who": shown(line.who),
            "since": line.since,
            "until": line.until,
            "reason": line.reason,
        })
    };
    let all: Vec<_> = lines.iter().map(json).collect();
    print.answer(&json!({ "blocked": all }), || {
        if lines.is_empty() {
            return "Nobody is blocked.".to_owned();
        }
        let line = |line: &BlockLine| {
            let until = line.until.map_or("until lifted".to_owned(), |end| format!("until {end}"));
            let reason = line.reason.as_deref().unwrap_or("(reason erased)");
            format!("{}  since {}  {until}  {reason}", shown(line.who), line.since)
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(ExitCode::SUCCESS)
}

/// Of the process that holds the store.
async fn ask(
    desk: &Desk,
    verb: Verb,
    scope: Scope,
    who: Blocked,
    reason: Option<&str>,
    until: Option<Timestamp>,
) -> Result<(), CliError> {
    let wanted = BlockWanted::seal(&desk.node.actions, scope, who, reason, until).await;
    let (person, wanted) = wanted.map_err(CliError::Fault)?;
    let subject = serde_json::to_string(&wanted).unwrap_or_default();
    let guild = match scope {
        Scope::Guild(guild) => guild,
        Scope::Platform => GuildId::PLATFORM,
    };
    desk.ask(verb, &subject, Some(guild), Some(person), async |_: &Node| {}).await.map(drop)
}

fn shown(who: Option<Blocked>) -> String {
    match who {
        Some(Blocked::User(user)) => format!("user {user}"),
        Some(Blocked::Guild(guild)) => format!("community {guild}"),
        None => "somebody who was erased".to_owned(),
    }
}
