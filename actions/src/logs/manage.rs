//! What a community says about its logs, and what they say about themselves.

use domain::{
    ChannelId, GuildId, IdempotencyKey, UserId, UtcDay,
    logs::{Command, LogSettings, Logs, Topic},
    settings::{Change, Configurable as _, Settings},
};

use super::{MODULE, stream};
use crate::{ActionError, Actions, Caller, Permission, in_force::settings_stream};

/// How the logs of a community stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStatus {
    /// Each topic: whether it is noted, and where it is posted.
    pub topics: Vec<(Topic, bool, Option<ChannelId>)>,
    pub left_out_channels: Vec<ChannelId>,
    /// Those who were erased are no longer among them.
    pub left_out: Vec<UserId>,
    pub bots: bool,
    pub retention_secs: u32,
    /// Versions of messages that are kept, and since when.
    pub kept: u64,
    pub kept_since: Option<UtcDay>,
}

impl Actions {
    pub async fn log_status(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<LogStatus, ActionError> {
        self.open_to(guild, caller, None).await?;
        self.require_module(guild, &MODULE).await?;
        self.authorise(guild, caller, Permission::ViewRecords).await?;
        let terms = self.settings::<LogSettings>(guild).await?;
        let terms = &terms.values;
        let topic = |topic| (topic, terms.notes(topic), terms.posted_in(topic));
        let left_out: Vec<_> = self
            .bus()
            .read::<Logs, _>(&stream(guild), |state, _| state.left_out().collect())
            .await?;
        let users = self.people().users(guild, &left_out).await?;
        let (kept, kept_since) = self.archive_size(guild).await?;
        Ok(LogStatus {
            topics: Topic::ALL.into_iter().map(topic).collect(),
            left_out_channels: terms.left_out_channels.clone(),
            left_out: left_out.iter().filter_map(|person| users.get(person).copied()).collect(),
            bots: terms.bots,
            retention_secs: terms.retention_secs,
            kept,
            kept_since,
        })
    }

    /// Switches a topic on or off, or says where it is posted; all of them where none is named.
    #[tracing::instrument(name = "logs.set", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn set_log_topic(
        &self,
        guild: GuildId,
        caller: &Caller,
        topic: Option<Topic>,
        (on, channel): (Option<bool>, Option<ChannelId>),
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.open_to(guild, caller, None).await?;
        let permission = Permission::ManageSettings;
        self.authorise_to(("logs set", None), guild, caller, permission, key).await?;
        self.require_module(guild, &MODULE).await?;
        let terms = self.settings::<LogSettings>(guild).await?;
        let new = if let Some(topic) = topic {
            terms.values.with(topic, on, channel)
        } else {
            let mut all = terms.values.clone();
            for topic in Topic::ALL {
                all = all.with(topic, on, None);
            }
            all.channel = channel.map_or(all.channel, |channel| vec![channel]);
            all
        };
        let changed = |name: &'static str| {
            let value = new.get(name)?;
            (terms.values.get(name).as_ref() != Some(&value)).then(|| (name.to_owned(), value))
        };
        let fields: Vec<_> =
            ["topics", "routes", "channel"].into_iter().filter_map(changed).collect();
        if fields.is_empty() {
            return Ok(());
        }
        let change = Change::Fields { over: Some(terms.version), fields };
        let request = self.request(guild, caller, key, None).await?;
        let stream = settings_stream::<LogSettings>(guild);
        self.bus().execute::<Settings<LogSettings>>(&stream, &change, &request).await?;
        self.forget_settings::<LogSettings>(guild);
        Ok(())
    }

    /// From now on nothing is noted of a member, or is again. False where it was so already.
    #[tracing::instrument(name = "logs.leave_out", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn leave_out_of_logs(
        &self,
        guild: GuildId,
        caller: &Caller,
        user: UserId,
        out: bool,
        key: &IdempotencyKey,
    ) -> Result<bool, ActionError> {
        self.open_to(guild, caller, None).await?;
        let what = if out { "logs exclude" } else { "logs include" };
        let permission = Permission::ManageSettings;
        self.authorise_to((what, Some(user)), guild, caller, permission, key).await?;
        self.require_module(guild, &MODULE).await?;
        let person = self.people().person(guild, user).await?;
        let command = if out { Command::LeaveOut { person } } else { Command::TakeIn { person } };
        let request = self.request(guild, caller, key, None).await?;
        let done = self.bus().execute::<Logs>(&stream(guild), &command, &request).await?;
        Ok(!done.recorded.is_empty())
    }
}
