use actions::activity::Told;
use domain::{ChannelId, MessageId};
use futures::FutureExt as _;

use super::*;

fn guild() -> GuildId {
    GuildId::new(7).unwrap()
}

fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_795_132_800 + secs)
}

fn written(seq: u64) -> Heard {
    let what = Told::Message {
        id: MessageId::new(1_000 + seq).unwrap(),
        user: user(1),
        channel: ChannelId::new(5).unwrap(),
        roles: Vec::new(),
        how: domain::activity::Written::default(),
        burst: 1,
    };
    Heard { seq, at: at(0), what }
}

fn seen(progress: &Arc<Progress>, seq: u64) {
    assert!(progress.see(seq));
}

// proves: LVL-08
#[tokio::test]
async fn given_facts_that_are_not_recorded_then_the_sessions_place_stays_before_them() {
    let (lane, progress) = (Lane::default(), Arc::new(Progress::from(1)));
    lane.session_is("a session");
    for seq in 2..=5 {
        seen(&progress, seq);
        lane.hear(&progress, guild(), written(seq)).await;
    }
    assert_eq!(progress.done(), 1);
    let batch = lane.take().unwrap();
    assert_eq!(batch.windows[&guild()].heard.len(), 4);
    seen(&progress, 6);
    lane.hear(&progress, guild(), written(6)).await;
    drop(batch);
    assert_eq!(progress.done(), 5, "what came meanwhile is still to be recorded");
    drop(lane.take());
    assert_eq!(progress.done(), 6);
    assert!(lane.take().is_none());
}

#[tokio::test]
async fn given_no_room_then_who_tells_waits_until_there_is() {
    let (lane, progress) = (Arc::new(Lane::default()), Arc::new(Progress::from(0)));
    lane.session_is("a session");
    for seq in 1..=MAX_HELD as u64 {
        lane.hear(&progress, guild(), written(seq)).await;
    }
    let more = tokio::spawn({
        let (lane, progress) = (Arc::clone(&lane), Arc::clone(&progress));
        async move { lane.hear(&progress, guild(), written(1_000_000)).await }
    });
    tokio::task::yield_now().await;
    assert!(!more.is_finished());
    assert_eq!(lane.take().unwrap().windows[&guild()].heard.len(), MAX_HELD);
    more.await.unwrap();
    assert_eq!(lane.held.lock().facts, 1);
}

// proves: LVL-02
#[test]
fn given_what_one_member_writes_then_a_burst_ends_after_ten_seconds() {
    let lane = Lane::default();
    let bursts: Vec<_> = (0..5).map(|secs| lane.burst(guild(), user(1), at(secs))).collect();
    assert_eq!(bursts, [1, 2, 3, 4, 5]);
    assert_eq!(lane.burst(guild(), user(2), at(5)), 1);
    assert_eq!(lane.burst(guild(), user(1), at(11)), 1);
}

// proves: LVL-04
#[tokio::test]
async fn given_people_in_voice_then_their_time_is_told_now_and_then_up_to_when_we_heard() {
    let (lane, progress) = (Lane::default(), Arc::new(Progress::from(0)));
    lane.session_is("a session");
    let place = domain::voice::Place {
        channel: ChannelId::new(5).unwrap(),
        muted: false,
        deafened: false,
        away: false,
    };
    let what = Told::Voice { user: user(1), roles: Vec::new(), place: Some(place) };
    lane.is_alive(at(0));
    lane.hear(&progress, guild(), Heard { seq: 1, at: at(0), what }).await;
    assert!(lane.take().unwrap().voice_until.is_empty());
    assert!(lane.take().is_none());
    lane.is_alive(at(61));
    assert_eq!(lane.take().unwrap().voice_until[&guild()], at(61));
    assert!(lane.take().is_none());
    let what = Told::Voice { user: user(1), roles: Vec::new(), place: None };
    lane.hear(&progress, guild(), Heard { seq: 2, at: at(70), what }).await;
    lane.is_alive(at(200));
    assert!(lane.take().unwrap().voice_until.is_empty(), "nobody is in voice");
}

#[tokio::test]
async fn given_a_new_session_then_facts_and_gap_are_recorded_apart_and_in_order() {
    let lane = Lane::default();
    let (old, new) = (Arc::new(Progress::from(0)), Arc::new(Progress::from(1)));
    lane.session_is("one");
    lane.hear(&old, guild(), written(9)).await;
    lane.session_is("two");
    assert!(lane.due.notified().now_or_never().is_none(), "facts can wait");
    lane.was_blind(&[guild()], (at(0), at(9)), Blindness::NewSession, new.record(1));
    let at_once = "or whoever is killed soon does not know the new session";
    assert!(lane.due.notified().now_or_never().is_some(), "{at_once}");
    lane.hear(&new, guild(), written(2)).await;
    let (first, second) = (lane.take().unwrap(), lane.take().unwrap());
    assert_ne!(first.session, second.session);
    assert!(first.windows[&guild()].gap.is_none() && second.windows[&guild()].gap.is_some());
    assert_eq!(second.windows[&guild()].heard.len(), 1);
    assert_eq!(new.done(), 0, "neither is recorded yet");
    drop(second);
    assert_eq!(new.done(), 1);
}
