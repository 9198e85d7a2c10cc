//! Tells communities' webhooks what happens, in its order, each of them what it wants to hear of.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | something happened: an effect that delivers it, for each webhook that wants it | the same effect, and so the same delivery's id | never | the event comes again |
//! | a trial was asked for: an effect that delivers it at once | the same effect | never | the event comes again |
//! | the effect: make, sign and send what the event says | the receiver knows it by the delivery's id | its webhook is switched off | it is sent again |
//! | a receiver is gone, or was not reached for a day: the webhook is switched off, and those who run the community hear why | off is off; one notice | never | the outcome is told again |
//! | too much waits for a webhook: the same | off is off | never | the event comes again |
//! | somebody is erased: what is remembered of addresses is forgotten | nothing is left to forget | never | memory is gone anyway |
//! | a webhook is off: what waits for it is dropped | nothing is left to drop | – | – |
//!
//! It begins at the head of the log: what was before is asked for over the API.

use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use actions::{Actions, webhooks::Listening};
use async_trait::async_trait;
use domain::{
    GuildId, WebhookId,
    webhooks::{Kind, Off, TEST},
};
use eventlog::{Recorded, values};
use lru::LruCache;
use parking_lot::Mutex;

use super::{
    Content, Deed, Effect, Ended, Letter, Process, Reaction, Trouble,
    effect::{
        code::{ERASED, NO_EVENT, RECEIVER_GONE},
        deliveries,
    },
};

/// Deliveries that wait for one webhook.
pub const MAX_WAITING: u64 = 1_000;
/// They are counted after so many.
const COUNTED_AFTER: u64 = 100;
/// Communities whose webhooks are remembered. Whoever follows the log hears of every change; for no
/// longer than this they are believed, because somebody else may have followed it in between.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(5_000).expect("it is not zero");
const AGE: Duration = Duration::from_mins(1);

type List = Arc<Vec<Listening>>;

#[derive(Debug)]
pub struct Webhooks {
    listening: Mutex<LruCache<GuildId, (List, Instant)>>,
    /// How many may be ordered until those that wait are counted again.
    room: Mutex<LruCache<WebhookId, u64>>,
}

impl Default for Webhooks {
    fn default() -> Self {
        let room = Mutex::new(LruCache::new(REMEMBERED));
        Self { listening: Mutex::new(LruCache::new(REMEMBERED)), room }
    }
}

#[async_trait]
impl Process for Webhooks {
    fn name(&self) -> &'static str {
        "webhooks"
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(type_name, TEST | "people.person_erased") || Kind::of_type(type_name).is_some()
    }

    async fn react(&self, recorded: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        let (event, seq, guild) = (recorded.id, recorded.guild_seq, reaction.guild());
        if recorded.type_name == "people.person_erased" {
            reaction.actions().forget_webhooks(guild);
            return Ok(());
        }
        if recorded.type_name.starts_with("webhooks.") {
            self.listening.lock().pop(&guild);
        }
        if recorded.type_name == TEST {
            let asked: domain::webhooks::Event = eventlog::decode(recorded)?;
            let webhook = asked.webhook();
            let deed = Deed::TryWebhook { webhook, event, seq };
            return reaction.effect("try", deed, "").await.map(drop);
        }
        let Some(kind) = Kind::of_type(&recorded.type_name) else { return Ok(()) };
        let list = self.listening(reaction).await?;
        let wants = |of: &&Listening| of.kinds.contains(&kind) && of.made_at <= recorded.at;
        for Listening { id: webhook, .. } in list.iter().filter(wants) {
            let webhook = *webhook;
            if self.is_overrun(webhook, reaction).await? {
                switch_off(webhook, Off::Overrun, reaction).await?;
                continue;
            }
            let deed = Deed::Deliver { webhook, event, seq };
            reaction.effect(&format!("deliver/{webhook}"), deed, "").await?;
        }
        Ok(())
    }

    async fn wants(&self, effect: &Effect, actions: &Actions) -> Result<bool, Trouble> {
        Ok(match effect.deed {
            Deed::Deliver { webhook, .. } => {
                actions.webhook_wants(effect.guild, webhook, false).await?
            }
            Deed::TryWebhook { webhook, .. } => {
                actions.webhook_wants(effect.guild, webhook, true).await?
            }
            _ => true,
        })
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        let Deed::Deliver { webhook, .. } = effect.deed else { return Ok(()) };
        let why = match ended {
            Ended::Failed { code: NO_EVENT, .. } | Ended::Done(_) | Ended::Dropped => {
                return Ok(());
            }
            Ended::Failed { code: RECEIVER_GONE, .. } => Off::Gone,
            Ended::Failed { code: ERASED, .. } => Off::Erased,
            Ended::Failed { .. } => Off::Failing,
        };
        switch_off(webhook, why, reaction).await
    }
}

impl Webhooks {
    async fn listening(&self, reaction: &Reaction) -> Result<List, Trouble> {
        let guild = reaction.guild();
        if let Some((list, at)) = self.listening.lock().get(&guild)
            && at.elapsed() < AGE
        {
            return Ok(Arc::clone(list));
        }
        let at = Instant::now();
        let list = Arc::new(reaction.actions().listening_webhooks(guild).await?);
        self.listening.lock().put(guild, (Arc::clone(&list), at));
        Ok(list)
    }

    async fn is_overrun(&self, webhook: WebhookId, reaction: &Reaction) -> Result<bool, Trouble> {
        if let Some(room) = self.room.lock().get_mut(&webhook)
            && *room > 0
        {
            *room -= 1;
            return Ok(false);
        }
        let count = "SELECT COUNT(*) FROM effects WHERE target = $1 \
                     AND kind IN ('deliver', 'try_webhook') \
                     AND state IN ('waiting', 'calling', 'unknown')";
        let rows = reaction.rows().query(count, &values![deliveries(webhook)]).await?;
        let waiting = rows.first().map_or(Ok(0), |row| row.count(0))?;
        let room = MAX_WAITING.saturating_sub(waiting);
        self.room.lock().put(webhook, room.saturating_sub(1).min(COUNTED_AFTER));
        Ok(room == 0)
    }
}

/// Switches a webhook off, and tells those who run the community.
async fn switch_off(webhook: WebhookId, why: Off, reaction: &mut Reaction) -> Result<(), Trouble> {
    let (guild, caller) = (reaction.guild(), reaction.caller());
    let key = reaction.key(&format!("off/{webhook}"))?;
    let off = reaction.actions().switch_webhook_off(guild, &caller, webhook, why, &key).await?;
    if !off {
        return Ok(());
    }
    let why = match why {
        Off::Gone => "its receiver says that it is gone for good",
        Off::Failing => "its receiver could not be reached for a day",
        Off::Overrun => "more waits for it than its receiver takes",
        Off::Erased => "whoever gave its address was erased, and the address with them",
        Off::Asked => return Ok(()),
    };
    let text = format!(
        "A webhook of this community was switched off: {why}. What happens is not told to it any \
         more, and what waited was dropped. Look at *Webhooks* on the dashboard, mend its receiver \
         or its address, and switch it on again."
    );
    let letter = Letter::Open(Content::text(text));
    let step = format!("tell/{webhook}");
    reaction.effect(&step, Deed::TellModerators { letter }, "").await.map(drop)
}
