//! Squads: who makes them, who is in which, and how one joins and leaves.

mod moves;
mod repair;

use domain::{
    Bytes, Decider as _, GuildId, IdempotencyKey, PersonId, Refusal as _, RoleId, Timestamp,
    UserId,
    economy::Economy,
    squads::{
        Change, Command, Event, Join, MoveId, Progress, Refusal, Squad, SquadId, SquadSettings,
        Squads, Terms,
    },
};
use eventlog::{CommandError, Decision, StreamId};
use projections::squads;
use uuid::Uuid;

pub use repair::Amiss;

use crate::{
    ActionError, Actions, Caller, Permission, RoleFacts,
    modules::{Module, Offer},
};

pub const MODULE: Module = Module {
    name: "squads",
    title: "Squads",
    about: "Teams with a role of their own; a member is in one of them, and changing costs.",
    offer: Offer::Standard,
};

pub const MAX_PAGE: u32 = 50;

/// A squad, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SquadLine {
    pub squad: SquadId,
    pub name: String,
    pub description: String,
    pub role: RoleId,
    pub active: bool,
}

/// How a member stands with squads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SquadInfo {
    /// With the day on which they joined.
    pub current: Option<(SquadLine, Timestamp)>,
    /// Those that they could join now.
    pub eligible: Vec<SquadLine>,
    /// Of the next join.
    pub cost: Bytes,
    pub minimum: Bytes,
    pub balance: Bytes,
    /// What the community calls its currency.
    pub currency: String,
}

/// A join that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    pub person: PersonId,
    pub id: MoveId,
    pub squad: SquadId,
    pub cost: Bytes,
}

/// How a join that was asked for stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It waits for the ledger.
    UnderWay,
    In,
    /// Not paid, the squad gone, or undone.
    NotMade,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPage {
    /// In the order in which they were first seen here. None where the person was erased.
    pub lines: Vec<(Option<UserId>, Timestamp)>,
    /// Where the next page begins; none where this was the last one.
    pub next: Option<u32>,
}

impl Actions {
    #[tracing::instrument(name = "squads.create", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn create_squad(
        &self,
        guild: GuildId,
        caller: &Caller,
        (name, description): (&str, &str),
        role: RoleFacts,
        key: &IdempotencyKey,
    ) -> Result<SquadLine, ActionError> {
        let by = self.manage_squads(guild, caller, "squads create", key).await?;
        role.may_be_bound_by(caller)?;
        let (name, description) = (name.trim().to_owned(), description.trim().to_owned());
        let (role, at) = (role.role, self.now());
        let command = Command::Create { name, description, role, by, at };
        let decision = self.squad(guild, caller, key, &command).await?;
        let created = decision.events.iter().find_map(|event| match event {
            Event::Created { squad, name, description, role, .. } => Some(SquadLine {
                squad: *squad,
                name: name.clone(),
                description: description.clone(),
                role: *role,
                active: true,
            }),
            _ => None,
        });
        created.ok_or_else(used_before)
    }

    /// `role` says more of the role that the change names.
    #[tracing::instrument(name = "squads.edit", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn edit_squad(
        &self,
        guild: GuildId,
        caller: &Caller,
        squad: SquadId,
        change: Change,
        role: Option<RoleFacts>,
        key: &IdempotencyKey,
    ) -> Result<SquadLine, ActionError> {
        let by = self.manage_squads(guild, caller, "squads edit", key).await?;
        if let Some(wanted) = change.role {
            let facts = role.filter(|facts| facts.role == wanted);
            facts.ok_or_else(crate::unknown_role)?.may_be_bound_by(caller)?;
        }
        let command = Command::Edit { squad, change, by, at: self.now() };
        self.squad(guild, caller, key, &command).await?;
        let found = self.squad_lines(guild).await?.into_iter().find(|line| line.squad == squad);
        found.ok_or_else(|| refused(&Refusal::NoSuchSquad))
    }

    #[tracing::instrument(name = "squads.delete", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn delete_squad(
        &self,
        guild: GuildId,
        caller: &Caller,
        squad: SquadId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let by = self.manage_squads(guild, caller, "squads delete", key).await?;
        let command = Command::Delete { squad, by, at: self.now() };
        self.squad(guild, caller, key, &command).await.map(drop)
    }

    /// Every squad, also those that nobody can join now.
    #[tracing::instrument(name = "squads.list", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn squads(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<Vec<SquadLine>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.squad_lines(guild).await
    }

    /// Anybody's squad, and the ones that they could join now.
    #[tracing::instrument(name = "squads.info", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn squad_info(
        &self,
        guild: GuildId,
        caller: &Caller,
        user: UserId,
    ) -> Result<SquadInfo, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let person = self.people().find(guild, user).await?;
        let terms = self.squad_terms(guild).await?;
        let (balance, currency) = self.spendable(guild, person).await?;
        let lines = self.squad_lines(guild).await?;
        let of = stream(guild);
        let read = self.bus().read::<Squads, _>(&of, |state, _| {
            let member = person.and_then(|person| state.member(person));
            let cost = person.map_or(Bytes::ZERO, |person| state.cost(person, &terms.values));
            (member, cost)
        });
        let (member, cost) = read.await?;
        let current = member.and_then(|member| {
            let line = lines.iter().find(|line| Some(line.squad) == member.squad)?;
            Some((line.clone(), member.since))
        });
        let minimum = terms.values.minimum_balance;
        let affords = balance >= minimum && balance >= cost;
        let is_in = |line: &SquadLine| current.as_ref().is_some_and(|(of, _)| of == line);
        let eligible =
            lines.iter().filter(|line| affords && line.active && !is_in(line)).cloned().collect();
        Ok(SquadInfo { current, eligible, cost, minimum, balance, currency })
    }

    /// A page of a squad's members.
    #[tracing::instrument(name = "squads.members", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn squad_members(
        &self,
        guild: GuildId,
        caller: &Caller,
        squad: SquadId,
        after: Option<u32>,
        limit: u32,
    ) -> Result<MemberPage, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let limit = limit.clamp(1, MAX_PAGE);
        // One more tells whether there is a next page.
        let mut page = squads::members(self.store(), guild, squad, after, limit + 1).await?;
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().filter(|_| more).map(|(person, _)| person.0);
        let mut lines = Vec::with_capacity(page.len());
        for (person, since) in page {
            lines.push((self.people().user(guild, person).await?, since));
        }
        Ok(MemberPage { lines, next })
    }

    /// `agreed` is what the member was told it costs. What costs something is made once the ledger
    /// took it: [`Actions::squad_move`] tells how far it is.
    #[tracing::instrument(name = "squads.join", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn join_squad(
        &self,
        guild: GuildId,
        caller: &Caller,
        squad: SquadId,
        agreed: Bytes,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<Joining, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let person = self.themself(guild, caller).await?;
        let name = format!("reeve.squad-move/{guild}/{}", key.as_str());
        let id = MoveId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()));
        let (balance, _) = self.spendable(guild, Some(person)).await?;
        let terms = self.squad_terms(guild).await?;
        let join = Join { person, to: squad, id, balance, agreed, terms, at };
        let decision = self.squad(guild, caller, key, &Command::Join(join)).await?;
        let joining = decision.events.iter().find_map(|event| match event {
            Event::Joined { squad, cost, .. } => {
                Some(Joining { person, id, squad: *squad, cost: *cost })
            }
            Event::MoveBegun { to, cost, .. } => {
                Some(Joining { person, id, squad: *to, cost: *cost })
            }
            _ => None,
        });
        joining.ok_or_else(used_before)
    }

    /// How a join that was asked for stands by now.
    pub async fn squad_move(
        &self,
        guild: GuildId,
        joining: &Joining,
    ) -> Result<Stands, ActionError> {
        let Joining { person, id, squad, .. } = *joining;
        let of = stream(guild);
        let read = self.bus().read::<Squads, _>(&of, |state, _| {
            match (state.progress(person, id), state.squad_of(person) == Some(squad)) {
                (Progress::Begun, _) => Stands::UnderWay,
                (_, true) => Stands::In,
                (_, false) => Stands::NotMade,
            }
        });
        Ok(read.await?)
    }

    /// Answers which one it was.
    #[tracing::instrument(name = "squads.leave", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn leave_squad(
        &self,
        guild: GuildId,
        caller: &Caller,
        at: Timestamp,
        key: &IdempotencyKey,
    ) -> Result<SquadId, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let person = self.themself(guild, caller).await?;
        let (balance, _) = self.spendable(guild, Some(person)).await?;
        let terms = self.squad_terms(guild).await?;
        let command = Command::Leave { person, balance, terms, at };
        let decision = self.squad(guild, caller, key, &command).await?;
        let left = decision.events.iter().find_map(|event| match event {
            Event::Left { squad, .. } => Some(*squad),
            _ => None,
        });
        left.ok_or_else(used_before)
    }

    pub async fn squad_terms(&self, guild: GuildId) -> Result<Terms, ActionError> {
        self.settings::<SquadSettings>(guild).await
    }

    /// Who may make squads; answers whose name stands on it.
    async fn manage_squads(
        &self,
        guild: GuildId,
        caller: &Caller,
        what: &str,
        key: &IdempotencyKey,
    ) -> Result<PersonId, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let permission = Permission::ManageSettings;
        self.authorise_to((what, None), guild, caller, permission, key).await?;
        self.themself(guild, caller).await
    }

    async fn themself(&self, guild: GuildId, caller: &Caller) -> Result<PersonId, ActionError> {
        let user = caller.user().ok_or(ActionError::NotYourself)?;
        Ok(self.people().person(guild, user).await?)
    }

    /// What a member could spend now, and what it is called: an account that is not open yet opens
    /// with the starting balance.
    async fn spendable(
        &self,
        guild: GuildId,
        person: Option<PersonId>,
    ) -> Result<(Bytes, String), ActionError> {
        let terms = self.economy_terms(guild).await?;
        let stream = StreamId::of_guild(Economy::CAPABILITY, guild);
        let wallet = match person {
            None => None,
            Some(person) => {
                self.bus().read::<Economy, _>(&stream, |state, _| state.wallet(person)).await?
            }
        };
        let balance = wallet.map_or(terms.values.starting_balance, |wallet| wallet.balance);
        Ok((balance, terms.values.currency.clone()))
    }

    async fn squad_lines(&self, guild: GuildId) -> Result<Vec<SquadLine>, ActionError> {
        let line = |(squad, of): (SquadId, &Squad)| SquadLine {
            squad,
            name: of.name.clone(),
            description: of.description.clone(),
            role: of.role,
            active: of.active,
        };
        let of = stream(guild);
        let read = self
            .bus()
            .read::<Squads, _>(&of, |state, _| state.squads().map(line).collect::<Vec<_>>());
        Ok(read.await?)
    }

    /// Decides something about a guild's squads.
    async fn squad(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        command: &Command,
    ) -> Result<Decision<Event>, ActionError> {
        let policy = match command {
            Command::Join(Join { terms, .. }) | Command::Leave { terms, .. } => Some(terms.version),
            _ => None,
        };
        let request = self.request(guild, caller, key, policy).await?;
        match self.bus().execute::<Squads>(&stream(guild), command, &request).await {
            // People are told amounts in their own currency.
            Err(CommandError::Refused(refusal)) => {
                let terms = self.economy_terms(guild).await?;
                let text = refusal.told_in(&terms.values.currency);
                Err(ActionError::Refused { rule: refusal.rule(), text })
            }
            done => Ok(done?),
        }
    }
}

fn stream(guild: GuildId) -> StreamId {
    StreamId::of_guild(Squads::CAPABILITY, guild)
}

fn refused(refusal: &Refusal) -> ActionError {
    ActionError::Refused { rule: refusal.rule(), text: refusal.to_string() }
}

fn used_before() -> ActionError {
    ActionError::BadInput("This key was used for something else.".to_owned())
}
