//! `POST /sim/act`: a member does something, and the answer says what came of it.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Handle, Reply, Wrong, read};
use crate::{
    people::{Answer, Filled, Person, given},
    server::Sim,
    snowflake::Id,
};

/// Who, where, and what.
#[derive(Deserialize)]
pub(super) struct Deed {
    /// The only one there is, where it is not said.
    guild: Option<Id>,
    /// A username; somebody new joins where nobody has it.
    member: String,
    /// A name or an id; `general` where it is not said.
    #[serde(default = "general")]
    channel: String,
    #[serde(flatten)]
    act: Act,
}

fn general() -> String {
    "general".to_owned()
}

#[derive(Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
enum Act {
    Says {
        text: String,
    },
    Replies {
        message: Id,
        text: String,
    },
    Edits {
        message: Id,
        text: String,
    },
    Deletes {
        message: Id,
    },
    Reacts {
        message: Id,
        emoji: String,
    },
    Unreacts {
        message: Id,
        emoji: String,
    },
    Types,
    /// With `options`, or all in one line: `/bytes send user:@tobi amount:5`.
    Uses {
        command: String,
        options: Option<Map<String, Value>>,
    },
    UsesOnUser {
        command: String,
        target: String,
    },
    UsesOnMessage {
        command: String,
        message: Id,
    },
    Autocompletes {
        command: String,
        #[serde(default)]
        options: Map<String, Value>,
        option: String,
    },
    Presses {
        message: Id,
        button: String,
    },
    Selects {
        message: Id,
        list: String,
        values: Vec<String>,
    },
    Submits {
        interaction: Id,
        fields: Map<String, Value>,
    },
    WritesTo {
        user: Id,
        text: String,
    },
    Joins,
    Leaves,
    JoinsVoice,
    LeavesVoice,
    MutesThemselves {
        muted: bool,
    },
    Bans {
        target: String,
        #[serde(default)]
        reason: String,
    },
    Unbans {
        target: String,
    },
    Kicks {
        target: String,
        #[serde(default)]
        reason: String,
    },
    TimesOut {
        target: String,
        secs: u64,
        #[serde(default)]
        reason: String,
    },
    GivesRole {
        target: String,
        role: String,
    },
    TakesRole {
        target: String,
        role: String,
    },
}

pub(super) async fn act(State(handle): State<Handle>, body: bytes::Bytes) -> Reply {
    let deed: Deed = read(&body)?;
    let sim = handle.sim()?;
    let guild = match deed.guild {
        Some(guild) => guild,
        None => only_guild(&sim)?,
    };
    let person = match deed.act {
        Act::Joins => sim.stranger(guild, &deed.member)?,
        _ => sim.member(guild, &deed.member)?,
    };
    do_it(&sim, &person, &deed.channel, deed.act).await.map(Json)
}

fn only_guild(sim: &Sim) -> Result<Id, Wrong> {
    let world = sim.world.lock();
    let mut guilds = world.guilds.keys();
    match (guilds.next(), guilds.next()) {
        (Some(guild), None) => Ok(*guild),
        (None, _) => Err(Wrong::bad("there is no guild yet")),
        _ => Err(Wrong::bad("guild: say which, there are several")),
    }
}

fn filled(options: &Map<String, Value>) -> Result<Filled, Wrong> {
    let filled = options.iter().map(|(name, value)| {
        let value = given::from_json(value);
        let value = value.ok_or_else(|| Wrong::bad(format!("{name}: it takes a value")))?;
        Ok((name.clone(), value))
    });
    filled.collect()
}

fn done() -> Value {
    json!({ "done": true })
}

fn answered(answer: &Answer) -> Value {
    json!({ "done": true, "answer": answer.to_json() })
}

async fn do_it(sim: &Sim, person: &Person, channel: &str, act: Act) -> Result<Value, Wrong> {
    let guild = person.guild;
    let here = || -> Result<Id, Wrong> {
        let named = sim.channel(guild, channel);
        match channel.parse::<Id>() {
            Ok(id) if named.is_err() => Ok(id),
            _ => Ok(named?),
        }
    };
    let other = |name: &str| sim.stranger(guild, name.trim_start_matches('@'));
    Ok(match act {
        Act::Says { text } => json!({ "done": true, "message": person.says(here()?, &text)? }),
        Act::Replies { message, text } => {
            json!({ "done": true, "message": person.replies(here()?, message, &text)? })
        }
        Act::Edits { message, text } => {
            person.edits(here()?, message, &text)?;
            done()
        }
        Act::Deletes { message } => {
            person.deletes(here()?, message)?;
            done()
        }
        Act::Reacts { message, emoji } => {
            person.reacts(here()?, message, &emoji)?;
            done()
        }
        Act::Unreacts { message, emoji } => {
            person.unreacts(here()?, message, &emoji)?;
            done()
        }
        Act::Types => {
            person.types(here()?)?;
            done()
        }
        Act::Uses { command, options: None } => {
            answered(&person.uses_typed(here()?, &command).await?)
        }
        Act::Uses { command, options: Some(options) } => {
            answered(&person.uses(here()?, &command, filled(&options)?).await?)
        }
        Act::UsesOnUser { command, target } => {
            answered(&person.uses_on_user(here()?, &command, &other(&target)?).await?)
        }
        Act::UsesOnMessage { command, message } => {
            answered(&person.uses_on_message(here()?, &command, message).await?)
        }
        Act::Autocompletes { command, options, option } => {
            let typed = filled(&options)?;
            let choices = person.autocompletes(here()?, &command, typed, &option).await?;
            let choices = choices.into_iter();
            let choices =
                choices.map(|choice| json!({ "name": choice.name, "value": choice.value }));
            json!({ "done": true, "choices": choices.collect::<Vec<_>>() })
        }
        Act::Presses { message, button } => {
            answered(&person.presses(here()?, message, &button).await?)
        }
        Act::Selects { message, list, values } => {
            let values: Vec<_> = values.iter().map(String::as_str).collect();
            answered(&person.selects(here()?, message, &list, &values).await?)
        }
        Act::Submits { interaction, fields } => {
            let form = person.form_of(interaction)?;
            answered(&person.submits(interaction, &form, filled(&fields)?).await?)
        }
        Act::WritesTo { user, text } => {
            let channel = person.direct(user)?;
            json!({ "done": true, "channel": channel, "message": person.says(channel, &text)? })
        }
        Act::Joins => {
            person.joins()?;
            done()
        }
        Act::Leaves => {
            person.leaves()?;
            done()
        }
        Act::JoinsVoice => {
            person.joins_voice(here()?)?;
            done()
        }
        Act::LeavesVoice => {
            person.leaves_voice()?;
            done()
        }
        Act::MutesThemselves { muted } => {
            person.mutes_themselves(muted)?;
            done()
        }
        Act::Bans { target, reason } => {
            person.bans(&other(&target)?, &reason)?;
            done()
        }
        Act::Unbans { target } => {
            person.unbans(&other(&target)?)?;
            done()
        }
        Act::Kicks { target, reason } => {
            person.kicks(&other(&target)?, &reason)?;
            done()
        }
        Act::TimesOut { target, secs, reason } => {
            person.times_out(&other(&target)?, Duration::from_secs(secs), &reason)?;
            done()
        }
        Act::GivesRole { target, role } => {
            person.gives_role(&other(&target)?, sim.role(guild, &role)?)?;
            done()
        }
        Act::TakesRole { target, role } => {
            person.takes_role(&other(&target)?, sim.role(guild, &role)?)?;
            done()
        }
    })
}
