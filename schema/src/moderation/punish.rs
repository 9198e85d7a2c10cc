//! Acting on somebody, as the commands do: a warning, a note, or what Discord is to do.

use actions::{
    Standing,
    moderation::{Against, InNameOf, Ordered, Sentence, Step, Warned},
};
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use domain::{
    UserId,
    moderation::{Deed as Known, Severity as Grave, StepDeed},
};

use crate::{
    blocks::user_id,
    done::{Done, done, key},
    guild::guild_id,
    scalars::{Snowflake, Time},
    scope::Scope,
    trouble::Answer,
};

/// What is done in Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Known")]
pub enum Deed {
    Timeout,
    EndTimeout,
    Kick,
    Ban,
    Unban,
    /// A ban that deletes messages, and an unban.
    Softban,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Grave")]
pub enum Severity {
    Minor,
    Major,
}

#[derive(InputObject)]
pub struct WarnInput {
    pub guild: Snowflake,
    pub user: Snowflake,
    /// What for; they are told it.
    pub reason: Option<String>,
    #[graphql(default_with = "Severity::Minor")]
    pub severity: Severity,
    /// A moderator in whose name you act.
    pub acting_for: Option<Snowflake>,
    /// Names this request; repeating it does nothing again.
    pub key: String,
}

#[derive(InputObject)]
pub struct PunishInput {
    pub guild: Snowflake,
    pub user: Snowflake,
    pub deed: Deed,
    /// What for; they are told it.
    pub reason: Option<String>,
    /// How long; a ban without it is for good.
    pub duration_secs: Option<u32>,
    /// Messages of so many seconds before are deleted.
    pub delete_secs: Option<u32>,
    /// A moderator in whose name you act.
    pub acting_for: Option<Snowflake>,
    pub key: String,
}

#[derive(InputObject)]
pub struct NoteInput {
    pub guild: Snowflake,
    pub user: Snowflake,
    pub text: String,
    pub key: String,
}

/// What became of acting on somebody.
#[derive(SimpleObject)]
pub struct CaseMade {
    pub done: Done,
    pub number: Option<u32>,
    /// Until when it holds; of a warning, until when it counts.
    pub until: Option<Time>,
    /// Of a warning: how many count now.
    pub active_warnings: Option<u32>,
    /// The step of the ladder that a warning took.
    pub step: Option<StepTaken>,
}

#[derive(SimpleObject)]
pub struct StepTaken {
    pub deed: Deed,
    /// None: they are being punished so already.
    pub number: Option<u32>,
    pub until: Option<Time>,
}

impl StepTaken {
    fn of(step: &Step) -> Self {
        let deed = match step.deed {
            StepDeed::Timeout => Deed::Timeout,
            StepDeed::Kick => Deed::Kick,
            StepDeed::Ban => Deed::Ban,
        };
        let number = step.case.map(|case| case.0);
        Self { deed, number, until: step.until.map(Time) }
    }
}

impl CaseMade {
    const fn nothing(done: Done) -> Self {
        Self { done, number: None, until: None, active_warnings: None, step: None }
    }

    fn warning(warned: &Warned) -> Self {
        Self {
            number: Some(warned.case.0),
            until: warned.decays.map(Time),
            active_warnings: Some(warned.active),
            step: warned.step.as_ref().map(StepTaken::of),
            ..Self::nothing(Done::of(warned.repeated))
        }
    }

    fn ordered(ordered: &Ordered) -> Self {
        let (number, until) = (Some(ordered.case.0), ordered.until.map(Time));
        Self { number, until, ..Self::nothing(Done::of(ordered.repeated)) }
    }
}

/// Somebody an action is about, with how they, this bot and whom one acts for stand in Discord now.
async fn against<'a>(
    scope: &Scope,
    user: UserId,
    acting_for: Option<Snowflake>,
    reason: Option<&'a str>,
) -> Answer<Against<'a>> {
    let (guild, directory) = (scope.guild(), &scope.house().directory);
    let subject = directory.subject(guild, user).await?;
    let bot = directory.bot(guild).await?;
    let in_name_of = match acting_for.map(user_id).transpose()? {
        // Somebody who is not here has no standing.
        Some(user) => {
            let standing = directory.standing(guild, user).await?;
            Some(InNameOf { user, standing: standing.unwrap_or_else(Standing::everyone) })
        }
        None => None,
    };
    Ok(Against { subject, bot, in_name_of, reason, evidence: None })
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "PunishMutations")]
impl Mutations {
    async fn warn(&self, ctx: &Context<'_>, input: WarnInput) -> Answer<CaseMade> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, user) = (scope.actions(), user_id(input.user)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let against = against(&scope, user, input.acting_for, input.reason.as_deref()).await?;
        let severity = input.severity.into();
        let asked = actions.warn(scope.guild(), scope.caller(), &against, severity, &key).await;
        Ok(done(asked)?.map_or_else(CaseMade::nothing, |warned| CaseMade::warning(&warned)))
    }

    /// Orders that Discord does it; whether it did is told by the case.
    async fn punish(&self, ctx: &Context<'_>, input: PunishInput) -> Answer<CaseMade> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, user) = (scope.actions(), user_id(input.user)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let against = against(&scope, user, input.acting_for, input.reason.as_deref()).await?;
        let PunishInput { deed, duration_secs, delete_secs, .. } = input;
        let sentence = Sentence { deed: deed.into(), duration_secs, delete_secs };
        let asked = actions.punish(scope.guild(), scope.caller(), &against, sentence, &key).await;
        Ok(done(asked)?.map_or_else(CaseMade::nothing, |ordered| CaseMade::ordered(&ordered)))
    }

    /// Something for moderators to know about a member. They are not told.
    async fn member_note(&self, ctx: &Context<'_>, input: NoteInput) -> Answer<CaseMade> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, user) = (scope.actions(), user_id(input.user)?);
        let key = key(actions, scope.signed_in(), &input.key)?;
        let subject = scope.house().directory.subject(scope.guild(), user).await?;
        let target = &subject.target;
        let asked = actions.note(scope.guild(), scope.caller(), target, &input.text, &key).await;
        let noted = done(asked)?;
        Ok(noted.map_or_else(CaseMade::nothing, |number| CaseMade {
            number: Some(number.0),
            ..CaseMade::nothing(Done::of(false))
        }))
    }
}
