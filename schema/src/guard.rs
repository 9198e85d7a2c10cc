//! Who may see a field: the one mechanism. A guard stands beside the field that it keeps.

use actions::{Actions, Caller, Permission, Standing};
use async_graphql::{Context, Guard, Result};
use domain::IdempotencyKey;

use crate::{
    done,
    scope::Scope,
    trouble::{Answer, Trouble},
    viewer::{OperatorSignedIn, SignedIn, viewer, without_discord},
};

/// Who has one of these permissions in the community that the field belongs to.
pub struct May<'a>(pub &'a Scope, pub &'static [Permission]);

impl Guard for May<'_> {
    async fn check(&self, _: &Context<'_>) -> Result<()> {
        Ok(self.0.require(self.1).await?)
    }
}

/// Who runs this installation.
pub struct Operator;

impl Guard for Operator {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        Ok(operator(ctx).map(|_| ())?)
    }
}

/// Whoever runs this installation, as they signed in.
#[derive(Clone, Copy)]
pub enum Running<'a> {
    /// Named in the settings by their Discord id.
    Member(&'a SignedIn),
    /// By a name of this installation's, without Discord.
    ByName(&'a OperatorSignedIn),
}

impl<'a> Running<'a> {
    /// For what is no community's.
    pub fn caller(self) -> Caller {
        match self {
            Self::Member(who) => Caller::member(who.user, Standing::everyone()),
            Self::ByName(_) => Caller::operator(),
        }
    }

    pub fn key(self, actions: &Actions, key: &str) -> Answer<IdempotencyKey> {
        match self {
            Self::Member(who) => done::key(actions, who, key),
            Self::ByName(who) => done::operators_key(actions, who, key),
        }
    }

    /// For what a community is told of: it has to be told who it was.
    pub fn person(self) -> Answer<&'a SignedIn> {
        match self {
            Self::Member(who) => Ok(who),
            Self::ByName(_) => Err(without_discord()),
        }
    }
}

pub fn operator<'a>(ctx: &'a Context<'_>) -> Answer<Running<'a>> {
    if let Some(who) = ctx.data_opt::<OperatorSignedIn>() {
        return Ok(Running::ByName(who));
    }
    let viewer = viewer(ctx)?;
    if crate::scope::house(ctx).actions.is_operator(viewer.user) {
        return Ok(Running::Member(viewer));
    }
    Err(Trouble::forbidden("Only an operator of this bot can see this."))
}
