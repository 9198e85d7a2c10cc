//! Effects through a Discord that answers a share of all calls wrongly, with kills of the sender;
//! afterwards the world is compared with what the outbox says of it.

mod stage;

use std::{
    fmt,
    process::{Child, Command},
    time::{Duration, Instant},
};

use domain::{GuildId, PersonId, RoleId, UserId};
use eventlog::{People, sql, system_clock, values};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;
use uuid::Uuid;

use self::stage::{Community, Stage, Through};
use super::{child::KEY_VARIABLE, sender::TOKEN_VARIABLE};
use crate::cli::{
    bench::{
        Failed,
        store::{Backend, Ground, Site},
    },
    print::{Print, grouped},
};
use crate::processes::{Content, Deed, Effect, Letter, Ordered, Outbox};

/// How long a sender lives before it is killed.
const LIFE: std::ops::Range<u64> = 400..3_000;
const LOOK: Duration = Duration::from_millis(500);
/// Ordered in one transaction.
const BATCH: usize = 500;
/// No progress for so long: it hangs.
const HANGS: Duration = Duration::from_mins(10);

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// How many effects are ordered
    #[arg(long, default_value_t = 1_000)]
    count: u64,
    /// The share of calls that go wrong
    #[arg(long, default_value_t = 0.2)]
    faults: f64,
    /// Through which Discord
    #[arg(long, value_enum, default_value_t = Through::Simulator)]
    through: Through,
    /// How often the sender is killed
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// Another number does other things wrong
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder to make a folder in [default: $TMPDIR]
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Report {
    pub count: u64,
    pub done: u64,
    pub dead_lettered: u64,
    /// Of kinds that are left undone when in doubt.
    pub dropped: u64,
    /// Said to be done and not there, or never finished.
    pub lost: u64,
    /// There more than once.
    pub duplicated: u64,
    pub kills: u32,
    pub through: Option<Through>,
    /// Calls that went wrong on purpose, where that is counted.
    pub faults: Option<u64>,
    /// Calls that met a rate limit that nobody made up, where that is watched.
    pub rate_limits_met: Option<u64>,
    pub rate_limits_met_twice_in_a_row: Option<u64>,
    pub secs: f64,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        let twice = self.rate_limits_met_twice_in_a_row.unwrap_or(0);
        self.lost == 0 && self.duplicated == 0 && twice == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} effects, {} kills, {:.0} s: {} done, {} dead-lettered, {} dropped when in doubt, {} \
             lost, {} duplicated",
            grouped(self.count),
            self.kills,
            self.secs,
            grouped(self.done),
            grouped(self.dead_lettered),
            grouped(self.dropped),
            self.lost,
            self.duplicated,
        )?;
        if let Some(faults) = self.faults {
            write!(f, "; {} calls went wrong", grouped(faults))?;
        }
        if let (Some(met), Some(twice)) =
            (self.rate_limits_met, self.rate_limits_met_twice_in_a_row)
        {
            write!(f, "; rate limits met {met} times, {twice} times twice in a row")?;
        }
        Ok(())
    }
}

/// What was ordered, and how it can be seen.
struct Wanted {
    id: Uuid,
    what: What,
}

enum What {
    Role { guild: GuildId, user: UserId, role: RoleId, given: bool },
    Message,
}

pub(super) async fn run(args: Args, print: Print) -> Result<Report, Failed> {
    if !(0.0..=0.9).contains(&args.faults) {
        return Err("--faults is a share from 0 to 0.9".into());
    }
    if args.count > stage::MOST {
        return Err(format!("--count is at most {}", stage::MOST).into());
    }
    let ground = Ground { dir: args.dir.clone(), ..Ground::default() };
    let site = Site::make(Backend::Sqlite, &ground).await?;
    let (stage, communities) = Stage::set(args.through, args.faults, args.seed).await?;
    let result = torture(&args, print, &site, &stage, &communities).await;
    match &result {
        Ok(report) if report.is_clean() => site.remove().await?,
        _ => eprintln!("torture: what is left is kept: {}", site.keep()),
    }
    result
}

async fn torture(
    args: &Args,
    print: Print,
    site: &Site,
    stage: &Stage,
    communities: &[Community],
) -> Result<Report, Failed> {
    let work = sql::open_work(site.folder())?;
    let outbox = Outbox::new(work.clone(), system_clock());
    let store = site.open().await?;
    let wanted = order(args.count, &store.people, &outbox, stage, communities).await?;
    store.close().await;
    print.note(&format!("{} effects are ordered", grouped(args.count)));
    let started = Instant::now();
    let mut dice = StdRng::seed_from_u64(args.seed);
    let mut kills = 0;
    while kills < args.kills && open(&outbox).await? > 0 {
        let mut sender = spawn(site, stage)?;
        tokio::time::sleep(Duration::from_millis(dice.random_range(LIFE))).await;
        if let Some(status) = sender.try_wait()? {
            return Err(format!("the sender ended by itself ({status})").into());
        }
        sender.kill()?;
        sender.wait()?;
        kills += 1;
    }
    print.note(&format!("{kills} kills; {} effects are left", grouped(open(&outbox).await?)));
    finish(&outbox, spawn(site, stage)?).await?;
    let overruns = stage.overruns();
    let mut report = Report {
        count: args.count,
        kills,
        through: Some(args.through),
        faults: stage.faults(),
        rate_limits_met: overruns.map(|overruns| overruns.all),
        rate_limits_met_twice_in_a_row: overruns.map(|overruns| overruns.twice_in_a_row),
        secs: started.elapsed().as_secs_f64(),
        ..Report::default()
    };
    for one in &wanted {
        let select = "SELECT state FROM effects WHERE id = $1";
        let rows = work.query(select, &values![one.id.to_string()]).await?;
        let state = rows.first().map_or("", |row| row.text(0).unwrap_or_default());
        let seen = one.seen(stage);
        report.duplicated += u64::from(seen > 1);
        match state {
            "done" => {
                report.done += 1;
                report.lost += u64::from(seen == 0);
            }
            "dead" => report.dead_lettered += 1,
            "dropped" => report.dropped += 1,
            _ => report.lost += 1,
        }
    }
    Ok(report)
}

/// Lets the sender work until nothing is left.
async fn finish(outbox: &Outbox, mut sender: Child) -> Result<(), Failed> {
    let (mut least, mut since) = (u64::MAX, Instant::now());
    loop {
        let left = open(outbox).await?;
        if left == 0 {
            break;
        }
        if left < least {
            (least, since) = (left, Instant::now());
        }
        if since.elapsed() > HANGS {
            sender.kill()?;
            return Err(format!("nothing is done any more; {left} effects are left").into());
        }
        if let Some(status) = sender.try_wait()? {
            return Err(format!("the sender ended by itself ({status})").into());
        }
        tokio::time::sleep(LOOK).await;
    }
    sender.kill()?;
    sender.wait()?;
    Ok(())
}

async fn open(outbox: &Outbox) -> Result<u64, Failed> {
    let counts = outbox.counts().await?;
    Ok(counts.waiting + counts.calling + counts.unknown)
}

fn spawn(site: &Site, stage: &Stage) -> Result<Child, Failed> {
    let mut sender = Command::new(std::env::current_exe()?);
    sender.args(["torture", "sender", "--api", &stage.url(), "--dir"]).arg(site.folder());
    sender.env(KEY_VARIABLE, site.master_key().to_hex());
    sender.env(TOKEN_VARIABLE, stage.token());
    Ok(sender.spawn()?)
}

/// Roles given and taken, messages, direct messages and notices, spread over communities.
async fn order(
    count: u64,
    people: &People,
    outbox: &Outbox,
    stage: &Stage,
    communities: &[Community],
) -> Result<Vec<Wanted>, Failed> {
    let mut wanted = Vec::new();
    let mut orders = Vec::new();
    for number in 0..usize::try_from(count)? {
        let community = &communities[number % communities.len()];
        let turn = number / communities.len();
        let user = community.members[turn % community.members.len()];
        let person = people.person(community.guild, user).await?;
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("torture/{number}").as_bytes());
        let (deed, what) = one(number, community, turn, user, person);
        if let What::Role { guild, user, role, given: false } = what {
            stage.give(guild, user, role)?;
        }
        wanted.push(Wanted { id, what });
        let (process, note, guild) = ("torture", String::new(), community.guild);
        orders.push(Ordered { id, process, guild, deed, note });
        if orders.len() == BATCH {
            outbox.put(&std::mem::take(&mut orders)).await?;
        }
    }
    outbox.put(&orders).await?;
    Ok(wanted)
}

fn one(
    number: usize,
    community: &Community,
    turn: usize,
    user: UserId,
    person: PersonId,
) -> (Deed, What) {
    // No member gets the same role twice, so that each effect can be seen by itself.
    let role = community.roles[turn / community.members.len() % community.roles.len()];
    let channel = community.channels[turn % community.channels.len()];
    let letter = Letter::Open(Content::text(format!("This is number {number}.")));
    let what = |given| What::Role { guild: community.guild, user, role, given };
    // 50 in a hundred are roles, 45 messages, 3 direct ones, 2 notices.
    match (turn * 7 + number % 25 * 13) % 100 {
        0..35 => (Deed::GiveRole { person, role }, what(true)),
        35..50 => (Deed::TakeRole { person, role }, what(false)),
        50..95 => (Deed::SendMessage { channel, letter }, What::Message),
        95..98 => (Deed::DirectMessage { person, letter }, What::Message),
        _ => (Deed::PostNotice { channel, letter }, What::Message),
    }
}

impl Wanted {
    /// How often it is there.
    fn seen(&self, stage: &Stage) -> usize {
        match self.what {
            What::Role { guild, user, role, given } => {
                usize::from(stage.has_role(guild, user, role) == given)
            }
            What::Message => stage.messages_with(&Effect::nonce_of(self.id)),
        }
    }
}
