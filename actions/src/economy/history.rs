//! The history of movements, page by page. A member reads their own; who may view records reads
//! everybody's. Reasons stay sealed until somebody reads who may.

use domain::{
    Bytes, GuildId, Timestamp, UserId,
    economy::{Event, Reason},
};
use projections::economy::transactions::{self, Transaction};

use super::MODULE;
use crate::{ActionError, Actions, Caller, Permission};

pub const MAX_HISTORY_PAGE: u32 = 50;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    pub at: Timestamp,
    /// `transfer`, `grant`, `take`, `daily`, `start`, `spend` or `refund`.
    pub kind: String,
    /// None where the bytes came from the community, or the person was erased.
    pub giver: Option<UserId>,
    /// None where the bytes went to the community, or the person was erased.
    pub receiver: Option<UserId>,
    pub amount: Bytes,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// Newest first.
    pub lines: Vec<HistoryLine>,
    /// Where the next page begins; none where this was the last one.
    pub next: Option<u64>,
}

impl Actions {
    /// Of one member, or of all.
    #[tracing::instrument(name = "economy.history", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn history(
        &self,
        guild: GuildId,
        caller: &Caller,
        of: Option<UserId>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<HistoryPage, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        if of.is_none_or(|user| caller.user() != Some(user)) {
            let key = crate::fresh_key("history");
            let key = key.map_err(|error| ActionError::BadInput(error.to_string()))?;
            let permission = Permission::ViewRecords;
            self.authorise_to(("bytes history", of), guild, caller, permission, &key).await?;
        }
        if !(1..=MAX_HISTORY_PAGE).contains(&limit) {
            return Err(ActionError::BadInput(format!("limit: use 1 to {MAX_HISTORY_PAGE}")));
        }
        let person = match of {
            None => None,
            Some(user) => match self.people().find(guild, user).await? {
                Some(person) => Some(person),
                None => return Ok(HistoryPage { lines: Vec::new(), next: None }),
            },
        };
        // One more tells whether there is a next page.
        let mut page = transactions::page(self.store(), guild, person, before, limit + 1).await?;
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().filter(|_| more).map(|last| last.seq);
        let mut lines = Vec::with_capacity(page.len());
        for transaction in page {
            lines.push(self.history_line(guild, transaction).await?);
        }
        Ok(HistoryPage { lines, next })
    }

    async fn history_line(
        &self,
        guild: GuildId,
        transaction: Transaction,
    ) -> Result<HistoryLine, ActionError> {
        let Transaction { at, kind, giver, receiver, amount, event, reason, .. } = transaction;
        let reason = self.opened_reason(guild, event, reason).await?;
        Ok(HistoryLine {
            at,
            kind,
            giver: self.user(guild, giver).await?,
            receiver: self.user(guild, receiver).await?,
            amount,
            reason,
        })
    }

    /// A reason in the clear; none where it was erased. It is sealed as field `reason` of the event
    /// with this id, whichever kind of movement that was. Whether the caller may read it is for
    /// whoever asks to find out.
    pub async fn opened_reason(
        &self,
        guild: GuildId,
        id: domain::EventId,
        reason: Reason,
    ) -> Result<Option<String>, ActionError> {
        let Some(owner) = reason.as_ref().map(domain::Personal::owner) else { return Ok(None) };
        let mut event = Event::BytesGranted { to: owner, amount: Bytes::ZERO, reason };
        self.people().open_event(guild, id, &mut event).await?;
        match event {
            Event::BytesGranted { reason: Some(reason), .. } => Ok(reason.value().cloned()),
            _ => Ok(None),
        }
    }
}
