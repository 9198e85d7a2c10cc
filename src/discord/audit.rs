//! What moderators do by hand: an entry of the community's audit log becomes a case.
//!
//! Entries come over the gateway as they are written, and are noted in their order, one after
//! another, before the session's place moves past them. Where there was a hole (a session that
//! could not be resumed, a time without this bot), the log is read again from the last entry that
//! was noted. Our own entries are left out: they have cases already. Whoever writes our mark into a
//! reason by hand is noted all the same.

mod clerk;

use std::{collections::BTreeSet, sync::Arc};

use actions::moderation::upkeep::ByHand;
use domain::{AuditLogId, GuildId, Timestamp, UserId, moderation::Deed};
use eventlog::sql::Db;
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::sync::mpsc;

use self::clerk::Clerk;
use super::{connect::Http, edge::Edge, effects::moment, sessions::Working, wire::Dispatch};

/// Entries that wait to be noted; beyond them the connection waits, and Discord with it.
const WAITING: usize = 1_000;
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

/// What there is to be noted.
#[derive(Clone, Debug)]
pub struct AuditLog {
    entries: mpsc::Sender<(GuildId, Entry, Working)>,
    /// As many as there are communities.
    holes: mpsc::UnboundedSender<(GuildId, Working)>,
}

impl AuditLog {
    /// Ends when nobody tells it anything any more.
    pub fn start(edge: &Arc<Edge>, http: &Http, work: Db) -> Self {
        let (entries, written) = mpsc::channel(WAITING);
        let (holes, missed) = mpsc::unbounded_channel();
        let (edge, http) = (Arc::clone(edge), Arc::clone(http));
        let clerk = Clerk { edge, http, work, behind: BTreeSet::new() };
        tokio::spawn(clerk.work(written, missed));
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
            at: Timestamp::of_snowflake(self.id.get()),
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
