//! The community of the storm: who does what in it, and what there is to do.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;
use simulator::{
    Id, Permissions, Sim, given,
    people::{Filled, Person},
};

use super::record::Deed;
use crate::{
    cli::bench::{
        Failed,
        town::Town,
        wire::{Place, refused},
    },
    discord::reply::Tone,
};

/// Members who do something at the same time.
pub(super) const SEATS: usize = 20;
/// Who take such a seat in turns: nobody may ask more often than the gate allows.
pub(super) const TURNS: usize = 20;
pub(super) const WARNING_SEATS: usize = 3;
pub(super) const WARNING_TURNS: usize = 10;
/// Giveaways that run at the same time.
pub(super) const PRIZE_SEATS: usize = 4;
/// Who are warned, and do nothing else: some of them are kicked for it.
const TARGETS: usize = 120;
/// Who may do everything, and take turns with it.
const COUNCIL: usize = 16;
pub(super) const SQUADS: [&str; 3] = ["Red", "Blue", "Green"];
/// Which warning leads to what.
pub(super) const LADDER: [u32; 3] = [2, 4, 6];
const SETTINGS: [(&str, &str); 3] = [
    ("moderation.ladder", "2:timeout:1d, 4:timeout:2d, 6:kick:0s"),
    ("squads.switch_cost", "3"),
    ("economy.starting_balance", "1000"),
];
/// Of the newest codes so many are redeemed.
const NEWEST_CODES: usize = 3;

pub(super) struct Scene {
    pub sim: Sim,
    pub owner: Person,
    pub town: Town,
    pub guild: Id,
    /// Where giveaways are, and where cases are posted.
    pub prizes: Id,
    pub log: Id,
    pub moderators: Vec<Person>,
    pub targets: Vec<Person>,
    pub council: Vec<Person>,
    pub codes: Mutex<Vec<String>>,
    /// What somebody was told was done.
    pub done: Mutex<HashSet<Deed>>,
    /// The bot has more to do in Discord than it gets done between two kills.
    pub busy: AtomicBool,
}

impl Scene {
    pub fn found(place: &Place) -> Result<Self, Failed> {
        let others = COUNCIL + WARNING_SEATS * WARNING_TURNS + TARGETS;
        let members = SEATS * TURNS + others + 2;
        let ground = place.sim.ground(place.application, 1, members).map_err(refused)?;
        let guild = ground.guilds[0];
        let mut town = Town::found(place, guild)?;
        let council: Vec<_> = town.people.drain(..COUNCIL).collect();
        let moderators: Vec<_> = town.people.drain(..WARNING_SEATS * WARNING_TURNS).collect();
        let targets: Vec<_> = town.people.drain(..TARGETS).collect();
        let owner = town.owner.clone();
        let (prizes, log) = (owner.makes_channel("prizes")?, owner.makes_channel("cases")?);
        let admin = owner.makes_role("Council", Permissions::ADMINISTRATOR)?;
        let moderator = owner.makes_role("Moderators", Permissions::MODERATE_MEMBERS)?;
        for (people, role) in [(&council, admin), (&moderators, moderator)] {
            for person in people {
                owner.gives_role(person, role)?;
            }
        }
        for squad in SQUADS {
            owner.makes_role(squad, Permissions::NONE)?;
        }
        town.raise_bot(place)?;
        Ok(Self {
            sim: place.sim.clone(),
            owner,
            town,
            guild,
            prizes,
            log,
            moderators,
            targets,
            council,
            codes: Mutex::default(),
            done: Mutex::default(),
            busy: AtomicBool::new(false),
        })
    }

    /// Everything there is to do is there.
    pub async fn settle(&self, place: &Place) -> Result<(), Failed> {
        self.town.settle(place).await?;
        let log = format!("<#{}>", self.log);
        let settings = SETTINGS.into_iter().chain([("moderation.log_channel", log.as_str())]);
        for (turn, (setting, value)) in settings.enumerate() {
            self.bids(turn, "/settings set", given! { setting: setting, value: value }).await?;
        }
        for (turn, squad) in SQUADS.into_iter().enumerate() {
            self.bids(turn, "/squads create", given! { name: squad, role: squad }).await?;
        }
        Ok(())
    }

    /// Somebody of the council says how it is to be.
    async fn bids(&self, turn: usize, command: &str, given: Filled) -> Result<(), Failed> {
        let answer = self.council[turn].uses(self.town.channel, command, given).await?;
        if answer.embeds().iter().any(|embed| embed["color"] == Tone::Bad.colour()) {
            return Err(format!("{command} was refused: {}", answer.all_text()).into());
        }
        Ok(())
    }

    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// One of the newest codes.
    pub fn a_code(&self, number: usize) -> Option<String> {
        let codes = self.codes.lock();
        let newest = codes.len().saturating_sub(NEWEST_CODES);
        let newest = &codes[newest..];
        newest.get(number % newest.len().max(1)).cloned()
    }
}
