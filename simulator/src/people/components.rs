//! Buttons and lists of a message.

use serde_json::{Value, json};

use super::{Answer, Failed, Given, Person, View, options::Resolver, view::component};
use crate::{
    permissions::Permissions,
    snowflake::Id,
    world::{
        World,
        interaction::{Kind, NewInteraction},
        message::Author,
    },
};

impl Person {
    /// Presses a button of a message, by its label.
    pub async fn presses(&self, channel: Id, message: Id, label: &str) -> Result<Answer, Failed> {
        let new = {
            let world = self.sim.world.lock();
            let view = self.sees(&world, channel, message)?;
            let button = view.button(label).ok_or_else(|| {
                let known: Vec<_> = view.buttons().into_iter().map(|button| button.label).collect();
                Failed::client(format!("no button {label:?}; there are {known:?}"))
            })?;
            if button.disabled {
                return Err(Failed::client(format!("the button {label:?} is disabled")));
            }
            let custom_id = button.custom_id.ok_or_else(|| {
                Failed::client(format!("the button {label:?} opens an address, no application"))
            })?;
            let data = json!({ "component_type": component::BUTTON, "custom_id": custom_id });
            self.new_component(&world, channel, message, data)?
        };
        self.interacts(new).await
    }

    /// Presses a button that is not there (any more): what a forged or an old client sends.
    pub async fn forges_press(
        &self,
        channel: Id,
        message: Id,
        custom_id: &str,
    ) -> Result<Answer, Failed> {
        let new = {
            let world = self.sim.world.lock();
            let data = json!({ "component_type": component::BUTTON, "custom_id": custom_id });
            self.new_component(&world, channel, message, data)?
        };
        self.interacts(new).await
    }

    /// Picks from a list of a message: by what an option says or by its value; users, roles and
    /// channels by name or id.
    pub async fn selects(
        &self,
        channel: Id,
        message: Id,
        list: &str,
        picked: &[&str],
    ) -> Result<Answer, Failed> {
        let new = {
            let world = self.sim.world.lock();
            let view = self.sees(&world, channel, message)?;
            let select = view.select(list);
            let select =
                select.ok_or_else(|| Failed::client(format!("there is no list {list:?}")))?;
            if select["disabled"] == true {
                return Err(Failed::client(format!("the list {list:?} is disabled")));
            }
            let guild = world.channel(channel)?.guild;
            let mut resolver = Resolver::new(&world, guild, self.user);
            let values = pick(&mut resolver, &select, picked)?;
            let mut data = json!({
                "component_type": select["type"],
                "custom_id": select["custom_id"],
                "values": values,
            });
            let resolved = resolver.into_resolved();
            if !resolved.is_empty() {
                data["resolved"] = Value::Object(resolved);
            }
            self.new_component(&world, channel, message, data)?
        };
        self.interacts(new).await
    }

    /// The message as they see it; what is meant for somebody else they do not see.
    fn sees(&self, world: &World, channel: Id, message: Id) -> Result<View, Failed> {
        if let Some(hidden) = world.ephemeral.get(&message) {
            if hidden.only_for != Some(self.user) {
                return Err(Failed::client("only somebody else sees this message"));
            }
        } else {
            world.require_in(channel, self.user, Permissions::VIEW_CHANNEL)?;
        }
        Ok(View(world.shown_message_json(channel, message)?))
    }

    fn new_component(
        &self,
        world: &World,
        channel: Id,
        message: Id,
        data: Value,
    ) -> Result<NewInteraction, Failed> {
        let found = match world.ephemeral.get(&message) {
            Some(hidden) => hidden,
            None => world.message(channel, message)?,
        };
        let author = match found.author {
            Author::User(author) => world.application_of(author),
            Author::Webhook { .. } => found.application,
        };
        let application =
            author.ok_or_else(|| Failed::client("no application wrote this message"))?;
        let name = data["custom_id"].as_str().unwrap_or_default().to_owned();
        Ok(NewInteraction {
            application,
            kind: Kind::Component,
            user: self.user,
            guild: found.guild,
            channel,
            message: Some(message),
            name,
            data,
        })
    }
}

/// The values that are sent for what was picked.
pub(super) fn pick(
    resolver: &mut Resolver<'_>,
    select: &Value,
    picked: &[&str],
) -> Result<Vec<String>, Failed> {
    let least = select["min_values"].as_u64().unwrap_or(1);
    let most = select["max_values"].as_u64().unwrap_or(1);
    let count = picked.len() as u64;
    if !(least..=most).contains(&count) {
        return Err(Failed::client(format!("it takes {least} to {most}, not {count}")));
    }
    let mut values = Vec::new();
    for one in picked {
        let given = Given::from(*one);
        let value = match select["type"].as_u64() {
            Some(component::USER_SELECT) => resolver.user(&given).map(|id| id.to_string()),
            Some(component::ROLE_SELECT) => resolver.role(&given).map(|id| id.to_string()),
            Some(component::MENTIONABLE_SELECT) => {
                resolver.role(&given).or_else(|_| resolver.user(&given)).map(|id| id.to_string())
            }
            Some(component::CHANNEL_SELECT) => {
                resolver.channel(select, &given).map(|id| id.to_string())
            }
            _ => {
                let options = select["options"].as_array();
                let mut options = options.into_iter().flatten();
                let found = options
                    .find(|option| option["label"] == **one || option["value"] == **one)
                    .and_then(|option| option["value"].as_str());
                found.map(ToOwned::to_owned).ok_or_else(|| format!("{one:?} is not in the list"))
            }
        };
        values.push(value.map_err(Failed::client)?);
    }
    Ok(values)
}
