//! Request Guild Members.

use serde_json::{Value, json};
use simulator::{Id, gateway::intents};

use super::raw::{EVERYTHING, Raw, start};

async fn ask(raw: &mut Raw, guild: Id, d: &Value) -> Vec<Value> {
    raw.send(&json!({ "op": 8, "d": d })).await;
    let heard = raw.fence(guild).await;
    heard.into_iter().map(|event| event["d"].clone()).collect()
}

#[tokio::test]
async fn given_a_large_guild_then_its_members_come_in_chunks_with_the_nonce() {
    let (sim, community) = start().await;
    for number in 0..2_100 {
        sim.member(community.guild, &format!("extra{number}")).expect("there is room");
    }
    let (mut raw, _) = Raw::identified(&sim, &community, EVERYTHING).await;
    let d = json!({
        "guild_id": community.guild, "query": "", "limit": 0, "nonce": "n1", "presences": true,
    });
    let chunks = ask(&mut raw, community.guild, &d).await;
    let sizes: Vec<_> =
        chunks.iter().map(|chunk| chunk["members"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(sizes, [1_000, 1_000, 110]);
    for (index, chunk) in chunks.iter().enumerate() {
        assert_eq!(chunk["chunk_index"], index);
        assert_eq!((&chunk["chunk_count"], &chunk["nonce"]), (&json!(3), &json!("n1")));
        assert!(chunk["presences"].as_array().is_some_and(|presences| presences.len() > 100));
    }
    // Again within 30 seconds: the client is told to wait.
    let limited = ask(&mut raw, community.guild, &d).await;
    assert_eq!(limited[0]["opcode"], 8);
    assert_eq!(limited[0]["meta"], json!({ "guild_id": community.guild, "nonce": "n1" }));
    assert!(limited[0]["retry_after"].as_f64().is_some_and(|wait| (0.0..=30.0).contains(&wait)));
}

#[tokio::test]
async fn given_ids_or_the_beginning_of_a_name_then_those_members_come() {
    let (sim, community) = start().await;
    let (mut raw, _) = Raw::identified(&sim, &community, intents::GUILDS).await;
    let (known, unknown) = (community.members[2], "175928847299117063");
    let d = json!({ "guild_id": community.guild, "user_ids": [known, unknown] });
    let chunk = &ask(&mut raw, community.guild, &d).await[0];
    assert_eq!(chunk["members"][0]["user"]["id"], json!(known));
    assert_eq!(chunk["not_found"], json!([unknown]));
    let d = json!({ "guild_id": [community.guild], "query": "MAR", "limit": 5 });
    let chunk = &ask(&mut raw, community.guild, &d).await[0];
    assert_eq!(chunk["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(chunk["members"][0]["user"]["username"], "maren");
    // Everybody needs the intent for members; another's guild is nobody's business.
    let all = json!({ "guild_id": community.guild, "query": "", "limit": 0 });
    assert_eq!(ask(&mut raw, community.guild, &all).await, Vec::<Value>::new());
    let other = json!({ "guild_id": "175928847299117063", "query": "a", "limit": 1 });
    assert_eq!(ask(&mut raw, community.guild, &other).await, Vec::<Value>::new());
}
