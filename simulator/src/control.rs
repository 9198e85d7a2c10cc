//! The simulator's own routes, under `/sim`: for the command line, for tests in other languages,
//! and for whoever wants something to go wrong. They are no part of Discord.

mod act;
pub mod client;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    faults::Rule,
    gateway::{intents, session::Order},
    people::Failed,
    permissions::Permissions,
    server::Sim,
    snowflake::Id,
    world::{By, Refusal},
};

/// How long a request may be.
const BODY_BYTES: usize = 1024 * 1024;

pub(crate) fn router(sim: Arc<dyn Fn() -> Option<Sim> + Send + Sync>) -> Router {
    Router::new()
        .route("/sim", get(state))
        .route("/sim/guilds/{guild}", get(guild))
        .route("/sim/guilds/{guild}/channels/{channel}/messages", get(messages))
        .route("/sim/guilds/{guild}/bots", post(add_bot))
        .route("/sim/applications", post(add_application))
        .route("/sim/act", post(act::act))
        .route("/sim/clock", post(advance))
        .route("/sim/gateway", post(order))
        .route("/sim/sessions", get(sessions))
        .route("/sim/faults", get(faults).post(add_fault).delete(clear_faults))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(Handle(sim))
}

/// The simulator, for as long as it runs. Its own routes must not keep it running.
#[derive(Clone)]
pub(crate) struct Handle(Arc<dyn Fn() -> Option<Sim> + Send + Sync>);

impl Handle {
    fn sim(&self) -> Result<Sim, Wrong> {
        (self.0)().ok_or_else(|| Wrong::new(StatusCode::SERVICE_UNAVAILABLE, "it is stopping"))
    }
}

/// What was wrong with a request, in words.
pub(crate) struct Wrong {
    status: StatusCode,
    body: Value,
}

impl Wrong {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, body: json!({ "error": why.into() }) }
    }

    fn bad(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }
}

impl From<Failed> for Wrong {
    fn from(failed: Failed) -> Self {
        let status = match &failed {
            Failed::Refused(refusal) => {
                StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST)
            }
            Failed::Client(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Failed::NoResponse | Failed::Patience { .. } => StatusCode::GATEWAY_TIMEOUT,
        };
        let mut wrong = Self::new(status, failed.to_string());
        if let Failed::Refused(refusal) = &failed {
            wrong.body["code"] = json!(refusal.code);
        }
        wrong
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        Failed::from(refusal).into()
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

type Reply = Result<Json<Value>, Wrong>;

/// The body as this route wants it, or what is wrong with it.
fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Wrong> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Wrong::bad(error.to_string()))
}

fn id(text: &str) -> Result<Id, Wrong> {
    text.parse().map_err(|error: crate::snowflake::NoSnowflake| Wrong::bad(error.to_string()))
}

async fn state(State(handle): State<Handle>) -> Reply {
    let sim = handle.sim()?;
    let world = sim.world.lock();
    let guilds = world
        .guilds
        .values()
        .map(|guild| json!({ "id": guild.id, "name": guild.name, "members": guild.members.len() }));
    let applications = world
        .applications
        .values()
        .map(|app| json!({ "id": app.id, "name": app.name, "commands": app.commands.len() }));
    Ok(Json(json!({
        "api": sim.api_url(),
        "gateway": sim.gateway_url(),
        "now_ms": sim.clock.now_ms(),
        "clock_is_real": sim.clock.is_real(),
        "guilds": guilds.collect::<Vec<_>>(),
        "applications": applications.collect::<Vec<_>>(),
        "faults": sim.faults.rules(),
        "faults_struck": sim.faults.struck(),
    })))
}

async fn guild(State(handle): State<Handle>, Path(guild): Path<String>) -> Reply {
    let sim = handle.sim()?;
    let world = sim.world.lock();
    let found = world.guild(id(&guild)?)?;
    let members = found.members.values().map(|member| {
        let user = world.users.get(&member.user);
        let roles = member.roles.iter().filter_map(|role| found.roles.get(role));
        json!({
            "id": member.user,
            "username": user.map(|user| &user.username),
            "bot": user.is_some_and(|user| user.bot),
            "roles": roles.map(|role| &role.name).collect::<Vec<_>>(),
        })
    });
    let channels = found.channels.iter().chain(&found.threads);
    let channels = channels.filter_map(|channel| world.channels.get(channel)).map(
        |channel| json!({ "id": channel.id, "name": channel.name, "type": channel.kind as u8 }),
    );
    let roles = found
        .roles
        .values()
        .map(|role| json!({ "id": role.id, "name": role.name, "position": role.position }));
    Ok(Json(json!({
        "id": found.id,
        "name": found.name,
        "owner_id": found.owner,
        "members": members.collect::<Vec<_>>(),
        "channels": channels.collect::<Vec<_>>(),
        "roles": roles.collect::<Vec<_>>(),
    })))
}

/// The newest messages of a channel, from the oldest of them on.
async fn messages(
    State(handle): State<Handle>,
    Path((guild, channel)): Path<(String, String)>,
) -> Reply {
    const MOST: usize = 100;
    let sim = handle.sim()?;
    let world = sim.world.lock();
    let guild = id(&guild)?;
    let channel = world.channel_named(guild, &channel).or_else(|| channel.parse().ok());
    let channel = world.channel(channel.ok_or(Refusal::UNKNOWN_CHANNEL)?)?;
    let newest = channel.messages.values().rev().take(MOST);
    let mut wire: Vec<_> = newest.map(|message| world.message_wire(message, false)).collect();
    wire.reverse();
    Ok(Json(json!({ "messages": wire })))
}

#[derive(Deserialize)]
struct NewApplication {
    name: String,
    /// Which privileged intents are switched on; all of them where it is not said.
    privileged_intents: Option<u64>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    max_concurrency: Option<u32>,
    shards: Option<u32>,
}

async fn add_application(State(handle): State<Handle>, body: bytes::Bytes) -> Reply {
    let new: NewApplication = read(&body)?;
    let sim = handle.sim()?;
    let mut world = sim.world.lock();
    let app = world.create_application(&new.name)?;
    let found = world.application_mut(app)?;
    found.privileged = new.privileged_intents.unwrap_or(intents::PRIVILEGED) & intents::PRIVILEGED;
    found.redirect_uris = new.redirect_uris;
    found.max_concurrency = new.max_concurrency.unwrap_or(1).clamp(1, 16);
    found.shards = new.shards.unwrap_or(1).clamp(1, 1_000);
    Ok(Json(json!({
        "id": found.id, "token": found.token, "client_secret": found.client_secret,
    })))
}

#[derive(Deserialize)]
struct NewBot {
    application: Id,
    permissions: Option<String>,
}

async fn add_bot(
    State(handle): State<Handle>,
    Path(guild): Path<String>,
    body: bytes::Bytes,
) -> Reply {
    let new: NewBot = read(&body)?;
    let permissions = match &new.permissions {
        None => crate::community::bot_permissions(),
        Some(text) => Permissions(text.parse().map_err(|_| {
            Wrong::bad("permissions: it takes a number in a string, as Discord writes them")
        })?),
    };
    let (sim, guild) = (handle.sim()?, id(&guild)?);
    let mut world = sim.world.lock();
    let owner = world.guild(guild)?.owner;
    world.add_bot(guild, new.application, permissions, &By::user(owner))?;
    Ok(Json(json!({ "added": true })))
}

#[derive(Deserialize)]
struct Advance {
    ms: u64,
}

async fn advance(State(handle): State<Handle>, body: bytes::Bytes) -> Reply {
    let by: Advance = read(&body)?;
    let sim = handle.sim()?;
    if !sim.clock.advance(Duration::from_millis(by.ms)) {
        return Err(Wrong::bad("this simulator runs in real time, which nobody moves"));
    }
    Ok(Json(json!({ "now_ms": sim.clock.now_ms() })))
}

/// What is done to connections.
#[derive(Deserialize)]
struct Ordered {
    order: String,
    application: Option<Id>,
    code: Option<u16>,
    #[serde(default)]
    resumable: bool,
}

async fn order(State(handle): State<Handle>, body: bytes::Bytes) -> Reply {
    let ordered: Ordered = read(&body)?;
    let order = match ordered.order.as_str() {
        "cut" => Order::Cut,
        "reconnect" => Order::Reconnect,
        "invalidate" => Order::Invalidate { resumable: ordered.resumable },
        "zombie" => Order::Zombie,
        "close" => {
            let code = ordered.code.unwrap_or(4000);
            if !(1000..5000).contains(&code) {
                return Err(Wrong::bad("code: a close code is from 1000 to 4999"));
            }
            Order::Close(code)
        }
        other => {
            let known = "cut, close, reconnect, invalidate, zombie";
            return Err(Wrong::bad(format!("order: {other:?} is none of {known}")));
        }
    };
    let count = handle.sim()?.hub.order(ordered.application, order);
    Ok(Json(json!({ "connections": count })))
}

async fn sessions(State(handle): State<Handle>) -> Reply {
    let sessions = handle.sim()?.hub.sessions();
    let wire = sessions.iter().map(|session| {
        json!({
            "application": session.application,
            "shard": [session.shard, session.shards],
            "intents": session.intents,
            "seq": session.seq(),
            "waiting": session.waiting(),
            "connected": session.is_connected(),
        })
    });
    Ok(Json(json!({ "sessions": wire.collect::<Vec<_>>() })))
}

async fn faults(State(handle): State<Handle>) -> Reply {
    let sim = handle.sim()?;
    Ok(Json(json!({ "faults": sim.faults.rules(), "struck": sim.faults.struck() })))
}

async fn add_fault(State(handle): State<Handle>, body: bytes::Bytes) -> Reply {
    let rule: Rule = read(&body)?;
    let sim = handle.sim()?;
    sim.faults.add(rule).map_err(|error| Wrong::bad(error.to_string()))?;
    Ok(Json(json!({ "faults": sim.faults.rules() })))
}

async fn clear_faults(State(handle): State<Handle>) -> Reply {
    handle.sim()?.faults.clear();
    Ok(Json(json!({ "faults": [] })))
}
