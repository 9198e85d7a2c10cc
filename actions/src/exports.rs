//! Whole lists for people who may have them: which permission opens which, what rows are asked for,
//! and the rows as people read them, with Discord ids beside member numbers and opened texts for who
//! may read those.

use std::{collections::HashMap, sync::Arc};

use domain::{EventId, GuildId, PersonId, Sealed, Timestamp, UserId, UtcDay};
use eventlog::{
    LogError, People, PeopleError,
    sql::{Row, Value},
};
use projections::{
    ReadStore,
    exports::{Audience, Column, Export, Filter, Kind, Reader, Seal},
};

use crate::{ActionError, Actions, Permission};

/// Who may read what was written with something.
pub const TEXTS: &[Permission] = &[Permission::ViewRecords];
/// Members whose ids are remembered from one page to the next.
const MOST_REMEMBERED: usize = 50_000;

/// One of these opens the list.
pub const fn permissions(audience: Audience) -> &'static [Permission] {
    match audience {
        Audience::Numbers | Audience::Members => {
            &[Permission::ViewAnalytics, Permission::ViewRecords]
        }
        Audience::Records => &[Permission::ViewRecords],
        Audience::Logs => &[Permission::ViewRecords, Permission::ViewAudit],
        Audience::Giveaways => &[Permission::ManageGiveaways, Permission::ViewAudit],
        Audience::Rewards => &[Permission::ManageEconomy, Permission::ViewAudit],
        Audience::Access => crate::reads::READERS_OF_READS,
    }
}

/// Which rows somebody asks for, in their own words.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub member: Option<UserId>,
    /// Columns and values.
    pub values: Vec<(String, String)>,
}

/// What a column of a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Number,
    Truth,
    Moment,
    Day,
    Text,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub name: String,
    pub holds: Holds,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Empty,
    Number(i64),
    Truth(bool),
    Moment(Timestamp),
    Day(UtcDay),
    Text(String),
}

/// The columns of a list's file: beside each member's number stands their Discord id, as text,
/// because spreadsheets round numbers of that length.
pub fn heads(export: &Export) -> Vec<Head> {
    let mut heads = Vec::with_capacity(export.columns.len() + 2);
    for column in export.columns {
        let holds = match column.kind {
            Kind::Number | Kind::Person => Holds::Number,
            Kind::Truth => Holds::Truth,
            Kind::Moment => Holds::Moment,
            Kind::Day => Holds::Day,
            Kind::Snowflake | Kind::Text | Kind::Sealed(_) => Holds::Text,
        };
        heads.push(Head { name: column.name.to_owned(), holds });
        if column.kind == Kind::Person {
            let name = format!("{}_user_id", column.name);
            heads.push(Head { name, holds: Holds::Text });
        }
    }
    heads
}

impl Actions {
    /// What somebody asks for, as the reader understands it.
    pub async fn narrowed(
        &self,
        guild: GuildId,
        export: &Export,
        narrow: &Narrow,
    ) -> Result<Filter, ActionError> {
        let Narrow { since, until, member, values } = narrow;
        let bad = |text: String| Err(ActionError::BadInput(text));
        let name = export.name;
        if (since.is_some() || until.is_some()) && export.when().is_none() {
            return bad(format!("{name} has no moments: leave since and until away"));
        }
        let member = match member {
            None => None,
            Some(_) if !export.has_members() => {
                return bad(format!("{name} is not about members: leave member away"));
            }
            Some(user) => match self.people().find(guild, *user).await? {
                Some(person) => Some(person),
                None => return bad(format!("user {user} was never seen here, or was erased")),
            },
        };
        let mut filter = Filter { since: *since, until: *until, member, ..Filter::default() };
        for (asked, value) in values {
            let Some(column) = export.column(asked).filter(|column| column.is_filter) else {
                let known: Vec<_> =
                    export.columns.iter().filter(|c| c.is_filter).map(|c| c.name).collect();
                let known = if known.is_empty() { "nothing".into() } else { known.join(", ") };
                return bad(format!("{name} cannot be narrowed by {asked}; it can by {known}"));
            };
            let value = match column.kind {
                Kind::Number | Kind::Snowflake | Kind::Person => match value.parse::<i64>() {
                    Ok(number) => Value::from(number),
                    Err(_) => return bad(format!("{asked} is a number, not {value:?}")),
                },
                _ => Value::from(value.as_str()),
            };
            let same = |(known, _): &&mut (&'static Column, Vec<Value>)| known.name == column.name;
            match filter.values.iter_mut().find(same) {
                Some((_, values)) => values.push(value),
                None => filter.values.push((column, vec![value])),
            }
        }
        Ok(filter)
    }

    /// A list from its beginning, read from the live read models or from those of a moment. `texts`
    /// says whether whoever asks may read what others wrote.
    pub fn whole_list(
        &self,
        store: ReadStore,
        guild: GuildId,
        export: &'static Export,
        filter: &Filter,
        texts: bool,
    ) -> WholeList {
        let reader = Reader::new(store, guild, export, filter);
        let people = Arc::clone(self.people());
        WholeList { reader, people, guild, texts, users: HashMap::new() }
    }
}

/// A list that is being read, page by page.
#[derive(Debug)]
pub struct WholeList {
    reader: Reader,
    people: Arc<People>,
    guild: GuildId,
    texts: bool,
    users: HashMap<PersonId, Option<UserId>>,
}

impl WholeList {
    /// The next rows; none at the end.
    pub async fn next_page(&mut self) -> Result<Vec<Vec<Cell>>, ActionError> {
        let rows = self.reader.next_page().await?;
        self.look_up(&rows).await?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            page.push(self.cells(row).await?);
        }
        Ok(page)
    }

    /// Who the members of these rows are, in one look.
    async fn look_up(&mut self, rows: &[Row]) -> Result<(), ActionError> {
        if self.users.len() > MOST_REMEMBERED {
            self.users.clear();
        }
        let mut unknown = Vec::new();
        for (place, column) in self.reader.export().columns.iter().enumerate() {
            if column.kind != Kind::Person {
                continue;
            }
            for row in rows {
                let person = row.opt_int(place)?.map(number).transpose()?;
                unknown.extend(person.filter(|person| !self.users.contains_key(person)));
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        let found = self.people.users(self.guild, &unknown).await?;
        self.users.extend(unknown.into_iter().map(|person| (person, found.get(&person).copied())));
        Ok(())
    }

    async fn cells(&self, row: &Row) -> Result<Vec<Cell>, ActionError> {
        let columns = self.reader.export().columns;
        let mut cells = Vec::with_capacity(columns.len() + 2);
        let mut seals = columns.len();
        for (place, column) in columns.iter().enumerate() {
            let int = || row.opt_int(place);
            let text = || Ok::<_, LogError>(row.opt_text(place)?.map(str::to_owned));
            let cell = match column.kind {
                Kind::Number => int()?.map(Cell::Number),
                Kind::Truth => int()?.map(|value| Cell::Truth(value != 0)),
                Kind::Moment => int()?.map(|micros| Cell::Moment(Timestamp::from_micros(micros))),
                Kind::Day => {
                    int()?.and_then(|day| i32::try_from(day).ok()).map(|day| Cell::Day(UtcDay(day)))
                }
                Kind::Snowflake => int()?.map(|id| Cell::Text(id.cast_unsigned().to_string())),
                Kind::Text => text()?.map(Cell::Text),
                Kind::Sealed(seal) => {
                    seals += 2;
                    let sealed = if self.texts { text()? } else { None };
                    match sealed {
                        Some(sealed) => self.opened(row, (seals - 2, seal), sealed).await?,
                        None => None,
                    }
                }
                Kind::Person => {
                    let person = int()?;
                    cells.push(person.map_or(Cell::Empty, Cell::Number));
                    let person = person.map(number).transpose()?;
                    let user = person.and_then(|person| self.users.get(&person).copied().flatten());
                    user.map(|user| Cell::Text(user.to_string()))
                }
            };
            cells.push(cell.unwrap_or(Cell::Empty));
        }
        Ok(cells)
    }

    /// None once its owner was erased.
    async fn opened(
        &self,
        row: &Row,
        (place, seal): (usize, &Seal),
        sealed: String,
    ) -> Result<Option<Cell>, ActionError> {
        let Some(owner) = row.opt_int(place)?.map(number).transpose()? else { return Ok(None) };
        let Ok(event) = row.text(place + 1)?.parse().map(EventId) else { return Ok(None) };
        let key = match self.people.key(self.guild, owner).await {
            Ok(key) => key,
            Err(PeopleError::NoKey { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let sealed = Sealed { owner, sealed };
        let bytes = seal.fields.iter().find_map(|field| key.open_field(&sealed, event, field));
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).map(Cell::Text))
    }
}

fn number(person: i64) -> Result<PersonId, LogError> {
    let wrong = |_| LogError::Corrupt(format!("{person} is no person number"));
    u32::try_from(person).map(PersonId).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use projections::exports;

    use super::*;

    #[test]
    fn given_a_list_then_its_page_says_which_permissions_open_it() {
        for export in exports::registered() {
            let names: Vec<_> =
                permissions(export.audience).iter().map(|permission| permission.name()).collect();
            assert_eq!(names.join(" or "), export.audience.described(), "{}", export.name);
        }
    }

    #[test]
    fn given_a_list_about_members_then_their_ids_stand_beside_their_numbers() {
        let export = exports::named("transactions").unwrap();
        let names: Vec<_> = heads(export).into_iter().map(|head| head.name).collect();
        assert_eq!(
            names,
            [
                "seq",
                "at",
                "kind",
                "giver",
                "giver_user_id",
                "receiver",
                "receiver_user_id",
                "amount",
                "reason",
                "event_id"
            ]
        );
    }
}
