//! Posts the report of each week in the channel that a community named for it.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | the settings were changed: a timer for the next report, or none | the same timer | never | the event comes again |
//! | the timer fires: an effect that posts the week, and the next timer | the same effect and timer | where nothing is counted there is only the next timer; an error parks the timer, not the guild | it fires again, and orders the same effect |
//! | the channel is gone or closed to us: those who run the community hear of it, once | one notice for each channel | – | it is told again |
//!
//! A report that is a day late, because nobody ran us, is left out: the next one comes. It begins at
//! the head of the log: what was set before is followed when it is set again.

use actions::{ActionError, activity::DueReport};
use async_trait::async_trait;
use domain::ChannelId;
use eventlog::Recorded;
use serde_json::Value;

use super::{
    Content, Deed, Effect, Ended, Letter, Process, Reaction, Timer, Trouble,
    effect::code::{MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_CHANNEL},
};
use crate::discord::{report, text::Lang};

const DUE: &str = "report_due";
/// A community has one report.
const KEY: &str = "week";
const LATE_SECS: i64 = 24 * 60 * 60;

#[derive(Debug)]
pub struct Reports;

#[async_trait]
impl Process for Reports {
    fn name(&self) -> &'static str {
        "reports"
    }

    fn follows(&self, type_name: &str) -> bool {
        type_name == "activity_settings.changed"
    }

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        next(event.at, reaction).await.map(drop)
    }

    fn timers(&self) -> &'static [&'static str] {
        &[DUE]
    }

    async fn fire(&self, timer: &Timer, reaction: &mut Reaction) -> Result<(), Trouble> {
        let late = timer.due.plus_secs(LATE_SECS) < reaction.now();
        let after = if late { reaction.now() } else { timer.due };
        let Some(due) = next(after, reaction).await? else { return Ok(()) };
        if late {
            return Ok(());
        }
        let report = match reaction.actions().week_report(reaction.guild(), timer.due).await {
            Ok(report) => report,
            Err(ActionError::ModuleOff { .. } | ActionError::ModuleNotOffered { .. }) => {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let (reply, chart) = report::told(Lang::En, &report);
        let embed = serde_json::to_value(reply.embed())
            .map_err(|error| Trouble::Poison(format!("a report cannot be written: {error}")))?;
        let chart = Some(Box::new(chart));
        let content = Content { embeds: vec![embed], chart, ..Content::default() };
        let deed = Deed::SendMessage { channel: due.channel, letter: Letter::Open(content) };
        reaction.effect("post", deed, "").await.map(drop)
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        let Deed::SendMessage { channel, .. } = &effect.deed else { return Ok(()) };
        let Ended::Failed { code, .. } = ended else { return Ok(()) };
        match *code {
            code @ (UNKNOWN_CHANNEL | MISSING_ACCESS | MISSING_PERMISSIONS) => {
                tell(*channel, code, reaction).await
            }
            _ => Ok(()),
        }
    }
}

/// Sets the timer of the next report, or takes it away where the community wants none.
async fn next(
    after: domain::Timestamp,
    reaction: &mut Reaction,
) -> Result<Option<DueReport>, Trouble> {
    let due = reaction.actions().report_due(reaction.guild(), after).await?;
    match due {
        Some(due) => reaction.set_timer(DUE, KEY, due.at, &Value::Null).await?,
        None => reaction.cancel_timer(DUE, KEY),
    }
    Ok(due)
}

/// Those who run the community hear once that a channel does not take its report.
async fn tell(channel: ChannelId, code: u64, reaction: &mut Reaction) -> Result<(), Trouble> {
    let why = if code == UNKNOWN_CHANNEL { "is gone" } else { "does not let me write" };
    let text = format!(
        "The weekly report cannot be posted: <#{channel}> {why}. Choose another channel with \
         `/settings set setting:activity.report_channel`, or let me see it, write, embed links and \
         attach files there. `/stats view:report` shows the week in any case."
    );
    let letter = Letter::Open(Content::text(text));
    reaction
        .effect_once(&format!("lost/{channel}"), Deed::TellModerators { letter }, "")
        .await
        .map(drop)
}
