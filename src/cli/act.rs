//! `reeve act`: lets a member of a running simulator do something.

use std::{net::SocketAddr, process::ExitCode};

use serde_json::{Map, Value, json};
use simulator::control::client::ask;

use super::{error::CliError, print::Print, simulate::ADDRESS};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    reeve act --as maren says \"good morning\"\n  \
    reeve act --as maren uses \"/bytes send user:@tobi amount:5\"\n  \
    reeve act --as maren presses MESSAGE Confirm\n  \
    reeve act --as astrid times-out tobi 60 \"cool down\"\n\n\
    Whoever is not there yet joins first. What a command answers is printed with the ids that\n\
    presses, selects and submits take.")]
pub(super) struct Args {
    /// Where the simulator listens
    #[arg(long, value_name = "ADDRESS", default_value = ADDRESS, global = true)]
    at: SocketAddr,
    /// The username of who acts
    #[arg(long = "as", value_name = "MEMBER", default_value = "maren", global = true)]
    member: String,
    /// In which channel, by name or id
    #[arg(long, default_value = "general", global = true)]
    channel: String,
    /// In which guild; not needed where there is only one
    #[arg(long = "in", value_name = "GUILD", global = true)]
    guild: Option<String>,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Write a message
    Says {
        /// What to write
        text: String,
    },
    /// Answer a message
    Replies {
        /// The id of the message
        message: String,
        /// What to write
        text: String,
    },
    /// React to a message
    Reacts {
        /// The id of the message
        message: String,
        /// A character, or name:id of a guild's own
        emoji: String,
    },
    /// Take a message away
    Deletes {
        /// The id of the message
        message: String,
    },
    /// Use a command, as it is typed
    Uses {
        /// Such as `/bytes send user:@tobi amount:5`
        command: String,
    },
    /// Press a button
    Presses {
        /// The id of the message
        message: String,
        /// What stands on the button
        button: String,
    },
    /// Pick from a list
    Selects {
        /// The id of the message
        message: String,
        /// The list's custom id, or what it says while nothing is picked
        list: String,
        /// What to pick
        values: Vec<String>,
    },
    /// Fill in and send a form
    Submits {
        /// The id of the interaction that opened it
        interaction: String,
        /// Its fields, as NAME=TEXT
        fields: Vec<String>,
    },
    /// Come into the guild
    Joins,
    /// Leave the guild
    Leaves,
    /// Enter the voice channel that --channel names
    JoinsVoice,
    /// Leave the voice channel
    LeavesVoice,
    /// Ban somebody, by hand
    Bans {
        /// Whom, by username
        target: String,
        /// Why
        #[arg(default_value = "")]
        reason: String,
    },
    /// Throw somebody out, by hand
    Kicks {
        /// Whom, by username
        target: String,
        /// Why
        #[arg(default_value = "")]
        reason: String,
    },
    /// Keep somebody from writing for a while, by hand
    TimesOut {
        /// Whom, by username
        target: String,
        /// For how many seconds
        secs: u64,
        /// Why
        #[arg(default_value = "")]
        reason: String,
    },
    /// Give somebody a role, by hand
    GivesRole {
        /// Whom, by username
        target: String,
        /// The role, by name
        role: String,
    },
    /// Take a role from somebody, by hand
    TakesRole {
        /// Whom, by username
        target: String,
        /// The role, by name
        role: String,
    },
}

impl Verb {
    /// As the simulator's route wants it.
    fn to_json(&self) -> Result<Value, CliError> {
        Ok(match self {
            Self::Says { text } => json!({ "verb": "says", "text": text }),
            Self::Replies { message, text } => {
                json!({ "verb": "replies", "message": message, "text": text })
            }
            Self::Reacts { message, emoji } => {
                json!({ "verb": "reacts", "message": message, "emoji": emoji })
            }
            Self::Deletes { message } => json!({ "verb": "deletes", "message": message }),
            Self::Uses { command } => json!({ "verb": "uses", "command": command }),
            Self::Presses { message, button } => {
                json!({ "verb": "presses", "message": message, "button": button })
            }
            Self::Selects { message, list, values } => {
                json!({ "verb": "selects", "message": message, "list": list, "values": values })
            }
            Self::Submits { interaction, fields } => {
                let fields = fields.iter().map(|field| {
                    let (name, text) = field.split_once('=').ok_or_else(|| {
                        CliError::Setup(format!("{field:?}: a field is NAME=TEXT"))
                    })?;
                    Ok((name.to_owned(), json!(text)))
                });
                let fields = fields.collect::<Result<Map<_, _>, CliError>>()?;
                json!({ "verb": "submits", "interaction": interaction, "fields": fields })
            }
            Self::Joins => json!({ "verb": "joins" }),
            Self::Leaves => json!({ "verb": "leaves" }),
            Self::JoinsVoice => json!({ "verb": "joins_voice" }),
            Self::LeavesVoice => json!({ "verb": "leaves_voice" }),
            Self::Bans { target, reason } => {
                json!({ "verb": "bans", "target": target, "reason": reason })
            }
            Self::Kicks { target, reason } => {
                json!({ "verb": "kicks", "target": target, "reason": reason })
            }
            Self::TimesOut { target, secs, reason } => {
                json!({ "verb": "times_out", "target": target, "secs": secs, "reason": reason })
            }
            Self::GivesRole { target, role } => {
                json!({ "verb": "gives_role", "target": target, "role": role })
            }
            Self::TakesRole { target, role } => {
                json!({ "verb": "takes_role", "target": target, "role": role })
            }
        })
    }
}

pub(super) async fn run(args: Args, print: Print) -> Result<ExitCode, CliError> {
    let mut body = args.verb.to_json()?;
    body["member"] = json!(args.member);
    body["channel"] = json!(args.channel);
    if let Some(guild) = &args.guild {
        body["guild"] = json!(guild);
    }
    let asked = ask(args.at, "POST", "/sim/act", &body).await;
    let (status, answer) = asked.map_err(|error| {
        let at = args.at;
        CliError::Setup(format!(
            "no simulator answers at {at} ({error}); start one with `reeve simulate --listen {at}`"
        ))
    })?;
    match (status, answer["error"].as_str()) {
        (200, _) => {}
        (_, Some(why)) => return Err(CliError::Refused(why.to_owned())),
        (status, None) => {
            let at = args.at;
            let why = format!("what listens at {at} answers {status}; is it a simulator?");
            return Err(CliError::Setup(why));
        }
    }
    print.answer(&answer, || in_words(&answer));
    Ok(ExitCode::SUCCESS)
}

fn in_words(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let reply = &answer["answer"];
    if reply.is_null() {
        return match answer["message"].as_str() {
            Some(message) => format!("Done: message {message}"),
            None => "Done.".to_owned(),
        };
    }
    let mut lines = vec![match text(&reply["kind"]).as_str() {
        "form" => format!("A form opens: {}", text(&reply["form"]["title"])),
        _ if reply["ephemeral"] == true => "Only they see:".to_owned(),
        _ => "Everybody sees:".to_owned(),
    }];
    lines.extend(text(&reply["text"]).lines().map(|line| format!("  {line}")));
    let buttons = reply["buttons"].as_array().into_iter().flatten();
    let buttons: Vec<_> = buttons.map(|label| format!("[{}]", text(label))).collect();
    if !buttons.is_empty() {
        lines.push(format!("  {}", buttons.join(" ")));
    }
    if let Some(message) = reply["message"].as_str() {
        lines.push(format!("message {message}"));
    }
    lines.push(format!("interaction {}", text(&reply["interaction"])));
    lines.join("\n")
}
