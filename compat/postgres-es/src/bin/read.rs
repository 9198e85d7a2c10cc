//! Reads one guild's economy from Reeve's log with a stock postgres-es repository.

use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use domain::GuildId;
use postgres_es::PostgresEventRepository;
use sqlx::postgres::PgPoolOptions;

/// Prints `{"balances":{"<person>":"<amount>"},"sequence":N}`, loaded by stock postgres-es.
#[derive(Debug, Parser)]
struct Args {
    /// PostgreSQL; the log is found through the search path, so in `public` unless the URL says
    /// otherwise (`?options=-csearch_path%3Dname`).
    #[arg(long, env = "REEVE_TEST_DATABASE_URL", hide_env_values = true)]
    url: String,
    #[arg(long)]
    guild: GuildId,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let pool = PgPoolOptions::new()
        .acquire_timeout(Duration::from_secs(5))
        .connect(&args.url)
        .await
        .context("cannot connect to PostgreSQL")?;
    let repository = PostgresEventRepository::new(pool);
    let ledger = compat_postgres_es::load(repository, args.guild)
        .await
        .with_context(|| format!("cannot load economy/{}", args.guild))?;
    println!("{}", serde_json::to_string(&ledger)?);
    Ok(())
}
