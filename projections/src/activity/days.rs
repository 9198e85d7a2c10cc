//! What everybody did, a day of UTC in one row: the rows of `activity_members` in the order of slots
//! and persons, packed. A chart of a year reads 365 of these instead of millions of those.

use std::{collections::BTreeMap, fmt::Write as _};

use domain::{GuildId, PersonId};
use eventlog::{LogError, values};

use super::{Slot, members::Did};
use crate::{projection::Tables, store::ReadStore};

const SLOTS: i64 = 96;
/// Days that are read at once, and days of communities that are written at once.
const AT_ONCE: i64 = 64;
const WRITTEN_AT_ONCE: usize = 500;

const PUT: &str = "INSERT INTO {activity_days} (guild, day, packed) VALUES ($1, $2, $3) \
                   ON CONFLICT (guild, day) DO UPDATE SET packed = excluded.packed";

/// Of one community: when, and who.
type Place = (Slot, PersonId);
type Day = Vec<(Place, Did)>;

/// Some persons of one community, whose numbers have no large gaps.
#[derive(Clone, Debug, Default)]
pub(super) struct Persons(Vec<u64>);

impl Persons {
    pub fn insert(&mut self, person: PersonId) {
        let (word, bit) = (person.0 as usize / 64, person.0 % 64);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
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

/// Adds what was done to the days it was done on.
pub(super) async fn add(
    did: &BTreeMap<(GuildId, PersonId, Slot), Did>,
    tables: &mut Tables<'_>,
) -> Result<(), LogError> {
    let mut days: BTreeMap<(GuildId, i64), Day> = BTreeMap::new();
    for ((guild, person, slot), did) in did {
        let day = days.entry((*guild, slot.0.div_euclid(SLOTS))).or_default();
        day.push(((*slot, *person), *did));
    }
    let mut days: Vec<_> = days.into_iter().collect();
    for days in days.chunks_mut(WRITTEN_AT_ONCE) {
        let known = known(days, tables).await?;
        let mut rows = Vec::with_capacity(days.len());
        for ((guild, day), new) in days {
            new.sort_unstable_by_key(|(place, _)| *place);
            let before = known.get(&(guild.as_i64(), *day)).map_or(&[][..], Vec::as_slice);
            rows.push(values![*guild, *day, merged(*day, before, new)?]);
        }
        tables.execute_many(PUT, &rows).await?;
    }
    Ok(())
}

/// What is kept of these days so far.
async fn known(
    days: &[((GuildId, i64), Day)],
    tables: &mut Tables<'_>,
) -> Result<BTreeMap<(i64, i64), Vec<u8>>, LogError> {
    let mut sql = String::from(
        "SELECT guild, day, packed FROM {activity_days} WHERE (guild, day) IN (VALUES ",
    );
    for (place, ((guild, day), _)) in days.iter().enumerate() {
        // Numbers of ours, nothing from outside.
        let comma = if place == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}({}, {day})", guild.as_i64());
    }
    sql.push(')');
    let rows = tables.query(&sql, &[]).await?;
    rows.iter().map(|row| Ok(((row.int(0)?, row.int(1)?), row.blob(2)?.to_vec()))).collect()
}

/// Hands over what was done from one slot up to another, in the order of slots and persons.
pub(super) async fn walk(
    store: &ReadStore,
    guild: GuildId,
    (from, until): (Slot, Slot),
    mut each: impl FnMut(Slot, PersonId, Did) + Send,
) -> Result<(), LogError> {
    let sql = "SELECT day, packed FROM activity_days \
               WHERE guild = $1 AND day >= $2 AND day < $3 ORDER BY day";
    let mut first = from.0.div_euclid(SLOTS);
    let end = (until.0 - 1).div_euclid(SLOTS) + 1;
    // Where nothing was yet nobody looks day by day.
    if let Some(row) = store
        .query("SELECT MIN(day) FROM activity_days WHERE guild = $1", &values![guild])
        .await?
        .first()
    {
        first = first.max(row.opt_int(0)?.unwrap_or(end));
    }
    while first < end {
        let next = end.min(first + AT_ONCE);
        for row in store.query(sql, &values![guild, first, next]).await? {
            for row in Rows::of(row.int(0)?, row.blob(1)?) {
                let ((slot, person), did) = row?;
                if from <= slot && slot < until {
                    each(slot, person, did);
                }
            }
        }
        first = next;
    }
    Ok(())
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
    let mut now = None;
    walk(store, guild, (from, until), |slot, person, _| {
        if now != Some(slot) {
            now = Some(slot);
            for (place, _, persons) in open.extract_if(.., |(_, until, _)| *until <= slot) {
                over(place, persons);
            }
            while let Some((place, (_, until))) = to_come.pop_if(|(_, (since, _))| *since <= slot) {
                if slot < until {
                    open.push((place, until, Persons::default()));
                }
            }
        }
        for (.., persons) in &mut open {
            persons.insert(person);
        }
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
    for row in Rows::of(day, before) {
        let (place, mut did) = row?;
        while let Some((place, did)) = new.next_if(|(new, _)| *new < place) {
            packed.push(*place, did);
        }
        if let Some((_, more)) = new.next_if(|(new, _)| *new == place) {
            did.add(more);
        }
        packed.push(place, &did);
    }
    for (place, did) in new {
        packed.push(*place, did);
    }
    Ok(packed.bytes)
}

/// Rows as they are written: how many slots and persons after the one before, then what was done, of
/// which only messages are always there.
struct Packed {
    bytes: Vec<u8>,
    last: Place,
}

const REACTIONS: u64 = 1;
const VOICE: u64 = 2;
const COMMANDS: u64 = 4;
/// The first of a slot.
const NEW_SLOT: u64 = 1;

impl Packed {
    fn of(day: i64, room: usize) -> Self {
        Self { bytes: Vec::with_capacity(room), last: (Slot(day * SLOTS), PersonId(0)) }
    }

    fn push(&mut self, place: Place, did: &Did) {
        let Did { messages, reactions, voice_micros, commands } = *did;
        let (slot, person) = place;
        if slot == self.last.0 {
            self.number(u64::from(person.0 - self.last.1.0) << 1);
        } else {
            self.number(u64::from(person.0) << 1 | NEW_SLOT);
            self.number((slot.0 - self.last.0.0).unsigned_abs());
        }
        self.last = place;
        let [reactions, voice, commands] =
            [reactions, voice_micros, commands].map(i64::unsigned_abs);
        let has = u64::from(reactions > 0) * REACTIONS
            + u64::from(voice > 0) * VOICE
            + u64::from(commands > 0) * COMMANDS;
        self.number(messages.unsigned_abs() << 3 | has);
        for number in [reactions, voice, commands].into_iter().filter(|number| *number > 0) {
            self.number(number);
        }
    }

    /// Seven bits in a byte, the lowest first; the eighth says that there are more.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }
}

/// What [`Packed`] wrote.
struct Rows<'a> {
    packed: &'a [u8],
    last: Place,
}

impl<'a> Rows<'a> {
    const fn of(day: i64, packed: &'a [u8]) -> Self {
        Self { packed, last: (Slot(day * SLOTS), PersonId(0)) }
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.packed.split_first()?;
            self.packed = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn row(&mut self) -> Option<(Place, Did)> {
        let first = self.number()?;
        let (slot, before) = if first & NEW_SLOT == 0 {
            self.last
        } else {
            let slots = i64::try_from(self.number()?).ok()?;
            (Slot(self.last.0.0.checked_add(slots)?), PersonId(0))
        };
        let person = PersonId(before.0.checked_add(u32::try_from(first >> 1).ok()?)?);
        self.last = (slot, person);
        let messages = self.number()?;
        let mut of = |what: u64| if messages & what == 0 { Some(0) } else { self.number() };
        let did = Did {
            reactions: of(REACTIONS)?.cast_signed(),
            voice_micros: of(VOICE)?.cast_signed(),
            commands: of(COMMANDS)?.cast_signed(),
            messages: (messages >> 3).cast_signed(),
        };
        Some((self.last, did))
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<(Place, Did), LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.packed.is_empty() {
            return None;
        }
        let row = self.row();
        if row.is_none() {
            self.packed = &[];
        }
        Some(row.ok_or_else(|| LogError::Corrupt("a day of activity cannot be read".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    const DAY: i64 = 20_000;

    fn rows() -> impl Strategy<Value = BTreeMap<Place, Did>> {
        let place = (0..SLOTS, 0..300_u32)
            .prop_map(|(slot, person)| (Slot(DAY * SLOTS + slot), PersonId(person)));
        let did = (0..1_000_i64, 0..3_i64, 0..900_000_000_i64, 0..2_i64);
        let did = did.prop_map(|(messages, reactions, voice_micros, commands)| Did {
            messages,
            reactions,
            voice_micros,
            commands,
        });
        btree_map(place, did, 0..200)
    }

    fn read(packed: &[u8]) -> Vec<(Place, Did)> {
        Rows::of(DAY, packed).map(Result::unwrap).collect()
    }

    proptest! {
        // proves: ANA-10
        #[test]
        fn what_is_added_to_a_day_is_there_beside_what_was(one in rows(), other in rows()) {
            let of = |rows: &BTreeMap<_, _>| rows.clone().into_iter().collect::<Vec<_>>();
            let first = merged(DAY, &[], &of(&one)).unwrap();
            prop_assert_eq!(read(&first), of(&one));
            let both = merged(DAY, &first, &of(&other)).unwrap();
            let mut expected = one;
            for (place, did) in other {
                expected.entry(place).or_default().add(&did);
            }
            prop_assert_eq!(read(&both), of(&expected));
        }

        #[test]
        fn damaged_days_are_an_error_and_no_panic(packed: Vec<u8>) {
            let _ = Rows::of(DAY, &packed).collect::<Vec<_>>();
        }
    }

    #[test]
    fn a_member_who_only_wrote_takes_few_bytes() {
        let new = (0..1_000).map(|n| ((Slot(DAY * SLOTS + n / 10), PersonId(0)), n));
        let new: Vec<_> = new
            .map(|((slot, _), n)| {
                let person = PersonId(u32::try_from(n % 10 * 10_000).unwrap());
                ((slot, person), Did { messages: 3, ..Did::default() })
            })
            .collect();
        assert!(merged(DAY, &[], &new).unwrap().len() < 5 * new.len());
    }
}
