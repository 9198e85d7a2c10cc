//! Punishments, and taking them back.
//!
//! Each leaves its effect's id in the reason that Discord's audit log keeps. Where nobody knows what
//! became of a call, that log is looked into first: an entry of ours says that it happened, also
//! when a moderator has undone it since. Where we may not read it, the member and the list of bans
//! say as much as they can.

use std::fmt::Write as _;

use domain::{GuildId, PersonId, Timestamp, UserId};
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use twilight_http::request::{Method, Request, RequestBuilder};

use super::{DiscordHands, PATIENCE, outcome};
use crate::{
    discord::{limits::Urgency, rest::Answer},
    processes::{
        Deed, Effect, Letter, Outcome, Seen,
        effect::{
            code::{NOBODY_BANNED, UNKNOWN_BAN, UNKNOWN_MEMBER},
            missed,
        },
    },
};

/// Entries of the audit log that are looked through: one page.
const LOOK_ENTRIES: usize = 100;

/// As Discord's audit log numbers what was done.
mod action {
    pub const KICK: u8 = 20;
    pub const BAN: u8 = 22;
    pub const UNBAN: u8 = 23;
    pub const MEMBER_UPDATE: u8 = 24;
}

/// What a look at one thing comes to.
enum Found {
    Yes(Value),
    No,
    /// We may not look.
    Hidden,
}

impl DiscordHands {
    pub(super) async fn timeout(
        &self,
        effect: &Effect,
        person: PersonId,
        until: Option<Timestamp>,
        why: &Letter,
    ) -> Outcome {
        let user = match self.user(effect.guild, person).await {
            Ok(user) => user,
            Err(outcome) => return outcome,
        };
        let body = json!({ "communication_disabled_until": until.map(|until| until.to_string()) });
        let path = format!("guilds/{}/members/{user}", effect.guild);
        self.punish(Method::Patch, path, Some(&body), &effect.reason_with(why)).await
    }

    pub(super) async fn kick(&self, effect: &Effect, person: PersonId, why: &Letter) -> Outcome {
        let user = match self.user(effect.guild, person).await {
            Ok(user) => user,
            Err(outcome) => return outcome,
        };
        let path = format!("guilds/{}/members/{user}", effect.guild);
        self.punish(Method::Delete, path, None, &effect.reason_with(why)).await
    }

    pub(super) async fn ban(
        &self,
        effect: &Effect,
        person: PersonId,
        delete_secs: u32,
        why: &Letter,
    ) -> Outcome {
        let user = match self.user(effect.guild, person).await {
            Ok(user) => user,
            Err(outcome) => return outcome,
        };
        let body = json!({ "delete_message_seconds": delete_secs });
        let path = format!("guilds/{}/bans/{user}", effect.guild);
        self.punish(Method::Put, path, Some(&body), &effect.reason_with(why)).await
    }

    pub(super) async fn unban(&self, effect: &Effect, person: PersonId, why: &Letter) -> Outcome {
        let user = match self.user(effect.guild, person).await {
            Ok(user) => user,
            Err(outcome) => return outcome,
        };
        let path = format!("guilds/{}/bans/{user}", effect.guild);
        self.punish(Method::Delete, path, None, &effect.reason_with(why)).await
    }

    /// Whatever happens to the second call, the first one was made: so its outcome is unknown, and
    /// doing both again ends as it should.
    pub(super) async fn softban(
        &self,
        effect: &Effect,
        person: PersonId,
        delete_secs: u32,
        why: &Letter,
    ) -> Outcome {
        match self.ban(effect, person, delete_secs, why).await {
            Outcome::Done(_) => {}
            other => return other,
        }
        match self.unban(effect, person, why).await {
            Outcome::Refused { code: UNKNOWN_BAN, .. } => Outcome::Done(None),
            Outcome::Unavailable(text) => Outcome::Unknown(format!("banned, not unbanned: {text}")),
            Outcome::RateLimited { .. } => {
                Outcome::Unknown("banned; there was no room to unban".to_owned())
            }
            other => other,
        }
    }

    /// Those whom it does not reach are named by their numbers; whoever was erased is one of them.
    pub(super) async fn bulk_ban(
        &self,
        effect: &Effect,
        people: &[PersonId],
        delete_secs: u32,
        why: &Letter,
    ) -> Outcome {
        let mut users: Vec<(PersonId, Option<UserId>)> = Vec::with_capacity(people.len());
        for person in people {
            match self.people.user(effect.guild, *person).await {
                Ok(user) => users.push((*person, user)),
                Err(error) => return Outcome::Unavailable(error.to_string()),
            }
        }
        let ids: Vec<UserId> = users.iter().filter_map(|(_, user)| *user).collect();
        if ids.is_empty() {
            return Outcome::Done(Some(missed(people)));
        }
        let body = json!({ "user_ids": ids, "delete_message_seconds": delete_secs });
        let path = format!("guilds/{}/bulk-ban", effect.guild);
        let request = with_reason(Method::Post, path, Some(&body), &effect.reason_with(why));
        match self.rest.call(request, Urgency::Bulk, PATIENCE).await {
            Answer::Done(body) => {
                let said: Value = serde_json::from_slice(&body).unwrap_or_default();
                let Some(banned) = said["banned_users"].as_array() else {
                    return Outcome::Unknown("the answer does not say who was banned".to_owned());
                };
                let was = |user: &UserId| banned.contains(&json!(user));
                let left = users.iter().filter(|(_, user)| !user.as_ref().is_some_and(was));
                let left: Vec<PersonId> = left.map(|(person, _)| *person).collect();
                Outcome::Done(Some(missed(&left)))
            }
            Answer::Refused { code: NOBODY_BANNED, .. } => Outcome::Done(Some(missed(people))),
            answer => outcome(answer, |_| None),
        }
    }

    async fn punish(
        &self,
        method: Method,
        path: String,
        body: Option<&Value>,
        reason: &str,
    ) -> Outcome {
        let request = with_reason(method, path, body, reason);
        outcome(self.rest.call(request, Urgency::Bulk, PATIENCE).await, |_| None)
    }

    /// Whether a punishment happened, or its end.
    pub(super) async fn look_for_punishment(&self, effect: &Effect) -> Result<bool, Seen> {
        match &effect.deed {
            Deed::Timeout { person, until, .. } => {
                let user = self.user_to_look_at(effect, *person).await?;
                if let Some(ours) = self.in_audit_log(effect, action::MEMBER_UPDATE, user).await? {
                    return Ok(ours);
                }
                let member = self.find(format!("guilds/{}/members/{user}", effect.guild)).await?;
                Ok(silenced_until(&member).is_some_and(|set| set.secs_since(*until).abs() <= 1))
            }
            Deed::EndTimeout { person, .. } => {
                let user = self.user_to_look_at(effect, *person).await?;
                if let Some(ours) = self.in_audit_log(effect, action::MEMBER_UPDATE, user).await? {
                    return Ok(ours);
                }
                let member = self.find(format!("guilds/{}/members/{user}", effect.guild)).await?;
                Ok(matches!(member, Found::Yes(_)) && silenced_until(&member).is_none())
            }
            Deed::Kick { person, .. } => {
                let user = self.user_to_look_at(effect, *person).await?;
                if let Some(ours) = self.in_audit_log(effect, action::KICK, user).await? {
                    return Ok(ours);
                }
                self.is_gone_since(effect, user).await
            }
            Deed::Ban { person, .. } => {
                let user = self.user_to_look_at(effect, *person).await?;
                if let Some(true) = self.in_audit_log(effect, action::BAN, user).await? {
                    return Ok(true);
                }
                // Somebody else's ban serves as well.
                Ok(self.is_banned(effect.guild, user).await? == Some(true))
            }
            Deed::Unban { person, .. } => {
                let user = self.user_to_look_at(effect, *person).await?;
                if let Some(true) = self.in_audit_log(effect, action::UNBAN, user).await? {
                    return Ok(true);
                }
                Ok(self.is_banned(effect.guild, user).await? == Some(false))
            }
            Deed::Softban { person, .. } => {
                let user = self.user_to_look_at(effect, *person).await?;
                let banned = self.in_audit_log(effect, action::BAN, user).await?;
                match (self.is_banned(effect.guild, user).await?, banned) {
                    // Both calls again: the first changes nothing.
                    (Some(true) | None, _) => Ok(false),
                    (Some(false), Some(banned)) => Ok(banned),
                    // Whoever is not here can be banned and unbanned once more.
                    (Some(false), None) => self.came_since(effect, user).await,
                }
            }
            _ => Ok(false),
        }
    }

    /// Whoever was erased is not looked at: the call will say so.
    async fn user_to_look_at(&self, effect: &Effect, person: PersonId) -> Result<UserId, Seen> {
        match self.user(effect.guild, person).await {
            Ok(user) => Ok(user),
            Err(Outcome::Unavailable(text)) => Err(Seen::Unavailable(text)),
            Err(_) => Err(Seen::NotThere),
        }
    }

    /// Whether an entry of ours is there; none where we may not read the log.
    async fn in_audit_log(
        &self,
        effect: &Effect,
        action: u8,
        user: UserId,
    ) -> Result<Option<bool>, Seen> {
        let path = format!(
            "guilds/{}/audit-logs?action_type={action}&target_id={user}&limit={LOOK_ENTRIES}",
            effect.guild
        );
        let Found::Yes(log) = self.find(path).await? else { return Ok(None) };
        let id = effect.id.to_string();
        let is_ours = |entry: &Value| {
            entry["target_id"] == json!(user)
                && entry["reason"].as_str().is_some_and(|reason| reason.contains(&id))
        };
        Ok(log["audit_log_entries"].as_array().map(|entries| entries.iter().any(is_ours)))
    }

    /// None where we may not see it.
    async fn is_banned(&self, guild: GuildId, user: UserId) -> Result<Option<bool>, Seen> {
        Ok(match self.find(format!("guilds/{guild}/bans/{user}")).await? {
            Found::Yes(_) => Some(true),
            Found::No => Some(false),
            Found::Hidden => None,
        })
    }

    /// Whether the member is not here, or came back after the first call.
    async fn is_gone_since(&self, effect: &Effect, user: UserId) -> Result<bool, Seen> {
        match self.find(format!("guilds/{}/members/{user}", effect.guild)).await? {
            Found::Yes(member) => Ok(joined_after(&member, effect)),
            Found::No => Ok(true),
            Found::Hidden => Ok(false),
        }
    }

    async fn came_since(&self, effect: &Effect, user: UserId) -> Result<bool, Seen> {
        match self.find(format!("guilds/{}/members/{user}", effect.guild)).await? {
            Found::Yes(member) => Ok(joined_after(&member, effect)),
            Found::No | Found::Hidden => Ok(false),
        }
    }

    async fn find(&self, path: String) -> Result<Found, Seen> {
        let request = super::raw(Method::Get, path);
        match self.rest.call(request, Urgency::Bulk, PATIENCE).await {
            Answer::Done(body) => serde_json::from_slice(&body)
                .map(Found::Yes)
                .map_err(|_| Seen::Unavailable("the answer cannot be read".to_owned())),
            Answer::Refused { code: UNKNOWN_BAN | UNKNOWN_MEMBER, .. }
            | Answer::Refused { status: 404, .. } => Ok(Found::No),
            Answer::Refused { .. } => Ok(Found::Hidden),
            Answer::RateLimited { after, .. } => Err(Seen::RateLimited(after)),
            Answer::Unknown(text) | Answer::Unavailable(text) => Err(Seen::Unavailable(text)),
        }
    }
}

fn silenced_until(member: &Found) -> Option<Timestamp> {
    let Found::Yes(member) = member else { return None };
    moment(&member["communication_disabled_until"])
}

fn joined_after(member: &Value, effect: &Effect) -> bool {
    let first = effect.first_call_at.unwrap_or(effect.created_at);
    moment(&member["joined_at"]).is_some_and(|joined| joined > first)
}

/// Discord writes `+00:00` where we write `Z`.
pub(in crate::discord) fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.replace("+00:00", "Z").parse().ok()
}

fn with_reason(method: Method, path: String, body: Option<&Value>, reason: &str) -> Request {
    let builder = RequestBuilder::raw(method, path);
    let builder = match body {
        Some(body) => builder.body(serde_json::to_vec(body).unwrap_or_default()),
        None => builder,
    };
    let reason = HeaderValue::from_str(&encoded(reason)).expect("it is plain ASCII");
    let headers = std::iter::once((HeaderName::from_static("x-audit-log-reason"), reason));
    builder.headers(headers).build().expect("a raw request is built")
}

/// As in an address, so that a header can hold any letter.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_any_reason_then_it_is_a_header() {
        for text in ["spam & more", "Größe 🎉", "50% off\u{7f}", ""] {
            let text = encoded(text);
            assert!(HeaderValue::from_str(&text).is_ok() && text.is_ascii(), "{text}");
        }
        assert_eq!(encoded("a b(1)"), "a%20b(1)");
    }

    #[test]
    fn given_discords_moments_then_they_are_read() {
        let read = moment(&json!("2026-11-21T12:00:00.000000+00:00"));
        assert_eq!(read, Some("2026-11-21T12:00:00Z".parse().unwrap()));
        assert_eq!(moment(&Value::Null), None);
    }
}
