//! Templates: what giveaways can be made from. They are rows of a setting.

use domain::{
    GuildId, IdempotencyKey,
    giveaways::{GiveawaySettings, settings::Template},
    settings::{Change, Settings},
};

use crate::{ActionError, Actions, Caller, in_force::settings_stream};

impl Actions {
    /// Keeps a template, in the place of the one of this name.
    #[tracing::instrument(name = "giveaways.save_template", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn save_giveaway_template(
        &self,
        guild: GuildId,
        caller: &Caller,
        template: &Template,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.host(guild, caller, "giveaway template", key).await?;
        let change = Change::Row { name: "templates".to_owned(), row: template.row() };
        self.change_templates(guild, caller, change, key).await
    }

    #[tracing::instrument(name = "giveaways.drop_template", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn drop_giveaway_template(
        &self,
        guild: GuildId,
        caller: &Caller,
        name: &str,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.host(guild, caller, "giveaway template", key).await?;
        let settings = self.settings::<GiveawaySettings>(guild).await?;
        if settings.values.template(name).is_none() {
            return Err(unknown(&settings.values));
        }
        let kept = settings.values.templates.iter().filter(|template| template.name != name);
        let kept = kept.map(Template::row).collect();
        let value = domain::settings::FieldValue::List(kept);
        let change = Change::Field { name: "templates".to_owned(), value };
        self.change_templates(guild, caller, change, key).await
    }

    /// Every template of a guild.
    pub async fn giveaway_templates(&self, guild: GuildId) -> Result<Vec<Template>, ActionError> {
        Ok(self.settings::<GiveawaySettings>(guild).await?.values.templates.clone())
    }

    async fn change_templates(
        &self,
        guild: GuildId,
        caller: &Caller,
        change: Change<GiveawaySettings>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let request = self.request(guild, caller, key, None).await?;
        let stream = settings_stream::<GiveawaySettings>(guild);
        self.bus().execute::<Settings<GiveawaySettings>>(&stream, &change, &request).await?;
        self.forget_settings::<GiveawaySettings>(guild);
        Ok(())
    }
}

/// There is no such template.
pub(super) fn unknown(settings: &GiveawaySettings) -> ActionError {
    let names: Vec<_> = settings.templates.iter().map(|template| template.name.as_str()).collect();
    let known = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
    ActionError::BadInput(format!("There is no template of this name here. There are: {known}."))
}
