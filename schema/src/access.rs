//! Who may do what: what whoever asks may, and what each permission stands on.

use actions::Permission as Known;
use async_graphql::{Enum, Object, SimpleObject};

use crate::{scope::Scope, trouble::Answer};

/// What a community can allow somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Known")]
pub enum Permission {
    ManageEconomy,
    ManageSettings,
    ManageAccess,
    Moderate,
    ViewRecords,
    ViewAudit,
    ViewAnalytics,
}

pub async fn held(scope: &Scope) -> Answer<Vec<Permission>> {
    Ok(scope.permissions().await?.iter().map(|held| Permission::from(*held)).collect())
}

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "AccessOnGuild")]
impl OnGuild {
    /// What you may here.
    async fn permissions(&self) -> Answer<Vec<Permission>> {
        held(&self.0).await
    }

    /// Every permission, with whether you have it and what gives it: for saying why something is
    /// not to be had.
    async fn permission_lines(&self) -> Answer<Vec<PermissionLine>> {
        let held = self.0.permissions().await?;
        let line = |known: Known| PermissionLine {
            permission: known.into(),
            name: known.name(),
            discord: known.discord().to_string(),
            held: held.contains(&known),
        };
        Ok(Known::ALL.into_iter().map(line).collect())
    }
}

#[derive(SimpleObject)]
pub struct PermissionLine {
    pub permission: Permission,
    /// As people know it.
    pub name: &'static str,
    /// The permission of Discord's that gives it where the community has decided nothing.
    pub discord: String,
    pub held: bool,
}
