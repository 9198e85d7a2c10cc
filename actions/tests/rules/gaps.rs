//! What is made up for of a gap: each message counts once, whoever stops where.

use actions::{
    Permissions,
    activity::{
        Heard, Told, Window,
        gaps::{End, Found, OpenGap, Step},
    },
    mirror::{Change, Profile, Told as Member},
};
use domain::{
    ChannelId, MessageId, Timestamp, UserId,
    activity::{Blindness, Event, Written},
};
use eventlog::decode;

use crate::support::{House, NOON, ann, ben, fresh, guild, on_each_store, user, with};

fn channel(number: u64) -> ChannelId {
    ChannelId::new(number).unwrap()
}

/// The message that was written so many seconds after the noon of the test.
fn message(secs: i64) -> MessageId {
    MessageId::new(noon().plus_secs(secs).first_snowflake() + 7).unwrap()
}

fn noon() -> Timestamp {
    Timestamp::from_secs(NOON)
}

impl House {
    /// Told live: who wrote where, and when.
    async fn live(&self, session: &str, seq: u64, told: &[(UserId, u64, i64)]) {
        let heard = (seq..).zip(told).map(|(seq, (user, place, secs))| Heard {
            seq,
            at: noon().plus_secs(*secs),
            what: Told::Message {
                id: message(*secs),
                user: *user,
                channel: channel(*place),
                roles: Vec::new(),
                how: Written::default(),
                burst: 1,
            },
        });
        let window = Window { heard: heard.collect(), ..Window::default() };
        self.actions.record_activity(guild(), session, &window, None).await.unwrap();
    }

    async fn blind(&self, from: i64, until: i64) {
        let span = (noon().plus_secs(from), noon().plus_secs(until));
        let gap = Some((span.0, span.1, Blindness::NewSession));
        let window = Window { gap, ..Window::default() };
        self.actions.record_activity(guild(), "new", &window, None).await.unwrap();
    }

    async fn gap(&self) -> OpenGap {
        let gaps = self.actions.open_gaps().await.unwrap();
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        gaps[0]
    }

    /// As if a channel had been read to its end.
    async fn read(&self, gap: &OpenGap, place: u64, wrote: &[(UserId, i64)]) {
        let found: Vec<_> = wrote
            .iter()
            .map(|(user, secs)| Found { id: message(*secs), user: *user, how: Written::default() })
            .collect();
        let last = found.last().map_or(gap.after, |found| found.id.get());
        let kept = self.actions.keep_page(gap, channel(place), &found, last, Some(End::Read));
        kept.await.unwrap();
    }

    /// Messages as they were counted, by channel.
    async fn counted(&self, place: u64) -> u32 {
        let events = self.events(guild(), "activity").await;
        let events = events.iter().map(|event| decode::<Event>(event).unwrap());
        let rows = events.flat_map(|event| match event {
            Event::Recorded { minutes, .. } => minutes,
            _ => Vec::new(),
        });
        let rows = rows.flat_map(|minute| minute.rows);
        rows.filter(|row| row.channel == channel(place)).map(|row| row.counts.messages).sum()
    }

    async fn recoveries(&self) -> Vec<domain::activity::Recovery> {
        let events = self.events(guild(), "activity").await;
        let recovery = |event: Event| match event {
            Event::GapRecovered { recovery } => Some(recovery),
            _ => None,
        };
        events.iter().filter_map(|event| recovery(decode::<Event>(event).unwrap())).collect()
    }

    async fn xp(&self, user: UserId) -> u64 {
        let person = self.actions.people().person(guild(), user).await.unwrap();
        self.actions.xp(guild(), person).await.unwrap()
    }
}

// proves: ANA-01, LVL-08
#[test]
fn given_a_gap_then_what_was_told_on_both_of_its_sides_is_not_counted_again() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.live("old", 2, &[(ann(), 5, 10), (ben(), 6, 20)]).await;
        house.blind(20, 300).await;
        // Told live since; the clock of the gap's end is late by a second.
        house.live("new", 2, &[(ben(), 5, 299), (ann(), 5, 310)]).await;
        let gap = house.gap().await;
        assert_eq!((gap.step, gap.after), (Step::Waiting, message(20).get()));
        house.actions.begin_reading(&gap, &[channel(5), channel(6)], 0).await.unwrap();
        let unread = house.actions.unread_of(&gap).await.unwrap();
        assert_eq!(unread.len(), 2);
        assert!(unread.iter().all(|unread| unread.after == gap.after));
        // Discord shows the whole channel: what was counted before, and what was told since.
        let five = [(ann(), 10), (ann(), 50), (ben(), 200), (ben(), 299), (ann(), 310)];
        house.read(&gap, 5, &five).await;
        house.read(&gap, 6, &[(ben(), 20), (ben(), 60), (ann(), 301)]).await;
        assert_eq!(house.actions.unread_of(&gap).await.unwrap(), []);
        house.actions.count_gap(&gap).await.unwrap();
        assert_eq!((house.counted(5).await, house.counted(6).await), (1 + 2 + 2, 1 + 2));
        let recoveries = house.recoveries().await;
        assert_eq!(recoveries.len(), 1);
        let made_up = recoveries[0];
        assert_eq!((made_up.messages, made_up.channels, made_up.unread), (4, 2, 0));
        assert!(house.actions.open_gaps().await.unwrap().is_empty());
        // It was read already, and Discord tells it very late.
        house.live("new", 9, &[(ann(), 6, 301)]).await;
        assert_eq!(house.counted(6).await, 3);
        house.live("new", 10, &[(ann(), 6, 400)]).await;
        assert_eq!(house.counted(6).await, 4);
        // At 10, 310 and 400 live, and at 50: what earned before the gap is not remembered beside
        // 310. At 301 it is too near to that. Each is 15 to 25.
        assert!((60..=100).contains(&house.xp(ann()).await), "{}", house.xp(ann()).await);
        house.close().await;
    });
}

// proves: ANA-01, SYN-07
#[test]
fn given_a_stop_anywhere_in_it_then_it_goes_on_there_and_counts_once() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.live("old", 2, &[(ann(), 5, 10)]).await;
        house.blind(10, 300).await;
        let gap = house.gap().await;
        house.actions.begin_reading(&gap, &[channel(5), channel(6)], 0).await.unwrap();
        let found = Found { id: message(40), user: ann(), how: Written::default() };
        let read = found.id.get();
        house.actions.keep_page(&gap, channel(5), &[found], read, None).await.unwrap();
        house.close().await;
        let house = site.open().await;
        let gap = house.gap().await;
        assert_eq!(gap.step, Step::Reading);
        let unread = house.actions.unread_of(&gap).await.unwrap();
        let five = unread.iter().find(|unread| unread.channel == channel(5)).unwrap();
        assert_eq!((five.after, five.pages, unread.len()), (read, 1, 2));
        // Told live before this process heard of it: known from what the one before wrote down.
        house.live("new", 2, &[(ben(), 5, 301)]).await;
        house.read(&gap, 5, &[(ann(), 40), (ben(), 90), (ben(), 301)]).await;
        house.read(&gap, 6, &[(ben(), 80)]).await;
        house.actions.count_gap(&gap).await.unwrap();
        // As if it had stopped before it was written down that it is over.
        house.close().await;
        let house = site.open().await;
        let again = "UPDATE gaps SET state = 'counting'";
        house.work.execute(again, &[]).await.unwrap();
        let gap = house.gap().await;
        assert_eq!(gap.step, Step::Counting);
        // And before what was counted was forgotten.
        house.read(&gap, 5, &[(ann(), 40), (ben(), 90)]).await;
        house.read(&gap, 6, &[(ben(), 80)]).await;
        house.actions.count_gap(&gap).await.unwrap();
        assert_eq!((house.counted(5).await, house.counted(6).await), (1 + 2 + 1, 1));
        assert_eq!(house.recoveries().await.len(), 1);
        house.close().await;
    });
}

// proves: ANA-01
#[test]
fn given_gaps_that_follow_each_other_then_no_message_belongs_to_two() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.live("old", 2, &[(ann(), 5, 10)]).await;
        house.blind(20, 300).await;
        house.live("new", 2, &[(ann(), 5, 300)]).await;
        house.blind(301, 420).await;
        house.live("newest", 2, &[(ann(), 5, 421)]).await;
        let gaps = house.actions.open_gaps().await.unwrap();
        assert_eq!(gaps.len(), 2);
        assert!(gaps[0].before <= gaps[1].after + 1, "{gaps:?}");
        let all = [
            (ann(), 10),
            (ben(), 100),
            (ann(), 300),
            (ben(), 302),
            (ben(), 303),
            (ben(), 400),
            (ann(), 421),
        ];
        for gap in &gaps {
            house.actions.begin_reading(gap, &[channel(5)], 3).await.unwrap();
            house.read(gap, 5, &all).await;
            house.actions.count_gap(gap).await.unwrap();
        }
        assert_eq!(house.counted(5).await, 7);
        let made_up = house.recoveries().await;
        assert_eq!(made_up.iter().map(|one| one.messages).sum::<u32>(), 4);
        assert!(made_up.iter().all(|one| one.unread == 3 && one.cut));
        house.close().await;
    });
}

#[test]
fn given_nobody_who_counts_then_a_gap_is_left() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.blind(20, 300).await;
        let operator = with(user(900), Permissions::MANAGE_GUILD);
        for module in ["activity", "levels"] {
            let off = house.actions.switch_module(guild(), &operator, module, false, fresh());
            off.await.unwrap();
        }
        assert!(!house.actions.counts_messages(guild()).await.unwrap());
        let gap = house.gap().await;
        house.read(&gap, 5, &[(ann(), 100)]).await;
        house.actions.leave_gap(&gap).await.unwrap();
        assert!(house.actions.open_gaps().await.unwrap().is_empty());
        assert_eq!((house.counted(5).await, house.recoveries().await.len()), (0, 0));
        house.close().await;
    });
}

fn told(number: u64, joined: i64) -> Member {
    let profile = Profile { name: format!("user{number}"), ..Profile::default() };
    let joined_at = Some(noon().plus_secs(joined));
    Member { user: user(number), profile, roles: Vec::new(), joined_at, bot: number == 500 }
}

// proves: ANA-03, SYN-01
#[test]
fn given_a_comparison_after_a_gap_then_who_came_and_went_in_it_is_recorded_once() {
    on_each_store(async |site| {
        let house = site.open().await;
        let noon = noon();
        let before = [told(401, -5_000), told(402, -5_000)];
        house.actions.begin_sync(guild(), 2, noon).await.unwrap();
        house.actions.copy_page(guild(), &before, noon).await.unwrap();
        house.actions.finish_sync(guild()).await.unwrap();
        house.blind(20, 300).await;
        // Told live: they came after it.
        let live = Change::Is(Box::new(told(410, 305)));
        let members = vec![(noon.plus_secs(305), live)];
        let window = Window { members, ..Window::default() };
        house.actions.record_activity(guild(), "new", &window, None).await.unwrap();
        // 401 is still here, 402 is not; two came in the gap, one of them a bot, one at its very end.
        let page =
            [told(401, -5_000), told(403, 100), told(404, 299), told(410, 305), told(500, 120)];
        for _ in 0..2 {
            house.actions.begin_sync(guild(), 5, noon.plus_secs(310)).await.unwrap();
            let told_at = noon.plus_secs(311);
            house.actions.copy_page(guild(), &page, told_at).await.unwrap();
            // Killed here the first time, as it were: it is copied anew.
            let forget = "UPDATE mirror_members SET here = 0 WHERE joined_at > $1";
            house.work.execute(forget, &[noon.into()]).await.unwrap();
        }
        house.actions.finish_sync(guild()).await.unwrap();
        let mut moved = Vec::new();
        for event in house.events(guild(), "activity").await {
            let (person, at, came) = match decode::<Event>(&event).unwrap() {
                Event::MemberJoined { person, at } => (person, at, true),
                Event::MemberLeft { person, at } => (person, at, false),
                _ => continue,
            };
            let user = house.actions.people().user(guild(), person).await.unwrap().unwrap();
            moved.push((user, at.secs_since(noon), came));
        }
        assert_eq!(moved, [(user(403), 100, true), (user(402), 300, false)]);
        house.close().await;
    });
}
