//! Settings as somebody is about to save them: for a look at what they would do.

use domain::{
    GuildId,
    settings::{Configurable, Invalid},
};

use super::find;
use crate::{ActionError, Actions};

/// What is about to be saved.
#[derive(Clone, Copy, Debug)]
pub enum Draft<'a> {
    /// Names, and what somebody wrote for them.
    Fields(&'a [(String, String)]),
    /// One field, or all of them, back to the default.
    Reset(Option<&'a str>),
    /// All of them as they were made by a version.
    Version(u32),
}

impl Actions {
    /// The settings in force with a draft over them. Refused is what could not be saved either.
    pub(crate) async fn drafted<T: Configurable>(
        &self,
        guild: GuildId,
        capability: &str,
        draft: Draft<'_>,
    ) -> Result<T, ActionError> {
        let settings = find(capability)?;
        let mut values = self.settings::<T>(guild).await?.values.clone();
        match draft {
            Draft::Fields(fields) => {
                for (name, text) in fields {
                    let (name, value) = settings.parse(name, text)?;
                    values.put(name, value);
                }
            }
            Draft::Reset(None) => values = T::default(),
            Draft::Reset(Some(name)) => {
                let name = settings.field(name)?.name;
                if let Some(value) = T::default().get(name) {
                    values.put(name, value);
                }
            }
            Draft::Version(version) => {
                values = self.settings_version(guild, version).await?.ok_or_else(|| {
                    ActionError::BadInput(format!(
                        "There is no version {version} of these settings."
                    ))
                })?;
            }
        }
        let problems = values.problems();
        if problems.is_empty() {
            return Ok(values);
        }
        Err(ActionError::BadInput(Invalid::Problems(problems).to_string()))
    }
}
