//! What happens to punishments by itself: Discord answers, and time passes. Processes call this,
//! under keys of their own; nobody's permission is asked, because it was when it was ordered.

use domain::{
    CaseNumber, GuildId, IdempotencyKey, PersonId,
    moderation::{Command, Outcome, Stage},
};

use crate::{ActionError, Actions, Caller};

const PROCESS: &str = "moderation";

impl Actions {
    /// Notes what Discord said to an order, or to a later call for the same case.
    pub async fn report_punishment(
        &self,
        guild: GuildId,
        (case, person): (CaseNumber, PersonId),
        (stage, outcome): (Stage, Outcome),
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = Command::Report { case, person, stage, outcome, at: self.now() };
        self.moderate(guild, &Caller::process(PROCESS), key, &command).await.map(drop)
    }
}
