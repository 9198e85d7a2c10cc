//! The table of the REST API. A capability has its lines in its own file; each says under which path
//! an operation of the GraphQL schema is to be had. What it takes and answers follows from the schema.
//!
//! To add a line: `get("/path/{argument}", "capability.field", "What it is.")` in its capability's
//! file, or `post`, `put`, `patch` or `delete` with the name of a mutation; then refresh
//! `docs/openapi.json` with `REEVE_TEST_UPDATE=1 cargo nextest run -p reeve openapi`.

use super::{activity, community, economy, giveaways, history, moderation, rewards, settings};

/// One method of one path.
#[derive(Debug)]
pub struct Route {
    pub method: &'static str,
    /// Below `/api/v1`.
    pub path: &'static str,
    /// Of the schema: `economy.board` below `Guild`, `Query.draw`, or a mutation.
    pub operation: &'static str,
    pub about: &'static str,
    /// What is answered, where that is not everything.
    pub select: Option<&'static str>,
    /// Names in the path, and the arguments that they stand for.
    pub names: &'static [(&'static str, &'static str)],
}

const fn route(
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    about: &'static str,
) -> Route {
    Route { method, path, operation, about, select: None, names: &[] }
}

pub const fn get(path: &'static str, operation: &'static str, about: &'static str) -> Route {
    route("GET", path, operation, about)
}

pub const fn post(path: &'static str, operation: &'static str, about: &'static str) -> Route {
    route("POST", path, operation, about)
}

pub const fn put(path: &'static str, operation: &'static str, about: &'static str) -> Route {
    route("PUT", path, operation, about)
}

pub const fn patch(path: &'static str, operation: &'static str, about: &'static str) -> Route {
    route("PATCH", path, operation, about)
}

pub const fn delete(path: &'static str, operation: &'static str, about: &'static str) -> Route {
    route("DELETE", path, operation, about)
}

impl Route {
    pub const fn select(self, select: &'static str) -> Self {
        Self { select: Some(select), ..self }
    }

    pub const fn names(self, names: &'static [(&'static str, &'static str)]) -> Self {
        Self { names, ..self }
    }

    pub fn is_reading(&self) -> bool {
        self.method == "GET"
    }

    /// Under which name an argument is given.
    pub fn name_of<'a>(&self, argument: &'a str) -> &'a str
    where
        'static: 'a,
    {
        let renamed = self.names.iter().find(|(_, of)| *of == argument);
        renamed.map_or(argument, |(name, _)| *name)
    }
}

/// A part of the API, as its documents group it.
#[derive(Debug)]
pub struct Part {
    pub title: &'static str,
    pub routes: &'static [Route],
}

pub const PARTS: &[Part] = &[
    community::PART,
    economy::PART,
    moderation::PART,
    giveaways::PART,
    rewards::PART,
    activity::PART,
    history::PART,
    settings::PART,
];
