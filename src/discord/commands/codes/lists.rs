//! `/codes list` and `/codes stats`: which codes there are, who made them, and who redeemed them.

use actions::{
    Permission,
    codes::{CampaignLine, Redemption},
};
use domain::{CampaignId, UserId};
use projections::codes::uses::State;
use twilight_model::channel::message::component::ButtonStyle;

use super::{
    currency, gives,
    manage::{CAMPAIGN, WHICH_ONE, long, named, no_such, short},
};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    confirm::{bind, bound},
    ctx::{Ctx, Pressed, Typing},
    custom_id,
    failure::Failure,
    options::{Opt, options},
    reply::{Button, Reply, cut, plain},
    text::{Text, number, text},
};

const PAGE: u32 = 10;
const SUGGESTED: u32 = 50;
/// Of a suggestion.
const MAX_TITLE: usize = 100;

const TITLE: Text = text("Codes", "Codes");
const NOTHING: Text = text("There are no codes. /codes create makes some.", "Es gibt keine Codes.");
const NOBODY: Text = text("Nobody has redeemed one yet.", "Noch niemand hat einen eingelöst.");
const OLDER: Text = text("Older", "Ältere");
const SOMEBODY: Text = text("somebody who was erased", "jemand, der gelöscht wurde");
const USED: Text = text("{uses} used", "{uses} eingelöst");
const USED_OF: Text = text("{uses} of {most} used", "{uses} von {most} eingelöst");
const FAILED: Text = text("not delivered: {n}", "nicht zugestellt: {n}");
const REVOKED: Text = text("revoked", "widerrufen");
const UNTIL: Text = text("until {when}", "bis {when}");
const CREATOR: Text = text("Made by", "Von");
const GIVES: Text = text("Gives", "Gibt");
const CODES: Text = text("Codes", "Codes");
const USES: Text = text("Redeemed", "Eingelöst");
const DELIVERED: Text = text("Delivered", "Zugestellt");
const NOT_DELIVERED: Text = text("Not delivered", "Nicht zugestellt");

options! {
    pub struct List {}
}

impl Verb for List {
    const SPEC: Spec = Spec::new(
        text("list", "liste"),
        text(
            "Which codes there are, and how far they are",
            "Welche Codes es gibt, und wie weit sie sind",
        ),
    )
    .needs(Permission::ManageEconomy)
    .private()
    .examples(&["/codes list"]);

    async fn run(self, ctx: Ctx) -> Answer {
        page(&ctx, None).await
    }
}

/// The button below a page.
pub async fn turn(ctx: Ctx, pressed: Pressed) -> Answer {
    match bound(&ctx, &pressed.payload) {
        Ok(rest) => Ok(page(&ctx, custom_id::long(rest)).await?.replacing()),
        Err(reply) => Ok(*reply),
    }
}

async fn page(ctx: &Ctx, before: Option<u64>) -> Answer {
    let page = ctx.actions().campaigns(ctx.guild(), &ctx.caller, before, PAGE).await?;
    if page.lines.is_empty() {
        return Ok(Reply::new(ctx.say(NOTHING)).title(ctx.say(TITLE)).private());
    }
    let currency = currency(ctx).await?;
    let lines = page.lines.iter().map(|line| shown(ctx, line, &currency));
    let body = lines.collect::<Vec<_>>().join("\n");
    let reply = Reply::new(body).title(ctx.say(TITLE)).private();
    match page.next {
        None => Ok(reply),
        Some(next) => Ok(reply.button(button(ctx, "page", &custom_id::short(next))?)),
    }
}

fn button(ctx: &Ctx, verb: &str, place: &str) -> Result<Button, Failure> {
    let custom_id = ctx.edge.signer.seal(ctx.guild(), "codes", verb, &bind(ctx, place))?;
    let style = ButtonStyle::Secondary;
    Ok(Button { label: ctx.say(OLDER), custom_id, style, disabled: false })
}

/// `**Launch** (50 bytes): 7 of 100 used, until …, not delivered: 1 — @ann`
fn shown(ctx: &Ctx, line: &CampaignLine, currency: &str) -> String {
    let mut parts = vec![used(ctx, line)];
    if line.revoked {
        parts.push(ctx.say(REVOKED));
    } else if let Some(until) = line.until {
        parts.push(ctx.fill(UNTIL, &[("when", &format!("<t:{}:f>", until.as_secs()))]));
    }
    if line.failed > 0 {
        parts.push(ctx.fill(FAILED, &[("n", &line.failed)]));
    }
    let (name, reward) = (plain(&line.name), gives(ctx, line.reward, currency));
    format!("**{name}** ({reward}): {} — {}", parts.join(", "), who(ctx, line.creator))
}

fn used(ctx: &Ctx, line: &CampaignLine) -> String {
    let uses = number(ctx.lang(), i64::from(line.uses));
    match line.uses_most {
        None => ctx.fill(USED, &[("uses", &uses)]),
        Some(most) => {
            let most = number(ctx.lang(), i64::from(most));
            ctx.fill(USED_OF, &[("uses", &uses), ("most", &most)])
        }
    }
}

fn who(ctx: &Ctx, user: Option<UserId>) -> String {
    user.map_or_else(|| ctx.say(SOMEBODY), |user| format!("<@{user}>"))
}

options! {
    pub struct Stats {
        campaign: String = Opt::new(CAMPAIGN, WHICH_ONE).between(1, 36).suggests(),
    }
}

impl Verb for Stats {
    const SPEC: Spec = Spec::new(
        text("stats", "statistik"),
        text(
            "Who made a campaign, and who redeemed it",
            "Von wem eine Kampagne ist, und wer sie einlöste",
        ),
    )
    .needs(Permission::ManageEconomy)
    .private()
    .examples(&["/codes stats campaign:Launch"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let campaign = named(&ctx, &self.campaign)?;
        uses(&ctx, campaign, None).await
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggested(&ctx, &typing.typed).await
    }
}

/// The button below a page of uses.
pub async fn turn_uses(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let (campaign, before) = rest.split_once('.').unwrap_or((rest, ""));
    let campaign = long(campaign)
        .ok_or_else(|| Failure::System("a button of ours names no campaign".to_owned()))?;
    let before = custom_id::long(before).and_then(|before| before.try_into().ok());
    Ok(uses(&ctx, campaign, before).await?.replacing())
}

async fn uses(ctx: &Ctx, campaign: CampaignId, before: Option<u32>) -> Answer {
    let (actions, guild) = (ctx.actions(), ctx.guild());
    let stats = actions.campaign_stats(guild, &ctx.caller, campaign, before, PAGE).await?;
    let (line, page) = stats.ok_or_else(|| no_such(ctx))?;
    let mut lines: Vec<_> = page.lines.iter().map(|redeemed| redemption(ctx, redeemed)).collect();
    if lines.is_empty() {
        lines.push(ctx.say(NOBODY));
    }
    let reward = gives(ctx, line.reward, &currency(ctx).await?);
    let count = |count: u32| number(ctx.lang(), i64::from(count));
    let reply = Reply::new(lines.join("\n"))
        .title(plain(&line.name))
        .private()
        .field(ctx.say(CREATOR), who(ctx, line.creator))
        .field(ctx.say(GIVES), reward)
        .field(ctx.say(CODES), count(line.codes))
        .field(ctx.say(USES), used(ctx, &line))
        .field(ctx.say(DELIVERED), count(line.delivered))
        .field(ctx.say(NOT_DELIVERED), count(line.failed))
        .footer(if line.revoked { ctx.say(REVOKED) } else { String::new() });
    match page.next {
        None => Ok(reply),
        Some(next) => {
            let place = format!("{}.{}", short(campaign), custom_id::short(u64::from(next)));
            Ok(reply.button(button(ctx, "uses", &place)?))
        }
    }
}

/// `7. <day> @ann: delivered`
fn redemption(ctx: &Ctx, redeemed: &Redemption) -> String {
    let Redemption { number, who: user, at, state } = redeemed;
    let state = ctx.say(match state {
        State::UnderWay => text("on its way", "unterwegs"),
        State::Delivered => text("delivered", "zugestellt"),
        State::Failed(why) => match why.as_str() {
            "member_gone" => text("the member was gone", "das Mitglied war weg"),
            "role_gone" => text("the role was deleted", "die Rolle wurde gelöscht"),
            "not_allowed" => text("I may not give that role", "ich darf diese Rolle nicht geben"),
            "balance_limit" => text("the account is full", "das Konto ist voll"),
            _ => text("Discord could not be reached", "Discord war nicht erreichbar"),
        },
    });
    format!("{number}. <t:{}:d> {}: {state}", at.as_secs(), who(ctx, *user))
}

/// Campaigns by what was typed of their name; none for whoever may not see them.
pub async fn suggested(ctx: &Ctx, typed: &str) -> Vec<Suggestion> {
    let typed = typed.to_lowercase();
    let page = ctx.actions().campaigns(ctx.guild(), &ctx.caller, None, SUGGESTED).await;
    let lines = page.map(|page| page.lines).unwrap_or_default();
    let fits = |line: &CampaignLine| line.name.to_lowercase().contains(&typed);
    let title = |line: &CampaignLine| cut(&line.name, MAX_TITLE);
    lines
        .iter()
        .filter(|line| fits(line))
        .map(|line| Suggestion { title: title(line), value: line.campaign.to_string() })
        .collect()
}
