//! `/codes create`, `limit`, `revoke` and `retry`: for those who may manage the economy.

use actions::{
    ActionError, Permission,
    codes::{MadeCampaign, NewCampaign, Wanted},
    unknown_role,
};
use domain::{
    Bytes, CampaignId, RoleId, Timestamp,
    campaign::{Limits, MAX_ROLES, MAX_TIER_DAYS, MAX_USES, MAX_USES_OF_ONE, Reward},
    codes::MAX_BATCH,
    settings::{Field, FieldValue, Kind, roles_of},
};

use super::{currency, gives, lists};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    confirm::{self, Confirmed},
    ctx::{Ctx, Pressed, Typing},
    failure::Failure,
    options::{Opt, options},
    reply::{Reply, plain},
    text::{Text, text},
};

/// As Discord is told.
const NAME_CHARS: i64 = 64;
const _: () = assert!(NAME_CHARS.unsigned_abs() == domain::campaign::MAX_NAME_CHARS as u64, "one");
/// A campaign's id, as its suggestion carries it.
const ID_CHARS: i64 = 36;

const ONE_REWARD: Text = text(
    "Say what the code gives: either `bytes`, or `role`, with `days` if it shall end.",
    "Sag, was der Code gibt: entweder `bytes` oder `rolle`, mit `tage`, wenn sie enden soll.",
);
const ONE_KIND: Text = text(
    "Give either your own `code`, or a `count` of codes that I make.",
    "Gib entweder deinen eigenen `code` an oder eine `anzahl`, die ich mache.",
);
const MADE_ONE: Text = text(
    "**{name}** gives {reward}. Its code, which is shown only now:\n```\n{code}\n```",
    "**{name}** gibt {reward}. Der Code, der nur jetzt gezeigt wird:\n```\n{code}\n```",
);
const MADE_MANY: Text = text(
    "**{name}** gives {reward}. Its {n} codes are in the file. They are shown only now.",
    "**{name}** gibt {reward}. Die {n} Codes stehen in der Datei. Sie werden nur jetzt gezeigt.",
);
const LIMITED: Text = text("The limits are as you said.", "Die Grenzen sind jetzt so.");
const WHICH: Text = text(
    "Name either a `campaign`, or one `code`.",
    "Nenne entweder eine `kampagne` oder einen `code`.",
);
const NO_SUCH: Text = text(
    "There is no such campaign. Pick one from the list that comes while you type.",
    "Diese Kampagne gibt es nicht. Nimm eine aus der Liste, die beim Tippen kommt.",
);
const REVOKED_ONE: Text = text(
    "This code is no longer valid. What was redeemed with it stays.",
    "Dieser Code gilt nicht mehr. Was damit eingelöst wurde, bleibt.",
);
const REVOKED: Text = text(
    "The codes of **{name}** are no longer valid. What was redeemed stays.",
    "Die Codes von **{name}** gelten nicht mehr. Was eingelöst wurde, bleibt.",
);
const SURE: Text = text(
    "All {n} codes of **{name}** become invalid, and stay so. {uses} were redeemed; that stays.",
    "Alle {n} Codes von **{name}** werden ungültig und bleiben es. {uses} wurden eingelöst; das bleibt.",
);
const RETRIED: Text = text(
    "Rewards that are ordered again: {n}. `/codes stats` tells what comes of them.",
    "Noch einmal beauftragte Belohnungen: {n}. `/codes statistik` sagt, was daraus wird.",
);

pub(super) const CAMPAIGN: Text = text("campaign", "kampagne");
pub(super) const WHICH_ONE: Text = text("Which one", "Welche");

const STARTS: Field = Field {
    name: "starts",
    title: "Starts",
    help: "",
    kind: Kind::Duration { min_secs: 1, max_secs: YEAR_SECS },
};
const ENDS: Field = Field { name: "ends", title: "Ends", ..STARTS };
const ONLY_FOR: Field =
    Field { name: "only_for", title: "Only for", help: "", kind: Kind::roles(MAX_ROLES) };
const YEAR_SECS: u32 = 366 * 86_400;

options! {
    pub struct Create {
        name: String = Opt::new(
            text("name", "name"),
            text("What the campaign is called", "Wie die Kampagne heißt"),
        )
        .between(1, NAME_CHARS),
        bytes: Option<Bytes> = Opt::new(text("bytes", "bytes"), text("So many", "So viele"))
            .between(1, Bytes::LIMIT.0),
        role: Option<RoleId> = Opt::new(text("role", "rolle"), text("This role", "Diese Rolle")),
        days: Option<u32> = Opt::new(
            text("days", "tage"),
            text("For how long the role; for good otherwise", "Wie lange die Rolle; sonst für immer"),
        )
        .between(1, MAX_TIER_DAYS as i64),
        code: Option<String> = Opt::new(
            text("code", "code"),
            text("Your own code; otherwise I make one", "Dein eigener Code; sonst mache ich einen"),
        )
        .between(1, 64),
        count: Option<u32> = Opt::new(
            text("count", "anzahl"),
            text("How many codes I make", "Wie viele Codes ich mache"),
        )
        .between(1, MAX_BATCH.cast_signed() as i64),
        uses: Option<u32> = Opt::new(
            text("uses", "einlösungen"),
            text("How often in all; no limit otherwise", "Wie oft insgesamt; sonst ohne Grenze"),
        )
        .between(1, MAX_USES as i64),
        per_code: Option<u32> = Opt::new(
            text("per_code", "je_code"),
            text(
                "How often each code; of several once otherwise",
                "Wie oft jeder Code; von mehreren sonst einmal",
            ),
        )
        .between(1, MAX_USES as i64),
        per_member: Option<u32> = Opt::new(
            text("per_member", "je_mitglied"),
            text("How often each member, once otherwise", "Wie oft jedes Mitglied, sonst einmal"),
        )
        .between(1, MAX_USES_OF_ONE as i64),
        starts: Option<String> = Opt::new(
            text("starts", "beginnt"),
            text("In how long, such as 2h or 3d; now otherwise", "Wann, etwa 2h oder 3d; sonst jetzt"),
        )
        .between(1, 32),
        ends: Option<String> = Opt::new(
            text("ends", "endet"),
            text("In how long, such as 7d; never otherwise", "Wann, etwa 7d; sonst nie"),
        )
        .between(1, 32),
        only_for: Option<String> = Opt::new(
            text("only_for", "nur_für"),
            text(
                "Roles of which a member needs one, with commas between them",
                "Rollen, von denen man eine braucht, mit Kommas dazwischen",
            ),
        )
        .between(1, 500),
    }
}

impl Verb for Create {
    const SPEC: Spec = Spec::new(
        text("create", "erstellen"),
        text("Make codes that give something", "Mach Codes, die etwas geben"),
    )
    .needs(Permission::ManageEconomy)
    .private()
    .examples(&[
        "/codes create name:Launch bytes:50 code:WELCOME-2026 uses:100",
        "/codes create name:Winners role:@Winner count:20",
    ]);

    async fn run(self, ctx: Ctx) -> Answer {
        let reward = match (self.bytes, self.role, self.days) {
            (Some(amount), None, None) => Reward::Bytes { amount },
            (None, Some(role), None) => Reward::Role { role },
            (None, Some(role), Some(days)) => Reward::Tier { role, days },
            _ => return Err(Failure::refused(ONE_REWARD, ctx.lang())),
        };
        let codes = match (&self.code, self.count) {
            (Some(code), None) => Wanted::Given(code.clone()),
            (None, count) => Wanted::Made(count.unwrap_or(1)),
            (Some(_), Some(_)) => return Err(Failure::refused(ONE_KIND, ctx.lang())),
        };
        let role = match self.role {
            None => None,
            Some(role) => {
                let facts = ctx.edge.guilds.role_facts(ctx.guild(), role, ctx.edge.us);
                Some(facts.ok_or_else(unknown_role)?)
            }
        };
        let (limits, name) = (self.limits(ctx.at())?, self.name);
        let new = NewCampaign { name: name.clone(), reward, role, limits, codes };
        let key = ctx.key()?;
        let made = ctx.actions().create_campaign(ctx.guild(), &ctx.caller, new, &key).await?;
        let reward = gives(&ctx, reward, &currency(&ctx).await?);
        Ok(shown(&ctx, &name, &reward, &made))
    }
}

impl Create {
    fn limits(&self, now: Timestamp) -> Result<Limits, ActionError> {
        let several = self.count.is_some_and(|count| count > 1);
        Ok(Limits {
            uses: self.uses,
            uses_per_code: self.per_code.or_else(|| several.then_some(1)),
            uses_per_member: self.per_member.unwrap_or(1),
            from: later(&STARTS, self.starts.as_deref(), now)?,
            until: later(&ENDS, self.ends.as_deref(), now)?,
            roles: match &self.only_for {
                None => Vec::new(),
                Some(text) => roles_of(read(&ONLY_FOR, text)?).unwrap_or_default(),
            },
        })
    }
}

fn read(field: &Field, text: &str) -> Result<FieldValue, ActionError> {
    field.parse(text).map_err(|problem| ActionError::BadInput(format!("{problem}.")))
}

/// The moment that is so much later than now.
fn later(
    field: &Field,
    text: Option<&str>,
    now: Timestamp,
) -> Result<Option<Timestamp>, ActionError> {
    let Some(text) = text else { return Ok(None) };
    let FieldValue::Duration(secs) = read(field, text)? else { return Ok(None) };
    Ok(Some(now.plus_secs(i64::from(secs))))
}

fn shown(ctx: &Ctx, name: &str, reward: &str, made: &MadeCampaign) -> Reply {
    let name = plain(name);
    let with: [(&str, &dyn std::fmt::Display); 2] = [("name", &name), ("reward", &reward)];
    if let [code] = &made.codes[..] {
        let body = ctx.fill(MADE_ONE, &[with[0], with[1], ("code", code)]);
        return Reply::good(body).private();
    }
    let body = ctx.fill(MADE_MANY, &[with[0], with[1], ("n", &made.codes.len())]);
    Reply::good(body).private().file("codes.txt", made.codes.join("\r\n").into_bytes())
}

options! {
    pub struct Limit {
        campaign: String = Opt::new(CAMPAIGN, WHICH_ONE).between(1, ID_CHARS).suggests(),
        uses: Option<u32> = Opt::new(
            text("uses", "einlösungen"),
            text("How often in all", "Wie oft insgesamt"),
        )
        .between(1, MAX_USES as i64),
        per_code: Option<u32> = Opt::new(
            text("per_code", "je_code"),
            text("How often each code", "Wie oft jeder Code"),
        )
        .between(1, MAX_USES as i64),
        per_member: Option<u32> = Opt::new(
            text("per_member", "je_mitglied"),
            text("How often each member", "Wie oft jedes Mitglied"),
        )
        .between(1, MAX_USES_OF_ONE as i64),
        ends: Option<String> = Opt::new(
            text("ends", "endet"),
            text("In how long from now, such as 7d", "Wann von jetzt an, etwa 7d"),
        )
        .between(1, 32),
    }
}

impl Verb for Limit {
    const SPEC: Spec = Spec::new(
        text("limit", "begrenzen"),
        text("Change the limits of a campaign", "Ändere die Grenzen einer Kampagne"),
    )
    .needs(Permission::ManageEconomy)
    .private()
    .examples(&["/codes limit campaign:Launch uses:200", "/codes limit campaign:Launch ends:2d"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let campaign = named(&ctx, &self.campaign)?;
        let until = later(&ENDS, self.ends.as_deref(), ctx.at())?;
        let change = |limits: &mut Limits| {
            limits.uses = self.uses.or(limits.uses);
            limits.uses_per_code = self.per_code.or(limits.uses_per_code);
            limits.uses_per_member = self.per_member.unwrap_or(limits.uses_per_member);
            limits.until = until.or(limits.until);
        };
        let (guild, key) = (ctx.guild(), ctx.key()?);
        ctx.actions().limit_campaign(guild, &ctx.caller, campaign, change, &key).await?;
        Ok(Reply::good(ctx.say(LIMITED)).private())
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        lists::suggested(&ctx, &typing.typed).await
    }
}

options! {
    pub struct Revoke {
        campaign: Option<String> = Opt::new(
            CAMPAIGN,
            text("All codes of this one", "Alle Codes von dieser"),
        )
        .between(1, ID_CHARS)
        .suggests(),
        code: Option<String> = Opt::new(
            text("code", "code"),
            text("This code alone", "Nur dieser Code"),
        )
        .between(1, 64),
    }
}

impl Verb for Revoke {
    const SPEC: Spec = Spec::new(
        text("revoke", "widerrufen"),
        text("Make codes invalid, for good", "Mach Codes für immer ungültig"),
    )
    .needs(Permission::ManageEconomy)
    .private()
    .examples(&["/codes revoke campaign:Launch", "/codes revoke code:7KQ2-M9XD-R4TB"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (actions, guild, key) = (ctx.actions(), ctx.guild(), ctx.key()?);
        let campaign = match (self.campaign, self.code) {
            (Some(campaign), None) => named(&ctx, &campaign)?,
            (None, Some(code)) => {
                actions.revoke_code(guild, &ctx.caller, &code, &key).await?;
                return Ok(Reply::good(ctx.say(REVOKED_ONE)).private());
            }
            _ => return Err(Failure::refused(WHICH, ctx.lang())),
        };
        let stats = actions.campaign_stats(guild, &ctx.caller, campaign, None, 1).await?;
        let (line, _) = stats.ok_or_else(|| Failure::refused(NO_SUCH, ctx.lang()))?;
        let (name, n, uses) = (plain(&line.name), line.codes, line.uses);
        let sure = ctx.fill(SURE, &[("name", &name), ("n", &n), ("uses", &uses)]);
        confirm::ask(&ctx, "codes", "revoke", &short(campaign), Reply::new(sure).private())
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        lists::suggested(&ctx, &typing.typed).await
    }
}

/// The button below the question.
pub async fn revoke_all(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, async |ctx: Ctx, confirmed: Confirmed| {
        let campaign = long(&confirmed.payload)
            .ok_or_else(|| Failure::System("a button of ours names no campaign".to_owned()))?;
        let (actions, guild) = (ctx.actions(), ctx.guild());
        actions.revoke_campaign(guild, &ctx.caller, campaign, &confirmed.key).await?;
        let stats = actions.campaign_stats(guild, &ctx.caller, campaign, None, 1).await?;
        let name = stats.map_or_else(String::new, |(line, _)| plain(&line.name));
        Ok(Reply::good(ctx.fill(REVOKED, &[("name", &name)])))
    })
    .await
}

options! {
    pub struct Retry {
        campaign: String = Opt::new(CAMPAIGN, WHICH_ONE).between(1, ID_CHARS).suggests(),
        number: Option<u32> = Opt::new(
            text("number", "nummer"),
            text("Of one use alone, as /codes stats shows it", "Nur einer Einlösung"),
        )
        .between(1, MAX_USES as i64),
    }
}

impl Verb for Retry {
    const SPEC: Spec = Spec::new(
        text("retry", "nachholen"),
        text("Give rewards that could not be given", "Gib, was nicht gegeben werden konnte"),
    )
    .needs(Permission::ManageEconomy)
    .private()
    .examples(&["/codes retry campaign:Launch", "/codes retry campaign:Launch number:7"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let campaign = named(&ctx, &self.campaign)?;
        let (actions, guild, key) = (ctx.actions(), ctx.guild(), ctx.key()?);
        let n = actions.retry_rewards(guild, &ctx.caller, campaign, self.number, &key).await?;
        Ok(Reply::good(ctx.fill(RETRIED, &[("n", &n)])).private())
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        lists::suggested(&ctx, &typing.typed).await
    }
}

/// From what a suggestion put into the option.
pub(super) fn named(ctx: &Ctx, text: &str) -> Result<CampaignId, Failure> {
    let id = text.parse().map(CampaignId);
    id.map_err(|_| Failure::refused(NO_SUCH, ctx.lang()))
}

pub(super) fn no_such(ctx: &Ctx) -> Failure {
    Failure::refused(NO_SUCH, ctx.lang())
}

/// A campaign's id in what a button has room for.
pub(super) fn short(campaign: CampaignId) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(campaign.0.as_bytes())
}

pub(super) fn long(text: &str) -> Option<CampaignId> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    uuid::Uuid::from_slice(&bytes).ok().map(CampaignId)
}
