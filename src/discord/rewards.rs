//! The day's reward for what was written. A flood owes more of them than the store pays at once:
//! they wait here, not in the connection, where commands would wait behind them.

use std::{sync::Arc, time::Duration};

use domain::{GuildId, IdempotencyKey, UserId};
use tokio::sync::{Semaphore, mpsc};

use super::{edge::Edge, sessions::Working, wire};

/// Rewards that wait. Beyond them the connection does, and Discord with it.
const MAX_WAITING: usize = 200_000;
/// Of those that are paid at the same time.
const MAX_AT_ONCE: usize = 256;
/// Waits before a reward that failed is tried again; after the last, it is given up and logged.
const AGAIN: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
];

#[derive(Clone, Debug)]
pub struct Rewards(mpsc::Sender<Due>);

/// A message that may be a member's first of the day.
#[derive(Debug)]
pub struct Due {
    pub guild: GuildId,
    pub user: UserId,
    pub message: u64,
    pub working: Working,
}

impl Rewards {
    /// Ends when nobody owes any more.
    pub fn start(edge: &Arc<Edge>) -> Self {
        let (owe, owed) = mpsc::channel(MAX_WAITING);
        tokio::spawn(pay(Arc::clone(edge), owed));
        Self(owe)
    }

    pub async fn owe(&self, due: Due) {
        let _ = self.0.send(due).await;
    }
}

async fn pay(edge: Arc<Edge>, mut owed: mpsc::Receiver<Due>) {
    let places = Arc::new(Semaphore::new(MAX_AT_ONCE));
    while let Some(Due { guild, user, message, working }) = owed.recv().await {
        // Several messages of theirs may have waited.
        if edge.actions.was_paid_that_day(guild, user, wire::made_at(message)) {
            continue;
        }
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let edge = Arc::clone(&edge);
        tokio::spawn(async move {
            reward(&edge, guild, user, message).await;
            drop((working, place));
        });
    }
}

/// Pays the day's reward, once per member and day however often this is done.
async fn reward(edge: &Edge, guild: GuildId, user: UserId, message: u64) {
    let Ok(key) = IdempotencyKey::new(format!("message/{message}/daily")) else { return };
    let at = wire::made_at(message);
    let mut waits = AGAIN.iter();
    let outcome = loop {
        match edge.actions.award_daily_for_message(guild, user, at, &key).await {
            Ok(Some(daily)) if daily.repeated => break "repeated",
            Ok(Some(_)) => break "paid",
            Ok(None) => break "not_due",
            Err(error) => {
                if let Some(wait) = waits.next() {
                    tracing::warn!(guild.id = %guild, %error, "a daily reward waits");
                    tokio::time::sleep(*wait).await;
                    continue;
                }
                let id = projections::error_id();
                tracing::error!(error.id = id, guild.id = %guild, %error, "a daily reward was not paid");
                break "failed";
            }
        }
    };
    metrics::counter!("reeve_discord_daily_rewards_total", "outcome" => outcome).increment(1);
}
