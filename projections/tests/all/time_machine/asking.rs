//! Who asks for what, and what they are told.

use std::sync::{Arc, Mutex};

use domain::{EventType, Moment, Timestamp};
use projections::{
    TimeError, TimeOptions, View, Visit,
    time_machine::{Progress, Quota},
};

use super::{at, busy, dump, machine, machine_of, small};
use crate::support::{Control, guild, on_each_store, on_sqlite, registered, tampered, until};

#[test]
fn given_times_then_the_last_event_at_or_before_each_is_found() {
    on_each_store(async |site| {
        let house = site.open().await;
        let guild = busy(&house, 12, 50).await;
        let history = house.history(guild).await;
        let machine = machine(site.directory(), &house, small());
        house.clock.pass_secs(3_600);
        let now = house.clock.now();
        let found = async |moment| machine.event_at(guild, moment).await.unwrap();
        for event in &history {
            let last = history.iter().rev().find(|other| other.at == event.at).unwrap();
            assert_eq!(found(Moment::At(event.at)).await, *last);
            let before = Timestamp::from_micros(event.at.as_micros() - 1);
            match history.iter().rev().find(|other| other.at <= before) {
                Some(earlier) => assert_eq!(found(Moment::At(before)).await, *earlier),
                None => assert!(matches!(
                    machine.event_at(guild, Moment::At(before)).await,
                    Err(TimeError::BeforeFirst { .. })
                )),
            }
            assert_eq!(found(Moment::Seq(event.guild_seq)).await, *event);
        }
        assert_eq!(found(Moment::Now).await, *history.last().unwrap());
        assert_eq!(found(Moment::Ago(3_600)).await, found(Moment::Now).await);
        assert_eq!(found(Moment::At(now)).await, found(Moment::Now).await);
        house.close().await;
    });
}

#[test]
fn given_what_cannot_be_looked_at_then_the_answer_says_why() {
    on_each_store(async |site| {
        let house = site.open().await;
        let here = busy(&house, 13, 20).await;
        let machine = machine(site.directory(), &house, small());
        let last = house.history(here).await.len() as u64;
        let says = async |guild, moment, projections: &[&str], words: &str| {
            let asked = machine.at(guild, moment, projections, Visit::of("auditor")).await;
            let error = asked.err().unwrap();
            assert!(error.is_refusal() && error.to_string().contains(words), "{error}");
        };
        let all = machine.projections();
        let future = house.clock.now().plus_secs(1);
        says(guild(9), Moment::Now, &all, "nothing ever happened in guild").await;
        says(guild(9), Moment::Seq(1), &all, "nothing ever happened in guild").await;
        says(here, Moment::Seq(0), &all, "begins with #1 at 2026-03-11").await;
        says(here, Moment::Ago(90 * 365 * 86_400), &all, "begins with #1").await;
        says(here, Moment::At(future), &all, "is in the future").await;
        says(here, Moment::Seq(last + 1), &all, &format!("has come to #{last}")).await;
        says(here, Moment::Seq(u64::MAX), &all, "has not happened yet").await;
        says(here, Moment::Now, &["balances", "nonsense"], "there are balances, weekly").await;
        let view = at(&machine, here, 3).await;
        let error = view.rows("nonsense", 1).await.unwrap_err().to_string();
        assert!(error.contains("there are balances"), "{error}");
        assert_eq!(machine.projection_of("weekly_gains").unwrap(), "weekly_gains");
        assert!(machine.projection_of("sqlite_master").is_err());
        house.close().await;
    });
}

#[test]
fn given_only_some_read_models_asked_for_then_no_others_are_built() {
    on_sqlite(&async |site| {
        let house = site.open().await;
        let guild = busy(&house, 14, 40).await;
        let control = Control::new();
        control.spoil(|_| true);
        let projections =
            vec![tampered(registered("transactions"), &control), registered("balances")];
        let machine = machine_of(site.directory(), &house, projections, small());
        let visit = || Visit::of("member");
        let view = machine.at(guild, Moment::Seq(20), &["balances"], visit()).await.unwrap();
        assert_eq!(view.tables(), ["balances"]);
        assert!(!dump(&view).await["balances"].is_empty());
        let none = machine.at(guild, Moment::Seq(20), &[], visit()).await.unwrap();
        assert_eq!(dump(&none).await.len(), 0);
        assert!(machine.at(guild, Moment::Seq(20), &["transactions"], visit()).await.is_err());
        house.close().await;
    });
}

#[test]
fn given_an_event_that_cannot_be_folded_then_the_moments_before_it_can_be_looked_at() {
    on_sqlite(&async |site| {
        let house = site.open().await;
        let guild = busy(&house, 15, 40).await;
        let sound = machine(&site.directory().join("a"), &house, small());
        let expected = dump(&at(&sound, guild, 22).await).await["balances"].clone();
        let control = Control::new();
        control.spoil(|event| event.guild_seq == 23);
        let projections = vec![tampered(registered("balances"), &control)];
        let machine = machine_of(&site.directory().join("b"), &house, projections, small());
        let look = async |seq| {
            machine.at(guild, Moment::Seq(seq), &["balances"], Visit::of("auditor")).await
        };
        let mut view = look(22).await.unwrap();
        assert_eq!(dump(&view).await["balances"], expected);
        for error in [view.forward().await.err(), look(23).await.err(), look(30).await.err()] {
            assert!(matches!(error, Some(TimeError::Poison { seq: 23, .. })), "{error:?}");
        }
        assert_eq!(dump(&view).await["balances"], expected, "as before the step that failed");
        view.back().await.unwrap();
        view.forward().await.unwrap();
        assert_eq!(dump(&view).await["balances"], expected);
        control.mend();
        assert!(view.forward().await.is_ok());
        control.fail_after_writing();
        assert!(matches!(view.forward().await, Err(TimeError::Log(_))));
        control.mend();
        assert_eq!(view.forward().await.unwrap().event.guild_seq, 24);
        house.close().await;
    });
}

#[test]
fn given_a_step_that_is_given_up_half_way_then_the_view_is_as_before_it() {
    on_sqlite(&async |site| {
        let house = site.open().await;
        let guild = busy(&house, 18, 30).await;
        for forward in [true, false] {
            let control = Control::new();
            let gated = tampered(registered("balances"), &control);
            let folder = site.directory().join(format!("{forward}"));
            let projections = vec![registered("transactions"), gated];
            let machine = machine_of(&folder, &house, projections, small());
            let mut view = at(&machine, guild, 20).await;
            let before = dump(&view).await;
            control.close();
            // A step back folds, too: what lies between was folded at once.
            let given_up = tokio::select! {
                _ = step(&mut view, forward) => false,
                () = until("it waits", async || control.waits() > 0) => true,
            };
            assert!(given_up, "forward: {forward}");
            control.open();
            assert_eq!(view.event().guild_seq, 20);
            assert_eq!(step(&mut view, forward).await, if forward { 21 } else { 19 });
            step(&mut view, !forward).await;
            assert_eq!(dump(&view).await, before);
        }
        house.close().await;
    });
}

/// Where it leads to.
async fn step(view: &mut View, forward: bool) -> u64 {
    let step = if forward { view.forward().await } else { view.back().await };
    step.unwrap();
    view.event().guild_seq
}

#[test]
fn given_more_who_ask_than_may_then_some_wait_some_are_turned_away_and_nobody_is_forgotten() {
    on_sqlite(&async |site| {
        let house = site.open().await;
        let guild = busy(&house, 16, 20).await;
        let control = Control::new();
        control.close();
        let quota: Quota = Arc::new(|role| (role == "analyst").then_some(1));
        let options = TimeOptions { builds: 2, waiting: 1, quota, ..small() };
        let projections = vec![tampered(registered("balances"), &control)];
        let machine = machine_of(site.directory(), &house, projections, options);
        let told = Arc::new(Mutex::new(Vec::new()));
        let look = |role: &'static str| {
            let (machine, told) = (machine.clone(), Arc::clone(&told));
            async move {
                let progress = move |progress| told.lock().unwrap().push(progress);
                let visit = Visit { role, progress: Arc::new(progress) };
                machine.at(guild, Moment::Seq(20), &["balances"], visit).await
            }
        };
        // Two are being built; the second of them waits for the first's keyframes, in its place.
        let building = [tokio::spawn(look("admin")), tokio::spawn(look("admin"))];
        until("the first is at work", async || control.waits() > 0).await;
        let waits = || told.lock().unwrap().contains(&Progress::Waiting { ahead: 0 });
        let third = loop {
            let third = tokio::spawn(look("admin"));
            until("it waits or is done", async || waits() || third.is_finished()).await;
            if !third.is_finished() {
                break third;
            }
        };
        let fourth = look("admin").await;
        assert!(matches!(fourth, Err(TimeError::Busy { waiting: 1 })), "{fourth:?}");
        control.open();
        let mut views = Vec::new();
        for task in building.into_iter().chain([third]) {
            views.push(task.await.unwrap().unwrap());
        }
        let folded =
            |told: &Progress| matches!(told, Progress::Folding { projection: "balances", .. });
        assert!(told.lock().unwrap().iter().any(folded));

        let first = look("analyst").await.unwrap();
        assert!(matches!(look("analyst").await, Err(TimeError::Quota { most: 1, .. })));
        drop(first);
        assert!(look("analyst").await.is_ok(), "once the other is closed");
        house.close().await;
    });
}

#[test]
fn given_an_event_of_a_newer_reeve_then_it_is_never_skipped() {
    on_each_store(async |site| {
        let house = site.open().await;
        let guild = busy(&house, 17, 20).await;
        let last = house.history(guild).await.len() as u64;
        house.append_unknown(guild, "weather", EventType::new("weather.changed", 1)).await;
        house.append_unknown(guild, "economy", EventType::new("economy.bytes_burnt", 1)).await;
        let machine = machine(site.directory(), &house, small());
        // What no read model follows is nobody's trouble.
        let mut view = at(&machine, guild, last + 1).await;
        let before = dump(&view).await;
        let visit = Visit::of("auditor");
        let all = machine.projections();
        let told = machine.at(guild, Moment::Now, &all, visit).await.unwrap_err();
        assert!(told.to_string().contains("bytes_burnt v1 is not known"), "{told}");
        assert!(view.forward().await.is_err());
        assert_eq!(dump(&view).await, before);
        house.close().await;
    });
}
