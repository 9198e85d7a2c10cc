//! `/giveaway template`: what giveaways can be made from.

use actions::Permission;
use domain::{
    IdempotencyKey, RoleId,
    giveaways::{
        GiveawaySettings, MAX_WEIGHT, MAX_WINNERS,
        settings::{Needs, Template as Kept, TemplateRole},
    },
};

use super::seconds;
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    ctx::{Ctx, Typing},
    failure::Failure,
    options::{Choice, Opt, options},
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

const NAMED: Text = text(
    "The template **{name}** names {role}: {needs}.",
    "Die Vorlage **{name}** nennt {role}: {needs}.",
);
const UNNAMED: Text = text(
    "The template **{name}** does not name {role} any more.",
    "Die Vorlage **{name}** nennt {role} nicht mehr.",
);
const ROLE_ALONE: Text = text(
    "Say with `needs` what the role is named for, and with `chances` how many more a bonus gives.",
    "Sag mit `braucht`, wofür die Rolle genannt wird, und mit `chancen`, wie viele mehr ein Bonus gibt.",
);
const NEEDS: &[Choice] = &[
    Choice { value: "all", title: text("Entrants need it", "Wer mitmacht, braucht sie") },
    Choice {
        value: "any",
        title: text("Entrants need it or another", "Wer mitmacht, braucht sie oder eine andere"),
    },
    Choice {
        value: "none",
        title: text("Entrants must not have it", "Wer mitmacht, darf sie nicht haben"),
    },
    Choice { value: "bonus", title: text("It gives more chances", "Sie gibt mehr Chancen") },
];

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
        role: Option<RoleId> = Opt::new(
            text("role", "rolle"),
            text("A role that it names; with needs", "Eine Rolle, die sie nennt; mit braucht"),
        ),
        needs: Option<String> = Opt::new(
            text("needs", "braucht"),
            text("What the role is named for", "Wofür die Rolle genannt wird"),
        )
        .choices(NEEDS),
        chances: Option<u32> = Opt::new(
            text("chances", "chancen"),
            text("How many more a bonus gives", "Wie viele mehr ein Bonus gibt"),
        )
        .between(1, MAX_WEIGHT as i64 - 1),
        remove: Option<bool> = Opt::new(
            text("remove", "entfernen"),
            text("Throw it away, or the role out", "Wirf sie weg, oder die Rolle hinaus"),
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
        "/giveaway template name:weekly role:@Gardeners needs:all",
        "/giveaway template name:weekly role:@Boosters needs:bonus chances:3",
        "/giveaway template name:weekly remove:True",
    ]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (guild, key) = (ctx.guild(), ctx.key()?);
        let name = self.name.trim().to_owned();
        let shown = plain(&name);
        let actions = ctx.actions();
        if self.remove == Some(true) {
            let Some(role) = self.role else {
                actions.drop_giveaway_template(guild, &ctx.caller, &name, &key).await?;
                return Ok(Reply::good(ctx.fill(DROPPED, &[("name", &shown)])).private());
            };
            actions.drop_template_role(guild, &ctx.caller, (&name, role), &key).await?;
            let role = format!("<@&{role}>");
            let said = ctx.fill(UNNAMED, &[("name", &shown), ("role", &role)]);
            return Ok(Reply::good(said).private());
        }
        // Or the setting could not be written as a text.
        if name.contains([',', ':']) {
            return Err(Failure::refused(BAD_NAME, ctx.lang()));
        }
        let named = self.named(&ctx, &name)?;
        let settings = actions.settings::<GiveawaySettings>(guild).await?;
        let known = settings.values.template(&name).is_some();
        if let Some(named) = named.as_ref().filter(|_| known && !self.says_more()) {
            actions.name_template_role(guild, &ctx.caller, named, &key).await?;
            return Ok(shown_role(&ctx, &shown, named));
        }
        let template = Kept {
            name,
            winners: self.winners.unwrap_or(1),
            duration_secs: seconds(&ctx, self.duration.as_deref())?
                .unwrap_or(DEFAULT_DURATION_SECS),
            claim_secs: seconds(&ctx, self.claim.as_deref())?.unwrap_or(settings.values.claim_secs),
            account_days: self.account_days.unwrap_or(0),
            member_days: self.member_days.unwrap_or(0),
        };
        actions.save_giveaway_template(guild, &ctx.caller, &template, &key).await?;
        let Some(named) = named else {
            return Ok(Reply::good(ctx.fill(SAVED, &[("name", &shown)])).private());
        };
        let key = IdempotencyKey::new(format!("{}/role", key.as_str()))?;
        actions.name_template_role(guild, &ctx.caller, &named, &key).await?;
        Ok(shown_role(&ctx, &shown, &named))
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing).await
    }
}

impl Template {
    /// Whether it says anything about the template beside the role.
    fn says_more(&self) -> bool {
        self.duration.is_some()
            || self.winners.is_some()
            || self.claim.is_some()
            || self.account_days.is_some()
            || self.member_days.is_some()
    }

    fn named(&self, ctx: &Ctx, template: &str) -> Result<Option<TemplateRole>, Failure> {
        let needs = self.needs.as_deref().and_then(Needs::of);
        let (role, needs) = match (self.role, needs, self.chances) {
            (None, None, None) => return Ok(None),
            (Some(role), Some(Needs::Bonus), Some(_)) => (role, Needs::Bonus),
            (Some(role), Some(needs), None) if needs != Needs::Bonus => (role, needs),
            _ => return Err(Failure::refused(ROLE_ALONE, ctx.lang())),
        };
        let (template, entries) = (template.to_owned(), self.chances.unwrap_or(0));
        Ok(Some(TemplateRole { template, needs, role, entries }))
    }
}

fn shown_role(ctx: &Ctx, template: &str, named: &TemplateRole) -> Reply {
    let purpose = NEEDS.iter().find(|choice| choice.value == named.needs.word());
    let mut needs = purpose.map(|choice| ctx.say(choice.title)).unwrap_or_default();
    if named.entries > 0 {
        needs = format!("{needs} (+{})", named.entries);
    }
    let role = format!("<@&{}>", named.role);
    let with: [(&str, &dyn std::fmt::Display); 3] =
        [("name", &template), ("role", &role), ("needs", &needs)];
    Reply::good(ctx.fill(NAMED, &with)).private()
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
