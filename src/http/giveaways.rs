//! Files of giveaways: the bundle of a draw, for anybody who was given its address, and everything
//! of one giveaway as a table or as JSON, for whoever runs them or audits.

use std::{collections::HashMap, convert::Infallible};

use actions::{ActionError, Actions, Permission};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{GiveawayId, GuildId, PersonId, UserId};
use futures::{Stream, stream};
use projections::giveaways::{board, entrants, timeline};
use schema::{Code, Scope};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    doors::{Doors, fault, refuse},
    downloads::{self, refused, troubled},
};

const STAFF: &[Permission] = &[Permission::ManageGiveaways, Permission::ViewAudit];
const COLUMNS: &str =
    "entry,user_id,weight,standing,entered_at,pick,drawn_for,pick_state,pick_state_since\r\n";

/// `/p/giveaway/<id>/draw.jsonl`
pub async fn bundle(State(doors): State<Doors>, Path(id): Path<String>) -> Response {
    let Ok(id) = Uuid::parse_str(&id).map(GiveawayId) else { return no_such() };
    let place = match doors.room.place().await {
        Ok(place) => place,
        Err(response) => return response,
    };
    let bundle = match doors.house.actions.public_draw_bundle(id).await {
        Ok(Some(bundle)) => bundle,
        Ok(None) => return no_such(),
        Err(error) => return refused(error),
    };
    let pieces = stream::iter(bundle.pieces().map(Ok::<_, Infallible>));
    let name = format!("draw-{id}.jsonl");
    downloads::send(place, (&name, "application/jsonl"), pieces)
}

/// `/g/<guild>/giveaways/<id>/export.csv`: a line for each entry.
pub async fn csv(
    State(doors): State<Doors>,
    Path((guild, id)): Path<(u64, String)>,
    headers: HeaderMap,
) -> Response {
    let export = match Export::begin(&doors, (guild, &id), &headers).await {
        Ok(export) => export,
        Err(response) => return response,
    };
    let place = match doors.room.place().await {
        Ok(place) => place,
        Err(response) => return response,
    };
    let name = format!("giveaway-{id}.csv");
    let pieces = export.pieces(COLUMNS.to_owned(), Export::table, String::new());
    downloads::send(place, (&name, "text/csv; charset=utf-8"), pieces)
}

/// `/g/<guild>/giveaways/<id>/export.json`: its terms, its draw, what happened, and every entry.
pub async fn json(
    State(doors): State<Doors>,
    Path((guild, id)): Path<(u64, String)>,
    headers: HeaderMap,
) -> Response {
    let export = match Export::begin(&doors, (guild, &id), &headers).await {
        Ok(export) => export,
        Err(response) => return response,
    };
    let place = match doors.room.place().await {
        Ok(place) => place,
        Err(response) => return response,
    };
    let head = match export.head().await {
        Ok(head) => head,
        Err(error) => return refused(error),
    };
    let name = format!("giveaway-{id}.json");
    let pieces = export.pieces(head, Export::objects, "\n]}\n".to_owned());
    downloads::send(place, (&name, "application/json"), pieces)
}

/// One giveaway, and whoever was drawn in it.
struct Export {
    actions: Actions,
    guild: GuildId,
    line: board::Line,
    picks: Vec<timeline::Pick>,
}

/// How a page of entries is written.
type Written = fn(&Export, &[entrants::Entrant], &HashMap<PersonId, UserId>) -> String;

impl Export {
    async fn begin(
        doors: &Doors,
        (guild, id): (u64, &str),
        headers: &HeaderMap,
    ) -> Result<Self, Response> {
        let who = doors.reader(headers, "giveaways").await?;
        let (Ok(guild), Ok(id)) = (GuildId::new(guild), Uuid::parse_str(id)) else {
            return Err(no_such());
        };
        let scope = Scope::of(&doors.house, who, guild, None)
            .await
            .map_err(|trouble| troubled(&trouble))?;
        let scope = scope.ok_or_else(no_such)?;
        scope.require(STAFF).await.map_err(|trouble| troubled(&trouble))?;
        let actions = doors.house.actions.clone();
        let (store, id) = (actions.store(), GiveawayId(id));
        let line = board::one(store, guild, id).await.map_err(|error| fault(&error))?;
        let line = line.ok_or_else(no_such)?;
        let picks = timeline::picks(store, guild, id).await.map_err(|error| fault(&error))?;
        Ok(Self { actions, guild, line, picks })
    }

    /// First `head`, then every entry, page by page, then `tail`.
    fn pieces(
        self,
        head: String,
        written: Written,
        tail: String,
    ) -> impl Stream<Item = Result<String, ActionError>> + Send {
        /// What comes next: entries after this one, the tail, nothing.
        enum Next {
            Head(String),
            After(u32),
            Over,
        }
        let begin = (self, Next::Head(head), tail);
        stream::try_unfold(begin, move |(export, next, tail)| async move {
            let after = match next {
                Next::Head(head) => return Ok(Some((head, (export, Next::After(0), tail)))),
                Next::After(after) => after,
                Next::Over => return Ok(None),
            };
            let (store, guild, id) = (export.actions.store(), export.guild, export.line.giveaway);
            let page = entrants::page(store, guild, id, None, after, entrants::MAX_PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(Some((tail, (export, Next::Over, String::new()))));
            };
            let persons: Vec<_> = page.iter().filter_map(|row| row.person).collect();
            let users = export.actions.people().users(guild, &persons).await?;
            let (piece, next) = (written(&export, &page, &users), Next::After(last.entry));
            Ok(Some((piece, (export, next, tail))))
        })
    }

    fn pick(&self, entry: u32) -> Option<&timeline::Pick> {
        self.picks.iter().find(|pick| pick.entry == entry)
    }

    /// Nothing in it is what a member wrote: a spreadsheet finds no formula.
    fn table(&self, page: &[entrants::Entrant], users: &HashMap<PersonId, UserId>) -> String {
        let line = |row: &entrants::Entrant| {
            let user = row.person.and_then(|person| users.get(&person));
            let user = user.map_or_else(String::new, ToString::to_string);
            let pick = self.pick(row.entry).map_or_else(
                || ",,,".to_owned(),
                |pick| format!("{},{},{},{}", pick.k, pick.why, pick.state, pick.since),
            );
            let entrants::Entrant { entry, weight, standing, at, .. } = row;
            format!("{entry},{user},{weight},{standing},{at},{pick}\r\n")
        };
        page.iter().map(line).collect()
    }

    fn objects(&self, page: &[entrants::Entrant], users: &HashMap<PersonId, UserId>) -> String {
        let object = |row: &entrants::Entrant| {
            let user = row.person.and_then(|person| users.get(&person)).map(ToString::to_string);
            let comma = if row.entry == 1 { "\n" } else { ",\n" };
            let told = json!({
                "entry": row.entry,
                "user": user,
                "weight": row.weight,
                "standing": row.standing,
                "at": row.at.to_string(),
                "pick": self.pick(row.entry).map(|pick| pick.k),
            });
            format!("{comma}{told}")
        };
        page.iter().map(object).collect()
    }

    /// Everything but the entries, up to where those begin.
    async fn head(&self) -> Result<String, ActionError> {
        let (line, store) = (&self.line, self.actions.store());
        let (message, seed) = line.draw.unzip();
        let giveaway = json!({
            "id": line.giveaway.to_string(),
            "terms": line.terms,
            "state": line.status.word(),
            "made_at": line.made_at.to_string(),
            "ends_at": line.ends_at.to_string(),
            "commitment": line.commitment.to_string(),
            "root": line.root.map(|root| root.to_string()),
            "drawn_from": message.map(|message| message.to_string()),
            "seed": seed.map(|seed| seed.to_string()),
        });
        let mut steps = Vec::new();
        let mut after = 0;
        loop {
            let most = timeline::MAX_PAGE;
            let page = timeline::page(store, self.guild, line.giveaway, after, most).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            steps.extend(self.steps(&page).await?);
        }
        let picks: Vec<Value> = self.picks.iter().map(picked).collect();
        let (picks, steps) = (Value::Array(picks), Value::Array(steps));
        Ok(format!(
            "{{\"giveaway\":{giveaway},\n\"picks\":{picks},\n\"timeline\":{steps},\n\"entrants\":["
        ))
    }

    async fn steps(&self, page: &[timeline::Line]) -> Result<Vec<Value>, ActionError> {
        let mut persons: Vec<_> = page.iter().flat_map(|step| [step.person, step.by]).collect();
        persons.sort_unstable();
        persons.dedup();
        let persons: Vec<_> = persons.into_iter().flatten().collect();
        let users = self.actions.people().users(self.guild, &persons).await?;
        let user = |person: Option<PersonId>| {
            person.and_then(|person| users.get(&person)).map(ToString::to_string)
        };
        let mut steps = Vec::with_capacity(page.len());
        for step in page {
            steps.push(json!({
                "seq": step.seq,
                "at": step.at.to_string(),
                "what": step.what,
                "entry": step.entry,
                "user": user(step.person),
                "by": user(step.by),
                "why": step.why,
                "number": step.number,
                "reason": self.actions.reroll_reason(self.guild, step).await?,
            }));
        }
        Ok(steps)
    }
}

fn picked(pick: &timeline::Pick) -> Value {
    json!({
        "k": pick.k,
        "entry": pick.entry,
        "why": pick.why,
        "at": pick.at.to_string(),
        "state": pick.state,
        "since": pick.since.to_string(),
    })
}

fn no_such() -> Response {
    refuse(StatusCode::NOT_FOUND, Code::NotFound.name(), "There is no such giveaway.")
}
