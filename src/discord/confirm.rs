//! "Are you sure?": a question with two buttons, for one person, for one minute.
//!
//! Pressed twice, it does what it does once: this process remembers the answer, and the log knows
//! the key. After the minute it does nothing and says so.

use std::{any::Any, future::Future, num::NonZeroUsize, sync::Arc};

use domain::IdempotencyKey;
use lru::LruCache;
use parking_lot::Mutex;
use twilight_model::{channel::message::component::ButtonStyle, gateway::Intents};

use super::{
    command::{Answer, Capability, Press},
    ctx::{Ctx, Pressed},
    custom_id::{long, short},
    failure::Failure,
    reply::{Button, Reply},
    text::{Text, text},
};

/// How long an answer is waited for.
pub const SECONDS: i64 = 60;
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

pub const CAPABILITY: Capability = Capability {
    name: "confirm",
    module: None,
    title: text("Confirmations", "Bestätigungen"),
    intents: Intents::empty(),
    groups: &[],
    presses: &[Press::new("no", |ctx, pressed| {
        Box::pin(async move { Ok(cancel(&ctx, &pressed)) })
    })],
    submits: &[],
};

const YES: Text = text("Confirm", "Bestätigen");
const NO: Text = text("Cancel", "Abbrechen");
const CANCELLED: Text =
    text("Cancelled. Nothing was changed.", "Abgebrochen. Nichts wurde geändert.");
const EXPIRED: Text = text(
    "That question has expired, and nothing was changed. Use the command again.",
    "Diese Frage ist abgelaufen, und nichts wurde geändert. Nutze den Befehl noch einmal.",
);
const NOT_YOURS: Text = text(
    "Only the person who asked can answer this.",
    "Nur wer gefragt hat, kann das beantworten.",
);
const ANSWERED: Text = text("This has been answered already.", "Das wurde schon beantwortet.");
const WITHIN: Text = text("Answer within {n} seconds.", "Antworte innerhalb von {n} Sekunden.");

/// Questions that were answered, or are being answered just now.
#[derive(Debug)]
pub struct Spent(Mutex<LruCache<u64, ()>>);

impl Default for Spent {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Spent {
    /// True for the first answer.
    fn take(&self, question: u64) -> bool {
        self.0.lock().put(question, ()).is_none()
    }

    /// Nothing came of it: it may be answered again.
    fn give_back(&self, question: u64) {
        self.0.lock().pop(&question);
    }
}

/// What a question or a form is about, where it does not fit into a button. It is gone after a
/// restart, as a question that nobody answered in time.
pub struct Drafts(Mutex<LruCache<u64, Draft>>);

type Draft = Arc<dyn Any + Send + Sync>;

/// None of them is larger than a long message.
const DRAFTS: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");

impl std::fmt::Debug for Drafts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Drafts(…)")
    }
}

impl Default for Drafts {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(DRAFTS)))
    }
}

impl Drafts {
    /// For the request that it belongs to.
    pub fn keep<T: Any + Send + Sync>(&self, request: u64, draft: T) {
        self.0.lock().put(request, Arc::new(draft));
    }

    pub fn of<T: Any + Send + Sync>(&self, request: u64) -> Option<Arc<T>> {
        let kept = self.0.lock().get(&request).cloned();
        kept.and_then(|draft| draft.downcast().ok())
    }
}

/// What somebody says who comes too late for a draft.
pub fn expired(ctx: &Ctx) -> Reply {
    Reply::bad(ctx.say(EXPIRED))
}

/// What somebody confirmed.
#[derive(Debug)]
pub struct Confirmed {
    pub payload: String,
    /// However often it is pressed.
    pub key: IdempotencyKey,
}

/// Asks. `payload` comes back to the button `verb` of the capability.
pub fn ask(ctx: &Ctx, capability: &str, verb: &str, payload: &str, question: Reply) -> Answer {
    let until = ctx.at().as_secs() + SECONDS;
    let until = short(until.unsigned_abs());
    let bound = format!("{}.{until}.{}", short(ctx.user().get()), short(ctx.asked.id));
    let guild = ctx.guild();
    let yes = ctx.edge.signer.seal(guild, capability, verb, &format!("{bound}.{payload}"))?;
    let no = ctx.edge.signer.seal(guild, CAPABILITY.name, "no", &bound)?;
    let button = |label: Text, custom_id, style| Button {
        label: ctx.say(label),
        custom_id,
        style,
        disabled: false,
    };
    let reply = question
        .footer(ctx.fill(WITHIN, &[("n", &SECONDS)]))
        .button(button(YES, yes, ButtonStyle::Danger))
        .button(button(NO, no, ButtonStyle::Secondary));
    Ok(reply)
}

/// What a confirming button does, at most once.
pub async fn then<W>(
    ctx: Ctx,
    pressed: Pressed,
    work: impl FnOnce(Ctx, Confirmed) -> W + Send,
) -> Answer
where
    W: Future<Output = Answer> + Send,
{
    let question = match Question::read(&ctx, &pressed.payload) {
        Ok(question) => question,
        Err(reply) => return Ok(*reply),
    };
    if !ctx.edge.spent.take(question.id) {
        return Ok(Reply::bad(ctx.say(ANSWERED)));
    }
    let key = IdempotencyKey::new(format!("confirmed/{}", question.id))?;
    let answer = work(ctx.clone(), Confirmed { payload: question.payload, key }).await;
    if matches!(answer, Err(Failure::Discord(_) | Failure::System(_))) {
        ctx.edge.spent.give_back(question.id);
    }
    answer.map(Reply::replacing)
}

fn cancel(ctx: &Ctx, pressed: &Pressed) -> Reply {
    match Question::read(ctx, &pressed.payload) {
        Err(reply) => *reply,
        Ok(question) if !ctx.edge.spent.take(question.id) => Reply::bad(ctx.say(ANSWERED)),
        Ok(_) => Reply::new(ctx.say(CANCELLED)).replacing(),
    }
}

struct Question {
    id: u64,
    payload: String,
}

impl Question {
    fn read(ctx: &Ctx, payload: &str) -> Result<Self, Box<Reply>> {
        let mut parts = payload.splitn(4, '.');
        let mut number = || parts.next().and_then(long);
        let (Some(user), Some(until), Some(id)) = (number(), number(), number()) else {
            return Err(Box::new(Reply::bad(ctx.say(EXPIRED))));
        };
        if user != ctx.user().get() {
            return Err(Box::new(Reply::bad(ctx.say(NOT_YOURS))));
        }
        // Both moments are Discord's, so no clock of ours can be wrong.
        if ctx.at().as_secs() > i64::try_from(until).unwrap_or(i64::MAX) {
            return Err(Box::new(Reply::bad(ctx.say(EXPIRED)).replacing()));
        }
        Ok(Self { id, payload: parts.next().unwrap_or_default().to_owned() })
    }
}

/// Buttons that only one person may press, such as those that turn pages: the person first.
pub fn bind(ctx: &Ctx, payload: &str) -> String {
    format!("{}.{payload}", short(ctx.user().get()))
}

/// What stands behind the person, where it is the one who pressed.
pub fn bound<'a>(ctx: &Ctx, payload: &'a str) -> Result<&'a str, Box<Reply>> {
    match payload.split_once('.') {
        Some((user, rest)) if long(user) == Some(ctx.user().get()) => Ok(rest),
        _ => Err(Box::new(Reply::bad(ctx.say(NOT_YOURS)))),
    }
}
