//! A copy of who is in a community: names, roles, since when. Discord tells of changes; now and
//! then all of it is compared ([`Actions::copy_page`]), a page at a time, and goes on after a stop
//! where it was.
//!
//! What was told of an earlier moment than what is known is no news, so pages and changes may come
//! in any order. Names are sealed with the key of whose they are, those of before too.

pub mod places;

use std::collections::{BTreeSet, HashMap};

use domain::{
    EventId, GuildId, PersonId, Personal, PersonalField as _, RoleId, Sealed, Timestamp, UserId,
};
use eventlog::{
    LogError, PeopleError,
    people::DataKey,
    sql::{Row, Tx, Value},
    values,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ActionError, Actions, Caller, Permission};

/// Members of one page.
pub const PAGE: usize = 100;
/// Former names that are kept of one member.
pub const MAX_NAMES: u64 = 20;
const MAX_NAME_CHARS: usize = 64;
/// Discord gives nobody more.
const MAX_ROLES: usize = 250;
const FIELD: &str = "profile";

/// What somebody is called. Never shown: names end up in no log.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile(…)")
    }
}

/// A member as Discord tells of them.
#[derive(Clone, Debug)]
pub struct Told {
    pub user: UserId,
    pub profile: Profile,
    pub roles: Vec<RoleId>,
    pub joined_at: Option<Timestamp>,
    pub bot: bool,
}

/// What changed about a member.
#[derive(Clone, Debug)]
pub enum Change {
    Is(Box<Told>),
    Left(UserId),
}

/// How far a community has been copied, and what differed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    pub state: SyncState,
    /// About so many there are.
    pub expected: u64,
    pub seen: u64,
    pub added: u64,
    pub changed: u64,
    pub gone: u64,
    pub began_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncState {
    Running,
    Done,
    Failed(String),
}

/// What somebody was called until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    pub until: Timestamp,
    pub profile: Profile,
}

/// As it is stored.
struct Known {
    profile: String,
    roles: String,
    joined_at: Option<i64>,
    here: bool,
    seen_at: Timestamp,
}

type Statement = (&'static str, Vec<Value>);

const TOUCH: &str = "UPDATE mirror_members SET seen_at = $3 \
    WHERE guild = $1 AND person = $2 AND seen_at < $3";
const PUT: &str = "INSERT INTO mirror_members (guild, person, profile, roles, joined_at, bot, \
    here, seen_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7) ON CONFLICT (guild, person) DO UPDATE \
    SET profile = excluded.profile, roles = excluded.roles, joined_at = excluded.joined_at, \
    bot = excluded.bot, here = 1, seen_at = excluded.seen_at \
    WHERE mirror_members.seen_at <= excluded.seen_at";
const KEEP_NAME: &str = "INSERT INTO mirror_names (guild, person, until, profile) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (guild, person, until) DO NOTHING";
const FORGET_NAMES: &str = "DELETE FROM mirror_names WHERE guild = $1 AND person = $2 \
    AND until NOT IN (SELECT until FROM mirror_names WHERE guild = $1 AND person = $2 \
    ORDER BY until DESC LIMIT $3)";

#[derive(Clone, Default)]
struct Differences {
    added: u64,
    changed: u64,
    /// Who was not known to be here, since when they are.
    came: Vec<(PersonId, Timestamp)>,
}

impl Profile {
    fn cut(self) -> Self {
        let cut = |text: String| text.chars().take(MAX_NAME_CHARS).collect::<String>();
        let Self { name, display, nick, picture } = self;
        let (display, nick) = (display.map(cut), nick.map(cut));
        Self { name: cut(name), display, nick, picture: picture.map(cut) }
    }

    fn is_called_as(&self, other: &Self) -> bool {
        (&self.name, &self.display, &self.nick) == (&other.name, &other.display, &other.nick)
    }
}

impl Actions {
    /// Begins to compare all members of a community; from the beginning, where that is under way.
    /// When is by the clock that tells of members.
    #[tracing::instrument(name = "mirror.begin", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn begin_sync(
        &self,
        guild: GuildId,
        expected: u32,
        began_at: Timestamp,
    ) -> Result<(), ActionError> {
        let upsert = "INSERT INTO mirror_syncs (guild, state, after, expected, seen, added, \
                      changed, gone, began_at, finished_at, problem) \
                      VALUES ($1, 'running', NULL, $2, 0, 0, 0, 0, $3, NULL, NULL) \
                      ON CONFLICT (guild) DO UPDATE SET state = 'running', after = NULL, \
                      expected = excluded.expected, seen = 0, added = 0, changed = 0, gone = 0, \
                      began_at = excluded.began_at, finished_at = NULL, problem = NULL";
        self.work.execute(upsert, &values![guild, expected, began_at]).await?;
        Ok(())
    }

    /// Whoever may change settings may have members compared.
    pub async fn may_sync(&self, guild: GuildId, caller: &Caller) -> Result<(), ActionError> {
        self.open_to(guild, caller, None).await?;
        self.authorise(guild, caller, Permission::ManageSettings).await
    }

    /// None where nothing was ever compared.
    pub async fn sync_of(&self, guild: GuildId) -> Result<Option<Sync>, ActionError> {
        let select = "SELECT state, expected, seen, added, changed, gone, began_at, finished_at, \
                      problem FROM mirror_syncs WHERE guild = $1";
        let rows = self.work.query(select, &values![guild]).await?;
        Ok(rows.first().map(Sync::read).transpose()?)
    }

    /// Communities whose comparison was begun and has not ended.
    pub async fn unfinished_syncs(&self) -> Result<Vec<GuildId>, ActionError> {
        let select = "SELECT guild FROM mirror_syncs WHERE state = 'running' ORDER BY began_at";
        let rows = self.work.query(select, &[]).await?;
        Ok(rows.iter().filter_map(|row| GuildId::from_i64(row.int(0).ok()?).ok()).collect())
    }

    /// After whom the next page begins; nobody at the beginning.
    pub async fn sync_after(&self, guild: GuildId) -> Result<Option<UserId>, ActionError> {
        let select = "SELECT after FROM mirror_syncs WHERE guild = $1";
        let rows = self.work.query(select, &values![guild]).await?;
        let Some(number) = rows.first().map_or(Ok(None), |row| row.opt_int(0))? else {
            return Ok(None);
        };
        let person = PersonId(u32::try_from(number).unwrap_or(u32::MAX));
        Ok(self.people().user(guild, person).await?)
    }

    /// Compares a page of members, and repairs what differs. How far it is moves with it.
    pub async fn copy_page(
        &self,
        guild: GuildId,
        page: &[Told],
        told_at: Timestamp,
    ) -> Result<(), ActionError> {
        let users = page.iter().map(|told| told.user);
        let numbers = self.people().persons(guild, users).await?;
        let (found, statements) = self.compare(guild, page, &numbers, told_at).await?;
        self.note_who_came(guild, &found.came).await?;
        let mut tx = self.work.begin().await?;
        write(&mut tx, &statements).await?;
        let last = page.iter().max_by_key(|told| told.user.get());
        if let Some(person) = last.and_then(|told| numbers.get(&told.user)) {
            let update = "UPDATE mirror_syncs SET after = $2, seen = seen + $3, \
                          added = added + $4, changed = changed + $5 \
                          WHERE guild = $1 AND state = 'running'";
            let (added, changed) = (found.added, found.changed);
            let row = values![guild, *person, page.len() as u64, added, changed];
            tx.execute(update, &row).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Everybody was compared: whoever was not among them is gone. What was told live before this has
    /// to be recorded, or somebody who left meanwhile would have left twice.
    pub async fn finish_sync(&self, guild: GuildId) -> Result<(), ActionError> {
        self.note_who_left(guild).await?;
        let mut tx = self.work.begin().await?;
        let leave = "UPDATE mirror_members SET here = 0 WHERE guild = $1 AND here = 1 AND \
                     seen_at < (SELECT began_at FROM mirror_syncs WHERE guild = $1)";
        let gone = tx.execute(leave, &values![guild]).await?;
        let update = "UPDATE mirror_syncs SET state = 'done', gone = $2, finished_at = $3 \
                      WHERE guild = $1 AND state = 'running'";
        tx.execute(update, &values![guild, gone, self.now()]).await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn fail_sync(&self, guild: GuildId, problem: &str) -> Result<(), ActionError> {
        let update = "UPDATE mirror_syncs SET state = 'failed', problem = $2, finished_at = $3 \
                      WHERE guild = $1 AND state = 'running'";
        let problem: String = problem.chars().take(300).collect();
        self.work.execute(update, &values![guild, problem, self.now()]).await?;
        Ok(())
    }

    /// What Discord told of members, in order.
    pub(crate) async fn copy_changes(
        &self,
        guild: GuildId,
        changes: &[(Timestamp, Change)],
    ) -> Result<(), ActionError> {
        for (at, change) in changes {
            match change {
                Change::Is(told) => {
                    let page = std::slice::from_ref(&**told);
                    let numbers = self.people().persons(guild, [told.user]).await?;
                    let (_, statements) = self.compare(guild, page, &numbers, *at).await?;
                    let mut tx = self.work.begin().await?;
                    write(&mut tx, &statements).await?;
                    tx.commit().await?;
                }
                Change::Left(user) => {
                    let Some(person) = self.people().find(guild, *user).await? else { continue };
                    let leave = "UPDATE mirror_members SET here = 0, seen_at = $3 \
                                 WHERE guild = $1 AND person = $2 AND seen_at <= $3";
                    self.work.execute(leave, &values![guild, person, *at]).await?;
                }
            }
        }
        Ok(())
    }

    /// What these are called here, of whom a copy is kept: for pictures and lists that everybody
    /// may see, so it asks nobody's permission.
    pub async fn called(
        &self,
        guild: GuildId,
        persons: &[PersonId],
    ) -> Result<HashMap<PersonId, String>, ActionError> {
        let (mut called, known) = (HashMap::new(), self.known(guild, persons).await?);
        let keys = self.people().keys(guild, known.keys().copied()).await?;
        for (person, known) in known {
            let profile =
                keys.get(&person).and_then(|key| open(key, (guild, person), &known.profile));
            if let Some(profile) = profile {
                let Profile { name, display, nick, .. } = profile;
                called.insert(person, nick.or(display).unwrap_or(name));
            }
        }
        Ok(called)
    }

    /// What a member was called before, the latest first.
    pub async fn former_names(
        &self,
        guild: GuildId,
        caller: &Caller,
        user: UserId,
    ) -> Result<Vec<Former>, ActionError> {
        self.open_to(guild, caller, None).await?;
        self.authorise(guild, caller, Permission::ViewRecords).await?;
        let Some(person) = self.people().find(guild, user).await? else { return Ok(Vec::new()) };
        let select = "SELECT until, profile FROM mirror_names WHERE guild = $1 AND person = $2 \
                      ORDER BY until DESC LIMIT $3";
        let (mut former, keys) = (Vec::new(), self.people().keys(guild, [person]).await?);
        for row in self.work.query(select, &values![guild, person, MAX_NAMES]).await? {
            let until = Timestamp::from_micros(row.int(0)?);
            let sealed = row.text(1)?;
            let profile = keys.get(&person).and_then(|key| open(key, (guild, person), sealed));
            former.extend(profile.map(|profile| Former { until, profile }));
        }
        Ok(former)
    }

    /// Somebody was erased: what was copied of them goes.
    pub async fn forget_member(&self, guild: GuildId, person: PersonId) -> Result<(), ActionError> {
        for delete in [
            "DELETE FROM mirror_members WHERE guild = $1 AND person = $2",
            "DELETE FROM mirror_names WHERE guild = $1 AND person = $2",
        ] {
            self.work.execute(delete, &values![guild, person]).await?;
        }
        Ok(())
    }

    /// What differs, and what is to be written. Keys are read here and not while something is
    /// being written, so that nobody who writes waits for somebody who does.
    async fn compare(
        &self,
        guild: GuildId,
        page: &[Told],
        numbers: &HashMap<UserId, PersonId>,
        told_at: Timestamp,
    ) -> Result<(Differences, Vec<Statement>), ActionError> {
        let persons: Vec<_> = numbers.values().copied().collect();
        let known = self.known(guild, &persons).await?;
        let keys = self.people().keys(guild, persons).await?;
        let (mut found, mut statements) = (Differences::default(), Vec::new());
        for told in page {
            let Some(person) = numbers.get(&told.user).copied() else { continue };
            // Erased this moment: nothing of theirs is kept.
            let Some(key) = keys.get(&person) else { continue };
            let before = known.get(&person);
            if before.is_some_and(|before| before.seen_at > told_at) {
                continue;
            }
            let profile = told.profile.clone().cut();
            let was = before.and_then(|before| open(key, (guild, person), &before.profile));
            let roles = roles_text(&told.roles);
            let joined_at = told.joined_at.map(Timestamp::as_micros);
            let is_same = was.as_ref() == Some(&profile)
                && before.is_some_and(|before| {
                    before.here && before.roles == roles && before.joined_at == joined_at
                });
            if is_same {
                statements.push((TOUCH, values![guild, person, told_at].to_vec()));
                continue;
            }
            match before {
                Some(before) if before.here => found.changed += 1,
                _ => found.added += 1,
            }
            let was_here = before.is_some_and(|b| b.here && b.joined_at == joined_at);
            if let Some(joined_at) = told.joined_at.filter(|_| !was_here && !told.bot) {
                found.came.push((person, joined_at));
            }
            let sealed = seal(key, (guild, person), profile.clone())?;
            if let (Some(was), Some(before)) = (was, before)
                && !was.is_called_as(&profile)
            {
                let former = values![guild, person, told_at, before.profile.as_str()];
                statements.push((KEEP_NAME, former.to_vec()));
                statements.push((FORGET_NAMES, values![guild, person, MAX_NAMES].to_vec()));
            }
            let [guild, person, sealed, roles, bot, told_at] =
                values![guild, person, sealed, roles, told.bot, told_at];
            let row = [guild, person, sealed, roles, Value::Int(joined_at), bot, told_at];
            statements.push((PUT, row.to_vec()));
        }
        Ok((found, statements))
    }

    async fn known(
        &self,
        guild: GuildId,
        persons: &[PersonId],
    ) -> Result<HashMap<PersonId, Known>, LogError> {
        if persons.is_empty() {
            return Ok(HashMap::new());
        }
        let mut parameters = vec![Value::from(guild)];
        parameters.extend(persons.iter().map(|person| Value::from(*person)));
        let places: Vec<_> = (2..=parameters.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT person, profile, roles, joined_at, here, seen_at FROM mirror_members \
             WHERE guild = $1 AND person IN ({})",
            places.join(", ")
        );
        self.work.query(&sql, &parameters).await?.iter().map(Known::read).collect()
    }
}

fn seal(
    key: &DataKey,
    (guild, person): (GuildId, PersonId),
    profile: Profile,
) -> Result<String, PeopleError> {
    let clear = Personal::clear(person, profile).clear_bytes().unwrap_or_default();
    Ok(key.seal_field(person, place(guild, person), FIELD, &clear)?.sealed)
}

/// None where it cannot be opened any more.
fn open(key: &DataKey, (guild, person): (GuildId, PersonId), sealed: &str) -> Option<Profile> {
    let sealed = Sealed { owner: person, sealed: sealed.to_owned() };
    let opened = key.open_field(&sealed, place(guild, person), FIELD);
    let mut profile = Personal::<Profile>::Sealed(sealed);
    let is_open = opened.is_some_and(|bytes| profile.open(&bytes));
    profile.value().filter(|_| is_open).cloned()
}

/// A sealed name belongs to its member, and opens nowhere else.
fn place(guild: GuildId, person: PersonId) -> EventId {
    let name = format!("reeve.mirror/{guild}/{}", person.0);
    EventId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

fn roles_text(roles: &[RoleId]) -> String {
    let roles: BTreeSet<_> = roles.iter().take(MAX_ROLES).map(ToString::to_string).collect();
    roles.into_iter().collect::<Vec<_>>().join(",")
}

async fn write(tx: &mut Tx, statements: &[Statement]) -> Result<(), LogError> {
    for (sql, row) in statements {
        tx.execute(sql, row).await?;
    }
    Ok(())
}

impl Known {
    fn read(row: &Row) -> Result<(PersonId, Self), LogError> {
        let person = PersonId(u32::try_from(row.int(0)?).unwrap_or(u32::MAX));
        let known = Self {
            profile: row.text(1)?.to_owned(),
            roles: row.text(2)?.to_owned(),
            joined_at: row.opt_int(3)?,
            here: row.int(4)? == 1,
            seen_at: Timestamp::from_micros(row.int(5)?),
        };
        Ok((person, known))
    }
}

impl Sync {
    fn read(row: &Row) -> Result<Self, LogError> {
        let problem = row.opt_text(8)?.unwrap_or_default().to_owned();
        let state = match row.text(0)? {
            "running" => SyncState::Running,
            "done" => SyncState::Done,
            _ => SyncState::Failed(problem),
        };
        Ok(Self {
            state,
            expected: row.count(1)?,
            seen: row.count(2)?,
            added: row.count(3)?,
            changed: row.count(4)?,
            gone: row.count(5)?,
            began_at: Timestamp::from_micros(row.int(6)?),
            finished_at: row.opt_int(7)?.map(Timestamp::from_micros),
        })
    }
}
