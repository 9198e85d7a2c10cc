//! Which effect goes next. Effects on one target go in their order; one call at a time is under
//! way on a route; more urgent ones go first, and routes that are equally urgent take turns, so
//! that one community's thousand does not stand before another's one.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use domain::{GuildId, Timestamp};
use tokio::time::Instant;

use super::effect::Priority;

/// What is kept in memory of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Light {
    pub number: u64,
    pub guild: GuildId,
    pub target: Arc<str>,
    pub route: Arc<str>,
    pub priority: Priority,
    pub next_at: Timestamp,
    /// It is finished; only its process is still to be told.
    pub tell_only: bool,
}

type Target = (GuildId, Arc<str>);
/// What goes first: urgency, then whose turn it is.
type Turn = (Priority, u64, Arc<str>);

#[derive(Debug, Default)]
struct Route {
    /// First effects of their targets whose time has come.
    ready: BTreeSet<(Priority, u64)>,
    busy: bool,
    /// Discord has no room before.
    held_until: Option<Instant>,
    /// When it last had its turn.
    turn: u64,
    /// As it stands in `Lanes::turns`.
    listed: Option<(Priority, u64)>,
}

#[derive(Debug, Default)]
pub(super) struct Lanes {
    targets: HashMap<Target, VecDeque<Light>>,
    /// The target of each first effect.
    firsts: HashMap<u64, Target>,
    routes: HashMap<Arc<str>, Route>,
    turns: BTreeSet<Turn>,
    /// First effects whose time has not come.
    asleep: BTreeSet<(Timestamp, u64)>,
    held: BTreeSet<(Instant, Arc<str>)>,
    clock: u64,
    len: usize,
}

impl Lanes {
    pub const fn len(&self) -> usize {
        self.len
    }

    pub fn push(&mut self, light: Light, now: Timestamp) {
        self.len += 1;
        let target = (light.guild, Arc::clone(&light.target));
        let lane = self.targets.entry(target.clone()).or_default();
        lane.push_back(light);
        if lane.len() == 1 {
            self.place_first(&target, now);
        }
    }

    /// The next effect, whose route is busy from now on.
    pub fn next(&mut self, now: Timestamp, instant: Instant) -> Option<Light> {
        self.wake(now, instant);
        let (_, _, route) = self.turns.first()?.clone();
        self.clock += 1;
        let turn = self.clock;
        let state = self.routes.get_mut(&route)?;
        let (_, number) = *state.ready.first()?;
        state.busy = true;
        state.turn = turn;
        self.relist(&route);
        let target = self.firsts.get(&number)?;
        self.targets.get(target)?.front().cloned()
    }

    /// Discord has no room for this route yet: the effect that was to go waits where it was.
    pub fn hold(&mut self, light: &Light, until: Instant) {
        if let Some(route) = self.routes.get_mut(&light.route) {
            route.busy = false;
            route.held_until = Some(until);
            self.held.insert((until, Arc::clone(&light.route)));
        }
        self.relist(&light.route);
    }

    /// Discord had no room for this route when somebody asked before us.
    pub fn hold_route(&mut self, route: &Arc<str>, until: Instant) {
        let state = self.routes.entry(Arc::clone(route)).or_default();
        state.held_until = Some(state.held_until.map_or(until, |at| at.max(until)));
        self.held.insert((until, Arc::clone(route)));
        self.relist(route);
    }

    /// It is finished; the next on its target follows.
    pub fn done(&mut self, light: &Light, now: Timestamp) {
        self.leave_route(light);
        self.firsts.remove(&light.number);
        let target = (light.guild, Arc::clone(&light.target));
        let Some(lane) = self.targets.get_mut(&target) else { return };
        if lane.front().is_some_and(|first| first.number == light.number) {
            lane.pop_front();
            self.len -= 1;
        }
        if lane.is_empty() {
            self.targets.remove(&target);
        } else {
            self.place_first(&target, now);
        }
        self.forget_idle(&light.route);
    }

    /// It is tried again at its `next_at`; what follows on its target waits with it.
    pub fn again(&mut self, light: Light, now: Timestamp) {
        self.leave_route(&light);
        let target = (light.guild, Arc::clone(&light.target));
        if let Some(first) = self.targets.get_mut(&target).and_then(VecDeque::front_mut) {
            *first = light;
        }
        self.place_first(&target, now);
    }

    /// When something that waits for a moment of the clock, or for room, can go.
    pub fn wakes_at(&self) -> (Option<Timestamp>, Option<Instant>) {
        let asleep = self.asleep.first().map(|(at, _)| *at);
        let held = self.held.first().map(|(at, _)| *at);
        (asleep, held)
    }

    fn place_first(&mut self, target: &Target, now: Timestamp) {
        let Some(first) = self.targets.get(target).and_then(VecDeque::front).cloned() else {
            return;
        };
        self.firsts.insert(first.number, target.clone());
        if first.next_at > now {
            self.asleep.insert((first.next_at, first.number));
            return;
        }
        let route = self.routes.entry(Arc::clone(&first.route)).or_default();
        route.ready.insert((first.priority, first.number));
        self.relist(&first.route);
    }

    fn wake(&mut self, now: Timestamp, instant: Instant) {
        while let Some(&(at, number)) = self.asleep.first() {
            if at > now {
                break;
            }
            self.asleep.pop_first();
            if let Some(target) = self.firsts.get(&number).cloned() {
                self.place_first(&target, now);
            }
        }
        while let Some((at, _)) = self.held.first() {
            if *at > instant {
                break;
            }
            let Some((_, route)) = self.held.pop_first() else { break };
            if let Some(state) = self.routes.get_mut(&route) {
                state.held_until = state.held_until.filter(|until| *until > instant);
            }
            self.relist(&route);
        }
    }

    fn leave_route(&mut self, light: &Light) {
        if let Some(route) = self.routes.get_mut(&light.route) {
            route.busy = false;
            route.ready.remove(&(light.priority, light.number));
        }
        self.relist(&light.route);
    }

    /// Puts the route where it belongs among those that can go.
    fn relist(&mut self, name: &Arc<str>) {
        let Some(route) = self.routes.get_mut(name) else { return };
        if let Some((priority, turn)) = route.listed.take() {
            self.turns.remove(&(priority, turn, Arc::clone(name)));
        }
        let free = !route.busy && route.held_until.is_none();
        if let Some((priority, _)) = route.ready.first().filter(|_| free) {
            route.listed = Some((*priority, route.turn));
            self.turns.insert((*priority, route.turn, Arc::clone(name)));
        }
    }

    /// Routes are as many as members and channels: those that nothing waits for are let go.
    fn forget_idle(&mut self, name: &Arc<str>) {
        let idle =
            |route: &Route| !route.busy && route.ready.is_empty() && route.held_until.is_none();
        if self.routes.get(name).is_some_and(idle) {
            self.routes.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOON: Timestamp = Timestamp::from_secs(1_795_003_200);

    fn light(number: u64, guild: u64, target: &str, route: &str) -> Light {
        Light {
            number,
            guild: GuildId::new(guild).unwrap(),
            target: target.into(),
            route: route.into(),
            priority: Priority::Message,
            next_at: NOON,
            tell_only: false,
        }
    }

    fn next(lanes: &mut Lanes) -> Option<u64> {
        lanes.next(NOON, Instant::now()).map(|light| light.number)
    }

    #[test]
    fn given_two_on_one_target_then_the_second_waits_for_the_first() {
        let mut lanes = Lanes::default();
        let first = light(1, 1, "member/1", "give");
        lanes.push(first.clone(), NOON);
        lanes.push(light(2, 1, "member/1", "take"), NOON);
        assert_eq!(next(&mut lanes), Some(1));
        assert_eq!(next(&mut lanes), None, "another route, but the same member");
        lanes.again(Light { next_at: NOON.plus_secs(5), ..first.clone() }, NOON);
        assert_eq!(next(&mut lanes), None, "the first is only asleep");
        let later = lanes.next(NOON.plus_secs(5), Instant::now()).map(|light| light.number);
        assert_eq!(later, Some(1));
        lanes.done(&first, NOON);
        assert_eq!(next(&mut lanes), Some(2));
    }

    #[test]
    fn given_a_thousand_of_one_guild_then_anothers_first_does_not_wait_for_them() {
        let mut lanes = Lanes::default();
        for number in 1..=1_000 {
            lanes.push(light(number, 1, &format!("member/{number}"), "guild 1"), NOON);
        }
        lanes.push(light(1_001, 2, "member/1", "guild 2"), NOON);
        let first = lanes.next(NOON, Instant::now()).unwrap();
        assert_eq!((first.number, next(&mut lanes)), (1, Some(1_001)));
        lanes.done(&first, NOON);
        assert_eq!(next(&mut lanes), Some(2));
    }

    #[test]
    fn given_something_urgent_then_it_goes_before_what_waits_on_its_route() {
        let mut lanes = Lanes::default();
        let notice = light(1, 1, "notices/7", "channel 7");
        lanes.push(notice.clone(), NOON);
        lanes.push(light(2, 1, "notices/7", "channel 7"), NOON);
        assert_eq!(next(&mut lanes), Some(1));
        let urgent = Light { priority: Priority::Urgent, ..light(3, 1, "channel/7", "channel 7") };
        lanes.push(urgent, NOON);
        lanes.done(&notice, NOON);
        assert_eq!(next(&mut lanes), Some(3));
    }

    #[test]
    fn given_no_room_on_a_route_then_it_waits_and_the_others_go() {
        let mut lanes = Lanes::default();
        lanes.push(light(1, 1, "channel/1", "channel 1"), NOON);
        lanes.push(light(2, 1, "channel/2", "channel 2"), NOON);
        let first = lanes.next(NOON, Instant::now()).unwrap();
        lanes.hold(&first, Instant::now() + Duration::from_secs(2));
        assert_eq!(next(&mut lanes), Some(2));
        assert_eq!(next(&mut lanes), None);
        let later = Instant::now() + Duration::from_secs(3);
        assert_eq!(lanes.next(NOON, later).map(|light| light.number), Some(1));
    }

    #[test]
    fn given_everything_is_done_then_nothing_is_kept() {
        let mut lanes = Lanes::default();
        for number in 1..=50 {
            lanes.push(light(number, number % 3 + 1, &format!("t{}", number % 7), "r"), NOON);
        }
        let mut seen = Vec::new();
        while let Some(light) = lanes.next(NOON, Instant::now()) {
            lanes.done(&light, NOON);
            seen.push(light.number);
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=50).collect::<Vec<_>>());
        assert_eq!(lanes.len(), 0);
        assert!(lanes.targets.is_empty() && lanes.firsts.is_empty() && lanes.routes.is_empty());
        assert!(lanes.turns.is_empty() && lanes.asleep.is_empty() && lanes.held.is_empty());
    }
}
