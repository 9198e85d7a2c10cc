//! `/giveaway template`: what giveaways can be made from.

use actions::Permission;
use domain::giveaways::{GiveawaySettings, MAX_WINNERS, settings::Template as Kept};

use super::seconds;
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    ctx::{Ctx, Typing},
    failure::Failure,
    options::{Opt, options},
    reply::{Reply, plain},
    text::{Lang, Text, duration, text},
};

/// As Discord is told.
pub const NAME_CHARS: i64 = 32;
const _: () =
    assert!(NAME_CHARS.unsigned_abs() == GiveawaySettings::MAX_NAME_CHARS as u64, "one limit");
const DAYS: i64 = GiveawaySettings::MAX_DAYS as i64;
const DEFAULT_DURATION_SECS: u32 = 24 * 60 * 60;

const SAVED: Text =
    text("The template **{name}** is kept.", "Die Vorlage **{name}** ist abgelegt.");
const DROPPED: Text = text("The template **{name}** is gone.", "Die Vorlage **{name}** ist weg.");
const BAD_NAME: Text = text(
    "A template's name has no comma and no colon.",
    "Der Name einer Vorlage hat kein Komma und keinen Doppelpunkt.",
);

options! {
    pub struct Template {
        name: String = Opt::new(text("name", "name"), text("What it is called", "Wie sie heißt"))
            .between(1, NAME_CHARS)
            .suggests(),
        duration: Option<String> = Opt::new(
            text("duration", "dauer"),
            text("How long it runs; 24h otherwise", "Wie lange sie läuft; sonst 24h"),
        )
        .between(1, 30),
        winners: Option<u32> = Opt::new(
            text("winners", "gewinner"),
            text("How many win; 1 otherwise", "Wie viele gewinnen; sonst 1"),
        )
        .between(1, MAX_WINNERS as i64),
        claim: Option<String> = Opt::new(
            text("claim", "abholzeit"),
            text("Time to claim, such as 5m; 0 for none", "Zeit zum Abholen, etwa 5m; 0 für keine"),
        )
        .between(1, 30),
        account_days: Option<u32> = Opt::new(
            text("account_days", "konto_tage"),
            text("How old a Discord account must be", "Wie alt ein Discord-Konto sein muss"),
        )
        .between(0, DAYS),
        member_days: Option<u32> = Opt::new(
            text("member_days", "mitglied_tage"),
            text("How long a member must be here", "Wie lange ein Mitglied hier sein muss"),
        )
        .between(0, DAYS),
        remove: Option<bool> = Opt::new(
            text("remove", "entfernen"),
            text("Throw this template away", "Wirf diese Vorlage weg"),
        ),
    }
}

impl Verb for Template {
    const SPEC: Spec = Spec::new(
        text("template", "vorlage"),
        text("Keep a template, or throw one away", "Leg eine Vorlage ab, oder wirf eine weg"),
    )
    .needs(Permission::ManageGiveaways)
    .private()
    .examples(&[
        "/giveaway template name:weekly duration:7d winners:2 claim:1d",
        "/giveaway template name:weekly remove:True",
    ]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (guild, key) = (ctx.guild(), ctx.key()?);
        let name = self.name.trim().to_owned();
        let shown = plain(&name);
        if self.remove == Some(true) {
            ctx.actions().drop_giveaway_template(guild, &ctx.caller, &name, &key).await?;
            return Ok(Reply::good(ctx.fill(DROPPED, &[("name", &shown)])).private());
        }
        // Or the setting could not be written as a text.
        if name.contains([',', ':']) {
            return Err(Failure::refused(BAD_NAME, ctx.lang()));
        }
        let settings = ctx.actions().settings::<GiveawaySettings>(guild).await?;
        let template = Kept {
            name,
            winners: self.winners.unwrap_or(1),
            duration_secs: seconds(&ctx, self.duration.as_deref())?
                .unwrap_or(DEFAULT_DURATION_SECS),
            claim_secs: seconds(&ctx, self.claim.as_deref())?.unwrap_or(settings.values.claim_secs),
            account_days: self.account_days.unwrap_or(0),
            member_days: self.member_days.unwrap_or(0),
        };
        ctx.actions().save_giveaway_template(guild, &ctx.caller, &template, &key).await?;
        Ok(Reply::good(ctx.fill(SAVED, &[("name", &shown)])).private())
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing).await
    }
}

/// Templates whose name holds what was typed.
pub async fn suggest(ctx: &Ctx, typing: &Typing) -> Vec<Suggestion> {
    let typed = typing.typed.trim().to_lowercase();
    let known = ctx.actions().giveaway_templates(ctx.guild()).await.unwrap_or_default();
    let fits = known.iter().filter(|template| template.name.to_lowercase().contains(&typed));
    fits.map(|template| Suggestion {
        title: title(template, ctx.lang()),
        value: template.name.clone(),
    })
    .collect()
}

fn title(template: &Kept, lang: Lang) -> String {
    let length = duration(lang, i64::from(template.duration_secs));
    format!("{} ({length}, ×{})", template.name, template.winners)
}
