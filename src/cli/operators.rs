//! `reeve operator`: who signs in on the dashboard without Discord. Passwords and codes are asked
//! for, or read from standard input, a line each; never an argument, which others on the machine
//! could read.
//!
//! Works beside a running server: what signs in lies in the store of what is under way, which both
//! write. The server asks it anew within a second.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    process::ExitCode,
};

use eventlog::LogError;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::json;

use super::{
    error::CliError,
    print::{Print, table},
};
use crate::{
    config::{Config, Store},
    node::{Access, Node, OpenError},
    operators::{self, Line, Operators, Refused, password, totp},
};

/// Wrong codes that are forgiven while an authenticator is set up.
const TRIES: usize = 3;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make one: asks for a password, shows what their authenticator needs, and asks for its code
    Add {
        /// 3 to 32 letters a to z, digits, dots, dashes or underscores
        name: String,
    },
    /// Who they are, when they were last here, and how many recovery codes each has left
    List,
    /// Another password; signs them out everywhere
    Password {
        /// Whose
        name: String,
    },
    /// Another authenticator and other recovery codes; signs them out everywhere
    Totp {
        /// Whose
        name: String,
    },
    /// Remove one, and sign them out everywhere
    Remove {
        /// Their name; or their id, where it was sealed with another master key
        name: String,
    },
}

pub(super) async fn run(args: Args, config: Config, print: Print) -> Result<ExitCode, CliError> {
    let node = open(config).await?;
    let clock = std::sync::Arc::clone(&node.clock);
    let operators = Operators::new(node.work.clone(), &node.people, clock);
    let done = match args.what {
        What::Add { name } => add(&node, &operators, &name, print).await,
        What::List => list(&operators, print).await,
        What::Password { name } => change_password(&operators, &name, print).await,
        What::Totp { name } => change_authenticator(&node, &operators, &name, print).await,
        What::Remove { name } => remove(&operators, &name, print).await,
    };
    node.shutdown().await;
    done
}

/// Beside a running server, and without keeping one from starting while somebody types.
async fn open(config: Config) -> Result<Node, CliError> {
    match Node::open(config.clone(), Access::Read).await {
        // Nothing is there yet.
        Err(OpenError::Log(LogError::Setup(_))) if config.store == Store::Sqlite => {
            Node::open(config.clone(), Access::Write).await?.shutdown().await;
            Ok(Node::open(config, Access::Read).await?)
        }
        other => Ok(other?),
    }
}

async fn add(
    node: &Node,
    operators: &Operators,
    typed: &str,
    print: Print,
) -> Result<ExitCode, CliError> {
    let name = named(typed)?;
    if operators.is_known(&name).await? {
        return Err(CliError::Refused(format!("there is an operator {name} already")));
    }
    let password = new_password(&name)?;
    let (secret, step) = authenticator(node, &name, print)?;
    let codes = operators.add(&name, &password, secret, step).await?;
    print.answer(&json!({ "added": name, "recovery_codes": codes }), || {
        format!(
            "{name} can sign in now, at /sign-in/operator on the dashboard, with the next code.\n\n{}",
            shown(&codes)
        )
    });
    Ok(ExitCode::SUCCESS)
}

async fn list(operators: &Operators, print: Print) -> Result<ExitCode, CliError> {
    let lines = operators.list().await?;
    print.answer(&json!({ "operators": lines }), || {
        if lines.is_empty() {
            return "Nobody signs in without Discord. `reeve operator add <name>` makes an operator."
                .to_owned();
        }
        let head = ["NAME", "ADDED", "CHANGED", "LAST SIGNED IN", "RECOVERY CODES", "SIGNED IN"];
        table(&head, &lines.iter().map(row).collect::<Vec<_>>())
    });
    Ok(ExitCode::SUCCESS)
}

fn row(line: &Line) -> Vec<String> {
    let sealed = || format!("(sealed with another master key: {})", line.id);
    vec![
        line.name.clone().unwrap_or_else(sealed),
        line.added_at.to_string(),
        line.changed_at.to_string(),
        line.seen_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
        line.recovery_codes.to_string(),
        line.sessions.to_string(),
    ]
}

async fn change_password(
    operators: &Operators,
    typed: &str,
    print: Print,
) -> Result<ExitCode, CliError> {
    let name = known(operators, typed).await?;
    let password = new_password(&name)?;
    operators.set_password(&name, &password).await?;
    print.answer(&json!({ "changed": name }), || {
        format!("{name} has another password, and is signed out everywhere.")
    });
    Ok(ExitCode::SUCCESS)
}

async fn change_authenticator(
    node: &Node,
    operators: &Operators,
    typed: &str,
    print: Print,
) -> Result<ExitCode, CliError> {
    let name = known(operators, typed).await?;
    let (secret, step) = authenticator(node, &name, print)?;
    let codes = operators.set_secret(&name, secret, step).await?;
    print.answer(&json!({ "changed": name, "recovery_codes": codes }), || {
        format!(
            "{name} has another authenticator, and is signed out everywhere.\n\n{}",
            shown(&codes)
        )
    });
    Ok(ExitCode::SUCCESS)
}

async fn remove(operators: &Operators, name: &str, print: Print) -> Result<ExitCode, CliError> {
    operators.remove(name).await?;
    print.answer(&json!({ "removed": name }), || {
        format!("{name} is no operator any more, and is signed out everywhere.")
    });
    Ok(ExitCode::SUCCESS)
}

fn named(typed: &str) -> Result<String, CliError> {
    let text = "use a name of 3 to 32 letters a to z, digits, dots, dashes or underscores";
    operators::name(typed).ok_or_else(|| CliError::Refused(text.to_owned()))
}

/// Before anything is asked of whoever types.
async fn known(operators: &Operators, typed: &str) -> Result<String, CliError> {
    let name = named(typed)?;
    if operators.is_known(&name).await? {
        return Ok(name);
    }
    Err(CliError::Refused(format!("there is no operator {name}; see `reeve operator list`")))
}

fn new_password(name: &str) -> Result<String, CliError> {
    let password = hidden("Password: ")?;
    if let Some(problem) = password::problem(&password, name) {
        return Err(CliError::Refused(problem));
    }
    if std::io::stdin().is_terminal() && hidden("The same again: ")? != password {
        return Err(CliError::Refused("the two passwords differ; nothing was changed".to_owned()));
    }
    Ok(password)
}

/// A secret that an authenticator has taken: it showed the code of that step.
fn authenticator(node: &Node, name: &str, print: Print) -> Result<(totp::Secret, i64), CliError> {
    let secret = totp::fresh();
    let address = totp::address(name, &secret);
    if print.is_json() {
        super::print::say(&json!({ "authenticator": address }).to_string());
    } else {
        print.note(&format!(
            "Add this to an authenticator (an app that shows codes), by its address or by hand:\n  \
             {address}\n  secret {}",
            totp::text(&secret)
        ));
    }
    for _ in 0..TRIES {
        let code = line("The code that it shows: ")?;
        let now = (node.clock)().as_secs();
        if let Some(step) = totp::step(&secret, code.trim(), now, 0) {
            return Ok((secret, step));
        }
        prompt("That is not the code of this moment. Is this machine's clock right?\n")?;
    }
    Err(CliError::Refused(format!(
        "{TRIES} wrong codes; nothing was changed. Throw away what the authenticator has of this"
    )))
}

fn shown(codes: &[String]) -> String {
    format!(
        "Recovery codes, each good once in the place of the authenticator's. They are shown only now; \
         keep them where the authenticator is not:\n  {}",
        codes.join("\n  ")
    )
}

/// To people only; standard output is for answers.
fn prompt(text: &str) -> Result<(), CliError> {
    if std::io::stdin().is_terminal() {
        let mut stderr = std::io::stderr();
        write!(stderr, "{text}").and_then(|()| stderr.flush())?;
    }
    Ok(())
}

fn line(text: &str) -> Result<String, CliError> {
    prompt(text)?;
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        let text = "standard input ended; give the password and then the code, a line each";
        return Err(CliError::Setup(text.to_owned()));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A line that a terminal does not show.
fn hidden(text: &str) -> Result<String, CliError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return line(text);
    }
    let failed = |error: rustix::io::Errno| CliError::Setup(format!("the terminal: {error}"));
    let before = tcgetattr(&stdin).map_err(failed)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    quiet.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(&stdin, OptionalActions::Flush, &quiet).map_err(failed)?;
    let typed = line(text);
    tcsetattr(&stdin, OptionalActions::Flush, &before).map_err(failed)?;
    typed
}

impl From<Refused> for CliError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rule(text) => Self::Refused(text),
            Refused::Log(error) => error.into(),
            Refused::Password(error) => Self::Fault(error.to_string()),
        }
    }
}
