//! What every request passes before it is looked at. The rules and their order are in `actions`;
//! here is only what is asked of them.

use std::time::Duration;

use actions::{ActionError, gate::Ask};

use super::{
    command::{Capability, Found, Route},
    ctx::Ctx,
};

/// A command, as somebody uses it: counts, and may be refused.
pub async fn admit(ctx: &Ctx, found: &Found) -> Result<(), ActionError> {
    let spec = found.route.spec;
    let path = found.group.path(found.route);
    let ask = Ask {
        command: path.trim_start_matches('/'),
        whom: ctx.asked.named.first().map(|named| named.user),
        module: found.capability.module,
        permission: spec.permission,
        operators_only: spec.operators_only,
        cooldown: spec.cooldown,
        again: ctx.asked.again,
    };
    ctx.actions().admit(ctx.guild(), &ctx.caller, &ask, &key(ctx)?).await
}

/// A button or form. What it does asks for the permission again.
pub async fn admit_again(
    ctx: &Ctx,
    capability: &Capability,
    verb: &str,
) -> Result<(), ActionError> {
    let command = format!("{} {verb}", capability.name);
    let ask = Ask {
        command: &command,
        whom: None,
        module: capability.module,
        permission: None,
        operators_only: false,
        cooldown: Duration::ZERO,
        again: ctx.asked.again,
    };
    ctx.actions().admit(ctx.guild(), &ctx.caller, &ask, &key(ctx)?).await
}

/// Whether this member could use it now. Looking does not count, and is kept nowhere.
pub async fn could(ctx: &Ctx, capability: &Capability, route: &Route) -> Result<(), ActionError> {
    let actions = ctx.actions();
    actions.open_to(ctx.guild(), &ctx.caller, capability.module).await?;
    if route.spec.operators_only {
        actions.require_operator(&ctx.caller)?;
    }
    if let Some(permission) = route.spec.permission {
        actions.authorise(ctx.guild(), &ctx.caller, permission).await?;
    }
    Ok(())
}

fn key(ctx: &Ctx) -> Result<domain::IdempotencyKey, ActionError> {
    ctx.key().map_err(|error| ActionError::BadInput(error.to_string()))
}
