//! `reeve export` and `reeve query`

use std::os::unix::fs::PermissionsExt as _;

use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::RowAccessor as _,
};
use serde_json::{Value, json};

use crate::support::{ANN, BEN, CAT, GUILD, House};

/// Ann is granted 500 and sends Ben 30; one reason looks like a formula.
fn house() -> House {
    let house = House::new();
    house.economy(&["grant", ANN, "500", "=HYPERLINK(\"http://evil\")"]);
    house.economy(&["send", ANN, BEN, "30", "for lunch"]);
    house
}

/// The lines of a list on standard output.
fn export(house: &House, arguments: &[&str]) -> Vec<String> {
    let out = house.reeve(&[&["export", "--guild", GUILD], arguments].concat()).ok().out;
    out.lines().map(str::to_owned).collect()
}

// proves: ECO-12, ANA-09
#[test]
fn given_transactions_then_the_whole_list_comes_as_csv_and_nothing_in_it_is_a_formula() {
    let house = house();
    let lines = export(&house, &["transactions"]);
    assert_eq!(
        lines[0],
        "seq,at,kind,giver,giver_user_id,receiver,receiver_user_id,amount,reason,event_id"
    );
    assert_eq!(lines.len(), 3);
    assert!(
        lines[1].contains(",grant,,,1,101,500,\"'=HYPERLINK(\"\"http://evil\"\")\","),
        "{}",
        lines[1]
    );
    assert!(lines[2].contains(",transfer,1,101,2,102,30,for lunch,"), "{}", lines[2]);

    let narrow = |more: &[&str]| export(&house, &[&["transactions"], more].concat()).len() - 1;
    assert_eq!(narrow(&["--where", "kind=grant"]), 1);
    assert_eq!(narrow(&["--where", "kind=grant", "--where", "kind=transfer"]), 2);
    assert_eq!(narrow(&["--member", BEN]), 1);
    assert_eq!(narrow(&["--until", "2020-01-01"]), 0);

    let then = export(&house, &["balances", "--as-of", "#2"]);
    assert_eq!(then[1..].len(), 1, "Ben came later: {then:?}");
    assert!(then[1].starts_with("1,101,500,"), "{}", then[1]);
    assert!(export(&house, &["balances"])[1].starts_with("1,101,470,"));
}

#[test]
fn given_a_file_then_it_has_its_name_once_it_is_whole_and_says_what_went_in() {
    let house = house();
    let path = |name: &str| house.root().join(name);
    let write = |list: &str, name: &str| {
        let out = path(name);
        let arguments =
            ["export", list, "--guild", GUILD, "--out", out.to_str().unwrap(), "--json"];
        house.reeve(&arguments).ok().json()
    };
    let answer = write("transactions", "all.jsonl");
    assert_eq!((&answer["rows"], &answer["list"]), (&json!(2), &json!("transactions")));
    let text = std::fs::read_to_string(path("all.jsonl")).unwrap();
    assert_eq!(answer["bytes"], text.len());
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["amount"], 30);
    assert_eq!((&last["giver_user_id"], &last["reason"]), (&json!(ANN), &json!("for lunch")));
    let mode = std::fs::metadata(path("all.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it is for its owner only");

    write("balances", "balances.parquet");
    let file = std::fs::File::open(path("balances.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let short: Vec<_> = rows
        .iter()
        .map(|row| (row.get_string(1).unwrap().as_str(), row.get_long(2).unwrap()))
        .collect();
    assert_eq!(short, [(ANN, 470), (BEN, 30)]);

    // Written anew in the place of the old one; what could not be finished is not there.
    house.economy(&["grant", CAT, "7"]);
    assert_eq!(write("balances", "balances.parquet")["rows"], 3);
    let left: Vec<_> = std::fs::read_dir(house.root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn given_an_erased_member_then_lists_do_not_know_who_it_was() {
    let house = house();
    house.reeve(&["people", "erase", "--guild", GUILD, "--user", ANN, "--yes"]).ok();
    let lines = export(&house, &["transactions"]);
    assert!(lines[1].contains(",grant,,,1,,500,,"), "{}", lines[1]);
    assert!(lines[2].contains(",transfer,1,,2,102,30,,"), "{}", lines[2]);
}

#[test]
fn given_what_cannot_be_exported_then_it_is_said_what_can() {
    let house = house();
    for (arguments, says) in [
        (vec!["export"], "reeve export --list"),
        (vec!["export", "horoscopes"], "there are balances, weekly_gains, transactions"),
        (vec!["export", "balances", "--out", "balances.xlsx"], ".csv, .jsonl or .parquet"),
        (vec!["export", "balances", "--json"], "--out"),
        (vec!["export", "balances", "--where", "kind"], "COLUMN=VALUE"),
        (vec!["export", "balances", "--out", "no/where/balances.csv"], "no/where/balances.csv"),
        (vec!["query"], "--snapshot"),
        (vec!["query", "DELETE FROM analyst_balances"], "only questions"),
        (vec!["query", "SELECT * FROM balances"], "The lists are: analyst_balances"),
    ] {
        house.reeve(&arguments).exits(2).says(says);
    }
    for (arguments, says) in [
        (vec!["export", "transactions", "--where", "amount=3"], "it can by kind"),
        (vec!["export", "balances", "--since", "2026-01-01"], "has no moments"),
        (vec!["export", "tiers", "--member", ANN], "not about members"),
        (vec!["export", "balances", "--member", CAT], "never seen here"),
    ] {
        house.reeve(&arguments).exits(1).says(says);
    }
    let lists = house.reeve(&["export", "--list", "--json"]).ok().json();
    let named = |list: &Value| list["name"] == "transactions";
    let found = lists["lists"].as_array().unwrap().iter().find(|list| named(list)).unwrap();
    assert_eq!(found["where"], json!(["kind"]));
    assert_eq!(found["permissions"], json!(["View Analytics", "View Records"]));
    house.reeve(&["export", "--list"]).ok().says("transactions").says("docs/analysts");
}

#[test]
fn given_a_question_then_it_is_answered_now_and_as_it_was_in_every_format() {
    let house = house();
    let sum =
        "SELECT kind, sum(amount) AS bytes FROM analyst_transactions GROUP BY kind ORDER BY kind";
    let query =
        |more: &[&str]| house.reeve(&[&["query", sum, "--guild", GUILD], more].concat()).ok();
    assert_eq!(query(&[]).out, "kind      bytes\ngrant       500\ntransfer     30\n");
    assert_eq!(query(&["--as-of", "#2"]).out, "kind   bytes\ngrant    500\n");
    assert_eq!(query(&["--format", "csv"]).out, "kind,bytes\r\ngrant,500\r\ntransfer,30\r\n");
    let lines = query(&["--format", "jsonl"]).out;
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first, json!({ "kind": "grant", "bytes": 500 }));
    let array: Value = serde_json::from_str(&query(&["--format", "json"]).out).unwrap();
    assert_eq!(array[1], json!({ "kind": "transfer", "bytes": 30 }));
    let object = query(&["--json", "--rows", "1"]).json();
    assert_eq!(
        object,
        json!({ "columns": ["kind", "bytes"], "rows": [["grant", 500]], "more": true })
    );
    let endless =
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    house
        .reeve(&["query", endless, "--guild", GUILD, "--seconds", "1"])
        .exits(1)
        .says("more than 1 s");
    let scratch = house.data().join("time-machine/scratch");
    let left =
        std::fs::read_dir(scratch).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(left.count(), 0, "what was asked is gone");
}

#[test]
fn given_a_snapshot_then_other_tools_can_open_it_and_it_holds_nothing_else() {
    let house = house();
    let path = house.root().join("then.sqlite");
    let out = path.to_str().unwrap();
    let answer =
        house.reeve(&["query", "--guild", GUILD, "--as-of", "#2", "--snapshot", out, "--json"]);
    assert_eq!(answer.ok().json()["seq"], "2");
    let snapshot = rusqlite::Connection::open(&path).unwrap();
    let one = |sql: &str| snapshot.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one("SELECT group_concat(balance) FROM analyst_balances"), "500");
    let tables = one("SELECT count(*) || '' FROM sqlite_master WHERE name NOT LIKE 'analyst_%'");
    assert_eq!(tables, "0");
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    assert_eq!(
        one(
            "SELECT about FROM analyst_columns WHERE list = 'analyst_balances' AND \"column\" = 'balance'"
        ),
        "Bytes that they have now."
    );
    let bytes = std::fs::read(&path).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("transfer") && !holds("HYPERLINK"), "what was written is no part of it");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
