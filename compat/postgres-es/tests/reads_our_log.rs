//! A stock postgres-es repository reads the log that Reeve writes.
//!
//! The table is made by Reeve's own migration and filled through its own append function, in a
//! schema that is dropped again. Needs `REEVE_TEST_DATABASE_URL`; says so and passes without it.

#![expect(clippy::unwrap_used, reason = "a test fails where something is wrong")]

use std::{
    collections::HashMap,
    env,
    io::{self, Write as _},
    panic::AssertUnwindSafe,
    process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use compat_postgres_es::{Balances, Ledger, Stock, load};
use cqrs_es::{
    AggregateError, EventStore as _,
    persist::{GenericQuery, PersistedEventStore, QueryReplay, ViewRepository as _},
};
use domain::{
    Bytes, GuildId, PersonId,
    economy::{Command, Event, Terms},
};
use postgres_es::{PostgresEventRepository, PostgresViewRepository, postgres_cqrs};
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

const LOG: &str = include_str!("../../../migrations/postgres/0001_log.sql");
const GUILD: i64 = 1_107_318_246_137_131_070;
const OTHER_GUILD: i64 = 1_107_318_246_137_131_071;
const METADATA: &str = r#"{"actor":"person:7","correlation":"0193a1c0-7d3e-7c44-9a53-5f0d6f1f2a01","key":"interaction/1310988612345678901","policy":"3"}"#;

/// The bytes that the log holds: amounts are texts, the reason is sealed.
const PAYLOADS: [(&str, &str); 8] = [
    ("economy.account_opened", r#"{"account_opened":{"person":7,"starting":"100"}}"#),
    (
        "economy.bytes_granted",
        r#"{"bytes_granted":{"to":7,"amount":"25","reason":{"owner":7,"sealed":"c2VhbGVkIGZvciB0aGVpciBvd24gZXllcw"}}}"#,
    ),
    ("economy.account_opened", r#"{"account_opened":{"person":9,"starting":"100"}}"#),
    (
        "economy.bytes_transferred",
        r#"{"bytes_transferred":{"from":7,"to":9,"amount":"40","at":"2026-11-20T18:04:05.000000Z"}}"#,
    ),
    (
        "economy.daily_awarded",
        r#"{"daily_awarded":{"to":9,"day":"2026-11-20","streak_days":8,"tier":"CHAR","amount":"20"}}"#,
    ),
    (
        "economy.bytes_spent",
        r#"{"bytes_spent":{"spend":"0193a1c0-7d3e-7c44-9a53-5f0d6f1f2a02","from":9,"amount":"15","purpose":"squad"}}"#,
    ),
    (
        "economy.spend_refunded",
        r#"{"spend_refunded":{"spend":"0193a1c0-7d3e-7c44-9a53-5f0d6f1f2a02","to":9,"amount":"15"}}"#,
    ),
    ("economy.bytes_taken", r#"{"bytes_taken":{"from":7,"amount":"5"}}"#),
];

#[tokio::test]
async fn stock_repository_loads_the_balances_that_our_rows_add_up_to() {
    on_our_log(async |pool| {
        write_economy(&pool).await;
        let ledger = load(PostgresEventRepository::new(pool), guild(GUILD)).await.unwrap();
        let json = serde_json::to_string(&ledger).unwrap();
        assert_eq!(json, r#"{"balances":{"7":"80","9":"160"},"sequence":8}"#);
    })
    .await;
}

#[tokio::test]
async fn given_two_guilds_then_each_loads_its_own() {
    on_our_log(async |pool| {
        let opened = r#"{"account_opened":{"person":1,"starting":"3"}}"#;
        append(&pool, 0, OTHER_GUILD, 0, METADATA, &[("economy.account_opened", opened)]).await;
        append(&pool, 1, GUILD, 0, METADATA, &PAYLOADS).await;
        let load = async |raw| load(PostgresEventRepository::new(pool.clone()), guild(raw)).await;
        let Ledger { balances, sequence } = load(OTHER_GUILD).await.unwrap();
        assert_eq!((balances.0.get(&PersonId(1)), sequence), (Some(&Bytes(3)), 1));
        assert_eq!(load(GUILD).await.unwrap().sequence, 8);
    })
    .await;
}

#[tokio::test]
async fn sealed_reason_and_metadata_arrive_as_they_were_written() {
    on_our_log(async |pool| {
        write_economy(&pool).await;
        let store =
            PersistedEventStore::<_, Stock>::new_event_store(PostgresEventRepository::new(pool));
        let events = store.load_events(&GUILD.to_string()).await.unwrap();
        for (event, (_, written)) in events.iter().zip(PAYLOADS) {
            assert_eq!(serde_json::to_string(&event.payload).unwrap(), written);
        }
        let Event::BytesGranted { reason: Some(reason), .. } = &events[1].payload.0 else {
            panic!("not the grant: {:?}", events[1]);
        };
        assert_eq!((reason.owner(), reason.value()), (PersonId(7), None));
        let written: HashMap<String, String> = serde_json::from_str(METADATA).unwrap();
        assert_eq!(events[1].metadata, written);
    })
    .await;
}

#[tokio::test]
async fn stock_query_replay_builds_a_view_from_our_log() {
    on_our_log(async |pool| {
        write_economy(&pool).await;
        pool.execute(
            "CREATE TABLE balances (
                 view_id text PRIMARY KEY, version bigint NOT NULL, payload json NOT NULL)",
        )
        .await
        .unwrap();
        let view =
            Arc::new(PostgresViewRepository::<Balances, Stock>::new("balances", pool.clone()));
        let query = GenericQuery::new(Arc::clone(&view));
        QueryReplay::new(PostgresEventRepository::new(pool), query).replay_all().await.unwrap();
        let balances = view.load(&GUILD.to_string()).await.unwrap().unwrap();
        assert_eq!(serde_json::to_string(&balances).unwrap(), r#"{"7":"80","9":"160"}"#);
    })
    .await;
}

/// Why our metadata is a flat object of texts: cqrs-es reads it into a `HashMap<String, String>`.
#[tokio::test]
async fn given_metadata_that_nests_then_a_stock_repository_refuses_the_event() {
    on_our_log(async |pool| {
        for (position, metadata) in
            [r#"{"actor":{"person":7}}"#, r#"{"policy":3}"#].iter().enumerate()
        {
            let raw = GUILD + i64::try_from(position).unwrap();
            append(&pool, position, raw, 0, metadata, &PAYLOADS[..1]).await;
            let loaded = load(PostgresEventRepository::new(pool.clone()), guild(raw)).await;
            assert!(matches!(loaded, Err(AggregateError::DeserializationError(_))), "{loaded:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn stock_framework_cannot_write_past_our_appender() {
    on_our_log(async |pool| {
        write_economy(&pool).await;
        let cqrs = postgres_cqrs::<Stock>(pool.clone(), Vec::new(), ());
        let grant = Command::Grant {
            to: PersonId(7),
            amount: Bytes(1),
            reason: None,
            terms: Terms::default(),
        };
        let error = cqrs.execute(&GUILD.to_string(), grant).await.unwrap_err().to_string();
        assert!(error.contains("position"), "{error}");
        assert_eq!(count(&pool).await, 8);
    })
    .await;
}

#[tokio::test]
async fn update_delete_and_truncate_are_refused() {
    on_our_log(async |pool| {
        write_economy(&pool).await;
        for change in [
            "UPDATE events SET payload = '{}'",
            "UPDATE events SET metadata = '{}' WHERE sequence = 1",
            "DELETE FROM events",
            "TRUNCATE events",
        ] {
            let error = pool.execute(change).await.unwrap_err();
            let error = error.as_database_error().expect("the database says no");
            assert_eq!(error.code().as_deref(), Some("23000"), "{change}: {error}");
            assert!(error.message().contains("never changed or deleted"), "{change}: {error}");
        }
        assert_eq!(count(&pool).await, 8);
    })
    .await;
}

#[tokio::test]
async fn given_a_head_that_has_moved_then_append_writes_nothing_and_answers_the_true_head() {
    on_our_log(async |pool| {
        write_economy(&pool).await;
        let late = append(&pool, 5, GUILD, 8, METADATA, &PAYLOADS[7..]).await;
        assert_eq!((late, count(&pool).await), (8, 8));
        let in_time = append(&pool, 8, GUILD, 8, METADATA, &PAYLOADS[7..]).await;
        assert_eq!((in_time, count(&pool).await), (8, 9));
        let nothing = append(&pool, 9, GUILD, 9, METADATA, &[]).await;
        assert_eq!((nothing, count(&pool).await), (9, 9));
    })
    .await;
}

#[tokio::test]
async fn given_a_sequence_that_is_taken_then_append_fails_and_writes_nothing() {
    on_our_log(async |pool| {
        write_economy(&pool).await;
        let error = try_append(&pool, 8, GUILD, 7, METADATA, &PAYLOADS[..2]).await.unwrap_err();
        assert!(error.as_database_error().unwrap().is_unique_violation(), "{error}");
        assert_eq!(count(&pool).await, 8);
    })
    .await;
}

async fn write_economy(pool: &PgPool) {
    assert_eq!(append(pool, 0, GUILD, 0, METADATA, &PAYLOADS).await, 0);
}

async fn append(
    pool: &PgPool,
    expected_head: usize,
    guild: i64,
    version: usize,
    metadata: &str,
    events: &[(&str, &str)],
) -> i64 {
    try_append(pool, expected_head, guild, version, metadata, events).await.unwrap()
}

/// Appends events to the economy of `guild` after its `version`, as Reeve's writer does.
async fn try_append(
    pool: &PgPool,
    expected_head: usize,
    guild: i64,
    version: usize,
    metadata: &str,
    events: &[(&str, &str)],
) -> sqlx::Result<i64> {
    let all = |value: &str| vec![value.to_owned(); events.len()];
    let sequences: Vec<i64> =
        (version + 1..).take(events.len()).map(|sequence| sequence.try_into().unwrap()).collect();
    sqlx::query_scalar(
        "SELECT reeve_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text[]::uuid[], $12, $13)",
    )
    .bind(i64::try_from(expected_head).unwrap())
    .bind(all("economy"))
    .bind(all(&guild.to_string()))
    .bind(&sequences)
    .bind(events.iter().map(|(kind, _)| (*kind).to_owned()).collect::<Vec<_>>())
    .bind(all("1"))
    .bind(events.iter().map(|(_, payload)| (*payload).to_owned()).collect::<Vec<_>>())
    .bind(all(metadata))
    .bind(vec![guild; events.len()])
    .bind(&sequences)
    .bind(sequences.iter().map(|sequence| event_id(guild, *sequence)).collect::<Vec<_>>())
    .bind(vec![1_795_000_000_000_000_i64; events.len()])
    .bind(vec![vec![7_u8; 32]; events.len()])
    .fetch_one(pool)
    .await
}

fn event_id(guild: i64, sequence: i64) -> String {
    format!("00000000-0000-8000-8000-{:012x}", (guild % 1_000) * 1_000 + sequence)
}

fn guild(raw: i64) -> GuildId {
    GuildId::from_i64(raw).unwrap()
}

async fn count(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(pool).await.unwrap()
}

/// Runs a test on a log in a schema of its own, and drops the schema however the test ends.
async fn on_our_log(test: impl AsyncFnOnce(PgPool)) {
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);

    let Ok(url) = env::var("REEVE_TEST_DATABASE_URL") else {
        let why = "SKIPPED: REEVE_TEST_DATABASE_URL is not set; eval \"$(scripts/services up)\"\n";
        // Past the test runner, which swallows what `eprintln!` says in a test that passes.
        io::stderr().write_all(why.as_bytes()).unwrap();
        return;
    };
    let schema = format!("compat_{}_{}", process::id(), SCHEMAS.fetch_add(1, Ordering::Relaxed));
    let options: PgConnectOptions = url.parse().unwrap();
    let mut owner = PgConnection::connect_with(&options).await.unwrap();
    owner.execute(format!("CREATE SCHEMA {schema}").as_str()).await.unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(options.options([("search_path", &schema)]));
    let outcome = futures::FutureExt::catch_unwind(AssertUnwindSafe(async {
        pool.execute(LOG).await.unwrap();
        test(pool.clone()).await;
    }))
    .await;
    pool.close().await;
    owner.execute("SET client_min_messages = warning").await.unwrap();
    owner.execute(format!("DROP SCHEMA {schema} CASCADE").as_str()).await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}
