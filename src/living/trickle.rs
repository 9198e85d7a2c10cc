//! A prepared community goes on in real time: a little happens every few seconds.

use std::time::Duration;

use rand::RngExt as _;
use simulator::{
    Clock, Options, Sim,
    community::life::{Deed, Life, Moment, Who},
};
use tokio::sync::watch;

use super::{
    Trouble,
    home::{About, Home},
    play::{Players, Tally, is_refused},
    prepare::weekday,
    stage::Stage,
};
use crate::config::Config;

const DAY_MS: u64 = 86_400_000;
/// Between two deeds.
const PACE_MS: std::ops::Range<u64> = 1_000..5_000;
/// Whoever was drawn looks for their prize after so many commands of anybody.
const LOOKS_AT_PRIZES_EVERY: u64 = 3;
/// How old the file of the local Discord may be when it is killed.
const SAVE_EVERY: Duration = Duration::from_mins(1);

/// A community that lives now.
#[derive(Debug)]
pub struct Living {
    pub about: About,
    pub stage: Stage,
    home: Home,
}

impl Living {
    /// Wakes what was prepared, with its Discord at this address.
    pub async fn wake(
        home: &Home,
        config: &Config,
        about: About,
        listen: std::net::SocketAddr,
    ) -> Result<Self, Trouble> {
        let options = Options {
            listen,
            seed: about.seed,
            clock: Clock::real(),
            identify_every: Duration::ZERO,
            ..Options::default()
        };
        let sim = Sim::start(options).await.map_err(|error| {
            Trouble::Setup(format!(
                "the local Discord cannot listen on {listen}: {error}; choose another address \
                 with --discord"
            ))
        })?;
        home.read_world(&mut sim.world.lock())?;
        let mut config = home.config(config);
        if config.operators.is_empty() {
            // Somebody has to see the operators' pages.
            let owner = sim.world.lock().guild(about.guild)?.owner.to_string();
            config.operators.extend(owner.parse::<domain::UserId>());
        }
        let stage = Stage::open(&config, sim, about.application).await?;
        Ok(Self { about, stage, home: home.clone() })
    }

    /// Goes on until it is told to stop; tells what happens.
    pub async fn go_on(
        &self,
        told: impl Fn(&str),
        mut stop: watch::Receiver<bool>,
    ) -> Result<Tally, Trouble> {
        let sim = &self.stage.sim;
        let life = Life::new(self.about.extent());
        let mut players = Players::find(&life, sim, self.about.guild).hasty();
        let (mut tally, mut taken) = (Tally::default(), 0);
        let mut save = tokio::time::interval(SAVE_EVERY);
        save.tick().await;
        let now = sim.clock.now_ms();
        let (mut date, mut of_day) = (now / DAY_MS, now % DAY_MS);
        loop {
            let day = date.saturating_sub(u64::from(self.about.first_day));
            let moments =
                life.day(u32::try_from(day).unwrap_or(u32::MAX - 1), weekday(date * DAY_MS));
            for moment in moments.into_iter().filter(|moment| moment.ms >= of_day) {
                let pause = Duration::from_millis(rand::rng().random_range(PACE_MS));
                let next = tokio::time::sleep(pause);
                tokio::pin!(next);
                loop {
                    tokio::select! {
                        biased;
                        _ = stop.wait_for(|stop| *stop) => return Ok(tally),
                        _ = save.tick() => self.keep()?,
                        () = &mut next => break,
                    }
                }
                self.happens(&mut players, moment, &mut tally, &told).await;
                if taken != tally.commands / LOOKS_AT_PRIZES_EVERY {
                    taken = tally.commands / LOOKS_AT_PRIZES_EVERY;
                    for text in players.take_prizes().await {
                        told(&named(&players, text.lines().next().unwrap_or_default()));
                    }
                }
            }
            (date, of_day) = (date + 1, 0);
        }
    }

    async fn happens(
        &self,
        players: &mut Players<'_>,
        moment: Moment,
        tally: &mut Tally,
        told: &impl Fn(&str),
    ) {
        let prevented = tally.prevented;
        let line = tell(players, &moment);
        match players.play(&self.stage, vec![moment], tally).await {
            Ok(answers) if answers.is_empty() && tally.prevented == prevented => {
                if let Some(line) = line {
                    told(&line);
                }
            }
            Ok(answers) => {
                for (moment, answer) in answers {
                    if let (Some(line), Ok(answer)) = (&line, answer) {
                        let refused = is_refused(&moment.deed, &answer);
                        let how = if refused { "refused: " } else { "" };
                        let first = answer.all_text();
                        let first = first.lines().next().unwrap_or_default();
                        told(&format!("{line} → {how}{}", named(players, first)));
                    }
                }
            }
            // One deed that fails must not end everybody's life.
            Err(trouble) => tracing::warn!(%trouble, "something in the community went wrong"),
        }
    }

    /// Writes the local Discord into its file.
    pub fn keep(&self) -> Result<(), Trouble> {
        keep(&self.home, &self.stage.sim)
    }

    /// Ends everything, and leaves all of it for the next start.
    pub async fn sleep(self) -> Result<(), Trouble> {
        let sim = self.stage.close().await;
        keep(&self.home, &sim)
    }
}

fn keep(home: &Home, sim: &Sim) -> Result<(), Trouble> {
    let mut world = Vec::new();
    sim.world.lock().write_to(&mut world).map_err(Trouble::io("the local Discord"))?;
    home.write_world(&world)
}

/// A line for whoever watches.
fn tell(players: &Players<'_>, moment: &Moment) -> Option<String> {
    let name = |who: Who| players.life.cast[who].display.as_str();
    let me = name(moment.who);
    Some(match &moment.deed {
        Deed::Says { channel, text } => format!("#{channel}  {me}: {text}"),
        Deed::Gives { to, amount, .. } => {
            format!("{me}  /bytes send user:@{} amount:{amount}", name(*to))
        }
        Deed::TakesDaily => format!("{me}  /bytes daily"),
        Deed::LooksUp { .. } => format!("{me}  /bytes read"),
        Deed::ReadsBoard => format!("{me}  /bytes heap"),
        Deed::ReadsHistory => format!("{me}  /bytes history"),
        Deed::AsksForRoles => format!("{me}  /bytes awards"),
        Deed::Joins => format!("{me} joins"),
        Deed::Leaves => format!("{me} leaves"),
        Deed::EntersVoice { channel } => format!("{me} enters {channel}"),
        Deed::LeavesVoice => format!("{me} leaves the voice channel"),
        Deed::Warns { whom, .. } => format!("{me}  /warn {}", name(*whom)),
        Deed::Notes { whom, .. } => format!("{me}  /note {}", name(*whom)),
        Deed::TimesOut { whom, .. } => format!("{me} times {} out", name(*whom)),
        Deed::Bans { whom, .. } => format!("{me} bans {}", name(*whom)),
        Deed::OffersPrize { prize, winners, .. } => {
            format!("{me}  /giveaway create prize:{prize} winners:{winners}")
        }
        Deed::EntersFor { prize } => format!("{me} enters for: {prize}"),
        Deed::WithdrawsFrom { prize } => format!("{me} does not want to win any more: {prize}"),
        Deed::SeesPrizeClaimed { prize } => format!("who was drawn claims: {prize}"),
        Deed::MakesCode(campaign) => format!("{me}  /codes create name:{}", campaign.name),
        Deed::Redeems { .. } => format!("{me}  /redeem"),
        Deed::JoinsSquad { squad } => format!("{me}  /squads join → {squad}"),
        Deed::MakesPatron { whom, .. } => format!("{me}  /tiers give user:@{}", name(*whom)),
        Deed::Appoints { whom, role } => format!("{me} makes {} {role}", name(*whom)),
        Deed::Reacts { .. } | Deed::Decides(_) | Deed::AwaitsDraw { .. } => return None,
    })
}

/// Mentions as a client shows them.
fn named(players: &Players<'_>, text: &str) -> String {
    let mut text = text.to_owned();
    for (who, one) in players.life.cast.iter().enumerate() {
        if let Some(person) = players.person(who) {
            text = text.replace(&person.mention(), &format!("@{}", one.display));
        }
    }
    text
}
