//! Histories to begin with, written through the log's own appender.

use std::{collections::VecDeque, sync::Arc};

use domain::{
    Actor, Bytes, Cause, CorrelationId, Decider as _, DomainEvent, GuildId, IdempotencyKey,
    PersonId, Personal, Sealed, Timestamp, UtcDay,
    economy::{Economy, Event, SpendId},
};
use eventlog::{
    Append, EventLog, Fence, Metadata, NewEvent, Pending, Request, StreamId, encode, event_id,
};
use uuid::Uuid;

use crate::cli::bench::Failed;

/// Members of every guild. With a history of 50 events each has an open account.
pub(in crate::cli) const MEMBERS: u32 = 50;
/// Appends on their way at a time.
pub(super) const IN_FLIGHT: usize = 256;
/// Characters of a sealed reason that was 60 characters long.
const SEALED_REASON: usize = 120;
/// Snowflakes carry their time above bit 22.
const FIRST_GUILD: u64 = 262_144 << 22;
/// Requests of a history came a millisecond apart.
const FIRST_REQUEST: u64 = 312_564_042_173 << 22;

pub(in crate::cli) fn guild(index: u32) -> Result<GuildId, Failed> {
    Ok(GuildId::new(FIRST_GUILD + (u64::from(index) << 22))?)
}

pub(in crate::cli) fn stream(index: u32) -> Result<StreamId, Failed> {
    Ok(StreamId::of_guild(Economy::CAPABILITY, guild(index)?))
}

/// A request as an interaction makes it, named by Discord's id.
pub(in crate::cli) fn request(kind: &str, snowflake: u64) -> Result<Request, Failed> {
    let key = IdempotencyKey::new(format!("{kind}/{snowflake}"))?;
    let correlation = Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_str().as_bytes());
    let cause = Cause { correlation: CorrelationId(correlation), causation: None };
    Ok(Request { actor: Actor::Person(PersonId(17)), cause, key, policy: Some(3) })
}

/// Gives each of so many guilds a history: in turns, so many events at a time.
pub(super) async fn fill(
    log: &dyn EventLog,
    guilds: u32,
    per_guild: u32,
    at_a_time: u32,
    events: impl Fn(u32, u32) -> Event,
) -> Result<(), Failed> {
    let mut pending = VecDeque::new();
    let mut number = 0;
    for first in (0..per_guild).step_by(at_a_time as usize) {
        for index in 0..guilds {
            let last = per_guild.min(first + at_a_time);
            let wanted = (first..last).map(|nth| events(index, nth));
            number += 1;
            let append = append(index, u64::from(first), wanted, number)?;
            pending.push_back(log.appender().reserve().await?.fill(append));
            if pending.len() >= IN_FLIGHT {
                settle(pending.pop_front()).await?;
            }
        }
    }
    while !pending.is_empty() {
        settle(pending.pop_front()).await?;
    }
    Ok(())
}

/// The same for one stream, in one go.
pub(super) async fn fill_stream<E: DomainEvent + serde::Serialize>(
    log: &dyn EventLog,
    stream: &StreamId,
    events: u32,
    at_a_time: u32,
    event: impl Fn(u32) -> Result<E, Failed>,
) -> Result<(), Failed> {
    let mut pending = VecDeque::new();
    for first in (0..events).step_by(at_a_time as usize) {
        let wanted = (first..events.min(first + at_a_time)).map(&event);
        let wanted = wanted.collect::<Result<Vec<_>, _>>()?.into_iter();
        let append = append_to(stream.clone(), u64::from(first), wanted, u64::from(first) + 1)?;
        pending.push_back(log.appender().reserve().await?.fill(append));
        if pending.len() >= IN_FLIGHT {
            settle(pending.pop_front()).await?;
        }
    }
    while !pending.is_empty() {
        settle(pending.pop_front()).await?;
    }
    Ok(())
}

pub(super) async fn settle(pending: Option<Pending>) -> Result<(), Failed> {
    let Some(pending) = pending else { return Ok(()) };
    match pending.outcome().await? {
        eventlog::Appended::Written(_) => Ok(()),
        other => Err(format!("a history was not written: {other:?}").into()),
    }
}

/// One append on a guild's stream. The number names its request.
pub(in crate::cli) fn append(
    guild: u32,
    expected: u64,
    events: impl Iterator<Item = Event>,
    number: u64,
) -> Result<Append, Failed> {
    append_to(stream(guild)?, expected, events, number)
}

/// The same for any capability.
pub(super) fn append_to<E: DomainEvent + serde::Serialize>(
    stream: StreamId,
    expected: u64,
    events: impl Iterator<Item = E>,
    number: u64,
) -> Result<Append, Failed> {
    let Request { actor, cause, key, policy } = request("history", FIRST_REQUEST + (number << 22))?;
    let stored = events.enumerate().map(|(index, event)| {
        let id = event_id(&stream, &key, index);
        Ok(NewEvent { id, event_type: event.event_type(), payload: encode(&event)? })
    });
    let stored = stored.collect::<Result<Vec<_>, Failed>>()?;
    let metadata = Metadata { actor, cause, key: key.clone(), policy };
    Ok(Append {
        first_id: event_id(&stream, &key, 0),
        stream,
        expected,
        events: stored,
        metadata: Arc::from(serde_json::to_string(&metadata)?),
        fence: Fence::default(),
    })
}

/// The accounts of all members are opened, then each in turn is granted 1.
pub(super) fn plain(_guild: u32, nth: u32) -> Event {
    let person = PersonId(nth % MEMBERS + 1);
    if nth < MEMBERS {
        Event::AccountOpened { person, starting: Bytes::ZERO }
    } else {
        Event::BytesGranted { to: person, amount: Bytes(1), reason: None }
    }
}

/// What a community's economy looks like: daily rewards, transfers (one in four with a reason),
/// grants and purchases.
pub(super) fn lively(guild: u32, nth: u32) -> Event {
    if nth < MEMBERS {
        return plain(guild, nth);
    }
    let mixed = (nth + guild).wrapping_mul(2_654_435_761) >> 8;
    let person = PersonId(mixed % MEMBERS + 1);
    let other = PersonId((mixed + 7) % MEMBERS + 1);
    let amount = Bytes(i64::from(mixed % 90 + 10));
    match mixed / 64 % 20 {
        0..10 => Event::DailyAwarded {
            to: person,
            day: UtcDay(20_000 + nth.cast_signed() / 50),
            streak_days: mixed % 40 + 1,
            tier: (mixed % 40 > 7).then(|| "Week".to_owned()),
            amount,
        },
        10..16 => Event::BytesTransferred {
            from: person,
            to: other,
            amount,
            reason: mixed.is_multiple_of(4).then(|| sealed(person, SEALED_REASON)),
            at: Timestamp::from_secs(1_760_000_000 + i64::from(nth)),
        },
        16..19 => Event::BytesGranted { to: person, amount, reason: None },
        _ => Event::BytesSpent {
            spend: SpendId(Uuid::from_u64_pair(u64::from(guild), u64::from(nth))),
            from: person,
            amount,
            purpose: "giveaway ticket".to_owned(),
        },
    }
}

/// A grant whose sealed reason has so many characters.
pub(in crate::cli) fn with_reason(length: usize) -> Event {
    let to = PersonId(1);
    Event::BytesGranted { to, amount: Bytes(1), reason: Some(sealed(to, length)) }
}

fn sealed(owner: PersonId, length: usize) -> Personal<String> {
    Personal::Sealed(Sealed { owner, sealed: "c2VhbGVk".chars().cycle().take(length).collect() })
}
