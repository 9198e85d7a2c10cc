//! What Discord does not tell again: a session that is resumed after a restart goes on where it
//! was, without a word about the communities it has. Which there are is asked once; their roles,
//! when somebody there first asks for something.

use std::{sync::Arc, time::Duration};

use domain::{GuildId, RoleId};
use serde::{Deserialize, de::DeserializeOwned};
use twilight_http::{
    Client,
    request::{Method, Request, RequestBuilder},
    response::{Response, marker::EmptyBody},
};

use super::{edge::Edge, failure::describe, wire};

/// Somebody waits for an answer meanwhile; without it, their rank counts as the lowest.
const WITHIN: Duration = Duration::from_secs(1);
/// As many as Discord lists at once.
const PAGE: usize = 200;
/// The most communities that one process can be in.
const MAX_PAGES: usize = 1_000;

#[derive(Deserialize)]
struct Listed {
    id: GuildId,
    #[serde(default)]
    approximate_member_count: u32,
}

#[derive(Deserialize)]
struct Ourselves {
    #[serde(default)]
    roles: Vec<RoleId>,
}

/// Which communities this shard has.
pub async fn list(http: &Client, edge: &Edge, shard: u32, shards: u32) {
    let mut after = String::new();
    for _ in 0..MAX_PAGES {
        let path = format!("users/@me/guilds?limit={PAGE}&with_counts=true{after}");
        let page: Vec<Listed> = match ask(http, path).await {
            Ok(page) => page,
            Err(problem) => {
                tracing::warn!(shard, problem, "the list of communities cannot be asked for");
                return;
            }
        };
        for listed in &page {
            if u64::from(shard) == (listed.id.get() >> 22) % u64::from(shards.max(1)) {
                edge.guilds.heard_of(listed.id, shard, listed.approximate_member_count);
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = format!("&after={}", last.id),
            _ => return,
        }
    }
}

/// The roles, the owner and our own roles of a community, where they are not known.
pub async fn roles(http: &Client, edge: &Arc<Edge>, guild: GuildId) {
    if edge.guilds.is_known(guild) {
        return;
    }
    let learn = async {
        let Ok(_place) = edge.learning.acquire().await else { return };
        if edge.guilds.is_known(guild) {
            return;
        }
        let us = edge.us;
        let (told, ourselves) = tokio::join!(
            ask::<wire::Guild>(http, format!("guilds/{guild}")),
            ask::<Ourselves>(http, format!("guilds/{guild}/members/{us}")),
        );
        match told {
            Ok(told) => {
                let shard = edge.guilds.shard_of(guild);
                edge.guilds.put(told, us, shard);
                if let Ok(Ourselves { roles }) = ourselves {
                    edge.guilds.our_roles(guild, roles);
                }
            }
            Err(problem) => {
                tracing::warn!(guild.id = %guild, problem, "a community's roles cannot be asked for");
            }
        }
    };
    if tokio::time::timeout(WITHIN, learn).await.is_err() {
        tracing::warn!(guild.id = %guild, "a community's roles did not come in time");
    }
}

pub(super) async fn ask<T: DeserializeOwned>(http: &Client, path: String) -> Result<T, String> {
    let request: Request =
        RequestBuilder::raw(Method::Get, path).build().map_err(|error| describe(&error))?;
    let response: Response<EmptyBody> =
        http.request(request).await.map_err(|error| describe(&error))?;
    let body = response.bytes().await.map_err(|_| "the connection failed".to_owned())?;
    serde_json::from_slice(&body).map_err(|_| "an answer that cannot be read".to_owned())
}
