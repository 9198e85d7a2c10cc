//! `reeve serve`: runs until it is told to stop, then finishes what it accepted.

use std::{process::ExitCode, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use projections::Requests;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};

use super::error::CliError;
use crate::{
    config::{Config, ConfigArgs, Role, Secret},
    discord::{
        Discord,
        connect::{self, ConnectError, Http},
        health::Health,
        shard,
    },
    http::Server,
    node::{Access, Node},
    requests,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What this process does: gateway, worker, api or all; may be repeated (over `roles`)
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
}

impl Args {
    /// `--role` is the setting `roles`.
    pub fn apply(&self, config: &mut ConfigArgs) {
        if !self.roles.is_empty() {
            config.set.push(Secret::new(format!("roles={}", self.roles.join(","))));
        }
    }
}

pub(super) async fn run(
    _: Args,
    config: Config,
    metrics: PrometheusHandle,
) -> Result<ExitCode, CliError> {
    // From now on a signal asks; before that it ends the process, which has done nothing yet.
    let mut stop = StopSignal::listen()?;
    let node = Node::open(config, Access::Write).await?;
    let config = &node.config;
    eventlog::finish_erasures(node.bus())
        .await
        .map_err(|error| CliError::Fault(error.to_string()))?;
    let runtime =
        if config.has_role(Role::Worker) { Some(node.start_projections().await?) } else { None };
    let processes =
        if config.has_role(Role::Worker) { Some(node.start_processes().await?) } else { None };
    let sealer = config.has_role(Role::Worker).then(|| node.start_sealer());
    let requests = config.has_role(Role::Worker).then(|| {
        tokio::spawn(requests::carry_out(node.actions.clone(), Requests::new(node.store.clone())))
    });
    let discord = Speaking::begin(&node)?;
    // Every role answers health checks and metrics.
    let shown_metrics = config.http.metrics.then(|| metrics.clone());
    let way = match &discord {
        Some(speaking) => Some(Arc::clone(&speaking.http)),
        // Names and permissions are asked for without a connection to the gateway, too.
        None => connect::client(&config.discord).ok().map(Arc::new),
    };
    let health = discord.as_ref().map(|discord| discord.health.clone());
    let server = Server::start(&node, shown_metrics, health, way).await.map_err(|error| {
        let address = config.http.address;
        CliError::Setup(format!("http.address: cannot listen on {address}: {error}"))
    })?;
    let roles: Vec<_> = config.roles.iter().map(ToString::to_string).collect();
    tracing::info!(
        store = node.log.backend(),
        http.address = %server.address,
        roles = roles.join(","),
        environment = %config.environment,
        "reeve is up"
    );
    let upkeep = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            metrics.run_upkeep();
        }
    });

    let node = Arc::new(node);
    let mut discord = discord.map(|speaking| speaking.start(&node));
    let refused = tokio::select! {
        () = stop.comes() => None,
        why = Spoken::refused(discord.as_mut()) => Some(why),
    };
    let config = &node.config;
    tracing::info!("stopping: finishing what was accepted; a second signal stops at once");
    let grace = config.shutdown_grace;
    upkeep.abort();
    let finish = async {
        // First nothing new comes in, and what is being answered is answered.
        if let Some(discord) = discord {
            discord.shutdown().await;
        }
        server.shutdown().await;
        if let Some(requests) = requests {
            requests.abort();
        }
        if let Some(processes) = processes {
            processes.shutdown().await;
        }
        if let Some(runtime) = runtime {
            runtime.shutdown().await;
        }
        node.bus().shutdown().await;
        // After the last event, so that nothing is left unsealed.
        if let Some(sealer) = sealer {
            sealer.shutdown().await;
        }
    };
    tokio::select! {
        () = finish => tracing::info!("stopped; nothing is left undone"),
        () = tokio::time::sleep(grace) => tracing::warn!(
            grace_secs = grace.as_secs(),
            "not everything finished in the time given; what was acknowledged is safe"
        ),
        () = stop.comes() => tracing::warn!("stopped at once; what was acknowledged is safe"),
    }
    match refused {
        None => Ok(ExitCode::SUCCESS),
        Some(why) => Err(CliError::Setup(why)),
    }
}

/// Discord, before this process speaks with it.
struct Speaking {
    http: Http,
    health: Health,
}

/// While it does.
struct Spoken {
    task: JoinHandle<Result<(), ConnectError>>,
    stop: watch::Sender<bool>,
}

impl Speaking {
    /// None where this process has no token or another part to play.
    fn begin(node: &Node) -> Result<Option<Self>, CliError> {
        if !node.config.has_role(Role::Gateway) {
            return Ok(None);
        }
        match connect::client(&node.config.discord) {
            Ok(http) => Ok(Some(Self { http: Arc::new(http), health: Health::default() })),
            Err(ConnectError::NoToken) => {
                tracing::info!("without Discord: discord.token (DISCORD_TOKEN) is not set");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Beside everything else, so that Discord's absence keeps nothing else waiting.
    fn start(self, node: &Arc<Node>) -> Spoken {
        let (stop, mut stopped) = watch::channel(false);
        let node = Arc::clone(node);
        let task = tokio::spawn(async move {
            let mut stopping = stopped.clone();
            let started = tokio::select! {
                started = Discord::start(&node, self.http, self.health) => started?,
                () = shard::told(&mut stopping) => return Ok(()),
            };
            let mut discord = started;
            let refused = tokio::select! {
                why = discord.refused() => Some(why),
                () = shard::told(&mut stopped) => None,
            };
            discord.shutdown().await;
            refused.map_or(Ok(()), |why| Err(ConnectError::Refused(why)))
        });
        Spoken { task, stop }
    }
}

impl Spoken {
    /// Until Discord will not have us: what a person has to do.
    async fn refused(this: Option<&mut Self>) -> String {
        let Some(spoken) = this else { return std::future::pending().await };
        match (&mut spoken.task).await {
            Ok(Ok(())) => std::future::pending().await,
            Ok(Err(error)) => error.to_string(),
            Err(error) => format!("the way to Discord broke: {error}"),
        }
    }

    async fn shutdown(self) {
        self.stop.send_replace(true);
        if !self.task.is_finished() {
            let _ = self.task.await;
        }
    }
}

/// Somebody wants the process to end.
struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    fn listen() -> Result<Self, CliError> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
