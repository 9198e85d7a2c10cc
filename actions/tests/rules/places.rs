//! The copy of what a community is made of.

use actions::mirror::places::{Change, Differences, Kind, MAX_GONE, Place, Sign};
use domain::Timestamp;
use eventlog::sql::Value;

use crate::support::{House, NOON, ann, guild, on_each_store};

fn place(kind: Kind, id: u64, name: &str) -> Place {
    Place { kind, id, name: name.to_owned(), colour: 0, position: 1, sort: 0, parent: None }
}

fn whole(names: &[(u64, &str)]) -> Vec<Change> {
    let channels = names.iter().map(|(id, name)| place(Kind::Channel, *id, name));
    let sign = Sign { name: "Mill".to_owned(), icon: None, owner: Some(ann()) };
    let roles = vec![place(Kind::Role, 7, "Miller")];
    vec![
        Change::Sign(sign),
        Change::All(Kind::Role, roles),
        Change::All(Kind::Channel, channels.collect()),
    ]
}

impl House {
    async fn told(&self, at: i64, changes: &[Change]) -> (u64, u64, u64) {
        let at = Timestamp::from_secs(NOON + at);
        let found = self.actions.copy_places(guild(), changes, at).await.unwrap();
        (found.added, found.changed, found.gone)
    }

    /// Channels by their names; those that are gone behind a minus.
    async fn channels(&self) -> Vec<String> {
        let places = self.actions.places(guild()).await.unwrap().unwrap();
        let name = |is_gone: bool, name: &str| format!("{}{name}", if is_gone { "-" } else { "" });
        places.channels.iter().map(|one| name(one.is_gone, &one.name)).collect()
    }
}

// proves: SYN-01, SYN-04
#[test]
fn given_what_discord_tells_of_roles_and_channels_then_the_copy_follows_and_keeps_old_names() {
    on_each_store(async |site| {
        let house = site.open().await;
        assert!(house.actions.places(guild()).await.unwrap().is_none());
        let told = whole(&[(20, "general"), (21, "mill")]);
        assert_eq!(house.told(0, &told).await, (1 + 1 + 2, 0, 0));
        assert_eq!(house.told(1, &told).await, (0, 0, 0), "nothing differs");
        assert_eq!(house.channels().await, ["general", "mill"]);
        let renamed = [Change::Is(place(Kind::Channel, 21, "windmill"))];
        assert_eq!(house.told(10, &renamed).await, (0, 1, 0));
        let old = [Change::Is(place(Kind::Channel, 21, "mill"))];
        assert_eq!(house.told(5, &old).await, (0, 0, 0), "what is older is no news");
        assert_eq!(house.told(20, &[Change::Gone(Kind::Channel, 20)]).await, (0, 0, 1));
        assert_eq!(house.channels().await, ["windmill", "-general"]);
        // A whole that was asked for before it was deleted does not bring it back.
        assert_eq!(house.told(15, &told[2..]).await, (0, 1, 0));
        assert_eq!(house.channels().await, ["mill", "-general"]);
        house.close().await;
        // Another run, without a word of Discord: names are known all the same.
        let house = site.open().await;
        let places = house.actions.places(guild()).await.unwrap().unwrap();
        assert_eq!((places.name.as_str(), places.roles[0].name.as_str()), ("Mill", "Miller"));
        let found = whole(&[(21, "mill"), (22, "bakery")]);
        assert_eq!(house.told(30, &found).await, (1, 0, 0));
        assert_eq!(house.told(31, &whole(&[(22, "bakery")])).await, (0, 0, 1));
        let at = Timestamp::from_secs(NOON + 31);
        assert_eq!(house.actions.places_compared(guild()).await.unwrap(), None);
        let found = Differences { added: 1, changed: 2, gone: 3, at };
        house.actions.note_places_compared(guild(), found).await.unwrap();
        assert_eq!(house.actions.places_compared(guild()).await.unwrap(), Some(found));
        let sql = "SELECT COUNT(*) FROM mirror_guilds WHERE name LIKE '%101%'";
        assert_eq!(house.work.query(sql, &[] as &[Value]).await.unwrap()[0].int(0).unwrap(), 0);
        house.close().await;
    });
}

#[test]
fn given_channels_that_come_and_go_then_the_names_of_the_last_are_kept() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.told(0, &whole(&[])).await;
        let many: Vec<_> = (1_000..1_400).map(|id| (id, "passing")).collect();
        house.told(1, &whole(&many)).await;
        house.told(2, &whole(&[])).await;
        let others: Vec<_> = (2_000..2_400).map(|id| (id, "passing too")).collect();
        house.told(3, &whole(&others)).await;
        house.told(4, &whole(&[(5, "stays")])).await;
        let channels = house.channels().await;
        assert_eq!(channels.len() as u64, MAX_GONE + 1);
        assert_eq!(channels[0], "stays");
        assert_eq!(channels.iter().filter(|name| *name == "-passing too").count(), 400);
        house.close().await;
    });
}
