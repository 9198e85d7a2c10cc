//! Settings of every capability, by the names of their fields: for slash commands and pages that
//! know no capability. Each capability registers its settings with one line in [`registered`].
//! How they came to be, and how they were at a moment, is in `past`; what somebody is about to save,
//! in `drafts`.

mod drafts;
mod past;

use std::{marker::PhantomData, sync::LazyLock};

use async_trait::async_trait;
use domain::{
    GuildId, IdempotencyKey,
    access::AccessSettings,
    activity::ActivitySettings,
    economy::EconomySettings,
    giveaways::GiveawaySettings,
    levels::LevelSettings,
    logs::LogSettings,
    moderation::ModerationSettings,
    modules::CommandSettings,
    settings::{Change, Configurable, Field, FieldValue, Settings},
    squads::SquadSettings,
};

use crate::{ActionError, Actions, Caller, Permission, in_force::settings_stream};

/// Every capability's settings. A new one adds its line here.
fn registered() -> &'static [Box<dyn AnySettings>] {
    static REGISTERED: LazyLock<Vec<Box<dyn AnySettings>>> = LazyLock::new(|| {
        vec![
            of::<EconomySettings>("economy", "Economy", Permission::ManageEconomy),
            of::<ModerationSettings>("moderation", "Moderation", Permission::ManageSettings),
            of_known::<ActivitySettings>("activity", "Activity", time_zone),
            of::<LevelSettings>("levels", "Levels", Permission::ManageSettings),
            of::<LogSettings>("logs", "Logs", Permission::ManageSettings),
            of::<GiveawaySettings>("giveaways", "Giveaways", Permission::ManageGiveaways),
            of::<SquadSettings>("squads", "Squads", Permission::ManageSettings),
            of::<AccessSettings>("access", "Roles and access", Permission::ManageAccess),
            of::<CommandSettings>("commands", "Commands", Permission::ManageSettings),
        ]
    });
    &REGISTERED
}

/// What can be configured, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    pub name: &'static str,
    pub title: &'static str,
    pub permission: Permission,
    pub fields: &'static [Field],
}

/// The settings in force, field by field.
#[derive(Clone, Debug)]
pub struct SettingsView {
    pub capability: Capability,
    pub version: u32,
    pub fields: Vec<Shown>,
}

#[derive(Clone, Debug)]
pub struct Shown {
    pub field: &'static Field,
    pub value: FieldValue,
    pub is_default: bool,
}

pub use drafts::Draft;
pub use past::SettingsVersion;

/// What a change came to.
#[derive(Clone, Debug)]
pub struct Changed {
    pub before: SettingsView,
    pub after: SettingsView,
    /// The same request was carried out before.
    pub repeated: bool,
}

impl Changed {
    /// The fields that differ, as they were and as they are.
    pub fn fields(&self) -> impl Iterator<Item = (&Shown, &Shown)> {
        self.before.fields.iter().zip(&self.after.fields).filter(|(was, is)| was.value != is.value)
    }
}

impl Actions {
    /// Everything that a community can configure.
    pub fn capabilities() -> impl Iterator<Item = Capability> {
        registered().iter().map(|settings| settings.capability())
    }

    pub async fn settings_of(
        &self,
        guild: GuildId,
        capability: &str,
    ) -> Result<SettingsView, ActionError> {
        find(capability)?.view(self, guild).await
    }

    /// Sets one field to what somebody wrote.
    #[tracing::instrument(name = "settings.change", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn change_setting(
        &self,
        guild: GuildId,
        caller: &Caller,
        capability: &str,
        field: &str,
        text: &str,
        key: &IdempotencyKey,
    ) -> Result<Changed, ActionError> {
        let settings = find(capability)?;
        self.open_to(guild, caller, None).await?;
        let permission = settings.capability().permission;
        self.authorise_to(("settings set", None), guild, caller, permission, key).await?;
        let (name, value) = settings.parse(field, text)?;
        settings.change(self, guild, caller, Patch::Field(name, value), key).await
    }

    /// Sets one field, or all of them, back to the default.
    #[tracing::instrument(name = "settings.reset", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn reset_setting(
        &self,
        guild: GuildId,
        caller: &Caller,
        capability: &str,
        field: Option<&str>,
        key: &IdempotencyKey,
    ) -> Result<Changed, ActionError> {
        let settings = find(capability)?;
        self.open_to(guild, caller, None).await?;
        let permission = settings.capability().permission;
        self.authorise_to(("settings reset", None), guild, caller, permission, key).await?;
        let name = field.map(|field| settings.field(field)).transpose()?.map(|field| field.name);
        settings.change(self, guild, caller, Patch::Reset(name), key).await
    }
}

fn find(name: &str) -> Result<&'static dyn AnySettings, ActionError> {
    let found = registered().iter().find(|settings| settings.capability().name == name);
    found.map(|settings| &**settings).ok_or_else(|| {
        let names: Vec<_> = Actions::capabilities().map(|capability| capability.name).collect();
        ActionError::BadInput(format!(
            "There are no settings called {:?}. There are: {}.",
            short(name),
            names.join(", ")
        ))
    })
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

enum Patch {
    Field(&'static str, FieldValue),
    Fields(Option<u32>, Vec<(&'static str, FieldValue)>),
    Reset(Option<&'static str>),
}

/// The settings of a capability, whichever it is.
#[async_trait]
trait AnySettings: Send + Sync {
    fn capability(&self) -> Capability;

    async fn view(&self, actions: &Actions, guild: GuildId) -> Result<SettingsView, ActionError>;

    async fn change(
        &self,
        actions: &Actions,
        guild: GuildId,
        caller: &Caller,
        patch: Patch,
        key: &IdempotencyKey,
    ) -> Result<Changed, ActionError>;

    fn unknown(&self, value: &FieldValue) -> Option<String>;
    /// Versions before one, newest first; each is one event of the stream.
    async fn versions(
        &self,
        actions: &Actions,
        guild: GuildId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<SettingsVersion>, ActionError>;

    /// As they were after an event of the guild.
    async fn as_of(
        &self,
        actions: &Actions,
        guild: GuildId,
        seq: u64,
    ) -> Result<SettingsView, ActionError>;

    fn defaults(&self) -> Vec<(&'static str, FieldValue)>;

    /// All fields at a version; none where there is no such version.
    async fn values_at(
        &self,
        actions: &Actions,
        guild: GuildId,
        version: u32,
    ) -> Result<Option<Vec<(&'static str, FieldValue)>>, ActionError>;

    fn field(&self, name: &str) -> Result<&'static Field, ActionError> {
        let fields = self.capability().fields;
        fields.iter().find(|field| field.name == name).ok_or_else(|| {
            let names: Vec<_> = fields.iter().map(|field| field.name).collect();
            ActionError::BadInput(format!(
                "There is no setting {:?} in {}. There are: {}.",
                short(name),
                self.capability().name,
                names.join(", ")
            ))
        })
    }

    fn parse(&self, field: &str, text: &str) -> Result<(&'static str, FieldValue), ActionError> {
        let field = self.field(field)?;
        let value = field.parse(text).map_err(ActionError::BadInput)?;
        match self.unknown(&value) {
            Some(problem) => Err(ActionError::BadInput(problem)),
            None => Ok((field.name, value)),
        }
    }
}

struct Of<T> {
    name: &'static str,
    title: &'static str,
    permission: Permission,
    /// What is wrong with a value by what is known only out here.
    unknown: fn(&FieldValue) -> Option<String>,
    values: PhantomData<fn() -> T>,
}

fn of<T: Configurable>(
    name: &'static str,
    title: &'static str,
    permission: Permission,
) -> Box<dyn AnySettings> {
    Box::new(Of::<T> { name, title, permission, unknown: |_| None, values: PhantomData })
}

/// Settings whose values have to be known out here as well.
fn of_known<T: Configurable>(
    name: &'static str,
    title: &'static str,
    unknown: fn(&FieldValue) -> Option<String>,
) -> Box<dyn AnySettings> {
    let permission = Permission::ManageSettings;
    Box::new(Of::<T> { name, title, permission, unknown, values: PhantomData })
}

fn time_zone(value: &FieldValue) -> Option<String> {
    let FieldValue::Text(name) = value else { return None };
    let known = crate::activity::Calendar::of(name).is_some();
    let text = "time_zone: there is none of this name; use one such as Europe/Berlin or UTC";
    (!known).then(|| text.to_owned())
}

#[async_trait]
impl<T: Configurable> AnySettings for Of<T> {
    fn capability(&self) -> Capability {
        let (name, title, permission) = (self.name, self.title, self.permission);
        Capability { name, title, permission, fields: T::fields() }
    }

    fn unknown(&self, value: &FieldValue) -> Option<String> {
        (self.unknown)(value)
    }

    async fn view(&self, actions: &Actions, guild: GuildId) -> Result<SettingsView, ActionError> {
        let in_force = actions.settings::<T>(guild).await?;
        Ok(self.shown(&in_force.values, in_force.version))
    }

    async fn change(
        &self,
        actions: &Actions,
        guild: GuildId,
        caller: &Caller,
        patch: Patch,
        key: &IdempotencyKey,
    ) -> Result<Changed, ActionError> {
        let before = self.view(actions, guild).await?;
        let change = match patch {
            Patch::Field(name, value) => Change::Field { name: name.to_owned(), value },
            Patch::Fields(over, fields) => {
                let named = |(name, value): (&str, _)| (name.to_owned(), value);
                Change::Fields { over, fields: fields.into_iter().map(named).collect() }
            }
            Patch::Reset(name) => Change::Reset { name: name.map(str::to_owned) },
        };
        let request = actions.request(guild, caller, key, None).await?;
        let stream = settings_stream::<T>(guild);
        let done = actions.bus().execute::<Settings<T>>(&stream, &change, &request).await?;
        actions.forget_settings::<T>(guild);
        let after = self.view(actions, guild).await?;
        Ok(Changed { before, after, repeated: done.repeated })
    }

    async fn versions(
        &self,
        actions: &Actions,
        guild: GuildId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<SettingsVersion>, ActionError> {
        past::versions::<T>(actions, guild, before, limit).await
    }

    async fn as_of(
        &self,
        actions: &Actions,
        guild: GuildId,
        seq: u64,
    ) -> Result<SettingsView, ActionError> {
        let then = past::as_of::<T>(actions, guild, seq).await?;
        Ok(self.shown(&then.values, then.version))
    }

    fn defaults(&self) -> Vec<(&'static str, FieldValue)> {
        past::fields_of(&T::default())
    }

    async fn values_at(
        &self,
        actions: &Actions,
        guild: GuildId,
        version: u32,
    ) -> Result<Option<Vec<(&'static str, FieldValue)>>, ActionError> {
        past::values_at::<T>(actions, guild, version).await
    }
}

impl<T: Configurable> Of<T> {
    fn shown(&self, values: &T, version: u32) -> SettingsView {
        let defaults = T::default();
        let shown = |field: &'static Field| {
            let value = values.get(field.name)?;
            let is_default = defaults.get(field.name).as_ref() == Some(&value);
            Some(Shown { field, value, is_default })
        };
        let fields = T::fields().iter().filter_map(shown).collect();
        SettingsView { capability: self.capability(), version, fields }
    }
}
