//! The commands of a torture run. Each has a number, and the number says all of it, so that a
//! command whose answer never came is repeated exactly.

use std::sync::Arc;

use domain::{
    Actor, Bytes, Cause, CorrelationId, Decider as _, GuildId, IdempotencyKey, PersonId, Personal,
    Timestamp, UserId,
    economy::{Command, Economy, EconomySettings, Terms},
    settings::InForce,
};
use eventlog::{People, Request, StreamId};
use uuid::Uuid;

use crate::cli::bench::Failed;

/// Each sends every sixteenth command.
pub(super) const CLIENTS: u64 = 16;
pub(super) const MEMBERS: u32 = 20;
const GUILDS: u64 = 6;
const FIRST_GUILD: u64 = 262_144 << 22;
const KEY: &str = "torture/";

pub(super) fn guilds() -> impl Iterator<Item = Result<GuildId, Failed>> {
    (0..GUILDS).map(|index| Ok(GuildId::new(FIRST_GUILD + (index << 22))?))
}

pub(super) fn terms() -> Terms {
    let values = EconomySettings {
        starting_balance: Bytes(1_000_000),
        transfer_cooldown_secs: 0,
        ..EconomySettings::default()
    };
    Arc::new(InForce { version: 1, values })
}

/// Gives every member a number and a key.
pub(super) async fn register(people: &People) -> Result<(), Failed> {
    for guild in guilds() {
        let guild = guild?;
        for member in 1..=MEMBERS {
            people.person(guild, UserId::new(u64::from(member))?).await?;
        }
    }
    Ok(())
}

/// A command, where it goes and under which key.
#[derive(Debug)]
pub(super) struct Order {
    pub stream: StreamId,
    pub command: Command,
    pub request: Request,
}

impl Order {
    pub fn numbered(number: u64, terms: &Terms) -> Result<Self, Failed> {
        let guild = GuildId::new(FIRST_GUILD + ((number / 5 % GUILDS) << 22))?;
        let mixed = u32::try_from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40)?;
        let to = PersonId(mixed % MEMBERS + 1);
        let from = PersonId((mixed + 1) % MEMBERS + 1);
        let amount = Bytes(i64::from(mixed % 9 + 1));
        let terms = Arc::clone(terms);
        let command = match number % 5 {
            0 => Command::Take { from: to, amount, reason: None, terms },
            1 | 2 => {
                let at = Timestamp::from_secs(1_760_000_000);
                Command::Transfer { from, to, amount, reason: None, at, terms }
            }
            3 => {
                let text = format!("for the work on issue {number}, well done");
                Command::Grant { to, amount, reason: Some(Personal::clear(to, text)), terms }
            }
            _ => Command::Grant { to, amount, reason: None, terms },
        };
        let key = IdempotencyKey::new(format!("{KEY}{number}"))?;
        let correlation = Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_str().as_bytes());
        let cause = Cause { correlation: CorrelationId(correlation), causation: None };
        let request = Request { actor: Actor::Operator, cause, key, policy: Some(1) };
        Ok(Self { stream: StreamId::of_guild(Economy::CAPABILITY, guild), command, request })
    }
}

/// The number that a key carries.
pub(super) fn number_of(key: &IdempotencyKey) -> Option<u64> {
    key.as_str().strip_prefix(KEY)?.parse().ok()
}

/// Where each client goes on: at the first of its commands that was not acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Progress(Vec<u64>);

impl Progress {
    pub fn start() -> Self {
        Self((1..=CLIENTS).collect())
    }

    pub fn acknowledged(&mut self, number: u64) {
        let client = usize::try_from((number - 1) % CLIENTS).unwrap_or_default();
        self.0[client] = self.0[client].max(number + CLIENTS);
    }

    pub fn clients(&self) -> &[u64] {
        &self.0
    }
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

impl std::str::FromStr for Progress {
    type Err = Failed;
    fn from_str(text: &str) -> Result<Self, Failed> {
        let numbers = text.split(',').map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        if numbers.len() == usize::try_from(CLIENTS)? {
            Ok(Self(numbers))
        } else {
            Err("one number per client".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_go_on_after_what_was_acknowledged() {
        let mut progress = Progress::start();
        progress.acknowledged(3);
        progress.acknowledged(19);
        let again: Progress = progress.to_string().parse().unwrap();
        assert_eq!(again.clients()[..4], [1, 2, 35, 4]);
    }

    #[test]
    fn a_number_says_the_whole_command() {
        let terms = terms();
        for number in 1..100 {
            let order = Order::numbered(number, &terms).unwrap();
            assert_eq!(number_of(&order.request.key), Some(number));
        }
    }
}
