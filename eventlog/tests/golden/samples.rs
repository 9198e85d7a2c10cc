//! What golden files are made from, once. A new event type adds its line here; a new version
//! changes its line, and the golden file of the old version stays as it is.

use domain::{
    Actor, Bytes, Cause, CorrelationId, Decider, DomainEvent as _, EventId, GuildId,
    IdempotencyKey, KeyId, PersonId, Personal, RoleId, Sealed, Timestamp,
    access::{AccessSettings, SeeReads},
    awards::{Awards, Event as OfAwards, Failure},
    blocks::{Blocks, Event as OfBlocks, Subject},
    digest::Digest,
    economy::{DailyMode, Economy, EconomySettings, Event as Economic, RoleReward, SpendId},
    keys::{Event as OfKeys, Keys, Scope},
    modules::{CommandCooldown, CommandSettings, ModuleSettings},
    people::{Event as OfPeople, People},
    platform::PlatformSettings,
    refusals::{Event as OfRefusals, Refusals, Rule},
    settings::{Configurable, Event as Changed, Settings},
};
#[path = "community.rs"]
mod community;
#[path = "staff.rs"]
mod staff;
#[path = "teams.rs"]
mod teams;

use eventlog::{Metadata, StreamId, event_id};
use uuid::Uuid;

use crate::stored::Stored;

const GUILD: u64 = 1_107_318_246_137_131_070;
const ANN: PersonId = PersonId(7);
const BEN: PersonId = PersonId(9);

/// Every type written today, with and without what is optional.
pub fn samples() -> Vec<Stored> {
    let mut stored = of::<Economy>(economy());
    stored.extend(of::<Settings<EconomySettings>>(settings()));
    stored.extend(of::<People>(vec![OfPeople::PersonErased { person: ANN }]));
    stored.extend(of::<Refusals>(refusals()));
    stored.extend(of::<Awards>(awards()));
    stored.extend(of::<Blocks>(blocks()));
    stored.extend(of::<Keys>(keys()));
    let role = |number| RoleId::new(number).unwrap();
    let named = AccessSettings {
        admin_roles: vec![role(1_107_318_246_137_131_072)],
        moderator_roles: vec![role(1_107_318_246_137_131_073), role(1_107_318_246_137_131_074)],
        giveaway_roles: vec![role(1_107_318_246_137_131_076)],
        auditor_roles: vec![role(1_107_318_246_137_131_075)],
        analyst_roles: vec![role(1_107_318_246_137_131_076)],
        members_see_reads: SeeReads::Who,
    };
    stored.extend(of::<Settings<AccessSettings>>(versions([named, AccessSettings::default()])));
    let switched = ModuleSettings::default().with("economy", false).with("welcome", true);
    stored.extend(of::<Settings<ModuleSettings>>(versions([switched, ModuleSettings::default()])));
    let cooldown = CommandCooldown { command: "bytes heap".to_owned(), secs: 60 };
    let slow = CommandSettings {
        cooldowns: vec![cooldown],
        prefix_commands: true,
        prefix: "?".to_owned(),
        ..CommandSettings::default()
    };
    stored.extend(of::<Settings<CommandSettings>>(versions([slow, CommandSettings::default()])));
    stored.extend(community::samples());
    stored.extend(teams::samples());
    stored.extend(staff::samples());
    let maintenance = PlatformSettings { maintenance: true, notice: "Back at noon.".to_owned() };
    let settings = versions([maintenance, PlatformSettings::default()]);
    stored.extend(of::<Settings<PlatformSettings>>(settings));
    stored
}

fn versions<T: Configurable>(values: impl IntoIterator<Item = T>) -> Vec<Changed<T>> {
    let changed = |(version, values)| Changed::Changed { version, values };
    (1..).zip(values).map(changed).collect()
}

fn awards() -> Vec<OfAwards> {
    let (person, role) = (ANN, RoleId::new(1_107_318_246_137_131_071).unwrap());
    let failed = |attempt, why| OfAwards::RoleFailed { person, role, attempt, why };
    vec![
        OfAwards::RoleOrdered { person, role, attempt: 1, at: Bytes(100), received: Bytes(125) },
        OfAwards::RoleGiven { person, role, attempt: 1 },
        failed(2, Failure::MemberGone),
        failed(3, Failure::RoleGone),
        failed(4, Failure::NotAllowed),
        failed(5, Failure::Unavailable),
    ]
}

fn blocks() -> Vec<OfBlocks> {
    let at = "2026-11-20T18:04:05.000678Z".parse().unwrap();
    let until = "2026-12-20T18:04:05Z".parse().unwrap();
    let blocked =
        |what, until| OfBlocks::Blocked { subject: ANN, what, reason: sealed(), until, at };
    vec![
        blocked(Subject::Person, Some(until)),
        blocked(Subject::Guild, None),
        OfBlocks::Unblocked { subject: ANN, at },
    ]
}

fn keys() -> Vec<OfKeys> {
    let key = KeyId(Uuid::from_u128(0x0193_a1c0_7d3e_4c44_9a53_5f0d_6f1f_2a34));
    let created = OfKeys::Created {
        key,
        owner: ANN,
        name: sealed(),
        hash: Digest::of(&[b"no key has this hash"]),
        scopes: Scope::ALL.to_vec(),
        ends_at: "2027-02-18T18:04:05.000678Z".parse().unwrap(),
        at: "2026-11-20T18:04:05.000678Z".parse().unwrap(),
    };
    let at = "2026-11-21T18:04:05.000678Z".parse().unwrap();
    vec![created, OfKeys::Revoked { key, owner: ANN, at }]
}

fn refusals() -> Vec<OfRefusals> {
    let at = "2026-11-20T18:04:05.000678Z".parse().unwrap();
    let refused =
        |amount, rule| OfRefusals::TransferRefused { from: ANN, to: BEN, amount, at, rule };
    vec![
        refused(Bytes::LIMIT, Rule::AmountTooLarge),
        refused(Bytes(25), Rule::Cooldown),
        refused(Bytes(25), Rule::NotEnough),
        OfRefusals::ActionRefused {
            who: ANN,
            whom: Some(BEN),
            what: "warn".to_owned(),
            rule: "guard.rank".to_owned(),
            at,
        },
        OfRefusals::ActionRefused {
            who: ANN,
            whom: None,
            what: "bytes grant".to_owned(),
            rule: "guard.permission".to_owned(),
            at,
        },
    ]
}

fn economy() -> Vec<Economic> {
    let spend = SpendId(Uuid::from_u128(0x0193_a1c0_7d3e_7c44_9a53_5f0d_6f1f_2a02));
    let day = "2026-11-20".parse().unwrap();
    let at = "2026-11-20T18:04:05.000678Z".parse().unwrap();
    let amount = Bytes(25);
    let award = |streak_days, tier: Option<&str>, amount| Economic::DailyAwarded {
        to: BEN,
        day,
        streak_days,
        tier: tier.map(str::to_owned),
        amount: Bytes(amount),
    };
    vec![
        Economic::AccountOpened { person: ANN, starting: Bytes(100) },
        Economic::BytesGranted { to: ANN, amount, reason: Some(sealed()) },
        Economic::BytesGranted { to: ANN, amount: Bytes::LIMIT, reason: None },
        Economic::BytesTaken { from: ANN, amount, reason: Some(sealed()) },
        Economic::BytesTaken { from: ANN, amount, reason: None },
        Economic::BytesTransferred { from: ANN, to: BEN, amount, reason: Some(sealed()), at },
        Economic::BytesTransferred { from: ANN, to: BEN, amount, reason: None, at },
        award(8, Some("CHAR"), 20),
        award(1, None, 10),
        Economic::BytesSpent { spend, from: ANN, amount, purpose: "größer".to_owned() },
        Economic::SpendSettled { spend },
        Economic::SpendRefunded { spend, to: ANN, amount },
    ]
}

fn settings() -> Vec<Changed<EconomySettings>> {
    let with = |daily, tiers| EconomySettings { daily, tiers, ..EconomySettings::default() };
    let tiers = EconomySettings::default().tiers;
    let role = RoleId::new(1_107_318_246_137_131_071).unwrap();
    let role_rewards = vec![RoleReward { at: Bytes(100), role }];
    [
        EconomySettings {
            role_rewards,
            received_counts_daily: true,
            ..with(DailyMode::Automatic, tiers)
        },
        with(DailyMode::Command, vec![]),
        with(DailyMode::Off, vec![]),
    ]
    .into_iter()
    .zip(1..)
    .map(|(values, version)| Changed::Changed { version, values })
    .collect()
}

/// Sealed with a key that nobody has any more.
fn sealed() -> Personal<String> {
    let sealed = "3q2-7wABAgMEBQYHp1VdK9Zr0yqkTn8oQ2mJxwS4uF6hLbCeRtYvGdHsNiPaMfEzXg".to_owned();
    Personal::Sealed(Sealed { owner: ANN, sealed })
}

/// As if these events were the first ones of their guild.
fn of<D: Decider>(events: Vec<D::Event>) -> Vec<Stored> {
    let guild = GuildId::new(GUILD).unwrap();
    let stream = StreamId::of_guild(D::CAPABILITY, guild);
    let began: Timestamp = "2026-11-20T18:04:05Z".parse().unwrap();
    let stored = |(event, place): (D::Event, u64)| {
        let key = IdempotencyKey::new(format!("interaction/{}", 1_310_988_612_345_678_900 + place));
        let metadata = metadata(key.unwrap(), place, event_id(&stream, &first_key(), 0));
        Stored {
            event_id: event_id(&stream, &metadata.key, 0).0,
            guild: guild.to_string(),
            guild_seq: (place + 40).to_string(),
            aggregate_type: stream.category().to_owned(),
            aggregate_id: stream.aggregate_id(),
            sequence: place.to_string(),
            event_type: event.event_type().name.to_owned(),
            event_version: event.event_type().version.to_string(),
            recorded_at: (began.as_micros() + i64::try_from(place).unwrap()).to_string(),
            metadata: serde_json::to_string(&metadata).unwrap(),
            payload: eventlog::encode(&event).unwrap().to_string(),
            hash: String::new(),
        }
        .hashed()
    };
    events.into_iter().zip(1..).map(stored).collect()
}

fn first_key() -> IdempotencyKey {
    IdempotencyKey::new("interaction/1310988612345678901").unwrap()
}

/// All kinds of actors, with and without what is optional.
fn metadata(key: IdempotencyKey, place: u64, causation: EventId) -> Metadata {
    let actor = match place % 4 {
        0 => Actor::Operator,
        1 => Actor::Person(BEN),
        2 => Actor::Process("daily".to_owned()),
        _ => Actor::Import,
    };
    let correlation = CorrelationId(Uuid::from_u128(0x0193_a1c0_7d3e_7c44_9a53_5f0d_6f1f_2a01));
    let causation = place.is_multiple_of(2).then_some(causation);
    let policy = (place % 3 == 1).then_some(3);
    Metadata { actor, cause: Cause { correlation, causation }, key, policy }
}
