//! Modules: what a community can have switched on or off as a whole. Each capability registers
//! its own with one line in [`MODULES`].

use domain::{
    GuildId, IdempotencyKey,
    modules::ModuleSettings,
    settings::{Change, FieldValue, Settings},
};

use crate::{ActionError, Actions, Caller, Permission, Policy, in_force::settings_stream};

/// Every module. A new capability adds its line here.
pub const MODULES: &[Module] = &[
    crate::economy::MODULE,
    crate::moderation::MODULE,
    crate::activity::MODULE,
    crate::levels::MODULE,
    crate::logs::MODULE,
    crate::giveaways::MODULE,
    crate::codes::MODULE,
    crate::squads::MODULE,
    crate::tiers::MODULE,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// In settings, commands and features.
    pub name: &'static str,
    /// As people read it.
    pub title: &'static str,
    pub about: &'static str,
    pub offer: Offer,
}

/// Where a module is on when nobody has decided anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Everywhere.
    Standard,
    /// Where a community asks for it.
    OnRequest,
    /// Nowhere, until the operator names it among the features; then where a community asks.
    Feature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleState {
    On,
    /// This community could switch it on.
    Off,
    /// No community can switch it on.
    OffByOperator,
}

impl Module {
    fn state(&self, policy: &Policy, settings: &ModuleSettings) -> ModuleState {
        if !policy.offers(self) {
            return ModuleState::OffByOperator;
        }
        let decided = settings.decided(self.name);
        if decided.unwrap_or(self.offer == Offer::Standard) {
            ModuleState::On
        } else {
            ModuleState::Off
        }
    }
}

impl Policy {
    /// Whether the operator lets communities have this module.
    pub fn offers(&self, module: &Module) -> bool {
        let named = |name: &str| self.features.contains(name);
        let off = named(&format!("no-{}", module.name));
        !off && (module.offer != Offer::Feature || named(module.name))
    }

    /// What is wrong with the features, as text for whoever configured them.
    pub fn problem(&self) -> Option<String> {
        let names: Vec<&str> = MODULES.iter().map(|module| module.name).collect();
        let known = |feature: &&String| {
            names.contains(&feature.strip_prefix("no-").unwrap_or(feature.as_str()))
        };
        let unknown = self.features.iter().find(|feature| !known(feature))?;
        Some(format!(
            "features (REEVE_FEATURES): there is no feature {unknown:?}; there are {}, each with \
             no- before it to switch it off",
            names.join(", ")
        ))
    }
}

impl Actions {
    /// Every module with how it stands in this guild.
    pub async fn modules_of(
        &self,
        guild: GuildId,
    ) -> Result<Vec<(&'static Module, ModuleState)>, ActionError> {
        let settings = self.settings::<ModuleSettings>(guild).await?;
        let state =
            |module: &'static Module| (module, module.state(&self.policy, &settings.values));
        Ok(MODULES.iter().map(state).collect())
    }

    pub async fn module_is_on(&self, guild: GuildId, module: &Module) -> Result<bool, ActionError> {
        let settings = self.settings::<ModuleSettings>(guild).await?;
        Ok(module.state(&self.policy, &settings.values) == ModuleState::On)
    }

    /// Refuses where the module is off, and says who can switch it on.
    pub async fn require_module(&self, guild: GuildId, module: &Module) -> Result<(), ActionError> {
        let settings = self.settings::<ModuleSettings>(guild).await?;
        match module.state(&self.policy, &settings.values) {
            ModuleState::On => Ok(()),
            ModuleState::Off => Err(ActionError::ModuleOff { module: *module }),
            ModuleState::OffByOperator => Err(ActionError::ModuleNotOffered { module: *module }),
        }
    }

    /// Answers how the module stands then.
    #[tracing::instrument(name = "modules.switch", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn switch_module(
        &self,
        guild: GuildId,
        caller: &Caller,
        name: &str,
        on: bool,
        key: &IdempotencyKey,
    ) -> Result<ModuleState, ActionError> {
        self.open_to(guild, caller, None).await?;
        let permission = Permission::ManageSettings;
        self.authorise_to(("modules", None), guild, caller, permission, key).await?;
        let module = MODULES.iter().find(|module| module.name == name).ok_or_else(|| {
            let names: Vec<_> = MODULES.iter().map(|module| module.name).collect();
            ActionError::BadInput(format!(
                "There is no module {name:?}. There are: {}.",
                names.join(", ")
            ))
        })?;
        if on && !self.policy.offers(module) {
            return Err(ActionError::ModuleNotOffered { module: *module });
        }
        let request = self.request(guild, caller, key, None).await?;
        let stream = settings_stream::<ModuleSettings>(guild);
        let row = vec![FieldValue::Text(module.name.to_owned()), FieldValue::Switch(on)];
        let change = Change::Row { name: "switched".to_owned(), row };
        self.bus().execute::<Settings<ModuleSettings>>(&stream, &change, &request).await?;
        self.forget_settings::<ModuleSettings>(guild);
        let settings = self.settings::<ModuleSettings>(guild).await?;
        Ok(module.state(&self.policy, &settings.values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &'static str, offer: Offer) -> Module {
        Module { name, title: name, about: "", offer }
    }

    fn policy(features: &[&str]) -> Policy {
        let features = features.iter().map(|name| (*name).to_owned()).collect();
        Policy { features, ..Policy::default() }
    }

    // proves: CMD-07, OPS-21
    #[test]
    fn given_what_operator_and_community_say_then_the_operator_has_the_last_word() {
        use ModuleState::{Off, OffByOperator, On};
        let economy = module("economy", Offer::Standard);
        let prefix = module("prefix", Offer::OnRequest);
        let ai = module("ai", Offer::Feature);
        for (module, features, nobody, off, on) in [
            (economy, vec![], On, Off, On),
            (economy, vec!["no-economy"], OffByOperator, OffByOperator, OffByOperator),
            (prefix, vec![], Off, Off, On),
            (ai, vec![], OffByOperator, OffByOperator, OffByOperator),
            (ai, vec!["ai"], Off, Off, On),
            (ai, vec!["ai", "no-ai"], OffByOperator, OffByOperator, OffByOperator),
        ] {
            let policy = policy(&features);
            let state = |settings: &ModuleSettings| module.state(&policy, settings);
            let decided = |on| ModuleSettings::default().with(module.name, on);
            let states =
                [ModuleSettings::default(), decided(false), decided(true)].map(|s| state(&s));
            assert_eq!(states, [nobody, off, on], "{} under {features:?}", module.name);
        }
    }

    // proves: OPS-21
    #[test]
    fn given_a_feature_that_is_not_there_then_the_variable_and_the_names_are_told() {
        assert_eq!(policy(&["economy", "no-economy"]).problem(), None);
        let problem = policy(&["no-ecnomy"]).problem().unwrap();
        assert!(problem.starts_with("features (REEVE_FEATURES):"), "{problem}");
        assert!(problem.contains("\"no-ecnomy\"") && problem.contains("economy"), "{problem}");
    }

    #[test]
    fn given_the_modules_then_their_names_can_be_written_everywhere() {
        for (place, module) in MODULES.iter().enumerate() {
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(module.name.len() <= 32 && module.name.chars().all(plain), "{}", module.name);
            assert!(!module.title.is_empty() && module.about.ends_with('.'), "{}", module.name);
            assert!(MODULES[..place].iter().all(|other| other.name != module.name));
        }
    }
}
