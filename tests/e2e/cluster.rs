//! `reeve` with its log in EventStoreDB.

use standin::{Options, Server, User};
use tokio::runtime::Runtime;

use crate::support::{ANN, BEN, House, database};

/// A server with a user who may delete and one who may not.
pub fn server(runtime: &Runtime) -> Server {
    let max_append_bytes = 2 * standin::DEFAULT_MAX_APPEND_BYTES;
    let users = vec![User::new("reeve", "hunter2", false), User::new("admin", "hunter3", true)];
    let options = Options { max_append_bytes, users, ..Options::default() };
    runtime.block_on(Server::start(options)).unwrap()
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

// proves: OPS-17
#[test]
fn given_eventstoredb_then_the_same_commands_work_and_doctor_knows_it() {
    let Some(database) = database() else { return };
    let runtime = runtime();
    let server = server(&runtime);
    let url = |user: &str| format!("esdb://{user}@{}?tls=false", server.address());
    let house = House::on(&database)
        .with("REEVE_STORE", "eventstoredb")
        .with("REEVE_EVENTSTORE_URL", &url("reeve:hunter2"));
    house.economy(&["grant", ANN, "500", "a prize"]);
    house.economy(&["send", ANN, BEN, "30", "--key", "once"]);
    house.economy(&["send", ANN, BEN, "30", "--key", "once"]);
    let serving = house.serve(&[]);
    assert_eq!(serving.logged("reeve is up").unwrap()["fields"]["store"], "eventstoredb");
    assert_eq!((house.balance(ANN), house.balance(BEN)), (470, 30));
    house.reeve(&["events"]).ok().says("bytes_granted");
    let doctor = house.reeve(&["doctor", "--full"]).ok();
    let doctor = doctor.says("eventstoredb with 4 events").says("all 4 events are whole");
    let doctor = doctor.says("may not delete or truncate streams");
    doctor.says("PostgreSQL knows every event").says("is not encrypted");
    house.reeve(&["config", "show"]).ok().says("eventstore.url");
    let (status, _, log) = serving.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("hunter2"), "{log}");

    let admin = house.with("REEVE_EVENTSTORE_URL", &url("admin:hunter3"));
    admin.reeve(&["doctor"]).exits(1).says("give Reeve a user without these rights");
    let away = admin.with("REEVE_EVENTSTORE_URL", "esdb://reeve:hunter2@127.0.0.1:9?tls=false");
    let away = away.reeve(&["doctor"]).exits(1);
    away.says("EventStoreDB does not answer").says("no node of EventStoreDB can be reached");
}

#[test]
fn given_no_url_or_no_database_then_the_configuration_says_so() {
    let house = House::new().with("REEVE_STORE", "eventstoredb");
    let refused = house.reeve(&["events"]).exits(2);
    refused.says("eventstore.url").says("store = eventstoredb needs it").says("database.url");
}

#[test]
fn given_bench_and_torture_on_eventstoredb_then_they_measure_and_lose_nothing() {
    let Some(database) = database() else { return };
    let runtime = runtime();
    let options = Options { max_append_bytes: 1 << 21, ..Options::default() };
    let server = runtime.block_on(Server::start(options)).unwrap();
    let (house, database) = (House::new(), database.url());
    let on = ["--backend", "eventstoredb", "--url", &server.url(), "--database", &database];
    let bench = ["bench", "commands", "--seconds", "1", "--aggregates", "20", "--history", "2"];
    let measured = house.reeve(&[&bench[..], &on, &["--json"]].concat()).ok().json();
    assert!(measured["commands_per_s"].as_f64().unwrap() > 0.0, "{measured}");
    let torture = ["torture", "kills", "--cycles", "2"];
    let survived = house.reeve(&[&torture[..], &on, &["--json"]].concat()).ok().json();
    assert_eq!((survived["lost"].as_u64(), survived["duplicated"].as_u64()), (Some(0), Some(0)));
    assert!(survived["acknowledged"].as_u64().unwrap() > 0, "{survived}");
    let without = ["bench", "commands", "--backend", "eventstoredb"];
    house.reeve(&without).exits(3).says("--url esdb://");
}
