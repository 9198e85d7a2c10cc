//! The copy of who is in a community.

use actions::{
    Permissions,
    activity::Window,
    mirror::{Change, MAX_NAMES, Profile, SyncState, Told},
};
use domain::{Timestamp, UserId};
use eventlog::sql::Value;

use crate::support::{House, ann, guild, member, on_each_store, role, rule, user, with};

fn told(user: UserId, nick: Option<&str>) -> Told {
    let profile = Profile {
        name: format!("canary{user}"),
        nick: nick.map(str::to_owned),
        ..Profile::default()
    };
    Told { user, profile, roles: vec![role(7)], joined_at: None, bot: false }
}

fn is(nick: Option<&str>) -> Change {
    Change::Is(Box::new(told(ann(), nick)))
}

impl House {
    async fn page(&self, numbers: std::ops::Range<u64>) {
        let page: Vec<_> = numbers.map(|number| told(user(1_000 + number), None)).collect();
        self.actions.copy_page(guild(), &page, self.actions.now()).await.unwrap();
    }

    async fn change(&self, at: Timestamp, change: Change) {
        let window = Window { members: vec![(at, change)], ..Window::default() };
        self.actions.record_activity(guild(), "session", &window, None).await.unwrap();
    }

    async fn here(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM mirror_members WHERE here = 1";
        self.work.query(sql, &[] as &[Value]).await.unwrap()[0].int(0).unwrap()
    }
}

// proves: SYN-02, SYN-04
#[test]
fn given_a_stop_in_the_middle_then_it_goes_on_there_and_tells_what_differed() {
    on_each_store(async |site| {
        let house = site.open().await;
        assert_eq!(house.actions.sync_of(guild()).await.unwrap(), None);
        house.actions.begin_sync(guild(), 250, house.actions.now()).await.unwrap();
        assert_eq!(house.actions.sync_after(guild()).await.unwrap(), None);
        house.page(0..100).await;
        house.close().await;
        site.pass_secs(10);
        let house = site.open().await;
        assert_eq!(house.actions.unfinished_syncs().await.unwrap(), [guild()]);
        let after = house.actions.sync_after(guild()).await.unwrap();
        assert_eq!(after, Some(user(1_099)));
        house.page(100..200).await;
        let now = house.actions.sync_of(guild()).await.unwrap().unwrap();
        assert_eq!((now.state, now.seen, now.expected), (SyncState::Running, 200, 250));
        house.page(200..230).await;
        house.actions.finish_sync(guild()).await.unwrap();
        let done = house.actions.sync_of(guild()).await.unwrap().unwrap();
        assert_eq!(done.state, SyncState::Done);
        assert_eq!((done.seen, done.added, done.changed, done.gone), (230, 230, 0, 0));
        assert_eq!(
            (house.here().await, house.actions.unfinished_syncs().await.unwrap().len()),
            (230, 0)
        );
        // Ten left and one got another name, and nobody told us.
        site.pass_secs(10);
        house.actions.begin_sync(guild(), 220, house.actions.now()).await.unwrap();
        site.pass_secs(10);
        house.page(0..100).await;
        house.page(110..229).await;
        let renamed = told(user(1_229), Some("Lene"));
        house.actions.copy_page(guild(), &[renamed], house.actions.now()).await.unwrap();
        house.actions.finish_sync(guild()).await.unwrap();
        let done = house.actions.sync_of(guild()).await.unwrap().unwrap();
        assert_eq!((done.added, done.changed, done.gone), (0, 1, 10));
        assert_eq!(house.here().await, 220);
        house.close().await;
    });
}

// proves: SYN-02
#[test]
fn given_a_clock_that_is_not_discords_then_whoever_is_here_stays() {
    on_each_store(async |site| {
        let house = site.open().await;
        let discord_now = house.actions.now().plus_secs(-3_600);
        house.actions.begin_sync(guild(), 1, discord_now).await.unwrap();
        house.actions.copy_page(guild(), &[told(ann(), None)], discord_now).await.unwrap();
        house.actions.finish_sync(guild()).await.unwrap();
        assert_eq!(house.here().await, 1);
        house.close().await;
    });
}

// proves: SYN-01, SYN-03
#[test]
fn given_changes_then_the_copy_follows_and_what_is_older_is_no_news() {
    on_each_store(async |site| {
        let house = site.open().await;
        let now = house.actions.now();
        house.change(now, is(Some("First"))).await;
        house.change(now.plus_secs(5), is(Some("Second"))).await;
        // A page that was asked for before.
        house.change(now.plus_secs(3), is(Some("First"))).await;
        let moderator = with(user(300), Permissions::MODERATE_MEMBERS);
        let former = async || {
            let former = house.actions.former_names(guild(), &moderator, ann()).await.unwrap();
            former.into_iter().map(|one| one.profile.nick.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(former().await, ["First"]);
        for n in 0..MAX_NAMES + 5 {
            let nick = format!("name {n}");
            let at = now.plus_secs(10 + n.cast_signed());
            house.change(at, is(Some(&nick))).await;
        }
        assert_eq!(former().await.len(), usize::try_from(MAX_NAMES).unwrap());
        assert_eq!(house.here().await, 1);
        house.change(now.plus_secs(100), Change::Left(ann())).await;
        assert_eq!(house.here().await, 0);
        house.change(now.plus_secs(99), is(None)).await;
        assert_eq!(house.here().await, 0, "they have left since");
        house.change(now.plus_secs(101), is(None)).await;
        assert_eq!(house.here().await, 1, "they came back");
        let sealed = "SELECT profile FROM mirror_members UNION SELECT profile FROM mirror_names";
        let sealed = house.work.query(sealed, &[] as &[Value]).await.unwrap();
        assert!(sealed.iter().all(|row| !row.text(0).unwrap().contains("canary")));
        let refused = house.actions.former_names(guild(), &member(ann()), ann()).await;
        assert_eq!(rule(refused), "guard.permission");
        assert_eq!(rule(house.actions.may_sync(guild(), &moderator).await), "guard.permission");
        let person = house.actions.people().find(guild(), ann()).await.unwrap().unwrap();
        house.actions.bus().erase_person(guild(), person).await.unwrap();
        house.actions.forget_member(guild(), person).await.unwrap();
        assert_eq!((house.here().await, former().await.len()), (0, 0));
        house.close().await;
    });
}
