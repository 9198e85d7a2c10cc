//! What Discord knows of people and communities, for answers: asked by REST and kept for a short
//! while, so that it works in a process that holds no connection to the gateway. How somebody stands
//! is never older than a minute: what it is computed from is kept half of that.

use std::{
    collections::HashMap,
    hash::Hash,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use actions::{
    Actions, BotStanding, Permissions, RoleFacts, Standing, Target,
    mirror::places::Channel as Copied, moderation::Subject,
};
use async_trait::async_trait;
use domain::{ChannelId, GuildId, RoleId, UserId};
use futures::{StreamExt as _, stream};
use lru::LruCache;
use parking_lot::Mutex;
use schema::{Channel, Community, Directory, Profile, Role, Unknown};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::OnceCell;
use twilight_http::{
    error::ErrorType,
    request::{Method, Request, RequestBuilder},
    response::{Response, marker::EmptyBody},
};

use super::pictures::Pictures;
use crate::discord::{connect::Http, wire::Bits};

/// Two things make a standing, each at most this old.
const FRESH: Duration = Duration::from_secs(25);
/// A name may be older.
const NAME_FRESH: Duration = Duration::from_mins(10);
/// People and communities that are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");
/// Somebody waits meanwhile.
const WITHIN: Duration = Duration::from_secs(3);
/// Names that are asked for at once.
const AT_ONCE: usize = 8;
const AVATAR_PIXELS: u32 = 64;
const ICON_PIXELS: u32 = 128;
const EVERYTHING: Permissions = Permissions(u64::MAX);

/// What was answered, and when; `None` is an answer too.
type Kept<K, V> = Mutex<LruCache<K, (Option<V>, Instant)>>;

/// None where this process has no way to Discord.
pub struct FromDiscord {
    http: Option<Http>,
    pictures: Pictures,
    actions: Actions,
    guilds: Kept<GuildId, Arc<Known>>,
    members: Kept<(GuildId, UserId), Arc<Member>>,
    profiles: Kept<(GuildId, UserId), Profile>,
    /// Who we are, which never changes.
    us: OnceCell<UserId>,
}

impl std::fmt::Debug for FromDiscord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FromDiscord")
    }
}

#[derive(Debug)]
struct Known {
    guild: Guild,
    channels: Vec<ChannelWire>,
}

#[derive(Debug, Deserialize)]
struct Guild {
    id: GuildId,
    name: String,
    icon: Option<String>,
    owner_id: Option<UserId>,
    #[serde(default)]
    roles: Vec<RoleWire>,
    #[serde(default)]
    approximate_member_count: u32,
}

#[derive(Debug, Deserialize)]
struct RoleWire {
    id: RoleId,
    name: String,
    #[serde(default)]
    color: u32,
    #[serde(default)]
    position: i64,
    #[serde(default)]
    managed: bool,
    #[serde(default)]
    permissions: Bits,
}

#[derive(Debug, Deserialize)]
struct ChannelWire {
    id: ChannelId,
    #[serde(default)]
    name: Option<String>,
    #[serde(rename = "type")]
    kind: u8,
}

#[derive(Debug, Deserialize)]
struct Member {
    user: User,
    #[serde(default)]
    nick: Option<String>,
    #[serde(default)]
    roles: Vec<RoleId>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: UserId,
    username: String,
    #[serde(default)]
    global_name: Option<String>,
    #[serde(default)]
    avatar: Option<String>,
}

impl User {
    fn profile(&self, nick: Option<&str>, pictures: &Pictures) -> Profile {
        let name = nick.or(self.global_name.as_deref()).unwrap_or(&self.username);
        let avatar_url =
            self.avatar.as_ref().map(|avatar| pictures.of_person(self.id, avatar, AVATAR_PIXELS));
        Profile { name: name.to_owned(), avatar_url }
    }
}

/// What Discord said: also that there is none.
struct Said<V>(Option<V>);

fn kept<K: Hash + Eq, V: Clone>(cache: &Kept<K, V>, key: &K, fresh: Duration) -> Option<Said<V>> {
    let mut cache = cache.lock();
    let (value, at) = cache.get(key)?;
    (at.elapsed() < fresh).then(|| Said(value.clone()))
}

impl FromDiscord {
    pub fn new(http: Option<Http>, pictures: Pictures, actions: Actions) -> Self {
        let guilds = Mutex::new(LruCache::new(REMEMBERED));
        let members = Mutex::new(LruCache::new(REMEMBERED));
        let profiles = Mutex::new(LruCache::new(REMEMBERED));
        Self { http, pictures, actions, guilds, members, profiles, us: OnceCell::new() }
    }

    /// None for what Discord says there is not, or is not for us.
    async fn ask<T: DeserializeOwned>(&self, path: String) -> Result<Option<T>, Unknown> {
        let http = self.http.as_ref().ok_or(Unknown)?;
        let ask = async {
            let request: Request =
                RequestBuilder::raw(Method::Get, path).build().map_err(|_| Unknown)?;
            let response: Response<EmptyBody> = match http.request(request).await {
                Ok(response) => response,
                Err(error) => {
                    return match error.kind() {
                        ErrorType::Response { status, .. } if matches!(status.get(), 403 | 404) => {
                            Ok(None)
                        }
                        _ => {
                            tracing::warn!(%error, "Discord did not tell what was asked");
                            Err(Unknown)
                        }
                    };
                }
            };
            let body = response.bytes().await.map_err(|_| Unknown)?;
            let read = serde_json::from_slice(&body).map_err(|error| {
                tracing::warn!(%error, "an answer of Discord's cannot be read");
                Unknown
            });
            read.map(Some)
        };
        tokio::time::timeout(WITHIN, ask).await.unwrap_or(Err(Unknown))
    }

    async fn known(&self, guild: GuildId) -> Result<Option<Arc<Known>>, Unknown> {
        if let Some(Said(known)) = kept(&self.guilds, &guild, FRESH) {
            return Ok(known);
        }
        let (told, channels) = tokio::join!(
            self.ask::<Guild>(format!("guilds/{guild}?with_counts=true")),
            self.ask::<Vec<ChannelWire>>(format!("guilds/{guild}/channels")),
        );
        let known = match told? {
            Some(told) => {
                let channels = match channels {
                    Ok(channels) => channels.unwrap_or_default(),
                    Err(Unknown) => self.copied_channels(guild).await,
                };
                Some(Arc::new(Known { guild: told, channels }))
            }
            None => None,
        };
        self.guilds.lock().put(guild, (known.clone(), Instant::now()));
        Ok(known)
    }

    async fn member(&self, guild: GuildId, user: UserId) -> Result<Option<Arc<Member>>, Unknown> {
        if let Some(Said(member)) = kept(&self.members, &(guild, user), FRESH) {
            return Ok(member);
        }
        let told = self.ask::<Member>(format!("guilds/{guild}/members/{user}")).await?;
        let member = told.map(Arc::new);
        self.members.lock().put((guild, user), (member.clone(), Instant::now()));
        Ok(member)
    }

    async fn us(&self) -> Result<UserId, Unknown> {
        let ask = || async {
            let told = self.ask::<User>("users/@me".to_owned()).await?;
            told.map(|user| user.id).ok_or(Unknown)
        };
        self.us.get_or_try_init(ask).await.copied()
    }

    /// As the gateway told of them, where Discord does not answer.
    async fn copied_channels(&self, guild: GuildId) -> Vec<ChannelWire> {
        let places = self.actions.places(guild).await.unwrap_or_else(|error| {
            tracing::warn!(guild.id = %guild, %error, "the copy of channels cannot be read");
            None
        });
        let channels = places.map(|places| places.channels).unwrap_or_default();
        let here = channels.into_iter().filter(|channel| !channel.is_gone);
        let wire = |one: Copied| ChannelWire { id: one.id, name: Some(one.name), kind: one.sort };
        here.map(wire).collect()
    }

    /// As the community sees them; somebody who left, as Discord does.
    async fn profile(&self, guild: GuildId, user: UserId) -> Option<Profile> {
        if let Some(Said(profile)) = kept(&self.profiles, &(guild, user), NAME_FRESH) {
            return profile;
        }
        let profile = match self.member(guild, user).await {
            Ok(Some(member)) => Some(member.user.profile(member.nick.as_deref(), &self.pictures)),
            Ok(None) => {
                let told = self.ask::<User>(format!("users/{user}")).await.ok()?;
                told.map(|user| user.profile(None, &self.pictures))
            }
            Err(Unknown) => return None,
        };
        self.profiles.lock().put((guild, user), (profile.clone(), Instant::now()));
        profile
    }
}

impl Known {
    fn standing(&self, member: &Member) -> Standing {
        let guild = &self.guild;
        // Everybody has the role that has the community's own id.
        let has =
            |role: &&RoleWire| role.id.get() == guild.id.get() || member.roles.contains(&role.id);
        let all = guild.roles.iter().filter(has).fold(0, |all, role| all | role.permissions.0);
        let is_owner = guild.owner_id == Some(member.user.id);
        let administrates = is_owner || Permissions(all).has(Permissions::ADMINISTRATOR);
        let top_rank = guild.roles.iter().filter(has).map(RoleWire::position).max().unwrap_or(0);
        Standing {
            permissions: if administrates { EVERYTHING } else { Permissions(all) },
            roles: member.roles.clone(),
            top_rank,
            is_owner,
            ..Standing::default()
        }
    }

    fn community(&self, pictures: &Pictures) -> Community {
        let guild = &self.guild;
        let mut roles: Vec<_> = guild.roles.iter().map(RoleWire::role).collect();
        roles.sort_by_key(|role| std::cmp::Reverse(role.position));
        let channel = |wire: &ChannelWire| Channel {
            id: wire.id,
            name: wire.name.clone().unwrap_or_default(),
            kind: wire.kind,
        };
        Community {
            name: guild.name.clone(),
            icon_url: guild
                .icon
                .as_ref()
                .map(|icon| pictures.of_community(guild.id, icon, ICON_PIXELS)),
            members: guild.approximate_member_count,
            roles,
            channels: self.channels.iter().map(channel).collect(),
        }
    }
}

impl RoleWire {
    fn position(&self) -> u16 {
        u16::try_from(self.position.max(0)).unwrap_or(u16::MAX)
    }

    fn role(&self) -> Role {
        let (colour, position) = (schema::colour(self.color), self.position());
        Role { id: self.id, name: self.name.clone(), colour, position }
    }
}

#[async_trait]
impl Directory for FromDiscord {
    async fn standing(&self, guild: GuildId, user: UserId) -> Result<Option<Standing>, Unknown> {
        let Some(known) = self.known(guild).await? else { return Ok(None) };
        let member = self.member(guild, user).await?;
        Ok(member.map(|member| known.standing(&member)))
    }

    async fn subject(&self, guild: GuildId, user: UserId) -> Result<Subject, Unknown> {
        let us = self.us().await?;
        let standing = self.standing(guild, user).await?;
        let is_member = standing.is_some();
        let standing = standing.unwrap_or_default();
        let target = Target {
            user,
            top_rank: standing.top_rank,
            is_owner: standing.is_owner,
            is_bot_itself: user == us,
        };
        let is_administrator = standing.permissions.has(Permissions::ADMINISTRATOR);
        Ok(Subject { target, is_member, is_administrator })
    }

    async fn bot(&self, guild: GuildId) -> Result<BotStanding, Unknown> {
        let us = self.us().await?;
        let standing = self.standing(guild, us).await?.unwrap_or_default();
        Ok(BotStanding { permissions: standing.permissions, top_rank: standing.top_rank })
    }

    async fn profiles(&self, guild: GuildId, users: &[UserId]) -> HashMap<UserId, Profile> {
        let ask = |user: UserId| async move { Some((user, self.profile(guild, user).await?)) };
        let asked = stream::iter(users.iter().copied().map(ask)).buffer_unordered(AT_ONCE);
        asked.filter_map(|found| async { found }).collect().await
    }

    async fn role_facts(&self, guild: GuildId, role: RoleId) -> Result<Option<RoleFacts>, Unknown> {
        let Some(known) = self.known(guild).await? else { return Ok(None) };
        let Some(wire) = known.guild.roles.iter().find(|wire| wire.id == role) else {
            return Ok(None);
        };
        let everybodys = role.get() == guild.get();
        let rank = if everybodys { 0 } else { wire.position().max(1) };
        let bot = self.bot(guild).await?;
        Ok(Some(RoleFacts { role, rank, managed: wire.managed, bot }))
    }

    async fn community(&self, guild: GuildId) -> Result<Option<Community>, Unknown> {
        Ok(self.known(guild).await?.map(|known| known.community(&self.pictures)))
    }
}
