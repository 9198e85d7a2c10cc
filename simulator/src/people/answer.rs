//! What an application answers, and what its reader does with it.

use std::{
    ops::Deref,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Failed, Filled, PATIENCE, Person, View};
use crate::{
    limits,
    snowflake::Id,
    world::{
        World,
        interaction::{NewInteraction, Response},
    },
};

/// What kind of answer it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A message; ephemeral or for everybody.
    Message,
    /// The message with the component was, or will be, changed.
    Update,
    Choices(Vec<Value>),
    /// A form to fill in.
    Form(Value),
}

/// The answer as it was when it came; reads as the message that it is.
#[derive(Clone, Debug)]
pub struct Answer {
    person: Person,
    interaction: Id,
    channel: Id,
    message: Option<Id>,
    outcome: Outcome,
    view: View,
    deferred: bool,
    took: Duration,
}

impl Deref for Answer {
    type Target = View;

    fn deref(&self) -> &View {
        &self.view
    }
}

impl Answer {
    pub const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    pub const fn interaction(&self) -> Id {
        self.interaction
    }

    /// The message, in its channel.
    pub const fn message(&self) -> Option<Id> {
        self.message
    }

    pub const fn channel(&self) -> Id {
        self.channel
    }

    /// How long the first response took, in real time.
    pub const fn took(&self) -> Duration {
        self.took
    }

    /// Whether the application first said that it would take longer.
    pub const fn was_deferred(&self) -> bool {
        self.deferred
    }

    /// The form, where it is one.
    pub const fn form(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Form(form) => Some(form),
            _ => None,
        }
    }

    fn source(&self) -> Result<Id, Failed> {
        self.message.ok_or_else(|| Failed::client("the answer is no message"))
    }

    /// Presses a button of it.
    pub async fn presses(&self, label: &str) -> Result<Self, Failed> {
        self.person.presses(self.channel, self.source()?, label).await
    }

    /// Picks from a list of it.
    pub async fn selects(&self, list: &str, picked: &[&str]) -> Result<Self, Failed> {
        self.person.selects(self.channel, self.source()?, list, picked).await
    }

    /// Fills in and sends the form that it is.
    pub async fn submits(&self, fields: Filled) -> Result<Self, Failed> {
        let form = self.form().ok_or_else(|| Failed::client("the answer is no form"))?;
        self.person.submits(self.interaction, form, fields).await
    }

    /// How the message looks now.
    pub fn now(&self) -> Result<View, Failed> {
        self.person.sim.view(self.channel, self.source()?)
    }

    /// What the application sent after it.
    pub fn followups(&self) -> Vec<View> {
        let world = self.person.sim.world.lock();
        let Ok(found) = world.interaction(self.interaction) else { return Vec::new() };
        let followups = found.followups.iter();
        let followups = followups.filter_map(|id| world.shown_message_json(self.channel, *id).ok());
        followups.map(View).collect()
    }

    /// Waits until the message looks so.
    pub async fn becomes(&self, fits: impl Fn(&View) -> bool) -> Result<View, Failed> {
        let (message, channel) = (self.source()?, self.channel);
        self.waits(|world| {
            let view = View(world.shown_message_json(channel, message).ok()?);
            fits(&view).then_some(view)
        })
        .await
    }

    /// Waits until something more was sent, the n-th from 1.
    pub async fn followup(&self, number: usize) -> Result<View, Failed> {
        let (interaction, channel) = (self.interaction, self.channel);
        self.waits(|world| {
            let id = world.interaction(interaction).ok()?.followups.get(number - 1).copied()?;
            Some(View(world.shown_message_json(channel, id).ok()?))
        })
        .await
    }

    async fn waits<T>(&self, look: impl FnMut(&World) -> Option<T>) -> Result<T, Failed> {
        self.person.sim.until("the answer's change", look).await
    }

    /// For programs in other languages.
    pub fn to_json(&self) -> Value {
        let kind = match &self.outcome {
            Outcome::Message => "message",
            Outcome::Update => "update",
            Outcome::Choices(_) => "choices",
            Outcome::Form(_) => "form",
        };
        let buttons = self.buttons();
        let buttons: Vec<_> = buttons.iter().map(|button| &button.label).collect();
        let mut wire = json!({
            "kind": kind,
            "interaction": self.interaction,
            "channel": self.channel,
            "message": self.message,
            "text": self.all_text(),
            "ephemeral": self.is_ephemeral(),
            "deferred": self.deferred,
            "buttons": buttons,
            "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        });
        match &self.outcome {
            Outcome::Choices(choices) => wire["choices"] = json!(choices),
            Outcome::Form(form) => wire["form"] = form.clone(),
            Outcome::Message | Outcome::Update => {}
        }
        wire
    }
}

impl Person {
    /// Sends an interaction and waits for what comes of it.
    pub(super) async fn interacts(&self, new: NewInteraction) -> Result<Answer, Failed> {
        let channel = new.channel;
        let begun = Instant::now();
        let (interaction, mut changed, made_ms) = {
            let mut world = self.sim.world.lock();
            let id = world.create_interaction(new)?;
            let found = world.interaction(id)?;
            (id, found.changed.subscribe(), found.made_ms)
        };
        let limit = u64::try_from(limits::FIRST_RESPONSE.as_millis()).unwrap_or(u64::MAX);
        let first = async {
            tokio::select! {
                biased;
                changed = changed.wait_for(|count| *count > 0) => changed.is_ok(),
                () = self.sim.clock.until(made_ms + limit) => false,
            }
        };
        let first = tokio::time::timeout(PATIENCE, first).await;
        let in_time = first.map_err(|_| Failed::NoResponse)?;
        let answered = self.sim.world.lock().interaction(interaction)?.response.is_some();
        if !in_time && !answered {
            return Err(Failed::NoResponse);
        }
        let took = begun.elapsed();
        let deferred = self.sim.world.lock().interaction(interaction)?.is_deferred_update();
        if deferred {
            // The first change after it is what it said would come.
            let change = changed.wait_for(|count| *count > 1);
            let change = tokio::time::timeout(PATIENCE, change).await;
            change
                .map_err(|_| Failed::Patience {
                    what: "what was announced".to_owned(),
                    secs: PATIENCE.as_secs(),
                })?
                .map_err(|_| Failed::NoResponse)?;
        }
        let mut answer = self.look(interaction, channel, took)?;
        if answer.view.is_loading() {
            let message = answer.source()?;
            answer.view = answer.becomes(|view| !view.is_loading()).await?;
            answer.message = Some(message);
        }
        Ok(answer)
    }

    fn look(&self, interaction: Id, channel: Id, took: Duration) -> Result<Answer, Failed> {
        let world = self.sim.world.lock();
        let found = world.interaction(interaction)?;
        // Where a change was announced, something else may have come in its place.
        let instead = found.followups.first().copied().filter(|_| found.is_deferred_update());
        let message = instead.or_else(|| found.original());
        let outcome = match &found.response {
            Some(Response::Message(_)) => Outcome::Message,
            Some(Response::Update) => Outcome::Update,
            Some(Response::Choices(choices)) => Outcome::Choices(choices.clone()),
            Some(Response::Modal(form)) => Outcome::Form(form.clone()),
            None => return Err(Failed::NoResponse),
        };
        let wire = message.and_then(|message| world.shown_message_json(channel, message).ok());
        Ok(Answer {
            person: self.clone(),
            interaction,
            channel,
            message,
            outcome,
            view: View(wire.unwrap_or(Value::Null)),
            deferred: found.deferred,
            took,
        })
    }
}
