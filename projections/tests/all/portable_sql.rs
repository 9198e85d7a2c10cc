//! The one SQL text for both stores, as far as read models rely on it.

use eventlog::{
    LogError,
    sql::{Row, Value},
    values,
};

use crate::support::{House, on_each_store};

const CREATE: &str = "CREATE TABLE samples (
    id bigint PRIMARY KEY, number bigint, text text, bytes bytea)";
const INSERT: &str = "INSERT INTO samples (id, number, text, bytes) VALUES ($1, $2, $3, $4)";

async fn insert(house: &House, sql: &str, rows: &[[Value; 4]]) -> Result<(), LogError> {
    let mut tx = house.db.begin().await?;
    tx.execute_many(sql, rows).await?;
    tx.commit().await
}

/// SQLite cannot tell of which kind a null is.
fn alike(row: &Row) -> Row {
    let alike = |value: &Value| match value {
        Value::Text(None) | Value::Blob(None) => Value::Int(None),
        other => other.clone(),
    };
    Row(row.0.iter().map(alike).collect())
}

async fn stored(house: &House) -> Vec<Row> {
    let rows = house.rows("SELECT id, number, text, bytes FROM samples ORDER BY id").await;
    rows.iter().map(alike).collect()
}

#[test]
fn every_kind_of_value_comes_back_as_it_went_in() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.db.execute(CREATE, &[]).await.unwrap();
        let texts =
            ["", "it's \"quoted\"; DROP TABLE samples; --", "{name} $1 ) VALUES (", "雪 é 🦀\n"];
        let mut rows = vec![[
            Value::Int(Some(0)),
            Value::Int(None),
            Value::Text(None),
            Value::Blob(None), // the first row says of which kind a column is
        ]];
        for (id, text) in (1_i64..).zip(texts) {
            let bytes: Vec<u8> =
                (0..=255).cycle().take(usize::try_from(id).unwrap() * 200).collect();
            rows.push(values![id, i64::MIN + id, text, bytes]);
        }
        rows.push(values![100_i64, i64::MAX, "x".repeat(300_000), Vec::<u8>::new()]);
        insert(&house, INSERT, &rows).await.unwrap();
        let expected: Vec<_> = rows.iter().map(|row| alike(&Row(row.to_vec()))).collect();
        assert_eq!(stored(&house).await, expected);
        house.close().await;
    });
}

#[test]
fn given_rows_that_are_there_already_then_on_conflict_decides() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.db.execute(CREATE, &[]).await.unwrap();
        let row = |id: i64, number: i64| values![id, number, "t", vec![1_u8]];
        insert(&house, INSERT, &[row(1, 10), row(2, 20)]).await.unwrap();
        let add = format!(
            "{INSERT} ON CONFLICT (id) DO UPDATE SET number = samples.number + excluded.number"
        );
        insert(&house, &add, &[row(2, 5), row(3, 30)]).await.unwrap();
        insert(&house, &format!("{INSERT} ON CONFLICT DO NOTHING"), &[row(1, 99), row(4, 40)])
            .await
            .unwrap();
        let numbers = async || {
            let stored = stored(&house).await;
            stored.iter().map(|row| row.int(1).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(numbers().await, [10, 25, 30, 40]);

        insert(&house, INSERT, &[row(5, 50), row(1, 1)]).await.unwrap_err();
        assert_eq!(numbers().await, [10, 25, 30, 40], "all of a transaction or nothing");

        let forty: Vec<_> = (1..=40).map(|id| row(id, 1)).collect();
        insert(&house, INSERT, &forty).await.unwrap_err();
        assert_eq!(numbers().await, [10, 25, 30, 40], "nor of a statement that carries many");
        insert(&house, &add, &forty).await.unwrap();
        let mut expected = vec![11, 26, 31, 41];
        expected.resize(40, 1);
        assert_eq!(numbers().await, expected);
        house.close().await;
    });
}

#[test]
fn values_that_are_not_the_plain_parameters_go_row_by_row() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.db.execute(CREATE, &[]).await.unwrap();
        let odd = [
            "INSERT INTO samples (id, number, text, bytes) VALUES ($1, $2 * 0 + 7, $3, $4)",
            "INSERT INTO samples (id, text, number, bytes) VALUES ($1, $3, $2, $4)",
        ];
        for (id, sql) in (1_i64..).step_by(2).zip(odd) {
            let rows = [id, id + 1].map(|id| values![id, 40_i64, format!("t{id}"), vec![1_u8]]);
            insert(&house, sql, &rows).await.unwrap();
        }
        let stored = stored(&house).await;
        let numbers: Vec<_> = stored.iter().map(|row| row.int(1).unwrap()).collect();
        assert_eq!(numbers, [7, 7, 40, 40]);
        let texts: Vec<_> = stored.iter().map(|row| row.text(2).unwrap()).collect();
        assert_eq!(texts, ["t1", "t2", "t3", "t4"]);
        house.close().await;
    });
}

#[test]
fn no_rows_and_very_many_rows_are_both_a_statement() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.db.execute(CREATE, &[]).await.unwrap();
        insert(&house, INSERT, &[]).await.unwrap();
        assert_eq!(stored(&house).await, []);
        let rows: Vec<_> =
            (0..25_001_i64).map(|id| values![id, id * 3, format!("n{id}"), vec![7_u8]]).collect();
        insert(&house, INSERT, &rows).await.unwrap();
        let sums =
            "SELECT COUNT(*), CAST(SUM(number) AS bigint), COUNT(DISTINCT text) FROM samples";
        let sums = house.rows(sums).await.remove(0);
        let sums: Vec<_> = (0..3).map(|column| sums.int(column).unwrap()).collect();
        assert_eq!(sums, [25_001, 3 * 25_000 * 25_001 / 2, 25_001]);

        // Updates go row by row; the rows may then repeat.
        let update =
            "UPDATE samples SET number = number + $2 WHERE id = $1 AND $3 = $3 AND $4 = $4";
        let again = values![7_i64, 1_i64, "t", vec![0_u8]];
        insert(&house, update, &[again.clone(), again]).await.unwrap();
        assert_eq!(stored(&house).await[7].int(1).unwrap(), 7 * 3 + 2);
        house.close().await;
    });
}
