//! History itself: the events of a community as sentences and as they were written, what caused them
//! and what followed.

use std::sync::Arc;

use actions::Permission;
use async_graphql::{
    Context, InputObject, Json, Object, SimpleObject, connection::CursorType as _,
};
use domain::{Actor, reads::Thing};
use eventlog::{EventLog, LogError, Metadata, Recorded};
use projections::TimeError;

use crate::{
    blocks::user_id,
    done::through_key,
    guard::May,
    page::{Asked, Cursor, cost},
    people::ActorLine,
    scalars::{EventId, Long, Snowflake, Time},
    scope::Scope,
    sentence::sentence,
    trouble::{Answer, Trouble},
};

/// Events that one question looks through for those that match.
const MOST_LOOKED_AT: u64 = 20_000;
/// And of those whose sentences are made for it.
const MOST_TOLD: u64 = 5_000;
/// Events that are read at once.
const STEP: u64 = 500;
/// A chain of causes longer than this is cut.
const MAX_CAUSES: usize = 32;
/// So far after an event, and so many, what followed from it is looked for.
const MOST_AFTER: usize = 2_000;
const MAX_CONSEQUENCES: usize = 50;

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "HistoryOnGuild")]
impl OnGuild {
    /// What happened, newest first, up to the moment that is looked at.
    #[graphql(
        guard = "May(&self.0, &[Permission::ViewAudit])",
        complexity = "cost(first, child_complexity)"
    )]
    async fn events(
        &self,
        ctx: &Context<'_>,
        filter: Option<EventFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<EventPage> {
        let asked = Asked::read(first, after.as_deref())?;
        let wanted = Wanted::read(&self.0, filter.unwrap_or_default()).await?;
        if let Some(Actor::Person(whom)) = wanted.by {
            self.0.looks_at(Thing::History { whom }).await;
        }
        let begin = match asked.before {
            Some(before) => before,
            None => newest(&self.0, wanted.until).await? + 1,
        };
        let begin = self.0.until().map_or(begin, |until| begin.min(until + 1));
        look_back(ctx, &self.0, &wanted, begin, asked.first).await
    }

    /// One event, by its id or its number in the community.
    #[graphql(guard = "May(&self.0, &[Permission::ViewAudit])")]
    async fn event(&self, id: Option<EventId>, seq: Option<Long>) -> Answer<Option<Event>> {
        let log = self.0.house().log();
        let found = match (id, seq) {
            (Some(id), None) => log.find(domain::EventId(id.0)).await?,
            (None, Some(Long(seq))) if seq > 0 => {
                log.read_guild(self.0.guild(), seq.unsigned_abs() - 1, 1).await?.pop()
            }
            _ => return Err(Trouble::bad_input("Name the event by its id or by its number.")),
        };
        let seen = |event: &Recorded| {
            event.guild() == self.0.guild()
                && self.0.until().is_none_or(|until| event.guild_seq <= until)
        };
        Ok(found.filter(seen).map(|event| Event::of(&self.0, event)))
    }

    /// How many events there are, up to the moment that is looked at.
    #[graphql(guard = "May(&self.0, &[Permission::ViewAudit, Permission::ViewAnalytics])")]
    async fn event_count(&self) -> Answer<Long> {
        match self.0.until() {
            Some(until) => Ok(Long(until.cast_signed())),
            None => Ok(Long(newest(&self.0, None).await?.cast_signed())),
        }
    }

    /// How busy stretches of history were, oldest first: for the scrubber. Stretches of equal
    /// numbers of events, with when each began and ended.
    #[graphql(guard = "May(&self.0, &[Permission::ViewAudit])", complexity = "50")]
    async fn timeline(
        &self,
        #[graphql(default = 50, desc = "At most 200")] stretches: i32,
    ) -> Answer<Vec<Stretch>> {
        let most = u64::try_from(stretches).unwrap_or(0);
        if !(1..=MOST_STRETCHES).contains(&most) {
            return Err(Trouble::bad_input(format!("stretches: use 1 to {MOST_STRETCHES}.")));
        }
        let head = match self.0.until() {
            Some(until) => until,
            None => newest(&self.0, None).await?,
        };
        timeline(&self.0, head, most).await
    }
}

const MOST_STRETCHES: u64 = 200;

async fn timeline(scope: &Scope, head: u64, most: u64) -> Answer<Vec<Stretch>> {
    let log = scope.house().log();
    let step = head.div_ceil(most).max(1);
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut seq = 1;
    while seq <= head {
        let last = (seq + step - 1).min(head);
        let at = |seq: u64| async move {
            let found = log.read_guild(scope.guild(), seq - 1, 1).await?.pop();
            found.map(|event| event.at).ok_or_else(|| Trouble::not_found("History has moved on."))
        };
        let (from, to) = (at(seq).await?, at(last).await?);
        stretches.push(Stretch {
            first: Long(seq.cast_signed()),
            last: Long(last.cast_signed()),
            from: Time(from),
            to: Time(to),
        });
        seq = last + 1;
    }
    Ok(stretches)
}

/// A stretch of history, from one event to another.
#[derive(SimpleObject)]
pub struct Stretch {
    pub first: Long,
    pub last: Long,
    pub from: Time,
    pub to: Time,
}

/// Which events; all where nothing is said.
#[derive(InputObject, Default)]
pub struct EventFilter {
    /// Types that begin with one of these: `economy.`, `economy.bytes_granted`.
    pub types: Option<Vec<String>>,
    /// And with none of these.
    pub without: Option<Vec<String>>,
    /// What this person did.
    pub by: Option<Snowflake>,
    /// What this process did.
    pub process: Option<String>,
    /// What one request led to.
    pub correlation: Option<EventId>,
    pub since: Option<Time>,
    pub until: Option<Time>,
    /// Those whose sentence or type has all of these, in large letters or small: at most 10 of 60
    /// characters.
    pub words: Option<Vec<String>>,
}

/// Types that one question names.
const MOST_TYPES: usize = 20;
const MOST_WORDS: usize = 10;
const MAX_WORD_CHARS: usize = 60;

struct Wanted {
    types: Vec<String>,
    without: Vec<String>,
    by: Option<Actor>,
    correlation: Option<uuid::Uuid>,
    since: Option<domain::Timestamp>,
    until: Option<domain::Timestamp>,
    /// In small letters.
    words: Vec<String>,
    /// Nothing can match: the person never did anything here.
    nothing: bool,
}

impl Wanted {
    async fn read(scope: &Scope, filter: EventFilter) -> Answer<Self> {
        let types = filter.types.unwrap_or_default();
        let without = filter.without.unwrap_or_default();
        for (name, all) in [("types", &types), ("without", &without)] {
            if all.len() > MOST_TYPES {
                return Err(Trouble::bad_input(format!("{name}: use at most {MOST_TYPES}.")));
            }
        }
        let words = filter.words.unwrap_or_default();
        if words.len() > MOST_WORDS
            || words.iter().any(|word| word.chars().count() > MAX_WORD_CHARS)
        {
            return Err(Trouble::bad_input(format!(
                "words: use at most {MOST_WORDS}, of {MAX_WORD_CHARS} characters."
            )));
        }
        let mut nothing = false;
        let mut by = filter.process.map(Actor::Process);
        if let Some(user) = filter.by {
            let person = scope.actions().people().find(scope.guild(), user_id(user)?).await?;
            nothing = person.is_none();
            by = person.map(Actor::Person);
        }
        Ok(Self {
            types,
            without,
            by,
            correlation: filter.correlation.map(|id| id.0),
            since: filter.since.map(|time| time.0),
            until: filter.until.map(|time| time.0),
            words: words.iter().map(|word| word.to_lowercase()).collect(),
            nothing,
        })
    }

    /// How many events to read at once for so many that are wanted.
    fn step(&self, first: u32) -> u64 {
        let picks = !self.types.is_empty()
            || self.by.is_some()
            || self.correlation.is_some()
            || !self.words.is_empty();
        let most = u64::from(first);
        match (picks, self.without.is_empty()) {
            (false, true) => most,
            // What is left out is a small part of what happens.
            (false, false) => (most * 4).min(STEP),
            (true, _) => STEP,
        }
    }

    fn takes(&self, event: &Recorded) -> Result<bool, LogError> {
        let kind = |prefix: &String| event.type_name.starts_with(prefix.as_str());
        if !self.types.is_empty() && !self.types.iter().any(kind) {
            return Ok(false);
        }
        if self.without.iter().any(kind) {
            return Ok(false);
        }
        if self.until.is_some_and(|until| event.at > until) {
            return Ok(false);
        }
        if self.by.is_none() && self.correlation.is_none() {
            return Ok(true);
        }
        let metadata = event.metadata()?;
        Ok(self.by.as_ref().is_none_or(|by| *by == metadata.actor)
            && self.correlation.is_none_or(|id| id == metadata.cause.correlation.0))
    }

    /// What is told of this, in order: sentences have names in them, which the log has not, so they
    /// are made for all of it at once.
    async fn told(&self, ctx: &Context<'_>, events: &[Recorded]) -> Answer<Vec<bool>> {
        if self.words.is_empty() {
            return events.iter().map(|event| Ok(self.takes(event)?)).collect();
        }
        let told = |event| async move {
            if !self.takes(event)? {
                return Ok::<_, Trouble>(false);
            }
            let text = format!("{} {}", sentence(ctx, event).await?, event.type_name);
            let text = text.to_lowercase();
            Ok(self.words.iter().all(|word| text.contains(word)))
        };
        futures::future::try_join_all(events.iter().map(told)).await
    }

    /// How far one question goes: where sentences are to be made, not as far.
    const fn reach(&self) -> u64 {
        if self.words.is_empty() { MOST_LOOKED_AT } else { MOST_TOLD }
    }
}

/// The number of the last event, up to a time where one is given; 0 where there is none.
async fn newest(scope: &Scope, until: Option<domain::Timestamp>) -> Answer<u64> {
    let moment = until.map_or(domain::Moment::Now, domain::Moment::At);
    let now = scope.actions().now();
    let moment = if until.is_some_and(|until| until > now) { domain::Moment::Now } else { moment };
    match scope.house().time_machine.event_at(scope.guild(), moment).await {
        Ok(event) => Ok(event.guild_seq),
        Err(TimeError::NoEvents { .. } | TimeError::BeforeFirst { .. }) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// From before `begin` back, until there are enough, or enough was looked through.
async fn look_back(
    ctx: &Context<'_>,
    scope: &Scope,
    wanted: &Wanted,
    begin: u64,
    first: u32,
) -> Answer<EventPage> {
    let (log, guild) = (scope.house().log(), scope.guild());
    let mut found = Vec::new();
    let mut end = begin;
    let floor = begin.saturating_sub(wanted.reach());
    let mut over = wanted.nothing;
    while end > 1 && end > floor && found.len() < first as usize && !over {
        let start = (end - 1).saturating_sub(wanted.step(first));
        let many = usize::try_from(end - 1 - start).unwrap_or_default();
        let events = log.read_guild(guild, start, many).await?;
        let told = wanted.told(ctx, &events).await?;
        for (event, told) in events.into_iter().zip(told).rev() {
            if found.len() == first as usize {
                break;
            }
            if wanted.since.is_some_and(|since| event.at < since) {
                over = true;
                break;
            }
            end = event.guild_seq;
            if told {
                found.push(Event::of(scope, event));
            }
        }
        if found.len() < first as usize && !over {
            end = start + 1;
        }
    }
    let more = end > 1 && !over;
    Ok(EventPage { nodes: found, end_cursor: more.then(|| Cursor(end).encode_cursor()) })
}

/// A page of history. It may be short, and even empty, where little of what was looked through
/// matched: as long as there is a cursor, there is more to look through.
#[derive(SimpleObject)]
pub struct EventPage {
    pub nodes: Vec<Event>,
    /// Where the next page begins; none at the beginning of history.
    pub end_cursor: Option<String>,
}

/// Something that happened, and is never changed.
#[derive(Clone)]
pub struct Event {
    scope: Scope,
    event: Arc<Recorded>,
}

impl Event {
    pub fn of(scope: &Scope, event: Recorded) -> Self {
        Self { scope: scope.clone(), event: Arc::new(event) }
    }

    fn log(&self) -> &Arc<dyn EventLog> {
        self.scope.house().log()
    }

    fn metadata(&self) -> Answer<Metadata> {
        Ok(self.event.metadata()?)
    }
}

fn json(text: &str) -> Json<serde_json::Value> {
    Json(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

#[Object]
impl Event {
    async fn id(&self) -> EventId {
        EventId(self.event.id.0)
    }

    /// Its number in the community: 1, 2, 3 … without a gap.
    async fn seq(&self) -> Long {
        Long(self.event.guild_seq.cast_signed())
    }

    async fn at(&self) -> Time {
        Time(self.event.at)
    }

    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.event.type_name
    }

    async fn type_version(&self) -> u32 {
        self.event.type_version
    }

    /// The aggregate that decided it: `economy`, `case/17`.
    async fn stream(&self) -> String {
        self.event.stream.within_guild().into_owned()
    }

    /// Its number in that stream.
    async fn version(&self) -> Long {
        Long(self.event.version.cast_signed())
    }

    async fn actor(&self) -> Answer<ActorLine> {
        Ok(ActorLine::of(self.scope.guild(), &self.metadata()?.actor))
    }

    /// What happened, in words.
    #[graphql(complexity = "3")]
    async fn sentence(&self, ctx: &Context<'_>) -> Answer<String> {
        sentence(ctx, &self.event).await
    }

    /// As it was written. What is personal in it is sealed.
    async fn payload(&self) -> Json<serde_json::Value> {
        json(&self.event.payload)
    }

    /// The request that it belongs to.
    async fn correlation(&self) -> Answer<EventId> {
        Ok(EventId(self.metadata()?.cause.correlation.0))
    }

    /// The key to the API through which it was asked for; none where somebody asked themselves.
    async fn through_key(&self) -> Answer<Option<String>> {
        Ok(through_key(self.metadata()?.key.as_str()).map(str::to_owned))
    }

    /// The version of the settings that ruled the decision.
    async fn policy(&self) -> Answer<Option<u32>> {
        Ok(self.metadata()?.policy)
    }

    /// SHA-256 over everything in it.
    async fn hash(&self) -> String {
        self.event.hash.to_string()
    }

    /// Whether it still is what was written.
    async fn sound(&self) -> bool {
        self.event.verify().is_ok()
    }

    /// What led to it: the cause first, then the cause of that.
    #[graphql(complexity = "5 * child_complexity")]
    async fn causes(&self) -> Answer<Vec<Event>> {
        let mut causes: Vec<Event> = Vec::new();
        let mut cause = self.metadata()?.cause.causation;
        while let Some(id) = cause.filter(|_| causes.len() < MAX_CAUSES) {
            let Some(earlier) = self.log().find(id).await? else { break };
            if earlier.guild() != self.scope.guild() {
                break;
            }
            cause = earlier.metadata()?.cause.causation;
            causes.push(Self::of(&self.scope, earlier));
        }
        Ok(causes)
    }

    /// What else the same request led to after it.
    #[graphql(complexity = "10 * child_complexity")]
    async fn consequences(&self) -> Answer<Vec<Event>> {
        let correlation = self.metadata()?.cause.correlation;
        let (guild, seq) = (self.scope.guild(), self.event.guild_seq);
        let after = self.log().read_guild(guild, seq, MOST_AFTER).await?;
        let mut found = Vec::new();
        for event in after {
            let seen = self.scope.until().is_none_or(|until| event.guild_seq <= until);
            if seen && event.metadata()?.cause.correlation == correlation {
                found.push(Self::of(&self.scope, event));
            }
            if found.len() == MAX_CONSEQUENCES {
                break;
            }
        }
        Ok(found)
    }
}
