//! What a delivery says of an event. It is made when it is sent, from the event as the log has it:
//! members are told by their ids at Discord as far as they were not erased, and nothing of what is
//! sealed is in it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use domain::{Actor, GuildId, PersonId, UserId};
use eventlog::{LogError, People, PeopleError, Recorded};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// No delivery is longer: what is longer is told without its details.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// The type under which a trial is delivered.
pub const TEST_TYPE: &str = "webhook.test";

/// One delivery, as its receiver reads it.
#[derive(Debug, Serialize)]
struct Body<'a> {
    /// The delivery's own: the same when it is repeated.
    id: String,
    guild: GuildId,
    /// The event's number in the community.
    seq: u64,
    event: String,
    /// What it is an event of: `economy`, `case/7`.
    of: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    at: String,
    by: Value,
    /// Whom it is about, each once.
    about: Vec<UserId>,
    /// None where it is too long to be told.
    data: Option<Value>,
}

/// The text of a delivery.
pub async fn body(
    people: &People,
    delivery: uuid::Uuid,
    event: &Recorded,
) -> Result<(String, String), PeopleError> {
    let (guild, test) = (event.guild(), event.type_name == domain::webhooks::TEST);
    let kind = if test { TEST_TYPE } else { &*event.type_name };
    let payload = serde_json::from_str::<Value>(&event.payload).unwrap_or_default();
    // The payload is tagged with the last part of its type.
    let inside = match payload {
        Value::Object(tagged) => tagged.into_iter().next().map(|(_, inside)| inside),
        _ => None,
    };
    let mut data = inside.unwrap_or(Value::Null);
    let shape = SHAPES.get(&*event.type_name);
    let mut numbers = BTreeSet::new();
    walk(&mut data, shape, &mut |number| {
        numbers.insert(number);
        None
    });
    let actor = event.metadata()?.actor;
    let mut wanted: Vec<_> = numbers.iter().copied().collect();
    if let Actor::Person(number) = actor {
        wanted.push(number);
    }
    let users = people.users(guild, &wanted).await?;
    walk(&mut data, shape, &mut |number| Some(users.get(&number).copied()));
    let of = event.stream.within_guild();
    let body = Body {
        id: delivery.to_string(),
        guild,
        seq: event.guild_seq,
        event: event.id.to_string(),
        of: &of,
        kind,
        at: event.at.to_string(),
        by: who(&actor, &users),
        about: numbers.iter().filter_map(|number| users.get(number).copied()).collect(),
        data: Some(data),
    };
    let written = |body: &Body<'_>| {
        serde_json::to_string(body)
            .map_err(|error| LogError::Setup(format!("a delivery cannot be written: {error}")))
    };
    let whole = written(&body)?;
    if whole.len() <= MAX_BODY_BYTES {
        return Ok((kind.to_owned(), whole));
    }
    let short = Body { about: Vec::new(), data: None, ..body };
    Ok((kind.to_owned(), written(&short)?))
}

fn who(actor: &Actor, users: &HashMap<PersonId, UserId>) -> Value {
    match actor {
        Actor::Person(number) => json!({ "kind": "member", "user": users.get(number) }),
        Actor::Process(name) => json!({ "kind": "bot", "process": name }),
        Actor::Operator => json!({ "kind": "operator" }),
        Actor::Import => json!({ "kind": "import" }),
    }
}

/// Where in an event's fields numbers of people stand, as its own schema says.
#[derive(Debug)]
struct Shapes {
    /// With the definitions that its parts refer to.
    root: Value,
    /// Where in it the event's fields are described.
    fields: Value,
}

static SHAPES: LazyLock<HashMap<&'static str, Shapes>> = LazyLock::new(|| {
    let mut shapes = HashMap::new();
    for family in eventlog::families() {
        let root = family.schema.to_value();
        for kind in family.types {
            let tag = kind.name.rsplit('.').next().unwrap_or_default();
            let of_tag = |part: &Value| part.pointer(&format!("/properties/{tag}")).cloned();
            let variants = ["oneOf", "anyOf"].iter().find_map(|word| root.get(word)?.as_array());
            let fields = variants.map_or_else(|| of_tag(&root), |all| all.iter().find_map(of_tag));
            let fields = fields.unwrap_or(Value::Null);
            shapes.insert(kind.name, Shapes { root: root.clone(), fields });
        }
    }
    shapes
});

type Told<'a> = &'a mut dyn FnMut(PersonId) -> Option<Option<UserId>>;

/// Asks `told` at every number of a person, which stands for a member's id or nothing from then on
/// where it says so, and leaves out everything that is sealed.
fn walk(data: &mut Value, shape: Option<&Shapes>, told: Told<'_>) {
    let (root, parts) = match shape {
        Some(shape) => (&shape.root, vec![&shape.fields]),
        None => (&Value::Null, Vec::new()),
    };
    step(data, root, &parts, told);
}

fn step(data: &mut Value, root: &Value, parts: &[&Value], told: Told<'_>) {
    let parts = resolved(data, root, parts);
    if parts.person {
        let number = data.as_u64().and_then(|number| u32::try_from(number).ok());
        if let Some(user) = number.and_then(|number| told(PersonId(number))) {
            *data = json!(user);
        }
        return;
    }
    match data {
        Value::Object(fields) => {
            fields.retain(|_, value| !is_sealed(value));
            for (name, value) in fields {
                let below = parts.below(|part| {
                    let named = part.pointer("/properties").and_then(|all| all.get(name));
                    named.or_else(|| part.get("additionalProperties"))
                });
                step(value, root, &below, told);
            }
        }
        Value::Array(items) => {
            items.retain(|value| !is_sealed(value));
            for (place, value) in items.iter_mut().enumerate() {
                let below = parts.below(|part| {
                    let fixed = part.pointer("/prefixItems").and_then(|all| all.get(place));
                    fixed.or_else(|| part.get("items"))
                });
                step(value, root, &below, told);
            }
        }
        _ => {}
    }
}

/// What may describe a value: several, where it may be one of several.
struct Resolved<'a> {
    all: Vec<&'a Value>,
    person: bool,
}

impl<'a> Resolved<'a> {
    fn below(&self, of: impl Fn(&'a Value) -> Option<&'a Value>) -> Vec<&'a Value> {
        self.all.iter().copied().filter_map(of).collect()
    }
}

fn resolved<'a>(data: &Value, root: &'a Value, parts: &[&'a Value]) -> Resolved<'a> {
    let mut found = Resolved { all: Vec::new(), person: false };
    let mut open = parts.to_vec();
    while let Some(part) = open.pop() {
        if let Some(name) = part.get("$ref").and_then(Value::as_str) {
            found.person |= name == "#/$defs/PersonId";
            open.extend(name.strip_prefix('#').and_then(|pointer| root.pointer(pointer)));
        }
        for word in ["oneOf", "anyOf", "allOf"] {
            let several = part.get(word).and_then(Value::as_array);
            open.extend(several.into_iter().flatten().filter(|part| fits(data, part)));
        }
        found.all.push(part);
    }
    found
}

/// Whether one of several may be meant: not where it has another word in its place.
fn fits(data: &Value, part: &Value) -> bool {
    let fields = part.get("properties").and_then(Value::as_object);
    fields.into_iter().flatten().all(|(name, field)| {
        field.get("const").is_none_or(|word| data.get(name).is_none_or(|value| value == word))
    })
}

fn is_sealed(value: &Value) -> bool {
    let sealed = |fields: &Map<String, Value>| {
        fields.len() == 2 && fields.contains_key("owner") && fields.contains_key("sealed")
    };
    value.as_object().is_some_and(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(type_name: &str, mut data: Value) -> (Vec<u32>, Value) {
        let mut numbers = BTreeSet::new();
        walk(&mut data, SHAPES.get(type_name), &mut |number| {
            numbers.insert(number.0);
            Some(UserId::new(u64::from(number.0) * 1_000).ok().filter(|_| number.0 != 9))
        });
        (numbers.into_iter().collect(), data)
    }

    #[test]
    fn given_numbers_of_people_then_they_are_their_ids_and_other_numbers_stay() {
        let moved = json!({ "from": 7, "to": 9, "amount": 7 });
        let (numbers, data) = told("economy.bytes_transferred", moved);
        assert_eq!(numbers, [7, 9]);
        assert_eq!(data, json!({ "from": "7000", "to": null, "amount": 7 }), "9 was erased");
        let (numbers, data) = told("no.such", json!({ "person": 7, "deep": [{ "x": 1 }] }));
        assert_eq!((numbers.len(), data["person"].as_u64()), (0, Some(7)));
    }

    #[test]
    fn given_what_is_sealed_then_it_is_left_out_wherever_it_stands() {
        let sealed = json!({ "owner": 7, "sealed": "3q2-7w" });
        let (numbers, data) = told(
            "webhooks.created",
            json!({ "by": 7, "name": sealed, "list": [sealed, { "text": sealed, "n": 1 }] }),
        );
        assert_eq!(numbers, [7]);
        assert_eq!(data, json!({ "by": "7000", "list": [{ "n": 1 }] }));
    }

    /// Every place of a person in every event that is delivered is found, however deep it lies.
    #[test]
    fn given_every_type_then_its_shape_is_known_and_no_map_is_keyed_by_people() {
        for family in eventlog::families() {
            let text = family.schema.clone().to_value().to_string();
            let keyed = text.contains("patternProperties") || text.contains("propertyNames");
            for kind in family.types {
                let told = domain::webhooks::Kind::of_type(kind.name).is_some();
                assert!(!told || !keyed, "{}: a map's keys are not looked through", kind.name);
                let shape = SHAPES.get(kind.name);
                assert!(shape.is_some_and(|shape| !shape.fields.is_null()), "{}", kind.name);
            }
        }
    }

    /// A new capability decides whether it is told.
    #[test]
    fn given_every_type_of_event_then_it_is_told_or_is_known_not_to_be() {
        const UNTOLD: [&str; 10] = [
            "activity.recorded",
            "activity.voice_changed",
            "levels.earned",
            "levels.voice_changed",
            "levels.voice_skipped",
            "people.person_erased",
            "webhooks.test_asked",
            "refusals.transfer_refused",
            "refusals.action_refused",
            "reads.",
        ];
        for family in eventlog::families() {
            for kind in family.types {
                let told = domain::webhooks::Kind::of_type(kind.name).is_some();
                let untold = UNTOLD.iter().any(|prefix| kind.name.starts_with(prefix));
                assert!(told != untold, "{}: say in webhooks::Kind who hears of it", kind.name);
            }
        }
    }
}
