//! The same history under other settings.

use super::{
    super::what_if::{Attempt, Changes, EXAMPLES, Fact, InvalidChange, Outcome, Pair, WhatIf},
    histories::{history, step, total},
    *,
};
use proptest::prelude::*;

/// A history that some guild really had: each event with the settings it was decided under.
#[derive(Default)]
struct Past {
    state: State,
    /// What was asked, and is known to have been.
    commands: Vec<Command>,
    facts: Vec<(Told, Timestamp, Terms)>,
}

#[derive(Clone)]
enum Told {
    Happened(Event),
    Refused { from: PersonId, to: PersonId, amount: Bytes, at: Timestamp },
}

impl Past {
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "did(command) reads as a sentence")]
    fn did(mut self, command: Command) -> Self {
        assert!(self.tries(&command), "{command:?}");
        self
    }

    fn tries(&mut self, command: &Command) -> bool {
        let terms = terms_of(command);
        match (step(&mut self.state, command), command) {
            (Ok(events), command) => {
                match command {
                    // Of those who were not paid nobody knows that they wrote.
                    Command::AwardDailyToAll { .. } => {
                        let paid = events.iter().filter_map(|event| paid_alone(event, &terms));
                        self.commands.extend(paid);
                    }
                    command => self.commands.push(command.clone()),
                }
                let told = |event| (Told::Happened(event), noon(), Arc::clone(&terms));
                self.facts.extend(events.into_iter().map(told));
                true
            }
            (Err(_), &Command::Transfer { from, to, amount, at, .. }) => {
                self.commands.push(command.clone());
                self.facts.push((Told::Refused { from, to, amount, at }, noon(), terms));
                false
            }
            (Err(_), _) => false,
        }
    }

    fn under(&self, changes: &[&str]) -> Result<Outcome, InvalidChange> {
        let mut what_if = WhatIf::new(Changes::parse(changes.iter().copied())?);
        for (seq, (told, at, terms)) in (1..).zip(&self.facts) {
            match told {
                Told::Happened(event) => what_if.take(Fact { seq, at: *at, event, terms })?,
                &Told::Refused { from, to, amount, at } => {
                    what_if.attempt(Attempt { seq, from, to, amount, at, terms })?;
                }
            }
        }
        Ok(what_if.outcome())
    }
}

fn paid_alone(event: &Event, terms: &Terms) -> Option<Command> {
    let &Event::DailyAwarded { to, day, .. } = event else { return None };
    let (trigger, at, terms) = (DailyTrigger::Message, day.start(), Arc::clone(terms));
    Some(Command::AwardDaily { to, trigger, at, terms })
}

fn terms_of(command: &Command) -> Terms {
    match command {
        Command::Grant { terms, .. }
        | Command::Take { terms, .. }
        | Command::Transfer { terms, .. }
        | Command::AwardDaily { terms, .. }
        | Command::AwardDailyToAll { terms, .. }
        | Command::Spend { terms, .. } => Arc::clone(terms),
        Command::SettleSpend { .. } | Command::RefundSpend { .. } => default_terms(),
    }
}

fn pair(recorded: i64, other: i64) -> Pair {
    Pair { recorded: Bytes(recorded), other: Bytes(other) }
}

fn noon_of(day: &str) -> Timestamp {
    at(&format!("{day}T12:00:00Z"))
}

proptest! {
    #[test]
    fn given_any_history_and_no_changes_then_nothing_differs(history in history()) {
        let mut past = Past::default();
        for command in &history {
            // Every settings version of a test is numbered 1: each gets a number of its own.
            past.tries(command);
        }
        for (number, fact) in (1..).zip(&mut past.facts) {
            fact.2 = Arc::new(InForce { version: number, values: fact.2.values.clone() });
        }
        let outcome = past.under(&[]).unwrap();
        prop_assert_eq!(outcome.supply.recorded, outcome.supply.other);
        prop_assert_eq!(outcome.daily_rewards.recorded, outcome.daily_rewards.other);
        prop_assert_eq!(outcome.starting_balances.recorded, outcome.starting_balances.other);
        prop_assert_eq!(outcome.most_changed, vec![]);
        prop_assert_eq!(outcome.transfers.refused.count, 0);
        prop_assert_eq!(outcome.transfers.newly_allowed.count, 0, "what was refused still is");
        prop_assert!(outcome.refused.is_empty(), "{:?}", outcome.refused);
    }

    #[test]
    fn given_any_history_and_changes_then_the_other_ledger_is_as_if_all_had_been_asked_under_them(
        history in history(),
        daily in 0..300_i64,
        most in 1..1_100_i64,
        cooldown in prop_oneof![Just(0), 0..200_000_u32],
        starting in prop_oneof![Just(0), 0..200_i64],
    ) {
        let mut past = Past::default();
        for command in &history {
            past.tries(command);
        }
        for (number, fact) in (1..).zip(&mut past.facts) {
            fact.2 = Arc::new(InForce { version: number, values: fact.2.values.clone() });
        }
        let mut direct = State::default();
        for command in &past.commands {
            let mut values = terms_of(command).values.clone();
            values.daily_amount = Bytes(daily);
            values.max_transfer = Bytes(most);
            values.transfer_cooldown_secs = cooldown;
            values.starting_balance = Bytes(starting);
            let _ = step(&mut direct, &command.clone().under(values));
        }
        let changes = [
            format!("daily.amount={daily}"),
            format!("max_transfer={most}"),
            format!("transfer_cooldown_secs={cooldown}"),
            format!("starting_balance={starting}"),
        ];
        let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
        let outcome = past.under(&changes).unwrap();
        for line in &outcome.top {
            prop_assert_eq!(line.balance.other, direct.balance(line.person), "{}", line.person);
            prop_assert_eq!(line.balance.recorded, past.state.balance(line.person));
        }
        prop_assert_eq!(outcome.supply.other.0, total(&direct));
        prop_assert!(outcome.transfers.refused.count <= outcome.transfers.recorded);
        prop_assert!(outcome.transfers.examples.len() <= EXAMPLES);
    }
}

#[test]
fn given_a_higher_daily_amount_then_the_supply_grows_by_it_with_every_streak() {
    let mut past = Past::default();
    for day in 1..=9 {
        past = past.did(message(ANN, noon_of(&format!("2026-11-0{day}"))));
    }
    // Seven days at 10, then two at twice that.
    let outcome = past.under(&["daily.amount=200"]).unwrap();
    assert_eq!(outcome.daily_rewards, pair(110, 2_200));
    assert_eq!(outcome.supply, pair(110, 2_200));
    let outcome = past.under(&["tiers.CHAR.multiplier=5"]).unwrap();
    assert_eq!(outcome.daily_rewards, pair(110, 170));
    let outcome = past.under(&["tiers.CHAR.from_days=3"]).unwrap();
    assert_eq!(outcome.daily_rewards, pair(110, 160));
    let outcome = past.under(&[r#"tiers=[{"from_days":2,"name":"X","multiplier":3}]"#]).unwrap();
    assert_eq!(outcome.daily_rewards, pair(110, 250));
    let outcome = past.under(&["daily.mode=off"]).unwrap();
    assert_eq!(outcome.supply, pair(110, 0));
    assert_eq!(outcome.refused["daily_rewards"].by_rule["economy.daily_off"], 9);
    let outcome = past.under(&["daily.mode=command"]).unwrap();
    assert_eq!(outcome.supply, pair(110, 110));
    assert!(outcome.facts_lacking.iter().any(|fact| fact.contains("for 9 rewards")));
}

#[test]
fn given_tighter_rules_then_the_transfers_that_break_them_are_refused_with_the_reason() {
    let day = |number: u32| noon_of(&format!("2026-11-{number:02}"));
    let past = Past::default()
        .did(grant(ANN, 1_000))
        .did(transfer(ANN, BEN, 600, day(1)))
        .did(transfer(ANN, BEN, 300, day(3)))
        .did(transfer(BEN, CAY, 700, day(4)));
    let capped = past.under(&["max_transfer=300"]).unwrap();
    assert_eq!((capped.transfers.recorded, capped.transfers.recorded_amount), (3, Bytes(1_600)));
    assert_eq!(capped.transfers.refused.count, 2);
    assert_eq!(capped.transfers.refused.amount, Bytes(1_300));
    assert_eq!(capped.supply, pair(1_000, 1_000), "moved, not made");
    let first = &capped.transfers.examples[0];
    assert_eq!(
        (first.from, first.to, first.amount, first.rule),
        (ANN, BEN, Bytes(600), "economy.amount_too_large")
    );
    assert_eq!(first.text, "You can move at most 300 at a time.");
    assert_eq!(capped.transfers.newly_allowed.of, 0);
    let line = |person| capped.top.iter().find(|line| line.person == person).unwrap().balance;
    assert_eq!((line(ANN), line(BEN)), (pair(100, 700), pair(200, 300)));

    let slower = past.under(&["transfer_cooldown_secs=259200"]).unwrap();
    assert_eq!(slower.transfers.refused.by_rule["economy.cooldown"], 1);
    // Ben then has 600 and not 900, and cannot send 700.
    assert_eq!(slower.transfers.refused.by_rule["economy.not_enough"], 1);
}

#[test]
fn given_looser_rules_then_what_was_refused_is_newly_allowed_and_has_its_consequences() {
    let mut past = Past::default().did(grant(ANN, 2_000));
    assert!(!past.tries(&transfer(ANN, BEN, 1_500, noon())), "the most is 1,000");
    let past = past.did(transfer(ANN, CAY, 700, noon()));
    let outcome = past.under(&["max_transfer=1500"]).unwrap();
    let allowed = &outcome.transfers.newly_allowed;
    assert_eq!((allowed.of, allowed.count, allowed.amount), (1, 1, Bytes(1_500)));
    let first = &allowed.examples[0];
    assert_eq!((first.from, first.to, first.amount), (ANN, BEN, Bytes(1_500)));
    // After that Ann has to wait, and has not enough besides.
    assert_eq!(outcome.transfers.refused.by_rule["economy.cooldown"], 1);
    assert_eq!(outcome.supply, pair(2_000, 2_000));
    assert_eq!(outcome.most_changed[0].balance, pair(0, 1_500));
    assert_eq!(past.under(&["max_transfer=1499"]).unwrap().transfers.newly_allowed.count, 0);
}

#[test]
fn given_a_purchase_that_would_not_have_been_made_then_its_refund_is_not_either() {
    let past = Past::default()
        .did(message(ANN, noon_of("2026-11-01")))
        .did(spend(1, ANN, 8))
        .did(refund(1));
    let outcome = past.under(&["daily.amount=5"]).unwrap();
    assert_eq!(outcome.supply, pair(10, 5));
    assert_eq!(outcome.refused["spends"].count, 1);
    assert!(outcome.facts_lacking.iter().any(|fact| fact.starts_with("1 purchases")));
}

#[test]
fn given_another_starting_balance_then_every_account_opens_with_it() {
    let past = Past::default().did(grant(ANN, 10)).did(transfer(ANN, BEN, 5, noon()));
    let outcome = past.under(&["starting_balance=100"]).unwrap();
    assert_eq!(outcome.starting_balances, pair(0, 200));
    assert_eq!(outcome.supply, pair(10, 210));
    assert_eq!(outcome.most_changed.len(), 2);
}

#[test]
fn given_changes_that_cannot_be_then_the_answer_says_what_can() {
    let past = Past::default().did(grant(ANN, 10));
    for (change, words) in [
        ("daily.amount", "name=value"),
        ("daily.amount=many", "whole number"),
        ("daily.amount=-1", "use 0 to 1,000,000"),
        ("max_transfer=0", "use 1 to"),
        ("transfer_cooldown_secs=99999999999", "whole number"),
        ("transfer_cooldown_secs=9999999", "use 0s to 30d"),
        ("daily.mode=sometimes", "automatic, command or off"),
        ("currency=gold", "cannot be asked about; what can: daily.amount"),
        ("tiers=[", "EOF"),
        ("tiers.CHAR.colour=3", "cannot be asked about"),
        ("tiers.CHAR.multiplier=5000", "no community could save this"),
        ("tiers.CHAR.from_days=99", "order them by days"),
    ] {
        let error = past.under(&[change]).unwrap_err().to_string();
        assert!(error.contains(words), "{change}: {error}");
    }
    let twice = past.under(&["daily.amount=1", "daily_amount=2"]).unwrap_err().to_string();
    assert!(twice.contains("twice"), "{twice}");
    let outcome = past.under(&["tiers.NONE.multiplier=5"]).unwrap();
    assert!(outcome.facts_lacking.iter().any(|fact| fact.contains("no tier NONE")));
}
