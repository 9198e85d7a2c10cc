//! Templates: what giveaways can be made from. They are rows of a setting.

use domain::{
    GuildId, IdempotencyKey, RoleId,
    giveaways::{
        GiveawaySettings,
        settings::{Template, TemplateRole},
    },
    settings::{Change, FieldValue, Settings},
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
        let kept = FieldValue::List(kept.map(Template::row).collect());
        let roles = settings.values.template_roles.iter().filter(|named| named.template != name);
        let roles = FieldValue::List(roles.map(TemplateRole::row).collect());
        let fields = vec![("templates".to_owned(), kept), ("template_roles".to_owned(), roles)];
        // Not over what somebody else has changed since.
        let change = Change::Fields { over: Some(settings.version), fields };
        self.change_templates(guild, caller, change, key).await
    }

    /// Has a template name a role, for one purpose; what it named it for before stays.
    #[tracing::instrument(name = "giveaways.name_template_role", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn name_template_role(
        &self,
        guild: GuildId,
        caller: &Caller,
        named: &TemplateRole,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.host(guild, caller, "giveaway template", key).await?;
        let same = |other: &TemplateRole| {
            (&other.template, other.needs, other.role) == (&named.template, named.needs, named.role)
        };
        self.change_template_roles(guild, caller, &named.template, key, |roles| {
            roles.retain(|other| !same(other));
            roles.push(named.clone());
        })
        .await
    }

    /// Has a template name a role for nothing any more.
    #[tracing::instrument(name = "giveaways.drop_template_role", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn drop_template_role(
        &self,
        guild: GuildId,
        caller: &Caller,
        (template, role): (&str, RoleId),
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.host(guild, caller, "giveaway template", key).await?;
        self.change_template_roles(guild, caller, template, key, |roles| {
            roles.retain(|named| named.template != template || named.role != role);
        })
        .await
    }

    async fn change_template_roles(
        &self,
        guild: GuildId,
        caller: &Caller,
        template: &str,
        key: &IdempotencyKey,
        change: impl FnOnce(&mut Vec<TemplateRole>) + Send,
    ) -> Result<(), ActionError> {
        let settings = self.settings::<GiveawaySettings>(guild).await?;
        if settings.values.template(template).is_none() {
            return Err(unknown(&settings.values));
        }
        let mut roles = settings.values.template_roles.clone();
        change(&mut roles);
        let rows = FieldValue::List(roles.iter().map(TemplateRole::row).collect());
        let fields = vec![("template_roles".to_owned(), rows)];
        // Not over what somebody else has changed since.
        let change = Change::Fields { over: Some(settings.version), fields };
        self.change_templates(guild, caller, change, key).await
    }

    /// Every template of a guild.
    pub async fn giveaway_templates(&self, guild: GuildId) -> Result<Vec<Template>, ActionError> {
        Ok(self.settings::<GiveawaySettings>(guild).await?.values.templates.clone())
    }

    /// Which roles they name.
    pub async fn giveaway_template_roles(
        &self,
        guild: GuildId,
    ) -> Result<Vec<TemplateRole>, ActionError> {
        Ok(self.settings::<GiveawaySettings>(guild).await?.values.template_roles.clone())
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
