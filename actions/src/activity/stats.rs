//! Statistics of a community: what happened on each of the last days, when people are there, who
//! stays.

use std::collections::BTreeMap;

use domain::{ChannelId, GuildId, UserId, UtcDay, activity::ActivitySettings};
use projections::activity::{
    Slot,
    cohorts::{self, cohorts},
    members,
    series::{self, Filter, Metric, Spans},
    slots::{self, Sums},
};

use super::{
    MODULE,
    calendar::{Calendar, Every},
};
use crate::{ActionError, Actions, Caller, Permission};

pub const MAX_STATS_DAYS: u32 = 365;
pub const DEFAULT_STATS_DAYS: u32 = 14;
const MAX_TOP: u32 = 5;
/// Cohorts that are looked at, and so many weeks after each.
const COHORTS: u32 = 6;

#[derive(Clone, Debug)]
pub struct Stats {
    pub time_zone: String,
    /// The oldest first; the last one is today.
    pub days: Vec<Day>,
    /// Active members: today, in the last 7 days and in the last 30.
    pub daily: u64,
    pub weekly: u64,
    pub monthly: u64,
    /// Messages by day of the week (Monday is 0) and hour.
    pub heatmap: [[i64; 24]; 7],
    pub top_channels: Vec<(ChannelId, i64)>,
    /// None where the member was erased.
    pub top_members: Vec<(Option<UserId>, i64)>,
    pub cohorts: Vec<Cohort>,
    /// When nobody looked.
    pub gaps: Vec<slots::Gap>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub day: UtcDay,
    pub sums: Sums,
    pub active: u64,
}

/// Those who came in one week, and how many of them did something in each week after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// Its Monday.
    pub week: UtcDay,
    pub came: u64,
    pub stayed: Vec<u64>,
}

impl Actions {
    /// How commands, members and channels did in the last days. For whoever may read records.
    #[tracing::instrument(name = "activity.stats", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn stats(
        &self,
        guild: GuildId,
        caller: &Caller,
        days: u32,
    ) -> Result<Stats, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.authorise(guild, caller, Permission::ViewRecords).await?;
        if !(1..=MAX_STATS_DAYS).contains(&days) {
            return Err(ActionError::BadInput(format!("days: use 1 to {MAX_STATS_DAYS}")));
        }
        let (time_zone, calendar) = self.calendar(guild).await?;
        let today = calendar.day(self.now());
        let back = |days: u32| UtcDay(today.0 - days.cast_signed() + 1);
        let first = back(days);
        let (from, until) = (calendar.slots(first).0, calendar.slots(today).1);
        let store = self.store();
        let told = slots::between(store, guild, from, until).await?;
        let since = |days| (calendar.slots(back(days)).0, until);
        let windows = [since(1), since(7), since(30)];
        let active = self.active(guild, windows.to_vec()).await?;
        let top = members::top(store, guild, from, until, MAX_TOP).await?;
        let mut top_members = Vec::new();
        for (person, did) in top.into_iter().filter(|(_, did)| did.messages > 0) {
            top_members.push((self.people().user(guild, person).await?, did.messages));
        }
        let channels = slots::top_channels(store, guild, from, until, MAX_TOP).await?;
        let channels = channels.into_iter().filter(|(_, sums)| sums.messages > 0);
        Ok(Stats {
            time_zone,
            days: self.days(guild, calendar, (first, today), &told).await?,
            daily: active[0],
            weekly: active[1],
            monthly: active[2],
            heatmap: heatmap(calendar, &told),
            top_channels: channels.map(|(channel, sums)| (channel, sums.messages)).collect(),
            top_members,
            cohorts: self.cohorts(guild, calendar, today).await?,
            gaps: slots::gaps(store, guild, from, until).await?,
        })
    }

    /// A community's time zone, and days as it counts them.
    pub async fn calendar(&self, guild: GuildId) -> Result<(String, Calendar), ActionError> {
        let settings = self.settings::<ActivitySettings>(guild).await?;
        let time_zone = settings.values.time_zone.clone();
        // A name that was known once may be gone.
        let calendar = Calendar::of(&time_zone).unwrap_or_else(Calendar::utc);
        Ok((time_zone, calendar))
    }

    /// How many members did anything in each of these times.
    async fn active(
        &self,
        guild: GuildId,
        times: Vec<(Slot, Slot)>,
    ) -> Result<Vec<u64>, ActionError> {
        let mut active = vec![0; times.len()];
        let Some(spans) = Spans::new(times) else { return Ok(active) };
        let (store, all) = (self.store(), Filter::default());
        let told = series::series(store, guild, Metric::Active, &all, &spans).await?;
        for (place, number) in told.into_iter().flatten().enumerate() {
            active[place] = number.unsigned_abs();
        }
        Ok(active)
    }

    async fn days(
        &self,
        guild: GuildId,
        calendar: Calendar,
        (first, last): (UtcDay, UtcDay),
        told: &[(Slot, Sums)],
    ) -> Result<Vec<Day>, ActionError> {
        let mut sums = BTreeMap::<UtcDay, Sums>::new();
        for (slot, more) in told {
            sums.entry(calendar.day(slot.start())).or_default().add(more);
        }
        let spans = calendar.spans(first, last, Every::Day);
        let times = spans.map(|spans| spans.all().to_vec()).unwrap_or_default();
        let active = self.active(guild, times).await?;
        let days = (first.0..=last.0).map(UtcDay).zip(active);
        let day = |(day, active)| Day { day, sums: sums.remove(&day).unwrap_or_default(), active };
        Ok(days.map(day).collect())
    }

    async fn cohorts(
        &self,
        guild: GuildId,
        calendar: Calendar,
        today: UtcDay,
    ) -> Result<Vec<Cohort>, ActionError> {
        let weeks = calendar.weeks(today, COHORTS);
        let times: Vec<_> = weeks.iter().map(|(_, time)| *time).collect();
        let found = cohorts(self.store(), guild, &times).await?;
        let cohort =
            |((week, _), cohorts::Cohort { came, stayed }): (_, _)| Cohort { week, came, stayed };
        // Nobody can have stayed yet of those who came this week.
        let all = weeks.into_iter().zip(found).map(cohort);
        Ok(all.filter(|cohort| cohort.came > 0 && !cohort.stayed.is_empty()).collect())
    }
}

fn heatmap(calendar: Calendar, told: &[(Slot, Sums)]) -> [[i64; 24]; 7] {
    let mut map = [[0; 24]; 7];
    for (slot, sums) in told {
        let (day, hour) = calendar.hour(slot.start());
        map[day][hour] += sums.messages;
    }
    map
}
