//! Who may see a field: the one mechanism. A guard stands beside the field that it keeps.

use actions::Permission;
use async_graphql::{Context, Guard, Result};

use crate::{
    scope::Scope,
    trouble::Trouble,
    viewer::{SignedIn, viewer},
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

pub fn operator<'a>(ctx: &'a Context<'_>) -> std::result::Result<&'a SignedIn, Trouble> {
    let viewer = viewer(ctx)?;
    if crate::scope::house(ctx).actions.is_operator(viewer.user) {
        return Ok(viewer);
    }
    Err(Trouble::forbidden("Only an operator of this bot can see this."))
}
