//! Entries of the logs, on their way to the community's channel.

use std::sync::Arc;

use actions::{
    Caller,
    activity::Window,
    logs::{Noticed, Seen},
};
use domain::UserId;
use simulator::Id;

use super::{
    court::Court,
    harness::{Failing, eventually},
};
use crate::processes::{Process, logs::Logs};

const FIRST_USER: u64 = 1_107_318_246_137_200_000;

impl Court {
    async fn logs_are_posted(&self) -> Id {
        let (actions, guild, operator) = (&self.house.actions, self.guild(), Caller::operator());
        let fresh = || actions::fresh_key("settings").unwrap();
        let log = self.sim.admin(self.community.guild).unwrap().makes_channel("server-log");
        let log = log.unwrap();
        let (topics, text) = ("channel", log.to_string());
        actions.change_setting(guild, &operator, "logs", topics, &text, &fresh()).await.unwrap();
        let owner =
            Caller::member(UserId::new(FIRST_USER - 1).unwrap(), actions::Standing::owner());
        actions.switch_module(guild, &owner, "logs", true, &fresh()).await.unwrap();
        log
    }

    /// These come, one after another.
    async fn come(&self, users: std::ops::Range<u64>) {
        for number in users {
            let what = Seen::Came(UserId::new(FIRST_USER + number).unwrap());
            let noticed = vec![Noticed { seq: number + 1, at: self.house.now(), what }];
            let window = Window { noticed, ..Window::default() };
            let recorded =
                self.house.actions.record_activity(self.guild(), "session", &window, None);
            recorded.await.unwrap();
        }
    }

    /// Lets time pass, but never while something is on its way to Discord: a notice is of no use an
    /// hour later, and on a slow machine that hour would be over before it was sent.
    async fn time_goes_on(&self) {
        let open = "SELECT COUNT(*) FROM effects WHERE state IN ('waiting', 'calling', 'unknown')";
        if self.house.rows(open).await == 0 {
            self.house.pass(3);
        }
    }

    /// What each message of the channel says.
    fn log_says(&self, channel: Id) -> Vec<String> {
        let world = self.sim.world.lock();
        let messages = world.channels[&channel].messages.values();
        messages.map(|message| serde_json::to_string(&message.embeds).unwrap()).collect()
    }
}

async fn posts_each_once(court: &Court) {
    let log = court.logs_are_posted().await;
    let failing: Arc<dyn Process> = Arc::new(Failing::new(Arc::new(Logs), 0.1));
    let running = court.start_with(vec![failing]).await;
    court.come(0..25).await;
    eventually("all are posted", async || {
        court.time_goes_on().await;
        let said = court.log_says(log).concat();
        (0..25).all(|number| said.contains(&format!("<@{}>", FIRST_USER + number)))
    })
    .await;
    running.shutdown().await;
    let messages = court.log_says(log);
    assert!(messages.len() < 25, "several in one message: {}", messages.len());
    let said = messages.concat();
    for number in 0..25 {
        let mention = format!("<@{}>", FIRST_USER + number);
        assert_eq!(said.matches(&mention).count(), 1, "{mention} in {said}");
    }
    let payloads = court.house.db.query("SELECT payload FROM effects", &[]).await.unwrap();
    for row in &payloads {
        let payload = row.text(0).unwrap();
        assert!(!payload.contains("<@"), "who it is about is sealed: {payload}");
    }
}

// proves: LOG-01, LOG-04
#[tokio::test(flavor = "multi_thread")]
async fn given_many_entries_then_each_is_posted_once_and_several_in_one_message() {
    posts_each_once(&Court::running().await).await;
}

// proves: LOG-01, LOG-04
#[tokio::test(flavor = "multi_thread")]
async fn given_many_entries_then_each_is_posted_once_also_on_postgres() {
    let Some(court) = Court::postgres().await else { return };
    posts_each_once(&court).await;
}

// proves: LOG-01
#[tokio::test(flavor = "multi_thread")]
async fn given_a_channel_that_is_lost_then_its_entries_are_posted_in_the_next_one() {
    let court = Court::running().await;
    let log = court.logs_are_posted().await;
    let admin = court.sim.admin(court.community.guild).unwrap();
    admin.deletes_channel(log).unwrap();
    let process: Arc<dyn Process> = Arc::new(Logs);
    let running = court.start_with(vec![process]).await;
    court.come(0..25).await;
    let waiting = "SELECT COUNT(*) FROM log_posts WHERE batch = 'lost'";
    eventually("all wait for another channel", async || {
        court.time_goes_on().await;
        court.house.rows(waiting).await == 25
    })
    .await;
    let another = admin.makes_channel("server-log-2").unwrap();
    let (actions, guild, operator) = (&court.house.actions, court.guild(), Caller::operator());
    let (key, text) = (actions::fresh_key("settings").unwrap(), another.to_string());
    actions.change_setting(guild, &operator, "logs", "channel", &text, &key).await.unwrap();
    eventually("all are posted there", async || {
        court.time_goes_on().await;
        let said = court.log_says(another).concat();
        (0..25).all(|number| said.contains(&format!("<@{}>", FIRST_USER + number)))
    })
    .await;
    eventually("nothing waits", async || {
        court.house.rows("SELECT COUNT(*) FROM log_posts").await == 0
    })
    .await;
    running.shutdown().await;
    let said = court.log_says(another).concat();
    for number in 0..25 {
        let mention = format!("<@{}>", FIRST_USER + number);
        assert_eq!(said.matches(&mention).count(), 1, "{mention} in {said}");
    }
}

// proves: LOG-01
#[tokio::test(flavor = "multi_thread")]
async fn given_more_than_a_channel_takes_then_the_newest_are_posted_and_the_rest_is_counted() {
    let court = Court::still().await;
    let log = court.logs_are_posted().await;
    let process: Arc<dyn Process> = Arc::new(Logs);
    let running = court.start_with(vec![process]).await;
    court.come(0..230).await;
    court.house.caught_up().await;
    eventually("the newest is posted", async || {
        court.house.pass(3);
        court.log_says(log).concat().contains(&format!("<@{}>", FIRST_USER + 229))
    })
    .await;
    let said = court.log_says(log).concat();
    assert!(said.contains("221 entries before this"), "{said}");
    assert!(!said.contains(&format!("<@{}>", FIRST_USER + 3)), "{said}");
    eventually("nothing waits", async || {
        court.house.rows("SELECT COUNT(*) FROM log_posts").await == 0
    })
    .await;
    running.shutdown().await;
}
