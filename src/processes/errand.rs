//! One effect's way, step by step, so that a kill between any two of them loses nothing:
//!
//! 1. `calling` is written before the call is made. Found so after a crash, the outcome is unknown.
//! 2. The call. What it came to is written: `done`, `dead`, `dropped`, or when to try again. Where
//!    the outcome is unknown, the kind says what comes next.
//! 3. Whoever ordered it is told, under a key of the effect's own; only then it is finished with.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::Timestamp;
use eventlog::{
    LogError,
    sql::{Row, Tx, Value},
    values,
};

use super::{
    Ended, Shared,
    effect::{Effect, Kind, Way, WhenUnknown},
    hands::{Hands, Outcome, Seen},
    lanes::Light,
    lease::{Fault, Lease},
    outbox::{EFFECT_COLUMNS, opt_text, read, short},
    reaction::{Orders, Trouble},
};

/// No call takes longer; shorter than the lease, so that no two processes make the same one.
const CALL: Duration = Duration::from_secs(25);
const FIRST_PAUSE_MILLIS: u64 = 500;
const MAX_PAUSE: Duration = Duration::from_mins(5);

pub(super) struct Errand {
    pub shared: Arc<Shared>,
    pub hands: Arc<dyn Hands>,
    pub lease: Lease,
    /// Calls in a row that Discord did not answer clearly.
    pub failures: AtomicU32,
}

/// What is next for an effect.
#[derive(Debug)]
pub(super) enum Next {
    Finished,
    Again(Light),
}

/// What is to be done for it now.
enum Step {
    Call(Effect),
    Look(Effect),
    Tell(Effect, Ended),
    /// It is not there any more, or it is finished with.
    Nothing,
    /// It is given up.
    Dead(Effect, String),
    Drop(Effect, &'static str),
}

/// How a call is written down.
struct Settled<'a> {
    state: &'static str,
    unsure: bool,
    /// Whether the call counts against the kind's tries.
    counts: bool,
    /// As the column has it.
    limited: i64,
    next_at: Timestamp,
    result: Option<&'a str>,
    error: Option<(u64, String)>,
}

impl Errand {
    pub async fn run(&self, light: &Light) -> Result<Next, Fault> {
        match self.step(light).await? {
            Step::Nothing => Ok(Next::Finished),
            Step::Tell(effect, ended) => self.tell(light, &effect, &ended).await,
            Step::Dead(effect, why) => self.give_up(light, &effect, 0, why).await,
            Step::Drop(effect, why) => self.drop(light, &effect, why).await,
            Step::Call(effect) => match self.unwanted(light, &effect, true).await? {
                Some(next) => Ok(next),
                None => self.call(light, &effect).await,
            },
            Step::Look(effect) => match self.unwanted(light, &effect, false).await? {
                Some(next) => Ok(next),
                None => self.look(light, effect).await,
            },
        }
    }

    /// What comes next instead of a call, where whoever ordered it does not want it any more.
    /// Where it was marked as being called, it was not after all.
    async fn unwanted(
        &self,
        light: &Light,
        effect: &Effect,
        marked: bool,
    ) -> Result<Option<Next>, Fault> {
        let Some(process) = self.shared.process(&effect.process) else { return Ok(None) };
        match process.wants(effect, &self.shared.actions).await {
            Ok(true) => Ok(None),
            Ok(false) => self.drop(light, effect, "it is not wanted any more").await.map(Some),
            Err(trouble) => {
                let next_at = later((self.shared.clock)(), self.pause(4));
                let state = if effect.unsure { "unknown" } else { "waiting" };
                let error = Some((0, trouble.to_string()));
                let settled = Settled::again(state, effect.unsure, !marked, next_at, error);
                self.wait(light, effect, settled).await.map(Some)
            }
        }
    }

    /// Reads the effect and writes down that it is being called, where that is what is next.
    async fn step(&self, light: &Light) -> Result<Step, Fault> {
        let now = (self.shared.clock)();
        let mut tx = self.shared.db.begin().await?;
        self.lease.hold(&mut tx, now).await?;
        let select = format!(
            "SELECT {EFFECT_COLUMNS}, state, tell, result, error_code, error FROM effects \
             WHERE number = $1"
        );
        let rows = tx.query(&select, &values![light.number]).await?;
        let Some(row) = rows.first() else { return Ok(Step::Nothing) };
        let (state, tell) = (row.text(12)?.to_owned(), row.int(13)?);
        let effect = match read(row) {
            Ok(effect) => effect,
            Err(error) => {
                self.bury(&mut tx, light.number, &error.to_string(), now).await?;
                tx.commit().await?;
                return Ok(Step::Nothing);
            }
        };
        if tell == 1 {
            return Ok(Step::Tell(effect, ended(row)?));
        }
        if !matches!(state.as_str(), "waiting" | "unknown") {
            return Ok(Step::Nothing);
        }
        let kind = effect.deed.kind();
        if now > effect.created_at.plus_secs(kind.patience_secs) {
            let why = format!("it is of no use after {} s{}", kind.patience_secs, last(row)?);
            return Ok(Step::Dead(effect, why));
        }
        if effect.tries >= kind.tries {
            let why = format!("no clear answer after {} tries{}", kind.tries, last(row)?);
            return Ok(Step::Dead(effect, why));
        }
        if effect.unsure {
            match kind.when_unknown {
                WhenUnknown::Drop => return Ok(Step::Drop(effect, "its outcome is unknown")),
                WhenUnknown::ReadWorld { harmless_secs } => {
                    let first = effect.first_call_at.unwrap_or(effect.created_at);
                    if now > first.plus_secs(harmless_secs) {
                        return Ok(Step::Look(effect));
                    }
                }
                WhenUnknown::Repeat => {}
            }
        }
        if !self.mark_calling(&mut tx, &effect, now).await? {
            return Ok(Step::Nothing);
        }
        tx.commit().await?;
        Ok(Step::Call(effect))
    }

    /// Written by a newer binary, or damaged: it must not stand in the way of the others.
    async fn bury(
        &self,
        tx: &mut Tx,
        number: u64,
        error: &str,
        now: Timestamp,
    ) -> Result<(), LogError> {
        let id = projections::error_id();
        tracing::error!(effect.number = number, error.id = id, error, "an effect cannot be read");
        let bury = "UPDATE effects SET state = 'dead', error = $2, finished_at = $3, tell = 0 \
                    WHERE number = $1";
        tx.execute(bury, &values![number, short(error), now]).await.map(|_| ())
    }

    /// False where an operator has dropped it in the meantime.
    async fn mark_calling(
        &self,
        tx: &mut Tx,
        effect: &Effect,
        now: Timestamp,
    ) -> Result<bool, LogError> {
        let mark = "UPDATE effects SET state = 'calling', tries = tries + 1, last_call_at = $2, \
                    first_call_at = COALESCE(first_call_at, $2) \
                    WHERE number = $1 AND state IN ('waiting', 'unknown')";
        Ok(tx.execute(mark, &values![effect.number, now]).await? == 1)
    }

    async fn call(&self, light: &Light, effect: &Effect) -> Result<Next, Fault> {
        let mut opened = effect.clone();
        let outcome = match opened.deed.open(self.shared.people(), effect.guild, effect.id).await {
            Ok(()) => tokio::time::timeout(CALL, self.hands.carry_out(&opened))
                .await
                .unwrap_or_else(|_| Outcome::Unknown("no answer in time".to_owned())),
            Err(error) => Outcome::Unavailable(error.to_string()),
        };
        let kind = effect.deed.kind();
        // That one receiver does not answer says nothing about the next.
        if kind.way == Way::Discord {
            self.note_health(&outcome);
        }
        let now = (self.shared.clock)();
        let tries = effect.tries + 1;
        let unsettled = if effect.unsure { "unknown" } else { "waiting" };
        match outcome {
            Outcome::Done(result) => self.finish(light, effect, result.as_deref()).await,
            Outcome::Refused { code, .. } if kind.done_already.contains(&code) => {
                self.finish(light, effect, None).await
            }
            Outcome::Refused { code, text } => self.give_up(light, effect, code, text).await,
            Outcome::RateLimited { after, global } => {
                count(kind, "rate_limited");
                let next_at = later(now, after);
                if next_at > effect.created_at.plus_secs(kind.patience_secs) {
                    let why = "there is no room for it in time".to_owned();
                    return self.give_up(light, effect, 0, why).await;
                }
                let settled = Settled {
                    limited: if global { 2 } else { 1 },
                    ..Settled::again(unsettled, effect.unsure, false, next_at, None)
                };
                self.wait(light, effect, settled).await
            }
            Outcome::Unavailable(text) => {
                count(kind, "unavailable");
                let next_at = later(now, self.pause(self.failures.load(Ordering::Relaxed)));
                let error = Some((0, text));
                let settled = Settled::again(unsettled, effect.unsure, false, next_at, error);
                self.wait(light, effect, settled).await
            }
            Outcome::Unknown(_) if kind.when_unknown == WhenUnknown::Drop => {
                self.drop(light, effect, "its outcome is unknown").await
            }
            Outcome::Unknown(text) => {
                count(kind, "unknown");
                let longest = Duration::from_secs(kind.longest_pause_secs);
                let next_at = later(now, self.pause_up_to(tries, longest));
                let settled = Settled::again("unknown", true, true, next_at, Some((0, text)));
                self.wait(light, effect, settled).await
            }
        }
    }

    /// The outcome of an earlier call is not known: looks whether it is there.
    async fn look(&self, light: &Light, effect: Effect) -> Result<Next, Fault> {
        let mut opened = effect.clone();
        let seen = match opened.deed.open(self.shared.people(), effect.guild, effect.id).await {
            Ok(()) => tokio::time::timeout(CALL, self.hands.look(&opened))
                .await
                .unwrap_or_else(|_| Seen::Unavailable("no answer in time".to_owned())),
            Err(error) => Seen::Unavailable(error.to_string()),
        };
        let now = (self.shared.clock)();
        match seen {
            Seen::Happened(candidates) => {
                for candidate in candidates {
                    if !self.is_anothers(&effect, &candidate).await? {
                        return self.finish(light, &effect, Some(&candidate)).await;
                    }
                }
                self.call_after_look(light, effect).await
            }
            Seen::NotThere => self.call_after_look(light, effect).await,
            Seen::CannotTell(text) => {
                let why = format!("nobody can tell whether it happened: {text}");
                self.give_up(light, &effect, 0, why).await
            }
            Seen::RateLimited(after) => {
                let next_at = later(now, after);
                let settled = Settled::again("unknown", true, true, next_at, None);
                self.wait(light, &effect, settled).await
            }
            Seen::Unavailable(text) => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                let next_at = later(now, self.pause(failures));
                let settled = Settled::again("unknown", true, true, next_at, Some((0, text)));
                self.wait(light, &effect, settled).await
            }
        }
    }

    async fn call_after_look(&self, light: &Light, effect: Effect) -> Result<Next, Fault> {
        let now = (self.shared.clock)();
        let mut tx = self.shared.db.begin().await?;
        self.lease.hold(&mut tx, now).await?;
        if !self.mark_calling(&mut tx, &effect, now).await? {
            return Ok(Next::Finished);
        }
        tx.commit().await?;
        self.call(light, &effect).await
    }

    /// Two messages may read alike; what another effect made is not this one's.
    async fn is_anothers(&self, effect: &Effect, result: &str) -> Result<bool, LogError> {
        let sql = "SELECT COUNT(*) FROM effects WHERE result = $1 AND id <> $2";
        let rows = self.shared.db.query(sql, &values![result, effect.id.to_string()]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.count(0))? > 0)
    }

    async fn finish(
        &self,
        light: &Light,
        effect: &Effect,
        result: Option<&str>,
    ) -> Result<Next, Fault> {
        let now = (self.shared.clock)();
        let settled = Settled {
            state: "done",
            unsure: false,
            counts: true,
            limited: 0,
            next_at: now,
            result,
            error: None,
        };
        self.end(light, effect, &settled, Ended::Done(result.map(str::to_owned))).await
    }

    async fn give_up(
        &self,
        light: &Light,
        effect: &Effect,
        code: u64,
        why: String,
    ) -> Result<Next, Fault> {
        let kind = effect.deed.kind();
        tracing::warn!(
            effect.kind = kind.name, effect.id = %effect.id, guild.id = %effect.guild,
            error.code = code, error = short(&why),
            "an effect is given up; see `reeve effects list`"
        );
        let settled = Settled {
            state: "dead",
            unsure: effect.unsure,
            counts: true,
            limited: 0,
            next_at: (self.shared.clock)(),
            result: None,
            error: Some((code, why.clone())),
        };
        self.end(light, effect, &settled, Ended::Failed { code, text: why }).await
    }

    async fn drop(&self, light: &Light, effect: &Effect, why: &str) -> Result<Next, Fault> {
        let settled = Settled {
            state: "dropped",
            unsure: true,
            counts: true,
            limited: 0,
            next_at: (self.shared.clock)(),
            result: None,
            error: Some((0, why.to_owned())),
        };
        self.end(light, effect, &settled, Ended::Dropped).await
    }

    async fn wait(
        &self,
        light: &Light,
        effect: &Effect,
        settled: Settled<'_>,
    ) -> Result<Next, Fault> {
        self.settle(effect, &settled, 0).await?;
        Ok(Next::Again(Light { next_at: settled.next_at, ..light.clone() }))
    }

    async fn end(
        &self,
        light: &Light,
        effect: &Effect,
        settled: &Settled<'_>,
        ended: Ended,
    ) -> Result<Next, Fault> {
        let tell = self.shared.process(&effect.process).is_some();
        self.settle(effect, settled, i64::from(tell)).await?;
        count(effect.deed.kind(), settled.state);
        if tell { self.tell(light, effect, &ended).await } else { Ok(Next::Finished) }
    }

    async fn settle(&self, effect: &Effect, settled: &Settled<'_>, tell: i64) -> Result<(), Fault> {
        let now = (self.shared.clock)();
        let finished = matches!(settled.state, "done" | "dead" | "dropped");
        let mut tx = self.shared.db.begin().await?;
        self.lease.hold(&mut tx, now).await?;
        let sql = "UPDATE effects SET state = $2, unsure = $3, tries = tries - $4, next_at = $5, \
                   result = COALESCE($6, result), error_code = $7, error = $8, tell = $9, \
                   finished_at = $10, limited = $11 WHERE number = $1 AND state IN ('calling', 'waiting', \
                   'unknown')";
        let (code, error) = settled.error.as_ref().map_or((None, None), |(code, text)| {
            (Some(i64::try_from(*code).unwrap_or(i64::MAX)), Some(short(text)))
        });
        let row = [
            effect.number.into(),
            settled.state.into(),
            settled.unsure.into(),
            (!settled.counts).into(),
            settled.next_at.into(),
            opt_text(settled.result),
            Value::Int(code),
            opt_text(error.as_deref()),
            tell.into(),
            Value::Int(finished.then(|| now.as_micros())),
            settled.limited.into(),
        ];
        tx.execute(sql, &row).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Tells the process what became of what it ordered.
    async fn tell(&self, light: &Light, effect: &Effect, ended: &Ended) -> Result<Next, Fault> {
        let now = (self.shared.clock)();
        let Some(process) = self.shared.process(&effect.process) else {
            // Ordered outside of any process: nobody waits to hear.
            return self.told(effect, 0, &Orders::default()).await;
        };
        let source = format!("effect/{}/{}", effect.id, effect.round);
        let mut reaction = self.shared.reaction(&**process, effect.guild, source);
        let told = super::caught(process.outcome(effect, ended, &mut reaction)).await;
        let state = match told {
            Ok(()) => 0,
            Err(Trouble::Later(error)) => {
                tracing::warn!(
                    process = process.name(), effect.id = %effect.id, error,
                    "a process could not be told of an outcome; it is told again"
                );
                let next_at = later(now, self.pause(4));
                return Ok(Next::Again(Light { next_at, tell_only: true, ..light.clone() }));
            }
            Err(Trouble::Poison(error)) => {
                tracing::error!(
                    process = process.name(), effect.id = %effect.id,
                    error.id = projections::error_id(), error,
                    "a process cannot deal with an outcome; it waits for you"
                );
                reaction.orders = Orders::default();
                2
            }
        };
        self.told(effect, state, &reaction.orders).await
    }

    async fn told(&self, effect: &Effect, state: i64, orders: &Orders) -> Result<Next, Fault> {
        let now = (self.shared.clock)();
        let mut tx = self.shared.db.begin().await?;
        self.lease.hold(&mut tx, now).await?;
        let sql = "UPDATE effects SET tell = $2 WHERE number = $1 AND tell = 1";
        tx.execute(sql, &values![effect.number, state]).await?;
        self.shared.write(&mut tx, orders, now).await?;
        tx.commit().await?;
        self.shared.tell_of_news();
        Ok(Next::Finished)
    }

    fn note_health(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Unknown(_) | Outcome::Unavailable(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Done(_) | Outcome::Refused { .. } => {
                self.failures.store(0, Ordering::Relaxed);
            }
            Outcome::RateLimited { .. } => {}
        }
    }

    /// Twice as long after every failure, and never the same for two.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        self.pause_up_to(failures, MAX_PAUSE)
    }

    fn pause_up_to(&self, failures: u32, longest: Duration) -> Duration {
        let doubled = FIRST_PAUSE_MILLIS << failures.saturating_sub(1).min(16);
        let pause = Duration::from_millis(doubled).min(longest);
        pause.mul_f64(0.5 + 0.5 * (self.shared.jitter)().clamp(0.0, 1.0))
    }
}

impl Settled<'_> {
    const fn again(
        state: &'static str,
        unsure: bool,
        counts: bool,
        next_at: Timestamp,
        error: Option<(u64, String)>,
    ) -> Self {
        Self { state, unsure, counts, limited: 0, next_at, result: None, error }
    }
}

/// What the last answer was, behind why an effect is given up.
fn last(row: &Row) -> Result<String, LogError> {
    Ok(row.opt_text(16)?.map_or_else(String::new, |error| format!("; at last {error}")))
}

fn ended(row: &Row) -> Result<Ended, LogError> {
    let text = |column| Ok::<_, LogError>(row.opt_text(column)?.map(str::to_owned));
    Ok(match row.text(12)? {
        "done" => Ended::Done(text(14)?),
        "dead" => Ended::Failed {
            code: row.opt_int(15)?.unwrap_or(0).unsigned_abs(),
            text: text(16)?.unwrap_or_default(),
        },
        _ => Ended::Dropped,
    })
}

pub(super) fn later(now: Timestamp, after: Duration) -> Timestamp {
    let micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_add(micros))
}

fn count(kind: Kind, outcome: &'static str) {
    metrics::counter!("reeve_effects_total", "kind" => kind.name, "outcome" => outcome)
        .increment(1);
}
