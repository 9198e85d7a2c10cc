//! Request Guild Members: lists of members in chunks.

use serde_json::{Value, json};

use super::{identify::bytes, intents, payload::RequestMembers, session::Session};
use crate::{limits, shared::Shared, snowflake::Id};

/// Answers with chunks, as events of the session. Who asks for everybody needs the intent for
/// members, and may do so once in 30 seconds for a guild.
pub(super) fn request_members(shared: &Shared, session: &Session, request: RequestMembers) {
    let nonce = request.nonce.filter(|nonce| nonce.len() <= 32);
    let by_id = request.user_ids.map(super::payload::OneOrMore::into_list);
    let query = request.query;
    let limit = request.limit.unwrap_or(0);
    for guild in request.guild_id.into_list() {
        let everybody = by_id.is_none() && query.as_deref() == Some("") && limit == 0;
        if everybody {
            if session.intents & intents::GUILD_MEMBERS == 0 {
                // Discord stays silent too; the log says why.
                tracing::warn!("all members were asked for without the intent for members");
                continue;
            }
            if let Some(wait) = shared.hub.wait_for_members(&session.id, guild) {
                let wire = json!({
                    "opcode": 8,
                    "retry_after": wait.as_secs_f64(),
                    "meta": { "guild_id": guild, "nonce": nonce },
                });
                session.push("RATE_LIMITED", bytes(&wire));
                continue;
            }
        }
        let world = shared.world.lock();
        let Some(found) = world.guilds.get(&guild) else { continue };
        if !found.apps.contains(&session.application) {
            continue;
        }
        let mut not_found: Vec<Id> = Vec::new();
        let members: Vec<Id> = match (&by_id, query.as_deref()) {
            (Some(ids), _) => {
                let ids = ids.iter().copied().take(limits::MEMBERS_BY_ID);
                let (known, unknown) = ids.partition(|id| found.members.contains_key(id));
                not_found = unknown;
                known
            }
            (None, Some("")) if limit == 0 => found.members.keys().copied().collect(),
            (None, Some(query)) => {
                let limit = usize::try_from(limit.clamp(1, 100)).unwrap_or(100);
                world.search_members(guild, query, limit).unwrap_or_default()
            }
            (None, None) => continue,
        };
        let presences = request.presences && session.intents & intents::GUILD_PRESENCES != 0;
        let count = members.len().div_ceil(limits::MEMBERS_IN_CHUNK).max(1);
        for index in 0..count {
            let some = members.chunks(limits::MEMBERS_IN_CHUNK).nth(index).unwrap_or_default();
            let wire: Vec<_> = some.iter().map(|user| world.member_json(found, *user)).collect();
            let mut chunk = json!({
                "guild_id": guild,
                "members": wire,
                "chunk_index": index,
                "chunk_count": count,
                "not_found": if index == 0 { &not_found[..] } else { &[] },
            });
            if presences {
                let shown = some.iter().map(|user| world.presence_json(*user, None));
                chunk["presences"] = shown.collect::<Value>();
            }
            if let Some(nonce) = &nonce {
                chunk["nonce"] = json!(nonce);
            }
            session.push("GUILD_MEMBERS_CHUNK", bytes(&chunk));
        }
    }
}
