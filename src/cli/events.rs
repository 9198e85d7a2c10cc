//! `reeve events`

use std::{process::ExitCode, sync::Arc};

use domain::{Actor, EventId, GuildId, Moment, PersonId, Point};
use eventlog::{EventLog, Follower, Position, Recorded, Slice, StreamId};
use serde_json::{Value, json};

use super::{
    error::CliError,
    print::{Print, say},
};
use crate::{
    config::Config,
    node::{Access, Node},
};

const DEFAULT_LIMIT: u32 = 20;
const PAGE: usize = 1_000;
/// A chain of causes longer than this is cut.
const MAX_CAUSES: usize = 32;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    filter: Filter,
    /// How many of the last events
    #[arg(long, short = 'n', default_value_t = DEFAULT_LIMIT, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Go on with new events as they happen
    #[arg(long, short)]
    follow: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// One event with everything it carries, and the chain of its causes
    Show {
        /// The event's id
        id: uuid::Uuid,
    },
}

#[derive(Clone, Debug, clap::Args)]
struct Filter {
    /// Only of this guild
    #[arg(long)]
    guild: Option<GuildId>,
    /// Only of this stream, such as economy/1107318246137131070
    #[arg(long)]
    stream: Option<StreamId>,
    /// Only types that begin like this, such as economy.bytes_
    #[arg(long = "type", value_name = "PREFIX")]
    kind: Option<String>,
    /// Only what this person number did
    #[arg(long)]
    by: Option<u32>,
    /// Only from this moment on, such as 2026-11-20T18:00:00Z, "2h ago" or, with --guild, #1234
    #[arg(long)]
    since: Option<Moment>,
    /// The same, once the clock was read
    #[arg(skip)]
    since_point: Option<Point>,
}

impl Filter {
    fn takes(&self, event: &Recorded) -> bool {
        let by = |person: u32| {
            event.metadata().is_ok_and(|metadata| metadata.actor == Actor::Person(PersonId(person)))
        };
        self.guild.is_none_or(|guild| event.guild() == guild)
            && self.stream.as_ref().is_none_or(|stream| *stream == event.stream)
            && self.kind.as_ref().is_none_or(|prefix| event.type_name.starts_with(prefix.as_str()))
            && self.since_point.is_none_or(|since| begun(event, since))
            && self.by.is_none_or(by)
    }
}

pub(super) async fn run(
    mut args: Args,
    config: Config,
    print: Print,
) -> Result<ExitCode, CliError> {
    let node = Node::open(config, Access::Read).await?;
    if let Some(What::Show { id }) = args.what {
        return show(&*node.log, EventId(id), print).await;
    }
    if matches!(args.filter.since, Some(Moment::Seq(_))) && args.filter.guild.is_none() {
        let text = "say --guild: #1234 is the number of an event within one community";
        return Err(CliError::Setup(text.to_owned()));
    }
    args.filter.since_point = args.filter.since.map(|since| since.point((node.clock)()));
    let head = node.log.head().await?;
    let events = last(&*node.log, &args.filter, args.limit as usize, head).await?;
    if print.is_json() && !args.follow {
        let events: Vec<Value> = events.iter().map(object).collect();
        print.answer(&json!({ "events": events }), String::new);
        return Ok(ExitCode::SUCCESS);
    }
    if events.is_empty() && !args.follow {
        say(&format!("No events match. Without filters, this shows the last {}.", args.limit));
    }
    let line = |event: &Recorded| {
        let text = if print.is_json() { object(event).to_string() } else { sentence(event) };
        say(&text)
    };
    if events.iter().all(line) && args.follow {
        let mut follower = Follower::new(Arc::clone(&node.log), head, Slice::ALL);
        loop {
            let page = tokio::select! {
                page = follower.next(PAGE) => page?,
                _ = tokio::signal::ctrl_c() => break,
            };
            if !page.events.iter().filter(|event| args.filter.takes(event)).all(line) {
                break;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn begun(event: &Recorded, since: Point) -> bool {
    match since {
        Point::Seq(seq) => event.guild_seq >= seq,
        Point::Time(time) => event.at >= time,
    }
}

/// The last events that match, oldest first: looks back in growing steps.
async fn last(
    log: &dyn EventLog,
    filter: &Filter,
    limit: usize,
    head: Position,
) -> Result<Vec<Recorded>, CliError> {
    let mut found = Vec::new();
    let mut end = head;
    let mut step = limit.max(100) as u64;
    while found.len() < limit && end > Position::START {
        let start = Position(end.0.saturating_sub(step));
        let mut matching = Vec::new();
        let mut oldest = None;
        let mut at = start;
        while at < end {
            let limit = usize::try_from(end.0 - at.0).unwrap_or(PAGE).min(PAGE);
            let page = log.read_all(at, limit, Slice::ALL).await?;
            oldest = oldest.or_else(|| page.events.first().map(|event| event.at));
            matching.extend(page.events.into_iter().filter(|event| filter.takes(event)));
            at = page.up_to.min(end);
        }
        matching.append(&mut found);
        found = matching;
        // Times never go back, so nothing before this can be late enough.
        if let (Some(Point::Time(since)), Some(oldest)) = (filter.since_point, oldest)
            && oldest < since
        {
            break;
        }
        end = start;
        step *= 2;
    }
    let surplus = found.len().saturating_sub(limit);
    Ok(found.split_off(surplus))
}

async fn show(log: &dyn EventLog, id: EventId, print: Print) -> Result<ExitCode, CliError> {
    let event = log
        .find(id)
        .await?
        .ok_or_else(|| CliError::Refused(format!("There is no event {id} in this log.")))?;
    let sound = event.verify();
    let mut causes = Vec::new();
    let mut cause = event.metadata()?.cause.causation;
    while let Some(id) = cause.filter(|_| causes.len() < MAX_CAUSES) {
        let Some(earlier) = log.find(id).await? else { break };
        cause = earlier.metadata()?.cause.causation;
        causes.push(earlier);
    }
    let json = json!({
        "event": object(&event),
        "sound": sound.is_ok(),
        "causes": causes.iter().map(object).collect::<Vec<_>>(),
    });
    print.answer(&json, || {
        let pretty = serde_json::to_string_pretty(&object(&event)).unwrap_or_default();
        let mut lines = vec![sentence(&event), String::new(), pretty];
        lines.push(match &sound {
            Ok(()) => "The hash matches: this is what was written.".to_owned(),
            Err(error) => format!("{error}"),
        });
        if causes.is_empty() {
            lines.push("No event caused it: it began with a request.".to_owned());
        }
        for cause in &causes {
            lines.push(format!("caused by  {}", sentence(cause)));
        }
        lines.join("\n")
    });
    Ok(if sound.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) fn sentence(event: &Recorded) -> String {
    let actor = event.metadata().map_or_else(|_| "?".to_owned(), |metadata| who(&metadata.actor));
    // The payload is tagged with the last part of the name: what is inside says the rest.
    let inside = serde_json::from_str::<Value>(&event.payload)
        .ok()
        .and_then(|payload| payload.as_object().and_then(|tagged| tagged.values().next().cloned()))
        .map_or_else(String::new, |fields| short(&fields));
    format!(
        "{}  {} #{:<6} {:<28} {:<12} {inside}",
        &event.at.to_string()[..19],
        event.guild(),
        event.guild_seq,
        event.type_name,
        actor
    )
}

fn who(actor: &Actor) -> String {
    match actor {
        Actor::Person(person) => format!("by {person}"),
        Actor::Process(name) => format!("by {name}"),
        Actor::Operator => "by operator".to_owned(),
        Actor::Import => "by import".to_owned(),
    }
}

/// `to=3 amount=10 reason=(sealed)`
fn short(fields: &Value) -> String {
    let Some(fields) = fields.as_object() else { return fields.to_string() };
    let value = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Object(object) if object.contains_key("sealed") => "(sealed)".to_owned(),
        other => other.to_string(),
    };
    fields
        .iter()
        .map(|(name, field)| format!("{name}={}", value(field)))
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn object(event: &Recorded) -> Value {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
    json!({
        "id": event.id,
        "guild": event.guild(),
        "guild_seq": event.guild_seq,
        "stream": event.stream.to_string(),
        "version": event.version,
        "type": event.type_name,
        "type_version": event.type_version,
        "at": event.at,
        "metadata": parsed(&event.metadata),
        "payload": parsed(&event.payload),
        "hash": event.hash.to_string(),
    })
}
