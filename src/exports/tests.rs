//! Each kind of file says what went in.

use actions::exports::{Cell, Head, Holds};
use domain::{Timestamp, UtcDay};
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::{Field, RowAccessor as _},
};

use super::{Format, Writer};

fn heads() -> Vec<Head> {
    [
        ("amount", Holds::Number),
        ("erased", Holds::Truth),
        ("at", Holds::Moment),
        ("week", Holds::Day),
        ("reason", Holds::Text),
    ]
    .map(|(name, holds)| Head { name: name.to_owned(), holds })
    .to_vec()
}

fn row(amount: i64, reason: &str) -> Vec<Cell> {
    let at: Timestamp = "2026-03-11T12:00:00.000001Z".parse().unwrap();
    vec![
        Cell::Number(amount),
        Cell::Truth(amount > 0),
        Cell::Moment(at),
        Cell::Day(UtcDay(20_523)),
        Cell::Text(reason.to_owned()),
    ]
}

fn file(format: Format, pages: Vec<Vec<Vec<Cell>>>) -> Vec<u8> {
    let mut writer = Writer::new(format, heads()).unwrap();
    let mut file = Vec::new();
    for page in pages {
        file.extend(writer.rows(page).unwrap());
    }
    file.extend(writer.end().unwrap());
    file
}

fn text(format: Format, pages: Vec<Vec<Vec<Cell>>>) -> String {
    String::from_utf8(file(format, pages)).unwrap()
}

#[test]
fn given_hostile_texts_then_a_spreadsheet_finds_no_formula_and_no_other_cell() {
    for (said, written) in [
        ("plain", "plain"),
        ("", "\"\""),
        ("=HYPERLINK(\"http://evil\")", "\"'=HYPERLINK(\"\"http://evil\"\")\""),
        ("+1", "\"'+1\""),
        ("-2", "\"'-2\""),
        ("@SUM(A1)", "\"'@SUM(A1)\""),
        ("\t=1", "\"'\t=1\""),
        ("\r=1", "\"'\r=1\""),
        ("a,b", "\"a,b\""),
        ("say \"no\"", "\"say \"\"no\"\"\""),
        ("two\nlines", "\"two\nlines\""),
    ] {
        let csv = text(Format::Csv, vec![vec![row(-5, said)]]);
        let head = "amount,erased,at,week,reason\r\n";
        let line = "-5,false,2026-03-11T12:00:00.000001Z,2026-03-11,";
        assert_eq!(csv, format!("{head}{line}{written}\r\n"), "{said:?}");
    }
    assert_eq!(text(Format::Csv, Vec::new()), "amount,erased,at,week,reason\r\n");
    let empty = vec![vec![vec![Cell::Empty; 5]]];
    assert!(text(Format::Csv, empty).ends_with("\r\n,,,,\r\n"));
}

#[test]
fn given_rows_then_each_is_one_line_of_json() {
    let lines = text(Format::Jsonl, vec![vec![row(7, "two\nlines")], vec![vec![Cell::Empty; 5]]]);
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[0],
        serde_json::json!({
            "amount": 7, "erased": true, "at": "2026-03-11T12:00:00.000001Z",
            "week": "2026-03-11", "reason": "two\nlines",
        })
    );
    assert_eq!(lines[1]["reason"], serde_json::Value::Null);
    assert_eq!(text(Format::Jsonl, Vec::new()), "");
}

#[test]
fn given_more_rows_than_a_group_then_parquet_has_them_all_in_their_order() {
    const ROWS: i64 = 120_000;
    let all: Vec<_> = (0..ROWS).map(|n| row(n, if n % 3 == 0 { "=1" } else { "x" })).collect();
    let mut pages: Vec<_> = all.chunks(2_000).map(<[_]>::to_vec).collect();
    pages.push(vec![vec![Cell::Empty; 5]]);
    let bytes = file(Format::Parquet, pages);
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 3);
    assert_eq!(reader.metadata().file_metadata().num_rows(), ROWS + 1);
    let mut expected = 0;
    for found in reader.get_row_iter(None).unwrap() {
        let found = found.unwrap();
        let fields: Vec<&Field> = found.get_column_iter().map(|(_, field)| field).collect();
        if expected == ROWS {
            assert!(fields.iter().all(|field| **field == Field::Null));
            break;
        }
        assert_eq!(found.get_long(0).unwrap(), expected);
        assert_eq!(found.get_bool(1).unwrap(), expected > 0);
        assert_eq!(fields[2], &Field::TimestampMicros(1_773_230_400_000_001));
        assert_eq!(fields[3], &Field::Date(20_523));
        let said = if expected % 3 == 0 { "=1" } else { "x" };
        assert_eq!(found.get_string(4).unwrap(), said);
        expected += 1;
    }
    assert_eq!(expected, ROWS);
}

#[test]
fn given_no_rows_then_parquet_has_its_columns_all_the_same() {
    let bytes = file(Format::Parquet, Vec::new());
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names: Vec<_> = schema.columns().iter().map(|column| column.name().to_owned()).collect();
    assert_eq!(names, ["amount", "erased", "at", "week", "reason"]);
}
