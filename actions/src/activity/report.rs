//! The report of a week: what went on in its seven days beside the seven before, what stood out, and
//! when it is due. Nobody's name is in it: it is posted where many read.

use domain::{ChannelId, GuildId, Timestamp, UtcDay, activity::ActivitySettings};
use projections::activity::{
    series::{self, Filter, Metric, Spans},
    slots,
};

use super::{Anomaly, Calendar, Every, MODULE, anomalies::anomalies};
use crate::{ActionError, Actions, Caller, Permission};

pub const WEEK: i32 = 7;
const MAX_CHANNELS: u32 = 3;

#[derive(Clone, Debug)]
pub struct Report {
    pub time_zone: String,
    pub first: UtcDay,
    pub last: UtcDay,
    /// Of the week, and of the one before.
    pub messages: Beside,
    pub active: Beside,
    pub voice_minutes: Beside,
    pub joins: Beside,
    pub leaves: Beside,
    pub commands: Beside,
    /// Day by day.
    pub messages_by_day: Vec<i64>,
    pub active_by_day: Vec<i64>,
    pub top_channels: Vec<(ChannelId, i64)>,
    pub anomalies: Vec<Anomaly>,
    /// When nobody looked.
    pub gaps: Vec<slots::Gap>,
}

/// A number beside what it was in the week before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    pub now: i64,
    pub before: i64,
}

/// Where the next report is posted, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueReport {
    pub channel: ChannelId,
    pub at: Timestamp,
}

impl Report {
    /// The days of the week, from the first.
    pub fn days(&self) -> impl Iterator<Item = UtcDay> {
        (self.first.0..=self.last.0).map(UtcDay)
    }
}

impl Actions {
    /// The report as it would be posted today, for whoever may read records.
    pub async fn report_now(&self, guild: GuildId, caller: &Caller) -> Result<Report, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.authorise(guild, caller, Permission::ViewRecords).await?;
        self.week_report(guild, self.now()).await
    }

    /// The seven days before the one that a moment lies in; refused where nothing is counted.
    #[tracing::instrument(name = "activity.report", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn week_report(&self, guild: GuildId, at: Timestamp) -> Result<Report, ActionError> {
        self.require_module(guild, &MODULE).await?;
        let (time_zone, calendar) = self.calendar(guild).await?;
        let today = calendar.day(at);
        let back = |days: i32| UtcDay(today.0.saturating_sub(days));
        let (first, last) = (back(WEEK), back(1));
        let (before, from) = (calendar.slots(back(2 * WEEK)).0, calendar.slots(first).0);
        let until = calendar.slots(last).1;
        let weeks = Spans::new(vec![(before, from), (from, until)]);
        let days = calendar.spans(first, last, Every::Day);
        let (Some(weeks), Some(days)) = (weeks, days) else {
            return Err(ActionError::BadInput("there is no week before this day".to_owned()));
        };
        let weeks = &weeks;
        let beside = |metric| async move {
            let told = self.counted(guild, metric, weeks).await?;
            let number = |place: usize| told.get(place).copied().unwrap_or(0);
            Ok::<_, ActionError>(Beside { now: number(1), before: number(0) })
        };
        let store = self.store();
        let channels = slots::top_channels(store, guild, from, until, MAX_CHANNELS).await?;
        let channels = channels.into_iter().filter(|(_, sums)| sums.messages > 0);
        Ok(Report {
            time_zone,
            first,
            last,
            messages: beside(Metric::Messages).await?,
            active: beside(Metric::Active).await?,
            voice_minutes: beside(Metric::VoiceMinutes).await?,
            joins: beside(Metric::Joins).await?,
            leaves: beside(Metric::Leaves).await?,
            commands: beside(Metric::Commands).await?,
            messages_by_day: self.counted(guild, Metric::Messages, &days).await?,
            active_by_day: self.counted(guild, Metric::Active, &days).await?,
            top_channels: channels.map(|(channel, sums)| (channel, sums.messages)).collect(),
            anomalies: anomalies(store, guild, calendar, (first, last)).await?,
            gaps: slots::gaps(store, guild, from, until).await?,
        })
    }

    /// None where the community wants no report.
    pub async fn report_due(
        &self,
        guild: GuildId,
        after: Timestamp,
    ) -> Result<Option<DueReport>, ActionError> {
        let settings = self.settings::<ActivitySettings>(guild).await?;
        let Some(channel) = settings.values.report_channel.first().copied() else {
            return Ok(None);
        };
        let (_, calendar) = self.calendar(guild).await?;
        Ok(Some(DueReport { channel, at: due(&settings.values, calendar, after) }))
    }

    async fn counted(
        &self,
        guild: GuildId,
        metric: Metric,
        spans: &Spans,
    ) -> Result<Vec<i64>, ActionError> {
        let told = series::series(self.store(), guild, metric, &Filter::default(), spans).await?;
        Ok(told.unwrap_or_default())
    }
}

/// The first moment after another on which the community's clock shows the day and the hour.
fn due(settings: &ActivitySettings, calendar: Calendar, after: Timestamp) -> Timestamp {
    let today = calendar.day(after);
    let wanted = settings.report_day.number();
    let days = (0..=WEEK).map(|days| UtcDay(today.0.saturating_add(days)));
    let of_week = |day: &UtcDay| calendar.hour(calendar.begins(*day)).0;
    let fits = days.filter(|day| u32::try_from(of_week(day)) == Ok(wanted));
    let mut moments = fits.map(|day| calendar.at(day, settings.report_hour));
    // One of eight days is the day twice, and the second time is always still to come.
    moments.find(|at| *at > after).unwrap_or_else(|| after.plus_secs(7 * 24 * 60 * 60))
}

#[cfg(test)]
mod tests {
    use domain::activity::ReportDay;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn given_a_day_and_an_hour_then_the_report_is_due_by_the_communitys_clock() {
        let berlin = Calendar::of("Europe/Berlin").unwrap();
        let next = |day, hour, after: &str| {
            let settings = ActivitySettings {
                report_day: day,
                report_hour: hour,
                ..ActivitySettings::default()
            };
            due(&settings, berlin, at(after))
        };
        // 21 November 2026 is a Saturday.
        let monday = next(ReportDay::Monday, 9, "2026-11-21T12:00:00Z");
        assert_eq!(monday, at("2026-11-23T08:00:00Z"));
        let later_today = next(ReportDay::Saturday, 14, "2026-11-21T12:00:00Z");
        assert_eq!(later_today, at("2026-11-21T13:00:00Z"));
        let at_that_moment = next(ReportDay::Saturday, 13, "2026-11-21T12:00:00Z");
        assert_eq!(at_that_moment, at("2026-11-28T12:00:00Z"), "once a week");
        // Summer time begins on that Sunday: two o'clock is left out.
        let left_out = next(ReportDay::Sunday, 2, "2026-03-28T12:00:00Z");
        assert_eq!(left_out, at("2026-03-29T01:00:00Z"));
        let summer = next(ReportDay::Sunday, 9, "2026-03-28T12:00:00Z");
        assert_eq!(summer, at("2026-03-29T07:00:00Z"));
        // And ends: two o'clock comes twice, the first one counts.
        let twice = next(ReportDay::Sunday, 2, "2026-10-24T12:00:00Z");
        assert_eq!(twice, at("2026-10-25T00:00:00Z"));
        let mut moment = at("2026-01-01T00:00:00Z");
        for _ in 0..60 {
            let day = ReportDay::Thursday;
            let settings = ActivitySettings { report_day: day, ..ActivitySettings::default() };
            let following = due(&settings, berlin, moment);
            assert!(following > moment && berlin.hour(following) == (3, 9), "{following}");
            moment = following;
        }
        assert_eq!(berlin.day(moment), at("2027-02-18T12:00:00Z").utc_day());
    }
}
