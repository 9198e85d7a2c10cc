//! `reeve import`

use serde_json::{Value, json};

use crate::support::{ANN, Answer, BEN, CAT, GUILD, House, OTHER_GUILD, block_on, database};

fn write(house: &House, name: &str, text: &str) {
    std::fs::write(house.root().join(name), text).unwrap();
}

fn balances(house: &House, more: &[&str]) -> Answer {
    house.reeve(&[&["import", "balances", "--guild", GUILD], more].concat())
}

fn problems(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problems = report["problems"].as_array().unwrap();
    problems.iter().map(|one| (text(&one["row"]), text(&one["reason"]))).collect()
}

// proves: SYN-08
#[test]
fn given_a_file_of_balances_then_they_are_had_once_and_bad_rows_are_named() {
    let house = House::new();
    house.economy(&["settings", r#"{"starting_balance": "1000", "max_transfer": "5"}"#]);
    write(
        &house,
        "users.json",
        r#"{
  "101": 120,
  "102": {"balance": "30", "streak": 4},
  "103": 0,
  "104": -5,
  "nobody": 7,
  "105": 1.5,
  "106": {"xp": 12},

  "101": 999,
  "107": "2000000000000"
}"#,
    );
    write(&house, "codes.json", r#"{"codes": {"A-1": 5, "B-2": {"uses": 3}, "C-3": 1}}"#);
    let arguments = ["users.json", "--codes", "codes.json", "--json"];
    let rehearsed = balances(&house, &[&arguments[..], &["--dry-run"]].concat()).exits(1).json();
    assert_eq!(
        house.reeve(&["events", "--type", "economy.", "--json"]).ok().json()["events"],
        json!([])
    );
    let report = balances(&house, &arguments).exits(1).json();
    assert_eq!(report["dry_run"], false);
    for name in ["rows", "imported", "bytes", "before", "empty", "skipped", "problems"] {
        assert_eq!(rehearsed[name], report[name], "{name}");
    }
    assert_eq!(
        (&report["rows"], &report["imported"], &report["bytes"], &report["empty"]),
        (&json!(9), &json!(2), &json!(150), &json!(1))
    );
    assert_eq!(report["codes_kept_for_later"], 3);
    let mut found = problems(&report);
    found.sort();
    let reasons = [
        ("line 10", "twice"),
        ("line 11", "at most 1000000000000"),
        ("line 5", "below zero"),
        ("line 6", "say where with --at"),
        ("line 7", "whole number, not \"1.5\""),
        ("line 8", "has no balance"),
    ];
    assert_eq!(found.len(), reasons.len(), "{found:?}");
    for ((place, reason), (expected, words)) in found.iter().zip(reasons) {
        assert_eq!(place, expected);
        assert!(reason.contains(words), "{reason}");
    }
    assert_eq!((house.balance(ANN), house.balance(BEN), house.balance(CAT)), (120, 30, 0));

    let again = balances(&house, &arguments).exits(1).json();
    assert_eq!((&again["imported"], &again["before"]), (&json!(0), &json!(2)));
    assert_eq!((house.balance(ANN), house.balance(BEN)), (120, 30));
    write(&house, "changed.json", r#"{"101": 121}"#);
    let changed = balances(&house, &["changed.json"]).exits(1);
    changed.says("line 1: it was imported before with the amount 120");
    assert_eq!(house.balance(ANN), 120);
    balances(&house, &["changed.json", "--source", "another-bot"]).ok();
    assert_eq!(house.balance(ANN), 241);

    // It is told from what members did, and no Discord id is in the log.
    let events = house.reeve(&["events", "--type", "economy.", "--json"]).ok();
    let events = events.json()["events"].clone();
    for event in events.as_array().unwrap() {
        assert_eq!(event["metadata"]["actor"], "import");
    }
    balances(&house, &["users.json", "--codes", "codes.json"]).exits(1).says("not imported");
}

#[test]
fn given_other_shapes_of_files_then_they_are_read_or_refused_as_a_whole() {
    let house = House::new();
    write(
        &house,
        "list.json",
        r#"[{"user_id": 101, "coins": 5}, {"user_id": "102", "coins": 6}, 7]"#,
    );
    balances(&house, &["list.json"]).exits(1).says("it is no object with a user and a balance");
    assert_eq!((house.balance(ANN), house.balance(BEN)), (5, 6));
    write(&house, "deep.json", r#"{"version": 2, "user_coins": {"101": {"total": 9}}}"#);
    let deep = ["deep.json", "--at", "/user_coins", "--field", "total", "--source", "deep"];
    balances(&house, &deep).ok().says("1 rows read: 1 imported (9 bytes)");
    assert_eq!(house.balance(ANN), 14);
    balances(&house, &["deep.json", "--at", "/absent"]).exits(2).says("there is no /absent");
    balances(&house, &["deep.json", "--at", "/version"]).exits(2).says("neither an object nor");
    write(&house, "broken.json", "{\"101\": 5,\n\"102\":");
    balances(&house, &["broken.json"]).exits(2).says("broken.json").says("line 2");
    balances(&house, &["absent.json"]).exits(2).says("absent.json");
    balances(&house, &["list.json", "--source", "A Bot"]).exits(2).says("a-z, 0-9");
    house.reeve(&["import", "balances", "list.json"]).exits(2).says("say --guild");
}

const MAPPING: &str = r#"
source = "old-bot"
table = "bytes"
[columns]
id = "id"
user = "receiver"
from = "giver"
amount = "amount"
time = "at"
kind = "kind"
reason = "reason"
guild = "guild"
[kinds]
gift = "transfer"
prize = "grant"
fine = "take"
note = "skip"
"#;

fn rows() -> Vec<[Option<String>; 8]> {
    let long = "x".repeat(400);
    [
        // id, giver, receiver, amount, at, kind, reason, guild
        ["7", "", "101", "500", "2024-01-31 10:00:00", "prize", "the first", GUILD],
        ["8", "101", "102", "200", "2024-02-01 10:00:00", "gift", &long, GUILD],
        ["9", "101", "102", "100", "2024-02-01 10:00:01", "gift", "", GUILD],
        ["10", "", "102", "-50", "2024-02-02 10:00:00", "fine", "spam", GUILD],
        ["11", "103", "101", "5", "2024-02-03 10:00:00", "gift", "", GUILD],
        ["12", "", "103", "5", "2024-02-03 10:00:00", "lottery", "", GUILD],
        ["13", "", "103", "5", "2024-02-03 10:00:00", "note", "", GUILD],
        ["14", "", "me", "5", "2024-02-03 10:00:00", "prize", "", GUILD],
        ["15", "", "103", "many", "2024-02-03 10:00:00", "prize", "", GUILD],
        ["16", "", "103", "5", "2222-02-03 10:00:00", "prize", "", GUILD],
        ["17", "", "103", "5", "", "prize", "", GUILD],
        ["18", "101", "101", "5", "2024-02-04 10:00:00", "gift", "", GUILD],
        ["19", "", "101", "77", "2024-02-04 10:00:00", "prize", "", OTHER_GUILD],
    ]
    .map(|row| row.map(|cell| (!cell.is_empty()).then(|| cell.to_owned())))
    .to_vec()
}

const TABLE: &str = "CREATE TABLE bytes (id INTEGER PRIMARY KEY, giver BIGINT, receiver TEXT, \
                     amount TEXT, at TEXT, kind TEXT, reason TEXT, guild TEXT)";

fn is_imported(house: &House, from: &str) {
    write(house, "mapping.toml", MAPPING);
    let import = |more: &[&str]| {
        let ledger = ["import", "ledger", "--from", from, "--mapping", "mapping.toml", "--json"];
        house.reeve(&[&ledger, more].concat())
    };
    let rehearsed = import(&["--guild", GUILD, "--dry-run"]).exits(1).json();
    let report = import(&["--guild", GUILD]).exits(1).json();
    for name in ["rows", "imported", "bytes", "before", "empty", "skipped", "reasons_cut"] {
        assert_eq!(rehearsed[name], report[name], "{name}");
    }
    assert_eq!(
        (&report["rows"], &report["imported"], &report["empty"], &report["reasons_cut"]),
        (&json!(13), &json!(4), &json!(2), &json!(1))
    );
    let mut found = problems(&report);
    found.sort();
    let reasons = [
        ("row 11", "The balance is 0, which is not enough for 5."),
        ("row 12", "[kinds] does not say what \"lottery\" is"),
        ("row 14", "a user id must be a number"),
        ("row 15", "whole number, not \"many\""),
        ("row 16", "has not come yet"),
        ("row 17", "it has no time"),
        ("row 18", "You cannot send to yourself."),
    ];
    assert_eq!(found.len(), reasons.len(), "{found:?}");
    for ((place, reason), (expected, words)) in found.iter().zip(reasons) {
        assert_eq!(place, expected);
        assert!(reason.contains(words), "{reason}");
    }
    assert_eq!((house.balance(ANN), house.balance(BEN)), (200, 250));
    let again = import(&[]).exits(1).json();
    assert_eq!((&again["imported"], &again["before"]), (&json!(1), &json!(4)), "the other guild's");
    assert_eq!((house.balance(ANN), house.balance(BEN)), (200, 250));
    let history = house.economy(&["history", "--json"]).json();
    assert_eq!(history["transactions"][0]["reason"], "spam");
    assert_eq!(history["transactions"][2]["reason"].as_str().unwrap().len(), 300);
}

// proves: SYN-08
#[test]
fn given_a_ledger_in_sqlite_then_its_movements_are_imported_once() {
    let house = House::new();
    let ledger = rusqlite::Connection::open(house.root().join("old.db")).unwrap();
    ledger.execute_batch(TABLE).unwrap();
    for row in rows() {
        let sql = "INSERT INTO bytes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        ledger.execute(sql, row).unwrap();
    }
    is_imported(&house, "sqlite:old.db");
    write(&house, "wrong.toml", &MAPPING.replace("\"bytes\"", "\"coins\""));
    let import = |from: &str, mapping: &str| {
        let ledger = ["import", "ledger", "--guild", GUILD, "--from", from, "--mapping", mapping];
        house.reeve(&ledger).exits(2)
    };
    import("sqlite:old.db", "wrong.toml").says("no such table: coins");
    write(&house, "wrong.toml", &MAPPING.replace("giver", "Geber"));
    import("sqlite:old.db", "wrong.toml").says("old.db cannot be read");
    write(&house, "wrong.toml", &format!("colour = 1\n{MAPPING}"));
    import("sqlite:old.db", "wrong.toml").says("unknown field `colour`");
    write(&house, "wrong.toml", MAPPING.split("[kinds]").next().unwrap());
    import("sqlite:old.db", "wrong.toml").says("belong together");
    import("sqlite:absent.db", "mapping.toml").says("there is no database absent.db");
    import("sqlite:old.db", "absent.toml").says("absent.toml");
    import("mysql:old", "mapping.toml").says("sqlite:FILE or postgres://");
}

// proves: SYN-08
#[test]
fn given_a_ledger_in_postgres_then_its_movements_are_imported_once() {
    let Some(database) = database() else { return };
    let house = House::new();
    block_on(async {
        let pool = database.pool(1);
        sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
        for row in rows() {
            let sql = "INSERT INTO bytes VALUES ($1::text::int, $2::text::bigint, $3, $4, $5, $6, \
                       $7, $8)";
            let mut query = sqlx::query(sql);
            for cell in row {
                query = query.bind(cell);
            }
            query.execute(&pool).await.unwrap();
        }
        pool.close().await;
    });
    is_imported(&house, &database.url());
}

#[test]
fn given_a_large_ledger_then_order_is_kept_for_every_member() {
    let house = House::new();
    let ledger = rusqlite::Connection::open(house.root().join("old.db")).unwrap();
    ledger
        .execute_batch(
            "CREATE TABLE moves (n INTEGER PRIMARY KEY, who TEXT, amount INTEGER);
             WITH RECURSIVE c(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM c WHERE i < 3999)
             INSERT INTO moves SELECT i, 200 + i % 5, CASE WHEN i / 5 % 2 THEN -7 ELSE 7 END FROM c",
        )
        .unwrap();
    let mapping = "source = \"s\"\ntable = \"moves\"\n[columns]\nid = \"n\"\nuser = \"who\"\n\
                   amount = \"amount\"\n";
    write(&house, "mapping.toml", mapping);
    let arguments = ["--from", "sqlite:old.db", "--mapping", "mapping.toml", "--guild", GUILD];
    let report = house.reeve(&[&["import", "ledger", "--json"], &arguments[..]].concat()).ok();
    // Each takes what was just given: one row out of order would be refused.
    assert_eq!(report.json()["imported"], 4_000);
    assert_eq!(house.economy(&["heap", "--json"]).json()["supply"], "0");
}

/// Everybody's XP as the log has it.
fn xp_changes(house: &House) -> Vec<(u64, u64)> {
    let events = house.reeve(&["events", "--type", "levels.", "--json"]).ok().json();
    let number = |value: &Value| value.as_u64().unwrap();
    let changes = events["events"].as_array().unwrap().iter().map(|event| {
        let changed = &event["payload"]["xp_changed"];
        assert_eq!(event["metadata"]["actor"], "import");
        assert!(!event.to_string().contains("100000000000000101"), "no Discord id is in the log");
        (number(&changed["from"]), number(&changed["to"]))
    });
    changes.collect()
}

// proves: SYN-08
#[test]
fn given_levels_of_another_bot_then_they_are_added_once_and_bad_rows_are_named() {
    let house = House::new();
    let mee6 = r#"{"players": [
        {"id": "100000000000000101", "xp": 5000, "level": 7, "username": "<script>"},
        {"id": "100000000000000102", "xp": 255},
        {"id": "100000000000000103", "xp": 0},
        {"id": "100000000000000104", "xp": -5},
        {"id": "nobody", "xp": 7},
        {"id": "100000000000000101", "xp": 6000},
        {"id": "100000000000000105", "xp": 9000000000000}
    ]}"#;
    write(&house, "mee6.json", mee6);
    let import = |more: &[&str]| {
        let levels = ["import", "levels", "--guild", GUILD, "--json"];
        house.reeve(&[&levels[..], more].concat())
    };
    let arguments = ["mee6.json", "--source", "mee6"];
    let rehearsed = import(&[&arguments[..], &["--dry-run"]].concat()).exits(1).json();
    assert!(!house.root().join("data").exists(), "a dry run leaves nothing");
    let report = import(&arguments).exits(1).json();
    for name in ["rows", "imported", "xp", "before", "empty", "skipped"] {
        assert_eq!(rehearsed[name], report[name], "{name}");
    }
    assert_eq!(
        (&report["rows"], &report["imported"], &report["xp"], &report["empty"]),
        (&json!(7), &json!(2), &json!(5_255), &json!(1))
    );
    let mut found = problems(&report);
    found.sort();
    let reasons = [
        ("entry 4", "whole numbers"),
        ("entry 5", "must be a number"),
        ("entry 6", "twice"),
        ("entry 7", "more than 1000000000000"),
    ];
    assert_eq!(found.len(), reasons.len(), "{found:?}");
    for ((place, reason), (expected, words)) in found.iter().zip(reasons) {
        assert!(place == expected && reason.contains(words), "{place}: {reason}");
    }
    let mut changes = xp_changes(&house);
    changes.sort_unstable();
    assert_eq!(changes, [(0, 255), (0, 5_000)]);
    let again = import(&arguments).exits(1).json();
    assert_eq!((&again["imported"], &again["before"]), (&json!(0), &json!(2)));
    assert_eq!(xp_changes(&house).len(), 2);
    write(&house, "changed.json", r#"{"100000000000000102": 256}"#);
    let changed = ["import", "levels", "--guild", GUILD, "changed.json", "--source", "mee6"];
    house.reeve(&changed).exits(1).says("entry 1: it was imported before with 255 XP");
    // Another source is added to what is there; a level is worth what it takes here.
    write(&house, "levels.csv", "user;level;name\n100000000000000102;2;\"a;b\"\n");
    let csv = ["import", "levels", "--guild", GUILD, "levels.csv", "--source", "other"];
    house.reeve(&csv).ok().says("1 rows read: 1 imported (255 XP)").says("Nobody was told");
    assert!(xp_changes(&house).contains(&(255, 510)));
    write(&house, "odd.csv", "a;b\n1;2\n");
    import(&["odd.csv"]).exits(2).says("no column names the user");
    house.reeve(&["import", "levels", "mee6.json"]).exits(2).says("say --guild");
}
