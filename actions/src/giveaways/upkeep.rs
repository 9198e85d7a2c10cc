//! What happens to giveaways by itself: Discord answers, and time passes. Processes call this, under
//! keys of their own; nobody's permission is asked, because it was when the giveaway was made.

use domain::{
    GiveawayId, GuildId, IdempotencyKey, MessageId, PersonId, RoleId, Timestamp,
    giveaways::{Command, Exclusion, Facts, Giveaway, GiveawaySettings, MAX_LEFT_OUT, WinnerState},
};
use projections::giveaways::entrants;

use super::stream;
use crate::{ActionError, Actions, Caller};

const PROCESS: &str = "giveaways";

/// What a look at a candidate said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A member, who has these of the roles that were asked about.
    Member {
        roles: Vec<RoleId>,
    },
    NotAMember,
}

impl Actions {
    /// Discord posted it.
    pub async fn note_giveaway_posted(
        &self,
        guild: GuildId,
        id: GiveawayId,
        message: MessageId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = Command::NotePosted { message, at: self.now() };
        self.keep_up(guild, id, key, &command).await
    }

    /// Discord would not post it.
    pub async fn note_giveaway_not_posted(
        &self,
        guild: GuildId,
        id: GiveawayId,
        code: u64,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = Command::NotePostFailed { code, at: self.now() };
        self.keep_up(guild, id, key, &command).await
    }

    /// Its end may have come.
    pub async fn close_giveaway(
        &self,
        guild: GuildId,
        id: GiveawayId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = Command::Close { by: None, at: self.now() };
        self.keep_up(guild, id, key, &command).await
    }

    /// Draws, with the message that told of the close.
    #[tracing::instrument(name = "giveaways.draw", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn draw_giveaway(
        &self,
        guild: GuildId,
        id: GiveawayId,
        message: MessageId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let shown = self.shown_giveaway(guild, id).await?;
        let seed = self.committed_seed(guild, id, shown.commitment).ok_or_else(|| {
            ActionError::BadInput(
                "The seed of this giveaway was made with a master key that is not configured. Set \
                 REEVE_PREVIOUS_MASTER_KEY to the key that was in use when it was made."
                    .to_owned(),
            )
        })?;
        let settings = self.settings::<GiveawaySettings>(guild).await?;
        let left_out = if settings.values.exclude_past_winners {
            let most = u32::try_from(MAX_LEFT_OUT).unwrap_or(u32::MAX);
            let winners = entrants::winners(self.store(), guild, most).await?;
            winners.into_iter().map(|person| (person, Exclusion::PreviousWinner)).collect()
        } else {
            Vec::new()
        };
        let command = Command::Draw { message, seed, left_out, at: self.now() };
        self.keep_up(guild, id, key, &command).await
    }

    /// Confirms a candidate who was looked at, or puts somebody else in their place.
    pub async fn settle_candidate(
        &self,
        guild: GuildId,
        id: GiveawayId,
        entry: u32,
        seen: &Seen,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let shown = self.shown_giveaway(guild, id).await?;
        let winner = shown.winners.iter().find(|winner| winner.entry == entry);
        let Some(winner) = winner.filter(|winner| winner.state == WinnerState::Candidate) else {
            return Ok(());
        };
        let why = self.why_not(guild, winner.person, &shown.terms.requires, seen).await?;
        let at = self.now();
        let command = match why {
            None => Command::Confirm { entry, at },
            Some(why) => Command::Disqualify { entry, why, at },
        };
        self.keep_up(guild, id, key, &command).await
    }

    /// What keeps somebody from winning. How long they have been here was looked at when they
    /// entered, and only grows.
    async fn why_not(
        &self,
        guild: GuildId,
        person: PersonId,
        requires: &domain::giveaways::Requirements,
        seen: &Seen,
    ) -> Result<Option<Exclusion>, ActionError> {
        let Seen::Member { roles } = seen else { return Ok(Some(Exclusion::LeftServer)) };
        let Some(user) = self.people().user(guild, person).await? else {
            return Ok(Some(Exclusion::LeftServer));
        };
        match self.require_unblocked(guild, user).await {
            Ok(()) => {}
            Err(error) if error.is_fault() => return Err(error),
            Err(_) => return Ok(Some(Exclusion::Blocked)),
        }
        let facts = Facts {
            roles: roles.clone(),
            level: u32::MAX,
            account_days: u32::MAX,
            member_days: u32::MAX,
            blocked: false,
        };
        Ok(requires.check(&facts).is_err().then_some(Exclusion::NoLongerEligible))
    }

    /// The winner of this entry was called, or could not be: their time to claim begins.
    pub async fn open_claim(
        &self,
        guild: GuildId,
        id: GiveawayId,
        (entry, message): (u32, Option<MessageId>),
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = Command::OpenClaim { entry, message, at: self.now() };
        self.keep_up(guild, id, key, &command).await
    }

    /// The time to claim may be over; else when it will be.
    pub async fn lapse_claim(
        &self,
        guild: GuildId,
        id: GiveawayId,
        entry: u32,
        key: &IdempotencyKey,
    ) -> Result<Option<Timestamp>, ActionError> {
        let command = Command::Lapse { entry, at: self.now() };
        self.keep_up(guild, id, key, &command).await?;
        let stream = stream(guild, id);
        Ok(self.bus().read::<Giveaway, _>(&stream, |state, _| state.lapses_at(entry)).await?)
    }

    async fn keep_up(
        &self,
        guild: GuildId,
        id: GiveawayId,
        key: &IdempotencyKey,
        command: &Command,
    ) -> Result<(), ActionError> {
        let caller = Caller::process(PROCESS);
        self.decide_giveaway(guild, id, &caller, key, command).await.map(drop)
    }
}
