//! Acting on somebody: a warning, a note, or what Discord is to do.
//!
//! Every guard is asked before anything is decided, so that what is not allowed makes no case and
//! no call; that it was tried is kept.

use domain::{
    CaseNumber, GuildId, IdempotencyKey, Timestamp, UserId,
    access::AccessSettings,
    case,
    moderation::{Command, Deed, Event, Punishment, Severity, StepDeed, Target as Targeted},
};

use super::{MODULE, Opening, about, refused, used_for_something_else};
use crate::{
    ActionError, Actions, BotStanding, Caller, Guard, Permission, Permissions, Standing, Target,
    Who, guards,
};

/// Discord's are a third of it.
const MAX_ADDRESS_CHARS: usize = 1_000;

/// Somebody an action is about, as Discord tells of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pub target: Target,
    pub is_member: bool,
    /// Discord lets nobody time them out.
    pub is_administrator: bool,
}

/// A moderator in whose name somebody acts.
#[derive(Clone, Debug)]
pub struct InNameOf {
    pub user: UserId,
    pub standing: Standing,
}

/// Against whom, and why.
#[derive(Clone, Debug)]
pub struct Against<'a> {
    pub subject: Subject,
    pub bot: BotStanding,
    pub in_name_of: Option<InNameOf>,
    pub reason: Option<&'a str>,
    /// What a warning is about.
    pub evidence: Option<Captured<'a>>,
}

/// A message as it was. It belongs to whoever wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Captured<'a> {
    pub text: &'a str,
    pub author: UserId,
    pub place: case::Place,
    /// They are copied afterwards, by a process: nothing waits for that.
    pub files: &'a [case::FileTold],
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    pub deed: Deed,
    /// None: for good.
    pub duration_secs: Option<u32>,
    /// Messages of so many seconds before are deleted.
    pub delete_secs: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warned {
    pub case: CaseNumber,
    /// Active warnings, with this one.
    pub active: u32,
    pub decays: Option<Timestamp>,
    pub step: Option<Step>,
    pub repeated: bool,
}

/// The step of the ladder that a warning took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub deed: StepDeed,
    /// None: they are being punished so already.
    pub case: Option<CaseNumber>,
    pub until: Option<Timestamp>,
}

/// Discord is to do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    pub case: CaseNumber,
    pub until: Option<Timestamp>,
    pub repeated: bool,
}

/// What a deed asks of whoever orders it, of the bot, and of the target.
pub(super) struct Needs {
    what: &'static str,
    permission: Permission,
    bot: Permissions,
    membership: bool,
}

pub(super) const fn needs(deed: Deed) -> Needs {
    let (what, permission, bot, membership) = match deed {
        Deed::Timeout => ("timeout", Permission::Moderate, Permissions::MODERATE_MEMBERS, true),
        Deed::EndTimeout => {
            ("untimeout", Permission::Moderate, Permissions::MODERATE_MEMBERS, true)
        }
        Deed::Kick => ("kick", Permission::Kick, Permissions::KICK_MEMBERS, true),
        Deed::Ban => ("ban", Permission::Ban, Permissions::BAN_MEMBERS, false),
        Deed::Unban => ("unban", Permission::Ban, Permissions::BAN_MEMBERS, false),
        Deed::Softban => ("softban", Permission::Ban, Permissions::BAN_MEMBERS, true),
    };
    Needs { what, permission, bot, membership }
}

const WARNING: Needs = Needs {
    what: "warn",
    permission: Permission::Moderate,
    bot: Permissions::NONE,
    membership: false,
};

impl Actions {
    #[tracing::instrument(name = "moderation.warn", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn warn(
        &self,
        guild: GuildId,
        caller: &Caller,
        against: &Against<'_>,
        severity: Severity,
        key: &IdempotencyKey,
    ) -> Result<Warned, ActionError> {
        self.guarded(guild, caller, against, &WARNING, key).await?;
        let by = self.by(guild, caller, against.in_name_of.as_ref()).await?;
        let person = self.people().person(guild, against.subject.target.user).await?;
        let terms = self.moderation_terms(guild).await?;
        let (reason, at) = (about(person, against.reason), self.now());
        let command = Command::Warn { person, by, severity, reason, at, terms };
        let decision = self.moderate(guild, caller, key, &command).await?;
        let mut warned = None;
        let mut step: Option<Step> = None;
        for event in &decision.events {
            match event {
                Event::MemberWarned { case, active, decays, by, at, .. } => {
                    let (number, about) = (*case, person);
                    let (kind, by, at) = (case::Kind::Warning, by.clone(), *at);
                    let opening = Opening { number, about, kind, by, at };
                    warned = Some((opening, *active, *decays));
                }
                Event::LadderStepTaken { deed, case, .. } => {
                    step = Some(Step { deed: *deed, case: *case, until: None });
                }
                Event::DeedOrdered { until, .. } => {
                    if let Some(step) = &mut step {
                        step.until = *until;
                    }
                }
                _ => {}
            }
        }
        let (opening, active, decays) = warned.ok_or_else(used_for_something_else)?;
        if let Some(captured) = &against.evidence {
            self.attach(guild, caller, &opening, captured, key).await?;
        }
        let case = opening.number;
        Ok(Warned { case, active, decays, step, repeated: decision.repeated })
    }

    /// A message becomes evidence of a case that was decided just now.
    async fn attach(
        &self,
        guild: GuildId,
        caller: &Caller,
        case: &Opening,
        captured: &Captured<'_>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let author = self.people().person(guild, captured.author).await?;
        let text = domain::Personal::clear(author, captured.text.to_owned());
        let (by, place, at) = (case.by.clone(), Some(captured.place), self.now());
        let files = captured.files.iter().map(|file| {
            let cut = |text: &str, most| text.chars().take(most).collect::<String>();
            let name = cut(&file.name, case::MAX_FILE_NAME_CHARS);
            let (bytes, url) = (file.bytes, cut(&file.url, MAX_ADDRESS_CHARS));
            domain::Personal::clear(author, case::FileTold { name, bytes, url })
        });
        let files = files.collect();
        let command = case::Command::AddEvidence { by, text, place, files, at };
        self.say_of_case(guild, caller, case, key, &command).await.map(drop)
    }

    /// Something for moderators to know. The member is not told, and it counts for nothing.
    #[tracing::instrument(name = "moderation.note", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn note(
        &self,
        guild: GuildId,
        caller: &Caller,
        target: &Target,
        text: &str,
        key: &IdempotencyKey,
    ) -> Result<CaseNumber, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let what = ("note", Some(target.user));
        self.authorise_to(what, guild, caller, Permission::Moderate, key).await?;
        let error = if caller.user() == Some(target.user) {
            Some(Guard::Yourself)
        } else {
            Some(Guard::BotItself).filter(|_| target.is_bot_itself)
        };
        if let Some(error) = error.map(ActionError::Guarded) {
            self.note_refusal(guild, caller, what.1, what.0, &error, key).await;
            return Err(error);
        }
        let by = self.by(guild, caller, None).await?;
        let person = self.people().person(guild, target.user).await?;
        let text = domain::Personal::clear(person, text.trim().to_owned());
        let command = Command::Note { person, by, text, at: self.now() };
        let decision = self.moderate(guild, caller, key, &command).await?;
        let noted = decision.events.iter().find_map(|event| match event {
            Event::MemberNoted { case, .. } => Some(*case),
            _ => None,
        });
        noted.ok_or_else(used_for_something_else)
    }

    /// Orders that Discord does it. Whether it did is told to the case.
    #[tracing::instrument(name = "moderation.punish", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn punish(
        &self,
        guild: GuildId,
        caller: &Caller,
        against: &Against<'_>,
        sentence: Sentence,
        key: &IdempotencyKey,
    ) -> Result<Ordered, ActionError> {
        let Sentence { deed, duration_secs, delete_secs } = sentence;
        self.guarded(guild, caller, against, &needs(deed), key).await?;
        if deed == Deed::Timeout && against.subject.is_administrator {
            return Err(refused(
                "moderation.administrator",
                "Discord lets nobody time out an administrator. Take that role away first.",
            ));
        }
        let by = self.by(guild, caller, against.in_name_of.as_ref()).await?;
        let person = self.people().person(guild, against.subject.target.user).await?;
        let terms = self.moderation_terms(guild).await?;
        let order = Punishment { deed, by, duration_secs, delete_secs, at: self.now(), terms };
        let target = Targeted { person, reason: about(person, against.reason) };
        let command = Command::Punish { target, order };
        let decision = self.moderate(guild, caller, key, &command).await?;
        let ordered = decision.events.iter().find_map(|event| match event {
            Event::DeedOrdered { case, until, .. } => Some((*case, *until)),
            _ => None,
        });
        let (case, until) = ordered.ok_or_else(used_for_something_else)?;
        Ok(Ordered { case, until, repeated: decision.repeated })
    }

    /// All guards of an action on one person; a refusal is kept.
    pub(super) async fn guarded(
        &self,
        guild: GuildId,
        caller: &Caller,
        against: &Against<'_>,
        needs: &Needs,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let access = self.settings::<AccessSettings>(guild).await?;
        let (subject, bot) = (&against.subject, &against.bot);
        if let Err(guard) = may(caller, &access.values, subject, bot, needs) {
            let (error, whom) = (ActionError::Guarded(guard), Some(subject.target.user));
            self.note_refusal(guild, caller, whom, needs.what, &error, key).await;
            return Err(error);
        }
        if needs.membership && !subject.is_member {
            return Err(refused(
                "moderation.not_a_member",
                "They are no member of this community. Only a ban works for somebody who is not \
                 here.",
            ));
        }
        let in_name_of = against.in_name_of.as_ref();
        if in_name_of
            .is_some_and(|whom| !needs.permission.is_held_by(&whom.standing, &access.values))
        {
            return Err(refused(
                "moderation.not_theirs",
                format!(
                    "Whom you act for does not have the permission \"{}\" themselves.",
                    needs.permission.name()
                ),
            ));
        }
        Ok(())
    }
}

/// The guards, in their order. Who is not here has no rank that anybody could be below.
pub(super) fn may(
    caller: &Caller,
    access: &AccessSettings,
    subject: &Subject,
    bot: &BotStanding,
    needs: &Needs,
) -> Result<(), Guard> {
    match caller.who {
        Who::Member(user) => {
            let acting = guards::Acting { user, standing: caller.standing(), access };
            match guards::member_may(acting, needs.permission, &subject.target) {
                Err(Guard::Rank) if !subject.is_member => {}
                allowed => allowed?,
            }
        }
        Who::Operator | Who::Import | Who::Process(_) => guards::may_be_done_to(&subject.target)?,
    }
    if needs.bot.is_empty() {
        return Ok(());
    }
    if subject.is_member {
        guards::bot_may(bot, needs.bot, &subject.target)
    } else {
        guards::bot_has(bot, needs.bot)
    }
}
