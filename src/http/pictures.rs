//! Where the pictures of people and communities are: Discord keeps them on a server of their own,
//! and a page of ours may load them from there and nowhere else.

use std::sync::Arc;

use domain::{GuildId, UserId};

use crate::config;

const DISCORDS: &str = "https://cdn.discordapp.com";

#[derive(Clone, Debug)]
pub struct Pictures(Arc<str>);

impl Pictures {
    pub fn new(config: &config::Discord) -> Self {
        let url = config.cdn_url.as_ref().map_or(DISCORDS, config::Secret::expose);
        Self(url.trim_end_matches('/').into())
    }

    /// What a page may load pictures from.
    pub fn origin(&self) -> &str {
        &self.0
    }

    pub fn of_person(&self, user: UserId, picture: &str, pixels: u32) -> String {
        format!("{}/avatars/{user}/{picture}.png?size={pixels}", self.0)
    }

    pub fn of_community(&self, guild: GuildId, picture: &str, pixels: u32) -> String {
        format!("{}/icons/{guild}/{picture}.png?size={pixels}", self.0)
    }
}
