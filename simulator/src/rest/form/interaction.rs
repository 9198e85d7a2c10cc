//! How an interaction may be answered, and modals.

use serde_json::{Value, json};

use super::{
    Form,
    component::{self, ROW, TEXT_DISPLAY, TEXT_INPUT, Tally},
    message::{self, Message},
};
use crate::{rest::refusal::Refusal, world::message::flags};

const PONG: i64 = 1;
const MESSAGE: i64 = 4;
const DEFERRED: i64 = 5;
const DEFERRED_UPDATE: i64 = 6;
const UPDATE: i64 = 7;
const AUTOCOMPLETE: i64 = 8;
const MODAL: i64 = 9;
const PREMIUM: i64 = 10;
const ACTIVITY: i64 = 12;

const LABEL: i64 = 18;
const FILE_UPLOAD: i64 = 19;
const RADIOS: i64 = 21;
const CHECKBOXES: i64 = 22;
const CHECKBOX: i64 = 23;

/// Kinds of interactions, as Discord numbers them.
const COMMAND: u8 = 2;
const COMPONENT: u8 = 3;
const ASKING: u8 = 4;
const SUBMIT: u8 = 5;

/// The first answer to an interaction.
#[derive(Debug, Clone)]
pub enum Answer {
    Pong,
    Message(Box<Message>),
    /// "Thinking…", seen by all or only by who asked.
    Deferred {
        ephemeral: bool,
    },
    DeferredUpdate,
    Update(Box<Message>),
    Choices(Vec<Value>),
    Modal(Value),
    Activity,
}

impl Answer {
    pub fn number(&self) -> i64 {
        match self {
            Self::Pong => PONG,
            Self::Message(_) => MESSAGE,
            Self::Deferred { .. } => DEFERRED,
            Self::DeferredUpdate => DEFERRED_UPDATE,
            Self::Update(_) => UPDATE,
            Self::Choices(_) => AUTOCOMPLETE,
            Self::Modal(_) => MODAL,
            Self::Activity => ACTIVITY,
        }
    }
}

/// `asked` is the kind of the interaction, `on_message` says that a modal came from a component.
pub fn answer(body: &Value, asked: u8, on_message: bool, files: usize) -> Result<Answer, Refusal> {
    let kinds: &[i64] = match asked {
        COMMAND => &[MESSAGE, DEFERRED, MODAL, PREMIUM, ACTIVITY],
        COMPONENT => &[MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL, PREMIUM, ACTIVITY],
        ASKING => &[AUTOCOMPLETE],
        // A modal is no answer to a modal.
        SUBMIT if on_message => &[MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, PREMIUM, ACTIVITY],
        SUBMIT => &[MESSAGE, DEFERRED, PREMIUM, ACTIVITY],
        _ => &[PONG],
    };
    let kind = super::read(body, |form| {
        if form.is_object() && form.require("type") { form.choice("type", kinds) } else { None }
    })?;
    let nothing = json!({});
    let data = body.get("data").filter(|data| !data.is_null()).unwrap_or(&nothing);
    // Complaints about the data are told under `data`.
    let under = |refusal: Refusal| match refusal.errors {
        Some(errors) => Refusal::form(json!({"data": errors})),
        None => refusal,
    };
    Ok(match kind.unwrap_or_default() {
        MESSAGE => Answer::Message(Box::new(message::answer(data, files).map_err(under)?)),
        DEFERRED => {
            let flags = super::read(data, |form| form.integer("flags", 0..=i64::MAX));
            let flags = flags.map_err(under)?.unwrap_or_default();
            Answer::Deferred { ephemeral: flags.cast_unsigned() & flags::EPHEMERAL != 0 }
        }
        DEFERRED_UPDATE => Answer::DeferredUpdate,
        UPDATE => Answer::Update(Box::new(message::edit(data, files).map_err(under)?)),
        AUTOCOMPLETE => Answer::Choices(super::read(data, choices).map_err(under)?),
        MODAL => Answer::Modal(super::read(data, modal).map_err(under)?),
        ACTIVITY => Answer::Activity,
        PREMIUM => {
            let message = "The simulated application sells nothing: answer with a premium button.";
            return Err(super::refused("/type", "BASE_TYPE_CHOICES", message));
        }
        _ => Answer::Pong,
    })
}

fn choices(form: &Form<'_>) -> Vec<Value> {
    form.require("choices");
    let choices = form.objects("choices", 0..=25).unwrap_or_default();
    for choice in &choices {
        choice.required_text("name", 1..=100);
        if choice.require("value") {
            let value = &choice.value()["value"];
            if value.is_string() {
                choice.text("value", 1..=100);
            } else if !value.is_number() {
                let message = "Could not interpret the value as string or number.";
                choice.refuse("value", "STRING_TYPE_CONVERT", message);
            }
        }
    }
    choices.iter().map(|choice| choice.value().clone()).collect()
}

fn modal(form: &Form<'_>) -> Value {
    let mut tally = Tally::default();
    let custom_id = form.required_text("custom_id", 1..=100);
    let title = form.required_text("title", 1..=45);
    form.require("components");
    let rows = form.objects("components", 1..=5).unwrap_or_default();
    let rows: Vec<_> = rows.iter().map(|row| field(row, &mut tally)).collect();
    json!({"custom_id": custom_id, "title": title, "components": rows})
}

/// One field of a modal: a labelled input, a line of text, or the older row with a text input.
fn field(form: &Form<'_>, tally: &mut Tally) -> Value {
    let Some(kind) = component::kind(form, &[ROW, TEXT_DISPLAY, LABEL]) else {
        return Value::Null;
    };
    let id = tally.number(form);
    let mut shown = match kind {
        TEXT_DISPLAY => component::text_display(form, tally),
        ROW => {
            form.require("components");
            let inputs = form.objects("components", 1..=1).unwrap_or_default();
            let inputs: Vec<_> = inputs
                .iter()
                .map(|input| {
                    input.required_text("label", 1..=45);
                    control(input, &[TEXT_INPUT], tally)
                })
                .collect();
            json!({"components": inputs})
        }
        _ => {
            let label = form.required_text("label", 1..=45);
            let description = form.text("description", 0..=100);
            form.require("component");
            let kinds = [3, TEXT_INPUT, 5, 6, 7, 8, FILE_UPLOAD, RADIOS, CHECKBOXES, CHECKBOX];
            let inner = form.object("component").map(|inner| control(&inner, &kinds, tally));
            json!({"label": label, "description": description, "component": inner})
        }
    };
    shown["type"] = kind.into();
    shown["id"] = id.into();
    shown
}

fn control(form: &Form<'_>, kinds: &[i64], tally: &mut Tally) -> Value {
    let Some(kind) = component::kind(form, kinds) else { return Value::Null };
    let id = tally.number(form);
    let mut shown = match kind {
        TEXT_INPUT => text_input(form, tally),
        3 | 5..=8 => component::select(form, kind, tally),
        FILE_UPLOAD => {
            let least = form.integer("min_values", 0..=10).unwrap_or(1);
            let most = form.integer("max_values", 1..=10).unwrap_or(1);
            json!({"custom_id": tally.custom_id(form), "min_values": least, "max_values": most})
        }
        CHECKBOX => {
            let default = form.boolean("default").unwrap_or(false);
            json!({"custom_id": tally.custom_id(form), "default": default})
        }
        _ => {
            form.require("options");
            let counts = if kind == RADIOS { 2..=10 } else { 1..=10 };
            let options = form.objects("options", counts).unwrap_or_default();
            for option in &options {
                option.required_text("label", 1..=100);
                option.required_text("value", 1..=100);
                option.text("description", 0..=100);
            }
            let options: Vec<_> = options.iter().map(|option| option.value().clone()).collect();
            json!({"custom_id": tally.custom_id(form), "options": options})
        }
    };
    shown["required"] = form.boolean("required").unwrap_or(true).into();
    shown["type"] = kind.into();
    shown["id"] = id.into();
    shown
}

fn text_input(form: &Form<'_>, tally: &mut Tally) -> Value {
    let custom_id = tally.custom_id(form);
    form.require("style");
    let style = form.choice("style", &[1, 2]);
    let least = form.integer("min_length", 0..=4000);
    let most = form.integer("max_length", 1..=4000);
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        let message = "Min length must be less than or equal to max length";
        form.refuse("min_length", "TEXT_INPUT_MIN_LENGTH_GREATER_THAN_MAX", message);
    }
    let label = form.text("label", 0..=45);
    let placeholder = form.text("placeholder", 0..=100);
    let value = form.text("value", 0..=4000);
    json!({
        "custom_id": custom_id, "style": style, "label": label, "placeholder": placeholder,
        "value": value, "min_length": least, "max_length": most,
    })
}
