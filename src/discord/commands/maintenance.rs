//! `/maintenance`: operators keep everybody else out for a while, with a notice that says why.

use actions::Maintenance;
use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Answer, Capability, Group, Route, Spec, Verb},
    ctx::Ctx,
    options::{Opt, options},
    reply::{Reply, plain},
    text::{Text, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "maintenance",
    module: None,
    title: text("For operators", "Für Betreiber"),
    intents: Intents::empty(),
    groups: &[Group::new(
        text("maintenance", "wartung"),
        text("Keep everybody but operators out", "Alle außer Betreibern bleiben draußen"),
        &[Route::of::<On>(), Route::of::<Off>(), Route::of::<Status>()],
    )],
    presses: &[],
    submits: &[],
};

const IS_ON: Text = text(
    "Maintenance is on, everywhere. People are told: {notice}",
    "Wartung ist an, überall. Den Leuten wird gesagt: {notice}",
);
const IS_OFF: Text = text("No maintenance.", "Keine Wartung.");

options! {
    pub struct On {
        notice: Option<String> = Opt::new(
            text("notice", "hinweis"),
            text("What people are told", "Was den Leuten gesagt wird"),
        )
        .between(1, 300),
    }
}

impl Verb for On {
    const SPEC: Spec = Spec::new(
        text("on", "an"),
        text("Begin maintenance, everywhere", "Beginne die Wartung, überall"),
    )
    .for_operators()
    .examples(&["/maintenance on notice:Back at ten."]);

    async fn run(self, ctx: Ctx) -> Answer {
        let key = ctx.key()?;
        let notice = self.notice.as_deref();
        let now = ctx.actions().set_maintenance(&ctx.caller, true, notice, &key).await?;
        Ok(told(&ctx, &now))
    }
}

options! {
    pub struct Off {}
}

impl Verb for Off {
    const SPEC: Spec = Spec::new(text("off", "aus"), text("End maintenance", "Beende die Wartung"))
        .for_operators()
        .examples(&["/maintenance off"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let key = ctx.key()?;
        let now = ctx.actions().set_maintenance(&ctx.caller, false, None, &key).await?;
        Ok(told(&ctx, &now))
    }
}

options! {
    pub struct Status {}
}

impl Verb for Status {
    const SPEC: Spec = Spec::new(
        text("status", "stand"),
        text("Whether there is maintenance", "Ob gerade Wartung ist"),
    )
    .for_operators()
    .examples(&["/maintenance status"]);

    async fn run(self, ctx: Ctx) -> Answer {
        Ok(told(&ctx, &ctx.actions().maintenance().await?))
    }
}

fn told(ctx: &Ctx, now: &Maintenance) -> Reply {
    if now.on {
        Reply::new(ctx.fill(IS_ON, &[("notice", &plain(&now.notice))])).private()
    } else {
        Reply::good(ctx.say(IS_OFF)).private()
    }
}
