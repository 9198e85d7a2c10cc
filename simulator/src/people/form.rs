//! Forms (modals): filled in and sent.

use serde_json::{Value, json};

use super::{
    Answer, Failed, Filled, Given, Person, components::pick, options::Resolver, view::component,
};
use crate::{
    snowflake::Id,
    world::interaction::{Kind, NewInteraction, Response},
};

const LONGEST_FIELD: u64 = 4_000;
/// A row of components, and a label around one.
const ROW: u64 = 1;
const LABEL: u64 = 18;

impl Person {
    /// The form that an interaction opened for them.
    pub fn form_of(&self, interaction: Id) -> Result<Value, Failed> {
        let world = self.sim.world.lock();
        let found = world.interaction(interaction)?;
        match &found.response {
            Some(Response::Modal(form)) if found.user == self.user => Ok(form.clone()),
            _ => Err(Failed::client("this interaction opened no form for them")),
        }
    }

    /// Sends a form that was opened by an interaction, its fields by their custom id or label.
    pub async fn submits(
        &self,
        opened_by: Id,
        form: &Value,
        fields: Filled,
    ) -> Result<Answer, Failed> {
        let new = {
            let world = self.sim.world.lock();
            let opener = world.interaction(opened_by)?;
            let mut resolver = Resolver::new(&world, opener.guild, self.user);
            let mut used = Vec::new();
            let rows = form["components"].as_array().cloned().unwrap_or_default();
            let mut components = Vec::new();
            for row in &rows {
                components.push(fill_row(&mut resolver, row, &fields, &mut used)?);
            }
            let unknown = fields.iter().find(|(name, _)| !used.contains(name));
            if let Some((name, _)) = unknown {
                return Err(Failed::client(format!("the form has no field {name:?}")));
            }
            let custom_id = form["custom_id"].as_str().unwrap_or_default();
            let mut data = json!({ "custom_id": custom_id, "components": components });
            let resolved = resolver.into_resolved();
            if !resolved.is_empty() {
                data["resolved"] = Value::Object(resolved);
            }
            NewInteraction {
                application: opener.application,
                kind: Kind::Modal,
                user: self.user,
                guild: opener.guild,
                channel: opener.channel,
                message: opener.message,
                name: custom_id.to_owned(),
                data,
            }
        };
        self.interacts(new).await
    }
}

/// A row or a label with what was filled in.
fn fill_row(
    resolver: &mut Resolver<'_>,
    row: &Value,
    fields: &Filled,
    used: &mut Vec<String>,
) -> Result<Value, Failed> {
    match row["type"].as_u64() {
        Some(ROW) => {
            let mut inner = Vec::new();
            for field in row["components"].as_array().into_iter().flatten() {
                let label = field["label"].as_str().unwrap_or_default();
                inner.push(fill_field(resolver, field, label, fields, used)?);
            }
            Ok(json!({ "type": ROW, "id": row["id"].as_u64().unwrap_or(0), "components": inner }))
        }
        Some(LABEL) => {
            let label = row["label"].as_str().unwrap_or_default();
            let inner = fill_field(resolver, &row["component"], label, fields, used)?;
            Ok(json!({ "type": LABEL, "id": row["id"].as_u64().unwrap_or(0), "component": inner }))
        }
        other => Ok(json!({ "type": other, "id": row["id"].as_u64().unwrap_or(0) })),
    }
}

fn fill_field(
    resolver: &mut Resolver<'_>,
    field: &Value,
    label: &str,
    fields: &Filled,
    used: &mut Vec<String>,
) -> Result<Value, Failed> {
    let custom_id = field["custom_id"].as_str().unwrap_or_default();
    let given = fields.iter().find(|(name, _)| name == custom_id || name == label);
    if let Some((name, _)) = given {
        used.push(name.clone());
    }
    let given = given.map(|(_, given)| given);
    let required = field["required"].as_bool().unwrap_or(true);
    let id = field["id"].as_u64().unwrap_or(0);
    let mut wire = json!({ "type": field["type"], "id": id, "custom_id": custom_id });
    if field["type"] == component::TEXT_INPUT {
        let text = match given {
            Some(Given::Text(text)) => text.clone(),
            Some(Given::Integer(number)) => number.to_string(),
            Some(_) => return Err(Failed::client(format!("{label}: it takes text"))),
            None => field["value"].as_str().unwrap_or_default().to_owned(),
        };
        let length = text.chars().count() as u64;
        if length == 0 && required {
            return Err(Failed::client(format!("{label} is required")));
        }
        let least = field["min_length"].as_u64().unwrap_or(0);
        let most = field["max_length"].as_u64().unwrap_or(LONGEST_FIELD);
        if length > most || (length < least && length > 0) {
            return Err(Failed::client(format!("{label}: it takes {least} to {most} letters")));
        }
        wire["value"] = json!(text);
        return Ok(wire);
    }
    let picked: Vec<&str> = match given {
        Some(Given::Several(picked)) => picked.iter().map(String::as_str).collect(),
        Some(Given::Text(one)) => vec![one],
        Some(_) => return Err(Failed::client(format!("{label}: it takes names"))),
        None if required => return Err(Failed::client(format!("{label} is required"))),
        None => Vec::new(),
    };
    let values =
        if picked.is_empty() && !required { Vec::new() } else { pick(resolver, field, &picked)? };
    wire["values"] = json!(values);
    Ok(wire)
}
