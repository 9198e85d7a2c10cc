//! `reeve demo`: a living community on a local Discord, with the real bot in it, in one process.

use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use metrics_exporter_prometheus::PrometheusHandle;
use projections::economy::balances;
use serde_json::json;
use simulator::community::life::{Extent, FEWEST_MEMBERS};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{
    error::CliError,
    print::{Print, grouped},
    simulate::ADDRESS,
};
use crate::{
    config::{Config, Store},
    http::Server,
    living::{
        Trouble,
        home::{About, Home},
        play::Tally,
        prepare::{self, Wish},
        trickle::Living,
    },
};

const SEED: u64 = 7;
const MEMBERS: u64 = 400;
const DAYS: u32 = 90;
const MOST_MEMBERS: u64 = 2_000;
const MOST_DAYS: i64 = 365;
const UPKEEP: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The first start plays the history, which takes a minute or so; it is kept \
    under the data\ndirectory, and the next start takes seconds. Ctrl-C stops it and keeps \
    everything.\n\nExamples:\n  \
    reeve demo\n  \
    reeve demo --listen 127.0.0.1:8080 --discord 127.0.0.1:4420\n  \
    reeve demo --prepare --members 50 --days 14 --fresh\n  \
    reeve act --as maren uses \"/bytes read\"      # in another terminal"
)]
pub(super) struct Args {
    /// Where Reeve itself listens: /healthz, /readyz, /metrics (over http.address)
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where the local Discord listens, and `reeve act` looks for it; port 0 takes any
    #[arg(long, value_name = "ADDRESS", default_value = ADDRESS)]
    discord: SocketAddr,
    /// Throw the community of last time away
    #[arg(long)]
    fresh: bool,
    /// Only play the history, then stop
    #[arg(long)]
    prepare: bool,
    /// Another community and another history [default: 7]
    #[arg(long)]
    seed: Option<u64>,
    /// How many members it will have had [default: 400]
    #[arg(long, value_parser = clap::value_parser!(u64).range(FEWEST_MEMBERS as u64..=MOST_MEMBERS))]
    members: Option<u64>,
    /// How many days of history there are [default: 90]
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=MOST_DAYS))]
    days: Option<u32>,
    /// Stop by itself after so long: 90s, 5m or 1h
    #[arg(long = "for", value_name = "TIME", value_parser = length)]
    stay: Option<Duration>,
}

/// People look at the community here, not at the log, unless they have asked for that.
pub(super) fn hush(config: &mut Config) {
    if config.log.filter == "info" {
        "warn".clone_into(&mut config.log.filter);
    }
}

fn length(text: &str) -> Result<Duration, String> {
    let (number, unit) =
        text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let secs = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => 0,
    };
    let number: Option<u64> = number.parse().ok();
    let secs = number.and_then(|number| number.checked_mul(secs)).filter(|secs| *secs > 0);
    secs.map(Duration::from_secs).ok_or_else(|| "use a time such as 90s, 5m or 1h".to_owned())
}

pub(super) async fn run(
    args: Args,
    mut config: Config,
    metrics: PrometheusHandle,
    print: Print,
) -> Result<ExitCode, CliError> {
    config.refuse_in_production("demo data")?;
    if config.store != Store::Sqlite {
        return Err(CliError::Setup(
            "the demo lives on an embedded store; leave `store` at sqlite for it".to_owned(),
        ));
    }
    if let Some(listen) = args.listen {
        config.http.address = listen;
    }
    // Before anything is promised, so that a signal is never missed.
    let mut stop = stop_signal()?;
    let home = Home::at(config.data_dir.join("demo"));
    if args.fresh {
        home.clear()?;
    }
    let about = if let Some(about) = home.about()? {
        args.fits(&about)?;
        if args.prepare {
            print.answer(&about, || format!("It is prepared already.\n{}", history(&about)));
            return Ok(ExitCode::SUCCESS);
        }
        about
    } else {
        tokio::select! {
            about = prepared(&args, &home, &config, print) => about?,
            _ = stop.wait_for(|stop| *stop) => {
                return Err(CliError::Refused(
                    "stopped before the history was through; nothing of it is kept, and the \
                     next start plays it from the beginning".to_owned(),
                ));
            }
        }
    };
    if args.prepare {
        print.answer(&about, || history(&about));
        return Ok(ExitCode::SUCCESS);
    }
    live(&args, &home, &config, about, metrics, stop, print).await
}

impl Args {
    fn extent(&self) -> Extent {
        let members = usize::try_from(self.members.unwrap_or(MEMBERS)).unwrap_or(usize::MAX);
        Extent { seed: self.seed.unwrap_or(SEED), members, days: self.days.unwrap_or(DAYS) }
    }

    /// Whoever asks for another community than the one that is there wants to be told.
    fn fits(&self, about: &About) -> Result<(), CliError> {
        let wanted = self.extent();
        let same = self.seed.is_none_or(|seed| seed == about.seed)
            && self.members.is_none_or(|_| wanted.members == about.members)
            && self.days.is_none_or(|days| days == about.days);
        if same {
            return Ok(());
        }
        Err(CliError::Setup(format!(
            "the community that is there has seed {}, {} members and {} days; --fresh throws it \
             away and makes the one you ask for",
            about.seed, about.members, about.days
        )))
    }
}

/// Plays the history, and shows how far it is.
async fn prepared(
    args: &Args,
    home: &Home,
    config: &Config,
    print: Print,
) -> Result<About, CliError> {
    let extent = args.extent();
    if prepare::was_interrupted(home) {
        print.note("The last start was stopped before the history was through; it begins anew.");
    }
    print.note(&format!(
        "Preparing a community: {} members, {} days, seed {} …",
        grouped(extent.members as u64),
        extent.days,
        extent.seed
    ));
    let bar =
        if print.is_json() { ProgressBar::hidden() } else { ProgressBar::new(extent.days.into()) };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} day {pos} of {len}  {msg}  {elapsed}")
    {
        bar.set_style(style);
    }
    let told = |day: u32, _: u32, tally: &Tally| {
        bar.set_message(format!("{} facts", grouped(tally.facts)));
        bar.set_position(day.into());
    };
    let wish = Wish { extent, until_ms: simulator::Clock::real().now_ms() };
    let about = prepare::prepare(home, config, wish, &told).await;
    bar.finish_and_clear();
    Ok(about?)
}

fn history(about: &About) -> String {
    let Tally { facts, messages, commands, refused, prevented } = about.played;
    format!(
        "{}: {} days of history, played in {}.{} s.\n{} facts: {} messages, {} commands ({} \
         refused by a rule), {} prevented by Discord itself.",
        about.name,
        about.days,
        about.took_ms / 1_000,
        about.took_ms % 1_000 / 100,
        grouped(facts),
        grouped(messages),
        grouped(commands),
        grouped(refused),
        grouped(prevented),
    )
}

async fn live(
    args: &Args,
    home: &Home,
    config: &Config,
    about: About,
    metrics: PrometheusHandle,
    mut stop: watch::Receiver<bool>,
    print: Print,
) -> Result<ExitCode, CliError> {
    let began = Instant::now();
    let living = Living::wake(home, config, about, args.discord).await?;
    let node = &living.stage.node;
    let shown_metrics = config.http.metrics.then(|| metrics.clone());
    let health = Some(living.stage.discord.health.clone());
    let way = Some(Arc::clone(&living.stage.discord.http));
    let server = Server::start(node, shown_metrics, health, way).await;
    let server = match server {
        Ok(server) => server,
        Err(error) => {
            living.sleep().await?;
            let address = config.http.address;
            return Err(CliError::Setup(format!(
                "cannot listen on {address}: {error}; choose another address with --listen"
            )));
        }
    };
    living.stage.let_sign_in(&server.origin)?;
    greet(&living, &server, home, began.elapsed(), print).await?;
    let upkeep = tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            metrics.run_upkeep();
        }
    });
    let (end, ended) = watch::channel(false);
    let stay = args.stay;
    let ending = tokio::spawn(async move {
        let time_is_up = async {
            match stay {
                Some(stay) => tokio::time::sleep(stay).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = time_is_up => {}
        }
        end.send_replace(true);
    });
    let tally = living.go_on(|line| print.note(line), ended).await;
    print.note("\nStopping: finishing what was begun …");
    upkeep.abort();
    ending.abort();
    server.shutdown().await;
    living.sleep().await?;
    let tally = tally?;
    print.note(&format!(
        "{} things happened. Everything is kept; `reeve demo` goes on from here.",
        grouped(tally.facts)
    ));
    Ok(ExitCode::SUCCESS)
}

/// What there is, and how to look at it.
async fn greet(
    living: &Living,
    server: &Server,
    home: &Home,
    took: Duration,
    print: Print,
) -> Result<(), CliError> {
    let (stage, about) = (&living.stage, &living.about);
    let guild = about.guild.to_string();
    let guild: domain::GuildId =
        guild.parse().map_err(|_| CliError::Fault(format!("{guild} is no guild")))?;
    let events = stage.node.log.head().await?.0;
    let supply = balances::supply(&stage.node.store, guild).await?;
    let token = {
        let world = stage.sim.world.lock();
        world.application(about.application).map(|app| app.token.clone()).map_err(Trouble::from)?
    };
    let members = {
        let world = stage.sim.world.lock();
        world.guild(about.guild).map(|guild| guild.members.len()).map_err(Trouble::from)?
    };
    let ready = json!({
        "http": format!("http://{}", server.address),
        "simulator": stage.sim.address().to_string(),
        "api": stage.sim.api_url(),
        "gateway": stage.sim.gateway_url(),
        "token": token,
        "application_id": about.application,
        "guild_id": about.guild,
        "name": about.name,
        "members": members,
        "events": events,
        "supply": supply,
        "data_dir": home.directory(),
        "ready_in_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "history": about,
    });
    print.answer(&ready, || {
        let program = std::env::args().next().unwrap_or_else(|| "reeve".to_owned());
        let store = format!("{program} --data-dir {}", home.directory().display());
        let at = stage.sim.address();
        let act = if at.to_string() == ADDRESS {
            format!("{program} act")
        } else {
            format!("{program} act --at {at}")
        };
        format!(
            "\n{} is awake: {members} members, {} events, {} bytes in circulation (ready in {}.{} s).\n\n\
             Be one of them, in another terminal:\n  \
             {act} --as maren says \"good morning\"\n  \
             {act} --as maren uses \"/bytes read\"\n  \
             {act} --as maren uses \"/bytes send user:@tobi amount:5 reason:thanks\"\n  \
             {act} --as tobi uses \"/bytes send user:@maren amount:999999\"      # refused\n  \
             {act} --as astrid uses \"/settings view\"                        # the owner\n\n\
             Look at what the bot keeps:\n  \
             {store} economy heap\n  \
             {store} events --type economy.\n  \
             {store} replay --help\n  \
             {store} doctor\n\n\
             Dashboard      {}  (sign in as anybody: Astrid is the owner and operator, Maren an \
             admin,\n               Tobi a moderator, Jonas an auditor, Lene an analyst)\n\
             Reeve          http://{}/healthz  /readyz  /metrics\n\
             Local Discord  http://{at}/sim (its state), {} (REST), {} (gateway)\n\
             Ctrl-C stops it and keeps everything. What happens now:\n",
            about.name,
            grouped(events),
            grouped(supply.0),
            took.as_millis() / 1_000,
            took.as_millis() % 1_000 / 100,
            server.origin,
            server.address,
            stage.sim.api_url(),
            stage.sim.gateway_url(),
        )
    });
    Ok(())
}

/// Turns true when somebody wants it to stop; a second signal ends it at once.
fn stop_signal() -> Result<watch::Receiver<bool>, CliError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        for wish in 0.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if wish > 0 {
                // What was acknowledged is safe.
                std::process::exit(130);
            }
            stop.send_replace(true);
        }
    });
    Ok(stopped)
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Open(error) => error.into(),
            Trouble::Log(error) => error.into(),
            Trouble::Connect(error) => error.into(),
            Trouble::Setup(text) => Self::Setup(text),
            other @ Trouble::Io { .. } => Self::Setup(other.to_string()),
            other @ (Trouble::Simulator(_) | Trouble::Fault(_)) => Self::Fault(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_or_refused() {
        assert_eq!(length("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(length("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(length("1h"), Ok(Duration::from_hours(1)));
        for bad in ["", "5", "s", "-1s", "0s", "5 d", "99999999999999999999s", "5ü"] {
            assert!(length(bad).is_err(), "{bad}");
        }
    }
}
