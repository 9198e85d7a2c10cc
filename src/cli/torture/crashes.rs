//! A database that dies at once under load and is started again. The process lives on: it must
//! find out what became of what it had sent, and go on by itself.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::cli::bench::Failed;

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);
/// For the first acknowledgement, of a process that starts or whose database came back.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(super) struct Crashes<'a> {
    random: StdRng,
    crash: &'a str,
    start: &'a str,
}

impl<'a> Crashes<'a> {
    pub fn new(seed: u64, crash: &'a str, start: &'a str) -> Self {
        Self { random: StdRng::seed_from_u64(seed), crash, start }
    }

    /// Answers all that the process acknowledged, before the crash and after it.
    pub fn crash_under(&mut self, command: Command) -> Result<Vec<u64>, Failed> {
        let life = self.random.random_range(SHORTEST..=LONGEST);
        let after = self.random.random_range(SHORTEST..=LONGEST);
        tokio::task::block_in_place(|| {
            let mut running = Running::start(command)?;
            running.wait_for_ack()?;
            std::thread::sleep(life);
            shell(self.crash)?;
            shell(self.start)?;
            running.take_acks();
            running.wait_for_ack()?;
            std::thread::sleep(after);
            running.end()
        })
    }
}

struct Running {
    child: Child,
    lines: Receiver<u64>,
    acks: Vec<u64>,
}

impl Running {
    fn start(mut command: Command) -> Result<Self, Failed> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("the process has no output")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // A line that the kill cut off does not end, and is none.
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let number = std::str::from_utf8(&line).ok();
                let number = number.and_then(|line| line.strip_prefix("ack ")?.parse().ok());
                if number.is_some_and(|number| sender.send(number).is_err()) {
                    return;
                }
            }
        });
        Ok(Self { child, lines, acks: Vec::new() })
    }

    fn take_acks(&mut self) {
        self.acks.extend(self.lines.try_iter());
    }

    fn wait_for_ack(&mut self) -> Result<(), Failed> {
        let ack = self.lines.recv_timeout(PATIENCE).map_err(|_| {
            format!("the process acknowledged nothing within {} s", PATIENCE.as_secs())
        });
        if ack.is_err() {
            let _ = self.child.kill();
        }
        self.acks.push(ack?);
        Ok(())
    }

    fn end(mut self) -> Result<Vec<u64>, Failed> {
        self.child.kill()?;
        self.child.wait()?;
        // Until the reader is done: what was said before the end counts.
        self.acks.extend(self.lines.iter());
        Ok(self.acks)
    }
}

fn shell(command: &str) -> Result<(), Failed> {
    let status = Command::new("sh").args(["-c", command]).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("`{command}` failed: {status}").into()) }
}
