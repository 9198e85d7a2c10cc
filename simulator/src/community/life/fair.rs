//! Prizes that are drawn, codes that are redeemed, squads and tiers: what a community does for the
//! fun of it. What somebody is up to (which squad, whether they like to enter) is theirs, and told
//! by the seed without any day before.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use super::{
    ADMIN, Character, DAY_MS, Day, Decision, Deed, HOUR_MS, Life, MODERATORS, OWNER, Who, another,
};

const MINUTE_MS: u64 = 60_000;
/// The role whose holders may offer prizes, and the role that is a tier.
const HOSTS: &str = "Moderator";
pub const PATRON: &str = "Patron";
const PATRON_BONUS: u32 = 3;
/// Every so-many-th prize is not claimed by who is drawn first.
const FORGOTTEN: u32 = 4;
/// So long a prize waits for its winner.
const CLAIM_HOURS: u64 = 1;
/// Of a hundred members so many like to enter, to redeem, to belong to a squad, to change it.
const PLAYERS: u32 = 45;
const REDEEMERS: u32 = 35;
const JOINERS: u32 = 55;
const RESTLESS: u32 = 12;
/// The day on which there are squads; the first join a day later.
const SQUADS_DAY: u32 = 2;
/// Somebody becomes a patron once in so many days.
const PATRON_EVERY: u32 = 9;

/// Name, and what it is about.
pub const SQUADS: [(&str, &str); 3] = [
    ("Herons", "Early, patient, at the water"),
    ("Foxes", "Late, quick, at the fire"),
    ("Badgers", "Whenever, thorough, under the table"),
];
const PRIZES: [(&str, u32); 10] = [
    ("A month of Nitro", 1),
    ("The hand-carved heron", 1),
    ("Seeds for a windowsill", 3),
    ("A pot of Ines' plum jam", 2),
    ("Two tickets for the tram museum", 1),
    ("A portrait by one of our artists", 1),
    ("The old workbench lamp", 1),
    ("Stickers with the harbor on them", 4),
    ("A seat at the long table", 2),
    ("Naming the next voice channel", 1),
];
const CAMPAIGNS: [Campaign; 5] = [
    Campaign { day: 3, name: "Open workshop", code: "OPEN-WORKSHOP", gives: Gives::Bytes(15) },
    Campaign { day: 19, name: "Lantern walk", code: "LANTERN-WALK-26", gives: Gives::Bytes(25) },
    Campaign { day: 37, name: "Patrons' week", code: "PATRON-FOR-A-WEEK", gives: Gives::Patron(7) },
    Campaign { day: 54, name: "Harbor cleaning", code: "CLEAN-HARBOR-26", gives: Gives::Bytes(40) },
    Campaign { day: 73, name: "Soup evening", code: "SOUP-IS-A-DRINK", gives: Gives::Bytes(10) },
];

/// A code that everybody is told, and what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Campaign {
    pub day: u32,
    pub name: &'static str,
    pub code: &'static str,
    pub gives: Gives,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    Bytes(u32),
    /// Days as a patron.
    Patron(u32),
}

/// What somebody is up to, whatever the day.
struct Leaning {
    plays: bool,
    redeems: bool,
    squad: usize,
    /// On which days after [`SQUADS_DAY`] and their coming they join, and change.
    joins: Option<u32>,
    changes: Option<u32>,
}

impl Leaning {
    fn of(life: &Life, who: Who) -> Self {
        let seed = life.extent.seed.rotate_left(29) ^ (who as u64 + 7).wrapping_mul(0xd6e8_feb8);
        let mut dice = StdRng::seed_from_u64(seed);
        let mut one_of = |share: u32| dice.random_range(0..100) < share;
        let (plays, redeems) = (one_of(PLAYERS), one_of(REDEEMERS));
        let (joins, changes) = (one_of(JOINERS), one_of(RESTLESS));
        Self {
            plays,
            redeems,
            squad: dice.random_range(0..SQUADS.len()),
            joins: joins.then(|| dice.random_range(1..9)),
            changes: (joins && changes).then(|| dice.random_range(10..50)),
        }
    }

    /// The squad that this member goes to on this day.
    fn squad_on(&self, one: &Character, day: u32) -> Option<usize> {
        let since = day.checked_sub(one.comes.max(SQUADS_DAY))?;
        if self.joins == Some(since) {
            return Some(self.squad);
        }
        (self.changes == Some(since)).then_some((self.squad + 1) % SQUADS.len())
    }
}

impl Day<'_> {
    /// Everything of it that this day has.
    pub(super) fn fair(&mut self, weekday: u32) {
        self.beginnings();
        match weekday {
            2 => self.draw(12, 1, MODERATORS[0]),
            5 => self.draw(17, 2, OWNER),
            _ => {}
        }
        let today = self.number;
        for campaign in CAMPAIGNS.iter().filter(|campaign| campaign.day == today) {
            self.campaign(campaign);
        }
        if self.number > SQUADS_DAY {
            self.squads();
        }
        if self.number % PATRON_EVERY == 4 {
            let here = self.here();
            if let Some(whom) = another(&mut self.dice, &here, ADMIN) {
                self.add(9 * HOUR_MS, ADMIN, Deed::MakesPatron { whom, days: 30 });
            }
        }
    }

    fn beginnings(&mut self) {
        let at = HOUR_MS / 2;
        match self.number {
            1 => self.add(at, OWNER, Deed::Decides(Decision::HostsAre(HOSTS))),
            SQUADS_DAY => {
                let tier = Decision::Tier { role: PATRON, bonus: PATRON_BONUS };
                self.add(at, OWNER, Deed::Decides(tier));
                for ((name, about), later) in SQUADS.into_iter().zip(1..) {
                    let squad = Decision::Squad { name, about };
                    self.add(at + later * MINUTE_MS, OWNER, Deed::Decides(squad));
                }
            }
            _ => {}
        }
    }

    /// A prize is offered at this hour, for so many hours.
    fn draw(&mut self, hour: u64, hours: u64, host: Who) {
        if self.number == 0 {
            return;
        }
        let (prize, winners) = PRIZES[self.number as usize % PRIZES.len()];
        let (begins, ends) = (hour * HOUR_MS, (hour + hours) * HOUR_MS);
        let offer = Deed::OffersPrize { prize, winners, hours, claim_hours: CLAIM_HOURS };
        self.add(begins, host, offer);
        let mut here = self.here();
        here.retain(|who| Leaning::of(self.life, *who).plays && *who != host);
        here.shuffle(&mut self.dice);
        let some = here.len() * self.dice.random_range(50..90) / 100;
        let open = begins + 2 * MINUTE_MS..ends - 5 * MINUTE_MS;
        for who in here.into_iter().take(some) {
            let ms = self.dice.random_range(open.clone());
            self.add(ms, who, Deed::EntersFor { prize });
            if self.dice.random_range(0..25) == 0 {
                self.add(ms + MINUTE_MS, who, Deed::WithdrawsFrom { prize });
            }
        }
        // When it is drawn: nothing else happens at that moment.
        let mut drawn = ends + 1_000;
        self.add(drawn, host, Deed::AwaitsDraw { prize });
        if (self.number / 3).is_multiple_of(FORGOTTEN) {
            drawn += CLAIM_HOURS * HOUR_MS + MINUTE_MS;
            self.add(drawn, host, Deed::AwaitsDraw { prize });
        }
        self.add(drawn + 7 * MINUTE_MS, host, Deed::SeesPrizeClaimed { prize });
    }

    fn campaign(&mut self, campaign: &Campaign) {
        self.add(10 * HOUR_MS, ADMIN, Deed::MakesCode(*campaign));
        let text = format!("{} today! Everybody redeems {}", campaign.name, campaign.code);
        self.add(10 * HOUR_MS + MINUTE_MS, OWNER, Deed::Says { channel: "announcements", text });
        let here = self.here();
        for who in here.into_iter().filter(|who| Leaning::of(self.life, *who).redeems) {
            let ms = self.dice.random_range(10 * HOUR_MS + 5 * MINUTE_MS..DAY_MS - HOUR_MS);
            // Some do not read to the end.
            if self.dice.random_range(0..14) == 0 {
                let code = campaign.code.trim_end_matches(|letter| letter != '-');
                let code = format!("{code}TODAY");
                self.add(ms.saturating_sub(MINUTE_MS), who, Deed::Redeems { code });
            }
            self.add(ms, who, Deed::Redeems { code: campaign.code.to_owned() });
        }
    }

    fn squads(&mut self) {
        for who in self.here() {
            let one = &self.life.cast[who];
            let Some(squad) = Leaning::of(self.life, who).squad_on(one, self.number) else {
                continue;
            };
            let ms = self.wakes(one).saturating_add(self.dice.random_range(0..30 * MINUTE_MS));
            self.add(ms, who, Deed::JoinsSquad { squad: SQUADS[squad].0 });
        }
    }
}
