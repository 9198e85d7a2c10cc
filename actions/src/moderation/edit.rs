//! What moderators say about a case, and what they do to what it put in force.

use domain::{
    CaseNumber, GuildId, IdempotencyKey, Personal, UserId,
    case::{self, Place, Status},
    moderation::{By, Command, Event},
};
use projections::moderation::cases::CaseRow;

use super::{Opening, about, derived, used_for_something_else};
use crate::{ActionError, Actions, Caller};

/// What a pardon came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pardoned {
    /// The warning no longer counts.
    Warning,
    /// Discord is to take the punishment back.
    Lifting,
    /// Nothing was in force any more; the case says that it is forgiven.
    OnRecord,
}

impl Actions {
    pub async fn edit_case_reason(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        text: &str,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let (row, by) = self.handle_case("case reason", guild, caller, number, key).await?;
        let text = Personal::clear(row.person, text.trim().to_owned());
        let command = case::Command::EditReason { by, text, at: self.now() };
        self.say_of_case(guild, caller, &Opening::of(&row), key, &command).await.map(drop)
    }

    /// A note for moderators beside the case.
    pub async fn add_case_note(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        text: &str,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let (row, by) = self.handle_case("case note", guild, caller, number, key).await?;
        let text = Personal::clear(row.person, text.trim().to_owned());
        let command = case::Command::Note { by, text, at: self.now() };
        self.say_of_case(guild, caller, &Opening::of(&row), key, &command).await.map(drop)
    }

    /// Evidence belongs to whoever wrote it; what a moderator describes, to whom it is about.
    pub async fn add_evidence(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        (text, place): (&str, Option<Place>),
        author: Option<UserId>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let (row, by) = self.handle_case("case evidence", guild, caller, number, key).await?;
        let owner = match author {
            Some(author) => self.people().person(guild, author).await?,
            None => row.person,
        };
        let text = Personal::clear(owner, text.trim().to_owned());
        let (files, at) = (Vec::new(), self.now());
        let command = case::Command::AddEvidence { by, text, place, files, at };
        self.say_of_case(guild, caller, &Opening::of(&row), key, &command).await.map(drop)
    }

    /// Hiding keeps all of it; showing brings it back.
    pub async fn hide_case(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        hide: bool,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let what = if hide { "case hide" } else { "case unhide" };
        let (row, by) = self.handle_case(what, guild, caller, number, key).await?;
        let at = self.now();
        let command =
            if hide { case::Command::Hide { by, at } } else { case::Command::Show { by, at } };
        self.say_of_case(guild, caller, &Opening::of(&row), key, &command).await.map(drop)
    }

    /// Each of the two says that it belongs to the other.
    pub async fn link_cases(
        &self,
        guild: GuildId,
        caller: &Caller,
        (one, other): (CaseNumber, CaseNumber),
        link: bool,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let (row, by) = self.handle_case("case link", guild, caller, one, key).await?;
        let behind = self.case_row(guild, other).await?;
        for (row, other) in [(&row, other), (&behind, one)] {
            let (by, at) = (by.clone(), self.now());
            let command = if link {
                case::Command::Link { case: row.number, other, by, at }
            } else {
                case::Command::Unlink { other, by, at }
            };
            self.say_of_case(guild, caller, &Opening::of(row), key, &command).await?;
        }
        Ok(())
    }

    /// Dealt with, or open again.
    pub async fn resolve_case(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        resolved: bool,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let (row, by) = self.handle_case("case resolve", guild, caller, number, key).await?;
        let to = if resolved { Status::Resolved } else { Status::Open };
        let command = case::Command::SetStatus { to, by, at: self.now() };
        self.say_of_case(guild, caller, &Opening::of(&row), key, &command).await.map(drop)
    }

    /// Another end for what a case put in force, counted from now; none: for good.
    pub async fn retime_case(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        duration_secs: Option<u32>,
        key: &IdempotencyKey,
    ) -> Result<Option<domain::Timestamp>, ActionError> {
        let (row, by) = self.handle_case("case duration", guild, caller, number, key).await?;
        let (person, at) = (row.person, self.now());
        let command = Command::Retime { case: number, person, by, duration_secs, at };
        let decision = self.moderate(guild, caller, key, &command).await?;
        let retimed = decision.events.iter().find_map(|event| match event {
            Event::SanctionRetimed { until, .. } => Some(*until),
            _ => None,
        });
        retimed.ok_or_else(used_for_something_else)
    }

    pub async fn pardon_case(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        reason: Option<&str>,
        key: &IdempotencyKey,
    ) -> Result<Pardoned, ActionError> {
        let (row, by) = self.handle_case("case pardon", guild, caller, number, key).await?;
        self.pardon(guild, caller, &row, by, reason, key).await
    }

    /// Takes back what a case still means, and where that is nothing, says that it is forgiven.
    pub(super) async fn pardon(
        &self,
        guild: GuildId,
        caller: &Caller,
        row: &CaseRow,
        by: By,
        reason: Option<&str>,
        key: &IdempotencyKey,
    ) -> Result<Pardoned, ActionError> {
        let (case, person, at) = (row.number, row.person, self.now());
        let reason = about(person, reason);
        let command = Command::Pardon { case, person, by: by.clone(), reason, at };
        match self.moderate(guild, caller, key, &command).await {
            Ok(decision) => Ok(match decision.events.first() {
                Some(Event::WarningPardoned { .. }) => Pardoned::Warning,
                _ => Pardoned::Lifting,
            }),
            // What Discord has not answered yet cannot be forgiven: it may still happen.
            Err(ActionError::Refused { rule: "moderation.not_in_force", .. })
                if row.standing != "under_way" =>
            {
                let key = derived(key.as_str(), "pardoned")?;
                let command = case::Command::SetStatus { to: Status::Pardoned, by, at };
                self.say_of_case(guild, caller, &Opening::of(row), &key, &command).await?;
                Ok(Pardoned::OnRecord)
            }
            Err(error) => Err(error),
        }
    }
}
