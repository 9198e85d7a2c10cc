//! Moderation, as moderators do it and members meet it.

use simulator::given;

use super::town::Town;
use crate::support::eventually;

// proves: MOD-01, MOD-09, MOD-11, MOD-15, CMD-01
#[test]
fn given_a_moderator_then_warnings_escalate_and_members_see_and_appeal_through_the_wire() {
    let town = Town::new();
    let (owner, tobi, lene) = (town.owner(), town.member("tobi"), town.member("lene"));
    let bot = town.bot();
    town.live(async {
        let commands = owner.person.commands(owner.place);
        for name in ["/warn", "/ban", "/case", "Warn", "Warn for this message"] {
            assert!(commands.iter().any(|known| known == name), "{name}: {commands:?}");
        }
        let hidden = lene.tries("/warn", given! { user: &tobi.person }).await;
        assert!(hidden.is_err(), "a client does not even show it");
        let warn = given! { user: &tobi.person, reason: "shouting" };
        let first = owner.uses("/warn", warn).await;
        assert!(first.is_ephemeral());
        let text = first.all_text();
        assert!(text.contains("Case #1") && text.contains(&tobi.person.mention()), "{text}");
        assert!(text.contains("shouting") && text.contains("/case pardon"), "{text}");
        let myself = owner.uses("/warn", given! { user: &owner.person }).await;
        assert!(myself.all_text().contains("to yourself"), "{}", myself.all_text());

        // From the menu of a message, with what it says as evidence.
        let message = tobi.says("buy cheap gold");
        let menu = owner.person.uses_on_message(owner.place, "Warn for this message", message);
        let form = menu.await.unwrap();
        assert!(form.form().is_some(), "{:?}", form.outcome());
        let warned = form.submits(given! { reason: "advertising" }).await.unwrap();
        assert!(warned.all_text().contains("Case #2"), "{}", warned.all_text());
        let menu = owner.person.uses_on_user(owner.place, "Warn", &lene.person).await.unwrap();
        let other = menu.submits(given! { reason: "again" }).await.unwrap();
        assert!(other.all_text().contains("Case #3"), "{}", other.all_text());
    });
    eventually("the member sees their record", || {
        let record = town.live(tobi.uses("/record", Vec::new())).all_text();
        (record.contains("Warning: 2") && record.contains("shouting")).then_some(())
    });
    town.live(async {
        let appeal = given! { case: 1, text: "I was only loud" };
        let appealed = tobi.uses("/appeal", appeal).await;
        assert!(appealed.all_text().contains("with the moderators"), "{}", appealed.all_text());
        let other = lene.uses("/case view", given! { case: 1 }).await;
        assert!(other.all_text().contains("no such case"), "{}", other.all_text());
        let accept = given! { case: 1, accept: true };
        let accepted = owner.uses("/case answer", accept).await;
        assert!(accepted.all_text().contains("no longer counts"), "{}", accepted.all_text());

        owner.uses("/warn", given! { user: &lene.person }).await;
        let third = owner.uses("/warn", given! { user: &lene.person }).await.all_text();
        assert!(third.contains("Active warning 3: timed out until"), "{third}");
        assert!(third.contains("case #6"), "{third}");
    });
    eventually("the evidence is on record", || {
        let history = town.live(owner.uses("/case history", given! { case: 2 })).all_text();
        history.contains("buy cheap gold").then_some(())
    });
    let log = bot.stop().2;
    for word in ["gold", "shouting", "loud"] {
        assert!(!log.contains(word), "what people write is in no log: {word}");
    }
}

// proves: MOD-04, MOD-07, CMD-05
#[test]
fn given_a_raid_then_it_is_banned_at_once_after_a_confirmation_through_the_wire() {
    let town = Town::new();
    let (owner, tobi, lene) = (town.owner(), town.member("tobi"), town.member("lene"));
    let _bot = town.bot();
    town.live(async {
        let users = format!("{} {} 99", tobi.person.user, lene.person.mention());
        let massban = given! { users: users.as_str(), reason: "raid" };
        let question = owner.uses("/massban", massban).await;
        let text = question.all_text();
        assert!(text.contains("Ban **3** users?"), "{text}");
        let done = question.presses("Confirm").await.unwrap().all_text();
        assert!(done.contains("**3** users are being banned: cases #1 to #3"), "{done}");
    });
    eventually("each has its case", || {
        let cases = town.live(owner.uses("/cases", given! { batch_of: 1 })).all_text();
        (cases.contains("#1") && cases.contains("#3") && cases.contains("raid")).then_some(())
    });
}
