//! What operators decide for the whole installation: maintenance. It is a setting in the platform's
//! own scope, so every change is an event that says who made it.

use domain::{
    GuildId, IdempotencyKey,
    platform::PlatformSettings,
    settings::{Change, Settings},
};

use crate::{ActionError, Actions, Caller, Who, in_force::settings_stream};

/// Whether the installation is under maintenance, and what people are told then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    pub on: bool,
    pub notice: String,
}

impl Actions {
    /// Refuses everybody who does not run this installation, whatever they are in a guild.
    pub fn require_operator(&self, caller: &Caller) -> Result<(), ActionError> {
        match caller.who {
            Who::Operator => Ok(()),
            // Keys are of one community.
            Who::Member(user) if self.is_operator(user) && caller.key().is_none() => Ok(()),
            Who::Member(_) | Who::Process(_) | Who::Import => Err(ActionError::NotAnOperator),
        }
    }

    pub async fn maintenance(&self) -> Result<Maintenance, ActionError> {
        let settings = self.settings::<PlatformSettings>(GuildId::PLATFORM).await?;
        let PlatformSettings { maintenance, notice } = settings.values.clone();
        Ok(Maintenance { on: maintenance, notice })
    }

    /// Begins or ends maintenance. Without a notice people are told the default one.
    #[tracing::instrument(name = "platform.set_maintenance", level = "debug", skip_all)]
    pub async fn set_maintenance(
        &self,
        caller: &Caller,
        on: bool,
        notice: Option<&str>,
        key: &IdempotencyKey,
    ) -> Result<Maintenance, ActionError> {
        if let Err(error) = self.require_operator(caller) {
            self.note_refusal(GuildId::PLATFORM, caller, None, "maintenance", &error, key).await;
            return Err(error);
        }
        let mut to = PlatformSettings { maintenance: on, ..PlatformSettings::default() };
        if let Some(notice) = notice {
            notice.trim().clone_into(&mut to.notice);
        }
        let request = self.request(GuildId::PLATFORM, caller, key, None).await?;
        let stream = settings_stream::<PlatformSettings>(GuildId::PLATFORM);
        let change = Change::To(to);
        self.bus().execute::<Settings<PlatformSettings>>(&stream, &change, &request).await?;
        self.forget_settings::<PlatformSettings>(GuildId::PLATFORM);
        let maintenance = self.maintenance().await?;
        tracing::info!(maintenance = maintenance.on, "maintenance was switched by an operator");
        Ok(maintenance)
    }
}
