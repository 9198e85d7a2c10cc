//! Applications: a bot user with its token, the intents it was granted, and its commands.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, Refusal, World, command::Command};
use crate::{gateway::intents, limits, snowflake::Id};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Application {
    pub id: Id,
    pub name: String,
    pub description: String,
    /// Its bot user; Discord gives both the same id nowadays, and so does this.
    pub bot: Id,
    pub token: String,
    pub client_secret: String,
    pub redirect_uris: Vec<String>,
    pub owner: Id,
    /// Privileged intents that are switched on in the developer portal.
    pub privileged: u64,
    pub commands: Vec<Command>,
    /// How many shards may identify at once.
    pub max_concurrency: u32,
    /// What `GET /gateway/bot` recommends.
    pub shards: u32,
    /// When it identified, to keep to the limit of a day.
    pub identifies: Vec<u64>,
}

impl Application {
    /// The flags that say which privileged intents it has.
    pub fn flags(&self) -> u64 {
        [
            (intents::GUILD_PRESENCES, 1 << 13),
            (intents::GUILD_MEMBERS, 1 << 15),
            (intents::MESSAGE_CONTENT, 1 << 19),
        ]
        .iter()
        .filter(|(intent, _)| self.privileged & intent != 0)
        .fold(0, |flags, (_, flag)| flags | flag)
    }
}

impl World {
    /// A new application with a bot, all privileged intents switched on.
    pub fn create_application(&mut self, name: &str) -> Answer<Id> {
        if self.applications.len() >= limits::MOST_APPLICATIONS {
            return Err(Refusal::WORLD_IS_FULL);
        }
        let owner = self.add_user("developer", Some("Developer"))?;
        let bot = self.add_account(name, None, true)?;
        let token = self.bot_token(bot);
        let client_secret = self.secret(32);
        let application = Application {
            id: bot,
            name: name.to_owned(),
            description: String::new(),
            bot,
            token,
            client_secret,
            redirect_uris: Vec::new(),
            owner,
            privileged: intents::PRIVILEGED,
            commands: Vec::new(),
            max_concurrency: 1,
            shards: 1,
            identifies: Vec::new(),
        };
        self.applications.insert(bot, application);
        Ok(bot)
    }

    /// A token of the shape that libraries expect: the id, a part for the time, and a secret.
    fn bot_token(&mut self, bot: Id) -> String {
        let id = BASE64_URL_SAFE_NO_PAD.encode(bot.to_string());
        format!("{id}.{}.{}", self.secret(6), self.secret(38))
    }

    /// The old token is worth nothing from here on, and what is connected with it is closed.
    pub fn reset_token(&mut self, app: Id) -> Answer<String> {
        let bot = self.application(app)?.bot;
        let token = self.bot_token(bot);
        self.application_mut(app)?.token.clone_from(&token);
        self.hub().close_application(app);
        Ok(token)
    }

    pub fn application(&self, id: Id) -> Answer<&Application> {
        self.applications.get(&id).ok_or(Refusal::UNKNOWN_APPLICATION)
    }

    pub fn application_mut(&mut self, id: Id) -> Answer<&mut Application> {
        self.applications.get_mut(&id).ok_or(Refusal::UNKNOWN_APPLICATION)
    }

    /// Whose token this is; with or without the word `Bot` before it.
    pub fn application_by_token(&self, token: &str) -> Option<&Application> {
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        self.applications.values().find(|app| app.token == token)
    }

    /// The application that a bot user belongs to.
    pub fn application_of(&self, bot: Id) -> Option<Id> {
        self.applications.contains_key(&bot).then_some(bot)
    }

    pub fn application_json(&self, id: Id) -> Answer<Value> {
        let app = self.application(id)?;
        let guilds = self.guilds.values().filter(|guild| guild.apps.contains(&id)).count();
        Ok(json!({
            "id": app.id,
            "name": app.name,
            "icon": null,
            "description": app.description,
            "summary": "",
            "type": null,
            "hook": true,
            "bot_public": true,
            "bot_require_code_grant": false,
            "verify_key": "0".repeat(64),
            "flags": app.flags(),
            "rpc_origins": [],
            "redirect_uris": app.redirect_uris,
            "interactions_endpoint_url": null,
            "role_connections_verification_url": null,
            "approximate_guild_count": guilds,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": null,
            "owner": self.user_json(app.owner),
            "bot": self.user_json(app.bot),
            "tags": [],
            "install_params": { "scopes": ["bot", "applications.commands"], "permissions": "0" },
            "integration_types_config": { "0": {} },
        }))
    }
}
