//! What other settings would do to members, before anybody saves them.
//!
//! Two different things change. A curve acts at once: the same experience is another level. What is
//! earned acts from then on; what it *would have done* is the earnings of late, paid again.
//!
//! Honest about what the log does not hold: which roles somebody had when they wrote, in which
//! channel they were, and what a cooldown kept from earning. [`Replayed::lacking`] says which of
//! these facts an answer lacks.

use std::collections::{BTreeMap, HashMap};

use super::{Event, FULL, LevelSettings, State};
use crate::{PersonId, RoleId, Timestamp};

/// Members who are named of each list.
pub const NAMED: usize = 5;

/// What holding the experience that members have against other settings comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Who have any experience.
    pub members: u64,
    /// Who would be at a higher level, and at a lower one.
    pub up: u64,
    pub down: u64,
    /// Whose level would change most.
    pub most: Vec<Moved>,
    /// What members would be given and lose once their level changes next.
    pub roles: Vec<RoleMoves>,
}

/// From one level, or one place, to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    pub person: PersonId,
    pub xp: u64,
    pub from: u64,
    pub to: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleMoves {
    pub role: RoleId,
    pub given: u64,
    pub taken: u64,
}

impl Outlook {
    /// Nobody would see any of it.
    pub const fn is_nothing(&self) -> bool {
        self.up == 0 && self.down == 0 && self.roles.is_empty()
    }
}

/// A curve as sums, so that many members can be looked up.
struct Ladder(Vec<u64>);

impl Ladder {
    fn of(settings: &LevelSettings) -> Self {
        let mut sum = 0_u64;
        let step = |level| {
            sum = sum.saturating_add(settings.step(level));
            sum
        };
        Self((0..LevelSettings::MAX_LEVEL).map(step).collect())
    }

    fn level(&self, xp: u64) -> u32 {
        u32::try_from(self.0.partition_point(|sum| *sum <= xp)).unwrap_or(u32::MAX)
    }
}

impl State {
    /// Everybody who has any experience, in no order.
    pub fn earners(&self) -> impl Iterator<Item = (PersonId, u64)> {
        let all = self.members.iter().map(|(person, member)| (*person, member.xp));
        all.filter(|(_, xp)| *xp > 0)
    }

    /// What `after` in the place of `before` would do to what members have now.
    pub fn outlook(&self, before: &LevelSettings, after: &LevelSettings) -> Outlook {
        let (was, is) = (Ladder::of(before), Ladder::of(after));
        let mut outlook = Outlook::default();
        let mut moved = Vec::new();
        let mut roles = Roles { before, after, known: HashMap::new(), moves: BTreeMap::new() };
        for (person, xp) in self.earners() {
            let (from, to) = (was.level(xp), is.level(xp));
            outlook.members += 1;
            outlook.up += u64::from(to > from);
            outlook.down += u64::from(to < from);
            if from != to {
                moved.push(Moved { person, xp, from: from.into(), to: to.into() });
            }
            roles.count(self, person, (from, to));
        }
        outlook.most = most(moved);
        let moves = roles.moves.into_iter();
        outlook.roles =
            moves.map(|(role, (given, taken))| RoleMoves { role, given, taken }).collect();
        outlook
    }
}

/// Those who move furthest first; who moves as far stands in order of experience.
fn most(mut moved: Vec<Moved>) -> Vec<Moved> {
    let order = |one: &Moved| {
        (std::cmp::Reverse(one.from.abs_diff(one.to)), std::cmp::Reverse(one.xp), one.person)
    };
    if moved.len() > NAMED {
        moved.select_nth_unstable_by_key(NAMED, order);
        moved.truncate(NAMED);
    }
    moved.sort_unstable_by_key(order);
    moved
}

/// Which roles would be given and taken. Many members stand at the same two levels.
struct Roles<'a> {
    before: &'a LevelSettings,
    after: &'a LevelSettings,
    known: HashMap<(u32, u32), (Vec<RoleId>, Vec<RoleId>)>,
    moves: BTreeMap<RoleId, (u64, u64)>,
}

impl Roles<'_> {
    fn count(&mut self, state: &State, person: PersonId, levels: (u32, u32)) {
        let (before, after) = (self.before, self.after);
        let differing = || differing(before, after, levels);
        let (given, taken) = self.known.entry(levels).or_insert_with(differing);
        for role in given.iter().filter(|role| !state.has(person, **role)) {
            self.moves.entry(*role).or_default().0 += 1;
        }
        for role in taken.iter().filter(|role| state.has(person, **role)) {
            self.moves.entry(*role).or_default().1 += 1;
        }
    }
}

/// What a member at these levels would be due under `after` and is not under `before`, and the
/// other way round. A role that no level brings any more is left to whoever has it.
fn differing(
    before: &LevelSettings,
    after: &LevelSettings,
    (from, to): (u32, u32),
) -> (Vec<RoleId>, Vec<RoleId>) {
    let roles = |due: Vec<(RoleId, u32)>| due.into_iter().map(|(role, _)| role).collect::<Vec<_>>();
    let (was, is) = (roles(before.due(from)), roles(after.due(to)));
    let given = is.iter().copied().filter(|role| !was.contains(role)).collect();
    let rewarded = |role: &RoleId| after.role_rewards.iter().any(|reward| reward.role == *role);
    let taken = was.into_iter().filter(|role| rewarded(role) && !is.contains(role)).collect();
    (given, taken)
}

/// What was earned of late, as it would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Since when earnings were looked at.
    pub since: Timestamp,
    /// What all earned together since then: under the settings in force, and under the others.
    pub earned: u64,
    pub would_earn: u64,
    /// Who would stand at a better place today, and at a worse one.
    pub up: u64,
    pub down: u64,
    /// Whose place would change most.
    pub most: Vec<Moved>,
    pub lacking: Vec<Lacking>,
}

/// What the log does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// With which roles and in which channels members earned.
    Places,
    /// What came within a cooldown and earned nothing.
    WithinCooldown,
    /// Who flooded: nothing is kept of what earned nothing.
    Floods,
    /// There is more since then than is looked at.
    Earlier,
}

/// Earnings on their way through other settings; events may come in any order.
#[derive(Debug)]
pub struct Replay<'a> {
    in_force: &'a LevelSettings,
    other: &'a LevelSettings,
    gained: HashMap<PersonId, Gained>,
    text: Vec<TextOnce>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gained {
    recorded: u64,
    in_force: u64,
    other: u64,
}

/// A message that earned, with what it would have.
#[derive(Clone, Copy, Debug)]
struct TextOnce {
    person: PersonId,
    at: Timestamp,
    in_force: u64,
    other: u64,
}

impl<'a> Replay<'a> {
    pub fn new(in_force: &'a LevelSettings, other: &'a LevelSettings) -> Self {
        Self { in_force, other, gained: HashMap::new(), text: Vec::new() }
    }

    /// Whether other settings pay otherwise at all.
    pub fn matters(in_force: &LevelSettings, other: &LevelSettings) -> bool {
        let pays = |settings: &LevelSettings| {
            let LevelSettings { text_min, text_max, cooldown_secs, voice_xp, percent, .. } =
                settings;
            (*text_min, *text_max, *cooldown_secs, *voice_xp, *percent)
        };
        pays(in_force) != pays(other) || !in_force.places_as(other)
    }

    /// How many earnings were taken in.
    pub fn len(&self) -> usize {
        self.text.len() + self.gained.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An event that was decided under `then`. Nothing counts that happened before `since`.
    pub fn take(&mut self, event: &Event, then: &LevelSettings, since: Timestamp) {
        let (text, voice) = match event {
            Event::Earned { text, voice, .. } => (text.as_slice(), voice.as_slice()),
            Event::VoiceSkipped { voice, .. } => ([].as_slice(), voice.as_slice()),
            _ => return,
        };
        let (in_force, other) = (self.in_force, self.other);
        for gain in text.iter().filter(|gain| gain.at >= since) {
            let paid = |settings: &LevelSettings| {
                scaled(gain.xp, settings.text_weight(), then.text_weight())
            };
            let (person, at) = (gain.person, gain.at);
            self.gained.entry(person).or_default().recorded += u64::from(gain.xp);
            let (in_force, other) = (paid(in_force), paid(other));
            self.text.push(TextOnce { person, at, in_force, other });
        }
        for gain in voice.iter().filter(|gain| gain.until >= since) {
            let paid = |settings: &LevelSettings| {
                scaled(gain.xp, settings.voice_weight(), then.voice_weight())
            };
            let gained = self.gained.entry(gain.person).or_default();
            gained.recorded += u64::from(gain.xp);
            gained.in_force += paid(in_force);
            gained.other += paid(other);
        }
    }

    /// Against what members have now. `earlier`: events since then were left out.
    pub fn outcome(mut self, now: &[(PersonId, u64)], since: Timestamp, earlier: bool) -> Replayed {
        self.cooldowns();
        let (mut was, mut is) = (Vec::with_capacity(now.len()), Vec::with_capacity(now.len()));
        for (person, xp) in now {
            let gained = self.gained.get(person).copied().unwrap_or_default();
            let rest = xp.saturating_sub(gained.recorded);
            was.push((*person, rest + gained.in_force));
            is.push((*person, rest + gained.other));
        }
        let (was, is) = (places(was), places(is));
        let (mut up, mut down, mut moved) = (0, 0, Vec::new());
        for (person, (to, xp)) in is {
            let Some((from, _)) = was.get(&person).copied() else { continue };
            up += u64::from(to < from);
            down += u64::from(to > from);
            if from != to {
                moved.push(Moved { person, xp, from, to });
            }
        }
        let sum = |of: fn(&Gained) -> u64| self.gained.values().map(of).sum::<u64>();
        let (earned, would_earn) = (sum(|gained| gained.in_force), sum(|gained| gained.other));
        let lacking = self.lacking(earlier);
        Replayed { since, earned, would_earn, up, down, most: most(moved), lacking }
    }

    /// A longer cooldown keeps messages from earning that once earned.
    fn cooldowns(&mut self) {
        self.text.sort_unstable_by_key(|once| (once.person, once.at));
        let (mut last, mut last_other) = (None, None);
        let waits = |last: Option<(PersonId, Timestamp)>, once: &TextOnce, secs: u32| {
            last.is_some_and(|(person, at)| {
                person == once.person && once.at < at.plus_secs(i64::from(secs))
            })
        };
        for once in &self.text {
            let gained = self.gained.entry(once.person).or_default();
            let now = Some((once.person, once.at));
            if once.in_force > 0 && !waits(last, once, self.in_force.cooldown_secs) {
                gained.in_force += once.in_force;
                last = now;
            }
            if once.other > 0 && !waits(last_other, once, self.other.cooldown_secs) {
                gained.other += once.other;
                last_other = now;
            }
        }
    }

    fn lacking(&self, earlier: bool) -> Vec<Lacking> {
        let (in_force, other) = (self.in_force, self.other);
        [
            (!in_force.places_as(other), Lacking::Places),
            (other.cooldown_secs < in_force.cooldown_secs, Lacking::WithinCooldown),
            (in_force.flood_messages != other.flood_messages, Lacking::Floods),
            (earlier, Lacking::Earlier),
        ]
        .into_iter()
        .filter_map(|(is_lacking, what)| is_lacking.then_some(what))
        .collect()
    }
}

fn scaled(xp: u32, to: u64, from: u64) -> u64 {
    // Nothing was paid then that was multiplied with nothing.
    u64::from(xp).saturating_mul(to) / from.max(1)
}

/// Everybody's place and experience: most first, then in order of first sight.
fn places(mut all: Vec<(PersonId, u64)>) -> HashMap<PersonId, (u64, u64)> {
    all.sort_unstable_by_key(|(person, xp)| (std::cmp::Reverse(*xp), *person));
    (1..).zip(all).map(|(place, (person, xp))| (person, (place, xp))).collect()
}

impl LevelSettings {
    /// What a message earns on average, in parts that only compare.
    fn text_weight(&self) -> u64 {
        (u64::from(self.text_min) + u64::from(self.text_max)) * u64::from(self.percent)
    }

    fn voice_weight(&self) -> u64 {
        u64::from(self.voice_xp) * u64::from(self.percent)
    }

    /// Whether roles and channels multiply as there.
    fn places_as(&self, other: &Self) -> bool {
        let those = |settings: &Self| {
            let mut roles: Vec<_> =
                settings.role_percents.iter().map(|row| (row.role, row.percent)).collect();
            let mut channels: Vec<_> =
                settings.channel_percents.iter().map(|row| (row.channel, row.percent)).collect();
            roles.retain(|(_, percent)| *percent != FULL);
            channels.retain(|(_, percent)| *percent != FULL);
            let none = (settings.no_xp_roles.clone(), settings.no_xp_channels.clone());
            (roles, channels, none)
        };
        those(self) == those(other)
    }
}
