//! What a stream of messages costs: our bot with the day's reward switched on, or any other client,
//! as a process of its own, fed by the simulator's flood.

use std::{fmt, time::Instant};

use serde::Serialize;
use simulator::{flood::Ground as Flooded, given};

use super::{
    Failed,
    store::Folder,
    wire::{Bot, Place, refused},
};
use crate::cli::print::grouped;

const MOST_GUILDS: u64 = 10_000;
const MOST_MEMBERS: u64 = 1_000;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// How many messages are written
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    messages: u64,
    /// In how many communities
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=MOST_GUILDS))]
    guilds: u64,
    /// How many members each of them has, the bot among them
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(3..=MOST_MEMBERS))]
    members: u64,
    /// What our process does besides: gateway, or all
    #[arg(long, default_value = "gateway")]
    roles: String,
    /// What it does with a message: as it comes, the day's reward, activity and levels; with all,
    /// members are copied and what messages say is kept too
    #[arg(long, value_enum, default_value_t = Features::Usual)]
    features: Features,
    /// Measure this shell command's client instead of ours; it finds DISCORD_TOKEN and
    /// DISCORD_API_URL, and on SIGTERM prints {"messages": N} as its last line
    #[arg(long)]
    client: Option<String>,
    /// The folder to make a folder in [default: $TMPDIR]
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Features {
    Usual,
    All,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub client: String,
    features: Features,
    pub messages: u64,
    pub guilds: u64,
    pub members: u64,
    /// The first messages of everybody's day among them.
    pub events_per_cpu_s: f64,
    pub events_per_s: f64,
    /// The same stream again, when everybody's day is settled.
    pub settled_events_per_cpu_s: f64,
    pub settled_events_per_s: f64,
    /// What holds the communities, before the first message.
    pub start_rss_mb: f64,
    pub rss_mb: f64,
    /// Daily rewards that were paid.
    pub rewards: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} messages of {} communities with {} members: {:.0} a CPU second, {:.0} a \
             second, {} daily rewards; again with every day settled: {:.0} a CPU second, {:.0} a \
             second; {} MB",
            self.client,
            grouped(self.messages),
            grouped(self.guilds),
            self.members,
            self.events_per_cpu_s,
            self.events_per_s,
            grouped(self.rewards),
            self.settled_events_per_cpu_s,
            self.settled_events_per_s,
            self.rss_mb,
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let place = Place::start(1).await?;
    let (guilds, members) = (usize::try_from(args.guilds)?, usize::try_from(args.members)?);
    let ground = place.sim.ground(place.application, guilds, members).map_err(refused)?;
    let folder = Folder::make_in(&args.dir.clone().unwrap_or_else(std::env::temp_dir))?;
    let mut bot = if let Some(client) = &args.client {
        Bot::other(&place, client).await?
    } else {
        let roles = format!("roles={}", args.roles);
        let mut settings = vec![roles.as_str()];
        if args.features == Features::All {
            settings.extend(["discord.message_content=true", "discord.member_events=true"]);
        }
        let bot = Bot::ours(&place, folder.path(), &settings).await?;
        if args.features == Features::All {
            switch_logs_on(&place, &ground).await?;
            // What it takes to copy everybody at the start is no message's.
            bot.has_compared(args.guilds * args.members).await?;
        }
        bot
    };
    bot.rests().await?;
    let start_rss_mb = bot.rss_mb();
    let first = flood(&args, &place, &ground, &mut bot).await?;
    let rss_mb = bot.rss_mb();
    let again = flood(&args, &place, &ground, &mut bot).await?;
    let (client, heard, rewards) = match &args.client {
        None => {
            let heard = bot.counted("reeve_discord_events_total", "\"MESSAGE_CREATE\"")?;
            let rewards = bot.counted("reeve_discord_daily_rewards_total", "\"paid\"")?;
            bot.stop().await?;
            (format!("reeve ({})", args.roles), heard, rewards)
        }
        Some(client) => (client.clone(), bot.says()?["messages"].as_u64().unwrap_or_default(), 0),
    };
    // A client that skips some would be the fastest of all.
    if heard != args.messages * 2 {
        let sent = grouped(args.messages * 2);
        return Err(format!("{client} heard {} of {sent} messages", grouped(heard)).into());
    }
    Ok(Outcome {
        client,
        features: args.features,
        messages: args.messages,
        guilds: args.guilds,
        members: args.members,
        events_per_cpu_s: first.per_cpu_s,
        events_per_s: first.per_s,
        settled_events_per_cpu_s: again.per_cpu_s,
        settled_events_per_s: again.per_s,
        start_rss_mb,
        rss_mb,
        rewards,
    })
}

async fn switch_logs_on(place: &Place, ground: &Flooded) -> Result<(), Failed> {
    place.deployed().await?;
    for guild in &ground.guilds {
        let owner = place.sim.admin(*guild)?;
        let channel = place.sim.channel(*guild, "general")?;
        let answer = owner.uses(channel, "/modules on", given! { module: "logs" }).await?;
        if !answer.all_text().contains("on") {
            return Err(format!("logs were not switched on: {}", answer.all_text()).into());
        }
    }
    Ok(())
}

struct Speed {
    per_cpu_s: f64,
    per_s: f64,
}

/// From the first message until nothing is left to do.
#[expect(clippy::cast_precision_loss, reason = "a rate")]
async fn flood(
    args: &Args,
    place: &Place,
    ground: &Flooded,
    bot: &mut Bot,
) -> Result<Speed, Failed> {
    let (began, before) = (Instant::now(), bot.cpu_secs());
    place.sim.flood(ground, args.messages).await?;
    let rested = bot.rests().await?;
    let messages = args.messages as f64;
    let cpu = bot.cpu_secs() - before;
    if cpu <= 0.0 {
        return Err("too few messages to measure processor time with".into());
    }
    let per_s = messages / rested.saturating_duration_since(began).as_secs_f64();
    Ok(Speed { per_cpu_s: (messages / cpu).round(), per_s: per_s.round() })
}
