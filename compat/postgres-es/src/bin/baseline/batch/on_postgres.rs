use std::time::Instant;

use anyhow::Context as _;
use sqlx::{Connection as _, Executor as _, PgPool, Row as _};

use super::{BATCH, Fold, METADATA, Outcome, RECORDED_AT, outcome};
use crate::{
    history::{FIRST_GUILD, History},
    postgres,
};

const LOG: &str = include_str!("../../../../../../migrations/postgres/0001_log.sql");
const VIEW: &str = "
CREATE TABLE balances (
    guild bigint NOT NULL, person bigint NOT NULL, balance bigint NOT NULL,
    PRIMARY KEY (guild, person));
CREATE TABLE checkpoints (name text PRIMARY KEY, position bigint NOT NULL);
INSERT INTO checkpoints VALUES ('balances', 0);";

const FILL: &str = "
INSERT INTO events (
    aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
    position, guild, guild_seq, event_id, recorded_at, hash)
SELECT 'economy', ($1 + number)::text, sequence, event_type, event_version, payload::json, $3::json,
    (sequence - 1) * $2 + number + 1, $1 + number, sequence, gen_random_uuid(), $4 + sequence,
    sha256(convert_to(payload, 'UTF8'))
FROM unnest($5::text[], $6::text[], $7::text[])
     WITH ORDINALITY AS history (event_type, event_version, payload, sequence)
CROSS JOIN generate_series(0, $2::bigint - 1) AS number
ORDER BY sequence, number";

const PAGE: &str = "
SELECT position, guild, payload::text FROM events WHERE position > $1 ORDER BY position LIMIT $2";
const UPSERT: &str = "
INSERT INTO balances (guild, person, balance)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
ON CONFLICT (guild, person) DO UPDATE SET balance = balances.balance + excluded.balance";
const ADVANCE: &str = "UPDATE checkpoints SET position = $1 WHERE name = 'balances'";

pub async fn run(url: &str, history: &History, aggregates: u32) -> anyhow::Result<Outcome> {
    postgres::with_schema(url, 1, async |pool| {
        fill(pool, history, aggregates).await?;
        rebuild(pool).await
    })
    .await
}

async fn fill(pool: &PgPool, history: &History, aggregates: u32) -> anyhow::Result<()> {
    pool.execute(LOG).await.context("cannot make the log")?;
    pool.execute(VIEW).await?;
    sqlx::query(FILL)
        .bind(FIRST_GUILD)
        .bind(i64::from(aggregates))
        .bind(METADATA)
        .bind(RECORDED_AT)
        .bind(&history.event_types)
        .bind(&history.event_versions)
        .bind(&history.payloads)
        .execute(pool)
        .await
        .context("cannot fill the events")?;
    pool.execute("VACUUM ANALYZE events").await?;
    Ok(())
}

async fn rebuild(pool: &PgPool) -> anyhow::Result<Outcome> {
    let mut connection = pool.acquire().await?;
    let mut fold = Fold::default();
    let (mut position, mut events, mut rows) = (0_i64, 0, 0);
    let began = Instant::now();
    loop {
        let mut transaction = connection.begin().await?;
        let page = sqlx::query(PAGE)
            .bind(position)
            .bind(i64::from(BATCH))
            .fetch_all(&mut *transaction)
            .await?;
        let Some(last) = page.last() else { break };
        position = last.try_get(0)?;
        for row in &page {
            fold.add(row.try_get(1)?, row.try_get(2)?)?;
        }
        let (mut guilds, mut people, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for (guild, person, change) in fold.drain_sorted() {
            guilds.push(guild);
            people.push(person);
            changes.push(change);
        }
        let upsert = sqlx::query(UPSERT).bind(&guilds).bind(&people).bind(&changes);
        rows += upsert.execute(&mut *transaction).await?.rows_affected();
        sqlx::query(ADVANCE).bind(position).execute(&mut *transaction).await?;
        transaction.commit().await?;
        events += page.len() as u64;
    }
    Ok(outcome("postgres", events, rows, began))
}
