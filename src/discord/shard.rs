//! One connection to Discord's gateway: what it hears goes to its place, and where its session
//! stands is saved once what it heard is done.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::StreamExt as _;
use metrics::Counter;
use serde::de::DeserializeOwned;
use tokio::{sync::watch, time::MissedTickBehavior};
use twilight_gateway::{
    CloseFrame, ConfigBuilder, Intents, Message as Frame, Session as WireSession, Shard, ShardId,
    error::ReceiveMessageErrorType, queue::InMemoryQueue,
};
use twilight_model::gateway::event::GatewayEventDeserializer as Envelope;

use super::{
    audit::AuditLog,
    edge::Edge,
    hands::Hands,
    health::State,
    learn, messages,
    sessions::{Progress, Session, Sessions},
    wire::{self, Dispatch},
};
use crate::config::Secret;

/// How far behind a saved session may be; what comes after it is replayed after a crash.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// How long Discord's good-bye is waited for.
const FAREWELL: Duration = Duration::from_secs(2);
/// Kinds of events that are counted by name; Discord has about eighty.
const MAX_KINDS: usize = 128;

/// What all connections of a process share.
#[derive(Debug)]
pub struct Line {
    pub edge: Arc<Edge>,
    pub audit: AuditLog,
    pub hands: Hands,
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
    session: Option<Named>,
    counted: HashMap<String, Counter>,
    malformed: Counter,
    repeated: Counter,
    heard: u64,
    last_close: Option<u16>,
}

/// A session and how far it is.
struct Named {
    id: String,
    resume_url: String,
    progress: Arc<Progress>,
    saved: u64,
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
    };
    line.edge.health.shard(number, State::Connecting);
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
        Some(4014) => "Discord refused the message content intent. Switch it on in the developer \
                       portal (Bot, Privileged Gateway Intents), or switch prefix commands off: \
                       discord.prefix_commands = false"
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
        if let Some(Session { id, resume_url, seq }) = saved {
            tracing::info!(shard = self.number, seq, "resuming the session of before");
            config =
                config.session(WireSession::new(seq, id.clone())).resume_url(resume_url.clone());
            let progress = Arc::new(Progress::from(seq));
            line.edge.place_is(self.number, Arc::clone(&progress));
            self.session = Some(Named { id, resume_url, progress, saved: seq });
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
            (HEARTBEAT_ACK, ..) => self.line.edge.health.latency(self.number, latency),
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
        if !progress.see(seq) {
            self.repeated.increment(1);
            return;
        }
        let Line { edge, hands, .. } = self.line;
        // First what comes most.
        match name {
            "MESSAGE_CREATE" => match read::<wire::Message>(json) {
                Ok(message) => messages::hear(edge, hands, &progress, seq, &message, json).await,
                Err(()) => self.malformed(name),
            },
            "INTERACTION_CREATE" => match read::<wire::Interaction>(json) {
                Ok(interaction) => hands.answer(edge, interaction, progress.begin(seq)),
                Err(()) => self.malformed(name),
            },
            "GUILD_AUDIT_LOG_ENTRY_CREATE" => {
                if !self.line.audit.hear(json, progress.begin(seq)).await {
                    self.malformed(name);
                }
            }
            "RESUMED" => {
                edge.health.shard(self.number, State::Connected);
                tracing::info!(shard = self.number, "the session goes on");
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

    fn about_a_guild(&self, name: &str, json: &str) {
        let edge = &self.line.edge;
        let known =
            match name {
                "GUILD_CREATE" | "GUILD_UPDATE" => read::<wire::Guild>(json)
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
        let progress = Arc::new(Progress::from(seq));
        self.line.edge.place_is(self.number, Arc::clone(&progress));
        let (id, resume_url) = (ready.session_id, ready.resume_gateway_url);
        self.session = Some(Named { id, resume_url, progress, saved: 0 });
        self.save().await;
    }

    fn lost(&self) {
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

    /// Where the session stands, once what came before is done.
    async fn save(&mut self) {
        let edge = &self.line.edge;
        edge.health.count_events(std::mem::take(&mut self.heard));
        let Some(session) = &mut self.session else { return };
        let seq = session.progress.done();
        if seq == session.saved {
            return;
        }
        let (id, resume_url) = (session.id.clone(), session.resume_url.clone());
        let now = edge.actions.now();
        let place = Session { id, resume_url, seq };
        match self.line.sessions.save(self.number, &place, now).await {
            Ok(()) => session.saved = seq,
            Err(error) => tracing::warn!(%error, "the session's place is not saved; trying again"),
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
