//! Undoing by cause: what one rule, one moderator or one batch did, or what was done in a time, is
//! taken back as far as it still means something. A step at a time, the oldest first.

use domain::{
    BatchId, CaseNumber, GuildId, IdempotencyKey, Timestamp, UserId,
    case::Kind,
    moderation::{Command, MAX_BATCH},
};
use projections::moderation::cases::{self, Counts, Filter, Order};
use uuid::Uuid;

use super::{CaseFilter, MODULE, refused};
use crate::{ActionError, Actions, Caller, Permission};

/// What is to be taken back: all that it names must hold, and it names at least one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    pub rule: Option<String>,
    pub moderator: Option<UserId>,
    /// Those that were ordered together with this case.
    pub batch_of: Option<CaseNumber>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// What it would come to, of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    pub warnings: u64,
    pub timeouts: u64,
    pub bans: u64,
    /// How many of them the next step takes back.
    pub step: u64,
}

impl Preview {
    pub const fn all(&self) -> u64 {
        self.warnings + self.timeouts + self.bans
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undone {
    /// Cases that were taken back, or are being lifted in Discord.
    pub cases: usize,
    /// What another step would find.
    pub left: u64,
}

impl Actions {
    #[tracing::instrument(name = "moderation.preview_undo", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn preview_undo(
        &self,
        guild: GuildId,
        caller: &Caller,
        cause: &Cause,
        key: &IdempotencyKey,
    ) -> Result<Preview, ActionError> {
        let filter = self.cause(guild, caller, cause, key).await?;
        let Some(filter) = filter else { return Ok(Preview::default()) };
        let counts = cases::counts(self.store(), guild, &filter, self.now()).await?;
        let of = |kind| counts.iter().find(|c: &&Counts| c.kind == kind).map_or(0, |c| c.all);
        let mut preview = Preview {
            warnings: of(Kind::Warning),
            timeouts: of(Kind::Timeout),
            bans: of(Kind::Ban),
            step: 0,
        };
        preview.step = preview.all().min(MAX_BATCH as u64);
        Ok(preview)
    }

    /// Takes back at most [`MAX_BATCH`] cases, the oldest first.
    #[tracing::instrument(name = "moderation.undo", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn undo_cases(
        &self,
        guild: GuildId,
        caller: &Caller,
        cause: &Cause,
        key: &IdempotencyKey,
    ) -> Result<Undone, ActionError> {
        let nothing = || refused("moderation.nothing_to_undo", "There is nothing to take back.");
        let filter = self.cause(guild, caller, cause, key).await?.ok_or_else(nothing)?;
        let limit = u32::try_from(MAX_BATCH).unwrap_or(cases::MAX_PAGE);
        let order = Order::OldestFirst;
        let rows = cases::page(self.store(), guild, &filter, order, None, limit).await?;
        let by = self.by(guild, caller, None).await?;
        // Nobody takes back what is held against themselves.
        let own = by.member();
        let found: Vec<_> = rows
            .iter()
            .filter(|row| Some(row.person) != own)
            .map(|row| (row.number, row.person))
            .collect();
        if found.is_empty() {
            return Err(nothing());
        }
        let undo = BatchId(Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_str().as_bytes()));
        let command = Command::Undo { undo, cases: found, by, at: self.now() };
        let decision = self.moderate(guild, caller, key, &command).await?;
        let counts = cases::counts(self.store(), guild, &filter, self.now()).await?;
        let before: u64 = counts.iter().map(|counts| counts.all).sum();
        let left = before.saturating_sub(rows.len() as u64);
        Ok(Undone { cases: decision.events.len(), left })
    }

    /// What still means something of it.
    async fn cause(
        &self,
        guild: GuildId,
        caller: &Caller,
        cause: &Cause,
        key: &IdempotencyKey,
    ) -> Result<Option<Filter>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let what = ("undo", cause.moderator);
        self.authorise_to(what, guild, caller, Permission::ManageSettings, key).await?;
        if *cause == Cause::default() {
            let text = "Say what to take back: a rule, a moderator, a batch or a time.";
            return Err(refused("moderation.no_cause", text));
        }
        let filter = CaseFilter {
            rule: cause.rule.clone(),
            moderator: cause.moderator,
            batch_of: cause.batch_of,
            active: true,
            hidden_too: true,
            ..CaseFilter::default()
        };
        let known = self.known_filter(guild, &filter).await?;
        Ok(known.map(|known| Filter { since: cause.since, until: cause.until, ..known }))
    }
}
