//! Who stays: of those who first came in one week, how many did something in each week after it.

use domain::{GuildId, Timestamp};
use eventlog::{LogError, values};

use super::{
    Slot,
    days::{self, Persons},
};
use crate::{economy::person, store::ReadStore};

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
            format!("({place}, {}, {})", from.as_micros(), until.as_micros())
        })
        .collect();
    let came = format!(
        "WITH weeks (place, since, until) AS (VALUES {}) \
         SELECT CAST(weeks.place AS bigint), j.person FROM weeks CROSS JOIN activity_joins j \
         WHERE j.guild = $1 AND j.first_at >= weeks.since AND j.first_at < weeks.until",
        rows.join(", ")
    );
    let spans: Vec<_> =
        weeks.iter().map(|(from, until)| (Slot::of(*from), Slot::of(*until))).collect();
    let mut active = vec![Persons::default(); weeks.len()];
    days::persons(store, guild, &spans, |place, persons| active[place] = persons).await?;
    let mut cohorts: Vec<_> = (0..weeks.len())
        .map(|place| Cohort { came: 0, stayed: vec![0; weeks.len() - 1 - place] })
        .collect();
    for row in store.query(&came, &values![guild]).await? {
        let (place, person) = (usize::try_from(row.int(0)?).unwrap_or(0), person(row.int(1)?)?);
        let cohort = &mut cohorts[place];
        cohort.came += 1;
        for (stayed, active) in cohort.stayed.iter_mut().zip(&active[place + 1..]) {
            *stayed += u64::from(active.has(person));
        }
    }
    Ok(cohorts)
}
