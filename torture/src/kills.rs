//! `kill -9` in the middle of the work, again and again.
//!
//! The child says on its standard output what it has acknowledged: a line `ack <n>`, written and
//! flushed after the commit has returned. Other lines are ignored. A line the kill cut off in the
//! middle is ignored too: it may say `ack 12` where the child meant `ack 123`. The child must not
//! leave processes behind which hold its standard output: a cycle reads it to its end.

use std::{
    io::{self, BufRead, BufReader, Read},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use thiserror::Error;

const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(300);
const FIRST_ACK_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, Error)]
pub enum KillError {
    #[error("cannot start or end the child")]
    Process(#[from] io::Error),
    #[error("cycle {cycle}: the child ended by itself ({status}) after {acks} acks")]
    Ended { cycle: u32, status: ExitStatus, acks: usize },
    #[error("cycle {cycle}: the child acknowledged nothing within {within:?}")]
    Silent { cycle: u32, within: Duration },
}

/// Cycles of start, acknowledge, SIGKILL. Iterate over the acks of one child after the other; the
/// next child starts when the next item is asked for, so verify in between as you like.
#[derive(Debug)]
pub struct Kills<F> {
    command: F,
    cycle: u32,
    cycles: u32,
    rng: StdRng,
    shortest: Duration,
    longest: Duration,
    first_ack_within: Duration,
}

/// What one child managed to acknowledge, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Killed {
    pub cycle: u32,
    pub acks: Vec<u64>,
}

impl<F: FnMut(u32) -> Command> Kills<F> {
    /// `command` builds the child of each cycle. Its standard output is taken; set the rest.
    pub fn new(cycles: u32, seed: u64, command: F) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        let (shortest, longest) = (SHORTEST, LONGEST);
        let first_ack_within = FIRST_ACK_WITHIN;
        Self { command, cycle: 0, cycles, rng, shortest, longest, first_ack_within }
    }

    /// How long a child may go on after its first ack: 5 to 300 ms unless said otherwise.
    pub fn living(mut self, shortest: Duration, longest: Duration) -> Self {
        self.shortest = shortest.min(longest);
        self.longest = longest;
        self
    }

    /// How long a child may take for its first ack: 30 s unless said otherwise.
    pub fn first_ack_within(mut self, limit: Duration) -> Self {
        self.first_ack_within = limit;
        self
    }

    fn kill_one(&mut self, cycle: u32) -> Result<Killed, KillError> {
        let life = self.rng.random_range(self.shortest..=self.longest);
        let mut child = (self.command)(cycle).stdout(Stdio::piped()).spawn()?;
        let (sender, acks) = mpsc::channel();
        let reader = child.stdout.take().map(|stdout| thread::spawn(|| read_acks(stdout, sender)));

        let first = acks.recv_timeout(self.first_ack_within);
        if first.is_ok() {
            thread::sleep(life);
        }
        let ended = child.try_wait()?;
        child.kill()?; // SIGKILL; no error if it has ended
        let status = child.wait()?;
        // The pipe still holds what the child said before it died: that was said, so it counts.
        if let Some(reader) = reader {
            reader.join().map_err(|_| io::Error::other("the reader of acks panicked"))??;
        }
        let seen: Vec<u64> = first.into_iter().chain(acks.try_iter()).collect();
        match (first, ended) {
            (Err(RecvTimeoutError::Timeout), None) => {
                Err(KillError::Silent { cycle, within: self.first_ack_within })
            }
            (Ok(_), None) => Ok(Killed { cycle, acks: seen }),
            _ => Err(KillError::Ended { cycle, status, acks: seen.len() }),
        }
    }
}

impl<F: FnMut(u32) -> Command> Iterator for Kills<F> {
    type Item = Result<Killed, KillError>;

    fn next(&mut self) -> Option<Self::Item> {
        let cycle = self.cycle;
        (cycle < self.cycles).then(|| {
            self.cycle += 1;
            self.kill_one(cycle)
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the channel closes when the reader is done")]
fn read_acks(stdout: impl Read, acks: Sender<u64>) -> io::Result<()> {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    while stdout.read_until(b'\n', &mut line)? > 0 {
        if let Some(ack) = parse_ack(&line) {
            let _ = acks.send(ack); // nobody listens once the cycle has failed
        }
        line.clear();
    }
    Ok(())
}

fn parse_ack(line: &[u8]) -> Option<u64> {
    let whole = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    whole.trim_end().strip_prefix("ack ")?.parse().ok()
}
