//! What messages said, for as long as a community keeps it: never in the log of events.
//!
//! Each version of a message is sealed with a key that needs both the author's and the day's.
//! Erasing the author destroys the one; when a day is over and done with, the day's row goes
//! first, and with it everything of that day at once. What was written within a minute lies in
//! pages (`page.rs`). Limits: [`MAX_VERSIONS`] of a message, [`MAX_KEPT_A_DAY`] of a community and
//! day, [`MAX_TEXT_CHARS`] of a message.

mod page;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
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
    sql::Value,
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
/// Versions of one transaction, or a few more; it holds up everybody who writes behind it.
const WRITTEN_AT_ONCE: usize = 10_000;
const CACHED_DAYS: usize = 5_000;
/// Another process may have dropped the day.
const DAY_KEY_AGE: Duration = Duration::from_mins(1);
/// Pages that one statement deletes.
const SWEEP_PAGES: u64 = 1_000;
const SWEEP_GUILDS: u64 = 500;
/// Pages that are looked through at once for what somebody wrote.
const LEAFED_AT_ONCE: u64 = 100;
/// The second time the day is as it is stored.
const TRIES: usize = 2;

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

/// Pages that wait to be written: those of several communities at once.
#[derive(Clone)]
pub(crate) struct Pages(Arc<Turns<Bundle, bool>>);

/// Of one community and day.
struct Bundle {
    guild: GuildId,
    day: UtcDay,
    /// The day's key, where the day begins with this.
    begins_with: Option<Vec<u8>>,
    versions: u64,
    pages: Vec<[Value; 6]>,
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

    fn open(&mut self, key: &DataKey, sealed: &str) {
        let (id, name) = self.place();
        let sealed = Sealed { owner: self.person, sealed: sealed.to_owned() };
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
        let select = "SELECT day, versions FROM message_pages WHERE guild = $1 \
                      AND first_message > $2 AND first_message <= $3 AND last_message >= $4";
        let wanted: BTreeSet<_> = messages.iter().copied().collect();
        let mut kept = HashMap::<_, Vec<Version>>::new();
        for (first, last) in spans(&wanted) {
            let after = first.as_i64() - page::MINUTE_OF_IDS;
            for row in self.work.query(select, &values![guild, after, last, first]).await? {
                let day = UtcDay(i32::try_from(row.int(0)?).unwrap_or(i32::MIN));
                for version in page::versions(row.text(1)?) {
                    let (mut version, sealed) = version?;
                    if !wanted.contains(&version.message) {
                        continue;
                    }
                    if let Some(key) = self.content_key(guild, version.person, day).await? {
                        version.open(&key, sealed);
                    }
                    kept.entry(version.message).or_default().push(version);
                }
            }
        }
        for versions in kept.values_mut() {
            // After a crash Discord tells again what was kept: then it stands in two pages.
            versions.sort_by_key(|version| version.at);
            versions.dedup_by_key(|version| version.at);
        }
        Ok(kept)
    }

    /// Keeps them; what is there stays as it is.
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
            self.keep_of_day(guild, day, &versions).await?;
        }
        Ok(())
    }

    async fn keep_of_day(
        &self,
        guild: GuildId,
        day: UtcDay,
        versions: &[Version],
    ) -> Result<(), ActionError> {
        let keys = self.people().keys(guild, versions.iter().map(|version| version.person)).await?;
        for _ in 0..TRIES {
            let (day_key, begins_with) = self.day_for_writing(guild, day).await?;
            let keys: HashMap<_, _> =
                keys.iter().map(|(person, key)| (*person, key.on(&day_key))).collect();
            let mut sealed = Vec::with_capacity(versions.len());
            for version in versions {
                // Erased this moment: nothing of theirs is kept.
                let Some(key) = keys.get(&version.person) else { continue };
                sealed.extend(version.seal(key)?.map(|sealed| (version, sealed)));
            }
            if sealed.is_empty() {
                return Ok(());
            }
            let many = sealed.len();
            let pages = page::bind(sealed.into_iter()).into_iter();
            let pages = pages
                .map(|page| values![guild, page.first, page.number, page.last, day, page.lines]);
            let pages = pages.collect();
            let bundle = Bundle { guild, day, begins_with, versions: many as u64, pages };
            let write = |bundles| self.write_pages(bundles);
            if self.archive_pages.0.take((bundle, many), write).await? {
                self.day_keys.keep(guild, day, &day_key);
                return Ok(());
            }
            // Another process has begun the day, or dropped it, meanwhile.
            self.day_keys.forget(guild, day);
        }
        Err(LogError::Corrupt("a day's key cannot be opened".to_owned()).into())
    }

    /// Which of them are written; of the others the day has another key, or is gone.
    async fn write_pages(&self, bundles: Vec<Arc<Bundle>>) -> Result<Vec<bool>, LogError> {
        let begin = "INSERT INTO message_archive_days (guild, day, wrapped, messages) \
                     VALUES ($1, $2, $3, 0) ON CONFLICT (guild, day) DO NOTHING";
        let count = "UPDATE message_archive_days SET messages = messages + $3 \
                     WHERE guild = $1 AND day = $2 AND length(wrapped) > 0 RETURNING messages";
        let insert = "INSERT INTO message_pages \
                      (guild, first_message, page, last_message, day, versions) \
                      VALUES ($1, $2, $3, $4, $5, $6) \
                      ON CONFLICT (guild, first_message, page) DO NOTHING";
        // Rows are locked in one order, so that nobody waits in a circle with others who write.
        let mut order: Vec<_> = (0..bundles.len()).collect();
        order.sort_by_key(|at| (bundles[*at].guild, bundles[*at].day));
        let mut written = vec![false; bundles.len()];
        let mut tx = self.work.begin().await?;
        for at in order {
            let Bundle { guild, day, begins_with, versions, pages } = &*bundles[at];
            if let Some(wrapped) = begins_with
                && tx.execute(begin, &values![*guild, *day, wrapped.clone()]).await? == 0
            {
                continue;
            }
            let counted = tx.query(count, &values![*guild, *day, *versions]).await?;
            let Some(messages) = counted.first() else { continue };
            if messages.count(0)? > MAX_KEPT_A_DAY {
                tx.query(count, &values![*guild, *day, -versions.cast_signed()]).await?;
            } else {
                tx.execute_many(insert, pages).await?;
            }
            written[at] = true;
        }
        tx.commit().await?;
        Ok(written)
    }

    /// The day's key; and the same as it is stored, where the day is still to be begun.
    async fn day_for_writing(
        &self,
        guild: GuildId,
        day: UtcDay,
    ) -> Result<(Arc<DayKey>, Option<Vec<u8>>), ActionError> {
        if let Some(key) = self.day_keys.get(guild, day) {
            return Ok((key, None));
        }
        if let Some(key) = self.stored_day(guild, day).await? {
            return Ok((key, None));
        }
        let (key, wrapped) = self.people().new_day_key(guild, &context(guild, day)).await?;
        Ok((Arc::new(key), Some(wrapped)))
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
        let delete = "DELETE FROM message_pages WHERE guild = $1 AND (first_message, page) IN \
                      (SELECT first_message, page FROM message_pages \
                      WHERE guild = $1 AND day = $2 AND first_message < $3 LIMIT $4)";
        let parameters = values![guild, day, first_after(day), SWEEP_PAGES];
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
        let select = "SELECT first_message, page, versions FROM message_pages \
                      WHERE guild = $1 AND (first_message, page) > ($2, $3) \
                      ORDER BY first_message, page LIMIT $4";
        let mut place = (i64::MIN, i64::MIN);
        loop {
            let after = values![guild, place.0, place.1, LEAFED_AT_ONCE];
            let rows = self.work.query(select, &after).await?;
            for row in &rows {
                place = (row.int(0)?, row.int(1)?);
                self.blacken(guild, place, row.text(2)?, person).await?;
            }
            if (rows.len() as u64) < LEAFED_AT_ONCE {
                return Ok(());
            }
        }
    }

    async fn blacken(
        &self,
        guild: GuildId,
        (first, page): (i64, i64),
        lines: &str,
        person: PersonId,
    ) -> Result<(), ActionError> {
        let place = "WHERE guild = $1 AND first_message = $2 AND page = $3";
        let select = format!("SELECT versions FROM message_pages {place}");
        let update = format!("UPDATE message_pages SET versions = $5 {place} AND versions = $4");
        let delete = format!("DELETE FROM message_pages {place} AND versions = $4");
        let mut lines = lines.to_owned();
        loop {
            let rest = page::without(&lines, person)?;
            let changed = if rest.len() == lines.len() {
                1
            } else if rest.is_empty() {
                self.work.execute(&delete, &values![guild, first, page, &*lines]).await?
            } else {
                self.work.execute(&update, &values![guild, first, page, &*lines, rest]).await?
            };
            if changed > 0 {
                return Ok(());
            }
            // Somebody else is erased at the same time, or the day is over.
            let rows = self.work.query(&select, &values![guild, first, page]).await?;
            let Some(row) = rows.first() else { return Ok(()) };
            row.text(0)?.clone_into(&mut lines);
        }
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

/// From the first to the last of those messages that were written within a minute.
fn spans(messages: &BTreeSet<MessageId>) -> Vec<(MessageId, MessageId)> {
    let mut spans = Vec::<(MessageId, MessageId)>::new();
    for message in messages {
        match spans.last_mut() {
            Some((first, last)) if message.as_i64() - first.as_i64() < page::MINUTE_OF_IDS => {
                *last = *message;
            }
            _ => spans.push((*message, *message)),
        }
    }
    spans
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
