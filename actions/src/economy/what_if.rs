//! What a community's economy would have come to under other settings.

use std::{collections::HashMap, sync::Arc};

use domain::{
    Decider as _, GuildId,
    economy::{
        Economy, EconomySettings, Event, Terms,
        what_if::{Attempt, Changes, Fact, Outcome, WhatIf},
    },
    refusals::{self, Refusals},
    settings::{self, Configurable as _, InForce},
};
use eventlog::{Recorded, decode};

use crate::{ActionError, Actions, Caller, Permission};

/// Events that are read at once.
const PAGE: usize = 5_000;

impl Actions {
    /// The guild's history up to its event `up_to`, decided again with changes over the settings
    /// that were in force. Writes nothing.
    #[tracing::instrument(name = "economy.what_if", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn economy_what_if(
        &self,
        guild: GuildId,
        caller: &Caller,
        changes: Changes,
        up_to: u64,
    ) -> Result<Outcome, ActionError> {
        self.authorise(guild, caller, Permission::ManageEconomy).await?;
        let mut replay =
            Replay { what_if: WhatIf::new(changes), versions: HashMap::new(), unnamed: 0 };
        replay.versions.insert(0, (Terms::default(), None));
        let mut seq = 0;
        loop {
            let mut page = self.bus().log().read_guild(guild, seq, PAGE).await?;
            page.retain(|event| event.guild_seq <= up_to);
            let Some(last) = page.last() else { break };
            seq = last.guild_seq;
            for recorded in &page {
                replay.take(recorded)?;
            }
        }
        Ok(replay.outcome())
    }
}

/// A guild's history on its way through other settings.
struct Replay {
    what_if: WhatIf,
    /// Settings by version. Of those that the log does not have, how many events name them.
    versions: HashMap<u32, (Terms, Option<u64>)>,
    /// Events that name no settings.
    unnamed: u64,
}

impl Replay {
    fn take(&mut self, recorded: &Recorded) -> Result<(), ActionError> {
        let category = recorded.stream.category();
        if category == EconomySettings::CAPABILITY {
            let settings::Event::Changed { version, values } =
                decode::<settings::Event<EconomySettings>>(recorded)?;
            let terms = Arc::new(InForce { version, values });
            self.versions.insert(version, (terms, None));
            return Ok(());
        }
        let (seq, at) = (recorded.guild_seq, recorded.at);
        let taken = if category == Economy::CAPABILITY {
            let event: Event = decode(recorded)?;
            // Spends are settled and refunded under no settings.
            let ruled = !matches!(event, Event::SpendSettled { .. } | Event::SpendRefunded { .. });
            let terms = self.terms(recorded, ruled)?;
            self.what_if.take(Fact { seq, at, event: &event, terms: &terms })
        } else if category == Refusals::CAPABILITY {
            match decode(recorded)? {
                refusals::Event::TransferRefused { from, to, amount, at, .. } => {
                    let terms = self.terms(recorded, true)?;
                    self.what_if.attempt(Attempt { seq, from, to, amount, at, terms: &terms })
                }
                refusals::Event::ActionRefused { .. } => Ok(()),
            }
        } else {
            Ok(())
        };
        taken.map_err(|error| ActionError::BadInput(error.to_string()))
    }

    /// The settings that an event was decided under; the defaults where the log cannot tell.
    fn terms(&mut self, recorded: &Recorded, ruled: bool) -> Result<Terms, ActionError> {
        let Some(version) = recorded.metadata()?.policy else {
            self.unnamed += u64::from(ruled);
            return Ok(Terms::default());
        };
        let (terms, missing) = self
            .versions
            .entry(version)
            .or_insert_with(|| (Arc::new(InForce { version, ..InForce::default() }), Some(0)));
        if let Some(count) = missing {
            *count += 1;
        }
        Ok(Arc::clone(terms))
    }

    fn outcome(self) -> Outcome {
        let mut outcome = self.what_if.outcome();
        let lacking = &mut outcome.facts_lacking;
        let missing = |(version, (_, count)): (u32, (Terms, Option<u64>))| Some((version, count?));
        let mut missing: Vec<_> = self.versions.into_iter().filter_map(missing).collect();
        missing.sort_unstable();
        lacking.extend(missing.into_iter().map(|(version, count)| {
            format!(
                "Version {version} of the settings is not in the log; the defaults stand in for it \
                 in {count} events."
            )
        }));
        if self.unnamed > 0 {
            lacking.push(format!(
                "{} events do not say under which settings they were decided; the defaults stand \
                 in for them.",
                self.unnamed
            ));
        }
        outcome
    }
}
