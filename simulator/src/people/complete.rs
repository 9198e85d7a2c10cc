//! Autocomplete: what an application offers while somebody types.

use serde_json::Value;

use super::{Failed, Filled, Person, answer::Outcome};
use crate::snowflake::Id;

/// One of the choices offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub name: String,
    pub value: Value,
}

impl Person {
    /// What is offered for an option while it is typed; what is given so far goes with it.
    pub async fn autocompletes(
        &self,
        channel: Id,
        command: &str,
        typed: Filled,
        option: &str,
    ) -> Result<Vec<Choice>, Failed> {
        let new = self.call(channel, command, &typed, Some(option))?;
        let answer = self.interacts(new).await?;
        let Outcome::Choices(choices) = answer.outcome() else { return Ok(Vec::new()) };
        let choices = choices.iter().map(|choice| Choice {
            name: choice["name"].as_str().unwrap_or_default().to_owned(),
            value: choice["value"].clone(),
        });
        Ok(choices.collect())
    }
}
