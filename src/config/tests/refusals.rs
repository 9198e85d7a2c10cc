//! What is refused, and in which words.

use super::{KEY, given};

// proves: OPS-11
#[test]
fn given_unknown_key_in_file_then_suggests_nearest() {
    let file = "stroe = 'sqlite'\n[http]\nadress = 'x'\n[wirter]\nbatch = 1\n[extra]\n";
    let expected = "reeve.toml:1: unknown setting stroe; the nearest known is store\n\
                    reeve.toml:3: unknown setting http.adress; the nearest known is http.address\n\
                    reeve.toml:5: unknown setting wirter.batch; the nearest known is writer.batch";
    let refused = given().file("reeve.toml", file).refused();
    let (first, last) = refused.rsplit_once('\n').unwrap();
    assert_eq!(first, expected);
    assert!(last.starts_with("reeve.toml:6: unknown setting extra; the nearest known is "));
}

// proves: OPS-11
#[test]
fn given_unknown_variable_or_flag_then_suggests_nearest() {
    let refused = given()
        .file(".env", "\nREEVE_DATABSE_URL=postgres://u:hunter2@h/d\n")
        .env("REEVE_LOG_FILTER", "info")
        .set("connections=9")
        .refused();
    assert_eq!(
        refused,
        ".env:2: unknown variable REEVE_DATABSE_URL; the nearest known is REEVE_DATABASE_URL\n\
         environment: unknown variable REEVE_LOG_FILTER; the nearest known is REEVE_LOG\n\
         --set: unknown setting connections; the nearest known is database.connections"
    );
}

// proves: OPS-11
#[test]
fn given_bad_values_then_each_has_a_line_with_name_place_value_and_what_is_allowed() {
    let refused = given()
        .file("reeve.toml", "[http]\naddress = 'localhost'\nmetrics = 1\n[writer]\nbatch = 9000")
        .file(".env", "REEVE_SHUTDOWN_GRACE=20\n")
        .env("REEVE_STORE", "mysql")
        .args(|args| args.data_dir = Some(String::new()))
        .refused();
    assert_eq!(
        refused,
        "environment: store (REEVE_STORE) is \"mysql\"; allowed: sqlite, postgres or eventstoredb\n\
         --data-dir: data_dir (REEVE_DATA_DIR) is \"\"; allowed: a path\n\
         .env:1: shutdown_grace (REEVE_SHUTDOWN_GRACE) is \"20\"; allowed: a duration with its \
         unit (ms, s, m, h, d) from 0s to 10m\n\
         reeve.toml:2: http.address (REEVE_HTTP_ADDRESS) is \"localhost\"; allowed: an IP address \
         and a port, such as 127.0.0.1:8080\n\
         reeve.toml:3: http.metrics (REEVE_HTTP_METRICS) is \"1\"; allowed: true or false\n\
         reeve.toml:5: writer.batch (REEVE_WRITER_BATCH) is \"9000\"; allowed: a whole number \
         from 1 to 4096"
    );
}

#[test]
fn given_value_of_another_type_then_says_what_it_is() {
    let refused = given()
        .file(
            "reeve.toml",
            "store = ['a']\nroles = [1]\nlog = 'info'\n[data_dir]\n[writer]\nbatch = 1.5\n\
             queue = 1979-05-27\n[[database]]\n",
        )
        .refused();
    for line in [
        "reeve.toml:1: store (REEVE_STORE) is an array; allowed: sqlite, postgres or eventstoredb",
        "reeve.toml:2: roles (REEVE_ROLES) is an array of other things; allowed: a list of",
        "reeve.toml:3: log is a section, not a setting; it holds log.filter, log.format,",
        "reeve.toml:4: data_dir (REEVE_DATA_DIR) is a table; allowed: a path",
        "reeve.toml:6: writer.batch (REEVE_WRITER_BATCH) is \"1.5\"; allowed:",
        "reeve.toml:7: writer.queue (REEVE_WRITER_QUEUE) is a date; allowed:",
        "reeve.toml:8: database is a section, not a setting; it holds database.url,",
    ] {
        assert!(refused.contains(line), "{line}\nnot in\n{refused}");
    }
    assert_eq!(refused.lines().count(), 7, "{refused}");
}

// proves: OPS-11
#[test]
fn given_bad_secret_then_no_line_shows_it() {
    let secret = "hunter2";
    let refused = given()
        .file("reeve.toml", &format!("master_key = '{secret}'\n[database]\nurl = '{secret}'"))
        .file(".env", &format!("REEVE_PREVIOUS_MASTER_KEY={secret}\nREEVE_MASTER_KEY {secret}\n"))
        .env("REEVE_DATABASE_CONNECTIONS", &format!("postgres://u:{secret}@h/d"))
        .set(secret)
        .set(&format!("postgres://u:{secret}@h/d?a=b"))
        .refused();
    assert_eq!(refused.lines().count(), 7, "{refused}");
    assert!(!refused.contains(secret), "{refused}");
    assert!(refused.contains(
        "reeve.toml:1: master_key (REEVE_MASTER_KEY) is •••• (set); allowed: 64 hexadecimal \
         characters, or base64 of 32 bytes"
    ));
}

#[test]
fn given_file_that_is_no_toml_then_names_the_line_without_quoting_it() {
    let broken = format!("data_dir = 'x'\nmaster_key = \"{KEY}\n[http\naddress = 'x'\n");
    let refused = given().file("reeve.toml", &broken).env("REEVE_STORE", "postgres").refused();
    assert!(refused.starts_with("reeve.toml:2: "), "{refused}");
    assert!(!refused.contains(KEY) && !refused.contains("missing"), "{refused}");
}

#[test]
fn given_named_file_that_cannot_be_read_then_says_so() {
    let absent = given().args(|args| args.config = Some("absent.toml".into())).refused();
    assert!(absent.starts_with("absent.toml: cannot be read: "), "{absent}");
    let folder = given();
    std::fs::create_dir(folder.folder.path().join(".env")).unwrap();
    assert!(folder.refused().starts_with(".env: cannot be read: "));
}

// proves: OPS-11
#[test]
fn given_postgres_without_url_then_names_the_missing_variable() {
    let missing = "database.url (REEVE_DATABASE_URL) is missing: store = postgres needs it; \
                   allowed: a URL that starts with postgres:// or postgresql://";
    assert_eq!(given().set("store=postgres").refused(), missing);
    let emptied = given().set("store=postgres").set("database.url=").refused();
    assert_eq!(emptied, missing);
    let bad = given().set("store=postgres").set("database.url=mysql://x").refused();
    assert_eq!(bad.lines().count(), 1, "a bad value is not missing as well: {bad}");
}

// proves: SYN-10
#[test]
fn given_production_without_a_key_then_refuses_to_start() {
    let refused = given().set("environment=production").refused();
    assert!(refused.starts_with("master_key (REEVE_MASTER_KEY) is missing: "), "{refused}");
    assert!(refused.contains("REEVE_MASTER_KEY_FILE"), "{refused}");
    // A key made in development beside the data does not count either.
    let folder = given().set("environment=production");
    std::fs::create_dir(folder.folder.path().join("data")).unwrap();
    assert!(folder.file("data/master.key", KEY).refused().starts_with("master_key "));
}

#[test]
fn given_key_and_key_file_then_refuses_to_choose() {
    let both = given().env("REEVE_MASTER_KEY", KEY).set("master_key_file=k").refused();
    assert_eq!(
        both,
        "environment: master_key (REEVE_MASTER_KEY) and master_key_file (REEVE_MASTER_KEY_FILE) \
         are both set; set one"
    );
}
