//! What moderators say about a case, and what they do to what it put in force.

use actions::{ActionError, Actions, Caller};
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use domain::{CaseNumber, GuildId, IdempotencyKey};

use crate::{
    done::{Done, done, key},
    guild::guild_id,
    scalars::{Snowflake, Time},
    scope::Scope,
    trouble::Answer,
};

/// A text about a case.
#[derive(InputObject)]
pub struct CaseText {
    pub guild: Snowflake,
    pub number: u32,
    pub text: String,
    pub key: String,
}

/// A case on which something is switched on or off.
#[derive(InputObject)]
pub struct CaseSwitch {
    pub guild: Snowflake,
    pub number: u32,
    pub on: bool,
    pub key: String,
}

#[derive(InputObject)]
pub struct CaseLink {
    pub guild: Snowflake,
    pub number: u32,
    pub other: u32,
    /// False takes the link away.
    pub on: bool,
    pub key: String,
}

#[derive(InputObject)]
pub struct CaseDuration {
    pub guild: Snowflake,
    pub number: u32,
    /// Counted from now; none: for good.
    pub duration_secs: Option<u32>,
    pub key: String,
}

#[derive(InputObject)]
pub struct CasePardon {
    pub guild: Snowflake,
    pub number: u32,
    pub reason: Option<String>,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct CaseTimed {
    pub done: Done,
    /// None where it holds for good.
    pub until: Option<Time>,
}

/// What a pardon came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "actions::moderation::Pardoned")]
pub enum Pardoned {
    /// The warning no longer counts.
    Warning,
    /// Discord is to take the punishment back.
    Lifting,
    /// Nothing was in force any more; the case says that it is forgiven.
    OnRecord,
}

#[derive(SimpleObject)]
pub struct CasePardoned {
    pub done: Done,
    pub pardoned: Option<Pardoned>,
}

/// What every change of a case begins with.
struct Change<'a> {
    scope: &'a Scope,
    number: CaseNumber,
    key: IdempotencyKey,
}

impl<'a> Change<'a> {
    fn of(scope: &'a Scope, number: u32, named: &str) -> Answer<Self> {
        let key = key(scope.actions(), scope.signed_in(), named)?;
        Ok(Self { scope, number: CaseNumber(number), key })
    }

    fn place(&self) -> (&'a Actions, GuildId, &'a Caller) {
        (self.scope.actions(), self.scope.guild(), self.scope.caller())
    }
}

fn plainly(asked: Result<(), ActionError>) -> Answer<Done> {
    Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "CaseMutations")]
impl Mutations {
    /// Another reason; the one before stays on record.
    async fn case_reason(&self, ctx: &Context<'_>, input: CaseText) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let change = Change::of(&scope, input.number, &input.key)?;
        let (actions, guild, caller) = change.place();
        let (number, key) = (change.number, &change.key);
        plainly(actions.edit_case_reason(guild, caller, number, &input.text, key).await)
    }

    /// A note for moderators beside a case.
    async fn case_note(&self, ctx: &Context<'_>, input: CaseText) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let change = Change::of(&scope, input.number, &input.key)?;
        let (actions, guild, caller) = change.place();
        let (number, key) = (change.number, &change.key);
        plainly(actions.add_case_note(guild, caller, number, &input.text, key).await)
    }

    /// Evidence in a moderator's words.
    async fn case_evidence(&self, ctx: &Context<'_>, input: CaseText) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let change = Change::of(&scope, input.number, &input.key)?;
        let (actions, guild, caller) = change.place();
        let (number, key, text) = (change.number, &change.key, (input.text.as_str(), None));
        plainly(actions.add_evidence(guild, caller, number, text, None, key).await)
    }

    /// Hides a case, or shows it again. All of it stays.
    async fn case_hide(&self, ctx: &Context<'_>, input: CaseSwitch) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let change = Change::of(&scope, input.number, &input.key)?;
        let (actions, guild, caller) = change.place();
        plainly(actions.hide_case(guild, caller, change.number, input.on, &change.key).await)
    }

    /// Calls a case dealt with, or open again.
    async fn case_resolve(&self, ctx: &Context<'_>, input: CaseSwitch) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let change = Change::of(&scope, input.number, &input.key)?;
        let (actions, guild, caller) = change.place();
        plainly(actions.resolve_case(guild, caller, change.number, input.on, &change.key).await)
    }

    /// Says that two cases belong together, or no longer.
    async fn case_link(&self, ctx: &Context<'_>, input: CaseLink) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let change = Change::of(&scope, input.number, &input.key)?;
        let (actions, guild, caller) = change.place();
        let both = (change.number, CaseNumber(input.other));
        plainly(actions.link_cases(guild, caller, both, input.on, &change.key).await)
    }

    /// Another end for what a case put in force.
    async fn case_duration(&self, ctx: &Context<'_>, input: CaseDuration) -> Answer<CaseTimed> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let change = Change::of(&scope, input.number, &input.key)?;
        let (actions, guild, caller) = change.place();
        let (number, secs, key) = (change.number, input.duration_secs, &change.key);
        let asked = actions.retime_case(guild, caller, number, secs, key).await;
        Ok(match done(asked)? {
            Ok(until) => CaseTimed { done: Done::of(false), until: until.map(Time) },
            Err(done) => CaseTimed { done, until: None },
        })
    }

    /// Takes back what a case still means, and where that is nothing, says that it is forgiven.
    async fn case_pardon(&self, ctx: &Context<'_>, input: CasePardon) -> Answer<CasePardoned> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let change = Change::of(&scope, input.number, &input.key)?;
        let (actions, guild, caller) = change.place();
        let (number, reason, key) = (change.number, input.reason.as_deref(), &change.key);
        let asked = actions.pardon_case(guild, caller, number, reason, key).await;
        Ok(match done(asked)? {
            Ok(pardoned) => CasePardoned { done: Done::of(false), pardoned: Some(pardoned.into()) },
            Err(done) => CasePardoned { done, pardoned: None },
        })
    }
}
