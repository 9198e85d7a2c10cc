//! `/appeal`: a member asks that a case be looked at again; a moderator answers.

use std::time::Duration;

use actions::{Permission, moderation::Decided};
use domain::case::MAX_TEXT_CHARS;

use super::{case::forgiven, case_number};
use crate::discord::{
    command::{Answer as Answered, Spec, Verb},
    ctx::Ctx,
    options::{Opt, options},
    reply::Reply,
    text::{Text, text},
};

/// As Discord is told.
const TEXT_CHARS: i64 = 2_000;
const _: () = assert!(TEXT_CHARS.unsigned_abs() == MAX_TEXT_CHARS as u64, "one limit");

const APPEALED: Text = text(
    "Your appeal against case {case} is with the moderators. This is your appeal number {n}.",
    "Dein Einspruch gegen Fall {case} ist bei der Moderation. Es ist dein {n}. Einspruch.",
);
const REFUSED: Text = text(
    "The appeal against case {case} is refused.",
    "Der Einspruch gegen Fall {case} ist abgelehnt.",
);

options! {
    pub struct Appeal {
        case: u32 = Opt::new(text("case", "fall"), text("The number of your case", "Die Nummer deines Falls"))
            .between(1, u32::MAX as i64),
        text: String = Opt::new(
            text("text", "text"),
            text("Why it should be looked at again", "Warum er noch einmal angesehen werden soll"),
        )
        .between(1, TEXT_CHARS),
    }
}

impl Verb for Appeal {
    const SPEC: Spec = Spec::new(
        text("appeal", "einspruch"),
        text("Appeal against a case that is about you", "Erhebe Einspruch gegen deinen Fall"),
    )
    .private()
    .every(Duration::from_secs(30))
    .examples(&["/appeal case:8 text:that was not me, my account was stolen"]);

    async fn run(self, ctx: Ctx) -> Answered {
        let (number, key) = (case_number(self.case), ctx.key()?);
        let n = ctx.actions().appeal(ctx.guild(), &ctx.caller, number, &self.text, &key).await?;
        Ok(Reply::good(ctx.fill(APPEALED, &[("case", &number), ("n", &n)])).private())
    }
}

options! {
    pub struct Answer {
        case: u32 = Opt::new(text("case", "fall"), text("Its number", "Seine Nummer"))
            .between(1, u32::MAX as i64),
        accept: bool = Opt::new(
            text("accept", "annehmen"),
            text("Yes: the case is pardoned", "Ja: Der Fall wird begnadigt"),
        ),
        text: Option<String> = Opt::new(text("text", "text"), text("Why", "Warum"))
            .between(1, 1_000),
    }
}

impl Verb for Answer {
    const SPEC: Spec = Spec::new(
        text("answer", "antworten"),
        text("Answer the appeal against a case", "Beantworte den Einspruch gegen einen Fall"),
    )
    .needs(Permission::Moderate)
    .private()
    .examples(&["/case answer case:8 accept:True text:you are right"]);

    async fn run(self, ctx: Ctx) -> Answered {
        let (number, key) = (case_number(self.case), ctx.key()?);
        let answer = (self.accept, self.text.as_deref());
        let decided =
            ctx.actions().decide_appeal(ctx.guild(), &ctx.caller, number, answer, &key).await?;
        let said = match decided {
            Decided::Refused => REFUSED,
            Decided::Accepted(pardoned) => forgiven(pardoned),
        };
        Ok(Reply::good(ctx.fill(said, &[("case", &number)])).private())
    }
}
