//! Who is in a community, copied from Discord and compared with it again.

use simulator::{
    By, community,
    faults::{Fault, Rule},
    given,
    permissions::Permissions,
    world::member::MemberEdit,
};

use super::town::{Someone, Town, counted, is_connected, patiently};
use crate::support::{Server, eventually};

fn bot(town: &Town) -> Server {
    let bot = town.house.serve(&["--set", "discord.member_events=true"]);
    is_connected(&bot);
    bot
}

fn status(town: &Town) -> String {
    town.live(town.owner().uses("/sync status", Vec::new())).all_text()
}

/// Of how many members that was, once it is done.
fn compared(status: &str) -> Option<u64> {
    let (before, _) = status.split_once(" members compared")?;
    before.rsplit(' ').next()?.parse().ok()
}

// proves: SYN-01, SYN-02, SYN-03, SYN-04
#[test]
fn given_a_community_then_its_members_are_copied_followed_and_compared_again() {
    let town = Town::new();
    let (owner, maren) = (town.owner(), town.member("maren"));
    let running = bot(&town);
    let first = patiently("everybody is copied", || compared(&status(&town)));
    let rename = |nick: &str| {
        let edit = MemberEdit { nick: Some(Some(nick.into())), ..MemberEdit::default() };
        let by = By::user(owner.person.user);
        let mut world = town.sim.world.lock();
        world.edit_member(town.community.guild, maren.person.user, edit, &by).unwrap();
    };
    rename("Millie");
    rename("Mallory");
    patiently("the former name is known", || {
        let names = town.live(owner.uses("/names", given! { user: &maren.person })).all_text();
        (names.contains("Millie") && !names.contains("Mallory")).then_some(())
    });
    running.kill();
    // Nobody hears it.
    town.member("tobi").person.leaves().unwrap();
    let running = bot(&town);
    let started = town.live(owner.uses("/sync start", Vec::new())).all_text();
    assert!(started.contains("compared now"), "{started}");
    patiently("it was compared again, and somebody is not there any more", || {
        (compared(&status(&town))? == first - 1).then_some(())
    });
    let (code, _, log) = running.stop();
    assert_eq!(code.code(), Some(0), "{log}");
    assert!(!log.contains("Millie") && !log.contains("Mallory"), "names are in no log");
}

// proves: SYN-03
#[test]
fn given_somebody_who_takes_another_name_then_each_community_that_we_share_with_them_knows_it() {
    let town = Town::new();
    let maren = town.member("maren").person.user;
    let second = {
        let mut world = town.sim.world.lock();
        let owner = world.add_user("olga", Some("Olga")).unwrap();
        let guild = world.create_guild("The other one", owner).unwrap();
        world.add_member(guild, maren).unwrap();
        let (app, by) = (town.community.application, By::user(owner));
        world.add_bot(guild, app, community::bot_permissions(), &by).unwrap();
        guild
    };
    let bot = town.house.serve(&["--set", "discord.member_events=true"]);
    let heads = [town.community.guild, second].map(|guild| {
        let person = town.sim.admin(guild).unwrap();
        let names = ["bot-commands", "general"];
        let place = names.iter().find_map(|name| town.sim.channel(guild, name).ok()).unwrap();
        (Someone { person, place }, town.sim.person(guild, maren))
    });
    eventually("the bot knows both", || {
        (counted(&bot, "reeve_discord_guilds", "") == 2).then_some(())
    });
    for (head, _) in &heads {
        patiently("everybody is copied", || {
            let status = town.live(head.tries("/sync status", Vec::new())).ok()?;
            compared(&status.all_text())
        });
    }
    town.sim.world.lock().edit_user(maren, Some("mallory"), None).unwrap();
    for (head, theirs) in &heads {
        patiently("the former name is known", || {
            let names = town.live(head.uses("/names", given! { user: theirs })).all_text();
            (names.contains("maren") && !names.contains("mallory")).then_some(())
        });
    }
    drop(bot);
}

// proves: SYN-04
#[test]
fn given_an_operator_who_does_not_hear_of_members_then_that_is_said() {
    let town = Town::new();
    let bot = town.bot();
    let said = status(&town);
    assert!(said.contains("discord.member_events"), "{said}");
    drop(bot);
}

// proves: SYN-01, SYN-04
#[test]
fn given_roles_and_channels_that_change_unheard_then_a_comparison_finds_and_repairs_them() {
    let town = Town::new();
    let owner = town.owner();
    let mill = owner.person.makes_channel("mill").unwrap();
    let bot = town.bot();
    let names = || {
        let store = town.house.shell("work.db");
        let sql = "SELECT name, here FROM mirror_places WHERE kind = 'channel' AND id = ?1";
        let id: i64 = mill.to_string().parse().unwrap();
        store.query_row(sql, (id,), |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
    };
    eventually("the channel is copied", || names().ok().filter(|name| name.0 == "mill"));
    owner.person.deletes_channel(mill).unwrap();
    eventually("it keeps its name, and is known to be deleted", || {
        names().ok().filter(|name| *name == ("mill".to_owned(), 0))
    });
    // Nobody hears of these two.
    town.sim.faults.add(Rule::next(1, Fault::DropEvent).on("CHANNEL_CREATE")).unwrap();
    town.sim.faults.add(Rule::next(1, Fault::DropEvent).on("GUILD_ROLE_CREATE")).unwrap();
    owner.person.makes_channel("bakery").unwrap();
    owner.person.makes_role("Baker", Permissions::NONE).unwrap();
    let started = town.live(owner.uses("/sync start", Vec::new())).all_text();
    assert!(started.contains("Roles and channels are compared now"), "{started}");
    patiently("both are found", || {
        let found = status(&town);
        found.contains("2 were not known").then_some(())
    });
    let (code, _, log) = bot.stop();
    assert_eq!(code.code(), Some(0), "{log}");
    assert!(!log.contains("bakery"), "names are in no log");
}
