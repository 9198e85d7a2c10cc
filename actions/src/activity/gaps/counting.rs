//! All that can be had of a gap was read: it is counted, in the order in which it was written.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry};

use domain::{
    GuildId, IdempotencyKey, MessageId, PersonId, RoleId, Timestamp, UserId, UtcDay,
    activity::{Command, Length, Recovery, Written},
};
use eventlog::{
    LogError,
    sql::{Row, Value},
    values,
};

use super::{FORGOTTEN_SECS, OpenGap, channel, corrupt, gap_key, person};
use crate::{
    ActionError, Actions,
    activity::{CHUNK, Heard, MODULE, People, Told, fact},
};

impl Actions {
    /// Nobody wants to know what can be had of it.
    pub async fn leave_gap(&self, gap: &OpenGap) -> Result<(), ActionError> {
        self.close_counting(gap).await?;
        self.end_gap(gap).await
    }

    /// All that can be had was read: counts it, and says what it came to.
    #[tracing::instrument(name = "activity.count_gap", level = "debug", skip_all, fields(guild.id = %gap.guild))]
    pub async fn count_gap(&self, gap: &OpenGap) -> Result<(), ActionError> {
        self.close_counting(gap).await?;
        while self.count_part(gap).await? {}
        if self.module_is_on(gap.guild, &MODULE).await? {
            let recovery = self.recovery_of(gap).await?;
            let key = part_key(gap, "recovered")?;
            self.activity_once(gap.guild, &Command::NoteRecovery { recovery }, &key).await?;
        }
        self.end_gap(gap).await
    }

    /// From now on nothing that is told live belongs to it.
    async fn close_counting(&self, gap: &OpenGap) -> Result<(), ActionError> {
        self.load_gaps().await?;
        let ranges = self.gaps.made_of(gap.guild);
        let mut ranges = ranges.lock_owned().await;
        let mut tx = self.work.begin().await?;
        let live = "DELETE FROM gap_messages WHERE guild = $1 AND begin_at = $2 AND (\
                    message >= (SELECT before_id FROM gaps WHERE gaps.guild = $1 \
                    AND gaps.begin_at = $2) OR EXISTS (SELECT 1 FROM gap_channels \
                    WHERE gap_channels.guild = $1 AND gap_channels.begin_at = $2 \
                    AND gap_channels.channel = gap_messages.channel \
                    AND gap_channels.live_id <= gap_messages.message))";
        tx.execute(live, &values![gap.guild, gap.begin]).await?;
        let update = "UPDATE gaps SET state = 'counting' WHERE guild = $1 AND begin_at = $2";
        tx.execute(update, &values![gap.guild, gap.begin]).await?;
        tx.commit().await?;
        let range = ranges.iter_mut().find(|range| range.begin == gap.begin);
        if let Some(range) = range {
            range.is_counted = true;
        }
        Ok(())
    }

    /// The next messages; false where there are none.
    async fn count_part(&self, gap: &OpenGap) -> Result<bool, ActionError> {
        let guild = gap.guild;
        let select = "SELECT message, channel, person, reply, attachments, length \
                      FROM gap_messages WHERE guild = $1 AND begin_at = $2 \
                      ORDER BY message LIMIT $3";
        let rows = self.work.query(select, &values![guild, gap.begin, CHUNK as u64]).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(false) };
        let (key, last) = (part_key(gap, &first.int(0)?.to_string())?, last.int(0)?);
        let (heard, people) = self.as_heard(guild, &rows).await?;
        if self.module_is_on(guild, &MODULE).await? {
            let facts = heard.iter().filter_map(|heard| fact(heard, &people)).collect();
            let command = Command::Recover { gap: gap.begin, facts };
            self.activity_once(guild, &command, &key).await?;
        }
        if self.module_is_on(guild, &crate::levels::MODULE).await? {
            self.earn_late(guild, gap.begin, &heard, &people, &key).await?;
        }
        self.reward_late(guild, &heard).await?;
        let mut tx = self.work.begin().await?;
        let delete = "DELETE FROM gap_messages WHERE guild = $1 AND begin_at = $2 \
                      AND message <= $3";
        let counted = tx.execute(delete, &values![guild, gap.begin, last]).await?;
        let update = "UPDATE gaps SET messages = messages + $3 WHERE guild = $1 AND begin_at = $2";
        tx.execute(update, &values![guild, gap.begin, counted]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// As if it had been heard. Roles are those of the copy of members: Discord tells none of who
    /// wrote a message that is asked for.
    async fn as_heard(
        &self,
        guild: GuildId,
        rows: &[Row],
    ) -> Result<(Vec<Heard>, People), ActionError> {
        const BURST_SECS: i64 = 10;
        let (mut heard, mut people) = (Vec::new(), People::new());
        let mut known: HashMap<PersonId, Option<UserId>> = HashMap::new();
        for row in rows {
            let person = person(row, 2)?;
            if let Entry::Vacant(entry) = known.entry(person) {
                // None: erased meanwhile.
                let user = self.people().user(guild, person).await?;
                people.extend(user.map(|user| (user, person)));
                entry.insert(user);
            }
        }
        let persons: Vec<_> = known.keys().copied().collect();
        let roles = self.copied_roles(guild, &persons).await?;
        let mut bursts: HashMap<UserId, (Timestamp, u32)> = HashMap::new();
        for row in rows {
            let person = person(row, 2)?;
            let Some(user) = known.get(&person).copied().flatten() else { continue };
            let id = MessageId::from_i64(row.int(0)?).map_err(|error| corrupt(&error))?;
            let at = Timestamp::of_snowflake(id.get());
            let burst = bursts.entry(user).or_insert((at, 0));
            if at.secs_since(burst.0) > BURST_SECS {
                *burst = (at, 0);
            }
            burst.1 += 1;
            let how = Written {
                reply: row.int(3)? != 0,
                attachments: row.int(4)? != 0,
                length: row.opt_int(5)?.and_then(length_of),
            };
            let channel = channel(row, 1)?;
            let roles = roles.get(&person).cloned().unwrap_or_default();
            let what = Told::Message { id, user, channel, roles, how, burst: burst.1 };
            heard.push(Heard { seq: 0, at, what });
        }
        Ok((heard, people))
    }

    async fn copied_roles(
        &self,
        guild: GuildId,
        persons: &[PersonId],
    ) -> Result<HashMap<PersonId, Vec<RoleId>>, ActionError> {
        let mut parameters = vec![Value::from(guild)];
        parameters.extend(persons.iter().map(|person| Value::from(*person)));
        let places: Vec<_> = (2..=parameters.len()).map(|n| format!("${n}")).collect();
        let select = format!(
            "SELECT person, roles FROM mirror_members WHERE guild = $1 AND person IN ({})",
            places.join(", ")
        );
        let rows = self.work.query(&select, &parameters).await?;
        let read = |row: &Row| {
            let roles = row.text(1)?.split(',').filter_map(|role| role.parse().ok()).collect();
            Ok::<_, LogError>((person(row, 0)?, roles))
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// The day's reward is for the day on which somebody wrote, also where we read it later.
    async fn reward_late(&self, guild: GuildId, heard: &[Heard]) -> Result<(), ActionError> {
        let mut days = BTreeMap::<UtcDay, BTreeSet<UserId>>::new();
        for heard in heard {
            if let Told::Message { user, .. } = heard.what {
                days.entry(heard.at.utc_day()).or_default().insert(user);
            }
        }
        for (day, users) in days {
            let users = users.into_iter().collect();
            self.award_daily_for_messages(guild, day, users, &self.own_key("daily")).await?;
        }
        Ok(())
    }

    async fn recovery_of(&self, gap: &OpenGap) -> Result<Recovery, ActionError> {
        let parameters = values![gap.guild, gap.begin];
        let select = "SELECT unlisted, messages FROM gaps WHERE guild = $1 AND begin_at = $2";
        let rows = self.work.query(select, &parameters).await?;
        let (unlisted, messages) = match rows.first() {
            Some(row) => (row.count(0)?, row.count(1)?),
            None => (0, 0),
        };
        let select = "SELECT state, COUNT(*) FROM gap_channels WHERE guild = $1 AND \
                      begin_at = $2 GROUP BY state";
        let mut states = HashMap::new();
        for row in self.work.query(select, &parameters).await? {
            states.insert(row.text(0)?.to_owned(), row.count(1)?);
        }
        let of = |state: &str| states.get(state).copied().unwrap_or_default();
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Recovery {
            from: gap.begin,
            until: gap.until,
            messages: number(messages),
            channels: number(of("read") + of("cut")),
            unread: number(of("unread") + of("reading") + unlisted),
            cut: of("cut") > 0 || unlisted > 0,
        })
    }

    async fn end_gap(&self, gap: &OpenGap) -> Result<(), ActionError> {
        let guild = gap.guild;
        let old = self.now().plus_secs(-FORGOTTEN_SECS);
        let mut tx = self.work.begin().await?;
        let delete = "DELETE FROM gap_messages WHERE guild = $1 AND begin_at = $2";
        tx.execute(delete, &values![guild, gap.begin]).await?;
        let update = "UPDATE gaps SET state = 'done' WHERE guild = $1 AND begin_at = $2";
        tx.execute(update, &values![guild, gap.begin]).await?;
        for forget in [
            "DELETE FROM gap_channels WHERE guild = $1 AND begin_at IN (SELECT begin_at FROM gaps \
             WHERE guild = $1 AND state = 'done' AND until_at < $2)",
            "DELETE FROM gaps WHERE guild = $1 AND state = 'done' AND until_at < $2",
        ] {
            tx.execute(forget, &values![guild, old]).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn part_key(gap: &OpenGap, part: &str) -> Result<IdempotencyKey, ActionError> {
    gap_key(gap.begin, part)
}

const fn length_of(number: i64) -> Option<Length> {
    match number {
        1 => Some(Length::Short),
        2 => Some(Length::Medium),
        3 => Some(Length::Long),
        _ => None,
    }
}
