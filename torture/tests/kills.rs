//! `Kills` against small shell children.

use std::{process::Command, time::Duration};

use torture::kills::{KillError, Kills};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn kills(cycles: u32, script: &'static str) -> Kills<impl FnMut(u32) -> Command> {
    Kills::new(cycles, 1, move |_| shell(script))
        .living(Duration::from_millis(5), Duration::from_millis(60))
}

#[test]
fn given_a_child_that_acks_then_each_cycle_returns_what_it_said() {
    let script = "n=1; while :; do echo noise; echo ack $n; n=$((n+1)); done";
    let killed: Vec<_> = kills(5, script).collect();
    assert_eq!(killed.len(), 5);
    for (cycle, killed) in (0..).zip(killed) {
        assert!(
            matches!(&killed, Ok(killed) if killed.cycle == cycle
                && !killed.acks.is_empty()
                && killed.acks.iter().copied().eq(1..=killed.acks.len() as u64)),
            "{killed:?}"
        );
    }
}

#[test]
fn given_a_line_cut_off_by_the_kill_then_it_is_no_ack() {
    let killed = kills(1, "echo ack 1; printf 'ack 22'; exec sleep 60").next();
    assert!(matches!(&killed, Some(Ok(killed)) if killed.acks == [1]), "{killed:?}");
}

#[test]
fn given_a_child_that_ends_by_itself_then_it_is_an_error() {
    let killed = kills(1, "echo ack 1; exit 3")
        .living(Duration::from_millis(200), Duration::from_millis(200))
        .next();
    let Some(Err(KillError::Ended { status, acks, .. })) = killed else {
        unreachable!("{killed:?}")
    };
    assert_eq!((status.code(), acks), (Some(3), 1));
}

#[test]
fn given_a_child_that_says_nothing_then_it_is_an_error() {
    let killed = kills(1, "exec sleep 60").first_ack_within(Duration::from_millis(50)).next();
    assert!(matches!(killed, Some(Err(KillError::Silent { .. }))), "{killed:?}");
}

#[test]
fn given_different_cycles_then_the_command_knows_which() {
    let mut cycles = Vec::new();
    let kills = Kills::new(3, 1, |cycle| {
        cycles.push(cycle);
        shell("echo ack 1; exec sleep 60")
    });
    assert_eq!(kills.living(Duration::ZERO, Duration::ZERO).flatten().count(), 3);
    assert_eq!(cycles, [0, 1, 2]);
}
