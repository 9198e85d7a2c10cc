//! `kill -9` of the whole bot in a storm of all that members do: they send each other bytes, are
//! warned, enter giveaways and claim their prizes, redeem codes and change squads. Afterwards the
//! log is held against what the members saw and against what happened in the local Discord: every
//! answer that came must be true, and nothing may be lost or have happened twice.

mod audit;
mod calm;
mod prizes;
mod record;
mod scene;
mod seats;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;
use tokio::task::JoinSet;

use self::{
    record::{Deed, Told},
    scene::Scene,
};
use crate::cli::{
    bench::{
        Failed,
        store::Folder,
        wire::{Bot, Place},
    },
    print::{Print, grouped},
};

/// How long a bot lives, once it is connected: some until their place is saved, others not.
const LIFE_MS: std::ops::Range<u64> = 100..2_000;
/// One kill in so many is told of.
const TOLD_EVERY: u32 = 20;
/// After the last kill the storm goes on until everything has been seen once, but no longer.
const PATIENCE: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(100);
/// The bot is what is tested; nobody waits for Discord's limits.
const HASTE: u32 = 50;
/// What is wrong is told in full so often; the counts go on.
const MOST_FINDINGS: usize = 25;
const SETTINGS: [&str; 2] = [
    "roles=all",
    "cooldowns=bytes read=0s,bytes send=0s,redeem=0s,squads join=0s,giveaway list=0s",
];

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
    /// What stands in the log.
    pub transfers: u64,
    pub warnings: u64,
    pub cases: u64,
    pub steps: u64,
    pub giveaways: u64,
    pub entries: u64,
    pub drawn: u64,
    pub claims: u64,
    pub redemptions: u64,
    pub moves: u64,
    /// Roles that the bot gave and took, as Discord wrote them down.
    pub role_changes: u64,
    /// What somebody was told is done.
    pub acknowledged: u64,
    /// What a rule refused.
    pub refused: u64,
    /// What nobody answered, because the bot was dead.
    pub unanswered: u64,
    /// Said to be done and not there, or begun and never brought to its end.
    pub lost: u64,
    /// There more than once.
    pub doubled: u64,
    /// There otherwise than was said, or said to be refused.
    pub untrue: u64,
    /// Balances that are not what all payments come to, in the log or as a member is told.
    pub wrong_balances: u64,
    /// The first of them, in words.
    pub findings: Vec<String>,
    pub secs: f64,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        // A storm in which nothing was answered proves nothing.
        self.acknowledged > 0
            && self.lost == 0
            && self.doubled == 0
            && self.untrue == 0
            && self.wrong_balances == 0
    }

    fn lost(&mut self, what: impl FnOnce() -> String) {
        self.lost += 1;
        self.find("lost", what);
    }

    fn doubled(&mut self, what: impl FnOnce() -> String) {
        self.doubled += 1;
        self.find("doubled", what);
    }

    fn untrue(&mut self, what: impl FnOnce() -> String) {
        self.untrue += 1;
        self.find("untrue", what);
    }

    /// `there` times, where it should be once.
    fn once(&mut self, there: usize, what: impl FnOnce() -> String) {
        match there {
            0 => self.lost(what),
            1 => {}
            _ => self.doubled(what),
        }
    }

    /// As often as `wanted` says.
    fn as_often(&mut self, there: usize, wanted: usize, what: impl FnOnce() -> String) {
        let what = || format!("{}: {there} instead of {wanted}", what());
        match there.cmp(&wanted) {
            std::cmp::Ordering::Less => self.lost(what),
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => self.doubled(what),
        }
    }

    fn find(&mut self, how: &str, what: impl FnOnce() -> String) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(format!("{how}: {}", what()));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} kills in {:.0} s: {} transfers, {} warnings with {} ladder steps in {} cases, {} \
             giveaways with {} entries, {} drawn and {} claimed, {} codes redeemed, {} moves \
             between squads, {} role changes",
            self.kills,
            self.secs,
            grouped(self.transfers),
            grouped(self.warnings),
            grouped(self.steps),
            grouped(self.cases),
            grouped(self.giveaways),
            grouped(self.entries),
            grouped(self.drawn),
            grouped(self.claims),
            grouped(self.redemptions),
            grouped(self.moves),
            grouped(self.role_changes),
        )?;
        for finding in &self.findings {
            writeln!(f, "  {finding}")?;
        }
        write!(
            f,
            "{} acknowledged, {} refused, {} unanswered: {} lost, {} doubled, {} untrue answers, \
             {} wrong balances",
            grouped(self.acknowledged),
            grouped(self.refused),
            grouped(self.unanswered),
            self.lost,
            self.doubled,
            self.untrue,
            self.wrong_balances,
        )
    }
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
    place.sim.relax_rates(HASTE);
    let scene = Scene::found(&place)?;
    let mut bot = Bot::ours(&place, folder.path(), &SETTINGS).await?;
    scene.settle(&place).await?;
    let scene = Arc::new(scene);

    let over = Arc::new(AtomicBool::new(false));
    let at_rest = Arc::new(AtomicBool::new(false));
    let written = record::follow(&place, scene.guild, Arc::clone(&at_rest));
    let watching = calm::watch(folder.path(), Arc::clone(&scene), Arc::clone(&over))?;
    let mut acting = begin(&scene, args.seed, &over);
    let mut dice = StdRng::seed_from_u64(args.seed);
    for kill in 1..=args.kills {
        tokio::time::sleep(Duration::from_millis(dice.random_range(LIFE_MS))).await;
        bot.kill()?;
        bot = Bot::ours(&place, folder.path(), &SETTINGS).await?;
        if kill % TOLD_EVERY == 0 {
            print.note(&format!("{kill} kills"));
        }
    }
    everything_seen(&scene, &mut acting).await?;
    over.store(true, Ordering::Relaxed);
    let mut told = Told::default();
    for seat in acting.join_all().await {
        told.add(seat?);
    }
    watching.await?;
    let node = calm::reached(folder.path()).await?;
    let balances = audit::balances_told(&scene).await?;
    bot.stop().await?;
    at_rest.store(true, Ordering::Relaxed);
    let written = written.await?;
    let report = audit::audit(&node, &place, &scene, &told, &balances, &written).await;
    node.shutdown().await;
    let secs = began.elapsed().as_secs_f64();
    Ok(Report { kills: args.kills, secs: (secs * 10.0).round() / 10.0, ..report? })
}

/// Everybody who acts, until it is over.
fn begin(scene: &Arc<Scene>, seed: u64, over: &Arc<AtomicBool>) -> JoinSet<Result<Told, Failed>> {
    let dice = |part: u64| StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(part));
    let mut acting = JoinSet::new();
    for seat in 0..scene::SEATS {
        let (scene, over) = (Arc::clone(scene), Arc::clone(over));
        acting.spawn(seats::member(scene, seat, dice(seat as u64), over));
    }
    for seat in 0..scene::WARNING_SEATS {
        let (scene, over) = (Arc::clone(scene), Arc::clone(over));
        acting.spawn(seats::moderator(scene, seat, dice(100 + seat as u64), over));
    }
    for seat in 0..scene::PRIZE_SEATS {
        let (scene, over) = (Arc::clone(scene), Arc::clone(over));
        acting.spawn(prizes::host(scene, seat, dice(200 + seat as u64), over));
    }
    acting.spawn(seats::code_maker(Arc::clone(scene), dice(300), Arc::clone(over)));
    acting
}

/// A storm in which something was never done proves nothing about it.
async fn everything_seen(
    scene: &Scene,
    acting: &mut JoinSet<Result<Told, Failed>>,
) -> Result<(), Failed> {
    let began = Instant::now();
    while let Some(missing) = scene.not_seen_yet() {
        if began.elapsed() > PATIENCE {
            return Err(format!("in all the storm nobody was told of {missing:?}").into());
        }
        // Nobody stops before it is over, but for a fault.
        if let Some(ended) = acting.try_join_next() {
            ended?.map(drop)?;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

impl Scene {
    fn not_seen_yet(&self) -> Option<Deed> {
        let seen = self.done.lock();
        Deed::ALL.into_iter().find(|deed| !seen.contains(deed))
    }
}
