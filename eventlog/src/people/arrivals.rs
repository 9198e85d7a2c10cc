//! People who are seen for the first time, many at once as on every morning: whoever comes while
//! others are being written waits for them, and then all who wait are written in one transaction
//! with one sync. (On SQLite; PostgreSQL does so by itself.)

use std::sync::Arc;

use domain::{GuildId, PersonId};
use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, oneshot};

use super::{
    MasterKey, PeopleError,
    store::{New, Store},
};
use crate::log::LogError;

/// Written together; a transaction holds up everybody who writes behind it.
const MOST_AT_ONCE: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Arrivals {
    waiting: Mutex<Vec<Waiting>>,
    turn: Turn<()>,
}

#[derive(Debug)]
struct Waiting {
    new: Arc<New>,
    tell: oneshot::Sender<PersonId>,
}

impl Arrivals {
    /// The person's number. Durable when this returns.
    pub async fn number(
        &self,
        store: &Store,
        master: &MasterKey,
        new: New,
    ) -> Result<PersonId, PeopleError> {
        let wrap = |new: &New, guild: GuildId, person| master.wrap(&new.key, guild, person);
        let new = Arc::new(new);
        if !store.0.is_sqlite() {
            // PostgreSQL syncs once for many by itself, and its connections work side by side.
            return alone(store, new, wrap).await;
        }
        let (tell, mut told) = oneshot::channel();
        self.waiting.lock().push(Waiting { new: Arc::clone(&new), tell });
        let _turn = self.turn.lock().await;
        loop {
            match told.try_recv() {
                Ok(person) => return Ok(person),
                Err(oneshot::error::TryRecvError::Empty) => {}
                // Who wrote us failed or went away: once more and alone, for an answer of our own.
                Err(oneshot::error::TryRecvError::Closed) => return alone(store, new, wrap).await,
            }
            let batch: Vec<_> = {
                let mut waiting = self.waiting.lock();
                let many = waiting.len().min(MOST_AT_ONCE);
                waiting.drain(..many).collect()
            };
            let all: Vec<_> = batch.iter().map(|one| Arc::clone(&one.new)).collect();
            let given = store.insert(&all, wrap).await?;
            for (one, person) in batch.into_iter().zip(given) {
                // Who no longer waits is there all the same.
                let _ = one.tell.send(person);
            }
        }
    }
}

async fn alone(
    store: &Store,
    new: Arc<New>,
    wrap: impl Fn(&New, GuildId, PersonId) -> Result<Vec<u8>, PeopleError>,
) -> Result<PersonId, PeopleError> {
    let given = store.insert(&[new], wrap).await?;
    let none = || LogError::Corrupt("people: nobody was given a number".to_owned());
    Ok(given.first().copied().ok_or_else(none)?)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use domain::UserId;

    use super::*;
    use crate::{People, people::PeopleOptions, system_clock};

    const GUILDS: u64 = 3;
    const USERS: u64 = 150;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn given_many_at_once_and_some_twice_then_each_has_one_number_and_none_is_left_out() {
        let directory = tempfile::TempDir::new().unwrap();
        let open = |master| {
            let erasures_file = directory.path().join("erasures");
            let options = PeopleOptions { master, previous: None, erasures_file };
            People::open_sqlite(directory.path(), options, system_clock())
        };
        let master = MasterKey::generate().unwrap();
        let people = Arc::new(open(master.clone()).await.unwrap());
        let mut coming = tokio::task::JoinSet::new();
        for number in 0..GUILDS * USERS * 2 {
            let people = Arc::clone(&people);
            let guild = GuildId::new(1 + number % GUILDS).unwrap();
            let user = UserId::new(1 + number / GUILDS % USERS).unwrap();
            coming.spawn(async move { ((guild, user), people.person(guild, user).await.unwrap()) });
        }
        let mut given = HashMap::new();
        while let Some(came) = coming.join_next().await {
            let (who, person) = came.unwrap();
            assert_eq!(*given.entry(who).or_insert(person), person, "{who:?} twice");
        }
        for guild in 1..=GUILDS {
            let guild = GuildId::new(guild).unwrap();
            let here = given.iter().filter(|((of, _), _)| *of == guild);
            let numbers: HashSet<_> = here.map(|(_, person)| u64::from(person.0)).collect();
            assert_eq!(numbers, (1..=USERS).collect(), "without a gap");
        }
        drop(people);
        let people = open(master).await.unwrap();
        for ((guild, user), person) in given {
            assert_eq!(people.find(guild, user).await.unwrap(), Some(person));
            assert_eq!(people.user(guild, person).await.unwrap(), Some(user));
        }
    }

    #[tokio::test]
    async fn given_whoever_writes_goes_away_then_those_who_waited_are_written_all_the_same() {
        let directory = tempfile::TempDir::new().unwrap();
        let store = Store::sqlite(directory.path()).unwrap();
        let (master, arrivals) = (MasterKey::generate().unwrap(), Arrivals::default());
        let guild = GuildId::new(1).unwrap();
        let new = |user: u64| {
            let key = super::super::DataKey::generate().unwrap();
            let user = UserId::new(user).unwrap();
            let (tag, sealed_user) = (master.tag(guild, user), key.seal_user(user).unwrap());
            New { guild, tag, sealed_user, key, at: domain::Timestamp::from_secs(1) }
        };
        // One holds the turn, so that two wait; then whoever would have written the other goes.
        let turn = arrivals.turn.lock().await;
        let mut first = Box::pin(arrivals.number(&store, &master, new(1)));
        let mut second = Box::pin(arrivals.number(&store, &master, new(2)));
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        let taken: Vec<_> = arrivals.waiting.lock().drain(..).collect();
        drop((taken, turn, first));
        assert_eq!(second.await.unwrap(), PersonId(1));
    }
}
