//! What goes on in a community, in numbers: any metric over time, whole or split, beside the time
//! before; when people are there, who stays, who and what rises, and when nobody looked. Days and
//! hours are the community's own.

mod lines;

use actions::{
    Permission,
    activity::{self as rules, Calendar},
};
use async_graphql::Object;
use domain::{ChannelId, PersonId, UtcDay};
use projections::activity::{
    Slot, cohorts,
    members::{self, MAX_USES},
    series::{self, Compared, Key, MAX_LINES, Spans},
    slots,
};

use self::lines::{
    ActiveMembers, ActivityFilter, AnomalyLine, Chart, ChartLine, CohortLine, CommandLine,
    DayRange, Every, GapLine, MemberActivity, Metric, MostLine, Of, Split,
};
use crate::{
    blocks::user_id,
    guard::May,
    page::cost,
    people::Person,
    scalars::{Day, Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// Who may look at everybody's numbers.
const ANALYSTS: &[Permission] = &[Permission::ViewAnalytics, Permission::ViewRecords];
const DEFAULT_DAYS: i32 = 30;
/// Ten years.
const MAX_DAYS: i32 = 3_660;
const MAX_WEEKS: i32 = 25;

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "ActivityOnGuild")]
impl OnGuild {
    async fn activity(&self) -> Answer<Activity> {
        // Members are refused where it is off; staff looks back at what was.
        if !self.0.may(ANALYSTS).await? {
            self.0.actions().require_module(self.0.guild(), &rules::MODULE).await?;
        }
        let (time_zone, calendar) = self.0.actions().calendar(self.0.guild()).await?;
        Ok(Activity { scope: self.0.clone(), time_zone, calendar })
    }
}

pub struct Activity {
    scope: Scope,
    time_zone: String,
    calendar: Calendar,
}

#[Object]
impl Activity {
    /// In which days and hours are counted, by its name in the IANA database.
    async fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// A metric over time.
    #[graphql(
        guard = "May(&self.scope, ANALYSTS)",
        complexity = "40 + child_complexity * if split.is_some() { 10 } else { 1 }"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the question")]
    async fn series(
        &self,
        metric: Metric,
        #[graphql(default_with = "Every::Day")] every: Every,
        #[graphql(desc = "A line for each of those with most")] split: Option<Split>,
        filter: Option<ActivityFilter>,
        #[graphql(desc = "Which days; the last 30 where nothing is said")] range: Option<DayRange>,
        #[graphql(default = 6, desc = "Lines of a split, at most 25")] lines: i32,
    ) -> Answer<Chart> {
        let days = self.days(range)?;
        let spans = self.spans(days, every)?;
        let filter = self.filter(filter).await?;
        let metric = metric.into();
        // The same number of days right before.
        let before = self.spans(Self::days_before(days), every)?;
        let [(values_before, sum_before), (values, sum)] =
            self.beside(metric, &filter, [&before, &spans]).await?;
        let lines = match split {
            None => Vec::new(),
            Some(split) => self.lines(metric, split.into(), &filter, &spans, lines).await?,
        };
        let long = |values: Vec<i64>| values.into_iter().map(Long).collect();
        Ok(Chart {
            starts: spans.all().iter().map(|(from, _)| Time(from.start())).collect(),
            until: Time(spans.whole().1.start()),
            values: long(values),
            sum: Long(sum),
            before: long(values_before),
            sum_before: Long(sum_before),
            lines,
        })
    }

    /// Members who did anything: today, in the last 7 days and in the last 30, all up to today.
    #[graphql(guard = "May(&self.scope, ANALYSTS)", complexity = "30 + child_complexity")]
    async fn active(&self) -> Answer<ActiveMembers> {
        let today = self.today();
        let until = self.calendar.slots(today).1;
        let since = |days: i32| (self.calendar.slots(UtcDay(today.0 - days + 1)).0, until);
        let spans = Spans::new([1, 7, 30].map(since).to_vec()).ok_or_else(too_many)?;
        let all = series::Filter::default();
        let active = self.numbers(series::Metric::Active, &all, &spans).await?;
        Ok(ActiveMembers::of(active[0], active[1], active[2]))
    }

    /// A metric by day of the week (the first is Monday) and hour.
    #[graphql(guard = "May(&self.scope, ANALYSTS)", complexity = "40 + child_complexity")]
    async fn week(
        &self,
        metric: Metric,
        filter: Option<ActivityFilter>,
        range: Option<DayRange>,
    ) -> Answer<Vec<Vec<Long>>> {
        let (first, last) = self.days(range)?;
        let filter = self.filter(filter).await?;
        let metric: series::Metric = metric.into();
        let segments = self.calendar.segments(first, last);
        let store = self.scope.reading(metric.read_model(None, &filter)).await?;
        let map = series::week(&store, self.scope.guild(), metric, &filter, &segments).await?;
        let map = map.ok_or_else(not_kept)?;
        Ok(map.iter().map(|hours| hours.iter().copied().map(Long).collect()).collect())
    }

    /// Of those who first came in one week, how many did something in the weeks after it; the
    /// oldest first. Weeks in which nobody came are left out.
    #[graphql(guard = "May(&self.scope, ANALYSTS)", complexity = "100 + child_complexity")]
    async fn cohorts(
        &self,
        #[graphql(default = 8, desc = "So many weeks before this one, at most 25")] weeks: i32,
    ) -> Answer<Vec<CohortLine>> {
        let wanted = u32::try_from(weeks).ok().filter(|_| (1..=MAX_WEEKS).contains(&weeks));
        let wanted =
            wanted.ok_or_else(|| Trouble::bad_input(format!("weeks: use 1 to {MAX_WEEKS}.")))?;
        let weeks = self.calendar.weeks(self.today(), wanted);
        let times: Vec<_> = weeks.iter().map(|(_, time)| *time).collect();
        let store = self.scope.reading("activity_members").await?;
        let found = cohorts::cohorts(&store, self.scope.guild(), &times).await?;
        let line = |((week, _), cohort): (_, cohorts::Cohort)| CohortLine {
            week: Day(week),
            came: Long(cohort.came.cast_signed()),
            stayed: cohort.stayed.into_iter().map(|n| Long(n.cast_signed())).collect(),
        };
        let all = weeks.into_iter().zip(found);
        Ok(all.filter(|(_, cohort)| cohort.came > 0).map(line).collect())
    }

    /// Those with most of a metric, each beside what it was in as many days before; or those that
    /// gained most since then.
    #[graphql(
        guard = "May(&self.scope, ANALYSTS)",
        complexity = "20 + cost(Some(first), child_complexity)"
    )]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the question")]
    async fn most(
        &self,
        metric: Metric,
        split: Split,
        filter: Option<ActivityFilter>,
        range: Option<DayRange>,
        #[graphql(default = false)] rising: bool,
        #[graphql(default = 10, desc = "At most 25")] first: i32,
    ) -> Answer<Vec<MostLine>> {
        let limit = limit(first, "first")?;
        let days = self.days(range)?;
        let filter = self.filter(filter).await?;
        let asked = (metric.into(), split.into(), &filter);
        let lines = self.most_of(asked, days, rising, limit).await?;
        let line = |line: series::Line| {
            let (now, before) = (Long(line.now), Long(line.before));
            MostLine { of: self.of(line.key), now, before }
        };
        Ok(lines.into_iter().map(line).collect())
    }

    /// How commands were used, the most used first.
    #[graphql(
        guard = "May(&self.scope, ANALYSTS)",
        complexity = "20 + cost(Some(first), child_complexity)"
    )]
    async fn commands(
        &self,
        #[graphql(desc = "Only by this member")] user: Option<Snowflake>,
        range: Option<DayRange>,
        #[graphql(default = 25, desc = "At most 100")] first: i32,
    ) -> Answer<Vec<CommandLine>> {
        let wanted = u32::try_from(first).ok().filter(|first| (1..=MAX_USES).contains(first));
        let limit =
            wanted.ok_or_else(|| Trouble::bad_input(format!("first: use 1 to {MAX_USES}.")))?;
        let (first, last) = self.days(range)?;
        let (guild, mut who) = (self.scope.guild(), None);
        if let Some(user) = user {
            who = self.scope.actions().people().find(guild, user_id(user)?).await?;
            if who.is_none() {
                return Ok(Vec::new());
            }
        }
        let time = (self.calendar.slots(first).0, self.calendar.slots(last).1);
        let store = self.scope.reading("activity_members").await?;
        let uses = members::uses(&store, guild, who, time, limit).await?;
        Ok(uses.into_iter().map(|(command, uses)| CommandLine::of(command, &uses)).collect())
    }

    /// When nobody looked: numbers of then are not complete.
    #[graphql(guard = "May(&self.scope, ANALYSTS)", complexity = "10 + 4 * child_complexity")]
    async fn gaps(&self, range: Option<DayRange>) -> Answer<Vec<GapLine>> {
        let (first, last) = self.days(range)?;
        let (from, until) = (self.calendar.slots(first).0, self.calendar.slots(last).1);
        let store = self.scope.reading("activity_slots").await?;
        let gaps = slots::gaps(&store, self.scope.guild(), from, until).await?;
        Ok(gaps.into_iter().map(GapLine::of).collect())
    }

    /// Hours that stand out: so many joins as in a raid, or sudden silence. Of longer times only the
    /// last 92 days are looked at.
    #[graphql(guard = "May(&self.scope, ANALYSTS)", complexity = "40 + 4 * child_complexity")]
    async fn anomalies(&self, range: Option<DayRange>) -> Answer<Vec<AnomalyLine>> {
        let days = self.days(range)?;
        let store = self.scope.reading("activity_slots").await?;
        let (guild, calendar) = (self.scope.guild(), self.calendar);
        let found = rules::anomalies::anomalies(&store, guild, calendar, days).await?;
        Ok(found.iter().map(AnomalyLine::of).collect())
    }

    /// What one member did; your own you may always see. None where they never did anything.
    #[graphql(complexity = "20 + child_complexity")]
    async fn member(
        &self,
        user: Snowflake,
        range: Option<DayRange>,
    ) -> Answer<Option<MemberActivity>> {
        let user = user_id(user)?;
        if user != self.scope.signed_in().user {
            self.scope.require(ANALYSTS).await?;
        }
        let days = self.days(range)?;
        let guild = self.scope.guild();
        let person = self.scope.actions().people().find(guild, user).await?;
        let Some(person) = person else { return Ok(None) };
        let spans = self.spans(days, rules::Every::Day)?;
        let store = self.scope.reading("activity_members").await?;
        let (from, to) = spans.whole();
        let Some(seen) = members::of(&store, guild, person, from, to).await? else {
            return Ok(None);
        };
        let filter = series::Filter { member: Some(person), ..series::Filter::default() };
        let messages = self.numbers(series::Metric::Messages, &filter, &spans).await?;
        let day = |slot: Slot| Day(self.calendar.day(slot.start()));
        Ok(Some(MemberActivity {
            messages: Long(seen.did.messages),
            reactions: Long(seen.did.reactions),
            voice_minutes: Long(seen.did.voice_micros / 60_000_000),
            commands: Long(seen.did.commands),
            first_active: seen.first.map(day),
            last_active: seen.last.map(day),
            joined: seen.joined.map(Time),
            starts: spans.all().iter().map(|(from, _)| Time(from.start())).collect(),
            messages_by_day: messages.into_iter().map(Long).collect(),
        }))
    }
}

fn too_many() -> Trouble {
    let most = series::MAX_SPANS;
    Trouble::bad_input(format!(
        "since, until, every: that is none or more than {most} points; use fewer days, or longer \
         steps."
    ))
}

fn not_kept() -> Trouble {
    Trouble::bad_input(
        "metric, split, filter: these numbers are not kept so. Messages, reactions and voice are \
         kept by channel or by member, commands by command and member, cases and bytes by kind.",
    )
}

fn limit(number: i32, name: &str) -> Answer<u32> {
    let wanted = u32::try_from(number).ok().filter(|number| (1..=MAX_LINES).contains(number));
    wanted.ok_or_else(|| Trouble::bad_input(format!("{name}: use 1 to {MAX_LINES}.")))
}

impl Activity {
    /// The day that is looked at.
    fn today(&self) -> UtcDay {
        let then = self.scope.then().map(|event| event.at);
        self.calendar.day(then.unwrap_or_else(|| self.scope.actions().now()))
    }

    fn days(&self, range: Option<DayRange>) -> Answer<(UtcDay, UtcDay)> {
        let DayRange { since, until, days } = range.unwrap_or_default();
        let last = until.map_or_else(|| self.today(), |day| day.0);
        let back = days.unwrap_or(DEFAULT_DAYS).saturating_sub(1);
        let first = since.map_or(UtcDay(last.0.saturating_sub(back)), |day| day.0);
        let days = i64::from(last.0) - i64::from(first.0) + 1;
        if !(1..=i64::from(MAX_DAYS)).contains(&days) {
            let text = format!("range: use 1 to {MAX_DAYS} days, the first one first.");
            return Err(Trouble::bad_input(text));
        }
        Ok((first, last))
    }

    fn days_before((first, last): (UtcDay, UtcDay)) -> (UtcDay, UtcDay) {
        let days = last.0 - first.0 + 1;
        (UtcDay(first.0.saturating_sub(days)), UtcDay(first.0.saturating_sub(1)))
    }

    fn spans(
        &self,
        (first, last): (UtcDay, UtcDay),
        every: impl Into<rules::Every>,
    ) -> Answer<Spans> {
        self.calendar.spans(first, last, every.into()).ok_or_else(too_many)
    }

    async fn filter(&self, filter: Option<ActivityFilter>) -> Answer<series::Filter> {
        let ActivityFilter { channel, user, command, kind } = filter.unwrap_or_default();
        let channel = channel.map(|id| ChannelId::new(id.0)).transpose();
        let channel = channel.map_err(|error| Trouble::bad_input(format!("{error}.")))?;
        let mut member = None;
        if let Some(user) = user {
            let people = self.scope.actions().people();
            let known = people.find(self.scope.guild(), user_id(user)?).await?;
            // Nobody has this number: then there is nothing of them.
            member = Some(known.unwrap_or(PersonId(0)));
        }
        Ok(series::Filter { channel, member, command, kind })
    }

    fn of(&self, key: Key) -> Of {
        match key {
            Key::Channel(id) => Of { channel: Some(Snowflake(id.get())), ..Of::default() },
            Key::Member(number) => {
                Of { person: Some(Person::of(self.scope.guild(), number)), ..Of::default() }
            }
            Key::Word(word) => Of { word: Some(word), ..Of::default() },
        }
    }

    async fn numbers(
        &self,
        metric: series::Metric,
        filter: &series::Filter,
        spans: &Spans,
    ) -> Answer<Vec<i64>> {
        let store = self.scope.reading(metric.read_model(None, filter)).await?;
        let numbers = series::series(&store, self.scope.guild(), metric, filter, spans).await?;
        numbers.ok_or_else(not_kept)
    }

    /// In these spans and in those that follow them, and in the whole of both: one question to the
    /// store where that is possible.
    async fn beside(
        &self,
        metric: series::Metric,
        filter: &series::Filter,
        times: [&Spans; 2],
    ) -> Answer<[(Vec<i64>, i64); 2]> {
        let [first, second] = times;
        let mut all = [first.all(), second.all()].concat();
        let parts = all.len();
        // Those that are counted on from span to span cannot go back to the beginning.
        let on_its_own = !metric.adds_up() && !metric.goes_on();
        let wants_wholes = on_its_own || metric == series::Metric::VoiceMinutes;
        if wants_wholes {
            all.extend(times.map(Spans::whole));
        }
        let mut numbers = if let Some(all) = Spans::new(all) {
            self.numbers(metric, filter, &all).await?
        } else {
            let one = self.numbers(metric, filter, first).await?;
            [one, self.numbers(metric, filter, second).await?].concat()
        };
        let wholes = numbers.split_off(parts);
        let later = numbers.split_off(first.all().len());
        let sums = if let [one, other] = wholes[..] {
            [one, other]
        } else {
            let one = self.sum(metric, filter, first, &numbers).await?;
            [one, self.sum(metric, filter, second, &later).await?]
        };
        Ok([(numbers, sums[0]), (later, sums[1])])
    }

    /// Of the whole time.
    async fn sum(
        &self,
        metric: series::Metric,
        filter: &series::Filter,
        spans: &Spans,
        values: &[i64],
    ) -> Answer<i64> {
        if metric == series::Metric::Supply {
            return Ok(values.last().copied().unwrap_or(0));
        }
        if metric.adds_up() && metric != series::Metric::VoiceMinutes {
            return Ok(values.iter().sum());
        }
        let whole = Spans::new(vec![spans.whole()]).ok_or_else(too_many)?;
        Ok(self.numbers(metric, filter, &whole).await?[0])
    }

    async fn lines(
        &self,
        metric: series::Metric,
        split: series::Split,
        filter: &series::Filter,
        spans: &Spans,
        most: i32,
    ) -> Answer<Vec<ChartLine>> {
        let limit = limit(most, "lines")?;
        let (from, until) = spans.whole();
        let time = Compared { before: from, from, until };
        let store = self.scope.reading(metric.read_model(Some(split), filter)).await?;
        let (guild, asked) = (self.scope.guild(), (metric, split, filter));
        let most = series::most(&store, guild, asked, time, false, limit).await?;
        let most = most.ok_or_else(not_kept)?;
        let keys: Vec<_> = most.iter().map(|line| line.key.clone()).collect();
        let values = series::lines(&store, guild, asked, &keys, spans).await?;
        let line = |(line, values): (series::Line, Vec<i64>)| {
            let values = values.into_iter().map(Long).collect();
            ChartLine { of: self.of(line.key), sum: Long(line.now), values }
        };
        Ok(most.into_iter().zip(values).map(line).collect())
    }

    async fn most_of(
        &self,
        asked: (series::Metric, series::Split, &series::Filter),
        days: (UtcDay, UtcDay),
        rising: bool,
        limit: u32,
    ) -> Answer<Vec<series::Line>> {
        let time = Compared {
            before: self.calendar.slots(Self::days_before(days).0).0,
            from: self.calendar.slots(days.0).0,
            until: self.calendar.slots(days.1).1,
        };
        let store = self.scope.reading(asked.0.read_model(Some(asked.1), asked.2)).await?;
        let lines = series::most(&store, self.scope.guild(), asked, time, rising, limit).await?;
        lines.ok_or_else(not_kept)
    }
}
