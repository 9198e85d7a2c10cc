//! What operators ask of the process that runs the projections, through the store, so that a
//! command line beside a running server works on every backend.

use domain::{GuildId, PersonId, Timestamp};
use eventlog::{
    LogError,
    sql::{Row, Tx, Value},
    values,
};

use crate::store::ReadStore;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A projection, beside the live one.
    Rebuild,
    /// One guild of a projection, in place.
    RebuildGuild,
    /// A parked guild of a projection, from where it waits.
    Retry,
    /// A person.
    Erase,
    /// Maintenance of the whole installation, on or off.
    Maintenance,
    /// Somebody, or a community, that is not to be served.
    Block,
    Unblock,
}

impl Verb {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Rebuild, "rebuild"),
        (Self::RebuildGuild, "rebuild_guild"),
        (Self::Retry, "retry"),
        (Self::Erase, "erase"),
        (Self::Maintenance, "maintenance"),
        (Self::Block, "block"),
        (Self::Unblock, "unblock"),
    ];

    /// Whether whoever holds the command bus carries it out, and not the projections.
    pub const fn is_for_the_bus(self) -> bool {
        match self {
            Self::Rebuild | Self::RebuildGuild | Self::Retry => false,
            Self::Erase | Self::Maintenance | Self::Block | Self::Unblock => true,
        }
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(verb, _)| *verb == self).map_or("", |(_, name)| name)
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(verb, _)| *verb)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub id: String,
    pub verb: Verb,
    pub subject: String,
    pub guild: Option<GuildId>,
    pub person: Option<PersonId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody has begun with it.
    Waiting,
    Running(String),
    Done(String),
    Failed(String),
}

#[derive(Clone, Debug)]
pub struct Requests(ReadStore);

impl Requests {
    pub const fn new(store: ReadStore) -> Self {
        Self(store)
    }

    pub async fn ask(
        &self,
        verb: Verb,
        subject: &str,
        guild: Option<GuildId>,
        person: Option<PersonId>,
        now: Timestamp,
    ) -> Result<String, LogError> {
        let id = uuid::Uuid::new_v4().to_string();
        let sql = "INSERT INTO operator_requests \
                   (id, verb, subject, guild, person, state, answer, asked_at) \
                   VALUES ($1, $2, $3, $4, $5, 'asked', '', $6)";
        let row = [
            id.as_str().into(),
            verb.name().into(),
            subject.into(),
            Value::Int(guild.map(GuildId::as_i64)),
            Value::Int(person.map(|person| i64::from(person.0))),
            now.into(),
        ];
        self.0.0.execute(sql, &row).await?;
        Ok(id)
    }

    pub async fn state(&self, id: &str) -> Result<Asked, LogError> {
        let sql = "SELECT state, answer FROM operator_requests WHERE id = $1";
        let rows = self.0.query(sql, &values![id]).await?;
        let Some(row) = rows.first() else {
            return Ok(Asked::Failed("the request is gone".to_owned()));
        };
        let answer = row.text(1)?.to_owned();
        Ok(match row.text(0)? {
            "asked" => Asked::Waiting,
            "running" => Asked::Running(answer),
            "done" => Asked::Done(answer),
            _ => Asked::Failed(answer),
        })
    }

    /// What waits for somebody to begin, oldest first.
    pub async fn waiting(&self) -> Result<Vec<Request>, LogError> {
        self.in_state("asked").await
    }

    pub async fn running(&self) -> Result<Vec<Request>, LogError> {
        self.in_state("running").await
    }

    /// Takes a request; false where somebody else was quicker.
    pub async fn begin(&self, id: &str, note: &str) -> Result<bool, LogError> {
        let mut tx = self.0.0.begin().await?;
        let begun = Self::begin_in(&mut tx, id, note).await?;
        tx.commit().await?;
        Ok(begun)
    }

    pub(crate) async fn begin_in(tx: &mut Tx, id: &str, note: &str) -> Result<bool, LogError> {
        let sql = "UPDATE operator_requests SET state = 'running', answer = $2 \
                   WHERE id = $1 AND state = 'asked'";
        Ok(tx.execute(sql, &values![id, note]).await? == 1)
    }

    /// Lets somebody else take it.
    pub(crate) async fn put_back(&self, id: &str) -> Result<(), LogError> {
        let sql = "UPDATE operator_requests SET state = 'asked', answer = '' \
                   WHERE id = $1 AND state = 'running'";
        self.0.0.execute(sql, &values![id]).await.map(|_| ())
    }

    pub async fn finish(&self, id: &str, result: &Result<String, String>) -> Result<(), LogError> {
        let (sql, answer) = match result {
            Ok(answer) => {
                ("UPDATE operator_requests SET state = 'done', answer = $2 WHERE id = $1", answer)
            }
            Err(error) => {
                ("UPDATE operator_requests SET state = 'failed', answer = $2 WHERE id = $1", error)
            }
        };
        self.0.0.execute(sql, &values![id, answer.as_str()]).await.map(|_| ())
    }

    /// Finished ones are kept a while for whoever asked.
    pub async fn forget_before(&self, moment: Timestamp) -> Result<u64, LogError> {
        let sql = "DELETE FROM operator_requests \
                   WHERE asked_at < $1 AND state IN ('done', 'failed')";
        self.0.0.execute(sql, &values![moment]).await
    }

    async fn in_state(&self, state: &str) -> Result<Vec<Request>, LogError> {
        let sql = "SELECT id, verb, subject, guild, person FROM operator_requests \
                   WHERE state = $1 ORDER BY asked_at, id LIMIT 100";
        let rows = self.0.query(sql, &values![state]).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Request, LogError> {
    let verb = row.text(1)?;
    let person = row.opt_int(4)?.map(|number| u32::try_from(number).map(PersonId));
    Ok(Request {
        id: row.text(0)?.to_owned(),
        verb: Verb::parse(verb)
            .ok_or_else(|| LogError::Corrupt(format!("operator_requests: unknown verb {verb}")))?,
        subject: row.text(2)?.to_owned(),
        guild: row.opt_int(3)?.and_then(|guild| GuildId::from_i64(guild).ok()),
        person: person.and_then(Result::ok),
    })
}
