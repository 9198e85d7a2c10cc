//! `kill -9` of the whole bot while many members send each other bytes through a local Discord.
//! Afterwards the log is held against what the members saw: every answer that came must be true,
//! nothing may have happened twice, and the balances must be what the transfers come to.

mod audit;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use eventlog::people::MasterKey;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;
use simulator::{
    Id, given,
    people::{Answer, Failed as NotDone},
};
use tokio::task::JoinSet;

use crate::cli::{
    bench::{
        Failed,
        store::{Folder, Store},
        town::Town,
        wire::{Bot, Place, refused},
    },
    print::{Print, grouped},
};

/// Members who send at the same time.
const SEATS: usize = 24;
/// Who take such a seat in turns: nobody may ask more often than the gate allows.
const TURNS: usize = 20;
const MOST_AT_ONCE: i64 = 50;
/// How long a bot lives, once it is connected.
const LIFE_MS: std::ops::Range<u64> = 100..1_200;
/// One kill in so many is told of.
const TOLD_EVERY: u32 = 20;
const SETTINGS: [&str; 2] = ["roles=all", "cooldowns=bytes read=0s,bytes send=0s"];

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// How often the bot is killed
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// Another number kills at other moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder to make a folder in [default: $TMPDIR]
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Report {
    pub kills: u32,
    /// Transfers in the log.
    pub transfers: u64,
    /// Of which the sender saw that they were made.
    pub acknowledged: u64,
    /// Which a rule refused.
    pub refused: u64,
    /// Which nobody answered, because the bot was dead.
    pub unanswered: u64,
    /// Said to be made and not there.
    pub lost: u64,
    /// There more than once.
    pub doubled: u64,
    /// There with another amount or between others than was said, or said to be refused.
    pub untrue: u64,
    /// Balances that are not what the transfers come to, in the log or as a member is told.
    pub wrong_balances: u64,
    pub secs: f64,
}

impl Report {
    pub const fn is_clean(&self) -> bool {
        // A storm in which nothing was answered proves nothing.
        self.acknowledged > 0
            && self.lost == 0
            && self.doubled == 0
            && self.untrue == 0
            && self.wrong_balances == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills, {} transfers, {} acknowledged, {} refused, {} unanswered, {:.0} s: {} lost, \
             {} doubled, {} untrue answers, {} wrong balances",
            self.kills,
            grouped(self.transfers),
            grouped(self.acknowledged),
            grouped(self.refused),
            grouped(self.unanswered),
            self.secs,
            self.lost,
            self.doubled,
            self.untrue,
            self.wrong_balances,
        )
    }
}

/// What a member saw of a transfer that they asked for.
#[derive(Clone, Copy, Debug)]
struct Seen {
    interaction: Id,
    from: Id,
    to: Id,
    amount: i64,
    what: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Sent,
    Refused,
}

#[derive(Debug, Default)]
struct Told {
    seen: Vec<Seen>,
    unanswered: u64,
}

pub(super) async fn run(args: Args, print: Print) -> Result<Report, Failed> {
    let folder = Folder::make_in(&args.dir.clone().unwrap_or_else(std::env::temp_dir))?;
    let result = storm(&args, print, &folder).await;
    if !result.as_ref().is_ok_and(Report::is_clean) {
        eprintln!("torture: what is left is kept: {}", folder.path().display());
        std::mem::forget(folder);
    }
    result
}

async fn storm(args: &Args, print: Print, folder: &Folder) -> Result<Report, Failed> {
    let began = Instant::now();
    let place = Place::start(args.seed).await?;
    let ground = place.sim.ground(place.application, 1, SEATS * TURNS + 2).map_err(refused)?;
    let guild = ground.guilds[0];
    let town = Arc::new(Town::found(&place, guild)?);
    let mut bot = Bot::ours(&place, folder.path(), &SETTINGS).await?;
    town.settle(&place).await?;

    let over = Arc::new(AtomicBool::new(false));
    let mut seats = JoinSet::new();
    for seat in 0..SEATS {
        let dice = StdRng::seed_from_u64(args.seed.wrapping_mul(1_000).wrapping_add(seat as u64));
        seats.spawn(send_on(Arc::clone(&town), seat, dice, Arc::clone(&over)));
    }
    let mut dice = StdRng::seed_from_u64(args.seed);
    for kill in 1..=args.kills {
        tokio::time::sleep(Duration::from_millis(dice.random_range(LIFE_MS))).await;
        bot.kill()?;
        bot = Bot::ours(&place, folder.path(), &SETTINGS).await?;
        if kill % TOLD_EVERY == 0 {
            print.note(&format!("{kill} kills"));
        }
    }
    over.store(true, Ordering::Relaxed);
    let mut told = Told::default();
    for seat in seats.join_all().await {
        let seat = seat?;
        told.seen.extend(seat.seen);
        told.unanswered += seat.unanswered;
    }
    let balances = audit::balances_told(&town).await?;
    bot.stop().await?;
    drop(place);

    let key = std::fs::read_to_string(folder.path().join("master.key"))?;
    let store = Store::open(folder.path(), None, None, MasterKey::parse(key.trim())?).await?;
    let report = audit::audit(&store, guild, &told, &balances).await;
    store.close().await;
    let secs = began.elapsed().as_secs_f64();
    Ok(Report { kills: args.kills, secs: (secs * 10.0).round() / 10.0, ..report? })
}

/// A seat whose people send and send, until it is over.
async fn send_on(
    town: Arc<Town>,
    seat: usize,
    mut dice: StdRng,
    over: Arc<AtomicBool>,
) -> Result<Told, Failed> {
    let mut told = Told::default();
    for turn in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let from = &town.people[seat + SEATS * (turn % TURNS)];
        let to = &town.people[dice.random_range(0..town.people.len())];
        if to.user == from.user {
            continue;
        }
        let amount = dice.random_range(1..=MOST_AT_ONCE);
        let given = given! { user: to, amount: amount };
        match from.uses(town.channel, "/bytes send", given).await {
            Ok(answer) => {
                let what = read(&answer, amount)?;
                let (from, to, interaction) = (from.user, to.user, answer.interaction());
                told.seen.push(Seen { interaction, from, to, amount, what });
            }
            // Dead, or it announced an answer and died before it came.
            Err(NotDone::NoResponse | NotDone::Patience { .. }) => told.unanswered += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(told)
}

fn read(answer: &Answer, amount: i64) -> Result<Verdict, Failed> {
    let text = answer.all_text();
    if text.contains(" sent ") && text.contains(&format!("**{amount} bytes**"))
        || text.contains("sent already")
    {
        return Ok(Verdict::Sent);
    }
    if text.contains("not enough") || text.contains("slow down") || text.contains("wait") {
        return Ok(Verdict::Refused);
    }
    // All hands were full: turned away before anything was begun.
    if text.contains("very busy just now") {
        return Ok(Verdict::Refused);
    }
    Err(format!("an answer that says neither yes nor no: {text}").into())
}
