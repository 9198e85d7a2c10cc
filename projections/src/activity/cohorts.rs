//! Who stays: of those who first came in one week, how many did something in each week after it.

use domain::{GuildId, Timestamp};
use eventlog::{LogError, values};

use super::Slot;
use crate::store::ReadStore;

/// Weeks that one look takes.
pub const MAX_WEEKS: usize = 26;

/// Those who first came in one week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    pub came: u64,
    /// How many of them did something in each week after it, up to the last that was asked for.
    pub stayed: Vec<u64>,
}

/// For each of these weeks, the oldest first; each given by when it begins and ends.
pub async fn cohorts(
    store: &ReadStore,
    guild: GuildId,
    weeks: &[(Timestamp, Timestamp)],
) -> Result<Vec<Cohort>, LogError> {
    let weeks = &weeks[..weeks.len().min(MAX_WEEKS)];
    if weeks.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<_> = weeks
        .iter()
        .enumerate()
        .map(|(place, (from, until))| {
            let (since, to) = (from.as_micros(), until.as_micros());
            format!("({place}, {since}, {to}, {}, {})", Slot::of(*from).0, Slot::of(*until).0)
        })
        .collect();
    let of_weeks =
        format!("(place, since, until, slot, slots_until) AS (VALUES {})", rows.join(", "));
    let came = format!(
        "WITH weeks {of_weeks} SELECT CAST(weeks.place AS bigint), CAST(COUNT(*) AS bigint) \
         FROM weeks CROSS JOIN activity_joins j \
         WHERE j.guild = $1 AND j.first_at >= weeks.since AND j.first_at < weeks.until \
         GROUP BY weeks.place"
    );
    let mut cohorts: Vec<_> = (0..weeks.len())
        .map(|place| Cohort { came: 0, stayed: vec![0; weeks.len() - 1 - place] })
        .collect();
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    for row in store.query(&came, &values![guild]).await? {
        if let Some(cohort) = cohorts.get_mut(place(row.count(0)?)) {
            cohort.came = row.count(1)?;
        }
    }
    let stayed = format!(
        "WITH weeks {of_weeks} SELECT CAST(weeks.place AS bigint), \
         CAST(later.place - weeks.place - 1 AS bigint), CAST(COUNT(*) AS bigint) \
         FROM weeks CROSS JOIN activity_joins j CROSS JOIN weeks later \
         WHERE j.guild = $1 AND j.first_at >= weeks.since AND j.first_at < weeks.until \
         AND later.place > weeks.place AND EXISTS (SELECT 1 FROM activity_members m \
         WHERE m.guild = $1 AND m.person = j.person \
         AND m.slot >= later.slot AND m.slot < later.slots_until) \
         GROUP BY weeks.place, later.place"
    );
    for row in store.query(&stayed, &values![guild]).await? {
        let cohort = cohorts.get_mut(place(row.count(0)?));
        if let Some(number) =
            cohort.and_then(|of| of.stayed.get_mut(place(row.count(1).unwrap_or(u64::MAX))))
        {
            *number = row.count(2)?;
        }
    }
    Ok(cohorts)
}
