//! A temporary house with the real binary in it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use eventlog::contract::TestDatabase;
use reeve::config::{Config, ConfigArgs};
use serde_json::Value;

/// What must come, comes within this, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub const GUILD: &str = "1107318246137131070";
pub const OTHER_GUILD: &str = "1100000000000000078";
pub const ANN: &str = "101";
pub const BEN: &str = "102";
pub const CAT: &str = "103";

/// A directory of a test's own, as working directory and as data directory.
#[derive(Debug)]
pub struct House {
    root: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl House {
    pub fn new() -> Self {
        let root = tempfile::TempDir::with_prefix("reeve-e2e-").unwrap();
        Self { root, variables: Vec::new() }
    }

    /// A house whose log lies in this database.
    pub fn on(database: &TestDatabase) -> Self {
        Self::new()
            .with("REEVE_STORE", "postgres")
            .with("REEVE_DATABASE_URL", &database.url())
            .with("REEVE_DATABASE_CONNECTIONS", "6")
    }

    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.set(variable, value);
        self
    }

    pub fn set(&mut self, variable: &str, value: &str) {
        self.variables.push((variable.to_owned(), value.to_owned()));
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reeve"));
        command
            .args(arguments)
            .current_dir(self.root.path())
            .env_clear()
            .env("RUST_BACKTRACE", "0")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub fn reeve(&self, arguments: &[&str]) -> Answer {
        let output = self.command(arguments).output().unwrap();
        Answer::new(arguments, &output)
    }

    /// `reeve economy --guild GUILD …`, which must succeed.
    #[track_caller]
    pub fn economy(&self, arguments: &[&str]) -> Answer {
        self.reeve(&[&["economy", "--guild", GUILD], arguments].concat()).ok()
    }

    #[track_caller]
    pub fn balance(&self, user: &str) -> i64 {
        self.economy(&["read", user, "--json"]).json()["balance"].as_str().unwrap().parse().unwrap()
    }

    /// A read-write connection to one of the store's files, as somebody with a SQLite shell has.
    pub fn shell(&self, file: &str) -> rusqlite::Connection {
        rusqlite::Connection::open(self.data().join(file)).unwrap()
    }

    /// Changes a stored payload behind the log's back, and back again when asked a second time
    /// with the words exchanged.
    pub fn tamper(&self, position: i64, from: &str, to: &str) {
        let connection = self.shell("log.db");
        connection.execute_batch("DROP TRIGGER IF EXISTS events_no_update").unwrap();
        let sql = "UPDATE events SET payload = replace(payload, ?2, ?3) WHERE position = ?1 \
                   AND payload LIKE '%' || ?2 || '%'";
        assert_eq!(connection.execute(sql, (position, from, to)).unwrap(), 1);
    }

    /// The settings that the binary sees here.
    pub fn config(&self) -> Config {
        Config::load(&ConfigArgs::default(), self.variables.clone(), self.root.path())
            .map(|mut config| {
                // Relative paths start at the binary's working directory, not at the test's.
                config.data_dir = self.root.path().join(config.data_dir);
                config.master_key_file = self.root.path().join(config.master_key_file);
                config.people.erasures_file = self.root.path().join(config.people.erasures_file);
                config
            })
            .unwrap()
    }

    pub fn serve(&self, arguments: &[&str]) -> Server {
        let free_port = ["serve", "--set", "http.address=127.0.0.1:0", "--set", "log.format=json"];
        Server::start(self.command(&[&free_port, arguments].concat()))
    }
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Answer {
    asked: String,
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    pub fn new(arguments: &[&str], output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let asked = format!("reeve {}", arguments.join(" "));
        let code = output.status.code().unwrap_or(-1);
        Self { asked, code, out: text(&output.stdout), err: text(&output.stderr) }
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}\n{}", self.asked, self.out, self.err);
        self
    }

    /// The one line on standard error that is for the person who asked.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let all = format!("{}{}", self.out, self.err);
        assert!(all.contains(text), "{}: nowhere {text:?} in\n{all}", self.asked);
        self
    }

    /// The object on the last line of standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        let last = self.out.lines().last().unwrap_or_default();
        let object: Value = serde_json::from_str(last)
            .unwrap_or_else(|error| panic!("{}: {error} in {last:?}\n{}", self.asked, self.err));
        assert!(object.is_object(), "{}: {object}", self.asked);
        object
    }
}

/// A running `reeve serve`.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub address: String,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        let mut server = Self { child, address: String::new(), log, reader: Some(reader) };
        let address = eventually("reeve is up", || {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("it ended with {status}:\n{}", server.log());
            }
            let up = server.logged("reeve is up")?;
            up["fields"]["http.address"].as_str().map(str::to_owned)
        });
        server.address = address;
        server
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// The log line with this message, as it was written.
    pub fn logged(&self, message: &str) -> Option<Value> {
        let lines = self.log.lock().unwrap();
        lines.iter().find(|line| line.contains(message)).map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        })
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        get(&self.address, path).unwrap()
    }

    pub fn terminate(&self) {
        let kill = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// SIGTERM, and how it ended.
    pub fn stop(mut self) -> (ExitStatus, Duration, String) {
        let began = Instant::now();
        self.terminate();
        let status = self.ended();
        (status, began.elapsed(), self.log())
    }

    pub fn ended(&mut self) -> ExitStatus {
        let status = eventually("the end of the process", || self.child.try_wait().unwrap());
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status
    }

    /// `kill -9`
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("the server's log:\n{}", self.log());
        }
    }
}

/// A process whose lines are waited for, such as `reeve events --follow`.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn get(address: &str, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let code = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    Ok((code, body.to_owned()))
}

/// Asks again until there is an answer.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// A PostgreSQL database of the test's own; none where this machine has no server.
pub fn database() -> Option<TestDatabase> {
    block_on(TestDatabase::create())
}

pub fn strings(values: &Value, field: &str) -> Vec<String> {
    let text = |value: &Value| value[field].as_str().unwrap().to_owned();
    values.as_array().unwrap().iter().map(text).collect()
}
