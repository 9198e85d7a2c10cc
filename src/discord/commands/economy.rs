//! `/bytes`: what members do with the community's currency.

mod awards;
mod boards;
mod history;

use std::time::Duration;

use actions::economy::MODULE;
use domain::{
    Bytes, UserId,
    economy::{DailyTrigger, MAX_REASON_CHARS},
};
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
    name: "economy",
    module: Some(&MODULE),
    title: text("Economy", "Wirtschaft"),
    // The day's reward comes with a member's first message; what it says is not needed.
    intents: Intents::GUILD_MESSAGES,
    groups: &[Group::new(
        text("bytes", "bytes"),
        text("The community's currency", "Die Währung der Community"),
        &[
            Route::of::<Send>(),
            Route::of::<Read>(),
            Route::of::<Daily>(),
            Route::of::<awards::Awards>(),
            Route::of::<boards::Heap>(),
            Route::of::<history::History>(),
        ],
    )],
    presses: &[Press::new("history", |ctx, pressed| Box::pin(history::turn(ctx, pressed)))],
    submits: &[],
};

/// As Discord is told.
const REASON_CHARS: i64 = 300;
const _: () = assert!(REASON_CHARS.unsigned_abs() == MAX_REASON_CHARS as u64, "one limit");

const SENT: Text = text(
    "{from} sent {to} **{amount} {currency}**.",
    "{from} hat {to} **{amount} {currency}** geschickt.",
);
const SENT_BEFORE: Text = text(
    "That was sent already, and not again.",
    "Das war schon geschickt, und nicht noch einmal.",
);
const REASON: Text = text("Reason", "Grund");
const BOT: Text = text("Bots have no account.", "Bots haben kein Konto.");
const ACCOUNT: Text =
    text("{who} has **{balance} {currency}**.", "{who} hat **{balance} {currency}**.");
const RECEIVED: Text = text("Received", "Erhalten");
const GIVEN: Text = text("Sent", "Geschickt");
const REWARDED: Text = text("Daily rewards", "Tägliche Belohnungen");
const ROLES: Text = text("Earned roles", "Verdiente Rollen");
const DAILY: Text = text(
    "Here are your **{amount} {currency}** for today.",
    "Hier sind deine **{amount} {currency}** für heute.",
);
const STREAK: Text = text("Days in a row: {days}", "Tage in Folge: {days}");
const TIER: Text = text("Days in a row: {days} ({tier})", "Tage in Folge: {days} ({tier})");

options! {
    pub struct Send {
        user: UserId = Opt::new(
            text("user", "mitglied"),
            text("Who receives them", "Wer sie bekommt"),
        ),
        amount: Bytes = Opt::new(text("amount", "betrag"), text("How many", "Wie viele"))
            .between(1, Bytes::LIMIT.0),
        reason: Option<String> = Opt::new(
            text("reason", "grund"),
            text("What for; the receiver sees it", "Wofür; der Empfänger sieht es"),
        )
        .between(1, REASON_CHARS),
    }
}

impl Verb for Send {
    const SPEC: Spec = Spec::new(
        text("send", "senden"),
        text("Send bytes to a member", "Schick einem Mitglied Bytes"),
    )
    .examples(&["/bytes send user:@Tobi amount:50 reason:thanks for the help"]);

    async fn run(self, ctx: Ctx) -> Answer {
        if ctx.asked.told_of(self.user).is_some_and(|named| named.is_bot) {
            return Err(Failure::refused(BOT, ctx.lang()));
        }
        let (from, to) = (ctx.user(), self.user);
        let reason = self.reason.as_deref();
        let key = ctx.key()?;
        let sent = ctx
            .actions()
            .send_bytes(ctx.guild(), &ctx.caller, from, to, self.amount, reason, ctx.at(), &key)
            .await?;
        if sent.repeated {
            return Ok(Reply::new(ctx.say(SENT_BEFORE)).private());
        }
        let currency = currency(&ctx).await?;
        let body = ctx.fill(
            SENT,
            &[
                ("from", &mention(from)),
                ("to", &mention(to)),
                ("amount", &number(ctx.lang(), sent.amount.0)),
                ("currency", &currency),
            ],
        );
        let reply = Reply::good(body);
        Ok(match self.reason {
            Some(reason) => reply.field(ctx.say(REASON), plain(&reason)),
            None => reply,
        })
    }
}

options! {
    pub struct Read {
        user: Option<UserId> = Opt::new(
            text("user", "mitglied"),
            text("Whose; your own otherwise", "Wessen; sonst deine eigenen"),
        ),
    }
}

impl Verb for Read {
    const SPEC: Spec = Spec::new(
        text("read", "lesen"),
        text("What a member has, received and sent", "Was ein Mitglied hat, bekam und schickte"),
    )
    .every(Duration::from_secs(2))
    .examples(&["/bytes read", "/bytes read user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let who = self.user.unwrap_or(ctx.user());
        let wallet = ctx.actions().wallet(ctx.guild(), &ctx.caller, who).await?;
        let amount = |amount: Bytes| number(ctx.lang(), amount.0);
        let body = ctx.fill(
            ACCOUNT,
            &[
                ("who", &mention(who)),
                ("balance", &amount(wallet.balance)),
                ("currency", &plain(&wallet.currency)),
            ],
        );
        let earned = wallet.awards.iter().filter(|award| award.earned);
        let earned: Vec<_> = earned.map(|award| format!("<@&{}>", award.role)).collect();
        Ok(Reply::new(body)
            .field(ctx.say(RECEIVED), amount(wallet.received))
            .field(ctx.say(GIVEN), amount(wallet.sent))
            .field(ctx.say(REWARDED), amount(wallet.rewarded))
            .field(ctx.say(ROLES), earned.join(" "))
            .footer(streak(&ctx, wallet.streak_days, wallet.tier.as_deref())))
    }
}

options! {
    pub struct Daily {}
}

impl Verb for Daily {
    const SPEC: Spec = Spec::new(
        text("daily", "täglich"),
        text("Take today's reward", "Nimm die Belohnung des Tages"),
    )
    .examples(&["/bytes daily"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let key = ctx.key()?;
        let trigger = DailyTrigger::Request;
        let paid = ctx
            .actions()
            .award_daily(ctx.guild(), &ctx.caller, ctx.user(), trigger, ctx.at(), &key)
            .await?;
        let currency = currency(&ctx).await?;
        let amount = number(ctx.lang(), paid.amount.0);
        let body = ctx.fill(DAILY, &[("amount", &amount), ("currency", &currency)]);
        Ok(Reply::good(body).footer(streak(&ctx, paid.streak_days, paid.tier.as_deref())))
    }
}

fn streak(ctx: &Ctx, days: u32, tier: Option<&str>) -> String {
    match tier {
        _ if days == 0 => String::new(),
        Some(tier) => ctx.fill(TIER, &[("days", &days), ("tier", &tier)]),
        None => ctx.fill(STREAK, &[("days", &days)]),
    }
}

/// What this community calls its currency.
async fn currency(ctx: &Ctx) -> Result<String, Failure> {
    Ok(plain(&ctx.actions().economy_terms(ctx.guild()).await?.values.currency))
}

/// Discord shows it as the member's name; it pings nobody.
fn mention(user: UserId) -> String {
    format!("<@{user}>")
}
