//! A house beside a local Discord with a community in it: where punishments are ordered, carried
//! out by the real hands, and looked at from both sides.

use std::{sync::Arc, time::Duration};

use domain::{
    Actor, BatchId, CaseNumber, Cause, CorrelationId, Decider as _, GuildId, PersonId, Personal,
    Timestamp,
    moderation::{By, Command, Deed, Event, Moderation, Punishment, Severity, Target},
};
use eventlog::{Decision, StreamId};
use simulator::{
    Clock, Id, Options, Sim,
    community::{self, Community, Plan},
    people::Person,
    world::audit,
};

use super::harness::{House, eventually};
use crate::processes::{Process, Processes, registered};

pub struct Court {
    pub house: House,
    pub sim: Sim,
    pub community: Community,
}

impl Court {
    /// With clocks that run; the house's can be set ahead.
    pub async fn running() -> Self {
        Self::with(House::running().await, Clock::real()).await
    }

    /// The same on PostgreSQL, where there is one.
    pub async fn postgres() -> Option<Self> {
        Some(Self::with(House::postgres().await?, Clock::real()).await)
    }

    /// With one clock for both, that only moves when it is told to.
    pub async fn still() -> Self {
        let now = eventlog::system_clock()();
        let millis = now.as_micros().unsigned_abs() / 1_000;
        let now = Timestamp::from_micros(now.as_micros() / 1_000 * 1_000);
        Self::with(House::still_from(now).await, Clock::moved_by_hand(millis)).await
    }

    async fn with(house: House, clock: Clock) -> Self {
        let options = Options { clock, identify_every: Duration::ZERO, ..Options::default() };
        let sim = Sim::start(options).await.unwrap();
        let plan = Plan { seed: 1, members: 30 };
        let community = community::found(&mut sim.world.lock(), &plan).unwrap();
        for user in &community.members {
            sim.world.lock().user_mut(*user).unwrap().takes_direct_messages = true;
        }
        Self { house, sim, community }
    }

    pub fn pass(&self, secs: u64) {
        self.sim.clock.advance(Duration::from_secs(secs));
        self.house.pass(i64::try_from(secs).unwrap());
    }

    pub fn guild(&self) -> GuildId {
        self.community.guild.to_string().parse().unwrap()
    }

    pub fn bot(&self) -> Id {
        self.sim.world.lock().application(self.community.application).unwrap().bot
    }

    /// Leaves the bot all its permissions but these.
    pub fn the_bot_may_not(&self, these: u64) {
        let mut world = self.sim.world.lock();
        let bot = world.application(self.community.application).unwrap().bot;
        let guild = world.guilds.get_mut(&self.community.guild).unwrap();
        let role = guild.roles.values_mut().find(|role| role.bot == Some(bot)).unwrap();
        role.permissions = simulator::Permissions(community::bot_permissions().0 & !these);
    }

    pub async fn start(&self) -> Processes {
        self.start_with(registered()).await
    }

    pub async fn start_with(&self, processes: Vec<Arc<dyn Process>>) -> Processes {
        let token = {
            let world = self.sim.world.lock();
            world.application(self.community.application).unwrap().token.clone()
        };
        let hands = self.house.hands_at(&self.sim.origin(), &token);
        Processes::start(self.house.ground(), processes, Some(hands)).await.unwrap()
    }

    /// The so-many-th ordinary member: below the bot.
    pub fn member(&self, number: usize) -> Person {
        self.sim.person(self.community.guild, self.community.members[3 + number])
    }

    pub async fn number_of(&self, person: &Person) -> PersonId {
        let user = person.user.to_string().parse::<u64>().unwrap();
        self.house.person(self.guild(), user).await
    }

    /// A moderator who orders things.
    pub async fn moderator(&self) -> By {
        let astrid = self.sim.admin(self.community.guild).unwrap();
        By::Member(self.number_of(&astrid).await)
    }

    pub async fn decide(&self, command: &Command) -> Decision<Event> {
        let request = eventlog::Request {
            actor: Actor::Operator,
            cause: Cause { correlation: CorrelationId(uuid::Uuid::new_v4()), causation: None },
            key: actions::fresh_key("order").unwrap(),
            policy: None,
        };
        let stream = StreamId::of_guild(Moderation::CAPABILITY, self.guild());
        let decided = self.house.actions.bus().execute::<Moderation>(&stream, command, &request);
        decided.await.unwrap()
    }

    async fn order(&self, deed: Deed, duration_secs: Option<u32>) -> Punishment {
        Punishment {
            deed,
            by: self.moderator().await,
            duration_secs,
            delete_secs: None,
            at: self.house.now(),
            terms: self.house.actions.moderation_terms(self.guild()).await.unwrap(),
        }
    }

    pub async fn punish(&self, deed: Deed, person: &Person, secs: Option<u32>) -> CaseNumber {
        let number = self.number_of(person).await;
        let reason = Some(Personal::clear(number, "spam & *noise*".to_owned()));
        let target = Target { person: number, reason };
        let order = self.order(deed, secs).await;
        let decided = self.decide(&Command::Punish { target, order }).await;
        let Some(Event::DeedOrdered { case, .. }) = decided.events.first() else {
            panic!("{:?}", decided.events)
        };
        *case
    }

    pub async fn punish_many(&self, deed: Deed, people: &[Person]) {
        let mut targets = Vec::new();
        for person in people {
            targets.push(Target { person: self.number_of(person).await, reason: None });
        }
        let (batch, order) = (BatchId(uuid::Uuid::new_v4()), self.order(deed, None).await);
        self.decide(&Command::PunishMany { batch, targets, order }).await;
    }

    pub async fn warn(&self, person: &Person) -> CaseNumber {
        let number = self.number_of(person).await;
        let command = Command::Warn {
            person: number,
            by: self.moderator().await,
            severity: Severity::Minor,
            reason: Some(Personal::clear(number, "be kind".to_owned())),
            at: self.house.now(),
            terms: self.house.actions.moderation_terms(self.guild()).await.unwrap(),
        };
        let decided = self.decide(&command).await;
        let Some(Event::MemberWarned { case, .. }) = decided.events.first() else {
            panic!("{:?}", decided.events)
        };
        *case
    }

    /// Waits for so many events of a type.
    pub async fn becomes(&self, type_name: &str, number: u64) {
        let what = format!("{number} times {type_name}");
        eventually(&what, async || self.house.count(type_name).await >= number).await;
        assert_eq!(self.house.count(type_name).await, number, "{type_name}");
    }

    pub fn is_banned(&self, person: &Person) -> bool {
        let world = self.sim.world.lock();
        world.guild(self.community.guild).unwrap().bans.contains_key(&person.user)
    }

    pub fn silenced_until(&self, person: &Person) -> Option<u64> {
        let world = self.sim.world.lock();
        world.member(self.community.guild, person.user).unwrap().timeout_until_ms
    }

    /// The reasons of what the bot did of this kind, to one or to anybody.
    pub fn reasons(&self, action: u16, of: Option<&Person>) -> Vec<String> {
        let bot = self.bot();
        let world = self.sim.world.lock();
        let log = &world.guild(self.community.guild).unwrap().audit_log;
        let ours = log.iter().filter(|entry| entry.action == action && entry.user == bot);
        let ours = ours.filter(|entry| of.is_none_or(|of| entry.target == Some(of.user)));
        ours.map(|entry| entry.reason.clone().unwrap_or_default()).collect()
    }

    pub fn bans(&self, of: &Person) -> usize {
        self.reasons(audit::MEMBER_BAN_ADD, Some(of)).len()
    }

    /// What the bot wrote to somebody in private.
    pub fn letters(&self, to: &Person) -> Vec<String> {
        let channel = to.direct(self.bot()).unwrap();
        self.texts(channel)
    }

    pub fn texts(&self, channel: Id) -> Vec<String> {
        let world = self.sim.world.lock();
        let Some(channel) = world.channels.get(&channel) else { return Vec::new() };
        channel.messages.values().map(|message| message.content.clone()).collect()
    }
}
