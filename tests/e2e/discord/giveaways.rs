//! Giveaways, as members live them.

use simulator::{
    Id, Permissions, given,
    people::{Filled, View},
};

use super::town::{Someone, Town};
use crate::support::eventually;

/// Makes one, and waits for its message.
async fn made(town: &Town, host: &Someone, given: Filled) -> Id {
    let told = host.uses("/giveaway create", given).await;
    assert!(told.is_ephemeral(), "{}", told.all_text());
    assert!(told.all_text().contains("fixed already"), "{}", told.all_text());
    says(town, host.place, |view| view.button("Enter").is_some()).await.0
}

async fn says(town: &Town, channel: Id, fits: impl Fn(&View) -> bool) -> (Id, View) {
    town.sim.message_in(channel, fits).await.unwrap()
}

/// The newest giveaway, as somebody finds it while they type. Members who ask too often are made to
/// wait, so it is not asked before the read models have caught up.
fn named(town: &Town, host: &Someone, command: &str) -> String {
    caught_up(town);
    let typed = given! { giveaway: "" };
    let choices = host.person.autocompletes(host.place, command, typed, "giveaway");
    let choices = town.live(choices).unwrap();
    let named = choices.first().and_then(|choice| choice.value.as_str());
    named.unwrap_or_else(|| panic!("{} choices", choices.len())).to_owned()
}

fn caught_up(town: &Town) {
    eventually("the read models have caught up", || {
        let status = town.house.reeve(&["projections", "list", "--json"]).ok().json();
        let builds = status["projections"].as_array().unwrap().clone();
        let all = builds.iter().all(|build| build["lag_events"] == 0);
        (!builds.is_empty() && all).then_some(())
    });
}

fn called(view: &View, who: &Someone) -> bool {
    view.text().contains(&who.person.mention()) && view.button("Claim Prize").is_some()
}

// proves: GIV-01, GIV-02, GIV-06, GIV-07, GIV-15, CMD-11
#[test]
fn given_a_giveaway_then_members_enter_one_is_drawn_called_and_claims() {
    let town = Town::new();
    let (owner, maren, tobi) = (town.owner(), town.member("maren"), town.member("tobi"));
    let role = owner.person.makes_role("Gardeners", Permissions::NONE);
    let role = role.unwrap();
    owner.person.gives_role(&maren.person, role).unwrap();
    let _bot = town.bot();
    let message = town.live(async {
        let lene = town.member("lene");
        let refused = lene.uses("/giveaway create", given! { prize: "x", duration: "1h" }).await;
        assert!(refused.all_text().contains("Manage Giveaways"), "{}", refused.all_text());
        let wrong = given! { prize: "A bench", duration: "soon" };
        let wrong = owner.uses("/giveaway create", wrong).await;
        assert!(wrong.all_text().contains("length of time"), "{}", wrong.all_text());
        let plan = given! {
            prize: "A *bench*", duration: "1h", claim: "1h", required_role: role,
        };
        made(&town, &owner, plan).await
    });
    town.live(async {
        let refused = tobi.person.presses(owner.place, message, "Enter").await.unwrap();
        assert!(refused.is_ephemeral() && refused.all_text().contains("another role"));
        let clicks = (0..6).map(|_| maren.person.presses(owner.place, message, "Enter"));
        let clicks = futures::future::join_all(clicks).await;
        let clicks: Vec<_> = clicks.into_iter().map(Result::unwrap).collect();
        assert!(clicks.iter().all(|said| said.is_ephemeral()));
        let first = clicks.iter().filter(|said| said.all_text().contains("You are in.")).count();
        assert_eq!(first, 1, "one entry, whatever is clicked how often");
        let (_, counted) =
            says(&town, owner.place, |view| view.all_text().contains("Entries\n1")).await;
        assert!(counted.button("Leave").is_some());
    });
    let id = named(&town, &owner, "/giveaway end");
    town.live(async {
        let ended = owner.uses("/giveaway end", given! { giveaway: id.as_str() }).await;
        assert!(ended.all_text().contains("closed with entries: 1"), "{}", ended.all_text());
        says(&town, owner.place, |view| view.all_text().contains("entries are closed")).await;
        let (call, shown) = says(&town, owner.place, |view| called(view, &maren)).await;
        assert_eq!(shown.0["mentions"].as_array().map_or(0, Vec::len), 1, "{:?}", shown.0);
        let stolen = tobi.person.presses(owner.place, call, "Claim Prize").await.unwrap();
        assert!(stolen.is_ephemeral() && stolen.all_text().contains("Only the winner"));
        let claimed = maren.person.presses(owner.place, call, "Claim Prize").await.unwrap();
        assert!(claimed.all_text().contains("has claimed **A \\*bench\\***"));
        assert!(claimed.now().unwrap().button("Claim Prize").is_none());
        says(&town, owner.place, |view| view.all_text().contains("Seed: `")).await;
        let receipt = maren.person.presses(owner.place, message, "My receipt").await.unwrap();
        assert!(receipt.is_ephemeral() && receipt.all_text().contains("Your tag"));
    });
    caught_up(&town);
    town.live(async {
        let log = owner.uses("/giveaway log", given! { giveaway: id.as_str() }).await.all_text();
        for what in ["created", "closed", "drawn", "confirmed", "claimed"] {
            assert!(log.contains(what), "{what}: {log}");
        }
        let verified = tobi.uses("/giveaway verify", given! { giveaway: id.as_str() }).await;
        assert!(verified.all_text().contains("came to the same"), "{}", verified.all_text());
        assert_eq!(verified.attachments().len(), 1);
        let entrants = owner.uses("/giveaway entrants", given! { giveaway: id.as_str() }).await;
        assert!(entrants.all_text().contains(&maren.person.mention()));
    });
    // With nothing but the file.
    let (guild, house) = (town.community.guild.to_string(), &town.house);
    house.reeve(&["giveaway", "bundle", "--guild", &guild, &id, "--out", "draw"]).ok();
    house.reeve(&["verify", "draw"]).ok().says("VALID: 1 entries, drawn: 1");
    let listed = house.reeve(&["giveaway", "list", "--guild", &guild, "--json"]).ok().json();
    assert_eq!(listed["giveaways"][0]["status"], "drawn", "{listed}");
}

// proves: GIV-08, GIV-09, GIV-10, GIV-12, GIV-13
#[test]
fn given_winners_who_do_not_claim_or_have_left_then_the_next_are_drawn_until_rerolls_are_used() {
    let town = Town::new();
    let (owner, maren, tobi) = (town.owner(), town.member("maren"), town.member("tobi"));
    let lene = town.member("lene");
    let _bot = town.bot();
    let message = town.live(async {
        let plan = given! { prize: "A lamp", duration: "1h", claim: "1s", rerolls: 1 };
        made(&town, &owner, plan).await
    });
    town.live(async {
        for member in [&maren, &tobi, &lene] {
            let entered = member.person.presses(owner.place, message, "Enter").await.unwrap();
            assert!(entered.all_text().contains("You are in."), "{}", entered.all_text());
        }
        owner.person.kicks(&lene.person, "gone").unwrap();
    });
    let id = named(&town, &owner, "/giveaway end");
    town.live(async {
        owner.uses("/giveaway end", given! { giveaway: id.as_str() }).await;
        says(&town, owner.place, |view| view.text().contains("all 1 rerolls have been used")).await;
        for member in [&maren, &tobi] {
            let (call, _) = says(&town, owner.place, |view| called(view, member)).await;
            let late = member.person.presses(owner.place, call, "Claim Prize").await.unwrap();
            assert!(late.is_ephemeral() && late.all_text().contains("time to claim is over"));
        }
        let world = town.sim.world.lock();
        let calls = world.channels[&owner.place].messages.values();
        let calls = calls.filter(|message| message.content.contains("you have won")).count();
        assert_eq!(calls, 2, "one by the draw, one by the reroll, none for who has left");
    });
}

// proves: GIV-11
#[test]
fn given_hosts_then_they_edit_pause_resume_and_reroll_with_a_reason_that_is_kept() {
    let town = Town::new();
    let (owner, maren, tobi) = (town.owner(), town.member("maren"), town.member("tobi"));
    let role = owner.person.makes_role("Boosters", Permissions::NONE).unwrap();
    let _bot = town.bot();
    let message = town.live(async {
        let kept = given! { name: "quick", duration: "2h", claim: "0", winners: 1 };
        let kept = owner.uses("/giveaway template", kept).await;
        assert!(kept.all_text().contains("is kept"), "{}", kept.all_text());
        let alone = given! { name: "quick", role: role, needs: "bonus" };
        let alone = owner.uses("/giveaway template", alone).await;
        assert!(alone.all_text().contains("how many more a bonus gives"), "{}", alone.all_text());
        let named = given! { name: "quick", role: role, needs: "bonus", chances: 3 };
        let named = owner.uses("/giveaway template", named).await;
        assert!(named.all_text().contains("more chances (+3)"), "{}", named.all_text());
        let message = made(&town, &owner, given! { prize: "A pen", template: "quick" }).await;
        says(&town, owner.place, |view| view.all_text().contains("3 more chances")).await;
        message
    });
    let id = named(&town, &owner, "/giveaway edit");
    town.live(async {
        let id = id.as_str();
        let edited = given! { giveaway: id, prize: "A golden pen", ends_in: "3h" };
        let edited = owner.uses("/giveaway edit", edited).await;
        assert!(edited.all_text().contains("golden pen"), "{}", edited.all_text());
        says(&town, owner.place, |view| view.all_text().starts_with("A golden pen")).await;
        owner.uses("/giveaway pause", given! { giveaway: id }).await;
        let refused = maren.person.presses(owner.place, message, "Enter").await.unwrap();
        assert!(refused.all_text().contains("paused"), "{}", refused.all_text());
        owner.uses("/giveaway resume", given! { giveaway: id }).await;
        for member in [&maren, &tobi] {
            let entered = member.person.presses(owner.place, message, "Enter").await.unwrap();
            assert!(entered.all_text().contains("You are in."), "{}", entered.all_text());
        }
        let left = tobi.person.presses(owner.place, message, "Leave").await.unwrap();
        assert!(left.all_text().contains("not in any more"), "{}", left.all_text());
        let back = tobi.person.presses(owner.place, message, "Enter").await.unwrap();
        assert!(back.all_text().contains("You are in."), "{}", back.all_text());
        owner.uses("/giveaway end", given! { giveaway: id }).await;
        let won = |view: &View, who: &Someone| {
            view.text().contains(&who.person.mention()) && view.text().contains("you have won")
        };
        let (_, call) =
            says(&town, owner.place, |view| won(view, &maren) || won(view, &tobi)).await;
        let (winner, other) = if won(&call, &maren) { (&maren, &tobi) } else { (&tobi, &maren) };
        let reroll = given! { giveaway: id, winner: &winner.person, reason: "gave it away" };
        let refused = town.member("lene").uses("/giveaway reroll", reroll).await;
        assert!(refused.all_text().contains("Manage Giveaways"), "{}", refused.all_text());
        let reroll = given! { giveaway: id, winner: &winner.person, reason: "gave it away" };
        let rerolled = owner.uses("/giveaway reroll", reroll).await;
        assert!(rerolled.all_text().contains("goes to somebody else"), "{}", rerolled.all_text());
        says(&town, owner.place, |view| won(view, other)).await;
        let nobody = given! { giveaway: id, winner: &owner.person, reason: "why not" };
        let nobody = owner.uses("/giveaway reroll", nobody).await;
        assert!(nobody.is_ephemeral() && nobody.all_text().contains("no prize of this giveaway"));
    });
    caught_up(&town);
    let log = town.live(owner.uses("/giveaway log", given! { giveaway: id.as_str() }));
    assert!(log.all_text().contains("gave it away"), "{}", log.all_text());
}

#[test]
fn given_a_giveaway_that_is_called_off_then_nobody_is_drawn_and_the_board_says_so() {
    let town = Town::new();
    let (owner, maren) = (town.owner(), town.member("maren"));
    let _bot = town.bot();
    let message = town.live(made(&town, &owner, given! { prize: "A pen", duration: "1h" }));
    let id = named(&town, &owner, "/giveaway cancel");
    town.live(async {
        let question = owner.uses("/giveaway cancel", given! { giveaway: id.as_str() }).await;
        assert!(question.all_text().contains("A pen"), "{}", question.all_text());
        let done = question.presses("Confirm").await.unwrap();
        assert!(done.all_text().contains("is called off"), "{}", done.all_text());
        says(&town, owner.place, |view| view.all_text().contains("Called off.")).await;
        assert!(maren.person.presses(owner.place, message, "Enter").await.is_err(), "it is gone");
        let kept = given! { name: "quick", duration: "2h" };
        let kept = owner.uses("/giveaway template", kept).await;
        assert!(kept.all_text().contains("is kept"), "{}", kept.all_text());
        let gone = given! { name: "quick", remove: true };
        let gone = owner.uses("/giveaway template", gone).await;
        assert!(gone.all_text().contains("is gone"), "{}", gone.all_text());
    });
    caught_up(&town);
    let list = town.live(maren.uses("/giveaway list", Vec::new())).all_text();
    assert!(list.contains("A pen") && list.contains("called off"), "{list}");
}
