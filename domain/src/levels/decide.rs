//! What earns, how much, and what follows from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Change, Event, Fact, LevelSettings, MAX_REASON_CHARS, MAX_XP, Member, Reason, Refused,
    RoleFailure, Source, State, TextGain, VoiceGain, What, settings::FULL,
};
use crate::{
    ChannelId, MessageId, PersonId, RoleId, Timestamp,
    activity::gap_label,
    heard::Told,
    voice::{Place, Rooms, Stretch},
};

const MINUTE_MICROS: i64 = 60_000_000;

pub fn earn(
    state: &State,
    session: &str,
    facts: &[Fact],
    voice_until: Option<Timestamp>,
    terms: &LevelSettings,
) -> Vec<Event> {
    let mut earning = Earning::new(state, terms);
    let mut last = 0;
    let mut newest = None;
    let mut heard_until = None;
    for fact in facts.iter().filter(|fact| state.mark.is_news(session, &fact.told())) {
        last = last.max(fact.seq);
        match fact.told().message {
            Some(message) => newest = newest.max(Some(message)),
            None => heard_until = heard_until.max(Some(fact.at)),
        }
        earning.take(fact);
    }
    let ticked = voice_until.filter(|_| !earning.rooms().is_empty());
    if let Some(at) = ticked {
        let ended = earning.own_rooms().accrue(at);
        earning.stretches(&ended);
    }
    if earning.is_nothing() {
        return Vec::new();
    }
    let Earning { mut events, text, voice, now, channels, .. } = earning;
    let until = voice.values().map(|gain| gain.until).chain(text.iter().map(|gain| gain.at)).max();
    let who: BTreeSet<_> = now.keys().copied().collect();
    events.push(Event::Earned {
        session: session.to_owned(),
        to_seq: last,
        newest,
        heard_until,
        text,
        voice: voice.into_values().collect(),
        voice_until: ticked,
    });
    for person in who {
        let (before, after) = (state.member(person).xp, now[&person].xp);
        let channel = channels.get(&person).copied();
        let at = until.unwrap_or(Timestamp::NEVER);
        reached(state, person, (before, after), at, channel, terms, &mut events);
    }
    events
}

/// Whoever asked afterwards knows that nothing of this was told live: the mark is not asked.
pub fn recover(state: &State, gap: Timestamp, facts: &[Fact], terms: &LevelSettings) -> Vec<Event> {
    let session = gap_label(gap);
    let mut earning = Earning::new(state, terms);
    if state.late.gap == session {
        earning.late.clone_from(&state.late.last);
    }
    for fact in facts {
        if let What::Written { id, person, channel, percent, flood: false } = fact.what
            && percent > 0
            && earning.may_still_earn(person, fact.at)
        {
            earning.gain(id, person, channel, percent, fact.at);
        }
    }
    let Earning { text, now, channels, .. } = earning;
    let Some(at) = text.iter().map(|gain| gain.at).max() else { return Vec::new() };
    let mut events = vec![Event::Earned {
        session,
        to_seq: 0,
        newest: None,
        heard_until: None,
        text,
        voice: Vec::new(),
        voice_until: None,
    }];
    let who: BTreeSet<_> = now.keys().copied().collect();
    for person in who {
        let xp = (state.member(person).xp, now[&person].xp);
        reached(state, person, xp, at, channels.get(&person).copied(), terms, &mut events);
    }
    events
}

pub fn skip(state: &State, from: Timestamp, until: Timestamp, terms: &LevelSettings) -> Vec<Event> {
    if until <= from || state.rooms.is_empty() {
        return Vec::new();
    }
    let mut earning = Earning::new(state, terms);
    let ended = earning.own_rooms().skip(from, until);
    earning.stretches(&ended);
    let voice: Vec<_> = earning.voice.into_values().collect();
    let mut events = vec![Event::VoiceSkipped { from, until, voice }];
    let who: BTreeSet<_> = earning.now.keys().copied().collect();
    for person in who {
        let xp = (state.member(person).xp, earning.now[&person].xp);
        reached(state, person, xp, from, None, terms, &mut events);
    }
    events
}

pub fn change(
    state: &State,
    person: PersonId,
    change: Change,
    reason: &Reason,
    at: Timestamp,
    terms: &LevelSettings,
) -> Result<Vec<Event>, Refused> {
    let text = reason.as_ref().and_then(|reason| reason.value());
    if text.is_some_and(|text| text.chars().count() > MAX_REASON_CHARS) {
        return Err(Refused::ReasonTooLong);
    }
    let from = state.member(person).xp;
    let (to, source) = match change {
        Change::Give(0) | Change::Bring(0) => return Err(Refused::Nothing),
        Change::Give(xp) => (from.saturating_add_signed(xp), Source::Given),
        Change::Set(xp) => (xp, Source::Set),
        Change::Reset => (0, Source::Reset),
        Change::Bring(xp) => (from.saturating_add(xp), Source::Given),
    };
    if to > MAX_XP {
        return Err(Refused::TooMuch);
    }
    if to == from {
        return Ok(Vec::new());
    }
    let reason = reason.clone();
    let mut events = vec![Event::XpChanged { person, from, to, at, source, reason }];
    if !matches!(change, Change::Bring(_)) {
        reached(state, person, (from, to), at, None, terms, &mut events);
    }
    Ok(events)
}

pub fn note(
    state: &State,
    person: PersonId,
    role: RoleId,
    attempt: u32,
    failed: Option<RoleFailure>,
) -> Vec<Event> {
    let open = |order: &super::RoleOrder| order.open && order.attempt == attempt;
    if !state.role(person, role).as_ref().is_some_and(open) {
        return Vec::new();
    }
    vec![match failed {
        None => Event::RoleDone { person, role, attempt },
        Some(why) => Event::RoleFailed { person, role, attempt, why },
    }]
}

/// What follows where somebody has as much now: the level, and its roles.
fn reached(
    state: &State,
    person: PersonId,
    (before, after): (u64, u64),
    at: Timestamp,
    channel: Option<ChannelId>,
    terms: &LevelSettings,
    events: &mut Vec<Event>,
) {
    let (was, level) = (terms.level(before), terms.level(after));
    // What could not be given is tried again with the next level, not with every message.
    if was == level {
        return;
    }
    if level > was {
        events.push(Event::LevelReached { person, level, xp: after, at, channel });
    }
    let due = terms.due(level);
    let mut order = |role, give, at_level| {
        if state.has(person, role) == give {
            return;
        }
        let known = state.role(person, role);
        let attempt = known.map_or(1, |order| order.attempt.saturating_add(1));
        events.push(Event::RoleOrdered { person, role, give, level: at_level, attempt });
    };
    for (role, at_level) in &due {
        order(*role, true, *at_level);
    }
    // What was given and is not deserved any more: replaced, or lost with the experience.
    let deserved = |role| due.iter().any(|(one, _)| *one == role);
    for reward in terms.role_rewards.iter().filter(|reward| !deserved(reward.role)) {
        order(reward.role, false, reward.level);
    }
}

/// What facts earn, on top of a state.
struct Earning<'a> {
    state: &'a State,
    terms: &'a LevelSettings,
    events: Vec<Event>,
    now: HashMap<PersonId, Member>,
    text: Vec<TextGain>,
    voice: BTreeMap<PersonId, VoiceGain>,
    /// Only where somebody's voice changes.
    rooms: Option<Rooms<u32>>,
    channels: HashMap<PersonId, ChannelId>,
    /// What earned last of a gap.
    late: HashMap<PersonId, Timestamp>,
}

impl<'a> Earning<'a> {
    fn new(state: &'a State, terms: &'a LevelSettings) -> Self {
        Self {
            state,
            terms,
            events: Vec::new(),
            now: HashMap::new(),
            text: Vec::new(),
            voice: BTreeMap::new(),
            rooms: None,
            channels: HashMap::new(),
            late: HashMap::new(),
        }
    }

    fn is_nothing(&self) -> bool {
        self.events.is_empty() && self.text.is_empty() && self.voice.is_empty()
    }

    fn rooms(&self) -> &Rooms<u32> {
        self.rooms.as_ref().unwrap_or(&self.state.rooms)
    }

    fn own_rooms(&mut self) -> &mut Rooms<u32> {
        self.rooms.get_or_insert_with(|| self.state.rooms.clone())
    }

    fn member(&mut self, person: PersonId) -> &mut Member {
        self.now.entry(person).or_insert_with(|| self.state.member(person))
    }

    fn take(&mut self, fact: &Fact) {
        match &fact.what {
            What::Written { id, person, channel, percent, flood } => {
                if *percent > 0 && !*flood {
                    self.message(*id, *person, *channel, *percent, fact.at);
                }
            }
            What::Voice { person, place } => self.voice(*person, *place, fact.at),
            What::VoiceIs { here } => {
                let there: BTreeSet<_> = here.iter().map(|(person, ..)| *person).collect();
                let gone = self.rooms().people().filter(|person| !there.contains(person));
                for person in gone.collect::<Vec<_>>() {
                    self.voice(person, None, fact.at);
                }
                for (person, place, percent) in here {
                    self.voice(*person, Some((*place, *percent)), fact.at);
                }
            }
        }
    }

    fn message(
        &mut self,
        id: MessageId,
        person: PersonId,
        channel: ChannelId,
        percent: u32,
        at: Timestamp,
    ) {
        let cooldown = i64::from(self.terms.cooldown_secs);
        let last = self.member(person).last_text;
        if last.is_none_or(|last| at >= last.plus_secs(cooldown)) {
            self.gain(id, person, channel, percent, at);
        }
    }

    /// Whether a message of a gap does: nothing around it did.
    fn may_still_earn(&self, person: PersonId, at: Timestamp) -> bool {
        let cooldown = i64::from(self.terms.cooldown_secs);
        let after = |last: Timestamp| at >= last.plus_secs(cooldown);
        let before = |next: Timestamp| next >= at.plus_secs(cooldown);
        let late = self.late.get(&person);
        let live = self.state.member(person).last_text;
        late.is_none_or(|last| after(*last))
            && live.is_none_or(|live| after(live) || before(live) || late == Some(&live))
    }

    fn gain(
        &mut self,
        id: MessageId,
        person: PersonId,
        channel: ChannelId,
        percent: u32,
        at: Timestamp,
    ) {
        let pays = scaled(u64::from(self.terms.text_xp(id)), percent);
        if pays == 0 {
            return;
        }
        let member = self.member(person);
        member.last_text = member.last_text.max(Some(at));
        member.add(pays);
        self.late.insert(person, at);
        self.text.push(TextGain { person, at, xp: pays });
        self.channels.insert(person, channel);
    }

    fn voice(&mut self, person: PersonId, place: Option<(Place, u32)>, at: Timestamp) {
        let rooms = self.own_rooms();
        let known = rooms.place(person).zip(rooms.with(person));
        if known == place {
            return;
        }
        // What has been stood for is paid as it was; what comes is paid as it will be.
        let before = rooms.with(person);
        let ended = rooms.change(person, place, at);
        self.paid_with(&ended, person, before);
        let (place, percent) = place.map_or((None, 0), |(place, percent)| (Some(place), percent));
        self.events.push(Event::VoiceChanged { person, at, place, percent });
    }

    fn stretches(&mut self, ended: &[Stretch]) {
        for stretch in ended {
            let percent = self.rooms().with(stretch.person).unwrap_or(FULL);
            self.pay(stretch, percent);
        }
    }

    fn paid_with(&mut self, ended: &[Stretch], person: PersonId, before: Option<u32>) {
        for stretch in ended {
            let own = before.filter(|_| stretch.person == person);
            let percent = own.or_else(|| self.rooms().with(stretch.person)).unwrap_or(FULL);
            self.pay(stretch, percent);
        }
    }

    fn pay(&mut self, stretch: &Stretch, percent: u32) {
        if !stretch.counts || percent == 0 || self.terms.voice_xp == 0 {
            return;
        }
        let per_minute = u64::from(self.terms.voice_xp);
        let member = self.member(stretch.person);
        let micros = i64::from(member.rest_micros) + stretch.micros();
        let minutes = (micros / MINUTE_MICROS).unsigned_abs();
        let xp = scaled(per_minute * minutes, percent);
        let rest_micros = u32::try_from(micros % MINUTE_MICROS).unwrap_or(0);
        member.rest_micros = rest_micros;
        member.add(xp);
        let (person, until) = (stretch.person, stretch.until);
        let gain =
            self.voice.entry(person).or_insert(VoiceGain { person, until, xp: 0, rest_micros });
        (gain.until, gain.rest_micros) = (until, rest_micros);
        gain.xp = gain.xp.saturating_add(xp);
    }
}

fn scaled(xp: u64, percent: u32) -> u32 {
    u32::try_from(xp * u64::from(percent) / u64::from(FULL)).unwrap_or(u32::MAX)
}

impl Fact {
    fn told(&self) -> Told {
        let message = match self.what {
            What::Written { id, .. } => Some(id),
            _ => None,
        };
        Told { seq: self.seq, message, at: self.at }
    }
}
