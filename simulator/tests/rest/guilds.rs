use serde_json::{Value, json};
use simulator::{By, Permissions, world::role::RoleEdit};

use crate::place::Place;

#[tokio::test]
async fn given_a_guild_then_all_that_can_be_read_of_it_is_as_discord_describes_it() {
    let place = Place::new().await;
    let guild = format!("/guilds/{}", place.guild);
    assert_eq!(
        place.get(&format!("{guild}?with_counts=true")).await.is(200)["name"],
        "The Village"
    );
    for path in [
        "/preview",
        "/channels",
        "/roles",
        "/roles/member-counts",
        "/members?limit=10",
        "/bans",
        "/audit-logs",
        "/webhooks",
        "/invites",
        "/emojis",
        "/stickers",
        "/threads/active",
        "/auto-moderation/rules",
        "/prune?days=7",
        "/members/search?query=mar&limit=5",
    ] {
        place.get(&format!("{guild}{path}")).await.is(200);
    }
    place.get(&format!("{guild}/members/{}", place.maren)).await.is(200);
    place.get(&format!("{guild}/roles/{}", place.helper)).await.is(200);
    for path in [
        "/gateway",
        "/gateway/bot",
        "/users/@me",
        "/users/@me/guilds",
        "/applications/@me",
        "/oauth2/applications/@me",
    ] {
        place.get(path).await.is(200);
    }
    place.get(&format!("/users/{}", place.maren)).await.is(200);
    place.get(&format!("/channels/{}", place.general)).await.is(200);
    let named = place.patch(&guild, json!({"name": "The Town"})).await.is(200);
    assert_eq!(named["name"], "The Town");
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_channels_then_they_are_made_changed_moved_and_deleted() {
    let place = Place::new().await;
    let all = format!("/guilds/{}/channels", place.guild);
    let category = place.post(&all, json!({"name": "Market", "type": 4})).await.is(201);
    let deny = json!([{"id": place.guild, "type": 0, "allow": "0", "deny": "64"}]);
    let body = json!({
        "name": "The Heap", "type": 0, "parent_id": category["id"], "topic": "bytes",
        "permission_overwrites": deny,
    });
    let made = place.post(&all, body).await.is(201);
    assert_eq!(made["name"], "the-heap", "text channels have no capitals and no spaces");
    place.post(&all, json!({"name": "Talk", "type": 2, "user_limit": 5})).await.is(201);
    place.post(&all, json!({"name": "Ideas", "type": 15})).await.is(201);
    let one = format!("/channels/{}", made["id"].as_str().expect("an id"));
    let changed = place.patch(&one, json!({"topic": null, "rate_limit_per_user": 5})).await.is(200);
    assert_eq!(changed["topic"], Value::Null);
    let allow = json!({"type": 1, "allow": "2048", "deny": "0"});
    let overwrite = format!("{one}/permissions/{}", place.maren);
    place.put(&overwrite, allow.clone()).await.is(204);
    place.delete(&overwrite).await.is(204);
    place.delete(&overwrite).await.refused(404, 10009);
    place.put(&format!("{one}/permissions/99"), allow).await.refused(404, 10007);
    place.patch(&all, json!([{"id": made["id"], "position": 0}])).await.is(204);
    place.post(&format!("{one}/typing"), Value::Null).await.is(204);
    let invite = place.post(&format!("{one}/invites"), json!({"max_uses": 1})).await.is(200);
    let code = format!("/invites/{}", invite["code"].as_str().expect("a code"));
    place.get(&format!("{code}?with_counts=true")).await.is(200);
    place.get(&format!("{one}/invites")).await.is(200);
    place.delete(&code).await.is(200);
    place.get(&code).await.refused(404, 10006);
    place.delete(&one).await.is(200);
    place.get(&one).await.refused(404, 10003);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_members_then_what_is_done_to_them_stands_in_the_audit_log_with_its_reason() {
    let place = Place::new().await;
    let guild = format!("/guilds/{}", place.guild);
    let maren = format!("{guild}/members/{}", place.maren);
    let why = [("x-audit-log-reason", "effect%20%C3%BC-17")];
    let until = "2026-11-25T00:00:00Z";
    let body = json!({"nick": "M", "communication_disabled_until": until});
    let changed = place.send("PATCH", &maren, &body, &why).await.is(200);
    assert_eq!(changed["nick"], "M");
    assert!(changed["communication_disabled_until"].is_string());
    place.send("PUT", &format!("{maren}/roles/{}", place.helper), &Value::Null, &why).await.is(204);
    place
        .send("DELETE", &format!("{maren}/roles/{}", place.helper), &Value::Null, &why)
        .await
        .is(204);
    place.send("DELETE", &maren, &Value::Null, &why).await.is(204);
    let ban = format!("{guild}/bans/{}", place.maren);
    place.send("PUT", &ban, &json!({"delete_message_seconds": 3600}), &why).await.is(204);
    assert_eq!(place.get(&ban).await.is(200)["reason"], "effect ü-17");
    place.get(&format!("{guild}/bans")).await.is(200);
    place.send("DELETE", &ban, &Value::Null, &why).await.is(204);
    place.get(&ban).await.refused(404, 10026);
    let log = place.get(&format!("{guild}/audit-logs?user_id={}", place.app)).await.is(200);
    let entries = log["audit_log_entries"].as_array().expect("a list");
    let kinds: Vec<_> = entries.iter().map(|entry| entry["action_type"].as_u64()).collect();
    assert_eq!(kinds, [23, 22, 20, 25, 25, 24].map(Some));
    assert!(entries.iter().all(|entry| entry["reason"] == "effect ü-17"));
    place.patch(&format!("{guild}/members/@me"), json!({"nick": "Clerk"})).await.is(200);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_rank_then_nobody_above_the_bot_is_touched_nor_the_owner_nor_an_administrator() {
    let place = Place::new().await;
    let guild = format!("/guilds/{}", place.guild);
    let timeout = json!({"communication_disabled_until": "2026-11-25T00:00:00Z"});
    for user in [place.tobi, place.owner] {
        let member = format!("{guild}/members/{user}");
        place.delete(&member).await.refused(403, 50013);
        place.put(&format!("{guild}/bans/{user}"), Value::Null).await.refused(403, 50013);
        place.patch(&member, json!({"nick": "x"})).await.refused(403, 50013);
        place.patch(&member, timeout.clone()).await.refused(403, 50013);
    }
    let maren = format!("{guild}/members/{}", place.maren);
    place.put(&format!("{maren}/roles/{}", place.admin), Value::Null).await.refused(403, 50013);
    place.patch(&maren, json!({"roles": [place.admin]})).await.refused(403, 50013);
    place
        .patch(&format!("{guild}/roles/{}", place.admin), json!({"name": "x"}))
        .await
        .refused(403, 50013);
    place.delete(&format!("{guild}/roles/{}", place.admin)).await.refused(403, 50013);
    place.delete(&format!("{guild}/roles/{}", place.guild)).await.refused(400, 50028);
    // An administrator below the bot can be thrown out, but not silenced.
    {
        let mut world = place.sim.world.lock();
        let by = By::user(place.owner);
        let edit =
            RoleEdit { permissions: Some(Permissions::ADMINISTRATOR), ..RoleEdit::default() };
        world.edit_role(place.guild, place.helper, edit, &by).expect("it is a role");
        world.add_member_role(place.guild, place.maren, place.helper, &by).expect("it is a role");
    }
    place.patch(&maren, timeout).await.refused(403, 50013);
    place.delete(&maren).await.is(204);
    place.nothing_was_wrong();
}

/// What each thing needs: the bot has everything but that, and is refused.
#[tokio::test]
async fn given_a_bot_without_one_permission_then_just_what_needs_it_is_refused() {
    use Permissions as P;
    let cases: [(P, &str, &str, Value); 17] = [
        (P::MANAGE_GUILD, "PATCH", "/guilds/{guild}", json!({"name": "x2"})),
        (P::MANAGE_CHANNELS, "POST", "/guilds/{guild}/channels", json!({"name": "x"})),
        (P::MANAGE_ROLES, "POST", "/guilds/{guild}/roles", json!({"name": "x"})),
        (P::MANAGE_ROLES, "PUT", "/guilds/{guild}/members/{maren}/roles/{helper}", Value::Null),
        (P::KICK_MEMBERS, "DELETE", "/guilds/{guild}/members/{maren}", Value::Null),
        (P::BAN_MEMBERS, "PUT", "/guilds/{guild}/bans/{maren}", Value::Null),
        (
            P::MODERATE_MEMBERS,
            "PATCH",
            "/guilds/{guild}/members/{maren}",
            json!({"communication_disabled_until": null}),
        ),
        (P::MANAGE_NICKNAMES, "PATCH", "/guilds/{guild}/members/{maren}", json!({"nick": "m"})),
        (P::VIEW_AUDIT_LOG, "GET", "/guilds/{guild}/audit-logs", Value::Null),
        (P::MANAGE_WEBHOOKS, "POST", "/channels/{general}/webhooks", json!({"name": "x"})),
        (P::SEND_MESSAGES, "POST", "/channels/{general}/messages", json!({"content": "x"})),
        (
            P::EMBED_LINKS,
            "POST",
            "/channels/{general}/messages",
            json!({"embeds": [{"title": "x"}]}),
        ),
        (
            P::SEND_TTS_MESSAGES,
            "POST",
            "/channels/{general}/messages",
            json!({"content": "x", "tts": true}),
        ),
        (
            P::MANAGE_MESSAGES,
            "POST",
            "/channels/{general}/messages/bulk-delete",
            json!({"messages": ["1", "2"]}),
        ),
        (
            P::CREATE_PUBLIC_THREADS,
            "POST",
            "/channels/{general}/threads",
            json!({"name": "x", "type": 11}),
        ),
        (P::CREATE_INSTANT_INVITE, "POST", "/channels/{general}/invites", json!({})),
        (P::MANAGE_GUILD, "GET", "/guilds/{guild}/auto-moderation/rules", Value::Null),
    ];
    for (missing, method, path, body) in cases {
        let every = P::all() - P::ADMINISTRATOR;
        let place = Place::with(every - missing).await;
        {
            // What everybody has does not fill the gap.
            let mut world = place.sim.world.lock();
            let edit =
                RoleEdit { permissions: Some(P::of_everyone() - missing), ..RoleEdit::default() };
            world
                .edit_role(place.guild, place.guild, edit, &By::user(place.owner))
                .expect("a role");
        }
        let filled = [
            ("{guild}", place.guild),
            ("{general}", place.general),
            ("{maren}", place.maren),
            ("{helper}", place.helper),
        ]
        .iter()
        .fold(path.to_owned(), |path, (name, id)| path.replace(name, &id.to_string()));
        place.send(method, &filled, &body, &[]).await.refused(403, 50013);
        let bot_role = {
            let world = place.sim.world.lock();
            let guild = world.guild(place.guild).expect("it is there");
            guild.roles.values().find(|role| role.bot.is_some()).expect("the bot's").id
        };
        let edit = RoleEdit { permissions: Some(every), ..RoleEdit::default() };
        let by = By::user(place.owner);
        place.sim.world.lock().edit_role(place.guild, bot_role, edit, &by).expect("a role");
        let now = place.send(method, &filled, &body, &[]).await;
        assert!(now.status < 300 || now.json()["code"] == 50034, "{method} {path}: {now:?}");
        place.nothing_was_wrong();
    }
}

#[tokio::test]
async fn given_two_hundred_to_ban_then_each_has_an_outcome_of_their_own() {
    let place = Place::new().await;
    let path = format!("/guilds/{}/bulk-ban", place.guild);
    let body = json!({"user_ids": [place.maren, place.owner, "99"], "delete_message_seconds": 60});
    let done = place.post(&path, body).await.is(200);
    assert_eq!(done["banned_users"], json!([place.maren]));
    assert_eq!(done["failed_users"], json!([place.owner, "99"]));
    place.post(&path, json!({"user_ids": [place.owner]})).await.refused(400, 500_000);
    let many: Vec<_> = (1..=201).map(|id: u64| id.to_string()).collect();
    place.post(&path, json!({"user_ids": many})).await.refused(400, 50035);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_roles_then_they_are_made_changed_moved_and_deleted() {
    let place = Place::new().await;
    let roles = format!("/guilds/{}/roles", place.guild);
    let body = json!({"name": "Trader", "color": 0x00_ff_00, "hoist": true, "permissions": "0"});
    let made = place.post(&roles, body).await.is(200);
    assert_eq!(made["colors"]["primary_color"], 0x00_ff_00);
    let one = format!("{roles}/{}", made["id"].as_str().expect("an id"));
    assert_eq!(place.patch(&one, json!({"mentionable": true})).await.is(200)["mentionable"], true);
    place.patch(&one, json!({"permissions": "8"})).await.refused(403, 50013);
    let moved = place.patch(&roles, json!([{"id": made["id"], "position": 2}])).await.is(200);
    assert!(moved.as_array().is_some_and(|roles| roles.len() >= 4));
    place.patch(&roles, json!([{"id": made["id"], "position": 90}])).await.refused(403, 50013);
    place.delete(&one).await.is(204);
    place.get(&one).await.refused(404, 10011);
    place.nothing_was_wrong();
}

#[tokio::test]
async fn given_automod_rules_then_discords_limits_hold() {
    let place = Place::new().await;
    let rules = format!("/guilds/{}/auto-moderation/rules", place.guild);
    let rule = |name: &str| {
        json!({
            "name": name, "event_type": 1, "trigger_type": 1, "enabled": true,
            "trigger_metadata": {"keyword_filter": ["scam"], "regex_patterns": ["fr[e3]e"]},
            "actions": [{"type": 1, "metadata": {"custom_message": "No."}},
                        {"type": 2, "metadata": {"channel_id": place.general}},
                        {"type": 3, "metadata": {"duration_seconds": 60}}],
        })
    };
    let first = place.post(&rules, rule("one")).await.is(200);
    for name in ["two", "three", "four", "five", "six"] {
        place.post(&rules, rule(name)).await.is(200);
    }
    place.post(&rules, rule("seven")).await.refused(400, 30031);
    let one = format!("{rules}/{}", first["id"].as_str().expect("an id"));
    assert_eq!(place.patch(&one, json!({"enabled": false})).await.is(200)["enabled"], false);
    place.get(&one).await.is(200);
    place.get(&rules).await.is(200);
    place.delete(&one).await.is(204);
    place.get(&one).await.is(404);
    place.nothing_was_wrong();
}
