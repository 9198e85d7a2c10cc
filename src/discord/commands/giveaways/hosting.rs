//! What hosts do: create, edit, pause, resume, end, cancel, reroll.

use actions::{
    Permission,
    giveaways::{Changes, Plan, Shown, Status},
};
use domain::{
    ChannelId, RoleId, UserId,
    giveaways::{
        Bonus, GiveawaySettings, MAX_PRIZE_CHARS, MAX_REASON_CHARS, MAX_REROLLS, MAX_WEIGHT,
        MAX_WINNERS,
    },
};

use super::{WHICH, WHICH_ABOUT, chosen, seconds, suggest, templates};
use crate::discord::{
    command::{Answer, Spec, Suggestion, Verb},
    confirm::{self, Confirmed},
    ctx::{Ctx, Pressed, Typing},
    custom_id::{long_uuid, short_uuid},
    failure::Failure,
    options::{Opt, options},
    reply::{Reply, plain},
    text::{Text, text},
};

/// As Discord is told.
const PRIZE_CHARS: i64 = 200;
const REASON_CHARS: i64 = 300;
const _: () = assert!(
    PRIZE_CHARS.unsigned_abs() == MAX_PRIZE_CHARS as u64
        && REASON_CHARS.unsigned_abs() == MAX_REASON_CHARS as u64,
    "one limit"
);
const LENGTH_CHARS: i64 = 30;
const DAYS: i64 = GiveawaySettings::MAX_DAYS as i64;

const NO_CHANNEL: Text =
    text("Say in which channel it is posted.", "Sag, in welchem Kanal sie erscheint.");
const BONUS_ALONE: Text = text(
    "Name both the role and how many more chances it gives.",
    "Nenn sowohl die Rolle als auch, wie viele Chancen sie mehr gibt.",
);
const CREATED: Text = text(
    "**{prize}** is posted in {channel} and ends <t:{ends}:R>.",
    "**{prize}** erscheint in {channel} und endet <t:{ends}:R>.",
);
const COMMITTED: Text = text(
    "The seed of the draw is fixed already: {commitment}",
    "Der Startwert der Ziehung steht schon fest: {commitment}",
);
const EDITED: Text = text(
    "**{prize}**: winners {n}, ends <t:{ends}:R>.",
    "**{prize}**: Gewinne {n}, endet <t:{ends}:R>.",
);
const PAUSED: Text = text("**{prize}** is paused.", "**{prize}** ist pausiert.");
const RESUMED: Text = text(
    "**{prize}** goes on and ends <t:{ends}:R>.",
    "**{prize}** geht weiter und endet <t:{ends}:R>.",
);
const ENDED: Text = text(
    "**{prize}** is closed with entries: {n}. The draw follows in its channel.",
    "**{prize}** ist geschlossen, Teilnahmen: {n}. Die Ziehung folgt im Kanal.",
);
const SURE: Text = text(
    "Call off **{prize}**? Nobody will be drawn.",
    "**{prize}** absagen? Niemand wird gezogen.",
);
const CANCELLED: Text = text("**{prize}** is called off.", "**{prize}** ist abgesagt.");
const REROLLED: Text = text(
    "**{prize}**: the prize of {who} goes to somebody else, who is drawn now.",
    "**{prize}**: Der Gewinn von {who} geht an jemand anderen, der jetzt gezogen wird.",
);

options! {
    pub struct Create {
        prize: String = Opt::new(text("prize", "gewinn"), text("What is given", "Was es gibt"))
            .between(1, PRIZE_CHARS),
        duration: Option<String> = Opt::new(
            text("duration", "dauer"),
            text("How long it runs, such as 30m, 24h or 7d", "Wie lange, etwa 30m, 24h oder 7d"),
        )
        .between(1, LENGTH_CHARS),
        winners: Option<u32> = Opt::new(
            text("winners", "gewinner"),
            text("How many win; 1 otherwise", "Wie viele gewinnen; sonst 1"),
        )
        .between(1, MAX_WINNERS as i64),
        channel: Option<ChannelId> = Opt::new(
            text("channel", "kanal"),
            text("Where it is posted; here otherwise", "Wo sie erscheint; sonst hier"),
        ),
        required_role: Option<RoleId> = Opt::new(
            text("required_role", "nötige_rolle"),
            text("Only members with this role", "Nur Mitglieder mit dieser Rolle"),
        ),
        forbidden_role: Option<RoleId> = Opt::new(
            text("forbidden_role", "verbotene_rolle"),
            text("No members with this role", "Keine Mitglieder mit dieser Rolle"),
        ),
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
        bonus_role: Option<RoleId> = Opt::new(
            text("bonus_role", "bonus_rolle"),
            text("A role that gives more chances", "Eine Rolle, die mehr Chancen gibt"),
        ),
        bonus_entries: Option<u32> = Opt::new(
            text("bonus_entries", "bonus_chancen"),
            text("How many more", "Wie viele mehr"),
        )
        .between(1, MAX_WEIGHT as i64 - 1),
        claim: Option<String> = Opt::new(
            text("claim", "abholzeit"),
            text("Time to claim, such as 5m; 0 for none", "Zeit zum Abholen, etwa 5m; 0 für keine"),
        )
        .between(1, LENGTH_CHARS),
        rerolls: Option<u32> = Opt::new(
            text("rerolls", "neuziehungen"),
            text("How often prizes go on", "Wie oft Gewinne weitergehen"),
        )
        .between(0, MAX_REROLLS as i64),
        template: Option<String> = Opt::new(
            text("template", "vorlage"),
            text("What is not said comes from it", "Was nicht gesagt wird, kommt von ihr"),
        )
        .between(1, templates::NAME_CHARS)
        .suggests(),
    }
}

impl Verb for Create {
    const SPEC: Spec = Spec::new(
        text("create", "erstellen"),
        text("Post a giveaway that members can enter", "Veröffentliche eine Verlosung"),
    )
    .needs(Permission::ManageGiveaways)
    .private()
    .examples(&[
        "/giveaway create prize:A month of Nitro duration:24h",
        "/giveaway create prize:Key duration:1h winners:3 account_days:30 claim:5m",
    ]);

    async fn run(self, ctx: Ctx) -> Answer {
        let channel = self.channel.or(ctx.asked.channel);
        let channel = channel.ok_or_else(|| Failure::refused(NO_CHANNEL, ctx.lang()))?;
        let bonus = match (self.bonus_role, self.bonus_entries) {
            (Some(role), Some(entries)) => Some(Bonus { role, entries }),
            (None, None) => None,
            _ => return Err(Failure::refused(BONUS_ALONE, ctx.lang())),
        };
        let plan = Plan {
            prize: self.prize,
            winners: self.winners,
            duration_secs: seconds(&ctx, self.duration.as_deref())?,
            required_role: self.required_role,
            forbidden_role: self.forbidden_role,
            bonus,
            account_days: self.account_days,
            member_days: self.member_days,
            claim_secs: seconds(&ctx, self.claim.as_deref())?,
            max_rerolls: self.rerolls,
            template: self.template,
        };
        let (guild, at, key) = (ctx.guild(), ctx.at(), ctx.key()?);
        let made =
            ctx.actions().create_giveaway(guild, &ctx.caller, channel, &plan, at, &key).await?;
        let says = ctx.fill(
            CREATED,
            &[
                ("prize", &plain(&made.terms.prize)),
                ("channel", &format!("<#{channel}>")),
                ("ends", &made.terms.ends_at.as_secs()),
            ],
        );
        let committed = ctx.fill(COMMITTED, &[("commitment", &made.commitment)]);
        Ok(Reply::good(says).footer(committed))
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        templates::suggest(&ctx, &typing).await
    }
}

options! {
    pub struct Edit {
        giveaway: String = Opt::new(WHICH, WHICH_ABOUT).between(1, 100).suggests(),
        prize: Option<String> = Opt::new(text("prize", "gewinn"), text("What is given", "Was es gibt"))
            .between(1, PRIZE_CHARS),
        winners: Option<u32> = Opt::new(
            text("winners", "gewinner"),
            text("How many win", "Wie viele gewinnen"),
        )
        .between(1, MAX_WINNERS as i64),
        ends_in: Option<String> = Opt::new(
            text("ends_in", "endet_in"),
            text("How long from now, such as 2h", "Wie lange ab jetzt, etwa 2h"),
        )
        .between(1, LENGTH_CHARS),
        claim: Option<String> = Opt::new(
            text("claim", "abholzeit"),
            text("Time to claim, such as 5m; 0 for none", "Zeit zum Abholen, etwa 5m; 0 für keine"),
        )
        .between(1, LENGTH_CHARS),
        rerolls: Option<u32> = Opt::new(
            text("rerolls", "neuziehungen"),
            text("How often prizes go on", "Wie oft Gewinne weitergehen"),
        )
        .between(0, MAX_REROLLS as i64),
    }
}

impl Verb for Edit {
    const SPEC: Spec = Spec::new(
        text("edit", "ändern"),
        text("Change a giveaway while it runs", "Ändere eine laufende Verlosung"),
    )
    .needs(Permission::ManageGiveaways)
    .private()
    .examples(&["/giveaway edit giveaway:Nitro ends_in:2h"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let id = chosen(&ctx, &self.giveaway)?;
        let changes = Changes {
            prize: self.prize,
            winners: self.winners,
            ends_in_secs: seconds(&ctx, self.ends_in.as_deref())?,
            claim_secs: seconds(&ctx, self.claim.as_deref())?,
            max_rerolls: self.rerolls,
        };
        let (guild, at, key) = (ctx.guild(), ctx.at(), ctx.key()?);
        let shown = ctx.actions().edit_giveaway(guild, &ctx.caller, id, &changes, at, &key).await?;
        Ok(told(&ctx, EDITED, &shown))
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing, &[Status::Open, Status::Paused]).await
    }
}

/// What is to be said of a giveaway after something was done with it.
fn told(ctx: &Ctx, says: Text, shown: &Shown) -> Reply {
    let n =
        if says == EDITED { shown.terms.winners.to_string() } else { shown.standing.to_string() };
    let prize = plain(&shown.terms.prize);
    let ends = shown.terms.ends_at.as_secs();
    Reply::good(ctx.fill(says, &[("prize", &prize), ("n", &n), ("ends", &ends)])).private()
}

options! {
    pub struct Pause {
        giveaway: String = Opt::new(WHICH, WHICH_ABOUT).between(1, 100).suggests(),
    }
}

impl Verb for Pause {
    const SPEC: Spec = Spec::new(
        text("pause", "pausieren"),
        text("Let nobody enter, and let the end wait", "Niemand macht mit, und das Ende wartet"),
    )
    .needs(Permission::ManageGiveaways)
    .private()
    .examples(&["/giveaway pause giveaway:Nitro"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (id, key) = (chosen(&ctx, &self.giveaway)?, ctx.key()?);
        let (guild, at) = (ctx.guild(), ctx.at());
        let shown = ctx.actions().pause_giveaway(guild, &ctx.caller, id, at, &key).await?;
        Ok(told(&ctx, PAUSED, &shown))
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing, &[Status::Open]).await
    }
}

options! {
    pub struct Resume {
        giveaway: String = Opt::new(WHICH, WHICH_ABOUT).between(1, 100).suggests(),
    }
}

impl Verb for Resume {
    const SPEC: Spec = Spec::new(
        text("resume", "fortsetzen"),
        text("Go on with a paused giveaway", "Setze eine pausierte Verlosung fort"),
    )
    .needs(Permission::ManageGiveaways)
    .private()
    .examples(&["/giveaway resume giveaway:Nitro"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (id, key) = (chosen(&ctx, &self.giveaway)?, ctx.key()?);
        let (guild, at) = (ctx.guild(), ctx.at());
        let shown = ctx.actions().resume_giveaway(guild, &ctx.caller, id, at, &key).await?;
        Ok(told(&ctx, RESUMED, &shown))
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing, &[Status::Paused]).await
    }
}

options! {
    pub struct End {
        giveaway: String = Opt::new(WHICH, WHICH_ABOUT).between(1, 100).suggests(),
    }
}

impl Verb for End {
    const SPEC: Spec = Spec::new(
        text("end", "beenden"),
        text("End a giveaway now and draw", "Beende eine Verlosung jetzt und zieh"),
    )
    .needs(Permission::ManageGiveaways)
    .private()
    .examples(&["/giveaway end giveaway:Nitro"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (id, key) = (chosen(&ctx, &self.giveaway)?, ctx.key()?);
        let (guild, at) = (ctx.guild(), ctx.at());
        let shown = ctx.actions().end_giveaway(guild, &ctx.caller, id, at, &key).await?;
        Ok(told(&ctx, ENDED, &shown))
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing, &[Status::Open, Status::Paused]).await
    }
}

options! {
    pub struct Cancel {
        giveaway: String = Opt::new(WHICH, WHICH_ABOUT).between(1, 100).suggests(),
    }
}

impl Verb for Cancel {
    const SPEC: Spec = Spec::new(
        text("cancel", "absagen"),
        text("Call a giveaway off before it is drawn", "Sag eine Verlosung vor der Ziehung ab"),
    )
    .needs(Permission::ManageGiveaways)
    .private()
    .examples(&["/giveaway cancel giveaway:Nitro"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let id = chosen(&ctx, &self.giveaway)?;
        let shown = ctx.actions().giveaway(ctx.guild(), &ctx.caller, id).await?;
        let sure = ctx.fill(SURE, &[("prize", &plain(&shown.terms.prize))]);
        let question = Reply::new(sure).private();
        confirm::ask(&ctx, super::NAME, "cancel", &short_uuid(id.0), question)
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing, &[Status::Open, Status::Paused, Status::Closed]).await
    }
}

pub async fn cancelled(ctx: Ctx, pressed: Pressed) -> Answer {
    confirm::then(ctx, pressed, async |ctx: Ctx, Confirmed { payload, key }| {
        let id = long_uuid(&payload).map(domain::GiveawayId);
        let id = id.ok_or_else(|| Failure::System("a button names no giveaway".to_owned()))?;
        let (guild, at) = (ctx.guild(), ctx.at());
        let shown = ctx.actions().cancel_giveaway(guild, &ctx.caller, id, at, &key).await?;
        Ok(told(&ctx, CANCELLED, &shown))
    })
    .await
}

options! {
    pub struct Reroll {
        giveaway: String = Opt::new(WHICH, WHICH_ABOUT).between(1, 100).suggests(),
        winner: UserId = Opt::new(
            text("winner", "gewinner"),
            text("Whose prize goes on", "Wessen Gewinn weitergeht"),
        ),
        reason: String = Opt::new(
            text("reason", "grund"),
            text("Why; it is kept", "Warum; es wird aufbewahrt"),
        )
        .between(1, REASON_CHARS),
    }
}

impl Verb for Reroll {
    const SPEC: Spec = Spec::new(
        text("reroll", "neuziehen"),
        text("Give a winner's prize to somebody else", "Gib einen Gewinn jemand anderem"),
    )
    .needs(Permission::ManageGiveaways)
    .examples(&["/giveaway reroll giveaway:Nitro winner:@Tobi reason:asked not to have it"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (id, key) = (chosen(&ctx, &self.giveaway)?, ctx.key()?);
        let (guild, at) = (ctx.guild(), ctx.at());
        let shown = ctx
            .actions()
            .reroll_giveaway(guild, &ctx.caller, id, self.winner, &self.reason, at, &key)
            .await?;
        let (prize, who) = (plain(&shown.terms.prize), format!("<@{}>", self.winner));
        Ok(Reply::good(ctx.fill(REROLLED, &[("prize", &prize), ("who", &who)])))
    }

    async fn suggest(ctx: Ctx, typing: Typing) -> Vec<Suggestion> {
        suggest(&ctx, &typing, &[Status::Drawn]).await
    }
}
