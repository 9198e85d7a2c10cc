//! `reeve proof`: keys, checkpoints and bundles.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use domain::{GuildId, PersonId};
use eventlog::{
    LogError, StreamId,
    proof::{self, Selection, Signed, StoredKey},
};
use serde_json::{Value, json};

use super::{
    error::CliError,
    print::{Print, grouped, table},
    verify::read_checkpoint,
};
use crate::{
    config::{Config, Store},
    node::{Access, Node, OpenError},
};

/// How long the process that seals may take to catch up.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The public key of a community's history: give it to whoever checks bundles
    Key {
        /// The community
        #[arg(long)]
        guild: GuildId,
        /// The keys before it as well, for what they signed
        #[arg(long)]
        all: bool,
    },
    /// Let a new key sign from now on; the old public keys are kept
    RotateKey {
        /// Do it; without this it only says what would change
        #[arg(long)]
        yes: bool,
    },
    /// The newest checkpoint of a community: keep it where nobody here can change it
    Checkpoint {
        /// The community
        #[arg(long)]
        guild: GuildId,
        /// The one over exactly so many events
        #[arg(long)]
        size: Option<u64>,
    },
    /// Write a bundle that proves events to anybody, offline
    Export(Export),
    /// Read a community's whole history and compare it with every checkpoint
    Check {
        /// The community
        #[arg(long)]
        guild: GuildId,
    },
}

#[derive(Debug, clap::Args)]
struct Export {
    /// The community
    #[arg(long)]
    guild: GuildId,
    /// The first event, by its number in the community [default: 1]
    #[arg(long, conflicts_with_all = ["stream", "person"])]
    from: Option<u64>,
    /// The last event [default: the last that is sealed]
    #[arg(long, conflicts_with_all = ["stream", "person"])]
    to: Option<u64>,
    /// Only of this stream, such as one case: case/1107318246137131070/17
    #[arg(long, conflicts_with = "person")]
    stream: Option<StreamId>,
    /// Only what this person number did, gave or received
    #[arg(long)]
    person: Option<u32>,
    /// A file with an older checkpoint: proves that history was only added to since
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    match args.what {
        What::Key { guild, all } => key(config, print, guild, all).await,
        What::RotateKey { yes } => rotate(config, print, yes).await,
        What::Checkpoint { guild, size } => checkpoint(config, print, guild, size).await,
        What::Export(export) => write(config, print, &export).await,
        What::Check { guild } => check(config, print, guild).await,
    }
}

async fn key(
    config: Config,
    print: Print,
    guild: GuildId,
    all: bool,
) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let current = node.proofs.key().await?;
    let mut keys = if all { node.proofs.keys().await? } else { vec![current.clone()] };
    keys.reverse();
    let object = |key: &StoredKey| {
        let text = proof::verifier_key(guild, &key.public_key);
        json!({ "key": text, "made_at": key.made_at, "retired_at": key.retired_at })
    };
    let objects: Vec<Value> = keys.iter().map(object).collect();
    let newest = proof::verifier_key(guild, &current.public_key);
    print.answer(&json!({ "guild": guild, "key": newest, "keys": objects }), || {
        let line = |key: &StoredKey| proof::verifier_key(guild, &key.public_key);
        keys.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(ExitCode::SUCCESS)
}

async fn rotate(config: Config, print: Print, yes: bool) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let before = node.proofs.key().await?;
    if !yes {
        print.answer(&json!({ "rotated": false, "number": before.number }), || {
            format!(
                "Key {} signs now. With --yes a new one signs; whoever checks bundles needs to be \
                 told of it (`reeve proof key`). What the old one signed stays valid.",
                before.number
            )
        });
        return Ok(ExitCode::SUCCESS);
    }
    let after = node.proofs.rotate_key().await?;
    print.answer(&json!({ "rotated": true, "number": after.number }), || {
        format!(
            "Key {} signs from now on, within a few seconds also in running processes. Give the new \
             public key to whoever checks bundles: `reeve proof key --guild …`",
            after.number
        )
    });
    Ok(ExitCode::SUCCESS)
}

async fn checkpoint(
    config: Config,
    print: Print,
    guild: GuildId,
    size: Option<u64>,
) -> Result<ExitCode, CliError> {
    let node = sealed(config, guild).await?;
    let found = match size {
        Some(size) => node.proofs.of_size(guild, size).await?,
        None => node.proofs.latest(guild).await?,
    };
    let Some(signed) = found else {
        let text = match size {
            Some(size) => format!("no checkpoint was signed over exactly {size} events"),
            None => nothing_sealed(guild),
        };
        return Err(CliError::Refused(text));
    };
    print.answer(&object(&signed), || signed.note());
    node.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn object(signed: &Signed) -> Value {
    json!({
        "guild": signed.checkpoint.guild,
        "size": signed.checkpoint.size,
        "note": signed.note(),
        "key": signed.verifier_key(),
    })
}

fn nothing_sealed(guild: GuildId) -> String {
    format!("guild {guild} has no events, so there is nothing to prove")
}

async fn write(config: Config, print: Print, args: &Export) -> Result<ExitCode, CliError> {
    let guild = args.guild;
    let since = args.since.as_deref().map(read_checkpoint).transpose()?;
    let node = sealed(config, guild).await?;
    let selection = match (&args.stream, args.person) {
        (Some(stream), _) => Selection::Stream(stream.clone()),
        (None, Some(person)) => Selection::Person(PersonId(person)),
        (None, None) => Selection::Range { from: args.from.unwrap_or(1), to: args.to },
    };
    let out = Path::new(&args.out);
    let written =
        proof::export(&node.proofs, &*node.log, guild, &selection, since.as_deref(), out).await?;
    print.answer(&written, || {
        format!(
            "{} events of guild {guild} are in {} ({} bytes), proven by a checkpoint over {} \
             events.\nIt is checked offline: reeve verify {} --key {}",
            grouped(written.events),
            out.display(),
            grouped(written.bytes),
            grouped(written.size),
            out.display(),
            written.verifier_key
        )
    });
    node.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

async fn check(config: Config, print: Print, guild: GuildId) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    let checked = proof::check(&node.proofs, &*node.log, guild).await?;
    print.answer(&checked, || match &checked.problem {
        None => {
            let row = vec![grouped(checked.events), grouped(checked.checkpoints)];
            table(&["events", "checkpoints, all genuine"], &[row])
        }
        Some(problem) => format!(
            "PROBLEM: {problem}\nNothing more is signed for guild {guild}. Keep proof.db (or its \
             tables) as evidence, find out who changed the log, and restore it from a backup."
        ),
    });
    Ok(if checked.problem.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A node on which everything that had happened in the guild is sealed: by the running process,
/// else by this one.
async fn sealed(config: Config, guild: GuildId) -> Result<Node, CliError> {
    // Reading comes first, because it makes nothing where there is no log.
    let node = Node::open(config.clone(), Access::Read).await?;
    if up_to_date(&node, guild).await? {
        return Ok(node);
    }
    match config.store {
        Store::Sqlite => match Node::open(config, Access::Write).await {
            Ok(node) => {
                proof::seal_now(&node.proofs, &node.log).await?;
                return Ok(node);
            }
            // A running process holds the store, and seals.
            Err(OpenError::Log(LogError::InUse { .. })) => {}
            Err(error) => return Err(error.into()),
        },
        Store::Postgres | Store::Eventstoredb => {
            match proof::seal_now(&node.proofs, &node.log).await {
                Ok(()) => return Ok(node),
                // Another process seals.
                Err(proof::ProofError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let began = Instant::now();
    while !up_to_date(&node, guild).await? {
        if began.elapsed() > PATIENCE {
            return Err(CliError::Fault(format!(
                "guild {guild} is not being sealed; does a `reeve serve` with the worker role run? \
                 See `reeve doctor`"
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(node)
}

async fn up_to_date(node: &Node, guild: GuildId) -> Result<bool, CliError> {
    let alarms = node.proofs.alarms().await?;
    if let Some(alarm) = alarms.iter().find(|alarm| alarm.guild == guild) {
        return Err(CliError::Refused(format!(
            "the log of guild {guild} contradicts what was signed of it, and nothing more is \
             signed: {}. See `reeve proof check --guild {guild}`",
            alarm.text
        )));
    }
    let size = node.proofs.latest(guild).await?.map_or(0, |signed| signed.checkpoint.size);
    Ok(node.log.read_hashes(guild, size, 1).await?.is_empty())
}
