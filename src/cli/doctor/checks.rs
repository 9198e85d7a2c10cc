//! The checks.

use std::{collections::HashMap, path::Path};

use domain::GuildId;
use eventlog::{
    LogError, Position, Slice, is_known,
    proof::{Checked, ProofError},
};
use projections::Status;

use super::{super::print::Print, Finding};
use crate::{
    config::{Config, Environment, Store},
    node::Node,
};

/// The first SQLite without the WAL-reset corruption.
const SQLITE_AT_LEAST: i32 = 3_051_003;
/// Of the log, when it is not checked in full.
const RECENT: u64 = 10_000;
const PAGE: usize = 5_000;
const WARN_BELOW_MIB: u64 = 2_048;
const PROBLEM_BELOW_MIB: u64 = 200;
/// What PostgreSQL must not have switched off, and what it costs when it is.
const DURABLE_SETTINGS: [(&str, &str); 3] = [
    ("fsync", "a crash of the machine can destroy the database"),
    ("synchronous_commit", "a crash loses acknowledged events"),
    ("full_page_writes", "a power cut can tear pages"),
];
/// A read model this far behind is worth a warning.
const LATE_SECS: i64 = 30;

pub(super) fn before_opening(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let version = rusqlite::version();
    if rusqlite::version_number() < SQLITE_AT_LEAST {
        let text =
            format!("SQLite {version} can corrupt its write-ahead log; build with 3.51.3 or newer");
        findings.push(Finding::problem("sqlite", text));
    } else if config.store == Store::Sqlite {
        findings.push(Finding::ok("sqlite", format!("SQLite {version}")));
    }
    if config.environment == Environment::Development {
        let text =
            "environment is development; set REEVE_ENVIRONMENT=production for real communities";
        findings.push(Finding::warning("environment", text));
    } else {
        findings.push(Finding::ok("environment", "production"));
    }
    findings
}

/// Room for the log to grow, and for PostgreSQL that a commit means what it says.
async fn storage(node: &Node) -> Vec<Finding> {
    match node.config.store {
        Store::Sqlite => vec![disk_space(&node.config.data_dir)],
        Store::Postgres | Store::Eventstoredb => {
            let mut findings = Vec::new();
            for (setting, risk) in DURABLE_SETTINGS {
                findings.push(match node.store.query(&format!("SHOW {setting}"), &[]).await {
                    Err(error) => Finding::problem("durability", error.to_string()),
                    Ok(rows) => match rows.first().map(|row| row.text(0).unwrap_or_default()) {
                        Some("off") => Finding::problem(
                            "durability",
                            format!("PostgreSQL runs with {setting}=off: {risk}; switch it on"),
                        ),
                        Some(value) => Finding::ok("durability", format!("{setting}={value}")),
                        None => Finding::problem("durability", format!("{setting} is not known")),
                    },
                });
            }
            findings
        }
    }
}

fn disk_space(directory: &Path) -> Finding {
    let Ok(disk) = rustix::fs::statvfs(directory) else {
        return Finding::warning("disk", "its free space cannot be read");
    };
    let free_mib = disk.f_bavail * disk.f_frsize / (1024 * 1024);
    let text = format!("{free_mib} MiB free for {}", directory.display());
    if free_mib < PROBLEM_BELOW_MIB {
        Finding::problem(
            "disk",
            format!("only {text}; the log stops taking events when it is full"),
        )
    } else if free_mib < WARN_BELOW_MIB {
        Finding::warning("disk", format!("only {text}"))
    } else {
        Finding::ok("disk", text)
    }
}

pub(super) async fn log_answers(node: &Node) -> Finding {
    match node.log.head().await {
        Ok(head) => Finding::ok("log", format!("{} with {} events", node.log.backend(), head.0)),
        Err(error) => Finding::problem("log", error.to_string()),
    }
}

pub(super) async fn all(node: &Node, full: bool, print: Print) -> Vec<Finding> {
    let mut findings = vec![log_answers(node).await];
    if let Err(error) = eventlog::moving::refuse_when_closed(&*node.log).await {
        findings.push(Finding::problem("log", error.to_string()));
    }
    findings.push(log_is_sound(node, full, print).await);
    // In a cluster it is the server's user that must not be able to, see `cluster`.
    if node.config.store != Store::Eventstoredb {
        findings.push(immutable(node).await);
    }
    findings.extend(storage(node).await);
    findings.push(people(node).await);
    findings.extend(read_models(node).await);
    findings.extend(proofs(node, full, print).await);
    findings
}

/// Hashes, positions and guild sequences of the last events, or of all.
async fn log_is_sound(node: &Node, full: bool, print: Print) -> Finding {
    match check_log(node, full, print).await {
        Ok((checked, 0)) => {
            let which = if full { "all" } else { "the last" };
            Finding::ok("history", format!("{which} {checked} events are whole and in order"))
        }
        Ok((checked, unknown)) => Finding::warning(
            "history",
            format!(
                "{checked} events are whole, but {unknown} are of types that this version does \
                 not know; install the version that wrote them"
            ),
        ),
        Err(error) => Finding::problem("history", error.to_string()),
    }
}

async fn check_log(node: &Node, full: bool, print: Print) -> Result<(u64, u64), LogError> {
    let head = node.log.head().await?;
    let mut at = if full { Position::START } else { Position(head.0.saturating_sub(RECENT)) };
    let mut sequences: HashMap<GuildId, u64> = HashMap::new();
    let (mut checked, mut unknown) = (0, 0);
    while at < head {
        let page = node.log.read_all(at, PAGE, Slice::ALL).await?;
        let mut expected = at.0;
        for event in &page.events {
            expected += 1;
            if event.position.0 != expected {
                return Err(LogError::Corrupt(format!("place {expected} of the log is missing")));
            }
            event.verify()?;
            let next = sequences.get(&event.guild()).map_or(event.guild_seq, |last| last + 1);
            if event.guild_seq != next {
                let guild = event.guild();
                return Err(LogError::Corrupt(format!("guild {guild}: event {next} is missing")));
            }
            sequences.insert(event.guild(), event.guild_seq);
            checked += 1;
            unknown += u64::from(!is_known(&event.type_name, event.type_version));
        }
        at = page.up_to;
        if full && checked % 100_000 == 0 && checked > 0 {
            print.note(&format!("  {checked} of {} events checked", head.0));
        }
    }
    Ok((checked, unknown))
}

/// The database itself refuses to change or delete events.
async fn immutable(node: &Node) -> Finding {
    let result = match node.config.store {
        Store::Sqlite => sqlite_triggers(node),
        Store::Postgres | Store::Eventstoredb => {
            let sql = "SELECT COUNT(*) FROM pg_trigger WHERE tgrelid = 'events'::regclass \
                       AND NOT tgisinternal AND tgenabled <> 'D'";
            node.store.query(sql, &[]).await.and_then(|rows| {
                rows.first().map_or(Ok(0), |row| row.count(0)).map(|count| (count, 2))
            })
        }
    };
    match result {
        Ok((found, wanted)) if found >= wanted => {
            Finding::ok("immutability", "the database refuses to change or delete events")
        }
        Ok(_) => Finding::problem(
            "immutability",
            "the rules that keep events from being changed are gone from the database; somebody \
             removed them. Find out who, run `reeve doctor --full`, and restore them from \
             migrations/",
        ),
        Err(error) => Finding::problem("immutability", error.to_string()),
    }
}

fn sqlite_triggers(node: &Node) -> Result<(u64, u64), LogError> {
    let path = eventlog::sqlite::log_path(&node.config.data_dir);
    let count = || {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = rusqlite::Connection::open_with_flags(&path, flags)?;
        let sql =
            "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'";
        connection.query_row(sql, [], |row| row.get::<_, i64>(0))
    };
    count()
        .map(|found| (found.unsigned_abs(), 3))
        .map_err(|error| LogError::Unavailable(error.to_string()))
}

/// Whether everything is sealed, and nothing contradicts it.
async fn proofs(node: &Node, full: bool, print: Print) -> Vec<Finding> {
    if full && let Err(error) = check_proofs(node, print).await {
        return vec![Finding::problem("proofs", error.to_string())];
    }
    let status = match node.proofs.status(&*node.log).await {
        Ok(status) => status,
        Err(error) => return vec![Finding::problem("proofs", error.to_string())],
    };
    let mut findings: Vec<_> = status
        .alarms
        .iter()
        .map(|alarm| {
            Finding::problem(
                "proofs",
                format!(
                    "the log of guild {} contradicts what was signed of it: {}. Nothing more is \
                     signed for it. Keep the checkpoints as evidence, find out who changed the log, \
                     and restore it from a backup",
                    alarm.guild, alarm.text
                ),
            )
        })
        .collect();
    if status.lag_secs > LATE_SECS {
        findings.push(Finding::warning(
            "proofs",
            format!(
                "{} events are not sealed, the first for {} s; is a worker running?",
                status.lag_events, status.lag_secs
            ),
        ));
    }
    if findings.is_empty() {
        let checkpoints = status.checkpoints;
        findings.push(Finding::ok("proofs", format!("up to date, {checkpoints} checkpoints")));
    }
    findings
}

/// Every guild's whole log against every checkpoint.
async fn check_proofs(node: &Node, print: Print) -> Result<(), ProofError> {
    let mut after = i64::MIN;
    loop {
        let guilds = node.proofs.guilds_after(after, 100).await?;
        let Some(last) = guilds.last() else { return Ok(()) };
        after = last.as_i64();
        for guild in guilds {
            let checked = eventlog::proof::check(&node.proofs, &*node.log, guild).await?;
            let Checked { events, checkpoints, .. } = checked;
            print.note(&format!("  guild {guild}: {events} events, {checkpoints} checkpoints"));
        }
    }
}

async fn people(node: &Node) -> Finding {
    let erasures = node.people.erasures().all();
    match (node.people.count().await, erasures) {
        (Ok(count), Ok(erasures)) => Finding::ok(
            "people",
            format!("{count} people, {} erased; the master key is the right one", erasures.len()),
        ),
        (Err(error), _) | (_, Err(error)) => Finding::problem("people", error.to_string()),
    }
}

async fn read_models(node: &Node) -> Vec<Finding> {
    let status = Status::new(node.store.clone());
    let mut findings = Vec::new();
    match status.builds(&*node.log, (node.clock)()).await {
        Err(error) => findings.push(Finding::problem("read models", error.to_string())),
        Ok(builds) if builds.is_empty() => {
            findings.push(Finding::warning("read models", "none yet; `reeve serve` begins them"));
        }
        Ok(builds) => {
            let mut late = 0;
            for build in builds {
                if let Some(reason) = &build.paused {
                    let text = format!("{} waits: {reason}", build.name);
                    findings.push(Finding::problem("read models", text));
                } else if build.lag_secs > LATE_SECS {
                    late += 1;
                    findings.push(Finding::warning(
                        "read models",
                        format!(
                            "{} is {} events ({} s) behind; is a worker running?",
                            build.name, build.lag_events, build.lag_secs
                        ),
                    ));
                }
            }
            if late == 0 && findings.is_empty() {
                findings.push(Finding::ok("read models", "up to date"));
            }
        }
    }
    match status.dead_letters().await {
        Err(error) => findings.push(Finding::problem("dead letters", error.to_string())),
        Ok(letters) if letters.is_empty() => {
            findings.push(Finding::ok("dead letters", "none"));
        }
        Ok(letters) => findings.extend(letters.iter().map(|letter| {
            Finding::problem(
                "dead letters",
                format!(
                    "{}: guild {} waits at #{} ({}): {}. Mend the cause, then `reeve projections \
                     retry {} --guild {}`",
                    letter.projection,
                    letter.guild,
                    letter.guild_seq,
                    letter.error_id,
                    letter.error,
                    letter.projection,
                    letter.guild
                ),
            )
        })),
    }
    findings
}
