//! Squads: every move has one end, was paid for as it ended, and the roles have followed.

use std::collections::{BTreeMap, HashMap};

use domain::{
    Decider as _, PersonId, RoleId,
    squads::{Event, Squads, State},
};
use simulator::Id;
use uuid::Uuid;

use super::{
    super::{Report, record::Deed},
    Ground, Made,
    money::{self, Spend},
};

/// How often each step of a move is there.
#[derive(Clone, Debug, Default)]
struct Move {
    begun: usize,
    refused: usize,
    joined: usize,
    given: usize,
    undone: usize,
}

#[derive(Default)]
pub(super) struct Books {
    state: State,
    moves: BTreeMap<Uuid, Move>,
    /// How often somebody was given a squad's role.
    given: HashMap<(PersonId, RoleId), usize>,
    roles: Vec<RoleId>,
}

impl Books {
    pub fn enter(&mut self, event: &Event) -> Option<Made> {
        Squads::evolve(&mut self.state, event);
        let moves = &mut self.moves;
        match *event {
            Event::Created { role, .. } => self.roles.push(role),
            Event::MoveBegun { person, id, .. } => {
                moves.entry(id.0).or_default().begun += 1;
                return Some(Made::of(Deed::Move, person));
            }
            Event::MoveRefused { id, .. } => moves.entry(id.0).or_default().refused += 1,
            Event::Joined { person, id, .. } => {
                moves.entry(id.0).or_default().joined += 1;
                return Some(Made::of(Deed::Move, person));
            }
            Event::RoleGiven { person, id, squad, .. } => {
                moves.entry(id.0).or_default().given += 1;
                if let Some(squad) = self.state.squad(squad) {
                    *self.given.entry((person, squad.role)).or_default() += 1;
                }
            }
            Event::MoveUndone { id, .. } => moves.entry(id.0).or_default().undone += 1,
            _ => {}
        }
        None
    }

    pub fn audit(&self, money: &money::Books, ground: &Ground<'_>, report: &mut Report) {
        report.moves = self.moves.len() as u64;
        for (id, one) in &self.moves {
            report.once(one.refused + one.joined, || format!("what came of move {id}: {one:?}"));
            if one.joined > 0 {
                report.once(one.given + one.undone, || format!("the end of move {id}: {one:?}"));
            }
            let spend = money.spends.get(id).cloned().unwrap_or_default();
            let paid = usize::from(one.begun > 0 && one.joined > 0);
            let right = Spend {
                paid: if one.refused > 0 { spend.paid.min(1) } else { paid },
                settled: paid * one.given,
                refunded: if one.refused > 0 { spend.paid.min(1) } else { paid * one.undone },
            };
            if spend != right {
                report.untrue(|| format!("move {id} ended as {one:?} and was paid as {spend:?}"));
            }
        }
        for id in money.spends.keys().filter(|id| !self.moves.contains_key(id)) {
            report.doubled(|| format!("{id} was paid, and no such move is there"));
        }
        self.roles(ground, report);
    }

    /// Everybody has the role of their squad and no other, and was given each as often as told.
    fn roles(&self, ground: &Ground<'_>, report: &mut Report) {
        for (person, user) in &ground.users {
            if !ground.is_member(*user) {
                continue;
            }
            let squad = self.state.squad_of(*person).and_then(|squad| self.state.squad(squad));
            for of in &self.roles {
                let Some(role) = Id::new(of.get()) else { continue };
                let (has, should) =
                    (ground.has_role(*user, role), squad.is_some_and(|squad| squad.role == *of));
                if has != should {
                    report.untrue(|| format!("{user} has role {role}: {has}, in it: {should}"));
                }
                let told = self.given.get(&(*person, *of)).copied().unwrap_or_default();
                let (given, taken) =
                    (ground.changes(*user, role, "$add"), ground.changes(*user, role, "$remove"));
                report.as_often(given, told, || format!("role {role} was given to {user}"));
                let left = told.saturating_sub(usize::from(has));
                report.as_often(taken, left, || format!("role {role} was taken from {user}"));
            }
        }
    }
}
