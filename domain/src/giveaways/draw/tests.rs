//! That the draw is fair, as far as numbers tell.

use super::*;
use uuid::Uuid;

fn id() -> GiveawayId {
    GiveawayId(Uuid::from_u128(7))
}

/// χ² over many draws with unequal weights: 9 degrees of freedom, beaten by chance once in a
/// million. (A million draws are left to the release build of the benchmark.)
#[test]
fn given_many_draws_then_everybody_wins_as_often_as_their_weight_says() {
    const DRAWS: u32 = 100_000;
    let weights = [1, 1, 2, 3, 5, 8, 13, 21, 34, 12];
    let mut wins = [0_u32; 10];
    let key = Digest::of(&[b"key"]);
    for k in 0..DRAWS {
        wins[pick(&key, id(), k, &weights).unwrap().place] += 1;
    }
    let total: u32 = weights.iter().sum();
    let chi: f64 = weights
        .iter()
        .zip(wins)
        .map(|(weight, wins)| {
            let expected = f64::from(DRAWS) * f64::from(*weight) / f64::from(total);
            (f64::from(wins) - expected).powi(2) / expected
        })
        .sum();
    assert!(chi < 45.1, "{chi}: {wins:?}");
}

#[test]
fn given_any_total_then_every_place_is_as_likely() {
    for total in [1, 2, 3, 7, 1_000, u64::MAX / 2 + 2, u64::MAX] {
        let below = fair_below(total);
        assert_eq!(below % u128::from(total), 0);
        assert!(below <= 1 << 64 && below > (1 << 63), "{total}: fewer than half are thrown away");
    }
}

#[test]
fn given_weights_then_each_covers_as_many_places() {
    let weights = [0, 2, 0, 3];
    let covered: Vec<_> = (0..5).map(|place| at(&weights, place)).collect();
    assert_eq!(covered, [Some(1), Some(1), Some(3), Some(3), Some(3)]);
    assert_eq!(at(&weights, 5), None);
    assert_eq!(pick(&Digest::of(&[]), id(), 0, &[0, 0]), None);
}

#[test]
fn given_another_message_or_root_or_seed_then_the_key_is_another() {
    let (root, seed) = (Digest::of(&[b"root"]), Digest::of(&[b"seed"]));
    let message = |id| MessageId::new(id).unwrap();
    let key = extract(message(1), &root, &seed);
    assert_ne!(key, extract(message(2), &root, &seed));
    assert_ne!(key, extract(message(1), &seed, &seed));
    assert_ne!(key, extract(message(1), &root, &root));
}
