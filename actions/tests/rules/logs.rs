//! Logs: what is noted, and what messages said for as long as that is kept.

use std::sync::Arc;

use actions::{
    Permissions,
    activity::Window,
    logs::{Done, LogFilter, LogLine, Noticed, Said, Seen},
};
use domain::{
    ChannelId, DISCORD_EPOCH_MILLIS, MessageId, Timestamp, UserId,
    logs::{Difference, Kind, Names, Topic},
};
use eventlog::sql::Value;

use crate::{
    daily::without_stores,
    support::{
        House, ann, ben, fresh, guild, member, on_each_store, other_guild, rule, user, with,
    },
};

const MODERATOR: u64 = 300;
const CANARY: &str = "grandmother lives at the mill";

fn channel(number: u64) -> ChannelId {
    ChannelId::new(number).unwrap()
}

/// A message that Discord makes at this moment.
fn message(at: Timestamp, number: u64) -> MessageId {
    let millis = at.as_micros().unsigned_abs() / 1_000 - DISCORD_EPOCH_MILLIS;
    MessageId::new((millis << 22) | number).unwrap()
}

fn said(text: &str) -> Arc<Said> {
    Arc::new(Said { text: text.to_owned(), files: Vec::new() })
}

fn wrote(id: MessageId, author: UserId, text: &str) -> Seen {
    Seen::Said { message: id, channel: channel(5), author, said: said(text) }
}

fn edited(id: MessageId, author: UserId, edited_at: Timestamp, text: &str) -> Seen {
    let (channel, said) = (channel(5), Some(said(text)));
    Seen::Edited { message: id, channel, author, bot: false, edited_at, said }
}

fn deleted(id: MessageId) -> Seen {
    Seen::Deleted { message: id, channel: channel(5) }
}

impl House {
    async fn switch_on_logs(&self) {
        let operator = with(user(900), Permissions::MANAGE_GUILD);
        self.actions.switch_module(guild(), &operator, "logs", true, fresh()).await.unwrap();
    }

    async fn noticed(&self, from_seq: u64, seen: Vec<Seen>) {
        let at = self.actions.now();
        let noticed = (from_seq..).zip(seen).map(|(seq, what)| Noticed { seq, at, what }).collect();
        let window = Window { noticed, ..Window::default() };
        self.actions.record_activity(guild(), "session", &window, None).await.unwrap();
    }

    async fn looked(&self, filter: &LogFilter) -> Vec<LogLine> {
        self.caught_up().await;
        let moderator = with(user(MODERATOR), Permissions::MODERATE_MEMBERS);
        self.actions.logs(guild(), &moderator, filter, None, 50).await.unwrap().lines
    }

    async fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        self.work.query(&sql, &[] as &[Value]).await.unwrap()[0].int(0).unwrap()
    }
}

// proves: LOG-01, LOG-02, LOG-03
#[test]
fn given_edits_and_deletions_then_what_was_said_is_shown_and_is_not_in_the_log_of_events() {
    on_each_store(async |site| {
        let house = site.open().await;
        let _running = house.project().await;
        house.noticed(1, vec![wrote(message(house.actions.now(), 1), ann(), CANARY)]).await;
        assert_eq!(house.rows("message_pages").await, 0, "logs are off until they are wanted");
        assert!(!house.actions.keeps_messages(guild()).await);
        house.switch_on_logs().await;
        let (one, two) = (message(house.actions.now(), 2), message(house.actions.now(), 3));
        house.noticed(2, vec![wrote(one, ann(), CANARY), wrote(two, ben(), "two")]).await;
        site.pass_secs(60);
        let now = house.actions.now();
        let told = vec![
            edited(one, ann(), now, "corrected"),
            // Discord found a picture to show below it.
            edited(one, ann(), now, "corrected"),
            edited(two, ben(), now.plus_secs(-4_000), "old news"),
            deleted(two),
            deleted(message(now, 99)),
        ];
        house.noticed(4, told).await;
        let lines = house.looked(&LogFilter::default()).await;
        let kinds: Vec<_> = lines.iter().map(|line| (line.kind, line.person)).collect();
        assert_eq!(
            kinds,
            [
                (Kind::MessageDeleted, None),
                (Kind::MessageDeleted, Some(ben())),
                (Kind::MessageEdited, Some(ann())),
            ]
        );
        let text = |said: &Option<Arc<Said>>| said.as_ref().map(|said| said.text.clone());
        assert_eq!(text(&lines[2].before).as_deref(), Some(CANARY));
        assert_eq!(text(&lines[2].after).as_deref(), Some("corrected"));
        assert_eq!(lines[0].before, None, "it was not known");
        let events = house.events(guild(), "logs").await;
        assert!(events.iter().all(|event| !format!("{event:?}").contains("mill")));
        let sealed = house.work.query("SELECT versions FROM message_pages", &[] as &[Value]).await;
        assert!(sealed.unwrap().iter().all(|row| !row.text(0).unwrap().contains("mill")));
        house.close().await;
    });
}

// proves: LOG-10
#[test]
fn given_many_entries_then_they_are_filtered_by_member_kind_and_time_and_come_in_pages() {
    on_each_store(async |site| {
        let house = site.open().await;
        let _running = house.project().await;
        house.switch_on_logs().await;
        let began = house.actions.now();
        for seq in 1..=7 {
            let who = if seq % 2 == 0 { ann() } else { ben() };
            house.noticed(seq * 2, vec![Seen::Came(who), Seen::Went(who)]).await;
            site.pass_secs(3_600);
        }
        let of = async |filter: LogFilter| house.looked(&filter).await;
        let kinds = vec![Kind::MemberLeft];
        let filter = LogFilter { who: Some(ann()), kinds, ..LogFilter::default() };
        assert_eq!(of(filter).await.len(), 3);
        let from = Some(began.plus_secs(3_600));
        let until = Some(began.plus_secs(3 * 3_600));
        assert_eq!(of(LogFilter { from, until, ..LogFilter::default() }).await.len(), 4);
        assert_eq!(of(LogFilter { who: Some(user(999)), ..LogFilter::default() }).await, []);
        let moderator = with(user(MODERATOR), Permissions::MODERATE_MEMBERS);
        let (mut before, mut all) = (None, Vec::new());
        loop {
            let filter = LogFilter::default();
            let page = house.actions.logs(guild(), &moderator, &filter, before, 5).await.unwrap();
            all.extend(page.lines.iter().map(|line| line.seq));
            let Some(next) = page.next else { break };
            before = Some(next);
        }
        assert_eq!(all.len(), 14);
        assert!(all.windows(2).all(|two| two[0] > two[1]), "{all:?}");
        let (ann, all) = (member(ann()), LogFilter::default());
        let nobody = house.actions.logs(guild(), &ann, &all, None, 5).await;
        assert_eq!(rule(nobody), "guard.permission");
        house.close().await;
    });
}

// proves: LOG-04, LOG-05
#[test]
fn given_what_was_done_then_it_is_told_with_who_did_it_and_names_are_sealed() {
    on_each_store(async |site| {
        let house = site.open().await;
        let _running = house.project().await;
        house.switch_on_logs().await;
        let done = |kind, whom, names, changes| Done {
            kind,
            by: Some(user(MODERATOR)),
            by_bot: false,
            whom,
            subject: None,
            changes,
            names,
        };
        let names = Names { was: None, is: Some("Mill Lady".to_owned()) };
        let name = Difference { field: "name".into(), was: Some("A".into()), is: Some("B".into()) };
        let told = vec![
            Seen::Done(done(Kind::MemberRenamed, Some(ann()), Some(names.clone()), Vec::new())),
            Seen::Done(done(Kind::RoleUpdated, None, None, vec![name.clone()])),
        ];
        house.noticed(1, told).await;
        let lines = house.looked(&LogFilter::default()).await;
        assert_eq!(lines[0].changes, [name]);
        assert_eq!((lines[1].names.as_ref(), lines[1].person), (Some(&names), Some(ann())));
        assert!(lines.iter().all(|line| line.by == Some(user(MODERATOR))));
        let events = house.events(guild(), "logs").await;
        assert!(events.iter().all(|event| !format!("{event:?}").contains("Mill Lady")));
        let person = house.actions.people().find(guild(), ann()).await.unwrap().unwrap();
        house.actions.bus().erase_person(guild(), person).await.unwrap();
        house.caught_up().await;
        let lines = house.looked(&LogFilter::default()).await;
        assert_eq!((lines[1].names.as_ref(), lines[1].person), (None, None));
        house.close().await;
    });
}

// proves: LOG-01
#[test]
fn given_an_erasure_then_nothing_of_theirs_can_be_read_and_the_rest_stays() {
    on_each_store(async |site| {
        let house = site.open().await;
        let _running = house.project().await;
        house.switch_on_logs().await;
        let now = house.actions.now();
        let (one, two) = (message(now, 1), message(now, 2));
        house.noticed(1, vec![wrote(one, ann(), CANARY), wrote(two, ben(), "mine")]).await;
        let messages = vec![one, two];
        house.noticed(3, vec![Seen::Purged { messages, channel: channel(5) }]).await;
        let texts = async || {
            let lines = house.looked(&LogFilter::default()).await;
            let [purge] = &lines[..] else { panic!("{lines:?}") };
            assert_eq!(purge.messages, 2);
            purge.purged.iter().map(|one| one.said.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(texts().await, [CANARY, "mine"]);
        let person = house.actions.people().find(guild(), ann()).await.unwrap().unwrap();
        house.actions.bus().erase_person(guild(), person).await.unwrap();
        assert_eq!(texts().await, ["mine"], "the key is gone");
        let page = "SELECT versions FROM message_pages";
        for lines in [2, 1] {
            let rows = house.work.query(page, &[] as &[Value]).await.unwrap();
            assert_eq!(rows[0].text(0).unwrap().lines().count(), lines);
            house.actions.forget_messages_of(guild(), person).await.unwrap();
        }
        let ben = house.actions.people().find(guild(), ben()).await.unwrap().unwrap();
        house.actions.forget_messages_of(guild(), ben).await.unwrap();
        assert_eq!(house.rows("message_pages").await, 0, "nothing is left of the page");
        house.close().await;
    });
}

// proves: LOG-01
#[test]
fn given_the_time_that_a_community_keeps_messages_then_they_are_destroyed_after_it() {
    on_each_store(async |site| {
        let house = site.open().await;
        let _running = house.project().await;
        house.switch_on_logs().await;
        house.set("logs", "retention", "7d").await;
        let old = message(house.actions.now(), 1);
        house.noticed(1, vec![wrote(old, ann(), CANARY)]).await;
        site.pass_secs(5 * 86_400);
        let new = message(house.actions.now(), 2);
        house.noticed(2, vec![wrote(new, ann(), "new")]).await;
        assert_eq!(house.actions.sweep_message_archive().await.unwrap(), 0);
        site.pass_secs(4 * 86_400);
        assert_eq!(house.actions.sweep_message_archive().await.unwrap(), 1);
        assert_eq!(house.actions.sweep_message_archive().await.unwrap(), 0);
        assert_eq!(house.rows("message_pages").await, 1);
        assert_eq!(house.rows("message_archive_days").await, 1);
        house.noticed(3, vec![deleted(old), deleted(new)]).await;
        let lines = house.looked(&LogFilter::default()).await;
        let texts: Vec<_> =
            lines.iter().map(|line| line.before.as_ref().map(|said| said.text.as_str())).collect();
        assert_eq!(texts, [Some("new"), None]);
        // A shorter time holds for what is there already.
        house.set("logs", "retention", "1d").await;
        site.pass_secs(2 * 86_400);
        assert_eq!(house.actions.sweep_message_archive().await.unwrap(), 1);
        assert_eq!(house.rows("message_pages").await, 0);
        house.close().await;
    });
}

// proves: LOG-01
#[test]
fn given_somebody_or_a_place_that_is_left_out_then_nothing_of_it_is_noted_nor_kept() {
    on_each_store(async |site| {
        let house = site.open().await;
        let _running = house.project().await;
        let admin = with(user(MODERATOR), Permissions::MANAGE_GUILD);
        let leave = house.actions.leave_out_of_logs(guild(), &admin, ben(), true, fresh()).await;
        assert_eq!(rule(leave), "module.off");
        house.switch_on_logs().await;
        for expected in [true, false] {
            let left = house.actions.leave_out_of_logs(guild(), &admin, ben(), true, fresh());
            assert_eq!(left.await.unwrap(), expected);
        }
        house.set("logs", "left_out_channels", "6").await;
        let now = house.actions.now();
        let (one, two) = (message(now, 1), message(now, 2));
        let elsewhere = channel(6);
        let told = vec![
            wrote(one, ben(), CANARY),
            Seen::Said { message: two, channel: elsewhere, author: ann(), said: said("x") },
            Seen::Deleted { message: two, channel: elsewhere },
            Seen::Came(ben()),
            Seen::Came(ann()),
        ];
        house.noticed(1, told).await;
        assert_eq!(house.rows("message_pages").await, 0);
        let lines = house.looked(&LogFilter::default()).await;
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].person, Some(ann()));
        let topic = Some(Topic::Members);
        let set = house.actions.set_log_topic(guild(), &admin, topic, (Some(false), None), fresh());
        set.await.unwrap();
        house.noticed(9, vec![Seen::Came(ann())]).await;
        assert_eq!(house.looked(&LogFilter::default()).await.len(), 1);
        let moderator = with(user(MODERATOR), Permissions::MODERATE_MEMBERS);
        let status = house.actions.log_status(guild(), &moderator).await.unwrap();
        assert_eq!(status.left_out, [ben()]);
        assert!(status.topics.contains(&(Topic::Members, false, None)));
        let (ann, on) = (member(ann()), (Some(true), None));
        let set = house.actions.set_log_topic(guild(), &ann, None, on, fresh()).await;
        assert_eq!(rule(set), "guard.permission");
        house.close().await;
    });
}

// proves: GRD-09
#[test]
fn given_a_community_that_keeps_messages_then_a_message_asks_no_store_whether_it_does() {
    on_each_store(async |site| {
        let house = site.open().await;
        assert!(!house.actions.keeps_messages(other_guild()).await, "nobody wanted that there");
        house.switch_on_logs().await;
        assert!(house.actions.keeps_messages(guild()).await);
        without_stores(&house, &site).await;
        for _ in 0..100_000 {
            // Where it cannot be asked, nothing is kept.
            assert!(house.actions.keeps_messages(guild()).await);
        }
    });
}

// proves: LOG-01, SYN-07
#[test]
fn given_a_stop_in_the_middle_then_what_is_told_again_is_noted_and_kept_once() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.switch_on_logs().await;
        let now = house.actions.now();
        let one = message(now, 1);
        let told = || vec![wrote(one, ann(), "first"), Seen::Came(ben()), deleted(one)];
        house.noticed(1, told()).await;
        // As if the process had ended after the entries were written, and before the texts were.
        house.work.execute("DELETE FROM message_pages", &[] as &[Value]).await.unwrap();
        house.close().await;
        let house = site.open().await;
        let _running = house.project().await;
        for _ in 0..2 {
            house.noticed(1, told()).await;
        }
        let lines = house.looked(&LogFilter::default()).await;
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0].before, Some(said("first")));
        assert_eq!(house.rows("message_pages").await, 1);
        house.close().await;
    });
}
