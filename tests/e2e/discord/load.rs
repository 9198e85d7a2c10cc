//! Many at once. The figures of the issue hold for the release binary on an idle machine and are
//! measured by the benchmarks; here nobody may be lost, and what is measured is printed.

use std::time::{Duration, Instant};

use simulator::given;

use super::town::{Someone, Town, counted};
use crate::support::eventually;

/// All that a member has patience for.
const PATIENCE: Duration = Duration::from_secs(3);

fn p99(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() * 99 / 100]
}

#[test]
fn given_64_members_at_once_then_each_is_answered_in_time() {
    let town = Town::new();
    let members: Vec<Someone> = (0..64).map(|n| town.member(&format!("guest{n}"))).collect();
    let bot = town.bot();
    let mut took = Vec::new();
    for round in 0..3 {
        let all = members.iter().map(|member| async move {
            let command = if round == 1 { "/help" } else { "/bytes read" };
            member.uses(command, Vec::new()).await.took()
        });
        took.extend(town.live(futures::future::join_all(all)));
    }
    let worst = took.iter().max().copied().unwrap();
    println!("64 at once, 3 rounds: p99 {:?}, worst {worst:?}", p99(took));
    assert!(worst < PATIENCE, "{worst:?}");
    assert_eq!(counted(&bot, "reeve_discord_late_answers_total", ""), 0);
}

// proves: GRD-13
#[test]
fn given_one_member_who_floods_then_they_are_told_and_others_are_served() {
    let town = Town::new();
    let (flooding, tobi) = (town.member("jonas"), town.member("tobi"));
    let bot = town.bot();
    let told = town.live(async {
        let all = (0..40).map(|_| flooding.uses("/bytes read", Vec::new()));
        let all = futures::future::join_all(all).await;
        assert_eq!(tobi.has().await, 0);
        all.iter().filter(|answer| answer.all_text().contains("too quickly")).count()
    });
    assert!(told >= 20, "{told}");
    drop(bot);
}

// proves: GRD-07, GRD-09, ECO-15, OPS-02
#[test]
fn given_a_flood_of_messages_in_many_communities_then_each_member_is_paid_once() {
    const MESSAGES: u64 = 20_000;
    let town = Town::new();
    let application = town.community.application;
    let ground = town.sim.ground(application, 100, 50).unwrap();
    let bot = town.house.serve(&[]);
    eventually("it knows all communities", || {
        (counted(&bot, "reeve_discord_guilds", "") == 101).then_some(())
    });
    let cpu = || cpu_secs(bot.pid());
    let (began, cpu_before) = (Instant::now(), cpu());
    let flooded = town.live(town.sim.flood(&ground, MESSAGES)).unwrap();
    eventually("the last message has been heard", || {
        let heard = counted(&bot, "reeve_discord_events_total", "MESSAGE_CREATE");
        (heard == MESSAGES).then_some(())
    });
    eventually("everybody is paid", || {
        let paid = counted(&bot, "reeve_discord_daily_rewards_total", "\"paid\"");
        (paid == 100 * 49).then_some(())
    });
    let (wall, used) = (began.elapsed().as_secs_f64(), cpu() - cpu_before);
    println!(
        "{MESSAGES} messages, {} rewards: {wall:.1} s (sent in {:.1} s), {used:.1} s of CPU, {} MiB \
         resident",
        100 * 49,
        flooded.took.as_secs_f64(),
        bot.resident_kib() / 1024
    );
    // Who was paid costs nothing more.
    let before = cpu();
    town.live(town.sim.flood(&ground, MESSAGES)).unwrap();
    eventually("the second flood has been heard", || {
        let heard = counted(&bot, "reeve_discord_events_total", "MESSAGE_CREATE");
        (heard == 2 * MESSAGES).then_some(())
    });
    println!("{MESSAGES} more from whoever was paid: {:.2} s of CPU", cpu() - before);
    assert_eq!(counted(&bot, "reeve_discord_daily_rewards_total", "\"paid\""), 100 * 49);
    assert_eq!(counted(&bot, "reeve_discord_malformed_frames_total", ""), 0);
    let maren = town.member("maren");
    let about = town.live(maren.uses("/about", given! {})).all_text();
    assert!(about.contains("101"), "{about}");
}

/// Processor time of a process, all its threads together.
fn cpu_secs(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).map(|field| field.parse::<f64>().unwrap()).sum();
    ticks / 100.0
}
