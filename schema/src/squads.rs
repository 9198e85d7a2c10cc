//! Squads: which there are, who is in which, and what joining costs.

use actions::{Permission, RoleFacts, squads as rules, unknown_role};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use domain::{
    RoleId,
    squads::{Change, SquadId},
};
use projections::squads;

use crate::{
    blocks::user_id,
    done::{Done, done, key},
    guild::guild_id,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "SquadsOnGuild")]
impl OnGuild {
    async fn squads(&self) -> Answer<Squads> {
        // Members are refused where it is off; staff looks back at what was.
        let staff = &[Permission::ManageSettings, Permission::ViewAudit];
        if !self.0.may(staff).await? {
            self.0.actions().require_module(self.0.guild(), &rules::MODULE).await?;
        }
        Ok(Squads(self.0.clone()))
    }
}

pub struct Squads(Scope);

#[Object]
impl Squads {
    /// All of them, also those that nobody can join now, in the order in which they were made.
    #[graphql(complexity = "25 * child_complexity")]
    async fn list(&self) -> Answer<Vec<Squad>> {
        let store = self.0.reading("squads").await?;
        let lines = squads::all(&store, self.0.guild()).await?;
        Ok(lines.into_iter().map(Squad::of).collect())
    }

    /// What every join but the first costs, as it is now.
    async fn switch_cost(&self) -> Answer<Long> {
        let terms = self.0.actions().squad_terms(self.0.guild()).await?;
        Ok(Long(terms.values.switch_cost.0))
    }

    /// Whoever has less neither joins nor leaves; as it is now.
    async fn minimum_balance(&self) -> Answer<Long> {
        let terms = self.0.actions().squad_terms(self.0.guild()).await?;
        Ok(Long(terms.values.minimum_balance.0))
    }

    /// Who is in one, in order of first sight.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn members(
        &self,
        squad: u32,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<SquadMember>> {
        let asked = Asked::read(first, after.as_deref())?;
        let after = asked.before.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        let guild = self.0.guild();
        let store = self.0.reading("squads").await?;
        let rows = squads::members(&store, guild, SquadId(squad), after, asked.wanted()).await?;
        let line =
            |(number, since)| SquadMember { person: Person::of(guild, number), since: Time(since) };
        let rows = rows.into_iter().map(line).collect();
        Ok(asked.page(rows, |row: &SquadMember| u64::from(row.person.number.0)))
    }

    /// Which one a member is in; none where they are in none.
    async fn of(&self, user: Snowflake) -> Answer<Option<SquadOf>> {
        let guild = self.0.guild();
        let person = self.0.actions().people().find(guild, user_id(user)?).await?;
        let Some(person) = person else { return Ok(None) };
        let store = self.0.reading("squads").await?;
        let Some((squad, since)) = squads::of_person(&store, guild, person).await? else {
            return Ok(None);
        };
        let lines = squads::all(&store, guild).await?;
        let found = lines.into_iter().find(|line| line.squad == squad);
        Ok(found.map(|line| SquadOf { squad: Squad::of(line), since: Time(since) }))
    }
}

#[derive(SimpleObject)]
pub struct Squad {
    pub id: u32,
    pub name: String,
    pub description: String,
    /// Its members have it.
    pub role: Snowflake,
    /// Whether members can join it.
    pub active: bool,
    pub members: Long,
}

impl Squad {
    fn of(line: squads::Line) -> Self {
        Self {
            id: line.squad.0,
            name: line.name,
            description: line.description,
            role: Snowflake(line.role.get()),
            active: line.active,
            members: Long(line.members.cast_signed()),
        }
    }
}

#[derive(SimpleObject)]
pub struct SquadMember {
    pub person: Person,
    pub since: Time,
}

/// A member's squad.
#[derive(SimpleObject)]
pub struct SquadOf {
    pub squad: Squad,
    pub since: Time,
}

#[derive(InputObject)]
pub struct SquadCreate {
    pub guild: Snowflake,
    pub name: String,
    pub description: Option<String>,
    pub role: Snowflake,
    pub key: String,
}

#[derive(InputObject)]
pub struct SquadEdit {
    pub guild: Snowflake,
    pub squad: u32,
    /// What is left out stays.
    pub name: Option<String>,
    pub description: Option<String>,
    /// Only while nobody is in it.
    pub role: Option<Snowflake>,
    pub active: Option<bool>,
    pub key: String,
}

#[derive(InputObject)]
pub struct SquadDelete {
    pub guild: Snowflake,
    pub squad: u32,
    pub key: String,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "SquadsMutations")]
impl Mutations {
    async fn squad_create(&self, ctx: &Context<'_>, input: SquadCreate) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        scope.require(&[Permission::ManageSettings]).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let role = match role_facts(&scope, input.role).await? {
            Ok(role) => role,
            Err(done) => return Ok(done),
        };
        let said = (input.name.as_str(), input.description.as_deref().unwrap_or_default());
        let asked = actions.create_squad(scope.guild(), caller, said, role, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |_| Done::of(false)))
    }

    async fn squad_edit(&self, ctx: &Context<'_>, input: SquadEdit) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        scope.require(&[Permission::ManageSettings]).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let role = match input.role {
            None => None,
            Some(role) => match role_facts(&scope, role).await? {
                Ok(role) => Some(role),
                Err(done) => return Ok(done),
            },
        };
        let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned());
        let change = Change {
            name: trimmed(input.name),
            description: trimmed(input.description),
            role: role.map(|facts| facts.role),
            active: input.active,
        };
        let (guild, squad) = (scope.guild(), SquadId(input.squad));
        let asked = actions.edit_squad(guild, caller, squad, change, role, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |_| Done::of(false)))
    }

    /// Its members leave it, and their next join is free.
    async fn squad_delete(&self, ctx: &Context<'_>, input: SquadDelete) -> Answer<Done> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller, squad) = (scope.actions(), scope.caller(), SquadId(input.squad));
        let key = key(actions, scope.signed_in(), &input.key)?;
        let asked = actions.delete_squad(scope.guild(), caller, squad, &key).await;
        Ok(done(asked)?.map_or_else(|done| done, |()| Done::of(false)))
    }
}

/// A role that this bot is to give, as Discord has it now; or that there is none.
pub async fn role_facts(scope: &Scope, role: Snowflake) -> Answer<Result<RoleFacts, Done>> {
    let role = RoleId::new(role.0).map_err(|error| Trouble::bad_input(format!("{error}.")))?;
    let facts = scope.house().directory.role_facts(scope.guild(), role).await?;
    match facts {
        Some(facts) => Ok(Ok(facts)),
        None => done(Err(unknown_role())),
    }
}
