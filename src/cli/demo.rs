//! `reeve demo`: a small community's two months on the ledger, played by the real thing.

mod story;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use actions::{ActionError, Actions, Caller, Permission};
use domain::{Bytes, GuildId, IdempotencyKey, Timestamp, UserId, economy::DailyTrigger};
use eventlog::{Clock, system_clock};
use projections::{Status, economy::balances};
use serde_json::json;

use self::story::{DAYS, Deed, Member, Story};
use super::{
    economy::catch_up,
    error::CliError,
    print::{Print, grouped, table},
};
use crate::{
    config::{Config, Store},
    node::{Access, Node},
};

const SEED: u64 = 7;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Throw the last demo away and play it anew
    #[arg(long)]
    fresh: bool,
    /// Another story
    #[arg(long, default_value_t = SEED)]
    seed: u64,
}

/// What became of everything that was tried.
#[derive(Debug, Default, serde::Serialize)]
struct Tally {
    done: u64,
    refused: u64,
    repeated: u64,
}

pub(super) async fn run(
    args: Args,
    mut config: Config,
    print: Print,
) -> Result<ExitCode, CliError> {
    config.refuse_in_production("demo data")?;
    if config.store != Store::Sqlite {
        return Err(CliError::Setup(
            "the demo plays on an embedded store; leave `store` at sqlite for it".to_owned(),
        ));
    }
    let directory = demo_directory(&mut config);
    if args.fresh && directory.exists() {
        // The lock says whether somebody is still using it.
        drop(eventlog::sqlite::DirectoryLock::take(&directory)?);
        std::fs::remove_dir_all(&directory)?;
    }
    let now = system_clock()();
    let began = now.utc_day().start().plus_secs(-i64::from(DAYS) * 86_400);
    let virtual_micros = Arc::new(AtomicI64::new(began.as_micros()));
    let clock: Clock = {
        let micros = Arc::clone(&virtual_micros);
        Arc::new(move || Timestamp::from_micros(micros.load(Ordering::Relaxed)))
    };
    let node = Node::open_with_clock(config, Access::Write, clock).await?;
    let story = Story::new(args.seed, began, now);
    let played_before = node.log.head().await?.0 > 0;
    let runtime = node.start_projections().await?;
    let sealer = node.start_sealer();
    let tally = if played_before {
        print.note("The community from last time is still here; --fresh plays it anew.\n");
        None
    } else {
        print.note(&format!(
            "Playing {DAYS} days of a community of {} members …\n",
            story.members.len()
        ));
        Some(play(&node, &story, &virtual_micros, print).await?)
    };
    virtual_micros.store(now.as_micros(), Ordering::Relaxed);
    catch_up(&node).await?;
    let summary = summary(&node, &story, tally.as_ref(), print).await;
    runtime.shutdown().await;
    sealer.shutdown().await;
    node.shutdown().await;
    summary?;
    print.note(&look_around(&directory));
    Ok(ExitCode::SUCCESS)
}

fn demo_directory(config: &mut Config) -> PathBuf {
    let directory = config.data_dir.join("demo");
    config.people.erasures_file = directory.join("erasures.jsonl");
    config.master_key_file = directory.join("master.key");
    config.data_dir.clone_from(&directory);
    directory
}

async fn play(
    node: &Node,
    story: &Story,
    now: &AtomicI64,
    print: Print,
) -> Result<Tally, CliError> {
    let actions = &node.actions;
    let admin = Caller::member(story.members[0].user, vec![Permission::ManageEconomy]);
    let mut tally = Tally::default();
    for (index, (at, deed)) in story.deeds.iter().enumerate() {
        now.store(at.as_micros(), Ordering::Relaxed);
        let key = IdempotencyKey::new(format!("demo/{index}"))
            .map_err(|error| CliError::Fault(error.to_string()))?;
        let outcome = carry_out(actions, story.guild, &admin, *at, deed, &key).await;
        match &outcome {
            Ok(false) => tally.done += 1,
            Ok(true) => tally.repeated += 1,
            Err(error) if !error.is_fault() => tally.refused += 1,
            Err(error) => return Err(error.clone().into()),
        }
        if let Some(line) = story.tell(*at, deed, outcome.as_ref().err()) {
            print.note(&line);
        }
    }
    Ok(tally)
}

/// Answers whether it had been done before.
async fn carry_out(
    actions: &Actions,
    guild: GuildId,
    admin: &Caller,
    at: Timestamp,
    deed: &Deed,
    key: &IdempotencyKey,
) -> Result<bool, ActionError> {
    let member = |user: UserId| Caller::member(user, Vec::new());
    match deed {
        Deed::Speaks { user, again_as } => {
            let key = again_as.as_ref().unwrap_or(key);
            let daily = actions
                .award_daily(guild, &member(*user), *user, DailyTrigger::Message, at, key)
                .await;
            match daily {
                Ok(daily) => Ok(daily.repeated),
                // Not the first message of the day: nothing to tell anybody.
                Err(ActionError::Refused { rule: "economy.daily_already_paid", .. }) => Ok(true),
                Err(error) => Err(error),
            }
        }
        Deed::Sends { from, to, amount, reason } => {
            let caller = member(*from);
            actions
                .send_bytes(guild, &caller, *from, *to, Bytes(*amount), Some(reason), at, key)
                .await
                .map(|moved| moved.repeated)
        }
        Deed::Rewards { to, amount, reason } => actions
            .grant_bytes(guild, admin, *to, Bytes(*amount), Some(reason), key)
            .await
            .map(|moved| moved.repeated),
        Deed::Fines { from, amount, reason } => actions
            .take_bytes(guild, admin, *from, Bytes(*amount), Some(reason), key)
            .await
            .map(|moved| moved.repeated),
        Deed::ChangesSettings { to } => {
            actions.change_economy_settings(guild, admin, to.clone(), key).await.map(|_| false)
        }
        Deed::Leaves { user } => {
            if let Some(person) = actions.people().find(guild, *user).await? {
                actions.bus().erase_person(guild, person).await?;
            }
            Ok(false)
        }
    }
}

async fn summary(
    node: &Node,
    story: &Story,
    tally: Option<&Tally>,
    print: Print,
) -> Result<(), CliError> {
    let top = balances::top(&node.store, story.guild, 8).await?;
    let supply = balances::supply(&node.store, story.guild).await?;
    let head = node.log.head().await?;
    let builds = Status::new(node.store.clone()).builds(&*node.log, (node.clock)()).await?;
    let mut rows = Vec::new();
    for (place, line) in (1..).zip(&top) {
        let user = node.people.user(story.guild, line.person).await?;
        let name = user.and_then(|user| story.member(user)).map_or("(erased)", |m| m.name);
        rows.push(vec![format!("{place}"), name.to_owned(), grouped(line.balance.0)]);
    }
    let json = json!({
        "guild": story.guild, "events": head.0, "supply": supply, "top": top, "tally": tally,
        "projections": builds,
    });
    print.answer(&json, || {
        let tally = tally.map_or(String::new(), |tally| {
            format!(
                "{} things were done, {} refused by a rule, {} asked twice and done once.\n",
                grouped(tally.done),
                grouped(tally.refused),
                grouped(tally.repeated)
            )
        });
        format!(
            "\n{tally}{} events in the log; {} bytes in circulation.\n\n{}",
            grouped(head.0),
            grouped(supply.0),
            table(&["#", "MEMBER", "BALANCE"], &rows)
        )
    });
    Ok(())
}

fn look_around(directory: &std::path::Path) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "reeve".to_owned());
    let at = format!("{program} --data-dir {}", directory.display());
    format!(
        "\nThe store is in {}. Look around:\n  \
         {at} economy heap\n  {at} economy history\n  {at} events\n  {at} projections list\n  \
         {at} doctor\n  {at} serve",
        directory.display()
    )
}

impl Story {
    fn member(&self, user: UserId) -> Option<&Member> {
        self.members.iter().find(|member| member.user == user)
    }
}
