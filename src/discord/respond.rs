//! An answer in time: within three seconds Discord hears the answer, or that it comes later.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actions::activity::Used;
use tokio::task::JoinHandle;

use super::{
    activity::told,
    ctx::{Asked, Way, What},
    dispatch::{self, Handled, Said},
    edge::Edge,
    failure::Failure,
    mouth::{First, Heard, Mouth},
    reply::Reply,
    text::{Lang, Text, text},
};

/// Discord gives up on an interaction that has not been answered for so long.
pub const PATIENCE_MILLIS: i64 = 3_000;
/// Work that takes longer than this is announced, and its answer comes later.
const ANNOUNCE_AFTER: Duration = Duration::from_millis(1_500);
/// Nothing that a member asks for takes so long; Discord's own limit is fifteen minutes.
const GIVE_UP_AFTER: Duration = Duration::from_mins(10);

const BUSY: Text = text(
    "I am very busy just now. Try again in a minute.",
    "Ich habe gerade sehr viel zu tun. Versuch es in einer Minute noch einmal.",
);

/// Answers, whatever happens on the way: a fault or a panic becomes an answer too.
/// Tells what is to be recorded of it.
pub async fn respond(edge: Arc<Edge>, asked: Asked, mouth: &dyn Mouth) -> Option<Used> {
    let began = Instant::now();
    let _waiting = edge.actions.bus().log().tail().rush().wait();
    let asked = Arc::new(asked);
    let command = dispatch::label(&edge, &asked);
    let outcome = answer(&edge, &asked, mouth, &command).await;
    edge.health.count_command();
    metrics::counter!(
        "reeve_discord_commands_total", "command" => command.clone(), "outcome" => outcome
    )
    .increment(1);
    metrics::histogram!("reeve_discord_answer_seconds").record(began.elapsed().as_secs_f64());
    let typing = matches!(asked.what, What::Typing { .. });
    (!typing).then(|| told::used(asked.id, asked.user, &command, outcome, began.elapsed()))
}

/// For whoever comes when all hands are full.
pub async fn turn_away(asked: &Asked, mouth: &dyn Mouth) {
    let busy = Reply::bad(BUSY.say(asked.lang));
    mouth.first(First::Reply(busy)).await;
    metrics::counter!(
        "reeve_discord_commands_total", "command" => "unknown", "outcome" => "turned_away"
    )
    .increment(1);
}

async fn answer(
    edge: &Arc<Edge>,
    asked: &Arc<Asked>,
    mouth: &dyn Mouth,
    command: &str,
) -> &'static str {
    let typing = matches!(asked.what, What::Typing { .. });
    if asked.again && !typing {
        return answer_again(edge, asked, mouth, command).await;
    }
    // As a task of its own: what breaks in it breaks nothing else, and it is finished even when
    // the answer fails.
    let mut work = tokio::spawn(dispatch::handle(Arc::clone(edge), Arc::clone(asked)));
    match tokio::time::timeout(patience(edge, asked), &mut work).await {
        Ok(finished) => {
            let handled = whole(finished, asked, command);
            note(&mouth.first(first(handled.said)).await, command);
            handled.outcome
        }
        Err(_) if typing => {
            work.abort();
            mouth.first(First::Suggestions(Vec::new())).await;
            "slow"
        }
        Err(_) => {
            let announced = announce(edge, asked);
            note(&mouth.first(announced.clone()).await, command);
            keep_word(asked, mouth, command, &announced, work).await
        }
    }
}

/// The process before may have answered, and what it said must stay true: nothing is done that was
/// refused, and nothing refused that was done. So the answer is announced before anything is done;
/// Discord takes one first word and no second. What was done meanwhile is found by its key.
async fn answer_again(
    edge: &Arc<Edge>,
    asked: &Arc<Asked>,
    mouth: &dyn Mouth,
    command: &str,
) -> &'static str {
    let announced = announce(edge, asked);
    let heard = mouth.first(announced.clone()).await;
    note(&heard, command);
    match heard {
        Heard::Yes => {}
        Heard::Before if mouth.owes().await => {}
        Heard::Before => return "answered_before",
        // Nobody would hear what became of it.
        Heard::TooLate | Heard::No(_) => return "unheard",
    }
    let work = tokio::spawn(dispatch::handle(Arc::clone(edge), Arc::clone(asked)));
    keep_word(asked, mouth, command, &announced, work).await
}

/// Gives the answer that was announced.
async fn keep_word(
    asked: &Asked,
    mouth: &dyn Mouth,
    command: &str,
    announced: &First,
    work: JoinHandle<Handled>,
) -> &'static str {
    let private = *announced != First::Later { private: false };
    let handled = match tokio::time::timeout(GIVE_UP_AFTER, work).await {
        Ok(finished) => whole(finished, asked, command),
        Err(_) => broken(asked, command, "it took too long"),
    };
    if let Said::Reply(reply) = &handled.said {
        note(&later(mouth, reply, announced, private, asked.lang).await, command);
    }
    handled.outcome
}

/// What is left of the person's patience, less the time for our own way to Discord.
fn patience(edge: &Edge, asked: &Asked) -> Duration {
    const LEAST: Duration = Duration::from_millis(20);
    if asked.way == Way::Message {
        return ANNOUNCE_AFTER;
    }
    let gone = u64::try_from(edge.age_millis(asked.id).clamp(0, PATIENCE_MILLIS)).unwrap_or(0);
    ANNOUNCE_AFTER.saturating_sub(Duration::from_millis(gone)).max(LEAST)
}

fn announce(edge: &Edge, asked: &Asked) -> First {
    match asked.what {
        What::Press { .. } => First::ChangeLater,
        _ => First::Later { private: dispatch::is_private(edge, asked) },
    }
}

/// The answer where its place was announced; in a message of its own where it must be seen by
/// fewer, or must not change the message that a button is on.
async fn later(
    mouth: &dyn Mouth,
    reply: &Reply,
    announced: &First,
    private: bool,
    lang: Lang,
) -> Heard {
    // Discord opens a form at once or not at all.
    let too_late;
    let reply = if reply.form.is_some() {
        too_late = Reply::bad(BUSY.say(lang));
        &too_late
    } else {
        reply
    };
    match announced {
        First::ChangeLater if reply.replaces => mouth.then(reply).await,
        First::ChangeLater => mouth.also(reply).await,
        _ if reply.private && !private => {
            mouth.take_back().await;
            mouth.also(reply).await
        }
        _ => mouth.then(reply).await,
    }
}

fn whole(
    finished: Result<Handled, tokio::task::JoinError>,
    asked: &Asked,
    command: &str,
) -> Handled {
    finished.unwrap_or_else(|error| {
        let what = if error.is_panic() { "it panicked" } else { "it was stopped" };
        broken(asked, command, what)
    })
}

fn broken(asked: &Asked, command: &str, what: &str) -> Handled {
    let failure = Failure::System(what.to_owned());
    let outcome = failure.outcome();
    Handled { said: Said::Reply(failure.tell(asked.lang, command)), outcome }
}

fn first(said: Said) -> First {
    match said {
        Said::Reply(reply) => First::Reply(reply),
        Said::Suggestions(suggestions) => First::Suggestions(suggestions),
    }
}

fn note(heard: &Heard, command: &str) {
    match heard {
        Heard::Yes | Heard::Before => {}
        Heard::TooLate => {
            metrics::counter!("reeve_discord_late_answers_total").increment(1);
            tracing::warn!(command, "an answer came too late for Discord");
        }
        Heard::No(problem) => {
            metrics::counter!("reeve_discord_unheard_answers_total").increment(1);
            tracing::warn!(command, problem, "an answer did not reach Discord");
        }
    }
}
