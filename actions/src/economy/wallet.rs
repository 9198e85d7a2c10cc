//! What a member has, from the ledger itself: fresh at any moment, right after a transfer too.

use domain::{Bytes, Decider as _, GuildId, UserId, UtcDay, economy::Economy};
use eventlog::StreamId;

use super::{Award, MODULE};
use crate::{ActionError, Actions, Caller};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// What the community calls its currency.
    pub currency: String,
    pub balance: Bytes,
    /// From other members, ever.
    pub received: Bytes,
    /// To other members, ever.
    pub sent: Bytes,
    /// Daily rewards, ever.
    pub rewarded: Bytes,
    /// Days in a row that are not broken yet.
    pub streak_days: u32,
    /// The streak's tier, where it has reached one.
    pub tier: Option<String>,
    pub last_daily: Option<UtcDay>,
    /// The community's role rewards, lowest first, and how the member stands with each.
    pub awards: Vec<Award>,
}

impl Actions {
    /// Anybody's wallet, as any member may see it.
    #[tracing::instrument(name = "economy.wallet", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn wallet(
        &self,
        guild: GuildId,
        caller: &Caller,
        user: UserId,
    ) -> Result<Wallet, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let terms = self.economy_terms(guild).await?;
        let person = self.people().find(guild, user).await?;
        let awards = self.awards(guild, person, &terms).await?;
        let stream = StreamId::of_guild(Economy::CAPABILITY, guild);
        let found = match person {
            Some(person) => {
                self.bus().read::<Economy, _>(&stream, |state, _| state.wallet(person)).await?
            }
            None => None,
        };
        let today = self.now().utc_day();
        let last_daily = found.map(|found| found.last_daily).filter(|day| *day != UtcDay::NEVER);
        let unbroken = last_daily.is_some_and(|last| last.next() >= today);
        let streak_days = found.filter(|_| unbroken).map_or(0, |found| found.streak_days);
        let of =
            |part: fn(&domain::economy::Wallet) -> Bytes| found.as_ref().map_or(Bytes::ZERO, part);
        Ok(Wallet {
            currency: terms.values.currency.clone(),
            balance: of(|found| found.balance),
            received: of(|found| found.received),
            sent: of(|found| found.sent),
            rewarded: of(|found| found.rewarded),
            streak_days,
            tier: terms.values.tier(streak_days).map(|tier| tier.name.clone()),
            last_daily,
            awards,
        })
    }
}
