//! Following: every committed event, once, in order, whoever writes and however slow the reader.

use std::{collections::HashMap, sync::Arc};

use domain::GuildId;

use super::{
    Backend, Options,
    appending::{all, put, written},
    given::{append, eventually, new_key, soon, stream},
};
use crate::{
    Follower,
    envelope::{Position, Recorded},
    log::{Appended, EventLog, Slice},
};

const PLAIN: &str = r#"{"happened":{}}"#;

/// Follows until the log's end was seen after `done`.
async fn follow(
    log: Arc<dyn EventLog>,
    after: Position,
    slice: Slice,
    limit: usize,
    pause: bool,
    end: tokio::sync::watch::Receiver<Option<Position>>,
) -> Vec<Recorded> {
    let mut follower = Follower::new(log, after, slice);
    let mut seen = Vec::new();
    let mut ended = end.clone();
    while end.borrow().is_none_or(|end| follower.position() < end) {
        let page = tokio::select! {
            page = follower.next(limit) => page.unwrap(),
            _ = ended.changed() => continue,
        };
        assert_eq!(page.up_to, follower.position());
        seen.extend(page.events);
        if pause {
            // A slow reader: the writers are far ahead of it.
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
        }
    }
    seen
}

fn check(seen: &[Recorded], expected: &[Recorded], who: &str) {
    let ids = |events: &[Recorded]| events.iter().map(|e| e.position.0).collect::<Vec<_>>();
    assert_eq!(ids(seen), ids(expected), "{who}: every event, once, in order");
    let mut next: HashMap<GuildId, u64> = HashMap::new();
    for event in seen {
        let next = next.entry(event.guild()).or_insert(event.guild_seq);
        assert_eq!(event.guild_seq, *next, "{who}: guild sequence without a gap");
        *next += 1;
        event.verify().unwrap();
    }
}

// proves: SYN-07, SYN-09
pub async fn given_sixteen_writers_then_every_follower_sees_every_event_once_in_order<
    B: Backend,
>(
    store: B,
) {
    const WRITERS: u64 = 16;
    const APPENDS: u64 = 40;
    let first = store.open(Options::default()).await.unwrap();
    let second = store.beside(&first).await;
    let (end, ended) = tokio::sync::watch::channel(None);
    let slice = |index, of| Slice { index, of };
    let followers = [
        ("own, fast", &first, Slice::ALL, 1000, false),
        ("another process's, fast", &second, Slice::ALL, 100, false),
        ("slow", &first, Slice::ALL, 3, true),
        ("slice 0 of 2", &first, slice(0, 2), 10, false),
        ("slice 1 of 2, slow", &second, slice(1, 2), 5, true),
    ]
    .map(|(who, log, slice, limit, pause)| {
        let log = Arc::clone(log);
        let following = follow(log, Position::START, slice, limit, pause, ended.clone());
        (who, slice, tokio::spawn(following))
    });
    let writers = (0..WRITERS).map(|writer| {
        let log = Arc::clone(if writer % 2 == 0 { &first } else { &second });
        tokio::spawn(async move {
            // Half of the writers share streams, so some appends must be repeated.
            let stream = stream(1 + if writer < 8 { writer % 3 } else { writer });
            let mut expected = 0;
            for _ in 0..APPENDS {
                let key = new_key();
                loop {
                    match put(&log, append(&stream, expected, &key, &[PLAIN, PLAIN])).await {
                        Appended::Written(events) => {
                            expected = events[1].version;
                            break;
                        }
                        Appended::Conflict { head } => expected = head,
                        other => panic!("{other:?}"),
                    }
                }
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap();
    }
    let everything = all(&first).await;
    assert_eq!(everything.len() as u64, WRITERS * APPENDS * 2);
    let positions: Vec<_> = everything.iter().map(|event| event.position.0).collect();
    assert_eq!(positions, (1..=WRITERS * APPENDS * 2).collect::<Vec<_>>());
    end.send_replace(Some(everything.last().unwrap().position));
    for (who, slice, following) in followers {
        let seen = soon(who, following).await.unwrap();
        let of_slice = everything.iter().filter(|event| slice.contains(event.guild()));
        let expected: Vec<_> = of_slice.cloned().collect();
        assert!(!expected.is_empty(), "{who}");
        check(&seen, &expected, who);
    }
}

pub async fn given_a_follower_that_catches_up_then_it_goes_on_live_without_loss_or_repetition<
    B: Backend,
>(
    store: B,
) {
    let log = store.open(Options::default()).await.unwrap();
    let writer = tokio::spawn({
        let log = Arc::clone(&log);
        async move {
            for version in 0..300 {
                written(put(&log, append(&stream(1), version, &new_key(), &[PLAIN])).await);
            }
        }
    });
    let (end, ended) = tokio::sync::watch::channel(None);
    let mut followers = Vec::new();
    // Each begins while the writer is somewhere else.
    for begin in [0, 30, 100, 200] {
        let far_enough = async || log.head().await.unwrap() >= Position(begin + 10);
        eventually("the writer goes on", far_enough).await;
        let following =
            follow(Arc::clone(&log), Position(begin), Slice::ALL, 16, false, ended.clone());
        followers.push((begin, tokio::spawn(following)));
    }
    writer.await.unwrap();
    end.send_replace(Some(Position(300)));
    for (begin, following) in followers {
        let seen = soon("the end", following).await.unwrap();
        let positions: Vec<_> = seen.iter().map(|event| event.position.0).collect();
        assert_eq!(positions, (begin + 1..=300).collect::<Vec<_>>());
    }
    // A page that was worked on in vain is read again.
    let mut follower = Follower::new(Arc::clone(&log), Position(290), Slice::ALL);
    let page = follower.next(5).await.unwrap();
    follower.seek(Position(290));
    assert_eq!(follower.next(5).await.unwrap().events, page.events);
}

pub async fn given_events_on_their_way_then_no_page_ends_behind_them<B: Backend>(store: B) {
    let first = store.open(Options::default()).await.unwrap();
    let second = store.beside(&first).await;
    // Whatever a page says it reaches, nothing may turn up at or before that later.
    let writers = [(1000, &first), (2000, &second)].map(|(own, log)| {
        let log = Arc::clone(log);
        tokio::spawn(async move {
            for round in 0..150 {
                let stream = stream(own + round);
                written(put(&log, append(&stream, 0, &new_key(), &[PLAIN; 3])).await);
                // Both writers want this guild's next number.
                let mut expected = 0;
                while let Appended::Conflict { head } =
                    put(&log, append(&self::stream(1), expected, &new_key(), &[PLAIN])).await
                {
                    expected = head;
                }
            }
        })
    });
    let mut promised = Vec::new();
    let only = Slice { index: 1, of: 1000 };
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let log = if promised.len() % 2 == 0 { &first } else { &second };
        for slice in [Slice::ALL, only] {
            let page = log.read_all(Position::START, usize::MAX, slice).await.unwrap();
            promised.push((page.up_to, slice, page.events.len()));
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let everything = all(&first).await;
    assert!(promised.len() > 10);
    for (up_to, slice, seen) in promised {
        let there = everything
            .iter()
            .filter(|event| event.position <= up_to && slice.contains(event.guild()))
            .count();
        assert_eq!(seen, there, "up to {up_to:?} of {slice:?}");
    }
}
