//! What was done, a day of UTC in one row: the rows of `activity_members` in the order of slots and
//! persons, packed, and those of `activity_channels` of each channel. A chart of a year reads 365 of
//! these instead of millions of those.
//!
//! A day is a row of sections, one for each slot: how many slots after the one before, how many
//! persons, of how many bytes they and what they did are, then both. Whoever only counts persons skips
//! the rest.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt::Write as _};

use domain::{ChannelId, GuildId, PersonId};
use eventlog::{
    LogError,
    sql::{Row, Value, off_the_workers},
    values,
};

use super::{Slot, members::Did};
use crate::{projection::Tables, store::ReadStore};

const SLOTS: i64 = 96;
/// Days that are read at once, and that are written at once.
const AT_ONCE: i64 = 64;
const WRITTEN_AT_ONCE: usize = 500;
/// Whose rows of channels are: what is done there is nobody's.
const NOBODY: PersonId = PersonId(0);

/// When, and who.
type Place = (Slot, PersonId);
type Day = Vec<(Place, Did)>;

/// Some persons of one community, whose numbers have no large gaps.
#[derive(Clone, Debug, Default)]
pub(super) struct Persons(Vec<u64>);

impl Persons {
    #[inline]
    pub fn insert(&mut self, person: PersonId) {
        let (word, bit) = (person.0 as usize / 64, person.0 % 64);
        match self.0.get_mut(word) {
            Some(word) => *word |= 1 << bit,
            None => self.insert_beyond(word, bit),
        }
    }

    #[cold]
    fn insert_beyond(&mut self, word: usize, bit: u32) {
        // Whoever has a high number is seldom the last one.
        self.0.resize((word + 1).next_power_of_two(), 0);
        self.0[word] |= 1 << bit;
    }

    pub fn has(&self, person: PersonId) -> bool {
        let (word, bit) = (person.0 as usize / 64, person.0 % 64);
        self.0.get(word).is_some_and(|word| word >> bit & 1 == 1)
    }

    pub fn count(&self) -> i64 {
        self.0.iter().map(|word| i64::from(word.count_ones())).sum()
    }
}

/// Of a community, a day, and a channel where there is one.
type Of = (GuildId, i64, i64);

/// What is to be added: days in their order, and in each of them the slots in theirs.
#[derive(Debug, Default)]
pub(super) struct Days(Vec<(Of, Day)>);

impl Days {
    pub fn of_members(did: impl IntoIterator<Item = ((GuildId, Slot, PersonId), Did)>) -> Self {
        let row = |((guild, slot, person), did)| ((guild, 0), (slot, person), did);
        Self::of(did.into_iter().map(row))
    }

    pub fn of_channels(did: impl IntoIterator<Item = ((GuildId, ChannelId, Slot), Did)>) -> Self {
        let row = |((guild, channel, slot), did): ((_, ChannelId, _), _)| {
            ((guild, channel.as_i64()), (slot, NOBODY), did)
        };
        Self::of(did.into_iter().map(row))
    }

    fn of(rows: impl Iterator<Item = ((GuildId, i64), Place, Did)>) -> Self {
        let mut days: BTreeMap<Of, Day> = BTreeMap::new();
        for ((guild, channel), place, did) in rows {
            let of = (guild, place.0.0.div_euclid(SLOTS), channel);
            days.entry(of).or_default().push((place, did));
        }
        for day in days.values_mut() {
            day.sort_unstable_by_key(|(place, _)| *place);
        }
        Self(days.into_iter().collect())
    }

    /// Of a community and a channel where there is one: who did what in which slot.
    pub fn rows(&self) -> impl Iterator<Item = (GuildId, i64, Place, Did)> {
        self.0.iter().flat_map(|((guild, _, channel), day)| {
            day.iter().map(|(place, did)| (*guild, *channel, *place, *did))
        })
    }

    /// Adds what everybody did to the days it was done on.
    pub async fn add_to_members(&self, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let known = "a.guild, a.day, CAST(0 AS bigint), a.packed \
                     FROM these CROSS JOIN {activity_days} a \
                     WHERE a.guild = these.guild AND a.day = these.day";
        let put = "INSERT INTO {activity_days} (guild, day, packed) VALUES ($1, $2, $3) \
                   ON CONFLICT (guild, day) DO UPDATE SET packed = excluded.packed";
        for days in self.0.chunks(WRITTEN_AT_ONCE) {
            let packed = add(days, known, tables).await?.into_iter();
            let rows = packed.map(|((guild, day, _), packed)| values![guild, day, packed]);
            tables.execute_many(put, rows).await?;
        }
        Ok(())
    }

    /// Adds what was done in each channel.
    pub async fn add_to_channels(&self, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let known = "a.guild, a.day, a.channel, a.packed \
                     FROM these CROSS JOIN {activity_channel_days} a \
                     WHERE a.guild = these.guild AND a.day = these.day \
                     AND a.channel = these.channel";
        let put = "INSERT INTO {activity_channel_days} (guild, day, channel, packed) \
                   VALUES ($1, $2, $3, $4) ON CONFLICT (guild, day, channel) DO UPDATE SET \
                   packed = excluded.packed";
        for days in self.0.chunks(WRITTEN_AT_ONCE) {
            let packed = add(days, known, tables).await?.into_iter();
            let rows =
                packed.map(|((guild, day, channel), packed)| values![guild, day, channel, packed]);
            tables.execute_many(put, rows).await?;
        }
        Ok(())
    }
}

/// These days as they are from now on.
async fn add(
    days: &[(Of, Day)],
    known: &str,
    tables: &mut Tables<'_>,
) -> Result<Vec<(Of, Vec<u8>)>, LogError> {
    // Numbers of ours, nothing from outside.
    let this = |(guild, day, channel): &Of| format!("({}, {day}, {channel})", guild.as_i64());
    let these: Vec<_> = days.iter().map(|(of, _)| this(of)).collect();
    let these = format!("WITH these (guild, day, channel) AS (VALUES {})", these.join(", "));
    let rows = tables.query(&format!("{these} SELECT {known}"), &[]).await?;
    let before = |row| {
        let row: &Row = row;
        Ok::<_, LogError>(((row.int(0)?, row.int(1)?, row.int(2)?), row.blob(3)?))
    };
    let before = rows.iter().map(before).collect::<Result<BTreeMap<_, _>, _>>()?;
    let added = |((guild, day, channel), new): &(Of, Day)| {
        let before = before.get(&(guild.as_i64(), *day, *channel)).copied().unwrap_or_default();
        Ok(((*guild, *day, *channel), merged(*day, before, new)?))
    };
    days.iter().map(added).collect()
}

/// Hands over days of one of both tables, in their order. The next ones are read meanwhile.
async fn read(
    store: &ReadStore,
    guild: GuildId,
    (select, also): (&str, &[Value]),
    (from, until): (Slot, Slot),
    mut each: impl FnMut(&Row) -> Result<(), LogError> + Send,
) -> Result<(), LogError> {
    let end = (until.0 - 1).div_euclid(SLOTS) + 1;
    let ask = |first: i64| {
        let (store, select) = (store.clone(), select.to_owned());
        let mut parameters = values![guild, first, end.min(first + AT_ONCE)].to_vec();
        parameters.extend_from_slice(also);
        tokio::spawn(async move { store.query(&select, &parameters).await })
    };
    let mut first = from.0.div_euclid(SLOTS);
    let mut asked = (first < end).then(|| ask(first));
    while let Some(reading) = asked.take() {
        let rows = reading.await.map_err(|error| LogError::Unavailable(error.to_string()))??;
        first += AT_ONCE;
        asked = (first < end).then(|| ask(first));
        off_the_workers(|| rows.iter().try_for_each(&mut each))?;
    }
    Ok(())
}

/// Sections of everybody from one slot up to another.
async fn sections(
    store: &ReadStore,
    guild: GuildId,
    (from, until): (Slot, Slot),
    mut each: impl FnMut(&Section<'_>) -> Option<()> + Send,
) -> Result<(), LogError> {
    let oldest = "SELECT MIN(day) FROM activity_days WHERE guild = $1";
    let oldest = store.query(oldest, &values![guild]).await?;
    let Some(oldest) = oldest.first().map_or(Ok(None), |row| row.opt_int(0))? else {
        return Ok(());
    };
    let time = (from.max(Slot(oldest * SLOTS)), until);
    let select = "SELECT day, packed FROM activity_days \
                  WHERE guild = $1 AND day >= $2 AND day < $3 ORDER BY day";
    read(store, guild, (select, &[]), time, |row| {
        for section in Sections::of(row.int(0)?, row.blob(1)?) {
            let section = section?;
            if from <= section.slot && section.slot < until {
                each(&section).ok_or_else(damaged)?;
            }
        }
        Ok(())
    })
    .await
}

/// Hands over what everybody did from one slot up to another, in the order of slots and persons.
pub(super) async fn walk(
    store: &ReadStore,
    guild: GuildId,
    time: (Slot, Slot),
    mut each: impl FnMut(Slot, PersonId, &Did) + Send,
) -> Result<(), LogError> {
    sections(store, guild, time, |section| {
        section.each(|person, did| each(section.slot, person, did))
    })
    .await
}

/// Adds whoever did something from one slot up to another to those of the slot's place.
pub(super) async fn persons_of(
    store: &ReadStore,
    guild: GuildId,
    time: (Slot, Slot),
    place: impl Fn(Slot) -> i64 + Send + Sync,
    all: &mut [Persons],
) -> Result<(), LogError> {
    sections(store, guild, time, |section| {
        let place = usize::try_from(place(section.slot)).ok()?;
        section.add_to(all.get_mut(place)?)
    })
    .await
}

/// Hands over what was done in each of these channels, or in all where none is named.
pub(super) async fn walk_channels(
    store: &ReadStore,
    guild: GuildId,
    only: &[ChannelId],
    (from, until): (Slot, Slot),
    mut each: impl FnMut(Slot, ChannelId, &Did) + Send,
) -> Result<(), LogError> {
    let mut select = String::from(
        "SELECT day, channel, packed FROM activity_channel_days \
         WHERE guild = $1 AND day >= $2 AND day < $3",
    );
    if !only.is_empty() {
        let places: Vec<_> = (4..).take(only.len()).map(|place| format!("${place}")).collect();
        let _ = write!(select, " AND channel IN ({})", places.join(", "));
    }
    let also: Vec<_> = only.iter().map(|channel| Value::from(channel.as_i64())).collect();
    read(store, guild, (&select, &also), (from, until), |row| {
        let channel = ChannelId::from_i64(row.int(1)?);
        let channel = channel.map_err(|error| LogError::Corrupt(error.to_string()))?;
        for section in Sections::of(row.int(0)?, row.blob(2)?) {
            let section = section?;
            if from <= section.slot && section.slot < until {
                section.each(|_, did| each(section.slot, channel, did)).ok_or_else(damaged)?;
            }
        }
        Ok(())
    })
    .await
}

/// Who did anything in each of these spans; each is handed over once it is over, in no order. They
/// may overlap.
pub(super) async fn persons(
    store: &ReadStore,
    guild: GuildId,
    spans: &[(Slot, Slot)],
    mut over: impl FnMut(usize, Persons) + Send,
) -> Result<(), LogError> {
    let whole = (spans.iter().map(|span| span.0).min(), spans.iter().map(|span| span.1).max());
    let (Some(from), Some(until)) = whole else { return Ok(()) };
    let mut to_come: Vec<_> = spans.iter().copied().enumerate().collect();
    to_come.sort_unstable_by_key(|(_, (since, _))| std::cmp::Reverse(*since));
    let mut open: Vec<(usize, Slot, Persons)> = Vec::new();
    sections(store, guild, (from, until), |section| {
        let slot = section.slot;
        for (place, _, persons) in open.extract_if(.., |(_, until, _)| *until <= slot) {
            over(place, persons);
        }
        while let Some((place, (_, until))) = to_come.pop_if(|(_, (since, _))| *since <= slot) {
            if slot < until {
                open.push((place, until, Persons::default()));
            }
        }
        open.iter_mut().try_for_each(|(.., persons)| section.add_to(persons))
    })
    .await?;
    for (place, _, persons) in open {
        over(place, persons);
    }
    Ok(())
}

/// Both in their order; what both have is added.
fn merged(day: i64, before: &[u8], new: &[(Place, Did)]) -> Result<Vec<u8>, LogError> {
    let mut packed = Packed::of(day, before.len() + new.len() * 4);
    let mut new = new.iter().peekable();
    for section in Sections::of(day, before) {
        let section = section?;
        let each = |person, did: &Did| {
            let place = (section.slot, person);
            while let Some((place, did)) = new.next_if(|(new, _)| *new < place) {
                packed.push(*place, did);
            }
            let mut did = *did;
            if let Some((_, more)) = new.next_if(|(new, _)| *new == place) {
                did.add(more);
            }
            packed.push(place, &did);
        };
        section.each(each).ok_or_else(damaged)?;
    }
    for (place, did) in new {
        packed.push(*place, did);
    }
    Ok(packed.done())
}

fn damaged() -> LogError {
    LogError::Corrupt("a day of activity cannot be read".to_owned())
}

/// Of what somebody did, messages are always there, and these where they are not none.
const REACTIONS: u64 = 1;
const VOICE: u64 = 2;
const COMMANDS: u64 = 4;

/// A day as it is written, section by section.
struct Packed {
    bytes: Vec<u8>,
    /// The slot of the section at hand, and of the one before.
    slot: i64,
    before: i64,
    count: u64,
    last: PersonId,
    persons: Vec<u8>,
    did: Vec<u8>,
}

impl Packed {
    fn of(day: i64, room: usize) -> Self {
        let first = day * SLOTS;
        Self {
            bytes: Vec::with_capacity(room),
            slot: first,
            before: first,
            count: 0,
            last: NOBODY,
            persons: Vec::new(),
            did: Vec::new(),
        }
    }

    fn push(&mut self, (slot, person): Place, did: &Did) {
        if slot.0 != self.slot {
            self.end_section();
            self.slot = slot.0;
        }
        self.count += 1;
        put(&mut self.persons, u64::from(person.0 - self.last.0));
        self.last = person;
        let Did { messages, reactions, voice_micros, commands } = *did;
        let [messages, reactions, voice, commands] =
            [messages, reactions, voice_micros, commands].map(i64::unsigned_abs);
        let has = u64::from(reactions > 0) * REACTIONS
            + u64::from(voice > 0) * VOICE
            + u64::from(commands > 0) * COMMANDS;
        put(&mut self.did, messages << 3 | has);
        for number in [reactions, voice, commands].into_iter().filter(|number| *number > 0) {
            put(&mut self.did, number);
        }
    }

    fn end_section(&mut self) {
        if self.count == 0 {
            return;
        }
        put(&mut self.bytes, (self.slot - self.before).unsigned_abs());
        put(&mut self.bytes, self.count);
        put(&mut self.bytes, self.persons.len() as u64);
        put(&mut self.bytes, self.did.len() as u64);
        self.bytes.append(&mut self.persons);
        self.bytes.append(&mut self.did);
        (self.before, self.count, self.last) = (self.slot, 0, NOBODY);
    }

    fn done(mut self) -> Vec<u8> {
        self.end_section();
        self.bytes
    }
}

/// What [`Packed`] wrote.
struct Sections<'a> {
    packed: &'a [u8],
    slot: i64,
}

struct Section<'a> {
    slot: Slot,
    count: u64,
    persons: &'a [u8],
    did: &'a [u8],
}

impl<'a> Sections<'a> {
    const fn of(day: i64, packed: &'a [u8]) -> Self {
        Self { packed, slot: day * SLOTS }
    }

    fn section(&mut self) -> Option<Section<'a>> {
        self.slot = self.slot.checked_add_unsigned(take(&mut self.packed)?)?;
        let count = take(&mut self.packed)?;
        let persons = usize::try_from(take(&mut self.packed)?).ok()?;
        let did = usize::try_from(take(&mut self.packed)?).ok()?;
        let (persons, rest) = self.packed.split_at_checked(persons)?;
        let (did, rest) = rest.split_at_checked(did)?;
        self.packed = rest;
        Some(Section { slot: Slot(self.slot), count, persons, did })
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.packed.is_empty() {
            return None;
        }
        let section = self.section();
        if section.is_none() {
            self.packed = &[];
        }
        Some(section.ok_or_else(damaged))
    }
}

impl Section<'_> {
    /// None where it is damaged.
    fn each(&self, mut each: impl FnMut(PersonId, &Did)) -> Option<()> {
        let Self { mut persons, mut did, .. } = *self;
        let mut person = NOBODY;
        for _ in 0..self.count {
            person = after(person, &mut persons)?;
            let messages = take(&mut did)?;
            let mut of = |what: u64| if messages & what == 0 { Some(0) } else { take(&mut did) };
            let did = Did {
                reactions: of(REACTIONS)?.cast_signed(),
                voice_micros: of(VOICE)?.cast_signed(),
                commands: of(COMMANDS)?.cast_signed(),
                messages: (messages >> 3).cast_signed(),
            };
            each(person, &did);
        }
        Some(())
    }

    /// What [`after`] does, without a call for each: a year has millions.
    fn add_to(&self, all: &mut Persons) -> Option<()> {
        let mut bytes = self.persons.iter();
        let mut person = NOBODY;
        for _ in 0..self.count {
            let (mut step, mut shift) = (0, 0);
            loop {
                let byte = *bytes.next()?;
                step |= u32::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    break;
                }
                shift += 7;
                if shift > 28 {
                    return None;
                }
            }
            person = PersonId(person.0.checked_add(step)?);
            all.insert(person);
        }
        Some(())
    }
}

#[inline]
fn after(person: PersonId, persons: &mut &[u8]) -> Option<PersonId> {
    let step = u32::try_from(take(persons)?).ok()?;
    person.0.checked_add(step).map(PersonId)
}

/// Seven bits in a byte, the lowest first; the eighth says that there are more.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

#[inline]
fn take(bytes: &mut &[u8]) -> Option<u64> {
    match *bytes {
        [byte, rest @ ..] if *byte < 0x80 => {
            *bytes = rest;
            Some(u64::from(*byte))
        }
        [low, high, rest @ ..] if *high < 0x80 => {
            *bytes = rest;
            Some(u64::from(low & 0x7f) | u64::from(*high) << 7)
        }
        _ => take_long(bytes),
    }
}

fn take_long(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(number);
        }
        shift += 7;
        if shift > 63 {
            return None;
        }
    }
}
