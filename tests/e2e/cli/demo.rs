//! `reeve demo`

use crate::support::House;

#[test]
fn given_a_fresh_directory_then_the_demo_plays_a_community_and_leaves_it_to_look_at() {
    let house = House::new();
    let played = house.reeve(&["demo"]).ok();
    for told in ["days of a community", "refused: ", "things were done", "Look around", "doctor"] {
        assert!(played.out.contains(told), "{told}: {}", played.out);
    }
    let again = house.reeve(&["demo"]).ok().says("still here");
    assert!(!again.out.contains("things were done"));
    // It says how to look around; that is how.
    house.reeve(&["--data-dir", "data/demo", "doctor", "--full"]).ok().says("It works");
    let heap = house.reeve(&["--data-dir", "data/demo", "economy", "heap", "3"]).ok();
    assert_eq!(heap.out.lines().filter(|line| line.starts_with(['1', '2', '3'])).count(), 3);

    let marker = house.reeve(&["--data-dir", "data/demo", "economy", "grant", "5", "77"]);
    assert_eq!(marker.code, 0, "{}", marker.err);
    let summary = house.reeve(&["demo", "--fresh", "--json"]).ok().json();
    assert!(summary["events"].as_u64().unwrap() > 500, "{summary}");
    for outcome in ["done", "refused", "repeated"] {
        assert!(summary["tally"][outcome].as_u64().unwrap() > 10, "{summary}");
    }
    house.reeve(&["--data-dir", "data/demo", "economy", "read", "5"]).ok().says("has 0 ");
}

#[test]
fn given_equal_seeds_then_the_demo_ends_with_equal_balances() {
    let play = |seed: &'static str| {
        // At the same moment: the story goes up to now.
        std::thread::spawn(move || {
            let house = House::new();
            let summary = house.reeve(&["demo", "--json", "--seed", seed]).ok().json();
            (summary["supply"].clone(), summary["top"].clone())
        })
    };
    let [one, same, other] = ["11", "11", "12"].map(play).map(|playing| playing.join().unwrap());
    assert_eq!(one, same);
    assert_ne!(one, other);
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
fn given_a_demo_in_use_then_it_is_not_thrown_away() {
    let house = House::new();
    let server = house.serve(&["--data-dir", "data/demo"]);
    let pid = server.pid().to_string();
    house.reeve(&["demo", "--fresh"]).exits(2).says("in use").says(&pid);
    assert_eq!(server.get("/readyz").0, 200);
}
