//! Lists that can be had whole: by page, as views, and as a snapshot that can be asked.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{Moment, Timestamp, economy::Event};
use eventlog::sql::{Row, Value};
use projections::{
    ReadStore, Verb, Visit,
    exports::{self, Cell, Export, Filter, Kind, Limits, QueryError, Question, Reader},
};

use crate::{
    going_on::eight_hours,
    support::{House, guild, on_each_store, opened, person, received, transferred},
    time_machine::machine,
};

const LIMITS: Limits = Limits { rows: 100_000, time: Duration::from_mins(5) };

fn named(name: &str) -> &'static Export {
    exports::named(name).unwrap()
}

async fn everything(store: &ReadStore, export: &'static Export, filter: &Filter) -> Vec<Row> {
    let mut reader = Reader::new(store.clone(), guild(1), export, filter);
    let mut rows = Vec::new();
    loop {
        let page = reader.next_page().await.unwrap();
        if page.is_empty() {
            let counted = exports::count(store, guild(1), export, filter, 1_000_000).await.unwrap();
            assert_eq!(counted, rows.len() as u64, "{}", export.name);
            return rows;
        }
        assert!(page.len() <= exports::PAGE as usize);
        rows.extend(page);
    }
}

/// What a row of a page says, as the views say it; what is sealed is left out.
fn said(export: &Export, row: &Row) -> Vec<String> {
    let shown = |(kind, value): (Kind, &Value)| match (kind, value) {
        (Kind::Sealed(_), _) => None,
        (Kind::Moment, Value::Int(Some(micros))) => {
            Some(Timestamp::from_micros(*micros).to_string())
        }
        (Kind::Day, Value::Int(Some(day))) => {
            Some(domain::UtcDay(i32::try_from(*day).unwrap()).to_string())
        }
        (_, Value::Int(Some(number))) => Some(number.to_string()),
        (_, Value::Text(Some(text))) => Some(text.clone()),
        _ => Some(String::new()),
    };
    export.columns.iter().map(|column| column.kind).zip(&row.0).filter_map(shown).collect()
}

/// The same of a view, in the words of its store.
async fn viewed(house: &House, export: &Export) -> BTreeSet<Vec<String>> {
    let on_postgres = house.pool.is_some();
    let columns = export.columns.iter().filter(|column| !column.is_sealed()).map(|column| {
        let name = column.name;
        match column.kind {
            _ if !on_postgres => format!("CAST(\"{name}\" AS text)"),
            Kind::Moment => {
                format!(
                    "to_char(\"{name}\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                )
            }
            Kind::Truth => format!("(\"{name}\"::int)::text"),
            _ => format!("\"{name}\"::text"),
        }
    });
    let columns: Vec<_> = columns.collect();
    let sql = format!(
        "SELECT {} FROM {} WHERE guild = {}",
        columns.join(", "),
        export.view(),
        guild(1).as_i64()
    );
    let text = |value: &Value| match value {
        Value::Text(Some(text)) => text.clone(),
        _ => String::new(),
    };
    house.rows(&sql).await.iter().map(|row| row.0.iter().map(text).collect()).collect()
}

async fn lively(house: &House) {
    let now = house.clock.now();
    eight_hours(house).await;
    let giver = house.somebody(guild(1), 71).await;
    house.grant(guild(1), giver, 500, Some("a prize that nobody else reads")).await;
    house.append(guild(1), &[transferred(giver, person(2), 20, now)]).await;
    house.append(guild(2), &[received(person(1), 50)]).await;
}

const FILLED: &[&str] = &[
    "balances",
    "weekly_gains",
    "transactions",
    "activity_hourly",
    "activity_daily",
    "activity_channels",
    "activity_members",
    "command_uses",
    "activity_gaps",
    "tallies",
];

// proves: ECO-12, ANA-09
#[test]
fn given_any_list_then_pages_views_and_snapshots_say_the_same_on_each_store() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        lively(&house).await;
        let all: Vec<_> = projections::registered().iter().map(|p| p.name()).collect();
        house.caught_up(&all).await;

        let folder = tempfile::TempDir::new().unwrap();
        let machine = machine(folder.path(), &house, projections::TimeOptions::default());
        let view = machine.at(guild(1), Moment::Now, &all, Visit::of("auditor")).await.unwrap();
        let file = view.snapshot_to_ask(exports::registered()).await.unwrap();
        for export in exports::registered() {
            let rows = everything(&house.store, export, &Filter::default()).await;
            assert!(!rows.is_empty() || !FILLED.contains(&export.name), "{}", export.name);
            let then = everything(view.store(), export, &Filter::default()).await;
            let of = |rows: &[Row]| rows.iter().map(|row| said(export, row)).collect::<Vec<_>>();
            // A store orders texts in its own way.
            let set = |rows: &[Row]| of(rows).into_iter().collect::<BTreeSet<_>>();
            assert_eq!(set(&rows), set(&then), "{} as of now", export.name);
            assert_eq!(set(&rows).len(), rows.len(), "{}: a row came twice", export.name);
            assert_eq!(viewed(&house, export).await, set(&rows), "{}", export.view());
            assert_eq!(asked(file.path(), export), set(&rows), "{} in a snapshot", export.name);
        }
        let sealed = named("transactions");
        let grant = everything(&house.store, sealed, &Filter::default()).await;
        let of_grant = grant.iter().find(|row| row.0[5] == Value::from(500)).unwrap();
        assert!(of_grant.opt_text(6).unwrap().is_some_and(|text| !text.contains("prize")));
        drop((file, view));
        runtime.shutdown().await;
        house.close().await;
    });
}

/// A list, out of a snapshot.
fn asked(snapshot: &Path, export: &Export) -> BTreeSet<Vec<String>> {
    let columns = export.columns.iter().filter(|column| !column.is_sealed());
    let columns: Vec<_> = columns.map(|column| format!("\"{}\"", column.name)).collect();
    let sql = format!("SELECT {} FROM {}", columns.join(", "), export.view());
    let question = Question::read(&sql).unwrap();
    let names: Vec<_> = question.needs.iter().map(|export| export.name).collect();
    assert_eq!(names, [export.name]);
    let rows = answer(snapshot, &question, LIMITS).unwrap().0;
    let text = |cell: &Cell| match cell {
        Cell::Int(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Null => String::new(),
        other => panic!("{other:?}"),
    };
    rows.iter().map(|row| row.iter().map(text).collect()).collect()
}

fn answer(
    snapshot: &Path,
    question: &Question,
    limits: Limits,
) -> Result<(Vec<Vec<Cell>>, bool), QueryError> {
    let mut rows = Vec::new();
    let (count, more) = exports::ask(snapshot, question, limits, &mut |_, row| {
        rows.extend(row);
        true
    })?;
    assert_eq!(count, rows.len() as u64);
    Ok((rows, more))
}

#[test]
fn given_more_than_a_page_then_each_row_comes_once_in_the_order_of_the_key() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let began = house.clock.now();
        for number in 0..5_u32 {
            let grants: Vec<Event> =
                (0..1_000).map(|n| received(person(1 + n % 1_700), i64::from(number))).collect();
            house.append(guild(1), &grants).await;
            house.append(guild(2), &grants[..3]).await;
            house.clock.pass_secs(3_600);
        }
        house.append(guild(1), &[transferred(person(1), person(9), 3, house.clock.now())]).await;
        house.caught_up(&["transactions", "balances"]).await;
        let list = named("transactions");
        let sequences =
            |rows: &[Row]| -> Vec<i64> { rows.iter().map(|row| row.int(0).unwrap()).collect() };
        let all = everything(&house.store, list, &Filter::default()).await;
        assert_eq!(sequences(&all), (1..=5_001).collect::<Vec<_>>());
        assert_eq!(
            everything(&house.store, named("balances"), &Filter::default()).await.len(),
            1_000
        );

        let hour = |n: i64| Some(began.plus_secs(n * 3_600));
        let filter = Filter { since: hour(1), until: hour(3), ..Filter::default() };
        let some = everything(&house.store, list, &filter).await;
        assert_eq!(sequences(&some), (1_001..=3_000).collect::<Vec<_>>());
        let filter = Filter { member: Some(person(9)), ..Filter::default() };
        assert_eq!(everything(&house.store, list, &filter).await.len(), 6);
        let kind = list.column("kind").unwrap();
        let words = vec![Value::from("transfer"), Value::from("daily")];
        let filter = Filter { values: vec![(kind, words)], member: Some(person(1)), ..filter };
        assert_eq!(sequences(&everything(&house.store, list, &filter).await), [5_001]);
        let most = exports::count(&house.store, guild(1), list, &Filter::default(), 10).await;
        assert_eq!(most.unwrap(), 11, "one more than the most tells that there are more");
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_rebuild_then_views_follow_it_and_what_stands_on_them_stays() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        house.append(guild(1), &[opened(person(1), 40)]).await;
        house.caught_up(&["balances"]).await;
        let own = "CREATE VIEW of_my_own AS SELECT balance FROM analyst_balances";
        house.db.execute(own, &[]).await.unwrap();
        if house.pool.is_some() {
            house.db.execute("GRANT SELECT ON analyst_balances TO PUBLIC", &[]).await.unwrap();
        }
        house.ask(Verb::Rebuild, "balances", None).await.unwrap();
        assert_eq!(house.tables_like("balances").await, ["balances_v1_b2"]);
        house.append(guild(1), &[received(person(1), 2)]).await;
        house.caught_up(&["balances"]).await;
        for view in ["analyst_balances", "of_my_own"] {
            let rows = house.rows(&format!("SELECT balance FROM {view}")).await;
            assert_eq!(rows.iter().map(|row| row.int(0).unwrap()).collect::<Vec<_>>(), [42]);
        }
        if house.pool.is_some() {
            let sql = "SELECT COUNT(*) FROM information_schema.table_privileges \
                       WHERE table_name = 'analyst_balances' AND grantee = 'PUBLIC'";
            assert_eq!(house.rows(sql).await[0].int(0).unwrap(), 1, "who was granted it keeps it");
        }
        runtime.shutdown().await;

        // A view of the binary before, with a column less, gets the columns that this one has.
        let before = if house.pool.is_some() {
            "CREATE OR REPLACE VIEW analyst_weekly_gains AS SELECT guild FROM weekly_gains_v1"
        } else {
            "CREATE VIEW analyst_weekly_gains AS SELECT guild FROM weekly_gains_v1"
        };
        let drop = "DROP VIEW analyst_weekly_gains";
        house.db.execute(drop, &[]).await.unwrap();
        house.db.execute(before, &[]).await.unwrap();
        let forget =
            "UPDATE analyst_views SET definition = 'old' WHERE name = 'analyst_weekly_gains'";
        assert_eq!(house.db.execute(forget, &[]).await.unwrap(), 1);
        let runtime = house.project().await;
        let rows = house.rows("SELECT gained FROM analyst_weekly_gains").await;
        assert_eq!(rows[0].int(0).unwrap(), 42);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_moment_of_the_past_then_the_snapshot_is_of_that() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.append(guild(1), &[opened(person(1), 40), opened(person(2), 1)]).await;
        house.append(guild(1), &[transferred(person(1), person(2), 9, house.clock.now())]).await;
        let folder = tempfile::TempDir::new().unwrap();
        let machine = machine(folder.path(), &house, projections::TimeOptions::default());
        let question = Question::read(
            "SELECT person, balance, seq FROM analyst_balances, analyst_about ORDER BY person",
        )
        .unwrap();
        for (seq, balances) in [(1, vec![40]), (2, vec![40, 1]), (3, vec![31, 10])] {
            let (moment, visit) = (Moment::Seq(seq), Visit::of("auditor"));
            let view = machine.at(guild(1), moment, &["balances"], visit).await.unwrap();
            let file = view.snapshot_to_ask(&question.needs).await.unwrap();
            let path = file.path().to_owned();
            let (rows, more) = answer(&path, &question, LIMITS).unwrap();
            let expected: Vec<_> = (1..)
                .zip(balances)
                .map(|(person, balance)| {
                    [person, balance, seq.cast_signed()].map(Cell::Int).to_vec()
                })
                .collect();
            assert_eq!((rows, more), (expected, false));
            let other = rusqlite::Connection::open(&path).unwrap();
            let tables = "SELECT group_concat(name, ' ') FROM sqlite_master";
            let tables: String = other.query_row(tables, [], |row| row.get(0)).unwrap();
            assert_eq!(tables, "analyst_about analyst_columns analyst_balances");
            drop(file);
            assert!(!path.exists());
            // The view can be asked as before.
            let left = view.rows("balances", 10).await.unwrap().total;
            assert_eq!(left, if seq == 1 { 1 } else { 2 });
        }
        house.close().await;
    });
}

/// The questions of `docs/analysts/questions.md`, by their headings.
fn questions() -> Vec<(String, String)> {
    let page = include_str!("../../../docs/analysts/questions.md");
    let sections = page.split("\n## ").skip(1).map(|section| {
        let (heading, rest) = section.split_once('\n').unwrap();
        let sql = rest.split("```sql\n").nth(1).unwrap().split("```").next().unwrap();
        (heading.to_owned(), sql.to_owned())
    });
    sections.collect()
}

/// Each answer is found a second time, in the plainest way.
#[test]
fn given_the_five_questions_then_each_answer_is_a_recount() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        lively(&house).await;
        house.caught_up(&["balances", "transactions", "activity_slots", "activity_members"]).await;
        let folder = tempfile::TempDir::new().unwrap();
        let machine = machine(folder.path(), &house, projections::TimeOptions::default());
        let models = ["balances", "transactions", "activity_slots", "activity_members"];
        let view = machine.at(guild(1), Moment::Now, &models, Visit::of("auditor")).await.unwrap();
        let list = async |name| everything(&house.store, named(name), &Filter::default()).await;
        let ints = |rows: &[Row], place: usize| -> Vec<i64> {
            rows.iter().map(|row| row.opt_int(place).unwrap().unwrap_or(-1)).collect()
        };
        let mut answers = Vec::new();
        for (heading, sql) in questions() {
            let question =
                Question::read(&sql).unwrap_or_else(|error| panic!("{heading}: {error}"));
            let file = view.snapshot_to_ask(&question.needs).await.unwrap();
            answers.push(answer(file.path(), &question, LIMITS).unwrap().0);
        }
        let [shares, supply, hours, paid, commands] = answers.try_into().unwrap();

        let mut balances = ints(&list("balances").await, 1);
        balances.retain(|balance| *balance > 0);
        balances.sort_unstable_by(|one, other| other.cmp(one));
        let whole: i64 = balances.iter().sum();
        let told: Vec<_> = shares.iter().map(|row| int(&row[1])).collect();
        assert_eq!(told, balances[..told.len()]);
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let percent = (1_000.0 * balances[0] as f64 / whole as f64).round() / 10.0;
        assert_eq!(shares[0][2], Cell::Real(percent));

        assert_eq!(int(&supply.last().unwrap()[2]), whole);
        assert_eq!(supply.iter().map(|row| int(&row[1])).sum::<i64>(), whole);

        let written: i64 = ints(&list("activity_hourly").await, 1).iter().sum();
        assert!(written > 10 && hours.len() > 1, "{written} in {} hours", hours.len());
        assert_eq!(hours.iter().map(|row| int(&row[1])).sum::<i64>(), written);

        let members = list("activity_members").await;
        let people: BTreeSet<_> = ints(&members, 1).into_iter().collect();
        assert_eq!(paid.len(), people.len());
        assert_eq!(
            paid.iter().map(|row| int(&row[1])).sum::<i64>(),
            ints(&members, 2).iter().sum::<i64>()
        );

        let uses = list("command_uses").await;
        let done: i64 = ints(&uses, 3).iter().sum();
        assert_eq!(commands.iter().map(|row| int(&row[1])).sum::<i64>(), done);
        assert_eq!(commands[0][0], Cell::Text("bytes read".to_owned()));
        drop(view);
        runtime.shutdown().await;
        house.close().await;
    });
}

fn int(cell: &Cell) -> i64 {
    let Cell::Int(number) = cell else { panic!("{cell:?}") };
    *number
}

fn a_snapshot(folder: &Path) -> PathBuf {
    let path = folder.join("snapshot.sqlite");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE analyst_tiers (guild INTEGER, role INTEGER, name TEXT, daily_bonus INTEGER);
             INSERT INTO analyst_tiers VALUES (1, 2, 'gold', 3), (1, 3, 'silver', 2)",
        )
        .unwrap();
    path
}

#[test]
fn given_what_is_no_question_then_it_is_refused_and_nothing_is_changed() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = a_snapshot(folder.path());
    let before = std::fs::read(&path).unwrap();
    let elsewhere = folder.path().join("elsewhere.sqlite");
    let attach = format!("ATTACH DATABASE '{}' AS other", elsewhere.display());
    let into = format!("VACUUM INTO '{}'", elsewhere.display());
    for sql in [
        "DELETE FROM analyst_tiers",
        "DELETE FROM analyst_tiers RETURNING name",
        "INSERT INTO analyst_tiers VALUES (1, 4, 'x', 1) RETURNING 1",
        "UPDATE analyst_tiers SET name = 'x'",
        "WITH all_of AS (SELECT 1) DELETE FROM analyst_tiers",
        "DROP TABLE analyst_tiers",
        "CREATE TABLE mine (x)",
        "CREATE TEMP TABLE mine (x)",
        "CREATE VIEW mine AS SELECT 1",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "PRAGMA table_info(analyst_tiers)",
        "SELECT * FROM pragma_database_list",
        "BEGIN",
        "SAVEPOINT x",
        "REINDEX",
        "ANALYZE",
        "VACUUM",
        "DETACH DATABASE main",
        "SELECT load_extension('evil.so')",
        attach.as_str(),
        into.as_str(),
    ] {
        let refused = Question::read(sql);
        assert!(matches!(refused, Err(QueryError::NotAQuestion)), "{sql}: {refused:?}");
    }
    for (sql, says) in [
        ("", "there is no question"),
        ("  ; ", "there is no question"),
        ("SELECT 1; SELECT 2", "one thing at a time"),
        ("SELECT $1", "no parameters"),
        ("SELECT * FROM balances", "The lists are: analyst_balances"),
        ("SELECT nobody FROM analyst_tiers", "no such column: nobody"),
        ("SELEC 1", "syntax error"),
    ] {
        let refused = Question::read(sql).unwrap_err().to_string();
        assert!(refused.contains(says), "{sql}: {refused}");
    }
    for sql in [
        "SELECT name FROM analyst_tiers",
        "SELECT 1; -- and no more",
        "VALUES (1), (2)",
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT sum(i) FROM n",
        "SELECT json_extract('{\"a\": 1}', '$.a'), strftime('%Y', 'now'), row_number() OVER ()",
        "SELECT list, about FROM analyst_columns",
        "EXPLAIN QUERY PLAN SELECT * FROM analyst_tiers",
    ] {
        Question::read(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(!elsewhere.exists());
}

#[test]
fn given_a_question_without_an_end_then_it_is_stopped() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = a_snapshot(folder.path());
    let endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) ";
    let counted = Question::read(&format!("{endless} SELECT count(*) FROM n")).unwrap();
    let limits = Limits { rows: 10, time: Duration::from_millis(50) };
    let stopped = answer(&path, &counted, limits).unwrap_err();
    assert!(matches!(stopped, QueryError::TooLong(_)), "{stopped}");
    let listed = Question::read(&format!("{endless} SELECT i FROM n")).unwrap();
    let limits = Limits { rows: 10, time: Duration::from_mins(5) };
    let (rows, more) = answer(&path, &listed, limits).unwrap();
    assert_eq!((rows.len(), more), (10, true));
    let long = Question::read("SELECT length(hex(zeroblob(900000000)))").unwrap();
    assert!(answer(&path, &long, limits).unwrap_err().to_string().contains("too big"));
}

#[test]
fn given_the_registry_then_names_are_sound_and_models_are_there() {
    let models: BTreeSet<_> = projections::registered().iter().map(|p| p.name()).collect();
    let mut names = BTreeSet::new();
    for export in exports::registered() {
        assert!(names.insert(export.name), "{} twice", export.name);
        assert!(models.contains(export.projection), "{}", export.name);
        let mut columns = BTreeSet::from(["guild"]);
        for column in export.columns {
            let is_plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(column.name.chars().all(is_plain), "{}", column.name);
            assert!(columns.insert(column.name), "{} {} twice", export.name, column.name);
            assert!(column.about.ends_with(['.', '…']), "{} {}", export.name, column.name);
        }
        assert!(export.columns.iter().filter(|column| column.is_sealed()).count() <= 1);
    }
}

#[test]
fn given_the_pages_for_analysts_then_they_are_of_this_registry() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/analysts");
    let mut known = BTreeSet::from(["README.md", "questions.md"].map(str::to_owned));
    for (name, text) in exports::pages() {
        let path = folder.join(&name);
        if std::env::var_os("REEVE_TEST_UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == text,
            "{} is stale; refresh it with REEVE_TEST_UPDATE=1 cargo nextest run -p projections \
             analysts",
            path.display()
        );
        known.insert(name);
    }
    for found in std::fs::read_dir(folder).unwrap() {
        let name = found.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name), "docs/analysts/{name} is of no list");
    }
}
