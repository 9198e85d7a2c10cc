//! `/tiers`: roles with benefits, held for a time; to look at, and for those who give them.

mod manage;

use std::time::Duration;

use actions::tiers::{HeldLine, MODULE, TierLine};
use domain::{
    RoleId, UserId,
    tiers::{Failure as Why, RoleState},
};
use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Answer, Capability, Group, Press, Route, Spec, Verb},
    ctx::Ctx,
    options::{Opt, options},
    reply::{Reply, plain},
    text::{Text, number, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "tiers",
    module: Some(&MODULE),
    title: text("Tiers", "Stufen"),
    intents: Intents::empty(),
    groups: &[Group::new(
        text("tiers", "stufen"),
        text("Roles with benefits, for a time", "Rollen mit Vorteilen, auf Zeit"),
        &[
            Route::of::<List>(),
            Route::of::<Show>(),
            Route::of::<manage::Holders>(),
            Route::of::<manage::Set>(),
            Route::of::<manage::Remove>(),
            Route::of::<manage::Give>(),
            Route::of::<manage::Take>(),
        ],
    )],
    presses: &[Press::new("holders", |ctx, pressed| Box::pin(manage::turn(ctx, pressed)))],
    submits: &[],
};

const TITLE: Text = text("Tiers", "Stufen");
const NONE: Text = text("There are no tiers here.", "Hier gibt es keine Stufen.");
const BONUS: Text = text(
    "{amount} {currency} more with each daily reward",
    "{amount} {currency} mehr bei jeder täglichen Belohnung",
);
const HOLDS_NONE: Text = text("{who} holds no tier.", "{who} hat keine Stufe.");
const HOLDS: Text = text("{name} {role} until {when}{state}", "{name} {role} bis {when}{state}");
const COMING: Text = text(" (the role is on its way)", " (die Rolle ist unterwegs)");
const GIVEN: Text = text("", "");
const GONE: Text = text(" (the role was deleted)", " (die Rolle wurde gelöscht)");
const LEFT: Text = text(
    " (the role comes when they are back and ask again)",
    " (die Rolle kommt nach dem Wiedereintritt auf Nachfrage)",
);
const NOT_ALLOWED: Text = text(
    " (I may not give the role: mine must be above it)",
    " (ich darf die Rolle nicht geben: meine muss darüber stehen)",
);
const UNAVAILABLE: Text = text(
    " (Discord did not take the role; ask again)",
    " (Discord nahm die Rolle nicht an; frag noch einmal)",
);

options! {
    pub struct List {}
}

impl Verb for List {
    const SPEC: Spec =
        Spec::new(text("list", "liste"), text("Which tiers there are", "Welche Stufen es gibt"))
            .every(Duration::from_secs(3))
            .examples(&["/tiers list"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let tiers = ctx.actions().tiers(ctx.guild(), &ctx.caller).await?;
        if tiers.is_empty() {
            return Ok(Reply::new(ctx.say(NONE)).title(ctx.say(TITLE)));
        }
        let currency = plain(&ctx.actions().economy_terms(ctx.guild()).await?.values.currency);
        let lines = tiers.iter().map(|tier| described(&ctx, tier, &currency));
        Ok(Reply::new(lines.collect::<Vec<_>>().join("\n")).title(ctx.say(TITLE)))
    }
}

/// `**VIP** @VIP — 5 bytes more with each daily reward`
fn described(ctx: &Ctx, tier: &TierLine, currency: &str) -> String {
    let mut line = format!("**{}** <@&{}>", plain(&tier.name), tier.role);
    if tier.daily_bonus.is_positive() {
        let amount = number(ctx.lang(), tier.daily_bonus.0);
        let bonus = ctx.fill(BONUS, &[("amount", &amount), ("currency", &currency)]);
        line = format!("{line} — {bonus}");
    }
    line
}

options! {
    pub struct Show {
        user: Option<UserId> = Opt::new(
            text("user", "mitglied"),
            text("Whose; your own otherwise", "Wessen; sonst deine"),
        ),
    }
}

impl Verb for Show {
    const SPEC: Spec = Spec::new(
        text("show", "zeigen"),
        text(
            "Which tiers somebody holds, and get the roles",
            "Wer welche Stufen hat, und her mit den Rollen",
        ),
    )
    .every(Duration::from_secs(5))
    .examples(&["/tiers show", "/tiers show user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let user = self.user.unwrap_or(ctx.user());
        let has = roles_of(&ctx, user);
        let key = ctx.key()?;
        let held = ctx.actions().check_tiers(ctx.guild(), &ctx.caller, user, &has, &key).await?;
        let who = format!("<@{user}>");
        if held.is_empty() {
            return Ok(Reply::new(ctx.fill(HOLDS_NONE, &[("who", &who)])));
        }
        let mut lines = vec![who];
        lines.extend(held.iter().map(|line| shown(&ctx, line)));
        Ok(Reply::new(lines.join("\n")).title(ctx.say(TITLE)))
    }
}

/// A member's roles now, as Discord told of them.
fn roles_of(ctx: &Ctx, user: UserId) -> Vec<RoleId> {
    if user == ctx.user() {
        return ctx.asked.standing.roles.clone();
    }
    let told = ctx.asked.told_of(user).and_then(|named| named.roles.clone());
    told.unwrap_or_default()
}

fn shown(ctx: &Ctx, line: &HeldLine) -> String {
    let state = ctx.say(match line.state {
        RoleState::Ordered => COMING,
        RoleState::Given => GIVEN,
        RoleState::Failed(Why::RoleGone) => GONE,
        RoleState::Failed(Why::MemberGone) => LEFT,
        RoleState::Failed(Why::NotAllowed) => NOT_ALLOWED,
        RoleState::Failed(Why::Unavailable) => UNAVAILABLE,
    });
    let name = line.name.as_deref().map_or_else(String::new, |name| format!("**{}**", plain(name)));
    let (role, when) = (format!("<@&{}>", line.role), format!("<t:{}:f>", line.until.as_secs()));
    ctx.fill(HOLDS, &[("name", &name), ("role", &role), ("when", &when), ("state", &state)])
}
