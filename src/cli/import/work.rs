//! Row by row through the action: what became of each.

use std::collections::{HashMap, HashSet};

use actions::{
    ActionError, Actions, Caller,
    economy::Moved,
    import::{Movement, Rehearsal},
};
use domain::{Bytes, GuildId, UserId};
use serde::Serialize;
use tokio::{sync::mpsc, task::JoinSet};

use crate::cli::{
    error::CliError,
    print::{Print, count_bar},
};

/// Rows under way at a time. Never two of one member: those keep their order.
const UNDER_WAY: usize = 256;
/// No source may have more rows.
pub(super) const MAX_ROWS: u64 = 50_000_000;
/// Problems that are named; the others are counted.
pub(super) const NAMED: usize = 1_000;

/// A row that was read.
#[derive(Debug)]
pub(super) struct Row {
    /// Where a person finds it: `line 12`, `row 7`.
    pub place: String,
    pub read: Read,
}

#[derive(Debug)]
pub(super) enum Read {
    Movement(GuildId, Movement),
    /// There is nothing in it to move.
    Empty,
    Bad(String),
}

/// Rows as they are read; an error ends them.
pub(super) type Rows = mpsc::Receiver<Result<Row, CliError>>;

#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub dry_run: bool,
    pub rows: u64,
    pub imported: u64,
    /// All amounts that were imported, together.
    pub bytes: i64,
    /// Imported by an earlier run.
    pub before: u64,
    pub empty: u64,
    pub skipped: u64,
    pub reasons_cut: u64,
    pub problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
pub(super) struct Problem {
    pub row: String,
    pub reason: String,
}

#[derive(Debug)]
pub(super) struct Work {
    actions: Actions,
    print: Print,
    report: Report,
    rehearsals: HashMap<GuildId, Rehearsal>,
    under_way: JoinSet<Done>,
    /// Members of whom a row is under way.
    busy: HashSet<(GuildId, UserId)>,
}

#[derive(Debug)]
struct Done {
    place: String,
    guild: GuildId,
    movement: Movement,
    outcome: Result<Moved, ActionError>,
}

impl Work {
    pub fn new(actions: Actions, dry_run: bool, print: Print) -> Self {
        Self {
            actions,
            print,
            report: Report { dry_run, ..Report::default() },
            rehearsals: HashMap::new(),
            under_way: JoinSet::new(),
            busy: HashSet::new(),
        }
    }

    pub async fn all(&mut self, mut rows: Rows) -> Result<Report, CliError> {
        let bar = count_bar(self.print);
        while let Some(row) = rows.recv().await {
            let Row { place, read } = row?;
            self.report.rows += 1;
            bar.set_position(self.report.rows);
            match read {
                Read::Empty => self.report.empty += 1,
                Read::Bad(reason) => self.skip(place, reason),
                Read::Movement(guild, movement) if self.report.dry_run => {
                    self.rehearse(place, guild, movement).await?;
                }
                Read::Movement(guild, movement) => self.begin(place, guild, movement).await?,
            }
        }
        while self.settle().await? {}
        bar.finish_and_clear();
        Ok(std::mem::take(&mut self.report))
    }

    async fn rehearse(
        &mut self,
        place: String,
        guild: GuildId,
        mut movement: Movement,
    ) -> Result<(), CliError> {
        self.report.reasons_cut += u64::from(movement.cut_reason());
        if !self.rehearsals.contains_key(&guild) {
            let begun = self.actions.rehearse_import(guild, &Caller::import()).await?;
            self.rehearsals.insert(guild, begun);
        }
        let Some(rehearsal) = self.rehearsals.get_mut(&guild) else { return Ok(()) };
        let outcome = rehearsal.import(&self.actions, &movement).await;
        self.count(Done { place, guild, movement, outcome })
    }

    async fn begin(
        &mut self,
        place: String,
        guild: GuildId,
        mut movement: Movement,
    ) -> Result<(), CliError> {
        self.report.reasons_cut += u64::from(movement.cut_reason());
        let members: Vec<_> = movement.what.members().map(|member| (guild, member)).collect();
        while self.under_way.len() >= UNDER_WAY
            || members.iter().any(|member| self.busy.contains(member))
        {
            self.settle().await?;
        }
        self.busy.extend(members);
        let actions = self.actions.clone();
        self.under_way.spawn(async move {
            let outcome = actions.import_movement(guild, &Caller::import(), &movement).await;
            Done { place, guild, movement, outcome }
        });
        Ok(())
    }

    /// Waits for one of those under way; false where there is none.
    async fn settle(&mut self) -> Result<bool, CliError> {
        let Some(done) = self.under_way.join_next().await else { return Ok(false) };
        let done = done.map_err(|error| CliError::Fault(error.to_string()))?;
        for member in done.movement.what.members() {
            self.busy.remove(&(done.guild, member));
        }
        self.count(done).map(|()| true)
    }

    fn count(&mut self, done: Done) -> Result<(), CliError> {
        let Done { place, movement, outcome, .. } = done;
        match outcome {
            Ok(Moved { amount, repeated: true }) if amount != movement.amount => {
                let Bytes(amount) = amount;
                self.skip(place, format!("it was imported before with the amount {amount}"));
            }
            Ok(Moved { repeated: true, .. }) => self.report.before += 1,
            Ok(Moved { amount, .. }) => {
                self.report.imported += 1;
                self.report.bytes = self.report.bytes.saturating_add(amount.0);
            }
            Err(ActionError::Refused { text, .. } | ActionError::BadInput(text)) => {
                self.skip(place, text);
            }
            Err(fault) => return Err(fault.into()),
        }
        Ok(())
    }

    fn skip(&mut self, row: String, reason: String) {
        self.report.skipped += 1;
        if self.report.problems.len() < NAMED {
            self.report.problems.push(Problem { row, reason });
        }
    }
}
