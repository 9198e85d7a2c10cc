//! `/modules`: what this community uses of us.

use actions::{
    Permission,
    modules::{MODULES, ModuleState},
};
use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Answer, Capability, Group, Route, Spec, Suggestion, Verb},
    ctx::{Ctx, Typing},
    options::{Opt, options},
    reply::Reply,
    text::{Text, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "modules",
    module: None,
    title: text("Modules", "Module"),
    intents: Intents::empty(),
    groups: &[Group::new(
        text("modules", "module"),
        text("What this community uses", "Was diese Community nutzt"),
        &[Route::of::<List>(), Route::of::<On>(), Route::of::<Off>()],
    )],
    presses: &[],
    submits: &[],
};

const TITLE: Text = text("Modules", "Module");
const ON: Text = text("on", "an");
const OFF: Text = text("off", "aus");
const BY_OPERATOR: Text = text("switched off by the operator", "vom Betreiber abgeschaltet");
const NOW: Text = text("**{title}** is {state}.", "**{title}** ist {state}.");

const fn state(state: ModuleState) -> Text {
    match state {
        ModuleState::On => ON,
        ModuleState::Off => OFF,
        ModuleState::OffByOperator => BY_OPERATOR,
    }
}

options! {
    pub struct List {}
}

impl Verb for List {
    const SPEC: Spec = Spec::new(
        text("list", "liste"),
        text(
            "Which modules there are, and which are on",
            "Welche Module es gibt und welche an sind",
        ),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/modules list"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let modules = ctx.actions().modules_of(ctx.guild()).await?;
        let lines = modules.iter().map(|(module, stands)| {
            let state = ctx.say(state(*stands));
            format!("**{}** (`{}`): {state}\n{}", module.title, module.name, module.about)
        });
        let body = lines.collect::<Vec<_>>().join("\n");
        Ok(Reply::new(body).title(ctx.say(TITLE)).private())
    }
}

options! {
    pub struct On {
        module: String = Opt::new(text("module", "modul"), text("Which one", "Welches"))
            .between(1, 32)
            .suggests(),
    }
}

impl Verb for On {
    const SPEC: Spec =
        Spec::new(text("on", "an"), text("Switch a module on", "Schalte ein Modul an"))
            .needs(Permission::ManageSettings)
            .private()
            .examples(&["/modules on module:economy"]);

    async fn run(self, ctx: Ctx) -> Answer {
        switch(&ctx, &self.module, true).await
    }

    async fn suggest(_: Ctx, typing: Typing) -> Vec<Suggestion> {
        known(&typing.typed)
    }
}

options! {
    pub struct Off {
        module: String = Opt::new(text("module", "modul"), text("Which one", "Welches"))
            .between(1, 32)
            .suggests(),
    }
}

impl Verb for Off {
    const SPEC: Spec = Spec::new(
        text("off", "aus"),
        text(
            "Switch a module off, for this community alone",
            "Schalte ein Modul aus, nur für diese Community",
        ),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/modules off module:economy"]);

    async fn run(self, ctx: Ctx) -> Answer {
        switch(&ctx, &self.module, false).await
    }

    async fn suggest(_: Ctx, typing: Typing) -> Vec<Suggestion> {
        known(&typing.typed)
    }
}

async fn switch(ctx: &Ctx, name: &str, on: bool) -> Answer {
    let key = ctx.key()?;
    let stands = ctx.actions().switch_module(ctx.guild(), &ctx.caller, name, on, &key).await?;
    let title = MODULES.iter().find(|module| module.name == name).map_or(name, |m| m.title);
    let state = ctx.say(state(stands));
    Ok(Reply::good(ctx.fill(NOW, &[("title", &title), ("state", &state)])).private())
}

fn known(typed: &str) -> Vec<Suggestion> {
    let typed = typed.trim().to_lowercase();
    let fits = MODULES.iter().filter(|module| {
        module.name.contains(&typed) || module.title.to_lowercase().contains(&typed)
    });
    fits.map(|module| Suggestion { title: module.title.to_owned(), value: module.name.to_owned() })
        .collect()
}
