//! `/bytes awards`: which roles somebody has earned, and that they get those they do not have.

use std::time::Duration;

use actions::economy::Award;
use domain::{
    UserId,
    awards::{AwardState, Failure as Why},
};

use super::mention;
use crate::discord::{
    command::{Answer, Spec, Verb},
    ctx::Ctx,
    options::{Opt, options},
    reply::Reply,
    text::{Text, number, text},
};

const TITLE: Text = text("Roles to earn", "Rollen zu verdienen");
const NONE: Text = text(
    "This community gives no roles for what its members receive.",
    "Diese Community gibt keine Rollen für das, was ihre Mitglieder bekommen.",
);
const NOT_YET: Text = text("not yet", "noch nicht");
const COMING: Text = text("earned, it is on its way", "verdient, sie ist unterwegs");
const GIVEN: Text = text("earned", "verdient");
const GONE: Text =
    text("earned, but the role was deleted", "verdient, aber die Rolle wurde gelöscht");
const LEFT: Text = text("earned, comes when they are back", "verdient, kommt beim Wiedereintritt");
const NOT_ALLOWED: Text = text(
    "earned, but I may not give it: my own role must be above it",
    "verdient, aber ich darf sie nicht geben: meine Rolle muss darüber stehen",
);
const UNAVAILABLE: Text = text(
    "earned, but Discord did not take it; try again",
    "verdient, aber Discord nahm es nicht an; versuch es noch einmal",
);

options! {
    pub struct Awards {
        user: Option<UserId> = Opt::new(
            text("user", "mitglied"),
            text("Whose; your own otherwise", "Wessen; sonst deine eigenen"),
        ),
    }
}

impl Verb for Awards {
    const SPEC: Spec = Spec::new(
        text("awards", "auszeichnungen"),
        text(
            "Which roles somebody has earned, and get them",
            "Wer welche Rollen verdient hat, und her damit",
        ),
    )
    .every(Duration::from_secs(10))
    .examples(&["/bytes awards", "/bytes awards user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let who = self.user.unwrap_or(ctx.user());
        let has = if who == ctx.user() {
            ctx.asked.standing.roles.clone()
        } else {
            let told = ctx.asked.told_of(who).and_then(|named| named.roles.clone());
            told.unwrap_or_default()
        };
        let key = ctx.key()?;
        let awards = ctx.actions().check_awards(ctx.guild(), &ctx.caller, who, &has, &key).await?;
        if awards.is_empty() {
            return Ok(Reply::new(ctx.say(NONE)));
        }
        let line = |award: &Award| {
            let (at, state) = (number(ctx.lang(), award.at.0), ctx.say(state(award)));
            format!("<@&{}> ({at}): {state}", award.role)
        };
        let mut lines = vec![mention(who)];
        lines.extend(awards.iter().map(line));
        Ok(Reply::new(lines.join("\n")).title(ctx.say(TITLE)))
    }
}

const fn state(award: &Award) -> Text {
    match (award.state, award.earned) {
        (Some(AwardState::Given), _) => GIVEN,
        (Some(AwardState::Ordered), _) | (None, true) => COMING,
        (Some(AwardState::Failed(Why::RoleGone)), _) => GONE,
        (Some(AwardState::Failed(Why::MemberGone)), _) => LEFT,
        (Some(AwardState::Failed(Why::NotAllowed)), _) => NOT_ALLOWED,
        (Some(AwardState::Failed(Why::Unavailable)), _) => UNAVAILABLE,
        (None, false) => NOT_YET,
    }
}
