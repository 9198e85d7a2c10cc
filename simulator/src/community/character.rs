//! Who lives in a community, and how they are: how often they are there and at what hours, how much
//! they talk, what they give, when they came and when they leave.

use rand::{Rng, RngExt as _, SeedableRng as _, rngs::StdRng};

use super::name;

/// Of those who will ever be here, so many of a hundred are here from the beginning.
const FOUNDERS_OF_100: usize = 40;
/// Of a hundred members, so many leave again one day.
const LEAVERS_OF_100: u32 = 12;
/// Members that a community needs: its admin, two moderators, and somebody to look after.
pub const FEWEST_MEMBERS: usize = 5;
/// The first members are its admin and its moderators; they stay.
const STAFF: usize = 3;
const RAIDERS: usize = 9;

/// A number in the cast. The owner is the first.
pub type Who = usize;

pub const OWNER: Who = 0;
pub const ADMIN: Who = 1;
pub const MODERATORS: [Who; 2] = [2, 3];
/// Whom the owner has look through the books, and count. They stay, too.
pub const AUDITOR: Who = 4;
pub const ANALYST: Who = 5;

#[derive(Clone, Debug, PartialEq)]
pub struct Character {
    pub username: String,
    pub display: String,
    /// The day on which they come; on day 0 they are here already.
    pub comes: u32,
    /// The day on which they leave, where they ever do.
    pub leaves: Option<u32>,
    pub is_raider: bool,
    /// How likely they are there on a day.
    pub presence: f64,
    /// How many messages they write on a day, about.
    pub chatter: f64,
    /// The hour around which they are awake and here.
    pub hour: f64,
    /// How likely they give somebody something on a day on which they are here.
    pub generosity: f64,
    /// How likely they look something up.
    pub curiosity: f64,
    /// How likely they are in a voice channel in the evening.
    pub voice: f64,
    /// Where they mostly write.
    pub haunt: usize,
}

impl Character {
    fn of(seed: u64, place: usize, comes: u32) -> Self {
        let dice = &mut StdRng::seed_from_u64(seed ^ (place as u64 + 1).wrapping_mul(0x9e37_79b9));
        let (username, display) = name(seed, place);
        // A few are here all the time, most once in a while.
        let zeal: f64 = dice.random::<f64>().powi(2);
        let hour = match dice.random_range(0..10) {
            0 | 1 => 8.5,
            2 | 3 => 13.0,
            9 => 23.0,
            _ => 19.5,
        };
        Self {
            username,
            display,
            comes,
            leaves: None,
            is_raider: false,
            presence: 0.15 + 0.8 * zeal,
            chatter: 1.2 + 9.0 * zeal * dice.random::<f64>(),
            hour: hour + dice.random_range(-1.5..1.5),
            generosity: 0.4 * dice.random::<f64>().powi(2),
            curiosity: 0.25 * dice.random::<f64>(),
            voice: 0.25 * dice.random::<f64>().powi(3),
            haunt: dice.random_range(0..usize::MAX),
        }
    }

    pub fn is_here(&self, day: u32) -> bool {
        self.comes <= day && self.leaves.is_none_or(|leaves| day <= leaves)
    }
}

/// How many of so many members found the community.
pub fn founders(members: usize) -> usize {
    (members * FOUNDERS_OF_100 / 100).max(FEWEST_MEMBERS.min(members))
}

/// Everybody who will ever be here: the owner, the founders, those who come later, and last those
/// who come to disturb.
pub fn cast(seed: u64, members: usize, days: u32, raids: &[u32]) -> Vec<Character> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut owner = Character::of(seed, usize::MAX / 2, 0);
    (owner.username, owner.display) = ("astrid".to_owned(), "Astrid".to_owned());
    (owner.presence, owner.chatter) = (0.9, 5.0);
    let mut cast = vec![owner];
    let founders = founders(members);
    for place in 0..members {
        let comes = if place < founders { 0 } else { coming(&mut dice, days) };
        let mut one = Character::of(seed, place, comes);
        if place < STAFF {
            (one.presence, one.chatter) = (one.presence.max(0.8), one.chatter.max(4.0));
        } else if dice.random_range(0..100) < LEAVERS_OF_100 && comes + 2 < days {
            one.leaves = Some(dice.random_range(comes + 1..days));
        }
        if [AUDITOR, ANALYST].contains(&cast.len()) {
            one.leaves = None;
        }
        cast.push(one);
    }
    for (number, day) in raids.iter().enumerate() {
        for place in 0..RAIDERS.min(members) {
            let mut raider = Character::of(seed, usize::MAX / 4 + number * RAIDERS + place, *day);
            raider.username = format!("free_gifts_{}{place}", number + 1);
            "FREE GIFTS".clone_into(&mut raider.display);
            (raider.is_raider, raider.leaves) = (true, Some(*day));
            cast.push(raider);
        }
    }
    cast
}

/// The day on which somebody comes: any but the first, most in the first half.
fn coming(dice: &mut impl Rng, days: u32) -> u32 {
    let last = f64::from(days.saturating_sub(1).max(1));
    let share = dice.random::<f64>().powf(1.4);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days are small")]
    let day = (share * last).ceil() as u32;
    day.max(1)
}
