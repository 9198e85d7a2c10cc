//! Giveaways: made, entered and left by many at once, ended, and their prizes claimed or not.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use simulator::{Id, World, given, people::Person, world::message::Message};

use super::{
    record::{Deed, Told},
    scene::Scene,
};
use crate::cli::bench::Failed;

const ENTRANTS: usize = 12;
/// So long a giveaway may need to be posted, or it was never made.
const POSTED_WITHIN: Duration = Duration::from_secs(20);
/// Nobody is called any more who was not called for so long.
const CALLED_WITHIN: Duration = Duration::from_secs(15);
const TRIES: usize = 4;

/// Makes giveaways one after another, until it is over.
pub(super) async fn host(
    scene: Arc<Scene>,
    seat: usize,
    mut dice: StdRng,
    over: Arc<AtomicBool>,
) -> Result<Told, Failed> {
    let mut told = Told::default();
    for turn in 1.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let prize = format!("Prize {seat}-{turn}");
        one(&scene, &prize, &mut dice, &mut told).await?;
    }
    Ok(told)
}

async fn one(scene: &Scene, prize: &str, dice: &mut StdRng, told: &mut Told) -> Result<(), Failed> {
    let host = &scene.council[dice.random_range(0..scene.council.len())];
    let plan = given! {
        prize: prize, duration: "10s", winners: 2, claim: "5s", rerolls: 2,
        channel: scene.prizes,
    };
    let made = host.uses(scene.town.channel, "/giveaway create", plan).await;
    told.hears(scene, Deed::Giveaway, host.user, made)?;
    let channel = scene.prizes;
    let posted = |world: &World| {
        let messages = world.channels.get(&channel)?.messages.values();
        messages.rev().find(|message| title(message) == Some(prize)).map(|message| message.id)
    };
    let Ok(message) = scene.sim.until_within(POSTED_WITHIN, prize, posted).await else {
        return Ok(());
    };
    let people = &scene.town.people;
    let first = dice.random_range(0..people.len());
    let entrants = (0..ENTRANTS).map(|place| {
        let person = &people[(first + place) % people.len()];
        enters(scene, person, message, StdRng::seed_from_u64(dice.random()))
    });
    for one in join_all(entrants.collect::<Vec<_>>()).await {
        told.add(one?);
    }
    if dice.random_bool(0.5) {
        ends(scene, host, prize, told).await;
    }
    claims(scene, prize, dice, told).await
}

fn title(message: &Message) -> Option<&str> {
    message.embeds.first()?["title"].as_str()
}

/// Somebody enters, most of them with two clicks, and a few think again.
async fn enters(
    scene: &Scene,
    person: &Person,
    message: Id,
    mut dice: StdRng,
) -> Result<Told, Failed> {
    let mut told = Told::default();
    let enter = || person.presses(scene.prizes, message, "Enter");
    for answer in <[_; 2]>::from(tokio::join!(enter(), enter())) {
        told.hears(scene, Deed::Entry, person.user, answer)?;
    }
    if dice.random_bool(0.4) {
        let leave = person.presses(scene.prizes, message, "Leave").await;
        told.hears(scene, Deed::Leaving, person.user, leave)?;
        if dice.random_bool(0.5) {
            told.hears(scene, Deed::Entry, person.user, enter().await)?;
        }
    }
    Ok(told)
}

/// The host does not wait for the end.
async fn ends(scene: &Scene, host: &Person, prize: &str, told: &mut Told) {
    let (place, typed) = (scene.town.channel, given! { giveaway: prize });
    let choices = host.autocompletes(place, "/giveaway end", typed, "giveaway").await;
    let chosen = choices.ok().and_then(|choices| {
        choices.first().and_then(|choice| choice.value.as_str().map(ToOwned::to_owned))
    });
    if let Some(id) = chosen {
        let answer = host.uses(place, "/giveaway end", given! { giveaway: id }).await;
        told.came(answer);
    }
}

/// Most of those who are called claim, and they do not give up at once.
async fn claims(
    scene: &Scene,
    prize: &str,
    dice: &mut StdRng,
    told: &mut Told,
) -> Result<(), Failed> {
    let (channel, won) = (scene.prizes, format!("you have won **{prize}**!"));
    let mut called = HashSet::new();
    loop {
        let new = |world: &World| {
            let messages = world.channels.get(&channel)?.messages.values();
            let mut new = messages
                .filter(|message| message.content.contains(&won) && !called.contains(&message.id));
            new.next().map(|message| (message.id, message.mentions.first().copied()))
        };
        let Ok((message, who)) = scene.sim.until_within(CALLED_WITHIN, prize, new).await else {
            return Ok(());
        };
        called.insert(message);
        let Some(who) = who.filter(|_| dice.random_bool(0.7)) else { continue };
        let winner = scene.sim.person(scene.guild, who);
        for _ in 0..TRIES {
            let answer = winner.presses(channel, message, "Claim Prize").await;
            if told.hears(scene, Deed::Claim, who, answer)?.is_some() {
                // An earlier press may have been the one that counted.
                if let Some(seen) = told.seen.last_mut() {
                    seen.prize = Some(prize.to_owned());
                }
                break;
            }
        }
    }
}
