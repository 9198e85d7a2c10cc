//! The bot as `reeve serve` runs it, beside a local Discord in the same process.

use std::{sync::Arc, time::Duration};

use domain::Timestamp;
use eventlog::Clock;
use projections::{Runtime, Status};
use simulator::{Id, Sim, gateway::session::Session};

use super::Trouble;
use crate::{
    config::{Config, Secret},
    discord::{Discord, connect, health::Health},
    node::{Access, Node},
    processes::{self, Processes},
};

/// How long the bot may need for what it was told; it needs milliseconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long read models and effects may need after months were played.
const CALM: Duration = Duration::from_mins(5);
const LOOK: Duration = Duration::from_millis(20);
/// Months have a thousand waves that are waited for.
const LOOK_OFTEN: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub struct Stage {
    pub sim: Sim,
    pub node: Arc<Node>,
    pub discord: Discord,
    application: Id,
    runtime: Runtime,
    processes: Processes,
    sealer: eventlog::proof::Sealer,
}

impl Stage {
    /// Starts the bot on this store and connects it to this Discord, whose clock it lives by.
    pub async fn open(config: &Config, sim: Sim, application: Id) -> Result<Self, Trouble> {
        let mut config = config.clone();
        let token = sim.world.lock().application(application)?.token.clone();
        config.discord.token = Some(Secret::new(token));
        config.discord.api_url = Some(Secret::new(sim.origin()));
        config.discord.cdn_url = Some(Secret::new(sim.origin()));
        "auto".clone_into(&mut config.discord.shards);
        config.discord.deploy_commands = true;
        // The local Discord grants every privileged intent.
        config.discord.member_events = true;
        config.discord.message_content = true;
        config.discord.client_secret =
            Some(Secret::new(sim.world.lock().application(application)?.client_secret.clone()));
        let http = Arc::new(connect::client(&config.discord)?);
        let node = Node::open_with_clock(config, Access::Write, clock_of(&sim)).await?;
        eventlog::finish_erasures(node.bus())
            .await
            .map_err(|error| Trouble::Fault(error.to_string()))?;
        let runtime = node.start_projections().await?;
        let processes = node.start_processes().await?;
        let sealer = node.start_sealer();
        // The local Discord of before has taken its sessions with it.
        node.work.execute("DELETE FROM gateway_sessions", &[]).await?;
        let discord = Discord::start(&node, http, Health::default()).await?;
        let stage =
            Self { sim, node: Arc::new(node), discord, application, runtime, processes, sealer };
        stage.connected().await?;
        stage.settled().await?;
        Ok(stage)
    }

    /// Has the local Discord bring people back to this address once they have said who they are.
    pub fn let_sign_in(&self, origin: &str) -> Result<(), Trouble> {
        let mut world = self.sim.world.lock();
        let address = format!("{origin}/auth/callback");
        let known = &mut world.application_mut(self.application)?.redirect_uris;
        if !known.contains(&address) {
            known.push(address);
        }
        Ok(())
    }

    fn session(&self) -> Option<Arc<Session>> {
        let sessions = self.sim.hub.sessions();
        let mut ours = sessions.into_iter().filter(|one| one.application == self.application);
        ours.find(|session| session.is_connected())
    }

    /// Until the bot has a session and was told of its community.
    async fn connected(&self) -> Result<(), Trouble> {
        const READY_AND_COMMUNITY: u64 = 2;
        let told = || {
            let session = self.session()?;
            let told = session.seq() >= READY_AND_COMMUNITY && session.waiting() == 0;
            (told && self.discord.has_session(session.shard)).then_some(())
        };
        let wait = async {
            while told().is_none() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.map_err(|_| {
            Trouble::Fault(format!("the bot did not connect within {} s", PATIENCE.as_secs()))
        })
    }

    /// Until the bot has done what everything so far asks of it.
    pub async fn settled(&self) -> Result<(), Trouble> {
        let session = self
            .session()
            .ok_or_else(|| Trouble::Fault("the bot lost its connection".to_owned()))?;
        let reached = self.discord.reached(session.shard, session.seq());
        tokio::time::timeout(PATIENCE, reached).await.map_err(|_| {
            Trouble::Fault(format!("the bot did not keep up for {} s", PATIENCE.as_secs()))
        })
    }

    /// Until everything that is due has fired, has been reacted to, and is done in Discord.
    pub async fn quiet(&self) -> Result<(), Trouble> {
        let wait = async {
            loop {
                self.node.timers.poke();
                if self.is_quiet().await? {
                    return Ok::<_, Trouble>(());
                }
                tokio::time::sleep(LOOK_OFTEN).await;
            }
        };
        let patience =
            || Trouble::Fault("what the bot has begun does not come to an end".to_owned());
        tokio::time::timeout(CALM, wait).await.map_err(|_| patience())?
    }

    async fn is_quiet(&self) -> Result<bool, Trouble> {
        let node = &self.node;
        let head = node.log.head().await?;
        if processes::status::timers_due(&node.work, (node.clock)()).await? > 0 {
            return Ok(false);
        }
        let processes = processes::status::processes(&node.work, &*node.log).await?;
        let idle = processes.iter().all(|process| process.lag_events == 0);
        // What one of them came to while the others were looked at is an event.
        let over = idle && node.outbox.unfinished().await? == 0;
        Ok(over && node.log.head().await? == head)
    }

    /// Until nothing is left to fold, to react to, or to do in Discord.
    pub async fn calm(&self) -> Result<(), Trouble> {
        let wait = async {
            while !self.is_calm().await? {
                tokio::time::sleep(LOOK).await;
            }
            Ok::<_, Trouble>(())
        };
        let patience = || Trouble::Fault("read models or effects do not come to an end".to_owned());
        tokio::time::timeout(CALM, wait).await.map_err(|_| patience())?
    }

    async fn is_calm(&self) -> Result<bool, Trouble> {
        let node = &self.node;
        let builds = Status::new(node.store.clone()).builds(&*node.log, (node.clock)()).await?;
        Ok(builds.iter().all(|build| build.lag_events == 0) && self.is_quiet().await?)
    }

    /// Ends everything that was begun; the local Discord stays.
    pub async fn close(self) -> Sim {
        self.discord.shutdown().await;
        self.processes.shutdown().await;
        self.runtime.shutdown().await;
        self.node.bus().shutdown().await;
        // After the last event, so that nothing is left unsealed.
        self.sealer.shutdown().await;
        self.sim
    }
}

/// The local Discord's time as the bot's own.
fn clock_of(sim: &Sim) -> Clock {
    let clock = sim.clock.clone();
    Arc::new(move || {
        let millis = i64::try_from(clock.now_ms()).unwrap_or(i64::MAX);
        Timestamp::from_micros(millis.saturating_mul(1_000))
    })
}
