//! Visits: how who runs this installation gets into a community that is not theirs. They say why,
//! everybody who keeps watch there sees it, and it ends by itself or when the community ends it.

use std::collections::HashMap;

use domain::{
    Decider as _, EventId, GuildId, IdempotencyKey, PersonId, Personal, Timestamp, UserId,
    grants::Role,
    visits::{Command, Event, Visit, Visits},
};
use eventlog::{StreamId, decode};

use crate::{ActionError, Actions, Caller, Permission, Standing};

/// Visits that are listed, the newest ones.
pub const MAX_LISTED: usize = 50;
const PAGE: usize = 500;

/// A visit, for whoever keeps watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitLine {
    pub operator: PersonId,
    pub since: Timestamp,
    /// When it ended, or will end by itself.
    pub until: Timestamp,
    pub lasts: bool,
    /// None once the operator was erased.
    pub reason: Option<String>,
}

impl Actions {
    /// How somebody stands in a community who is an operator and was let in: as who is admin there
    /// for a time, beside what they are there anyway. None for everybody else.
    pub async fn visiting(
        &self,
        guild: GuildId,
        user: UserId,
        standing: Option<&Standing>,
    ) -> Result<Option<Standing>, ActionError> {
        if !self.is_operator(user) || self.visit_of(guild, user).await?.is_none() {
            return Ok(None);
        }
        let mut visiting = standing.cloned().unwrap_or_default();
        if !visiting.granted.contains(&Role::Admin) {
            visiting.granted.push(Role::Admin);
        }
        visiting.visits = true;
        Ok(Some(visiting))
    }

    /// The visit of an operator, while it lasts.
    pub async fn visit_of(
        &self,
        guild: GuildId,
        user: UserId,
    ) -> Result<Option<Visit>, ActionError> {
        let Some(person) = self.people().find(guild, user).await? else { return Ok(None) };
        let (now, stream) = (self.now(), stream(guild));
        let read = self.bus().read::<Visits, _>(&stream, |state, _| state.of(person, now));
        Ok(read.await?)
    }

    /// Lets an operator into a community, who says why; answers until when.
    #[tracing::instrument(name = "visits.begin", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn begin_visit(
        &self,
        guild: GuildId,
        caller: &Caller,
        reason: &str,
        key: &IdempotencyKey,
    ) -> Result<Timestamp, ActionError> {
        self.require_operator(caller)?;
        let user = caller.user().ok_or(ActionError::NotForMembers)?;
        let operator = self.people().person(guild, user).await?;
        let reason = Personal::clear(operator, reason.trim().to_owned());
        let command = Command::Begin { operator, reason, at: self.now() };
        let request = self.request(guild, caller, key, None).await?;
        let decision = self.bus().execute::<Visits>(&stream(guild), &command, &request).await?;
        let until = decision.events.iter().find_map(|event| match event {
            Event::Begun { until, .. } => Some(*until),
            Event::Ended { .. } => None,
        });
        tracing::warn!(guild.id = %guild, "an operator broke the glass");
        metrics::counter!("reeve_visits_total").increment(1);
        until.ok_or(ActionError::Contended)
    }

    /// Ends a visit before its time: one's own, or anybody's with Manage Access. Nothing happens
    /// where nobody is inside.
    #[tracing::instrument(name = "visits.end", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn end_visit(
        &self,
        guild: GuildId,
        caller: &Caller,
        whose: UserId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        if caller.user() != Some(whose) {
            let what = ("visit end", Some(whose));
            self.authorise_to(what, guild, caller, Permission::ManageAccess, key).await?;
        }
        let Some(operator) = self.people().find(guild, whose).await? else { return Ok(()) };
        let by = match caller.user() {
            Some(user) => Some(self.people().person(guild, user).await?),
            None => None,
        };
        let command = Command::End { operator, by, at: self.now() };
        let request = self.request(guild, caller, key, None).await?;
        self.bus().execute::<Visits>(&stream(guild), &command, &request).await?;
        Ok(())
    }

    /// The newest visits, those of before as well, for whoever keeps watch.
    pub async fn visits(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<Vec<VisitLine>, ActionError> {
        if !self.permissions(guild, caller).await?.contains(&Permission::ViewAudit) {
            self.authorise(guild, caller, Permission::ManageAccess).await?;
        }
        let now = self.now();
        let mut begun: Vec<(EventId, Event)> = Vec::new();
        let mut ended: HashMap<EventId, Timestamp> = HashMap::new();
        let (stream, mut after) = (stream(guild), 0);
        loop {
            let page = self.bus().log().read_stream(&stream, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.version;
            for recorded in &page {
                match decode::<Event>(recorded)? {
                    event @ Event::Begun { .. } => begun.push((recorded.id, event)),
                    Event::Ended { operator, at, .. } => {
                        let its = begun.iter().rev().find(|(_, event)| {
                            matches!(event, Event::Begun { operator: who, .. } if *who == operator)
                        });
                        if let Some((id, _)) = its {
                            ended.insert(*id, at);
                        }
                    }
                }
            }
            let too_many = begun.len().saturating_sub(MAX_LISTED);
            begun.drain(..too_many);
        }
        let mut lines = Vec::with_capacity(begun.len());
        for (id, mut event) in begun.into_iter().rev() {
            self.people().open_event(guild, id, &mut event).await?;
            let Event::Begun { operator, reason, until, at } = event else { continue };
            let until = ended.get(&id).copied().unwrap_or(until);
            let (lasts, reason) = (now < until, reason.value().cloned());
            lines.push(VisitLine { operator, since: at, until, lasts, reason });
        }
        Ok(lines)
    }
}

fn stream(guild: GuildId) -> StreamId {
    StreamId::of_guild(Visits::CAPABILITY, guild)
}
