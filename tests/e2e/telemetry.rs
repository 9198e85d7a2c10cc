//! Log lines and traces: what leaves the process, and what never does.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::support::{ANN, BEN, GUILD, House, database};

/// A command with a collector that is down may take this much longer at its end.
const PATIENCE: Duration = Duration::from_secs(8);

/// Takes one export and answers it; the request line, and the body.
fn collector() -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, exports) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok())?
            });
            let mut body = vec![0; length.unwrap_or(0)];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let _ = sender.send((head.lines().next().unwrap_or_default().to_owned(), body));
            let _ = reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (format!("http://{address}"), exports)
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn given_a_collector_then_a_commands_span_arrives_without_its_reason() {
    let (endpoint, exports) = collector();
    let house = House::new().with("REEVE_TELEMETRY_OTLP_ENDPOINT", &endpoint);
    house.economy(&["grant", ANN, "5", "canary-in-the-reason"]);
    let (request, body) = exports.recv_timeout(PATIENCE).unwrap();
    assert_eq!(request, "POST /v1/traces HTTP/1.1");
    for text in ["reeve", "economy.grant", "guild.id", GUILD] {
        assert!(contains(&body, text), "{text}: {}", String::from_utf8_lossy(&body));
    }
    assert!(!contains(&body, "canary"));
}

#[test]
fn given_no_collector_then_the_command_works_and_hardly_waits() {
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [refusing, silent.local_addr().unwrap()] {
        let endpoint = format!("http://{address}");
        let house = House::new().with("REEVE_TELEMETRY_OTLP_ENDPOINT", &endpoint);
        let began = Instant::now();
        house.economy(&["grant", ANN, "5"]);
        assert!(began.elapsed() < PATIENCE, "{address}: {:?}", began.elapsed());
        assert_eq!(house.balance(ANN), 5);
    }
}

// proves: OPS-05
#[test]
fn given_everything_logged_then_no_secret_and_no_reason_is_in_it() {
    let (reason, key) = ("canary-in-the-reason", "ca9a".repeat(16));
    let on = |store: House| {
        let house = store
            .with("REEVE_MASTER_KEY", &key)
            .with("REEVE_LOG", "trace")
            .with("REEVE_LOG_FILE", "reeve.log");
        house.economy(&["grant", ANN, "50", reason]);
        house.economy(&["grant", ANN, "50", reason, "--key", "k/1"]);
        let erase = ["people", "erase", "--guild", GUILD, "--user", BEN, "--yes"];
        let commands: &[&[&str]] = &[
            &["economy", "--guild", GUILD, "send", ANN, BEN, "5", reason],
            &["economy", "--guild", GUILD, "send", ANN, BEN, "5", reason],
            &["economy", "--guild", GUILD, "take", ANN, "500", reason],
            &["economy", "--guild", GUILD, "grant", ANN, "50", reason, "--key", "k/1"],
            &["events"],
            &["projections", "rebuild", "transactions"],
            &erase,
            &["doctor", "--full"],
            &["config", "show"],
        ];
        for arguments in commands {
            let answer = house.reeve(arguments);
            for secret in [reason, &key] {
                assert!(!answer.out.contains(secret), "{arguments:?}: {}", answer.out);
                assert!(!answer.err.contains(secret), "{arguments:?}: {}", answer.err);
            }
        }
        let history = house.economy(&["history"]).says(reason);
        assert!(!history.err.contains(reason), "the answer shows it, the log does not");
        let log = std::fs::read_to_string(house.root().join("reeve.log")).unwrap();
        assert!(log.lines().count() > 3, "{log}");
        for secret in [reason, &key] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None);
        }
    };
    on(House::new());
    if let Some(database) = database() {
        on(House::on(&database));
    }
}

#[test]
fn given_a_password_in_the_collectors_address_then_it_is_never_logged() {
    let password = "canary-in-the-url";
    // Nobody listens there: all that is tried, and fails, is logged as loudly as can be.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let house = House::new()
        .with("REEVE_TELEMETRY_OTLP_ENDPOINT", &format!("http://collector:{password}@{nobody}"))
        .with("REEVE_LOG", "trace")
        .with("REEVE_LOG_FILE", "reeve.log");
    let answer = house.economy(&["grant", ANN, "5"]);
    let log = std::fs::read_to_string(house.root().join("reeve.log")).unwrap();
    assert!(log.contains("opentelemetry"), "the failure is told: {log}");
    assert!(![log, answer.out, answer.err].iter().any(|text| text.contains(password)));
}

// proves: OPS-05
#[test]
fn given_a_log_file_then_it_is_rotated_and_levels_hold_per_module() {
    let house = House::new()
        .with("REEVE_LOG_FILE", "reeve.log")
        .with("REEVE_LOG_FILE_SIZE", "1MiB")
        .with("REEVE_LOG_FILE_COUNT", "2");
    let log = |number: &str| house.root().join(format!("reeve.log{number}"));
    let size = |number: &str| std::fs::metadata(log(number)).map_or(0, |file| file.len());
    std::fs::write(log(""), "x".repeat((1 << 20) - 100)).unwrap();
    house.economy(&["grant", ANN, "5"]);
    assert!(size(".1") > 900_000 && size("") < 100_000, "{} {}", size(".1"), size(""));
    std::fs::write(log(""), "y".repeat((1 << 20) - 100)).unwrap();
    house.reeve(&["projections", "rebuild", "balances"]).ok();
    assert!(std::fs::read_to_string(log(".1")).unwrap().starts_with('y'));
    assert!(!log(".2").exists(), "only as many as configured");
    for line in std::fs::read_to_string(log("")).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string() && line["target"].is_string(), "{line}");
    }

    let house = House::new().with("REEVE_LOG", "warn,projections=info");
    let quiet = house.reeve(&["economy", "--guild", GUILD, "grant", ANN, "5"]).ok();
    assert!(quiet.err.contains("projections::runtime"), "{}", quiet.err);
    let house = House::new().with("REEVE_LOG", "warn");
    let quiet = house.reeve(&["economy", "--guild", GUILD, "grant", ANN, "5"]).ok();
    assert_eq!(quiet.err, "");
    let house = House::new().with("REEVE_LOG_FORMAT", "text");
    let text = house.reeve(&["economy", "--guild", GUILD, "grant", ANN, "5"]).ok();
    assert!(!text.err.contains(['{', '\u{1b}']), "text without colours: {}", text.err);
    let house = House::new().with("REEVE_LOG_FILE", "absent/dir/reeve.log");
    house.reeve(&["economy", "heap"]).exits(2).says("cannot write the log file absent/dir");
}
