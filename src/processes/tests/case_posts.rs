//! Cases as they are recorded, and as they stand in the community's log channel.

use std::sync::Arc;

use actions::Caller;
use domain::{
    CaseNumber, Decider as _,
    case::{Case, Status},
    moderation::{Command, Deed},
};
use eventlog::StreamId;
use simulator::{
    Id,
    faults::{Fault, Rule},
};

use super::{
    court::Court,
    harness::{Failing, eventually},
};
use crate::processes::{Process, case_posts::CasePosts, cases::Cases, moderation::Moderation};

impl Court {
    async fn log_channel_is(&self, channel: Id) {
        let (key, operator) = (actions::fresh_key("settings").unwrap(), Caller::operator());
        let (actions, guild, channel) = (&self.house.actions, self.guild(), channel.to_string());
        let field = "log_channel";
        let changed = actions.change_setting(guild, &operator, "moderation", field, &channel, &key);
        changed.await.unwrap();
    }

    /// A new one, which the bot may see and write to.
    fn channel(&self, name: &str) -> Id {
        self.sim.admin(self.community.guild).unwrap().makes_channel(name).unwrap()
    }

    /// What the posts in a channel say, the oldest first.
    fn posts(&self, channel: Id) -> Vec<String> {
        let world = self.sim.world.lock();
        let Some(channel) = world.channels.get(&channel) else { return Vec::new() };
        let said = channel.messages.values();
        said.map(|message| serde_json::to_string(&message.embeds).unwrap() + &message.content)
            .filter(|text| text.contains("Case"))
            .collect()
    }

    async fn says(&self, channel: Id, wanted: &[&str]) {
        let what = format!("the log says {wanted:?}");
        eventually(&what, async || {
            // The house's clock is ahead by what a change waits for.
            self.house.pass(1);
            let posts = self.posts(channel);
            posts.len() == wanted.len()
                && posts.iter().zip(wanted).all(|(post, w)| post.contains(w))
        })
        .await;
    }

    async fn status(&self, case: u32) -> Status {
        let stream = StreamId::part(Case::CAPABILITY, self.guild(), &case.to_string());
        let read = self.house.actions.bus().read::<Case, _>(&stream, |state, _| state.status());
        read.await.unwrap()
    }
}

// proves: MOD-08
#[tokio::test(flavor = "multi_thread")]
async fn given_cases_then_each_is_posted_once_and_its_post_follows_it() {
    posts_follow(&Court::running().await).await;
}

// proves: MOD-08
#[tokio::test(flavor = "multi_thread")]
async fn given_cases_then_each_is_posted_once_also_on_postgres() {
    let Some(court) = Court::postgres().await else { return };
    posts_follow(&court).await;
}

async fn posts_follow(court: &Court) {
    let log = court.channel("case-log");
    court.log_channel_is(log).await;
    let running = court.start().await;
    let (lene, pavel) = (court.member(0), court.member(1));
    court.warn(&lene).await;
    court.says(log, &["warning"]).await;
    assert!(court.posts(log)[0].contains("be kind"));
    assert!(court.posts(log)[0].contains(&lene.mention()));
    court.punish(Deed::Ban, &pavel, Some(10 * 86_400)).await;
    court.says(log, &["warning", "in force"]).await;
    court.house.caught_up().await;
    court.house.pass(10 * 86_400);
    court.says(log, &["warning", "expired"]).await;
    assert_eq!(court.status(2).await, Status::Expired);
    // What somebody did to the post is theirs; another one is not written.
    let posted = *court.sim.world.lock().channels[&log].messages.keys().next().unwrap();
    let by = simulator::By::user(court.community.owner);
    court.sim.world.lock().delete_message(log, posted, &by).unwrap();
    let pardon = Command::Pardon {
        case: CaseNumber(1),
        person: court.number_of(&lene).await,
        by: court.moderator().await,
        reason: None,
        at: court.house.now(),
    };
    court.decide(&pardon).await;
    eventually("the post is given up", async || {
        court.house.pass(1);
        court.house.rows("SELECT COUNT(*) FROM case_posts WHERE state = 'gone'").await == 1
    })
    .await;
    assert_eq!(court.posts(log).len(), 1);
    assert_eq!(court.status(1).await, Status::Pardoned);
    running.shutdown().await;
}

// proves: MOD-08
#[tokio::test(flavor = "multi_thread")]
async fn given_a_log_channel_that_is_lost_then_no_case_is_and_those_who_run_it_hear_once() {
    let court = Court::running().await;
    let (log, another) = (court.channel("case-log"), court.channel("another-log"));
    let greeting = court.channel("greetings");
    {
        let mut world = court.sim.world.lock();
        let guild = world.guilds.get_mut(&court.community.guild).unwrap();
        guild.system_channel = Some(greeting);
    }
    court.log_channel_is(log).await;
    court.sim.admin(court.community.guild).unwrap().deletes_channel(log).unwrap();
    let running = court.start().await;
    for place in 0..3 {
        court.warn(&court.member(place)).await;
    }
    eventually("all wait", async || {
        court.house.pass(1);
        court.house.rows("SELECT COUNT(*) FROM case_posts WHERE state = 'lost'").await == 3
    })
    .await;
    let told = || court.texts(greeting).iter().filter(|text| text.contains("log channel")).count();
    eventually("they are told", async || told() == 1).await;
    assert!(court.texts(greeting).iter().any(|text| text.contains("No case is lost")));
    court.log_channel_is(another).await;
    court.house.caught_up().await;
    court.says(another, &["#1", "#2", "#3"]).await;
    assert_eq!(told(), 1, "once");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_somebody_who_was_erased_then_the_post_names_them_no_longer() {
    let court = Court::running().await;
    let log = court.channel("case-log");
    court.log_channel_is(log).await;
    let running = court.start().await;
    let lene = court.member(0);
    court.warn(&lene).await;
    court.says(log, &["warning"]).await;
    let person = court.number_of(&lene).await;
    court.house.actions.bus().erase_person(court.guild(), person).await.unwrap();
    court.says(log, &["has been erased"]).await;
    assert!(!court.posts(log)[0].contains("be kind"));
    running.shutdown().await;
}

/// Every step fails now and then, and Discord's answers are lost.
#[tokio::test(flavor = "multi_thread")]
async fn given_failures_then_every_case_has_its_record_and_one_post() {
    let court = Court::running().await;
    let log = court.channel("case-log");
    court.log_channel_is(log).await;
    let failing = |process: Arc<dyn Process>| {
        let failing: Arc<dyn Process> = Arc::new(Failing::new(process, 0.05));
        failing
    };
    court.sim.faults.add(Rule::by_chance(0.1, Fault::LostAnswer).on("messages")).unwrap();
    let all =
        vec![failing(Arc::new(Moderation)), failing(Arc::new(Cases)), failing(Arc::new(CasePosts))];
    let running = court.start_with(all).await;
    for place in 0..12 {
        let member = court.member(place);
        if place % 2 == 0 {
            court.warn(&member).await;
        } else {
            court.punish(Deed::Timeout, &member, Some(86_400)).await;
        }
    }
    eventually("all are posted", async || {
        court.house.pass(1);
        court.house.rows("SELECT COUNT(*) FROM case_posts WHERE state = 'posted'").await == 12
    })
    .await;
    eventually("all have a record", async || court.house.count("case.opened").await == 12).await;
    running.shutdown().await;
    let mut posts = court.posts(log);
    posts.sort();
    posts.dedup();
    assert_eq!(posts.len(), 12);
}
