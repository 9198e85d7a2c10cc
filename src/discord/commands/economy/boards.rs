//! `/bytes heap`: who has most, of all time or in a week.

use std::time::Duration;

use actions::economy::{DEFAULT_BOARD, MAX_BOARD, MAX_WEEKS_AGO};

use super::{currency, mention};
use crate::discord::{
    command::{Answer, Spec, Verb},
    ctx::Ctx,
    options::{Opt, options},
    reply::Reply,
    text::{Text, number, text},
};

const ALL_TIME: Text = text("Most {currency}", "Die meisten {currency}");
const OF_WEEK: Text = text(
    "Most {currency} gained, week of {day}",
    "Die meisten {currency} gewonnen, Woche vom {day}",
);
const NOBODY: Text = text("Nobody has any yet.", "Noch hat niemand welche.");
const NOBODY_THAT_WEEK: Text =
    text("Nobody gained any in that week.", "In dieser Woche hat niemand welche gewonnen.");
const ERASED: Text = text("somebody who was erased", "jemand, der gelöscht wurde");
const _: () = assert!(DEFAULT_BOARD == 10, "the option's text says so");

options! {
    pub struct Heap {
        limit: Option<u32> = Opt::new(
            text("limit", "anzahl"),
            text("How many places, 10 otherwise", "Wie viele Plätze, sonst 10"),
        )
        .between(1, MAX_BOARD as i64),
        weeks_ago: Option<u32> = Opt::new(
            text("weeks_ago", "vor_wochen"),
            text(
                "What was gained in one week: 0 is this one, 1 the last",
                "Was in einer Woche dazukam: 0 ist diese, 1 die letzte",
            ),
        )
        .between(0, MAX_WEEKS_AGO as i64),
    }
}

impl Verb for Heap {
    const SPEC: Spec =
        Spec::new(text("heap", "haufen"), text("Who has most bytes", "Wer die meisten Bytes hat"))
            .every(Duration::from_secs(5))
            .examples(&["/bytes heap", "/bytes heap limit:25", "/bytes heap weeks_ago:1"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let (actions, guild, caller) = (ctx.actions(), ctx.guild(), &ctx.caller);
        let currency = currency(&ctx).await?;
        let (title, empty, board) = match self.weeks_ago {
            None => {
                let title = ctx.fill(ALL_TIME, &[("currency", &currency)]);
                (title, NOBODY, actions.board(guild, caller, self.limit).await?)
            }
            Some(ago) => {
                let board = actions.weekly_board(guild, caller, ago, self.limit).await?;
                let title = ctx.fill(OF_WEEK, &[("currency", &currency), ("day", &board.week)]);
                (title, NOBODY_THAT_WEEK, board.lines)
            }
        };
        if board.is_empty() {
            return Ok(Reply::new(ctx.say(empty)).title(title));
        }
        let lines = board.iter().map(|line| {
            let who = line.user.map_or_else(|| ctx.say(ERASED), mention);
            format!("{}. {who} — {}", line.place, number(ctx.lang(), line.amount.0))
        });
        Ok(Reply::new(lines.collect::<Vec<_>>().join("\n")).title(title))
    }
}
