//! `reeve migrate`, `reeve backup` and `reeve restore` with a log in EventStoreDB.

use eventlog::contract::TestDatabase;
use standin::Server;
use tokio::runtime::Runtime;

use crate::{
    cluster::{runtime, server},
    logs,
    support::{ANN, Answer, BEN, GUILD, House, database},
};

/// A community in SQLite, beside an EventStoreDB that is empty.
struct Town {
    house: House,
    url: String,
    database: String,
    _server: Server,
    _database: TestDatabase,
    _runtime: Runtime,
}

impl Town {
    fn new() -> Option<Self> {
        let database = database()?;
        let runtime = runtime();
        let server = server(&runtime);
        let url = format!("esdb://reeve:hunter2@{}?tls=false", server.address());
        let house = House::new();
        house.economy(&["grant", ANN, "500", "for the feast"]);
        house.economy(&["send", ANN, BEN, "40", "a debt"]);
        house.economy(&["take", BEN, "15", "a fine"]);
        let (database, kept) = (database.url(), database);
        Some(Self { house, url, database, _server: server, _database: kept, _runtime: runtime })
    }

    /// The same installation, with its log in EventStoreDB.
    fn there(&self, arguments: &[&str]) -> Answer {
        on(&self.house, &self.url, &self.database, arguments)
    }

    fn migrate(&self, from: &str, to: &str) -> Answer {
        let database = ["--database-url", self.database.as_str()];
        let migrate = ["migrate", "log", "--from", from, "--to", to];
        self.house.reeve(&[&database[..], &migrate].concat())
    }
}

/// The same house, with its log in EventStoreDB.
fn on(house: &House, url: &str, database: &str, arguments: &[&str]) -> Answer {
    let url = format!("eventstore.url={url}");
    let place = ["--store", "eventstoredb", "--set", &url, "--database-url", database];
    house.reeve(&[&place, arguments].concat())
}

// proves: SYN-08
#[test]
fn given_a_move_to_eventstoredb_and_back_then_every_hash_is_as_it_was_and_each_place_tells() {
    let Some(town) = Town::new() else { return };
    let house = &town.house;
    let before = logs::in_directory(&house.data());
    let from = format!("sqlite:{}", house.data().display());
    let replayed = |answer: Answer| answer.ok().json();
    let replay = ["replay", "--guild", GUILD, "--json"];
    let tables = replayed(house.reeve(&replay));

    let moved = town.migrate(&from, &town.url).ok();
    assert!(!moved.out.contains("hunter2"), "{}", moved.out);
    moved.says("moved to esdb://").says("store = eventstoredb");
    town.migrate(&from, &town.url).ok().says("had moved");
    house
        .reeve(&["economy", "--guild", GUILD, "grant", ANN, "1"])
        .exits(2)
        .says("moved to esdb://");
    town.there(&["doctor", "--full"]).ok().says("events are whole");
    let there = replayed(town.there(&replay));
    assert_eq!(there["tables"], tables["tables"], "{there}");

    // Back, into a directory that was never there.
    let back = house.root().join("back");
    let to = format!("sqlite:{}", back.display());
    town.migrate(&town.url, &to).ok().says("moved to sqlite:");
    assert_eq!(logs::in_directory(&back), before);
    let refused = town.there(&["economy", "--guild", GUILD, "grant", ANN, "1"]).exits(2);
    refused.says("this log has moved to sqlite:");
}

// proves: SYN-08
#[test]
fn given_a_backup_from_eventstoredb_then_it_restores_there_and_elsewhere() {
    let Some(town) = Town::new() else { return };
    let house = &town.house;
    let from = format!("sqlite:{}", house.data().display());
    let before = logs::in_directory(&house.data());
    town.migrate(&from, &town.url).ok();
    let folder = house.root().join("backup").display().to_string();
    let keys = house.root().join("keys").display().to_string();
    town.there(&["backup", "--to", &folder, "--keys", &keys]).ok();
    let home = house.root().join("home");
    let to = format!("sqlite:{}", home.display());
    house.reeve(&["restore", "--from", &folder, "--to", &to]).ok();
    assert_eq!(logs::in_directory(&home), before);

    let Some(fresh) = Town::new() else { return };
    let there = |arguments: &[&str]| on(house, &fresh.url, &fresh.database, arguments);
    there(&["restore", "--from", &folder, "--keys", &keys]).ok();
    there(&["economy", "--guild", GUILD, "read", ANN]).ok().says("101 has 460 bytes");
    there(&["economy", "--guild", GUILD, "grant", ANN, "1"]).ok();
    there(&["proof", "export", "--guild", GUILD, "--out", "bundle"]).ok();
    house.reeve(&["verify", "bundle"]).ok();
}

#[test]
fn given_a_move_that_cannot_be_then_it_says_why() {
    let Some(town) = Town::new() else { return };
    let house = &town.house;
    let from = format!("sqlite:{}", house.data().display());
    let without = ["migrate", "log", "--from", &from, "--to", &town.url];
    house.reeve(&without).exits(2).says("REEVE_DATABASE_URL");
    let nowhere = ["migrate", "log", "--from", &from, "--to", "eventstoredb"];
    house.reeve(&nowhere).exits(2).says("REEVE_EVENTSTORE_URL");
    town.migrate(&from, "esdb").exits(2).says("esdb://");
    let shared = town.migrate(&town.database, &town.url).exits(1);
    shared.says("keep their people and read models in one database");
    town.migrate(&town.url, &town.database).exits(1).says("a database of its own");
    town.there(&["economy", "--guild", GUILD, "grant", ANN, "1"]).ok();
    town.migrate(&from, &town.url).exits(1).says("is not empty: it holds");
    house.economy(&["grant", ANN, "1"]);
}
