//! The log of a community, as the dashboard asks for it.

use actions::{
    Permissions,
    activity::Window,
    logs::{Noticed, Said, Seen},
};
use domain::{ChannelId, MessageId, UserId};
use serde_json::json;

use crate::{
    answers::of_guild,
    house::{House, MODERATOR_ROLE, guild},
};

fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

// proves: LOG-10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_what_was_logged_then_it_is_filtered_paged_and_shows_what_was_said() {
    let house = House::new().await;
    let admin = house.admin();
    let (owner, key) = (
        actions::Caller::member(user(900), actions::Standing::owner()),
        actions::fresh_key("test").unwrap(),
    );
    house.actions.switch_module(guild(), &owner, "logs", true, &key).await.unwrap();
    let (message, channel) = (MessageId::new(1 << 40).unwrap(), ChannelId::new(5).unwrap());
    let said = Said { text: "under the bridge".to_owned(), files: vec!["map.png".to_owned()] };
    let told = vec![
        Seen::Said { message, channel, author: user(101), said: said.into() },
        Seen::Deleted { message, channel },
        Seen::DeletedBy { by: user(102), author: Some(user(101)), channel, purge: false },
        Seen::Came(user(101)),
        Seen::Came(user(103)),
    ];
    let at = house.actions.now();
    let noticed = (1..).zip(told).map(|(seq, what)| Noticed { seq, at, what }).collect();
    let window = Window { noticed, ..Window::default() };
    house.actions.record_activity(guild(), "session", &window, None).await.unwrap();
    house.caught_up().await;
    let inner = "logs(first: 1, filter: {kinds: [MESSAGE_DELETED]}) { nodes { kind channel messages \
                 person { name } by { name } before { text files } after { text } } \
                 pageInfo { hasNextPage } }";
    let answer = of_guild(&house, &admin, "", inner).await;
    let expected = json!({
        "nodes": [{
            "kind": "MESSAGE_DELETED", "channel": "5", "messages": 1,
            "person": { "name": "User 101" }, "by": { "name": "User 102" },
            "before": { "text": "under the bridge", "files": ["map.png"] }, "after": null,
        }],
        "pageInfo": { "hasNextPage": false },
    });
    assert_eq!(answer["logs"], expected);
    let of_one =
        "logs(filter: {user: \"101\"}, first: 1) { nodes { kind } pageInfo { hasNextPage } }";
    let answer = of_guild(&house, &admin, "", of_one).await;
    assert_eq!(answer["logs"]["nodes"], json!([{ "kind": "MEMBER_JOINED" }]));
    assert_eq!(answer["logs"]["pageInfo"]["hasNextPage"], true);
    let nobody =
        of_guild(&house, &admin, "", "logs(filter: {user: \"999\"}) { nodes { seq } }").await;
    assert_eq!(nobody["logs"]["nodes"], json!([]));
    let moderator = house.joins(104, Permissions::NONE, &[MODERATOR_ROLE]);
    let read = of_guild(&house, &moderator, "", "logs { nodes { before { text } } }").await;
    assert_eq!(read["logs"]["nodes"].as_array().unwrap().len(), 3);
}
