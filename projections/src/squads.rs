//! Squads, and who is in which since when.

use domain::{
    Decider, GuildId, PersonId, RoleId, Timestamp,
    people::{self, People},
    squads::{Event, SquadId},
};
use eventlog::{LogError, Recorded, decode, sql::Row, values};

use crate::{
    economy::person,
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const MAX_PAGE: u32 = 100;

#[derive(Debug)]
pub struct Squads;

/// In their order: a member may join, be undone and join again within one batch.
#[derive(Debug, Default)]
pub struct Batch(Vec<Step>);

#[derive(Debug)]
enum Step {
    Squad { guild: GuildId, squad: SquadId, name: String, description: String, role: i64, on: bool },
    SquadGone(GuildId, SquadId),
    In(GuildId, PersonId, SquadId, Timestamp),
    Back(GuildId, PersonId, SquadId),
    Out(GuildId, PersonId),
}

impl Projection for Squads {
    const NAME: &'static str = "squads";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] =
        &[domain::squads::Squads::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[
        Table {
            name: "squads",
            create: "CREATE TABLE {squads} (
                guild       bigint NOT NULL,
                squad       bigint NOT NULL,
                name        text   NOT NULL,
                description text   NOT NULL,
                role        bigint NOT NULL,
                active      bigint NOT NULL,
                PRIMARY KEY (guild, squad)
            );",
        },
        Table {
            name: "squad_members",
            create: "CREATE TABLE {squad_members} (
                guild        bigint NOT NULL,
                person       bigint NOT NULL,
                squad        bigint NOT NULL,
                since        bigint NOT NULL,
                before_since bigint, -- of the squad before, should the move be undone
                PRIMARY KEY (guild, person)
            );
            CREATE INDEX {squad_members}_squad ON {squad_members} (guild, squad, person);",
        },
    ];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.0.push(Step::Out(guild, person));
            return Ok(());
        }
        match decode::<Event>(event)? {
            Event::Created { squad, name, description, role, .. } => {
                let (role, on) = (role.as_i64(), true);
                batch.0.push(Step::Squad { guild, squad, name, description, role, on });
            }
            Event::Edited { squad, name, description, role, active: on, .. } => {
                let role = role.as_i64();
                batch.0.push(Step::Squad { guild, squad, name, description, role, on });
            }
            Event::Deleted { squad, .. } => batch.0.push(Step::SquadGone(guild, squad)),
            Event::Released { people, .. } => {
                batch.0.extend(people.into_iter().map(|person| Step::Out(guild, person)));
            }
            Event::Joined { person, squad, at, .. } => {
                batch.0.push(Step::In(guild, person, squad, at));
            }
            Event::MoveUndone { person, back: Some(back), .. } => {
                batch.0.push(Step::Back(guild, person, back));
            }
            Event::MoveUndone { person, back: None, .. } | Event::Left { person, .. } => {
                batch.0.push(Step::Out(guild, person));
            }
            Event::MoveBegun { .. }
            | Event::MoveRefused { .. }
            | Event::RoleGiven { .. }
            | Event::RolesRepaired { .. } => {}
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        for step in batch.0 {
            write(step, tables).await?;
        }
        Ok(())
    }
}

async fn write(step: Step, tables: &mut Tables<'_>) -> Result<u64, LogError> {
    match step {
        Step::Squad { guild, squad, name, description, role, on } => {
            let put = "INSERT INTO {squads} (guild, squad, name, description, role, active) \
                       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (guild, squad) DO UPDATE SET \
                       name = excluded.name, description = excluded.description, \
                       role = excluded.role, active = excluded.active";
            tables.execute(put, &values![guild, squad.0, name, description, role, on]).await
        }
        Step::SquadGone(guild, squad) => {
            let delete = "DELETE FROM {squads} WHERE guild = $1 AND squad = $2";
            tables.execute(delete, &values![guild, squad.0]).await
        }
        Step::In(guild, person, squad, at) => {
            let put = "INSERT INTO {squad_members} (guild, person, squad, since) \
                       VALUES ($1, $2, $3, $4) ON CONFLICT (guild, person) DO UPDATE SET \
                       before_since = {squad_members}.since, \
                       squad = excluded.squad, since = excluded.since";
            tables.execute(put, &values![guild, person, squad.0, at]).await
        }
        Step::Back(guild, person, squad) => {
            let back = "UPDATE {squad_members} SET squad = $3, \
                        since = COALESCE(before_since, since) WHERE guild = $1 AND person = $2";
            tables.execute(back, &values![guild, person, squad.0]).await
        }
        Step::Out(guild, person) => {
            let delete = "DELETE FROM {squad_members} WHERE guild = $1 AND person = $2";
            tables.execute(delete, &values![guild, person]).await
        }
    }
}

/// A squad's members in the order of first sight, after this one where that is given, and since
/// when they are in it.
pub async fn members(
    store: &ReadStore,
    guild: GuildId,
    squad: SquadId,
    after: Option<u32>,
    limit: u32,
) -> Result<Vec<(PersonId, Timestamp)>, LogError> {
    let after = after.map_or(0, i64::from);
    let sql = "SELECT person, since FROM squad_members \
               WHERE guild = $1 AND squad = $2 AND person > $3 ORDER BY person LIMIT $4";
    let rows = store.query(sql, &values![guild, squad.0, after, limit.min(MAX_PAGE)]).await?;
    let read = |row: &Row| Ok((person(row.int(0)?)?, Timestamp::from_micros(row.int(1)?)));
    rows.iter().map(read).collect()
}

/// A squad as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub squad: SquadId,
    pub name: String,
    pub description: String,
    pub role: RoleId,
    pub active: bool,
    /// How many are in it.
    pub members: u64,
}

/// Every squad of a guild, in the order in which they were made.
pub async fn all(store: &ReadStore, guild: GuildId) -> Result<Vec<Line>, LogError> {
    let sql = "SELECT squad, name, description, role, active, (SELECT COUNT(*) FROM squad_members \
               WHERE squad_members.guild = squads.guild AND squad_members.squad = squads.squad) \
               FROM squads WHERE guild = $1 ORDER BY squad LIMIT $2";
    let read = |row: &Row| {
        Ok(Line {
            squad: squad_id(row.int(0)?)?,
            name: row.text(1)?.to_owned(),
            description: row.text(2)?.to_owned(),
            role: RoleId::from_i64(row.int(3)?)
                .map_err(|_| LogError::Corrupt("squads: a role is none".to_owned()))?,
            active: row.int(4)? != 0,
            members: row.count(5)?,
        })
    };
    store.query(sql, &values![guild, MAX_PAGE]).await?.iter().map(read).collect()
}

/// Which squad somebody is in, and since when.
pub async fn of_person(
    store: &ReadStore,
    guild: GuildId,
    person: PersonId,
) -> Result<Option<(SquadId, Timestamp)>, LogError> {
    let sql = "SELECT squad, since FROM squad_members WHERE guild = $1 AND person = $2";
    let rows = store.query(sql, &values![guild, person]).await?;
    let read = |row: &Row| Ok((squad_id(row.int(0)?)?, Timestamp::from_micros(row.int(1)?)));
    rows.first().map(read).transpose()
}

fn squad_id(number: i64) -> Result<SquadId, LogError> {
    let number = u32::try_from(number);
    number.map(SquadId).map_err(|_| LogError::Corrupt("squads: a number is none".to_owned()))
}
