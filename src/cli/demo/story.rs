//! Who lives in the demo's community, and what they do: a script from a seed.

use actions::ActionError;
use domain::{
    Bytes, GuildId, IdempotencyKey, Timestamp, UserId,
    economy::{EconomySettings, StreakTier},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

pub(super) const DAYS: u16 = 70;
const DAY_SECS: i64 = 86_400;

pub(super) struct Story {
    pub guild: GuildId,
    pub members: Vec<Member>,
    /// In order of time.
    pub deeds: Vec<(Timestamp, Deed)>,
}

pub(super) struct Member {
    pub user: UserId,
    pub name: &'static str,
    /// How likely they say something on a given day, of 100.
    presence: u32,
    /// How likely they share when they have something, of 100.
    generous: u32,
}

pub(super) enum Deed {
    /// A message; `again_as` is the key of one that Discord delivers a second time.
    Speaks {
        user: UserId,
        again_as: Option<IdempotencyKey>,
    },
    Sends {
        from: UserId,
        to: UserId,
        amount: i64,
        reason: &'static str,
    },
    Rewards {
        to: UserId,
        amount: i64,
        reason: &'static str,
    },
    Fines {
        from: UserId,
        amount: i64,
        reason: &'static str,
    },
    ChangesSettings {
        to: EconomySettings,
    },
    /// Goes, and asks to be forgotten.
    Leaves {
        user: UserId,
    },
}

const PEOPLE: [(&str, u32, u32); 24] = [
    ("Maren", 100, 20),
    ("Tobi", 98, 15),
    ("Aiko", 96, 40),
    ("Ruben", 92, 5),
    ("Selma", 90, 55),
    ("Juno", 85, 10),
    ("Pavel", 80, 25),
    ("Ines", 78, 60),
    ("Caspar", 74, 8),
    ("Lotte", 70, 30),
    ("Emeka", 66, 35),
    ("Wren", 62, 12),
    ("Yusuf", 58, 45),
    ("Greta", 52, 18),
    ("Milo", 48, 22),
    ("Hana", 44, 28),
    ("Otis", 40, 6),
    ("Vera", 36, 14),
    ("Ansel", 30, 50),
    ("Dilek", 26, 20),
    ("Piet", 22, 10),
    ("Rosa", 16, 33),
    ("Kofi", 10, 40),
    ("Sten", 6, 0),
];

/// What people send each other; once in a while far too much.
const AMOUNTS: [i64; 20] =
    [5, 5, 5, 10, 10, 10, 15, 15, 20, 20, 25, 25, 30, 40, 40, 60, 60, 90, 120, 2_500];

const THANKS: [&str; 8] = [
    "for the help with my build script",
    "movie night snacks",
    "you were right about the tides",
    "lost the bet",
    "best meme of the week",
    "thanks for hosting",
    "for the soup recipe",
    "happy birthday!",
];
const PRIZES: [&str; 4] =
    ["won the drawing contest", "fixed the server icon", "ran the book club", "found the bug"];

impl Story {
    pub fn new(seed: u64, began: Timestamp, now: Timestamp) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let members: Vec<Member> = (0..)
            .zip(PEOPLE)
            .map(|(index, (name, presence, generous))| Member {
                user: snowflake(104_000_000_000_000_000 + index * 7_919_000_017),
                name,
                presence,
                generous,
            })
            .collect();
        let mut deeds = Vec::new();
        for day in 0..=i64::from(DAYS) {
            let midnight = began.plus_secs(day * DAY_SECS);
            days_of_members(&mut rng, &members, midnight, &mut deeds);
            days_of_the_admin(&mut rng, &members, day, midnight, &mut deeds);
        }
        deeds.retain(|(at, _)| *at <= now);
        deeds.sort_by_key(|(at, _)| *at);
        Self { guild: guild(), members, deeds }
    }

    /// A line for what is worth telling; most of a community's days are not.
    pub fn tell(
        &self,
        at: Timestamp,
        deed: &Deed,
        refused: Option<&ActionError>,
    ) -> Option<String> {
        let name = |user| self.member(user).map_or("somebody", |member| member.name);
        let day = at.utc_day();
        let what = match deed {
            Deed::Speaks { .. } => return None,
            Deed::Sends { from, to, amount, reason } => match refused {
                None if *amount < 60 => return None,
                _ => format!("{} sends {} {amount} bytes: \"{reason}\"", name(*from), name(*to)),
            },
            Deed::Rewards { to, amount, reason } => {
                format!("{} gets {amount} bytes: {reason}", name(*to))
            }
            Deed::Fines { from, amount, reason } => {
                format!("{} loses {amount} bytes: {reason}", name(*from))
            }
            Deed::ChangesSettings { .. } => "the admin softens the streak multipliers".to_owned(),
            Deed::Leaves { user } => format!("{} leaves and asks to be forgotten", name(*user)),
        };
        let refused =
            refused.map_or(String::new(), |error| format!("\n            refused: {error}"));
        Some(format!("{day}  {what}{refused}"))
    }
}

fn days_of_members(
    rng: &mut StdRng,
    members: &[Member],
    midnight: Timestamp,
    deeds: &mut Vec<(Timestamp, Deed)>,
) {
    for member in members {
        if rng.random_range(0..100) >= member.presence {
            continue;
        }
        let at = midnight.plus_secs(rng.random_range(6 * 3_600..22 * 3_600));
        let message = snowflake_key(member.user, at);
        deeds.push((at, Deed::Speaks { user: member.user, again_as: Some(message.clone()) }));
        if rng.random_range(0..100) < 12 {
            // Discord delivers it twice, as it does.
            let again = at.plus_secs(2);
            deeds.push((again, Deed::Speaks { user: member.user, again_as: Some(message) }));
        }
        if rng.random_range(0..100) < 70 {
            let later = at.plus_secs(rng.random_range(60..7_000));
            deeds.push((later, Deed::Speaks { user: member.user, again_as: None }));
        }
        if rng.random_range(0..100) < member.generous {
            let to = &members[rng.random_range(0..members.len())];
            let amount = AMOUNTS[rng.random_range(0..AMOUNTS.len())];
            let reason = THANKS[rng.random_range(0..THANKS.len())];
            let later = at.plus_secs(rng.random_range(30..3_000));
            deeds.push((later, Deed::Sends { from: member.user, to: to.user, amount, reason }));
        }
    }
}

fn days_of_the_admin(
    rng: &mut StdRng,
    members: &[Member],
    day: i64,
    midnight: Timestamp,
    deeds: &mut Vec<(Timestamp, Deed)>,
) {
    let noon = midnight.plus_secs(12 * 3_600);
    if day % 9 == 4 {
        let to = members[rng.random_range(1..members.len())].user;
        let reason = PRIZES[rng.random_range(0..PRIZES.len())];
        deeds.push((noon, Deed::Rewards { to, amount: 250, reason }));
    }
    if day == 25 {
        let from = members[3].user;
        deeds.push((noon, Deed::Fines { from, amount: 50, reason: "spoiled the finale" }));
    }
    if day == 40 {
        let tier = |from_days, name: &str, multiplier| StreakTier {
            from_days,
            name: name.to_owned(),
            multiplier,
        };
        let to = EconomySettings {
            daily_amount: Bytes(12),
            tiers: vec![
                tier(8, "CHAR", 2),
                tier(16, "SHORT", 4),
                tier(32, "INT", 8),
                tier(64, "LONG", 16),
            ],
            max_transfer: Bytes(2_000),
            transfer_cooldown_secs: 12 * 3_600,
            ..EconomySettings::default()
        };
        deeds.push((noon, Deed::ChangesSettings { to }));
    }
    if day == 58 {
        deeds.push((noon, Deed::Leaves { user: members[11].user }));
    }
}

fn snowflake_key(user: UserId, at: Timestamp) -> IdempotencyKey {
    IdempotencyKey::new(format!("message/{user}/{}", at.as_secs()))
        .unwrap_or_else(|_| unreachable!("two numbers are a short key without control characters"))
}

fn snowflake(raw: u64) -> UserId {
    UserId::new(raw).unwrap_or_else(|_| unreachable!("the demo's ids are in range"))
}

fn guild() -> GuildId {
    GuildId::new(1_107_318_246_137_131_070)
        .unwrap_or_else(|_| unreachable!("the demo's guild id is in range"))
}
