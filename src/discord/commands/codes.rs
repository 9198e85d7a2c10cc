//! `/redeem`, and `/codes` for those who make them. Codes are shown to one person alone, once.

mod lists;
mod manage;

use std::time::Duration;

use actions::codes::MODULE;
use domain::campaign::Reward;
use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Answer, Capability, Group, Press, Route, Spec, Verb},
    ctx::Ctx,
    failure::Failure,
    options::{Opt, options},
    reply::{Reply, plain},
    text::{Text, number, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "codes",
    module: Some(&MODULE),
    title: text("Codes", "Codes"),
    intents: Intents::empty(),
    groups: &[
        Group::verb(&[Route::of::<Redeem>()]),
        Group::new(
            text("codes", "codes"),
            text("Codes that give something", "Codes, die etwas geben"),
            &[
                Route::of::<manage::Create>(),
                Route::of::<lists::List>(),
                Route::of::<lists::Stats>(),
                Route::of::<manage::Limit>(),
                Route::of::<manage::Revoke>(),
                Route::of::<manage::Retry>(),
            ],
        ),
    ],
    presses: &[
        Press::new("page", |ctx, pressed| Box::pin(lists::turn(ctx, pressed))),
        Press::new("uses", |ctx, pressed| Box::pin(lists::turn_uses(ctx, pressed))),
        Press::new("revoke", |ctx, pressed| Box::pin(manage::revoke_all(ctx, pressed))),
    ],
    submits: &[],
};

const BYTES: Text = text(
    "You get **{amount} {currency}**. They are in your account in a moment.",
    "Du bekommst **{amount} {currency}**. Sie sind gleich auf deinem Konto.",
);
const ROLE: Text = text(
    "You get the role {role}. It is there in a moment.",
    "Du bekommst die Rolle {role}. Sie ist gleich da.",
);
const TIER: Text = text(
    "You get {days} days of {role}. They begin in a moment.",
    "Du bekommst {days} Tage {role}. Sie beginnen gleich.",
);
const BEFORE: Text = text(
    "That was redeemed already, and not again.",
    "Das war schon eingelöst, und nicht noch einmal.",
);

options! {
    pub struct Redeem {
        code: String = Opt::new(text("code", "code"), text("What it says", "Was darauf steht"))
            .between(1, 64),
    }
}

impl Verb for Redeem {
    const SPEC: Spec =
        Spec::new(text("redeem", "einlösen"), text("Redeem a code", "Löse einen Code ein"))
            .private()
            .every(Duration::from_secs(2))
            .examples(&["/redeem code:7KQ2-M9XD-R4TB"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (guild, at, key) = (ctx.guild(), ctx.at(), ctx.key()?);
        let actions = ctx.actions();
        let redeemed = actions.redeem_code(guild, &ctx.caller, &self.code, at, &key).await?;
        if redeemed.repeated {
            return Ok(Reply::new(ctx.say(BEFORE)).private());
        }
        let told = match redeemed.reward {
            Reward::Bytes { amount } => {
                let (amount, currency) = (number(ctx.lang(), amount.0), currency(&ctx).await?);
                ctx.fill(BYTES, &[("amount", &amount), ("currency", &currency)])
            }
            Reward::Role { role } => ctx.fill(ROLE, &[("role", &format!("<@&{role}>"))]),
            Reward::Tier { role, days } => {
                ctx.fill(TIER, &[("days", &days), ("role", &format!("<@&{role}>"))])
            }
        };
        Ok(Reply::good(told).private())
    }
}

/// What this community calls its currency.
async fn currency(ctx: &Ctx) -> Result<String, Failure> {
    Ok(plain(&ctx.actions().economy_terms(ctx.guild()).await?.values.currency))
}

/// What a code gives, in few words.
fn gives(ctx: &Ctx, reward: Reward, currency: &str) -> String {
    const DAYS: Text = text("{role} for {days} days", "{role} für {days} Tage");
    match reward {
        Reward::Bytes { amount } => format!("{} {currency}", number(ctx.lang(), amount.0)),
        Reward::Role { role } => format!("<@&{role}>"),
        Reward::Tier { role, days } => {
            ctx.fill(DAYS, &[("role", &format!("<@&{role}>")), ("days", &days)])
        }
    }
}
