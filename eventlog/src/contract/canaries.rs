//! Canaries: who was erased is found nowhere any more.

use std::sync::{Arc, LazyLock};

use domain::{Bytes, PersonId, Personal, economy};
use memchr::memmem;
use parking_lot::Mutex;

use super::{
    Backend, Remains,
    given::{House, economy, eventually, guild, key, new_key, request, terms},
    notes::{Command, Notes},
    people::{notes_stream, user},
};
use crate::{BusOptions, CommandError, codec, people::backup};

const ERASED: u64 = 100;
const BYSTANDERS: u64 = 50;
/// All canaries begin with this.
const CANARY: &str = "canary-7f3a9c";
/// User ids of canaries differ in their last digits, and their last byte, only.
const USERS: u64 = 918_273_645_546_372_608;

fn canary(number: u64) -> String {
    format!("{CANARY}-{number:03}-🐤")
}

/// What would give a canary away, as text and as numbers lie in memory.
fn needles() -> Vec<Vec<u8>> {
    let decimal = USERS.to_string();
    vec![
        CANARY.as_bytes().to_vec(),
        decimal.as_bytes()[..decimal.len() - 3].to_vec(),
        USERS.to_be_bytes()[..7].to_vec(),
        USERS.to_le_bytes()[1..].to_vec(),
    ]
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Where any of these bytes, or their hexadecimal digits, are found.
fn found(remains: &[Remains], needles: &[Vec<u8>], journals: bool) -> Vec<String> {
    let mut places = Vec::new();
    for needle in needles {
        let digits = hexadecimal(needle);
        let finders = [memmem::Finder::new(needle), memmem::Finder::new(digits.as_bytes())];
        for Remains { name, bytes, server_journal } in remains {
            if (journals || !server_journal)
                && finders.iter().any(|finder| finder.find(bytes).is_some())
            {
                places.push(name.clone());
            }
        }
    }
    places
}

pub async fn given_erased_people_then_nothing_of_them_is_found_anywhere<B: Backend>(store: B) {
    let log_lines = captured_log_lines();
    let house = House::new(store).await;
    let bus = house.new_bus(BusOptions { snapshot_every: 50, ..BusOptions::default() });
    let mut persons = Vec::new();
    for number in 0..ERASED + BYSTANDERS {
        // Bystanders in between, so that the erased lie among them.
        let person = house.people.person(guild(1), user(USERS + number)).await.unwrap();
        assert_eq!(person, PersonId(u32::try_from(number + 1).unwrap()));
        persons.push(person);
    }
    for (number, person) in (0..).zip(&persons) {
        say(&bus, *person, &canary(number)).await;
    }
    let snapshots = house.store.snapshots();
    let load = async || snapshots.load(&*house.log, &notes_stream(), 1).await.unwrap();
    eventually("a snapshot", async || load().await.is_some()).await;
    let keys = tempfile::TempDir::with_prefix("reeve-keys-").unwrap();
    let key_backup = keys.path().join("keys");
    backup::back_up(&house.people, &house.store.proofs().records(), &key_backup, 30).await.unwrap();
    let everything = async || {
        let mut remains = house.store.everything_stored().await;
        let mut more = |name: &str, bytes| {
            remains.push(Remains { name: name.to_owned(), bytes, server_journal: false });
        };
        more("the log lines", log_lines.lock().clone().into_bytes());
        more("the key backup", std::fs::read(&key_backup).unwrap());
        remains
    };

    // Not even before the erasure does anything lie there in the clear.
    let before = everything().await;
    assert_eq!(found(&before, &needles(), true), Vec::<String>::new());
    // The search finds what is there: everybody's keys.
    let secrets = house.store.stored_secrets(guild(1)).await;
    assert_eq!(secrets.len() as u64, 3 * (ERASED + BYSTANDERS));
    assert!(found(&before, &secrets, false).len() >= secrets.len());

    let is_erased = |person: &PersonId| !person.0.is_multiple_of(3);
    for person in persons.iter().filter(|person| is_erased(person)) {
        bus.erase_person(guild(1), *person).await.unwrap();
    }
    let left = house.store.stored_secrets(guild(1)).await;
    let gone: Vec<_> = secrets.into_iter().filter(|secret| !left.contains(secret)).collect();
    assert_eq!((left.len() as u64, gone.len() as u64), (3 * BYSTANDERS, 3 * ERASED));
    let after = everything().await;
    assert_eq!(found(&after, &needles(), true), Vec::<String>::new());
    assert_eq!(found(&after, &gone, false), Vec::<String>::new(), "keys of the erased");
    assert!(found(&after, &left, false).len() >= left.len());

    // What they said is gone; what the others said is there.
    for recorded in house.log.read_stream(&notes_stream(), 0, 1000).await.unwrap() {
        let mut event = codec::decode(&recorded).unwrap();
        house.people.open_event(guild(1), recorded.id, &mut event).await.unwrap();
        let super::notes::Event::Confided { secret } = event else { continue };
        let owner = secret.owner();
        let number = u64::from(owner.0) - 1;
        let expected = (!is_erased(&owner)).then(|| canary(number));
        assert_eq!(secret.value().cloned(), expected, "person {owner}");
    }
}

/// Canaries in every way that personal text takes: stored, refused, repeated.
async fn say(bus: &crate::Bus, person: PersonId, canary: &str) {
    let request = request(&key(&format!("say/{}", person.0)));
    let confide = Command::Confide(person, canary.to_owned());
    for _ in 0..2 {
        bus.execute::<Notes>(&notes_stream(), &confide, &request).await.unwrap();
    }
    let reason = |text: &str| Some(Personal::clear(person, text.to_owned()));
    let grant = |amount, text: &str| economy::Command::Grant {
        to: person,
        amount: Bytes(amount),
        reason: reason(text),
        terms: terms(),
    };
    bus.execute::<economy::Economy>(&economy(1), &grant(5, canary), &request).await.unwrap();
    for refused in [grant(0, canary), grant(1, &canary.repeat(100))] {
        let again = self::request(&new_key());
        let answer = bus.execute::<economy::Economy>(&economy(1), &refused, &again).await;
        assert!(matches!(&answer, Err(CommandError::Refused(_))), "{answer:?}");
        tracing::warn!(command = ?refused, ?answer, "somebody logs what they should not");
    }
    assert!(
        matches!(bus.execute::<Notes>(&notes_stream(), &confide, &request).await, Ok(again) if again.repeated)
    );
}

/// Every log line of this process from now on, at every level.
fn captured_log_lines() -> Arc<Mutex<String>> {
    static LINES: LazyLock<Arc<Mutex<String>>> = LazyLock::new(|| {
        let lines = Arc::<Mutex<String>>::default();
        tracing::subscriber::set_global_default(Capture(Arc::clone(&lines)))
            .expect("no other test of this binary takes the log lines");
        lines
    });
    Arc::clone(&LINES)
}

struct Capture(Arc<Mutex<String>>);

impl tracing::Subscriber for Capture {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut Line(&mut self.0.lock()));
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut Line(&mut self.0.lock()));
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Line(&mut self.0.lock()));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

struct Line<'a>(&'a mut String);

impl tracing::field::Visit for Line<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write as _;
        let _ = writeln!(self.0, "{field}={value:?}");
    }
}
