//! `/squads list`, `info` and `members`: to look at.

use std::time::Duration;

use actions::squads::SquadLine;
use domain::{UserId, squads::SquadId};
use twilight_model::channel::message::component::ButtonStyle;

use super::{SQUAD, WHICH, described, named, numbered, suggested};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    confirm::{bind, bound},
    ctx::{Ctx, Pressed, Typing},
    custom_id::{long, short},
    failure::Failure,
    options::{Opt, options},
    reply::{Button, Reply, plain},
    text::{Text, number, text},
};

const PAGE: u32 = 20;

const TITLE: Text = text("Squads", "Teams");
const NONE: Text = text("There are no squads here.", "Hier gibt es keine Teams.");
const IN: Text = text("{who} is in **{name}** since {day}.", "{who} ist seit {day} in **{name}**.");
const IN_NONE: Text = text("{who} is in no squad.", "{who} ist in keinem Team.");
const COST: Text = text("Cost of joining another", "Kosten, einem anderen beizutreten");
const COST_FIRST: Text = text("Cost of joining", "Kosten des Beitritts");
const FREE: Text = text("free", "kostenlos");
const MINIMUM: Text = text("Minimum balance", "Mindestguthaben");
const CAN_JOIN: Text = text("Can join now", "Kann jetzt beitreten");
const NOBODY: Text = text("Nobody is in this squad.", "In diesem Team ist niemand.");
const MEMBERS: Text = text("Members of {name}", "Mitglieder von {name}");
const MORE: Text = text("More", "Weitere");
const ERASED: Text = text("somebody who was erased", "jemand, der gelöscht wurde");

options! {
    pub struct List {}
}

impl Verb for List {
    const SPEC: Spec =
        Spec::new(text("list", "liste"), text("Which squads there are", "Welche Teams es gibt"))
            .every(Duration::from_secs(3))
            .examples(&["/squads list"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let lines = ctx.actions().squads(ctx.guild(), &ctx.caller).await?;
        let shown: Vec<_> = lines.iter().filter(|line| line.active).map(described).collect();
        if shown.is_empty() {
            return Ok(Reply::new(ctx.say(NONE)).title(ctx.say(TITLE)));
        }
        Ok(Reply::new(shown.join("\n")).title(ctx.say(TITLE)))
    }
}

options! {
    pub struct Info {
        user: Option<UserId> = Opt::new(
            text("user", "mitglied"),
            text("Whose; your own otherwise", "Wessen; sonst deines"),
        ),
    }
}

impl Verb for Info {
    const SPEC: Spec = Spec::new(
        text("info", "info"),
        text(
            "Somebody's squad, and what they could join",
            "Das Team von jemandem, und welche offen sind",
        ),
    )
    .every(Duration::from_secs(2))
    .examples(&["/squads info", "/squads info user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let user = self.user.unwrap_or(ctx.user());
        let who = format!("<@{user}>");
        let info = ctx.actions().squad_info(ctx.guild(), &ctx.caller, user).await?;
        let body = match &info.current {
            None => ctx.fill(IN_NONE, &[("who", &who)]),
            Some((line, since)) => {
                let (name, day) = (plain(&line.name), format!("<t:{}:d>", since.as_secs()));
                ctx.fill(IN, &[("who", &who), ("name", &name), ("day", &day)])
            }
        };
        let amount = |amount: domain::Bytes| {
            format!("{} {}", number(ctx.lang(), amount.0), plain(&info.currency))
        };
        let cost = if info.cost.is_positive() { amount(info.cost) } else { ctx.say(FREE) };
        let about_cost = if info.current.is_some() { COST } else { COST_FIRST };
        let eligible: Vec<_> = info.eligible.iter().map(|line| plain(&line.name)).collect();
        let mut reply = Reply::new(body).field(ctx.say(about_cost), cost);
        if info.minimum.is_positive() {
            reply = reply.field(ctx.say(MINIMUM), amount(info.minimum));
        }
        Ok(reply.field(ctx.say(CAN_JOIN), eligible.join(", ")))
    }
}

options! {
    pub struct Members {
        squad: String = Opt::new(SQUAD, WHICH).between(1, 100).suggests(),
    }
}

impl Verb for Members {
    const SPEC: Spec = Spec::new(
        text("members", "mitglieder"),
        text("Who is in a squad, and since when", "Wer in einem Team ist, und seit wann"),
    )
    .private()
    .every(Duration::from_secs(2))
    .examples(&["/squads members squad:Red"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let line = named(&ctx, &self.squad).await?;
        page(&ctx, &line, None).await
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggested(&ctx, &typing).await
    }
}

/// The button below a page.
pub async fn turn(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let mut parts = rest.split('.').map(|part| long(part).and_then(|part| part.try_into().ok()));
    let (squad, after) = (parts.next().flatten(), parts.next().flatten());
    let squad = squad.map(SquadId);
    let squad =
        squad.ok_or_else(|| Failure::System("a button of ours names no squad".to_owned()))?;
    let line = numbered(&ctx, squad).await?;
    Ok(page(&ctx, &line, after).await?.replacing())
}

async fn page(ctx: &Ctx, line: &SquadLine, after: Option<u32>) -> Answer {
    let (actions, guild) = (ctx.actions(), ctx.guild());
    let page = actions.squad_members(guild, &ctx.caller, line.squad, after, PAGE).await?;
    let shown = page.lines.iter().map(|(user, since)| {
        let who = user.map_or_else(|| ctx.say(ERASED), |user| format!("<@{user}>"));
        format!("{who} <t:{}:d>", since.as_secs())
    });
    let mut lines: Vec<_> = shown.collect();
    if lines.is_empty() {
        lines.push(ctx.say(NOBODY));
    }
    let title = ctx.fill(MEMBERS, &[("name", &plain(&line.name))]);
    let reply = Reply::new(lines.join("\n")).title(title).private();
    let Some(next) = page.next else { return Ok(reply) };
    let place = format!("{}.{}", short(u64::from(line.squad.0)), short(u64::from(next)));
    let custom_id = ctx.edge.signer.seal(guild, "squads", "members", &bind(ctx, &place))?;
    let style = ButtonStyle::Secondary;
    Ok(reply.button(Button { label: ctx.say(MORE), custom_id, style, disabled: false }))
}
