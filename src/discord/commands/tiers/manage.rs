//! `/tiers set`, `remove`, `give`, `take` and `holders`: for those who may manage the economy.

use actions::{Permission, RoleFacts, unknown_role};
use domain::{
    Bytes, RoleId, UserId,
    tiers::{MAX_BONUS, MAX_DAYS, MAX_NAME_CHARS},
};
use twilight_model::channel::message::component::ButtonStyle;

use crate::discord::{
    command::{Answer, Spec, Verb},
    confirm::{bind, bound},
    ctx::{Ctx, Pressed},
    custom_id::{long, short},
    failure::Failure,
    options::{Opt, options},
    reply::{Button, Reply, plain},
    text::{Text, text},
};

/// As Discord is told.
const NAME_CHARS: i64 = 32;
const _: () = assert!(NAME_CHARS.unsigned_abs() == MAX_NAME_CHARS as u64, "one limit");
const PAGE: u32 = 20;

const SET: Text = text("**{name}** is the tier of {role}.", "**{name}** ist die Stufe von {role}.");
const REMOVED: Text = text(
    "{role} is no tier any more. Whoever holds it keeps it until its end.",
    "{role} ist keine Stufe mehr. Wer sie hat, behält sie bis zu ihrem Ende.",
);
const GAVE: Text = text("{who} holds {role} until {when}.", "{who} hat {role} bis {when}.");
const TOOK: Text = text("{who} no longer holds {role}.", "{who} hat {role} nicht mehr.");
const NOBODY: Text = text("Nobody holds this tier.", "Niemand hat diese Stufe.");
const HOLDER: Text = text("{who} until {when}", "{who} bis {when}");
const ERASED: Text = text("somebody who was erased", "jemand, der gelöscht wurde");
const MORE: Text = text("More", "Weitere");

const ROLE: Text = text("role", "rolle");
const OF_TIER: Text = text("The role of the tier", "Die Rolle der Stufe");
const USER: Text = text("user", "mitglied");

options! {
    pub struct Set {
        role: RoleId = Opt::new(ROLE, text("Which role is a tier", "Welche Rolle eine Stufe ist")),
        name: String = Opt::new(text("name", "name"), text("What it is called", "Wie sie heißt"))
            .between(1, NAME_CHARS),
        daily_bonus: Option<Bytes> = Opt::new(
            text("daily_bonus", "tagesbonus"),
            text("So many more with each daily reward", "So viele mehr bei jeder täglichen Belohnung"),
        )
        .between(0, MAX_BONUS.0),
    }
}

impl Verb for Set {
    const SPEC: Spec = Spec::new(
        text("set", "festlegen"),
        text("Make a role a tier, or change one", "Mach eine Rolle zur Stufe, oder ändere sie"),
    )
    .needs(Permission::ManageEconomy)
    .private()
    .examples(&["/tiers set role:@VIP name:VIP daily_bonus:5"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (facts, key) = (facts(&ctx, self.role)?, ctx.key()?);
        let bonus = self.daily_bonus.unwrap_or(Bytes::ZERO);
        let (actions, guild) = (ctx.actions(), ctx.guild());
        actions.set_tier(guild, &ctx.caller, facts, &self.name, bonus, &key).await?;
        let (name, role) = (plain(self.name.trim()), format!("<@&{}>", self.role));
        Ok(Reply::good(ctx.fill(SET, &[("name", &name), ("role", &role)])).private())
    }
}

options! {
    pub struct Remove {
        role: RoleId = Opt::new(ROLE, OF_TIER),
    }
}

impl Verb for Remove {
    const SPEC: Spec = Spec::new(
        text("remove", "entfernen"),
        text("A role is no tier any more", "Eine Rolle ist keine Stufe mehr"),
    )
    .needs(Permission::ManageEconomy)
    .private()
    .examples(&["/tiers remove role:@VIP"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let key = ctx.key()?;
        ctx.actions().remove_tier(ctx.guild(), &ctx.caller, self.role, &key).await?;
        let role = format!("<@&{}>", self.role);
        Ok(Reply::good(ctx.fill(REMOVED, &[("role", &role)])).private())
    }
}

options! {
    pub struct Give {
        user: UserId = Opt::new(USER, text("Who gets it", "Wer sie bekommt")),
        role: RoleId = Opt::new(ROLE, OF_TIER),
        days: u32 = Opt::new(
            text("days", "tage"),
            text("For so many days; more where they hold it", "So viele Tage; mehr, wer sie schon hat"),
        )
        .between(1, MAX_DAYS as i64),
    }
}

impl Verb for Give {
    const SPEC: Spec = Spec::new(
        text("give", "geben"),
        text("Give a tier for some days", "Gib eine Stufe für einige Tage"),
    )
    .needs(Permission::ManageEconomy)
    .examples(&["/tiers give user:@Tobi role:@VIP days:30"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (facts, key) = (facts(&ctx, self.role)?, ctx.key()?);
        let (actions, guild, to) = (ctx.actions(), ctx.guild(), (self.user, facts));
        let until = actions.give_tier(guild, &ctx.caller, to, self.days, &key).await?;
        let (who, role) = (format!("<@{}>", self.user), format!("<@&{}>", self.role));
        let when = format!("<t:{}:f>", until.as_secs());
        Ok(Reply::good(ctx.fill(GAVE, &[("who", &who), ("role", &role), ("when", &when)])))
    }
}

options! {
    pub struct Take {
        user: UserId = Opt::new(USER, text("Who loses it", "Wer sie verliert")),
        role: RoleId = Opt::new(ROLE, OF_TIER),
    }
}

impl Verb for Take {
    const SPEC: Spec =
        Spec::new(text("take", "nehmen"), text("Take a tier away", "Nimm eine Stufe weg"))
            .needs(Permission::ManageEconomy)
            .private()
            .examples(&["/tiers take user:@Tobi role:@VIP"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (key, of) = (ctx.key()?, (self.user, self.role));
        ctx.actions().take_tier(ctx.guild(), &ctx.caller, of, &key).await?;
        let (who, role) = (format!("<@{}>", self.user), format!("<@&{}>", self.role));
        Ok(Reply::good(ctx.fill(TOOK, &[("who", &who), ("role", &role)])).private())
    }
}

options! {
    pub struct Holders {
        role: RoleId = Opt::new(ROLE, OF_TIER),
    }
}

impl Verb for Holders {
    const SPEC: Spec = Spec::new(
        text("holders", "inhaber"),
        text("Who holds a tier, and until when", "Wer eine Stufe hat, und bis wann"),
    )
    .needs(Permission::ManageEconomy)
    .private()
    .examples(&["/tiers holders role:@VIP"]);

    async fn run(self, ctx: Ctx) -> Answer {
        page(&ctx, self.role, 0).await
    }
}

/// The button below a page.
pub async fn turn(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let mut parts = rest.split('.').map(long);
    let role = parts.next().flatten().and_then(|role| RoleId::new(role).ok());
    let skip = parts.next().flatten().and_then(|skip| skip.try_into().ok());
    let (Some(role), Some(skip)) = (role, skip) else {
        return Err(Failure::System("a button of ours names no tier".to_owned()));
    };
    Ok(page(&ctx, role, skip).await?.replacing())
}

async fn page(ctx: &Ctx, role: RoleId, skip: u32) -> Answer {
    let (actions, guild) = (ctx.actions(), ctx.guild());
    let page = actions.tier_holders(guild, &ctx.caller, role, skip, PAGE).await?;
    let shown = page.lines.iter().map(|(user, until)| {
        let who = user.map_or_else(|| ctx.say(ERASED), |user| format!("<@{user}>"));
        let when = format!("<t:{}:f>", until.as_secs());
        ctx.fill(HOLDER, &[("who", &who), ("when", &when)])
    });
    let mut lines = vec![format!("<@&{role}>")];
    lines.extend(shown);
    if page.lines.is_empty() {
        lines.push(ctx.say(NOBODY));
    }
    let reply = Reply::new(lines.join("\n")).private();
    if !page.more {
        return Ok(reply);
    }
    let place = format!("{}.{}", short(role.get()), short(u64::from(skip + PAGE)));
    let custom_id = ctx.edge.signer.seal(guild, "tiers", "holders", &bind(ctx, &place))?;
    let style = ButtonStyle::Secondary;
    Ok(reply.button(Button { label: ctx.say(MORE), custom_id, style, disabled: false }))
}

fn facts(ctx: &Ctx, role: RoleId) -> Result<RoleFacts, Failure> {
    let facts = ctx.edge.guilds.role_facts(ctx.guild(), role, ctx.edge.us);
    Ok(facts.ok_or_else(unknown_role)?)
}
