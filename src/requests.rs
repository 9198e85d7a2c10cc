//! What a command beside a running server asked of it: on an embedded store only one process
//! writes, so the command leaves a request and waits for the answer.

use std::time::Duration;

use actions::{
    Actions, Caller,
    blocks::{Blocked, Scope},
};
use domain::{EventId, GuildId, IdempotencyKey, PersonId, Sealed, Timestamp, blocks::Subject};
use projections::{Request, Requests, Verb};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How often requests are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// The field that a request's reason is sealed as.
const REASON: &str = "reason";

/// What is asked about maintenance.
#[derive(Debug, Serialize, Deserialize)]
pub struct MaintenanceWanted {
    pub on: bool,
    pub notice: Option<String>,
}

/// A block as it is asked for. The reason is sealed with the key of whom it is about: requests lie
/// in the clear.
#[derive(Debug, Serialize, Deserialize)]
pub struct BlockWanted {
    pub what: Subject,
    pub until: Option<Timestamp>,
    /// Names this request; the reason opens under it only.
    pub id: Uuid,
    pub reason: Option<Sealed>,
}

impl BlockWanted {
    /// Whom it is about gets a number in the scope.
    pub async fn seal(
        actions: &Actions,
        scope: Scope,
        who: Blocked,
        reason: Option<&str>,
        until: Option<Timestamp>,
    ) -> Result<(PersonId, Self), String> {
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let (guild, people) = (scope_guild(scope), actions.people());
        let user = who.as_user().map_err(|error| failed(&error))?;
        let person = people.person(guild, user).await.map_err(|error| failed(&error))?;
        let key = people.key(guild, person).await.map_err(|error| failed(&error))?;
        let id = Uuid::new_v4();
        let seal = |reason: &str| key.seal_field(person, EventId(id), REASON, reason.as_bytes());
        let reason = reason.map(seal).transpose().map_err(|error| failed(&error))?;
        Ok((person, Self { what: who.subject(), until, id, reason }))
    }
}

const fn scope_guild(scope: Scope) -> GuildId {
    match scope {
        Scope::Guild(guild) => guild,
        Scope::Platform => GuildId::PLATFORM,
    }
}

fn scope_of(guild: GuildId) -> Scope {
    if guild == GuildId::PLATFORM { Scope::Platform } else { Scope::Guild(guild) }
}

/// Carries out requests that only the command bus can, until it is aborted.
pub async fn carry_out(actions: Actions, requests: Requests) {
    loop {
        tokio::time::sleep(LOOK).await;
        let waiting = match requests.waiting().await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::warn!(%error, "operators' requests cannot be read; trying again");
                continue;
            }
        };
        for request in waiting.into_iter().filter(|request| request.verb.is_for_the_bus()) {
            match requests.begin(&request.id, "at work").await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => {
                    tracing::warn!(%error, "a request could not be begun; trying again");
                    continue;
                }
            }
            let answer = carry_out_one(&actions, &request).await;
            if let Err(error) = requests.finish(&request.id, &answer).await {
                tracing::warn!(%error, "the answer to an operator's request was lost");
            }
        }
    }
}

async fn carry_out_one(actions: &Actions, request: &Request) -> Result<String, String> {
    let key = IdempotencyKey::new(format!("request/{}", request.id));
    let key = key.map_err(|error| error.to_string())?;
    let operator = Caller::operator();
    let whom = || request.guild.zip(request.person).ok_or("the request names nobody".to_owned());
    match request.verb {
        Verb::Rebuild | Verb::RebuildGuild | Verb::Retry => {
            Err("this request is for the projections".to_owned())
        }
        Verb::Erase => {
            let (guild, person) = whom()?;
            let erased = actions.bus().erase_person(guild, person).await;
            erased.map(|_| "erased".to_owned()).map_err(|error| error.to_string())
        }
        Verb::Maintenance => {
            let wanted: MaintenanceWanted = read(&request.subject)?;
            let notice = wanted.notice.as_deref();
            let done = actions.set_maintenance(&operator, wanted.on, notice, &key).await;
            done.map(|now| now.notice).map_err(|error| error.to_string())
        }
        Verb::Block | Verb::Unblock => {
            let (guild, person) = whom()?;
            let wanted: BlockWanted = read(&request.subject)?;
            block(actions, request.verb, scope_of(guild), person, wanted, &key).await
        }
    }
}

async fn block(
    actions: &Actions,
    verb: Verb,
    scope: Scope,
    person: PersonId,
    wanted: BlockWanted,
    key: &IdempotencyKey,
) -> Result<String, String> {
    let (guild, operator) = (scope_guild(scope), Caller::operator());
    let user = actions.people().user(guild, person).await.map_err(|error| error.to_string())?;
    let user = user.ok_or("who this is about was erased meanwhile")?;
    let who = Blocked::of(user, wanted.what).map_err(|error| error.to_string())?;
    if verb == Verb::Unblock {
        let done = actions.unblock(scope, &operator, who, key).await;
        return done.map(|()| "lifted".to_owned()).map_err(|error| error.to_string());
    }
    let data_key = actions.people().key(guild, person).await.map_err(|error| error.to_string())?;
    let opened = wanted
        .reason
        .as_ref()
        .and_then(|sealed| data_key.open_field(sealed, EventId(wanted.id), REASON))
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let reason = opened.ok_or("the reason of this request cannot be opened")?;
    let done = actions.block(scope, &operator, who, &reason, wanted.until, key).await;
    done.map(|()| "blocked".to_owned()).map_err(|error| error.to_string())
}

fn read<'a, T: Deserialize<'a>>(subject: &'a str) -> Result<T, String> {
    serde_json::from_str(subject).map_err(|error| format!("the request cannot be read: {error}"))
}
