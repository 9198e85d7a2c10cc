//! Squads, as members live them.

use simulator::{given, people::Answer};

use super::town::{Someone, Town, counted, is_connected, patiently};
use crate::support::eventually;

async fn joins(member: &Someone, squad: &str) -> Answer {
    let choose = member.uses("/squads join", Vec::new()).await;
    choose.presses(squad).await.unwrap_or_else(|failed| panic!("{squad}: {failed}"))
}

fn has(member: &Someone, role: &str) -> bool {
    member.person.roles().iter().any(|held| held == role)
}

// proves: SQD-01, SQD-02, SQD-03, SQD-04, SQD-05, SQD-06, SQD-07, SQD-09, CMD-04, CMD-06
#[test]
fn given_squads_then_members_join_change_and_leave_through_the_wire() {
    let town = Town::new();
    let (owner, tobi, lene) = (town.owner(), town.member("tobi"), town.member("lene"));
    let roles = ["Red team", "Blue team"].map(|name| {
        owner.person.makes_role(name, simulator::permissions::Permissions::NONE).unwrap()
    });
    town.grant(&tobi, 70);
    let bot = town.bot();
    town.live(async {
        for (name, role) in ["Red", "Blue"].into_iter().zip(["Red team", "Blue team"]) {
            let made = given! { name: name, role: role, description: "Early birds" };
            let made = owner.uses("/squads create", made).await;
            assert!(made.all_text().contains("is there"), "{}", made.all_text());
        }
        let list = lene.uses("/squads list", Vec::new()).await.all_text();
        assert!(list.contains("Red") && list.contains("Blue"), "{list}");
        let joined = joins(&tobi, "Red").await;
        assert!(joined.all_text().contains("You are in **Red**"), "{}", joined.all_text());
        assert!(joined.now().unwrap().buttons().is_empty(), "the buttons vanish");
    });
    eventually("the role is given", || has(&tobi, "Red team").then_some(()));
    let changed = patiently("the first move is over, and the change is made", || {
        town.live(async {
            let choose = tobi.uses("/squads join", Vec::new()).await;
            assert!(choose.all_text().contains("50 bytes"), "{}", choose.all_text());
            let question = choose.presses("Blue (50 bytes)").await.unwrap();
            assert!(question.all_text().contains("costs **50 bytes**"), "{}", question.all_text());
            let done = question.presses("Confirm").await.unwrap().all_text();
            done.contains("You are in **Blue**").then_some(done)
        })
    });
    assert!(changed.contains("Blue"), "{changed}");
    eventually("the roles have followed", || {
        (has(&tobi, "Blue team") && !has(&tobi, "Red team")).then_some(())
    });
    town.live(async {
        let read = lene.uses("/bytes read", given! { user: &tobi.person }).await.all_text();
        assert!(read.contains("has **20 bytes**"), "{read}");
        let info = lene.uses("/squads info", given! { user: &tobi.person }).await.all_text();
        assert!(info.contains("**Blue**") && info.contains("since"), "{info}");
        let nobody = lene.uses("/squads members", given! { squad: "Violet" }).await;
        assert!(nobody.all_text().contains("no squad Violet"), "{}", nobody.all_text());
    });
    patiently("the list of members has caught up", || {
        let members = town.live(lene.uses("/squads members", given! { squad: "Blue" }));
        members.all_text().contains(&tobi.person.mention()).then_some(())
    });
    patiently("tobi has left", || {
        let done = town.live(async {
            let leave = tobi.uses("/squads leave", Vec::new()).await;
            leave.presses("Confirm").await.unwrap().all_text()
        });
        done.contains("You left **Blue**").then_some(())
    });
    eventually("the role is gone", || (!has(&tobi, "Blue team")).then_some(()));
    drop((roles, bot));
}

// proves: SQD-09, SYN-04
#[test]
fn given_roles_changed_by_hand_while_the_bot_was_away_then_repair_makes_them_as_the_squads_are() {
    const HEARS: [&str; 2] = ["--set", "discord.member_events=true"];
    let town = Town::new();
    let (owner, tobi, lene) = (town.owner(), town.member("tobi"), town.member("lene"));
    let role = owner.person.makes_role("Red team", simulator::permissions::Permissions::NONE);
    let role = role.unwrap();
    let bot = town.house.serve(&HEARS);
    is_connected(&bot);
    town.live(async {
        let made = owner.uses("/squads create", given! { name: "Red", role: "Red team" }).await;
        assert!(made.all_text().contains("is there"), "{}", made.all_text());
        joins(&tobi, "Red").await;
    });
    // Written down, too: what was not is done again after a stop.
    eventually("the role is given", || {
        (counted(&bot, "reeve_effects_total", "\"give_role\",outcome=\"done\"") == 1).then_some(())
    });
    assert!(has(&tobi, "Red team"));
    bot.kill();
    owner.person.takes_role(&tobi.person, role).unwrap();
    owner.person.gives_role(&lene.person, role).unwrap();
    let bot = town.house.serve(&HEARS);
    is_connected(&bot);
    let begun = town.live(owner.uses("/sync start", Vec::new())).all_text();
    assert!(begun.contains("are compared now"), "{begun}");
    let question = patiently("the members are compared, and both are found", || {
        town.live(async {
            let question = owner.uses("/squads repair", Vec::new()).await;
            let text = question.all_text();
            (text.contains("get it: **1**") && text.contains("lose it: **1**")).then_some(question)
        })
    });
    town.live(async {
        let done = question.presses("Confirm").await.unwrap().all_text();
        assert!(done.contains("given now: **1**"), "{done}");
    });
    eventually("the roles are as the squads are", || {
        (has(&tobi, "Red team") && !has(&lene, "Red team")).then_some(())
    });
    drop(bot);
}
