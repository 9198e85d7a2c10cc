//! `reeve serve` on PostgreSQL, where several processes decide and share the work.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::json;

use crate::support::{ANN, BEN, GUILD, House, database, eventually};

// proves: OPS-17
#[test]
fn given_postgres_then_commands_work_beside_a_server_and_it_folds_them() {
    let Some(database) = database() else { return };
    let house = House::on(&database);
    let server = house.serve(&[]);
    assert_eq!(server.logged("reeve is up").unwrap()["fields"]["store"], "postgres");
    house.economy(&["grant", ANN, "500", "a prize"]);
    house.economy(&["send", ANN, BEN, "30"]);
    assert_eq!((house.balance(ANN), house.balance(BEN)), (470, 30));
    let heap = house.economy(&["heap", "--json"]).json();
    assert_eq!(heap["supply"], "500");
    house.economy(&["history"]).says("a prize");
    house.reeve(&["projections", "rebuild", "balances"]).ok().says("is live");
    eventually("the board as before", || {
        (house.economy(&["heap", "--json"]).json() == heap).then_some(())
    });
    house.reeve(&["doctor", "--full"]).ok().says("postgres with 4 events");
    house.reeve(&["people", "erase", "--guild", GUILD, "--user", BEN, "--yes"]).ok();
    house.economy(&["heap"]).says("#2 (erased)");
    let refused = house.reeve(&["demo"]).exits(2);
    refused.says("the demo lives on an embedded store");
    let (status, _, log) = server.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    house.economy(&["grant", ANN, "1"]);
    assert_eq!(house.balance(ANN), 471);
}

#[test]
fn given_two_servers_then_they_share_the_slices_and_one_takes_over_from_the_other() {
    let Some(database) = database() else { return };
    let one_house = House::on(&database);
    let one = one_house.serve(&[]);
    // The same people need the same key.
    let key = std::fs::read_to_string(one_house.data().join("master.key")).unwrap();
    let two_house = House::on(&database).with("REEVE_MASTER_KEY", key.trim());
    let two = two_house.serve(&[]);
    for (house, user) in [(&one_house, ANN), (&two_house, BEN)] {
        house.economy(&["grant", user, "10", "--key", "each/1"]);
    }
    // One key acts once, whoever is asked.
    assert_eq!(one_house.economy(&["heap", "--json"]).json()["supply"], "10");
    two_house.economy(&["grant", BEN, "10"]);
    for house in [&one_house, &two_house] {
        assert_eq!((house.balance(ANN), house.balance(BEN)), (10, 10));
    }
    let (status, _, log) = one.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    // Whoever writes beside it does not fold: what is seen was folded by the one that stayed.
    two_house.economy(&["grant", ANN, "5"]);
    eventually("the other one folds", || {
        let heap = two_house.economy(&["heap", "--json"]).json();
        (heap["supply"] == json!("25")).then_some(())
    });
    assert_eq!(two.get("/readyz").0, 200);
    // Killed, it leaves leases behind; they end by themselves.
    two.kill();
    one_house.economy(&["grant", ANN, "1"]);
    assert_eq!(one_house.economy(&["heap", "--json"]).json()["supply"], "26");
}

#[test]
fn given_a_database_that_goes_away_then_not_ready_until_it_is_back() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(&database.address());
    let house = House::on(&database)
        .with("REEVE_DATABASE_URL", &database.url_at(&proxy.address.to_string()));
    let server = house.serve(&[]);
    assert_eq!(server.get("/readyz").0, 200);

    proxy.cut();
    let (code, body) = eventually("not ready", || {
        let answer = server.get("/readyz");
        (answer.0 == 503).then_some(answer)
    });
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, body), (503, json!({ "ready": false, "log": "not reachable" })));
    assert_eq!(server.get("/healthz").0, 200, "alive, so nobody restarts it for that");
    let (_, metrics) = server.get("/metrics");
    assert!(metrics.contains(r#"reeve_log_lines_total{level="WARN"}"#), "{metrics}");

    proxy.mend();
    eventually("ready again", || (server.get("/readyz").0 == 200).then_some(()));
    house.economy(&["grant", ANN, "10"]);
    assert_eq!(house.economy(&["heap", "--json"]).json()["supply"], "10");
    let (status, _, log) = server.stop();
    assert_eq!(status.code(), Some(0), "{log}");
}

/// A wire to the database that can be cut.
struct Proxy {
    address: SocketAddr,
    whole: Arc<AtomicBool>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    fn start(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let whole = Arc::new(AtomicBool::new(true));
        let connections = Arc::new(Mutex::new(Vec::new()));
        let (is_whole, open, to) = (Arc::clone(&whole), Arc::clone(&connections), to.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if !is_whole.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&to) else { continue };
                open.lock()
                    .unwrap()
                    .extend([client.try_clone(), server.try_clone()].map(Result::unwrap));
                carry(&client, &server);
                carry(&server, &client);
            }
        });
        Self { address, whole, connections }
    }

    fn cut(&self) {
        self.whole.store(false, Ordering::SeqCst);
        for connection in self.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.whole.store(true, Ordering::SeqCst);
    }
}

fn carry(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
