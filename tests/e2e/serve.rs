//! `reeve serve` on the embedded store.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use crate::support::{ANN, GUILD, House, eventually};

#[test]
fn given_a_fresh_directory_then_it_serves_health_readiness_and_metrics() {
    let house = House::new();
    let server = house.serve(&[]);
    assert_eq!(server.get("/healthz"), (200, "alive\n".to_owned()));
    let (code, ready) = server.get("/readyz");
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((code, &ready["ready"], &ready["log"]), (200, &true.into(), &"ok".into()));
    assert_eq!(server.get("/metrics").0, 200);
    // Any address is a page of the dashboard; a file that is missing is none.
    assert_eq!(server.get("/nothing").0, 200);
    assert_eq!(server.get("/assets/nothing.js").0, 404);
    let up = server.logged("reeve is up").unwrap();
    assert_eq!(up["fields"]["store"], "sqlite");
    assert_eq!(up["fields"]["roles"], "gateway,worker,api");
}

// proves: OPS-23
#[test]
fn given_some_work_then_the_metrics_count_it() {
    let house = House::new();
    house.economy(&["grant", ANN, "5"]);
    let server = house.serve(&[]);
    // An erasure is the one command that another process can ask of it.
    house.reeve(&["people", "erase", "--guild", GUILD, "--user", ANN, "--yes"]).ok();
    let metrics = eventually("the lag of the projections", || {
        let (code, metrics) = server.get("/metrics");
        assert_eq!(code, 200);
        metrics.contains("reeve_projection_lag_events").then_some(metrics)
    });
    let value = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not among\n{metrics}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let done = r#"reeve_commands_total{capability="people",outcome="done"}"#;
    assert!((value(done) - 1.0).abs() < f64::EPSILON);
    assert!(value(r#"reeve_command_seconds_bucket{capability="people",le="3"}"#) >= 1.0);
    assert!(value(r#"reeve_projection_events_total{projection="balances"}"#) >= 1.0);
    assert!(value(r#"reeve_projection_lag_events{projection="balances""#).abs() < f64::EPSILON);
    assert!(value("reeve_writer_queue").abs() < f64::EPSILON);
    assert!(value("reeve_cache_aggregates") >= 1.0);
    assert!(value("reeve_cache_bytes") > 0.0);
    assert!(value("reeve_cache_loads_total") >= 1.0);
    for line in metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "not Prometheus: {line}");
    }
    assert!(!metrics.contains(GUILD), "a label per guild would grow without end");

    let off = House::new();
    let server = off.serve(&["--set", "http.metrics=false"]);
    assert_eq!(server.get("/metrics").0, 404);
}

// proves: OPS-09, OPS-17
#[test]
fn given_sigterm_then_it_finishes_within_the_grace_and_gives_the_directory_up() {
    let house = House::new();
    let server = house.serve(&["--set", "shutdown_grace=10s"]);
    let (status, took, log) = server.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(log.contains("stopped; nothing is left undone"), "{log}");
    house.economy(&["grant", ANN, "5"]);
    let server = house.serve(&[]);
    assert_eq!(server.get("/readyz").0, 200);
    assert_eq!(house.balance(ANN), 5);
}

#[test]
fn given_a_client_that_never_finishes_then_the_stop_still_ends_within_the_grace() {
    let house = House::new();
    let server = house.serve(&["--set", "shutdown_grace=1s"]);
    let mut slow = TcpStream::connect(&server.address).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: reeve\r\n").unwrap();
    assert_eq!(server.get("/healthz").0, 200);
    let (status, took, log) = server.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < Duration::from_secs(8), "{took:?}");
}

// proves: OPS-17
#[test]
fn given_kill_9_then_the_next_start_works_at_once_and_has_everything() {
    let house = House::new();
    house.economy(&["grant", ANN, "5"]);
    let server = house.serve(&[]);
    server.kill();
    let server = house.serve(&[]);
    assert_eq!(server.get("/readyz").0, 200);
    assert_eq!(house.balance(ANN), 5);
    house.reeve(&["doctor", "--full"]).ok();
}

#[test]
fn given_a_second_serve_on_the_directory_then_it_names_the_first() {
    let house = House::new();
    let server = house.serve(&[]);
    let second = house.reeve(&["serve", "--set", "http.address=127.0.0.1:0"]).exits(2);
    second.says("is in use by another reeve process").says(&format!("(process {})", server.pid()));
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn given_an_address_in_use_then_exit_2_says_which_setting() {
    let house = House::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http.address={}", taken.local_addr().unwrap());
    let refused = house.reeve(&["serve", "--set", &address]).exits(2);
    refused.says("http.address: cannot listen on 127.0.0.1:");
    // And the directory is free again.
    house.economy(&["grant", ANN, "5"]);
}

#[test]
fn given_roles_then_the_process_does_only_that() {
    let house = House::new();
    house.economy(&["grant", ANN, "5"]);
    let worker = house.serve(&["--role", "worker"]);
    assert_eq!(worker.logged("reeve is up").unwrap()["fields"]["roles"], "worker");
    assert_eq!(worker.get("/readyz").0, 200);
    house.reeve(&["projections", "rebuild", "balances"]).ok();
    drop(worker);
    let both = house.serve(&["--role", "gateway", "--role", "api"]);
    assert_eq!(both.logged("reeve is up").unwrap()["fields"]["roles"], "gateway,api");
    assert_eq!(both.get("/healthz").0, 200);
    drop(both);
    house.reeve(&["serve", "--role", "king"]).exits(2).says("all, gateway, worker or api");
}

/// The figure holds for the release binary; another one is only printed.
#[test]
fn given_an_idle_server_then_it_stays_under_40_mb() {
    let house = House::new();
    house.economy(&["grant", ANN, "5"]);
    let server = house.serve(&[]);
    for _ in 0..50 {
        assert_eq!(server.get("/readyz").0, 200);
    }
    assert_eq!(server.get("/metrics").0, 200);
    let mib = server.resident_kib() / 1024;
    println!("idle: {mib} MiB resident");
    if !cfg!(debug_assertions) {
        assert!(mib < 40, "{mib} MiB");
    }
}

#[test]
fn given_nonsense_on_the_wire_then_it_goes_on() {
    let house = House::new();
    let server = house.serve(&[]);
    for nonsense in
        [&b"\0\0\0\0\r\n\r\n"[..], b"GET / HTTP/9.9\r\n\r\n", b"x".repeat(70_000).as_slice()]
    {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let _ = stream.write_all(nonsense);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(server.get("/healthz").0, 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
