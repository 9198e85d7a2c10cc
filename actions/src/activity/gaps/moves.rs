//! Who came and went in a gap, as a comparison of members finds it.

use domain::{
    GuildId, PersonId, Timestamp,
    activity::{Command, Fact, What},
};
use eventlog::values;

use super::{CLOCKS_DIFFER_SECS, Range, gap_key, person};
use crate::{ActionError, Actions, activity::MODULE};

impl Actions {
    /// Who was found here and had not been told of: those who came in a gap are recorded.
    pub(crate) async fn note_who_came(
        &self,
        guild: GuildId,
        came: &[(PersonId, Timestamp)],
    ) -> Result<(), ActionError> {
        if came.is_empty() || !self.module_is_on(guild, &MODULE).await? {
            return Ok(());
        }
        for (person, at) in came {
            let within = |range: &Range| {
                // Whoever came at its very end was told of too.
                range.begin < *at && *at < range.until.plus_secs(-CLOCKS_DIFFER_SECS)
            };
            if let Some(gap) = self.gap_where(guild, within).await? {
                let what = What::Joined { person: *person };
                self.note_move(guild, gap, ("joined", *person), *at, what).await?;
            }
        }
        Ok(())
    }

    /// Whoever was here before a gap, and was not found since, left in it; when is not known, and
    /// counts as its end.
    pub(crate) async fn note_who_left(&self, guild: GuildId) -> Result<(), ActionError> {
        let Some((gap, until)) = self.last_gap(guild).await? else { return Ok(()) };
        if !self.module_is_on(guild, &MODULE).await? {
            return Ok(());
        }
        let select = "SELECT person FROM mirror_members WHERE guild = $1 AND here = 1 AND bot = 0 \
                      AND seen_at < $2 AND seen_at < \
                      (SELECT began_at FROM mirror_syncs WHERE guild = $1) ORDER BY person";
        for row in self.work.query(select, &values![guild, until]).await? {
            let person = person(&row, 0)?;
            self.note_move(guild, gap, ("left", person), until, What::Left { person }).await?;
        }
        Ok(())
    }

    async fn note_move(
        &self,
        guild: GuildId,
        gap: Timestamp,
        (how, person): (&str, PersonId),
        at: Timestamp,
        what: What,
    ) -> Result<(), ActionError> {
        let key = gap_key(gap, &format!("{how}/{}", person.0))?;
        let facts = vec![Fact { seq: 0, at, what }];
        self.activity_once(guild, &Command::Recover { gap, facts }, &key).await
    }

    async fn gap_where(
        &self,
        guild: GuildId,
        is_it: impl Fn(&Range) -> bool,
    ) -> Result<Option<Timestamp>, ActionError> {
        self.load_gaps().await?;
        let Some(ranges) = self.gaps.of(guild) else { return Ok(None) };
        let ranges = ranges.lock_owned().await;
        Ok(ranges.iter().find(|range| is_it(range)).map(|range| range.begin))
    }

    async fn last_gap(
        &self,
        guild: GuildId,
    ) -> Result<Option<(Timestamp, Timestamp)>, ActionError> {
        self.load_gaps().await?;
        let Some(ranges) = self.gaps.of(guild) else { return Ok(None) };
        let ranges = ranges.lock_owned().await;
        let last = ranges.iter().max_by_key(|range| range.until);
        Ok(last.map(|range| (range.begin, range.until)))
    }
}
