//! `/redeem` and `/codes`, as members and those who manage the economy use them.

use super::*;

fn code(text: &str) -> (&'static str, u8, Json) {
    said("code", text)
}

fn bytes(amount: i64) -> (&'static str, u8, Json) {
    ("bytes", 4, json!(amount))
}

/// Between the fences of an answer.
fn shown_code(reply: &Reply) -> String {
    reply.body.split("```").nth(1).unwrap_or_else(|| panic!("{reply:?}")).trim().to_owned()
}

// proves: COD-01, COD-03
#[tokio::test(flavor = "multi_thread")]
async fn given_a_code_then_each_member_redeems_it_once_within_its_limits() {
    let house = House::new().await;
    let processes = house.node.start_processes().await.unwrap();
    let made = [said("name", "Launch"), bytes(50), code("welcome-2026"), ("uses", 4, json!(2))];
    let refused = house.member(ANN).uses("/codes create", &made).await;
    assert!(refused.private && refused.body.contains("Manage Economy"), "{}", refused.body);
    let made = house.admin().uses("/codes create", &made).await;
    assert!(made.private, "a code is shown to one person alone");
    assert_eq!(shown_code(&made), "WE1C0ME2026");

    let ann = house.member(ANN);
    let redeemed = ann.uses("/redeem", &[code("Welcome 2026")]).await;
    assert!(redeemed.private && redeemed.body.contains("**50 bytes**"), "{}", redeemed.body);
    while house.balance(ANN).await != 50 {
        a_moment().await;
    }
    house.advance(3);
    let again = ann.uses("/redeem", &[code("welcome2026")]).await;
    assert_eq!(again.body, "You have redeemed this already.");
    house.member(BEN).uses("/redeem", &[code("welcome2026")]).await;
    let late = house.member(103).uses("/redeem", &[code("welcome2026")]).await;
    assert_eq!(late.body, "This code has been used up.");
    house.advance(3);
    let unknown = ann.uses("/redeem", &[code("nonsense")]).await;
    assert!(unknown.body.contains("no such code"), "{}", unknown.body);
    house.advance(3);
    let bad = ann.uses("/redeem", &[code("é")]).await;
    assert!(bad.body.contains("no such code"), "{}", bad.body);
    processes.shutdown().await;
    assert_eq!(house.balance(ANN).await, 50);
}

// proves: COD-01
#[tokio::test(flavor = "multi_thread")]
async fn given_a_time_and_roles_then_a_code_holds_in_them_alone() {
    let house = House::new().await;
    let admin = house.admin();
    let timed = [
        said("name", "Weekend"),
        bytes(5),
        code("WEEKEND"),
        said("starts", "1h"),
        said("ends", "2h"),
    ];
    admin.uses("/codes create", &timed).await;
    let ann = house.member(ANN);
    let early = ann.uses("/redeem", &[code("WEEKEND")]).await;
    assert!(early.body.contains("can be redeemed in 1 h"), "{}", early.body);
    house.advance(3_601);
    assert!(ann.uses("/redeem", &[code("WEEKEND")]).await.body.contains("**5 bytes**"));
    house.advance(3_600);
    let late = house.member(BEN).uses("/redeem", &[code("WEEKEND")]).await;
    assert_eq!(late.body, "This code has expired.");
    let for_some = [said("name", "Staff"), bytes(5), code("STAFF"), said("only_for", "<@&20>")];
    admin.uses("/codes create", &for_some).await;
    let stranger = house.member(103).uses("/redeem", &[code("STAFF")]).await;
    assert_eq!(stranger.body, "You need another role to redeem this code.");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_what_makes_no_sense_then_it_is_said_and_no_code_is_made() {
    let house = House::new().await;
    let admin = house.admin();
    let name = || said("name", "X");
    for (options, says) in [
        (vec![name()], "either `bytes`, or `role`"),
        (vec![name(), bytes(5), ("role", 8, json!("20"))], "either `bytes`, or `role`"),
        (vec![name(), bytes(5), code("ABCD"), ("count", 4, json!(3))], "either your own `code`"),
        (vec![name(), bytes(5), code("ab")], "4 to 32 letters"),
        (vec![name(), bytes(5), said("ends", "soon")], "ends: use"),
        (vec![name(), bytes(5), said("only_for", "friends")], "only_for"),
        (vec![name(), ("role", 8, json!("20"))], "Manage Roles"),
        (vec![name(), ("role", 8, json!("404"))], "no such role"),
        (vec![name(), ("role", 8, json!(GUILD.to_string()))], "not the one that everybody has"),
    ] {
        let reply = admin.uses("/codes create", &options).await;
        assert!(reply.private && reply.body.contains(says), "{says}: {}", reply.body);
        house.advance(10);
    }
    let taken = [name(), bytes(5), code("TAKEN")];
    admin.uses("/codes create", &taken).await;
    house.advance(10);
    let again = admin.uses("/codes create", &taken).await;
    assert!(again.body.contains("taken already"), "{}", again.body);
}

// proves: COD-02, CMD-06
#[tokio::test(flavor = "multi_thread")]
async fn given_many_codes_then_a_file_shows_them_once_and_lists_say_who_made_and_used_them() {
    let house = House::new().await;
    let projections = house.node.start_projections().await.unwrap();
    let processes = house.node.start_processes().await.unwrap();
    let admin = house.admin();
    let id = house.id();
    let options = [said("name", "Winners"), bytes(7), ("count", 4, json!(3))];
    let made = admin.uses_as(id, "/codes create", &options).await;
    assert!(made.private && made.body.contains("3 codes"), "{}", made.body);
    let file = String::from_utf8(made.file.clone().unwrap().bytes).unwrap();
    let codes: Vec<_> = file.lines().collect();
    assert_eq!(codes.len(), 3);
    house.advance(3);
    let again = admin.uses_as(id, "/codes create", &options).await;
    assert_eq!(again.file, made.file, "the same command makes the same ones");

    house.member(ANN).uses("/redeem", &[code(codes[0])]).await;
    let used = house.member(BEN).uses("/redeem", &[code(codes[0])]).await;
    assert_eq!(used.body, "This code has been used up.");
    let named = loop {
        house.advance(11);
        let named = admin.types("/codes stats", "campaign", "winn").await;
        if let [named] = &named[..] {
            break named.clone();
        }
        a_moment().await;
    };
    assert!(house.member(ANN).types("/codes stats", "campaign", "winn").await.is_empty());
    let stats = loop {
        house.advance(11);
        let stats = admin.uses("/codes stats", &[said("campaign", &named)]).await;
        if stats.body.contains("delivered") {
            break stats;
        }
        a_moment().await;
    };
    assert!(stats.body.starts_with("1. <t:") && stats.body.contains("<@101>"), "{}", stats.body);
    assert_eq!(stats.fields[0], ("Made by".to_owned(), "<@200>".to_owned()));
    assert_eq!(stats.fields[3].1, "1 used");
    house.advance(11);
    let listed = admin.uses("/codes list", &[]).await;
    assert_eq!(listed.body, "**Winners** (7 bytes): 1 used — <@200>");
    let shown = format!("{} {}", listed.body, stats.body);
    assert!(codes.iter().all(|code| !shown.contains(code)), "codes are not shown again");

    house.advance(11);
    let one = admin.uses("/codes revoke", &[code(codes[1])]).await;
    assert!(one.body.contains("no longer valid"), "{}", one.body);
    let revoked = house.member(103).uses("/redeem", &[code(codes[1])]).await;
    assert_eq!(revoked.body, "This code is no longer valid.");
    house.advance(11);
    let limited = [said("campaign", &named), ("uses", 4, json!(1))];
    let limited = admin.uses("/codes limit", &limited).await;
    assert!(limited.body.contains("as you said"), "{}", limited.body);
    let full = house.member(104).uses("/redeem", &[code(codes[2])]).await;
    assert_eq!(full.body, "This code has been used up.");
    house.advance(11);
    let question = admin.uses("/codes revoke", &[said("campaign", &named)]).await;
    assert!(question.body.contains("All 3 codes of **Winners**"), "{}", question.body);
    let done = admin.presses(&question.buttons[0].custom_id).await;
    assert!(done.body.contains("**Winners** are no longer valid"), "{}", done.body);
    let none = house.member(105).uses("/redeem", &[code(codes[2])]).await;
    assert_eq!(none.body, "This code is no longer valid.");
    processes.shutdown().await;
    projections.shutdown().await;
}
