//! `reeve effects` and `reeve processes`: what follows from events, as an operator looks at it.

use serde_json::json;

use crate::support::{ANN, GUILD, House, eventually};

const NOBODY: &str = "00000000-0000-0000-0000-000000000001";

#[test]
fn given_a_fresh_store_then_nothing_waits_and_what_is_not_there_is_refused() {
    let house = House::new();
    house.economy(&["grant", ANN, "100"]);
    let listed = house.reeve(&["effects", "list", "--json"]).ok().json();
    assert_eq!((&listed["counts"]["waiting"], &listed["effects"]), (&json!(0), &json!([])));
    house.reeve(&["effects", "list", "--state", "dead"]).ok().says("0 waiting");
    house.reeve(&["effects", "list", "--state", "lost"]).exits(2).says("possible values");
    house.reeve(&["effects", "retry"]).ok().says("0 tried again");
    house.reeve(&["effects", "retry", NOBODY]).exits(1).says("is not one that was given up");
    house.reeve(&["effects", "drop", NOBODY]).exits(1).says("finished or just being carried out");
    house.reeve(&["effects", "drop", "x"]).exits(2);
    house.reeve(&["processes", "list"]).ok().says("No process has run yet");
    house.reeve(&["processes", "retry", "nobody"]).exits(2).says("there are awards");
}

#[test]
fn given_a_server_then_its_processes_follow_and_doctor_and_metrics_say_so() {
    let house = House::new();
    house.economy(&["grant", ANN, "100"]);
    let server = house.serve(&[]);
    eventually("the process has begun", || {
        let listed = house.reeve(&["processes", "list", "--json"]).ok().json();
        let process = &listed["processes"][0];
        (process["name"] == "awards" && process["lag_events"] == 0).then_some(())
    });
    house.reeve(&["doctor"]).ok().says("processes").says("effects").says("timers");
    let retried = house.reeve(&["processes", "retry", "awards", "--guild", GUILD, "--json"]);
    assert_eq!(retried.ok().json()["guilds"], 0);
    drop(server);
}
