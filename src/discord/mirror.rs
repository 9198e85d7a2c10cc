//! Who is in each community, copied: everybody once when we come, a page of a hundred at a time,
//! and whenever somebody asks for it. One community after another, so that Discord is never asked
//! too much at once; a stop in between goes on where it was.

use std::{sync::Arc, time::Duration};

use actions::mirror::{Change, PAGE, Profile, Told};
use domain::{GuildId, RoleId, Timestamp, UserId};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::{
    connect::Http,
    edge::Edge,
    learn::ask,
    wire::{Dispatch, moment},
};

/// Pages of one community: twice as many members as the largest has.
const MAX_PAGES: usize = 100_000;
const AGAIN: Duration = Duration::from_secs(2);
const LONGEST_AGAIN: Duration = Duration::from_mins(1);
/// Then it is said that it failed; somebody may ask for it again.
const TRIES: u32 = 8;

/// Where communities are asked for.
#[derive(Clone, Debug)]
pub struct Mirror(mpsc::UnboundedSender<GuildId>);

#[derive(Deserialize)]
struct Member {
    user: Named,
    #[serde(default)]
    nick: Option<String>,
    #[serde(default)]
    avatar: Option<String>,
    #[serde(default)]
    roles: Vec<RoleId>,
    #[serde(default, deserialize_with = "moment")]
    joined_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Named {
    id: UserId,
    #[serde(default)]
    username: String,
    #[serde(default)]
    global_name: Option<String>,
    #[serde(default)]
    avatar: Option<String>,
    #[serde(default)]
    bot: bool,
}

#[derive(Deserialize)]
struct Changed {
    guild_id: GuildId,
    #[serde(flatten)]
    member: Member,
}

#[derive(Deserialize)]
struct Left {
    guild_id: GuildId,
    user: Named,
}

impl Mirror {
    /// Goes on with what a stop left unfinished. Ends when nobody asks any more.
    pub fn start(edge: &Arc<Edge>, http: &Http) -> Self {
        let (ask, asked) = mpsc::unbounded_channel();
        tokio::spawn(work(Arc::clone(edge), Arc::clone(http), asked));
        Self(ask)
    }

    /// Everybody there is compared, after those that were asked for before.
    pub fn compare(&self, guild: GuildId) {
        let _ = self.0.send(guild);
    }
}

/// What Discord tells of a member; none where it is about something else.
pub(super) fn told(name: &str, json: &str) -> Result<Option<(GuildId, Change)>, ()> {
    Ok(match name {
        "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" => {
            let Changed { guild_id, member } = read(json)?;
            Some((guild_id, Change::Is(Box::new(member.told()))))
        }
        "GUILD_MEMBER_REMOVE" => {
            let Left { guild_id, user } = read(json)?;
            Some((guild_id, Change::Left(user.id)))
        }
        _ => None,
    })
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, ()> {
    serde_json::from_str::<Dispatch<T>>(json).map(|dispatch| dispatch.d).map_err(|_| ())
}

impl Member {
    fn told(self) -> Told {
        let Named { id, username, global_name, avatar, bot } = self.user;
        let picture = self.avatar.or(avatar);
        let profile = Profile { name: username, display: global_name, nick: self.nick, picture };
        Told { user: id, profile, roles: self.roles, joined_at: self.joined_at, bot }
    }
}

async fn work(edge: Arc<Edge>, http: Http, mut asked: mpsc::UnboundedReceiver<GuildId>) {
    match edge.actions.unfinished_syncs().await {
        Ok(guilds) => {
            for guild in guilds {
                compare(&edge, &http, guild).await;
            }
        }
        Err(error) => {
            tracing::warn!(%error, "it is not known which members are still to be compared");
        }
    }
    while let Some(guild) = asked.recv().await {
        let expected = edge.guilds.members_of(guild);
        match edge.actions.begin_sync(guild, expected, edge.discord_now()).await {
            Ok(()) => compare(&edge, &http, guild).await,
            Err(error) => {
                tracing::warn!(guild.id = %guild, %error, "members cannot be compared");
            }
        }
    }
}

/// To its end, or until it is given up.
async fn compare(edge: &Edge, http: &Http, guild: GuildId) {
    let (mut wait, mut tries) = (AGAIN, 0);
    while let Err(problem) = pages(edge, http, guild).await {
        tries += 1;
        if tries >= TRIES {
            tracing::warn!(guild.id = %guild, problem, "members are not compared");
            if let Err(error) = edge.actions.fail_sync(guild, &problem).await {
                tracing::warn!(guild.id = %guild, %error, "that is not written down");
            }
            return;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_AGAIN);
    }
}

async fn pages(edge: &Edge, http: &Http, guild: GuildId) -> Result<(), String> {
    let text = |error: actions::ActionError| error.to_string();
    for _ in 0..MAX_PAGES {
        let after = edge.actions.sync_after(guild).await.map_err(text)?;
        let after = after.map(|user| format!("&after={user}")).unwrap_or_default();
        // What is told of a change meanwhile is newer.
        let told_at = edge.discord_now();
        let path = format!("guilds/{guild}/members?limit={PAGE}{after}");
        let page: Vec<Member> = ask(http, path).await?;
        let is_last = page.len() < PAGE;
        let page: Vec<_> = page.into_iter().map(Member::told).collect();
        edge.actions.copy_page(guild, &page, told_at).await.map_err(text)?;
        metrics::counter!("reeve_discord_compared_members_total").increment(page.len() as u64);
        if is_last {
            edge.all_recorded(guild).await;
            return edge.actions.finish_sync(guild).await.map_err(text);
        }
    }
    Err("there are more members than a community can have".to_owned())
}
