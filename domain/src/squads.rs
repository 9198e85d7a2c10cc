//! A guild's squads: teams bound to a role, of which a member is in one at most.
//!
//! Rules:
//! - A squad has a name and a role that no other squad has. An inactive one cannot be joined; its
//!   members stay. Its role changes only while it has no members.
//! - A member is in one squad at most. The first join is free. Every later one costs, whether it is
//!   a switch or comes after leaving: or leaving first would be the free way to switch.
//! - Whoever has less than the minimum balance neither joins nor leaves.
//! - A move that costs is paid first, then made. Not paid, or the squad gone meanwhile: it is
//!   refused. It is made in full once Discord gave the role; when Discord will not, the member is
//!   back where they were, and what they paid is owed to them.
//! - One move of a member at a time. What is told of a move that is not open changes nothing.
//! - A role that somebody carries without being in its squad, or lacks although they are, can be
//!   repaired, of [`MAX_REPAIRED`] members at a time. Whose move is under way is left alone.
//! - Deleting a squad lets its members go, [`MAX_RELEASED`] at a time; their next join is free.
//!
//! Memory: at most [`MAX_BYTES_PER_MEMBER`] for each member who ever joined, at 100,000 of them.

mod events;
mod refusal;
mod settings;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use events::Event;
pub use refusal::Refusal;
pub use settings::SquadSettings;

use crate::{Bytes, Decider, PersonId, RoleId, Timestamp, Weigh, settings::InForce};

/// As many as one message has room for buttons.
pub const MAX_SQUADS: usize = 25;
pub const MAX_NAME_CHARS: usize = 32;
pub const MAX_DESCRIPTION_CHARS: usize = 200;
/// Moves that wait for the ledger or for Discord; whoever carries them on is behind if there are
/// more.
pub const MAX_OPEN_MOVES: usize = 10_000;
pub const MAX_RELEASED: usize = 200;
/// In one repair.
pub const MAX_REPAIRED: usize = 200;
pub const MAX_BYTES_PER_MEMBER: usize = 64;

#[derive(Debug)]
pub struct Squads;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    squads: BTreeMap<SquadId, Squad>,
    /// The last number given.
    last: u32,
    /// Whoever ever joined one, and was not let go since.
    members: HashMap<PersonId, Member>,
    moves: HashMap<PersonId, Move>,
    /// Deleted, and some members may still carry its role.
    releasing: BTreeMap<SquadId, RoleId>,
}

/// A squad's number inside one guild.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SquadId(pub u32);

/// One move of a member, and the spend that pays for it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct MoveId(#[schemars(with = "String")] pub Uuid);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Squad {
    pub name: String,
    pub description: String,
    pub role: RoleId,
    pub active: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// None: they left, and are in none.
    pub squad: Option<SquadId>,
    pub since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Move {
    id: MoveId,
    to: SquadId,
    cost: Bytes,
    /// The role that goes when the new one is there.
    former: Option<RoleId>,
    /// How it was, to go back to.
    before: Option<Member>,
    joined: bool,
}

/// How far a member's last move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It waits for the ledger.
    Begun,
    /// They are in; the role is on its way.
    Joined,
    /// There is no such move, or nothing of it is open.
    Over,
}

/// The guild's settings as the decision found them.
pub type Terms = Arc<InForce<SquadSettings>>;

/// A role that somebody should have, or should not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owed {
    pub person: PersonId,
    pub role: RoleId,
}

/// What is to change of a squad; none: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub name: Option<String>,
    pub description: Option<String>,
    pub role: Option<RoleId>,
    pub active: Option<bool>,
}

/// Why a move was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unmoved {
    /// The balance was gone when it was to be paid.
    NotPaid,
    /// The squad was deleted or closed.
    SquadGone,
}

/// Why Discord did not give the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    MemberGone,
    RoleGone,
    NotAllowed,
    Unavailable,
}

#[derive(Clone, Debug)]
pub enum Command {
    Create {
        name: String,
        description: String,
        role: RoleId,
        by: PersonId,
        at: Timestamp,
    },
    Edit {
        squad: SquadId,
        change: Change,
        by: PersonId,
        at: Timestamp,
    },
    Delete {
        squad: SquadId,
        by: PersonId,
        at: Timestamp,
    },
    /// Lets the next members of a deleted squad go.
    Release {
        squad: SquadId,
        at: Timestamp,
    },
    Join(Join),
    /// The ledger took what the move costs, or would not.
    Paid {
        person: PersonId,
        id: MoveId,
        paid: bool,
        at: Timestamp,
    },
    /// What became of the role.
    NoteRole {
        person: PersonId,
        id: MoveId,
        given: Result<(), Failure>,
        at: Timestamp,
    },
    /// Members who lack their squad's role, and roles of squads that somebody carries who is not in.
    Repair {
        give: Vec<PersonId>,
        take: Vec<Owed>,
        by: PersonId,
        at: Timestamp,
    },
    Leave {
        person: PersonId,
        balance: Bytes,
        terms: Terms,
        at: Timestamp,
    },
}

/// A member asks to be in this squad, with what the ledger says of them.
#[derive(Clone, Debug)]
pub struct Join {
    pub person: PersonId,
    pub to: SquadId,
    pub id: MoveId,
    pub balance: Bytes,
    /// What the member was told it costs: never more is taken.
    pub agreed: Bytes,
    pub terms: Terms,
    pub at: Timestamp,
}

impl Decider for Squads {
    const CAPABILITY: &'static str = "squads";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Create { name, description, role, by, at } => {
                let (name, description) = (name.clone(), description.clone());
                let new = Squad { name, description, role: *role, active: true };
                if state.squads.len() >= MAX_SQUADS {
                    return Err(Refusal::TooManySquads);
                }
                let squad = SquadId(state.last.saturating_add(1));
                state.check(squad, &new)?;
                let Squad { name, description, role, .. } = new;
                Some(Event::Created { squad, name, description, role, by: *by, at: *at })
            }
            Command::Edit { squad, change, by, at } => state.edit(*squad, change, *by, *at)?,
            Command::Delete { squad, by, at } => {
                let role = state.squads.get(squad).ok_or(Refusal::NoSuchSquad)?.role;
                Some(Event::Deleted { squad: *squad, role, by: *by, at: *at })
            }
            Command::Release { squad, at } => state.release(*squad, *at),
            Command::Join(join) => Some(state.join(join)?),
            Command::Paid { person, id, paid, at } => {
                state.open(*person, *id, false).map(|open| state.paid(*person, open, *paid, *at))
            }
            Command::NoteRole { person, id, given, at } => {
                state.open(*person, *id, true).map(|open| state.noted(*person, open, *given, *at))
            }
            Command::Repair { give, take, by, at } => {
                state.repair((&give[..], &take[..]), *by, *at)
            }
            Command::Leave { person, balance, terms, at } => {
                let squad = state.squad_of(*person).ok_or(Refusal::NotIn)?;
                if state.moves.contains_key(person) {
                    return Err(Refusal::UnderWay);
                }
                check_minimum(terms, *balance)?;
                let role = state.squads.get(&squad).ok_or(Refusal::NotIn)?.role;
                Some(Event::Left { person: *person, squad, role, at: *at })
            }
        };
        Ok(event.into_iter().collect())
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Created { squad, name, description, role, .. } => {
                let (name, description) = (name.clone(), description.clone());
                let new = Squad { name, description, role: *role, active: true };
                state.squads.insert(*squad, new);
                state.last = squad.0;
            }
            Event::Edited { squad, name, description, role, active, .. } => {
                let (name, description) = (name.clone(), description.clone());
                let edited = Squad { name, description, role: *role, active: *active };
                state.squads.insert(*squad, edited);
            }
            Event::Deleted { squad, role, .. } => {
                state.squads.remove(squad);
                state.releasing.insert(*squad, *role);
            }
            Event::Released { squad, people, more, .. } => {
                for person in people {
                    state.members.remove(person);
                }
                if !more {
                    state.releasing.remove(squad);
                }
            }
            Event::MoveBegun { person, id, to, cost, .. } => {
                let begun = state.new_move(*person, *id, *to, *cost);
                state.moves.insert(*person, begun);
            }
            Event::MoveRefused { person, .. } | Event::RoleGiven { person, .. } => {
                state.moves.remove(person);
            }
            Event::Joined { person, id, squad, cost, at, .. } => {
                let joined = Move { joined: true, ..state.new_move(*person, *id, *squad, *cost) };
                state.moves.insert(*person, joined);
                let member = Member { squad: Some(*squad), since: *at };
                state.members.insert(*person, member);
            }
            Event::MoveUndone { person, back, .. } => {
                let before = state.moves.remove(person).and_then(|undone| undone.before);
                match before.filter(|before| before.squad == *back) {
                    Some(before) => drop(state.members.insert(*person, before)),
                    None => drop(state.members.remove(person)),
                }
            }
            Event::Left { person, at, .. } => {
                state.members.insert(*person, Member { squad: None, since: *at });
            }
            // Who is in which squad was right before.
            Event::RolesRepaired { .. } => {}
        }
    }
}

impl State {
    pub fn squads(&self) -> impl Iterator<Item = (SquadId, &Squad)> {
        self.squads.iter().map(|(id, squad)| (*id, squad))
    }

    pub fn squad(&self, squad: SquadId) -> Option<&Squad> {
        self.squads.get(&squad)
    }

    /// None for who never joined one, or was let go.
    pub fn member(&self, person: PersonId) -> Option<Member> {
        self.members.get(&person).copied()
    }

    pub fn squad_of(&self, person: PersonId) -> Option<SquadId> {
        self.member(person)?.squad
    }

    /// What joining any squad would cost this member now.
    pub fn cost(&self, person: PersonId, settings: &SquadSettings) -> Bytes {
        if self.members.contains_key(&person) { settings.switch_cost } else { Bytes::ZERO }
    }

    pub fn progress(&self, person: PersonId, id: MoveId) -> Progress {
        match self.moves.get(&person).filter(|open| open.id == id) {
            None => Progress::Over,
            Some(open) if open.joined => Progress::Joined,
            Some(_) => Progress::Begun,
        }
    }

    fn open(&self, person: PersonId, id: MoveId, joined: bool) -> Option<&Move> {
        self.moves.get(&person).filter(|open| open.id == id && open.joined == joined)
    }

    fn check(&self, squad: SquadId, new: &Squad) -> Result<(), Refusal> {
        let fits = |text: &str, most| {
            text.chars().count() <= most
                && text.trim() == text
                && !text.chars().any(char::is_control)
        };
        if new.name.is_empty() || !fits(&new.name, MAX_NAME_CHARS) {
            return Err(Refusal::NameInvalid);
        }
        if !fits(&new.description, MAX_DESCRIPTION_CHARS) {
            return Err(Refusal::DescriptionInvalid);
        }
        let name = new.name.to_lowercase();
        let mut others = self.squads.iter().filter(|(id, _)| **id != squad);
        if others.clone().any(|(_, other)| other.name.to_lowercase() == name) {
            return Err(Refusal::NameTaken);
        }
        let bound = others.any(|(_, other)| other.role == new.role);
        if bound || self.releasing.values().any(|role| *role == new.role) {
            return Err(Refusal::RoleTaken);
        }
        Ok(())
    }

    fn edit(
        &self,
        squad: SquadId,
        change: &Change,
        by: PersonId,
        at: Timestamp,
    ) -> Result<Option<Event>, Refusal> {
        let was = self.squads.get(&squad).ok_or(Refusal::NoSuchSquad)?;
        let change = change.clone();
        let new = Squad {
            name: change.name.unwrap_or_else(|| was.name.clone()),
            description: change.description.unwrap_or_else(|| was.description.clone()),
            role: change.role.unwrap_or(was.role),
            active: change.active.unwrap_or(was.active),
        };
        if new == *was {
            return Ok(None);
        }
        self.check(squad, &new)?;
        let moving = self.moves.values().any(|open| open.to == squad);
        if new.role != was.role && (moving || self.members_of(squad).next().is_some()) {
            return Err(Refusal::HasMembers);
        }
        let Squad { name, description, role, active } = new;
        Ok(Some(Event::Edited { squad, name, description, role, active, by, at }))
    }

    fn members_of(&self, squad: SquadId) -> impl Iterator<Item = PersonId> {
        let of = self.members.iter().filter(move |(_, member)| member.squad == Some(squad));
        of.map(|(person, _)| *person)
    }

    fn release(&self, squad: SquadId, at: Timestamp) -> Option<Event> {
        let role = *self.releasing.get(&squad)?;
        let mut people: Vec<_> = self.members_of(squad).collect();
        people.sort_unstable();
        let more = people.len() > MAX_RELEASED;
        people.truncate(MAX_RELEASED);
        Some(Event::Released { squad, role, people, more, at })
    }

    /// Whoever is in a squad, with its role, unless a move of theirs is under way.
    pub fn settled(&self) -> impl Iterator<Item = (PersonId, RoleId)> {
        let settled = self.members.iter().filter(|(person, _)| !self.moves.contains_key(person));
        settled
            .filter_map(|(person, member)| Some((*person, self.squads.get(&member.squad?)?.role)))
    }

    /// Whether a role that somebody carries is one that they should not.
    pub fn is_strayed(&self, person: PersonId, role: RoleId) -> bool {
        let of_a_squad = self.squads.values().any(|squad| squad.role == role);
        let theirs = self.squad_of(person).and_then(|squad| self.squads.get(&squad));
        of_a_squad
            && !self.moves.contains_key(&person)
            && theirs.is_none_or(|squad| squad.role != role)
    }

    /// What of it is so when it is decided.
    fn repair(
        &self,
        (give, take): (&[PersonId], &[Owed]),
        by: PersonId,
        at: Timestamp,
    ) -> Option<Event> {
        let role_of = |person: &PersonId| {
            let squad = self.squads.get(&self.squad_of(*person)?)?;
            let owed = Owed { person: *person, role: squad.role };
            (!self.moves.contains_key(person)).then_some(owed)
        };
        let give: Vec<_> = give.iter().filter_map(role_of).take(MAX_REPAIRED).collect();
        let room = MAX_REPAIRED - give.len();
        let strayed = |owed: &&Owed| self.is_strayed(owed.person, owed.role);
        let take: Vec<_> = take.iter().filter(strayed).take(room).copied().collect();
        let nothing = give.is_empty() && take.is_empty();
        (!nothing).then_some(Event::RolesRepaired { give, take, by, at })
    }

    fn join(&self, join: &Join) -> Result<Event, Refusal> {
        let Join { person, to, id, balance, agreed, terms, at } = join;
        let squad = self.squads.get(to).ok_or(Refusal::NoSuchSquad)?;
        if !squad.active {
            return Err(Refusal::Inactive);
        }
        if self.moves.contains_key(person) {
            return Err(Refusal::UnderWay);
        }
        let from = self.squad_of(*person);
        if from == Some(*to) {
            return Err(Refusal::AlreadyIn);
        }
        check_minimum(terms, *balance)?;
        let cost = self.cost(*person, &terms.values);
        if cost > *agreed {
            return Err(Refusal::CostChanged { cost });
        }
        if *balance < cost {
            return Err(Refusal::NotEnough { cost, balance: *balance });
        }
        if self.moves.len() >= MAX_OPEN_MOVES {
            return Err(Refusal::TooManyMoves);
        }
        let (person, to, id, at) = (*person, *to, *id, *at);
        if cost.is_positive() {
            return Ok(Event::MoveBegun { person, id, from, to, cost, at });
        }
        Ok(Event::Joined { person, id, from, squad: to, role: squad.role, cost, at })
    }

    fn paid(&self, person: PersonId, open: &Move, paid: bool, at: Timestamp) -> Event {
        let id = open.id;
        let squad = self.squads.get(&open.to).filter(|squad| squad.active);
        let (Some(squad), true) = (squad, paid) else {
            let why = if paid { Unmoved::SquadGone } else { Unmoved::NotPaid };
            return Event::MoveRefused { person, id, why, at };
        };
        let (from, role, cost) = (self.squad_of(person), squad.role, open.cost);
        Event::Joined { person, id, from, squad: open.to, role, cost, at }
    }

    fn noted(
        &self,
        person: PersonId,
        open: &Move,
        given: Result<(), Failure>,
        at: Timestamp,
    ) -> Event {
        let Move { id, to, cost, former, before, .. } = *open;
        let role = self.role_of(to);
        match given {
            Ok(()) => {
                let former = former.filter(|former| role != Some(*former));
                Event::RoleGiven { person, id, squad: to, former, cost, at }
            }
            Err(why) => {
                let back = before.and_then(|before| before.squad);
                let back = back.filter(|squad| self.squads.contains_key(squad));
                Event::MoveUndone { person, id, squad: to, role, back, cost, why, at }
            }
        }
    }

    fn new_move(&self, person: PersonId, id: MoveId, to: SquadId, cost: Bytes) -> Move {
        let before = self.member(person);
        let from = before.and_then(|before| before.squad);
        let former = from.and_then(|from| self.role_of(from));
        Move { id, to, cost, former, before, joined: false }
    }

    fn role_of(&self, squad: SquadId) -> Option<RoleId> {
        let bound = self.squads.get(&squad).map(|squad| squad.role);
        bound.or_else(|| self.releasing.get(&squad).copied())
    }
}

fn check_minimum(terms: &Terms, balance: Bytes) -> Result<(), Refusal> {
    let minimum = terms.values.minimum_balance;
    if balance < minimum { Err(Refusal::BelowMinimum { minimum, balance }) } else { Ok(()) }
}

impl fmt::Display for MoveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let squad = size_of::<(SquadId, Squad)>() + MAX_NAME_CHARS + MAX_DESCRIPTION_CHARS;
        size_of::<Self>()
            + self.squads.len() * squad
            + self.members.capacity() * 8 / 7 * (size_of::<(PersonId, Member)>() + 1)
            + self.moves.capacity() * 8 / 7 * (size_of::<(PersonId, Move)>() + 1)
            + self.releasing.len() * size_of::<(SquadId, RoleId)>()
    }
}
