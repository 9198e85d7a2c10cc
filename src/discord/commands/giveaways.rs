//! `/giveaway`: prizes drawn among members who press a button.

mod entering;
mod hosting;
mod looking;
mod templates;

use actions::giveaways::{BoardLine, MAX_LIST, MODULE, Status};
use domain::{GiveawayId, text::parse_duration};
use twilight_model::gateway::Intents;
use uuid::Uuid;

use crate::{
    discord::{
        command::{Capability, Group, Press, Route, Suggestion},
        ctx::{Ctx, Typing},
        custom_id::long_uuid,
        failure::Failure,
        reply::cut,
        text::{Text, text},
    },
    processes::giveaways::CAPABILITY as NAME,
};

pub const CAPABILITY: Capability = Capability {
    name: NAME,
    module: Some(&MODULE),
    title: text("Giveaways", "Verlosungen"),
    intents: Intents::empty(),
    groups: &[Group::new(
        text("giveaway", "verlosung"),
        text("Prizes for members who enter", "Gewinne für Mitglieder, die mitmachen"),
        &[
            Route::of::<hosting::Create>(),
            Route::of::<hosting::Edit>(),
            Route::of::<hosting::Pause>(),
            Route::of::<hosting::Resume>(),
            Route::of::<hosting::End>(),
            Route::of::<hosting::Cancel>(),
            Route::of::<hosting::Reroll>(),
            Route::of::<looking::List>(),
            Route::of::<looking::Entrants>(),
            Route::of::<looking::Log>(),
            Route::of::<looking::Verify>(),
            Route::of::<templates::Template>(),
        ],
    )],
    presses: &[
        Press::new("enter", |ctx, pressed| Box::pin(entering::enter(ctx, pressed))),
        Press::new("leave", |ctx, pressed| Box::pin(entering::leave(ctx, pressed))),
        Press::new("receipt", |ctx, pressed| Box::pin(entering::receipt(ctx, pressed))),
        Press::new("claim", |ctx, pressed| Box::pin(entering::claim(ctx, pressed))),
        Press::new("entrants", |ctx, pressed| Box::pin(looking::turn(ctx, pressed))),
        Press::new("cancel", |ctx, pressed| Box::pin(hosting::cancelled(ctx, pressed))),
    ],
    submits: &[],
};

const WHICH: Text = text("giveaway", "verlosung");
const WHICH_ABOUT: Text =
    text("Which one: choose a suggestion", "Welche: wähl einen Vorschlag aus");
const CHOOSE: Text =
    text("Choose a giveaway from the suggestions.", "Wähl eine Verlosung aus den Vorschlägen aus.");
const NO_LENGTH: Text = text(
    "I cannot read {text} as a length of time. Write it like 90s, 5m, 24h or 7d.",
    "Ich kann {text} nicht als Dauer lesen. Schreib sie wie 90s, 5m, 24h oder 7d.",
);
const OLD: Text =
    text("This button belongs to no giveaway.", "Dieser Knopf gehört zu keiner Verlosung.");

/// The giveaway that an option names.
fn chosen(ctx: &Ctx, text: &str) -> Result<GiveawayId, Failure> {
    let id = Uuid::parse_str(text.trim()).map(GiveawayId);
    id.map_err(|_| Failure::refused(CHOOSE, ctx.lang()))
}

/// The giveaway that a button belongs to.
fn of_button(ctx: &Ctx, payload: &str) -> Result<GiveawayId, Failure> {
    let id = long_uuid(payload).map(GiveawayId);
    id.ok_or_else(|| Failure::refused(OLD, ctx.lang()))
}

/// A length of time, as people write it.
fn seconds(ctx: &Ctx, text: Option<&str>) -> Result<Option<u32>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let secs = parse_duration(text);
    let unclear = || {
        let shown = crate::discord::reply::plain(&cut(text, 40));
        Failure::Refused(ctx.fill(NO_LENGTH, &[("text", &shown)]))
    };
    secs.map(Some).ok_or_else(unclear)
}

const fn status(status: Status) -> Text {
    match status {
        Status::Open => text("open", "offen"),
        Status::Paused => text("paused", "pausiert"),
        Status::Closed => text("being drawn", "wird gezogen"),
        Status::Drawn => text("drawn", "gezogen"),
        Status::Cancelled => text("called off", "abgesagt"),
        Status::Failed => text("could not be posted", "konnte nicht veröffentlicht werden"),
    }
}

/// Giveaways whose prize holds what was typed, the newest first; of these statuses only.
async fn suggest(ctx: &Ctx, typing: &Typing, wanted: &[Status]) -> Vec<Suggestion> {
    let listed = ctx.actions().giveaways(ctx.guild(), &ctx.caller, None, None, MAX_LIST).await;
    let typed = typing.typed.trim().to_lowercase();
    let fits = |line: &BoardLine| {
        wanted.contains(&line.status) && line.terms.prize.to_lowercase().contains(&typed)
    };
    let title = |line: &BoardLine| {
        let state = ctx.say(status(line.status));
        cut(&format!("{} ({state})", line.terms.prize), 100)
    };
    let lines = listed.unwrap_or_default();
    let lines = lines.iter().filter(|line| fits(line));
    lines.map(|line| Suggestion { title: title(line), value: line.giveaway.to_string() }).collect()
}
