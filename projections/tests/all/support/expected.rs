//! What the read models must show, computed from the log's JSON and from nothing that the read
//! models are made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use eventlog::{Position, Slice};
use serde_json::Value;

use super::House;

type Member = (i64, i64);

/// Balance, received, sent, earned.
pub type BalanceLine = (i64, i64, i64, i64);

/// Kind, giver, receiver, amount, moment in microseconds.
pub type Movement = (String, Option<i64>, Option<i64>, i64, i64);

#[derive(Default)]
pub struct Expected {
    pub balances: BTreeMap<Member, BalanceLine>,
    /// By guild, days since 1970 of the week's Monday, and person.
    pub weekly: BTreeMap<(i64, i64, i64), i64>,
    /// By guild and sequence.
    pub transactions: BTreeMap<(i64, i64), Movement>,
}

impl Expected {
    pub async fn of(house: &House) -> Self {
        let mut expected = Self::default();
        let mut after = Position::START;
        loop {
            let page = house.log.read_all(after, 5_000, Slice::ALL).await.unwrap();
            for event in &page.events {
                let payload: Value = serde_json::from_str(&event.payload).unwrap();
                let seq = i64::try_from(event.guild_seq).unwrap();
                expected.take(event.guild().as_i64(), seq, event.at.as_micros(), &payload);
            }
            if page.up_to == after {
                return expected;
            }
            after = page.up_to;
        }
    }

    /// That the read models show this.
    pub fn assert_shown(&self, shown: &Self, when: &str) {
        let difference = first_difference(&self.balances, &shown.balances)
            .or_else(|| first_difference(&self.weekly, &shown.weekly))
            .or_else(|| first_difference(&self.transactions, &shown.transactions));
        assert_eq!(difference, None, "{when}: expected, then shown");
    }

    fn take(&mut self, guild: i64, seq: i64, at: i64, payload: &Value) {
        let Some((kind, body)) = payload.as_object().and_then(|o| o.iter().next()) else { return };
        let number = |field: &str| match &body[field] {
            Value::String(text) => text.parse().unwrap(),
            other => other.as_i64().unwrap_or_default(),
        };
        let who = |field: &str| body.get(field).and_then(Value::as_i64);
        let amount = number("amount") + number("starting");
        let (name, giver, receiver, day) = match kind.as_str() {
            "account_opened" => ("start", None, who("person"), Some(day_of(at))),
            "bytes_granted" => ("grant", None, who("to"), Some(day_of(at))),
            "bytes_taken" => ("take", who("from"), None, None),
            "bytes_transferred" => {
                let at = body["at"].as_str().unwrap();
                ("transfer", who("from"), who("to"), Some(day_of(micros(at))))
            }
            "daily_awarded" => {
                let day = body["day"].as_str().unwrap();
                ("daily", None, who("to"), Some(day_of(micros(&format!("{day}T00:00:00Z")))))
            }
            "bytes_spent" => ("spend", who("from"), None, None),
            "spend_refunded" => ("refund", None, who("to"), None),
            _ => return,
        };
        if kind != "account_opened" || amount > 0 {
            self.transactions.insert((guild, seq), (name.to_owned(), giver, receiver, amount, at));
        }
        if let (Some(day), Some(person)) = (day, receiver)
            && amount != 0
        {
            let monday = day - (day - 4).rem_euclid(7); // the fifth of January 1970 was a Monday
            *self.weekly.entry((guild, monday, person)).or_default() += amount;
        }
        let between = name == "transfer";
        if let Some(giver) = giver {
            let line = self.balances.entry((guild, giver)).or_default();
            line.0 -= amount;
            line.2 += if between { amount } else { 0 };
        }
        if let Some(receiver) = receiver {
            let line = self.balances.entry((guild, receiver)).or_default();
            line.0 += amount;
            line.1 += if between { amount } else { 0 };
            line.3 += if between || name == "refund" { 0 } else { amount };
        }
    }
}

fn first_difference<K: Ord + Debug, V: PartialEq + Debug>(
    expected: &BTreeMap<K, V>,
    shown: &BTreeMap<K, V>,
) -> Option<String> {
    let keys: BTreeSet<_> = expected.keys().chain(shown.keys()).collect();
    let differs = keys.into_iter().find(|key| expected.get(key) != shown.get(key));
    differs.map(|key| format!("{key:?}: {:?}, {:?}", expected.get(key), shown.get(key)))
}

impl House {
    /// What the read models do show.
    pub async fn shown(&self) -> Expected {
        let int = |row: &eventlog::sql::Row, column| row.int(column).unwrap();
        let balances = self.shown_balances().await;
        let weekly = self
            .rows("SELECT guild, week, person, gained FROM weekly_gains")
            .await
            .iter()
            .map(|r| ((int(r, 0), int(r, 1), int(r, 2)), int(r, 3)))
            .collect();
        let transactions = self.shown_transactions().await;
        Expected { balances, weekly, transactions }
    }

    pub async fn shown_balances(&self) -> BTreeMap<Member, BalanceLine> {
        let int = |row: &eventlog::sql::Row, column| row.int(column).unwrap();
        self.rows("SELECT guild, person, balance, received, sent, earned FROM balances")
            .await
            .iter()
            .map(|r| ((int(r, 0), int(r, 1)), (int(r, 2), int(r, 3), int(r, 4), int(r, 5))))
            .collect()
    }

    pub async fn shown_transactions(&self) -> BTreeMap<(i64, i64), Movement> {
        let int = |row: &eventlog::sql::Row, column| row.int(column).unwrap();
        self.rows("SELECT guild, seq, kind, giver, receiver, amount, at FROM transactions")
            .await
            .iter()
            .map(|r| {
                let (giver, receiver) = (r.opt_int(3).unwrap(), r.opt_int(4).unwrap());
                let kind = r.text(2).unwrap().to_owned();
                ((int(r, 0), int(r, 1)), (kind, giver, receiver, int(r, 5), int(r, 6)))
            })
            .collect()
    }
}

const fn day_of(micros: i64) -> i64 {
    micros.div_euclid(86_400_000_000)
}

fn micros(moment: &str) -> i64 {
    moment.parse::<domain::Timestamp>().unwrap().as_micros()
}
