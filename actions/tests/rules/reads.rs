//! What members see of the economy.

use actions::{Caller, Permissions};
use domain::Bytes;

use crate::support::{
    ann, ben, fresh, guild, member, on_each_store, other_guild, rule, user, with, writes,
};

// proves: ECO-06, ECO-01
#[test]
fn given_a_transfer_then_both_wallets_show_it_at_once_in_the_communitys_currency() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.set("economy", "currency", "coins").await;
        house.give(ann(), 100).await;
        let now = house.actions.now();
        writes(&house.actions, guild(), ben(), now, fresh()).await.unwrap();
        house.send(ann(), ben(), 30).await.unwrap();
        let wallet = async |of| {
            let caller = member(user(500));
            house.actions.wallet(guild(), &caller, of).await.unwrap()
        };
        let (of_ann, of_ben) = (wallet(ann()).await, wallet(ben()).await);
        let numbers = |wallet: &actions::economy::Wallet| {
            [wallet.balance.0, wallet.received.0, wallet.sent.0, wallet.rewarded.0]
        };
        assert_eq!(numbers(&of_ann), [70, 0, 30, 0]);
        assert_eq!(numbers(&of_ben), [40, 30, 0, 10]);
        assert_eq!((of_ben.streak_days, of_ben.tier.as_deref()), (1, None));
        assert_eq!(of_ann.currency, "coins");
        let stranger = wallet(user(999)).await;
        assert_eq!((numbers(&stranger), stranger.last_daily), ([0; 4], None));
        assert!(house.actions.people().find(guild(), user(999)).await.unwrap().is_none());
        let told = house.send(ann(), ben(), 5_000).await.unwrap_err().to_string();
        assert_eq!(told, "You can move at most 1,000 coins at a time.");
        // A streak that was broken is not shown as one.
        site.pass_secs(2 * 86_400);
        assert_eq!(wallet(ben()).await.streak_days, 0);
        house.close().await;
    });
}

// proves: ECO-08, ECO-11
#[test]
fn given_boards_then_ties_are_stable_limits_hold_and_past_weeks_stay() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        for (number, amount) in [(1, 10), (2, 30), (3, 30), (4, 20)] {
            house.give(user(number), amount).await;
        }
        house.caught_up().await;
        let caller = member(ann());
        let board = async |limit| {
            let lines = house.actions.board(guild(), &caller, limit).await.unwrap();
            lines
                .iter()
                .map(|line| (line.place, line.user.unwrap().get(), line.amount.0))
                .collect::<Vec<_>>()
        };
        assert_eq!(board(None).await, [(1, 2, 30), (2, 3, 30), (3, 4, 20), (4, 1, 10)]);
        assert_eq!(board(Some(2)).await, [(1, 2, 30), (2, 3, 30)]);
        for limit in [0, 26, u32::MAX] {
            let refused = house.actions.board(guild(), &caller, Some(limit)).await.unwrap_err();
            assert_eq!(refused.to_string(), "limit: use 1 to 25");
        }
        assert_eq!(house.actions.board(other_guild(), &caller, None).await.unwrap(), []);

        site.pass_secs(7 * 86_400);
        house.give(user(4), 5).await;
        house.caught_up().await;
        let week = async |ago| {
            let board = house.actions.weekly_board(guild(), &caller, ago, None).await.unwrap();
            let lines = board.lines.iter();
            let lines: Vec<_> =
                lines.map(|line| (line.user.unwrap().get(), line.amount.0)).collect();
            (board.week.to_string(), lines)
        };
        assert_eq!(week(0).await, ("2026-11-23".to_owned(), vec![(4, 5)]));
        let (monday, lines) = week(1).await;
        assert_eq!((monday.as_str(), lines.len(), lines[0]), ("2026-11-16", 4, (2, 30)));
        assert_eq!(week(2).await.1, []);
        let refused = house.actions.weekly_board(guild(), &caller, 521, None).await.unwrap_err();
        assert_eq!(refused.to_string(), "weeks_ago: use 0 to 520");
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: ECO-12, GRD-08
#[test]
fn given_history_then_members_read_their_own_and_reasons_open_for_who_may() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        house.set("economy", "transfer_cooldown_secs", "0").await;
        house.give(ann(), 100).await;
        for number in 1..=5 {
            let reason = format!("for cake no. {number}");
            house.send_because(ann(), ben(), number, Some(&reason)).await.unwrap();
        }
        house.caught_up().await;
        let page = async |caller: &Caller, of, before| {
            house.actions.history(guild(), caller, of, before, 4).await
        };
        let first = page(&member(ben()), Some(ben()), None).await.unwrap();
        let newest = &first.lines[0];
        assert_eq!((newest.giver, newest.receiver), (Some(ann()), Some(ben())));
        assert_eq!((newest.amount, newest.reason.as_deref()), (Bytes(5), Some("for cake no. 5")));
        let second = page(&member(ben()), Some(ben()), first.next).await.unwrap();
        assert_eq!((first.lines.len(), second.lines.len(), second.next), (4, 1, None));

        let curious = member(user(103));
        assert_eq!(rule(page(&curious, Some(ben()), None).await), "guard.permission");
        assert_eq!(rule(page(&curious, None, None).await), "guard.permission");
        let moderator = with(user(103), Permissions::MODERATE_MEMBERS);
        let seen = page(&moderator, Some(ann()), None).await.unwrap();
        assert_eq!(seen.lines[0].reason.as_deref(), Some("for cake no. 5"));
        assert_eq!(page(&moderator, None, None).await.unwrap().lines.len(), 4);
        // Of another community nothing is to be seen.
        let there =
            house.actions.history(other_guild(), &member(ben()), Some(ben()), None, 4).await;
        assert_eq!(there.unwrap().lines, []);
        for limit in [0, 51] {
            let refused = house.actions.history(guild(), &moderator, None, None, limit).await;
            assert_eq!(refused.unwrap_err().to_string(), "limit: use 1 to 50");
        }
        // An erased giver's reasons are gone; amounts stay.
        let person = house.actions.people().find(guild(), ann()).await.unwrap().unwrap();
        house.actions.bus().erase_person(guild(), person).await.unwrap();
        house.caught_up().await;
        let after = page(&member(ben()), Some(ben()), None).await.unwrap();
        assert_eq!((after.lines[0].giver, after.lines[0].reason.as_deref()), (None, None));
        assert_eq!(after.lines[0].amount, Bytes(5));
        runtime.shutdown().await;
        house.close().await;
    });
}
