//! `reeve serve`: runs until it is told to stop, then finishes what it accepted.

use std::{process::ExitCode, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use projections::{Requests, Verb};
use tokio::signal::unix::{SignalKind, signal};

use super::error::CliError;
use crate::{
    config::{Config, ConfigArgs, Role, Secret},
    http::Server,
    node::{Access, Node},
};

/// How often requests that only the command bus can carry out are looked for.
const LOOK: Duration = Duration::from_millis(500);

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
    let node = Node::open(config, Access::Write).await?;
    let config = &node.config;
    eventlog::finish_erasures(node.bus())
        .await
        .map_err(|error| CliError::Fault(error.to_string()))?;
    let runtime =
        if config.has_role(Role::Worker) { Some(node.start_projections().await?) } else { None };
    let sealer = config.has_role(Role::Worker).then(|| node.start_sealer());
    let erasing = config.has_role(Role::Worker).then(|| {
        tokio::spawn(erase_when_asked(node.bus().clone(), Requests::new(node.store.clone())))
    });
    // Every role answers health checks and metrics.
    let shown_metrics = config.http.metrics.then(|| metrics.clone());
    let server = Server::start(
        config.http.address,
        node.bus().clone(),
        node.store.clone(),
        Arc::clone(&node.clock),
        shown_metrics,
    )
    .await
    .map_err(|error| {
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

    stop_signal().await?;
    tracing::info!("stopping: finishing what was accepted; a second signal stops at once");
    let grace = config.shutdown_grace;
    upkeep.abort();
    let finish = async {
        server.shutdown().await;
        if let Some(erasing) = erasing {
            erasing.abort();
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
        _ = stop_signal() => tracing::warn!("stopped at once; what was acknowledged is safe"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn stop_signal() -> Result<(), CliError> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Erasures that a command beside this process asked for.
async fn erase_when_asked(bus: eventlog::Bus, requests: Requests) {
    loop {
        tokio::time::sleep(LOOK).await;
        let waiting = match requests.waiting().await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::warn!(%error, "operators' requests cannot be read; trying again");
                continue;
            }
        };
        for request in waiting.into_iter().filter(|request| request.verb == Verb::Erase) {
            let (Some(guild), Some(person)) = (request.guild, request.person) else { continue };
            match requests.begin(&request.id, "erasing").await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => {
                    tracing::warn!(%error, "a request could not be begun; trying again");
                    continue;
                }
            }
            let result = bus.erase_person(guild, person).await;
            let answer = match result {
                Ok(_) => Ok("erased".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = requests.finish(&request.id, &answer).await {
                tracing::warn!(%error, "the answer to an operator's request was lost");
            }
        }
    }
}
