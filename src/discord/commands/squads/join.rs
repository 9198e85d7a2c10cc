//! `/squads join` and `/squads leave`: with buttons that hold for a minute. What costs something is
//! shown and confirmed first.

use std::time::Duration;

use actions::squads::{SquadInfo, SquadLine, Stands};
use domain::{Bytes, squads::SquadId};
use twilight_model::channel::message::component::ButtonStyle;

use super::{described, numbered};
use crate::discord::{
    command::{Answer, Spec, Verb},
    confirm::{self, Confirmed, bind, bound},
    ctx::{Ctx, Pressed},
    custom_id::{long, short},
    failure::Failure,
    options::options,
    reply::{Button, Reply, plain},
    text::{Text, number, text},
};

/// So long an answer waits for a move that the ledger is asked about; then it says so.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

const TITLE: Text = text("Choose a squad", "Wähle ein Team");
const FREE: Text = text("Joining is free.", "Beitreten ist kostenlos.");
const COSTS: Text = text(
    "Changing to another squad costs **{cost} {currency}**. You have {balance}.",
    "Der Wechsel in ein anderes Team kostet **{cost} {currency}**. Du hast {balance}.",
);
const MINIMUM: Text = text(
    "For squads you need at least {minimum} {currency}. You have {balance}.",
    "Für Teams brauchst du mindestens {minimum} {currency}. Du hast {balance}.",
);
const NOTHING: Text = text(
    "There is no squad that you could join just now.",
    "Gerade gibt es kein Team, dem du beitreten kannst.",
);
const WITH_COST: Text = text("{name} ({cost} {currency})", "{name} ({cost} {currency})");
const WITHIN: Text = text("Choose within {n} seconds.", "Wähle innerhalb von {n} Sekunden.");
const EXPIRED: Text = text(
    "These buttons have expired, and nothing was changed. Use the command again.",
    "Diese Knöpfe sind abgelaufen, und nichts wurde geändert. Nutze den Befehl noch einmal.",
);
const SURE: Text = text(
    "Change to **{name}**? That costs **{cost} {currency}**; you have {balance}.",
    "In **{name}** wechseln? Das kostet **{cost} {currency}**; du hast {balance}.",
);
const JOINED: Text = text(
    "You are in **{name}**. The role {role} comes in a moment.",
    "Du bist in **{name}**. Die Rolle {role} kommt gleich.",
);
const UNDER_WAY: Text = text(
    "Your change to **{name}** is on its way. `/squads info` tells when it is done.",
    "Dein Wechsel in **{name}** ist unterwegs. `/teams info` sagt, wann er fertig ist.",
);
const NOT_MADE: Text = text(
    "You did not change to **{name}**: you had too little when it was to be paid, or it was \
     closed meanwhile. You keep what you had.",
    "Du bist nicht in **{name}** gewechselt: beim Bezahlen war zu wenig da, oder es wurde \
     inzwischen geschlossen. Du behältst, was du hattest.",
);
const LEAVE: Text = text(
    "Leave **{name}**? Its role goes, and joining a squad again costs **{cost} {currency}**.",
    "**{name}** verlassen? Die Rolle geht, und wieder einem Team beizutreten kostet \
     **{cost} {currency}**.",
);
const LEFT: Text = text("You left **{name}**.", "Du hast **{name}** verlassen.");
const NOT_IN: Text = text("You are in no squad.", "Du bist in keinem Team.");

options! {
    pub struct Join {}
}

impl Verb for Join {
    const SPEC: Spec = Spec::new(
        text("join", "beitreten"),
        text("Join a squad, or change to another", "Tritt einem Team bei oder wechsle es"),
    )
    .private()
    .every(Duration::from_secs(3))
    .examples(&["/squads join"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let info = ctx.actions().squad_info(ctx.guild(), &ctx.caller, ctx.user()).await?;
        if info.balance < info.minimum {
            return Err(Failure::Refused(told(&ctx, MINIMUM, &info, "")));
        }
        let lines = ctx.actions().squads(ctx.guild(), &ctx.caller).await?;
        let current = info.current.as_ref().map(|(line, _)| line.squad);
        let open = |line: &&SquadLine| line.active && Some(line.squad) != current;
        let open: Vec<_> = lines.iter().filter(open).collect();
        if open.is_empty() {
            return Err(Failure::refused(NOTHING, ctx.lang()));
        }
        let costs = info.cost.is_positive();
        let mut body = vec![told(&ctx, if costs { COSTS } else { FREE }, &info, "")];
        body.extend(open.iter().map(|line| described(line)));
        let mut reply = Reply::new(body.join("\n")).title(ctx.say(TITLE)).private();
        reply = reply.footer(ctx.fill(WITHIN, &[("n", &confirm::SECONDS)]));
        for line in open {
            reply = reply.button(button(&ctx, line, &info)?);
        }
        Ok(reply)
    }
}

/// With the amounts that a member is told, and the name of the squad where it is about one.
fn told(ctx: &Ctx, text: Text, info: &SquadInfo, name: &str) -> String {
    let amount = |amount: Bytes| number(ctx.lang(), amount.0);
    let (cost, balance, minimum) = (amount(info.cost), amount(info.balance), amount(info.minimum));
    let currency = plain(&info.currency);
    ctx.fill(
        text,
        &[
            ("cost", &cost),
            ("balance", &balance),
            ("minimum", &minimum),
            ("currency", &currency),
            ("name", &plain(name)),
        ],
    )
}

/// It knows until when it holds.
fn button(ctx: &Ctx, line: &SquadLine, info: &SquadInfo) -> Result<Button, Failure> {
    let until = (ctx.at().as_secs() + confirm::SECONDS).unsigned_abs();
    let payload = bind(ctx, &format!("{}.{}", short(until), short(u64::from(line.squad.0))));
    let custom_id = ctx.edge.signer.seal(ctx.guild(), "squads", "join", &payload)?;
    let cost = number(ctx.lang(), info.cost.0);
    let label = if info.cost.is_positive() {
        let with: [(&str, &dyn std::fmt::Display); 3] =
            [("name", &line.name), ("cost", &cost), ("currency", &info.currency)];
        ctx.fill(WITH_COST, &with)
    } else {
        line.name.clone()
    };
    Ok(Button { label, custom_id, style: ButtonStyle::Primary, disabled: false })
}

/// A squad's button was pressed.
pub async fn chosen(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let mut parts = rest.split('.').map(long);
    let (until, squad) = (parts.next().flatten(), parts.next().flatten());
    let squad = squad.and_then(|squad| squad.try_into().ok()).map(SquadId);
    let (Some(until), Some(squad)) = (until, squad) else { return Err(strange()) };
    if ctx.at().as_secs().unsigned_abs() > until {
        return Ok(Reply::bad(ctx.say(EXPIRED)).replacing());
    }
    let line = numbered(&ctx, squad).await?;
    let info = ctx.actions().squad_info(ctx.guild(), &ctx.caller, ctx.user()).await?;
    if info.cost.is_positive() && info.current.as_ref().is_none_or(|(of, _)| of.squad != squad) {
        let sure = told(&ctx, SURE, &info, &line.name);
        let payload = format!("{}.{}", short(u64::from(squad.0)), info.cost.0);
        let question = Reply::new(sure).private();
        return Ok(confirm::ask(&ctx, "squads", "switch", &payload, question)?.replacing());
    }
    let key = ctx.key()?;
    Ok(join(&ctx, &line, Bytes::ZERO, &key).await?.replacing())
}

/// The cost was confirmed.
pub async fn confirmed(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, async |ctx: Ctx, confirmed: Confirmed| {
        let (squad, cost) = confirmed.payload.split_once('.').ok_or_else(strange)?;
        let squad = long(squad).and_then(|squad| squad.try_into().ok()).map(SquadId);
        let (Some(squad), Ok(cost)) = (squad, cost.parse()) else { return Err(strange()) };
        let line = numbered(&ctx, squad).await?;
        join(&ctx, &line, Bytes(cost), &confirmed.key).await
    })
    .await
}

async fn join(ctx: &Ctx, line: &SquadLine, agreed: Bytes, key: &domain::IdempotencyKey) -> Answer {
    let (actions, guild) = (ctx.actions(), ctx.guild());
    let joining = actions.join_squad(guild, &ctx.caller, line.squad, agreed, ctx.at(), key).await?;
    let done = async {
        loop {
            match actions.squad_move(guild, &joining).await? {
                Stands::UnderWay => tokio::time::sleep(LOOK_EVERY).await,
                stands => return Ok::<_, Failure>(stands),
            }
        }
    };
    let stands = match tokio::time::timeout(PATIENCE, done).await {
        Ok(stands) => stands?,
        Err(_) => Stands::UnderWay,
    };
    let (name, role) = (plain(&line.name), format!("<@&{}>", line.role));
    let say = |text| ctx.fill(text, &[("name", &name), ("role", &role)]);
    Ok(match stands {
        Stands::In => Reply::good(say(JOINED)).private(),
        Stands::UnderWay => Reply::new(say(UNDER_WAY)).private(),
        Stands::NotMade => Reply::bad(say(NOT_MADE)),
    })
}

options! {
    pub struct Leave {}
}

impl Verb for Leave {
    const SPEC: Spec =
        Spec::new(text("leave", "verlassen"), text("Leave your squad", "Verlass dein Team"))
            .private()
            .every(Duration::from_secs(3))
            .examples(&["/squads leave"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let info = ctx.actions().squad_info(ctx.guild(), &ctx.caller, ctx.user()).await?;
        let Some((line, _)) = &info.current else {
            return Err(Failure::refused(NOT_IN, ctx.lang()));
        };
        let sure = told(&ctx, LEAVE, &info, &line.name);
        confirm::ask(&ctx, "squads", "leave", "", Reply::new(sure).private())
    }
}

/// Leaving was confirmed.
pub async fn left(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, async |ctx: Ctx, confirmed: Confirmed| {
        let (actions, guild, at) = (ctx.actions(), ctx.guild(), ctx.at());
        let squad = actions.leave_squad(guild, &ctx.caller, at, &confirmed.key).await?;
        let name = plain(&numbered(&ctx, squad).await?.name);
        Ok(Reply::good(ctx.fill(LEFT, &[("name", &name)])).private())
    })
    .await
}

fn strange() -> Failure {
    Failure::System("a button of ours names no squad".to_owned())
}
