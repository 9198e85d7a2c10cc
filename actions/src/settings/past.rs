//! How settings came to be: every version with who made it, how they were at a moment, and the way
//! back to a version. A version is one event of the capability's stream.

use domain::{
    Actor, EventId, GuildId, IdempotencyKey, Timestamp,
    settings::{Configurable, Event, FieldValue, InForce},
};
use eventlog::{Recorded, decode};

use super::{Changed, Patch, SettingsView, find};
use crate::{ActionError, Actions, Caller, in_force::settings_stream};

/// Versions that are shown at once.
pub const MAX_VERSIONS: u32 = 100;
/// Events that are read at once.
const PAGE: usize = 200;

/// One version, and the fields in which it differs from the one before.
#[derive(Clone, Debug)]
pub struct SettingsVersion {
    pub version: u32,
    pub event: EventId,
    /// Of the guild.
    pub seq: u64,
    pub at: Timestamp,
    pub by: Actor,
    /// Name, before, after.
    pub changed: Vec<(&'static str, FieldValue, FieldValue)>,
}

impl Actions {
    /// Sets several fields together. Where `over` says which version somebody looked at, another
    /// one refuses.
    #[tracing::instrument(name = "settings.save", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn change_settings(
        &self,
        guild: GuildId,
        caller: &Caller,
        capability: &str,
        over: Option<u32>,
        fields: &[(String, String)],
        key: &IdempotencyKey,
    ) -> Result<Changed, ActionError> {
        let settings = find(capability)?;
        self.open_to(guild, caller, None).await?;
        let permission = settings.capability().permission;
        self.authorise_to(("settings set", None), guild, caller, permission, key).await?;
        let parse = |(field, text): &(String, String)| settings.parse(field, text);
        let fields = fields.iter().map(parse).collect::<Result<_, _>>()?;
        settings.change(self, guild, caller, Patch::Fields(over, fields), key).await
    }

    /// Back to how they were at a version; 0 is before anybody changed them.
    #[tracing::instrument(name = "settings.revert", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn revert_settings(
        &self,
        guild: GuildId,
        caller: &Caller,
        capability: &str,
        version: u32,
        key: &IdempotencyKey,
    ) -> Result<Changed, ActionError> {
        let settings = find(capability)?;
        self.open_to(guild, caller, None).await?;
        let permission = settings.capability().permission;
        self.authorise_to(("settings revert", None), guild, caller, permission, key).await?;
        let fields = if version == 0 {
            settings.defaults()
        } else {
            settings.values_at(self, guild, version).await?.ok_or_else(|| {
                ActionError::BadInput(format!("There is no version {version} of these settings."))
            })?
        };
        settings.change(self, guild, caller, Patch::Fields(None, fields), key).await
    }

    /// All of a capability's settings as they were made by a version; none where there is none.
    pub(crate) async fn settings_version<T: Configurable>(
        &self,
        guild: GuildId,
        version: u32,
    ) -> Result<Option<T>, ActionError> {
        if version == 0 {
            return Ok(Some(T::default()));
        }
        let Some(event) = event::<T>(self, guild, version).await? else { return Ok(None) };
        Ok(Some(read::<T>(&event)?.1))
    }

    /// Who changed what and when, newest first, before `before` where that is given. Whether the
    /// caller may look is for whoever asks to find out.
    pub async fn settings_versions(
        &self,
        guild: GuildId,
        capability: &str,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<SettingsVersion>, ActionError> {
        find(capability)?.versions(self, guild, before, limit.clamp(1, MAX_VERSIONS)).await
    }

    /// As they were once the guild had come to this event.
    pub async fn settings_as_of(
        &self,
        guild: GuildId,
        capability: &str,
        seq: u64,
    ) -> Result<SettingsView, ActionError> {
        find(capability)?.as_of(self, guild, seq).await
    }
}

/// All fields of some settings by their names.
pub(super) fn fields_of<T: Configurable>(values: &T) -> Vec<(&'static str, FieldValue)> {
    T::fields().iter().filter_map(|field| Some((field.name, values.get(field.name)?))).collect()
}

fn read<T: Configurable>(event: &Recorded) -> Result<(u32, T), ActionError> {
    let Event::Changed { version, values } = decode::<Event<T>>(event)?;
    Ok((version, values))
}

/// The event of one version: they count 1, 2, 3 … with the stream.
async fn event<T: Configurable>(
    actions: &Actions,
    guild: GuildId,
    version: u32,
) -> Result<Option<Recorded>, ActionError> {
    let Some(after) = u64::from(version).checked_sub(1) else { return Ok(None) };
    let stream = settings_stream::<T>(guild);
    Ok(actions.bus().log().read_stream(&stream, after, 1).await?.pop())
}

pub(super) async fn values_at<T: Configurable>(
    actions: &Actions,
    guild: GuildId,
    version: u32,
) -> Result<Option<Vec<(&'static str, FieldValue)>>, ActionError> {
    let Some(event) = event::<T>(actions, guild, version).await? else { return Ok(None) };
    Ok(Some(fields_of(&read::<T>(&event)?.1)))
}

pub(super) async fn versions<T: Configurable>(
    actions: &Actions,
    guild: GuildId,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<SettingsVersion>, ActionError> {
    let stream = settings_stream::<T>(guild);
    let head = actions.bus().log().stream_head(&stream).await?;
    let last = before.map_or(head, |before| head.min(u64::from(before).saturating_sub(1)));
    // One more than is shown: what the oldest of them differs from.
    let first = last.saturating_sub(u64::from(limit) + 1);
    let wanted = usize::try_from(last - first).unwrap_or_default();
    let events = actions.bus().log().read_stream(&stream, first, wanted).await?;
    let mut earlier = T::default();
    let mut versions = Vec::with_capacity(events.len());
    for event in &events {
        let (version, values) = read::<T>(event)?;
        let changed = fields_of(&earlier)
            .into_iter()
            .zip(fields_of(&values))
            .filter(|((_, was), (_, is))| was != is)
            .map(|((name, was), (_, is))| (name, was, is))
            .collect();
        let by = event.metadata()?.actor;
        let (seq, at) = (event.guild_seq, event.at);
        versions.push(SettingsVersion { version, event: event.id, seq, at, by, changed });
        earlier = values;
    }
    if first > 0 {
        versions.remove(0);
    }
    versions.reverse();
    Ok(versions)
}

pub(super) async fn as_of<T: Configurable>(
    actions: &Actions,
    guild: GuildId,
    seq: u64,
) -> Result<InForce<T>, ActionError> {
    let stream = settings_stream::<T>(guild);
    let mut then = InForce::<T>::default();
    let mut after = 0;
    loop {
        let events = actions.bus().log().read_stream(&stream, after, PAGE).await?;
        for event in events.iter().filter(|event| event.guild_seq <= seq) {
            let (version, values) = read::<T>(event)?;
            then = InForce { version, values };
        }
        match events.last() {
            Some(last) if events.len() == PAGE && last.guild_seq <= seq => after = last.version,
            _ => return Ok(then),
        }
    }
}
