//! A message with a file becomes evidence: through the wire to a copy, and from there to whoever may
//! read the case.

use serde_json::{Value, json};
use simulator::given;

use super::dashboard::{Browser, town};
use crate::support::eventually;

/// Two pieces and a bit, of letters: these tests read answers as text.
const PHOTO_BYTES: usize = 600_000;

fn file_of(browser: &mut Browser, guild: &str) -> Value {
    let question = format!(
        "{{ guild(id: \"{guild}\") {{ moderation {{ case(number: 1) {{ files {{ evidence number \
         name bytes outcome address }} }} }} }} }}"
    );
    browser.ask(&question).json()["data"]["guild"]["moderation"]["case"]["files"][0].clone()
}

// proves: MOD-01, MOD-15
#[test]
fn given_a_message_with_a_file_then_its_copy_is_saved_by_moderators_and_by_nobody_else() {
    let (town, server) = town();
    let guild = town.community.guild.to_string();
    let (owner, tobi, lene) = (town.owner(), town.member("tobi"), town.member("lene"));
    let photo: String = ('a'..='z').cycle().take(PHOTO_BYTES).collect();
    let sent = tobi.person.sends(tobi.place, "look", "gold <1>.html", photo.as_bytes()).unwrap();
    town.live(async {
        let menu = owner.person.uses_on_message(owner.place, "Warn for this message", sent);
        let form = menu.await.unwrap();
        let warned = form.submits(given! { reason: "advertising" }).await.unwrap();
        assert!(warned.all_text().contains("Case #1"), "{}", warned.all_text());
    });
    tobi.person.deletes(tobi.place, sent).unwrap();

    let mut moderator = Browser::at(&server);
    moderator.signs_in(owner.person.user);
    let file = eventually("the file is copied", || {
        let file = file_of(&mut moderator, &guild);
        (file["outcome"] == "COPIED").then_some(file)
    });
    assert_eq!((&file["name"], &file["bytes"]), (&json!("gold__1_.html"), &json!("600000")));
    let address = file["address"].as_str().unwrap();
    let saved = moderator.get(address);
    assert_eq!(saved.status, 200);
    assert!(saved.body == photo, "{} bytes came", saved.body.len());
    let disposition = saved.header("content-disposition").unwrap();
    assert_eq!(disposition, "attachment; filename=\"case-1-1-1-gold__1_.html\"");
    assert_eq!(saved.header("content-type"), Some("application/octet-stream"));
    assert_eq!(saved.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(saved.header("cache-control"), Some("no-store"));
    let beside = moderator.get(&address.replace("/1/1", "/1/2"));
    assert_eq!(beside.status, 409, "{}", beside.body);

    // Not whoever sent it and was punished, nor other members, nor anybody.
    for person in [&tobi, &lene] {
        let mut browser = Browser::at(&server);
        browser.signs_in(person.person.user);
        let refused = browser.get(address);
        assert!((400..500).contains(&refused.status), "{}", refused.status);
        assert!(!refused.body.contains("abcdefgh"), "it is not shown");
    }
    assert_eq!(Browser::at(&server).get(address).status, 401);

    town.live(async {
        let case = owner.uses("/case view", given! { case: 1 }).await.all_text();
        assert!(case.contains("gold\\_\\_1\\_.html") && case.contains("copied"), "{case}");
    });

    let user = tobi.person.user.to_string();
    town.house.reeve(&["people", "erase", "--yes", "--guild", &guild, "--user", &user]).ok();
    let gone = eventually("the copy went with them", || {
        let file = file_of(&mut moderator, &guild);
        file["name"].is_null().then_some(file)
    });
    assert_eq!(gone["address"], Value::Null);
    assert_eq!(moderator.get(address).status, 409);
    let log = server.stop().2;
    assert!(!log.contains("gold_"), "names of files are in no log");
}
