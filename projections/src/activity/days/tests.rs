//! What is packed comes out again, and what is added is added.

use proptest::{collection::btree_map, prelude::*};

use super::*;

const DAY: i64 = 20_000;

fn rows() -> impl Strategy<Value = BTreeMap<Place, Did>> {
    let place = (0..SLOTS, 0..300_u32)
        .prop_map(|(slot, person)| (Slot(DAY * SLOTS + slot), PersonId(person)));
    let did = (0..1_000_i64, 0..3_i64, 0..900_000_000_i64, 0..2_i64);
    let did = did.prop_map(|(messages, reactions, voice_micros, commands)| Did {
        messages,
        reactions,
        voice_micros,
        commands,
    });
    btree_map(place, did, 0..200)
}

fn read(packed: &[u8]) -> Vec<(Place, Did)> {
    let mut rows = Vec::new();
    for section in Sections::of(DAY, packed).map(Result::unwrap) {
        section.each(|person, did| rows.push(((section.slot, person), *did))).unwrap();
    }
    rows
}

proptest! {
    // proves: ANA-10
    #[test]
    fn what_is_added_to_a_day_is_there_beside_what_was(one in rows(), other in rows()) {
        let of = |rows: &BTreeMap<_, _>| rows.clone().into_iter().collect::<Vec<_>>();
        let first = merged(DAY, &[], &of(&one)).unwrap();
        prop_assert_eq!(read(&first), of(&one));
        let both = merged(DAY, &first, &of(&other)).unwrap();
        let mut expected = one;
        for (place, did) in other {
            expected.entry(place).or_default().add(&did);
        }
        prop_assert_eq!(read(&both), of(&expected));
    }

    #[test]
    fn damaged_days_are_an_error_and_no_panic(packed: Vec<u8>) {
        for section in Sections::of(DAY, &packed).map_while(Result::ok) {
            let _ = section.each(|_, _| {});
        }
    }
}

#[test]
fn a_member_who_only_wrote_takes_few_bytes() {
    let new = (0..1_000).map(|n| ((Slot(DAY * SLOTS + n / 10), PersonId(0)), n));
    let new: Vec<_> = new
        .map(|((slot, _), n)| {
            let person = PersonId(u32::try_from(n % 10 * 10_000).unwrap());
            ((slot, person), Did { messages: 3, ..Did::default() })
        })
        .collect();
    assert!(merged(DAY, &[], &new).unwrap().len() < 5 * new.len());
}
