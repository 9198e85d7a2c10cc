//! Guesses: whoever types codes that do not exist has a few tries, then waits. Each try is taken
//! before the code is looked for, so that many at once are no more than a few; a code that exists
//! gives its try back. Durable, so that a restart forgives nothing.

use domain::{GuildId, Timestamp, UserId, text::Wait};
use eventlog::values;

use crate::{ActionError, Actions};

/// Wrong codes of one member within [`WINDOW_SECS`].
pub const MOST: i64 = 5;
pub const WINDOW_SECS: i64 = 10 * 60;

impl Actions {
    pub(super) async fn claim_guess(
        &self,
        guild: GuildId,
        user: UserId,
    ) -> Result<(), ActionError> {
        let now = self.now();
        let over = now.plus_secs(-WINDOW_SECS);
        let who = self.people().keyed_hash(guild, user);
        let claim = "INSERT INTO code_guesses (guild, who, begun_at, misses) \
                     VALUES ($1, $2, $3, 1) ON CONFLICT (guild, who) DO UPDATE SET \
                     misses = CASE WHEN code_guesses.begun_at <= $4 THEN 1 \
                              ELSE code_guesses.misses + 1 END, \
                     begun_at = CASE WHEN code_guesses.begun_at <= $4 THEN excluded.begun_at \
                                ELSE code_guesses.begun_at END \
                     WHERE code_guesses.begun_at <= $4 OR code_guesses.misses < $5";
        let row = values![guild, who.as_slice(), now, over, MOST];
        if self.work.execute(claim, &row).await? == 1 {
            return Ok(());
        }
        let sql = "SELECT begun_at FROM code_guesses WHERE guild = $1 AND who = $2";
        let rows = self.work.query(sql, &values![guild, who.as_slice()]).await?;
        let begun = rows.first().map_or(Ok(now.as_micros()), |row| row.int(0))?;
        let free_at = Timestamp::from_micros(begun).plus_secs(WINDOW_SECS);
        let wait = Wait(free_at.secs_since(now).max(1));
        let text = format!("These were too many wrong codes. You can try again in {wait}.");
        Err(ActionError::Refused { rule: "codes.too_many_guesses", text })
    }

    /// The code exists: it was no guess.
    pub(super) async fn give_back_guess(
        &self,
        guild: GuildId,
        user: UserId,
    ) -> Result<(), ActionError> {
        let who = self.people().keyed_hash(guild, user);
        let back = "UPDATE code_guesses SET misses = misses - 1 \
                    WHERE guild = $1 AND who = $2 AND misses > 0";
        self.work.execute(back, &values![guild, who.as_slice()]).await?;
        let over = self.now().plus_secs(-WINDOW_SECS);
        let sweep = "DELETE FROM code_guesses WHERE begun_at <= $1 OR (guild = $2 AND who = $3 \
                     AND misses <= 0)";
        self.work.execute(sweep, &values![over, guild, who.as_slice()]).await?;
        Ok(())
    }
}
