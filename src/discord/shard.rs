//! One connection to Discord's gateway: what it hears goes to its place, and where its session
//! stands is saved once what it heard is done.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use actions::{
    activity::{Heard, Told},
    logs::Noticed,
};
use domain::{GuildId, Timestamp, activity::Blindness};
use futures::StreamExt as _;
use metrics::Counter;
use serde::de::DeserializeOwned;
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};
use twilight_gateway::{
    CloseFrame, ConfigBuilder, Intents, Message as Frame, Session as WireSession, Shard, ShardId,
    error::ReceiveMessageErrorType, queue::InMemoryQueue,
};
use twilight_model::gateway::event::GatewayEventDeserializer as Envelope;

use super::{
    activity::{self, Lane, told},
    audit::AuditLog,
    edge::Edge,
    hands::Hands,
    health::State,
    learn, logs, messages, mirror, places,
    rewards::Rewards,
    sessions::{Place, Progress, Sessions},
    wire::{self, Dispatch},
};
use crate::config::Secret;

/// How far behind a saved session may be; what comes after it is replayed after a crash.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// How long Discord's good-bye is waited for.
const FAREWELL: Duration = Duration::from_secs(2);
/// A new session has not told what happened before it; members are compared then, at most so often.
const COMPARED_AGAIN_SECS: i64 = 86_400;
/// Kinds of events that are counted by name; Discord has about eighty.
const MAX_KINDS: usize = 128;

/// What all connections of a process share.
#[derive(Debug)]
pub struct Line {
    pub edge: Arc<Edge>,
    pub audit: AuditLog,
    pub hands: Hands,
    pub rewards: Rewards,
    pub sessions: Sessions,
    pub gateway_url: String,
    pub token: Secret,
    pub intents: Intents,
    pub queue: InMemoryQueue,
    pub shards: u32,
    pub stop: watch::Receiver<bool>,
}

/// Why a connection ended for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// We were told to.
    Stopped,
    /// Discord will not have us until a person does what this says.
    Refused(String),
}

/// A connection as it runs.
struct Running<'a> {
    line: &'a Line,
    number: u32,
    session: Option<Place>,
    counted: HashMap<String, Counter>,
    malformed: Counter,
    repeated: Counter,
    heard: u64,
    last_close: Option<u16>,
    lane: Arc<Lane>,
    /// What Discord tells happened before, and it is not known when.
    replaying: bool,
    /// Communities with a gap that was just told: whoever makes up for it compares their members.
    blind: HashSet<GuildId>,
}

pub async fn run(line: &Line, number: u32) -> End {
    let mut running = Running {
        line,
        number,
        session: None,
        counted: HashMap::new(),
        malformed: metrics::counter!("reeve_discord_malformed_frames_total"),
        repeated: metrics::counter!("reeve_discord_repeated_events_total"),
        heard: 0,
        last_close: None,
        lane: Arc::default(),
        replaying: true,
        blind: HashSet::new(),
    };
    line.edge.health.shard(number, State::Connecting);
    line.edge.lane_is(number, Arc::clone(&running.lane));
    // Ends with this, whatever this ends with.
    let mut recording = JoinSet::new();
    let (lane, edge) = (Arc::clone(&running.lane), Arc::clone(&line.edge));
    recording.spawn(activity::keep_recording(lane, edge, line.stop.clone()));
    let mut shard = running.connect().await;
    let mut stop = line.stop.clone();
    let mut save = tokio::time::interval(SAVE_EVERY);
    save.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = loop {
        tokio::select! {
            biased;
            () = told(&mut stop) => {
                // Not the code that ends a session: it is resumed at the next start.
                shard.close(CloseFrame::RESUME);
                let farewell = async { while let Some(Ok(Frame::Text(_))) = shard.next().await {} };
                let _ = tokio::time::timeout(FAREWELL, farewell).await;
                break End::Stopped;
            }
            _ = save.tick() => running.save().await,
            frame = shard.next() => match frame {
                Some(Ok(Frame::Text(json))) => {
                    let latency = shard.latency().recent().first().copied();
                    running.hear(&json, latency).await;
                }
                Some(Ok(Frame::Close(frame))) => {
                    running.last_close = frame.map(|frame| frame.code);
                    running.lost();
                }
                Some(Err(error)) => running.trouble(error.kind()),
                None => break End::Refused(refusal(running.last_close)),
            },
        }
    };
    running.lane.hurry();
    if let Some(session) = &running.session {
        session.progress.idle().await;
    }
    running.save().await;
    end
}

/// Until we are told to stop.
pub async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What a person has to do after Discord closed for good.
fn refusal(code: Option<u16>) -> String {
    match code {
        Some(4004) => super::connect::ConnectError::Token.to_string(),
        Some(4010 | 4011) => "Discord refused this number of shards (it has too many communities \
                              for them, or one does not exist). Set discord.shards to auto"
            .to_owned(),
        Some(4012) => "Discord no longer speaks the version of its gateway that this build knows. \
                       Install a newer one"
            .to_owned(),
        Some(4013) => "Discord does not know an intent that this build asks for. Install a newer \
                       one"
        .to_owned(),
        Some(4014) => "Discord refused an intent. Switch on, in the developer portal (Bot, \
                       Privileged Gateway Intents), message content for prefix commands and \
                       logs, and server members for member events, or switch these off: \
                       discord.prefix_commands = false, discord.message_content = false, \
                       discord.member_events = false"
            .to_owned(),
        Some(code) => format!("Discord closed the connection for good, with code {code}"),
        None => "Discord closed the connection for good".to_owned(),
    }
}

impl Running<'_> {
    async fn connect(&mut self) -> Shard<InMemoryQueue> {
        let line = self.line;
        let now = line.edge.actions.now();
        let saved = match line.sessions.load(self.number, now).await {
            Ok(saved) => saved,
            Err(error) => {
                tracing::warn!(%error, "the saved session cannot be read; beginning a new one");
                None
            }
        };
        let mut config = ConfigBuilder::new(line.token.expose().to_owned(), line.intents)
            .proxy_url(line.gateway_url.clone())
            .queue(line.queue.clone());
        if let Some(session) = saved {
            let (id, seq) = (session.id.clone(), session.seq);
            tracing::info!(shard = self.number, seq, "resuming the session of before");
            self.lane.session_is(&id);
            config =
                config.session(WireSession::new(seq, id)).resume_url(session.resume_url.clone());
            let place = Place::goes_on(self.number, session, now);
            line.edge.place_is(self.number, Arc::clone(&place.progress));
            self.session = Some(place);
            // What is told again happened after this.
            if let Some(heard) = self.last_heard().await {
                self.lane.is_alive(heard);
            }
            let (edge, http) = (Arc::clone(&line.edge), Arc::clone(&line.hands.http));
            let (number, shards) = (self.number, line.shards);
            tokio::spawn(async move {
                learn::list(&http, &edge, number, shards).await;
                count_guilds(&edge);
            });
        }
        Shard::with_config(ShardId::new(self.number, line.shards), config.build())
    }

    async fn hear(&mut self, json: &str, latency: Option<Duration>) {
        const DISPATCH: u8 = 0;
        const HEARTBEAT_ACK: u8 = 11;
        let Some(envelope) = Envelope::from_json(json) else {
            self.malformed.increment(1);
            return;
        };
        let (op, seq, name) = envelope.into_parts();
        match (op, seq, name) {
            (DISPATCH, Some(seq), Some(name)) => self.event(&name, seq, json).await,
            (HEARTBEAT_ACK, ..) => {
                self.line.edge.health.latency(self.number, latency);
                if !self.replaying {
                    self.lane.is_alive(self.line.edge.discord_now());
                }
            }
            _ => {}
        }
    }

    async fn event(&mut self, name: &str, seq: u64, json: &str) {
        self.count(name);
        if name == "READY" {
            return self.ready(json, seq).await;
        }
        let Some(session) = &self.session else { return };
        let progress = Arc::clone(&session.progress);
        let expected = progress.seen() + 1;
        if !progress.see(seq) {
            self.repeated.increment(1);
            return;
        }
        if seq > expected {
            self.missed(&progress, seq);
        }
        let Line { edge, hands, rewards, .. } = self.line;
        if places::are_told_by(name) {
            self.places(name, json, &progress, seq).await;
        }
        // First what comes most.
        match name {
            "MESSAGE_CREATE" => match read::<wire::Message>(json) {
                Ok(message) => {
                    let to = (edge, hands, rewards, &*self.lane);
                    messages::hear(to, &progress, seq, message).await;
                }
                Err(()) => self.malformed(name),
            },
            "INTERACTION_CREATE" => match read::<wire::Interaction>(json) {
                Ok(asked) => hands.answer(edge, asked, progress.begin(seq), self.replaying),
                Err(()) => self.malformed(name),
            },
            "MESSAGE_UPDATE" | "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => {
                self.log(name, json, &progress, seq).await;
            }
            "VOICE_STATE_UPDATE"
            | "MESSAGE_REACTION_ADD"
            | "GUILD_MEMBER_ADD"
            | "GUILD_MEMBER_REMOVE" => {
                self.going_on(name, json, &progress, seq).await;
                self.log(name, json, &progress, seq).await;
                self.member(name, json, &progress, seq).await;
            }
            "GUILD_CREATE" => self.guild(json, &progress, seq).await,
            "GUILD_AUDIT_LOG_ENTRY_CREATE" => {
                if !self.line.audit.hear(json, progress.begin(seq)).await {
                    self.malformed(name);
                }
                self.log(name, json, &progress, seq).await;
            }
            "RESUMED" => self.goes_on(seq).await,
            "GUILD_MEMBER_UPDATE" => {
                self.about_a_guild(name, json);
                self.member(name, json, &progress, seq).await;
            }
            _ => self.about_a_guild(name, json),
        }
        // A session that goes on is told what it missed; a new one is not.
        if name == "GUILD_CREATE"
            && let Ok(guild) = read::<wire::Guild>(json)
            && !guild.unavailable
        {
            self.line.audit.catch_up(guild.id, progress.begin(seq));
        }
        progress.heard(seq);
    }

    /// What people do besides writing.
    async fn going_on(&self, name: &str, json: &str, progress: &Arc<Progress>, seq: u64) {
        let edge = &self.line.edge;
        let told = match name {
            "MESSAGE_REACTION_ADD" => read(json).map(|reaction| told::reaction(&reaction)),
            "VOICE_STATE_UPDATE" => {
                read(json).map(|state| told::voice(&state, |guild| edge.guilds.away_in(guild)))
            }
            _ => read(json).map(|coming| told::coming(&coming, name == "GUILD_MEMBER_ADD")),
        };
        match told {
            Ok(Some((guild, what))) => self.keep(guild, what, progress, seq).await,
            Ok(None) => {}
            Err(()) => self.malformed(name),
        }
    }

    /// What the logs want to know.
    async fn log(&self, name: &str, json: &str, progress: &Arc<Progress>, seq: u64) {
        let edge = &self.line.edge;
        match logs::seen(name, json, edge.us, edge.reads_content) {
            Ok(Some((guild, what))) => {
                let at = self.moment();
                self.lane.is_alive(at);
                self.lane.notice(progress, guild, Noticed { seq, at, what }).await;
            }
            Ok(None) => {}
            Err(()) => self.malformed(name),
        }
    }

    /// Who is there, where that is copied.
    async fn member(&self, name: &str, json: &str, progress: &Arc<Progress>, seq: u64) {
        if self.line.edge.mirror.get().is_none() {
            return;
        }
        match mirror::told(name, json) {
            Ok(Some((guild, change))) => {
                self.lane.member(progress, guild, (seq, self.moment()), change).await;
            }
            Ok(None) => {}
            Err(()) => self.malformed(name),
        }
    }

    /// What a community is made of.
    async fn places(&self, name: &str, json: &str, progress: &Arc<Progress>, seq: u64) {
        let Some(places) = self.line.edge.made_of.get() else { return };
        match places::told(name, json) {
            Ok(Some((guild, changes))) => {
                places.told(guild, changes, self.moment(), progress.begin(seq)).await;
            }
            Ok(None) => {}
            Err(()) => self.malformed(name),
        }
    }

    /// Whom we never saw, or not for long, is compared with Discord.
    async fn compare_members(&mut self, guild: GuildId) {
        if self.blind.remove(&guild) {
            return;
        }
        let edge = &self.line.edge;
        let Some(mirror) = edge.mirror.get() else { return };
        let due = match edge.actions.sync_of(guild).await {
            Ok(None) => true,
            Ok(Some(sync)) => sync
                .finished_at
                .is_some_and(|at| edge.actions.now().secs_since(at) > COMPARED_AGAIN_SECS),
            Err(error) => {
                tracing::warn!(guild.id = %guild, %error, "it is not known whether members are to be compared");
                false
            }
        };
        if due {
            mirror.compare(guild);
        }
    }

    /// A community that we come to, or that is told of anew.
    async fn guild(&mut self, json: &str, progress: &Arc<Progress>, seq: u64) {
        let Ok(guild) = read::<wire::Guild>(json) else { return self.malformed("GUILD_CREATE") };
        let (id, voice, here) = (guild.id, told::everybody(&guild), logs::everybody(&guild));
        let there = !guild.unavailable;
        self.line.edge.guilds.put(guild, self.line.edge.us, self.number);
        count_guilds(&self.line.edge);
        if there {
            self.keep(id, voice, progress, seq).await;
            let at = self.moment();
            self.lane.notice(progress, id, Noticed { seq, at, what: here }).await;
            self.compare_members(id).await;
        }
    }

    async fn keep(&self, guild: GuildId, what: Told, progress: &Arc<Progress>, seq: u64) {
        let at = self.moment();
        self.lane.is_alive(at);
        self.lane.hear(progress, guild, Heard { seq, at, what }).await;
    }

    /// When what is told now happened. Of what is told again nobody says so: then it is the last
    /// moment that is certain, so that nobody's time in voice grows by our absence.
    fn moment(&self) -> Timestamp {
        let now = self.line.edge.discord_now();
        if self.replaying { self.lane.alive().unwrap_or(now) } else { now }
    }

    /// A session that goes on left something out.
    fn missed(&self, progress: &Arc<Progress>, seq: u64) {
        let edge = &self.line.edge;
        let now = edge.discord_now();
        tracing::warn!(shard = self.number, seq, "Discord left something out");
        metrics::counter!("reeve_discord_holes_total").increment(1);
        let from = self.lane.alive().unwrap_or(now);
        let guilds = edge.guilds.of_shard(self.number);
        let gap = (from, now);
        self.lane.was_blind(&guilds, gap, Blindness::Hole, progress.record(seq));
        for guild in guilds {
            self.line.audit.catch_up(guild, progress.begin(seq));
        }
    }

    fn about_a_guild(&self, name: &str, json: &str) {
        let edge = &self.line.edge;
        let known =
            match name {
                "GUILD_UPDATE" => read::<wire::Guild>(json)
                    .map(|guild| edge.guilds.put(guild, edge.us, self.number)),
                "GUILD_DELETE" => read::<wire::Guild>(json)
                    .map(|guild| edge.guilds.gone(guild.id, guild.unavailable)),
                "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => read::<wire::RoleChange>(json)
                    .map(|change| edge.guilds.role(change.guild_id, &change.role)),
                "GUILD_ROLE_DELETE" => read::<wire::RoleGone>(json)
                    .map(|gone| edge.guilds.role_gone(gone.guild_id, gone.role_id)),
                "GUILD_MEMBER_UPDATE" => read::<wire::MemberChange>(json).map(|change| {
                    if change.user.id == edge.us {
                        edge.guilds.our_roles(change.guild_id, change.roles);
                    }
                }),
                // Not ours, or new: nothing to do.
                _ => Ok(()),
            };
        if known.is_err() {
            self.malformed(name);
        } else if name.starts_with("GUILD_") {
            count_guilds(edge);
        }
    }

    async fn ready(&mut self, json: &str, seq: u64) {
        let Ok(ready) = read::<wire::Ready>(json) else { return self.malformed("READY") };
        let told: Vec<_> = ready.guilds.iter().map(|guild| guild.id).collect();
        self.line.edge.guilds.keep_of_shard(self.number, |guild| told.contains(&guild));
        self.line.edge.health.shard(self.number, State::Connected);
        tracing::info!(shard = self.number, guilds = told.len(), "a new session with Discord");
        // What the session before caused is still finished; its place is no longer of use.
        self.lane.session_is(&ready.session_id);
        let place = Place::begins(self.number, ready.session_id, ready.resume_gateway_url, seq);
        let progress = Arc::clone(&place.progress);
        self.line.edge.place_is(self.number, Arc::clone(&progress));
        let now = self.line.edge.discord_now();
        if let Some(from) = self.last_heard().await {
            let why = Blindness::NewSession;
            self.lane.was_blind(&told, (from, now), why, progress.record(seq));
            self.blind = told.iter().copied().collect();
        }
        self.replaying = false;
        self.lane.is_alive(now);
        self.session = Some(place);
        self.save().await;
    }

    async fn goes_on(&mut self, seq: u64) {
        let Some(session) = &mut self.session else { return };
        if session.is_resumed(&self.line.sessions, seq).await {
            self.replaying = false;
            let edge = &self.line.edge;
            self.lane.is_alive(edge.discord_now());
            edge.health.shard(self.number, State::Connected);
            tracing::info!(shard = self.number, "the session goes on");
        }
    }

    /// When something was last heard of the session of before, by us or by who was here before us.
    async fn last_heard(&self) -> Option<Timestamp> {
        if let Some(alive) = self.lane.alive() {
            return Some(alive);
        }
        self.line.sessions.last_heard(self.number).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "it is not known since when nothing was heard");
            None
        })
    }

    fn lost(&mut self) {
        self.replaying = true;
        let health = &self.line.edge.health;
        health.shard(self.number, State::Reconnecting);
        metrics::counter!("reeve_discord_lost_connections_total").increment(1);
        tracing::info!(
            shard = self.number,
            code = self.last_close,
            "the connection to Discord ended; making a new one"
        );
    }

    fn trouble(&self, kind: &ReceiveMessageErrorType) {
        if matches!(kind, ReceiveMessageErrorType::Reconnect) {
            self.line.edge.health.shard(self.number, State::Reconnecting);
            tracing::warn!(shard = self.number, "Discord's gateway is not reachable; trying again");
        } else {
            // Never the frame itself: it holds what people wrote.
            self.malformed.increment(1);
            tracing::warn!(shard = self.number, "a frame of the gateway cannot be read; skipped");
        }
    }

    fn malformed(&self, name: &str) {
        self.malformed.increment(1);
        tracing::warn!(shard = self.number, event = name, "an event cannot be read; skipped");
    }

    fn count(&mut self, name: &str) {
        self.heard += 1;
        if let Some(counter) = self.counted.get(name) {
            return counter.increment(1);
        }
        let name = if self.counted.len() < MAX_KINDS && is_a_name(name) { name } else { "other" };
        let counter = metrics::counter!("reeve_discord_events_total", "type" => name.to_owned());
        counter.increment(1);
        self.counted.insert(name.to_owned(), counter);
    }

    async fn save(&mut self) {
        let edge = &self.line.edge;
        edge.health.count_events(std::mem::take(&mut self.heard));
        if let Some(session) = &mut self.session {
            session.save(&self.line.sessions, edge.actions.now(), self.replaying).await;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn count_guilds(edge: &Edge) {
    let (guilds, members) = edge.guilds.count();
    metrics::gauge!("reeve_discord_guilds").set(guilds as f64);
    metrics::gauge!("reeve_discord_members").set(members as f64);
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, ()> {
    serde_json::from_str::<Dispatch<T>>(json).map(|dispatch| dispatch.d).map_err(|_| ())
}

fn is_a_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_close_for_good_then_one_line_says_what_to_do() {
        for (code, says) in [
            (Some(4004), "DISCORD_TOKEN"),
            (Some(4011), "discord.shards"),
            (Some(4014), "discord.prefix_commands = false"),
            (Some(4099), "4099"),
            (None, "for good"),
        ] {
            let text = refusal(code);
            assert!(text.contains(says) && !text.contains('\n'), "{text}");
        }
    }

    #[test]
    fn given_names_of_events_then_only_such_become_labels() {
        assert!(is_a_name("MESSAGE_CREATE") && !is_a_name("") && !is_a_name("a\nb"));
        assert!(!is_a_name(&"X".repeat(65)));
    }
}
