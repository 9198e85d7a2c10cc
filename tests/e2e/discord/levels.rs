//! Levels as a community looks after them: what other settings would do, boards with pictures and
//! without leavers, everybody's XP as a file; and the report of the week.

use simulator::given;

use super::{
    dashboard::Browser,
    town::{Town, is_connected, patiently},
};

/// A bot that hears of members, with a way in for browsers.
fn town() -> (Town, crate::support::Server) {
    let mut town = Town::new();
    let application = town.community.application;
    let secret = town.sim.world.lock().application(application).unwrap().client_secret.clone();
    town.house.set("DISCORD_CLIENT_SECRET", &secret);
    let server = town.house.serve(&["--set", "discord.member_events=true"]);
    is_connected(&server);
    let callback = format!("http://{}/auth/callback", server.address);
    town.sim.world.lock().application_mut(application).unwrap().redirect_uris.push(callback);
    (town, server)
}

// proves: LVL-06, LVL-07
#[test]
fn given_levels_then_settings_say_what_they_would_do_and_boards_and_files_leave_out_who_left() {
    let (town, server) = town();
    let (owner, maren, tobi) = (town.owner(), town.member("maren"), town.member("tobi"));
    patiently("members are copied", || {
        let status = town.live(owner.uses("/sync status", Vec::new())).all_text();
        status.contains("members compared").then_some(())
    });
    for (member, xp) in [(&maren, 5_000), (&tobi, 300)] {
        let given = given! { user: &member.person, amount: xp };
        town.live(owner.uses("/xp give", given));
    }
    let board = patiently("the board has caught up, and has a picture", || {
        let board = town.live(owner.uses("/levels top", Vec::new()));
        let text = board.all_text();
        let is_whole = [&maren, &tobi].iter().all(|m| text.contains(&m.person.mention()));
        (is_whole && !board.attachments().is_empty()).then_some(board)
    });
    let file = board.attachments()[0].clone();
    assert_eq!(file["filename"], "levels.png");
    let said = file["description"].as_str().unwrap_or_default().to_owned();
    assert!(said.contains("1. ") && said.contains("5,000 XP"), "{said}");

    // A change of curve is asked for first, and done after a yes.
    town.live(async {
        let even = given! { setting: "levels.curve", value: "even" };
        let question = owner.uses("/settings set", even).await;
        let asked = question.all_text();
        assert!(question.is_ephemeral() && asked.contains("not saved yet"), "{asked}");
        assert!(asked.contains("0 would be at a higher level, 2 at a lower one"), "{asked}");
        let rank = maren.uses("/rank", Vec::new()).await.all_text();
        assert!(rank.contains("level **10**"), "asking changes nothing: {rank}");
        let done = question.presses("Confirm").await.unwrap().all_text();
        assert!(done.contains("is now `even`"), "{done}");
        let rank = maren.uses("/rank", Vec::new()).await.all_text();
        assert!(rank.contains("level **5**"), "{rank}");
    });

    // The whole board as a file, which can be read in again; for staff.
    let export = format!("/g/{}/levels/export", town.community.guild);
    let mut browser = Browser::at(&server);
    assert_eq!(browser.get(&format!("{export}.csv")).status, 401);
    browser.signs_in(owner.person.user);
    let table = browser.get(&format!("{export}.csv"));
    let lines = format!(
        "place,user_id,xp,level\r\n1,{},5000,5\r\n2,{},300,0\r\n",
        maren.person.user, tobi.person.user
    );
    assert_eq!((table.status, table.body.as_str()), (200, lines.as_str()));
    let all = browser.get(&format!("{export}.json")).json();
    assert_eq!(all["players"][1]["id"], tobi.person.user.to_string());
    assert_eq!((&all["players"][0]["xp"], &all["players"][0]["level"]), (&5_000.into(), &5.into()));
    let mut member = Browser::at(&server);
    member.signs_in(town.member("lene").person.user);
    assert_eq!(member.get(&format!("{export}.json")).code(), "FORBIDDEN");

    // Whoever leaves is left out, where the community wants that.
    tobi.person.leaves().unwrap();
    town.live(async {
        let hide = given! { setting: "levels.hide_leavers", value: "on" };
        let saved = owner.uses("/settings set", hide).await.all_text();
        assert!(saved.contains("is now `on`"), "what moves nobody is saved at once: {saved}");
    });
    patiently("the board closes up", || {
        let board = town.live(owner.uses("/levels top", Vec::new())).all_text();
        let gone = !board.contains(&tobi.person.mention());
        (gone && board.contains(&maren.person.mention())).then_some(())
    });
    let table = browser.get(&format!("{export}.csv"));
    assert!(!table.body.contains(&tobi.person.user.to_string()), "{}", table.body);
    let (code, _, log) = server.stop();
    assert_eq!(code.code(), Some(0), "{log}");
}

// proves: ANA-01, ANA-03
#[test]
fn given_a_community_then_staff_sees_the_report_of_the_week_as_it_is_posted() {
    let town = Town::new();
    let (owner, lene) = (town.owner(), town.member("lene"));
    let bot = town.bot();
    town.live(async {
        let shown = owner.uses("/stats", given! { view: "report" }).await;
        let text = shown.all_text();
        assert!(shown.is_ephemeral() && text.contains("The week from"), "{text}");
        assert!(text.contains("as the week before"), "{text}");
        assert_eq!(shown.attachments()[0]["filename"], "report.png");
        assert!(lene.tries("/stats", given! { view: "report" }).await.is_err(), "it is for staff");
        let hour = given! { setting: "activity.report_hour", value: "24" };
        let refused = owner.uses("/settings set", hour).await.all_text();
        assert!(refused.contains("use 0 to 23"), "{refused}");
    });
    drop(bot);
}
