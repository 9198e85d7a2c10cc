//! What a key opens: the one table of operations and the scope that each needs. What stands in no line
//! is for people only: sessions, what belongs to no community, and appeals.
//!
//! A scope lets a key ask; whether it is answered, its owner's permissions decide, less those that
//! no scope of the key stands for (`Permission::scopes` in `actions`).

use std::sync::Arc;

use async_graphql::{
    Error, Pos, ServerError, ServerResult, Value, async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo},
};
use domain::keys::Scope;

use crate::{trouble::Trouble, viewer::SignedIn};

/// What a key needs for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any key may.
    Nothing,
    Scope(Scope),
    /// No key may.
    Person,
}

/// For an operation of one of the types that everything hangs on.
pub fn needs(holder: &str, operation: &str) -> Needs {
    match holder {
        "Query" => match operation {
            "guild" | "viewer" | "status" | "draw" => Needs::Nothing,
            introspection if introspection.starts_with("__") => Needs::Nothing,
            _ => Needs::Person,
        },
        "Viewer" => match operation {
            "userId" | "name" | "avatarUrl" => Needs::Nothing,
            _ => Needs::Person,
        },
        "Guild" => match operation {
            "keys" | "keyScopes" => Needs::Scope(Scope::Keys),
            _ => Needs::Scope(Scope::Read),
        },
        "Subscription" => Needs::Scope(Scope::Read),
        "Mutation" => mutation(operation).map_or(Needs::Person, Needs::Scope),
        _ => Needs::Nothing,
    }
}

fn mutation(operation: &str) -> Option<Scope> {
    Some(match operation {
        "bytesGrant" | "bytesTake" | "bytesSend" | "campaignCreate" | "campaignLimit"
        | "campaignRevoke" | "codeRevoke" | "tierSet" | "tierRemove" | "tierGive" | "tierTake" => {
            Scope::Economy
        }
        "warn" | "punish" | "memberNote" | "caseReason" | "caseNote" | "caseEvidence"
        | "caseHide" | "caseResolve" | "caseLink" | "caseDuration" | "casePardon"
        | "appealDecide" | "casesUndo" => Scope::Moderation,
        "settingsChange" | "settingsReset" | "settingsRevert" | "moduleSwitch" => Scope::Settings,
        "block" | "unblock" | "webhookCreate" | "webhookChange" | "webhookSwitch"
        | "webhookTurnSecret" | "webhookTest" | "webhookDelete" => Scope::Access,
        "giveawayCreate" | "giveawayEdit" | "giveawayPause" | "giveawayResume" | "giveawayEnd"
        | "giveawayCancel" | "giveawayReroll" => Scope::Giveaways,
        "squadCreate" | "squadEdit" | "squadDelete" => Scope::Squads,
        "keyCreate" | "keyRevoke" => Scope::Keys,
        _ => return None,
    })
}

impl SignedIn {
    /// Refuses a key for what it is not for; whoever asks themselves is let through.
    pub fn lets(&self, holder: &str, operation: &str) -> Result<(), Trouble> {
        let Some(key) = &self.key else { return Ok(()) };
        match needs(holder, operation) {
            Needs::Nothing => Ok(()),
            Needs::Scope(scope) if key.scopes.contains(&scope) => Ok(()),
            Needs::Scope(scope) => Err(Trouble {
                rule: Some("keys.scope"),
                ..Trouble::forbidden(format!(
                    "This key lacks the scope \"{}\". Make one that has it.",
                    scope.word()
                ))
            }),
            Needs::Person => Err(Trouble {
                rule: Some("keys.not_for_keys"),
                ..Trouble::forbidden("No key can do this. Sign in on the dashboard for it.")
            }),
        }
    }
}

/// Asks the table before each operation.
pub struct Gate;

impl ExtensionFactory for Gate {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Gate {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        if let Some(who) = ctx.data_opt::<SignedIn>() {
            who.lets(info.parent_type, info.name).map_err(refused)?;
        }
        next.run(ctx, info).await
    }
}

fn refused(trouble: Trouble) -> ServerError {
    Error::from(trouble).into_server_error(Pos::default())
}
