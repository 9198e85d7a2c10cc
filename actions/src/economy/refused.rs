//! What is kept of transfers that were refused.

use domain::{
    Decider as _, GuildId, IdempotencyKey, Timestamp,
    refusals::{EVERY_SECS, Keep, Refusals},
};
use eventlog::StreamId;
use uuid::Uuid;

use crate::{ActionError, Actions, Caller};

/// Senders of whom it is remembered when one of theirs was kept.
const REMEMBERED: usize = 10_000;

impl Actions {
    /// Whoever was refused hears so all the same where this fails: it is only for looking back.
    pub(super) async fn keep_refusal(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        policy: u32,
        refused: Keep,
    ) {
        // Whoever hammers at a refusal costs no write, nor the question whether it is one.
        let sender = (guild, refused.from);
        let recent = |kept: &Timestamp| refused.at < kept.plus_secs(EVERY_SECS);
        if self.refusals.lock().get(&sender).is_some_and(recent) {
            return;
        }
        let kept = self.try_to_keep(guild, caller, key, policy, &refused).await;
        if let Err(error) = kept {
            tracing::warn!(guild.id = %guild, %error, "a refusal is not kept");
            return;
        }
        let mut refusals = self.refusals.lock();
        refusals.put(sender, refused.at);
        if refusals.len() > REMEMBERED {
            refusals.pop_lru();
        }
    }

    async fn try_to_keep(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        policy: u32,
        refused: &Keep,
    ) -> Result<(), ActionError> {
        let of_request = Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_str().as_bytes());
        let own = IdempotencyKey::new(format!("refused/{of_request}"))
            .map_err(|error| ActionError::BadInput(error.to_string()))?;
        let mut request = self.request(guild, caller, key, Some(policy)).await?;
        request.key = own;
        let stream = StreamId::of_guild(Refusals::CAPABILITY, guild);
        self.bus().execute::<Refusals>(&stream, refused, &request).await?;
        Ok(())
    }
}
