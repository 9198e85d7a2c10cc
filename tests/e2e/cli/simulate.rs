//! `reeve simulate` and `reeve act`.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::support::House;

/// A simulator that runs until it is dropped.
struct Running {
    child: Child,
    ready: Value,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Running {
    fn start(house: &House, arguments: &[&str]) -> Self {
        let start = ["simulate", "--listen", "127.0.0.1:0", "--json"];
        let mut command = house.command(&[&start, arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let (say, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // The test may have ended.
                let _ = say.send(line);
            }
        });
        let patience = std::time::Duration::from_secs(30);
        let ready = lines.recv_timeout(patience).unwrap();
        Self { child, ready: serde_json::from_str(&ready).unwrap(), lines }
    }

    fn address(&self) -> String {
        let gateway = self.ready["gateway"].as_str().unwrap();
        gateway.strip_prefix("ws://").unwrap().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn given_simulate_then_it_says_in_one_line_where_it_is_and_serves_until_it_is_ended() {
    let house = House::new();
    let mut running = Running::start(&house, &["--seed", "7"]);
    let ready = running.ready.as_object().unwrap();
    let names: Vec<_> = ready.keys().map(String::as_str).collect();
    assert_eq!(names, ["api", "application_id", "gateway", "guild_id", "token"]);
    let address = running.address();
    assert_eq!(ready["api"], format!("http://{address}/api"));
    for id in ["application_id", "guild_id"] {
        assert!(ready[id].as_str().unwrap().parse::<u64>().unwrap() > 1 << 50, "{id}");
    }
    let pid = running.child.id().to_string();
    let ended = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(ended.success());
    assert!(running.child.wait().unwrap().success(), "it ends well");
    assert_eq!(running.lines.iter().count(), 0, "it said one line");
}

#[test]
fn given_a_running_simulator_then_members_act_in_it_and_refusals_say_why() {
    let house = House::new();
    let running = Running::start(&house, &[]);
    let address = running.address();
    let act = |who: &str, words: &[&str]| {
        house.reeve(&[&["act", "--at", &address, "--as", who], words].concat())
    };
    let said = act("maren", &["says", "good morning", "--json"]).ok().json();
    let message = said["message"].as_str().unwrap().to_owned();
    act("tobi", &["reacts", &message, "👋"]).ok().says("Done.");
    act("tobi", &["replies", &message, "hello"]).ok().says("Done: message ");
    act("newcomer", &["joins"]).ok();
    act("newcomer", &["says", "psst", "--channel", "mod-room"]).exits(1).says("Missing Access");
    act("newcomer", &["bans", "maren"]).exits(1).says("Missing Permissions");
    act("astrid", &["bans", "newcomer", "spam"]).ok();
    act("newcomer", &["joins"]).exits(1).says("banned");
    act("maren", &["uses", "/nothing"]).exits(1).says("there is no command");
    act("maren", &["says", "hm", "--channel", "nowhere"]).exits(1).says("Unknown Channel");
    let nobody = house.reeve(&["act", "--at", "127.0.0.1:9", "says", "hello"]);
    nobody.exits(2).says("reeve simulate");
    drop(running);
}

#[test]
fn given_an_address_that_is_taken_then_it_says_so() {
    let house = House::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    house.reeve(&["simulate", "--listen", &address]).exits(2).says("cannot listen");
    house.reeve(&["simulate", "--members", "0"]).exits(2);
}
