//! What people see of giveaways.

use domain::{
    ChannelId, Decider as _, GiveawayId, GuildId, MessageId, PersonId, Personal, Timestamp, UserId,
    digest::Digest,
    giveaways::{Command, Event, Exclusion, Facts, Giveaway, Requirements, Terms, commitment},
};
use eventlog::StreamId;
use projections::giveaways::{
    board::{self, Status},
    entrants::{self, Entrant},
    timeline,
};
use uuid::Uuid;

use crate::support::{House, guild, on_each_store, request};

const NAMES: [&str; 3] = ["giveaways", "giveaway_entrants", "giveaway_timeline"];

fn id(number: u128) -> GiveawayId {
    GiveawayId(Uuid::from_u128(number))
}

fn seed() -> Digest {
    Digest::of(&[b"a seed"])
}

fn salt(person: PersonId) -> Digest {
    Digest::of(&[b"salt", &person.0.to_be_bytes()])
}

async fn act(house: &House, guild: GuildId, id: GiveawayId, command: Command) -> Vec<Event> {
    let stream = StreamId::part(Giveaway::CAPABILITY, guild, &id.to_string());
    house.bus.execute::<Giveaway>(&stream, &command, &request()).await.unwrap().events
}

async fn made(house: &House, id: GiveawayId, prize: &str, at: Timestamp) {
    let terms = Terms {
        prize: prize.to_owned(),
        winners: 2,
        ends_at: at.plus_secs(3_600),
        requires: Requirements::default(),
        bonus: Vec::new(),
        claim_secs: 300,
        max_rerolls: 3,
    };
    let by = house.people.person(guild(1), UserId::new(900).unwrap()).await.unwrap();
    let channel = ChannelId::new(500).unwrap();
    let commitment = commitment(id, &seed());
    act(house, guild(1), id, Command::Create { id, by, channel, terms, commitment, at }).await;
    let message = MessageId::new(77).unwrap();
    act(house, guild(1), id, Command::NotePosted { message, at }).await;
}

async fn enters(house: &House, id: GiveawayId, user: u64, at: Timestamp) -> PersonId {
    let person = house.people.person(guild(1), UserId::new(user).unwrap()).await.unwrap();
    let (facts, salt) = (Facts::default(), salt(person));
    act(house, guild(1), id, Command::Enter { person, facts, salt, at }).await;
    person
}

async fn entries(house: &House, id: GiveawayId, after: u32, limit: u32) -> Vec<Entrant> {
    entrants::page(&house.store, guild(1), id, None, after, limit).await.unwrap()
}

// proves: GIV-15
#[test]
fn given_a_giveaway_from_its_making_to_a_claim_then_board_entrants_and_timeline_show_it() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let (at, id) = (house.clock.now(), id(1));
        made(&house, id, "A bench", at).await;
        let mut people = Vec::new();
        for user in 101..=110 {
            people.push(enters(&house, id, user, at).await);
        }
        act(&house, guild(1), id, Command::Leave { person: people[0], at }).await;
        house.caught_up(&NAMES).await;
        let shown = board::page(&house.store, guild(1), &[Status::Open], None, 10).await;
        let shown = shown.unwrap();
        let short: Vec<_> =
            shown.iter().map(|line| (line.terms.prize.as_str(), line.entries)).collect();
        assert_eq!(short, [("A bench", 9)]);
        assert_eq!(shown[0].message, MessageId::new(77).ok());
        assert_eq!(board::page(&house.store, guild(2), &[], None, 10).await.unwrap(), []);

        act(&house, guild(1), id, Command::Close { by: None, at: at.plus_secs(3_600) }).await;
        let late = at.plus_secs(3_601);
        let left_out = vec![(people[1], Exclusion::PreviousWinner)];
        let message = MessageId::new(78).unwrap();
        let draw = Command::Draw { message, seed: seed(), left_out, at: late };
        let drawn: Vec<_> = act(&house, guild(1), id, draw)
            .await
            .into_iter()
            .filter_map(|event| match event {
                Event::CandidateDrawn { entry, person, .. } => Some((entry, person)),
                _ => None,
            })
            .collect();
        let [(first, winner), (second, gone)] = drawn[..] else { panic!("{drawn:?}") };
        act(&house, guild(1), id, Command::Confirm { entry: first, at: late }).await;
        act(&house, guild(1), id, Command::Claim { person: winner, at: late }).await;
        let why = Exclusion::LeftServer;
        act(&house, guild(1), id, Command::Disqualify { entry: second, why, at: late }).await;
        house.caught_up(&NAMES).await;

        let standing = |rows: &[Entrant], entry: u32| {
            let row = rows.iter().find(|row| row.entry == entry).unwrap();
            row.standing.clone()
        };
        let all = entries(&house, id, 0, 500).await;
        assert_eq!(all.len(), 10);
        assert_eq!(
            (standing(&all, 1), standing(&all, 2)),
            ("left".into(), "previous_winner".into())
        );
        assert_eq!(standing(&all, first), "won");
        assert_eq!(standing(&all, second), "disqualified");
        assert_eq!(all[4].salt, Some(salt(people[4])));
        assert_eq!(entrants::winners(&house.store, guild(1), 10).await.unwrap(), [winner]);
        let of = entrants::of_person(&house.store, guild(1), gone, 10).await.unwrap();
        assert_eq!(of.iter().map(|row| row.entry).collect::<Vec<_>>(), [second]);
        let board = board::page(&house.store, guild(1), &[], None, 10).await.unwrap();
        assert_eq!((board[0].status, board[0].entries), (Status::Drawn, 9));
        let over = [Status::Cancelled, Status::Drawn];
        let over = board::page(&house.store, guild(1), &over, None, 10).await.unwrap();
        assert_eq!(over, board, "of several states");
        let running = [Status::Open, Status::Paused, Status::Closed];
        let running = board::page(&house.store, guild(1), &running, None, 10).await.unwrap();
        assert_eq!(running, []);
        let line = board::one(&house.store, guild(1), id).await.unwrap().unwrap();
        assert_eq!(line.commitment, commitment(id, &seed()));
        assert_eq!(line.draw, Some((message, seed())));
        assert!(line.root.is_some());
        assert_eq!(board::one(&house.store, guild(2), id).await.unwrap(), None);
        let anywhere = board::anywhere(&house.store, id).await.unwrap();
        assert_eq!(anywhere.as_ref(), Some(&line));
        let asked = [id, GiveawayId(Uuid::nil())];
        let several = board::several(&house.store, guild(1), &asked).await.unwrap();
        assert_eq!(several, [line]);

        let counts = entrants::by_standing(&house.store, guild(1), id).await.unwrap();
        let of = |standing: &str| {
            counts.iter().find(|(known, _)| known == standing).map_or(0, |(_, count)| *count)
        };
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 10);
        assert_eq!((of("won"), of("left"), of("disqualified"), of("candidate")), (1, 1, 1, 1));
        let left = entrants::page(&house.store, guild(1), id, Some("left"), 0, 10).await.unwrap();
        assert_eq!(left.iter().map(|row| row.entry).collect::<Vec<_>>(), [1]);
        let picks = timeline::picks(&house.store, guild(1), id).await.unwrap();
        let told: Vec<_> =
            picks.iter().map(|pick| (pick.k, pick.why.as_str(), pick.state.as_str())).collect();
        assert_eq!(
            told,
            [
                (0, "prize", "claimed"),
                (1, "prize", "disqualified"),
                (2, "disqualification", "drawn")
            ]
        );
        assert_eq!((picks[0].entry, picks[0].person), (first, Some(winner)));

        let told = timeline::page(&house.store, guild(1), id, 0, 500).await.unwrap();
        let words: Vec<_> = told.iter().map(|line| line.what.as_str()).collect();
        let expected = [
            "created",
            "posted",
            "excluded",
            "closed",
            "draw_begun",
            "excluded",
            "drawn",
            "drawn",
            "confirmed",
            "claimed",
            "disqualified",
            "drawn",
        ];
        assert_eq!(words, expected);
        assert_eq!(told[5].why.as_deref(), Some("previous_winner"));
        assert_eq!((told[6].entry, told[6].person), (Some(first), Some(winner)));
        assert_eq!(told[10].why.as_deref(), Some("left_server"));
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_reroll_and_an_erasure_then_the_reason_is_sealed_and_the_person_is_gone() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let (at, id) = (house.clock.now(), id(1));
        made(&house, id, "A bench", at).await;
        let ann = enters(&house, id, 101, at).await;
        let by = enters(&house, id, 102, at).await;
        act(&house, guild(1), id, Command::Close { by: Some(by), at }).await;
        let message = MessageId::new(78).unwrap();
        let draw = Command::Draw { message, seed: seed(), left_out: Vec::new(), at };
        act(&house, guild(1), id, draw).await;
        act(&house, guild(1), id, Command::Confirm { entry: 1, at }).await;
        let reason = Personal::clear(ann, "asked for it".to_owned());
        act(&house, guild(1), id, Command::Reroll { entry: 1, by, reason, at }).await;
        house.caught_up(&NAMES).await;
        let reroll = async || {
            let told = timeline::page(&house.store, guild(1), id, 0, 500).await.unwrap();
            told.into_iter().find(|line| line.what == "rerolled").unwrap()
        };
        let line = reroll().await;
        assert_eq!((line.person, line.by), (Some(ann), Some(by)));
        assert!(matches!(line.reason, Some(Personal::Sealed(_))), "{:?}", line.reason);
        house.bus.erase_person(guild(1), ann).await.unwrap();
        house.caught_up(&NAMES).await;
        let line = reroll().await;
        assert_eq!((line.person, line.by), (None, Some(by)));
        assert!(!matches!(line.reason, Some(Personal::Sealed(_))), "{:?}", line.reason);
        let entry = entrants::entry(&house.store, guild(1), id, 1).await.unwrap().unwrap();
        assert_eq!((entry.person, entry.salt, entry.entry), (None, None, 1));
        let other = entrants::entry(&house.store, guild(1), id, 2).await.unwrap().unwrap();
        assert_eq!(other.person, Some(by));
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn pages_of_entrants_neither_overlap_nor_leave_out() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let (at, id) = (house.clock.now(), id(1));
        made(&house, id, "A bench", at).await;
        for user in 101..=125 {
            enters(&house, id, user, at).await;
        }
        house.caught_up(&NAMES).await;
        let (mut paged, mut after) = (Vec::new(), 0);
        loop {
            let page = entries(&house, id, after, 4).await;
            let Some(last) = page.last() else { break };
            after = last.entry;
            paged.extend(page.iter().map(|row| row.entry));
            assert!(paged.len() <= 25, "the pages overlap: {paged:?}");
        }
        assert_eq!(paged, (1..=25).collect::<Vec<_>>());
        runtime.shutdown().await;
        house.close().await;
    });
}
