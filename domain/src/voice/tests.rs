use proptest::prelude::*;

use super::*;

const ANN: PersonId = PersonId(1);
const BEN: PersonId = PersonId(2);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_795_132_800 + secs)
}

fn channel(number: u64) -> ChannelId {
    ChannelId::new(number).unwrap()
}

fn open() -> Place {
    Place { channel: channel(5), muted: false, deafened: false, away: false }
}

fn counted(stretches: &[Stretch], person: PersonId) -> i64 {
    let own = stretches.iter().filter(|stretch| stretch.person == person && stretch.counts);
    own.map(Stretch::micros).sum::<i64>() / 1_000_000
}

// proves: LVL-03, ANA-04
#[test]
fn given_each_condition_toggled_in_the_middle_then_only_the_time_without_it_counts() {
    let muted = Place { muted: true, ..open() };
    let deafened = Place { deafened: true, ..open() };
    let away = Place { away: true, ..open() };
    for condition in [muted, deafened, away] {
        let mut rooms = Rooms::default();
        let mut all = rooms.change(BEN, Some((open(), ())), at(0));
        all.extend(rooms.change(ANN, Some((open(), ())), at(10)));
        all.extend(rooms.change(ANN, Some((condition, ())), at(40)));
        all.extend(rooms.change(ANN, Some((open(), ())), at(100)));
        all.extend(rooms.change(ANN, None, at(107)));
        all.extend(rooms.change(BEN, None, at(200)));
        assert_eq!(counted(&all, ANN), 30 + 7, "{condition:?}");
        // Somebody muted is company all the same.
        assert_eq!(counted(&all, BEN), 97, "{condition:?}");
        let in_voice: i64 = all.iter().map(Stretch::micros).sum();
        assert_eq!(in_voice / 1_000_000, 97 + 200, "all of it is time in voice");
    }
}

// proves: LVL-03
#[test]
fn given_somebody_alone_then_their_time_counts_while_somebody_else_is_there() {
    let mut rooms = Rooms::default();
    let elsewhere = Place { channel: channel(6), ..open() };
    let mut all = rooms.change(ANN, Some((open(), ())), at(0));
    all.extend(rooms.change(BEN, Some((elsewhere, ())), at(5)));
    all.extend(rooms.change(BEN, Some((open(), ())), at(20)));
    all.extend(rooms.change(BEN, Some((elsewhere, ())), at(50)));
    all.extend(rooms.accrue(at(60)));
    assert_eq!((counted(&all, ANN), counted(&all, BEN)), (30, 30));
}

#[test]
fn given_a_time_in_which_nobody_looked_then_it_belongs_to_no_stretch() {
    let mut rooms = Rooms::default();
    let mut all = rooms.change(ANN, Some((open(), ())), at(0));
    all.extend(rooms.change(BEN, Some((open(), ())), at(0)));
    all.extend(rooms.skip(at(10), at(100)));
    all.extend(rooms.change(BEN, None, at(103)));
    assert_eq!((counted(&all, ANN), counted(&all, BEN)), (13, 13));
}

proptest! {
    // proves: LVL-04, ANA-04
    #[test]
    fn told_in_pieces_or_at_once_the_time_is_the_same(
        steps in prop::collection::vec((1_u32..5, 0_u8..7, 0_i64..50, any::<bool>()), 1..40),
    ) {
        let (mut whole, mut pieces) = (Rooms::default(), Rooms::default());
        let (mut of_whole, mut of_pieces) = (Vec::new(), Vec::new());
        let mut now = 0;
        for (person, how, after, tick) in steps {
            now += after;
            let place = Place {
                channel: channel(u64::from(how % 3) + 1),
                muted: how == 4,
                deafened: how == 5,
                away: false,
            };
            let to = (how < 6).then_some((place, ()));
            of_whole.extend(whole.change(PersonId(person), to, at(now)));
            of_pieces.extend(pieces.change(PersonId(person), to, at(now)));
            if tick {
                of_pieces.extend(pieces.accrue(at(now + after / 2)));
                now += after / 2;
            }
        }
        of_whole.extend(whole.accrue(at(now + 9)));
        of_pieces.extend(pieces.accrue(at(now + 9)));
        for person in (1..5).map(PersonId) {
            let sum = |all: &[Stretch]| {
                let own = all.iter().filter(|s| s.person == person);
                own.fold((0, 0), |(all, counted), s| {
                    (all + s.micros(), counted + if s.counts { s.micros() } else { 0 })
                })
            };
            prop_assert_eq!(sum(&of_whole), sum(&of_pieces));
        }
    }
}
