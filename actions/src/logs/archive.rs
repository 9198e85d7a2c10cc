//! What messages said, for as long as a community keeps it: never in the log of events.
//!
//! Each version of a message is a row, sealed with a key that needs both the author's and the
//! day's. Erasing the author destroys the one; when a day is over and done with, the day's row goes
//! first, and with it everything of that day at once. Limits: [`MAX_VERSIONS`] of a message,
//! [`MAX_KEPT_A_DAY`] of a community and day, [`MAX_TEXT_CHARS`] of a message.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    ChannelId, EventId, GuildId, MessageId, PersonId, Personal, PersonalField as _, Sealed,
    Timestamp, UtcDay, logs::LogSettings,
};
use eventlog::{
    LogError, PeopleError, Turns,
    people::{DataKey, DayKey},
    sql::{Row, Value},
    values,
};
use lru::LruCache;
use parking_lot::Mutex;
use uuid::Uuid;

use super::{Noticed, Said, Seen};
use crate::{ActionError, Actions, activity::People};

/// Of one message; what it is changed to after that is not kept.
pub const MAX_VERSIONS: usize = 10;
/// Of one community; after that nothing is kept until the next day.
pub const MAX_KEPT_A_DAY: u64 = 200_000;
/// Discord allows no longer message.
const MAX_TEXT_CHARS: usize = 4_000;
const MAX_FILES: usize = 10;
const MAX_FILE_CHARS: usize = 100;
/// Rows of one transaction, or a few more; it holds up everybody who writes behind it.
const WRITTEN_AT_ONCE: usize = 1_000;
const CACHED_DAYS: usize = 5_000;
/// Another process may have dropped the day.
const DAY_KEY_AGE: Duration = Duration::from_mins(1);
/// Rows that one statement deletes.
const SWEEP_ROWS: u64 = 5_000;
const SWEEP_GUILDS: u64 = 500;
/// Of one statement: SQLite and PostgreSQL take more.
const ASKED_AT_ONCE: usize = 500;

/// What a message said from one moment on.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub message: MessageId,
    pub channel: ChannelId,
    pub person: PersonId,
    pub at: Timestamp,
    /// None where it cannot be opened any more.
    pub said: Option<Arc<Said>>,
}

/// Keys of days, as they were read a moment ago.
#[derive(Clone, Default)]
pub(crate) struct DayKeys(Arc<Mutex<Option<Kept>>>);

/// Versions of a community's day that wait to be written: those of several communities at once.
#[derive(Clone)]
pub(crate) struct Pages(Arc<Turns<Page, bool>>);

struct Page {
    guild: GuildId,
    day: UtcDay,
    rows: Vec<[Value; 7]>,
}

impl Default for Pages {
    fn default() -> Self {
        Self(Arc::new(Turns::new(WRITTEN_AT_ONCE)))
    }
}

type Kept = LruCache<(GuildId, UtcDay), (Arc<DayKey>, Instant)>;

impl DayKeys {
    fn get(&self, guild: GuildId, day: UtcDay) -> Option<Arc<DayKey>> {
        let mut keys = self.0.lock();
        let (key, since) = keys.as_mut()?.get(&(guild, day))?;
        (since.elapsed() < DAY_KEY_AGE).then(|| Arc::clone(key))
    }

    fn keep(&self, guild: GuildId, day: UtcDay, key: &Arc<DayKey>) {
        let mut keys = self.0.lock();
        let keys = keys.get_or_insert_with(LruCache::unbounded);
        keys.put((guild, day), (Arc::clone(key), Instant::now()));
        if keys.len() > CACHED_DAYS {
            keys.pop_lru();
        }
    }

    fn forget(&self, guild: GuildId, day: UtcDay) {
        if let Some(keys) = self.0.lock().as_mut() {
            keys.pop(&(guild, day));
        }
    }
}

impl Version {
    pub fn of(noticed: &Noticed, people: &People) -> Option<Self> {
        let (message, channel, author, at, said) = match &noticed.what {
            Seen::Said { message, channel, author, said } => {
                (message, channel, author, made_at(*message), said)
            }
            Seen::Edited { message, channel, author, edited_at, said: Some(said), bot: false } => {
                (message, channel, author, after_it_was_made(*message, *edited_at), said)
            }
            _ => return None,
        };
        let person = people.get(author).copied()?;
        let (message, channel, said) = (*message, *channel, Some(Said::cut(said)));
        Some(Self { message, channel, person, at, said })
    }

    fn read(row: &Row) -> Result<(Self, UtcDay, String), ActionError> {
        let corrupt = |what: &str| LogError::Corrupt(format!("message_archive: {what}"));
        let message = MessageId::from_i64(row.int(0)?).map_err(|_| corrupt("a message is none"))?;
        let channel = ChannelId::from_i64(row.int(2)?).map_err(|_| corrupt("a channel is none"))?;
        let number = u32::try_from(row.int(3)?).map_err(|_| corrupt("a person is none"))?;
        let day = i32::try_from(row.int(4)?).map_err(|_| corrupt("a day is none"))?;
        let at = Timestamp::from_micros(row.int(1)?);
        let version = Self { message, channel, person: PersonId(number), at, said: None };
        Ok((version, UtcDay(day), row.text(5)?.to_owned()))
    }

    /// A sealed text belongs to its message and its moment, and opens nowhere else.
    fn place(&self) -> (EventId, String) {
        let id = Uuid::from_u128(u128::from(self.message.get()));
        (EventId(id), format!("archive/{}", self.at.as_micros()))
    }

    fn seal(&self, key: &DataKey) -> Result<Option<String>, ActionError> {
        let said = self.said.as_deref().map(serde_json::to_vec);
        let Some(Ok(clear)) = said else { return Ok(None) };
        let (id, name) = self.place();
        Ok(Some(key.seal_field(self.person, id, &name, &clear)?.sealed))
    }

    fn open(&mut self, key: &DataKey, sealed: String) {
        let (id, name) = self.place();
        let sealed = Sealed { owner: self.person, sealed };
        let opened = key.open_field(&sealed, id, &name);
        let mut said = Personal::<Said>::Sealed(sealed);
        let is_open = opened.is_some_and(|bytes| said.open(&bytes));
        self.said = said.value().filter(|_| is_open).cloned().map(Arc::new);
    }
}

impl Said {
    /// Almost none is as long.
    fn cut(self: &Arc<Self>) -> Arc<Self> {
        if self.text.len() <= MAX_TEXT_CHARS && self.files.is_empty() {
            return Arc::clone(self);
        }
        let text = self.text.chars().take(MAX_TEXT_CHARS).collect();
        let files = self.files.iter().take(MAX_FILES);
        let files = files.map(|file| file.chars().take(MAX_FILE_CHARS).collect()).collect();
        Arc::new(Self { text, files })
    }
}

impl Actions {
    /// What is kept of these messages, each in its order.
    pub(super) async fn kept_versions(
        &self,
        guild: GuildId,
        messages: &[MessageId],
    ) -> Result<HashMap<MessageId, Vec<Version>>, ActionError> {
        let mut kept = HashMap::<_, Vec<_>>::new();
        for messages in messages.chunks(ASKED_AT_ONCE) {
            let mut parameters = vec![Value::from(guild)];
            parameters.extend(messages.iter().map(|message| Value::from(message.as_i64())));
            let places: Vec<_> = (2..=parameters.len()).map(|n| format!("${n}")).collect();
            let sql = format!(
                "SELECT message, version_at, channel, person, day, sealed FROM message_archive \
                 WHERE guild = $1 AND message IN ({}) ORDER BY message, version_at",
                places.join(", ")
            );
            for row in self.work.query(&sql, &parameters).await? {
                let (mut version, day, sealed) = Version::read(&row)?;
                if let Some(key) = self.content_key(guild, version.person, day).await? {
                    version.open(&key, sealed);
                }
                kept.entry(version.message).or_default().push(version);
            }
        }
        Ok(kept)
    }

    /// Keeps them; one that is there stays as it is.
    pub(super) async fn keep_versions(
        &self,
        guild: GuildId,
        versions: Vec<Version>,
    ) -> Result<(), ActionError> {
        let mut days = BTreeMap::<UtcDay, Vec<Version>>::new();
        for version in versions {
            days.entry(version.at.utc_day()).or_default().push(version);
        }
        for (day, versions) in days {
            self.keep_of_day(guild, day, versions).await?;
        }
        Ok(())
    }

    async fn keep_of_day(
        &self,
        guild: GuildId,
        day: UtcDay,
        versions: Vec<Version>,
    ) -> Result<(), ActionError> {
        let keys = self.people().keys(guild, versions.iter().map(|version| version.person)).await?;
        let day_key = self.day_for_writing(guild, day).await?;
        let mut rows = Vec::with_capacity(versions.len());
        for version in versions {
            // Erased this moment: nothing of theirs is kept.
            let Some(key) = keys.get(&version.person) else { continue };
            let Some(sealed) = version.seal(&key.on(&day_key))? else { continue };
            let (message, channel) = (version.message.as_i64(), version.channel.as_i64());
            rows.push(values![guild, message, version.at, day, channel, version.person, sealed]);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let (pages, many) = (&self.archive_pages.0, rows.len());
        let kept = pages.take((Page { guild, day, rows }, many), |pages| self.write_pages(pages));
        if !kept.await? {
            // Another process has dropped the day meanwhile.
            self.day_keys.forget(guild, day);
            return Err(no_such_day());
        }
        Ok(())
    }

    /// Which of them are kept; of the others the day is gone.
    async fn write_pages(&self, pages: Vec<Arc<Page>>) -> Result<Vec<bool>, LogError> {
        let insert = "INSERT INTO message_archive \
                      (guild, message, version_at, day, channel, person, sealed) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7) \
                      ON CONFLICT (guild, message, version_at) DO NOTHING";
        let count = "UPDATE message_archive_days SET messages = messages + $3 \
                     WHERE guild = $1 AND day = $2 AND length(wrapped) > 0 RETURNING messages";
        // Rows are locked in one order, so that nobody waits in a circle with others who write.
        let mut order: Vec<_> = (0..pages.len()).collect();
        order.sort_by_key(|at| (pages[*at].guild, pages[*at].day));
        let mut kept = vec![false; pages.len()];
        let mut tx = self.work.begin().await?;
        for at in order {
            let Page { guild, day, rows } = &*pages[at];
            let counted = tx.query(count, &values![*guild, *day, rows.len() as u64]).await?;
            let Some(messages) = counted.first() else { continue };
            let beyond = messages.count(0)?.saturating_sub(MAX_KEPT_A_DAY);
            let room = rows.len().saturating_sub(usize::try_from(beyond).unwrap_or(usize::MAX));
            if beyond > 0 {
                tx.query(count, &values![*guild, *day, -beyond.cast_signed()]).await?;
            }
            tx.execute_many(insert, &rows[..room]).await?;
            kept[at] = true;
        }
        tx.commit().await?;
        Ok(kept)
    }

    /// The day's key, made where there is none.
    async fn day_for_writing(
        &self,
        guild: GuildId,
        day: UtcDay,
    ) -> Result<Arc<DayKey>, ActionError> {
        if let Some(key) = self.day_keys.get(guild, day) {
            return Ok(key);
        }
        if let Some(key) = self.stored_day(guild, day).await? {
            return Ok(key);
        }
        let (_, wrapped) = self.people().new_day_key(guild, &context(guild, day)).await?;
        let insert = "INSERT INTO message_archive_days (guild, day, wrapped, messages) \
                      VALUES ($1, $2, $3, 0) ON CONFLICT (guild, day) DO NOTHING";
        // In the morning many communities have a new day at once.
        self.together.execute(insert, values![guild, day, wrapped].to_vec()).await?;
        // Another process may have been quicker.
        self.stored_day(guild, day).await?.ok_or_else(no_such_day)
    }

    /// None where there is none, or it was destroyed and the rest of the day is about to go.
    async fn stored_day(
        &self,
        guild: GuildId,
        day: UtcDay,
    ) -> Result<Option<Arc<DayKey>>, ActionError> {
        let select = "SELECT wrapped FROM message_archive_days WHERE guild = $1 AND day = $2";
        let rows = self.work.query(select, &values![guild, day]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let opened = self.people().open_day_key(guild, &context(guild, day), row.blob(0)?).await?;
        let key = opened.map(Arc::new);
        if let Some(key) = &key {
            self.day_keys.keep(guild, day, key);
        }
        Ok(key)
    }

    /// None where the author was erased, or the day is over.
    async fn content_key(
        &self,
        guild: GuildId,
        person: PersonId,
        day: UtcDay,
    ) -> Result<Option<DataKey>, ActionError> {
        let day_key = match self.day_keys.get(guild, day) {
            Some(key) => key,
            None => match self.stored_day(guild, day).await? {
                Some(key) => key,
                None => return Ok(None),
            },
        };
        match self.people().key(guild, person).await {
            Ok(key) => Ok(Some(key.on(&day_key))),
            Err(PeopleError::NoKey { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Drops what communities do not keep any longer. Answers how many days were dropped.
    pub async fn sweep_message_archive(&self) -> Result<u64, ActionError> {
        let select = "SELECT DISTINCT guild FROM message_archive_days WHERE guild > $1 \
                      ORDER BY guild LIMIT $2";
        let (mut after, mut dropped) = (i64::MIN, 0);
        loop {
            let rows = self.work.query(select, &values![after, SWEEP_GUILDS]).await?;
            for row in &rows {
                after = row.int(0)?;
                let Ok(guild) = GuildId::from_i64(after) else { continue };
                dropped += self.sweep_messages_of(guild).await?;
            }
            if (rows.len() as u64) < SWEEP_GUILDS {
                return Ok(dropped);
            }
        }
    }

    async fn sweep_messages_of(&self, guild: GuildId) -> Result<u64, ActionError> {
        let terms = self.settings::<LogSettings>(guild).await?;
        // A day goes as a whole, once its last moment is old enough.
        let last = self.now().plus_secs(-i64::from(terms.values.retention_secs)).utc_day();
        let select = "SELECT day FROM message_archive_days WHERE guild = $1 AND day < $2";
        let rows = self.work.query(select, &values![guild, last]).await?;
        for row in &rows {
            let day = UtcDay(i32::try_from(row.int(0)?).unwrap_or(i32::MIN));
            self.drop_day(guild, day).await?;
        }
        Ok(rows.len() as u64)
    }

    /// The key first: then nothing of it can be opened, whatever becomes of the rest.
    async fn drop_day(&self, guild: GuildId, day: UtcDay) -> Result<(), ActionError> {
        let destroy = "UPDATE message_archive_days SET wrapped = $3 WHERE guild = $1 AND day = $2";
        self.work.execute(destroy, &values![guild, day, Vec::<u8>::new()]).await?;
        self.day_keys.forget(guild, day);
        // What was said that day was written by then, so the first rows of the community are asked.
        let delete = "DELETE FROM message_archive WHERE guild = $1 AND day = $2 AND message IN \
                      (SELECT message FROM message_archive \
                      WHERE guild = $1 AND day = $2 AND message < $3 LIMIT $4)";
        let parameters = values![guild, day, first_after(day), SWEEP_ROWS];
        while self.work.execute(delete, &parameters).await? > 0 {}
        let forget = "DELETE FROM message_archive_days WHERE guild = $1 AND day = $2";
        self.work.execute(forget, &values![guild, day]).await?;
        Ok(())
    }

    /// Somebody was erased: their key is gone, and now what it had sealed.
    pub async fn forget_messages_of(
        &self,
        guild: GuildId,
        person: PersonId,
    ) -> Result<(), ActionError> {
        // A day at a time: nobody who writes waits for all of them.
        let select = "SELECT day FROM message_archive_days WHERE guild = $1 ORDER BY day";
        let delete = "DELETE FROM message_archive \
                      WHERE guild = $1 AND person = $2 AND message >= $3 AND message < $4";
        let mut from = i64::MIN;
        for row in self.work.query(select, &values![guild]).await? {
            let until = first_after(UtcDay(i32::try_from(row.int(0)?).unwrap_or(i32::MAX)));
            self.work.execute(delete, &values![guild, person, from, until]).await?;
            from = until;
        }
        Ok(())
    }

    /// How many versions are kept, and since which day.
    pub(super) async fn archive_size(
        &self,
        guild: GuildId,
    ) -> Result<(u64, Option<UtcDay>), ActionError> {
        let select = "SELECT CAST(COALESCE(SUM(messages), 0) AS bigint), MIN(day) \
                      FROM message_archive_days WHERE guild = $1";
        let rows = self.work.query(select, &values![guild]).await?;
        let Some(row) = rows.first() else { return Ok((0, None)) };
        let oldest = row.opt_int(1)?.and_then(|day| i32::try_from(day).ok()).map(UtcDay);
        Ok((row.count(0)?, oldest))
    }
}

fn no_such_day() -> ActionError {
    LogError::Corrupt("a day's key cannot be opened".to_owned()).into()
}

fn context(guild: GuildId, day: UtcDay) -> String {
    format!("message_archive/{guild}/{}", day.0)
}

/// What is written after this day has this id or a greater one.
const fn first_after(day: UtcDay) -> i64 {
    day.next().start().first_snowflake().cast_signed()
}

pub(super) const fn made_at(message: MessageId) -> Timestamp {
    Timestamp::of_snowflake(message.get())
}

/// The moment of an edit. What was written and edited in one millisecond is two versions all the same.
pub(super) fn after_it_was_made(message: MessageId, edited_at: Timestamp) -> Timestamp {
    edited_at.max(Timestamp::from_micros(made_at(message).as_micros() + 1))
}
