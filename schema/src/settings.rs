//! What can be configured: every capability's settings, field by field, how they came to be, and the
//! way back.

use actions::{
    Permission,
    settings::{Capability as Known, Changed, SettingsVersion, SettingsView, Shown},
};
use async_graphql::{Context, Enum, InputObject, Json, Object, SimpleObject};
use domain::settings::{Column, Field, FieldValue, Kind};
use serde_json::{Value, json};

use crate::{
    access::Permission as Needed,
    done::{Done, done, key},
    guild::guild_id,
    page::{Asked, List, cost},
    people::ActorLine,
    scalars::{EventId, Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// Fields that are changed together.
const MAX_FIELDS: usize = 60;

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "SettingsOnGuild")]
impl OnGuild {
    /// Everything that you may look at: with View Audit all of it, else what you may change.
    #[graphql(complexity = "8 * child_complexity")]
    async fn settings(&self) -> Answer<Vec<Capability>> {
        let mut shown = Vec::new();
        for known in actions::Actions::capabilities() {
            if may_see(&self.0, &known).await? {
                shown.push(Capability::of(&self.0, known).await?);
            }
        }
        if shown.is_empty() {
            self.0.require(&[Permission::ManageSettings, Permission::ViewAudit]).await?;
        }
        Ok(shown)
    }

    /// The settings of one capability.
    async fn settings_of(&self, capability: String) -> Answer<Capability> {
        let known = actions::Actions::capabilities().find(|known| known.name == capability);
        let known = known.ok_or_else(|| Trouble::not_found("There are no such settings."))?;
        if !may_see(&self.0, &known).await? {
            self.0.require(&[known.permission]).await?;
        }
        Capability::of(&self.0, known).await
    }
}

async fn may_see(scope: &Scope, known: &Known) -> Answer<bool> {
    Ok(scope.may(&[Permission::ViewAudit]).await? || scope.may(&[known.permission]).await?)
}

/// The settings of one capability, at the moment that is looked at.
pub struct Capability {
    scope: Scope,
    view: SettingsView,
}

impl Capability {
    async fn of(scope: &Scope, known: Known) -> Answer<Self> {
        let (actions, guild) = (scope.actions(), scope.guild());
        let view = match scope.until() {
            None => actions.settings_of(guild, known.name).await?,
            Some(seq) => actions.settings_as_of(guild, known.name, seq).await?,
        };
        Ok(Self { scope: scope.clone(), view })
    }
}

#[Object]
impl Capability {
    async fn name(&self) -> &str {
        self.view.capability.name
    }

    async fn title(&self) -> &str {
        self.view.capability.title
    }

    /// Who may change it.
    async fn permission(&self) -> Needed {
        self.view.capability.permission.into()
    }

    /// Whether you may, now.
    async fn can_change(&self) -> Answer<bool> {
        let may = self.scope.may(&[self.view.capability.permission]).await?;
        Ok(may && self.scope.then().is_none())
    }

    /// 0 where nobody has changed anything yet.
    async fn version(&self) -> u32 {
        self.view.version
    }

    async fn fields(&self) -> Vec<SettingField> {
        self.view.fields.iter().map(SettingField::of).collect()
    }

    /// Who changed what and when, newest first.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn versions(
        &self,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<VersionLine>> {
        let asked = Asked::read(first, after.as_deref())?;
        let newest = self.scope.then().map(|_| u64::from(self.view.version) + 1);
        let before = asked.before.or(newest);
        let before = before.map(|before| u32::try_from(before).unwrap_or(u32::MAX));
        let (guild, name) = (self.scope.guild(), self.view.capability.name);
        let actions = self.scope.actions();
        let versions = actions.settings_versions(guild, name, before, asked.wanted()).await?;
        let fields = self.view.capability.fields;
        let of = |version: SettingsVersion| VersionLine::of(guild, &version, fields);
        Ok(asked
            .page(versions.into_iter().map(of).collect(), |line: &VersionLine| line.version.into()))
    }
}

/// A field, and what it is set to.
#[derive(SimpleObject)]
pub struct SettingField {
    pub name: &'static str,
    pub title: &'static str,
    pub help: &'static str,
    pub kind: FieldKind,
    /// The bounds: min and max, or for durations minSecs and maxSecs, for texts minChars and
    /// maxChars, for lists most.
    pub bounds: Json<Value>,
    /// Of a choice.
    pub choices: Vec<&'static str>,
    /// Of a list.
    pub columns: Vec<FieldColumn>,
    /// What is allowed, in words.
    pub allowed: String,
    /// As people write it, and as it is sent back to change it.
    pub text: String,
    /// As programs read it; a list is rows of cells.
    pub value: Json<Value>,
    pub is_default: bool,
}

#[derive(SimpleObject)]
pub struct FieldColumn {
    pub name: &'static str,
    pub kind: FieldKind,
    pub bounds: Json<Value>,
    pub choices: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FieldKind {
    Amount,
    Count,
    /// In seconds; written as 90s, 5m, 24h or 7d.
    Duration,
    Text,
    Choice,
    /// on or off.
    Switch,
    Role,
    Channel,
    /// Rows written as a:b, c:d.
    List,
}

impl SettingField {
    fn of(shown: &Shown) -> Self {
        let Field { name, title, help, kind } = *shown.field;
        let columns = match kind {
            Kind::List { columns, .. } => columns.iter().map(FieldColumn::of).collect(),
            _ => Vec::new(),
        };
        Self {
            name,
            title,
            help,
            kind: kind_of(kind),
            bounds: Json(bounds(kind)),
            choices: choices(kind),
            columns,
            allowed: kind.allowed(),
            text: written(&shown.value),
            value: Json(value(&shown.value)),
            is_default: shown.is_default,
        }
    }
}

impl FieldColumn {
    fn of(column: &Column) -> Self {
        let Column { name, kind } = *column;
        Self { name, kind: kind_of(kind), bounds: Json(bounds(kind)), choices: choices(kind) }
    }
}

const fn kind_of(kind: Kind) -> FieldKind {
    match kind {
        Kind::Amount { .. } => FieldKind::Amount,
        Kind::Count { .. } => FieldKind::Count,
        Kind::Duration { .. } => FieldKind::Duration,
        Kind::Text { .. } => FieldKind::Text,
        Kind::Choice(_) => FieldKind::Choice,
        Kind::Switch => FieldKind::Switch,
        Kind::Role => FieldKind::Role,
        Kind::Channel => FieldKind::Channel,
        Kind::List { .. } => FieldKind::List,
    }
}

fn bounds(kind: Kind) -> Value {
    match kind {
        Kind::Amount { min, max } => json!({ "min": min.0.to_string(), "max": max.0.to_string() }),
        Kind::Count { min, max } => json!({ "min": min, "max": max }),
        Kind::Duration { min_secs, max_secs } => {
            json!({ "minSecs": min_secs, "maxSecs": max_secs })
        }
        Kind::Text { min_chars, max_chars } => {
            json!({ "minChars": min_chars, "maxChars": max_chars })
        }
        Kind::List { most, .. } => json!({ "most": most }),
        Kind::Choice(_) | Kind::Switch | Kind::Role | Kind::Channel => json!({}),
    }
}

fn choices(kind: Kind) -> Vec<&'static str> {
    if let Kind::Choice(words) = kind { words.to_vec() } else { Vec::new() }
}

fn value(field: &FieldValue) -> Value {
    match field {
        FieldValue::Amount(amount) => json!(amount.0.to_string()),
        FieldValue::Count(number) | FieldValue::Duration(number) => json!(number),
        FieldValue::Text(text) | FieldValue::Choice(text) => json!(text),
        FieldValue::Switch(on) => json!(on),
        FieldValue::Role(role) => json!(role.to_string()),
        FieldValue::Channel(channel) => json!(channel.to_string()),
        FieldValue::List(rows) => {
            rows.iter().map(|row| row.iter().map(value).collect::<Value>()).collect()
        }
    }
}

/// Ids bare, everything else as commands show it.
fn written(field: &FieldValue) -> String {
    match field {
        FieldValue::Role(role) => role.to_string(),
        FieldValue::Channel(channel) => channel.to_string(),
        FieldValue::List(rows) => {
            let row = |row: &Vec<FieldValue>| row.iter().map(written).collect::<Vec<_>>().join(":");
            rows.iter().map(row).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// A field as it was and as it is.
#[derive(SimpleObject)]
pub struct FieldChange {
    pub name: &'static str,
    pub title: &'static str,
    pub before: String,
    pub after: String,
}

impl FieldChange {
    fn of(name: &'static str, fields: &[Field], before: &FieldValue, after: &FieldValue) -> Self {
        let title = fields.iter().find(|field| field.name == name).map_or(name, |f| f.title);
        Self { name, title, before: written(before), after: written(after) }
    }
}

/// What the settings were made by one change.
#[derive(SimpleObject)]
#[graphql(name = "SettingsVersion")]
pub struct VersionLine {
    pub version: u32,
    pub event: EventId,
    /// The event's number in the community.
    pub seq: Long,
    pub at: Time,
    pub by: ActorLine,
    pub changes: Vec<FieldChange>,
}

impl VersionLine {
    fn of(guild: domain::GuildId, version: &SettingsVersion, fields: &[Field]) -> Self {
        let change = |(name, before, after): &(&'static str, FieldValue, FieldValue)| {
            FieldChange::of(name, fields, before, after)
        };
        Self {
            version: version.version,
            event: EventId(version.event.0),
            seq: Long(version.seq.cast_signed()),
            at: Time(version.at),
            by: ActorLine::of(guild, &version.by),
            changes: version.changed.iter().map(change).collect(),
        }
    }
}

#[derive(InputObject)]
pub struct SettingsChange {
    pub guild: Snowflake,
    pub capability: String,
    pub fields: Vec<FieldSet>,
    /// The version that you looked at; another one refuses.
    pub over: Option<u32>,
    pub key: String,
}

#[derive(InputObject)]
pub struct FieldSet {
    pub name: String,
    /// As people write it.
    pub text: String,
}

#[derive(InputObject)]
pub struct SettingsReset {
    pub guild: Snowflake,
    pub capability: String,
    /// All of them where it is left out.
    pub field: Option<String>,
    pub key: String,
}

#[derive(InputObject)]
pub struct SettingsRevert {
    pub guild: Snowflake,
    pub capability: String,
    /// 0 for before anybody changed them.
    pub version: u32,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct SettingsSaved {
    pub done: Done,
    pub changes: Vec<FieldChange>,
    /// As they are now; none where it was refused.
    pub settings: Option<Capability>,
}

impl SettingsSaved {
    fn of(scope: &Scope, changed: Result<Changed, Done>) -> Self {
        match changed {
            Ok(changed) => {
                let fields = changed.after.capability.fields;
                let change = |(was, is): (&Shown, &Shown)| {
                    FieldChange::of(is.field.name, fields, &was.value, &is.value)
                };
                let changes = changed.fields().map(change).collect();
                let done = Done::of(changed.repeated);
                let settings = Some(Capability { scope: scope.clone(), view: changed.after });
                Self { done, changes, settings }
            }
            Err(done) => Self { done, changes: Vec::new(), settings: None },
        }
    }
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "SettingsMutations")]
impl Mutations {
    /// Sets several fields together.
    async fn settings_change(
        &self,
        ctx: &Context<'_>,
        input: SettingsChange,
    ) -> Answer<SettingsSaved> {
        if input.fields.is_empty() || input.fields.len() > MAX_FIELDS {
            return Err(Trouble::bad_input(format!("fields: use 1 to {MAX_FIELDS}.")));
        }
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, guild) = (scope.actions(), scope.guild());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let fields: Vec<_> =
            input.fields.into_iter().map(|field| (field.name, field.text)).collect();
        let (capability, caller) = (input.capability.as_str(), scope.caller());
        let asked =
            actions.change_settings(guild, caller, capability, input.over, &fields, &key).await;
        Ok(SettingsSaved::of(&scope, done(asked)?))
    }

    /// Sets one field, or all of them, back to the default.
    async fn settings_reset(
        &self,
        ctx: &Context<'_>,
        input: SettingsReset,
    ) -> Answer<SettingsSaved> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, guild) = (scope.actions(), scope.guild());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let (capability, field) = (input.capability.as_str(), input.field.as_deref());
        let asked = actions.reset_setting(guild, scope.caller(), capability, field, &key).await;
        Ok(SettingsSaved::of(&scope, done(asked)?))
    }

    /// Back to how they were at a version.
    async fn settings_revert(
        &self,
        ctx: &Context<'_>,
        input: SettingsRevert,
    ) -> Answer<SettingsSaved> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, guild) = (scope.actions(), scope.guild());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let (capability, version) = (input.capability.as_str(), input.version);
        let asked = actions.revert_settings(guild, scope.caller(), capability, version, &key).await;
        Ok(SettingsSaved::of(&scope, done(asked)?))
    }
}
