//! Appeals: the queue of those that wait, a moderator's answer, and the appeal itself, which also
//! somebody makes who was banned and is no member any more.

use std::collections::HashMap;

use actions::{Caller, Standing, moderation::Decided};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use domain::CaseNumber;
use projections::moderation::cases::{self, OpenAppeal as Waiting};

use super::{
    case::{Case, Seen},
    edit::Pardoned,
};
use crate::{
    done::{Done, done, key},
    guild::guild_id,
    page::{Asked, List},
    scalars::{Long, Snowflake, Time},
    scope::{Scope, house},
    trouble::Answer,
    viewer::viewer,
};

/// An appeal that waits for an answer.
pub struct OpenAppeal {
    seen: Seen,
    waiting: Waiting,
    case: cases::CaseRow,
}

#[Object]
impl OpenAppeal {
    /// The event's number in the community.
    async fn seq(&self) -> Long {
        Long(self.waiting.entry.seq.cast_signed())
    }

    async fn at(&self) -> Time {
        Time(self.waiting.entry.at)
    }

    /// What they wrote; none where it was erased.
    async fn text(&self) -> Answer<Option<String>> {
        let (scope, entry) = (&self.seen.scope, &self.waiting.entry);
        let (id, text) = (entry.event, entry.text.clone());
        Ok(scope.actions().text_of_case(scope.guild(), id, text).await?)
    }

    async fn case(&self) -> Case {
        self.seen.case(self.case.clone())
    }
}

pub async fn open(scope: &Scope, asked: &Asked) -> Answer<List<OpenAppeal>> {
    let store = scope.reading("cases").await?;
    let (guild, seen) = (scope.guild(), Seen::by(scope).await?);
    let waiting = cases::open_appeals(&store, guild, asked.before, asked.wanted()).await?;
    let numbers: Vec<_> = waiting.iter().map(|appeal| appeal.case).collect();
    let rows = cases::several(&store, guild, &numbers).await?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.number, row)).collect();
    let lines = waiting.into_iter().filter_map(|waiting| {
        let case = rows.remove(&waiting.case)?;
        Some(OpenAppeal { seen: seen.clone(), waiting, case })
    });
    Ok(asked.page(lines.collect(), |appeal| appeal.waiting.entry.seq))
}

#[derive(InputObject)]
pub struct AppealInput {
    pub guild: Snowflake,
    /// Of your case.
    pub number: u32,
    /// Why it should be looked at again.
    pub text: String,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct Appealed {
    pub done: Done,
    /// 1 for your first appeal against that case.
    pub number: Option<u32>,
}

#[derive(InputObject)]
pub struct AppealAnswer {
    pub guild: Snowflake,
    pub number: u32,
    /// An appeal that is accepted pardons the case.
    pub accept: bool,
    /// Why; whoever appealed reads it.
    pub text: Option<String>,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct AppealAnswered {
    pub done: Done,
    /// What an accepted appeal came to.
    pub pardoned: Option<Pardoned>,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "AppealMutations")]
impl Mutations {
    /// Asks that a case against you be looked at again; also where you were banned. Nobody else's
    /// case is there for you.
    async fn appeal(&self, ctx: &Context<'_>, input: AppealInput) -> Answer<Appealed> {
        let (guild, house, who) = (guild_id(input.guild)?, house(ctx), viewer(ctx)?);
        let key = key(&house.actions, who, &input.key)?;
        // Whoever was banned has no standing; an appeal needs none.
        let caller = Caller::member(who.user, Standing::everyone());
        let number = CaseNumber(input.number);
        let asked = house.actions.appeal(guild, &caller, number, &input.text, &key).await;
        Ok(match done(asked)? {
            Ok(number) => Appealed { done: Done::of(false), number: Some(number) },
            Err(done) => Appealed { done, number: None },
        })
    }

    /// Answers the open appeal against a case.
    async fn appeal_decide(
        &self,
        ctx: &Context<'_>,
        input: AppealAnswer,
    ) -> Answer<AppealAnswered> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let (number, answer) = (CaseNumber(input.number), (input.accept, input.text.as_deref()));
        let asked = actions.decide_appeal(scope.guild(), caller, number, answer, &key).await;
        Ok(match done(asked)? {
            Ok(Decided::Accepted(pardoned)) => {
                AppealAnswered { done: Done::of(false), pardoned: Some(pardoned.into()) }
            }
            Ok(Decided::Refused) => AppealAnswered { done: Done::of(false), pardoned: None },
            Err(done) => AppealAnswered { done, pardoned: None },
        })
    }
}
