//! Giveaways and squads run from a browser: what Discord shows of them, what a stranger checks, and
//! what is saved as a file.

use serde_json::{Value, json};
use simulator::{Id, people::View, permissions::Permissions};

use super::{
    dashboard::{Browser, town},
    town::{Town, patiently},
};

async fn says(town: &Town, channel: Id, fits: impl Fn(&View) -> bool) -> (Id, View) {
    town.sim.message_in(channel, fits).await.unwrap()
}

/// What became of a mutation, which must be done.
#[track_caller]
fn does(browser: &mut Browser, name: &str, input: &str, rest: &str) -> Value {
    let answer = browser.ask(&format!("mutation {{ {name}(input: {{{input}}}) {rest} }}")).json();
    let told = answer["data"][name].clone();
    let done = if told["done"].is_object() { &told["done"] } else { &told };
    assert_eq!(done["status"], "DONE", "{name}: {answer}");
    told
}

// proves: GIV-16, GIV-17
#[test]
fn given_a_giveaway_made_in_a_browser_then_it_is_posted_drawn_saved_and_checked_by_a_stranger() {
    let (town, server) = town();
    let (owner, maren, tobi) = (town.owner(), town.member("maren"), town.member("tobi"));
    let (guild, channel) = (town.community.guild, owner.place);
    let mut host = Browser::at(&server);
    host.signs_in(owner.person.user);
    let made = does(
        &mut host,
        "giveawayCreate",
        &format!(
            "guild: \"{guild}\", channel: \"{channel}\", prize: \"A bench\", durationSecs: 3600, \
             winners: 1, claimSecs: 0, key: \"one\""
        ),
        "{ done { status } id }",
    );
    let id = made["id"].as_str().unwrap().to_owned();
    let (message, _) = town.live(says(&town, channel, |view| view.button("Enter").is_some()));
    town.live(async {
        for member in [&maren, &tobi] {
            let entered = member.person.presses(channel, message, "Enter").await.unwrap();
            assert!(entered.all_text().contains("You are in."), "{}", entered.all_text());
        }
    });

    // Before the draw there is nothing to check, and to a stranger no giveaway either way has names.
    let mut stranger = Browser::at(&server);
    let bundle = format!("/p/giveaway/{id}/draw.jsonl");
    let export = format!("/g/{guild}/giveaways/{id}/export");
    patiently("it is known, and not drawn yet", || {
        let answer = stranger.get(&bundle);
        (answer.status == 409 && answer.code() == "REFUSED").then_some(())
    });
    does(
        &mut host,
        "giveawayEnd",
        &format!("guild: \"{guild}\", giveaway: \"{id}\", key: \"end\""),
        "{ done { status } }",
    );
    let question = format!(
        "{{ draw(giveaway: \"{id}\") {{ state root seed message picks {{ entry state }} }} }}"
    );
    let draw = patiently("it is drawn, and the winner is confirmed", || {
        let draw = stranger.ask(&question).json()["data"]["draw"].clone();
        (draw["picks"][0]["state"] == "confirmed").then_some(draw)
    });
    town.live(says(&town, channel, |view| view.text().contains("you have won")));

    // The file that anybody may have is the one that the console writes, and it is valid.
    let answer = stranger.get(&bundle);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/jsonl")));
    let header: Value = serde_json::from_str(answer.body.lines().next().unwrap()).unwrap();
    for name in ["root", "seed", "message"] {
        assert_eq!(header[name], draw[name], "{name}");
    }
    std::fs::write(town.house.root().join("draw.jsonl"), &answer.body).unwrap();
    let winner = draw["picks"][0]["entry"].to_string();
    let path = town.house.root().join("draw.jsonl");
    let path = path.to_str().unwrap();
    town.house.reeve(&["verify", path]).ok().says(&format!("VALID: 2 entries, drawn: {winner}"));
    for member in [&maren, &tobi] {
        assert!(!answer.body.contains(&member.person.user.to_string()), "it names somebody");
    }

    // Everything of it, for the host; for nobody else.
    let table = host.get(&format!("{export}.csv"));
    assert_eq!(table.status, 200, "{}", table.body);
    let lines: Vec<_> = table.body.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("entry,user_id,"));
    assert!(lines[1].starts_with(&format!("1,{},1,", maren.person.user)), "{}", lines[1]);
    assert!(table.body.contains(",0,prize,confirmed,"), "{}", table.body);
    let all = host.get(&format!("{export}.json")).json();
    assert_eq!(all["giveaway"]["terms"]["prize"], "A bench");
    assert_eq!(all["giveaway"]["seed"], draw["seed"]);
    assert_eq!(all["entrants"].as_array().map(Vec::len), Some(2));
    assert_eq!(all["picks"][0]["state"], "confirmed");
    let whats: Vec<_> =
        all["timeline"].as_array().unwrap().iter().map(|step| &step["what"]).collect();
    for what in ["created", "posted", "closed", "draw_begun", "drawn", "confirmed"] {
        assert!(whats.contains(&&json!(what)), "{what}: {whats:?}");
    }
    assert_eq!(stranger.get(&format!("{export}.csv")).status, 401);
    let mut member = Browser::at(&server);
    member.signs_in(town.member("lene").person.user);
    assert_eq!(member.get(&format!("{export}.json")).code(), "FORBIDDEN");
    for nothing in
        ["/p/giveaway/0193690f-79bd-84f6-9419-69ed78770e3f/draw.jsonl", "/p/giveaway/x/draw.jsonl"]
    {
        assert_eq!(stranger.get(nothing).status, 404, "{nothing}");
    }
}

// proves: DSH-11
#[test]
fn given_squads_made_in_a_browser_then_members_see_and_join_them_in_discord() {
    let (town, server) = town();
    let (owner, tobi) = (town.owner(), town.member("tobi"));
    let guild = town.community.guild;
    let role = owner.person.makes_role("Red team", Permissions::NONE).unwrap();
    let mut admin = Browser::at(&server);
    admin.signs_in(owner.person.user);
    let made = format!(
        "guild: \"{guild}\", name: \"Red\", description: \"Early birds\", role: \"{role}\", key: \"a\""
    );
    // What Discord says of roles is kept for seconds: the new one may not be known yet.
    patiently("the role is known, and the squad is made", || {
        let question = format!("mutation {{ squadCreate(input: {{{made}}}) {{ status }} }}");
        let answer = admin.ask(&question).json();
        (answer["data"]["squadCreate"]["status"] == "DONE").then_some(())
    });
    town.live(async {
        let list = tobi.uses("/squads list", Vec::new()).await.all_text();
        assert!(list.contains("Red") && list.contains("Early birds"), "{list}");
        let choose = tobi.uses("/squads join", Vec::new()).await;
        let joined = choose.presses("Red").await.unwrap();
        assert!(joined.all_text().contains("You are in **Red**"), "{}", joined.all_text());
    });
    let question =
        format!("{{ guild(id: \"{guild}\") {{ squads {{ list {{ name members active }} }} }} }}");
    patiently("the page counts them", || {
        let list = admin.ask(&question).json()["data"]["guild"]["squads"]["list"].clone();
        (list == json!([{ "name": "Red", "members": "1", "active": true }])).then_some(())
    });
    let closed = format!("guild: \"{guild}\", squad: 1, active: false, key: \"b\"");
    does(&mut admin, "squadEdit", &closed, "{ status }");
    town.live(async {
        let list = tobi.uses("/squads list", Vec::new()).await.all_text();
        assert!(!list.contains("Red"), "{list}");
    });
    let gone = format!("guild: \"{guild}\", squad: 1, key: \"c\"");
    does(&mut admin, "squadDelete", &gone, "{ status }");
    patiently("the role is taken back", || {
        let held = tobi.person.roles();
        (!held.iter().any(|name| name == "Red team")).then_some(())
    });
}
