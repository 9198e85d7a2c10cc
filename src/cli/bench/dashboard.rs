//! What the dashboard waits for: a community with a long history, our bot as a process of its own,
//! somebody who signs in as a browser does, and then what the overview asks, pages of the event list,
//! and changes until they are seen. The load comes from this process, on the same processors.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{Decider as _, GuildId, UserId, economy::Economy};
use eventlog::{StreamId, people::MasterKey};
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Serialize;
use serde_json::{Value, json};
use simulator::Id;
use tokio::task::JoinSet;

use super::{
    Failed,
    analytics::Year,
    history,
    latency::Latencies,
    store::{Folder, Store},
    wire::{Bot, Place, refused},
};

/// In a page of the event list, as the dashboard asks for them.
const PAGE: u64 = 50;
const DEEP: u64 = 100;
/// Of one append.
const AT_A_TIME: u32 = 16;
const CHANNELS: u32 = 20;
/// What is written is seen within this; else it hangs.
const SEEN_WITHIN: Duration = Duration::from_secs(10);
const CHANGES: u64 = 50;
const CSRF: &str = "x-csrf-token";
const OVERVIEW: &str = "query ($guild: Snowflake!) { guild(id: $guild) { memberCount \
    economy { currency supply holders board(first: 5) { place amount \
    person { number userId name avatarUrl } } } \
    events(filter: { without: [\"reads.\"] }, first: 8) { nodes { id seq at type sentence \
    actor { kind process person { number userId name avatarUrl } } } endCursor } \
    activity { timeZone gaps(range: { days: 30 }) { from until } \
    messages: series(metric: MESSAGES, range: { days: 30 }) { starts values sum sumBefore } \
    active: series(metric: ACTIVE, range: { days: 30 }) { values sum sumBefore } \
    voice: series(metric: VOICE_MINUTES, range: { days: 30 }) { values sum sumBefore } \
    growth: series(metric: GROWTH, range: { days: 30 }) { values sum sumBefore } \
    cases: series(metric: CASES, range: { days: 30 }) { values sum sumBefore } \
    supply: series(metric: SUPPLY, range: { days: 30 }) { values sum sumBefore } } } }";
const EVENTS: &str = "query ($guild: Snowflake!, $first: Int!, $after: String) { \
    guild(id: $guild) { events(first: $first, after: $after) { nodes { id seq at type sentence \
    actor { kind process person { number userId name avatarUrl } } } endCursor } } }";
const GRANT: &str = "mutation ($input: BytesMove!) { bytesGrant(input: $input) { \
    done { status refusal { text } } } }";
const SUPPLY: &str = "query ($guild: Snowflake!) { guild(id: $guild) { economy { supply } } }";
const MAKE_KEY: &str = "mutation ($input: KeyCreate!) { keyCreate(input: $input) { \
    status secret refusal { text } } }";

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Events of the community's history, beside a year of activity
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(10_000..))]
    events: u32,
    /// Windows of activity in the year
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    windows: u32,
    /// Members of the community
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(60..=10_000))]
    members: u32,
    /// How often the overview is asked for by one browser
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(100..))]
    times: u64,
    /// How many ask for it at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=256))]
    at_once: u64,
    /// For how many seconds they do
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    secs: u64,
    /// The folder to make a folder in [default: $TMPDIR]
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub events: u64,
    pub overview_p50_ms: f64,
    pub overview_p99_ms: f64,
    /// Of one asker, who asks the same: told again while nothing happens.
    pub overviews_per_s: f64,
    /// None of them told before, as are those that times are of.
    pub anew_per_s: f64,
    pub deep_page_p50_ms: f64,
    pub deep_page_p99_ms: f64,
    /// From when a change is asked for until another question sees it.
    pub change_seen_p50_ms: f64,
    pub change_seen_p99_ms: f64,
    pub rss_mb: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events; overview: p50 {} ms, p99 {} ms, {} a second, {} of them anew; page {DEEP} of the events: p50 \
             {} ms, p99 {} ms; a change is seen: p50 {} ms, p99 {} ms; {} MB",
            self.events,
            self.overview_p50_ms,
            self.overview_p99_ms,
            self.overviews_per_s,
            self.anew_per_s,
            self.deep_page_p50_ms,
            self.deep_page_p99_ms,
            self.change_seen_p50_ms,
            self.change_seen_p99_ms,
            self.rss_mb,
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let place = Place::start(1).await?;
    let members = usize::try_from(args.members)?;
    let ground = place.sim.ground(place.application, 1, members).map_err(refused)?;
    let guild = ground.guilds[0];
    let folder = Folder::make_in(&args.dir.clone().unwrap_or_else(std::env::temp_dir))?;
    let master = MasterKey::generate()?;
    let key = format!("master_key={}", master.to_hex());
    let events = fill(&args, &place, guild, &folder, master).await?;
    let secret = place.client_secret()?;
    let secret = format!("discord.client_secret={secret}");
    let settings = [
        &key,
        &secret,
        "http.requests_per_minute_per_key=10000000",
        "http.requests_per_minute_per_address=10000000",
    ];
    let mut bot = Bot::ours(&place, folder.path(), &settings).await?;
    place.deployed().await?;
    bot.rests().await?;
    let address = bot.address()?.to_owned();
    place.may_lead_back_to(&format!("http://{address}/auth/callback"))?;
    let asker = Arc::new(Asker::with_key(&place, &address, guild).await?);
    let overview = json!({ "query": OVERVIEW, "variables": { "guild": guild.to_string() } });
    let overview = Bytes::from(overview.to_string());
    let alone = asker.repeats(&overview, args.times).await?;
    let overviews_per_s = at_once(&args, &asker, &overview, Asking::TheSame).await?;
    let anew_per_s = at_once(&args, &asker, &overview, Asking::Anew).await?;
    let deep = asker.deep_pages(args.times).await?;
    let seen = asker.changes().await?;
    let rss_mb = bot.rss_mb();
    bot.stop().await?;
    Ok(Outcome {
        events,
        overview_p50_ms: alone.ms(50),
        overview_p99_ms: alone.ms(99),
        overviews_per_s,
        anew_per_s,
        deep_page_p50_ms: deep.ms(50),
        deep_page_p99_ms: deep.ms(99),
        change_seen_p50_ms: seen.ms(50),
        change_seen_p99_ms: seen.ms(99),
        rss_mb,
    })
}

/// Gives everybody a number, the economy a history and its members a year.
async fn fill(
    args: &Args,
    place: &Place,
    guild: Id,
    folder: &Folder,
    master: MasterKey,
) -> Result<u64, Failed> {
    let store = Store::open(folder.path(), None, None, master).await?;
    let id = GuildId::new(guild.get())?;
    for user in members_of(place, guild)? {
        store.people.person(id, UserId::new(user.get())?).await?;
    }
    let stream = StreamId::of_guild(Economy::CAPABILITY, id);
    let lively = |nth| Ok(history::lively(0, nth));
    history::fill_stream(&*store.log, &stream, args.events, AT_A_TIME, lively).await?;
    Year::up_to_now(args.windows, args.members, CHANNELS).fill(&store, id).await?;
    let head = store.log.head().await?.0;
    store.close().await;
    Ok(head)
}

/// Somebody with a key, at the door of one bot.
struct Asker {
    client: Client<HttpConnector, Full<Bytes>>,
    origin: String,
    bearer: String,
    guild: Id,
    someone: Id,
}

struct Answer {
    headers: header::HeaderMap,
    body: Bytes,
}

impl Asker {
    /// Signs the owner in at Discord's own page, as a browser does, and makes a key.
    async fn with_key(place: &Place, address: &str, guild: Id) -> Result<Self, Failed> {
        let owner = place.sim.admin(guild)?.user;
        let someone = members_of(place, guild)?.into_iter().find(|user| *user != owner);
        let mut asker = Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            origin: format!("http://{address}"),
            bearer: String::new(),
            guild,
            someone: someone.ok_or("there is nobody")?,
        };
        let begun = asker.send(Method::GET, "/auth/sign-in", &[], Bytes::new()).await?;
        let page = begun.header(&header::LOCATION)?;
        let (discord, question) = page.split_once('?').ok_or("an odd address of Discord's")?;
        let form = Bytes::from(format!("{question}&user_id={owner}&decision=authorize"));
        let kind = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
        let decided = asker.send(Method::POST, discord, &kind, form).await?;
        let cookies = begun.cookies();
        let cookie = [(header::COOKIE, cookies.as_str())];
        let back = decided.header(&header::LOCATION)?;
        let signed_in = asker.send(Method::GET, back, &cookie, Bytes::new()).await?;
        let cookies = signed_in.cookies();
        let cookie = (header::COOKIE, cookies.as_str());
        let session = asker
            .send(Method::GET, "/auth/session", std::slice::from_ref(&cookie), Bytes::new())
            .await?;
        let session: Value = serde_json::from_slice(&session.body)?;
        let csrf = session["csrf"].as_str().ok_or("nobody is signed in")?;
        let ends = eventlog::system_clock()().plus_secs(86_400).to_string();
        let body = json!({ "query": MAKE_KEY, "variables": { "input": {
            "guild": guild.to_string(), "name": "measuring", "key": "measuring", "endsAt": ends,
            "scopes": ["READ", "RECORDS", "AUDIT", "ECONOMY"],
        }}});
        let origin = asker.origin.clone();
        let headers = [
            cookie,
            (header::ORIGIN, origin.as_str()),
            (header::HeaderName::from_static(CSRF), csrf),
            (header::CONTENT_TYPE, "application/json"),
        ];
        let made = asker.send(Method::POST, "/graphql", &headers, body.to_string().into()).await?;
        let made: Value = serde_json::from_slice(&made.body)?;
        let secret = made["data"]["keyCreate"]["secret"].as_str();
        asker.bearer = format!("Bearer {}", secret.ok_or_else(|| format!("no key: {made}"))?);
        Ok(asker)
    }

    async fn send(
        &self,
        method: Method,
        at: &str,
        headers: &[(header::HeaderName, &str)],
        body: Bytes,
    ) -> Result<Answer, Failed> {
        let uri = if at.starts_with('/') { format!("{}{at}", self.origin) } else { at.to_owned() };
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let answer = self.client.request(request.body(Full::new(body))?).await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        if parts.status.as_u16() >= 400 {
            return Err(format!("{at}: {} {}", parts.status, show(&body)).into());
        }
        Ok(Answer { headers: parts.headers, body })
    }

    /// With the key; the whole answer, of which nothing is missing.
    async fn asks(&self, question: Bytes) -> Result<Bytes, Failed> {
        let headers = [
            (header::AUTHORIZATION, self.bearer.as_str()),
            (header::CONTENT_TYPE, "application/json"),
        ];
        let answer = self.send(Method::POST, "/graphql", &headers, question).await?;
        if answer.body.windows(8).any(|part| part == b"\"errors\"") {
            return Err(format!("it was not answered: {}", show(&answer.body)).into());
        }
        Ok(answer.body)
    }

    async fn repeats(&self, question: &Bytes, times: u64) -> Result<Latencies, Failed> {
        let mut latencies = Latencies::default();
        // The first fills what is kept at hand.
        self.asks(question.clone()).await?;
        for time in 0..times {
            let anew = another(question, time);
            let began = Instant::now();
            self.asks(anew).await?;
            latencies.record(began.elapsed());
        }
        Ok(latencies)
    }

    /// The same page far back, whose beginning the page before told.
    async fn deep_pages(&self, times: u64) -> Result<Latencies, Failed> {
        let page = |after: Option<&str>| {
            let variables =
                json!({ "guild": self.guild.to_string(), "first": PAGE, "after": after });
            Bytes::from(json!({ "query": EVENTS, "variables": variables }).to_string())
        };
        let mut after: Option<String> = None;
        for _ in 1..DEEP {
            let told: Value = serde_json::from_slice(&self.asks(page(after.as_deref())).await?)?;
            let next = told["data"]["guild"]["events"]["endCursor"].as_str();
            after = Some(next.ok_or("the list ends before")?.to_owned());
        }
        self.repeats(&page(after.as_deref()), times).await
    }

    async fn supply(&self) -> Result<String, Failed> {
        let variables = json!({ "guild": self.guild.to_string() });
        let question = json!({ "query": SUPPLY, "variables": variables }).to_string();
        let told: Value = serde_json::from_slice(&self.asks(question.into()).await?)?;
        Ok(told["data"]["guild"]["economy"]["supply"].to_string())
    }

    async fn changes(&self) -> Result<Latencies, Failed> {
        let mut latencies = Latencies::default();
        // The first has the whole history read, and is not counted.
        for number in 0..=CHANGES {
            let before = self.supply().await?;
            let input = json!({
                "guild": self.guild.to_string(), "user": self.someone.to_string(),
                "amount": "1", "key": format!("measured/{number}"),
            });
            let question = json!({ "query": GRANT, "variables": { "input": input } }).to_string();
            let began = Instant::now();
            let told: Value = serde_json::from_slice(&self.asks(question.into()).await?)?;
            if told["data"]["bytesGrant"]["done"]["status"] != "DONE" {
                return Err(format!("a change was refused: {told}").into());
            }
            while self.supply().await? == before {
                if began.elapsed() > SEEN_WITHIN {
                    return Err("a change was never seen".into());
                }
            }
            if number > 0 {
                latencies.record(began.elapsed());
            }
        }
        Ok(latencies)
    }
}

impl Answer {
    fn header(&self, name: &header::HeaderName) -> Result<&str, Failed> {
        let value = self.headers.get(name).ok_or_else(|| format!("there is no {name}"))?;
        Ok(value.to_str()?)
    }

    fn cookies(&self) -> String {
        let all = self.headers.get_all(header::SET_COOKIE).iter();
        let pairs = all.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        pairs.filter(|pair| !pair.ends_with('=')).collect::<Vec<_>>().join("; ")
    }
}

/// Many browsers at the same time; how many answers a second.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    TheSame,
    Anew,
}

/// The same question in other bytes, so that no answer that was told before is told again.
fn another(question: &Bytes, number: u64) -> Bytes {
    let blanks = (0..u64::BITS).map(|bit| if number >> bit & 1 == 0 { b' ' } else { b'\t' });
    question.iter().copied().chain(blanks).collect::<Vec<_>>().into()
}

async fn at_once(
    args: &Args,
    asker: &Arc<Asker>,
    question: &Bytes,
    how: Asking,
) -> Result<f64, Failed> {
    let (began, lasts) = (Instant::now(), Duration::from_secs(args.secs));
    let answered = Arc::new(AtomicU64::new(0));
    let mut asking = JoinSet::new();
    for _ in 0..args.at_once {
        let (asker, question, answered) =
            (Arc::clone(asker), question.clone(), Arc::clone(&answered));
        asking.spawn(async move {
            while began.elapsed() < lasts {
                let number = answered.fetch_add(1, Ordering::Relaxed) << 16;
                let asked = match how {
                    Asking::TheSame => question.clone(),
                    Asking::Anew => another(&question, number),
                };
                asker.asks(asked).await?;
            }
            Ok::<_, Failed>(())
        });
    }
    for asked in asking.join_all().await {
        asked?;
    }
    Ok(super::per_second(answered.load(Ordering::Relaxed), began.elapsed()))
}

/// Everybody but programs.
fn members_of(place: &Place, guild: Id) -> Result<Vec<Id>, Failed> {
    let world = place.sim.world.lock();
    let members = world.guild(guild).map_err(refused)?.members.keys().copied();
    Ok(members.filter(|user| world.users.get(user).is_some_and(|user| !user.bot)).collect())
}

fn show(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned()
}
