//! `reeve demo`: prepared once, awake in seconds, lived in, stopped and gone on with.

use std::{
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use serde_json::Value;

use crate::support::{Answer, House, eventually, get};

/// A community that a slow machine prepares in seconds.
const SMALL: [&str; 4] = ["--members", "20", "--days", "4"];
const ANYWHERE: [&str; 4] = ["--listen", "127.0.0.1:0", "--discord", "127.0.0.1:0"];

fn demo(arguments: &[&str]) -> Vec<&'static str> {
    // The arguments of these tests live as long as the program.
    let all = ["demo"].iter().chain(arguments).map(|one| String::from(*one).leak() as &str);
    all.collect()
}

/// A demo that runs until it is stopped.
struct Demo {
    child: Child,
    ready: Value,
}

impl Demo {
    fn start(house: &House) -> Self {
        let mut command = house.command(&demo(&[&ANYWHERE[..], &["--json"]].concat()));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let ready = lines(&mut child).recv_timeout(Duration::from_mins(1)).unwrap();
        Self { child, ready: serde_json::from_str(&ready).unwrap() }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let http = self.ready["http"].as_str().unwrap();
        get(http.strip_prefix("http://").unwrap(), path).unwrap()
    }

    fn acts(&self, house: &House, arguments: &[&str]) -> Answer {
        let at = self.ready["simulator"].as_str().unwrap();
        house.reeve(&[&["act", "--at", at], arguments].concat())
    }

    /// What is written in a channel.
    fn channel(&self, name: &str) -> String {
        let guild = self.ready["guild_id"].as_str().unwrap();
        let path = format!("/sim/guilds/{guild}/channels/{name}/messages");
        get(self.ready["simulator"].as_str().unwrap(), &path).unwrap().1
    }

    /// Ctrl-C, to its end.
    fn interrupt(mut self) {
        signal("-INT", self.child.id());
        let ended = eventually("the demo's end", || self.child.try_wait().unwrap());
        assert!(ended.success(), "{ended}");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(which: &str, pid: u32) {
    let kill = Command::new("kill").args([which, &pid.to_string()]).status();
    assert!(kill.unwrap().success());
}

fn lines(child: &mut Child) -> Receiver<String> {
    use std::io::{BufRead as _, BufReader};
    let (say, said) = channel();
    let out = child.stdout.take().unwrap();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            // The test may have ended.
            let _ = say.send(line);
        }
    });
    said
}

fn prepared() -> House {
    let house = House::new();
    house.reeve(&demo(&[&["--prepare", "--json"], &SMALL[..]].concat())).ok();
    house
}

#[test]
fn given_a_fresh_directory_then_a_community_is_prepared_once_and_then_lives() {
    let house = House::new();
    let arguments = demo(&[&["--prepare", "--json"], &SMALL[..]].concat());
    let first = house.reeve(&arguments).ok().json();
    assert!(first["played"]["messages"].as_u64().unwrap() > 50, "{first}");
    assert!(first["played"]["commands"].as_u64().unwrap() >= 2, "{first}");
    assert!(!house.data().join("demo.unfinished").exists());
    let again = house.reeve(&arguments).ok().json();
    assert_eq!(first, again, "it is not played twice");
    house.reeve(&demo(&["--seed", "8"])).exits(2).says("--fresh");

    let lived = house.reeve(&demo(&[&ANYWHERE[..], &["--for", "3s"]].concat())).ok();
    for told in ["is awake", "reeve act", "/healthz", "What happens now", "Everything is kept"] {
        assert!(lived.out.contains(told), "{told}: {}", lived.out);
    }
    // It says how to look around; that is how.
    house.reeve(&["--data-dir", "data/demo", "doctor", "--full"]).ok().says("It works");
    let heap = house.reeve(&["--data-dir", "data/demo", "economy", "heap", "3"]).ok();
    assert_eq!(heap.out.lines().filter(|line| line.starts_with(['1', '2', '3'])).count(), 3);
}

#[test]
fn given_a_demo_then_one_can_act_in_it_and_after_ctrl_c_everything_is_still_there() {
    let house = prepared();
    let running = Demo::start(&house);
    assert_eq!(running.get("/healthz").0, 200);
    let (code, ready) = running.get("/readyz");
    assert_eq!(code, 200, "{ready}");
    running.acts(&house, &["--as", "maren", "says", "a word that stays"]).ok();
    let read = running.acts(&house, &["--as", "maren", "uses", "/bytes read"]).ok();
    assert!(read.out.contains("bytes"), "{}", read.out);
    let sent = ["--as", "maren", "uses", "/bytes send user:@tobi amount:1000"];
    running.acts(&house, &sent).ok().says("not enough");
    let before = running.ready["events"].as_u64().unwrap();
    running.interrupt();

    let woken = Demo::start(&house);
    assert!(woken.ready["events"].as_u64().unwrap() >= before);
    assert_eq!(woken.ready["guild_id"], woken.ready["history"]["guild"]);
    assert!(woken.channel("general").contains("a word that stays"));
    woken.acts(&house, &["--as", "tobi", "uses", "/bytes read"]).ok();
    println!("ready in {} ms", woken.ready["ready_in_ms"]);
    woken.interrupt();
}

#[test]
fn given_a_kill_while_it_is_prepared_then_the_next_start_says_so_and_begins_anew() {
    let house = House::new();
    let large = demo(&["--prepare", "--members", "300", "--days", "60"]);
    let mut command = house.command(&large);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let log = house.data().join("demo.unfinished/log.db");
    eventually("something is written", || log.exists().then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!house.data().join("demo").exists(), "half a history is none");

    let anew = house.reeve(&demo(&[&["--prepare"], &SMALL[..]].concat())).ok();
    anew.says("begins anew").says("20 members, 4 days");
    assert!(!house.data().join("demo.unfinished").exists());
}

#[test]
fn given_production_then_the_demo_is_refused() {
    let house = House::new().with("REEVE_ENVIRONMENT", "production");
    let house = house.with("REEVE_MASTER_KEY", &"ab".repeat(32));
    house.reeve(&["demo"]).exits(1).says("demo data is refused").says("production");
    assert!(!house.data().exists());
    let refused = house.reeve(&["demo", "--json"]).exits(1).json();
    assert_eq!(refused["error"]["kind"], "refused");
}

#[test]
fn given_a_demo_in_use_or_something_else_in_its_place_then_it_is_not_thrown_away() {
    let house = House::new();
    let server = house.serve(&["--data-dir", "data/demo"]);
    let pid = server.pid().to_string();
    house.reeve(&["demo", "--fresh"]).exits(2).says("in use").says(&pid);
    house.reeve(&["demo"]).exits(2).says("holds something else").says("--fresh");
    assert_eq!(server.get("/readyz").0, 200);
}

#[test]
fn given_an_address_that_is_taken_then_it_says_which_flag_chooses_another() {
    let house = prepared();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let discord = ["demo", "--listen", "127.0.0.1:0", "--discord", &taken];
    house.reeve(&discord).exits(2).says("--discord");
    let listen = ["demo", "--discord", "127.0.0.1:0", "--listen", &taken];
    house.reeve(&listen).exits(2).says("--listen");
    house.reeve(&demo(&[&ANYWHERE[..], &["--for", "1s"]].concat())).ok().says("is awake");
}
