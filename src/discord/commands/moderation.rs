//! What moderators do about conduct, and what members may see and say of it.
//!
//! Only whoever asked sees the answers: what others should read is posted to the log channel.

mod appeal;
mod case;
mod files;
mod lists;
mod many;
mod menus;
mod punish;
mod undo;

use actions::{
    BotStanding, Target,
    moderation::{ByWhom, CaseLine, InNameOf, MODULE, Subject},
};
use domain::{CaseNumber, RoleId, UserId, case::Kind, text::parse_duration};
use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Capability, Group, Place, Press, Route, Submit, Suggestion},
    ctx::Ctx,
    failure::Failure,
    text::{Lang, Text, duration, text},
};

pub const CAPABILITY: Capability = Capability {
    name: "moderation",
    module: Some(&MODULE),
    title: text("Moderation", "Moderation"),
    intents: Intents::GUILD_MODERATION,
    groups: &[
        Group::verb(&[Route::of::<punish::Warn>()]),
        Group::verb(&[Route::of::<punish::Timeout>()]),
        Group::verb(&[Route::of::<punish::Untimeout>()]),
        Group::verb(&[Route::of::<punish::Kick>()]),
        Group::verb(&[Route::of::<punish::Ban>()]),
        Group::verb(&[Route::of::<punish::Unban>()]),
        Group::verb(&[Route::of::<punish::Softban>()]),
        Group::verb(&[Route::of::<punish::Note>()]),
        Group::new(
            text("case", "fall"),
            text("One case: look at it, change it", "Ein Fall: ansehen, ändern"),
            &[
                Route::of::<case::View>(),
                Route::of::<case::History>(),
                Route::of::<case::Reason>(),
                Route::of::<case::Length>(),
                Route::of::<case::Evidence>(),
                Route::of::<case::Remark>(),
                Route::of::<case::Hide>(),
                Route::of::<case::Unhide>(),
                Route::of::<case::Link>(),
                Route::of::<case::Unlink>(),
                Route::of::<case::Resolve>(),
                Route::of::<case::Reopen>(),
                Route::of::<case::Pardon>(),
                Route::of::<appeal::Answer>(),
            ],
        ),
        Group::verb(&[Route::of::<lists::Cases>()]),
        Group::verb(&[Route::of::<lists::Record>()]),
        Group::verb(&[Route::of::<lists::Moderator>()]),
        Group::verb(&[Route::of::<appeal::Appeal>()]),
        Group::verb(&[Route::of::<many::Massban>()]),
        Group::verb(&[Route::of::<undo::Undo>()]),
        Group::menu(Place::OnPerson, &[Route::of::<menus::Warn>()]),
        Group::menu(Place::OnPerson, &[Route::of::<menus::Record>()]),
        Group::menu(Place::OnMessage, &[Route::of::<menus::WarnForMessage>()]),
    ],
    presses: &[
        Press::new("cases", |ctx, pressed| Box::pin(lists::turn(ctx, pressed))),
        Press::new("history", |ctx, pressed| Box::pin(case::turn(ctx, pressed))),
        Press::new("massban", |ctx, pressed| Box::pin(many::confirmed(ctx, pressed))),
        Press::new("undo", |ctx, pressed| Box::pin(undo::confirmed(ctx, pressed))),
    ],
    submits: &[Submit::new("warn", |ctx, form| Box::pin(menus::warn(ctx, form)))],
};

const NOT_TOLD: Text = text(
    "Discord did not say who that is. Name them with the option.",
    "Discord hat nicht gesagt, wer das ist. Nenne die Person mit der Option.",
);
const NO_LENGTH: Text = text(
    "I do not understand that length. Write it like `10m`, `2h30m`, `7d` or `2w`.",
    "Diese Dauer verstehe ich nicht. Schreib sie wie `10m`, `2h30m`, `7d` oder `2w`.",
);
const NOBODY: Text = text("somebody who was erased", "jemand, der gelöscht wurde");
const RULE: Text = text("the rule \"{rule}\"", "die Regel „{rule}“");
const ACTING: Text = text("{moderator} for {whom}", "{moderator} für {whom}");
const SOMEBODY: Text = text("somebody, by hand", "jemand, von Hand");
const WITHHELD: Text = text("the moderators", "die Moderation");

/// Discord shows it as the member's name; it pings nobody.
fn mention(user: UserId) -> String {
    format!("<@{user}>")
}

fn named(ctx: &Ctx, user: Option<UserId>) -> String {
    user.map_or_else(|| ctx.say(NOBODY), mention)
}

fn by_whom(ctx: &Ctx, by: &ByWhom) -> String {
    match by {
        ByWhom::Member(user) => named(ctx, *user),
        ByWhom::ActingFor { moderator, whom } => {
            let (moderator, whom) = (named(ctx, *moderator), named(ctx, *whom));
            ctx.fill(ACTING, &[("moderator", &moderator), ("whom", &whom)])
        }
        ByWhom::Rule(rule) => ctx.fill(RULE, &[("rule", rule)]),
        ByWhom::Unknown => ctx.say(SOMEBODY),
        ByWhom::Withheld => ctx.say(WITHHELD),
    }
}

/// Somebody whom an option names, with the rank that Discord tells of.
fn subject(ctx: &Ctx, user: UserId) -> Result<Subject, Failure> {
    let told = ctx.asked.told_of(user).ok_or_else(|| Failure::refused(NOT_TOLD, ctx.lang()))?;
    Ok(standing_of(ctx, user, told.roles.clone()))
}

/// The same of somebody whom Discord did not tell of: it is asked.
async fn asked_subject(ctx: &Ctx, user: UserId) -> Result<Subject, Failure> {
    if let Some(told) = ctx.asked.told_of(user) {
        return Ok(standing_of(ctx, user, told.roles.clone()));
    }
    let members = ctx.edge.members.get();
    let members = members.ok_or_else(|| Failure::refused(NOT_TOLD, ctx.lang()))?;
    Ok(standing_of(ctx, user, members.roles(ctx.guild(), user).await?))
}

/// None for their roles where they are not in the community.
fn standing_of(ctx: &Ctx, user: UserId, roles: Option<Vec<RoleId>>) -> Subject {
    let (guild, guilds) = (ctx.guild(), &ctx.edge.guilds);
    let is_member = roles.is_some();
    let roles = roles.unwrap_or_default();
    let permissions = guilds.base_permissions(guild, user, &roles);
    let standing = guilds.standing(guild, user, roles, permissions);
    let target = Target {
        user,
        top_rank: standing.top_rank,
        is_owner: standing.is_owner,
        is_bot_itself: user == ctx.edge.us,
    };
    let is_administrator = is_member && permissions.has(actions::Permissions::ADMINISTRATOR);
    Subject { target, is_member, is_administrator }
}

fn in_name_of(ctx: &Ctx, user: Option<UserId>) -> Result<Option<InNameOf>, Failure> {
    let Some(user) = user else { return Ok(None) };
    let told = ctx.asked.told_of(user).ok_or_else(|| Failure::refused(NOT_TOLD, ctx.lang()))?;
    let (guild, guilds) = (ctx.guild(), &ctx.edge.guilds);
    let Some(roles) = told.roles.clone() else {
        // Somebody who is not here has no standing.
        return Ok(Some(InNameOf { user, standing: actions::Standing::everyone() }));
    };
    let permissions = guilds.base_permissions(guild, user, &roles);
    let standing = guilds.standing(guild, user, roles, permissions);
    Ok(Some(InNameOf { user, standing }))
}

/// What we may do here; nothing, where that is not known.
fn bot(ctx: &Ctx) -> BotStanding {
    ctx.edge.guilds.our_standing(ctx.guild(), ctx.edge.us).unwrap_or_default()
}

/// A length as people write it.
fn length(ctx: &Ctx, written: &str) -> Result<u32, Failure> {
    parse_duration(written).ok_or_else(|| Failure::refused(NO_LENGTH, ctx.lang()))
}

/// Lengths that are often chosen, or the one that is being typed.
fn lengths(lang: Lang, typed: &str) -> Vec<Suggestion> {
    const OFTEN: [&str; 8] = ["10m", "1h", "6h", "1d", "3d", "7d", "28d", "90d"];
    let shown = |value: &str| {
        let secs = parse_duration(value)?;
        Some(Suggestion { title: duration(lang, i64::from(secs)), value: value.to_owned() })
    };
    let typed = typed.trim();
    if typed.is_empty() {
        return OFTEN.iter().filter_map(|value| shown(value)).collect();
    }
    let with_units = ["m", "h", "d", "w"].map(|unit| format!("{typed}{unit}"));
    let bare = typed.bytes().all(|digit| digit.is_ascii_digit());
    let typed = [typed.to_owned()];
    let wanted = if bare { &with_units[..] } else { &typed[..] };
    wanted.iter().filter_map(|value| shown(value)).collect()
}

fn kind_name(kind: Kind) -> Text {
    match kind {
        Kind::Warning => text("Warning", "Verwarnung"),
        Kind::Note => text("Note", "Notiz"),
        Kind::Timeout => text("Timeout", "Timeout"),
        Kind::EndTimeout => text("End of a timeout", "Ende eines Timeouts"),
        Kind::Kick => text("Kick", "Kick"),
        Kind::Ban => text("Ban", "Bann"),
        Kind::Unban => text("Unban", "Entbannung"),
        Kind::Softban => text("Softban", "Softbann"),
    }
}

/// How a case stands, in a word or two.
fn standing(ctx: &Ctx, case: &CaseLine) -> String {
    let known = match (case.standing.as_str(), case.active, case.status.word()) {
        ("counts", true, _) => text("counts", "zählt"),
        ("in_force", ..) => text("in force", "in Kraft"),
        ("under_way", ..) => text("under way", "läuft gerade"),
        ("failed", ..) => text("failed: {why}", "gescheitert: {why}"),
        (_, _, "resolved") => text("resolved", "erledigt"),
        (_, _, "revoked") => text("taken back", "zurückgenommen"),
        (_, _, "pardoned") => text("pardoned", "begnadigt"),
        ("counts", false, _) | (_, _, "expired") => text("expired", "abgelaufen"),
        _ => text("done", "ausgeführt"),
    };
    let why = case.failure.as_deref().unwrap_or_default();
    ctx.fill(known, &[("why", &why)])
}

/// A number that somebody typed.
fn case_number(number: u32) -> CaseNumber {
    CaseNumber(number)
}
