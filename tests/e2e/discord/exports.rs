//! Whole lists over HTTP: for whoever may have them, and for nobody else.

use serde_json::{Value, json};

use super::{
    dashboard::{Browser, town},
    town::{counted, patiently},
};

// proves: ECO-12, ANA-09
#[test]
fn given_movements_then_whoever_may_has_the_whole_list_as_a_file_and_others_are_told_why_not() {
    let (town, server) = town();
    let (guild, maren, tobi) = (town.community.guild, town.member("maren"), town.member("tobi"));
    let mut owner = Browser::at(&server);
    owner.signs_in(town.owner().person.user);
    for (number, member) in [&maren, &tobi].into_iter().enumerate() {
        let user = member.person.user;
        let granted = owner.ask(&format!(
            "mutation {{ bytesGrant(input: {{guild: \"{guild}\", user: \"{user}\", amount: \"25\", \
             reason: \"=1+{number}\", key: \"{number}\"}}) {{ done {{ status }} }} }}"
        ));
        assert_eq!(granted.json()["data"]["bytesGrant"]["done"]["status"], "DONE");
    }
    let of = format!("/api/v1/guilds/{guild}/exports");
    let csv = patiently("the list has both", || {
        let answer = owner.get(&format!("{of}/transactions?kind=grant"));
        (answer.header("x-export-rows") == Some("2")).then_some(answer)
    });
    assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    let named = format!("attachment; filename=\"transactions-{guild}.csv\"");
    assert_eq!(csv.header("content-disposition"), Some(named.as_str()));
    assert_eq!(csv.header("x-export-max-rows"), Some("1000000"));
    assert_eq!(csv.header("cache-control"), Some("no-store"));
    let lines: Vec<_> = csv.body.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("seq,at,kind,giver,giver_user_id,"));
    let first = format!(",{},25,\"'=1+0\",", maren.person.user);
    assert!(lines[1].contains(&first), "{}", lines[1]);

    let of_tobi = owner
        .get(&format!("{of}/transactions?format=jsonl&kind=grant&member={}", tobi.person.user));
    let line: Value = serde_json::from_str(&of_tobi.body).unwrap();
    assert_eq!((&line["amount"], &line["reason"]), (&json!(25), &json!("=1+1")));

    // As it was: before the first of them there was nothing.
    let then = owner.get(&format!("{of}/transactions?kind=grant&asOf=%231"));
    assert_eq!((then.status, then.header("x-export-as-of")), (200, Some("1")));
    assert_eq!(then.body.lines().count(), 1, "{}", then.body);

    for (asked, status, says) in [
        ("transactions?format=xlsx", 400, "csv, jsonl and parquet"),
        ("transactions?amount=25", 400, "cannot be narrowed by amount"),
        ("transactions?asOf=yesterweek", 400, "asOf"),
        ("balances?since=2026-01-01", 400, "has no moments"),
        ("horoscopes", 404, "no such list"),
    ] {
        let refused = owner.get(&format!("{of}/{asked}"));
        assert_eq!(refused.status, status, "{asked}: {}", refused.body);
        let text = refused.json()["errors"][0]["message"].to_string();
        assert!(text.contains(says), "{asked}: {text}");
    }

    let mut stranger = Browser::at(&server);
    assert_eq!(stranger.get(&format!("{of}/balances")).status, 401);
    let mut member = Browser::at(&server);
    member.signs_in(town.member("jonas").person.user);
    for list in ["balances", "transactions", "cases", "logs", "giveaway_entrants"] {
        let refused = member.get(&format!("{of}/{list}"));
        assert_eq!((refused.status, refused.code()), (403, json!("FORBIDDEN")), "{list}");
    }
    assert_eq!(owner.get("/api/v1/guilds/7/exports/balances").status, 404);
    let question =
        format!("{{ guild(id: \"{guild}\") {{ exports {{ name columns withoutTexts }} }} }}");
    let shown = |browser: &mut Browser| {
        browser.ask(&question).json()["data"]["guild"]["exports"].as_array().unwrap().len()
    };
    assert_eq!((shown(&mut member), shown(&mut owner) > 20), (0, true));
    assert!(counted(&server, "reeve_exports_total", "list=\"transactions\"") >= 2);
    let log = server.stop().2;
    assert!(!log.contains("=1+"), "what people write is in no log");
}
