//! Any history of commands, through two buses that forget and restart, is a plain fold.

use std::collections::HashMap;

use domain::{
    Bytes, Decider, PersonId,
    economy::{Command, Economy, State},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{
    Backend,
    given::{House, economy, grant, key, look, request, spend, terms, transfer},
};
use crate::{Bus, BusOptions, CommandError};

const GUILDS: u64 = 2;

#[derive(Clone, Debug)]
enum Step {
    Ask {
        guild: u64,
        bus: usize,
        key: u8,
        command: Command,
    },
    /// A bus begins with nothing cached.
    Forget {
        bus: usize,
    },
    Restart,
}

fn command() -> impl Strategy<Value = Command> {
    let person = || (1..4_u32).prop_map(PersonId);
    prop_oneof![
        3 => (person(), 0..50_i64).prop_map(|(to, amount)| grant(to, amount)),
        3 => (person(), person(), 0..80_i64)
            .prop_map(|(from, to, amount)| transfer(from, to, amount)),
        1 => (person(), 1..30_i64).prop_map(|(from, amount)| spend(from, amount)),
        1 => (person(), 1..30_i64).prop_map(|(from, amount)| Command::Take {
            from,
            amount: Bytes(amount),
            reason: None,
            terms: terms(),
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..GUILDS, 0..2_usize, any::<u8>(), command())
            .prop_map(|(guild, bus, key, command)| Step::Ask { guild, bus, key, command }),
        2 => (0..2_usize).prop_map(|bus| Step::Forget { bus }),
        1 => Just(Step::Restart),
    ]
}

/// What the log should be: the rules alone, without any log.
#[derive(Default)]
struct Model {
    states: HashMap<u64, (State, u64)>,
    /// Keys that acted, with the number of events they made.
    acted: HashMap<(u64, u8), usize>,
}

impl Model {
    /// The number of events, and whether the key acted before; none when refused.
    fn ask(&mut self, guild: u64, key: u8, command: &Command) -> Option<(usize, bool)> {
        if let Some(events) = self.acted.get(&(guild, key)) {
            return Some((*events, true));
        }
        let (state, version) = self.states.entry(guild).or_default();
        let events = Economy::decide(state, command).ok()?;
        for event in &events {
            Economy::evolve(state, event);
        }
        *version += events.len() as u64;
        self.acted.insert((guild, key), events.len());
        Some((events.len(), false))
    }
}

pub async fn given_any_history_with_evictions_and_restarts_then_equal_to_a_plain_fold<
    B: Backend,
>(
    store: B,
) {
    let runtime = tokio::runtime::Handle::current();
    let running = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
        let house = std::cell::RefCell::new(Some(runtime.block_on(House::new(store))));
        // Every case has guilds of its own in the same store.
        let first_guild = std::cell::Cell::new(1);
        let histories = proptest::collection::vec(step(), 1..40);
        let outcome = runner.run(&histories, |steps| {
            let first = first_guild.replace(first_guild.get() + GUILDS);
            let started = house.take().expect("put back after every case");
            house.replace(Some(runtime.block_on(play(started, first, steps))));
            Ok(())
        });
        if let Err(failed) = outcome {
            panic!("{failed}");
        }
    });
    running.await.unwrap();
}

async fn play<B: Backend>(mut house: House<B>, first: u64, steps: Vec<Step>) -> House<B> {
    let mut model = Model::default();
    // Room for one aggregate at most: everything else is evicted at once.
    let options = BusOptions { cache_bytes: 700, snapshot_every: 5 };
    let mut buses = [house.new_bus(options), house.new_bus(BusOptions::default())];
    for step in steps {
        match step {
            Step::Ask { guild, bus, key, command } => {
                let request = request(&self::key(&format!("key {key}")));
                let stream = economy(first + guild);
                let asked = buses[bus].execute::<Economy>(&stream, &command, &request).await;
                let answer = match asked {
                    Ok(decision) => Some((decision.recorded.len(), decision.repeated)),
                    Err(CommandError::Refused(_)) => None,
                    Err(error) => panic!("{error}"),
                };
                assert_eq!(answer, model.ask(guild, key, &command), "{command:?}");
            }
            Step::Forget { bus } => buses[bus] = house.new_bus(options),
            Step::Restart => {
                house = house.restarted().await;
                buses = [house.new_bus(options), house.new_bus(BusOptions::default())];
            }
        }
    }
    for (guild, expected) in model.states {
        for bus in buses.iter().chain([&house.new_bus(options)]) {
            let found = balances(bus, first + guild).await;
            assert_eq!(found, expected, "guild {guild}");
        }
    }
    house
}

async fn balances(bus: &Bus, guild: u64) -> (State, u64) {
    look::<Economy, _>(bus, economy(guild), |state, version| (state.clone(), version)).await
}
