//! A town: a local Discord with a community in it, and a house where our bot lives.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use simulator::{
    Id, Options, Sim,
    community::{self, Community, Plan},
    people::{Answer, Failed, Filled, Person},
};

use crate::support::{House, Server, eventually};

/// Looking is as often as one likes here.
const NO_WAITING: &str = "bytes read=0s,bytes heap=0s,bytes history=0s,bytes awards=0s,redeem=0s,\
                          squads join=0s,squads leave=0s,squads info=0s,squads members=0s,rank=0s,\
                          levels top=0s,stats=0s,logs list=0s,logs status=0s,\
                          sync status=0s,names=0s";

pub struct Town {
    pub sim: Sim,
    pub community: Community,
    pub house: House,
    runtime: tokio::runtime::Runtime,
}

impl Town {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let options = Options { identify_every: Duration::ZERO, ..options };
        let sim = runtime.block_on(Sim::start(options)).unwrap();
        let community = community::found(&mut sim.world.lock(), &Plan { seed: 1, members: 12 });
        let community = community.unwrap();
        judge(&sim);
        let token = sim.world.lock().application(community.application).unwrap().token.clone();
        let house = House::new()
            .with("DISCORD_TOKEN", &token)
            .with("DISCORD_API_URL", &sim.origin())
            .with("DISCORD_CDN_URL", &sim.origin())
            .with("REEVE_COOLDOWNS", NO_WAITING);
        Self { sim, community, house, runtime }
    }

    /// Something that happens here, to its end.
    pub fn live<T>(&self, story: impl Future<Output = T>) -> T {
        self.runtime.block_on(story)
    }

    pub fn member(&self, name: &str) -> Someone {
        let person = self.sim.member(self.community.guild, name).unwrap();
        Someone { place: self.sim.channel(self.community.guild, "bot-commands").unwrap(), person }
    }

    /// The owner of the community.
    pub fn owner(&self) -> Someone {
        let person = self.sim.admin(self.community.guild).unwrap();
        Someone { place: self.sim.channel(self.community.guild, "bot-commands").unwrap(), person }
    }

    /// Bytes for a member, while no bot runs.
    pub fn grant(&self, member: &Someone, amount: u32) {
        let (guild, user) = (self.community.guild.to_string(), member.person.user.to_string());
        let amount = amount.to_string();
        self.house.reeve(&["economy", "--guild", &guild, "grant", &user, &amount]).ok();
    }

    /// The real binary, connected.
    pub fn bot(&self) -> Server {
        let server = self.house.serve(&[]);
        is_connected(&server);
        server
    }
}

pub fn is_connected(server: &Server) {
    eventually("the bot says that it is connected and knows the community", || {
        let (_, ready) = server.get("/readyz");
        let ready: serde_json::Value = serde_json::from_str(&ready).ok()?;
        let connected = ready["discord"]["connected"] == 1;
        (connected && counted(server, "reeve_discord_guilds", "") == 1).then_some(())
    });
}

/// A second opinion on what we send and what the simulator answers: Discord's own description of
/// its API, where it is at hand.
fn judge(sim: &Sim) {
    let named = std::env::var("REEVE_DISCORD_OPENAPI").map(PathBuf::from);
    let path = named.unwrap_or_else(|_| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/discord/openapi.json")
    });
    if path.exists() {
        sim.judge(&path).unwrap();
    } else {
        println!("not judged: {} is absent", path.display());
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let violations = self.sim.violations();
            let told: Vec<_> = violations.iter().map(ToString::to_string).collect();
            assert!(told.is_empty(), "{} exchanges\n{}", self.sim.judged(), told.join("\n"));
        }
    }
}

/// A member, and where they type their commands.
pub struct Someone {
    pub person: Person,
    pub place: Id,
}

impl Someone {
    pub async fn uses(&self, command: &str, given: Filled) -> Answer {
        self.tries(command, given).await.unwrap_or_else(|failed| panic!("{command}: {failed}"))
    }

    pub async fn tries(&self, command: &str, given: Filled) -> Result<Answer, Failed> {
        self.person.uses(self.place, command, given).await
    }

    pub fn says(&self, text: &str) -> Id {
        self.person.says(self.place, text).unwrap()
    }

    /// What `/bytes read` tells them, as a number.
    pub async fn has(&self) -> i64 {
        let read = self.uses("/bytes read", Vec::new()).await;
        let text = read.all_text();
        let amount = text.split("**").nth(1).unwrap_or_else(|| panic!("{text}"));
        let digits: String = amount.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_else(|_| panic!("{text}"))
    }
}

/// Waits for what only commands tell: with pauses, since whoever asks too quickly is refused.
pub fn patiently<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    const ASKS: u32 = 30;
    for _ in 0..ASKS {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(Duration::from_secs(4));
    }
    panic!("never: {what}");
}

/// The sum of a counter over all its labels that hold this text.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count, written as a float"
)]
pub fn counted(server: &Server, name: &str, label: &str) -> u64 {
    let (_, metrics) = server.get("/metrics");
    let lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains(label));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64).sum()
}
