//! Stories with an application that answers as it is told to.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Failed, answer::Outcome};
use crate::{
    By, Clock, Id, Options, Permissions, Refusal, Sim,
    community::{self, Community, Plan},
    given,
    world::{
        World,
        interaction::Kind,
        message::{MessageEdit, NewMessage, flags},
        response::Callback,
    },
};

const START: u64 = 1_795_000_000_000;

/// What the application does with one interaction.
type Step = Box<dyn FnOnce(&mut World, Id, &str) -> Result<(), Refusal> + Send>;

struct House {
    sim: Sim,
    community: Community,
    general: Id,
}

async fn house() -> House {
    let options = Options { clock: Clock::moved_by_hand(START), ..Options::default() };
    let sim = Sim::start(options).await.expect("a port is free");
    let community = community::found(&mut sim.world.lock(), &Plan { seed: 3, members: 8 });
    let community = community.expect("a community is founded");
    let general = sim.channel(community.guild, "general").expect("it is there");
    let house = House { sim, community, general };
    house.declare(json!({ "name": "bytes", "description": "Bytes", "options": [
        { "type": 1, "name": "send", "description": "Send", "options": [
            { "type": 6, "name": "user", "description": "To whom", "required": true },
            { "type": 4, "name": "amount", "description": "How many", "required": true,
              "min_value": 1, "max_value": 1000 },
            { "type": 3, "name": "note", "description": "A word", "max_length": 10 },
            { "type": 3, "name": "mood", "description": "How", "choices": [
                { "name": "Kindly", "value": "kind" }, { "name": "Gladly", "value": "glad" }] },
        ] },
        { "type": 1, "name": "read", "description": "Read" },
    ] }));
    house.declare(json!({ "name": "purge", "description": "Purge", "options": [
        { "type": 7, "name": "where", "description": "Where", "channel_types": [0] },
        { "type": 8, "name": "role", "description": "Whose" },
    ], "default_member_permissions": Permissions::MANAGE_MESSAGES }));
    house.declare(json!({ "name": "find", "description": "Find", "options": [
        { "type": 3, "name": "what", "description": "What", "required": true,
          "autocomplete": true },
    ] }));
    house.declare(json!({ "name": "Report", "type": 3 }));
    house.declare(json!({ "name": "Balance", "type": 2 }));
    house
}

impl House {
    fn declare(&self, command: Value) {
        let Value::Object(command) = command else { panic!("a command is an object") };
        let mut world = self.sim.world.lock();
        world.put_command(self.community.application, None, command).expect("it is there");
    }

    fn maren(&self) -> super::Person {
        self.sim.member(self.community.guild, "maren").expect("she is there")
    }

    fn tobi(&self) -> super::Person {
        self.sim.member(self.community.guild, "tobi").expect("he is there")
    }

    /// An application that gives these answers, one interaction after another, and keeps what it
    /// was sent.
    fn answers(&self, script: Vec<Step>) -> tokio::task::JoinHandle<Vec<Kind>> {
        let sim = self.sim.clone();
        tokio::spawn(async move {
            let mut seen: Vec<Id> = Vec::new();
            let mut kinds = Vec::new();
            for step in script {
                let (id, token, kind) = sim
                    .until("an interaction", |world| {
                        let mut waiting = world.interactions.values().filter(|interaction| {
                            interaction.response.is_none() && !seen.contains(&interaction.id)
                        });
                        let found = waiting.next()?;
                        Some((found.id, found.token.clone(), found.kind))
                    })
                    .await
                    .expect("somebody interacts");
                seen.push(id);
                kinds.push(kind);
                step(&mut sim.world.lock(), id, &token).expect("the answer is taken");
            }
            kinds
        })
    }
}

fn with(callback: Callback) -> Step {
    Box::new(move |world, id, token| world.answer_interaction(id, token, callback).map(drop))
}

fn hidden(text: &str, buttons: &[&str]) -> Callback {
    let buttons = buttons.iter().map(
        |label| json!({ "type": 2, "style": 1, "label": label, "custom_id": label.to_lowercase() }),
    );
    let buttons: Vec<_> = buttons.collect();
    let components =
        if buttons.is_empty() { vec![] } else { vec![json!({ "type": 1, "components": buttons })] };
    Callback::Message(NewMessage { flags: flags::EPHEMERAL, components, ..NewMessage::text(text) })
}

#[tokio::test]
async fn given_a_command_with_a_button_then_the_story_goes_on_to_its_end() {
    let house = house().await;
    let edit = MessageEdit {
        content: Some("sent".to_owned()),
        components: Some(Vec::new()),
        ..MessageEdit::default()
    };
    let script =
        vec![with(hidden("Send 5?", &["Confirm", "Cancel"])), with(Callback::Update(edit))];
    let application = house.answers(script);
    let (maren, tobi) = (house.maren(), house.tobi());
    let options = given! { user: &tobi, amount: 5, mood: "Kindly" };
    let answer = maren.uses(house.general, "/bytes send", options).await.expect("it is answered");
    assert_eq!((answer.text().as_str(), answer.is_ephemeral()), ("Send 5?", true));
    let labels: Vec<_> = answer.buttons().into_iter().map(|button| button.label).collect();
    assert_eq!(labels, ["Confirm", "Cancel"]);
    // Nobody else sees it, nor its buttons.
    let message = answer.message().expect("it is a message");
    let meddling = tobi.presses(house.general, message, "Confirm").await;
    assert!(matches!(meddling, Err(Failed::Client(_))), "{meddling:?}");
    assert!(house.sim.world.lock().message(house.general, message).is_err(), "it is hidden");
    let done = answer.presses("Confirm").await.expect("it is answered");
    assert_eq!((done.outcome(), done.text().as_str()), (&Outcome::Update, "sent"));
    assert!(done.buttons().is_empty());
    assert_eq!(application.await.expect("it ends"), [Kind::Command, Kind::Component]);
}

#[tokio::test]
async fn given_what_a_client_refuses_then_nothing_is_sent_and_it_says_why() {
    let house = house().await;
    let (maren, tobi) = (house.maren(), house.tobi());
    let refused = [
        ("/nothing", given! {}, "no command"),
        ("/bytes", given! {}, "choose a subcommand: send, read"),
        ("/bytes steal", given! {}, "no subcommand"),
        ("/bytes send", given! { user: &tobi }, "amount is required"),
        ("/bytes send", given! { user: &tobi, amount: 0 }, "at least 1"),
        ("/bytes send", given! { user: &tobi, amount: 1001 }, "at most 1000"),
        ("/bytes send", given! { user: &tobi, amount: 2.5 }, "whole number"),
        ("/bytes send", given! { user: &tobi, amount: "many" }, "whole number"),
        ("/bytes send", given! { user: "@nobody", amount: 1 }, "none of that name"),
        ("/bytes send", given! { user: true, amount: 1 }, "it takes a user"),
        (
            "/bytes send",
            given! { user: &tobi, amount: 1, note: "far too long a note" },
            "at most 10",
        ),
        ("/bytes send", given! { user: &tobi, amount: 1, mood: "Sadly" }, "one of: Kindly, Gladly"),
        ("/bytes send", given! { user: &tobi, amount: 1, speed: 3 }, "no option \"speed\""),
        ("/bytes send", given! { user: &tobi, amount: 1, amount: 2 }, "given twice"),
        ("/bytes send", given! { user: &tobi, amount: 1_i64 << 60 }, "too large"),
    ];
    for (command, options, why) in refused {
        let failed = tobi.uses(house.general, command, options).await.expect_err(command);
        assert!(matches!(&failed, Failed::Client(text) if text.contains(why)), "{failed}: {why}");
    }
    // A command for moderators is not shown to members; maren is an admin.
    let failed = house.sim.member(house.community.guild, "pavel").expect("he is there");
    let failed = failed.uses(house.general, "/purge", given! {}).await.expect_err("not shown");
    assert!(failed.to_string().contains("not shown"), "{failed}");
    let voice = given! { r#where: "Fireside" };
    let voice: super::Filled = voice.into_iter().map(|(_, v)| ("where".to_owned(), v)).collect();
    let failed = maren.uses(house.general, "/purge", voice).await.expect_err("no text channel");
    assert!(failed.to_string().contains("type cannot be chosen"), "{failed}");
    assert!(house.sim.world.lock().interactions.is_empty(), "nothing was sent");
}

#[tokio::test]
async fn given_options_by_name_then_the_application_gets_ids_and_what_they_stand_for() {
    let house = house().await;
    let (maren, tobi) = (house.maren(), house.tobi());
    let call = |command: &str, options| {
        maren.call(house.general, command, &options, None).expect("it can be sent").data
    };
    let data = call("/bytes send", given! { amount: "7", user: "@tobi" });
    assert_eq!(
        data["options"],
        json!([{ "name": "send", "type": 1, "options": [
            { "name": "user", "type": 6, "value": tobi.user },
            { "name": "amount", "type": 4, "value": 7 },
        ] }])
    );
    let resolved = &data["resolved"];
    let key = tobi.user.to_string();
    assert_eq!(resolved["users"][&key]["username"], "tobi");
    assert!(resolved["members"][&key]["permissions"].is_string());
    assert!(resolved["members"][&key].get("user").is_none(), "it stands beside");
    let data = call(
        "/purge",
        vec![("where".to_owned(), "#general".into()), ("role".to_owned(), "@Regular".into())],
    );
    let role = house.sim.role(house.community.guild, "Regular").expect("it is there");
    assert_eq!(data["options"][1]["value"], json!(role));
    assert_eq!(data["resolved"]["roles"][role.to_string()]["name"], "Regular");
    let general = house.general.to_string();
    assert_eq!(data["resolved"]["channels"][general]["name"], "general");
}

#[tokio::test]
async fn given_no_answer_within_three_seconds_of_the_clock_then_it_failed_and_comes_too_late() {
    let house = house().await;
    let maren = house.maren();
    let sim = house.sim.clone();
    let waiting = tokio::spawn({
        let (maren, general) = (maren.clone(), house.general);
        async move { maren.uses(general, "/bytes read", given! {}).await }
    });
    let id = sim.until("it", |world| world.interactions.keys().next().copied()).await;
    let id = id.expect("it was sent");
    sim.clock.advance(Duration::from_millis(2_999));
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    sim.clock.advance(Duration::from_millis(1));
    let failed = waiting.await.expect("it ends").expect_err("nobody answered");
    assert_eq!(failed, Failed::NoResponse);
    assert_eq!(failed.to_string(), "The application did not respond");
    let mut world = sim.world.lock();
    let token = world.interaction(id).expect("it is kept").token.clone();
    let late = world.answer_interaction(id, &token, hidden("late", &[]));
    assert_eq!(late, Err(Refusal::UNKNOWN_INTERACTION));
}

#[tokio::test]
async fn given_a_deferred_answer_then_who_asked_waits_for_it_and_followups_come_after() {
    let house = house().await;
    let application = house.community.application;
    let (told, tell) = tokio::sync::oneshot::channel();
    let script = house.answers(vec![Box::new(move |world, id, token| {
        world.answer_interaction(id, token, Callback::Defer { ephemeral: false })?;
        told.send((id, token.to_owned())).expect("somebody waits");
        Ok(())
    })]);
    let maren = house.maren();
    let waiting = tokio::spawn({
        let general = house.general;
        async move { maren.uses(general, "/bytes read", given! {}).await }
    });
    let (_, token) = tell.await.expect("it was deferred");
    script.await.expect("it ends");
    assert!(!waiting.is_finished(), "it is still loading");
    let sim = &house.sim;
    sim.clock.advance(Duration::from_mins(14));
    let edit = MessageEdit { content: Some("256 bytes".to_owned()), ..MessageEdit::default() };
    sim.world.lock().edit_response(application, &token, None, edit).expect("in time");
    let answer = waiting.await.expect("it ends").expect("it is answered");
    assert_eq!((answer.text().as_str(), answer.was_deferred()), ("256 bytes", true));
    let more = NewMessage::text("and more");
    sim.world.lock().follow_up(application, &token, more).expect("in time");
    assert_eq!(answer.followup(1).await.expect("it came").text(), "and more");
    // After 15 minutes the token is worth nothing.
    sim.clock.advance(Duration::from_mins(1));
    let late = sim.world.lock().follow_up(application, &token, NewMessage::text("late"));
    assert_eq!(late, Err(Refusal::INVALID_WEBHOOK_TOKEN));
}

#[tokio::test]
async fn given_a_deferred_answer_that_follows_at_once_then_it_was_deferred_all_the_same() {
    let house = house().await;
    let application = house.community.application;
    let script = house.answers(vec![Box::new(move |world, id, token| {
        world.answer_interaction(id, token, Callback::Defer { ephemeral: true })?;
        let edit = MessageEdit { content: Some("256 bytes".to_owned()), ..MessageEdit::default() };
        world.edit_response(application, token, None, edit)?;
        Ok(())
    })]);
    let answer = house.maren().uses(house.general, "/bytes read", given! {}).await.unwrap();
    script.await.expect("it ends");
    assert_eq!((answer.text().as_str(), answer.was_deferred()), ("256 bytes", true));
}

#[tokio::test]
async fn given_an_answered_interaction_then_a_second_answer_is_refused_and_so_is_a_forged_one() {
    let house = house().await;
    let seen = Arc::new(parking_lot::Mutex::new(None));
    let note = Arc::clone(&seen);
    let script = house.answers(vec![Box::new(move |world, id, token| {
        let forged = world.answer_interaction(id, "forged", hidden("x", &[]));
        assert_eq!(forged, Err(Refusal::UNKNOWN_INTERACTION));
        let wrong = world.answer_interaction(id, token, Callback::Choices(vec![]));
        assert!(wrong.is_err_and(|refusal| refusal.code == 50_035), "no choices for a command");
        world.answer_interaction(id, token, hidden("first", &[]))?;
        *note.lock() = Some(world.answer_interaction(id, token, hidden("second", &[])));
        Ok(())
    })]);
    let answer = house.maren().uses(house.general, "/bytes read", given! {}).await;
    assert_eq!(answer.expect("it is answered").text(), "first");
    script.await.expect("it ends");
    assert_eq!(seen.lock().take(), Some(Err(Refusal::ALREADY_ACKNOWLEDGED)));
}

#[tokio::test]
async fn given_a_form_then_its_fields_are_checked_and_sent() {
    let house = house().await;
    let form = json!({ "custom_id": "appeal", "title": "Appeal", "components": [
        { "type": 1, "components": [{ "type": 4, "custom_id": "why", "label": "Why", "style": 2,
            "min_length": 5, "max_length": 20 }] },
        { "type": 18, "label": "Since when", "component": { "type": 4, "custom_id": "since",
            "style": 1, "required": false } },
    ] });
    let script = vec![with(Callback::Modal(form)), with(hidden("thank you", &[]))];
    let application = house.answers(script);
    let maren = house.maren();
    let opened = maren.uses(house.general, "/bytes read", given! {}).await.expect("it opens");
    assert_eq!(opened.form().map(|form| &form["title"]), Some(&json!("Appeal")));
    for (fields, why) in [
        (given! {}, "Why is required"),
        (given! { why: "no" }, "5 to 20"),
        (given! { why: "because of it", who: "me" }, "no field"),
    ] {
        let failed = opened.submits(fields).await.expect_err(why);
        assert!(failed.to_string().contains(why), "{failed}");
    }
    let sent = opened.submits(given! { why: "because of it" }).await.expect("it is answered");
    assert_eq!(sent.text(), "thank you");
    assert_eq!(application.await.expect("it ends"), [Kind::Command, Kind::Modal]);
}

#[tokio::test]
async fn given_autocomplete_and_the_menus_then_each_is_sent_as_its_kind() {
    let house = house().await;
    let choices = vec![json!({ "name": "Daily award", "value": "daily" })];
    let script = vec![
        with(Callback::Choices(choices)),
        with(hidden("reported", &[])),
        with(hidden("256", &[])),
    ];
    let application = house.answers(script);
    let (maren, tobi) = (house.maren(), house.tobi());
    let typed = given! { what: "da" };
    let offered = maren.autocompletes(house.general, "/find", typed, "what").await;
    let offered = offered.expect("it is answered");
    assert_eq!((offered[0].name.as_str(), &offered[0].value), ("Daily award", &json!("daily")));
    let message = tobi.says(house.general, "hm").expect("he may");
    let report = maren.uses_on_message(house.general, "Report", message).await;
    assert_eq!(report.expect("it is answered").text(), "reported");
    let balance = maren.uses_on_user(house.general, "Balance", &tobi).await;
    assert_eq!(balance.expect("it is answered").text(), "256");
    let kinds = application.await.expect("it ends");
    assert_eq!(kinds, [Kind::Autocomplete, Kind::Command, Kind::Command]);
}

#[tokio::test]
async fn given_members_who_may_not_then_discord_refuses_them_as_it_does() {
    let house = house().await;
    let guild = house.community.guild;
    let (maren, tobi) = (house.maren(), house.tobi());
    let pavel = house.sim.member(guild, "pavel").expect("he is there");
    let admin = house.sim.admin(guild).expect("an owner");
    let refused = |result: Result<(), Failed>| match result {
        Err(Failed::Refused(refusal)) => refusal.code,
        other => panic!("a refusal was expected, not {other:?}"),
    };
    let rules = house.sim.channel(guild, "rules").expect("it is there");
    assert_eq!(refused(pavel.says(rules, "I rule").map(drop)), 50_013);
    let room = house.sim.channel(guild, "mod-room").expect("it is there");
    assert_eq!(refused(pavel.says(room, "psst").map(drop)), 50_001);
    assert_eq!(refused(pavel.bans(&tobi, "")), 50_013);
    // tobi moderates, maren is an admin above him, and nobody is above the owner.
    assert_eq!(refused(tobi.kicks(&maren, "")), 50_013);
    assert_eq!(refused(maren.bans(&admin, "")), 50_013);
    assert_eq!(refused(admin.times_out(&maren, Duration::from_mins(1), "")), 50_013);
    tobi.times_out(&pavel, Duration::from_mins(1), "calm").expect("he stands above");
    assert_eq!(refused(pavel.says(house.general, "but").map(drop)), 50_013);
    house.sim.clock.advance(Duration::from_secs(61));
    pavel.says(house.general, "sorry").expect("it is over");
    let long = "x".repeat(2_001);
    assert!(matches!(pavel.says(house.general, &long), Err(Failed::Client(_))));
    tobi.bans_and_deletes(&pavel, Duration::from_hours(1), "spam").expect("he may");
    assert!(!pavel.is_member());
    assert_eq!(refused(pavel.joins()), 40_007);
    let world = house.sim.world.lock();
    let texts = world.channel(house.general).expect("there").messages.values();
    assert!(!texts.map(|message| &message.content).any(|text| text == "sorry"), "it went with him");
    let last = world.guild(guild).expect("there").audit_log.back().expect("an entry");
    assert_eq!((last.action, last.reason.as_deref()), (22, Some("spam")));
}

#[tokio::test]
async fn given_slowmode_automod_and_everyone_then_they_bind_members_and_not_who_manages() {
    let house = house().await;
    let guild = house.community.guild;
    let admin = house.sim.admin(guild).expect("an owner");
    let pavel = house.sim.member(guild, "pavel").expect("he is there");
    {
        let mut world = house.sim.world.lock();
        let edit =
            crate::world::channel::ChannelEdit { slowmode_secs: Some(10), ..Default::default() };
        world.edit_channel(house.general, edit, &By::user(admin.user)).expect("it is there");
    }
    let loud = pavel.says(house.general, "hello @everyone").expect("he may");
    let view = house.sim.view(house.general, loud).expect("it is there");
    assert_eq!(view.0["mention_everyone"], false, "he may not ring");
    let soon = pavel.says(house.general, "again").expect_err("too soon");
    assert!(matches!(soon, Failed::Refused(refusal) if refusal.code == 20_016));
    admin.says(house.general, "one").expect("they may");
    let ring = admin.says(house.general, "two @everyone").expect("they may");
    assert_eq!(house.sim.view(house.general, ring).expect("there").0["mention_everyone"], true);
    house.sim.clock.advance(Duration::from_secs(10));
    pavel.says(house.general, "later").expect("he may");
}
