//! A bot as a process of its own beside a local Discord in this one, to measure it and to kill it.

use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::Value;
use simulator::{Id, Options, Sim};

use super::{Failed, memory};

/// A bot is up, and knows its communities, within this; else it hangs.
const UP_WITHIN: Duration = Duration::from_mins(2);
/// Lines of a bot's log that are shown where something goes wrong.
const LAST_WORDS: usize = 20;
/// A process rests that uses less than this share of a processor for [`REST`].
const RESTING: f64 = 0.05;
const REST: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(50);
/// A client that is told to stop says what it heard within this.
const FAREWELL: Duration = Duration::from_secs(10);

/// A local Discord with one application.
#[derive(Debug)]
pub(in crate::cli) struct Place {
    pub sim: Sim,
    pub application: Id,
    token: String,
}

impl Place {
    pub async fn start(seed: u64) -> Result<Self, Failed> {
        let options = Options { seed, identify_every: Duration::ZERO, ..Options::default() };
        let sim = Sim::start(options).await?;
        let application = sim.world.lock().create_application("Reeve").map_err(refused)?;
        let token = sim.world.lock().application(application).map_err(refused)?.token.clone();
        Ok(Self { sim, application, token })
    }

    /// Until Discord knows our commands.
    pub async fn deployed(&self) -> Result<(), Failed> {
        let deployed = |world: &simulator::World| {
            let app = world.applications.get(&self.application)?;
            app.commands.iter().any(|command| command.name == "settings").then_some(())
        };
        Ok(self.sim.until("the commands are deployed", deployed).await?)
    }

    pub fn client_secret(&self) -> Result<String, Failed> {
        let world = self.sim.world.lock();
        Ok(world.application(self.application).map_err(refused)?.client_secret.clone())
    }

    /// Discord's page sends whoever signs in back to there.
    pub fn may_lead_back_to(&self, callback: &str) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        let application = world.application_mut(self.application).map_err(refused)?;
        application.redirect_uris.push(callback.to_owned());
        Ok(())
    }

    fn client(&self, mut command: Command) -> Command {
        let inherited = std::env::vars_os().map(|(name, _)| name);
        let ours = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("REEVE_");
        for name in inherited.filter(ours) {
            command.env_remove(name);
        }
        command.env("DISCORD_TOKEN", &self.token).env("DISCORD_API_URL", self.sim.api_url());
        command.stdin(Stdio::null());
        command
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(in crate::cli) fn refused(refusal: simulator::Refusal) -> Failed {
    format!("the simulator refuses: {refusal}").into()
}

/// A bot that runs; killed when this goes.
#[derive(Debug)]
pub(in crate::cli) struct Bot {
    child: Child,
    /// Where ours answers over HTTP.
    address: Option<String>,
    log: Arc<Mutex<VecDeque<String>>>,
}

impl Bot {
    /// Ours, with its data in this folder; up and connected when this comes back.
    pub async fn ours(place: &Place, folder: &Path, settings: &[&str]) -> Result<Self, Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--set", "http.address=127.0.0.1:0", "--set", "log.format=json"]);
        command.arg("--data-dir").arg(folder).current_dir(folder);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let command = place.client(command);
        let (up, says_up) = mpsc::channel();
        // Whoever is told an error id finds it there.
        let mut log = File::options().create(true).append(true).open(folder.join("bot.log"))?;
        let mut bot = Self::spawn(command, move |line| {
            let _ = writeln!(log, "{line}");
            if let Ok(line) = serde_json::from_str::<Value>(line)
                && line["fields"]["message"] == "reeve is up"
                && let Some(address) = line["fields"]["http.address"].as_str()
            {
                let _ = up.send(address.to_owned());
            }
        })?;
        let address = tokio::task::spawn_blocking(move || says_up.recv_timeout(UP_WITHIN));
        match address.await? {
            Ok(address) => bot.address = Some(address),
            Err(_) => return Err(bot.failed("it did not come up")),
        }
        bot.is_connected(place).await?;
        Ok(bot)
    }

    /// Any other client, connected when this comes back. It finds the token and the address where
    /// ours does, and says what it heard as JSON on its last line when it gets SIGTERM.
    pub async fn other(place: &Place, shell: &str) -> Result<Self, Failed> {
        let mut command = Command::new("sh");
        // So that the process that is measured is the client and not the shell.
        command.args(["-c", &format!("exec {shell}")]).stdout(Stdio::piped());
        let mut bot = Self::spawn(place.client(command), |_| {})?;
        bot.is_connected(place).await?;
        Ok(bot)
    }

    fn spawn(
        mut command: Command,
        mut hear: impl FnMut(&str) + Send + 'static,
    ) -> Result<Self, Failed> {
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let output = child.stderr.take().ok_or("it has no standard error")?;
        let log = Arc::new(Mutex::new(VecDeque::with_capacity(LAST_WORDS)));
        let kept = Arc::clone(&log);
        // It ends when the process does.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                hear(&line);
                let mut kept = kept.lock();
                if kept.len() == LAST_WORDS {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        Ok(Self { child, address: None, log })
    }

    /// Waits until it has a session and has been told of all its communities.
    async fn is_connected(&mut self, place: &Place) -> Result<(), Failed> {
        let began = Instant::now();
        loop {
            let ready = place.sim.until_within(REST, "the bot", |_| {
                let sessions = place.sim.hub.sessions();
                let there = sessions.iter().any(|one| one.is_connected() && one.waiting() == 0);
                there.then_some(())
            });
            if ready.await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failed(&format!("it ended ({status})")));
            }
            if began.elapsed() > UP_WITHIN {
                return Err(self.failed("it did not connect"));
            }
        }
    }

    fn failed(&self, what: &str) -> Failed {
        let log: Vec<_> = self.log.lock().iter().cloned().collect();
        format!("the bot: {what}\n{}", log.join("\n")).into()
    }

    /// Where ours answers over HTTP.
    pub fn address(&self) -> Result<&str, Failed> {
        self.address.as_deref().ok_or_else(|| "only ours has an address".into())
    }

    pub fn cpu_secs(&self) -> f64 {
        memory::cpu_secs(self.child.id())
    }

    pub fn rss_mb(&self) -> f64 {
        memory::rss_mb(self.child.id())
    }

    /// Waits until it has nothing to do any more; since when.
    pub async fn rests(&mut self) -> Result<Instant, Failed> {
        let began = Instant::now();
        let (mut since, mut used) = (Instant::now(), self.cpu_secs());
        loop {
            tokio::time::sleep(LOOK).await;
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failed(&format!("it ended ({status})")));
            }
            let now = self.cpu_secs();
            if now - used > RESTING * REST.as_secs_f64() {
                (since, used) = (Instant::now(), now);
            } else if since.elapsed() >= REST {
                return Ok(since);
            }
            if began.elapsed() > UP_WITHIN * 5 {
                return Err(self.failed("it never came to rest"));
            }
        }
    }

    /// Until so many members were compared with what Discord says of them.
    pub async fn has_compared(&self, members: u64) -> Result<(), Failed> {
        let began = Instant::now();
        while self.counted("reeve_discord_compared_members_total", "")? < members {
            if began.elapsed() > UP_WITHIN * 5 {
                return Err(self.failed("it has not compared all members"));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// The sum of one of our counters over all labels that hold this text.
    pub fn counted(&self, name: &str, label: &str) -> Result<u64, Failed> {
        let address = self.address()?;
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
        let mut metrics = String::new();
        stream.read_to_string(&mut metrics)?;
        let lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains(label));
        let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        Ok(counts.sum())
    }

    /// Tells another client to stop; what it says.
    pub fn says(mut self) -> Result<Value, Failed> {
        self.terminate()?;
        let mut output = self.child.stdout.take().ok_or("it has no standard output")?;
        let mut said = String::new();
        tokio::task::block_in_place(|| output.read_to_string(&mut said))?;
        let last = said.lines().last().unwrap_or_default();
        serde_json::from_str(last).map_err(|_| self.failed(&format!("it said {last:?}, no JSON")))
    }

    fn terminate(&self) -> Result<(), Failed> {
        let pid = i32::try_from(self.child.id())?;
        let pid = rustix::process::Pid::from_raw(pid).ok_or("it has no process id")?;
        Ok(rustix::process::kill_process(pid, rustix::process::Signal::TERM)?)
    }

    /// Lets ours finish what it began.
    pub async fn stop(mut self) -> Result<(), Failed> {
        self.terminate()?;
        let began = Instant::now();
        while began.elapsed() < FAREWELL {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() {
                    Ok(())
                } else {
                    Err(self.failed(&status.to_string()))
                };
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(self.failed("it did not stop"))
    }

    /// `kill -9`
    pub fn kill(mut self) -> Result<(), Failed> {
        if let Some(status) = self.child.try_wait()? {
            return Err(self.failed(&format!("it ended by itself ({status})")));
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
