//! Weekly boards, and where a week ends.

use domain::UtcDay;
use projections::economy::weekly;

use crate::support::{House, guild, on_each_store, person};

async fn board(house: &House, day: &str) -> Vec<(u32, i64)> {
    let day: UtcDay = day.parse().unwrap();
    let top = weekly::top(&house.store, guild(1), day, 10).await.unwrap();
    top.iter().map(|line| (line.person.0, line.gained.0)).collect()
}

// proves: ECO-11
#[test]
fn a_week_ends_with_the_last_microsecond_of_sunday_also_at_new_year() {
    on_each_store(async |site| {
        // The Sunday, and how any day of the week before and after is called.
        for (sunday, before, after) in [
            ("2026-12-27T23:59:59.999999Z", "2026-12-21", "2027-01-03"),
            ("2027-01-03T23:59:59.999999Z", "2026-12-31", "2027-01-10"),
        ] {
            site.clock.set(sunday);
            let house = site.open().await;
            let runtime = house.project().await;
            house.grant(guild(1), person(1), 5, None).await; // and 25 to begin with
            house.clock.set(&format!("{}", house.clock.now().utc_day().next()));
            house.transfer(guild(1), person(1), person(2), 7, None).await; // who begins with 25
            house.caught_up(&["weekly_gains"]).await;
            runtime.shutdown().await;
            house.close().await;

            let house = site.open().await;
            let (first, second) = (board(&house, before).await, board(&house, after).await);
            if sunday.starts_with("2026") {
                assert_eq!(first, [(1, 30)]);
                assert_eq!(second, [(2, 32)]);
            } else {
                // The week that was new in the first round has Sunday's grant as well.
                assert_eq!(first, [(2, 32), (1, 5)]);
                assert_eq!(second, [(2, 7)]);
            }
            house.close().await;
        }
    });
}

// proves: ECO-11
#[test]
fn past_weeks_stay_as_they_were() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let day = house.clock.now().utc_day().to_string();
        house.grant(guild(1), person(1), 40, None).await;
        house.grant(guild(1), person(2), 40, None).await;
        house.caught_up(&["weekly_gains"]).await;
        let past = board(&house, &day).await;
        assert_eq!(past, [(1, 65), (2, 65)], "ties in order of first sight");

        house.clock.pass_secs(7 * 86_400);
        house.grant(guild(1), person(2), 10, None).await;
        house.transfer(guild(1), person(1), person(2), 1, None).await;
        house.caught_up(&["weekly_gains"]).await;
        assert_eq!(board(&house, &day).await, past);
        let this_week = house.clock.now().utc_day().to_string();
        assert_eq!(board(&house, &this_week).await, [(2, 11)]);
        assert_eq!(board(&house, "2020-01-01").await, []);
        runtime.shutdown().await;
        house.close().await;
    });
}
