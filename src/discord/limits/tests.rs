//! A small Discord that counts, and limits that never let it say no twice in a row.

use super::*;

/// Limits, and a clock to look at them by.
struct Desk {
    limits: Limits,
    now: Instant,
}

impl Desk {
    fn new(options: LimitsOptions) -> Self {
        Self { limits: Limits::new(options), now: Instant::now() }
    }

    fn bulk(&self, route: &Route) -> Result<Permit, Duration> {
        self.limits.try_take(route, Urgency::Bulk, self.now)
    }

    fn urgent(&self, route: &Route) -> Result<Permit, Duration> {
        self.limits.try_take(route, Urgency::Now, self.now)
    }

    /// A call on this route is made and answered.
    fn call(&self, route: &Route, told: &Told, met: Option<Met>) {
        self.bulk(route).unwrap().answered(told, met, false, self.now);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }
}

fn desk() -> Desk {
    Desk::new(LimitsOptions::default())
}

fn told(bucket: &str, remaining: u32, reset_after: f64) -> Told {
    Told {
        bucket: Some(bucket.to_owned()),
        remaining: Some(remaining),
        reset_after: Some(Duration::from_secs_f64(reset_after)),
    }
}

fn send(channel: u64) -> Route {
    Route::of("POST", &format!("channels/{channel}/messages"))
}

#[test]
fn given_paths_then_routes_differ_by_their_major_part_only() {
    let give = Route::of("PUT", "guilds/1/members/2/roles/3");
    assert_eq!(give, Route::of("PUT", "guilds/1/members/7/roles/8?x=1"));
    assert_eq!(give, Route::parse("PUT guilds/1/members/:/roles/:"));
    assert_ne!(give, Route::of("DELETE", "guilds/1/members/2/roles/3"));
    assert_ne!(give, Route::of("PUT", "guilds/2/members/2/roles/3"));
    assert_eq!(Route::of("POST", "users/@me/channels").major, "");
}

#[test]
fn given_an_unknown_route_then_one_call_goes_first() {
    let desk = desk();
    let first = desk.bulk(&send(1)).unwrap();
    assert!(desk.bulk(&send(1)).is_err());
    assert!(desk.bulk(&send(2)).is_ok(), "another channel");
    first.answered(&told("abc", 4, 5.0), None, false, desk.now);
    let more: Vec<_> = (0..4).map(|_| desk.bulk(&send(1)).unwrap()).collect();
    assert!(desk.bulk(&send(1)).is_err(), "four were left");
    drop(more);
}

#[test]
fn given_nothing_remaining_then_waits_for_the_reset() {
    let mut desk = desk();
    desk.call(&send(1), &told("abc", 0, 3.0), None);
    let wait = desk.bulk(&send(1)).unwrap_err();
    assert!(wait >= Duration::from_secs(3), "{wait:?}");
    desk.pass(wait);
    assert!(desk.bulk(&send(1)).is_ok());
}

#[test]
fn given_two_routes_of_one_bucket_then_they_share_what_remains() {
    let desk = desk();
    desk.call(&send(1), &told("b", 1, 5.0), None);
    desk.call(&Route::of("PATCH", "channels/1/messages/5"), &told("b", 0, 5.0), None);
    assert!(desk.bulk(&send(1)).is_err());
}

#[test]
fn given_a_429_then_waits_as_told_and_lets_one_call_go_alone() {
    let mut desk = desk();
    let met = Met { retry_after: Duration::from_secs(2), global: false };
    desk.call(&send(1), &told("abc", 9, 60.0), Some(met));
    assert!(desk.urgent(&send(1)).is_err());
    assert!(desk.bulk(&send(2)).is_ok(), "another channel is free");
    desk.pass(Duration::from_millis(2_101));
    let alone = desk.bulk(&send(1)).unwrap();
    assert!(desk.bulk(&send(1)).is_err(), "it is not known to be over");
    alone.answered(&told("abc", 8, 60.0), None, false, desk.now);
    let _more = desk.bulk(&send(1)).unwrap();
    assert!(desk.bulk(&send(1)).is_ok());
}

#[test]
fn given_a_429_in_a_window_that_is_used_up_then_waits_for_the_next_window() {
    let mut desk = desk();
    let met = Met { retry_after: Duration::from_millis(300), global: false };
    desk.call(&send(1), &told("abc", 0, 5.0), Some(met));
    desk.pass(Duration::from_millis(500));
    assert!(desk.bulk(&send(1)).unwrap_err() > Duration::from_secs(4));
    desk.pass(Duration::from_millis(4_700));
    assert!(desk.bulk(&send(1)).is_ok());
}

#[test]
fn given_a_global_429_then_everything_waits_but_interactions() {
    let mut desk = desk();
    let met = Met { retry_after: Duration::from_secs(1), global: true };
    desk.call(&send(1), &Told::default(), Some(met));
    assert!(desk.urgent(&send(2)).is_err());
    let callback = Route::of("POST", "interactions/1/token/callback");
    assert!(desk.limits.try_take(&callback, Urgency::Interaction, desk.now).is_ok());
    desk.pass(Duration::from_millis(1_101));
    let _alone = desk.bulk(&send(2)).unwrap();
    assert!(desk.bulk(&send(3)).is_err());
}

#[test]
fn given_any_second_then_no_more_go_out_than_discord_takes_and_bulk_leaves_room() {
    let (mut desk, options) = (desk(), LimitsOptions::default());
    let mut sent = Vec::new();
    // As many as may be, to ever other channels, for five seconds.
    for _ in 0..500 {
        while let Ok(permit) = desk.bulk(&send(sent.len() as u64 + 1)) {
            permit.answered(&told("b", 4, 1.0), None, false, desk.now);
            sent.push(desk.now);
        }
        desk.pass(Duration::from_millis(10));
    }
    assert!(sent.len() > 4 * options.bulk, "only {} went out", sent.len());
    let within = |from: &Instant| {
        sent.iter().filter(|at| **at >= *from && at.duration_since(*from) < SECOND).count()
    };
    let most = sent.iter().map(within).max().unwrap();
    assert!(most <= options.bulk, "{most} in one second");
    // Whoever waits finds room at any moment.
    let _now = desk.urgent(&send(100_000)).unwrap();
}

#[test]
fn given_too_many_refusals_then_bulk_work_stops_before_discord_bans_the_address() {
    let desk = Desk::new(LimitsOptions { refusals: 3, ..LimitsOptions::default() });
    for channel in 1..4 {
        let permit = desk.bulk(&send(channel)).unwrap();
        permit.answered(&Told::default(), None, true, desk.now);
    }
    assert!(desk.bulk(&send(9)).unwrap_err() > Duration::from_mins(9));
    assert!(desk.urgent(&send(9)).is_ok());
}
