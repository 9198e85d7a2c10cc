//! What operators see and do: read models and their lag, what could not be folded, what is to be
//! done in Discord, maintenance. And what anybody may know: whether all is well.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject, connection::Connection};
use domain::GuildId;
use projections::{BuildStatus, DeadLetter as Letter, Requests, Status, Verb};

use crate::{
    done::{Done, done},
    guard::{Operator, operator},
    guild::guild_id,
    house::{self, EffectCounts},
    moderation,
    page::cost,
    scalars::{EventId, Long, Snowflake, Time},
    scope::house,
    trouble::{Answer, Trouble},
};

/// Effects that are listed.
const MAX_EFFECTS: u64 = 200;
/// A read model this far behind is late.
const LATE_SECS: i64 = 60;

#[derive(Debug, Default)]
pub struct Queries;

#[Object(name = "OperationsQueries")]
impl Queries {
    /// How this installation runs; for its operators.
    #[graphql(guard = "Operator")]
    async fn operations(&self) -> Operations {
        Operations
    }

    /// Whether all is well; for anybody.
    async fn status(&self, ctx: &Context<'_>) -> PublicStatus {
        let house = house(ctx);
        let builds = builds(ctx).await;
        let maintenance = house.actions.maintenance().await;
        let late = builds.as_ref().map_or(0, |builds| {
            let late = |build: &&BuildStatus| build.state == "live" && build.lag_secs > LATE_SECS;
            u32::try_from(builds.iter().filter(late).count()).unwrap_or(u32::MAX)
        });
        let notice = maintenance.as_ref().ok().filter(|maintenance| maintenance.on);
        PublicStatus {
            log: builds.is_ok(),
            late_read_models: late,
            maintenance: notice.map(|maintenance| maintenance.notice.clone()),
            at: Time(house.actions.now()),
        }
    }
}

async fn builds(ctx: &Context<'_>) -> Answer<Vec<BuildStatus>> {
    let house = house(ctx);
    let status = Status::new(house.actions.store().clone());
    Ok(status.builds(&**house.log(), house.actions.now()).await?)
}

#[derive(SimpleObject)]
pub struct PublicStatus {
    /// Whether the log of events answers.
    pub log: bool,
    /// Read models that are more than a minute behind.
    pub late_read_models: u32,
    /// What people are told while there is maintenance.
    pub maintenance: Option<String>,
    pub at: Time,
}

pub struct Operations;

#[Object]
impl Operations {
    /// Every read model, with how far it is.
    async fn read_models(&self, ctx: &Context<'_>) -> Answer<Vec<ReadModel>> {
        Ok(builds(ctx).await?.into_iter().map(ReadModel::of).collect())
    }

    /// Events that could not be folded; their communities wait in that read model.
    async fn dead_letters(&self, ctx: &Context<'_>) -> Answer<Vec<DeadLetter>> {
        let status = Status::new(house(ctx).actions.store().clone());
        Ok(status.dead_letters().await?.into_iter().map(DeadLetter::of).collect())
    }

    /// What is to be done in Discord, newest first; all that is not done where no state is named.
    async fn effects(
        &self,
        ctx: &Context<'_>,
        state: Option<EffectState>,
        #[graphql(default = 50)] first: i32,
    ) -> Answer<Vec<Effect>> {
        let most = u64::try_from(first).unwrap_or(0);
        if !(1..=MAX_EFFECTS).contains(&most) {
            return Err(Trouble::bad_input(format!("first: use 1 to {MAX_EFFECTS}.")));
        }
        let state = state.map(EffectState::name);
        let effects = house(ctx).operations.effects(state, most).await?;
        Ok(effects.into_iter().map(Effect::of).collect())
    }

    async fn effect_counts(&self, ctx: &Context<'_>) -> Answer<Counts> {
        Ok(Counts::of(&house(ctx).operations.effect_counts().await?))
    }

    /// What follows from events: each process, with how far it is.
    async fn processes(&self, ctx: &Context<'_>) -> Answer<Vec<Process>> {
        let lines = house(ctx).operations.processes().await?;
        Ok(lines.into_iter().map(Process::of).collect())
    }

    /// Communities that wait in a process for somebody to look.
    async fn parked_guilds(&self, ctx: &Context<'_>) -> Answer<Vec<Parked>> {
        let lines = house(ctx).operations.parked_guilds().await?;
        Ok(lines.into_iter().map(Parked::of).collect())
    }

    /// Cases of all communities, newest first, without what people wrote.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn cases(
        &self,
        ctx: &Context<'_>,
        filter: Option<moderation::EverywhereFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<Connection<moderation::Last, moderation::Everywhere>> {
        moderation::everywhere(ctx, filter.unwrap_or_default(), first, after).await
    }

    /// Where requests to the process that answers come from: addresses of the last day, those that
    /// asked last first.
    async fn callers(&self, ctx: &Context<'_>) -> Answer<Vec<Origin>> {
        let lines = house(ctx).operations.callers().await?;
        Ok(lines.into_iter().map(Origin::of).collect())
    }

    async fn maintenance(&self, ctx: &Context<'_>) -> Answer<Maintenance> {
        let actions::Maintenance { on, notice } = house(ctx).actions.maintenance().await?;
        Ok(Maintenance { on, notice })
    }
}

#[derive(SimpleObject)]
pub struct Origin {
    pub address: String,
    pub requests: Long,
    /// Without a key or a session that may.
    pub refused: Long,
    pub too_many: Long,
    pub last_at: Time,
}

impl Origin {
    fn of(line: house::CallerLine) -> Self {
        let house::CallerLine { address, requests, refused, too_many, last_at } = line;
        Self {
            address,
            requests: long(requests),
            refused: long(refused),
            too_many: long(too_many),
            last_at: Time(last_at),
        }
    }
}

#[derive(SimpleObject)]
pub struct ReadModel {
    pub name: String,
    pub version: u32,
    pub build: u32,
    /// `live`, or `building`.
    pub state: String,
    /// Events folded so far.
    pub applied: Long,
    pub lag_events: Long,
    /// How long the oldest event that is not folded yet has been waiting.
    pub lag_secs: Long,
    /// Of a build in the making.
    pub percent: u32,
    pub parked_guilds: Long,
    /// Why it waits, where it does.
    pub paused: Option<String>,
    pub updated_at: Time,
}

const fn long(number: u64) -> Long {
    Long(number.cast_signed())
}

impl ReadModel {
    fn of(build: BuildStatus) -> Self {
        Self {
            name: build.name,
            version: build.version,
            build: build.build,
            state: build.state,
            applied: long(build.applied),
            lag_events: long(build.lag_events),
            lag_secs: Long(build.lag_secs),
            percent: build.percent.into(),
            parked_guilds: long(build.parked_guilds),
            paused: build.paused,
            updated_at: Time(build.updated_at),
        }
    }
}

fn snowflake(guild: GuildId) -> Snowflake {
    Snowflake(guild.get())
}

#[derive(SimpleObject)]
pub struct DeadLetter {
    pub read_model: String,
    pub guild: Snowflake,
    pub seq: Long,
    pub event: String,
    pub event_type: String,
    pub error_id: String,
    pub error: String,
    pub attempts: Long,
    pub at: Time,
}

impl DeadLetter {
    fn of(letter: Letter) -> Self {
        Self {
            read_model: letter.projection,
            guild: snowflake(letter.guild),
            seq: long(letter.guild_seq),
            event: letter.event,
            event_type: letter.event_type,
            error_id: letter.error_id,
            error: letter.error,
            attempts: long(letter.attempts),
            at: Time(letter.at),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum EffectState {
    Waiting,
    Calling,
    /// Nobody knows whether it was done.
    Unknown,
    Done,
    Dead,
    Dropped,
    /// Whose process could not be told.
    Untold,
}

impl EffectState {
    const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Calling => "calling",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Dropped => "dropped",
            Self::Untold => "untold",
        }
    }
}

#[derive(SimpleObject)]
pub struct Effect {
    pub id: String,
    pub kind: String,
    pub process: String,
    pub guild: Snowflake,
    pub state: String,
    pub tries: Long,
    pub created_at: String,
    pub next_at: String,
    pub error: Option<String>,
}

impl Effect {
    fn of(effect: house::Effect) -> Self {
        let house::Effect { id, kind, process, guild, state, tries, created_at, next_at, error } =
            effect;
        let (guild, tries) = (snowflake(guild), long(tries));
        Self { id, kind, process, guild, state, tries, created_at, next_at, error }
    }
}

#[derive(SimpleObject)]
#[graphql(name = "EffectCounts")]
pub struct Counts {
    pub waiting: Long,
    pub calling: Long,
    pub unknown: Long,
    pub done: Long,
    pub dead: Long,
    pub dropped: Long,
    pub oldest_waiting_secs: Long,
}

impl Counts {
    const fn of(counts: &EffectCounts) -> Self {
        Self {
            waiting: long(counts.waiting),
            calling: long(counts.calling),
            unknown: long(counts.unknown),
            done: long(counts.done),
            dead: long(counts.dead),
            dropped: long(counts.dropped),
            oldest_waiting_secs: Long(counts.oldest_waiting_secs),
        }
    }
}

#[derive(SimpleObject)]
pub struct Process {
    pub name: String,
    pub events: Long,
    pub lag_events: Long,
    pub parked_guilds: Long,
    pub paused: Option<String>,
}

impl Process {
    fn of(line: house::ProcessLine) -> Self {
        let (events, lag_events) = (long(line.events), long(line.lag_events));
        let (name, paused, parked_guilds) = (line.name, line.paused, long(line.parked_guilds));
        Self { name, events, lag_events, parked_guilds, paused }
    }
}

#[derive(SimpleObject)]
#[graphql(name = "ParkedGuild")]
pub struct Parked {
    pub process: String,
    pub guild: Snowflake,
    pub seq: Long,
    pub event_type: String,
    pub error_id: String,
    pub error: String,
    pub tries: Long,
}

impl Parked {
    fn of(line: house::ParkedGuild) -> Self {
        let house::ParkedGuild { process, guild, seq, event_type, error_id, error, tries } = line;
        let (guild, seq, tries) = (snowflake(guild), long(seq), long(tries));
        Self { process, guild, seq, event_type, error_id, error, tries }
    }
}

#[derive(SimpleObject)]
pub struct Maintenance {
    pub on: bool,
    /// What people are told.
    pub notice: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReadModelVerb {
    /// Compute it anew beside the live one; with a guild, that one in place.
    Rebuild,
    /// Try again with a guild that waits; without one, with all that do.
    Retry,
}

#[derive(InputObject)]
pub struct ReadModelRequest {
    pub name: String,
    pub verb: ReadModelVerb,
    pub guild: Option<Snowflake>,
}

#[derive(InputObject)]
pub struct MaintenanceSwitch {
    pub on: bool,
    /// What people are told; the default where it is left out.
    pub notice: Option<String>,
    pub key: String,
}

#[derive(SimpleObject)]
pub struct MaintenanceSwitched {
    pub done: Done,
    pub maintenance: Option<Maintenance>,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "OperationsMutations")]
impl Mutations {
    /// Asks the process that runs the read models for something. It begins within seconds; how far
    /// it is, `operations.readModels` tells.
    #[graphql(guard = "Operator")]
    async fn read_model_ask(&self, ctx: &Context<'_>, input: ReadModelRequest) -> Answer<bool> {
        let house = house(ctx);
        let known = house.time_machine.projections();
        if !known.contains(&input.name.as_str()) {
            return Err(Trouble::bad_input(format!("There are {}.", known.join(", "))));
        }
        let guild = input.guild.map(guild_id).transpose()?;
        let status = Status::new(house.actions.store().clone());
        let (verb, guilds) = match (input.verb, guild) {
            (ReadModelVerb::Rebuild, None) => (Verb::Rebuild, vec![None]),
            (ReadModelVerb::Rebuild, Some(guild)) => (Verb::RebuildGuild, vec![Some(guild)]),
            (ReadModelVerb::Retry, Some(guild)) => (Verb::Retry, vec![Some(guild)]),
            (ReadModelVerb::Retry, None) => {
                let parked = status.parked(&input.name).await?;
                (Verb::Retry, parked.into_iter().map(Some).collect())
            }
        };
        let requests = Requests::new(house.actions.store().clone());
        for guild in guilds {
            requests.ask(verb, &input.name, guild, None, house.actions.now()).await?;
        }
        Ok(true)
    }

    /// Tries an effect again that is dead or was dropped. False where there is none such.
    #[graphql(guard = "Operator")]
    async fn effect_retry(&self, ctx: &Context<'_>, id: EventId) -> Answer<bool> {
        Ok(house(ctx).operations.retry_effect(id.0).await? > 0)
    }

    /// Leaves an effect undone, for good. False where it is finished, or under way.
    #[graphql(guard = "Operator")]
    async fn effect_drop(&self, ctx: &Context<'_>, id: EventId) -> Answer<bool> {
        house(ctx).operations.drop_effect(id.0).await
    }

    /// Tries communities again that wait in a process. Answers how many.
    #[graphql(guard = "Operator")]
    async fn process_retry(
        &self,
        ctx: &Context<'_>,
        process: String,
        guild: Option<Snowflake>,
    ) -> Answer<Long> {
        let guild = guild.map(guild_id).transpose()?;
        Ok(long(house(ctx).operations.retry_process(&process, guild).await?))
    }

    /// Begins or ends maintenance of the whole installation.
    #[graphql(guard = "Operator")]
    async fn maintenance_switch(
        &self,
        ctx: &Context<'_>,
        input: MaintenanceSwitch,
    ) -> Answer<MaintenanceSwitched> {
        let who = operator(ctx)?;
        let actions = &house(ctx).actions;
        let key = who.key(actions, &input.key)?;
        let asked =
            actions.set_maintenance(&who.caller(), input.on, input.notice.as_deref(), &key).await;
        Ok(match done(asked)? {
            Ok(actions::Maintenance { on, notice }) => MaintenanceSwitched {
                done: Done::of(false),
                maintenance: Some(Maintenance { on, notice }),
            },
            Err(done) => MaintenanceSwitched { done, maintenance: None },
        })
    }
}
