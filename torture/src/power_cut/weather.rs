//! How a crash treats what was not synced: drawn once per image, so that some images keep nothing,
//! some a clean prefix, and some a scatter of torn sectors.

use rand::{Rng, RngExt, seq::SliceRandom};

pub(super) const SECTOR_BYTES: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    pub survivors: Survivors,
    /// Whether surviving changes of a file are applied in random order.
    pub shuffled: bool,
    /// Whether holes hold stale bytes instead of zeros.
    pub stale_holes: bool,
}

/// Which of a file's unsynced changes reach the disk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Survivors {
    None,
    All,
    /// The first few, the next one torn: how far is drawn for each file.
    Prefix,
    /// Each on its own: kept, else torn, else dropped.
    Scattered {
        keep: f64,
        tear: f64,
    },
}

/// What becomes of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Dropped,
    /// Only the sectors marked `true` reach the disk. With `grown`, the file has the length it
    /// would have had.
    Torn {
        sectors: Vec<bool>,
        grown: bool,
    },
}

impl Weather {
    pub fn draw(rng: &mut impl Rng) -> Self {
        let survivors = match rng.random_range(0..8) {
            0 => Survivors::None,
            1 => Survivors::All,
            2..=4 => Survivors::Prefix,
            _ => Survivors::Scattered { keep: rng.random(), tear: rng.random() },
        };
        Self { survivors, shuffled: rng.random(), stale_holes: rng.random() }
    }

    /// Fates of `changes` pending changes of one file, and the order to apply them in.
    /// `sectors(i)` is how many sectors the i-th touches; none for one which cannot be torn.
    pub(super) fn fates(
        self,
        changes: usize,
        sectors: impl Fn(usize) -> usize,
        rng: &mut impl Rng,
    ) -> Vec<(usize, Fate)> {
        let torn_at = rng.random_range(0..=changes);
        let mut fates: Vec<_> = (0..changes)
            .map(|change| {
                let fate = match self.survivors {
                    Survivors::All => Fate::Kept,
                    Survivors::Prefix if change < torn_at => Fate::Kept,
                    Survivors::Prefix if change == torn_at => tear(sectors(change), rng),
                    Survivors::Scattered { keep, .. } if rng.random_bool(keep) => Fate::Kept,
                    Survivors::Scattered { tear: torn, .. } if rng.random_bool(torn) => {
                        tear(sectors(change), rng)
                    }
                    Survivors::None | Survivors::Prefix | Survivors::Scattered { .. } => {
                        Fate::Dropped
                    }
                };
                (change, fate)
            })
            .collect();
        if self.shuffled {
            fates.shuffle(rng);
        }
        fates
    }

    /// Which of the states a name may be in is found: the first is durable, the last the newest.
    pub(super) fn state(self, states: usize, rng: &mut impl Rng) -> usize {
        match self.survivors {
            Survivors::None => 0,
            Survivors::All => states - 1,
            Survivors::Prefix | Survivors::Scattered { .. } => rng.random_range(0..states),
        }
    }
}

fn tear(sectors: usize, rng: &mut impl Rng) -> Fate {
    let sectors: Vec<bool> = (0..sectors).map(|_| rng.random()).collect();
    if sectors.is_empty() { Fate::Dropped } else { Fate::Torn { sectors, grown: rng.random() } }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn given_many_draws_then_every_kind_of_weather_occurs() {
        let mut rng = StdRng::seed_from_u64(1);
        let drawn: Vec<_> = (0..200).map(|_| Weather::draw(&mut rng)).collect();
        for survivors in [Survivors::None, Survivors::All, Survivors::Prefix] {
            assert!(drawn.iter().any(|weather| weather.survivors == survivors), "{survivors:?}");
        }
        assert!(drawn.iter().any(|weather| weather.shuffled && !weather.stale_holes));
        assert!(drawn.iter().any(|weather| !weather.shuffled && weather.stale_holes));
    }

    #[test]
    fn given_prefix_weather_then_nothing_after_the_tear_survives() {
        let weather = Weather { survivors: Survivors::Prefix, shuffled: false, stale_holes: false };
        let mut tears = 0;
        for seed in 0..100 {
            let fates = weather.fates(5, |_| 8, &mut StdRng::seed_from_u64(seed));
            let kept = fates.iter().take_while(|(_, fate)| *fate == Fate::Kept).count();
            tears += usize::from(matches!(fates.get(kept), Some((_, Fate::Torn { .. }))));
            assert!(fates.iter().skip(kept + 1).all(|(_, fate)| *fate == Fate::Dropped));
        }
        assert!(tears > 50);
    }
}
