//! What a command does beside a running server: on an embedded store only one process writes, so
//! the command asks that one and waits for its answer.

use std::time::Duration;

use domain::{GuildId, PersonId};
use eventlog::LogError;
use projections::{Asked, Requests, Runtime, Verb};

use super::error::CliError;
use crate::{
    config::{Config, Store},
    node::{Access, Node, OpenError},
};

const LOOK: Duration = Duration::from_millis(200);
/// Nobody began with a request for this long: nobody is there to do it. Longer than a killed
/// process's lease lasts.
const PATIENCE: Duration = Duration::from_secs(15);

/// A node to ask through: it does the work itself unless another process holds the store.
#[derive(Debug)]
pub(super) struct Desk {
    pub node: Node,
    runtime: Option<Runtime>,
}

impl Desk {
    pub async fn open(config: Config) -> Result<Self, CliError> {
        match Node::open(config.clone(), Access::Write).await {
            Ok(node) => {
                let runtime = Some(node.start_projections().await?);
                Ok(Self { node, runtime })
            }
            Err(OpenError::Log(LogError::InUse { .. })) if config.store == Store::Sqlite => {
                let node = Node::open(config, Access::Read).await?;
                Ok(Self { node, runtime: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether this process itself decides and writes.
    pub const fn writes(&self) -> bool {
        self.runtime.is_some()
    }

    /// Asks and waits, showing how far it is.
    pub async fn ask(
        &self,
        verb: Verb,
        subject: &str,
        guild: Option<GuildId>,
        person: Option<PersonId>,
        mut progress: impl AsyncFnMut(&Node),
    ) -> Result<String, CliError> {
        let requests = Requests::new(self.node.store.clone());
        let id = requests.ask(verb, subject, guild, person, (self.node.clock)()).await?;
        let mut waited = Duration::ZERO;
        loop {
            match requests.state(&id).await? {
                Asked::Done(answer) => return Ok(answer),
                Asked::Failed(error) => return Err(CliError::Refused(error)),
                Asked::Running(_) => progress(&self.node).await,
                Asked::Waiting if waited > PATIENCE => {
                    let gone = Err("nobody took the request".to_owned());
                    requests.finish(&id, &gone).await?;
                    return Err(CliError::Fault(
                        "no running process took the request; is `reeve serve` with the worker \
                         role up, and is the projection's guild slice held by it?"
                            .to_owned(),
                    ));
                }
                Asked::Waiting => {}
            }
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
    }

    pub async fn close(self) {
        if let Some(runtime) = self.runtime {
            runtime.shutdown().await;
        }
        self.node.shutdown().await;
    }
}
