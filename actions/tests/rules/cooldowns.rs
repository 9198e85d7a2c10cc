//! Who has to wait, and who does not.

use std::time::Duration;

use actions::{ActionError, Policy};
use eventlog::values;

use crate::support::{ann, ben, guild, on_each_store, other_guild};

const MINUTE: Duration = Duration::from_mins(1);

fn waits(claimed: Result<(), ActionError>) -> i64 {
    match claimed {
        Err(ActionError::OnCooldown { wait_secs }) => wait_secs,
        other => panic!("not on cooldown: {other:?}"),
    }
}

// proves: CMD-08
#[test]
fn given_a_second_use_within_the_cooldown_then_it_is_refused_with_the_time_left() {
    on_each_store(async |site| {
        let house = site.open().await;
        let claim = async |user, command| {
            house.actions.claim_cooldown(guild(), user, command, MINUTE).await
        };
        claim(ann(), "bytes heap").await.unwrap();
        site.pass_secs(20);
        let refused = claim(ann(), "bytes heap").await.unwrap_err();
        assert_eq!(refused.to_string(), "You can use this again in 40 s.");
        assert!(!refused.is_fault());
        // Another member, another command and another community are not affected.
        claim(ben(), "bytes heap").await.unwrap();
        claim(ann(), "help").await.unwrap();
        let elsewhere = house.actions.claim_cooldown(other_guild(), ann(), "bytes heap", MINUTE);
        elsewhere.await.unwrap();
        site.pass_secs(40);
        claim(ann(), "bytes heap").await.unwrap();
        house.close().await;
    });
}

// proves: CMD-08
#[test]
fn given_a_restart_then_cooldowns_go_on_and_name_nobody() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.actions.claim_cooldown(guild(), ann(), "help", MINUTE).await.unwrap();
        house.close().await;
        site.pass_secs(15);
        let house = site.open().await;
        let claimed = house.actions.claim_cooldown(guild(), ann(), "help", MINUTE).await;
        assert_eq!(waits(claimed), 45);
        let rows = house.work.query("SELECT who FROM cooldowns", &[]).await.unwrap();
        let [row] = &rows[..] else { panic!("{rows:?}") };
        let who = row.blob(0).unwrap();
        assert_eq!(who.len(), 16);
        let id = ann().get().to_be_bytes();
        assert!(!who.windows(8).any(|part| part == id), "an id stands there");
        house.close().await;
    });
}

// proves: CMD-08
#[test]
fn given_what_guild_operator_and_command_say_then_the_nearest_one_holds() {
    on_each_store(async |site| {
        let policy = Policy {
            cooldowns: [("help".to_owned(), 30), ("ping".to_owned(), 0)].into(),
            ..Policy::default()
        };
        let house = site.open_with(policy).await;
        house.set("commands", "cooldowns", "help:5s, bytes heap:2h").await;
        let cooldown = async |guild, command| {
            let found = house.actions.cooldown_of(guild, command, MINUTE).await;
            found.unwrap().as_secs()
        };
        assert_eq!(cooldown(guild(), "help").await, 5);
        assert_eq!(cooldown(guild(), "bytes heap").await, 7_200);
        assert_eq!(cooldown(guild(), "bytes send").await, 60);
        assert_eq!(cooldown(other_guild(), "help").await, 30);
        assert_eq!(cooldown(other_guild(), "ping").await, 0);
        for _ in 0..3 {
            let claimed = house.actions.claim_cooldown(other_guild(), ann(), "ping", MINUTE).await;
            claimed.unwrap();
        }
        house.close().await;
    });
}

// proves: CMD-08
#[test]
fn given_many_uses_at_once_then_exactly_one_is_let_through() {
    on_each_store(async |site| {
        let house = site.open().await;
        let claims = (0..20).map(|_| {
            let actions = house.actions.clone();
            tokio::spawn(
                async move { actions.claim_cooldown(guild(), ann(), "help", MINUTE).await },
            )
        });
        let mut through = 0;
        for claim in claims.collect::<Vec<_>>() {
            match claim.await.unwrap() {
                Ok(()) => through += 1,
                refused => assert_eq!(waits(refused), 60),
            }
        }
        assert_eq!(through, 1);
        house.close().await;
    });
}

// proves: CMD-08
#[test]
fn given_two_processes_on_one_database_then_they_share_cooldowns() {
    on_each_store(async |site| {
        if site.is_sqlite() {
            return; // One process at a time.
        }
        let (one, other) = (site.open().await, site.open().await);
        one.actions.claim_cooldown(guild(), ann(), "help", MINUTE).await.unwrap();
        let claimed = other.actions.claim_cooldown(guild(), ann(), "help", MINUTE).await;
        assert_eq!(waits(claimed), 60);
        one.close().await;
        other.close().await;
    });
}

#[test]
fn given_a_claim_that_is_given_back_then_the_command_can_be_used_at_once() {
    on_each_store(async |site| {
        let house = site.open().await;
        let actions = &house.actions;
        actions.claim_cooldown(guild(), ann(), "help", MINUTE).await.unwrap();
        actions.release_cooldown(guild(), ann(), "help").await.unwrap();
        actions.claim_cooldown(guild(), ann(), "help", MINUTE).await.unwrap();
        house.close().await;
    });
}

#[test]
fn given_cooldowns_that_are_over_then_they_are_swept_out() {
    on_each_store(async |site| {
        let house = site.open().await;
        for command in ["a", "b", "c"] {
            house.actions.claim_cooldown(guild(), ann(), command, MINUTE).await.unwrap();
        }
        site.pass_secs(3_600);
        house.actions.claim_cooldown(guild(), ben(), "d", MINUTE).await.unwrap();
        let left = house.work.query("SELECT command FROM cooldowns", &values![]).await.unwrap();
        let left: Vec<_> = left.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(left, ["d"]);
        house.close().await;
    });
}

#[test]
fn given_a_store_that_fails_then_commands_go_on_and_this_process_remembers() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.work.execute("DROP TABLE cooldowns", &[]).await.unwrap();
        house.actions.claim_cooldown(guild(), ann(), "help", MINUTE).await.unwrap();
        let claimed = house.actions.claim_cooldown(guild(), ann(), "help", MINUTE).await;
        assert_eq!(waits(claimed), 60);
        house.close().await;
    });
}
