//! What was measured beside what is asked for.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use crate::cli::print::grouped;

/// Every measurement by its name, one value a round.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<String, Vec<f64>>);

impl Samples {
    pub fn add(&mut self, name: &str, value: f64) {
        self.0.entry(name.to_owned()).or_default().push(value);
    }

    fn median(&self, name: &str) -> Option<f64> {
        let mut values = self.0.get(name)?.clone();
        values.sort_by(f64::total_cmp);
        let upper = values.len() / 2;
        let lower = (values.len() - 1) / 2;
        Some(f64::midpoint(values[lower], values[upper]))
    }
}

/// What a measurement must come to.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// So many times as much as the other.
    Ratio(f64),
    AtLeast(f64),
    AtMost(f64),
    /// Only to be known.
    None,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Table {
    rows: Vec<Row>,
    met: usize,
    below: usize,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    what: &'static str,
    unit: &'static str,
    value: f64,
    compared_with: Option<&'static str>,
    theirs: Option<f64>,
    ratio: Option<f64>,
    target: String,
    /// Nothing where nothing is asked.
    met: Option<bool>,
}

/// What is measured, its unit and sample; what it is compared with, and that one's sample.
type Line =
    (&'static str, &'static str, &'static str, Option<(&'static str, &'static str)>, Target);

const COMMANDS: &str = "commands/s";
const EVENTS: &str = "events/s";
const STOCK_PG: &str = "postgres-es";
const STOCK_LITE: &str = "sqlite-es, no sync";
const HAND: &str = "by hand, batches of 1,000";
const BARE: &str = "bare insert + commit";

/// The figures of the kernel's issue.
#[rustfmt::skip]
const LINES: &[Line] = &[
    ("PostgreSQL, 64 clients, 10,000 aggregates", COMMANDS, "postgres 64 10000", Some((STOCK_PG, "stock postgres 64 10000")), Target::Ratio(10.0)),
    ("PostgreSQL, 64 clients, one hot aggregate", COMMANDS, "postgres 64 1", Some((STOCK_PG, "stock postgres 64 1")), Target::Ratio(10.0)),
    ("PostgreSQL, 1 client, 10,000 aggregates", COMMANDS, "postgres 1 10000", Some((STOCK_PG, "stock postgres 1 10000")), Target::Ratio(1.3)),
    ("PostgreSQL, 1 client, one aggregate", COMMANDS, "postgres 1 1", Some((STOCK_PG, "stock postgres 1 1")), Target::Ratio(1.3)),
    ("SQLite, 64 clients, 10,000 aggregates", COMMANDS, "sqlite 64 10000", Some((STOCK_LITE, "stock sqlite 64 10000")), Target::Ratio(10.0)),
    ("SQLite, 64 clients, 10,000 aggregates", COMMANDS, "sqlite 64 10000", Some(("our PostgreSQL", "postgres 64 10000")), Target::Ratio(1.0)),
    ("SQLite, 64 clients, one hot aggregate", COMMANDS, "sqlite 64 1", Some((STOCK_LITE, "stock sqlite 64 1")), Target::Ratio(10.0)),
    ("SQLite, 64 clients, one hot aggregate", COMMANDS, "sqlite 64 1", Some(("our PostgreSQL", "postgres 64 1")), Target::Ratio(1.0)),
    ("SQLite, 1 client, one aggregate", COMMANDS, "sqlite 1 1", Some((BARE, "bare 1")), Target::Ratio(1.0 / 1.3)),
    ("SQLite, 1 client, 10,000 aggregates", COMMANDS, "sqlite 1 10000", Some((BARE, "bare 10000")), Target::None),
    ("SQLite, 1 client, 10,000 aggregates", COMMANDS, "sqlite 1 10000", Some((STOCK_LITE, "stock sqlite 1 10000")), Target::None),
    ("PostgreSQL with sealed reasons, 64 clients", COMMANDS, "postgres sealed", Some(("without", "postgres 64 10000")), Target::None),
    ("SQLite with sealed reasons, 64 clients", COMMANDS, "sqlite sealed", Some(("without", "sqlite 64 10000")), Target::None),
    ("PostgreSQL, 99 of 100 commands within", "ms", "postgres 64 10000 p99", None, Target::None),
    ("SQLite, 99 of 100 commands within", "ms", "sqlite 64 10000 p99", None, Target::None),
    ("PostgreSQL, rebuild of the balances", EVENTS, "postgres rebuild", None, Target::AtLeast(200_000.0)),
    ("PostgreSQL, rebuild of the balances", EVENTS, "postgres rebuild", Some((HAND, "postgres by hand")), Target::Ratio(0.6)),
    ("PostgreSQL, rebuild of the balances", EVENTS, "postgres rebuild", Some((STOCK_PG, "stock postgres rebuild")), Target::None),
    ("SQLite, rebuild of the balances", EVENTS, "sqlite rebuild", None, Target::AtLeast(200_000.0)),
    ("SQLite, rebuild of the balances", EVENTS, "sqlite rebuild", Some((HAND, "sqlite by hand")), Target::Ratio(0.6)),
    ("SQLite, rebuild of the balances", EVENTS, "sqlite rebuild", Some((STOCK_LITE, "stock sqlite rebuild")), Target::None),
    ("Memory of the idle process", "MB", "idle memory", None, Target::AtMost(40.0)),
];

impl Table {
    /// Rows of what was measured; what was not is left out.
    pub fn of(samples: &Samples) -> Self {
        let rows: Vec<_> = LINES.iter().filter_map(|line| Row::of(line, samples)).collect();
        let count = |met| rows.iter().filter(|row| row.met == Some(met)).count();
        let (met, below) = (count(true), count(false));
        Self { rows, met, below }
    }

    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| Measured | Median | Compared with | Median | Ratio | Asked for | |\n\
             |---|---:|---|---:|---:|---|---|\n",
        );
        for row in &self.rows {
            let verdict = row.met.map_or("", |met| if met { "PASS" } else { "below" });
            let theirs = row.theirs.map(shown).unwrap_or_default();
            let ratio = row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "| {} | {} {} | {} | {theirs} | {ratio} | {} | {verdict} |",
                row.what,
                shown(row.value),
                row.unit,
                row.compared_with.unwrap_or_default(),
                row.target,
            );
        }
        let _ = write!(text, "\n{} of {} figures reached", self.met, self.met + self.below);
        text
    }
}

impl Row {
    fn of(line: &Line, samples: &Samples) -> Option<Self> {
        let (what, unit, sample, other, target) = *line;
        let value = samples.median(sample)?;
        let theirs = match other {
            Some((_, sample)) => Some(samples.median(sample)?),
            None => None,
        };
        let ratio = theirs.map(|theirs| value / theirs);
        let (target, met) = match target {
            Target::Ratio(least) => (format!("≥ {least:.2}×"), ratio.map(|ratio| ratio >= least)),
            Target::AtLeast(least) => (format!("≥ {}", shown(least)), Some(value >= least)),
            Target::AtMost(most) => (format!("≤ {}", shown(most)), Some(value <= most)),
            Target::None => (String::new(), None),
        };
        let compared_with = other.map(|(name, _)| name);
        Some(Self { what, unit, value, compared_with, theirs, ratio, target, met })
    }
}

/// Whole numbers where they are large.
#[expect(clippy::cast_possible_truncation, reason = "rounded first, and small enough")]
fn shown(number: f64) -> String {
    if number < 100.0 { format!("{number:.1}") } else { grouped(number.round() as i64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_compared_and_judged() {
        let mut samples = Samples::default();
        for value in [50_000.0, 10.0, 40_000.0] {
            samples.add("postgres 64 10000", value);
        }
        samples.add("stock postgres 64 10000", 4_001.0);
        samples.add("idle memory", 25.0);
        let table = Table::of(&samples);
        assert_eq!((table.met, table.below), (1, 1));
        let text = table.markdown();
        assert!(
            text.contains("| 40,000 commands/s | postgres-es | 4,001 | 10.00 | ≥ 10.00× | below |")
        );
        assert!(text.contains("| 25.0 MB |  |  |  | ≤ 40.0 | PASS |"), "{text}");
    }

    #[test]
    fn the_middle_of_two_is_between_them() {
        let mut samples = Samples::default();
        samples.add("a", 1.0);
        samples.add("a", 2.0);
        assert_eq!(samples.median("a"), Some(1.5));
        assert_eq!(samples.median("b"), None);
    }
}
