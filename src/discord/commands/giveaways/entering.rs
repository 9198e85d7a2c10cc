//! What entrants press: enter, leave, their receipt, and the prize.

use actions::giveaways::{Entrance, Receipt};

use super::of_button;
use crate::discord::{
    command::Answer,
    ctx::{Ctx, Pressed},
    reply::{Reply, plain},
    text::{Text, number, text},
};

const ENTERED: Text = text("You are in.", "Du bist dabei.");
const ALREADY: Text = text("You are in already.", "Du bist schon dabei.");
const LEFT: Text = text(
    "You are not in any more. Your number stays yours if you come back.",
    "Du bist nicht mehr dabei. Deine Nummer bleibt deine, wenn du wiederkommst.",
);
const NOT_IN: Text = text("You are not in.", "Du bist nicht dabei.");
const ENTRY: Text = text("Your entry", "Deine Teilnahme");
const CHANCES: Text = text("Chances", "Chancen");
const MEMBER: Text = text("Your member number", "Deine Mitgliedsnummer");
const SALT: Text = text("Your salt (tell nobody)", "Dein Salz (sag es niemandem)");
const TAG: Text = text("Your tag in the list", "Dein Zeichen in der Liste");
const KEEP: Text = text(
    "After the draw you find your entry with these in the list of /giveaway verify.",
    "Nach der Ziehung findest du damit deine Teilnahme in der Liste von /giveaway verify.",
);
const SOON: Text = text(
    "Your salt is being written down. Look at your receipt in a moment.",
    "Dein Salz wird gerade aufgeschrieben. Sieh dir gleich deinen Beleg an.",
);
const CLAIMED: Text = text("{who} has claimed **{prize}**.", "{who} hat **{prize}** abgeholt.");

pub async fn enter(ctx: Ctx, pressed: Pressed) -> Answer {
    let (id, key) = (of_button(&ctx, &pressed.payload)?, ctx.key()?);
    let entrance = Entrance {
        user: ctx.user(),
        roles: ctx.asked.standing.roles.clone(),
        joined_at: ctx.asked.joined_at,
        at: ctx.at(),
    };
    let entered =
        ctx.actions().enter_giveaway(ctx.guild(), &ctx.caller, id, entrance, &key).await?;
    Ok(held(&ctx, &entered, if entered.already { ALREADY } else { ENTERED }))
}

pub async fn leave(ctx: Ctx, pressed: Pressed) -> Answer {
    let (id, key) = (of_button(&ctx, &pressed.payload)?, ctx.key()?);
    let (guild, user, at) = (ctx.guild(), ctx.user(), ctx.at());
    let left = ctx.actions().leave_giveaway(guild, &ctx.caller, id, user, at, &key).await?;
    Ok(Reply::new(ctx.say(if left { LEFT } else { NOT_IN })).private())
}

pub async fn receipt(ctx: Ctx, pressed: Pressed) -> Answer {
    let id = of_button(&ctx, &pressed.payload)?;
    let user = ctx.user();
    let held_by = ctx.actions().giveaway_receipt(ctx.guild(), &ctx.caller, id, user).await?;
    Ok(match held_by {
        Some(receipt) => held(&ctx, &receipt, ALREADY),
        None => Reply::new(ctx.say(NOT_IN)).private(),
    })
}

fn held(ctx: &Ctx, receipt: &Receipt, says: Text) -> Reply {
    let reply = Reply::good(ctx.say(says))
        .private()
        .field(ctx.say(ENTRY), number(ctx.lang(), i64::from(receipt.entry)))
        .field(ctx.say(CHANCES), number(ctx.lang(), i64::from(receipt.weight)));
    match receipt.secret {
        None => reply.footer(ctx.say(SOON)),
        Some(secret) => reply
            .field(ctx.say(MEMBER), receipt.person.0.to_string())
            .field(ctx.say(SALT), format!("`{}`", secret.salt))
            .field(ctx.say(TAG), format!("`{}`", secret.tag))
            .footer(ctx.say(KEEP)),
    }
}

pub async fn claim(ctx: Ctx, pressed: Pressed) -> Answer {
    let (id, key) = (of_button(&ctx, &pressed.payload)?, ctx.key()?);
    let (guild, user, at) = (ctx.guild(), ctx.user(), ctx.at());
    ctx.actions().claim_prize(guild, &ctx.caller, id, user, at, &key).await?;
    let shown = ctx.actions().giveaway(guild, &ctx.caller, id).await?;
    let (who, prize) = (format!("<@{user}>"), plain(&shown.terms.prize));
    // In the place of the button: it can be seen that it was pressed.
    Ok(Reply::good(ctx.fill(CLAIMED, &[("who", &who), ("prize", &prize)])).replacing())
}
