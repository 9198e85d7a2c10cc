//! What may happen at the same time. A day is cut into waves: what is in one wave concerns different
//! people, so that whatever comes first there, it comes to the same.

use std::collections::HashSet;

use simulator::community::life::{Deed, Moment, Who};

/// Deeds of a wave that the bot has to answer or to pay for.
const MOST_ASKING: usize = 64;
/// Deeds of a wave.
const MOST: usize = 512;
/// From the first deed of a wave to its last, which all happen at the last one's time.
const SPAN_MS: u64 = 600_000;

/// Cuts a day into waves.
pub fn waves(day: Vec<Moment>) -> Vec<Vec<Moment>> {
    let mut waves = Vec::new();
    let mut wave = Wave::default();
    // Those whose first message of the day has been dealt with.
    let mut settled = HashSet::new();
    for moment in day {
        let concerned = concerned(&moment, &settled);
        if !wave.takes(&moment, &concerned) {
            settled.extend(wave.spoke.drain());
            waves.push(std::mem::take(&mut wave).moments);
        }
        if matches!(moment.deed, Deed::Says { .. }) {
            wave.spoke.insert(moment.who);
        }
        wave.concerned.extend(concerned);
        wave.moments.push(moment);
    }
    if !wave.moments.is_empty() {
        waves.push(wave.moments);
    }
    waves
}

#[derive(Default)]
struct Wave {
    moments: Vec<Moment>,
    concerned: HashSet<Who>,
    spoke: HashSet<Who>,
}

impl Wave {
    fn takes(&self, moment: &Moment, concerned: &[Who]) -> bool {
        let Some(first) = self.moments.first() else { return true };
        !is_alone(moment)
            && !is_alone(first)
            && self.moments.len() < MOST
            && self.concerned.len() + concerned.len() <= MOST_ASKING
            && moment.ms - first.ms <= SPAN_MS
            && !concerned.iter().any(|who| self.concerned.contains(who))
    }
}

/// Whose affairs a deed changes.
fn concerned(moment: &Moment, settled: &HashSet<Who>) -> Vec<Who> {
    match &moment.deed {
        // The first message of a day is paid for; the others change nothing.
        Deed::Says { .. } if settled.contains(&moment.who) => Vec::new(),
        Deed::Reacts { .. } => Vec::new(),
        Deed::Gives { to, .. } => vec![moment.who, *to],
        Deed::LooksUp { whom: Some(whom) }
        | Deed::Warns { whom, .. }
        | Deed::Notes { whom, .. }
        | Deed::TimesOut { whom, .. }
        | Deed::Bans { whom, .. }
        | Deed::Appoints { whom, .. }
        | Deed::MakesPatron { whom, .. } => vec![moment.who, *whom],
        _ => vec![moment.who],
    }
}

/// What everybody is concerned by, or waits for.
const fn is_alone(moment: &Moment) -> bool {
    matches!(
        moment.deed,
        Deed::Decides(_)
            | Deed::OffersPrize { .. }
            | Deed::AwaitsDraw { .. }
            | Deed::SeesPrizeClaimed { .. }
            | Deed::MakesCode(_)
    )
}

/// Whether what is due by now must have happened before.
pub const fn awaits(moment: &Moment) -> bool {
    matches!(moment.deed, Deed::AwaitsDraw { .. } | Deed::SeesPrizeClaimed { .. })
}

/// Whether the bot goes on with a wave after it has answered: what it pays, gives and posts then is
/// there before the next one.
pub fn lasts(wave: &[Moment]) -> bool {
    let lasts = |moment: &Moment| {
        matches!(
            moment.deed,
            Deed::OffersPrize { .. }
                | Deed::EntersFor { .. }
                | Deed::WithdrawsFrom { .. }
                | Deed::AwaitsDraw { .. }
                | Deed::SeesPrizeClaimed { .. }
                | Deed::Redeems { .. }
                | Deed::JoinsSquad { .. }
                | Deed::MakesPatron { .. }
                | Deed::Warns { .. }
        )
    };
    wave.iter().any(lasts)
}

/// Whether the bot has to do something because of a wave that it does not answer.
pub fn pays(wave: &[Moment]) -> bool {
    wave.iter().any(|moment| matches!(moment.deed, Deed::Says { .. }))
}

#[cfg(test)]
mod tests {
    use simulator::community::life::{Extent, Life};

    use super::*;

    #[test]
    fn given_a_day_then_no_wave_concerns_anybody_twice_and_nothing_is_lost() {
        let life = Life::new(Extent { seed: 5, members: 200, days: 60 });
        for day in [0, 1, 17, 59] {
            let moments = life.day(day, day % 7);
            let waves = waves(moments.clone());
            assert!(waves.len() < moments.len());
            let mut settled = HashSet::new();
            for wave in &waves {
                let mut seen = HashSet::new();
                for moment in wave {
                    for who in concerned(moment, &settled) {
                        assert!(seen.insert(who), "day {day}: {who} twice in {wave:?}");
                    }
                }
                let spoke = wave.iter().filter(|one| matches!(one.deed, Deed::Says { .. }));
                settled.extend(spoke.map(|one| one.who));
                assert!(wave.len() <= MOST && seen.len() <= MOST_ASKING);
            }
            assert_eq!(waves.concat(), moments);
        }
    }
}
