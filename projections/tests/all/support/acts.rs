//! What the people of a test do.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use domain::{
    Actor, Bytes, Cause, CorrelationId, DomainEvent, EventType, GuildId, IdempotencyKey, PersonId,
    Personal, Timestamp, UserId,
    economy::{Command, DailyTrigger, Economy, EconomySettings, Event, Refusal, SpendId, Terms},
    settings::InForce,
};
use eventlog::{
    Append, Appended, CommandError, Decision, Fence, NewEvent, Request, StreamId, encode, event_id,
};
use uuid::Uuid;

use super::House;

pub fn economy(guild: GuildId) -> StreamId {
    StreamId::of_guild("economy", guild)
}

pub fn opened(person: PersonId, starting: i64) -> Event {
    Event::AccountOpened { person, starting: Bytes(starting) }
}

pub fn received(to: PersonId, amount: i64) -> Event {
    Event::BytesGranted { to, amount: Bytes(amount), reason: None }
}

pub fn transferred(from: PersonId, to: PersonId, amount: i64, at: Timestamp) -> Event {
    Event::BytesTransferred { from, to, amount: Bytes(amount), reason: None, at }
}

fn key() -> IdempotencyKey {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    IdempotencyKey::new(format!("test/{}", NEXT.fetch_add(1, Ordering::Relaxed))).unwrap()
}

pub fn request() -> Request {
    let cause = Cause { correlation: CorrelationId(Uuid::nil()), causation: None };
    Request { actor: Actor::Operator, cause, key: key(), policy: None }
}

fn terms() -> Terms {
    let values = EconomySettings {
        starting_balance: Bytes(25),
        transfer_cooldown_secs: 0,
        ..EconomySettings::default()
    };
    Arc::new(InForce { version: 1, values })
}

impl House {
    pub async fn act(
        &self,
        guild: GuildId,
        command: Command,
    ) -> Result<Decision<Event>, CommandError<Refusal>> {
        self.bus.execute::<Economy>(&economy(guild), &command, &request()).await
    }

    /// Somebody of this guild, with a key of their own.
    pub async fn somebody(&self, guild: GuildId, user: u64) -> PersonId {
        self.people.person(guild, UserId::new(user).unwrap()).await.unwrap()
    }

    pub async fn grant(&self, guild: GuildId, to: PersonId, amount: i64, reason: Option<&str>) {
        let reason = reason.map(|text| Personal::clear(to, text.to_owned()));
        let amount = Bytes(amount);
        self.act(guild, Command::Grant { to, amount, reason, terms: terms() }).await.unwrap();
    }

    pub async fn transfer(
        &self,
        guild: GuildId,
        from: PersonId,
        to: PersonId,
        amount: i64,
        reason: Option<&str>,
    ) {
        let reason = reason.map(|text| Personal::clear(from, text.to_owned()));
        let (amount, at) = (Bytes(amount), self.clock.now());
        let transfer = Command::Transfer { from, to, amount, reason, at, terms: terms() };
        self.act(guild, transfer).await.unwrap();
    }

    /// Puts events into the log as they are, without a decision, at most 1,000 in an append.
    pub async fn append(&self, guild: GuildId, events: &[Event]) {
        let stream = economy(guild);
        for events in events.chunks(1_000) {
            let key = key();
            let stored = events.iter().enumerate().map(|(index, event)| NewEvent {
                id: event_id(&stream, &key, index),
                event_type: event.event_type(),
                payload: encode(event).unwrap(),
            });
            self.append_stored(&stream, &key, stored.collect()).await;
        }
    }

    /// An event that this binary knows nothing of.
    pub async fn append_unknown(
        &self,
        guild: GuildId,
        category: &'static str,
        event_type: EventType,
    ) {
        let (stream, key) = (StreamId::of_guild(category, guild), key());
        let (id, payload) = (event_id(&stream, &key, 0), "{}".into());
        self.append_stored(&stream, &key, vec![NewEvent { id, event_type, payload }]).await;
    }

    pub async fn append_stored(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
        events: Vec<NewEvent>,
    ) {
        let request = Request { key: key.clone(), ..request() };
        let metadata = eventlog::Metadata {
            actor: request.actor,
            cause: request.cause,
            key: request.key,
            policy: None,
        };
        let append = Append {
            stream: stream.clone(),
            expected: self.log.stream_head(stream).await.unwrap(),
            first_id: event_id(stream, key, 0),
            events,
            metadata: serde_json::to_string(&metadata).unwrap().into(),
            fence: Fence::default(),
        };
        let appended = self.log.appender().append(append).await.unwrap();
        assert!(matches!(appended, Appended::Written(_)), "{appended:?}");
    }

    /// Anything that members may do, refused or not, at a moment that only moves forward.
    pub async fn something(&self, random: &mut Random, guilds: &[GuildId], members: u32) {
        let mut member = || PersonId(1 + random.below(members));
        let (from, to) = (member(), member());
        let guild = guilds[random.below(9) as usize % guilds.len()];
        let amount = Bytes(i64::from(random.below(60)));
        let (at, reason) = (self.clock.now(), None);
        let spend = SpendId(Uuid::from_u128(u128::from(random.below(40))));
        let command = match random.below(10) {
            0..2 => Command::Grant { to, amount, reason, terms: terms() },
            2 => Command::Take { from, amount, reason, terms: terms() },
            3..6 => Command::Transfer { from, to, amount, reason, at, terms: terms() },
            6 => Command::AwardDaily { to, trigger: DailyTrigger::Message, at, terms: terms() },
            7 => Command::Spend {
                spend,
                from,
                amount,
                purpose: "a raffle ticket".to_owned(),
                terms: terms(),
            },
            8 => Command::SettleSpend { spend },
            _ => Command::RefundSpend { spend },
        };
        match self.act(guild, command).await {
            Ok(_) | Err(CommandError::Refused(_)) => {}
            Err(error) => panic!("{error}"),
        }
        self.clock.pass_secs(i64::from(random.below(30_000)));
    }
}

/// SplitMix64: the same seed, the same history.
pub struct Random(u64);

impl Random {
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(limit)).unwrap()
    }
}
