//! The report of each week, from the settings to the community's channel.

use std::sync::Arc;

use actions::Caller;
use projections::{Runtime, RuntimeOptions};
use simulator::Id;

use super::{
    court::Court,
    harness::{Failing, eventually},
};
use crate::processes::{Process, reports::Reports};

const WEEK_SECS: u64 = 7 * 24 * 60 * 60;

impl Court {
    async fn counts(&self) -> Runtime {
        let (house, store) = (&self.house, self.house.actions.store().clone());
        let options = RuntimeOptions::default();
        let (all, clock) = (projections::registered(), house.ground().clock);
        Runtime::start(all, store, Arc::clone(&house.log), clock, options).await.unwrap()
    }

    async fn reports_to(&self, channel: &str) {
        let (actions, operator) = (&self.house.actions, Caller::operator());
        let key = actions::fresh_key("settings").unwrap();
        let (guild, field) = (self.guild(), "report_channel");
        let set = actions.change_setting(guild, &operator, "activity", field, channel, &key);
        set.await.unwrap();
    }

    /// To the moment at which the next report is due, and a bit more.
    async fn until_it_is_due(&self) {
        let now = self.house.now();
        let due = self.house.actions.report_due(self.guild(), now).await.unwrap().unwrap();
        self.pass(u64::try_from(due.at.as_secs() - now.as_secs()).unwrap() + 2);
    }

    /// What messages of a channel say, with how many files each has.
    fn reported(&self, channel: Id) -> Vec<(String, usize)> {
        let world = self.sim.world.lock();
        let messages = world.channels[&channel].messages.values();
        let told = |message: &simulator::world::message::Message| {
            (serde_json::to_string(&message.embeds).unwrap(), message.attachments.len())
        };
        messages.map(told).collect()
    }

    fn all_text(&self) -> String {
        let world = self.sim.world.lock();
        let messages = world.channels.values().flat_map(|channel| channel.messages.values());
        messages.map(|message| message.content.clone()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_channel_for_reports_then_each_week_is_posted_there_once_with_its_picture() {
    let court = Court::still().await;
    let runtime = court.counts().await;
    let channel = court.sim.admin(court.community.guild).unwrap().makes_channel("numbers");
    let channel = channel.unwrap();
    let failing: Arc<dyn Process> = Arc::new(Failing::new(Arc::new(Reports), 0.2));
    let running = court.start_with(vec![failing]).await;
    court.reports_to(&channel.to_string()).await;
    court.house.caught_up().await;
    for week in 1..=3 {
        court.until_it_is_due().await;
        eventually("the week is posted", async || {
            court.pass(1);
            court.reported(channel).len() == week
        })
        .await;
    }
    // What is set again to the same moment is no second report.
    court.reports_to(&channel.to_string()).await;
    court.house.caught_up().await;
    let reported = court.reported(channel);
    assert_eq!(reported.len(), 3);
    for (said, files) in &reported {
        assert!(said.contains("The week from") && said.contains("report.png"), "{said}");
        assert_eq!(*files, 1, "{said}");
    }
    // Without a channel there is none.
    court.reports_to("").await;
    court.house.caught_up().await;
    eventually("no timer stands", async || {
        court.house.rows("SELECT COUNT(*) FROM timers WHERE state IN ('waiting', 'firing')").await
            == 0
    })
    .await;
    court.pass(2 * WEEK_SECS);
    court.house.caught_up().await;
    assert_eq!(court.reported(channel).len(), 3);
    running.shutdown().await;
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_channel_that_is_gone_then_those_who_run_the_community_hear_of_it_once() {
    let court = Court::still().await;
    let runtime = court.counts().await;
    let process: Arc<dyn Process> = Arc::new(Reports);
    let running = court.start_with(vec![process]).await;
    court.reports_to("1107318246137139999").await;
    court.house.caught_up().await;
    let told = |text: &str| text.matches("The weekly report cannot be posted").count();
    for week in 1..=2 {
        court.until_it_is_due().await;
        eventually("it was tried, and they were told", async || {
            court.pass(1);
            let ended = "SELECT COUNT(*) FROM effects WHERE state IN ('done', 'dead')";
            court.house.rows(ended).await > week && told(&court.all_text()) > 0
        })
        .await;
    }
    assert_eq!(told(&court.all_text()), 1);
    running.shutdown().await;
    runtime.shutdown().await;
}
