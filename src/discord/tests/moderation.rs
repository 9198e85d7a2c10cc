//! Moderation, as moderators use it and members meet it.

mod cases;
mod guards;
mod many;
mod punish;

use std::time::{Duration, Instant};

use domain::{Decider as _, moderation::Moderation};
use eventlog::Recorded;

use super::*;

/// Discord's permissions to kick, ban, and time out members.
const MODERATES: u64 = (1 << 1) | (1 << 2) | (1 << 40);
const BOB: u64 = 301;
const ZOE: u64 = 302;
const TOM: u64 = 400;
const PATIENCE: Duration = Duration::from_mins(1);

/// The bot's role 20 stands at 5, moderators (30) at 3, their seniors (40) at 7, and role 50 is an
/// administrator's at 1.
fn community(house: &House, bot_permissions: u64) {
    let us = UserId::new(US).unwrap();
    let role = |id: &str, position: u64, permissions: u64| json!({ "id": id, "position": position, "permissions": permissions.to_string() });
    let guild = json!({
        "id": GUILD.to_string(), "owner_id": OWNER.to_string(), "member_count": 9,
        "roles": [
            role(&GUILD.to_string(), 0, 2_048),
            role("20", 5, bot_permissions),
            role("30", 3, MODERATES),
            role("40", 7, MODERATES),
            role("50", 1, 1 << 3),
        ],
        "members": [{ "user": { "id": US.to_string() }, "roles": ["20"] }],
    });
    house.edge.guilds.put(serde_json::from_value(guild).unwrap(), us, 0);
}

async fn moderated() -> House {
    let house = House::new().await;
    community(&house, MODERATES);
    house
}

fn bob(house: &House) -> Member<'_> {
    Member { permissions: MODERATES, roles: &["30"], ..house.member(BOB) }
}

fn zoe(house: &House) -> Member<'_> {
    Member { permissions: MODERATES, roles: &["30"], ..house.member(ZOE) }
}

/// Whom an option names, as Discord tells of them: with their roles, or as no member.
type Told<'a> = (u64, Option<&'a [&'a str]>);

const MEMBER: Option<&[&str]> = Some(&[]);

impl Member<'_> {
    fn asks(&self, path: &str, options: &[(&str, u8, Json)], told: &[Told<'_>]) -> (u64, Json) {
        // Nobody is a flood here.
        self.house.advance(11);
        let mut data = Self::command(path, options);
        let (mut users, mut members) = (json!({}), json!({}));
        for (user, roles) in told {
            users[user.to_string()] = json!({ "id": user.to_string() });
            if let Some(roles) = roles {
                members[user.to_string()] = json!({ "roles": roles });
            }
        }
        data["resolved"] = json!({ "users": users, "members": members });
        (self.house.id(), data)
    }

    /// A command that names people.
    async fn does(&self, path: &str, options: &[(&str, u8, Json)], told: &[Told<'_>]) -> Reply {
        let (id, data) = self.asks(path, options, told);
        self.reply(self.asked(id, 2, &data)).await
    }

    /// The same until the read models have what it is about.
    async fn until(
        &self,
        path: &str,
        options: &[(&str, u8, Json)],
        holds: impl Fn(&Reply) -> bool,
    ) -> Reply {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.does(path, options, &[]).await;
            if holds(&reply) {
                return reply;
            }
            assert!(Instant::now() < deadline, "{path} never came to that: {reply:?}");
            a_moment().await;
        }
    }
}

fn case(number: u32) -> (&'static str, u8, Json) {
    ("case", 4, json!(number))
}

fn yes(option: &'static str) -> (&'static str, u8, Json) {
    (option, 5, json!(true))
}

fn field(reply: &Reply, name: &str) -> String {
    let found = reply.fields.iter().find(|(known, _)| known == name);
    found.map_or_else(String::new, |(_, value)| value.clone())
}

async fn written(house: &House, category: &str) -> Vec<Recorded> {
    let mut events = house.node.log.read_guild(House::guild(), 0, 1_000).await.unwrap();
    events.retain(|event| event.stream.category() == category);
    events
}

/// What moderation decided, in order, each in short.
async fn decided(house: &House) -> Vec<String> {
    let events = written(house, Moderation::CAPABILITY).await;
    let short = |event: &Recorded| event.type_name.trim_start_matches("moderation.").to_owned();
    events.iter().map(short).collect()
}
