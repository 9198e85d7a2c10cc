//! `/squads repair`: roles that were given or taken by hand, made as the squads are again.

use actions::{Permission, squads::Amiss};
use domain::{RoleId, UserId};

use crate::discord::{
    command::{Answer, Spec, Verb},
    confirm::{self, Confirmed},
    ctx::{Ctx, Pressed},
    options::options,
    reply::Reply,
    text::{Text, number, text},
};

const AS_OF: Text =
    text("All members were compared {when}.", "Alle Mitglieder wurden {when} abgeglichen.");
const FINE: Text = text(
    "Everybody in a squad has its role, and nobody else has. {compared}",
    "Alle in einem Team haben seine Rolle, und sonst niemand. {compared}",
);
const LACK: Text = text(
    "Members who lack the role of their squad, and get it: **{n}**",
    "Mitglieder, denen die Rolle ihres Teams fehlt und die sie bekommen: **{n}**",
);
const STRAYED: Text = text(
    "Members who have the role of a squad that they are not in, and lose it: **{n}**",
    "Mitglieder mit der Rolle eines Teams, in dem sie nicht sind und die sie verlieren: **{n}**",
);
const MORE: Text = text("and {n} more", "und {n} weitere");
const ORDERED: Text = text(
    "Roles that are given now: **{give}**. That are taken: **{take}**. They follow one after another.",
    "Rollen, die jetzt gegeben werden: **{give}**. Die genommen werden: **{take}**. Sie folgen nacheinander.",
);

options! {
    pub struct Repair {}
}

impl Verb for Repair {
    const SPEC: Spec = Spec::new(
        text("repair", "reparieren"),
        text("Make roles as the squads are", "Mach die Rollen wieder so, wie die Teams sind"),
    )
    .needs(Permission::ManageSettings)
    .private()
    .examples(&["/squads repair"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let amiss = ctx.actions().squad_roles_amiss(ctx.guild(), &ctx.caller).await?;
        let when = format!("<t:{}:R>", amiss.compared_at.as_secs());
        let compared = ctx.fill(AS_OF, &[("when", &when)]);
        if amiss.lack + amiss.strayed == 0 {
            let fine = ctx.fill(FINE, &[("compared", &compared)]);
            return Ok(Reply::good(fine).private());
        }
        let shown = shown(&ctx, &amiss, compared);
        confirm::ask(&ctx, "squads", "repair", "", Reply::new(shown).private())
    }
}

fn shown(ctx: &Ctx, amiss: &Amiss, compared: String) -> String {
    let mut lines = vec![compared];
    for (text, all, first) in
        [(LACK, amiss.lack, &amiss.who_lack), (STRAYED, amiss.strayed, &amiss.who_strayed)]
    {
        if all == 0 {
            continue;
        }
        lines.push(ctx.fill(text, &[("n", &counted(ctx, all))]));
        lines.extend(first.iter().map(|(user, role)| line(*user, *role)));
        let more = all - first.len().min(all);
        if more > 0 {
            lines.push(ctx.fill(MORE, &[("n", &counted(ctx, more))]));
        }
    }
    lines.join("\n")
}

fn line(user: UserId, role: RoleId) -> String {
    format!("<@{user}> · <@&{role}>")
}

fn counted(ctx: &Ctx, count: usize) -> String {
    number(ctx.lang(), i64::try_from(count).unwrap_or(i64::MAX))
}

/// It was confirmed.
pub async fn confirmed(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, async |ctx: Ctx, confirmed: Confirmed| {
        let (actions, guild) = (ctx.actions(), ctx.guild());
        let (give, take) = actions.repair_squad_roles(guild, &ctx.caller, &confirmed.key).await?;
        let (give, take) = (counted(&ctx, give), counted(&ctx, take));
        Ok(Reply::good(ctx.fill(ORDERED, &[("give", &give), ("take", &take)])).private())
    })
    .await
}
