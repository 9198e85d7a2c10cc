//! What is under way, for operators who ask over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{GuildId, WebhookId};
use eventlog::{Clock, EventLog, sql::Db};
use schema::{
    CallerLine, Delivery, Effect, EffectCounts, Operations, ParkedGuild, ProcessLine, Trouble,
};

use super::callers::Callers;
use crate::processes::{Outbox, outbox, status};

pub struct OfThisHouse {
    pub outbox: Outbox,
    pub work: Db,
    pub log: Arc<dyn EventLog>,
    pub callers: Callers,
    pub clock: Clock,
}

#[async_trait]
impl Operations for OfThisHouse {
    async fn callers(&self) -> Result<Vec<CallerLine>, Trouble> {
        Ok(self.callers.lines((self.clock)()))
    }

    async fn effects(&self, state: Option<&str>, most: u64) -> Result<Vec<Effect>, Trouble> {
        let listed = self.outbox.list(state, most).await?;
        let effect = |listed: outbox::Listed| Effect {
            id: listed.id,
            kind: listed.kind,
            process: listed.process,
            guild: listed.guild,
            state: listed.state,
            tries: listed.tries,
            created_at: listed.created_at,
            next_at: listed.next_at,
            error: listed.error,
        };
        Ok(listed.into_iter().map(effect).collect())
    }

    async fn effect_counts(&self) -> Result<EffectCounts, Trouble> {
        let counts = self.outbox.counts().await?;
        Ok(EffectCounts {
            waiting: counts.waiting,
            calling: counts.calling,
            unknown: counts.unknown,
            done: counts.done,
            dead: counts.dead,
            dropped: counts.dropped,
            oldest_waiting_secs: counts.oldest_waiting_secs,
        })
    }

    async fn retry_effect(&self, id: uuid::Uuid) -> Result<u64, Trouble> {
        Ok(self.outbox.retry(Some(id)).await?)
    }

    async fn drop_effect(&self, id: uuid::Uuid) -> Result<bool, Trouble> {
        Ok(self.outbox.drop_one(id).await?)
    }

    async fn processes(&self) -> Result<Vec<ProcessLine>, Trouble> {
        let lines = status::processes(&self.work, &*self.log).await?;
        let line = |line: status::ProcessStatus| ProcessLine {
            name: line.name,
            events: line.events,
            lag_events: line.lag_events,
            parked_guilds: line.parked_guilds,
            paused: line.paused,
        };
        Ok(lines.into_iter().map(line).collect())
    }

    async fn parked_guilds(&self) -> Result<Vec<ParkedGuild>, Trouble> {
        let lines = status::parked(&self.work).await?;
        let line = |line: status::Parked| ParkedGuild {
            process: line.process,
            guild: line.guild,
            seq: line.guild_seq,
            event_type: line.event_type,
            error_id: line.error_id,
            error: line.error,
            tries: line.tries,
        };
        Ok(lines.into_iter().map(line).collect())
    }

    async fn deliveries(
        &self,
        guild: GuildId,
        webhook: WebhookId,
        most: u64,
    ) -> Result<Vec<Delivery>, Trouble> {
        let told = self.outbox.deliveries(guild, webhook, most).await?;
        let delivery = |told: outbox::Delivery| Delivery {
            id: told.id,
            seq: told.seq,
            trial: told.trial,
            state: told.state,
            tries: told.tries,
            created_at: told.created_at,
            sent_at: told.sent_at,
            next_at: told.next_at,
            status: told.status,
            error: told.error,
        };
        Ok(told.into_iter().map(delivery).collect())
    }

    async fn retry_process(&self, process: &str, guild: Option<GuildId>) -> Result<u64, Trouble> {
        Ok(status::ask_retry(&self.work, process, guild).await?)
    }
}
