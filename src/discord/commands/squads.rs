//! `/squads`: teams of a community, to look at, to join and leave with buttons, and to look after.

mod join;
mod lists;
mod manage;
mod repair;

use actions::squads::{MODULE, SquadLine};
use domain::squads::SquadId;
use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Capability, Group, Press, Route, Suggestion},
    ctx::{Ctx, Typing},
    failure::Failure,
    reply::{cut, plain},
    text::{Text, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "squads",
    module: Some(&MODULE),
    title: text("Squads", "Teams"),
    intents: Intents::empty(),
    groups: &[Group::new(
        text("squads", "teams"),
        text("Teams of this community", "Teams dieser Community"),
        &[
            Route::of::<lists::List>(),
            Route::of::<join::Join>(),
            Route::of::<join::Leave>(),
            Route::of::<lists::Info>(),
            Route::of::<lists::Members>(),
            Route::of::<manage::Create>(),
            Route::of::<manage::Edit>(),
            Route::of::<manage::Delete>(),
            Route::of::<repair::Repair>(),
        ],
    )],
    presses: &[
        Press::new("join", |ctx, pressed| Box::pin(join::chosen(ctx, pressed))),
        Press::new("switch", |ctx, pressed| Box::pin(join::confirmed(ctx, pressed))),
        Press::new("leave", |ctx, pressed| Box::pin(join::left(ctx, pressed))),
        Press::new("members", |ctx, pressed| Box::pin(lists::turn(ctx, pressed))),
        Press::new("repair", |ctx, pressed| Box::pin(repair::confirmed(ctx, pressed))),
        Press::new("delete", |ctx, pressed| Box::pin(manage::deleted(ctx, pressed))),
    ],
    submits: &[],
};

const SQUAD: Text = text("squad", "team");
const WHICH: Text = text("Which one", "Welches");
const NO_SUCH: Text = text(
    "There is no squad {name}. Pick one from the list that comes while you type.",
    "Das Team {name} gibt es nicht. Nimm eines aus der Liste, die beim Tippen kommt.",
);

/// `**Red** @Red — The early birds`
fn described(line: &SquadLine) -> String {
    let (name, about) = (plain(&line.name), plain(&line.description));
    let dash = if about.is_empty() { "" } else { " — " };
    format!("**{name}** <@&{}>{dash}{about}", line.role)
}

/// The squad of this name, however it is written.
async fn named(ctx: &Ctx, name: &str) -> Result<SquadLine, Failure> {
    let wanted = name.trim().to_lowercase();
    let lines = ctx.actions().squads(ctx.guild(), &ctx.caller).await?;
    let found = lines.into_iter().find(|line| line.name.to_lowercase() == wanted);
    found.ok_or_else(|| {
        let shown = plain(&cut(name, 40));
        Failure::Refused(ctx.fill(NO_SUCH, &[("name", &shown)]))
    })
}

/// A squad that a button of ours names; it may be gone by now.
async fn numbered(ctx: &Ctx, squad: SquadId) -> Result<SquadLine, Failure> {
    const GONE: Text = text("This squad is gone.", "Dieses Team gibt es nicht mehr.");
    let lines = ctx.actions().squads(ctx.guild(), &ctx.caller).await?;
    let found = lines.into_iter().find(|line| line.squad == squad);
    found.ok_or_else(|| Failure::refused(GONE, ctx.lang()))
}

/// Squads by what was typed of their name.
async fn suggested(ctx: &Ctx, typing: &Typing) -> Vec<Suggestion> {
    let typed = typing.typed.to_lowercase();
    let lines = ctx.actions().squads(ctx.guild(), &ctx.caller).await.unwrap_or_default();
    let fits = lines.into_iter().filter(|line| line.name.to_lowercase().contains(&typed));
    fits.map(|line| Suggestion { title: line.name.clone(), value: line.name }).collect()
}
