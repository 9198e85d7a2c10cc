//! What moderators do by hand: an entry of the community's audit log becomes a case.
//!
//! Entries come over the gateway as they are written, and are noted in their order, one after
//! another, before the session's place moves past them. Where there was a hole (a session that
//! could not be resumed, a time without this bot), the log is read again from the last entry that
//! was noted. Our own entries are left out: they have cases already. Whoever writes our mark into a
//! reason by hand is noted all the same.

use std::{sync::Arc, time::Duration};

use actions::{
    Permissions,
    moderation::{MODULE, upkeep::ByHand},
};
use domain::{AuditLogId, GuildId, UserId, moderation::Deed};
use eventlog::{LogError, sql::Db, values};
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::sync::mpsc;

use super::{
    connect::Http,
    edge::Edge,
    effects::moment,
    learn::ask,
    sessions::Working,
    wire::{Dispatch, made_at},
};

/// Entries that wait to be noted; beyond them the connection waits, and Discord with it.
const WAITING: usize = 1_000;
/// As many as Discord gives at once.
const PAGE: usize = 100;
/// A hole of more entries than this many pages is not filled, and said so.
const MAX_PAGES: usize = 20;
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST_AGAIN: Duration = Duration::from_secs(30);
/// What our effects leave in their reasons.
const OUR_MARK: &str = "(reeve ";

/// As Discord numbers what was done.
mod action {
    pub const KICK: u16 = 20;
    pub const BAN: u16 = 22;
    pub const UNBAN: u16 = 23;
    pub const MEMBER_UPDATE: u16 = 24;
}

#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    id: AuditLogId,
    #[serde(default)]
    guild_id: Option<GuildId>,
    action_type: u16,
    #[serde(default)]
    user_id: Option<UserId>,
    #[serde(default)]
    target_id: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Clone, Debug, Deserialize)]
struct Change {
    key: String,
    #[serde(default)]
    new_value: Json,
}

#[derive(Deserialize)]
struct Log {
    audit_log_entries: Vec<Entry>,
}

/// Notes what was done by hand, one after another; holes first, because they are older.
#[derive(Clone, Debug)]
pub struct AuditLog {
    entries: mpsc::Sender<(GuildId, Entry, Working)>,
    /// As many as there are communities.
    holes: mpsc::UnboundedSender<(GuildId, Working)>,
}

impl AuditLog {
    pub fn start(edge: &Arc<Edge>, http: &Http, work: Db) -> Self {
        let (entries, mut written) = mpsc::channel(WAITING);
        let (holes, mut missed) = mpsc::unbounded_channel();
        let clerk = Clerk { edge: Arc::clone(edge), http: Arc::clone(http), work };
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    Some((guild, working)) = missed.recv() => clerk.fill(guild, working).await,
                    Some((guild, entry, working)) = written.recv() => {
                        clerk.note_until_done(guild, &entry).await;
                        drop::<Working>(working);
                    }
                    else => return,
                }
            }
        });
        Self { entries, holes }
    }

    /// A frame of the gateway; false where it cannot be read.
    pub async fn hear(&self, json: &str, working: Working) -> bool {
        let Ok(Dispatch { d: entry }) = serde_json::from_str::<Dispatch<Entry>>(json) else {
            return false;
        };
        let Some(guild) = entry.guild_id else { return false };
        if entry.concerns_us() {
            let _ = self.entries.send((guild, entry, working)).await;
        }
        true
    }

    /// After a hole: everything since the last entry that was noted.
    pub fn catch_up(&self, guild: GuildId, working: Working) {
        let _ = self.holes.send((guild, working));
    }
}

#[derive(Debug)]
struct Clerk {
    edge: Arc<Edge>,
    http: Http,
    work: Db,
}

impl Clerk {
    async fn fill(&self, guild: GuildId, working: Working) {
        if let Err(problem) = self.catch_up(guild).await {
            tracing::warn!(
                guild.id = %guild, problem,
                "the audit log cannot be caught up with; the next connection tries again"
            );
        }
        drop(working);
    }

    async fn note_until_done(&self, guild: GuildId, entry: &Entry) {
        let mut wait = AGAIN;
        while let Err(problem) = self.note(guild, entry).await {
            if !problem.passes {
                let id = projections::error_id();
                let what = entry.id.get();
                tracing::error!(
                    error.id = id, guild.id = %guild, audit.id = what, error = problem.text,
                    "what was done by hand has no case"
                );
                return;
            }
            tracing::warn!(guild.id = %guild, error = problem.text, "the audit log waits");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_AGAIN);
        }
    }

    async fn note(&self, guild: GuildId, entry: &Entry) -> Result<(), Problem> {
        if let Some(by_hand) = entry.by_hand(self.edge.us) {
            let seen = self.edge.actions.observe_by_hand(guild, &by_hand).await?;
            if seen {
                metrics::counter!("reeve_discord_done_by_hand_total").increment(1);
            }
        }
        Ok(self.mark(guild, entry.id).await?)
    }

    async fn catch_up(&self, guild: GuildId) -> Result<(), String> {
        let edge = &self.edge;
        let ours = edge.guilds.our_standing(guild, edge.us);
        let may_read = ours.is_none_or(|ours| ours.permissions.has(Permissions::VIEW_AUDIT_LOG));
        let is_on = edge.actions.module_is_on(guild, &MODULE).await;
        if !may_read || !is_on.map_err(|error| error.to_string())? {
            return Ok(());
        }
        let Some(marked) = self.marked(guild).await.map_err(|error| error.to_string())? else {
            // What was before us is not ours.
            let newest = self.page(guild, "", None, 1).await?;
            let first =
                newest.first().map_or_else(|| first_id(&self.edge), |entry| Ok(entry.id))?;
            return self.mark(guild, first).await.map_err(|error| error.to_string());
        };
        let is_new = |entry: &Entry| entry.id > marked;
        let newest = self.page(guild, "", None, PAGE).await?;
        let all = newest.len() < PAGE || !newest.iter().all(is_new);
        let mut missed: Vec<Entry> = newest.into_iter().filter(is_new).collect();
        if !all {
            // Much else was done meanwhile: only what concerns us is looked through.
            for action in [action::KICK, action::BAN, action::UNBAN, action::MEMBER_UPDATE] {
                missed.extend(self.all_of(guild, action, marked).await?);
            }
        }
        missed.sort_unstable_by_key(|entry| entry.id);
        missed.dedup_by_key(|entry| entry.id);
        for entry in &missed {
            if entry.concerns_us() {
                self.note_until_done(guild, entry).await;
            }
        }
        match missed.last() {
            Some(last) => self.mark(guild, last.id).await.map_err(|error| error.to_string()),
            None => Ok(()),
        }
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

    async fn mark(&self, guild: GuildId, entry: AuditLogId) -> Result<(), LogError> {
        let upsert = "INSERT INTO audit_marks (guild, entry) VALUES ($1, $2) \
                      ON CONFLICT (guild) DO UPDATE SET entry = excluded.entry \
                      WHERE excluded.entry > audit_marks.entry";
        self.work.execute(upsert, &values![guild, entry.get()]).await.map(drop)
    }
}

/// The first id of now: in a community whose log is empty.
fn first_id(edge: &Edge) -> Result<AuditLogId, String> {
    let millis = u64::try_from(edge.actions.now().as_micros() / 1_000).unwrap_or(0);
    let id = millis.saturating_sub(domain::DISCORD_EPOCH_MILLIS) << 22;
    AuditLogId::new(id.max(1)).map_err(|error| error.to_string())
}

/// Why an entry was not noted.
struct Problem {
    text: String,
    passes: bool,
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

impl Entry {
    fn concerns_us(&self) -> bool {
        self.deed().is_some()
    }

    fn deed(&self) -> Option<Deed> {
        Some(match self.action_type {
            action::KICK => Deed::Kick,
            action::BAN => Deed::Ban,
            action::UNBAN => Deed::Unban,
            action::MEMBER_UPDATE => match moment(&self.silence()?.new_value) {
                Some(_) => Deed::Timeout,
                None => Deed::EndTimeout,
            },
            _ => return None,
        })
    }

    /// What was changed about a timeout, where something was.
    fn silence(&self) -> Option<&Change> {
        self.changes.iter().find(|change| change.key == "communication_disabled_until")
    }

    fn by_hand(&self, us: UserId) -> Option<ByHand> {
        let marked = || self.reason.as_deref().is_some_and(|reason| reason.contains(OUR_MARK));
        // Of a bulk ban Discord does not say who made it.
        if self.user_id == Some(us) || (self.user_id.is_none() && marked()) {
            return None;
        }
        Some(ByHand {
            entry: self.id,
            deed: self.deed()?,
            whom: self.target_id.as_deref()?.parse().ok()?,
            who: self.user_id,
            reason: self.reason.clone(),
            until: self.silence().and_then(|change| moment(&change.new_value)),
            at: made_at(self.id.get()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(more: &Json) -> Entry {
        let mut entry = json!({
            "id": "77", "guild_id": "10", "action_type": 22, "user_id": "5", "target_id": "6",
        });
        for (field, value) in more.as_object().unwrap() {
            entry[field] = value.clone();
        }
        serde_json::from_value(entry).unwrap()
    }

    fn us() -> UserId {
        UserId::new(99).unwrap()
    }

    #[test]
    fn given_entries_then_only_what_others_did_by_hand_is_noted() {
        let deed = |more: Json| entry(&more).by_hand(us()).map(|by_hand| by_hand.deed);
        assert_eq!(deed(json!({})), Some(Deed::Ban));
        assert_eq!(deed(json!({ "action_type": 20 })), Some(Deed::Kick));
        assert_eq!(deed(json!({ "action_type": 23 })), Some(Deed::Unban));
        assert_eq!(deed(json!({ "action_type": 72 })), None);
        let ours = "spam (reeve moderation 0a)";
        assert_eq!(deed(json!({ "user_id": "99" })), None, "our own");
        assert_eq!(deed(json!({ "user_id": null, "reason": ours })), None, "our bulk ban");
        assert_eq!(deed(json!({ "reason": ours })), Some(Deed::Ban), "somebody plays us");
        assert_eq!(deed(json!({ "user_id": null })), Some(Deed::Ban), "nobody says who");
    }

    #[test]
    fn given_changes_of_a_member_then_timeouts_are_told_from_the_others() {
        let with = |changes: Json| entry(&json!({ "action_type": 24, "changes": changes }));
        let key = "communication_disabled_until";
        let until = "2026-11-21T12:00:00+00:00";
        let set = with(json!([{ "key": "nick", "new_value": "x" },
                              { "key": key, "new_value": until }]));
        let set = set.by_hand(us()).unwrap();
        assert_eq!((set.deed, set.until), (Deed::Timeout, moment(&json!(until))));
        let ended = with(json!([{ "key": key, "old_value": until }])).by_hand(us()).unwrap();
        assert_eq!((ended.deed, ended.until), (Deed::EndTimeout, None));
        assert!(with(json!([{ "key": "nick", "old_value": "x" }])).by_hand(us()).is_none());
    }
}
