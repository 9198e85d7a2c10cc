//! A moment is what a fresh rebuild up to it is, however one comes to it.

use std::collections::BTreeMap;

use projections::{TimeError, economy::balances};

use super::{Dump, at, busy, dump, live, machine, small};
use crate::support::{Random, Site, on_each_store};

/// Moves that a random walk makes.
const MOVES: u32 = 120;

#[test]
fn given_any_history_then_every_moment_equals_a_fresh_rebuild_to_it_on_every_backend() {
    on_each_store(async |site| {
        for (seed, events) in [(3, 60), (2_026, 100)] {
            let house = site.open().await;
            let guild = busy(&house, seed, events).await;
            let history = house.history(guild).await;
            let folder = site.directory().join(format!("time-{seed}"));
            let machine = machine(&folder, &house, small());

            // As another backend has it after a migration, rebuilt by the ordinary runtime.
            let second = Site::another();
            let moved = second.open().await;
            let runtime = moved.project().await;
            // The same keyframes serve both: the hashes of the events say that it is one history.
            let there = super::machine(&folder, &moved, small());
            let mut moments = BTreeMap::<u64, Dump>::new();
            for event in &history {
                moved.take_over(event).await;
                moved.caught_up(&["balances", "weekly_gains", "transactions"]).await;
                let view = at(&machine, guild, event.guild_seq).await;
                assert_eq!(view.event(), event);
                let shown = dump(&view).await;
                let fresh = live(&moved, guild, &view).await;
                assert_eq!(shown, fresh, "#{} of seed {seed}", event.guild_seq);
                moments.insert(event.guild_seq, shown);
            }
            // No two moments are the same by chance: something is told apart here.
            assert!(moments.values().filter(|one| **one == moments[&1]).count() < 3);
            for (seq, expected) in &moments {
                assert_eq!(dump(&at(&there, guild, *seq).await).await, *expected, "#{seq}, moved");
            }
            walk(&mut at(&machine, guild, 20).await, &moments, seed).await;
            runtime.shutdown().await;
            moved.close().await;
            house.close().await;
        }
    });
}

/// Steps and jumps in any order lead to the same moments.
async fn walk(view: &mut projections::View, moments: &BTreeMap<u64, Dump>, seed: u64) {
    let mut random = Random::of(seed);
    let last = *moments.keys().last().unwrap();
    for _ in 0..MOVES {
        let from = view.event().guild_seq;
        let forward = random.below(2) == 0;
        let stride = random.below(9);
        for _ in 0..stride {
            let before = dump(view).await;
            let step = match (forward, view.event().guild_seq) {
                (true, seq) if seq < last => view.forward().await.unwrap(),
                (false, seq) if seq > 1 => view.back().await.unwrap(),
                _ => break,
            };
            let now = dump(view).await;
            assert_eq!(now, moments[&view.event().guild_seq], "from #{from}");
            let (old, new) = if forward { (before, now) } else { (now, before) };
            assert_changes(&step, &old, &new);
        }
        if stride == 0 {
            let to = 1 + u64::from(random.below(u32::try_from(last).unwrap()));
            view.go(domain::Moment::Seq(to)).await.unwrap();
            assert_eq!(dump(view).await, moments[&to], "from #{from} to #{to}");
        }
    }
}

/// What a step says to have changed is the difference between the moments beside it.
fn assert_changes(step: &projections::time_machine::Step, old: &Dump, new: &Dump) {
    for (table, rows) in old {
        let gone = rows.iter().filter(|row| !new[table].contains(row)).count();
        let come = new[table].iter().filter(|row| !rows.contains(row)).count();
        let of_table = || step.changes.iter().filter(|change| change.table == *table);
        let said =
            |side: fn(&&projections::time_machine::Change) -> bool| of_table().filter(side).count();
        assert_eq!(said(|change| change.before.is_some()), gone, "{table}: {:?}", step.changes);
        assert_eq!(said(|change| change.after.is_some()), come, "{table}: {:?}", step.changes);
    }
}

#[test]
fn given_an_ordinary_query_then_it_answers_as_of_then() {
    on_each_store(async |site| {
        let house = site.open().await;
        let guild = crate::support::guild(1);
        let person = house.somebody(guild, 7).await;
        for amount in 1..=30 {
            house.grant(guild, person, amount, None).await;
        }
        let machine = machine(site.directory(), &house, small());
        // The first event opens the account with 25.
        for grants in [1, 6, 7, 8, 29, 30] {
            let view = at(&machine, guild, grants + 1).await;
            let expected = 25 + i64::try_from(grants * (grants + 1) / 2).unwrap();
            let top = balances::top(view.store(), guild, 5).await.unwrap();
            assert_eq!((top.len(), top[0].balance.0), (1, expected), "after {grants} grants");
        }
        let mut view = at(&machine, guild, 31).await;
        assert!(matches!(view.forward().await, Err(TimeError::AtTheEnd { seq: 31 })));
        let mut view = at(&machine, guild, 1).await;
        assert!(matches!(view.back().await, Err(TimeError::BeforeFirst { .. })));
        let before = dump(&view).await;
        let changes = view.forward().await.unwrap().changes;
        assert_eq!(changes.len(), 4, "balance, week, transaction, tally");
        view.back().await.unwrap();
        assert_eq!(dump(&view).await, before);
        house.close().await;
    });
}
