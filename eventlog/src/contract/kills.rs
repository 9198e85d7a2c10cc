//! `kill -9` in small: what was acknowledged is there, once, in order. `reeve torture kills` is the
//! long version.

use std::{collections::HashMap, io::Write as _, process::Command, sync::Arc, time::Duration};

use domain::GuildId;
use torture::{Verdict, kills::Kills};

use super::{
    Backend, Keys, Options,
    appending::all,
    given::{guild, key, request},
    notes::{Event, Notes, write},
};
use crate::{Bus, BusOptions, codec, envelope::StreamId};

const STORE: &str = "REEVE_KILLED_STORE";
const CYCLE: &str = "REEVE_KILLED_CYCLE";
const CYCLES: u32 = 6;
const WRITERS: u64 = 8;
/// Acks of one cycle are below those of the next.
const PER_CYCLE: u64 = 10_000_000;

/// A test hands over its own name: the process that is killed is that test again.
pub fn survive<B: Backend>(test: &str) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let (Ok(store), Ok(cycle)) = (std::env::var(STORE), std::env::var(CYCLE)) {
        return runtime.block_on(async {
            write_until_killed(&B::named(&store), cycle.parse().unwrap()).await;
        });
    }
    let Some(store) = runtime.block_on(B::fresh()) else { return };
    let child = |cycle: u32| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([test, "--exact", "--nocapture", "--test-threads=2"]);
        child.env(STORE, store.name()).env(CYCLE, cycle.to_string());
        child
    };
    let mut acks: HashMap<GuildId, Vec<u64>> = HashMap::new();
    let kills =
        Kills::new(CYCLES, 7, child).living(Duration::from_millis(20), Duration::from_millis(250));
    for killed in kills {
        for ack in killed.unwrap().acks {
            acks.entry(guild(1 + ack % WRITERS)).or_default().push(ack);
        }
        runtime.block_on(verify(&store, &acks));
    }
    let acknowledged: usize = acks.values().map(Vec::len).sum();
    assert!(acknowledged > CYCLES as usize, "nothing to lose");
    println!("{acknowledged} acknowledged, none lost");
}

async fn write_until_killed<B: Backend>(store: &B, cycle: u64) {
    let log = store.open(Options::default()).await.unwrap();
    let people = Arc::new(store.people(Keys::default()).await.unwrap());
    let bus = Bus::new(log, people, None, BusOptions::default());
    let writers = (0..WRITERS).map(|writer| {
        let bus = bus.clone();
        tokio::spawn(async move {
            let stream = StreamId::of_guild("notes", guild(1 + writer));
            for round in 0.. {
                let ack = cycle * PER_CYCLE + round * WRITERS + writer;
                let request = request(&key(&format!("ack/{ack}")));
                bus.execute::<Notes>(&stream, &write(ack.to_string()), &request).await.unwrap();
                let mut out = std::io::stdout().lock();
                out.write_all(format!("\nack {ack}\n").as_bytes()).unwrap();
                out.flush().unwrap();
            }
        })
    });
    futures::future::join_all(writers).await;
}

async fn verify<B: Backend>(store: &B, acks: &HashMap<GuildId, Vec<u64>>) {
    let log = store.open(Options::default()).await.unwrap();
    let events = all(&log).await;
    let positions: Vec<_> = events.iter().map(|event| event.position.0).collect();
    assert_eq!(positions, (1..=events.len() as u64).collect::<Vec<_>>());
    let mut found: HashMap<GuildId, Vec<u64>> = HashMap::new();
    for event in &events {
        let in_guild = found.entry(event.guild()).or_default();
        assert_eq!(event.guild_seq, in_guild.len() as u64 + 1);
        let Event::Written { text } = codec::decode(event).unwrap() else { panic!("{event:?}") };
        in_guild.push(text.parse().unwrap());
    }
    for (guild, acks) in acks {
        let found = found.remove(guild).unwrap_or_default();
        let verdict = Verdict::of(acks.iter().copied(), found);
        assert!(verdict.is_clean(), "guild {guild}: {verdict:?}");
    }
    log.shutdown().await;
}
