//! A schema of our own, postgres-es's stock tables in it, and their history.

use std::process;

use anyhow::Context as _;
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::history::{FIRST_GUILD, History};

/// From postgres-es's `db/init.sql`, unchanged but for the view's name.
const STOCK_TABLES: &str = "
CREATE TABLE events
(
    aggregate_type text                         NOT NULL,
    aggregate_id   text                         NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text                         NOT NULL,
    event_version  text                         NOT NULL,
    payload        json                         NOT NULL,
    metadata       json                         NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);
CREATE TABLE balances
(
    view_id text                        NOT NULL,
    version bigint CHECK (version >= 0) NOT NULL,
    payload json                        NOT NULL,
    PRIMARY KEY (view_id)
);";

/// Through jsonb, because sqlx binds a JSON value as one: the text is spaced as postgres-es leaves it.
const FILL: &str = "
INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
SELECT 'economy', guild::text, sequence, event_type, event_version, payload::jsonb::json, '{}'
FROM generate_series($1::bigint, $1 + $2 - 1) AS guild
CROSS JOIN unnest($3::text[], $4::text[], $5::text[])
     WITH ORDINALITY AS history (event_type, event_version, payload, sequence)
ORDER BY guild, sequence";

/// Runs `work` on a pool that sees a schema of its own, and drops the schema whatever comes.
pub async fn with_schema<T>(
    url: &str,
    connections: u32,
    work: impl AsyncFnOnce(&PgPool) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let schema = format!("baseline_{}", process::id());
    let options: PgConnectOptions = url.parse().context("the database URL is not valid")?;
    let mut owner =
        PgConnection::connect_with(&options).await.context("cannot connect to PostgreSQL")?;
    owner.execute(format!("CREATE SCHEMA {schema}").as_str()).await?;
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .connect_lazy_with(options.options([("search_path", &schema)]));
    let outcome = tokio::select! {
        outcome = work(&pool) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    pool.close().await;
    owner.execute("SET client_min_messages = warning").await?;
    owner.execute(format!("DROP SCHEMA {schema} CASCADE").as_str()).await?;
    outcome
}

/// Stock tables, and `aggregates` guilds in them with this history each.
pub async fn fill_stock(pool: &PgPool, aggregates: u32, history: &History) -> anyhow::Result<()> {
    pool.execute(STOCK_TABLES).await?;
    sqlx::query(FILL)
        .bind(FIRST_GUILD)
        .bind(i64::from(aggregates))
        .bind(&history.event_types)
        .bind(&history.event_versions)
        .bind(&history.payloads)
        .execute(pool)
        .await
        .context("cannot fill the events")?;
    pool.execute("VACUUM ANALYZE events").await?;
    Ok(())
}
