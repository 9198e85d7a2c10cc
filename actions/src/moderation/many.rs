//! A ban of many at once. Everybody is looked at before the first is ordered: a plan says who
//! would be banned, who would be left out, and why; carrying it out looks at everybody again.

use domain::{
    BatchId, CaseNumber, GuildId, IdempotencyKey, UserId,
    access::AccessSettings,
    moderation::{
        Command, Deed, Event, MAX_BATCH, Moderation, Punishment, SanctionKind, Target as Targeted,
    },
};
use uuid::Uuid;

use super::{
    MODULE, Subject, about, derived,
    punish::{may, needs},
    refused, stream, used_for_something_else,
};
use crate::{ActionError, Actions, BotStanding, Caller};

/// A batch's reason is written once for each of them, and all of them in one append.
pub const MAX_BATCH_REASON_CHARS: usize = 500;

#[derive(Clone, Debug)]
pub struct Massban<'a> {
    pub subjects: &'a [Subject],
    pub bot: BotStanding,
    pub reason: Option<&'a str>,
    pub duration_secs: Option<u32>,
    pub delete_secs: Option<u32>,
}

/// Somebody who is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub user: UserId,
    pub why: String,
}

/// What a ban of many would come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub banned: Vec<UserId>,
    pub left: Vec<Left>,
}

/// What was ordered, each with its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many {
    pub batch: BatchId,
    pub ordered: Vec<(UserId, CaseNumber)>,
    pub left: Vec<Left>,
}

impl Actions {
    #[tracing::instrument(name = "moderation.plan_massban", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn plan_massban(
        &self,
        guild: GuildId,
        caller: &Caller,
        massban: &Massban<'_>,
        key: &IdempotencyKey,
    ) -> Result<Plan, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let permission = crate::Permission::Ban;
        self.authorise_to(("massban", None), guild, caller, permission, key).await?;
        check(massban)?;
        let access = self.settings::<AccessSettings>(guild).await?;
        let mut plan = Plan::default();
        for (place, subject) in massban.subjects.iter().enumerate() {
            let user = subject.target.user;
            if massban.subjects[..place].iter().any(|other| other.target.user == user) {
                continue;
            }
            if let Err(guard) =
                may(caller, &access.values, subject, &massban.bot, &needs(Deed::Ban))
            {
                // What is wrong with the bot itself is wrong for all of them.
                if matches!(guard, crate::Guard::BotPermission(_)) {
                    return Err(guard.into());
                }
                let error = ActionError::Guarded(guard);
                let key = derived(key.as_str(), &place.to_string())?;
                self.note_refusal(guild, caller, Some(user), "massban", &error, &key).await;
                plan.left.push(Left { user, why: guard.to_string() });
            } else if self.is_banned_for_good(guild, user).await? {
                plan.left.push(Left { user, why: "They are banned for good already.".to_owned() });
            } else {
                plan.banned.push(user);
            }
        }
        Ok(plan)
    }

    /// Orders it as a whole.
    #[tracing::instrument(name = "moderation.massban", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn massban(
        &self,
        guild: GuildId,
        caller: &Caller,
        massban: &Massban<'_>,
        key: &IdempotencyKey,
    ) -> Result<Many, ActionError> {
        let mut plan = self.plan_massban(guild, caller, massban, key).await?;
        let by = self.by(guild, caller, None).await?;
        let terms = self.moderation_terms(guild).await?;
        let (duration_secs, delete_secs) = (massban.duration_secs, massban.delete_secs);
        let order =
            Punishment { deed: Deed::Ban, by, duration_secs, delete_secs, at: self.now(), terms };
        let mut targets = Vec::with_capacity(plan.banned.len());
        for user in &plan.banned {
            let person = self.people().person(guild, *user).await?;
            targets.push(Targeted { person, reason: about(person, massban.reason) });
        }
        let batch = BatchId(Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_str().as_bytes()));
        let people: Vec<_> = targets.iter().map(|target| target.person).collect();
        let command = Command::PunishMany { batch, targets, order };
        let decision = self.moderate(guild, caller, key, &command).await?;
        let mut ordered = Vec::with_capacity(people.len());
        for event in &decision.events {
            let Event::DeedOrdered { case, person, .. } = event else {
                return Err(used_for_something_else());
            };
            let place = people.iter().position(|known| known == person);
            if let Some(user) = place.and_then(|place| plan.banned.get(place)) {
                ordered.push((*user, *case));
            }
        }
        for user in plan.banned {
            if !ordered.iter().any(|(known, _)| *known == user) {
                let why = "A ban of them is under way already.".to_owned();
                plan.left.push(Left { user, why });
            }
        }
        Ok(Many { batch, ordered, left: plan.left })
    }

    async fn is_banned_for_good(&self, guild: GuildId, user: UserId) -> Result<bool, ActionError> {
        let Some(person) = self.people().find(guild, user).await? else { return Ok(false) };
        let stream = stream(guild);
        let read = self.bus().read::<Moderation, _>(&stream, |state, _| {
            let for_good = |held: &domain::moderation::Sanction| {
                held.kind == SanctionKind::Ban && held.until.is_none()
            };
            state.sanctions(person).iter().any(for_good)
        });
        Ok(read.await?)
    }
}

fn check(massban: &Massban<'_>) -> Result<(), ActionError> {
    if !(1..=MAX_BATCH).contains(&massban.subjects.len()) {
        let text = format!("Name 1 to {MAX_BATCH} users.");
        return Err(refused("moderation.batch_invalid", text));
    }
    let chars = massban.reason.map_or(0, |reason| reason.chars().count());
    if chars > MAX_BATCH_REASON_CHARS {
        let text = format!(
            "The reason of a ban of many must not be longer than {MAX_BATCH_REASON_CHARS} \
             characters."
        );
        return Err(refused("moderation.reason_too_long", text));
    }
    Ok(())
}
