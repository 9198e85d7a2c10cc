//! Modules: what a community can have switched on or off as a whole.

use actions::modules::ModuleState as Known;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};

use crate::{
    done::{Done, done, key},
    guild::guild_id,
    scalars::Snowflake,
    scope::Scope,
    trouble::{Answer, Trouble},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Known")]
pub enum ModuleState {
    On,
    /// This community could switch it on.
    Off,
    /// No community can switch it on.
    OffByOperator,
}

#[derive(SimpleObject)]
pub struct Module {
    pub name: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    pub state: ModuleState,
}

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "ModulesOnGuild")]
impl OnGuild {
    /// Every module, as it stands now.
    async fn modules(&self) -> Answer<Vec<Module>> {
        if self.0.then().is_some() {
            return Err(Trouble::bad_input("Modules are shown as they are now; leave asOf out."));
        }
        let modules = self.0.actions().modules_of(self.0.guild()).await?;
        let line = |(module, state): (&actions::modules::Module, Known)| Module {
            name: module.name,
            title: module.title,
            about: module.about,
            state: state.into(),
        };
        Ok(modules.into_iter().map(line).collect())
    }
}

#[derive(InputObject)]
pub struct ModuleSwitch {
    pub guild: Snowflake,
    pub module: String,
    pub on: bool,
    /// Names this request; repeating it does nothing again.
    pub key: String,
}

#[derive(SimpleObject)]
pub struct ModuleSwitched {
    pub done: Done,
    pub state: Option<ModuleState>,
}

#[derive(Debug, Default)]
pub struct Mutations;

#[Object(name = "ModulesMutations")]
impl Mutations {
    /// Switches a module on or off.
    async fn module_switch(
        &self,
        ctx: &Context<'_>,
        input: ModuleSwitch,
    ) -> Answer<ModuleSwitched> {
        let scope = Scope::for_doing(ctx, guild_id(input.guild)?).await?;
        let (actions, caller) = (scope.actions(), scope.caller());
        let key = key(actions, scope.signed_in(), &input.key)?;
        let asked =
            actions.switch_module(scope.guild(), caller, &input.module, input.on, &key).await;
        Ok(match done(asked)? {
            Ok(state) => ModuleSwitched { done: Done::of(false), state: Some(state.into()) },
            Err(done) => ModuleSwitched { done, state: None },
        })
    }
}
