//! Plays months of a community on a virtual clock, and keeps what became of it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use simulator::{
    Clock, Options, Sim,
    community::{
        self, Plan,
        life::{Extent, Life},
    },
};

use super::{
    Trouble,
    home::{About, Home},
    play::{Players, Tally},
    stage::Stage,
    waves::waves,
};
use crate::config::Config;

const DAY_MS: u64 = 86_400_000;
/// Facts of one history; beyond them it is played no further.
pub const MOST_FACTS: u64 = 200_000;
/// Discord's limits are times this while months pass in seconds: the bot counts real seconds, the
/// local Discord virtual ones.
const HASTE: u32 = 100_000;

/// Told after each day: which one, of how many, and what there was so far.
pub type Told<'a> = &'a (dyn Fn(u32, u32, &Tally) + Sync);

/// What is to be prepared.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    pub extent: Extent,
    /// The moment up to which it is played, in milliseconds since 1970.
    pub until_ms: u64,
}

/// Plays it beside its place, and moves it there when it is whole. What an earlier run left
/// unfinished is thrown away: half a history is none.
pub async fn prepare(
    home: &Home,
    config: &Config,
    wish: Wish,
    told: Told<'_>,
) -> Result<About, Trouble> {
    let unfinished = home.unfinished();
    unfinished.clear()?;
    std::fs::create_dir_all(unfinished.directory())
        .map_err(Trouble::io(unfinished.directory().display().to_string()))?;
    let about = play(&unfinished, &unfinished.config(config), wish, told).await?;
    home.take_over(&unfinished)?;
    Ok(about)
}

/// Whether an earlier run was stopped before it was through.
pub fn was_interrupted(home: &Home) -> bool {
    Path::exists(home.unfinished().directory())
}

async fn play(home: &Home, config: &Config, wish: Wish, told: Told<'_>) -> Result<About, Trouble> {
    let began = Instant::now();
    let Wish { extent, until_ms } = wish;
    let last_day = until_ms / DAY_MS;
    let first_day = last_day.saturating_sub(u64::from(extent.days.max(1) - 1));
    let clock = Clock::moved_by_hand(first_day * DAY_MS);
    let options = Options {
        seed: extent.seed,
        clock: clock.clone(),
        identify_every: Duration::ZERO,
        ..Options::default()
    };
    let sim = Sim::start(options).await.map_err(Trouble::io("the local Discord"))?;
    sim.rest.rates.lock().times = HASTE;
    let life = Life::new(extent);
    let plan = Plan { seed: extent.seed, members: life.founders() };
    let community = community::found(&mut sim.world.lock(), &plan)?;
    let stage = Stage::open(config, sim.clone(), community.application).await?;
    let mut players = Players::find(&life, &sim, community.guild);
    let mut tally = Tally::default();
    'days: for day in 0..extent.days {
        let midnight = (first_day + u64::from(day)) * DAY_MS;
        let mut moments = life.day(day, weekday(midnight));
        moments.retain(|moment| midnight + moment.ms <= until_ms);
        for wave in waves(moments) {
            if tally.facts + wave.len() as u64 > MOST_FACTS {
                break 'days;
            }
            let at = midnight + wave.last().map_or(0, |last| last.ms);
            clock.advance(Duration::from_millis(at.saturating_sub(clock.now_ms())));
            players.play(&stage, wave, &mut tally).await?;
        }
        told(day + 1, extent.days, &tally);
    }
    clock.advance(Duration::from_millis(until_ms.saturating_sub(clock.now_ms())));
    stage.calm().await?;
    let sim = stage.close().await;
    let mut world = Vec::new();
    let name = {
        let locked = sim.world.lock();
        locked.write_to(&mut world).map_err(Trouble::io("the local Discord"))?;
        locked.guild(community.guild)?.name.clone()
    };
    home.write_world(&world)?;
    let about = About {
        seed: extent.seed,
        members: extent.members,
        days: extent.days,
        guild: community.guild,
        application: community.application,
        name,
        first_day: u32::try_from(first_day).unwrap_or(u32::MAX),
        played_until_ms: until_ms,
        played: tally,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    home.write_about(&about)?;
    Ok(about)
}

/// 0 is a Monday; the first day of 1970 was a Thursday.
pub fn weekday(ms: u64) -> u32 {
    u32::try_from((ms / DAY_MS + 3) % 7).unwrap_or(0)
}
