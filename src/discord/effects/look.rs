//! Whether something that was asked for, with an answer that nobody heard, has happened: the world
//! itself is read.

use domain::{ChannelId, GuildId, PersonId, RoleId};
use serde_json::{Value, json};

use super::{DiscordHands, id_of};
use crate::processes::{Content, Effect, Letter, Seen};

/// Our clock and Discord's may differ by as much.
const SKEW_SECS: i64 = 300;
/// Messages that are looked through for one.
const LOOK_PAGES: usize = 10;
const PAGE: usize = 100;

impl DiscordHands {
    pub(super) async fn look_for_role(
        &self,
        guild: GuildId,
        person: PersonId,
        role: RoleId,
    ) -> Result<bool, Seen> {
        let user = self.user(guild, person).await.map_err(|_| Seen::NotThere)?;
        let body = self.get(format!("guilds/{guild}/members/{user}")).await?;
        let member: Value = serde_json::from_slice(&body)
            .map_err(|_| Seen::Unavailable("the answer is no member".to_owned()))?;
        let role = json!(role);
        Ok(member["roles"].as_array().is_some_and(|roles| roles.contains(&role)))
    }

    /// Looks through the channel from before the first call to now: a call that nobody waited for any
    /// more may have been carried out minutes after it was made.
    pub(super) async fn look_for_message(
        &self,
        effect: &Effect,
        channel: ChannelId,
        letter: &Letter,
    ) -> Result<Vec<String>, Seen> {
        let Some(content) = letter.read() else { return Ok(Vec::new()) };
        self.look_for(effect, channel, content).await
    }

    pub(super) async fn look_for(
        &self,
        effect: &Effect,
        channel: ChannelId,
        content: &Content,
    ) -> Result<Vec<String>, Seen> {
        let me = self.me().await?.to_owned();
        let first = effect.first_call_at.unwrap_or(effect.created_at).plus_secs(-SKEW_SECS);
        let mut after = first.first_snowflake();
        let mut candidates = Vec::new();
        for _ in 0..LOOK_PAGES {
            let path = format!("channels/{channel}/messages?after={after}&limit={PAGE}");
            let body = self.get(path).await?;
            let messages: Vec<Value> = serde_json::from_slice(&body)
                .map_err(|_| Seen::Unavailable("the answer is no list of messages".to_owned()))?;
            for one in &messages {
                match resembles(one, &me, effect, content) {
                    // No other message has this nonce.
                    Likeness::Surely => return Ok(id_of(one).into_iter().collect()),
                    Likeness::Maybe => candidates.extend(id_of(one)),
                    Likeness::Not => {}
                }
            }
            let newest = messages.iter().filter_map(id_of).filter_map(|id| id.parse().ok()).max();
            match newest {
                Some(newest) if messages.len() == PAGE => after = newest,
                _ => return Ok(candidates),
            }
        }
        let seen = LOOK_PAGES * PAGE;
        Err(Seen::CannotTell(format!("more than {seen} messages were written since")))
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    Surely,
    Maybe,
    Not,
}

/// Whether a message of the channel is the one that the effect wrote.
pub(super) fn resembles(message: &Value, me: &str, effect: &Effect, content: &Content) -> Likeness {
    let answers_somebody = ["interaction_metadata", "interaction", "webhook_id"]
        .iter()
        .any(|field| message.get(field).is_some_and(|value| !value.is_null()));
    if message["author"]["id"] != me || answers_somebody {
        return Likeness::Not;
    }
    if message["nonce"] == effect.nonce() {
        return Likeness::Surely;
    }
    // Another effect's: where Discord tells nonces, they decide.
    if message["nonce"].as_str().is_some_and(|nonce| !nonce.is_empty()) {
        return Likeness::Not;
    }
    // Discord cuts blanks off at both ends.
    let said = message["content"].as_str().unwrap_or_default().trim();
    let same_text = said == content.content.as_deref().unwrap_or_default().trim();
    let title = |embed: &Value| (embed["title"].clone(), embed["description"].clone());
    let embeds = message["embeds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let same_embeds = content.embeds.iter().map(title).eq(embeds
        .iter()
        .filter(|embed| {
            content.embeds.is_empty() || embed["type"] == "rich" || embed["type"].is_null()
        })
        .map(title)
        .take(content.embeds.len()));
    if same_text && same_embeds { Likeness::Maybe } else { Likeness::Not }
}
