//! What happens to punishments by itself: Discord answers, time passes, and somebody acts by hand.
//! Processes and the gateway call this, under keys of their own; nobody's permission is asked,
//! because it was when it was ordered, and because what Discord let happen has happened.

use domain::{
    AuditLogId, CaseNumber, Decider as _, GuildId, IdempotencyKey, PersonId, Personal, Timestamp,
    UserId,
    case::{self, Case, Kind, Status},
    moderation::{
        AuditEntry, By, Command, Deed, Due, DueKind, MAX_REASON_CHARS, Moderation, Outcome,
        Sanction, Stage,
    },
};
use eventlog::StreamId;

use super::MODULE;
use crate::{ActionError, Actions, Caller};

const PROCESS: &str = "moderation";

/// What Discord's audit log says that somebody did.
#[derive(Clone, Debug)]
pub struct ByHand {
    pub entry: AuditLogId,
    pub deed: Deed,
    pub whom: UserId,
    /// None where Discord does not say.
    pub who: Option<UserId>,
    pub reason: Option<String>,
    pub until: Option<Timestamp>,
    pub at: Timestamp,
}

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

    /// Whether Discord's answer is still waited for.
    pub async fn awaits_answer(
        &self,
        guild: GuildId,
        (case, person): (CaseNumber, PersonId),
        stage: Stage,
    ) -> Result<bool, ActionError> {
        let stream = StreamId::of_guild(Moderation::CAPABILITY, guild);
        let read = self
            .bus()
            .read::<Moderation, _>(&stream, |state, _| state.awaits(person, case, stage))
            .await?;
        Ok(read)
    }

    /// What a case has put in force, where it still is.
    pub async fn sanction_of(
        &self,
        guild: GuildId,
        (case, person): (CaseNumber, PersonId),
    ) -> Result<Option<Sanction>, ActionError> {
        let stream = StreamId::of_guild(Moderation::CAPABILITY, guild);
        let read = self.bus().read::<Moderation, _>(&stream, |state, _| {
            state.sanctions(person).iter().find(|held| held.case == case).copied()
        });
        Ok(read.await?)
    }

    /// What has fallen due from a moment until now, the earliest first and at most so many; and
    /// when the next does.
    pub async fn punishments_due(
        &self,
        guild: GuildId,
        since: Timestamp,
        most: usize,
    ) -> Result<(Vec<Due>, Option<Timestamp>), ActionError> {
        let now = self.now();
        let stream = StreamId::of_guild(Moderation::CAPABILITY, guild);
        let read = self.bus().read::<Moderation, _>(&stream, |state, _| {
            let mut due: Vec<Due> = Vec::new();
            let mut next: Option<Timestamp> = None;
            for one in state.falls_due().filter(|one| one.at >= since) {
                if one.at <= now {
                    due.push(one);
                } else {
                    next = Some(next.map_or(one.at, |at| at.min(one.at)));
                }
            }
            due.sort_unstable();
            let left = due.get(most).map(|one| one.at);
            due.truncate(most);
            (due, left.or(next))
        });
        Ok(read.await?)
    }

    /// What is long due and could not be done, of those cases that are meant; at most so many.
    pub async fn punishments_overdue(
        &self,
        guild: GuildId,
        is_meant: impl Fn(CaseNumber) -> bool,
        most: usize,
    ) -> Result<Vec<Due>, ActionError> {
        let now = self.now();
        let stream = StreamId::of_guild(Moderation::CAPABILITY, guild);
        let read = self.bus().read::<Moderation, _>(&stream, |state, _| {
            let overdue = |one: &Due| one.at <= now && is_meant(one.case);
            state.falls_due().filter(overdue).take(most).collect()
        });
        Ok(read.await?)
    }

    /// A warning's or a punishment's time may have come.
    pub async fn keep_time(
        &self,
        guild: GuildId,
        due: Due,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let (case, person, at) = (due.case, due.person, self.now());
        let command = match due.what {
            DueKind::Decay => Command::Decay { case, person, at },
            DueKind::Renew => Command::Renew { case, person, at },
            DueKind::Expire => Command::Expire { case, person, at },
        };
        self.moderate(guild, &Caller::process(PROCESS), key, &command).await.map(drop)
    }

    /// Somebody acted by hand in Discord: a case, once for each entry of the audit log. Nothing
    /// where the community does without moderation.
    #[tracing::instrument(name = "moderation.observe", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn observe_by_hand(
        &self,
        guild: GuildId,
        by_hand: &ByHand,
    ) -> Result<bool, ActionError> {
        if !self.module_is_on(guild, &MODULE).await? {
            return Ok(false);
        }
        let person = self.people().person(guild, by_hand.whom).await?;
        let by = match by_hand.who {
            Some(user) => By::Member(self.people().person(guild, user).await?),
            None => By::Unknown,
        };
        let text = by_hand.reason.as_deref().filter(|text| !text.is_empty());
        let text = text.map(|text| text.chars().take(MAX_REASON_CHARS).collect());
        let reason = text.map(|text| Personal::clear(person, text));
        let ByHand { entry: id, deed, until, at, .. } = *by_hand;
        let entry = AuditEntry { id, deed, person, by, reason, until };
        let key = IdempotencyKey::new(format!("audit/{id}"))
            .map_err(|error| ActionError::BadInput(error.to_string()))?;
        let command = Command::Observe { entry, at };
        let decision = self.moderate(guild, &Caller::process(PROCESS), &key, &command).await?;
        Ok(!decision.repeated && !decision.events.is_empty())
    }

    /// Opens the record of a case that moderation has numbered.
    pub async fn open_case(
        &self,
        guild: GuildId,
        (case, about): (CaseNumber, PersonId),
        (kind, by): (Kind, By),
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = case::Command::Open { case, about, kind, by, at };
        self.tell_case(guild, case, &command, key).await
    }

    /// Tells a case what became of it. What a person has settled otherwise stays so.
    pub async fn close_case(
        &self,
        guild: GuildId,
        case: CaseNumber,
        (to, by): (Status, By),
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let command = case::Command::SetStatus { to, by, at };
        match self.tell_case(guild, case, &command, key).await {
            Err(ActionError::Refused { rule: "case.wrong_status", .. }) => Ok(()),
            other => other,
        }
    }

    pub(super) async fn tell_case(
        &self,
        guild: GuildId,
        case: CaseNumber,
        command: &case::Command,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let request = self.request(guild, &Caller::process(PROCESS), key, None).await?;
        let stream = StreamId::part(Case::CAPABILITY, guild, &case.0.to_string());
        self.bus().execute::<Case>(&stream, command, &request).await?;
        Ok(())
    }
}
