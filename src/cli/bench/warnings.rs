//! Many warnings in one community at the same moment, over the whole wire, to our bot as a process
//! of its own: how long moderators wait until they are told the case's number, and whether every
//! case is numbered and every step of the ladder taken once.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
    time::Instant,
};

use domain::{GuildId, PersonId, moderation::Event};
use eventlog::{StreamId, decode, people::MasterKey};
use serde::Serialize;
use simulator::{
    Permissions, given,
    people::{Failed as NotDone, Person},
};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    Failed,
    latency::Latencies,
    store::{Folder, Store},
    town::Town,
    wire::{Bot, Place, refused},
};

const MOST: u64 = 10_000;
/// So many of one moderator go through the gate in its window.
const EACH: u64 = actions::gate::MOST_IN_WINDOW as u64 - 2;
/// How many warnings everybody gets.
const OF_EACH: u64 = 5;
const LADDER: &str = "3:timeout:1h, 5:timeout:2h";
const STEPS: [u32; 2] = [3, 5];
const PAGE: usize = 5_000;
/// Discord's limits would make the ladder's timeouts wait; nobody is measured by them.
const HASTE: u32 = 100;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// How many warnings
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(5..=MOST))]
    warnings: u64,
    /// How many of them are under way at the same moment; all otherwise
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    at_once: Option<u64>,
    /// The folder to make a folder in [default: $TMPDIR]
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub warnings: u64,
    pub at_once: u64,
    /// Until the first response, as Discord counts its three seconds.
    pub first_p99_ms: f64,
    /// Until the whole answer is there.
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub worst_ms: f64,
    pub unanswered: u64,
    /// With those that the ladder opened.
    pub cases: u64,
    /// Counted 1, 2, 3 … without gap or duplicate.
    pub numbered: bool,
    pub steps: u64,
    /// Each step once for everybody who reached it.
    pub steps_once: bool,
    /// Every answer named a case that is a warning of that member.
    pub answers_true: bool,
}

impl Outcome {
    pub const fn is_good(&self) -> bool {
        self.numbered && self.steps_once && self.answers_true && self.unanswered == 0
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let say = |good: bool| if good { "yes" } else { "NO" };
        write!(
            f,
            "{} warnings, {} at once: first response p99 {} ms; whole answer p50 {} ms, p99 {} \
             ms, worst {} ms; {} unanswered; {} cases, numbered 1 to {}: {}; {} ladder steps, \
             each once: {}; answers true: {}",
            self.warnings,
            self.at_once,
            self.first_p99_ms,
            self.p50_ms,
            self.p99_ms,
            self.worst_ms,
            self.unanswered,
            self.cases,
            self.cases,
            say(self.numbered),
            self.steps,
            say(self.steps_once),
            say(self.answers_true),
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let place = Place::start(1).await?;
    place.sim.relax_rates(HASTE);
    let (moderators, targets) = (args.warnings.div_ceil(EACH), args.warnings.div_ceil(OF_EACH));
    let here = usize::try_from(moderators + targets + 2)?;
    let ground = place.sim.ground(place.application, 1, here).map_err(refused)?;
    let guild = ground.guilds[0];
    let mut town = Town::found(&place, guild)?;
    let moderators: Vec<_> = town.people.drain(..usize::try_from(moderators)?).collect();
    let role = town.owner.makes_role("Moderators", Permissions::MODERATE_MEMBERS)?;
    for moderator in &moderators {
        town.owner.gives_role(moderator, role)?;
    }
    town.raise_bot(&place)?;
    let folder = Folder::make_in(&args.dir.clone().unwrap_or_else(std::env::temp_dir))?;
    let bot = Bot::ours(&place, folder.path(), &["roles=all"]).await?;
    town.settle(&place).await?;
    let ladder = given! { setting: "moderation.ladder", value: LADDER };
    let set = town.owner.uses(town.channel, "/settings set", ladder).await?;
    if !set.all_text().contains("3:timeout") {
        return Err(format!("the ladder was not set: {}", set.all_text()).into());
    }
    let warned = warn(&args, &Arc::new(town), &moderators).await?;
    bot.stop().await?;
    let key = std::fs::read_to_string(folder.path().join("master.key"))?;
    let store = Store::open(folder.path(), None, None, MasterKey::parse(key.trim())?).await?;
    let outcome = judge(&args, &store, GuildId::new(guild.get())?, &warned).await;
    store.close().await;
    outcome
}

#[derive(Default)]
struct Warned {
    first: Latencies,
    whole: Latencies,
    unanswered: u64,
    /// The case's number and the active warnings, as moderators were told.
    told: Vec<(u32, u32)>,
}

/// All of them, so many at once.
async fn warn(args: &Args, town: &Arc<Town>, moderators: &[Person]) -> Result<Warned, Failed> {
    let at_once = usize::try_from(args.at_once.unwrap_or(args.warnings))?;
    let room = Arc::new(Semaphore::new(at_once));
    let mut warning = JoinSet::new();
    for number in 0..usize::try_from(args.warnings)? {
        let by = moderators[number % moderators.len()].clone();
        let (town, room) = (Arc::clone(town), Arc::clone(&room));
        warning.spawn(async move {
            let _place = room.acquire_owned().await?;
            let whom = &town.people[number % town.people.len()];
            let began = Instant::now();
            let answer = by.uses(town.channel, "/warn", given! { user: whom, reason: "bench" });
            let answer = answer.await;
            Ok::<_, Failed>((answer, began.elapsed()))
        });
    }
    let mut warned = Warned::default();
    for one in warning.join_all().await {
        let (answer, took) = one?;
        match answer {
            Ok(answer) => {
                warned.first.record(answer.took());
                warned.whole.record(took);
                let text = answer.all_text();
                let told = read(&text).ok_or_else(|| format!("an odd answer: {text}"))?;
                warned.told.push(told);
            }
            Err(NotDone::NoResponse | NotDone::Patience { .. }) => {
                warned.unanswered += 1;
                warned.first.record(simulator::limits::FIRST_RESPONSE);
                warned.whole.record(took);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(warned)
}

/// `Case #17` and `Active warnings: **3**`
fn read(text: &str) -> Option<(u32, u32)> {
    let behind = |words: &str| {
        let rest = text.split_once(words)?.1;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    Some((behind("Case #")?, behind("Active warnings: **")?))
}

async fn judge(
    args: &Args,
    store: &Store,
    guild: GuildId,
    warned: &Warned,
) -> Result<Outcome, Failed> {
    let stream = StreamId::of_guild("moderation", guild);
    let (mut cases, mut after) = (Vec::new(), 0);
    let mut warnings: HashMap<u32, u32> = HashMap::new();
    let mut of_member: HashMap<PersonId, u32> = HashMap::new();
    let mut steps: Vec<(PersonId, u32)> = Vec::new();
    loop {
        let page = store.log.read_stream(&stream, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.version;
        for recorded in &page {
            match decode(recorded)? {
                Event::MemberWarned { case, person, active, .. } => {
                    cases.push(case.0);
                    warnings.insert(case.0, active);
                    *of_member.entry(person).or_default() += 1;
                }
                Event::DeedOrdered { case, .. } => cases.push(case.0),
                Event::LadderStepTaken { person, step, .. } => steps.push((person, step)),
                _ => {}
            }
        }
    }
    let once: BTreeSet<_> = steps.iter().copied().collect();
    let due = of_member.iter().flat_map(|(person, warnings)| {
        STEPS.into_iter().filter(move |step| step <= warnings).map(move |step| (*person, step))
    });
    let due: BTreeSet<_> = due.collect();
    let is_so = |(case, active): &(u32, u32)| warnings.get(case) == Some(active);
    Ok(Outcome {
        warnings: warnings.len() as u64,
        at_once: args.at_once.unwrap_or(args.warnings),
        first_p99_ms: ms(&warned.first, 99),
        p50_ms: ms(&warned.whole, 50),
        p99_ms: ms(&warned.whole, 99),
        worst_ms: ms(&warned.whole, 100),
        unanswered: warned.unanswered,
        cases: cases.len() as u64,
        numbered: warnings.len() as u64 == args.warnings
            && cases.iter().copied().eq(1..=u32::try_from(cases.len())?),
        steps: steps.len() as u64,
        steps_once: steps.len() == once.len() && once == due,
        answers_true: warned.told.iter().all(is_so),
    })
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of seconds")]
fn ms(latencies: &Latencies, percent: u64) -> f64 {
    (latencies.percentile(percent) as f64 / 100.0).round() / 10.0
}
