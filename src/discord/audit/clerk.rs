//! Who notes what was done by hand: entries as they come, and holes between them.
//!
//! A hole is written down before the session's place moves past it, so that no stop in between
//! forgets it. Entries go first, but none of a community whose hole is not filled yet: what is older
//! is noted before.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use actions::{Permissions, moderation::MODULE};
use domain::{AuditLogId, GuildId};
use eventlog::{LogError, sql::Db, values};
use serde::Deserialize;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior},
};

use super::{Entry, action};
use crate::discord::{connect::Http, edge::Edge, learn::ask, sessions::Working};

/// As many as Discord gives at once.
const PAGE: usize = 100;
/// Of one kind, in one hole. Older entries have no case, and that is said.
const MAX_PAGES: usize = 20;
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST_AGAIN: Duration = Duration::from_secs(30);
/// A hole that cannot be filled is tried again after this.
const HOLES_AGAIN: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
struct Log {
    audit_log_entries: Vec<Entry>,
}

#[derive(Debug)]
pub(super) struct Clerk {
    pub edge: Arc<Edge>,
    pub http: Http,
    pub work: Db,
    /// Communities with a hole.
    pub behind: BTreeSet<GuildId>,
}

/// Why an entry was not noted.
struct Problem {
    text: String,
    passes: bool,
}

impl Clerk {
    pub async fn work(
        mut self,
        mut entries: mpsc::Receiver<(GuildId, Entry, Working)>,
        mut holes: mpsc::UnboundedReceiver<(GuildId, Working)>,
    ) {
        self.remember().await;
        let mut failed = BTreeSet::new();
        let mut retry = tokio::time::interval_at(Instant::now() + HOLES_AGAIN, HOLES_AGAIN);
        retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                hole = holes.recv() => {
                    let Some((guild, working)) = hole else { return };
                    self.hole_until_done(guild).await;
                    self.behind.insert(guild);
                    drop(working);
                }
                entry = entries.recv() => {
                    let Some((guild, entry, working)) = entry else { return };
                    if self.behind.contains(&guild) && self.fill(guild).await {
                        self.behind.remove(&guild);
                    }
                    self.note_until_done(guild, &entry).await;
                    drop(working);
                }
                _ = retry.tick() => self.behind.append(&mut failed),
                () = std::future::ready(()), if !self.behind.is_empty() => {
                    if let Some(guild) = self.behind.pop_first()
                        && !self.fill(guild).await
                    {
                        failed.insert(guild);
                    }
                }
            }
        }
    }

    /// The holes of before a stop.
    async fn remember(&mut self) {
        let select = "SELECT guild FROM audit_marks WHERE behind = 1";
        match self.work.query(select, &[]).await {
            Ok(rows) => {
                let guilds = rows.iter().filter_map(|row| GuildId::from_i64(row.int(0).ok()?).ok());
                self.behind.extend(guilds);
            }
            Err(error) => {
                tracing::warn!(%error, "holes in audit logs are not known; the next start asks");
            }
        }
    }

    async fn fill(&self, guild: GuildId) -> bool {
        let filled = self.catch_up(guild).await;
        if let Err(problem) = &filled {
            tracing::warn!(
                guild.id = %guild, problem,
                "the audit log cannot be caught up with; it is tried again"
            );
        }
        filled.is_ok()
    }

    async fn note_until_done(&self, guild: GuildId, entry: &Entry) {
        let mut wait = AGAIN;
        while let Err(problem) = self.note(guild, entry).await {
            if !waited(guild, &problem, &mut wait).await {
                return;
            }
        }
    }

    async fn hole_until_done(&self, guild: GuildId) {
        let mut wait = AGAIN;
        while let Err(error) = self.hole(guild).await {
            if !waited(guild, &error.into(), &mut wait).await {
                return;
            }
        }
    }

    async fn note(&self, guild: GuildId, entry: &Entry) -> Result<(), Problem> {
        if let Some(by_hand) = entry.by_hand(self.edge.us) {
            let seen = self.edge.actions.observe_by_hand(guild, &by_hand).await?;
            if seen {
                metrics::counter!("reeve_discord_done_by_hand_total").increment(1);
            }
        }
        // Behind a hole the mark stays before it.
        let upsert = "INSERT INTO audit_marks (guild, entry, behind) VALUES ($1, $2, 0) \
                      ON CONFLICT (guild) DO UPDATE SET entry = excluded.entry \
                      WHERE audit_marks.behind = 0 AND excluded.entry > audit_marks.entry";
        self.work.execute(upsert, &values![guild, entry.id.get()]).await?;
        Ok(())
    }

    async fn hole(&self, guild: GuildId) -> Result<(), LogError> {
        let upsert = "INSERT INTO audit_marks (guild, entry, behind) VALUES ($1, 0, 1) \
                      ON CONFLICT (guild) DO UPDATE SET behind = 1";
        self.work.execute(upsert, &values![guild]).await.map(drop)
    }

    /// Everything up to this entry is noted.
    async fn filled(&self, guild: GuildId, up_to: AuditLogId) -> Result<(), String> {
        let update = "UPDATE audit_marks SET entry = $2, behind = 0 WHERE guild = $1";
        let done = self.work.execute(update, &values![guild, up_to.get()]).await;
        done.map(drop).map_err(|error| error.to_string())
    }

    /// Everything since the last entry that was noted.
    async fn catch_up(&self, guild: GuildId) -> Result<(), String> {
        let edge = &self.edge;
        let ours = edge.guilds.our_standing(guild, edge.us);
        let may_read = ours.is_none_or(|ours| ours.permissions.has(Permissions::VIEW_AUDIT_LOG));
        let is_on = edge.actions.module_is_on(guild, &MODULE).await;
        if !is_on.map_err(|error| error.to_string())? {
            // What happens while a community does without moderation is none of ours.
            let forget = "DELETE FROM audit_marks WHERE guild = $1";
            let forgotten = self.work.execute(forget, &values![guild]).await;
            return forgotten.map(drop).map_err(|error| error.to_string());
        }
        if !may_read {
            return Ok(());
        }
        let newest = self.page(guild, "", None, PAGE).await?;
        let newest_id =
            newest.first().map_or_else(|| first_id(&self.edge), |entry| Ok(entry.id))?;
        let Some(marked) = self.marked(guild).await.map_err(|error| error.to_string())? else {
            // What was before us is not ours.
            return self.filled(guild, newest_id).await;
        };
        let is_new = |entry: &Entry| entry.id > marked;
        let all = newest.len() < PAGE || !newest.iter().all(is_new);
        let mut missed: Vec<Entry> = newest.into_iter().filter(is_new).collect();
        if !all {
            // Much else was done meanwhile: only what concerns us is looked through.
            for action in [action::KICK, action::BAN, action::UNBAN, action::MEMBER_UPDATE] {
                missed.extend(self.all_of(guild, action, marked).await?);
            }
        }
        missed.retain(Entry::concerns_us);
        missed.sort_unstable_by_key(|entry| entry.id);
        missed.dedup_by_key(|entry| entry.id);
        for entry in &missed {
            self.note_until_done(guild, entry).await;
        }
        self.filled(guild, newest_id.max(marked)).await
    }

    /// Every newer entry of one kind.
    async fn all_of(
        &self,
        guild: GuildId,
        action: u16,
        marked: AuditLogId,
    ) -> Result<Vec<Entry>, String> {
        let (mut all, mut before) = (Vec::new(), None);
        let kind = format!("&action_type={action}");
        for _ in 0..MAX_PAGES {
            let entries = self.page(guild, &kind, before, PAGE).await?;
            before = entries.last().map(|entry| entry.id);
            let last = entries.len() < PAGE || before.is_none_or(|oldest| oldest <= marked);
            all.extend(entries.into_iter().filter(|entry| entry.id > marked));
            if last {
                return Ok(all);
            }
        }
        tracing::warn!(
            guild.id = %guild, audit.action = action, seen = MAX_PAGES * PAGE,
            "the audit log has grown by more than is looked at; older entries have no case"
        );
        Ok(all)
    }

    /// The newest first.
    async fn page(
        &self,
        guild: GuildId,
        kind: &str,
        before: Option<AuditLogId>,
        limit: usize,
    ) -> Result<Vec<Entry>, String> {
        let before = before.map(|id| format!("&before={id}")).unwrap_or_default();
        let path = format!("guilds/{guild}/audit-logs?limit={limit}{kind}{before}");
        Ok(ask::<Log>(&self.http, path).await?.audit_log_entries)
    }

    async fn marked(&self, guild: GuildId) -> Result<Option<AuditLogId>, LogError> {
        let select = "SELECT entry FROM audit_marks WHERE guild = $1";
        let rows = self.work.query(select, &values![guild]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(AuditLogId::from_i64(row.int(0)?).ok())
    }
}

/// The first id of now: in a community whose log is empty.
fn first_id(edge: &Edge) -> Result<AuditLogId, String> {
    AuditLogId::new(edge.actions.now().first_snowflake().max(1)).map_err(|error| error.to_string())
}

/// A trouble that passes is waited out; for another one somebody has to look.
async fn waited(guild: GuildId, problem: &Problem, wait: &mut Duration) -> bool {
    let error = &problem.text;
    if !problem.passes {
        let id = projections::error_id();
        tracing::error!(error.id = id, guild.id = %guild, error, "what was done by hand has no case");
        return false;
    }
    tracing::warn!(guild.id = %guild, error, "the audit log waits");
    tokio::time::sleep(*wait).await;
    *wait = (*wait * 2).min(LONGEST_AGAIN);
    true
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        Self { text: error.to_string(), passes: true }
    }
}

impl From<actions::ActionError> for Problem {
    fn from(error: actions::ActionError) -> Self {
        Self { text: error.to_string(), passes: error.is_fault() }
    }
}
