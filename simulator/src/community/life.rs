//! What happens in a community, day by day, out of a seed: people come, talk, give each other
//! things, quarrel, are raided, win prizes, and leave. A day needs no other day to be told, and the
//! same seed tells the same days.
//!
//! It says what people do, not which bot they do it with: whoever plays a day knows that.

mod fair;

use rand::{Rng, RngExt as _, SeedableRng as _, rngs::StdRng};

pub use self::fair::{Campaign, Gives, PATRON, SQUADS};
pub use super::character::{
    ADMIN, ANALYST, AUDITOR, Character, FEWEST_MEMBERS, MODERATORS, OWNER, Who,
};
use super::{
    character,
    talk::{self, HAUNTS},
};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// One raid in so many days, after the first week.
const RAID_EVERY: u32 = 40;
/// One quarrel in so many days.
const QUARREL_EVERY: u32 = 11;
/// The most that one person writes on one day.
const MOST_LINES: u32 = 40;

/// How much of it there should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub seed: u64,
    /// Everybody who will have been a member, beside the owner.
    pub members: usize,
    pub days: u32,
}

/// Something that somebody does.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Joins,
    Leaves,
    Says {
        channel: &'static str,
        text: String,
    },
    /// To the newest message of a channel.
    Reacts {
        channel: &'static str,
        emoji: &'static str,
    },
    EntersVoice {
        channel: &'static str,
    },
    LeavesVoice,
    /// Gives somebody some of the community's currency.
    Gives {
        to: Who,
        amount: i64,
        why: &'static str,
    },
    /// Asks for the reward of the day.
    TakesDaily,
    /// Looks up what somebody has; themselves where nobody is named.
    LooksUp {
        whom: Option<Who>,
    },
    ReadsBoard,
    ReadsHistory,
    AsksForRoles,
    Decides(Decision),
    /// Gives somebody a role of the server's, and places it above that of the regulars.
    Appoints {
        whom: Who,
        role: &'static str,
    },
    /// Has it put on record, as a warning.
    Warns {
        whom: Who,
        reason: &'static str,
    },
    /// Leaves word about somebody for the other moderators.
    Notes {
        whom: Who,
        text: &'static str,
    },
    TimesOut {
        whom: Who,
        secs: u64,
        reason: &'static str,
    },
    Bans {
        whom: Who,
        reason: &'static str,
    },
    /// Offers a prize that is drawn among who enters.
    OffersPrize {
        prize: &'static str,
        winners: u32,
        hours: u64,
        claim_hours: u64,
    },
    EntersFor {
        prize: &'static str,
    },
    WithdrawsFrom {
        prize: &'static str,
    },
    /// It is time: what follows from it follows now.
    AwaitsDraw {
        prize: &'static str,
    },
    /// Whoever was drawn comes for it.
    SeesPrizeClaimed {
        prize: &'static str,
    },
    MakesCode(Campaign),
    Redeems {
        code: String,
    },
    /// Joins a squad, or changes to it.
    JoinsSquad {
        squad: &'static str,
    },
    MakesPatron {
        whom: Who,
        days: u32,
    },
}

/// What an owner decides for the community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// What a day is rewarded with.
    DailyAmount(u32),
    /// How long one waits between two gifts.
    GiftPause {
        secs: u32,
    },
    /// The most that one gift may be.
    LargestGift(u32),
    /// Roles for whoever was given so much.
    RolesFor(&'static [(u32, &'static str)]),
    /// Who has this role may offer prizes.
    HostsAre(&'static str),
    /// Who has this role may read everything.
    AuditorsAre(&'static str),
    /// Who has this role may look at numbers.
    AnalystsAre(&'static str),
    /// A role that is held for a time, and adds so much to each day's reward.
    Tier {
        role: &'static str,
        bonus: u32,
    },
    Squad {
        name: &'static str,
        about: &'static str,
    },
}

/// A deed at its time of the day.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Since midnight.
    pub ms: u64,
    pub who: Who,
    pub deed: Deed,
}

/// Roles of the server's for whoever looks through the books, and whoever counts.
pub const AUDITORS: &str = "Auditor";
pub const ANALYSTS: &str = "Analyst";
/// The roles that gifts earn.
pub const EARNED_ROLES: &[(u32, &str)] = &[(50, "Neighbour"), (250, "Pillar"), (1_000, "Beloved")];

#[derive(Clone, Debug)]
pub struct Life {
    pub extent: Extent,
    /// Everybody who is ever here.
    pub cast: Vec<Character>,
    raids: Vec<u32>,
}

impl Life {
    pub fn new(extent: Extent) -> Self {
        let mut dice = StdRng::seed_from_u64(extent.seed.rotate_left(17));
        let weeks = (7..extent.days).step_by(RAID_EVERY as usize);
        let raids = weeks.map(|from| from + dice.random_range(0..RAID_EVERY / 2));
        let raids: Vec<_> = raids.filter(|day| *day < extent.days).collect();
        let cast = character::cast(extent.seed, extent.members, extent.days, &raids);
        Self { extent, cast, raids }
    }

    /// How many are there when the community is founded, beside the owner.
    pub fn founders(&self) -> usize {
        character::founders(self.extent.members)
    }

    /// What happens on a day, in order of time. Days go on behind the extent, without raids and
    /// without anybody who comes or leaves. `weekday` 0 is a Monday.
    pub fn day(&self, day: u32, weekday: u32) -> Vec<Moment> {
        let seed = self.extent.seed ^ u64::from(day + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut told = Day {
            life: self,
            number: day,
            weekend: weekday % 7 >= 5,
            dice: StdRng::seed_from_u64(seed),
            moments: Vec::new(),
        };
        told.everybody();
        told.owner();
        told.fair(weekday % 7);
        if day > 3 && told.dice.random_range(0..QUARREL_EVERY) == 0 {
            told.quarrel();
        }
        if self.raids.contains(&day) {
            told.raid();
        }
        let mut moments = told.moments;
        moments.sort_by_key(|moment| moment.ms);
        moments
    }
}

struct Day<'a> {
    life: &'a Life,
    number: u32,
    weekend: bool,
    dice: StdRng,
    moments: Vec<Moment>,
}

impl Day<'_> {
    fn add(&mut self, ms: u64, who: Who, deed: Deed) {
        self.moments.push(Moment { ms: ms.min(DAY_MS - 1), who, deed });
    }

    fn here(&self) -> Vec<Who> {
        let here = self.life.cast.iter().enumerate().skip(1);
        let here = here.filter(|(_, one)| !one.is_raider && one.is_here(self.number));
        // Who comes or leaves today is left out of what needs two.
        here.filter(|(_, one)| {
            (one.comes < self.number || one.comes == 0) && one.leaves != Some(self.number)
        })
        .map(|(who, _)| who)
        .collect()
    }

    fn everybody(&mut self) {
        let life = self.life;
        let here = self.here();
        for (who, one) in life.cast.iter().enumerate() {
            if one.is_raider || !one.is_here(self.number) {
                continue;
            }
            let new = one.comes == self.number && self.number > 0;
            let leaves = one.leaves == Some(self.number);
            let mood = if self.weekend { 1.2 } else { 1.0 };
            let is_there = self.dice.random::<f64>() < (one.presence * mood).min(0.99);
            if !new && !leaves && !is_there {
                continue;
            }
            let mut ms = self.wakes(one);
            if new {
                self.add(ms, who, Deed::Joins);
                ms += 60_000;
                let text = format!("hello, I am {}", one.display);
                self.add(ms, who, Deed::Says { channel: "introductions", text });
            }
            if is_there || new {
                ms = self.talks(who, one, ms);
                if who != OWNER {
                    ms = self.asks(who, one, ms, &here);
                }
                self.voice(who, one);
            }
            if leaves {
                self.add(ms + 120_000, who, Deed::Leaves);
            }
        }
    }

    /// When somebody comes to the screen.
    fn wakes(&mut self, one: &Character) -> u64 {
        let later = if self.weekend { 1.0 } else { 0.0 };
        let spread = self.dice.random_range(-3.0..3.0_f64);
        let hour = (one.hour + later + spread).clamp(0.1, 23.2);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a time of the day is small and over zero"
        )]
        let ms = (hour * HOUR_MS as f64) as u64;
        ms
    }

    fn talks(&mut self, who: Who, one: &Character, mut ms: u64) -> u64 {
        let haunt = HAUNTS[one.haunt % HAUNTS.len()];
        let mut lines = 1;
        while lines < MOST_LINES && self.dice.random::<f64>() < 1.0 - 1.0 / one.chatter {
            lines += 1;
        }
        for line in 0..lines {
            let away = self.dice.random_range(0..10) < 3;
            let channel =
                if away { HAUNTS[self.dice.random_range(0..HAUNTS.len())] } else { haunt };
            let text = if line == 0 && self.dice.random_range(0..3) == 0 {
                talk::greeting(&mut self.dice).to_owned()
            } else {
                talk::line(&mut self.dice, channel)
            };
            self.add(ms, who, Deed::Says { channel, text });
            ms += self.dice.random_range(8_000..420_000);
            if self.dice.random_range(0..12) == 0 {
                let emoji = talk::emoji(&mut self.dice);
                self.add(ms, who, Deed::Reacts { channel, emoji });
                ms += 5_000;
            }
        }
        ms
    }

    /// What they want of the bot.
    fn asks(&mut self, who: Who, one: &Character, mut ms: u64, here: &[Who]) -> u64 {
        let mut now = |dice: &mut StdRng| {
            ms += dice.random_range(20_000..240_000);
            ms
        };
        if self.dice.random::<f64>() < one.generosity
            && let Some(to) = another(&mut self.dice, here, who)
        {
            let amount = gift(&mut self.dice);
            let why = talk::thanks(&mut self.dice);
            let at = now(&mut self.dice);
            self.add(at, who, Deed::Gives { to, amount, why });
        }
        if self.dice.random::<f64>() < one.curiosity {
            let whom = self.dice.random_bool(0.25).then(|| another(&mut self.dice, here, who));
            let deed = match self.dice.random_range(0..10) {
                0 | 1 => Deed::ReadsBoard,
                2 | 3 => Deed::ReadsHistory,
                4 => Deed::AsksForRoles,
                5 | 6 => Deed::TakesDaily,
                _ => Deed::LooksUp { whom: whom.flatten() },
            };
            let at = now(&mut self.dice);
            self.add(at, who, deed);
        }
        ms
    }

    fn voice(&mut self, who: Who, one: &Character) {
        if self.dice.random::<f64>() >= one.voice {
            return;
        }
        let channel = if self.dice.random_bool(0.7) { "Fireside" } else { "Workbench" };
        let from = 19 * HOUR_MS + self.dice.random_range(0..3 * HOUR_MS);
        let until = from + self.dice.random_range(HOUR_MS / 4..2 * HOUR_MS);
        self.add(from, who, Deed::EntersVoice { channel });
        self.add(until, who, Deed::LeavesVoice);
    }

    fn owner(&mut self) {
        let decisions: &[Decision] = match self.number {
            0 => &[
                Decision::DailyAmount(10),
                Decision::GiftPause { secs: 600 },
                Decision::AuditorsAre(AUDITORS),
                Decision::AnalystsAre(ANALYSTS),
            ],
            1 => &[Decision::RolesFor(EARNED_ROLES)],
            21 => &[Decision::LargestGift(500)],
            45 => &[Decision::DailyAmount(12)],
            70 => &[Decision::GiftPause { secs: 300 }],
            _ => &[],
        };
        for (decision, later) in decisions.iter().zip(0..) {
            let at = 5 * HOUR_MS / 100 + later * 60_000;
            self.add(at, OWNER, Deed::Decides(decision.clone()));
        }
        if self.number == 0 {
            for (whom, role) in [(AUDITOR, AUDITORS), (ANALYST, ANALYSTS)] {
                self.add(HOUR_MS / 2, OWNER, Deed::Appoints { whom, role });
            }
        }
    }

    /// Two quarrel: a moderator warns both, and sends one of them out for a while.
    fn quarrel(&mut self) {
        let here: Vec<_> = self.here().into_iter().filter(|who| *who > MODERATORS[1]).collect();
        let Some(one) = another(&mut self.dice, &here, OWNER) else { return };
        let Some(other) = another(&mut self.dice, &here, one) else { return };
        let mut ms = 20 * HOUR_MS + self.dice.random_range(0..HOUR_MS);
        for line in 0..self.dice.random_range(8..16) {
            let text = talk::quarrel(&mut self.dice).to_owned();
            let who = if line % 2 == 0 { one } else { other };
            self.add(ms, who, Deed::Says { channel: "general", text });
            ms += self.dice.random_range(4_000..25_000);
        }
        let by = MODERATORS[self.dice.random_range(0..MODERATORS.len())];
        let text = "that is enough, both of you. Take a walk.".to_owned();
        self.add(ms, by, Deed::Says { channel: "general", text });
        for (whom, later) in [(one, 10_000), (other, 15_000)] {
            self.add(ms + later, by, Deed::Warns { whom, reason: "quarrelling in general" });
        }
        let out = Deed::TimesOut { whom: other, secs: 600, reason: "quarrelling in general" };
        self.add(ms + 20_000, by, out);
        let text = "It began with a misunderstanding. Be kind when they come back.";
        self.add(ms + 90_000, by, Deed::Notes { whom: other, text });
    }

    /// Strangers come together, shout, and are thrown out.
    fn raid(&mut self) {
        let raiders = self.life.cast.iter().enumerate();
        let raiders = raiders.filter(|(_, one)| one.is_raider && one.comes == self.number);
        let raiders: Vec<_> = raiders.map(|(who, _)| who).collect();
        let begins = 14 * HOUR_MS + self.dice.random_range(0..4 * HOUR_MS);
        for who in &raiders {
            let mut ms = begins + self.dice.random_range(0..180_000);
            self.add(ms, *who, Deed::Joins);
            for _ in 0..self.dice.random_range(3..9) {
                ms += self.dice.random_range(2_000..20_000);
                let text = talk::raid(&mut self.dice).to_owned();
                let channel = HAUNTS[self.dice.random_range(0..HAUNTS.len())];
                self.add(ms, *who, Deed::Says { channel, text });
            }
        }
        for (place, whom) in (1..).zip(raiders) {
            let ms = begins + 8 * 60_000 + place * 7_000;
            self.add(ms, MODERATORS[0], Deed::Bans { whom, reason: "raid" });
        }
    }
}

/// Somebody else than this one.
fn another(dice: &mut impl Rng, of: &[Who], than: Who) -> Option<Who> {
    let others: Vec<_> = of.iter().copied().filter(|who| *who != than).collect();
    (!others.is_empty()).then(|| others[dice.random_range(0..others.len())])
}

/// Mostly little; once in a while more than anybody has.
fn gift(dice: &mut impl Rng) -> i64 {
    const AMOUNTS: [i64; 16] = [5, 5, 5, 10, 10, 10, 10, 15, 15, 20, 20, 25, 30, 50, 80, 2_500];
    AMOUNTS[dice.random_range(0..AMOUNTS.len())]
}
