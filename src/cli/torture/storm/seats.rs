//! Members, moderators and who makes codes: each goes on and on until it is over.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::{RngExt as _, rngs::StdRng};
use simulator::{
    Permissions, given,
    people::{Answer, Person},
};

use super::{
    record::{Deed, Told},
    scene::{SEATS, SQUADS, Scene, TURNS, WARNING_SEATS, WARNING_TURNS},
};
use crate::cli::bench::Failed;

const MOST_AT_ONCE: i64 = 50;
/// A new campaign comes once in so long.
const CODE_EVERY: Duration = Duration::from_millis(700);
/// How long moderators wait while the bot has enough to do.
const PAUSE: Duration = Duration::from_millis(100);
/// Every second campaign gives a role of its own, as long as there is room for roles.
const MOST_BADGES: u32 = 150;

/// A seat whose people send bytes, redeem codes and change squads in turns.
pub(super) async fn member(
    scene: Arc<Scene>,
    seat: usize,
    mut dice: StdRng,
    over: Arc<AtomicBool>,
) -> Result<Told, Failed> {
    let mut told = Told::default();
    for turn in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let person = &scene.town.people[seat + SEATS * (turn % TURNS)];
        match dice.random_range(0..10) {
            // A transfer is done when it is answered.
            _ if scene.is_busy() => sends(&scene, person, &mut dice, &mut told).await?,
            0..4 => sends(&scene, person, &mut dice, &mut told).await?,
            4..7 => redeems(&scene, person, &mut dice, &mut told).await?,
            _ => moves(&scene, person, &mut dice, &mut told).await?,
        }
    }
    Ok(told)
}

async fn sends(
    scene: &Scene,
    from: &Person,
    dice: &mut StdRng,
    told: &mut Told,
) -> Result<(), Failed> {
    let people = &scene.town.people;
    let to = &people[dice.random_range(0..people.len())];
    if to.user == from.user {
        return Ok(());
    }
    let amount = dice.random_range(1..=MOST_AT_ONCE);
    let given = given! { user: to, amount: amount };
    let answer = from.uses(scene.town.channel, "/bytes send", given).await;
    if told.hears(scene, Deed::Transfer, from.user, answer)?.is_some()
        && let Some(seen) = told.seen.last_mut()
    {
        seen.gift = Some((to.user, amount));
    }
    Ok(())
}

async fn redeems(
    scene: &Scene,
    person: &Person,
    dice: &mut StdRng,
    told: &mut Told,
) -> Result<(), Failed> {
    let Some(code) = scene.a_code(dice.random_range(0..100)) else { return Ok(()) };
    let answer = person.uses(scene.town.channel, "/redeem", given! { code: code }).await;
    told.hears(scene, Deed::Redemption, person.user, answer).map(drop)
}

/// Joins a squad, or changes to another where it costs something.
async fn moves(
    scene: &Scene,
    person: &Person,
    dice: &mut StdRng,
    told: &mut Told,
) -> Result<(), Failed> {
    let choose = person.uses(scene.town.channel, "/squads join", Vec::new()).await;
    let Some(choose) = told.came(choose) else { return Ok(()) };
    let open: Vec<_> = choose.buttons().into_iter().map(|button| button.label).collect();
    let squads: Vec<_> =
        open.iter().filter(|label| SQUADS.iter().any(|squad| label.starts_with(squad))).collect();
    if squads.is_empty() {
        return Ok(());
    }
    let label = squads[dice.random_range(0..squads.len())];
    let Some(pressed) = told.came(choose.presses(label).await) else { return Ok(()) };
    if pressed.button("Confirm").is_none() {
        return told.hears(scene, Deed::Move, person.user, Ok(pressed)).map(drop);
    }
    // The question is what is known in the log, however often it is answered.
    let key = format!("confirmed/{}", pressed.interaction());
    let confirms = || pressed.presses("Confirm");
    let presses = <[_; 2]>::from(tokio::join!(confirms(), confirms()));
    let mut said: Vec<_> = presses.into_iter().filter_map(|press| told.came(press)).collect();
    // A press that was turned away tells nothing of the other one.
    if said.len() == 2 && said.iter().all(is_turned_away) {
        said.truncate(1);
    } else {
        said.retain(|answer| !is_turned_away(answer));
    }
    for text in said.iter().map(|answer| answer.all_text()) {
        if !text.contains("answered already") {
            told.reads(scene, Deed::Move, person.user, key.clone(), &text)?;
        }
    }
    Ok(())
}

fn is_turned_away(answer: &Answer) -> bool {
    answer.all_text().contains("too quickly")
}

/// A seat whose moderators warn and warn.
pub(super) async fn moderator(
    scene: Arc<Scene>,
    seat: usize,
    mut dice: StdRng,
    over: Arc<AtomicBool>,
) -> Result<Told, Failed> {
    let mut told = Told::default();
    for turn in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        if scene.is_busy() {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let by = &scene.moderators[seat + WARNING_SEATS * (turn % WARNING_TURNS)];
        let whom = &scene.targets[dice.random_range(0..scene.targets.len())];
        let given = given! { user: whom, reason: "storming" };
        let answer = by.uses(scene.town.channel, "/warn", given).await;
        told.hears(&scene, Deed::Warning, whom.user, answer)?;
    }
    Ok(told)
}

/// Makes one campaign after another: bytes for who is quick, roles for who is not late.
pub(super) async fn code_maker(
    scene: Arc<Scene>,
    mut dice: StdRng,
    over: Arc<AtomicBool>,
) -> Result<Told, Failed> {
    let mut told = Told::default();
    let mut badges = 0;
    for number in 1.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let code = format!("STORM-CODE-{number}");
        let uses = dice.random_range(5..40);
        let name = format!("Campaign {number}");
        let given = if number % 2 == 0 && badges < MOST_BADGES {
            badges += 1;
            let badge = scene.owner.makes_role(&format!("Badge {number}"), Permissions::NONE)?;
            given! { name: name, role: badge, code: code.as_str(), uses: uses }
        } else {
            given! { name: name, bytes: 7, code: code.as_str(), uses: uses, per_member: 2 }
        };
        let by = &scene.council[dice.random_range(0..scene.council.len())];
        let answer = by.uses(scene.town.channel, "/codes create", given).await;
        told.hears(&scene, Deed::Campaign, by.user, answer)?;
        // Also where nobody said that it is there: it may be.
        scene.codes.lock().push(code);
        tokio::time::sleep(CODE_EVERY).await;
    }
    Ok(told)
}
