//! The day's reward for what was written. A flood owes more of them than the store pays at once:
//! they wait here, not in the connection, where commands would wait behind them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use actions::ActionError;
use domain::{GuildId, IdempotencyKey, Timestamp, UserId, UtcDay};
use futures::StreamExt as _;
use tokio::sync::{Semaphore, mpsc};

use super::{edge::Edge, sessions::Working};

/// Rewards that wait. Beyond them the connection does, and Discord with it.
const MAX_WAITING: usize = 200_000;
/// Communities whose members are paid at the same time.
const MAX_AT_ONCE: usize = 128;
/// Members whom one command pays.
const MOST_MEMBERS: usize = 250;
/// Many that were owed at once are followed by a rest, so that the next time there are more of each
/// community, and one command pays them. Twice as long as they took, but no longer than this.
const MANY: usize = 256;
const LONGEST_REST: Duration = Duration::from_millis(500);
/// Waits before rewards that failed are tried again; after the last, they are given up and logged.
const AGAIN: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
];
/// Communities whose rewards are tried again while the others are paid.
const MAX_AGAIN: usize = 64;

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

/// What a community owes: to whom for which day, the earlier day first.
#[derive(Debug, Default)]
struct Owed {
    days: BTreeMap<UtcDay, BTreeSet<UserId>>,
    working: Vec<Working>,
}

/// What one command pays, however often it is tried.
#[derive(Debug)]
struct Payment {
    day: UtcDay,
    users: Vec<UserId>,
    key: IdempotencyKey,
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
    let again = Arc::new(Semaphore::new(MAX_AGAIN));
    let mut due = Vec::new();
    while owed.recv_many(&mut due, MAX_WAITING).await > 0 {
        let (began, many) = (Instant::now(), due.len() >= MANY);
        let communities = by_community(&edge, std::mem::take(&mut due));
        let paying = futures::stream::iter(communities)
            .for_each_concurrent(MAX_AT_ONCE, |(guild, owed)| pay_in(&edge, guild, owed, &again));
        paying.await;
        if many {
            tokio::time::sleep((began.elapsed() * 2).min(LONGEST_REST)).await;
        }
    }
}

fn by_community(edge: &Edge, due: Vec<Due>) -> HashMap<GuildId, Owed> {
    let mut communities = HashMap::<GuildId, Owed>::new();
    for Due { guild, user, message, working } in due {
        let at = Timestamp::of_snowflake(message);
        // Several messages of theirs may have waited.
        if !edge.actions.was_paid_that_day(guild, user, at) {
            let owed = communities.entry(guild).or_default();
            owed.days.entry(at.utc_day()).or_default().insert(user);
            owed.working.push(working);
        }
    }
    communities
}

/// Once; where that fails, again and again beside the others.
async fn pay_in(edge: &Arc<Edge>, guild: GuildId, owed: Owed, again: &Arc<Semaphore>) {
    let mut payments = payments(edge, owed.days);
    while let Some(payment) = payments.front() {
        let Err(error) = pay_once(edge, guild, payment).await else {
            payments.pop_front();
            continue;
        };
        tracing::warn!(guild.id = %guild, %error, "daily rewards wait");
        let Ok(place) = Arc::clone(again).acquire_owned().await else { return };
        let edge = Arc::clone(edge);
        tokio::spawn(async move {
            for payment in payments {
                keep_paying(&edge, guild, &payment).await;
            }
            drop((owed.working, place));
        });
        return;
    }
}

fn payments(edge: &Edge, days: BTreeMap<UtcDay, BTreeSet<UserId>>) -> VecDeque<Payment> {
    let mut payments = VecDeque::new();
    for (day, users) in days {
        let users: Vec<_> = users.into_iter().collect();
        for users in users.chunks(MOST_MEMBERS) {
            let (users, key) = (users.to_vec(), edge.actions.own_key("daily"));
            payments.push_back(Payment { day, users, key });
        }
    }
    payments
}

async fn keep_paying(edge: &Edge, guild: GuildId, payment: &Payment) {
    for wait in AGAIN {
        tokio::time::sleep(wait).await;
        match pay_once(edge, guild, payment).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(guild.id = %guild, %error, "daily rewards wait"),
        }
    }
    count("failed", payment.users.len());
    let (id, members) = (projections::error_id(), payment.users.len());
    tracing::error!(error.id = id, guild.id = %guild, members, "daily rewards were not paid");
}

/// However often this is done, each member is paid once a day.
async fn pay_once(edge: &Edge, guild: GuildId, payment: &Payment) -> Result<(), ActionError> {
    let Payment { day, users, key } = payment;
    let paid = edge.actions.award_daily_for_messages(guild, *day, users.clone(), key).await?;
    let repeated = paid.iter().filter(|(_, daily)| daily.repeated).count();
    count("paid", paid.len() - repeated);
    count("repeated", repeated);
    count("not_due", users.len() - paid.len());
    Ok(())
}

fn count(outcome: &'static str, many: usize) {
    if many > 0 {
        metrics::counter!("reeve_discord_daily_rewards_total", "outcome" => outcome)
            .increment(many as u64);
    }
}
