//! What a change of the settings of levels would do, before it is saved: to everybody's level at
//! once, and to their places, had the last weeks been paid so.

use std::collections::{HashMap, hash_map::Entry};

use domain::{
    Decider as _, GuildId, PersonId, Timestamp,
    levels::{
        Event, LevelSettings, Levels, State,
        outlook::{Outlook, Replay, Replayed},
    },
};
use eventlog::{StreamId, decode};

use crate::{ActionError, Actions, Caller, Permission, settings::Draft};

/// Days of earnings that are paid again.
pub const OUTLOOK_DAYS: u32 = 30;
/// Events that are read for it at most, a page at a time, and earnings that they hold.
const MAX_EVENTS: u64 = 20_000;
const MAX_EARNINGS: usize = 300_000;
const PAGE: u64 = 1_000;

/// What would come of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelOutlook {
    pub now: Outlook,
    /// Where it would pay otherwise, and anything was earned of late.
    pub replayed: Option<Replayed>,
}

impl LevelOutlook {
    /// There is nothing to say before it is saved.
    pub fn is_nothing(&self) -> bool {
        self.now.is_nothing() && self.replayed.is_none()
    }
}

impl Actions {
    /// Whoever may change the settings of levels may look at what that would do.
    #[tracing::instrument(name = "levels.outlook", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn level_outlook(
        &self,
        guild: GuildId,
        caller: &Caller,
        draft: Draft<'_>,
    ) -> Result<LevelOutlook, ActionError> {
        self.open_to(guild, caller, None).await?;
        self.authorise(guild, caller, Permission::ManageSettings).await?;
        let terms = self.level_terms(guild).await?;
        let before = &terms.values;
        let after = &self.drafted::<LevelSettings>(guild, "levels", draft).await?;
        let pays = Replay::matters(before, after);
        let look = |state: &State, _| {
            let earners: Vec<_> = if pays { state.earners().collect() } else { Vec::new() };
            (state.outlook(before, after), earners)
        };
        let stream = StreamId::of_guild(Levels::CAPABILITY, guild);
        let (now, earners) = self.bus().read::<Levels, _>(&stream, look).await?;
        let replayed = if earners.is_empty() {
            None
        } else {
            self.replay(guild, (before, after), &earners).await?
        };
        Ok(LevelOutlook { now, replayed })
    }

    /// The newest events first, up to so many.
    async fn replay(
        &self,
        guild: GuildId,
        (before, after): (&LevelSettings, &LevelSettings),
        earners: &[(PersonId, u64)],
    ) -> Result<Option<Replayed>, ActionError> {
        let stream = StreamId::of_guild(Levels::CAPABILITY, guild);
        let mut since = self.now().plus_secs(-i64::from(OUTLOOK_DAYS) * 24 * 60 * 60);
        let mut versions = HashMap::new();
        let mut replay = Replay::new(before, after);
        let head = self.bus().log().stream_head(&stream).await?;
        let (mut next, mut oldest, mut earlier) = (head, self.now(), false);
        // What an event tells of happened before it was written.
        while next > 0 && oldest >= since {
            if head - next >= MAX_EVENTS || replay.len() >= MAX_EARNINGS {
                (since, earlier) = (oldest, true);
                break;
            }
            let first = next.saturating_sub(PAGE);
            let wanted = usize::try_from(next - first).unwrap_or_default();
            let page = self.bus().log().read_stream(&stream, first, wanted).await?;
            for recorded in &page {
                let version = recorded.metadata()?.policy.unwrap_or(0);
                let then = match versions.entry(version) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => {
                        let found = self.settings_version::<LevelSettings>(guild, version).await?;
                        unknown.insert(found.unwrap_or_default())
                    }
                };
                replay.take(&decode::<Event>(recorded)?, then, since);
            }
            oldest = page.first().map_or(Timestamp::NEVER, |event| event.at);
            next = first;
        }
        if replay.is_empty() {
            return Ok(None);
        }
        Ok(Some(replay.outcome(earners, since, earlier)))
    }
}
