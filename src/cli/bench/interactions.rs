//! How long a member waits for the first response: many members at once, over the whole wire, to
//! our bot as a process of its own. Every second command moves bytes and is durable before it is
//! answered. Then the same while a flood of messages comes in.

use std::{fmt, num::NonZeroU64, sync::Arc, time::Duration};

use serde::Serialize;
use simulator::{given, people::Failed as NotDone};
use tokio::task::JoinSet;

use super::{
    Failed,
    latency::Latencies,
    store::Folder,
    town::Town,
    wire::{Bot, Place, refused},
};

const MOST_MEMBERS: u64 = 512;
/// So many commands of one person go through the gate in its window; then somebody else acts.
const COMMANDS_EACH: u64 = actions::gate::MOST_IN_WINDOW as u64 - 2;
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Members who ask at once, each as soon as the last answer is there
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=MOST_MEMBERS))]
    members: u64,
    /// How often each of them asks
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(2..=1_000))]
    commands: u64,
    /// Messages of the flood
    #[arg(long, default_value_t = 100_000)]
    flood: u64,
    /// How many of them come in a second [default: as many as are taken]
    #[arg(long)]
    flood_per_s: Option<NonZeroU64>,
    /// The folder to make a folder in [default: $TMPDIR]
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub members: u64,
    pub commands: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub worst_ms: f64,
    /// Not answered within Discord's three seconds.
    pub over_3_s: u64,
    pub flood_p50_ms: f64,
    pub flood_p99_ms: f64,
    pub flood_worst_ms: f64,
    pub flood_over_3_s: u64,
    pub flood_messages: u64,
    pub flood_messages_per_s: f64,
}

impl Outcome {
    pub const fn is_good(&self) -> bool {
        self.over_3_s == 0 && self.flood_over_3_s == 0
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} members at once, {} commands: p50 {} ms, p99 {} ms, worst {} ms, {} over 3 s; \
             under a flood of {} messages a second: p50 {} ms, p99 {} ms, worst {} ms, {} over 3 s",
            self.members,
            self.commands,
            self.p50_ms,
            self.p99_ms,
            self.worst_ms,
            self.over_3_s,
            self.flood_messages_per_s,
            self.flood_p50_ms,
            self.flood_p99_ms,
            self.flood_worst_ms,
            self.flood_over_3_s,
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let place = Place::start(1).await?;
    // Others ask in the second round; the owner and the bot are there besides.
    let askers = args.members * args.commands.div_ceil(COMMANDS_EACH);
    let here = usize::try_from(askers * 2 + 2)?;
    let ground = place.sim.ground(place.application, 1, here).map_err(refused)?;
    let others = place.sim.ground(place.application, 50, 50).map_err(refused)?;
    let guild = ground.guilds[0];
    let folder = Folder::make_in(&args.dir.clone().unwrap_or_else(std::env::temp_dir))?;
    let bot =
        Bot::ours(&place, folder.path(), &["roles=gateway", "cooldowns=bytes read=0s"]).await?;
    let town = Arc::new(Town::found(&place, guild)?);
    town.settle(&place).await?;
    let calm = ask(&args, &town, 0).await?;
    let messages = place.sim.flood_at(&others, args.flood, args.flood_per_s);
    let (flooded, messages) = tokio::join!(ask(&args, &town, askers), messages);
    let (flooded, messages) = (flooded?, messages?);
    bot.stop().await?;
    Ok(Outcome {
        members: args.members,
        commands: calm.latencies.count(),
        p50_ms: calm.latencies.ms(50),
        p99_ms: calm.latencies.ms(99),
        worst_ms: calm.latencies.ms(100),
        over_3_s: calm.unanswered,
        flood_p50_ms: flooded.latencies.ms(50),
        flood_p99_ms: flooded.latencies.ms(99),
        flood_worst_ms: flooded.latencies.ms(100),
        flood_over_3_s: flooded.unanswered,
        flood_messages: messages.messages,
        flood_messages_per_s: super::per_second(messages.messages, messages.took),
    })
}

#[derive(Default)]
struct Asked {
    latencies: Latencies,
    unanswered: u64,
}

/// All of them at once, until everybody has asked so often.
async fn ask(args: &Args, town: &Arc<Town>, first: u64) -> Result<Asked, Failed> {
    let mut asking = JoinSet::new();
    for seat in 0..args.members {
        let town = Arc::clone(town);
        asking.spawn(sit(town, first + seat, args.members, args.commands));
    }
    let mut all = Asked::default();
    for asked in asking.join_all().await {
        let asked = asked?;
        all.latencies.add(&asked.latencies);
        all.unanswered += asked.unanswered;
    }
    Ok(all)
}

/// One seat, which people take in turns because nobody may ask more often than the gate allows.
async fn sit(town: Arc<Town>, seat: u64, seats: u64, commands: u64) -> Result<Asked, Failed> {
    let mut asked = Asked::default();
    for number in 0..commands {
        let index = usize::try_from(seat + seats * (number / COMMANDS_EACH))?;
        let someone = &town.people[index % town.people.len()];
        let neighbour = &town.people[(index + 1) % town.people.len()];
        let answer = if number % 2 == 0 {
            let given = given! { user: neighbour, amount: 1 };
            someone.uses(town.channel, "/bytes send", given).await
        } else {
            someone.uses(town.channel, "/bytes read", Vec::new()).await
        };
        match answer {
            Ok(answer) if answer.all_text().contains("bytes") => {
                asked.latencies.record(answer.took());
            }
            Ok(answer) => return Err(format!("an odd answer: {}", answer.all_text()).into()),
            Err(NotDone::NoResponse) => {
                asked.unanswered += 1;
                asked.latencies.record(Duration::from_secs(3));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(asked)
}
