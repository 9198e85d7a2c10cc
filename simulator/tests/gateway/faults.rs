//! Events that go wrong on request.

use serde_json::Value;
use simulator::{
    Id, Sim,
    community::Community,
    faults::{Fault, Rule},
};

use super::raw::{EVERYTHING, Raw, start};

fn say(sim: &Sim, community: &Community, texts: &[&str]) -> Id {
    let maren = sim.member(community.guild, "maren").expect("she is there");
    let general = sim.channel(community.guild, "general").expect("it is there");
    for text in texts {
        maren.says(general, text).expect("she may");
    }
    general
}

fn texts(heard: &[Value]) -> Vec<&str> {
    heard.iter().filter_map(|event| event["d"]["content"].as_str()).collect()
}

#[tokio::test]
async fn given_events_that_are_dropped_and_doubled_then_numbers_stay_without_a_gap() {
    let (sim, community) = start().await;
    let (mut raw, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    let drop = Rule::next(1, Fault::DropEvent).on("MESSAGE_CREATE");
    sim.faults.add(drop).expect("it is a rule");
    say(&sim, &community, &["lost", "found"]);
    sim.faults.add(Rule::next(1, Fault::DuplicateEvent)).expect("it is a rule");
    say(&sim, &community, &["twice", "once"]);
    // Raw itself fails where a number is missing.
    let heard = raw.fence(community.guild).await;
    assert_eq!(texts(&heard), ["found", "twice", "twice", "once"]);
    assert_eq!(sim.faults.struck(), 2);
}

#[tokio::test]
async fn given_an_event_that_is_late_then_it_comes_after_others() {
    let (sim, community) = start().await;
    let (mut raw, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    sim.faults.add(Rule::next(1, Fault::DelayEvent { ms: 50 })).expect("it is a rule");
    say(&sim, &community, &["late", "early"]);
    assert_eq!(raw.event("MESSAGE_CREATE").await["content"], "early");
    assert_eq!(raw.event("MESSAGE_CREATE").await["content"], "late");
}
