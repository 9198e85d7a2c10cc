//! People who are seen for the first time, many at once as on every morning: whoever comes while
//! others are being written waits for them, and then all who wait are written in one transaction
//! with one sync. (On SQLite; PostgreSQL does so by itself.)

use std::sync::Arc;

use domain::{GuildId, PersonId};

use super::{
    MasterKey, PeopleError,
    store::{New, Store},
};
use crate::turns::Turns;

/// Written together, or a few more; a transaction holds up everybody who writes behind it.
const MOST_AT_ONCE: usize = 512;

#[derive(Debug)]
pub(super) struct Arrivals(Turns<Vec<New>, Vec<PersonId>>);

impl Default for Arrivals {
    fn default() -> Self {
        Self(Turns::new(MOST_AT_ONCE))
    }
}

impl Arrivals {
    /// Their numbers, in their order. Durable when this returns.
    pub async fn number(
        &self,
        store: &Store,
        master: &MasterKey,
        news: Vec<New>,
    ) -> Result<Vec<PersonId>, PeopleError> {
        let wrap = |new: &New, guild: GuildId, person| master.wrap(&new.key, guild, person);
        if !store.0.is_sqlite() {
            // PostgreSQL syncs once for many by itself, and its connections work side by side.
            return store.insert(&news.iter().collect::<Vec<_>>(), wrap).await;
        }
        let weight = news.len();
        let write = async |jobs: Vec<Arc<Vec<New>>>| {
            let all: Vec<&New> = jobs.iter().flat_map(|news| news.iter()).collect();
            let mut given = store.insert(&all, wrap).await?.into_iter();
            Ok(jobs.iter().map(|news| given.by_ref().take(news.len()).collect()).collect())
        };
        self.0.take((news, weight), write).await
    }
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
}
