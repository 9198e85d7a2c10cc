//! Members whom Discord did not tell of beside a request: asked for one at a time.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{GuildId, RoleId, UserId};
use serde::Deserialize;
use twilight_http::{
    Client,
    request::{Method, Request, RequestBuilder},
    response::{Response, marker::EmptyBody},
};

use super::failure::{Failure, code};

/// Discord's code for somebody who is not in the community, and for nobody at all.
const NOT_THERE: [u64; 2] = [10_007, 10_013];

#[async_trait]
pub trait Members: Send + Sync {
    /// The roles of a member; none where they are not in the community.
    async fn roles(&self, guild: GuildId, user: UserId) -> Result<Option<Vec<RoleId>>, Failure>;
}

/// Discord itself.
#[derive(Debug)]
pub struct AskDiscord(pub Arc<Client>);

#[derive(Deserialize)]
struct Member {
    #[serde(default)]
    roles: Vec<RoleId>,
}

#[async_trait]
impl Members for AskDiscord {
    async fn roles(&self, guild: GuildId, user: UserId) -> Result<Option<Vec<RoleId>>, Failure> {
        let path = format!("guilds/{guild}/members/{user}");
        let request: Request = RequestBuilder::raw(Method::Get, path).build()?;
        let response: Response<EmptyBody> = match self.0.request(request).await {
            Err(error) if code(&error).is_some_and(|code| NOT_THERE.contains(&code)) => {
                return Ok(None);
            }
            response => response?,
        };
        let unreadable = |problem: &str| Failure::Discord(problem.to_owned());
        let body = response.bytes().await.map_err(|_| unreadable("the connection failed"))?;
        let member: Member = serde_json::from_slice(&body)
            .map_err(|_| unreadable("a member that cannot be read"))?;
        Ok(Some(member.roles))
    }
}
