//! A small guild to test in, and a client that sends whatever it is told to.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::Value;
use simulator::{By, Clock, Id, Options, Permissions, Sim, world::role::RoleEdit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const START_MS: u64 = 1_795_253_400_000;

pub struct Place {
    pub sim: Sim,
    pub token: String,
    pub app: Id,
    pub guild: Id,
    pub general: Id,
    pub owner: Id,
    pub maren: Id,
    pub tobi: Id,
    /// Held by Tobi; above the bot's own role.
    pub admin: Id,
    /// Below the bot's own role.
    pub helper: Id,
    judged: bool,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        self.json()
    }

    /// Refused with this status and code; the body, to look further.
    #[track_caller]
    pub fn refused(self, status: u16, code: u64) -> Value {
        let body = self.is(status);
        assert_eq!(body["code"], code, "{body}");
        assert!(body["message"].is_string(), "{body}");
        body
    }
}

fn description() -> Option<PathBuf> {
    let named = std::env::var_os("REEVE_DISCORD_OPENAPI").map(PathBuf::from);
    let beside =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/discord/openapi.json");
    named.or(Some(beside)).filter(|path| path.is_file())
}

impl Place {
    /// A guild whose bot may do everything that does not need an administrator.
    pub async fn new() -> Self {
        Self::with(Permissions::all() - Permissions::ADMINISTRATOR).await
    }

    pub async fn with(permissions: Permissions) -> Self {
        let clock = Clock::moved_by_hand(START_MS);
        let options = Options { clock, ..Options::default() };
        let sim = Sim::start(options).await.expect("a port is free");
        sim.relax_rates(10_000);
        let description = description();
        let judged = description.is_some();
        if let Some(path) = description {
            sim.judge(&path).expect("the description can be used");
        } else {
            eprintln!("skipped: Discord's description is not here, so nothing is judged");
        }
        let mut world = sim.world.lock();
        let mut person = |name| world.add_user(name, None).expect("the name is fine");
        let (owner, maren, tobi) = (person("owner"), person("maren"), person("tobi"));
        let guild = world.create_guild("The Village", owner).expect("there is room");
        let by = By::user(owner);
        for user in [maren, tobi] {
            world.add_member(guild, user).expect("they may join");
        }
        let app = world.create_application("Reeve").expect("there is room");
        world.add_bot(guild, app, permissions, &by).expect("the bot may join");
        let helper = world.create_role(guild, RoleEdit::named("helper"), &by).expect("room");
        let admin = world.create_role(guild, RoleEdit::named("admin"), &by).expect("room");
        world.move_roles(guild, &[(admin, 99)], &by).expect("they are roles");
        world.add_member_role(guild, tobi, admin, &by).expect("it is a role");
        let token = world.application(app).expect("it is there").token.clone();
        let general = world.channel_named(guild, "general").expect("every guild has it");
        drop(world);
        Self { sim, token, app, guild, general, owner, maren, tobi, admin, helper, judged }
    }

    pub fn advance(&self, by: Duration) {
        assert!(self.sim.clock.advance(by), "the clock is moved by hand");
    }

    pub fn is_judged(&self) -> bool {
        self.judged
    }

    /// Nothing that was sent or answered is other than Discord describes it.
    #[track_caller]
    pub fn nothing_was_wrong(&self) {
        let violations: Vec<_> = self.sim.violations().iter().map(ToString::to_string).collect();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
        assert!(!self.judged || self.sim.judged() > 0, "the judge saw nothing");
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &Value::Null, &[]).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, &body, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, &body, &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, &body, &[]).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &Value::Null, &[]).await
    }

    /// As the bot, unless the headers say otherwise.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Reply {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        let authorization = format!("Bot {}", self.token);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            all.push(("authorization", &authorization));
        }
        let path = format!("/api/v10{path}");
        self.raw(method, &path, &all, &bytes).await.expect("the server answers")
    }

    /// Nothing where the connection is closed without an answer.
    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Reply> {
        let address = self.sim.address();
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-length: {}\r\n",
            body.len()
        );
        let mut typed = false;
        for (name, value) in headers {
            // Of two of a name the later one counts.
            let again = *name == "content-type"
                && std::mem::replace(&mut typed, true)
                && head.contains("content-type");
            if again {
                head = head.replace("content-type: application/json\r\n", "");
            }
            head.extend([name, ": ", value, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("it is written");
        // It may be answered, and the connection closed, before all of it was taken.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers =
            headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Some(Reply { status, headers, body: answer[end + 4..].to_vec() })
    }
}
