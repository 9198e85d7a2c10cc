//! Routes that bots call now and then.

use serde_json::{Value, json};
use simulator::{
    By, Permissions,
    world::{
        channel::Kind,
        message::{Author, NewMessage},
    },
};

use crate::place::Place;

#[tokio::test]
async fn given_a_bot_that_changes_itself_then_it_is_changed_and_can_leave() {
    let place = Place::new().await;
    let picture = "data:image/png;base64,iVBORw0KGgo=";
    let me = json!({"username": "Clerk", "avatar": picture});
    let me = place.patch("/users/@me", me).await.is(200);
    assert_eq!(me["username"], "Clerk");
    assert_eq!(me["avatar"].as_str().map(str::len), Some(32));
    let app = json!({"description": "Keeps the accounts."});
    assert_eq!(
        place.patch("/applications/@me", app).await.is(200)["description"],
        "Keeps the accounts."
    );
    place.delete(&format!("/users/@me/guilds/{}", place.guild)).await.is(204);
    assert_eq!(place.get("/users/@me/guilds").await.is(200), json!([]));
    place.get(&format!("/guilds/{}", place.guild)).await.refused(403, 50001);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_members_nobody_heard_of_then_those_without_roles_are_counted_and_pruned() {
    let place = Place::new().await;
    place.advance(std::time::Duration::from_hours(24 * 10));
    {
        let mut world = place.sim.world.lock();
        let heard = world.add_user("heard", None).expect("the name is fine");
        world.add_member(place.guild, heard).expect("they may join");
    }
    let path = format!("/guilds/{}/prune", place.guild);
    assert_eq!(place.get(&format!("{path}?days=7")).await.is(200)["pruned"], 1, "only Maren");
    assert_eq!(place.post(&path, json!({"days": 7})).await.is(200)["pruned"], 1);
    assert!(place.sim.world.lock().member(place.guild, place.maren).is_err());
    place.get(&format!("{path}?days=31")).await.refused(400, 50035);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_somebody_in_voice_then_they_are_seen_moved_muted_and_thrown_out() {
    let place = Place::new().await;
    let (hall, yard) = {
        let mut world = place.sim.world.lock();
        let by = By::user(place.owner);
        let mut make = |name| world.create_channel(place.guild, Kind::Voice, name, None, &by);
        let (hall, yard) = (make("hall").expect("room"), make("yard").expect("room"));
        world.join_voice(place.guild, place.maren, hall).expect("she may");
        (hall, yard)
    };
    let guild = format!("/guilds/{}", place.guild);
    let state = format!("{guild}/voice-states/{}", place.maren);
    assert_eq!(place.get(&state).await.is(200)["channel_id"], json!(hall));
    let maren = format!("{guild}/members/{}", place.maren);
    let body = json!({"channel_id": yard, "mute": true});
    assert_eq!(place.patch(&maren, body).await.is(200)["mute"], true);
    assert_eq!(place.get(&state).await.is(200)["channel_id"], json!(yard));
    place.patch(&maren, json!({"channel_id": null})).await.is(200);
    place.get(&state).await.refused(404, 10065);
    place.get(&format!("{guild}/voice-states/@me")).await.refused(404, 10065);
    place.patch(&maren, json!({"deaf": true})).await.refused(400, 40032);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_forum_then_a_post_begins_with_its_message_and_a_webhook_needs_a_thread() {
    let place = Place::new().await;
    let forum = json!({"name": "ideas", "type": 15});
    let forum = place.post(&format!("/guilds/{}/channels", place.guild), forum).await.is(201);
    let forum = format!("/channels/{}", forum["id"].as_str().expect("an id"));
    let post = json!({"name": "More heaps", "message": {"content": "Please."}});
    let made = place.post(&format!("{forum}/threads"), post).await.is(201);
    assert_eq!(made["message"]["content"], "Please.");
    place.post(&format!("{forum}/messages"), json!({"content": "x"})).await.refused(400, 50008);
    let empty = json!({"name": "x", "message": {}});
    place.post(&format!("{forum}/threads"), empty).await.refused(400, 50006);
    let hook = place.post(&format!("{forum}/webhooks"), json!({"name": "Crier"})).await.is(200);
    let token = hook["token"].as_str().expect("a token");
    let hook = format!("/webhooks/{}/{token}", hook["id"].as_str().expect("an id"));
    place.post(&hook, json!({"content": "x"})).await.refused(400, 220_001);
    let named = json!({"content": "x", "thread_name": "News"});
    let said = place.post(&format!("{hook}?wait=true"), named).await.is(200);
    let thread = said["channel_id"].as_str().expect("an id");
    let path = format!("{hook}?wait=true&thread_id={thread}");
    assert_eq!(place.post(&path, json!({"content": "y"})).await.is(200)["channel_id"], thread);
    let other = format!("{hook}?thread_id={}", place.general);
    place.post(&other, json!({"content": "y"})).await.refused(404, 10003);
    assert_eq!(place.patch(&hook, json!({"name": "Herald"})).await.is(200)["name"], "Herald");
    place.delete(&hook).await.is(204);
    place.get(&hook).await.refused(404, 10015);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_announcements_and_one_kind_of_reaction_then_they_are_passed_on_and_cleared() {
    let place = Place::new().await;
    let news = json!({"name": "news", "type": 5});
    let news = place.post(&format!("/guilds/{}/channels", place.guild), news).await.is(201);
    let messages = format!("/channels/{}/messages", news["id"].as_str().expect("an id"));
    let said = place.post(&messages, json!({"content": "News"})).await.is(200);
    let one = format!("{messages}/{}", said["id"].as_str().expect("an id"));
    place.post(&format!("{one}/crosspost"), Value::Null).await.is(200);
    for emoji in ["%F0%9F%91%8D", "%E2%9D%A4%EF%B8%8F"] {
        place.put(&format!("{one}/reactions/{emoji}/@me"), Value::Null).await.is(204);
    }
    place.delete(&format!("{one}/reactions/%F0%9F%91%8D")).await.is(204);
    let left = place.get(&one).await.is(200)["reactions"].clone();
    assert_eq!(left.as_array().map(Vec::len), Some(1));
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_a_locked_thread_then_only_who_manages_threads_writes_in_it() {
    let every = Permissions::all() - Permissions::ADMINISTRATOR;
    let place = Place::with(every - Permissions::MANAGE_THREADS).await;
    let thread = {
        let mut world = place.sim.world.lock();
        let by = By::user(place.owner);
        let new = simulator::world::thread::NewThread::public("done");
        let thread = world.create_thread(place.general, None, new, &by).expect("she may");
        let edit =
            simulator::world::channel::ChannelEdit { locked: Some(true), ..Default::default() };
        world.edit_channel(thread, edit, &by).expect("it is there");
        thread
    };
    let path = format!("/channels/{thread}/messages");
    place.post(&path, json!({"content": "x"})).await.refused(403, 160_005);
    place.patch(&format!("/channels/{thread}"), json!({"name": "y"})).await.refused(403, 50013);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_replies_then_they_name_a_message_that_is_there_or_say_it_may_be_gone() {
    let place = Place::new().await;
    let first = {
        let mut world = place.sim.world.lock();
        let author = Author::User(place.maren);
        world.create_message(place.general, author, NewMessage::text("hm")).expect("she may")
    };
    let path = format!("/channels/{}/messages", place.general);
    let reply = json!({"content": "yes", "message_reference": {"message_id": first}});
    let made = place.post(&path, reply).await.is(200);
    assert_eq!(made["referenced_message"]["content"], "hm");
    assert_eq!(made["type"], 19);
    let gone = json!({"content": "yes", "message_reference": {"message_id": "99"}});
    place.post(&path, gone).await.refused(400, 50035);
    let lenient = json!({"content": "yes", "message_reference":
        {"message_id": "99", "fail_if_not_exists": false}});
    assert_eq!(place.post(&path, lenient).await.is(200)["type"], 0);
    place.patch(&format!("{path}/{first}"), json!({"content": "no"})).await.refused(403, 50005);
    place.nothing_was_wrong();
}
