//! The real binary writes, a stock repository reads. Needs `REEVE_TEST_DATABASE_URL`, and the
//! binary's path in `REEVE_TEST_BINARY`; says so and passes without them.

#![expect(clippy::unwrap_used, reason = "a test fails where something is wrong")]

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    process::{Command, id},
};

use compat_postgres_es::load;
use domain::GuildId;
use postgres_es::PostgresEventRepository;
use sqlx::{Connection as _, PgConnection, PgPool};

const GUILD: &str = "1107318246137131070";
const ANN: &str = "104000000000000001";
const BEN: &str = "104000000000000002";

#[tokio::test]
async fn given_a_log_that_reeve_wrote_then_a_stock_repository_loads_it() {
    let (Ok(url), Ok(binary)) =
        (env::var("REEVE_TEST_DATABASE_URL"), env::var("REEVE_TEST_BINARY"))
    else {
        let _ = writeln!(
            io::stderr(),
            "skipped: set REEVE_TEST_DATABASE_URL and REEVE_TEST_BINARY (scripts/test does)"
        );
        return;
    };
    let name = format!("reeve_compat_{}", id());
    let mut server = PgConnection::connect(&url).await.unwrap();
    sqlx::query(&format!("CREATE DATABASE {name}")).execute(&mut server).await.unwrap();
    let (base, _) = url.rsplit_once('/').unwrap();
    let ours = format!("{base}/{name}");
    let home = env::temp_dir().join(&name);

    reeve(&binary, &ours, &home, &["grant", ANN, "100", "won the drawing contest"]);
    reeve(&binary, &ours, &home, &["send", ANN, BEN, "40", "for the soup"]);
    reeve(&binary, &ours, &home, &["daily", BEN]);

    let pool = PgPool::connect(&ours).await.unwrap();
    let guild: GuildId = GUILD.parse().unwrap();
    let ledger = load(PostgresEventRepository::new(pool.clone()), guild).await.unwrap();
    let amounts: Vec<String> = ledger.balances.0.values().map(ToString::to_string).collect();
    assert_eq!(amounts, ["60", "50"]);

    pool.close().await;
    sqlx::query(&format!("DROP DATABASE {name} WITH (FORCE)")).execute(&mut server).await.unwrap();
    std::fs::remove_dir_all(home).unwrap();
}

fn reeve(binary: &str, url: &str, home: &Path, arguments: &[&str]) {
    std::fs::create_dir_all(home).unwrap();
    let output = Command::new(binary)
        .current_dir(home)
        .env("REEVE_STORE", "postgres")
        .env("REEVE_DATABASE_URL", url)
        .args(["economy", "--guild", GUILD])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
