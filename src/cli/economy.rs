//! `reeve economy`: the ledger from the console, until a community's own commands are at hand,
//! and for whoever supports one.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use actions::{Caller, fresh_key};
use domain::{
    Bytes, GuildId, IdempotencyKey, Moment, Personal, UserId, UtcDay,
    economy::{DailyTrigger, EconomySettings, Event},
};
use eventlog::decode;
use projections::{
    ReadStore, View, Visit,
    economy::{balances, transactions, weekly},
};
use serde_json::{Value, json};

use super::{
    error::CliError,
    print::{Print, grouped, table},
};
use crate::{
    config::Config,
    node::{Access, Node},
};

/// How often, and how long, it is looked whether the read models have caught up.
const LOOK: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The community; may be left out where the store has only one
    #[arg(long, global = true)]
    guild: Option<GuildId>,
    /// For heap and history: as it was at a moment, such as #1234, 2026-11-20T18:04:05Z or "2d ago"
    #[arg(long, global = true, value_name = "MOMENT")]
    at: Option<Moment>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// A member's balance
    Read {
        /// Whose, by Discord user id
        user: UserId,
    },
    /// The richest members
    Heap {
        /// How many places
        #[arg(default_value_t = balances::DEFAULT_TOP, value_parser = clap::value_parser!(u32).range(1..=i64::from(balances::MAX_TOP)))]
        limit: u32,
        /// Of the week of this day instead of all time
        #[arg(long)]
        week: Option<UtcDay>,
    },
    /// The last transactions, of all or of one member
    History {
        /// Only what this member gave or received
        #[arg(long)]
        user: Option<UserId>,
        /// How many at once
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=i64::from(transactions::MAX_PAGE)))]
        limit: u32,
        /// Only before this number, for the next page
        #[arg(long)]
        before: Option<u64>,
    },
    /// Give bytes to a member
    Grant(Movement),
    /// Take bytes from a member
    Take(Movement),
    /// Move bytes from one member to another, by the community's rules
    Send {
        /// Who gives, by Discord user id
        from: UserId,
        /// Who receives
        to: UserId,
        /// How many bytes
        amount: Bytes,
        /// Shown in the history, sealed in the log
        reason: Option<String>,
        /// Repeating a request with its key does nothing a second time
        #[arg(long)]
        key: Option<String>,
    },
    /// Pay a member's daily reward, by the community's rules
    Daily {
        /// Whose, by Discord user id
        user: UserId,
        /// Repeating a request with its key does nothing a second time
        #[arg(long)]
        key: Option<String>,
    },
    /// The settings in force, or new ones from JSON
    Settings {
        /// A JSON object with the settings to change, such as '{"max_transfer": "500"}'
        change: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Movement {
    /// Whose balance, by Discord user id
    user: UserId,
    /// How many bytes
    amount: Bytes,
    /// Shown in the history, sealed in the log
    reason: Option<String>,
    /// Repeating a request with its key does nothing a second time
    #[arg(long)]
    key: Option<String>,
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let writes = !matches!(
        args.what,
        What::Read { .. }
            | What::Heap { .. }
            | What::History { .. }
            | What::Settings { change: None }
    );
    let access = if writes { Access::Write } else { Access::Read };
    let node = Node::open(config, access).await?;
    let guild = match args.guild {
        Some(guild) => guild,
        None => only_guild(&node).await?,
    };
    let past = match args.at {
        Some(moment) => Some(past(&node, guild, moment, &args.what).await?),
        None => None,
    };
    let store = past.as_ref().map_or(&node.store, View::store);
    match args.what {
        What::Read { user } => read(&node, guild, user, print).await?,
        What::Heap { limit, week: None } => heap(&node, store, guild, limit, print).await?,
        What::Heap { limit, week: Some(day) } => {
            week(&node, store, guild, day, limit, print).await?;
        }
        What::History { user, limit, before } => {
            history(&node, store, guild, user, (before, limit), print).await?;
        }
        What::Settings { change } => settings(&node, guild, change.as_deref(), print).await?,
        other => {
            // Folded at once, so that the next command sees it.
            let runtime = node.start_projections().await?;
            let moved = change(&node, guild, other, print).await;
            catch_up(&node).await?;
            runtime.shutdown().await;
            moved?;
        }
    }
    node.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// The read model that a question needs, as it was.
async fn past(node: &Node, guild: GuildId, at: Moment, what: &What) -> Result<View, CliError> {
    let needed = match what {
        What::Heap { week: None, .. } => "balances",
        What::Heap { week: Some(_), .. } => "weekly_gains",
        What::History { .. } => "transactions",
        _ => return Err(CliError::Setup("--at is for heap and history".to_owned())),
    };
    Ok(node.time_machine()?.at(guild, at, &[needed], Visit::of("operator")).await?)
}

pub(super) async fn only_guild(node: &Node) -> Result<GuildId, CliError> {
    let rows = node.store.query("SELECT DISTINCT guild FROM balances LIMIT 2", &[]).await;
    match rows.as_deref() {
        Ok([row]) => {
            GuildId::from_i64(row.int(0)?).map_err(|error| CliError::Fault(error.to_string()))
        }
        Ok([]) | Err(_) => {
            Err(CliError::Setup("say --guild: nothing has happened here yet".to_owned()))
        }
        Ok(_) => Err(CliError::Setup("say --guild: there are several communities".to_owned())),
    }
}

/// Waits until the read models have seen what this process wrote. Not for ever: it is durable,
/// and whoever runs the projections next folds it.
pub(super) async fn catch_up(node: &Node) -> Result<(), CliError> {
    let status = projections::Status::new(node.store.clone());
    let written = node.log.head().await?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let head = node.log.head().await?;
        let builds = status.builds(&*node.log, (node.clock)()).await?;
        let behind = |build: &projections::BuildStatus| {
            build.paused.is_none() && head.0.saturating_sub(build.lag_events) < written.0
        };
        if !builds.iter().any(behind) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    tracing::warn!("the read models are behind; what was written is safe and shows later");
    Ok(())
}

async fn change(node: &Node, guild: GuildId, what: What, print: Print) -> Result<(), CliError> {
    let actions = &node.actions;
    let operator = Caller::operator();
    let key = |given: &Option<String>| match given {
        Some(key) => IdempotencyKey::new(key.as_str()),
        None => fresh_key("console"),
    };
    let bad_key = |error: domain::InvalidId| CliError::Setup(error.to_string());
    let currency = actions.economy_terms(guild).await?.values.currency.clone();
    let (amount, repeated, text) = match &what {
        What::Grant(Movement { user, amount, reason, key: given }) => {
            let key = key(given).map_err(bad_key)?;
            let moved = actions
                .grant_bytes(guild, &operator, *user, *amount, reason.as_deref(), &key)
                .await?;
            (moved.amount, moved.repeated, format!("{user} was given"))
        }
        What::Take(Movement { user, amount, reason, key: given }) => {
            let key = key(given).map_err(bad_key)?;
            let moved = actions
                .take_bytes(guild, &operator, *user, *amount, reason.as_deref(), &key)
                .await?;
            (moved.amount, moved.repeated, format!("{user} lost"))
        }
        What::Send { from, to, amount, reason, key: given } => {
            let key = key(given).map_err(bad_key)?;
            let reason = reason.as_deref();
            let at = actions.now();
            let moved =
                actions.send_bytes(guild, &operator, *from, *to, *amount, reason, at, &key).await?;
            (moved.amount, moved.repeated, format!("{from} sent {to}"))
        }
        What::Daily { user, key: given } => {
            let key = key(given).map_err(bad_key)?;
            let at = actions.now();
            let trigger = match actions.economy_terms(guild).await?.values.daily {
                domain::economy::DailyMode::Automatic => DailyTrigger::Message,
                _ => DailyTrigger::Request,
            };
            let daily = actions.award_daily(guild, &operator, *user, trigger, at, &key).await?;
            let tier = daily.tier.map_or(String::new(), |tier| format!(", {tier}"));
            let text = format!("{user}, day {} of a streak{tier}, earned", daily.streak_days);
            (daily.amount, daily.repeated, text)
        }
        _ => return Ok(()),
    };
    print.answer(&json!({ "amount": amount, "repeated": repeated }), || {
        let again = if repeated { " (done before; nothing was moved again)" } else { "" };
        format!("{text} {} {currency}{again}.", grouped(amount.0))
    });
    Ok(())
}

async fn read(node: &Node, guild: GuildId, user: UserId, print: Print) -> Result<(), CliError> {
    let balance = node.actions.balance(guild, user).await?;
    let shown = match node.people.find(guild, user).await? {
        Some(person) => balances::of(&node.store, guild, person).await.ok().flatten(),
        None => None,
    };
    let currency = node.actions.economy_terms(guild).await?.values.currency.clone();
    print.answer(&json!({ "balance": balance, "read_model": shown }), || {
        let more = shown.as_ref().map_or(String::new(), |shown| {
            format!(
                " (received {}, sent {}, earned {})",
                grouped(shown.received.0),
                grouped(shown.sent.0),
                grouped(shown.earned.0)
            )
        });
        format!("{user} has {} {currency}{more}.", grouped(balance.0))
    });
    Ok(())
}

async fn heap(
    node: &Node,
    store: &ReadStore,
    guild: GuildId,
    limit: u32,
    print: Print,
) -> Result<(), CliError> {
    let top = balances::top(store, guild, limit).await?;
    let supply = balances::supply(store, guild).await?;
    let mut rows = Vec::new();
    for (place, line) in (1..).zip(&top) {
        let name = name(node, guild, line.person).await?;
        rows.push(vec![format!("{place}"), name, grouped(line.balance.0)]);
    }
    print.answer(&json!({ "top": top, "supply": supply }), || {
        if rows.is_empty() {
            return "Nobody has anything yet.".to_owned();
        }
        let total = grouped(supply.0);
        format!("{}\n\nAll members together: {total}", table(&["#", "MEMBER", "BALANCE"], &rows))
    });
    Ok(())
}

async fn week(
    node: &Node,
    store: &ReadStore,
    guild: GuildId,
    day: UtcDay,
    limit: u32,
    print: Print,
) -> Result<(), CliError> {
    let top = weekly::top(store, guild, day, limit).await?;
    let mut rows = Vec::new();
    for (place, line) in (1..).zip(&top) {
        rows.push(vec![
            format!("{place}"),
            name(node, guild, line.person).await?,
            grouped(line.gained.0),
        ]);
    }
    let monday = day.week_start();
    print.answer(&json!({ "week": monday, "top": top }), || {
        if rows.is_empty() {
            return format!("Nobody gained anything in the week of {monday}.");
        }
        format!("Week of {monday}\n{}", table(&["#", "MEMBER", "GAINED"], &rows))
    });
    Ok(())
}

async fn history(
    node: &Node,
    store: &ReadStore,
    guild: GuildId,
    user: Option<UserId>,
    (before, limit): (Option<u64>, u32),
    print: Print,
) -> Result<(), CliError> {
    let person = match user {
        None => None,
        Some(user) => Some(node.people.find(guild, user).await?.ok_or_else(|| {
            CliError::Refused(format!(
                "User {user} was never seen in guild {guild}, or was erased."
            ))
        })?),
    };
    let page = transactions::page(store, guild, person, before, limit).await?;
    let mut lines = Vec::new();
    let mut objects: Vec<Value> = Vec::new();
    for transaction in &page {
        let side = async |person: Option<domain::PersonId>| match person {
            Some(person) => name(node, guild, person).await,
            None => Ok("community".to_owned()),
        };
        let giver = side(transaction.giver).await?;
        let receiver = side(transaction.receiver).await?;
        let reason = reason(node, guild, transaction).await?;
        objects.push(json!({
            "seq": transaction.seq.to_string(), "at": transaction.at, "kind": transaction.kind,
            "giver": giver, "receiver": receiver, "amount": transaction.amount, "reason": reason,
            "event": transaction.event,
        }));
        lines.push(vec![
            format!("{}", transaction.seq),
            transaction.at.to_string()[..19].to_owned(),
            transaction.kind.clone(),
            giver,
            receiver,
            grouped(transaction.amount.0),
            reason.unwrap_or_default(),
        ]);
    }
    print.answer(&json!({ "transactions": objects }), || {
        if lines.is_empty() {
            return "No transactions.".to_owned();
        }
        let text = table(&["#", "AT", "KIND", "FROM", "TO", "AMOUNT", "REASON"], &lines);
        match page.last() {
            Some(last) if page.len() == limit as usize => {
                format!("{text}\n\nMore with --before {}", last.seq)
            }
            _ => text,
        }
    });
    Ok(())
}

/// Who a person number is, for the operator's eyes.
pub(super) async fn name(
    node: &Node,
    guild: GuildId,
    person: domain::PersonId,
) -> Result<String, CliError> {
    let user = node.people.user(guild, person).await?;
    Ok(user.map_or_else(|| format!("{person} (erased)"), |user| user.to_string()))
}

async fn reason(
    node: &Node,
    guild: GuildId,
    transaction: &transactions::Transaction,
) -> Result<Option<String>, CliError> {
    if transaction.reason.is_none() {
        return Ok(None);
    }
    let Some(recorded) = node.log.find(transaction.event).await? else { return Ok(None) };
    let mut event: Event = decode(&recorded)?;
    node.people.open_event(guild, recorded.id, &mut event).await?;
    let reason = match event {
        Event::BytesGranted { reason, .. }
        | Event::BytesTaken { reason, .. }
        | Event::BytesTransferred { reason, .. } => reason,
        _ => None,
    };
    Ok(reason.map(|reason| match reason {
        Personal::Clear { value, .. } => value,
        Personal::Sealed(_) | Personal::Erased { .. } => "(erased)".to_owned(),
    }))
}

async fn settings(
    node: &Node,
    guild: GuildId,
    change: Option<&str>,
    print: Print,
) -> Result<(), CliError> {
    let mut in_force = (*node.actions.economy_terms(guild).await?).clone();
    if let Some(change) = change {
        let bad = |error: serde_json::Error| {
            CliError::Setup(format!("these settings cannot be used: {error}"))
        };
        let mut merged = serde_json::to_value(&in_force.values).map_err(bad)?;
        let change: serde_json::Map<String, Value> = serde_json::from_str(change).map_err(bad)?;
        if let Some(object) = merged.as_object_mut() {
            object.extend(change);
        }
        let to: EconomySettings = serde_json::from_value(merged).map_err(bad)?;
        let key = fresh_key("console").map_err(|error| CliError::Setup(error.to_string()))?;
        in_force =
            node.actions.change_economy_settings(guild, &Caller::operator(), to, &key).await?;
    }
    print.answer(&json!({ "version": in_force.version, "settings": in_force.values }), || {
        let pretty = serde_json::to_string_pretty(&in_force.values).unwrap_or_default();
        format!("Version {}\n{pretty}", in_force.version)
    });
    Ok(())
}
