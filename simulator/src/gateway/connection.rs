//! One connection: reads what the client sends, and sends what its session holds.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    Params,
    close::Close,
    coding::Coding,
    identify::{Identified, identify},
    members::request_members,
    payload::{self, Payload},
    session::{Attach, Order, Session},
};
use crate::{limits, permissions::Permissions, shared::Shared};

/// How many events are handed to the socket before it is looked whether something else is to be
/// said.
const BATCH: usize = 64;
/// How many frames that are no events may wait.
const CONTROLS: usize = 256;
/// How long a client that was told to come back may stay.
const AFTER_RECONNECT: Duration = Duration::from_secs(5);
/// How long a closed connection waits for the client to close too.
const FAREWELL: Duration = Duration::from_secs(2);
const PRESENCES: usize = 5;
const PRESENCES_IN: Duration = Duration::from_secs(20);
const MINUTE: Duration = Duration::from_mins(1);

/// For the one who writes.
enum Out {
    Control(String),
    /// From here on send what this session holds; the number is this connection's.
    Session(Arc<Session>, u64),
    NoSession,
    /// Say nothing more.
    Silence,
    Compress,
    Close(Close),
}

/// How it ends.
enum End {
    Close(Close),
    /// Without a word.
    Cut,
    /// The client went.
    Gone,
}

pub(super) async fn serve(socket: WebSocket, params: Params, shared: Arc<Shared>) {
    let (sink, mut stream) = socket.split();
    let (out, outs) = mpsc::channel(CONTROLS);
    let (coding, refused) = match read_params(&params) {
        Ok(coding) => (coding, None),
        Err(close) => (Coding::Text, Some(close)),
    };
    let compressed = !coding.is_text();
    let mut writer = tokio::spawn(write(sink, outs, coding));
    let mut reader = Reader {
        shared: &shared,
        out: &out,
        session: None,
        orders: None,
        compressed,
        heard: Instant::now(),
        sends: VecDeque::new(),
        presences: VecDeque::new(),
        leaves_at: None,
        zombie: false,
    };
    let end = match refused {
        Some(close) => End::Close(close),
        None => reader.run(&mut stream).await,
    };
    if let Some((session, connection)) = reader.session.take() {
        session.detach(connection);
    }
    match end {
        End::Close(close) => {
            tracing::debug!(close.code = close.code, "the gateway closes a connection");
            let _ = out.send(Out::Close(close)).await;
            // The client's frames are read until it closes too: what is unread would tear the
            // connection down before it has seen why.
            let farewell = async { while let Some(Ok(_)) = stream.next().await {} };
            let _ = tokio::time::timeout(FAREWELL, farewell).await;
        }
        End::Cut => {}
        End::Gone => {
            drop(out);
            let _ = tokio::time::timeout(FAREWELL, &mut writer).await;
        }
    }
    writer.abort();
}

fn read_params(params: &Params) -> Result<Coding, Close> {
    if params.v.as_deref().is_some_and(|version| version != "10") {
        return Err(Close::INVALID_VERSION);
    }
    if params.encoding.as_deref().is_some_and(|encoding| encoding != "json") {
        return Err(Close::ONLY_JSON);
    }
    Coding::named(params.compress.as_deref()).ok_or(Close::UNKNOWN_COMPRESSION)
}

fn control(op: u64, d: &Value) -> String {
    json!({ "t": null, "s": null, "op": op, "d": d }).to_string()
}

async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut outs: mpsc::Receiver<Out>,
    mut coding: Coding,
) {
    let mut session: Option<(Arc<Session>, u64)> = None;
    let mut batch = Vec::with_capacity(BATCH);
    let mut silent = false;
    loop {
        let next = match outs.try_recv() {
            Ok(out) => Some(out),
            Err(mpsc::error::TryRecvError::Disconnected) => return,
            Err(mpsc::error::TryRecvError::Empty) => {
                let held = session.as_ref().filter(|_| !silent);
                let current = held.is_none_or(|(held, mine)| held.take(*mine, BATCH, &mut batch));
                if !current {
                    session = None;
                }
                if batch.is_empty() {
                    if sink.flush().await.is_err() {
                        return;
                    }
                    match session.as_ref().filter(|_| !silent) {
                        None => match outs.recv().await {
                            Some(out) => Some(out),
                            None => return,
                        },
                        Some((held, _)) => tokio::select! {
                            biased;
                            out = outs.recv() => match out {
                                Some(out) => Some(out),
                                None => return,
                            },
                            () = held.more.notified() => None,
                        },
                    }
                } else {
                    None
                }
            }
        };
        for event in batch.drain(..) {
            if event.is_lost() {
                continue;
            }
            let Ok(message) = coding.event(&event) else { return };
            if sink.feed(message).await.is_err() {
                return;
            }
        }
        let Some(out) = next else { continue };
        match out {
            Out::Control(_) if silent => {}
            Out::Control(text) => {
                let Ok(message) = coding.control(text) else { return };
                if sink.send(message).await.is_err() {
                    return;
                }
            }
            Out::Session(held, mine) => session = Some((held, mine)),
            Out::NoSession => session = None,
            Out::Silence => silent = true,
            Out::Compress => coding = Coding::ZlibEach,
            Out::Close(close) => {
                let frame = CloseFrame { code: close.code, reason: close.reason.into() };
                let _ = sink.send(Message::Close(Some(frame))).await;
                return;
            }
        }
    }
}

struct Reader<'a> {
    shared: &'a Shared,
    out: &'a mpsc::Sender<Out>,
    session: Option<(Arc<Session>, u64)>,
    orders: Option<mpsc::Receiver<Order>>,
    compressed: bool,
    heard: Instant,
    sends: VecDeque<Instant>,
    presences: VecDeque<Instant>,
    leaves_at: Option<Instant>,
    zombie: bool,
}

impl Reader<'_> {
    async fn run(&mut self, stream: &mut SplitStream<WebSocket>) -> End {
        let interval = self.shared.options.heartbeat;
        let milliseconds = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        let hello = json!({ "heartbeat_interval": milliseconds, "_trace": ["[\"simulator\"]"] });
        self.say(control(10, &hello)).await;
        loop {
            let silent_until = self.heard + interval * 2;
            let until = self.leaves_at.map_or(silent_until, |leaves| leaves.min(silent_until));
            let result = tokio::select! {
                message = stream.next() => self.hear(message).await,
                order = next_order(&mut self.orders) => self.obey(order).await,
                () = tokio::time::sleep_until(until.into()) => {
                    if self.leaves_at.is_some_and(|leaves| leaves <= Instant::now()) {
                        Err(End::Close(Close::UNKNOWN_ERROR))
                    } else if self.zombie {
                        // Nobody knows how long such a connection stays open.
                        self.heard = Instant::now();
                        Ok(())
                    } else {
                        Err(End::Close(Close::SESSION_TIMED_OUT))
                    }
                }
            };
            if let Err(end) = result {
                return end;
            }
        }
    }

    async fn say(&self, text: String) {
        // Where the writer is gone, the stream ends too.
        let _ = self.out.send(Out::Control(text)).await;
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let frame = match message {
            None | Some(Err(_) | Ok(Message::Close(_))) => return Err(End::Gone),
            Some(Ok(Message::Text(text))) => text.into(),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
        };
        if self.zombie {
            return Ok(());
        }
        if !take_turn(&mut self.sends, limits::SENDS_PER_MINUTE, MINUTE) {
            return Err(End::Close(Close::RATE_LIMITED));
        }
        let payload = Payload::read(&frame).map_err(End::Close)?;
        self.act(payload).await.map_err(End::Close)
    }

    async fn act(&mut self, payload: Payload) -> Result<(), Close> {
        let known = self.session.as_ref().map(|(session, _)| Arc::clone(session));
        match (payload.op, known) {
            (payload::HEARTBEAT, _) => {
                if !(payload.d.is_null() || payload.d.is_u64()) {
                    return Err(Close::DECODE_ERROR);
                }
                self.heard = Instant::now();
                self.say(control(11, &Value::Null)).await;
                Ok(())
            }
            (payload::IDENTIFY | payload::RESUME, Some(_)) => Err(Close::ALREADY_AUTHENTICATED),
            (payload::IDENTIFY, None) => self.identify(payload).await,
            (payload::RESUME, None) => self.resume(payload).await,
            (
                payload::PRESENCE
                | payload::VOICE
                | payload::REQUEST_MEMBERS
                | payload::REQUEST_SOUNDS,
                None,
            ) => Err(Close::NOT_AUTHENTICATED),
            (payload::PRESENCE, Some(session)) => {
                let presence: payload::Presence = payload.data()?;
                if !presence.is_valid() {
                    return Err(Close::DECODE_ERROR);
                }
                if take_turn(&mut self.presences, PRESENCES, PRESENCES_IN) {
                    let mut world = self.shared.world.lock();
                    world.set_presence(session.bot, &presence.status, presence.activities);
                }
                Ok(())
            }
            (payload::VOICE, Some(session)) => {
                let voice: payload::Voice = payload.data()?;
                self.voice(&session, &voice);
                Ok(())
            }
            (payload::REQUEST_MEMBERS, Some(session)) => {
                request_members(self.shared, &session, payload.data()?);
                Ok(())
            }
            (payload::REQUEST_SOUNDS, Some(_)) => Ok(()),
            _ => Err(Close::UNKNOWN_OPCODE),
        }
    }

    async fn identify(&mut self, payload: Payload) -> Result<(), Close> {
        let request: payload::Identify = payload.data()?;
        let compress = request.compress && !self.compressed;
        match identify(self.shared, request)? {
            Identified::TooSoon => self.say(control(9, &json!(false))).await,
            Identified::Session(session) => {
                if compress {
                    self.compressed = true;
                    let _ = self.out.send(Out::Compress).await;
                }
                if let Attach::Taken(connection, orders) = session.attach(None) {
                    self.take_up(session, connection, orders).await;
                }
            }
        }
        Ok(())
    }

    async fn take_up(
        &mut self,
        session: Arc<Session>,
        connection: u64,
        orders: mpsc::Receiver<Order>,
    ) {
        self.orders = Some(orders);
        self.session = Some((Arc::clone(&session), connection));
        let _ = self.out.send(Out::Session(session, connection)).await;
    }

    async fn resume(&mut self, payload: Payload) -> Result<(), Close> {
        let request: payload::Resume = payload.data()?;
        let application = {
            let world = self.shared.world.lock();
            world.application_by_token(&request.token).map(|application| application.id)
        };
        let application = application.ok_or(Close::AUTHENTICATION_FAILED)?;
        let found = self.shared.hub.find(&request.session_id);
        let found = found.filter(|session| session.application == application);
        let Some(session) = found else {
            self.say(control(9, &json!(false))).await;
            return Ok(());
        };
        match session.attach(Some(request.seq)) {
            Attach::Taken(connection, orders) => {
                let wire = json!({ "_trace": ["[\"simulator\"]"] });
                session.push("RESUMED", super::identify::bytes(&wire));
                self.shared.hub.note_change();
                self.take_up(session, connection, orders).await;
                Ok(())
            }
            Attach::TooOld => {
                session.end();
                self.say(control(9, &json!(false))).await;
                Ok(())
            }
            Attach::NeverSaid => Err(Close::INVALID_SEQ),
        }
    }

    fn voice(&self, session: &Session, voice: &payload::Voice) {
        let mut world = self.shared.world.lock();
        let (guild, bot) = (voice.guild_id, session.bot);
        let result = match voice.channel_id {
            None => world.leave_voice(guild, bot),
            Some(channel) => world.require_in(channel, bot, Permissions::CONNECT).and_then(|()| {
                world.join_voice(guild, bot, channel)?;
                world.set_own_voice(guild, bot, |state| {
                    state.self_mute = voice.self_mute;
                    state.self_deaf = voice.self_deaf;
                })?;
                let token = world.secret(16).to_lowercase();
                // No media server runs here, and Discord says so by no endpoint.
                let wire = json!({ "token": token, "guild_id": guild, "endpoint": null });
                world.emit_to("VOICE_SERVER_UPDATE", session.application, Some(guild), wire);
                Ok(())
            }),
        };
        if let Err(refusal) = result {
            tracing::debug!(%refusal, "a voice state was not taken");
        }
    }

    async fn obey(&mut self, order: Order) -> Result<(), End> {
        match order {
            Order::Close(code) => return Err(End::Close(Close::with_code(code))),
            Order::Cut => return Err(End::Cut),
            Order::Reconnect => {
                self.say(control(7, &Value::Null)).await;
                self.leaves_at = Some(Instant::now() + AFTER_RECONNECT);
            }
            Order::Invalidate { resumable } => {
                if let Some((session, connection)) = self.session.take() {
                    session.detach(connection);
                }
                self.orders = None;
                let _ = self.out.send(Out::NoSession).await;
                self.say(control(9, &json!(resumable))).await;
            }
            Order::Zombie => {
                self.zombie = true;
                let _ = self.out.send(Out::Silence).await;
            }
        }
        Ok(())
    }
}

/// The next thing that is done to this connection; never, where no session has it.
async fn next_order(orders: &mut Option<mpsc::Receiver<Order>>) -> Order {
    match orders {
        None => std::future::pending().await,
        // The session gave it to another connection, and has said so before.
        Some(orders) => match orders.recv().await {
            Some(order) => order,
            None => std::future::pending().await,
        },
    }
}

/// Whether it is one of the first so many in that time.
fn take_turn(turns: &mut VecDeque<Instant>, most: usize, within: Duration) -> bool {
    let now = Instant::now();
    while turns.front().is_some_and(|turn| now.duration_since(*turn) >= within) {
        turns.pop_front();
    }
    if turns.len() >= most {
        return false;
    }
    turns.push_back(now);
    true
}
