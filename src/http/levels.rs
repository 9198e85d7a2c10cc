//! Everybody's experience as a file, for whoever looks after numbers: as a table, or as JSON in the
//! shape that `reeve import levels` reads. Nobody's name is in it.

use std::collections::HashMap;

use actions::{ActionError, Actions, Permission, levels::Gone};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{GuildId, PersonId, UserId, levels::LevelSettings};
use futures::{Stream, stream};
use projections::levels::ranks::{self, MAX_TOP, Ranked};
use schema::{Code, Scope, Trouble};
use serde_json::json;

use super::{
    doors::{Doors, refuse},
    downloads::{self, troubled},
};

const STAFF: &[Permission] =
    &[Permission::ManageSettings, Permission::ViewRecords, Permission::ViewAnalytics];
const COLUMNS: &str = "place,user_id,xp,level\r\n";

/// `/g/<guild>/levels/export.csv`
pub async fn csv(
    State(doors): State<Doors>,
    Path(guild): Path<u64>,
    headers: HeaderMap,
) -> Response {
    let file = ("levels.csv", "text/csv; charset=utf-8");
    let shape = Shape { head: COLUMNS, line: table, tail: "" };
    whole(&doors, guild, &headers, file, shape).await
}

/// `/g/<guild>/levels/export.json`
pub async fn json(
    State(doors): State<Doors>,
    Path(guild): Path<u64>,
    headers: HeaderMap,
) -> Response {
    let shape = Shape { head: "{\"players\":[", line: object, tail: "\n]}\n" };
    whole(&doors, guild, &headers, ("levels.json", "application/json"), shape).await
}

/// What is written before, for and after the lines.
#[derive(Clone, Copy)]
struct Shape {
    head: &'static str,
    line: fn(&Line) -> String,
    tail: &'static str,
}

struct Line {
    place: u64,
    user: Option<UserId>,
    xp: u64,
    level: u32,
}

/// Nothing in it is what a member wrote: a spreadsheet finds no formula.
fn table(line: &Line) -> String {
    let Line { place, user, xp, level } = line;
    let user = user.as_ref().map_or_else(String::new, ToString::to_string);
    format!("{place},{user},{xp},{level}\r\n")
}

fn object(line: &Line) -> String {
    let comma = if line.place == 1 { "\n" } else { ",\n" };
    let user = line.user.as_ref().map(ToString::to_string);
    let told = json!({ "id": user, "xp": line.xp, "level": line.level, "place": line.place });
    format!("{comma}{told}")
}

async fn whole(
    doors: &Doors,
    guild: u64,
    headers: &HeaderMap,
    file: (&str, &'static str),
    shape: Shape,
) -> Response {
    let board = match Board::begin(doors, guild, headers).await {
        Ok(board) => board,
        Err(response) => return response,
    };
    match doors.room.place().await {
        Ok(place) => downloads::send(place, file, board.pieces(shape)),
        Err(response) => response,
    }
}

struct Board {
    actions: Actions,
    guild: GuildId,
    settings: LevelSettings,
    gone: Gone,
}

/// How far a file has come.
#[derive(Clone, Copy)]
enum Next {
    Head,
    /// Behind this member, who has the place before this one.
    Behind(Option<Ranked>, u64),
    Over,
}

impl Board {
    async fn begin(doors: &Doors, guild: u64, headers: &HeaderMap) -> Result<Self, Response> {
        let who = doors.reader(headers, "levels").await?;
        let no_such = || {
            let text = "There is no such community.";
            refuse(StatusCode::NOT_FOUND, Code::NotFound.name(), text)
        };
        let guild = GuildId::new(guild).map_err(|_| no_such())?;
        let scope = Scope::of(&doors.house, who, guild, None).await;
        let scope = scope.map_err(|trouble| troubled(&trouble))?.ok_or_else(no_such)?;
        scope.require(STAFF).await.map_err(|trouble| troubled(&trouble))?;
        let actions = doors.house.actions.clone();
        let refused = |error: ActionError| troubled(&Trouble::from(error));
        let settings = actions.level_terms(guild).await.map_err(refused)?.values.clone();
        let gone = actions.hidden_leavers(guild).await.map_err(refused)?;
        Ok(Self { actions, guild, settings, gone })
    }

    fn pieces(self, shape: Shape) -> impl Stream<Item = Result<String, ActionError>> + Send {
        stream::try_unfold((self, Next::Head), move |(board, next)| {
            let Shape { head, line: written, tail } = shape;
            async move {
                let (last, place) = match next {
                    Next::Head => {
                        return Ok(Some((head.to_owned(), (board, Next::Behind(None, 1)))));
                    }
                    Next::Behind(last, place) => (last, place),
                    Next::Over => return Ok(None),
                };
                let store = board.actions.store();
                let page = ranks::behind(store, board.guild, last, MAX_TOP).await?;
                let Some(last) = page.last().copied() else {
                    return Ok(Some((tail.to_owned(), (board, Next::Over))));
                };
                let persons: Vec<_> = page.iter().map(|one| one.person).collect();
                let users = board.actions.people().users(board.guild, &persons).await?;
                let shown = page.iter().filter(|one| !board.gone.has(one.person));
                let lines = shown.zip(place..).map(|(one, place)| board.line(one, place, &users));
                let (mut piece, mut count) = (String::new(), 0);
                for told in lines {
                    piece.push_str(&written(&told));
                    count += 1;
                }
                Ok(Some((piece, (board, Next::Behind(Some(last), place + count)))))
            }
        })
    }

    fn line(&self, one: &Ranked, place: u64, users: &HashMap<PersonId, UserId>) -> Line {
        let (user, level) = (users.get(&one.person).copied(), self.settings.level(one.xp));
        Line { place, user, xp: one.xp, level }
    }
}
