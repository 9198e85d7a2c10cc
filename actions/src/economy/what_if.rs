//! What a community's economy would have come to under other settings.

use std::{collections::HashMap, sync::Arc};

use domain::{
    Decider as _, GuildId,
    economy::{
        Economy, EconomySettings, Event, Terms,
        what_if::{Changes, Fact, Outcome, WhatIf},
    },
    settings::{self, InForce},
};
use eventlog::{Recorded, StreamId, decode};

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
        super::authorise(caller, Permission::ManageEconomy)?;
        let versions = self.settings_versions(guild, up_to).await?;
        let mut what_if = WhatIf::new(changes);
        let (mut unknown, mut unnamed) = (HashMap::<u32, (Terms, u64)>::new(), 0_u64);
        let none = Terms::default();
        let stream = StreamId::of_guild(Economy::CAPABILITY, guild);
        let mut pages = Pages { actions: self, stream, version: 0, up_to };
        while let Some(page) = pages.next().await? {
            for recorded in &page {
                let event: Event = decode(recorded)?;
                let terms = match recorded.metadata()?.policy {
                    // Spends are settled and refunded under no settings.
                    None => {
                        let ruled = !matches!(
                            event,
                            Event::SpendSettled { .. } | Event::SpendRefunded { .. }
                        );
                        unnamed += u64::from(ruled);
                        &none
                    }
                    Some(version) if !versions.contains_key(&version) => {
                        let defaults = || Arc::new(InForce { version, ..InForce::default() });
                        let (terms, count) =
                            unknown.entry(version).or_insert_with(|| (defaults(), 0));
                        *count += 1;
                        terms
                    }
                    Some(version) => &versions[&version],
                };
                let (seq, at) = (recorded.guild_seq, recorded.at);
                what_if
                    .take(Fact { seq, at, event: &event, terms })
                    .map_err(|error| ActionError::BadInput(error.to_string()))?;
            }
        }
        let mut outcome = what_if.outcome();
        let lacking = &mut outcome.facts_lacking;
        let mut unknown: Vec<_> = unknown.into_iter().collect();
        unknown.sort_unstable_by_key(|(version, _)| *version);
        lacking.extend(unknown.into_iter().map(|(version, (_, count))| {
            format!(
                "Version {version} of the settings is not in the log; the defaults stand in for it \
                 in {count} events."
            )
        }));
        if unnamed > 0 {
            lacking.push(format!(
                "{unnamed} events do not say under which settings they were decided; the defaults \
                 stand in for them."
            ));
        }
        Ok(outcome)
    }

    /// Every version of the economy's settings that was ever in force.
    async fn settings_versions(
        &self,
        guild: GuildId,
        up_to: u64,
    ) -> Result<HashMap<u32, Terms>, ActionError> {
        let mut versions = HashMap::from([(0, Terms::default())]);
        let mut pages =
            Pages { actions: self, stream: crate::settings_stream(guild), version: 0, up_to };
        while let Some(page) = pages.next().await? {
            for recorded in &page {
                let settings::Event::Changed { version, values } =
                    decode::<settings::Event<EconomySettings>>(recorded)?;
                versions.insert(version, Arc::new(InForce { version, values }));
            }
        }
        Ok(versions)
    }
}

/// A stream's events up to one of the guild's, page by page.
struct Pages<'a> {
    actions: &'a Actions,
    stream: StreamId,
    version: u64,
    up_to: u64,
}

impl Pages<'_> {
    async fn next(&mut self) -> Result<Option<Vec<Recorded>>, ActionError> {
        let log = self.actions.bus().log();
        let mut page = log.read_stream(&self.stream, self.version, PAGE).await?;
        page.retain(|event| event.guild_seq <= self.up_to);
        let Some(last) = page.last() else { return Ok(None) };
        self.version = last.version;
        Ok(Some(page))
    }
}
