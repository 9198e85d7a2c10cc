//! A copy of what a community is made of: its name and picture, its roles, its channels. Discord tells
//! of it as a whole when a session begins, and of each change; any process of ours reads it here. What
//! was deleted keeps its name, for what history tells of it.
//!
//! What was told of an earlier moment than what is known is no news, so wholes and changes may come
//! in any order.

use std::collections::{BTreeSet, HashMap};

use domain::{ChannelId, GuildId, InvalidId, RoleId, Timestamp, UserId};
use eventlog::{
    LogError,
    sql::{Row, Value},
    values,
};

use crate::{ActionError, Actions};

/// Discord gives no community more.
pub const MAX_ROLES: usize = 250;
pub const MAX_CHANNELS: usize = 500;
/// Deleted ones that keep their names, of each kind.
pub const MAX_GONE: u64 = 500;
const MAX_NAME_CHARS: usize = 100;
/// Discord's picture of a community is named by a digest.
const MAX_ICON_CHARS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Role,
    Channel,
}

/// A role or a channel as Discord tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub kind: Kind,
    pub id: u64,
    pub name: String,
    /// Of a role; 0 for none of its own.
    pub colour: u32,
    pub position: i64,
    /// Discord's number of a channel's kind.
    pub sort: u8,
    /// The category that a channel stands in.
    pub parent: Option<u64>,
}

/// What a community itself is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sign {
    pub name: String,
    pub icon: Option<String>,
    pub owner: Option<UserId>,
}

/// What Discord told.
#[derive(Clone, Debug)]
pub enum Change {
    Sign(Sign),
    Is(Place),
    Gone(Kind, u64),
    /// These there are, and no others of their kind.
    All(Kind, Vec<Place>),
}

/// What is known of a community.
#[derive(Clone, Debug, Default)]
pub struct Places {
    pub name: String,
    pub icon: Option<String>,
    /// The highest first.
    pub roles: Vec<Role>,
    pub channels: Vec<Channel>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
    pub colour: u32,
    pub position: u16,
    pub is_gone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub id: ChannelId,
    pub name: String,
    pub sort: u8,
    pub is_gone: bool,
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differences {
    pub added: u64,
    pub changed: u64,
    pub gone: u64,
    pub at: Timestamp,
}

struct Known {
    place: Place,
    here: bool,
    seen_at: Timestamp,
}

const PUT: &str = "INSERT INTO mirror_places (guild, kind, id, name, colour, position, sort, \
    parent, here, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9) \
    ON CONFLICT (guild, kind, id) DO UPDATE SET name = excluded.name, colour = excluded.colour, \
    position = excluded.position, sort = excluded.sort, parent = excluded.parent, here = 1, \
    seen_at = excluded.seen_at WHERE mirror_places.seen_at <= excluded.seen_at";
const LEAVE: &str = "UPDATE mirror_places SET here = 0, seen_at = $4 \
    WHERE guild = $1 AND kind = $2 AND id = $3 AND here = 1 AND seen_at <= $4";
const FORGET: &str = "DELETE FROM mirror_places WHERE guild = $1 AND kind = $2 AND here = 0 \
    AND id NOT IN (SELECT id FROM mirror_places WHERE guild = $1 AND kind = $2 AND here = 0 \
    ORDER BY seen_at DESC, id DESC LIMIT $3)";

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Channel => "channel",
        }
    }

    const fn most(self) -> usize {
        match self {
            Self::Role => MAX_ROLES,
            Self::Channel => MAX_CHANNELS,
        }
    }
}

impl Actions {
    /// Takes in what Discord told at that moment, and answers what differed.
    #[tracing::instrument(name = "mirror.copy_places", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn copy_places(
        &self,
        guild: GuildId,
        changes: &[Change],
        told_at: Timestamp,
    ) -> Result<Differences, ActionError> {
        let mut found = Differences { added: 0, changed: 0, gone: 0, at: told_at };
        for change in changes {
            match change {
                Change::Sign(sign) => self.copy_sign(guild, sign, told_at, &mut found).await?,
                Change::Is(place) => {
                    let places = std::slice::from_ref(place);
                    self.copy_some(guild, (place.kind, places), false, told_at, &mut found).await?;
                }
                Change::All(kind, places) => {
                    self.copy_some(guild, (*kind, places), true, told_at, &mut found).await?;
                }
                Change::Gone(kind, id) => {
                    let mut tx = self.work.begin().await?;
                    let row = values![guild, kind.name(), *id, told_at];
                    found.gone += tx.execute(LEAVE, &row).await?;
                    tx.execute(FORGET, &values![guild, kind.name(), MAX_GONE]).await?;
                    tx.commit().await?;
                }
            }
        }
        Ok(found)
    }

    /// Everything was asked for and compared: what it found is kept, to be told.
    pub async fn note_places_compared(
        &self,
        guild: GuildId,
        found: Differences,
    ) -> Result<(), ActionError> {
        let update = "UPDATE mirror_guilds SET compared_at = $2, added = $3, changed = $4, \
                      gone = $5 WHERE guild = $1";
        let Differences { added, changed, gone, at } = found;
        self.work.execute(update, &values![guild, at, added, changed, gone]).await?;
        Ok(())
    }

    /// What the last comparison that somebody asked for found.
    pub async fn places_compared(
        &self,
        guild: GuildId,
    ) -> Result<Option<Differences>, ActionError> {
        let select = "SELECT compared_at, added, changed, gone FROM mirror_guilds \
                      WHERE guild = $1 AND compared_at IS NOT NULL";
        let rows = self.work.query(select, &values![guild]).await?;
        let read = |row: &Row| {
            let at = Timestamp::from_micros(row.int(0)?);
            let (added, changed, gone) = (row.count(1)?, row.count(2)?, row.count(3)?);
            Ok::<_, LogError>(Differences { added, changed, gone, at })
        };
        Ok(rows.first().map(read).transpose()?)
    }

    /// What is known of a community, also of roles and channels that are no more; none where nothing
    /// was ever told. Everybody who is let into a community may see it, so it asks nobody's permission.
    pub async fn places(&self, guild: GuildId) -> Result<Option<Places>, ActionError> {
        let select = "SELECT name, icon FROM mirror_guilds WHERE guild = $1";
        let rows = self.work.query(select, &values![guild]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let mut places = Places {
            name: row.text(0)?.to_owned(),
            icon: row.opt_text(1)?.map(str::to_owned),
            ..Places::default()
        };
        for (_, Known { place, here, .. }) in self.known_places(guild, Kind::Role).await? {
            places.roles.push(Role {
                id: RoleId::new(place.id).map_err(corrupt)?,
                name: place.name,
                colour: place.colour,
                position: u16::try_from(place.position.max(0)).unwrap_or(u16::MAX),
                is_gone: !here,
            });
        }
        for (_, Known { place, here, .. }) in self.known_places(guild, Kind::Channel).await? {
            places.channels.push(Channel {
                id: ChannelId::new(place.id).map_err(corrupt)?,
                name: place.name,
                sort: place.sort,
                is_gone: !here,
            });
        }
        places.roles.sort_by_key(|role| (role.is_gone, std::cmp::Reverse(role.position), role.id));
        places.channels.sort_by_key(|channel| (channel.is_gone, channel.id));
        Ok(Some(places))
    }

    async fn copy_sign(
        &self,
        guild: GuildId,
        sign: &Sign,
        told_at: Timestamp,
        found: &mut Differences,
    ) -> Result<(), ActionError> {
        let owner = match sign.owner {
            Some(owner) => Some(i64::from(self.people().person(guild, owner).await?.0)),
            None => None,
        };
        let name = cut(&sign.name, MAX_NAME_CHARS);
        let icon = sign.icon.as_deref().map(|icon| cut(icon, MAX_ICON_CHARS));
        let select = "SELECT name, icon, owner FROM mirror_guilds WHERE guild = $1";
        let rows = self.work.query(select, &values![guild]).await?;
        let is_same = match rows.first() {
            None => false,
            Some(row) => {
                row.text(0)? == name
                    && row.opt_text(1)? == icon.as_deref()
                    && row.opt_int(2)? == owner
            }
        };
        if !is_same {
            *(if rows.is_empty() { &mut found.added } else { &mut found.changed }) += 1;
        }
        let put = "INSERT INTO mirror_guilds (guild, name, icon, owner, seen_at, added, changed, \
                   gone) VALUES ($1, $2, $3, $4, $5, 0, 0, 0) ON CONFLICT (guild) DO UPDATE SET \
                   name = excluded.name, icon = excluded.icon, owner = excluded.owner, \
                   seen_at = excluded.seen_at WHERE mirror_guilds.seen_at <= excluded.seen_at";
        let [guild, name, told_at] = values![guild, name, told_at];
        let row = [guild, name, Value::Text(icon), Value::Int(owner), told_at];
        self.work.execute(put, &row).await?;
        Ok(())
    }

    async fn copy_some(
        &self,
        guild: GuildId,
        (kind, places): (Kind, &[Place]),
        is_all: bool,
        told_at: Timestamp,
        found: &mut Differences,
    ) -> Result<(), ActionError> {
        let known = self.known_places(guild, kind).await?;
        let told: BTreeSet<u64> = places.iter().map(|place| place.id).collect();
        let (mut put, mut gone) = (Vec::new(), Vec::new());
        for place in places.iter().take(kind.most()) {
            let place = Place { name: cut(&place.name, MAX_NAME_CHARS), ..place.clone() };
            match known.get(&place.id) {
                Some(known) if known.seen_at > told_at => continue,
                Some(known) if known.here && known.place == place => continue,
                Some(known) if known.here => found.changed += 1,
                _ => found.added += 1,
            }
            put.push(place);
        }
        if is_all {
            let missing = known.iter().filter(|(id, known)| {
                known.here && known.seen_at <= told_at && !told.contains(*id)
            });
            gone.extend(missing.map(|(id, _)| *id));
        }
        if put.is_empty() && gone.is_empty() {
            return Ok(());
        }
        found.gone += gone.len() as u64;
        let mut tx = self.work.begin().await?;
        for place in put {
            let parent = Value::Int(place.parent.map(u64::cast_signed));
            let sort = u32::from(place.sort);
            let [guild, kind, id, name, colour, position, sort, told_at] = values![
                guild,
                kind.name(),
                place.id,
                place.name,
                place.colour,
                place.position,
                sort,
                told_at
            ];
            let row = [guild, kind, id, name, colour, position, sort, parent, told_at];
            tx.execute(PUT, &row).await?;
        }
        for id in gone {
            tx.execute(LEAVE, &values![guild, kind.name(), id, told_at]).await?;
        }
        tx.execute(FORGET, &values![guild, kind.name(), MAX_GONE]).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn known_places(
        &self,
        guild: GuildId,
        kind: Kind,
    ) -> Result<HashMap<u64, Known>, LogError> {
        let select = "SELECT id, name, colour, position, sort, parent, here, seen_at \
                      FROM mirror_places WHERE guild = $1 AND kind = $2";
        let rows = self.work.query(select, &values![guild, kind.name()]).await?;
        let read = |row: &Row| {
            let place = Place {
                kind,
                id: row.count(0)?,
                name: row.text(1)?.to_owned(),
                colour: u32::try_from(row.int(2)?).unwrap_or_default(),
                position: row.int(3)?,
                sort: u8::try_from(row.int(4)?).unwrap_or_default(),
                parent: row.opt_int(5)?.map(i64::cast_unsigned),
            };
            let (here, seen_at) = (row.int(6)? == 1, Timestamp::from_micros(row.int(7)?));
            Ok((place.id, Known { place, here, seen_at }))
        };
        rows.iter().map(read).collect()
    }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn corrupt(error: InvalidId) -> LogError {
    LogError::Corrupt(error.to_string())
}
